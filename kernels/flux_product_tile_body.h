/* flux_product_tile_body.h - the tiles of a matrix product, and what becomes of
 * their sums, for one element type and one vector instruction set, in the
 * macros of flux_vector_body.h.
 *
 * A tile is R vectors of rows by J columns. Its sums stay in registers from
 * their first term to what becomes of them; only sums of several blocks have
 * totals in memory. A tile knows no tails.
 */

/* Columns of `b` that are copied at a time. */
enum { FLUX_P(FLUX_BESIDE) = 192 / (int)sizeof(FLUX_T) };

/* A tile's gradients that wait for an optimiser's step: `columns` of two
 * vectors, the first that of element `at`, where columns are `step` apart. */
typedef struct {
    const FLUX_E(flux_optimiser) * optimiser;
    FLUX_T *sum;
    size_t at;
    size_t step;
    size_t columns; /* 0: none waits */
    size_t ahead;   /* from an element to that which is asked for */
    int far;        /* parameters may be in no near cache */
} FLUX_P(flux_late);

/* Where the sums of a tile go: to = base + factor (total + sum), where nothing
 * stands for +0. Columns of base and to are `step` apart, of total those of a
 * tile, one after another. */
typedef struct {
    const FLUX_T *total;
    const FLUX_T *base;
    FLUX_T *to;
    size_t step;
    FLUX_T factor;
    FLUX_T *left;  /* where the rows of `a` go as they are read, or NULL */
    FLUX_T *right; /* where columns of `b` go, from its own on, or NULL */
    size_t ahead;  /* from rows of `a` to those that are asked for */
    size_t in;     /* rows of the last vector that are read */
    size_t out;    /* and that are written; all, unless FLUX_MASKS */
    int first;     /* no tile has read the rows of `a` */
    int steps;     /* to = base - eta (+0 + sum), with eta = -factor above 0
                    * and base the same as to */
    int late;      /* what goes to `to` waits for an optimiser's step */
    int far;       /* base may be in no near cache */
    const FLUX_E(flux_epilogue) * epilogue; /* or NULL */
    const FLUX_T *x;                        /* the epilogue's, of this tile */
} FLUX_P(flux_goal);

/* A vector of rows; of the last one of a tile, with MASK, `some` alone. */
FLUX_TARGET FLUX_INLINE FLUX_V
FLUX_P(flux_take_rows)(const int MASK, const FLUX_T *p, uint16_t some)
{
    if (MASK)
        return FLUX_I(take_some)(p, some);
    return FLUX_AT(p);
}

FLUX_TARGET FLUX_INLINE void
FLUX_P(flux_put_rows)(const int MASK, FLUX_T *p, FLUX_V v, uint16_t some)
{
    if (MASK)
        FLUX_I(put_some)(p, v, some);
    else
        FLUX_AT(p) = v;
}

#include "kernels/flux_product_epilogue_body.h"

/* Sums to their goal; ENDS: an epilogue may be made on the way. R, J and MASK
 * are constants where this is inlined; so they are in the functions below. */
FLUX_TARGET FLUX_INLINE void
FLUX_P(flux_reach_rows)(const int ENDS, const int R, const int J,
                        const int MASK, FLUX_V *sum,
                        const FLUX_P(flux_goal) * goal)
{
    const FLUX_T *total = goal->total;
    const FLUX_T *base = goal->base;
    FLUX_T *to = goal->to;
    const size_t step = goal->step;
    const uint16_t out = MASK ? FLUX_I(some)(goal->out) : 0;
    if (total) {
        FLUX_UNROLL
        for (int i = 0; i < R * J; i++)
            sum[i] = FLUX_AT(total + i * FLUX_W) + sum[i];
    } else {
        FLUX_UNROLL
        for (int i = 0; i < R * J; i++)
            sum[i] = FLUX_I(all)(0) + sum[i];
    }
    if (base) {
        const FLUX_V factor = FLUX_I(all)(goal->factor);
        FLUX_UNROLL
        for (int i = 0; i < R * J; i++) {
            const int m = MASK && i % R == R - 1;
            const FLUX_T *p = base + i % R * FLUX_W;
            sum[i] = FLUX_P(flux_take_rows)(m, p, out) + factor * sum[i];
            base += i % R == R - 1 ? step : 0;
        }
    }
    if (ENDS && FLUX_USED_EPILOGUES && goal->epilogue)
        FLUX_P(flux_end_rows)(R, J, MASK, sum, goal);
    FLUX_UNROLL
    for (int i = 0; i < R * J; i++) {
        const int m = MASK && i % R == R - 1;
        FLUX_P(flux_put_rows)(m, to + i % R * FLUX_W, sum[i], out);
        to += i % R == R - 1 ? step : 0;
    }
}

