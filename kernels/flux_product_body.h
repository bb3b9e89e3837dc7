/* flux_product_body.h - the matrix product for one element type and one
 * vector instruction set; flux_product.h includes it once for each, with
 *
 *    FLUX_P(name)    the name with the variant's suffix
 *    FLUX_T          the element type
 *    FLUX_V          the vector type
 *    FLUX_W          lanes of a vector
 *    FLUX_J          columns of a tile, even, at most 8
 *    FLUX_TARGET     the attribute that allows the instructions
 *    FLUX_LOAD, FLUX_STORE, FLUX_SPLAT, FLUX_VFMA, FLUX_VMUL, FLUX_VSUB,
 *    FLUX_VZERO, FLUX_TRANSPOSE  (one vector or one 4 by 4 square each)
 *
 * A tile is R vectors of rows by J columns, all of it in registers. A panel is
 * a tile's rows by all columns. Rows that are not contiguous, or do not fill a
 * tile, are packed into a buffer first, so that a tile knows no tails. Sums in
 * the order split4 run the tile four times, on every fourth k.
 */

/* acc[j][row] = fma(a[k][row], b[j][k], acc[j][row]) for k < count in order,
 * from +0 if fresh; one or two vectors of rows by J columns. R and J are
 * constants where this is inlined. */
FLUX_TARGET FLUX_INLINE void
FLUX_P(flux_tile)(const int R, const int J, size_t count, const FLUX_T *a,
                  size_t ak, const FLUX_T *const *b, size_t bk, FLUX_T *acc,
                  int fresh)
{
    const FLUX_T *column[8];
    FLUX_V low[8];
    FLUX_V high[8];
    FLUX_UNROLL
    for (int j = 0; j < J; j++) {
        column[j] = b[j];
        low[j] = fresh ? FLUX_VZERO() : FLUX_LOAD(acc + j * R * FLUX_W);
        high[j] =
            fresh ? FLUX_VZERO() : FLUX_LOAD(acc + (j * R + R - 1) * FLUX_W);
    }
    for (size_t k = 0; k < count; k++) {
        FLUX_V row0 = FLUX_LOAD(a + k * ak);
        FLUX_V row1 = FLUX_LOAD(a + k * ak + (R - 1) * FLUX_W);
        FLUX_UNROLL
        for (int j = 0; j < J; j++) {
            FLUX_V splat = FLUX_SPLAT(column[j][k * bk]);
            low[j] = FLUX_VFMA(row0, splat, low[j]);
            if (R == 2)
                high[j] = FLUX_VFMA(row1, splat, high[j]);
        }
    }
    FLUX_UNROLL
    for (int j = 0; j < J; j++) {
        FLUX_STORE(acc + j * R * FLUX_W, low[j]);
        if (R == 2)
            FLUX_STORE(acc + (j * R + 1) * FLUX_W, high[j]);
    }
}

/* The same for eight vectors of rows by one column. */
FLUX_TARGET FLUX_STATIC void
FLUX_P(flux_tall)(size_t count, const FLUX_T *a, size_t ak, const FLUX_T *b,
                  size_t bk, FLUX_T *acc, int fresh)
{
    FLUX_V sum[8];
    FLUX_UNROLL
    for (int r = 0; r < 8; r++)
        sum[r] = fresh ? FLUX_VZERO() : FLUX_LOAD(acc + r * FLUX_W);
    for (size_t k = 0; k < count; k++) {
        FLUX_V splat = FLUX_SPLAT(b[k * bk]);
        FLUX_UNROLL
        for (int r = 0; r < 8; r++)
            sum[r] =
                FLUX_VFMA(FLUX_LOAD(a + k * ak + r * FLUX_W), splat, sum[r]);
    }
    FLUX_UNROLL
    for (int r = 0; r < 8; r++)
        FLUX_STORE(acc + r * FLUX_W, sum[r]);
}

