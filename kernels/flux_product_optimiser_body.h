/* flux_product_optimiser_body.h - optimisers' steps of the sums of a product,
 * with moments, limits or a penalty, for one element type and one vector
 * instruction set.
 *
 * A square root and a division keep their unit for long, which a product leaves
 * alone: those of a tile are made between the terms of the next one. First all
 * roots, then all quotients: what waits for both of a vector in one place would
 * keep more results from retiring than there are registers for. A step without
 * roots is made there as well, all at once.
 *
 * PARTS are an optimiser's, as in flux_sum_body.h, and a constant where this is
 * inlined in a tile.
 */

/* How far behind the sums of a tile its roots are, where the sums are needed
 * with them; else they take their place. */
enum { FLUX_P(FLUX_ROOTS) = 2 * (3 * FLUX_U + 1) * FLUX_W };

/* From a vector of sums to its roots. */
FLUX_INLINE size_t
FLUX_P(flux_roots)(const int PARTS)
{
    return PARTS & FLUX_FIRST ? 0 : FLUX_P(FLUX_ROOTS);
}

/* A vector of parameters from here on, without what decays. */
FLUX_TARGET FLUX_INLINE FLUX_V
FLUX_P(flux_decayed)(const int PARTS, const FLUX_E(flux_optimiser) * o,
                     FLUX_V c)
{
    if (PARTS & FLUX_DECAY)
        c = c - FLUX_I(all)(o->decay) * c;
    return c;
}

/* A vector of gradients for parameters c, adjusted as in flux_sum_body.h. */
FLUX_TARGET FLUX_INLINE FLUX_V
FLUX_P(flux_adjusted)(const FLUX_E(flux_optimiser) * o, FLUX_V c, FLUX_V g)
{
    if (o->parts & FLUX_CLIP) {
        /* high < g ? high : g is what is greater of both turned round. */
        g = FLUX_I(greater)(FLUX_I(all)(o->low), g);
        g = -FLUX_I(greater)(FLUX_I(all)(-o->high), -g);
    }
    if (o->parts & FLUX_L2)
        g = g + FLUX_I(all)(o->l2) * c;
    return g;
}

/* A vector of second moments that takes in the squares of g. */
FLUX_TARGET FLUX_INLINE FLUX_V
FLUX_P(flux_squares)(const FLUX_E(flux_optimiser) * o, FLUX_V v, FLUX_V g)
{
    const FLUX_V taken = FLUX_I(all)(o->take_v) * g;
    const FLUX_V tiny = FLUX_I(all)((FLUX_T)FLUX_TINY);
    return FLUX_I(fma)(FLUX_I(all)(o->keep_v), v,
                       FLUX_I(fma_on)(g, taken, tiny));
}

FLUX_INLINE int
FLUX_P(flux_is_sgd)(const FLUX_E(flux_optimiser) * o)
{
    return (o->parts & ~FLUX_ADJUSTED) == FLUX_SGD;
}

/* A vector of sums at an element: its moments, and what they are divided by, or
 * the step; take_m > 0 where there is a first moment. The gradient is sum + 0,
 * but without that addition its product with take_m has the same bits: an exact
 * product that is no zero is rounded as ever, and a zero is +0 either way, as
 * that of the gradient, which is no -0. Its square is that of the sum. */
FLUX_TARGET FLUX_INLINE void
FLUX_P(flux_optimiser_root)(const int PARTS, const FLUX_E(flux_optimiser) * o,
                            size_t at, FLUX_T *sum)
{
    const FLUX_V g = FLUX_AT(sum);
    if (PARTS == FLUX_SGD) {
        const FLUX_V c = FLUX_AT(o->c + at);
        FLUX_AT(o->c + at) =
            c - FLUX_I(all)(o->scale) *
                    FLUX_P(flux_adjusted)(o, c, g + FLUX_I(all)(0));
    }
    if (PARTS & FLUX_FIRST) {
        const FLUX_V taken = FLUX_I(fma_all)(g, o->take_m, FLUX_I(all)(0));
        const FLUX_V m =
            FLUX_I(follow)(FLUX_AT(o->m + at), FLUX_I(all)(o->keep_m), taken);
        FLUX_AT(o->m + at) = m;
        if (!(PARTS & FLUX_SECOND))
            FLUX_AT(o->c + at) =
                FLUX_P(flux_decayed)(PARTS, o, FLUX_AT(o->c + at)) -
                FLUX_I(all)(o->scale) * m;
    }
    if (PARTS & FLUX_SECOND) {
        const FLUX_V v = FLUX_P(flux_squares)(o, FLUX_AT(o->v + at), g);
        FLUX_AT(o->v + at) = v;
        FLUX_AT(sum + FLUX_P(flux_roots)(PARTS)) =
            FLUX_I(sqrt)(v) + FLUX_I(all)(o->epsilon);
    }
}

