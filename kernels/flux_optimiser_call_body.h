/* flux_optimiser_call_body.h - steps of optimisers that generated code calls,
 * of the gradients g that a product or sums are, for one element type;
 * flux_product.h includes it after flux_product_call_body.h. Moments have c's
 * strides.
 */

/* By any optimiser, also one that adjusts its gradients; the others fill in o.
 */
FLUX_INLINE void
FLUX_P(flux_product_optimiser)(flux_isa isa, flux_pool *pool, flux_order order,
                               size_t m, size_t n, size_t k, const FLUX_T *a,
                               size_t ai, size_t ak, const FLUX_T *b, size_t bk,
                               size_t bj, size_t ci, size_t cj,
                               const FLUX_P(flux_optimiser) * o)
{
    const flux_product_end end = {FLUX_OPTIMISER, 0, o};
    FLUX_P(flux_product_to)
    (isa, pool, order, m, n, k, a, ai, ak, b, bk, bj, o->c, ci, cj, end);
}

FLUX_INLINE void
FLUX_P(flux_sums_optimiser)(flux_isa isa, flux_order order, size_t m, size_t k,
                            const FLUX_T *a, size_t ai, size_t ak, size_t ci,
                            const FLUX_P(flux_optimiser) * o)
{
    const FLUX_T one = 1;
    FLUX_P(flux_product_optimiser)
    (isa, NULL, order, m, 1, k, a, ai, ak, &one, 0, 0, ci, 1, o);
}

/* A step of ADAM, whose formulas are those of flux_sum_body.h. */
FLUX_INLINE void
FLUX_P(flux_product_adam)(flux_isa isa, flux_pool *pool, flux_order order,
                          size_t m, size_t n, size_t k, const FLUX_T *a,
                          size_t ai, size_t ak, const FLUX_T *b, size_t bk,
                          size_t bj, FLUX_T *c, size_t ci, size_t cj,
                          FLUX_T *moment, FLUX_T *square, FLUX_T keep_m,
                          FLUX_T take_m, FLUX_T keep_v, FLUX_T take_v,
                          FLUX_T scale, FLUX_T epsilon)
{
    FLUX_P(flux_optimiser) o;
    FLUX_P(flux_by_adam)
    (&o, c, moment, square, keep_m, take_m, keep_v, take_v, scale, epsilon);
    FLUX_P(flux_product_optimiser)
    (isa, pool, order, m, n, k, a, ai, ak, b, bk, bj, ci, cj, &o);
}

FLUX_INLINE void
FLUX_P(flux_sums_adam)(flux_isa isa, flux_order order, size_t m, size_t k,
                       const FLUX_T *a, size_t ai, size_t ak, FLUX_T *c,
                       size_t ci, FLUX_T *moment, FLUX_T *square, FLUX_T keep_m,
                       FLUX_T take_m, FLUX_T keep_v, FLUX_T take_v,
                       FLUX_T scale, FLUX_T epsilon)
{
    FLUX_P(flux_optimiser) o;
    FLUX_P(flux_by_adam)
    (&o, c, moment, square, keep_m, take_m, keep_v, take_v, scale, epsilon);
    FLUX_P(flux_sums_optimiser)(isa, order, m, k, a, ai, ak, ci, &o);
}

/* A step of AdamW: the same, of a c that has lost decay c before. */
FLUX_INLINE void
FLUX_P(flux_product_adamw)(flux_isa isa, flux_pool *pool, flux_order order,
                           size_t m, size_t n, size_t k, const FLUX_T *a,
                           size_t ai, size_t ak, const FLUX_T *b, size_t bk,
                           size_t bj, FLUX_T *c, size_t ci, size_t cj,
                           FLUX_T *moment, FLUX_T *square, FLUX_T keep_m,
                           FLUX_T take_m, FLUX_T keep_v, FLUX_T take_v,
                           FLUX_T scale, FLUX_T epsilon, FLUX_T decay)
{
    FLUX_P(flux_optimiser) o;
    FLUX_P(flux_by_adamw)
    (&o, c, moment, square, keep_m, take_m, keep_v, take_v, scale, epsilon,
     decay);
    FLUX_P(flux_product_optimiser)
    (isa, pool, order, m, n, k, a, ai, ak, b, bk, bj, ci, cj, &o);
}

