/* flux_gpu.h - what generated CUDA code stands on, and the only place that
 * knows who compiles it: nvcc; NVRTC, which knows no host; or a C++ compiler
 * with an emulator, which is the header that FLUX_CUDA_EMULATOR names.
 *
 * Compile with nvcc -fmad=false: as for C, nothing is contracted. Kernels know
 * of the grid only the number of a thread or of a block, but for those of
 * flux_gpu_grid.h.
 */
#ifndef FLUX_GPU_H
#define FLUX_GPU_H

#ifdef FLUX_CUDA_EMULATOR
#include FLUX_CUDA_EMULATOR
#else
#ifndef __CUDACC__
#error "a .cu is compiled by nvcc, with -fmad=false"
#endif
#ifndef __CUDACC_RTC__
#include <cuda_runtime.h>
#endif

#define FLUX_INLINE static __device__ __host__ __forceinline__
#define FLUX_STATIC static __device__ __host__ inline

/* Queues a kernel of so many blocks, which are not 0; a cudaError_t. */
#define FLUX_LAUNCH(kernel, blocks, stream, ...)                               \
    (kernel<<<(blocks), FLUX_THREADS, 0, (stream)>>>(__VA_ARGS__),             \
     cudaPeekAtLastError())

/* The same for a grid whose blocks run at once, and wait for each other. */
#define FLUX_LAUNCH_GRID(kernel, size, queue, ...)                             \
    ([&]() -> cudaError_t {                                                    \
        cudaLaunchAttribute flux_attribute = {};                               \
        cudaLaunchConfig_t flux_config = {};                                   \
        flux_attribute.id = cudaLaunchAttributeCooperative;                    \
        flux_attribute.val.cooperative = 1;                                    \
        flux_config.gridDim = dim3(size);                                      \
        flux_config.blockDim = dim3(FLUX_THREADS);                             \
        flux_config.stream = (queue);                                          \
        flux_config.attrs = &flux_attribute;                                   \
        flux_config.numAttrs = 1;                                              \
        return cudaLaunchKernelEx(&flux_config, kernel, __VA_ARGS__);          \
    }())

/* What a thread does while it waits for other blocks. */
#define FLUX_RELAX()          ((void)0)

/* A number that nothing shall depend on where that does not hold: the emulator
 * makes it a NaN then.
 */
#define FLUX_WITHIN(holds, x) (x)

/* Memory that the threads of a block share, and a pointer to it; an array. */
#define FLUX_SHARED(type, name)                                                \
    __shared__ type name##_block;                                              \
    type *const name = &name##_block
#define FLUX_SHARED_ARRAY(type, name, count) __shared__ type name[count]
#endif

#include "kernels/flux_gpu_launch.h"
#include "kernels/flux_math.h"
#include "kernels/flux_sum.h"

/* The number of a block in its grid, and of a thread. */
static __device__ inline size_t
flux_block(void)
{
    return blockIdx.x;
}

static __device__ inline size_t
flux_thread(void)
{
    return (size_t)blockIdx.x * FLUX_THREADS + threadIdx.x;
}

/* The number of a thread among the 16 that share a turn, and which of its warp
 * these are.
 */
static __device__ inline size_t
flux_lane(void)
{
    return threadIdx.x % 16;
}

static __device__ inline unsigned
flux_lane_mask(void)
{
    return 0xffffu << (threadIdx.x / 16 % 2 * 16);
}

#ifndef __CUDACC_RTC__

/* What a call of the API returns. A kernel's own faults come with a later one.
 */
#define FLUX_GPU_STATUS(error)                                                 \
    ((flux_status)flux_gpu_status((error), FLUX_OK, FLUX_E_MEMORY,             \
                                  FLUX_E_DEVICE))

static inline int
flux_gpu_status(cudaError_t error, int fine, int memory, int device)
{
    return error == cudaSuccess                 ? fine
           : error == cudaErrorMemoryAllocation ? memory
                                                : device;
}

#endif
#endif
