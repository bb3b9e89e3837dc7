/* flux_gpu_product_body.h - a tile of a product for one element type;
 * flux_gpu_product.h includes it once for each, with
 *
 *    FLUX_T         the element type
 *    FLUX_P(name)   the name with the type's suffix
 *    FLUX_FMA       a * b + c, rounded once
 */

/* Four terms of a row or column, that are read at once. */
typedef struct __align__(16)
{
    FLUX_T term[4];
}
FLUX_P(flux_quad);

/* Terms of the rows and columns of a tile, or of a line, in two halves; then
 * its sums.
 */
typedef union {
    FLUX_P(flux_quad) half[2][2][FLUX_QUADS];
    FLUX_T line[2][FLUX_LINE][FLUX_LINE];
    FLUX_T sum[FLUX_SUMS];
} FLUX_P(flux_tile);

/* Reads a thread's terms, of which x is the first; of those that are not among
 * m rows and k terms, `none`.
 */
static __device__ __forceinline__ void
FLUX_P(flux_tile_read)(FLUX_T own[4], flux_tile_way way, unsigned each,
                       unsigned m, unsigned k, const FLUX_T *x, size_t xi,
                       size_t xk, FLUX_T none)
{
    const size_t step = way.rows * xi + way.terms * xk;
    FLUX_UNROLL
    for (unsigned e = 0; e < each; e++)
        own[e] = way.row + e * way.rows < m && way.term + e * way.terms < k
                     ? x[e * step]
                     : none;
}

/* Lays them side by side: in a row of `row` quads, as one or each for itself. A
 * row is a quad longer than its terms, so that eight rows do not meet in one
 * bank.
 */
static __device__ __forceinline__ void
FLUX_P(flux_tile_lay)(FLUX_P(flux_quad) * to, flux_tile_way way, unsigned each,
                      unsigned terms, size_t xi, const FLUX_T own[4])
{
    const unsigned row = terms / 4 + 1;
    const unsigned single = xi == 1 ? 0 : each;
    to += way.row * row + way.term / 4;
    if (xi == 1 && way.term < terms) {
        const FLUX_P(flux_quad) quad = {{own[0], own[1], own[2], own[3]}};
        *to = quad;
    }
    FLUX_UNROLL
    for (unsigned e = 0; e < single; e++)
        to[e * way.rows * row].term[way.term % 4] = own[e];
}

/* Adds 16 terms of a and b to a thread's down x across elements, whose
 * accumulators stand side by side.
 */
static __device__ __forceinline__ void
FLUX_P(flux_tile_multiply)(FLUX_T acc[16], size_t lanes, unsigned down,
                           unsigned across, unsigned terms,
                           const FLUX_P(flux_quad) * a,
                           const FLUX_P(flux_quad) * b)
{
    const unsigned row = (terms / 4 + 1) * FLUX_TILE;
    FLUX_UNROLL
    for (unsigned q = 0; q < 4; q++) {
        FLUX_P(flux_quad) x[FLUX_SIDE];
        FLUX_P(flux_quad) y[FLUX_SIDE];
        FLUX_UNROLL
        for (unsigned e = 0; e < down; e++)
            x[e] = a[e * row + q];
        FLUX_UNROLL
        for (unsigned e = 0; e < across; e++)
            y[e] = b[e * row + q];
        FLUX_UNROLL
        for (unsigned t = 0; t < 4; t++) {
            FLUX_UNROLL
            for (unsigned e = 0; e < down * across; e++) {
                FLUX_T *lane = &acc[e * lanes + (q * 4 + t) % lanes];
                *lane =
                    FLUX_FMA(x[e % down].term[t], y[e / down].term[t], *lane);
            }
        }
    }
}

/* Adds a block's sums to the totals; the accumulators begin again. */
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