FLUX_TARGET FLUX_INLINE void
FLUX_P(flux_reach)(const int R, const int J, FLUX_V *sum,
                   const FLUX_P(flux_goal) * goal)
{
    FLUX_P(flux_reach_rows)(0, R, J, 0, sum, goal);
}

/* No terms yet, and every third column; and on to the next term. */
FLUX_TARGET FLUX_INLINE void
FLUX_P(flux_begin)(const int R, const int J, const FLUX_T *b, size_t bj,
                   const FLUX_T **third, FLUX_V *sum)
{
    FLUX_UNROLL
    for (int i = 0; i < R * J; i++)
        sum[i] = FLUX_I(all)(0);
    FLUX_UNROLL
    for (int t = 0; t < (J + 2) / 3; t++)
        third[t] = b + (size_t)(3 * t) * bj;
}

FLUX_TARGET FLUX_INLINE void
FLUX_P(flux_advance)(const int J, size_t bk, const FLUX_T **third)
{
    FLUX_UNROLL
    for (int t = 0; t < (J + 2) / 3; t++)
        third[t] += bk;
}

/* Opaque pointers: compilers make others of them, for which they add more often
 * in each turn, clang a dozen times. Such additions take the ports of
 * multiply-adds now and then: 2 % of a step's tiles. Where four turns are one
 * they had better make their own. */
FLUX_TARGET FLUX_INLINE void
FLUX_P(flux_settle)(const int J, const FLUX_T **third)
{
    FLUX_UNROLL
    for (int t = 0; t < (J + 2) / 3; t++)
        __asm__("" : "+r"(third[t]));
}

/* The terms of one k for a tile: sum[j][r] = fma(a[r], b[j], sum[j][r]).
 * Columns are counted from every third one: few pointers, short addresses. */
FLUX_TARGET FLUX_INLINE void
FLUX_P(flux_terms_of)(const int R, const int J, FLUX_V row0, FLUX_V row1,
                      const FLUX_T *const *third, size_t bk, size_t bj,
                      FLUX_V *sum)
{
    FLUX_UNROLL
    for (int j = 0; j < J; j++) {
        FLUX_T right = third[j / 3][bk + (size_t)(j % 3) * bj];
        sum[j * R] = FLUX_I(fma_all)(row0, right, sum[j * R]);
        if (R == 2)
            sum[j * R + 1] = FLUX_I(fma_all)(row1, right, sum[j * R + 1]);
    }
}

FLUX_TARGET FLUX_INLINE void
FLUX_P(flux_terms)(const int R, const int J, const FLUX_T *a,
                   const FLUX_T *const *third, size_t bk, size_t bj,
                   FLUX_V *sum)
{
    FLUX_P(flux_terms_of)
    (R, J, FLUX_I(loaded)(FLUX_AT(a)),
     FLUX_I(loaded)(FLUX_AT(a + (R - 1) * FLUX_W)), third, bk, bj, sum);
}

/* The last term of a tile that becomes to = base - eta (+0 + sum), with eta
 * above 0, a column at a time: stores that wait for all columns would hold up
 * the next tile.
 *
 * fma(eta, sum, +0) has the bits of eta (+0 + sum). Where sum is not zero, +0
 * takes nothing from the exact product, and it is rounded once either way, be
 * that to a subnormal, to a zero of its sign, to Inf or NaN. Where sum is +0 or
 * -0, both are +0, or NaN if eta is Inf. */
FLUX_TARGET FLUX_INLINE void
FLUX_P(flux_step)(const int J, const int MASK, const FLUX_T *a,
                  const FLUX_T *const *third, size_t bj, FLUX_V *sum,
                  const FLUX_P(flux_goal) * goal)
{
    const FLUX_V eta = FLUX_I(all)(-goal->factor), zero = FLUX_I(all)(0);
    const FLUX_V row[2] = {FLUX_AT(a), FLUX_AT(a + FLUX_W)};
    const uint16_t out = MASK ? FLUX_I(some)(goal->out) : 0;
    FLUX_T *to = goal->to; /* base is the same here */
    size_t step = goal->step;
    /* An opaque value: gcc neither reads it again after each store, nor makes
     * its multiples before the loop of terms, which has no register left. */
    __asm__("" : "+r"(step));
    FLUX_UNROLL
    for (int j = 0; j < J; j++) {
        const FLUX_T right = third[j / 3][(size_t)(j % 3) * bj];
        FLUX_UNROLL
        for (int r = 0; r < 2; r++) {
            FLUX_T *p = to + r * FLUX_W;
            const FLUX_V old = FLUX_P(flux_take_rows)(MASK && r, p, out);
            const FLUX_V all = FLUX_I(fma_all)(row[r], right, sum[2 * j + r]);
            FLUX_P(flux_put_rows)
            (MASK && r, p, old - FLUX_I(fma_on)(eta, all, zero), out);
        }
        to += step;
    }
}

