/* flux_product_thin_body.h - products that are no matter of tiles, for one
 * element type and one vector instruction set: of one column, and in the order
 * tree16. flux_product_body.h includes it.
 */

/* The terms of one k for R vectors of rows, of which the first has `first`
 * lanes and the last `last`: sum[r] = fma(a[r], b, sum[r]). Where all are
 * WHOLE, no load has a mask, which takes a port of the multiply-adds. */
FLUX_TARGET FLUX_INLINE void
FLUX_P(flux_row_terms)(const int R, const int WHOLE, size_t first, size_t last,
                       const FLUX_T *a, FLUX_T b, FLUX_V *sum)
{
    const FLUX_T *more = a + first;
    const FLUX_T *end = R > 1 ? more + (R - 2) * FLUX_W : a;
    FLUX_V right = FLUX_I(all)(b);
    if (R > 1 && WHOLE)
        sum[0] = FLUX_I(fma_at)(a, right, sum[0]);
    else if (R > 1)
        sum[0] = FLUX_I(fma)(FLUX_I(take)(a, first), right, sum[0]);
    FLUX_UNROLL
    for (int r = 1; r + 1 < R; r++)
        sum[r] = FLUX_I(fma_at)(more + (r - 1) * FLUX_W, right, sum[r]);
    if (WHOLE)
        sum[R - 1] = FLUX_I(fma_at)(end, right, sum[R - 1]);
    else
        sum[R - 1] = FLUX_I(fma)(FLUX_I(take)(end, last), right, sum[R - 1]);
}

/* The sum of one block of terms for these rows and one column, with P
 * accumulators: 1 for seq, 4 for split4. The sums stay in registers. */
FLUX_TARGET FLUX_INLINE void
FLUX_P(flux_row_block)(const size_t P, const int R, const int WHOLE,
                       size_t first, size_t last, size_t count, const FLUX_T *a,
                       size_t ak, const FLUX_T *b, size_t bk, FLUX_V sum[4][9])
{
    FLUX_UNROLL
    for (size_t p = 0; p < P; p++)
        FLUX_UNROLL
    for (int r = 0; r < R; r++)
        sum[p][r] = FLUX_I(all)(0);
    for (; count >= P; count -= P) {
        FLUX_UNROLL
        for (size_t p = 0; p < P; p++)
            FLUX_P(flux_row_terms)
        (R, WHOLE, first, last, a + p * ak, b[p * bk], sum[p]);
        a += P * ak;
        b += P * bk;
    }
    FLUX_UNROLL
    for (size_t p = 0; p + 1 < P; p++)
        if (p < count)
            FLUX_P(flux_row_terms)
    (R, WHOLE, first, last, a + p * ak, b[p * bk], sum[p]);
    FLUX_UNROLL
    for (int r = 0; r < R; r++)
        if (P == 4)
            sum[0][r] = (sum[0][r] + sum[1][r]) + (sum[2][r] + sum[3][r]);
}

/* Some lanes of a vector, and 0. */
FLUX_TARGET FLUX_INLINE FLUX_V
FLUX_P(flux_load)(const FLUX_T *from, size_t lanes)
{
    if (lanes == FLUX_W)
        return FLUX_AT(from);
    return FLUX_I(take)(from, lanes);
}

/* Stores some lanes of a vector: a store under a mask would hold up loads of
 * it, so whole ones have none. */
FLUX_TARGET FLUX_INLINE void
FLUX_P(flux_store)(FLUX_T *to, FLUX_V sum, size_t lanes)
{
    if (lanes == FLUX_W)
        FLUX_AT(to) = sum;
    else
        FLUX_I(put)(to, sum, lanes);
}

/* c + sum in place of sum, for R vectors of rows. */
FLUX_TARGET FLUX_INLINE void
FLUX_P(flux_rows_add)(const int R, size_t first, size_t last, const FLUX_T *c,
                      FLUX_V *sum)
{
    const FLUX_T *end = R > 1 ? c + first + (R - 2) * FLUX_W : c;
    if (R > 1)
        sum[0] = FLUX_P(flux_load)(c, first) + sum[0];
    FLUX_UNROLL
    for (int r = 1; r + 1 < R; r++)
        sum[r] = FLUX_AT(c + first + (r - 1) * FLUX_W) + sum[r];
    sum[R - 1] = FLUX_P(flux_load)(end, last) + sum[R - 1];
}

