/* flux_product_body.h - the matrix product for one element type and one
 * vector instruction set; flux_product_x86.h includes it once for each, with
 *
 *    FLUX_P(name)    the name with the variant's suffix
 *    FLUX_I(op)      the intrinsic of an operation on whole vectors
 *    FLUX_T          the element type
 *    FLUX_V          the vector type
 *    FLUX_W, FLUX_G  lanes of a vector, and of 128 bits
 *    FLUX_U          columns of the smallest tile; the others have 2 and 3
 * times FLUX_TARGET     the attribute that allows the instructions FLUX_TAKE,
 * FLUX_PUT  load and store of the first n lanes, n < FLUX_W FLUX_GATHER     a
 * vector of 128 bits each from rows some elements apart FLUX_TURN       turns
 * squares of FLUX_G lanes, in FLUX_G vectors
 *
 * A tile is R vectors of rows by J columns. Its sums stay in registers from
 * their first term to what becomes of them; only sums of several blocks have
 * totals in memory. A panel is a tile's rows by all columns; its part of `a`
 * is read in place, or copied once into whole, aligned vectors. A tile knows
 * no tails: the last columns of a product are those of a tile that starts
 * earlier, and rows that do not fill one go through a buffer.
 */

/* Where the sums of a tile go: to = base + factor (total + sum), where nothing
 * stands for +0. Columns of base and to are `step` apart, of total those of a
 * tile, one after another. */
typedef struct {
    const FLUX_T *total;
    const FLUX_T *base;
    FLUX_T *to;
    size_t step;
    FLUX_T factor;
} FLUX_P(flux_goal);

/* Sums to their goal. R and J are constants where this is inlined; so they are
 * in the functions below. */
FLUX_TARGET FLUX_INLINE void
FLUX_P(flux_reach)(const int R, const int J, FLUX_V *sum,
                   const FLUX_P(flux_goal) * goal)
{
    if (goal->total) {
        FLUX_UNROLL
        for (int i = 0; i < R * J; i++)
            sum[i] =
                FLUX_I(add)(FLUX_I(loadu)(goal->total + i * FLUX_W), sum[i]);
    } else {
        FLUX_UNROLL
        for (int i = 0; i < R * J; i++)
            sum[i] = FLUX_I(add)(FLUX_I(setzero)(), sum[i]);
    }
    if (goal->base) {
        FLUX_V factor = FLUX_I(set1)(goal->factor);
        FLUX_UNROLL
        for (int i = 0; i < R * J; i++)
            sum[i] = FLUX_I(add)(FLUX_I(loadu)(goal->base +
                                               (size_t)(i / R) * goal->step +
                                               i % R * FLUX_W),
                                 FLUX_I(mul)(factor, sum[i]));
    }
    FLUX_UNROLL
    for (int i = 0; i < R * J; i++)
        FLUX_I(storeu)
    (goal->to + (size_t)(i / R) * goal->step + i % R * FLUX_W, sum[i]);
}

/* The terms of one k for a tile: sum[j][r] = fma(a[r], b[j], sum[j][r]).
 * Columns are counted from every third one: few pointers, short addresses. */
FLUX_TARGET FLUX_INLINE void
FLUX_P(flux_terms)(const int R, const int J, const FLUX_T *a,
                   const FLUX_T *const *third, size_t bk, size_t bj,
                   FLUX_V *sum)
{
    FLUX_V row0 = FLUX_I(loadu)(a);
    FLUX_V row1 = FLUX_I(loadu)(a + (R - 1) * FLUX_W);
    FLUX_UNROLL
    for (int j = 0; j < J; j++) {
        FLUX_V right = FLUX_I(set1)(third[j / 3][bk + (size_t)(j % 3) * bj]);
        sum[j * R] = FLUX_I(fmadd)(row0, right, sum[j * R]);
        if (R == 2)
            sum[j * R + 1] = FLUX_I(fmadd)(row1, right, sum[j * R + 1]);
    }
}