/* The tile of R vectors by at least `columns` columns, at most FLUX_J; the
 * spare columns repeat a valid one and nobody reads them. */
FLUX_TARGET FLUX_STATIC void
FLUX_P(flux_tile_any)(int R, size_t columns, size_t count, const FLUX_T *a,
                      size_t ak, const FLUX_T *const *b, size_t bk, FLUX_T *acc,
                      int fresh)
{
    if (R == 8)
        FLUX_P(flux_tall)(count, a, ak, b[0], bk, acc, fresh);
    else if (R == 2 && columns > FLUX_J / 2)
        FLUX_P(flux_tile)(2, FLUX_J, count, a, ak, b, bk, acc, fresh);
    else if (R == 2 && columns > 1)
        FLUX_P(flux_tile)(2, FLUX_J / 2, count, a, ak, b, bk, acc, fresh);
    else if (R == 2)
        FLUX_P(flux_tile)(2, 1, count, a, ak, b, bk, acc, fresh);
    else if (columns > FLUX_J / 2)
        FLUX_P(flux_tile)(1, FLUX_J, count, a, ak, b, bk, acc, fresh);
    else if (columns > 1)
        FLUX_P(flux_tile)(1, FLUX_J / 2, count, a, ak, b, bk, acc, fresh);
    else
        FLUX_P(flux_tile)(1, 1, count, a, ak, b, bk, acc, fresh);
}

/* to[k][lane] = a[lane * ai + k * ak] for k < count; lanes past `rows` get 0.
 * Four by four where the terms are contiguous. */
FLUX_TARGET FLUX_STATIC void
FLUX_P(flux_pack)(size_t rows, size_t lanes, size_t count, const FLUX_T *a,
                  size_t ai, size_t ak, FLUX_T *to)
{
    size_t quads = ak == 1 ? rows / 4 * 4 : 0;
    size_t deep = ak == 1 ? count / 4 * 4 : 0;
    for (size_t i = 0; i < quads; i += 4)
        for (size_t k = 0; k < deep; k += 4)
            FLUX_TRANSPOSE(a + i * ai + k, ai, to + k * lanes + i, lanes);
    for (size_t k = 0; k < count; k++)
        for (size_t i = k < deep ? quads : 0; i < lanes; i++)
            to[k * lanes + i] = i < rows ? a[i * ai + k * ak] : (FLUX_T)0;
}

/* x + y, for the sum of a product with 1 is rounded once. */
FLUX_TARGET FLUX_INLINE FLUX_V
FLUX_P(flux_plus)(FLUX_V x, FLUX_V y)
{
    return FLUX_VFMA(x, FLUX_SPLAT((FLUX_T)1), y);
}

/* Adds a block's sums to the totals: total = (first ? +0 : total) + block,
 * where in the order split4 a block is (p0 + p1) + (p2 + p3). Whole vectors. */
FLUX_TARGET FLUX_STATIC void
FLUX_P(flux_add_block)(size_t parts, size_t length, const FLUX_T *acc,
                       size_t part_step, FLUX_T *total, int first)
{
    for (size_t i = 0; i < length; i += FLUX_W) {
        const FLUX_T *at = acc + i;
        FLUX_V sum = FLUX_LOAD(at);
        if (parts == 4)
            sum = FLUX_P(flux_plus)(
                FLUX_P(flux_plus)(sum, FLUX_LOAD(at + part_step)),
                FLUX_P(flux_plus)(FLUX_LOAD(at + 2 * part_step),
                                  FLUX_LOAD(at + 3 * part_step)));
        FLUX_V old = first ? FLUX_VZERO() : FLUX_LOAD(total + i);
        FLUX_STORE(total + i, FLUX_P(flux_plus)(old, sum));
    }
}