FLUX_INLINE int
FLUX_P(flux_is_epilogue)(const flux_product_end *end)
{
    return FLUX_USED_EPILOGUES && end != NULL && end->kind == FLUX_EPILOGUE;
}

/* All terms of R vectors of rows, block by block. */
FLUX_TARGET FLUX_INLINE void
FLUX_P(flux_rows)(const size_t P, const int R, const int WHOLE, size_t first,
                  size_t last, size_t k, const FLUX_T *a, size_t ak,
                  const FLUX_T *b, size_t bk, FLUX_T *c,
                  const flux_product_end *end)
{
    FLUX_V total[9];
    FLUX_UNROLL
    for (int r = 0; r < R; r++)
        total[r] = FLUX_I(all)(0);
    for (size_t k0 = 0; k0 < k; k0 += 512) {
        FLUX_V sum[4][9];
        FLUX_P(flux_row_block)
        (P, R, WHOLE, first, last, k - k0 < 512 ? k - k0 : 512, a + k0 * ak, ak,
         b + k0 * bk, bk, sum);
        FLUX_UNROLL
        for (int r = 0; r < R; r++)
            total[r] = total[r] + sum[0][r];
    }
    FLUX_ALIGNED FLUX_T sums[9 * FLUX_W];
    const size_t rows = R > 1 ? first + (size_t)(R - 2) * FLUX_W + last : last;
    const FLUX_E(flux_epilogue) *epilogue = NULL;
    if (FLUX_P(flux_is_epilogue)(end)) {
        epilogue = (const FLUX_E(flux_epilogue) *)end->by;
        if (epilogue->kind < FLUX_DRELU && epilogue->x != NULL)
            FLUX_P(flux_rows_add)(R, first, last, epilogue->x, total);
        end = NULL;
    }
    if (end != NULL && end->kind == FLUX_ADD) {
        FLUX_P(flux_rows_add)(R, first, last, c, total);
        end = NULL; /* what is left is to store them */
    }
    FLUX_T *to = end == NULL ? c : sums;
    if (R > 1)
        FLUX_P(flux_store)(to, total[0], first);
    FLUX_UNROLL
    for (int r = 1; r + 1 < R; r++)
        FLUX_AT(to + first + (r - 1) * FLUX_W) = total[r];
    FLUX_P(flux_store)(to + rows - last, total[R - 1], last);
    if (end != NULL)
        FLUX_P(flux_put)(rows, 0, 1, sums, c, 1, 0, *end);
    if (epilogue != NULL && epilogue->kind != FLUX_BIAS)
        FLUX_P(flux_epilogue)
    (epilogue->kind, rows, 1, c, rows,
     epilogue->kind < FLUX_DRELU ? NULL : epilogue->x, rows);
}

/* An epilogue of sums that are stored. */
FLUX_TARGET FLUX_STATIC void
FLUX_P(flux_column_ended)(size_t rows, FLUX_T *c, const flux_product_end *end)
{
    const FLUX_E(flux_epilogue) *e = (const FLUX_E(flux_epilogue) *)end->by;
    FLUX_P(flux_epilogue)(e->kind, rows, 1, c, rows, e->x, rows);
}

/* How many elements of a column of `a` are in the cache line before the one
 * that vectors begin with: of large operands, these begin where lines do. */
FLUX_INLINE size_t
FLUX_P(flux_odd)(size_t m, size_t k, const FLUX_T *a, size_t ak)
{
    const int large = ak % FLUX_W == 0 && m * k >= 8192;
    return large ? (size_t)(uintptr_t)a / sizeof *a % FLUX_W : 0;
}

