/* flux_gpu_product.h - products, sums and maxima on a GPU, in the orders of
 * flux_sum.h and with the bits of flux_product.h and flux_windows.h.
 *
 * The 16 x 16 threads of a block make a tile of the result, each `side` x
 * `side` elements of it, 16 rows and columns apart. Sixteen terms of the
 * operands at a time lie in shared memory; of those beyond the last one is +0
 * and the other -0, for adding -0 changes nothing.
 */
#ifndef FLUX_GPU_PRODUCT_H
#define FLUX_GPU_PRODUCT_H

#include "kernels/flux_gpu.h"

enum { FLUX_SIDE = 4 }; /* elements of a thread along a side, at most */

/* Row and column of the element number `e` that a thread makes of a tile, of a
 * result of m rows; both may be outside.
 */
static __device__ __forceinline__ size_t
flux_tile_row(size_t side, size_t tile, size_t m, size_t e)
{
    const size_t edge = side * FLUX_TILE;
    const size_t down = (m + edge - 1) / edge;
    return tile % down * edge + threadIdx.x % FLUX_TILE + e % side * FLUX_TILE;
}

static __device__ __forceinline__ size_t
flux_tile_column(size_t side, size_t tile, size_t m, size_t e)
{
    const size_t edge = side * FLUX_TILE;
    const size_t down = (m + edge - 1) / edge;
    return tile / down * edge + threadIdx.x / FLUX_TILE + e / side * FLUX_TILE;
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
