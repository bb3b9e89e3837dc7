/* flux_product_plain_body.h - the product in plain C, for any machine and one
 * element type; flux_product_f32.h and flux_product_f64.h include it, with
 *
 *    FLUX_P(name)         the name with the type's suffix
 *    FLUX_ON(name, set)   the same for an instruction set
 *    FLUX_T               the element type
 *    FLUX_FMA             a * b + c, rounded once
 *    FLUX_SIGMA_OF        1 / (1 + e^-x)
 *    FLUX_TANH_OF         the hyperbolic tangent
 */

/* sum[i] = the sum of one block of the product for up to 16 rows. */
FLUX_STATIC void
FLUX_P(flux_block)(flux_order order, size_t rows, size_t length,
                   const FLUX_T *a, size_t ai, size_t ak, const FLUX_T *b,
                   size_t bk, FLUX_T *sum)
{
    size_t lanes = flux_order_lanes(order);
    FLUX_T acc[16][16];
    for (size_t l = 0; l < lanes; l++)
        for (size_t i = 0; i < rows; i++)
            acc[l][i] = 0;
    for (size_t k = 0; k < length; k++) {
        FLUX_T *lane = acc[k % lanes];
        FLUX_T right = b[k * bk];
        for (size_t i = 0; i < rows; i++)
            lane[i] = FLUX_FMA(a[i * ai + k * ak], right, lane[i]);
    }
    for (size_t i = 0; i < rows; i++) {
        FLUX_T lane[16];
        for (size_t l = 0; l < lanes; l++)
            lane[l] = acc[l][i];
        sum[i] = FLUX_P(flux_join)(order, lane);
    }
}

/* The product, 16 rows at a time. */
FLUX_ONCE void
FLUX_ON(flux_product, plain)(flux_order order, size_t m, size_t n, size_t k,
                             const FLUX_T *a, size_t ai, size_t ak,
                             const FLUX_T *b, size_t bk, size_t bj, FLUX_T *c,
                             size_t ci, size_t cj, flux_product_end end)
{
    size_t block = flux_order_block(order);
    for (size_t j = 0; j < n; j++)
        for (size_t i0 = 0; i0 < m; i0 += 16) {
            size_t rows = m - i0 < 16 ? m - i0 : 16;
            FLUX_T total[16] = {0};
            for (size_t k0 = 0; k0 < k; k0 += block) {
                size_t length = k - k0 < block ? k - k0 : block;
                FLUX_T sum[16];
                FLUX_P(flux_block)
                (order, rows, length, a + i0 * ai + k0 * ak, ai, ak,
                 b + k0 * bk + j * bj, bk, sum);
                for (size_t i = 0; i < rows; i++)
                    total[i] = total[i] + sum[i];
            }
            for (size_t i = 0; i < rows; i++)
                FLUX_P(flux_end)
            (FLUX_ISA_PLAIN, c + (i0 + i) * ci + j * cj, total[i], end);
        }
}

/* What an epilogue makes of a sum, the one of row i and column j. */
FLUX_STATIC void
FLUX_P(flux_end_by)(FLUX_T *sum, const FLUX_P(flux_epilogue) * e, size_t i,
                    size_t j)
{
    const FLUX_T x = e->x != NULL ? e->x[i + j * e->xj] : (FLUX_T)0;
    const FLUX_T value = e->kind < FLUX_DRELU && e->x != NULL ? *sum + x : *sum;
    switch (e->kind) {
    case FLUX_BIAS:
        *sum = value;
        break;
    case FLUX_RELU:
        *sum = value > 0 ? value : (FLUX_T)0;
        break;
    case FLUX_SIGMA:
        *sum = FLUX_SIGMA_OF(value);
        break;
    case FLUX_TANH:
        *sum = FLUX_TANH_OF(value);
        break;
    case FLUX_DRELU:
        *sum = x > 0 ? value : (FLUX_T)0;
        break;
    case FLUX_DSIGMA:
        *sum = value * (x * (1 - x));
        break;
    case FLUX_DTANH:
        *sum = value * (1 - x * x);
        break;
    }
}
