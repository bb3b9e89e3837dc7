/* flux_scatter_call_body.h - what generated code calls, for one element type;
 * flux_scatter.h includes it once for each, with
 *
 *    FLUX_P(name)    the name with the type's suffix
 *    FLUX_T          the element type
 */

/* to[i + next j] becomes what `end` makes of it and of the sum of column j, for
 * i < m and each column j < columns of the table. Column k of x begins at
 * x + step k, for k < n. `to` overlaps neither x nor index. */
FLUX_KERNEL void FLUX_P(flux_scatter_isa)(flux_isa isa, size_t m,
                                          size_t columns, size_t n,
                                          const FLUX_T *x, size_t step,
                                          const int32_t *index, FLUX_T *to,
                                          size_t next, flux_product_end end);

/* The sums are stored, or with `add` are added to what is there. */
FLUX_INLINE void
FLUX_P(flux_scatter)(flux_isa isa, size_t m, size_t columns, size_t n,
                     const FLUX_T *x, size_t step, const int32_t *index,
                     FLUX_T *to, size_t next, int add)
{
    const flux_product_end end = {add ? FLUX_ADD : FLUX_SET, 0, NULL};
    FLUX_P(flux_scatter_isa)
    (isa, m, columns, n, x, step, index, to, next, end);
}

/* `scale` times the sums is subtracted from what is there. */
FLUX_INLINE void
FLUX_P(flux_scatter_step)(flux_isa isa, size_t m, size_t columns, size_t n,
                          const FLUX_T *x, size_t step, const int32_t *index,
                          FLUX_T *to, size_t next, FLUX_T scale)
{
    const flux_product_end end = {FLUX_STEP, (double)scale, NULL};
    FLUX_P(flux_scatter_isa)
    (isa, m, columns, n, x, step, index, to, next, end);
}

/* The sums are the gradients of an optimiser's step, as those in
 * flux_optimiser_call_body.h. */
FLUX_INLINE void
FLUX_P(flux_scatter_optimiser)(flux_isa isa, size_t m, size_t columns, size_t n,
                               const FLUX_T *x, size_t step,
                               const int32_t *index, size_t next,
                               const FLUX_P(flux_optimiser) * o)
{
    const flux_product_end end = {FLUX_OPTIMISER, 0, o};
    FLUX_P(flux_scatter_isa)
    (isa, m, columns, n, x, step, index, o->c, next, end);
}

FLUX_INLINE void
FLUX_P(flux_scatter_adam)(flux_isa isa, size_t m, size_t columns, size_t n,
                          const FLUX_T *x, size_t step, const int32_t *index,
                          FLUX_T *to, size_t next, FLUX_T *moment,
                          FLUX_T *square, FLUX_T keep_m, FLUX_T take_m,
                          FLUX_T keep_v, FLUX_T take_v, FLUX_T scale,
                          FLUX_T epsilon)
{
    FLUX_P(flux_optimiser) o;
    FLUX_P(flux_by_adam)
    (&o, to, moment, square, keep_m, take_m, keep_v, take_v, scale, epsilon);
    FLUX_P(flux_scatter_optimiser)
    (isa, m, columns, n, x, step, index, next, &o);
}

FLUX_INLINE void
FLUX_P(flux_scatter_adamw)(flux_isa isa, size_t m, size_t columns, size_t n,
                           const FLUX_T *x, size_t step, const int32_t *index,
                           FLUX_T *to, size_t next, FLUX_T *moment,
                           FLUX_T *square, FLUX_T keep_m, FLUX_T take_m,
                           FLUX_T keep_v, FLUX_T take_v, FLUX_T scale,
                           FLUX_T epsilon, FLUX_T decay)
{
    FLUX_P(flux_optimiser) o;
    FLUX_P(flux_by_adamw)
    (&o, to, moment, square, keep_m, take_m, keep_v, take_v, scale, epsilon,
     decay);
    FLUX_P(flux_scatter_optimiser)
    (isa, m, columns, n, x, step, index, next, &o);
}

FLUX_INLINE void
FLUX_P(flux_scatter_momentum)(flux_isa isa, size_t m, size_t columns, size_t n,
                              const FLUX_T *x, size_t step,
                              const int32_t *index, FLUX_T *to, size_t next,
                              FLUX_T *moment, FLUX_T keep_m, FLUX_T scale)
{
    FLUX_P(flux_optimiser) o;
    FLUX_P(flux_by_momentum)(&o, to, moment, keep_m, scale);
    FLUX_P(flux_scatter_optimiser)
    (isa, m, columns, n, x, step, index, next, &o);
}

FLUX_INLINE void
FLUX_P(flux_scatter_rmsprop)(flux_isa isa, size_t m, size_t columns, size_t n,
                             const FLUX_T *x, size_t step, const int32_t *index,
                             FLUX_T *to, size_t next, FLUX_T *square,
                             FLUX_T keep_v, FLUX_T take_v, FLUX_T scale,
                             FLUX_T epsilon)
{
    FLUX_P(flux_optimiser) o;
    FLUX_P(flux_by_rmsprop)(&o, to, square, keep_v, take_v, scale, epsilon);
    FLUX_P(flux_scatter_optimiser)
    (isa, m, columns, n, x, step, index, next, &o);
}
