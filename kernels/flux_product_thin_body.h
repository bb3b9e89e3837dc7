/* flux_product_thin_body.h - products that are no matter of tiles, for one
 * element type and one vector instruction set: of one column, of one term a
 * sum, and in the order tree16. flux_product_body.h includes it.
 */

/* sum[i] = fma(a[i + k ak], b[k bk], sum[i]) for k < K in order, i < rows. */
FLUX_TARGET FLUX_INLINE void
FLUX_P(flux_lines)(const int K, size_t rows, const FLUX_T *a, size_t ak,
                   const FLUX_T *b, size_t bk, FLUX_T *sum)
{
    FLUX_V right[8];
    size_t some = rows % FLUX_W;
    FLUX_UNROLL
    for (int k = 0; k < K; k++)
        right[k] = FLUX_I(set1)(b[(size_t)k * bk]);
    for (size_t i = 0; i + FLUX_W <= rows; i += FLUX_W) {
        FLUX_V s = FLUX_I(loadu)(sum + i);
        FLUX_UNROLL
        for (int k = 0; k < K; k++)
            s = FLUX_I(fmadd)(FLUX_I(loadu)(a + (size_t)k * ak + i), right[k],
                              s);
        FLUX_I(storeu)(sum + i, s);
    }
    if (some > 0) {
        FLUX_T *last = sum + rows - some;
        FLUX_V s = FLUX_I(loadu)(last);
        FLUX_UNROLL
        for (int k = 0; k < K; k++)
            s = FLUX_I(fmadd)(FLUX_TAKE(a + (size_t)k * ak + rows - some, some),
                              right[k], s);
        FLUX_I(storeu)(last, s);
    }
}

/* A product of one column, in the order seq. The rows are read as they stand,
 * one column of `a` after another, or through a buffer. */
FLUX_TARGET FLUX_ONCE void
FLUX_P(flux_column)(size_t m, size_t k, const FLUX_T *a, size_t ai, size_t ak,
                    const FLUX_T *b, size_t bk, FLUX_T *c, size_t ci,
                    flux_product_end end)
{
    enum { ROWS = 1024, SOME = 8 * FLUX_W, DEEP = 32 };
    FLUX_ALIGNED FLUX_T sum[ROWS];
    FLUX_ALIGNED FLUX_T total[ROWS];
    FLUX_ALIGNED FLUX_T packed[SOME * DEEP];
    const size_t odd = (size_t)(uintptr_t)a / sizeof *a % FLUX_W;
    const int head = ai == 1 && odd > 0 && ak % FLUX_W == 0 && m > 4 * FLUX_W;
    size_t rows;
    for (size_t i0 = 0; i0 < m; i0 += rows) {
        rows = ai != 1 ? SOME : i0 == 0 && head ? FLUX_W - odd : ROWS;
        rows = m - i0 < rows ? m - i0 : rows;
        size_t lanes = (rows + FLUX_W - 1) / FLUX_W * FLUX_W;
        for (size_t i = 0; i < lanes; i++)
            sum[i] = total[i] = 0;
        for (size_t k0 = 0; k0 < k; k0 += DEEP) {
            size_t length = k - k0 < DEEP ? k - k0 : DEEP;
            const FLUX_T *from = a + i0 * ai + k0 * ak;
            if (ai != 1)
                FLUX_P(flux_pack)(rows, lanes, length, from, ai, ak, packed);
            from = ai == 1 ? from : packed;
            size_t step = ai == 1 ? ak : lanes;
            const FLUX_T *right = b + k0 * bk;
            size_t q = 0;
            for (; q + 8 <= length; q += 8)
                FLUX_P(flux_lines)
            (8, rows, from + q * step, step, right + q * bk, bk, sum);
            for (; q < length; q++)
                FLUX_P(flux_lines)
            (1, rows, from + q * step, step, right + q * bk, bk, sum);
            if ((k0 + length) % 512 == 0 || k0 + length == k)
                for (size_t i = 0; i < lanes; i++) {
                    total[i] = total[i] + sum[i];
                    sum[i] = 0;
                }
        }
        FLUX_P(flux_put)(rows, lanes, 1, total, c + i0 * ci, ci, 0, end);
    }
}

/* Terms of a strided vector as they stand, or copied and filled with zeros to
 * a multiple of 16; 0 * 0 leaves a lane's sum alone. */
FLUX_TARGET FLUX_STATIC const FLUX_T *
FLUX_P(flux_line)(const FLUX_T *x, size_t stride, size_t length, FLUX_T *buffer)
{
    if (stride == 1 && length % 16 == 0)
        return x;
    for (size_t k = 0; k < (length + 15) / 16 * 16; k++)
        buffer[k] = k < length ? x[k * stride] : (FLUX_T)0;
    return buffer;
}

