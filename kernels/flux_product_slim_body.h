/* flux_product_slim_body.h - products of two or three columns, as of so many
 * samples, in the order seq, for one element type and one vector instruction
 * set. Most of their time goes into reading `a`: a vector of its rows is read
 * once for all columns. Where rows are contiguous, they are read from begin to
 * end; where their terms are, these are turned on the way.
 */

/* The terms of one k for R vectors of rows, of which the last has `last` lanes
 * unless all are WHOLE, and J columns: sum[r][j] = fma(a[r], b[j], sum[r][j]).
 */
FLUX_TARGET FLUX_INLINE void
FLUX_P(flux_slim_terms)(const int J, const int R, const int WHOLE, size_t last,
                        const FLUX_T *a, const FLUX_T *b, size_t bj,
                        FLUX_V *sum)
{
    FLUX_V right[3];
    FLUX_UNROLL
    for (int j = 0; j < J; j++)
        right[j] = FLUX_I(all)(b[(size_t)j * bj]);
    FLUX_UNROLL
    for (int r = 0; r < R; r++) {
        const FLUX_T *p = a + r * FLUX_W;
        const FLUX_V row = WHOLE || r + 1 < R ? FLUX_I(loaded)(FLUX_AT(p))
                                              : FLUX_I(take)(p, last);
        FLUX_UNROLL
        for (int j = 0; j < J; j++)
            sum[r * J + j] = FLUX_I(fma)(row, right[j], sum[r * J + j]);
    }
}

/* All terms of these rows and columns, block by block, and what becomes of
 * their sums. */
FLUX_TARGET FLUX_INLINE void
FLUX_P(flux_slim_tile)(const int J, const int R, const int WHOLE, size_t last,
                       size_t k, const FLUX_T *a, size_t ak, const FLUX_T *b,
                       size_t bk, size_t bj, FLUX_T *c, size_t cj,
                       flux_product_end end)
{
    FLUX_ALIGNED FLUX_T total[3 * 8 * FLUX_W];
    const size_t lanes = (size_t)R * FLUX_W;
    for (size_t k0 = 0; k0 < k; k0 += 512) {
        FLUX_V sum[3 * 8];
        FLUX_UNROLL
        for (int i = 0; i < R * J; i++)
            sum[i] = FLUX_I(all)(0);
        for (size_t left = k - k0 < 512 ? k - k0 : 512; left > 0; left--) {
            FLUX_P(flux_slim_terms)(J, R, WHOLE, last, a, b, bj, sum);
            a += ak;
            b += bk;
        }
        FLUX_UNROLL
        for (int i = 0; i < R * J; i++) {
            FLUX_T *to = total + (size_t)(i % J) * lanes + i / J * FLUX_W;
            FLUX_V so_far = FLUX_I(all)(0);
            if (k0 > 0)
                so_far = FLUX_AT(to);
            FLUX_AT(to) = so_far + sum[i];
        }
    }
    FLUX_P(flux_put)
    (lanes - FLUX_W + last, lanes, (size_t)J, total, c, 1, cj, end);
}

/* The same of all rows. */
FLUX_TARGET FLUX_INLINE void
FLUX_P(flux_slim_columns)(const int J, size_t m, size_t k, const FLUX_T *a,
                          size_t ak, const FLUX_T *b, size_t bk, size_t bj,
                          FLUX_T *c, size_t cj, flux_product_end end)
{
    enum { W = FLUX_W };
    size_t rows;
    for (size_t i = 0; i < m; i += rows, a += rows, c += rows) {
        const size_t left = m - i;
        const size_t R = left > 3 * W ? 4 : left > W ? 2 : 1;
        rows = left >= 8 * W ? 8 * W : left < R * W ? left : R * W;
        const size_t last = rows - (R - 1) * W;
        if (left >= 8 * W)
            FLUX_P(flux_slim_tile)
        (J, 8, 1, W, k, a, ak, b, bk, bj, c, cj, end);
        else if (R == 4) FLUX_P(flux_slim_tile)(J, 4, 0, last, k, a, ak, b, bk,
                                                bj, c, cj, end);
        else if (R == 2) FLUX_P(flux_slim_tile)(J, 2, 0, last, k, a, ak, b, bk,
                                                bj, c, cj, end);
        else FLUX_P(flux_slim_tile)(J, 1, 0, last, k, a, ak, b, bk, bj, c, cj,
                                    end);
    }
}

/* The same where the terms of rows are contiguous, a vector of rows or more;
 * the last may be those of two. */
FLUX_TARGET FLUX_INLINE void
FLUX_P(flux_slim_turned)(const int J, size_t m, size_t k, const FLUX_T *a,
                         size_t ai, const FLUX_T *b, size_t bk, size_t bj,
                         FLUX_T *c, size_t cj, flux_product_end end)
{
    /* The last rows begin within a column of totals, and whole vectors are
     * read from there: of the last column, what is behind it as well. */
    FLUX_ALIGNED FLUX_T total[4 * FLUX_W];
    for (size_t i = 0; i < m; i += FLUX_W) {
        const size_t at = i + FLUX_W <= m ? i : m - FLUX_W;
        FLUX_V sum[3];
        FLUX_P(flux_turned_rows)(1, J, k, a + at * ai, ai, b, bk, bj, sum);
        FLUX_UNROLL
        for (int j = 0; j < J; j++)
            FLUX_AT(total + j * FLUX_W) = sum[j];
        FLUX_P(flux_put)
        (at + FLUX_W - i, FLUX_W, (size_t)J, total + (i - at), c + i, 1, cj,
         end);
    }
}

/* Whether a product is one of few columns; smaller units have tiles for it. Two
 * and three at a time are more than tiles have, but not of four, which is a
 * unit. */
FLUX_INLINE int
FLUX_P(flux_is_slim)(flux_order order, size_t m, size_t n, size_t k, size_t ai,
                     size_t ak, size_t ci)
{
    const int turned = ak == 1 && k >= FLUX_G && m >= FLUX_W && n <= 3;
    return FLUX_U == 4 && order == FLUX_SEQ && n > 1 && n < 8 && n != 4 &&
           (ai == 1 || turned) && ci == 1;
}

/* That product; k > 0. */
FLUX_TARGET FLUX_ONCE void
FLUX_P(flux_slim)(size_t m, size_t n, size_t k, const FLUX_T *a, size_t ai,
                  size_t ak, const FLUX_T *b, size_t bk, size_t bj, FLUX_T *c,
                  size_t cj, flux_product_end end)
{
    size_t some;
    for (size_t j = 0; j < n; j += some) {
        some = n - j == 2 || n - j == 4 ? 2 : 3;
        if (ai != 1 && some == 2)
            FLUX_P(flux_slim_turned)
        (2, m, k, a, ai, b + j * bj, bk, bj, c + j * cj, cj, end);
        else if (ai != 1) FLUX_P(flux_slim_turned)(3, m, k, a, ai, b + j * bj,
                                                   bk, bj, c + j * cj, cj, end);
        else if (some == 2) FLUX_P(flux_slim_columns)(
            2, m, k, a, ak, b + j * bj, bk, bj, c + j * cj, cj, end);
        else FLUX_P(flux_slim_columns)(3, m, k, a, ak, b + j * bj, bk, bj,
                                       c + j * cj, cj, end);
    }
}