/* The step of a vector, after that. */
FLUX_TARGET FLUX_INLINE void
FLUX_P(flux_optimiser_move)(const int PARTS, const FLUX_E(flux_optimiser) * o,
                            size_t at, const FLUX_T *sum)
{
    /* Without a first moment the gradient: sum + 0, which is no -0. */
    FLUX_V m = FLUX_AT(sum) + FLUX_I(all)(0);
    if (PARTS & FLUX_FIRST)
        m = FLUX_AT(o->m + at);
    const FLUX_V quotient = m / FLUX_AT(sum + FLUX_P(flux_roots)(PARTS));
    FLUX_AT(o->c + at) = FLUX_P(flux_decayed)(PARTS, o, FLUX_AT(o->c + at)) -
                         FLUX_I(all)(o->scale) * quotient;
}

/* The step of the first n lanes at an element, of such gradients. */
FLUX_TARGET FLUX_INLINE void
FLUX_P(flux_optimise)(const FLUX_E(flux_optimiser) * o, size_t at, size_t n,
                      FLUX_V g)
{
    const int parts = o->parts;
    FLUX_V old = FLUX_I(take)(o->c + at, n);
    FLUX_V m = g;
    if (parts & FLUX_FIRST) {
        m = FLUX_I(follow)(FLUX_I(take)(o->m + at, n), FLUX_I(all)(o->keep_m),
                           FLUX_I(all)(o->take_m) * g);
        FLUX_I(put)(o->m + at, m, n);
    }
    if (parts & FLUX_SECOND) {
        const FLUX_V v = FLUX_P(flux_squares)(o, FLUX_I(take)(o->v + at, n), g);
        FLUX_I(put)(o->v + at, v, n);
        m = m / (FLUX_I(sqrt)(v) + FLUX_I(all)(o->epsilon));
    }
    if (parts & FLUX_DECAY)
        old = old - FLUX_I(all)(o->decay) * old;
    FLUX_I(put)(o->c + at, old - FLUX_I(all)(o->scale) * m, n);
}

/* All of it for the first n lanes, with sums g. */
FLUX_TARGET FLUX_INLINE void
FLUX_P(flux_optimiser_some)(FLUX_T *c, FLUX_V g, size_t n, flux_product_end end)
{
    const FLUX_E(flux_optimiser) *o = (const FLUX_E(flux_optimiser) *)end.by;
    if (o->parts & FLUX_ADJUSTED)
        g = FLUX_P(flux_adjusted)(o, FLUX_I(take)(c, n), g);
    FLUX_P(flux_optimise)(o, (size_t)(c - o->c), n, g);
}

/* Whether that has the form of flux_optimiser_root. */
FLUX_TARGET FLUX_INLINE int
FLUX_P(flux_optimiser_waits)(flux_product_end end)
{
    const FLUX_E(flux_optimiser) *o = (const FLUX_E(flux_optimiser) *)end.by;
    const int signs = !(o->parts & FLUX_CLIP) || (o->low < 0 && o->high > 0);
    const int taken = !(o->parts & FLUX_FIRST) || o->take_m > 0;
    return FLUX_P(flux_is_sgd)(o) || (signs && taken);
}

/* Adjusts a tile's sums where they wait; SGD does it in its step, where that
 * costs less. */