/* The order tree16: 16 lanes run along k, for four rows at a time; `row`
 * holds what each row adds in this chunk, lane[i] its lanes. */
FLUX_TARGET FLUX_STATIC void
FLUX_P(flux_lanes)(size_t length, const FLUX_T *const row[4], const FLUX_T *b,
                   FLUX_T lane[4][16])
{
    FLUX_V sum[4][16 / FLUX_W];
    FLUX_UNROLL
    for (int i = 0; i < 4; i++)
        FLUX_UNROLL
    for (int v = 0; v < 16 / FLUX_W; v++)
        sum[i][v] = FLUX_I(loadu)(lane[i] + v * FLUX_W);
    for (size_t k = 0; k < length; k += 16)
        FLUX_UNROLL
    for (int v = 0; v < 16 / FLUX_W; v++) {
        FLUX_V right = FLUX_I(loadu)(b + k + v * FLUX_W);
        FLUX_UNROLL
        for (int i = 0; i < 4; i++)
            sum[i][v] = FLUX_I(fmadd)(FLUX_I(loadu)(row[i] + k + v * FLUX_W),
                                      right, sum[i][v]);
    }
    FLUX_UNROLL
    for (int i = 0; i < 4; i++)
        FLUX_UNROLL
    for (int v = 0; v < 16 / FLUX_W; v++)
        FLUX_I(storeu)(lane[i] + v * FLUX_W, sum[i][v]);
}

/* Up to four rows of the product in the order tree16. */
FLUX_TARGET FLUX_ONCE void
FLUX_P(flux_tree)(size_t rows, size_t n, size_t k, const FLUX_T *a, size_t ai,
                  size_t ak, const FLUX_T *b, size_t bk, size_t bj, FLUX_T *c,
                  size_t ci, size_t cj, flux_product_end end)
{
    FLUX_T buffer[5][256];
    for (size_t j = 0; j < n; j++) {
        FLUX_T lane[4][16];
        FLUX_T total[4] = {0, 0, 0, 0};
        for (size_t k0 = 0; k0 < k; k0 += 256) {
            size_t length = k - k0 < 256 ? k - k0 : 256;
            const FLUX_T *row[4];
            for (size_t i = 0; i < 4; i++) {
                size_t at = i < rows ? i : rows - 1;
                row[i] = FLUX_P(flux_line)(a + at * ai + k0 * ak, ak, length,
                                           buffer[i]);
                for (int l = 0; l < 16 && k0 % 4096 == 0; l++)
                    lane[i][l] = 0;
            }
            const FLUX_T *right =
                FLUX_P(flux_line)(b + k0 * bk + j * bj, bk, length, buffer[4]);
            FLUX_P(flux_lanes)((length + 15) / 16 * 16, row, right, lane);
            if ((k0 + length) % 4096 != 0 && k0 + length != k)
                continue;
            for (size_t i = 0; i < rows; i++) {
                for (int half = 8; half > 0; half /= 2)
                    for (int l = 0; l < half; l++)
                        lane[i][l] = lane[i][l] + lane[i][l + half];
                total[i] = total[i] + lane[i][0];
            }
        }
        for (size_t i = 0; i < rows; i++)
            FLUX_P(flux_end_one)(c + i * ci + j * cj, total[i], end);
    }
}

/* The product of a column and a row, one term a sum: each +0 + a b, with the
 * rows of both contiguous. */
FLUX_TARGET FLUX_ONCE void
FLUX_P(flux_outer)(size_t m, size_t n, const FLUX_T *a, const FLUX_T *b,
                   size_t bj, FLUX_T *c, size_t cj, flux_product_end end)
{
    size_t some = m % FLUX_W;
    size_t whole = m - some;
    FLUX_V zero = FLUX_I(setzero)();
    for (size_t j = 0; j < n; j++) {
        FLUX_T *to = c + j * cj;
        FLUX_V right = FLUX_I(set1)(b[j * bj]);
        for (size_t i = 0; i < whole; i += FLUX_W) {
            FLUX_V sum = FLUX_I(fmadd)(FLUX_I(loadu)(a + i), right, zero);
            sum = FLUX_I(add)(sum, zero); /* -0 becomes +0 */
            FLUX_P(flux_end)(to + i, sum, end);
        }
        if (some > 0) {
            FLUX_V sum = FLUX_I(fmadd)(FLUX_TAKE(a + whole, some), right, zero);
            sum = FLUX_I(add)(sum, zero);
            FLUX_P(flux_end_some)(to + whole, sum, some, end);
        }
    }
}
