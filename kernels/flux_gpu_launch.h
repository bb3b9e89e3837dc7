/* flux_gpu_launch.h - how many threads and blocks a kernel has, and its launch,
 * which FLUX_LAUNCH(kernel, blocks, stream, ...) is, with a cudaError_t.
 *
 * flux_gpu.h has that for CUDA, flux_gpu_stream.h for C.
 */
#ifndef FLUX_GPU_LAUNCH_H
#define FLUX_GPU_LAUNCH_H

enum {
    FLUX_THREADS = 256, /* of a block */
    FLUX_TILE = 16,     /* threads along the side of a product's tile */
    FLUX_SIDE = 4,      /* elements of a thread along it, at most */
    FLUX_GROUP = 32,    /* samples of a block, in a kernel of several layers */
    FLUX_LINE = 32      /* sums of columns that a block makes */
};

/* Tiles of a product that keep a device busy. */
#ifndef FLUX_TILES_BUSY
#define FLUX_TILES_BUSY 96
#endif

FLUX_INLINE size_t
flux_tiles_along(size_t side, size_t n)
{
    return (n + side * FLUX_TILE - 1) / (side * FLUX_TILE);
}

/* The tiles of a product of m x n elements in tensor cores, `side` x `side` a
 * thread.
 */
FLUX_INLINE size_t
flux_tensor_tiles(size_t side, size_t m, size_t n)
{
    return flux_tiles_along(side, m) * flux_tiles_along(side, n);
}

/* The tiles of a product of m x n elements, of which a thread makes at most
 * `side` along each side, and down x across in all.
 */
FLUX_INLINE size_t
flux_tiles_of(size_t side, size_t down, size_t across, size_t m, size_t n)
{
    return flux_tiles_along(side < down ? side : down, m) *
           flux_tiles_along(side < across ? side : across, n);
}

/* How many of a thread's elements stand along a side: as many as leave work for
 * all of the device, where there are `count` such products.
 */
FLUX_INLINE size_t
flux_tile_side(size_t down, size_t across, size_t m, size_t n, size_t count)
{
    const size_t most = down > across ? down : across;
    return most > 2 && flux_tiles_of(4, down, across, m, n) * count >=
                           FLUX_TILES_BUSY
               ? 4
           : most > 1 && flux_tiles_of(2, down, across, m, n) * count >=
                             FLUX_TILES_BUSY
               ? 2
               : 1;
}

/* The tiles of one of `count` products of m x n elements. */
FLUX_INLINE size_t
flux_tiles(size_t down, size_t across, size_t m, size_t n, size_t count)
{
    return flux_tiles_of(flux_tile_side(down, across, m, n, count), down,
                         across, m, n);
}

/* The blocks of a kernel of several layers. */
FLUX_INLINE size_t
flux_groups(size_t n)
{
    return (n + FLUX_GROUP - 1) / FLUX_GROUP;
}

/* The blocks that make m sums of columns. */
FLUX_INLINE size_t
flux_lines(size_t m)
{
    return (m + FLUX_LINE - 1) / FLUX_LINE;
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