/* One vector, and one element, of what a product writes. */
FLUX_TARGET FLUX_INLINE void
FLUX_P(flux_end)(FLUX_T *to, FLUX_V sum, flux_product_end end)
{
    if (end.kind == FLUX_ADD)
        sum = FLUX_P(flux_plus)(FLUX_LOAD(to), sum);
    if (end.kind == FLUX_STEP)
        sum = FLUX_VSUB(FLUX_LOAD(to),
                        FLUX_VMUL(FLUX_SPLAT((FLUX_T)end.scale), sum));
    FLUX_STORE(to, sum);
}

FLUX_TARGET FLUX_INLINE void
FLUX_P(flux_end_one)(FLUX_T *to, FLUX_T sum, flux_product_end end)
{
    if (end.kind == FLUX_STEP)
        *to = *to - (FLUX_T)end.scale * sum;
    else
        *to = end.kind == FLUX_ADD ? *to + sum : sum;
}

/* Writes the totals of `rows` by `columns` results. */
FLUX_TARGET FLUX_STATIC void
FLUX_P(flux_put)(size_t rows, size_t lanes, size_t columns, const FLUX_T *total,
                 FLUX_T *c, size_t ci, size_t cj, flux_product_end end)
{
    size_t whole = ci == 1 ? rows / FLUX_W * FLUX_W : 0;
    for (size_t j = 0; j < columns; j++) {
        const FLUX_T *from = total + j * lanes;
        FLUX_T *to = c + j * cj;
        for (size_t i = 0; i < whole; i += FLUX_W)
            FLUX_P(flux_end)(to + i, FLUX_LOAD(from + i), end);
        for (size_t i = whole; i < rows; i++)
            FLUX_P(flux_end_one)(to + i * ci, from[i], end);
    }
}

