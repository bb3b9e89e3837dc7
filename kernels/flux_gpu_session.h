/* flux_gpu_session.h - what the runtime's sessions do on a GPU, beside a
 * model's own functions: calls for a table, flux_device, by which the runtime
 * knows no CUDA. They say what has failed, in words, or NULL.
 */
#ifndef FLUX_GPU_SESSION_H
#define FLUX_GPU_SESSION_H

#include "kernels/flux_gpu_device.h"

#ifndef __CUDACC_RTC__

/* A failure is not kept for the next launch, which asks for the last one. */
static inline const char *
flux_device_said(cudaError_t error)
{
    if (error == cudaSuccess)
        return NULL;
    cudaGetLastError();
    return cudaGetErrorString(error);
}

static inline const char *
flux_device_failure(void)
{
    return flux_device_said(cudaGetLastError());
}

static inline const char *
flux_device_missing(void)
{
    int devices = 0;
    const char *said = flux_device_said(cudaGetDeviceCount(&devices));
    return said != NULL || devices > 0 ? said : "there is no GPU";
}

static inline const char *
flux_device_said_stream(void **stream)
{
    cudaStream_t own = NULL;
    cudaError_t error = cudaStreamCreate(&own);
    *stream = own;
    return flux_device_said(error);
}

static inline const char *
flux_device_said_memory(void **memory, size_t bytes)
{
    return flux_device_said(cudaMalloc(memory, bytes));
}

static inline const char *
flux_device_said_zero(void *stream, void *to, size_t bytes)
{
    return flux_device_said(
        cudaMemsetAsync(to, 0, bytes, (cudaStream_t)stream));
}

static inline const char *
flux_device_said_copy(void *stream, void *to, const void *from, size_t bytes)
{
    return flux_device_said(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDefault,
                                            (cudaStream_t)stream));
}

static inline const char *
flux_device_said_wait(void *stream)
{
    return flux_device_said(flux_device_wait(stream));
}

static inline const char *
flux_device_said_capture(void *stream)
{
    return flux_device_said(flux_device_capture(stream));
}

static inline const char *
flux_device_said_graph(void *stream, void **graph)
{
    return flux_device_said(flux_device_graph(stream, graph));
}

static inline const char *
flux_device_said_run(void *stream, void *graph)
{
    return flux_device_said(flux_device_run(stream, graph));
}

/* to[s] = from[index[s]] for samples of so many words, which numbers and
 * classes are made of.
 */
static __global__ void
flux_device_gather(size_t count, size_t words, const size_t *index,
                   const uint32_t *from, uint32_t *to)
{
    const size_t i = flux_thread();
    if (i >= count * words)
        return;
    to[i] = from[index[i / words] * words + i % words];
}

static inline const char *
flux_device_said_gather(void *stream, void *to, const void *from,
                        const size_t *index, size_t count, size_t bytes)
{
    const size_t words = bytes / sizeof(uint32_t);
    return flux_device_said(FLUX_EACH(flux_device_gather, count * words,
                                      (cudaStream_t)stream, count, words, index,
                                      (const uint32_t *)from, (uint32_t *)to));
}

/* The last members of a flux_device, in their order. */
#define FLUX_DEVICE_CALLS                                                      \
    flux_device_missing, flux_device_failure, flux_device_said_stream,         \
        flux_device_said_memory, flux_device_said_zero, flux_device_said_copy, \
        flux_device_said_gather, flux_device_said_wait,                        \
        flux_device_said_capture, flux_device_said_graph,                      \
        flux_device_said_run, flux_device_drop, flux_device_close

#endif
#endif
