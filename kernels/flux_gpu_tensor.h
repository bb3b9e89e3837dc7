/* flux_gpu_tensor.h - products of floats in tensor cores, of sm_80 and later.
 *
 * Operands are rounded to tf32 or bf16 (flux_gpu_mma.h). A product of two such
 * numbers is exact. Their sums are floats; in which order terms are added, and
 * what is rounded how, is the device's own, the same in every run, for every
 * element, and whatever the tiles are.
 *
 * The eight warps of a block stand in two rows of four and make a tile of the
 * result, of side * 16 rows and columns, as in flux_gpu_product.h: each makes
 * side / 2 x side / 2 pieces of 16 x 8 elements, and a thread side x side
 * elements in all. The words that one instruction takes lie in shared memory,
 * twice: what is laid there next does not wait for those that still multiply.
 * Words of what is beyond the last row or term are 0.
 */
#ifndef FLUX_GPU_TENSOR_H
#define FLUX_GPU_TENSOR_H

#include "kernels/flux_gpu_mma.h"

enum {
    FLUX_WORDS = 8,       /* of a row or column that an instruction takes */
    FLUX_TENSOR_SIDE = 8, /* elements of a thread along a side, at most */
    FLUX_TENSOR_EDGE = FLUX_TENSOR_SIDE * FLUX_TILE,
    FLUX_PIECES = FLUX_TENSOR_SIDE / 2 /* of a warp along a side, at most */
};

/* Words of a tile's rows and columns. A row of these is eight words longer, so
 * that the threads of a warp, which read of eight rows and four words, do not
 * meet in one bank. */
typedef struct {
    uint32_t a[FLUX_WORDS][FLUX_TENSOR_EDGE + 8];
    uint32_t b[FLUX_WORDS][FLUX_TENSOR_EDGE + 8];
} flux_tensor_words;

typedef struct {
    flux_tensor_words half[2];
} flux_tensor_tile;

/* Where a thread's first element is in its tile; the others are in the same
 * piece, or whole pieces away.
 */
static __device__ __forceinline__ size_t
flux_tensor_down(size_t side)
{
    return threadIdx.x / 128 * side * 8 + threadIdx.x % 32 / 4;
}

static __device__ __forceinline__ size_t
flux_tensor_across(size_t side)
{
    return threadIdx.x / 32 % 4 * side * 4 + threadIdx.x % 4 * 2;
}

/* Row and column of the element number `e` that a thread makes of a tile, of a
 * result of m rows; both may be outside. Four elements are of one piece.
 */
static __device__ __forceinline__ size_t
flux_tensor_row(size_t side, size_t tile, size_t m, size_t e)
{
    const size_t edge = side * FLUX_TILE;
    const size_t down = (m + edge - 1) / edge;
    return tile % down * edge + flux_tensor_down(side) +
           e / 4 % (side / 2) * 16 + e % 4 / 2 * 8;
}

static __device__ __forceinline__ size_t
flux_tensor_column(size_t side, size_t tile, size_t m, size_t e)
{
    const size_t edge = side * FLUX_TILE;
    const size_t down = (m + edge - 1) / edge;
    return tile / down * edge + flux_tensor_across(side) +
           e / 4 / (side / 2) * 8 + e % 2;
}

/* The words of an operand that a thread lays: row and word of the first, and
 * how far it is to the next. Neighbours in memory are read by neighbouring
 * threads.
 */
typedef struct {
    size_t row;
    size_t word;
    size_t rows;
    size_t words;
} flux_tensor_way;

static __device__ __forceinline__ flux_tensor_way
flux_tensor_find(size_t edge, size_t xi)
{
    const size_t thread = threadIdx.x;
    flux_tensor_way way = {thread / FLUX_WORDS, thread % FLUX_WORDS,
                           FLUX_THREADS / FLUX_WORDS, 0};
    if (xi == 1)
        way = {thread % edge, thread / edge, 0, FLUX_THREADS / edge};
    return way;
}

#define FLUX_P(name) name##_tf32
#define FLUX_OF_WORD 1
#define FLUX_WORD(x) flux_tf32((x)[0])
#include "kernels/flux_gpu_tensor_body.h"
#undef FLUX_P
#undef FLUX_OF_WORD
#undef FLUX_WORD

#define FLUX_P(name) name##_bf16
#define FLUX_OF_WORD 2
#define FLUX_WORD(x) flux_bf16((x)[0], (x)[1])
#include "kernels/flux_gpu_tensor_body.h"
#undef FLUX_P
#undef FLUX_OF_WORD
#undef FLUX_WORD

#endif
