/* flux_product_turned_body.h - products with rows whose terms are contiguous,
 * which are turned on the way, for one element type and one vector instruction
 * set: flux_product_thin_body.h has them of one column,
 * flux_product_slim_body.h of two or three. flux_product_body.h includes it.
 */

/* The terms of FLUX_G k from the first for V vectors of rows, `ai` apart, whose
 * terms are contiguous, and J columns: those of 128 bits are turned at a time,
 * of which the first `over` are not new. */
FLUX_TARGET FLUX_INLINE void
FLUX_P(flux_turned_terms)(const int V, const int J, size_t over,
                          const FLUX_T *a, size_t ai, const FLUX_T *b,
                          size_t bk, size_t bj, FLUX_V *sum)
{
    FLUX_V term[2][FLUX_G];
    FLUX_UNROLL
    for (int v = 0; v < V; v++) {
        FLUX_UNROLL
        for (size_t q = 0; q < FLUX_G; q++)
            term[v][q] =
                FLUX_I(gather)(a + ((size_t)v * FLUX_W + q) * ai, FLUX_G * ai);
        FLUX_I(turn)(term[v]);
    }
    FLUX_UNROLL
    for (size_t q = 0; q < FLUX_G; q++) {
        if (q < over)
            continue;
        FLUX_UNROLL
        for (int i = 0; i < V * J; i++)
            sum[i] = FLUX_I(fma_all)(term[i / J][q],
                                     b[q * bk + (size_t)(i % J) * bj], sum[i]);
    }
}

/* All of their terms, FLUX_G or more, block by block. */
FLUX_TARGET FLUX_INLINE void
FLUX_P(flux_turned_rows)(const int V, const int J, size_t k, const FLUX_T *a,
                         size_t ai, const FLUX_T *b, size_t bk, size_t bj,
                         FLUX_V *total)
{
    FLUX_UNROLL
    for (int i = 0; i < V * J; i++)
        total[i] = FLUX_I(all)(0);
    for (size_t block; k > 0; k -= block) {
        FLUX_V sum[2 * 3];
        FLUX_UNROLL
        for (int i = 0; i < V * J; i++)
            sum[i] = FLUX_I(all)(0);
        block = k < 512 ? k : 512;
        size_t left = block;
        for (; left >= FLUX_G; left -= FLUX_G) {
            FLUX_P(flux_turned_terms)(V, J, 0, a, ai, b, bk, bj, sum);
            a += FLUX_G;
            b += FLUX_G * bk;
        }
        if (left > 0) {
            const size_t over = FLUX_G - left;
            FLUX_P(flux_turned_terms)
            (V, J, over, a - over, ai, b - over * bk, bk, bj, sum);
        }
        FLUX_UNROLL
        for (int i = 0; i < V * J; i++)
            total[i] = total[i] + sum[i];
    }
}

/* The same of one column for any number of rows, a vector of them or more, two
 * vectors at a time, which need not wait for each other; the last may be those
 * of two. */
FLUX_TARGET FLUX_ONCE void
FLUX_P(flux_column_turned)(size_t rows, size_t k, const FLUX_T *a, size_t ai,
                           const FLUX_T *b, size_t bk, FLUX_T *total)
{
    FLUX_V sum[2];
    size_t i = 0;
    for (; i + 2 * FLUX_W <= rows; i += 2 * FLUX_W) {
        FLUX_P(flux_turned_rows)(2, 1, k, a + i * ai, ai, b, bk, 0, sum);
        FLUX_AT(total + i) = sum[0];
        FLUX_AT(total + i + FLUX_W) = sum[1];
    }
    for (; i < rows; i += FLUX_W) {
        const size_t at = i + FLUX_W <= rows ? i : rows - FLUX_W;
        FLUX_P(flux_turned_rows)(1, 1, k, a + at * ai, ai, b, bk, 0, sum);
        FLUX_AT(total + at) = sum[0];
    }
}