/* One panel: rows <= R * W of the product. */
FLUX_TARGET FLUX_STATIC void
FLUX_P(flux_panel)(flux_order order, int R, size_t rows, size_t n, size_t k,
                   const FLUX_T *a, size_t ai, size_t ak, const FLUX_T *b,
                   size_t bk, size_t bj, FLUX_T *c, size_t ci, size_t cj,
                   flux_product_end end)
{
    enum {
        ROOM = 2 * FLUX_W * 64,            /* sums held at a time */
        PACK = 16384 / (int)sizeof(FLUX_T) /* elements packed at a time */
    };
    FLUX_T acc[ROOM];
    FLUX_T total[ROOM];
    FLUX_T packed[PACK];
    size_t lanes = (size_t)R * FLUX_W;
    size_t parts = order == FLUX_SPLIT4 ? 4 : 1;
    size_t group = ROOM / lanes / parts;
    group -= R == 8 ? 0 : group % FLUX_J;
    int pack = ai != 1 || rows < lanes;
    size_t chunk = pack && PACK / lanes < 512 ? PACK / lanes : 512;
    size_t packed_at = k;
    for (size_t j0 = 0; j0 < n; j0 += group) {
        size_t columns = n - j0 < group ? n - j0 : group;
        for (size_t k0 = 0; k0 < k; k0 += chunk) {
            int fresh = k0 % 512 == 0;
            size_t left = 512 - k0 % 512;
            left = k - k0 < left ? k - k0 : left;
            size_t length = left < chunk ? left : chunk;
            const FLUX_T *from = a + k0 * ak;
            size_t step = ak;
            if (pack && packed_at != k0)
                FLUX_P(flux_pack)(rows, lanes, length, from, ai, ak, packed);
            if (pack) {
                packed_at = k0;
                from = packed;
                step = lanes;
            }
            for (size_t j = 0; j < columns; j += FLUX_J) {
                size_t wide = columns - j < FLUX_J ? columns - j : FLUX_J;
                for (size_t p = 0; p < parts; p++) {
                    const FLUX_T *column[FLUX_J];
                    for (size_t q = 0; q < FLUX_J; q++)
                        column[q] = b + (k0 + p) * bk +
                                    (j0 + j + (q < wide ? q : wide - 1)) * bj;
                    size_t count = (length + parts - 1 - p) / parts;
                    FLUX_P(flux_tile_any)
                    (R, wide, count, from + p * step, step * parts, column,
                     bk * parts, acc + (p * group + j) * lanes, fresh);
                }
            }
            if (length == left)
                FLUX_P(flux_add_block)
            (parts, columns * lanes, acc, group * lanes, total, k0 < 512);
        }
        FLUX_P(flux_put)(rows, lanes, columns, total, c + j0 * cj, ci, cj, end);
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
        sum[i][v] = FLUX_LOAD(lane[i] + v * FLUX_W);
    for (size_t k = 0; k < length; k += 16)
        FLUX_UNROLL
    for (int v = 0; v < 16 / FLUX_W; v++) {
        FLUX_V right = FLUX_LOAD(b + k + v * FLUX_W);
        FLUX_UNROLL
        for (int i = 0; i < 4; i++)
            sum[i][v] =
                FLUX_VFMA(FLUX_LOAD(row[i] + k + v * FLUX_W), right, sum[i][v]);
    }
    FLUX_UNROLL
    for (int i = 0; i < 4; i++)
        FLUX_UNROLL
    for (int v = 0; v < 16 / FLUX_W; v++)
        FLUX_STORE(lane[i] + v * FLUX_W, sum[i][v]);
}

/* Up to four rows of the product in the order tree16. */
FLUX_TARGET FLUX_STATIC void
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
FLUX_TARGET FLUX_STATIC void
FLUX_P(flux_outer)(size_t m, size_t n, const FLUX_T *a, const FLUX_T *b,
                   size_t bj, FLUX_T *c, size_t cj, flux_product_end end)
{
    size_t whole = m / FLUX_W * FLUX_W;
    for (size_t j = 0; j < n; j++) {
        FLUX_T *to = c + j * cj;
        FLUX_T right = b[j * bj];
        FLUX_V splat = FLUX_SPLAT(right);
        for (size_t i = 0; i < whole; i += FLUX_W) {
            FLUX_V sum = FLUX_VFMA(FLUX_LOAD(a + i), splat, FLUX_VZERO());
            /* -0 becomes +0 */
            FLUX_P(flux_end)
            (to + i, FLUX_P(flux_plus)(sum, FLUX_VZERO()), end);
        }
        for (size_t i = whole; i < m; i++) {
            FLUX_T sum = (FLUX_T)0 + a[i] * right;
            FLUX_P(flux_end_one)(to + i, sum, end);
        }
    }
}

/* The whole product; k > 0. */
FLUX_TARGET FLUX_STATIC void
FLUX_P(flux_product)(flux_order order, size_t m, size_t n, size_t k,
                     const FLUX_T *a, size_t ai, size_t ak, const FLUX_T *b,
                     size_t bk, size_t bj, FLUX_T *c, size_t ci, size_t cj,
                     flux_product_end end)
{
    size_t rows;
    if (k == 1 && ai == 1 && ci == 1) {
        FLUX_P(flux_outer)(m, n, a, b, bj, c, cj, end);
        return;
    }
    for (size_t i = 0; i < m; i += rows) {
        size_t left = m - i;
        if (order == FLUX_TREE16) {
            rows = left < 4 ? left : 4;
            FLUX_P(flux_tree)
            (rows, n, k, a + i * ai, ai, ak, b, bk, bj, c + i * ci, ci, cj,
             end);
            continue;
        }
        int R = left > FLUX_W ? 2 : 1;
        if (n == 1 && ai == 1 && left >= 8 * FLUX_W)
            R = 8;
        rows = (size_t)R * FLUX_W;
        rows = left < rows ? left : rows;
        FLUX_P(flux_panel)
        (order, R, rows, n, k, a + i * ai, ai, ak, b, bk, bj, c + i * ci, ci,
         cj, end);
    }
}
