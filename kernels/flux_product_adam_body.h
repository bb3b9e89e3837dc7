/* flux_product_adam_body.h - steps of ADAM with the sums of a product, for one
 * element type and one vector instruction set.
 *
 * A square root and a division keep their unit for long, which a product leaves
 * alone: those of a tile are made between the terms of the next one. First all
 * roots, then all quotients: what waits for both of a vector in one place would
 * keep more results from retiring than there are registers for.
 */

/* A vector of sums at an element: its moments, and in place of it what they are
 * divided by; take_m > 0. The gradient is sum + 0, but without that addition
 * its product with take_m has the same bits: an exact product that is no zero
 * is rounded as ever, and a zero is +0 either way, as that of the gradient,
 * which is no -0. Its square is that of the sum. */
FLUX_TARGET FLUX_INLINE void
FLUX_P(flux_adam_root)(const FLUX_E(flux_adam) * adam, size_t at, FLUX_T *sum)
{
    const FLUX_V g = FLUX_AT(sum);
    const FLUX_V taken = FLUX_I(fma_all)(g, adam->take_m, FLUX_I(all)(0));
    const FLUX_V m = FLUX_I(all)(adam->keep_m) * FLUX_AT(adam->m + at) + taken;
    const FLUX_V v = FLUX_I(all)(adam->keep_v) * FLUX_AT(adam->v + at) +
                     FLUX_I(all)(adam->take_v) * (g * g);
    FLUX_AT(adam->m + at) = m;
    FLUX_AT(adam->v + at) = v;
    FLUX_AT(sum) = FLUX_I(sqrt)(v) + FLUX_I(all)(adam->epsilon);
}

/* The step of a vector, after that. */
FLUX_TARGET FLUX_INLINE void
FLUX_P(flux_adam_move)(const FLUX_E(flux_adam) * adam, size_t at,
                       const FLUX_T *root)
{
    const FLUX_V quotient = FLUX_AT(adam->m + at) / FLUX_AT(root);
    FLUX_AT(adam->c + at) =
        FLUX_AT(adam->c + at) - FLUX_I(all)(adam->scale) * quotient;
}

/* Both for the first n lanes. */
FLUX_TARGET FLUX_INLINE void
FLUX_P(flux_adam_some)(FLUX_T *c, FLUX_V g, size_t n, flux_product_end end)
{
    const FLUX_E(flux_adam) *adam = (const FLUX_E(flux_adam) *)end.adam;
    const size_t at = (size_t)(c - adam->c);
    const FLUX_V m = FLUX_I(all)(adam->keep_m) * FLUX_I(take)(adam->m + at, n) +
                     FLUX_I(all)(adam->take_m) * g;
    const FLUX_V v = FLUX_I(all)(adam->keep_v) * FLUX_I(take)(adam->v + at, n) +
                     FLUX_I(all)(adam->take_v) * (g * g);
    const FLUX_V root = FLUX_I(sqrt)(v) + FLUX_I(all)(adam->epsilon);
    FLUX_I(put)(adam->m + at, m, n);
    FLUX_I(put)(adam->v + at, v, n);
    FLUX_I(put)
    (c, FLUX_I(take)(c, n) - FLUX_I(all)(adam->scale) * (m / root), n);
}

/* Whether that has the form of flux_adam_root. */
FLUX_TARGET FLUX_INLINE int
FLUX_P(flux_adam_waits)(flux_product_end end)
{
    return ((const FLUX_E(flux_adam) *)end.adam)->take_m > 0;
}

/* A tile's gradients, in `sum`, are those at c. */
FLUX_TARGET FLUX_INLINE void
FLUX_P(flux_adam_later)(FLUX_P(flux_late) * late, FLUX_T *sum, size_t columns,
                        const FLUX_T *c, size_t step, flux_product_end end)
{
    late->adam = (const FLUX_E(flux_adam) *)end.adam;
    late->sum = sum;
    late->at = (size_t)(c - late->adam->c);
    late->step = step;
    late->columns = columns;
}

/* What waits, at once. */
FLUX_TARGET FLUX_ONCE void
FLUX_P(flux_adam_now)(FLUX_P(flux_late) * late)
{
    size_t at = late->at;
    size_t next = FLUX_W;
    for (size_t i = 0; i < 2 * late->columns; i++) {
        FLUX_P(flux_adam_root)(late->adam, at, late->sum + i * FLUX_W);
        FLUX_P(flux_adam_move)(late->adam, at, late->sum + i * FLUX_W);
        at += next;
        next = late->step - next;
    }
    late->columns = 0;
}

/* Asks for the moments of what comes four columns further on, in this tile or
 * in the next one of its rows. */
FLUX_TARGET FLUX_INLINE void
FLUX_P(flux_adam_ask)(const FLUX_E(flux_adam) * adam, size_t at, size_t step)
{
    __builtin_prefetch(adam->m + at + 4 * step);
    __builtin_prefetch(adam->v + at + 4 * step);
}

/* Sums to a tile's memory, as flux_adam_root takes them. */
FLUX_TARGET FLUX_INLINE void
FLUX_P(flux_adam_leave)(const int J, const FLUX_V *sum, FLUX_T *to)
{
    FLUX_UNROLL
    for (int i = 0; i < 2 * J; i++)
        FLUX_AT(to + i * FLUX_W) = sum[i];
}

/* A tile of `count` terms, between which what waits is done. */
FLUX_TARGET FLUX_INLINE void
FLUX_P(flux_tile_adam)(const int J, size_t count, const FLUX_T *a, size_t ak,
                       const FLUX_T *b, size_t bk, size_t bj,
                       const FLUX_P(flux_goal) * goal,
                       FLUX_P(flux_late) * waits)
{
    enum { R = 2 };
    const FLUX_P(flux_late) late = *waits;
    const FLUX_E(flux_adam) adam = *late.adam;
    FLUX_V sum[26];
    const FLUX_T *third[5];
    FLUX_P(flux_begin)(R, J, b, bj, third, sum);
    FLUX_UNROLL
    for (int moves = 0; moves < 2; moves++) {
        size_t at = late.at;
        size_t next = FLUX_W;
        for (size_t i = 0; i < 2 * late.columns; i++) {
            if (count > 0) {
                FLUX_P(flux_terms)(R, J, a, third, 0, bj, sum);
                a += ak;
                FLUX_P(flux_advance)(J, bk, third);
                count--;
            }
            if (moves)
                FLUX_P(flux_adam_move)(&adam, at, late.sum + i * FLUX_W);
            else {
                FLUX_P(flux_adam_root)(&adam, at, late.sum + i * FLUX_W);
                FLUX_P(flux_adam_ask)(&adam, at, late.step);
            }
            at += next;
            next = late.step - next;
        }
    }
    for (; count > 0; count--) {
        FLUX_P(flux_terms)(R, J, a, third, 0, bj, sum);
        a += ak;
        FLUX_P(flux_advance)(J, bk, third);
    }
    waits->columns = 0;
    if (goal->late && !goal->total)
        FLUX_P(flux_adam_leave)(J, sum, goal->to);
    else
        FLUX_P(flux_reach)(R, J, sum, goal);
}
