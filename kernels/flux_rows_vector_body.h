/* flux_rows_vector_body.h - the sum and the greatest of many elements, and rows
 * that are turned, for vectors of one type: flux_rows_text.h includes it for
 * each set of them, in the macros of flux_vector_body.h.
 */

/* 16 lanes joined as the order says: each with that 8 apart, then 4, 2 and 1.
 * They stay in registers: gcc would store them, and load one by one, which
 * takes as long as some 60 terms. */
FLUX_TARGET FLUX_INLINE FLUX_T
FLUX_P(flux_row_join)(const FLUX_V *sum)
{
    enum { VECTORS = 16 / FLUX_W, PARTS = sizeof(FLUX_T), LANES = 16 / PARTS };
    typedef FLUX_T part __attribute__((vector_size(16)));
    union {
        FLUX_V vector[VECTORS];
        part p[PARTS];
    } all;
    FLUX_UNROLL
    for (size_t v = 0; v < VECTORS; v++)
        all.vector[v] = sum[v];
    FLUX_UNROLL
    for (size_t half = PARTS / 2; half > 0; half /= 2) {
        FLUX_UNROLL
        for (size_t l = 0; l < half; l++)
            all.p[l] = all.p[l] + all.p[l + half];
    }
    const part last = all.p[0];
    if (LANES == 2)
        return last[0] + last[1];
    return (last[0] + last[LANES / 2]) + (last[1] + last[LANES - 1]);
}

/* What is summed of some elements: they, or their squares. */
FLUX_TARGET FLUX_INLINE FLUX_V
FLUX_P(flux_row_powers)(const int SQUARES, FLUX_V x)
{
    return SQUARES ? x * x : x;
}

/* The sum of one block: 16 lanes in vectors. They begin at +0 and so are never
 * -0: to add +0, as to lanes past the end, changes nothing. Lanes wait for
 * their additions; meanwhile what comes next, as the next row, is asked for. */
FLUX_TARGET FLUX_INLINE FLUX_T
FLUX_P(flux_row_part)(const int SQUARES, size_t n, const FLUX_T *x)
{
    enum { VECTORS = 16 / FLUX_W };
    FLUX_V sum[VECTORS];
    size_t k = 0;
    FLUX_UNROLL
    for (size_t v = 0; v < VECTORS; v++)
        sum[v] = FLUX_I(all)(0);
    for (; k + 16 <= n; k += 16) {
        FLUX_ASK(x + k, n * sizeof *x);
        FLUX_UNROLL
        for (size_t v = 0; v < VECTORS; v++)
            sum[v] = sum[v] + FLUX_P(flux_row_powers)(
                                  SQUARES, FLUX_AT(x + k + v * FLUX_W));
    }
    FLUX_UNROLL
    for (size_t v = 0; v < VECTORS; v++) {
        const size_t from = k + v * FLUX_W;
        if (from < n)
            sum[v] =
                sum[v] + FLUX_P(flux_row_powers)(
                             SQUARES, FLUX_I(take)(x + from, n - from < FLUX_W
                                                                 ? n - from
                                                                 : FLUX_W));
    }
    return FLUX_P(flux_row_join)(sum);
}

FLUX_TARGET FLUX_INLINE FLUX_T
FLUX_P(flux_row_parts)(const int SQUARES, size_t n, const FLUX_T *x)
{
    const size_t block = flux_order_block(FLUX_TREE16);
    FLUX_T total = 0;
    for (size_t k = 0; k < n; k += block)
        total = total + FLUX_P(flux_row_part)(
                            SQUARES, n - k < block ? n - k : block, x + k);
    return total;
}

FLUX_TARGET FLUX_ONCE FLUX_T
FLUX_P(flux_row_sum)(size_t n, const FLUX_T *x)
{
    return FLUX_P(flux_row_parts)(0, n, x);
}

FLUX_TARGET FLUX_ONCE FLUX_T
FLUX_P(flux_row_squares)(size_t n, const FLUX_T *x)
{
    return FLUX_P(flux_row_parts)(1, n, x);
}

/* The greatest, of two vectors side by side; the last vector of a row may be
 * looked at twice. Of zeros it is the first. */
