/* flux_product_outer_body.h - products of one term a sum, as the step of one
 * sample, for one element type and one vector instruction set.
 */

/* c -= rate (+0 + a right), a vector of it. */
FLUX_TARGET FLUX_INLINE void
FLUX_P(flux_outer_at)(const FLUX_T *a, FLUX_V right, FLUX_V rate, FLUX_T *c)
{
    const FLUX_V zero = FLUX_I(all)(0);
    const FLUX_V sum = FLUX_I(fma)(FLUX_AT(a), right, zero);
    FLUX_AT(c) = FLUX_AT(c) - FLUX_I(fma_on)(rate, sum, zero);
}

/* A step of the product below, of whole vectors: c -= eta (+0 + a b) with eta
 * above 0, as flux_step has it. */
FLUX_TARGET FLUX_ONCE void
FLUX_P(flux_outer_step)(size_t m, size_t n, const FLUX_T *a, const FLUX_T *b,
                        size_t bj, FLUX_T *c, size_t cj, FLUX_T eta)
{
    const FLUX_V rate = FLUX_I(all)(eta);
    for (size_t j = 0; j < n; j++, b += bj, c += cj) {
        const FLUX_V right = FLUX_I(all)(*b);
        size_t i = 0;
        for (; i + 4 * FLUX_W <= m; i += 4 * FLUX_W) {
            FLUX_UNROLL
            for (size_t v = i; v < i + 4 * FLUX_W; v += FLUX_W)
                FLUX_P(flux_outer_at)(a + v, right, rate, c + v);
        }
        for (; i < m; i += FLUX_W)
            FLUX_P(flux_outer_at)(a + i, right, rate, c + i);
    }
}

/* The product of a column and a row, one term a sum: each +0 + a b, with the
 * rows of both contiguous. */
FLUX_TARGET FLUX_ONCE void
FLUX_P(flux_outer)(size_t m, size_t n, const FLUX_T *a, const FLUX_T *b,
                   size_t bj, FLUX_T *c, size_t cj, flux_product_end end)
{
    FLUX_T tile[8 * FLUX_W];
    const size_t some = m % FLUX_W;
    const size_t whole = m - some;
    if (some == 0 && end.kind == FLUX_STEP && (FLUX_T)end.scale > 0) {
        FLUX_P(flux_outer_step)(m, n, a, b, bj, c, cj, (FLUX_T)end.scale);
        return;
    }
    const FLUX_V zero = FLUX_I(all)(0);
    for (size_t j = 0; j < n; j++) {
        FLUX_V right = FLUX_I(all)(b[j * bj]);
        for (size_t i = 0; i < whole; i += FLUX_W) {
            FLUX_V sum = FLUX_I(fma_at)(a + i, right, zero);
            sum = sum + zero; /* -0 becomes +0 */
            FLUX_P(flux_end)(c + j * cj + i, sum, end);
        }
        if (some == 0)
            continue;
        FLUX_V sum = FLUX_I(fma)(FLUX_I(take)(a + whole, some), right, zero);
        FLUX_AT(tile + j % 8 * FLUX_W) = sum + zero;
        if (j % 8 == 7 || j + 1 == n)
            FLUX_P(flux_put_narrow)
        (some, j % 8 + 1, tile, FLUX_W, c + j / 8 * 8 * cj + whole, cj, end);
    }
}