/* The same for up to four vectors of rows. */
FLUX_TARGET FLUX_ONCE void
FLUX_P(flux_few_rows)(size_t first, size_t rows, size_t k, const FLUX_T *a,
                      size_t ak, const FLUX_T *b, size_t bk, FLUX_T *c,
                      const flux_product_end *end)
{
    const size_t R = 1 + (rows - first + FLUX_W - 1) / FLUX_W;
    const size_t last = R > 1 ? rows - first - (R - 2) * FLUX_W : first;
    if (R == 4 && first == FLUX_W && last == FLUX_W)
        FLUX_P(flux_rows)(1, 4, 1, FLUX_W, FLUX_W, k, a, ak, b, bk, c, end);
    else if (R == 4)
        FLUX_P(flux_rows)(1, 4, 0, first, last, k, a, ak, b, bk, c, end);
    else if (R == 3)
        FLUX_P(flux_rows)(1, 3, 0, first, last, k, a, ak, b, bk, c, end);
    else if (R == 2)
        FLUX_P(flux_rows)(1, 2, 0, first, last, k, a, ak, b, bk, c, end);
    else
        FLUX_P(flux_rows)(1, 1, 0, first, last, k, a, ak, b, bk, c, end);
}

/* The same for any number of them, up to nine vectors at a time. */
FLUX_TARGET FLUX_ONCE void
FLUX_P(flux_many_rows)(size_t first, size_t rows, size_t k, const FLUX_T *a,
                       size_t ak, const FLUX_T *b, size_t bk, FLUX_T *c,
                       const flux_product_end *end)
{
    while (rows > 0) {
        const size_t left = 1 + (rows - first + FLUX_W - 1) / FLUX_W;
        const size_t R = left > 9               ? 8
                         : left > 4 && left < 8 ? (left + 1) / 2
                                                : left;
        const size_t lanes = first + (R - 1) * FLUX_W;
        const size_t some = lanes < rows ? lanes : rows;
        const size_t last = FLUX_W - (lanes - some);
        if (R < 8)
            FLUX_P(flux_few_rows)(first, some, k, a, ak, b, bk, c, end);
        else if (R == 8 && lanes == some && first == FLUX_W)
            FLUX_P(flux_rows)(1, 8, 1, FLUX_W, FLUX_W, k, a, ak, b, bk, c, end);
        else if (R == 8)
            FLUX_P(flux_rows)(1, 8, 0, first, last, k, a, ak, b, bk, c, end);
        else
            FLUX_P(flux_rows)(1, 9, 0, first, last, k, a, ak, b, bk, c, end);
        a += some;
        c += some;
        rows -= some;
        first = rows < FLUX_W ? rows : FLUX_W;
    }
}

/* A product of one column, whose rows are contiguous, in the order seq: they
 * are read from begin to end, and their sums stay in registers. This and the
 * next only choose: what they jump to has its arguments where theirs are. */
FLUX_TARGET FLUX_ONCE void
FLUX_P(flux_column_seq)(flux_isa isa, size_t rows, size_t k, const FLUX_T *a,
                        size_t ak, const FLUX_T *b, size_t bk, FLUX_T *c,
                        const flux_product_end *end)
{
    const size_t whole = FLUX_W - FLUX_P(flux_odd)(rows, k, a, ak);
    const size_t first = rows < whole ? rows : whole;
    (void)isa;
    if (rows <= first + 3 * FLUX_W)
        FLUX_P(flux_few_rows)(first, rows, k, a, ak, b, bk, c, end);
    else if (FLUX_P(flux_is_epilogue)(end) &&
             (rows <= first + 6 * FLUX_W || rows > first + 8 * FLUX_W)) {
        /* Not at a time. */
        FLUX_P(flux_many_rows)(first, rows, k, a, ak, b, bk, c, NULL);
        FLUX_P(flux_column_ended)(rows, c, end);
    } else
        FLUX_P(flux_many_rows)(first, rows, k, a, ak, b, bk, c, end);
}

