/* flux_epilogue_call_body.h - products that generated code calls with a bias,
 * an activation or its derivative behind them, for one element type;
 * flux_product.h includes it after flux_product_call_body.h. Rows of c are
 * contiguous.
 */

/* Of one sample it is the shortest way, as that of flux_product. */
FLUX_INLINE void
FLUX_P(flux_product_epilogue)(flux_isa isa, flux_pool *pool, flux_order order,
                              size_t m, size_t n, size_t k, const FLUX_T *a,
                              size_t ai, size_t ak, const FLUX_T *b, size_t bk,
                              size_t bj, FLUX_T *c, size_t cj,
                              flux_epilogue_kind kind, const FLUX_T *x,
                              size_t xj)
{
    const FLUX_P(flux_epilogue) epilogue = {kind, x, xj};
    const flux_product_end end = {FLUX_EPILOGUE, 0, &epilogue};
    if (n == 1 && pool == NULL &&
        FLUX_P(flux_is_column)(isa, order, m, k, ai, 1)) {
        if (order == FLUX_SPLIT4)
            FLUX_P(flux_column_split_isa)(isa, m, k, a, ak, b, bk, c, &end);
        else
            FLUX_P(flux_column_seq_isa)(isa, m, k, a, ak, b, bk, c, &end);
        return;
    }
    FLUX_P(flux_product_shared)
    (FLUX_P(flux_product_epilogue_isa), isa, pool, order, m, n, k, a, ai, ak, b,
     bk, bj, c, 1, cj, end);
}

/* c = a b + bias, and of that the greater of it and 0, or a function: `bias`
 * has a number for each row; NULL: there is none. */
#define FLUX_VALUE(name, KIND)                                                 \
    FLUX_INLINE void FLUX_P(flux_product_##name)(                              \
        flux_isa isa, flux_pool * pool, flux_order order, size_t m, size_t n,  \
        size_t k, const FLUX_T *a, size_t ai, size_t ak, const FLUX_T *b,      \
        size_t bk, size_t bj, FLUX_T *c, size_t ci, size_t cj,                 \
        const FLUX_T *bias)                                                    \
    {                                                                          \
        (void)ci;                                                              \
        FLUX_P(flux_product_epilogue)                                          \
        (isa, pool, order, m, n, k, a, ai, ak, b, bk, bj, c, cj, KIND, bias,   \
         0);                                                                   \
    }
FLUX_VALUE(bias, FLUX_BIAS)
FLUX_VALUE(relu, FLUX_RELU)
FLUX_VALUE(sigma, FLUX_SIGMA)
FLUX_VALUE(tanh, FLUX_TANH)
#undef FLUX_VALUE

/* c = a b times the derivative of an activation whose value is y, with columns
 * yj apart; of relu: where that is above 0, and else 0. */
#define FLUX_DERIVATIVE(name, KIND)                                            \
    FLUX_INLINE void FLUX_P(flux_product_##name)(                              \
        flux_isa isa, flux_pool * pool, flux_order order, size_t m, size_t n,  \
        size_t k, const FLUX_T *a, size_t ai, size_t ak, const FLUX_T *b,      \
        size_t bk, size_t bj, FLUX_T *c, size_t ci, size_t cj,                 \
        const FLUX_T *y, size_t yj)                                            \
    {                                                                          \
        (void)ci;                                                              \
        FLUX_P(flux_product_epilogue)                                          \
        (isa, pool, order, m, n, k, a, ai, ak, b, bk, bj, c, cj, KIND, y, yj); \
    }
FLUX_DERIVATIVE(drelu, FLUX_DRELU)
FLUX_DERIVATIVE(dsigma, FLUX_DSIGMA)
FLUX_DERIVATIVE(dtanh, FLUX_DTANH)
#undef FLUX_DERIVATIVE
