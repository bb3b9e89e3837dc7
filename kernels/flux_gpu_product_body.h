/* flux_gpu_product_body.h - a tile of a product for one element type;
 * flux_gpu_product.h includes it once for each, with
 *
 *    FLUX_T         the element type
 *    FLUX_P(name)   the name with the type's suffix
 *    FLUX_FMA       a * b + c, rounded once
 */

/* Terms of a block's rows and columns; the last element of a row is unused, so
 * that threads which write a column do not meet in one bank. */
typedef struct {
    FLUX_T a[FLUX_TILE][FLUX_TILE * FLUX_SIDE + 1];
    FLUX_T b[FLUX_TILE][FLUX_TILE * FLUX_SIDE + 1];
} FLUX_P(flux_tile);

/* Lays 16 terms of so many rows side by side; beyond the last row or term,
 * `none`. Neighbours in memory are read by neighbouring threads. */
static __device__ __forceinline__ void
FLUX_P(flux_tile_load)(FLUX_T to[FLUX_TILE][FLUX_TILE * FLUX_SIDE + 1],
                       size_t edge, size_t rows, size_t terms, const FLUX_T *x,
                       size_t xi, size_t xk, FLUX_T none)
{
    FLUX_UNROLL
    for (size_t e = threadIdx.x; e < edge * FLUX_TILE; e += FLUX_THREADS) {
        size_t i = xi == 1 ? e % edge : e / FLUX_TILE;
        size_t k = xi == 1 ? e / edge : e % FLUX_TILE;
        to[k][i] = i < rows && k < terms ? x[i * xi + k * xk] : none;
    }
}

/* Adds a block's sums to the totals; the accumulators begin again. Those of an
 * element stand side by side. */
static __device__ __forceinline__ void
FLUX_P(flux_tile_join)(flux_order order, FLUX_T acc[16], FLUX_T total[16])
{
    const size_t lanes = flux_order_lanes(order);
    FLUX_UNROLL
    for (size_t e = 0; e < 16 / lanes; e++)
        total[e] = total[e] + FLUX_P(flux_join)(order, &acc[e * lanes]);
    FLUX_UNROLL
    for (size_t e = 0; e < 16; e++)
        acc[e] = 0;
}

/* Tile number `tile` of the product c[i ci + j cj], for i < m and j < n, which
 * becomes what `end` makes of it and of the sum over the k terms of
 * a[i ai + k ak] b[k bk + j bj]. All threads of a block call it. An element has
 * as many accumulators as its order has lanes; side * side elements have 16 at
 * most. */
static __device__ __forceinline__ void
FLUX_P(flux_gpu_product)(FLUX_P(flux_tile) * shared, flux_order order,
                         size_t side, size_t tile, size_t m, size_t n, size_t k,
                         const FLUX_T *a, size_t ai, size_t ak, const FLUX_T *b,
                         size_t bk, size_t bj, FLUX_T *c, size_t ci, size_t cj,
                         flux_product_end end)
{
    const size_t edge = side * FLUX_TILE;
    const size_t down = (m + edge - 1) / edge;
    const size_t lanes = flux_order_lanes(order);
    const size_t i0 = tile % down * edge;
    const size_t j0 = tile / down * edge;
    const size_t ti = threadIdx.x % FLUX_TILE;
    const size_t tj = threadIdx.x / FLUX_TILE;
    FLUX_T acc[16] = {0};
    FLUX_T total[16] = {0};
    for (size_t k0 = 0; k0 < k; k0 += FLUX_TILE) {
        __syncthreads();
        FLUX_P(flux_tile_load)
        (shared->a, edge, m - i0, k - k0, a + i0 * ai + k0 * ak, ai, ak, 0);
        FLUX_P(flux_tile_load)
        (shared->b, edge, n - j0, k - k0, b + j0 * bj + k0 * bk, bj, bk,
         -(FLUX_T)0);
        __syncthreads();
        FLUX_UNROLL
        for (size_t t = 0; t < FLUX_TILE; t++) {
            FLUX_UNROLL
            for (size_t e = 0; e < side * side; e++) {
                FLUX_T *lane = &acc[e * lanes + t % lanes];
                *lane =
                    FLUX_FMA(shared->a[t][ti + e % side * FLUX_TILE],
                             shared->b[t][tj + e / side * FLUX_TILE], *lane);
            }
        }
        if ((k0 + FLUX_TILE) % flux_order_block(order) == 0)
            FLUX_P(flux_tile_join)(order, acc, total);
    }
    if (k % flux_order_block(order) != 0)
        FLUX_P(flux_tile_join)(order, acc, total);
    FLUX_UNROLL
    for (size_t e = 0; e < side * side; e++) {
        const size_t i = flux_tile_row(side, tile, m, e);
        const size_t j = flux_tile_column(side, tile, m, e);
        if (i < m && j < n)
            FLUX_P(flux_end)(&c[i * ci + j * cj], total[e], end);
    }
}