/* The same in the order split4, a vector of rows at a time. */
FLUX_TARGET FLUX_ONCE void
FLUX_P(flux_split_rows)(flux_isa isa, size_t rows, size_t k, const FLUX_T *a,
                        size_t ak, const FLUX_T *b, size_t bk, FLUX_T *c,
                        const flux_product_end *end)
{
    (void)isa;
    for (size_t i = 0, lanes; i < rows; i += lanes) {
        lanes = rows - i < FLUX_W ? rows - i : FLUX_W;
        FLUX_P(flux_rows)
        (4, 1, 0, lanes, lanes, k, a + i, ak, b, bk, c + i, end);
    }
}

/* That of one vector and one block of terms, as of ten classes, stored or with
 * ADD added: it is so short that registers which were saved before it hold it
 * up. */
FLUX_TARGET FLUX_INLINE void
FLUX_P(flux_split_one)(const int ADD, size_t rows, size_t k, const FLUX_T *a,
                       size_t ak, const FLUX_T *b, size_t bk, FLUX_T *c)
{
    FLUX_V sum[4][9];
    FLUX_P(flux_row_block)(4, 1, 0, rows, rows, k, a, ak, b, bk, sum);
    sum[0][0] = FLUX_I(all)(0) + sum[0][0];
    if (ADD)
        FLUX_P(flux_rows_add)(1, 0, rows, c, sum[0]);
    FLUX_P(flux_store)(c, sum[0][0], rows);
}

FLUX_TARGET FLUX_ONCE void
FLUX_P(flux_split_row)(flux_isa isa, size_t rows, size_t k, const FLUX_T *a,
                       size_t ak, const FLUX_T *b, size_t bk, FLUX_T *c,
                       const flux_product_end *end)
{
    (void)isa, (void)end;
    FLUX_P(flux_split_one)(0, rows, k, a, ak, b, bk, c);
}

FLUX_TARGET FLUX_ONCE void
FLUX_P(flux_split_row_add)(flux_isa isa, size_t rows, size_t k, const FLUX_T *a,
                           size_t ak, const FLUX_T *b, size_t bk, FLUX_T *c,
                           const flux_product_end *end)
{
    (void)isa, (void)end;
    FLUX_P(flux_split_one)(1, rows, k, a, ak, b, bk, c);
}

FLUX_TARGET FLUX_ONCE void
FLUX_P(flux_column_split)(flux_isa isa, size_t rows, size_t k, const FLUX_T *a,
                          size_t ak, const FLUX_T *b, size_t bk, FLUX_T *c,
                          const flux_product_end *end)
{
    const int one = rows <= FLUX_W && k <= 512;
    if (one && end == NULL)
        FLUX_P(flux_split_row)(isa, rows, k, a, ak, b, bk, c, end);
    else if (one && end->kind == FLUX_ADD)
        FLUX_P(flux_split_row_add)(isa, rows, k, a, ak, b, bk, c, end);
    else if (rows > FLUX_W && FLUX_P(flux_is_epilogue)(end)) {
        FLUX_P(flux_split_rows)(isa, rows, k, a, ak, b, bk, c, NULL);
        FLUX_P(flux_column_ended)(rows, c, end);
    } else
        FLUX_P(flux_split_rows)(isa, rows, k, a, ak, b, bk, c, end);
}

/* One of them. */
FLUX_TARGET FLUX_INLINE void
FLUX_P(flux_column_rows)(flux_order order, size_t rows, size_t k,
                         const FLUX_T *a, size_t ak, const FLUX_T *b, size_t bk,
                         FLUX_T *c, const flux_product_end *end)
{
    const flux_isa any = FLUX_ISA_PLAIN; /* of no account */
    if (order == FLUX_SPLIT4)
        FLUX_P(flux_column_split)(any, rows, k, a, ak, b, bk, c, end);
    else
        FLUX_P(flux_column_seq)(any, rows, k, a, ak, b, bk, c, end);
}