/* A tile of down x across elements a thread; its sums are left in `shared`. */
static __device__ __forceinline__ void
FLUX_P(flux_tile_make)(FLUX_P(flux_tile) * shared, flux_order order,
                       unsigned down, unsigned across, size_t m, size_t n,
                       size_t k, const FLUX_T *a, size_t ai, size_t ak,
                       const FLUX_T *b, size_t bk, size_t bj)
{
    const unsigned rows = down * FLUX_TILE;
    const unsigned columns = across * FLUX_TILE;
    const unsigned terms = FLUX_SLAB / (down > across ? rows : columns);
    const unsigned first = flux_tile_down() * (terms / 4 + 1);
    const unsigned second = flux_tile_across() * (terms / 4 + 1);
    const unsigned high = flux_tile_least(m, rows);
    const unsigned wide = flux_tile_least(n, columns);
    const unsigned each[2] = {ai == 1 ? 4 : rows * terms / FLUX_THREADS,
                              bj == 1 ? 4 : columns * terms / FLUX_THREADS};
    const flux_tile_way way[2] = {flux_tile_find(rows, terms, ai),
                                  flux_tile_find(columns, terms, bj)};
    const FLUX_T none = -(FLUX_T)0;
    FLUX_T acc[16] = {0};
    FLUX_T total[16] = {0};
    FLUX_T own[2][4];
    unsigned left = flux_tile_least(k, terms);
    a += way[0].row * ai + way[0].term * ak;
    b += way[1].row * bj + way[1].term * bk;
    FLUX_P(flux_tile_read)(own[0], way[0], each[0], high, left, a, ai, ak, 0);
    FLUX_P(flux_tile_read)
    (own[1], way[1], each[1], wide, left, b, bj, bk, none);
    for (size_t k0 = 0; k0 < k; k0 += terms) {
        FLUX_P(flux_quad) *to = shared->half[k0 / terms % 2][0];
        FLUX_P(flux_quad) *too = shared->half[k0 / terms % 2][1];
        const unsigned now = left;
        FLUX_P(flux_tile_lay)(to, way[0], each[0], terms, ai, own[0]);
        FLUX_P(flux_tile_lay)(too, way[1], each[1], terms, bj, own[1]);
        __syncthreads();
        left = k0 + terms < k ? flux_tile_least(k - k0 - terms, terms) : 0;
        a += terms * ak;
        b += terms * bk;
        FLUX_P(flux_tile_read)
        (own[0], way[0], each[0], high, left, a, ai, ak, 0);
        FLUX_P(flux_tile_read)
        (own[1], way[1], each[1], wide, left, b, bj, bk, none);
        for (unsigned t = 0; t < now; t += 16)
            FLUX_P(flux_tile_multiply)
        (acc, flux_order_lanes(order), down, across, terms, to + first + t / 4,
         too + second + t / 4);
        if ((k0 + terms) % flux_order_block(order) == 0)
            FLUX_P(flux_tile_join)(order, acc, total);
    }
    if (k % flux_order_block(order) != 0)
        FLUX_P(flux_tile_join)(order, acc, total);
    __syncthreads();
    FLUX_UNROLL
    for (unsigned e = 0; e < down * across; e++) {
        const unsigned i = flux_tile_down() + e % down * FLUX_TILE;
        const unsigned j = flux_tile_across() + e / down * FLUX_TILE;
        shared->sum[i + j * (rows + 8)] =
            FLUX_WITHIN(i < high && j < wide, total[e]);
    }
    __syncthreads();
}

/* A tile of the product of a[i ai + k ak] and b[k bk + j bj], for i < m and
 * j < n, over k terms. All threads of a block call it, once. What is at most
 * down and across are constants, and a thread has no more than 16 accumulators
 * in that order.
 */