FLUX_TARGET FLUX_ONCE void
FLUX_P(flux_adjust)(const FLUX_P(flux_late) * late)
{
    size_t at = late->at;
    size_t next = FLUX_W;
    for (size_t i = 0; i < 2 * late->columns; i++) {
        FLUX_T *sum = late->sum + i * FLUX_W;
        FLUX_AT(sum) = FLUX_P(flux_adjusted)(late->optimiser,
                                             FLUX_AT(late->optimiser->c + at),
                                             FLUX_AT(sum) + FLUX_I(all)(0));
        at += next;
        next = late->step - next;
    }
}

/* A tile's gradients, in `sum`, are those at c. Moments in a near cache are
 * asked for four columns ahead, far ones a tile ahead. */
FLUX_TARGET FLUX_INLINE void
FLUX_P(flux_optimiser_later)(FLUX_P(flux_late) * late, FLUX_T *sum,
                             size_t columns, const FLUX_T *c, size_t step,
                             flux_product_end end, int far)
{
    late->optimiser = (const FLUX_E(flux_optimiser) *)end.by;
    late->sum = sum;
    late->at = (size_t)(c - late->optimiser->c);
    late->step = step;
    late->columns = columns;
    late->ahead = (far ? 3 * FLUX_U + 1 : 4) * step;
    late->far = far;
    if ((late->optimiser->parts & FLUX_ADJUSTED) &&
        !FLUX_P(flux_is_sgd)(late->optimiser))
        FLUX_P(flux_adjust)(late);
}

/* What waits, at once. */
FLUX_TARGET FLUX_ONCE void
FLUX_P(flux_optimiser_now)(FLUX_P(flux_late) * late)
{
    size_t at = late->at;
    size_t next = FLUX_W;
    for (size_t i = 0; i < 2 * late->columns; i++) {
        FLUX_V g = FLUX_AT(late->sum + i * FLUX_W) + FLUX_I(all)(0);
        if (FLUX_P(flux_is_sgd)(late->optimiser))
            g = FLUX_P(flux_adjusted)(late->optimiser,
                                      FLUX_AT(late->optimiser->c + at), g);
        FLUX_P(flux_optimise)(late->optimiser, at, FLUX_W, g);
        at += next;
        next = late->step - next;
    }
    late->columns = 0;
}

/* Asks for what a later step reads, in this tile or in the next one of its
 * rows. */
FLUX_TARGET FLUX_INLINE void
FLUX_P(flux_optimiser_ask)(const int PARTS, const FLUX_E(flux_optimiser) * o,
                           size_t at, int far)
{
    if (PARTS & FLUX_FIRST)
        __builtin_prefetch(o->m + at);
    if (PARTS & FLUX_SECOND)
        __builtin_prefetch(o->v + at);
    if (far || PARTS == FLUX_SGD)
        __builtin_prefetch(o->c + at);
}

/* Sums to a tile's memory, as flux_optimiser_root takes them. */
FLUX_TARGET FLUX_INLINE void
FLUX_P(flux_optimiser_leave)(const int J, const FLUX_V *sum, FLUX_T *to)
{
    FLUX_UNROLL
    for (int i = 0; i < 2 * J; i++)
        FLUX_AT(to + i * FLUX_W) = sum[i];
}