/* A tile of `count` terms. */
FLUX_TARGET FLUX_INLINE void
FLUX_P(flux_tile)(const int R, const int J, size_t count, const FLUX_T *a,
                  size_t ak, const FLUX_T *b, size_t bk, size_t bj,
                  const FLUX_P(flux_goal) * goal)
{
    FLUX_V sum[24];
    const FLUX_T *third[4];
    FLUX_UNROLL
    for (int i = 0; i < R * J; i++)
        sum[i] = FLUX_I(setzero)();
    FLUX_UNROLL
    for (int t = 0; t < (J + 2) / 3; t++)
        third[t] = b + (size_t)(3 * t) * bj;
    for (; count > 0; count--) {
        FLUX_P(flux_terms)(R, J, a, third, 0, bj, sum);
        a += ak;
        FLUX_UNROLL
        for (int t = 0; t < (J + 2) / 3; t++)
            third[t] += bk;
    }
    FLUX_P(flux_reach)(R, J, sum, goal);
}

/* The same in the order split4, one vector of rows. */
FLUX_TARGET FLUX_INLINE void
FLUX_P(flux_split)(const int J, size_t count, const FLUX_T *a, size_t ak,
                   const FLUX_T *b, size_t bk, size_t bj,
                   const FLUX_P(flux_goal) * goal)
{
    FLUX_V sum[4][FLUX_U];
    const FLUX_T *third[2];
    FLUX_UNROLL
    for (int p = 0; p < 4; p++)
        FLUX_UNROLL
    for (int j = 0; j < J; j++)
        sum[p][j] = FLUX_I(setzero)();
    third[0] = b;
    third[1] = b + (J > 3 ? 3 * bj : 0);
    for (; count >= 4; count -= 4) {
        FLUX_UNROLL
        for (size_t p = 0; p < 4; p++)
            FLUX_P(flux_terms)(1, J, a + p * ak, third, p * bk, bj, sum[p]);
        a += 4 * ak;
        third[0] += 4 * bk;
        third[1] += 4 * bk;
    }
    FLUX_UNROLL
    for (size_t p = 0; p < 3; p++)
        if (p < count)
            FLUX_P(flux_terms)(1, J, a + p * ak, third, p * bk, bj, sum[p]);
    FLUX_UNROLL
    for (int j = 0; j < J; j++)
        sum[0][j] = FLUX_I(add)(FLUX_I(add)(sum[0][j], sum[1][j]),
                                FLUX_I(add)(sum[2][j], sum[3][j]));
    FLUX_P(flux_reach)(1, J, sum[0], goal);
}

/* The tile of R vectors by J units of columns; split4 has one vector by one
 * unit, or by one column where J = 0. */
FLUX_TARGET FLUX_ONCE void
FLUX_P(flux_tile_any)(flux_order order, size_t R, size_t J, size_t count,
                      const FLUX_T *a, size_t ak, const FLUX_T *b, size_t bk,
                      size_t bj, const FLUX_P(flux_goal) * goal)
{
    enum { U = FLUX_U };
    if (order == FLUX_SPLIT4 && J == 0)
        FLUX_P(flux_split)(1, count, a, ak, b, bk, bj, goal);
    else if (order == FLUX_SPLIT4)
        FLUX_P(flux_split)(U, count, a, ak, b, bk, bj, goal);
    else if (R == 2 && J == 3)
        FLUX_P(flux_tile)(2, 3 * U, count, a, ak, b, bk, bj, goal);
    else if (R == 2 && J == 2)
        FLUX_P(flux_tile)(2, 2 * U, count, a, ak, b, bk, bj, goal);
    else if (R == 2)
        FLUX_P(flux_tile)(2, U, count, a, ak, b, bk, bj, goal);
    else if (J == 3)
        FLUX_P(flux_tile)(1, 3 * U, count, a, ak, b, bk, bj, goal);
    else if (J == 2)
        FLUX_P(flux_tile)(1, 2 * U, count, a, ak, b, bk, bj, goal);
    else
        FLUX_P(flux_tile)(1, U, count, a, ak, b, bk, bj, goal);
}

/* to[k][lane] = a[lane * ai + k * ak] for k < count; lanes past `rows` get 0.
 * The lanes are whole vectors. */
