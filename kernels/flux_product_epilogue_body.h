/* flux_product_epilogue_body.h - what a product goes on with, for one element
 * type and one vector instruction set: a bias, an activation or its derivative.
 * In tiles of two vectors it is made of sums in registers, but for functions,
 * which need registers of their own: they take what the tile has just stored.
 * Where there are no such tiles a pass over results does it.
 */

#if defined(FLUX_F32_BEST) || defined(FLUX_F32_AVX2)
#define FLUX_SIGMA_OF(x) flux_sigmaf_isa(FLUX_OWN_ISA, x)
#define FLUX_TANH_OF(x)  flux_tanhf_isa(FLUX_OWN_ISA, x)
#else
#define FLUX_SIGMA_OF(x) flux_sigma(x)
#define FLUX_TANH_OF(x)  flux_tanh(x)
#endif

/* What an epilogue without a function makes of a vector of sums; KIND is a
 * constant where this is inlined. */
FLUX_TARGET FLUX_INLINE FLUX_V
FLUX_P(flux_ended)(const flux_epilogue_kind KIND, FLUX_V sum, FLUX_V x)
{
    const FLUX_V zero = FLUX_I(all)(0), one = FLUX_I(all)(1);
    if (KIND == FLUX_BIAS)
        return sum + x;
    if (KIND == FLUX_RELU)
        return FLUX_I(greater)(sum, zero);
    if (KIND == FLUX_DSIGMA)
        return sum * (x * (one - x));
    if (KIND == FLUX_DTANH)
        return sum * (one - x * x);
    return (FLUX_V)((__typeof__(x > zero))sum & (x > zero));
}

/* The same of one with a function, of a vector in memory: a compiler makes
 * vectors of it. */
FLUX_TARGET FLUX_INLINE void
FLUX_P(flux_function)(const flux_epilogue_kind KIND, FLUX_T *c)
{
    for (size_t i = 0; i < FLUX_W; i++)
        c[i] = KIND == FLUX_SIGMA ? FLUX_SIGMA_OF(c[i]) : FLUX_TANH_OF(c[i]);
}

/* The same of any, without the bias. */
FLUX_TARGET FLUX_INLINE FLUX_V
FLUX_P(flux_ended_by)(const flux_epilogue_kind KIND, FLUX_V sum, FLUX_V x)
{
    FLUX_ALIGNED FLUX_T part[FLUX_W];
    if (KIND == FLUX_BIAS)
        return sum;
    if (KIND != FLUX_SIGMA && KIND != FLUX_TANH)
        return FLUX_P(flux_ended)(KIND, sum, x);
    FLUX_AT(part) = sum;
    FLUX_P(flux_function)(KIND, part);
    return FLUX_AT(part);
}

/* All of an epilogue of sums in memory. */
FLUX_TARGET FLUX_INLINE void
FLUX_P(flux_ended_all)(const flux_epilogue_kind KIND, size_t rows,
                       size_t columns, FLUX_T *c, size_t cj, const FLUX_T *x,
                       size_t xj)
{
    const int bias = KIND < FLUX_DRELU && x;
    const int reads = KIND >= FLUX_DRELU || bias;
    const size_t some = rows % FLUX_W;
    const size_t whole = rows - some;
    FLUX_V by = FLUX_I(all)(0);
    for (size_t j = 0; j < columns; j++) {
        for (size_t i = 0; i < whole; i += FLUX_W) {
            FLUX_V sum = FLUX_AT(c + i);
            if (reads)
                by = FLUX_AT(x + i);
            if (bias)
                sum = sum + by;
            FLUX_AT(c + i) = FLUX_P(flux_ended_by)(KIND, sum, by);
        }
        if (some > 0) {
            FLUX_V sum = FLUX_I(take)(c + whole, some);
            if (reads)
                by = FLUX_I(take)(x + whole, some);
            if (bias)
                sum = sum + by;
            FLUX_I(put)(c + whole, FLUX_P(flux_ended_by)(KIND, sum, by), some);
        }
        c += cj;
        x += reads ? xj : 0;
    }
}

