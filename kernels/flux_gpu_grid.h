/* flux_gpu_grid.h - one kernel for work of several phases, each of which needs
 * what the blocks of the one before have done (--persistent).
 *
 * All blocks of its grid run at once, as many as the device has room for; each
 * does every so many tiles or turns of a phase. Between phases they meet: each
 * adds 1 to a word of the device's memory, which is 0 at first, and waits until
 * all have.
 */
#ifndef FLUX_GPU_GRID_H
#define FLUX_GPU_GRID_H

#include "kernels/flux_gpu.h"

typedef struct {
    unsigned *arrived;
    unsigned due; /* what *arrived is when all have come to the last meeting */
} flux_grid;

/* How many blocks, and threads, the grid has. */
static __device__ inline size_t
flux_grid_blocks(void)
{
    return gridDim.x;
}

static __device__ inline size_t
flux_grid_threads(void)
{
    return (size_t)gridDim.x * FLUX_THREADS;
}

/* Waits for all blocks; what their threads have stored is there then. All
 * threads call it.
 */
static __device__ inline void
flux_grid_meet(flux_grid *grid)
{
    grid->due += gridDim.x;
    __syncthreads();
    if (threadIdx.x == 0) {
        __threadfence();
        atomicAdd(grid->arrived, 1u);
        while ((int)(*(volatile unsigned *)grid->arrived - grid->due) < 0)
            FLUX_RELAX();
        __threadfence();
    }
    __syncthreads();
}

#ifndef __CUDACC_RTC__

/* The blocks that a phase of so many turns has work for. */
static inline size_t
flux_grid_for(size_t turns)
{
    return (turns + FLUX_THREADS - 1) / FLUX_THREADS;
}

/* As many blocks as there is work for, but no more than run at once. */
static inline cudaError_t
flux_grid_size(const void *kernel, size_t blocks, unsigned *size)
{
    int device = 0;
    int processors = 0;
    int each = 0;
    cudaError_t error = cudaGetDevice(&device);
    if (error == cudaSuccess)
        error = cudaDeviceGetAttribute(&processors,
                                       cudaDevAttrMultiProcessorCount, device);
    if (error == cudaSuccess)
        error = cudaOccupancyMaxActiveBlocksPerMultiprocessor(&each, kernel,
                                                              FLUX_THREADS, 0);
    const size_t room = (size_t)processors * (size_t)each;
    const size_t least = blocks > 0 ? blocks : 1;
    *size = (unsigned)(least < room ? least : room);
    return error;
}

/* Queues a kernel with work for so many blocks, which meet at the word
 * `arrived`.
 */
#define FLUX_GRID(kernel, blocks, arrived, stream, ...)                        \
    ([&]() -> cudaError_t {                                                    \
        unsigned flux_size = 0;                                                \
        cudaError_t flux_error =                                               \
            flux_grid_size((const void *)(kernel), (blocks), &flux_size);      \
        if (flux_error == cudaSuccess)                                         \
            flux_error =                                                       \
                cudaMemsetAsync((arrived), 0, sizeof *(arrived), (stream));    \
        if (flux_error == cudaSuccess)                                         \
            flux_error =                                                       \
                FLUX_LAUNCH_GRID(kernel, flux_size, (stream), __VA_ARGS__);    \
        return flux_error;                                                     \
    }())

#endif
#endif
