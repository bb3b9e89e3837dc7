/* flux_gpu_launch.h - how many threads and blocks a kernel has, and its launch,
 * which FLUX_LAUNCH(kernel, blocks, stream, ...) is, with a cudaError_t.
 *
 * flux_gpu.h has that for CUDA, flux_gpu_stream.h for C.
 */
#ifndef FLUX_GPU_LAUNCH_H
#define FLUX_GPU_LAUNCH_H

enum {
    FLUX_THREADS = 256, /* of a block */
    FLUX_TILE = 16      /* threads along the side of a product's tile, and its
                           terms at a time */
};

/* The tiles of a product of m x n elements, `side` x `side` a thread. */
FLUX_INLINE size_t
flux_tiles(size_t side, size_t m, size_t n)
{
    size_t edge = side * FLUX_TILE;
    return ((m + edge - 1) / edge) * ((n + edge - 1) / edge);
}

#ifndef __CUDACC_RTC__

/* Blocks of a grid; a launch of more than a grid may have fails. */
static inline unsigned
flux_blocks(size_t count)
{
    return count < 0x80000000 ? (unsigned)count : 0xffffffff;
}

/* Queues a kernel with a thread for each of `count` turns, or with so many
 * blocks; nothing where there are none.
 */
#define FLUX_TILES(kernel, count, stream, ...)                                 \
    ((count) == 0                                                              \
         ? cudaSuccess                                                         \
         : FLUX_LAUNCH(kernel, flux_blocks(count), stream, __VA_ARGS__))
#define FLUX_EACH(kernel, count, stream, ...)                                  \
    ((count) == 0                                                              \
         ? cudaSuccess                                                         \
         : FLUX_LAUNCH(kernel, flux_blocks(((count)-1) / FLUX_THREADS + 1),    \
                       stream, __VA_ARGS__))

#endif
#endif