/* Asks for rows of `a` that are read some hundred cycles later: another core
 * may have written them, and have them in its caches. */
FLUX_TARGET FLUX_INLINE void
FLUX_P(flux_ask)(const FLUX_T *a)
{
    __builtin_prefetch(a, 0, 2);
    __builtin_prefetch(a + 2 * FLUX_W - 1, 0, 2);
}

/* Copies rows of `a`, which may begin in the middle of a cache line, and asks
 * for later ones, also near ones: no more than the 12 lines that the first
 * cache has for rows that lie a page apart. */
FLUX_TARGET FLUX_INLINE void
FLUX_P(flux_carry)(FLUX_V row0, FLUX_V row1, const FLUX_T *a, size_t ak,
                   FLUX_T *to)
{
    FLUX_AT(to) = row0;
    FLUX_AT(to + FLUX_W) = row1;
    __builtin_prefetch(a + 8 * ak);
    __builtin_prefetch(a + 8 * ak + 2 * FLUX_W - 1);
    __builtin_prefetch(a + 40 * ak + FLUX_W, 0, 2);
}

/* Copies a term of contiguous columns of `b`, and asks for those of one that
 * is read soon. */
FLUX_TARGET FLUX_INLINE void
FLUX_P(flux_lay)(const FLUX_T *b, size_t bk, FLUX_T *to)
{
    enum { BESIDE = FLUX_P(FLUX_BESIDE), LINE = 64 / (int)sizeof *b };
    FLUX_UNROLL
    for (int j = 0; j < BESIDE; j += FLUX_W)
        FLUX_AT(to + j) = FLUX_AT(b + j);
    FLUX_UNROLL
    for (int j = 0; j < BESIDE; j += LINE)
        __builtin_prefetch(b + 8 * bk + j);
    __builtin_prefetch(b + 8 * bk + BESIDE - 1);
}

/* A tile of `count` terms. Where COPIES, rows of `a` are copied on the way, or
 * columns of `b`, if that is asked for; where MASK, the last vector may be part
 * of one. */
FLUX_TARGET FLUX_INLINE void
FLUX_P(flux_tile)(const int R, const int J, const int COPIES, const int MASK,
                  size_t count, const FLUX_T *a, size_t ak, const FLUX_T *b,
                  size_t bk, size_t bj, const FLUX_P(flux_goal) * goal)
{
    FLUX_T *left = goal->left;
    FLUX_T *right = goal->right;
    const int steps = R == 2 && !COPIES && goal->steps;
    const uint16_t in = COPIES && MASK ? FLUX_I(some)(goal->in) : 0;
    FLUX_V sum[26];
    const FLUX_T *third[5];
    FLUX_P(flux_begin)(R, J, b, bj, third, sum);
    if (goal->base && goal->far) {
        const FLUX_T *base = goal->base;
        FLUX_UNROLL
        for (int i = 0; i < R * J; i++) {
            __builtin_prefetch(base + i % R * FLUX_W);
            base += i % R == R - 1 ? goal->step : 0;
        }
    }
    for (count -= steps ? 1 : 0; count > 0; count--) {
        const FLUX_V row0 = FLUX_AT(a);
        const FLUX_V row1 =
            FLUX_P(flux_take_rows)(COPIES && MASK, a + (R - 1) * FLUX_W, in);
        FLUX_P(flux_terms_of)(R, J, row0, row1, third, 0, bj, sum);
        if (COPIES && left) {
            FLUX_P(flux_carry)(row0, row1, a, ak, left);
            left += 2 * FLUX_W;
        } else if (COPIES)
            FLUX_P(flux_ask)(a + goal->ahead);
        if (COPIES && right) {
            FLUX_P(flux_lay)(third[0], bk, right);
            right += FLUX_P(FLUX_BESIDE);
        }
        a += ak;
        FLUX_P(flux_advance)(J, bk, third);
        FLUX_P(flux_settle)(J, third);
    }
    if (steps)
        FLUX_P(flux_step)(J, MASK, a, third, bj, sum, goal);
    else
        FLUX_P(flux_reach_rows)(R == 2, R, J, MASK, sum, goal);
}