static __device__ __forceinline__ void
FLUX_P(flux_gpu_product)(FLUX_P(flux_tile) * shared, flux_order order,
                         flux_tile tile, size_t m, size_t n, size_t k,
                         const FLUX_T *a, size_t ai, size_t ak, const FLUX_T *b,
                         size_t bk, size_t bj)
{
    const unsigned down = (unsigned)tile.down;
    const unsigned across = (unsigned)tile.across;
    const bool many = down > 2 || across > 2;
    m -= tile.row;
    n -= tile.column;
    a += tile.row * ai;
    b += tile.column * bj;
    if (many && tile.side == 4) {
        FLUX_P(flux_tile_make)
        (shared, order, down, across, m, n, k, a, ai, ak, b, bk, bj);
    } else if ((down > 1 || across > 1) && tile.side == 2) {
        FLUX_P(flux_tile_make)
        (shared, order, down < 2 ? down : 2, across < 2 ? across : 2, m, n, k,
         a, ai, ak, b, bk, bj);
    } else {
        FLUX_P(flux_tile_make)
        (shared, order, 1, 1, m, n, k, a, ai, ak, b, bk, bj);
    }
}

/* As flux_gpu_product, of flux_layer_tile, for the n samples of a block.
 * Threads have to meet before the next call.
 */
static __device__ __forceinline__ void
FLUX_P(flux_gpu_layer)(FLUX_P(flux_tile) * shared, flux_order order,
                       flux_tile tile, size_t m, size_t n, size_t k,
                       const FLUX_T *a, size_t ai, size_t ak, const FLUX_T *b,
                       size_t bk, size_t bj)
{
    FLUX_P(flux_tile_make)
    (shared, order, (unsigned)tile.down, FLUX_GROUP / FLUX_TILE, m - tile.row,
     n, k, a + tile.row * ai, ai, ak, b, bk, bj);
}

/* Sums of columns, in turn: those over the k terms of a[i ai + k ak], for the i
 * of a line that are below m. All threads of a block call it, once: all bring
 * terms, and 32 add them.
 */
static __device__ __forceinline__ void
FLUX_P(flux_gpu_sums)(FLUX_P(flux_tile) * shared, flux_tile tile, size_t m,
                      size_t k, const FLUX_T *a, size_t ai, size_t ak)
{
    const unsigned step = FLUX_THREADS / FLUX_LINE;
    const unsigned row = threadIdx.x % FLUX_LINE;
    const unsigned term = threadIdx.x / FLUX_LINE;
    const flux_tile_way way = {row, term, 0, step};
    const unsigned high = flux_tile_least(m - tile.row, FLUX_LINE);
    const FLUX_T none = -(FLUX_T)0;
    FLUX_T own[4];
    FLUX_T acc = 0;
    FLUX_T total = 0;
    unsigned left = flux_tile_least(k, FLUX_LINE);
    a += (tile.row + row) * ai + term * ak;
    FLUX_P(flux_tile_read)(own, way, 4, high, left, a, ai, ak, none);
    for (size_t k0 = 0; k0 < k; k0 += FLUX_LINE) {
        FLUX_T(*line)[FLUX_LINE] = shared->line[k0 / FLUX_LINE % 2];
        FLUX_UNROLL
        for (unsigned e = 0; e < 4; e++)
            line[term + e * step][row] = own[e];
        __syncthreads();
        left = k0 + FLUX_LINE < k
                   ? flux_tile_least(k - k0 - FLUX_LINE, FLUX_LINE)
                   : 0;
        a += FLUX_LINE * ak;
        FLUX_P(flux_tile_read)(own, way, 4, high, left, a, ai, ak, none);
        if (term == 0) {
            FLUX_UNROLL
            for (unsigned q = 0; q < FLUX_LINE; q++)
                acc = acc + line[q][row];
        }
        if ((k0 + FLUX_LINE) % flux_order_block(FLUX_SEQ) == 0) {
            total = total + acc;
            acc = 0;
        }
    }
    if (k % flux_order_block(FLUX_SEQ) != 0)
        total = total + acc;
    if (term == 0)
        shared->sum[row] = FLUX_WITHIN(row < high, total);
    __syncthreads();
}

/* The sum that is the tile's element number e. */
static __device__ __forceinline__ FLUX_T
FLUX_P(flux_tile_sum)(const FLUX_P(flux_tile) * shared, flux_tile tile,
                      unsigned e)
{
    return shared->sum[e + (e >> tile.shift) * 8];
}
