/* flux_gpu_product.h - products, sums and maxima on a GPU, in the orders of
 * flux_sum.h and with the bits of flux_product.h and flux_windows.h.
 *
 * The 16 x 16 threads of a block make a tile of the result, each up to 4 x 4
 * elements of it, 16 rows and columns apart. A warp is 8 x 4 of these threads,
 * so that it reads each of its rows and columns of the operands once. Terms lie
 * in shared memory, four side by side, which a thread reads at once, and in two
 * halves: while one is multiplied, the next terms are on their way to the
 * other. Of those beyond the last one is +0 and the other -0, for adding -0
 * changes nothing. The sums take the terms' place in the end, and what is done
 * with them goes by rows, as they lie in memory.
 */
#ifndef FLUX_GPU_PRODUCT_H
#define FLUX_GPU_PRODUCT_H

#include "kernels/flux_gpu.h"

enum {
    FLUX_SLAB = FLUX_TILE * FLUX_TILE * FLUX_SIDE, /* terms of an operand at a
                                                      time, at most */
    FLUX_QUADS = FLUX_SLAB / 4 + FLUX_TILE * FLUX_SIDE, /* with one of four more
                                                           for each row */
    FLUX_SUMS = FLUX_TILE * FLUX_SIDE * (FLUX_TILE * FLUX_SIDE + 8)
};

/* A tile of a product: a thread's elements down and across, which are `side` at
 * most; log2 of its rows; its elements; its first row and column, of the
 * product.
 */
typedef struct {
    size_t down;
    size_t across;
    size_t side;
    unsigned shift;
    unsigned elements;
    size_t row;
    size_t column;
} flux_tile;

/* Tile number `block` of flux_tiles(down, across, m, n, count). */
static __device__ __forceinline__ flux_tile
flux_tile_of(size_t down, size_t across, size_t block, size_t m, size_t n,
             size_t count)
{
    const size_t side = flux_tile_side(down, across, m, n, count);
    const unsigned rows = (unsigned)(side < down ? side : down) * FLUX_TILE;
    const unsigned columns =
        (unsigned)(side < across ? side : across) * FLUX_TILE;
    const unsigned high = ((unsigned)m + rows - 1) / rows;
    const flux_tile tile = {down,
                            across,
                            side,
                            rows == 16   ? 4u
                            : rows == 32 ? 5u
                                         : 6u,
                            rows * columns,
                            (size_t)((unsigned)block % high) * rows,
                            (size_t)((unsigned)block / high) * columns};
    return tile;
}

/* A tile of all samples of a block, from a row on. */
static __device__ __forceinline__ flux_tile
flux_layer_tile(unsigned down, size_t row)
{
    const unsigned rows = down * FLUX_TILE;
    const flux_tile tile = {
        down, 2, 2, rows == 16 ? 4u : rows == 32 ? 5u : 6u, rows * FLUX_GROUP,
        row,  0};
    return tile;
}

/* Line number `block` of flux_lines(m). */
static __device__ __forceinline__ flux_tile
flux_line_of(size_t block)
{
    const flux_tile tile = {1, 1, 1, 5u, FLUX_LINE, block * FLUX_LINE, 0};
    return tile;
}

/* Row and column of the tile's element number e; both may be outside. */
static __device__ __forceinline__ size_t
flux_tile_row(flux_tile tile, unsigned e)
{
    return tile.row + (e & ((1u << tile.shift) - 1));
}

static __device__ __forceinline__ size_t
flux_tile_column(flux_tile tile, unsigned e)
{
    return tile.column + (e >> tile.shift);
}

/* A thread's place among the 16 x 16. */
static __device__ __forceinline__ unsigned
flux_tile_down(void)
{
    return threadIdx.x % 8 + threadIdx.x / 32 % 2 * 8;
}

static __device__ __forceinline__ unsigned
flux_tile_across(void)
{
    return threadIdx.x % 32 / 8 + threadIdx.x / 64 * 4;
}

/* Which of so many terms of a tile's rows a thread brings, up to four: row and
 * term of the first, and how far apart they are. Neighbours in memory are
 * brought by neighbouring threads.
 */
typedef struct {
    unsigned row;
    unsigned term;
    unsigned rows;
    unsigned terms;
} flux_tile_way;

static __device__ __forceinline__ flux_tile_way
flux_tile_find(unsigned rows, unsigned terms, size_t xi)
{
    const unsigned t = threadIdx.x;
    flux_tile_way way = {t / terms, t % terms, FLUX_THREADS / terms, 0};
    if (xi == 1) {
        way.row = t % rows;
        way.term = t / rows * 4;
        way.rows = 0;
        way.terms = 1;
    }
    return way;
}

/* The lesser of both. */
static __device__ __forceinline__ unsigned
flux_tile_least(size_t n, unsigned most)
{
    return n < most ? (unsigned)n : most;
}

/* An axis of the terms of a product over several: its length, and its steps in
 * the operands.
 */
typedef struct {
    size_t length;
    size_t a;
    size_t b;
} flux_gpu_axis;

#define FLUX_T       float
#define FLUX_P(name) name##_f32
#define FLUX_FMA     flux_fmaf
#include "kernels/flux_gpu_product_body.h"
#include "kernels/flux_gpu_windows_body.h"
#include "kernels/flux_gpu_sum_body.h"
#include "kernels/flux_gpu_max_body.h"
#undef FLUX_T
#undef FLUX_P
#undef FLUX_FMA

#define FLUX_T       double
#define FLUX_P(name) name##_f64
#define FLUX_FMA     flux_fma
#include "kernels/flux_gpu_product_body.h"
#include "kernels/flux_gpu_windows_body.h"
#include "kernels/flux_gpu_sum_body.h"
#include "kernels/flux_gpu_max_body.h"
#undef FLUX_T
#undef FLUX_P
#undef FLUX_FMA

#endif
