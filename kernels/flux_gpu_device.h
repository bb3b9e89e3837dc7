/* flux_gpu_device.h - a model on a GPU with all that it works on: what the host
 * does for NAME_create_cuda in a generated .cu.
 *
 * All memory is one piece. A graph is what one call of the API queues while its
 * stream is captured; a launch of the graph queues all of that again. What has
 * been made when something fails is freed by flux_device_close.
 */
#ifndef FLUX_GPU_DEVICE_H
#define FLUX_GPU_DEVICE_H

#include "kernels/flux_gpu.h"

#ifndef __CUDACC_RTC__

/* The next bytes of the memory at `base`, at a multiple of 256; *used are given
 * away. NULL where there is no memory yet: then it is how much that will be.
 */
static inline void *
flux_device_place(void *base, size_t *used, size_t bytes)
{
    const size_t at = *used;
    *used += (bytes + 255) / 256 * 256;
    return base != NULL ? (unsigned char *)base + at : NULL;
}

/* Makes a stream, and takes memory. */
static inline cudaError_t
flux_device_open(void **stream, void **memory, size_t bytes)
{
    cudaStream_t own = NULL;
    cudaError_t error = cudaStreamCreate(&own);
    *stream = own;
    return error == cudaSuccess ? cudaMalloc(memory, bytes) : error;
}

static inline cudaError_t
flux_device_capture(void *stream)
{
    return cudaStreamBeginCapture((cudaStream_t)stream,
                                  cudaStreamCaptureModeThreadLocal);
}

static inline cudaError_t
flux_device_graph(void *stream, void **graph)
{
    cudaGraph_t captured = NULL;
    cudaGraphExec_t ready = NULL;
    cudaError_t error = cudaStreamEndCapture((cudaStream_t)stream, &captured);
    if (error == cudaSuccess)
        error = cudaGraphInstantiate(&ready, captured, 0);
    if (captured != NULL)
        cudaGraphDestroy(captured);
    *graph = ready;
    return error;
}

/* If `status` is FLUX_OK: makes a graph of a call of the API; what became of
 * that is the status now.
 */
#define FLUX_GRAPH(status, stream, graph, call)                                \
    do {                                                                       \
        cudaError_t error = cudaSuccess;                                       \
        if ((status) == FLUX_OK) {                                             \
            error = flux_device_capture(stream);                               \
            if (error == cudaSuccess) {                                        \
                (status) = (call);                                             \
                error = flux_device_graph(stream, graph);                      \
            }                                                                  \
            if ((status) == FLUX_OK)                                           \
                (status) = FLUX_GPU_STATUS(error);                             \
        }                                                                      \
    } while (0)

/* Queues a graph. */
static inline cudaError_t
flux_device_run(void *stream, void *graph)
{
    return cudaGraphLaunch((cudaGraphExec_t)graph, (cudaStream_t)stream);
}

/* Waits for all that is queued. */
static inline cudaError_t
flux_device_wait(void *stream)
{
    return cudaStreamSynchronize((cudaStream_t)stream);
}

/* Sets a word to 0. */
static inline cudaError_t
flux_device_clear(void *stream, int32_t *word)
{
    return cudaMemsetAsync(word, 0, sizeof *word, (cudaStream_t)stream);
}

/* Waits, and reads a word, which is 0 again then. */
static inline cudaError_t
flux_device_look(void *stream, int32_t *word, int32_t *value)
{
    cudaError_t error =
        cudaMemcpyAsync(value, word, sizeof *word, cudaMemcpyDeviceToHost,
                        (cudaStream_t)stream);
    if (error == cudaSuccess)
        error = flux_device_wait(stream);
    if (error == cudaSuccess && *value != 0)
        error = flux_device_clear(stream, word);
    return error;
}

/* These free what there is, the second first, which waits; NULL is legal. */
static inline void
flux_device_drop(void *graph)
{
    if (graph != NULL)
        cudaGraphExecDestroy((cudaGraphExec_t)graph);
}

static inline void
flux_device_close(void *stream, void *memory)
{
    if (stream != NULL)
        cudaStreamDestroy((cudaStream_t)stream);
    cudaFree(memory);
}

#endif
#endif