FLUX_TARGET FLUX_ONCE void
FLUX_P(flux_pack)(size_t rows, size_t lanes, size_t count, const FLUX_T *a,
                  size_t ai, size_t ak, FLUX_T *to)
{
    size_t deep = ak == 1 ? count - count % FLUX_G : 0;
    for (size_t i = 0; i < lanes; i += FLUX_W) {
        size_t some = rows > i ? rows - i : 0;
        const FLUX_T *from = a + i * ai;
        size_t k = 0;
        for (; some >= FLUX_W && k < deep; k += FLUX_G) {
            FLUX_V r[FLUX_G];
            FLUX_UNROLL
            for (size_t q = 0; q < FLUX_G; q++)
                r[q] = FLUX_GATHER(from + k + q * ai, FLUX_G * ai);
            FLUX_TURN(r);
            FLUX_UNROLL
            for (size_t q = 0; q < FLUX_G; q++)
                FLUX_I(storeu)(to + (k + q) * lanes + i, r[q]);
        }
        for (; k < count; k++) {
            FLUX_T *line = to + k * lanes + i;
            if (ai == 1 && some >= FLUX_W)
                FLUX_I(storeu)(line, FLUX_I(loadu)(from + k * ak));
            else if (ai == 1)
                FLUX_I(storeu)(line, FLUX_TAKE(from + k * ak, some));
            else
                for (size_t l = 0; l < FLUX_W; l++)
                    line[l] = l < some ? from[l * ai + k * ak] : (FLUX_T)0;
        }
    }
}

/* One vector, its first n lanes, and one element of what a product writes. */
FLUX_TARGET FLUX_INLINE void
FLUX_P(flux_end)(FLUX_T *to, FLUX_V sum, flux_product_end end)
{
    if (end.kind == FLUX_STEP)
        sum = FLUX_I(mul)(FLUX_I(set1)(-(FLUX_T)end.scale), sum);
    if (end.kind != FLUX_SET)
        sum = FLUX_I(add)(FLUX_I(loadu)(to), sum);
    FLUX_I(storeu)(to, sum);
}