FLUX_TARGET FLUX_ONCE FLUX_T
FLUX_P(flux_row_maximum)(size_t n, const FLUX_T *x)
{
    FLUX_V max = FLUX_I(all)((FLUX_T)-HUGE_VALF);
    FLUX_V other = max;
    FLUX_T lane[FLUX_W] FLUX_ALIGNED;
    size_t k = 0;
    for (; k + 2 * FLUX_W <= n; k += 2 * FLUX_W) {
        FLUX_ASK(x + k, n * sizeof *x);
        if (FLUX_W * sizeof *x == 64)
            FLUX_ASK(x + k + FLUX_W, n * sizeof *x);
        max = FLUX_I(greater)(FLUX_AT(x + k), max);
        other = FLUX_I(greater)(FLUX_AT(x + k + FLUX_W), other);
    }
    if (k + FLUX_W < n)
        max = FLUX_I(greater)(FLUX_AT(x + k), max);
    if (k < n && n >= FLUX_W)
        other = FLUX_I(greater)(FLUX_AT(x + n - FLUX_W), other);
    FLUX_AT(lane) = FLUX_I(greater)(max, other);
    FLUX_UNROLL
    for (size_t half = FLUX_W / 2; half > 0; half /= 2)
        for (size_t l = 0; l < half; l++)
            lane[l] = FLUX_E(flux_greater)(lane[l + half], lane[l]);
    for (k = n < FLUX_W ? n : 0; k > 0; k--)
        lane[0] = FLUX_E(flux_greater)(x[k - 1], lane[0]);
    for (k = lane[0] == 0 ? n : 0; k > 0; k--)
        lane[0] = x[k - 1] == 0 ? x[k - 1] : lane[0];
    return lane[0];
}

/* Back from what flux_pack_part makes: a vector of each of FLUX_G rows, `next`
 * apart; their elements at k, to `apart` k behind the first ones. */
FLUX_TARGET FLUX_INLINE void
FLUX_P(flux_unpack_part)(const FLUX_T *rows, size_t next, FLUX_T *to,
                         size_t apart)
{
    FLUX_V r[FLUX_G];
    FLUX_UNROLL
    for (size_t q = 0; q < FLUX_G; q++)
        r[q] = FLUX_AT(rows + q * next);
    FLUX_I(turn)(r);
    FLUX_UNROLL
    for (size_t q = 0; q < FLUX_G; q++)
        FLUX_I(scatter)(to + q * apart, FLUX_G * apart, r[q]);
}

/* Where the rows of a part begin: the last one's, where it is full. */
FLUX_INLINE size_t
FLUX_P(flux_part_at)(size_t k, size_t part, size_t count)
{
    return k + part <= count ? k : count - part;
}

/* to[j + i * apart] = from[i + j * next] for i < m, j < n. */
FLUX_TARGET FLUX_ONCE void
FLUX_P(flux_turn)(size_t m, size_t n, const FLUX_T *from, size_t next,
                  FLUX_T *to, size_t apart)
{
    const int pack = n >= FLUX_W && m >= FLUX_G;
    const int unpack = !pack && m >= FLUX_W && n >= FLUX_G;
    for (size_t j = 0; pack && j < n; j += FLUX_W)
        for (size_t i = 0; i < m; i += FLUX_G) {
            const size_t row = FLUX_P(flux_part_at)(i, FLUX_G, m);
            const size_t at = FLUX_P(flux_part_at)(j, FLUX_W, n);
            FLUX_P(flux_pack_part)
            (from + row + at * next, next, to + at + row * apart, apart);
        }
    for (size_t i = 0; unpack && i < m; i += FLUX_W)
        for (size_t j = 0; j < n; j += FLUX_G) {
            const size_t row = FLUX_P(flux_part_at)(i, FLUX_W, m);
            const size_t at = FLUX_P(flux_part_at)(j, FLUX_G, n);
            FLUX_P(flux_unpack_part)
            (from + row + at * next, next, to + at + row * apart, apart);
        }
    for (size_t j = 0; !pack && !unpack && j < n; j++)
        for (size_t i = 0; i < m; i++)
            to[j + i * apart] = from[i + j * next];
}
