/* flux_product_narrow_body.h - products whose rows leave much of a vector
 * empty, as the step of a layer of ten classes, for one element type and one
 * vector instruction set. Where the terms of columns lie side by side, columns
 * are a tile's rows; its results are turned on their way.
 */

/* Whether a product is narrow. */
FLUX_TARGET FLUX_INLINE int
FLUX_P(flux_is_narrow)(flux_order order, size_t m, size_t n, size_t k,
                       size_t ai, size_t bj, size_t ci)
{
    return FLUX_MASKS && order == FLUX_SEQ && ai == 1 && bj == 1 && ci == 1 &&
           m >= FLUX_U && m <= FLUX_W * 3 / 4 && n >= 2 * FLUX_W && k >= 16 &&
           k <= 512;
}

/* That product. The last tile of columns begins where it is full, and writes
 * those that are new. */
FLUX_TARGET FLUX_ONCE void
FLUX_P(flux_narrow)(size_t m, size_t n, size_t k, const FLUX_T *a, size_t ak,
                    const FLUX_T *b, size_t bk, FLUX_T *c, size_t cj,
                    flux_product_end end)
{
    enum { LANES = 2 * FLUX_W };
    FLUX_ALIGNED FLUX_T sum[FLUX_W * LANES];
    FLUX_ALIGNED FLUX_T turned[LANES * FLUX_W];
    FLUX_P(flux_goal)
    goal = {NULL,   NULL,   sum, LANES, 1, NULL, NULL, 0,
            FLUX_W, FLUX_W, 0,   0,     0, 0,    NULL, NULL};
    for (size_t i = 0; i < n; i += LANES) {
        const size_t first = i + LANES <= n ? i : n - LANES;
        for (size_t j = 0; j < m;) {
            const size_t units = FLUX_P(flux_units)(FLUX_SEQ, 2, m, j);
            const size_t tile = FLUX_P(flux_wide)(FLUX_SEQ, 2, units);
            j = j + tile <= m ? j : m - tile;
            goal.to = sum + j * LANES;
            FLUX_P(flux_tile_any)
            (FLUX_SEQ, 2, units, k, b + first, bk, a + j, ak, 1, &goal);
            j += tile;
        }
        FLUX_P(flux_pack_some)(m, FLUX_W, LANES, sum, LANES, turned);
        for (size_t j = i; j < first + LANES; j += 8)
            FLUX_P(flux_put_narrow)
        (m, first + LANES - j < 8 ? first + LANES - j : 8,
         turned + (j - first) * FLUX_W, FLUX_W, c + j * cj, cj, end);
    }
}
