/* flux_gpu_tensor_body.h - a tile of a product for one kind of operands;
 * flux_gpu_tensor.h includes it once for each, with
 *
 *    FLUX_P(name)   the name with the kind's suffix
 *    FLUX_OF_WORD   terms of a word
 *    FLUX_WORD(x)   that word of the terms x[0] …
 */

enum {
    FLUX_P(FLUX_TERMS) = FLUX_WORDS * FLUX_OF_WORD, /* at a time */
    FLUX_P(FLUX_OWN) = FLUX_TENSOR_EDGE * FLUX_WORDS / FLUX_THREADS *
                       FLUX_OF_WORD /* of these, a thread's at most */
};

/* Reads a thread's terms of an operand; beyond the last row or term, 0. */
static __device__ __forceinline__ void
FLUX_P(flux_tensor_read)(float to[FLUX_P(FLUX_OWN)], size_t edge, size_t rows,
                         size_t terms, const float *x, size_t xi, size_t xk)
{
    const flux_tensor_way way = flux_tensor_find(edge, xi);
    const size_t step = way.rows * xi + way.words * FLUX_OF_WORD * xk;
    x += way.row * xi + way.word * FLUX_OF_WORD * xk;
    FLUX_UNROLL
    for (size_t e = 0; e < edge * FLUX_WORDS / FLUX_THREADS; e++) {
        FLUX_UNROLL
        for (size_t t = 0; t < FLUX_OF_WORD; t++) {
            const size_t i = way.row + e * way.rows;
            const size_t k = (way.word + e * way.words) * FLUX_OF_WORD + t;
            to[e * FLUX_OF_WORD + t] =
                i < rows && k < terms ? x[e * step + t * xk] : 0;
        }
    }
}

/* Rounds them, and lays them where all threads of the block find them. */
static __device__ __forceinline__ void
FLUX_P(flux_tensor_lay)(uint32_t to[FLUX_WORDS][FLUX_TENSOR_EDGE + 8],
                        size_t edge, size_t xi,
                        const float from[FLUX_P(FLUX_OWN)])
{
    const flux_tensor_way way = flux_tensor_find(edge, xi);
    FLUX_UNROLL
    for (size_t e = 0; e < edge * FLUX_WORDS / FLUX_THREADS; e++)
        to[way.word + e * way.words][way.row + e * way.rows] =
            FLUX_WORD(&from[e * FLUX_OF_WORD]);
}

/* Adds what lies there to a warp's sums. */
static __device__ __forceinline__ void
FLUX_P(flux_tensor_multiply)(float sum[FLUX_PIECES * FLUX_PIECES][4],
                             size_t side, const flux_tensor_words *words)
{
    const size_t pieces = side / 2;
    const size_t word = threadIdx.x % 4;
    const size_t row = flux_tensor_down(side);
    const size_t column =
        threadIdx.x / 32 % 4 * side * 4 + threadIdx.x % 32 / 4;
    uint32_t a[FLUX_PIECES][4];
    uint32_t b[FLUX_PIECES][2];
    FLUX_UNROLL
    for (size_t q = 0; q < pieces * 4; q++)
        a[q / 4][q % 4] =
            words->a[word + q % 4 / 2 * 4][row + q / 4 * 16 + q % 2 * 8];
    FLUX_UNROLL
    for (size_t q = 0; q < pieces * 2; q++)
        b[q / 2][q % 2] = words->b[word + q % 2 * 4][column + q / 2 * 8];
    FLUX_UNROLL
    for (size_t p = 0; p < pieces * pieces; p++)
        FLUX_P(flux_mma)(sum[p], a[p % pieces], b[p / pieces]);
}

/* Tile number `tile` of the product c[i ci + j cj], for i < m and j < n, which
 * becomes what `end` makes of it and of the sum over the k terms of
 * a[i ai + k ak] b[k bk + j bj]. All threads of a block call it, once. While a
 * tile's terms are multiplied, the next ones are read. `side` is 2, 4 or 8. */
static __device__ __forceinline__ void
FLUX_P(flux_gpu_product)(flux_tensor_tile *shared, size_t side, size_t tile,
                         size_t m, size_t n, size_t k, const float *a,
                         size_t ai, size_t ak, const float *b, size_t bk,
                         size_t bj, float *c, size_t ci, size_t cj,
                         flux_product_end end)
{
    const size_t terms = FLUX_P(FLUX_TERMS);
    const size_t edge = side * FLUX_TILE;
    const size_t down = (m + edge - 1) / edge;
    const size_t i0 = tile % down * edge;
    const size_t j0 = tile / down * edge;
    float sum[FLUX_PIECES * FLUX_PIECES][4] = {{0}};
    float own[2][FLUX_P(FLUX_OWN)];
    a += i0 * ai;
    b += j0 * bj;
    FLUX_P(flux_tensor_read)(own[0], edge, m - i0, k, a, ai, ak);
    FLUX_P(flux_tensor_read)(own[1], edge, n - j0, k, b, bj, bk);
    for (size_t k0 = 0; k0 < k; k0 += terms) {
        flux_tensor_words *words = &shared->half[k0 / terms % 2];
        const size_t left = k - k0 > terms ? k - k0 - terms : 0;
        FLUX_P(flux_tensor_lay)(words->a, edge, ai, own[0]);
        FLUX_P(flux_tensor_lay)(words->b, edge, bj, own[1]);
        __syncthreads();
        a += terms * ak;
        b += terms * bk;
        FLUX_P(flux_tensor_read)(own[0], edge, m - i0, left, a, ai, ak);
        FLUX_P(flux_tensor_read)(own[1], edge, n - j0, left, b, bj, bk);
        FLUX_P(flux_tensor_multiply)(sum, side, words);
    }
    FLUX_UNROLL
    for (size_t e = 0; e < side * side; e++) {
        const size_t i = flux_tensor_row(side, tile, m, e);
        const size_t j = flux_tensor_column(side, tile, m, e);
        if (i < m && j < n)
            flux_end_f32(FLUX_ISA_PLAIN, &c[i * ci + j * cj], sum[e / 4][e % 4],
                         end);
    }
}