/* The same of that kind. Rows that follow one another are one. */
FLUX_TARGET FLUX_ONCE void
FLUX_P(flux_epilogue)(flux_epilogue_kind kind, size_t rows, size_t columns,
                      FLUX_T *c, size_t cj, const FLUX_T *x, size_t xj)
{
    if (cj == rows && (kind < FLUX_DRELU ? !x : xj == rows)) {
        rows *= columns;
        columns = 1;
    }
    if (kind == FLUX_BIAS)
        FLUX_P(flux_ended_all)(FLUX_BIAS, rows, columns, c, cj, x, xj);
    else if (kind == FLUX_RELU)
        FLUX_P(flux_ended_all)(FLUX_RELU, rows, columns, c, cj, x, xj);
    else if (kind == FLUX_SIGMA)
        FLUX_P(flux_ended_all)(FLUX_SIGMA, rows, columns, c, cj, x, xj);
    else if (kind == FLUX_TANH)
        FLUX_P(flux_ended_all)(FLUX_TANH, rows, columns, c, cj, x, xj);
    else if (kind == FLUX_DRELU)
        FLUX_P(flux_ended_all)(FLUX_DRELU, rows, columns, c, cj, x, xj);
    else if (kind == FLUX_DSIGMA)
        FLUX_P(flux_ended_all)(FLUX_DSIGMA, rows, columns, c, cj, x, xj);
    else if (kind == FLUX_DTANH)
        FLUX_P(flux_ended_all)(FLUX_DTANH, rows, columns, c, cj, x, xj);
}

/* Sums and what an activation's derivative is made of; R, J and MASK are
 * constants where this is inlined. */
FLUX_TARGET FLUX_INLINE void
FLUX_P(flux_derive_rows)(const flux_epilogue_kind KIND, const int R,
                         const int J, const int MASK, FLUX_V *sum,
                         const FLUX_P(flux_goal) * goal)
{
    const FLUX_T *x = goal->x;
    const size_t xj = goal->epilogue->xj;
    const uint16_t out = MASK ? FLUX_I(some)(goal->out) : 0;
    FLUX_UNROLL
    for (int i = 0; i < R * J; i++) {
        const int m = MASK && i % R == R - 1;
        sum[i] = FLUX_P(flux_ended)(
            KIND, sum[i], FLUX_P(flux_take_rows)(m, x + i % R * FLUX_W, out));
        x += i % R == R - 1 ? xj : 0;
    }
}

/* What an epilogue makes of sums in registers: all but a function of them. */
FLUX_TARGET FLUX_INLINE void
FLUX_P(flux_end_rows)(const int R, const int J, const int MASK, FLUX_V *sum,
                      const FLUX_P(flux_goal) * goal)
{
    const flux_epilogue_kind kind = goal->epilogue->kind;
    const uint16_t out = MASK ? FLUX_I(some)(goal->out) : 0;
    if (kind < FLUX_DRELU && goal->x) {
        FLUX_V x[2];
        FLUX_UNROLL
        for (int r = 0; r < R; r++)
            x[r] = FLUX_P(flux_take_rows)(MASK && r == R - 1,
                                          goal->x + r * FLUX_W, out);
        FLUX_UNROLL
        for (int i = 0; i < R * J; i++)
            sum[i] = FLUX_P(flux_ended)(FLUX_BIAS, sum[i], x[i % R]);
    }
    if (kind == FLUX_RELU) {
        FLUX_UNROLL
        for (int i = 0; i < R * J; i++)
            sum[i] = FLUX_P(flux_ended)(FLUX_RELU, sum[i], sum[i]);
    } else if (kind == FLUX_DRELU) {
        FLUX_P(flux_derive_rows)(FLUX_DRELU, R, J, MASK, sum, goal);
    } else if (kind == FLUX_DSIGMA) {
        FLUX_P(flux_derive_rows)(FLUX_DSIGMA, R, J, MASK, sum, goal);
    } else if (kind == FLUX_DTANH) {
        FLUX_P(flux_derive_rows)(FLUX_DTANH, R, J, MASK, sum, goal);
    }
}

/* What is left of it, of a tile that is stored, of so many rows and columns. */
FLUX_TARGET FLUX_INLINE void
FLUX_P(flux_end_tile)(size_t R, size_t columns, size_t rows,
                      const FLUX_P(flux_goal) * goal)
{
    const FLUX_E(flux_epilogue) *e = goal->epilogue;
    const int inside = R == 2;
    if (!inside || e->kind == FLUX_SIGMA || e->kind == FLUX_TANH)
        FLUX_P(flux_epilogue)
    (e->kind, rows, columns, goal->to, goal->step, inside ? NULL : goal->x,
     e->xj);
}

#undef FLUX_SIGMA_OF
#undef FLUX_TANH_OF