/* sum[i] = fma(a[i + k ak], b[k bk], sum[i]) for k < K in order, i < rows. */
FLUX_TARGET FLUX_INLINE void
FLUX_P(flux_lines)(const int K, size_t rows, size_t first, const FLUX_T *a,
                   size_t ak, const FLUX_T *b, size_t bk, FLUX_T *sum)
{
    FLUX_V right[4];
    FLUX_UNROLL
    for (int k = 0; k < K; k++)
        right[k] = FLUX_I(all)(b[(size_t)k * bk]);
    for (size_t i = 0, lanes = first; i < rows; i += lanes) {
        FLUX_V s = FLUX_AT(sum + i);
        lanes = i == 0 ? first : rows - i < FLUX_W ? rows - i : FLUX_W;
        if (lanes == FLUX_W) {
            FLUX_UNROLL
            for (int k = 0; k < K; k++)
                s = FLUX_I(fma_at)(a + (size_t)k * ak + i, right[k], s);
            FLUX_AT(sum + i) = s;
        } else {
            FLUX_UNROLL
            for (int k = 0; k < K; k++)
                s = FLUX_I(fma)(FLUX_I(take)(a + (size_t)k * ak + i, lanes),
                                right[k], s);
            FLUX_I(put)(sum + i, s, lanes);
        }
    }
}

/* The same for `count` terms. */
FLUX_TARGET FLUX_ONCE void
FLUX_P(flux_lines_all)(size_t rows, size_t first, size_t count, const FLUX_T *a,
                       size_t ak, const FLUX_T *b, size_t bk, FLUX_T *sum)
{
    for (; count >= 4; count -= 4) {
        FLUX_P(flux_lines)(4, rows, first, a, ak, b, bk, sum);
        a += 4 * ak;
        b += 4 * bk;
    }
    for (; count > 0; count--) {
        FLUX_P(flux_lines)(1, rows, first, a, ak, b, bk, sum);
        a += ak;
        b += bk;
    }
}

/* Rows of a column at a time, and elements of `a` in the buffer that takes rows
 * which are not contiguous. */
enum { FLUX_P(FLUX_ROWS) = 1024, FLUX_P(FLUX_PACKED) = 8 * FLUX_W * 32 };

/* total[i] += the sum of one block of terms, added to sums in memory: for many
 * rows, whose columns are read one after another, or for some, `ai` apart. */
FLUX_TARGET FLUX_ONCE void
FLUX_P(flux_column_lines)(size_t rows, size_t first, size_t count,
                          const FLUX_T *a, size_t ai, size_t ak,
                          const FLUX_T *b, size_t bk, FLUX_T *total)
{
    FLUX_ALIGNED FLUX_T sum[FLUX_P(FLUX_ROWS) + FLUX_W];
    FLUX_ALIGNED FLUX_T packed[FLUX_P(FLUX_PACKED)];
    const size_t lanes = (rows + FLUX_W - 1) / FLUX_W * FLUX_W;
    const size_t deep = ai == 1 ? count : FLUX_P(FLUX_PACKED) / lanes;
    for (size_t i = 0; i < lanes; i++)
        sum[i] = 0;
    for (size_t k = 0; k < count; k += deep) {
        const size_t some = count - k < deep ? count - k : deep;
        const FLUX_T *from = a + k * ak;
        if (ai != 1)
            FLUX_P(flux_pack)(rows, lanes, some, from, ai, ak, packed);
        FLUX_P(flux_lines_all)
        (ai == 1 ? rows : lanes, first, some, ai == 1 ? from : packed,
         ai == 1 ? ak : lanes, b + k * bk, bk, sum);
    }
    for (size_t i = 0; i < lanes; i++)
        total[i] = total[i] + sum[i];
}