/* The same in the order split4. */
FLUX_TARGET FLUX_INLINE void
FLUX_P(flux_split)(const int R, const int J, size_t count, const FLUX_T *a,
                   size_t ak, const FLUX_T *b, size_t bk, size_t bj,
                   const FLUX_P(flux_goal) * goal)
{
    FLUX_V sum[4][6];
    const FLUX_T *third[2];
    FLUX_UNROLL
    for (int p = 0; p < 4; p++)
        FLUX_UNROLL
    for (int i = 0; i < R * J; i++)
        sum[p][i] = FLUX_I(all)(0);
    third[0] = b;
    third[1] = b + (J > 3 ? 3 * bj : 0);
    for (; count >= 4; count -= 4) {
        FLUX_UNROLL
        for (int p = 0; p < 4; p++) {
            FLUX_P(flux_terms)(R, J, a, third, 0, bj, sum[p]);
            a += ak;
            FLUX_P(flux_advance)(J, bk, third);
        }
    }
    FLUX_UNROLL
    for (int p = 0; p < 3; p++) {
        if (count == 0)
            break;
        FLUX_P(flux_terms)(R, J, a, third, 0, bj, sum[p]);
        a += ak;
        FLUX_P(flux_advance)(J, bk, third);
        count--;
    }
    FLUX_UNROLL
    for (int i = 0; i < R * J; i++)
        sum[0][i] = (sum[0][i] + sum[1][i]) + (sum[2][i] + sum[3][i]);
    FLUX_P(flux_reach_rows)(0, R, J, FLUX_MASKS, sum[0], goal);
}

/* A tile of that order; of one vector, by a unit of columns, or by one column
 * where J = 0. */
FLUX_TARGET FLUX_ONCE void
FLUX_P(flux_tile_split)(size_t R, size_t J, size_t count, const FLUX_T *a,
                        size_t ak, const FLUX_T *b, size_t bk, size_t bj,
                        const FLUX_P(flux_goal) * goal)
{
    if (FLUX_U == 4 && R == 2 && J == 1)
        FLUX_P(flux_split)(2, 3, count, a, ak, b, bk, bj, goal);
    else if (FLUX_U == 4 && R == 2)
        FLUX_P(flux_split)(2, 2, count, a, ak, b, bk, bj, goal);
    else if (J == 0)
        FLUX_P(flux_split)(1, 1, count, a, ak, b, bk, bj, goal);
    else
        FLUX_P(flux_split)(1, FLUX_U, count, a, ak, b, bk, bj, goal);
}

/* The tile of R vectors by J units of columns, or by flux_wide of them. */
FLUX_TARGET FLUX_ONCE void
FLUX_P(flux_tile_any)(flux_order order, size_t R, size_t J, size_t count,
                      const FLUX_T *a, size_t ak, const FLUX_T *b, size_t bk,
                      size_t bj, const FLUX_P(flux_goal) * goal)
{
    enum { U = FLUX_U, M = FLUX_MASKS };
    if (order == FLUX_SPLIT4)
        FLUX_P(flux_tile_split)(R, J, count, a, ak, b, bk, bj, goal);
    else if (FLUX_U == 4 && J == 4)
        FLUX_P(flux_tile)(2, 3 * U + 1, 0, 0, count, a, ak, b, bk, bj, goal);
    else if (R == 2 && J == 3 && (goal->first || goal->right))
        FLUX_P(flux_tile)(2, 3 * U, 1, 0, count, a, ak, b, bk, bj, goal);
    else if (R == 2 && J == 3)
        FLUX_P(flux_tile)(2, 3 * U, 0, 0, count, a, ak, b, bk, bj, goal);
    else if (R == 2 && J == 2)
        FLUX_P(flux_tile)(2, 2 * U, 0, M, count, a, ak, b, bk, bj, goal);
    else if (R == 2)
        FLUX_P(flux_tile)(2, U, 0, M, count, a, ak, b, bk, bj, goal);
    else if (J == 3)
        FLUX_P(flux_tile)(1, 3 * U, 0, M, count, a, ak, b, bk, bj, goal);
    else if (J == 2)
        FLUX_P(flux_tile)(1, 2 * U, 0, M, count, a, ak, b, bk, bj, goal);
    else
        FLUX_P(flux_tile)(1, U, 0, M, count, a, ak, b, bk, bj, goal);
}