FLUX_TARGET FLUX_INLINE void
FLUX_P(flux_end_some)(FLUX_T *to, FLUX_V sum, size_t n, flux_product_end end)
{
    if (end.kind == FLUX_STEP)
        sum = FLUX_I(mul)(FLUX_I(set1)(-(FLUX_T)end.scale), sum);
    if (end.kind != FLUX_SET)
        sum = FLUX_I(add)(FLUX_TAKE(to, n), sum);
    FLUX_PUT(to, sum, n);
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
FLUX_TARGET FLUX_ONCE void
FLUX_P(flux_put)(size_t rows, size_t lanes, size_t columns, const FLUX_T *total,
                 FLUX_T *c, size_t ci, size_t cj, flux_product_end end)
{
    size_t some = rows % FLUX_W;
    size_t whole = ci == 1 ? rows - some : 0;
    for (size_t j = 0; j < columns; j++) {
        const FLUX_T *from = total + j * lanes;
        FLUX_T *to = c + j * cj;
        for (size_t i = 0; i < whole; i += FLUX_W)
            FLUX_P(flux_end)(to + i, FLUX_I(loadu)(from + i), end);
        if (ci == 1 && some > 0)
            FLUX_P(flux_end_some)
        (to + whole, FLUX_I(loadu)(from + whole), some, end);
        for (size_t i = 0; ci != 1 && i < rows; i++)
            FLUX_P(flux_end_one)(to + i * ci, from[i], end);
    }
}

/* The units of columns of the tile that begins at column j: threes where they
 * fit, for they are the fastest, and never one where two twos do. 0 stands for
 * one column. */
FLUX_INLINE size_t
FLUX_P(flux_units)(flux_order order, size_t columns, size_t j)
{
    size_t left = (columns - j + FLUX_U - 1) / FLUX_U;
    size_t units = left == 2 || left == 4 ? 2 : left < 3 ? left : 3;
    if (order == FLUX_SPLIT4)
        units = 1;
    return units * FLUX_U > columns ? units - 1 : units;
}

/* One panel: rows <= R * W of the product. */
FLUX_TARGET FLUX_ONCE void
FLUX_P(flux_panel)(flux_order order, size_t R, size_t rows, size_t n, size_t k,
                   const FLUX_T *a, size_t ai, size_t ak, const FLUX_T *b,
                   size_t bk, size_t bj, FLUX_T *c, size_t ci, size_t cj,
                   flux_product_end end)
{
    enum { LANES = 2 * FLUX_W, GROUP = 96, SPARE = 3 * FLUX_U };
    FLUX_ALIGNED FLUX_T packed[512 * LANES];
    FLUX_ALIGNED FLUX_T total[(GROUP + SPARE) * LANES];
    FLUX_ALIGNED FLUX_T spare[SPARE * LANES];
    const size_t lanes = R * FLUX_W;
    const size_t odd = (size_t)(uintptr_t)a | ak * sizeof *a;
    const int pack =
        ai != 1 || rows < lanes || (odd % sizeof(FLUX_V) != 0 && n >= 48);
    size_t packed_at = k;
    size_t columns;
    for (size_t j0 = 0; j0 < n; j0 += columns) {
        columns = n - j0 < GROUP + FLUX_U || k <= 512 ? n - j0 : GROUP;
        for (size_t k0 = 0; k0 < k; k0 += 512) {
            size_t length = k - k0 < 512 ? k - k0 : 512;
            const FLUX_T *from = a + k0 * ak;
            if (pack && packed_at != k0)
                FLUX_P(flux_pack)(rows, lanes, length, from, ai, ak, packed);
            packed_at = k0;
            FLUX_T *sums = total;
            size_t wide;
            for (size_t j = 0; j < columns; j += wide) {
                size_t units = FLUX_P(flux_units)(order, columns, j);
                size_t tile = units > 0 ? units * FLUX_U : 1;
                wide = columns - j < tile ? columns - j : tile;
                size_t again = tile - wide; /* columns that were there before */
                FLUX_T *to = c + (j0 + j) * cj;
                FLUX_P(flux_goal) goal;
                int direct = ci == 1 && rows == lanes && again == 0;
                goal.total = k0 > 0 ? sums : NULL;
                goal.base = NULL;
                goal.to = sums;
                goal.step = lanes;
                goal.factor = end.kind == FLUX_STEP ? -(FLUX_T)end.scale : 1;
                if (k0 + length == k && direct) {
                    goal.base = end.kind == FLUX_SET ? NULL : to;
                    goal.to = to;
                    goal.step = cj;
                } else if (k0 + length == k) {
                    goal.to = spare;
                }
                FLUX_P(flux_tile_any)
                (order, R, units, length, pack ? packed : from,
                 pack ? lanes : ak, b + k0 * bk + (j0 + j - again) * bj, bk, bj,
                 &goal);
                if (k0 + length == k && !direct)
                    FLUX_P(flux_put)
                (rows, lanes, wide, spare + again * lanes, to, ci, cj, end);
                sums += tile * lanes;
            }
        }
    }
}

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
    size_t rows;
    for (size_t i0 = 0; i0 < m; i0 += rows) {
        rows = ai == 1 ? ROWS : SOME;
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

/* The whole product; k > 0. */
FLUX_TARGET FLUX_ONCE void
FLUX_P(flux_product)(flux_order order, size_t m, size_t n, size_t k,
                     const FLUX_T *a, size_t ai, size_t ak, const FLUX_T *b,
                     size_t bk, size_t bj, FLUX_T *c, size_t ci, size_t cj,
                     flux_product_end end)
{
    if (k == 1 && ai == 1 && ci == 1) {
        FLUX_P(flux_outer)(m, n, a, b, bj, c, cj, end);
        return;
    }
    if (order == FLUX_SEQ && n < FLUX_U) {
        for (size_t j = 0; j < n; j++)
            FLUX_P(flux_column)
        (m, k, a, ai, ak, b + j * bj, bk, c + j * cj, ci, end);
        return;
    }
    size_t rows;
    for (size_t i = 0; i < m; i += rows) {
        const FLUX_T *from = a + i * ai;
        FLUX_T *to = c + i * ci;
        if (order == FLUX_TREE16) {
            rows = m - i < 4 ? m - i : 4;
            FLUX_P(flux_tree)
            (rows, n, k, from, ai, ak, b, bk, bj, to, ci, cj, end);
            continue;
        }
        size_t R = order == FLUX_SEQ && m - i > FLUX_W ? 2 : 1;
        rows = R * FLUX_W < m - i ? R * FLUX_W : m - i;
        FLUX_P(flux_panel)
        (order, R, rows, n, k, from, ai, ak, b, bk, bj, to, ci, cj, end);
    }
}

#undef FLUX_P
#undef FLUX_I
#undef FLUX_T
#undef FLUX_V
#undef FLUX_W
#undef FLUX_G
#undef FLUX_SOME
#undef FLUX_TAKE
#undef FLUX_PUT
#undef FLUX_GATHER
#undef FLUX_TURN