/* A tile of `count` terms, between which what waits is done. */
FLUX_TARGET FLUX_INLINE void
FLUX_P(flux_tile_between)(const int PARTS, const int J, size_t count,
                          const FLUX_T *a, size_t ak, const FLUX_T *b,
                          size_t bk, size_t bj, const FLUX_P(flux_goal) * goal,
                          FLUX_P(flux_late) * waits)
{
    enum { R = 2 };
    const FLUX_P(flux_late) late = *waits;
    const FLUX_E(flux_optimiser) o = *late.optimiser;
    FLUX_V sum[26];
    const FLUX_T *third[5];
    FLUX_P(flux_begin)(R, J, b, bj, third, sum);
    FLUX_UNROLL
    for (int moves = 0; moves < 2; moves++) {
        if (moves && !(PARTS & FLUX_SECOND))
            break;
        size_t at = late.at;
        size_t next = FLUX_W;
        for (size_t i = 0; i < 2 * late.columns; i++) {
            if (count > 0) {
                FLUX_P(flux_terms)(R, J, a, third, 0, bj, sum);
                a += ak;
                FLUX_P(flux_advance)(J, bk, third);
                FLUX_P(flux_settle)(J, third);
                count--;
            }
            if (moves)
                FLUX_P(flux_optimiser_move)
            (PARTS, &o, at, late.sum + i * FLUX_W);
            else
            {
                FLUX_P(flux_optimiser_root)
                (PARTS, &o, at, late.sum + i * FLUX_W);
                FLUX_P(flux_optimiser_ask)
                (PARTS, &o, at + late.ahead, late.far);
            }
            at += next;
            next = late.step - next;
        }
    }
    for (; count > 0; count--) {
        FLUX_P(flux_terms)(R, J, a, third, 0, bj, sum);
        a += ak;
        FLUX_P(flux_advance)(J, bk, third);
        FLUX_P(flux_settle)(J, third);
    }
    waits->columns = 0;
    if (goal->late && !goal->total)
        FLUX_P(flux_optimiser_leave)(J, sum, goal->to);
    else
        FLUX_P(flux_reach)(R, J, sum, goal);
}

/* A tile as that of flux_tile_any, of a product that ends in these steps. */
FLUX_TARGET FLUX_INLINE void
FLUX_P(flux_tile_waits)(const int PARTS, flux_order order, size_t R, size_t J,
                        size_t count, const FLUX_T *a, size_t ak,
                        const FLUX_T *b, size_t bk, size_t bj,
                        const FLUX_P(flux_goal) * goal,
                        FLUX_P(flux_late) * late)
{
    const int wait = late->columns > 0 && !goal->first && !goal->right;
    if (wait && FLUX_U == 4 && J == 4) {
        FLUX_P(flux_tile_between)
        (PARTS, 3 * FLUX_U + 1, count, a, ak, b, bk, bj, goal, late);
        return;
    }
    if (wait && R == 2 && J == 3) {
        FLUX_P(flux_tile_between)
        (PARTS, 3 * FLUX_U, count, a, ak, b, bk, bj, goal, late);
        return;
    }
    FLUX_P(flux_optimiser_now)(late);
    FLUX_P(flux_tile_any)(order, R, J, count, a, ak, b, bk, bj, goal);
}

/* The same by optimiser: a function of several would have fewer registers for
 * each. */
#define FLUX_TILE_OF(name, PARTS)                                              \
    FLUX_TARGET FLUX_ONCE void FLUX_P(flux_tile_##name)(                       \
        flux_order order, size_t R, size_t J, size_t count, const FLUX_T *a,   \
        size_t ak, const FLUX_T *b, size_t bk, size_t bj,                      \
        const FLUX_P(flux_goal) * goal, FLUX_P(flux_late) * late)              \
    {                                                                          \
        FLUX_P(flux_tile_waits)                                                \
        (PARTS, order, R, J, count, a, ak, b, bk, bj, goal, late);             \
    }
FLUX_OPTIMISERS(FLUX_TILE_OF)
#undef FLUX_TILE_OF

#define FLUX_CASE_OF(name, PARTS)                                              \
    case PARTS:                                                                \
        if (FLUX_USES_OPTIMISER(PARTS))                                        \
            FLUX_P(flux_tile_##name)                                           \
        (order, R, J, count, a, ak, b, bk, bj, goal, late);                    \
        break;

/* The one of this product's optimiser. */
FLUX_TARGET FLUX_INLINE void
FLUX_P(flux_tile_moments)(flux_order order, size_t R, size_t J, size_t count,
                          const FLUX_T *a, size_t ak, const FLUX_T *b,
                          size_t bk, size_t bj, const FLUX_P(flux_goal) * goal,
                          FLUX_P(flux_late) * late, flux_product_end end)
{
    const FLUX_E(flux_optimiser) *o = (const FLUX_E(flux_optimiser) *)end.by;
    switch (o->parts & ~FLUX_ADJUSTED) {
        FLUX_OPTIMISERS(FLUX_CASE_OF)
    }
}
#undef FLUX_CASE_OF