#if FLUX_MASKS
/* The widest tiles of two vectors, of which the second is part of one. */
FLUX_TARGET FLUX_ONCE void
FLUX_P(flux_tile_part)(size_t J, size_t count, const FLUX_T *a, size_t ak,
                       const FLUX_T *b, size_t bk, size_t bj,
                       const FLUX_P(flux_goal) * goal)
{
    enum { U = FLUX_U };
    if (J == 4)
        FLUX_P(flux_tile)(2, 3 * U + 1, 0, 1, count, a, ak, b, bk, bj, goal);
    else if (goal->first || goal->right)
        FLUX_P(flux_tile)(2, 3 * U, 1, 1, count, a, ak, b, bk, bj, goal);
    else
        FLUX_P(flux_tile)(2, 3 * U, 0, 1, count, a, ak, b, bk, bj, goal);
}
#endif

#include "kernels/flux_product_optimiser_body.h"

/* One vector and one element of what a product writes, but for an epilogue. */
FLUX_TARGET FLUX_INLINE void
FLUX_P(flux_end)(FLUX_T *to, FLUX_V sum, flux_product_end end)
{
    if (end.kind == FLUX_OPTIMISER) {
        FLUX_P(flux_optimiser_some)(to, sum, FLUX_W, end);
        return;
    }
    if (end.kind == FLUX_STEP)
        sum = FLUX_I(all)(-(FLUX_T)end.scale) * sum;
    if (end.kind != FLUX_SET)
        sum = FLUX_AT(to) + sum;
    FLUX_AT(to) = sum;
}

FLUX_TARGET FLUX_INLINE void
FLUX_P(flux_end_one)(FLUX_T *to, FLUX_T sum, flux_product_end end)
{
    FLUX_E(flux_end)(FLUX_OWN_ISA, to, sum, end);
}

/* Less than a vector of up to 8 columns. All are loaded before the first is
 * stored, for a masked store holds up loads of what is near; but optimisers'
 * steps are made a column at a time. */
FLUX_TARGET FLUX_ONCE void
FLUX_P(flux_put_narrow)(size_t rows, size_t columns, const FLUX_T *total,
                        size_t lanes, FLUX_T *c, size_t cj,
                        flux_product_end end)
{
    FLUX_V sum[8];
    const FLUX_V scale = FLUX_I(all)(-(FLUX_T)end.scale);
    if (end.kind == FLUX_OPTIMISER) {
        for (size_t j = 0; j < columns; j++)
            FLUX_P(flux_optimiser_some)
        (c + j * cj, FLUX_AT(total + j * lanes), rows, end);
        return;
    }
    for (size_t j = 0; j < columns; j++) {
        sum[j] = FLUX_AT(total + j * lanes);
        if (end.kind == FLUX_STEP)
            sum[j] = scale * sum[j];
        if (end.kind != FLUX_SET)
            sum[j] = FLUX_I(take)(c + j * cj, rows) + sum[j];
    }
    for (size_t j = 0; j < columns; j++)
        FLUX_I(put)(c + j * cj, sum[j], rows);
}

/* Writes the totals of `rows` by `columns` results. */
FLUX_TARGET FLUX_ONCE void
FLUX_P(flux_put)(size_t rows, size_t lanes, size_t columns, const FLUX_T *total,
                 FLUX_T *c, size_t ci, size_t cj, flux_product_end end)
{
    const size_t some = ci == 1 ? rows % FLUX_W : 0;
    const size_t whole = ci == 1 ? rows - some : 0;
    for (size_t j = 0; j < columns; j++) {
        const FLUX_T *from = total + j * lanes;
        FLUX_T *to = c + j * cj;
        for (size_t i = 0; i < whole; i += FLUX_W)
            FLUX_P(flux_end)(to + i, FLUX_AT(from + i), end);
        for (size_t i = 0; ci != 1 && i < rows; i++)
            FLUX_P(flux_end_one)(to + i * ci, from[i], end);
    }
    for (size_t j = 0; some > 0 && j < columns; j += 8)
        FLUX_P(flux_put_narrow)
    (some, columns - j < 8 ? columns - j : 8, total + j * lanes + whole, lanes,
     c + j * cj + whole, cj, end);
}