/* A product of one column whose sums go through a buffer. */
FLUX_TARGET FLUX_ONCE void
FLUX_P(flux_column_far)(flux_order order, size_t m, size_t k, const FLUX_T *a,
                        size_t ai, size_t ak, const FLUX_T *b, size_t bk,
                        FLUX_T *c, size_t ci, flux_product_end end)
{
    FLUX_ALIGNED FLUX_T total[FLUX_P(FLUX_ROWS) + FLUX_W];
    const int lines = ai != 1 || FLUX_E(flux_is_tall)(order, m);
    const size_t odd = ai == 1 ? FLUX_P(flux_odd)(m, k, a, ak) : 0;
    const size_t most = ai == 1 ? FLUX_P(FLUX_ROWS) : 8 * FLUX_W;
    size_t rows;
    for (size_t i = 0; i < m; i += rows) {
        const size_t whole = FLUX_W - (i == 0 ? odd : 0);
        rows = most - FLUX_W + whole;
        rows = m - i < rows ? m - i : rows;
        const size_t lanes = (rows + FLUX_W - 1) / FLUX_W * FLUX_W;
        for (size_t l = 0; l < lanes; l++)
            total[l] = 0;
        const size_t first = rows < whole ? rows : whole;
        const int turned = lines && ak == 1 && k >= FLUX_G && rows >= FLUX_W;
        if (turned)
            FLUX_P(flux_column_turned)(rows, k, a + i * ai, ai, b, bk, total);
        if (!lines)
            FLUX_P(flux_column_rows)
        (order, rows, k, a + i, ak, b, bk, total, NULL);
        for (size_t k0 = 0; lines && !turned && k0 < k; k0 += 512)
            FLUX_P(flux_column_lines)
        (rows, ai == 1 ? first : FLUX_W, k - k0 < 512 ? k - k0 : 512,
         a + i * ai + k0 * ak, ai, ak, b + k0 * bk, bk, total);
        FLUX_P(flux_put)(rows, lanes, 1, total, c + i * ci, ci, 0, end);
    }
}

/* A product of one column: in the order seq, or in split4 where its rows are
 * contiguous. */
FLUX_TARGET FLUX_ONCE void
FLUX_P(flux_column)(flux_order order, size_t m, size_t k, const FLUX_T *a,
                    size_t ai, size_t ak, const FLUX_T *b, size_t bk, FLUX_T *c,
                    size_t ci, flux_product_end end)
{
    if (ai != 1 || ci != 1 || FLUX_E(flux_is_tall)(order, m))
        FLUX_P(flux_column_far)(order, m, k, a, ai, ak, b, bk, c, ci, end);
    else
        FLUX_P(flux_column_rows)
    (order, m, k, a, ak, b, bk, c, end.kind == FLUX_SET ? NULL : &end);
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
        sum[i][v] = FLUX_AT(lane[i] + v * FLUX_W);
    for (size_t k = 0; k < length; k += 16)
        FLUX_UNROLL
    for (int v = 0; v < 16 / FLUX_W; v++) {
        FLUX_V right = FLUX_AT(b + k + v * FLUX_W);
        FLUX_UNROLL
        for (int i = 0; i < 4; i++)
            sum[i][v] =
                FLUX_I(fma_at)(row[i] + k + v * FLUX_W, right, sum[i][v]);
    }
    FLUX_UNROLL
    for (int i = 0; i < 4; i++)
        FLUX_UNROLL
    for (int v = 0; v < 16 / FLUX_W; v++)
        FLUX_AT(lane[i] + v * FLUX_W) = sum[i][v];
}

/* Up to four rows of the product in the order tree16. */
FLUX_TARGET FLUX_STATIC void
FLUX_P(flux_tree_four)(size_t rows, size_t n, size_t k, const FLUX_T *a,
                       size_t ai, size_t ak, const FLUX_T *b, size_t bk,
                       size_t bj, FLUX_T *c, size_t ci, size_t cj,
                       flux_product_end end)
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

/* The whole product in the order tree16; k > 0. */
FLUX_TARGET FLUX_ONCE void
FLUX_P(flux_tree)(size_t m, size_t n, size_t k, const FLUX_T *a, size_t ai,
                  size_t ak, const FLUX_T *b, size_t bk, size_t bj, FLUX_T *c,
                  size_t ci, size_t cj, flux_product_end end)
{
    for (size_t i = 0; i < m; i += 4)
        FLUX_P(flux_tree_four)
    (m - i < 4 ? m - i : 4, n, k, a + i * ai, ai, ak, b, bk, bj, c + i * ci, ci,
     cj, end);
}