FLUX_INLINE void
FLUX_P(flux_sums_adamw)(flux_isa isa, flux_order order, size_t m, size_t k,
                        const FLUX_T *a, size_t ai, size_t ak, FLUX_T *c,
                        size_t ci, FLUX_T *moment, FLUX_T *square,
                        FLUX_T keep_m, FLUX_T take_m, FLUX_T keep_v,
                        FLUX_T take_v, FLUX_T scale, FLUX_T epsilon,
                        FLUX_T decay)
{
    FLUX_P(flux_optimiser) o;
    FLUX_P(flux_by_adamw)
    (&o, c, moment, square, keep_m, take_m, keep_v, take_v, scale, epsilon,
     decay);
    FLUX_P(flux_sums_optimiser)(isa, order, m, k, a, ai, ak, ci, &o);
}

/* A step with momentum: one moment, which takes in all of g. */
FLUX_INLINE void
FLUX_P(flux_product_momentum)(flux_isa isa, flux_pool *pool, flux_order order,
                              size_t m, size_t n, size_t k, const FLUX_T *a,
                              size_t ai, size_t ak, const FLUX_T *b, size_t bk,
                              size_t bj, FLUX_T *c, size_t ci, size_t cj,
                              FLUX_T *moment, FLUX_T keep_m, FLUX_T scale)
{
    FLUX_P(flux_optimiser) o;
    FLUX_P(flux_by_momentum)(&o, c, moment, keep_m, scale);
    FLUX_P(flux_product_optimiser)
    (isa, pool, order, m, n, k, a, ai, ak, b, bk, bj, ci, cj, &o);
}

FLUX_INLINE void
FLUX_P(flux_sums_momentum)(flux_isa isa, flux_order order, size_t m, size_t k,
                           const FLUX_T *a, size_t ai, size_t ak, FLUX_T *c,
                           size_t ci, FLUX_T *moment, FLUX_T keep_m,
                           FLUX_T scale)
{
    FLUX_P(flux_optimiser) o;
    FLUX_P(flux_by_momentum)(&o, c, moment, keep_m, scale);
    FLUX_P(flux_sums_optimiser)(isa, order, m, k, a, ai, ak, ci, &o);
}

/* A step of RMSProp: the moment of the squares alone. */
FLUX_INLINE void
FLUX_P(flux_product_rmsprop)(flux_isa isa, flux_pool *pool, flux_order order,
                             size_t m, size_t n, size_t k, const FLUX_T *a,
                             size_t ai, size_t ak, const FLUX_T *b, size_t bk,
                             size_t bj, FLUX_T *c, size_t ci, size_t cj,
                             FLUX_T *square, FLUX_T keep_v, FLUX_T take_v,
                             FLUX_T scale, FLUX_T epsilon)
{
    FLUX_P(flux_optimiser) o;
    FLUX_P(flux_by_rmsprop)(&o, c, square, keep_v, take_v, scale, epsilon);
    FLUX_P(flux_product_optimiser)
    (isa, pool, order, m, n, k, a, ai, ak, b, bk, bj, ci, cj, &o);
}

FLUX_INLINE void
FLUX_P(flux_sums_rmsprop)(flux_isa isa, flux_order order, size_t m, size_t k,
                          const FLUX_T *a, size_t ai, size_t ak, FLUX_T *c,
                          size_t ci, FLUX_T *square, FLUX_T keep_v,
                          FLUX_T take_v, FLUX_T scale, FLUX_T epsilon)
{
    FLUX_P(flux_optimiser) o;
    FLUX_P(flux_by_rmsprop)(&o, c, square, keep_v, take_v, scale, epsilon);
    FLUX_P(flux_sums_optimiser)(isa, order, m, k, a, ai, ak, ci, &o);
}
