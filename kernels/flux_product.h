/* flux_product.h - matrix products, and sums of their columns, in the orders of
 * flux_sum.h.
 *
 * The product has code for AVX-512, for AVX2 with FMA, for NEON and for any
 * machine; its callers say which (flux_isa.h).
 */
#ifndef FLUX_PRODUCT_H
#define FLUX_PRODUCT_H

#include "kernels/flux_isa.h"
#include "kernels/flux_pool.h"
#include "kernels/flux_sum.h"

#define FLUX_ALIGNED __attribute__((aligned(64)))

/* sum[i] = the sum of one block of the product for up to 16 rows. */
FLUX_STATIC void
flux_block_f32(flux_order order, size_t rows, size_t length, const float *a,
               size_t ai, size_t ak, const float *b, size_t bk, float *sum)
{
    size_t lanes = flux_order_lanes(order);
    float acc[16][16];
    for (size_t l = 0; l < lanes; l++)
        for (size_t i = 0; i < rows; i++)
            acc[l][i] = 0;
    for (size_t k = 0; k < length; k++) {
        float *lane = acc[k % lanes];
        float right = b[k * bk];
        for (size_t i = 0; i < rows; i++)
            lane[i] = flux_fmaf(a[i * ai + k * ak], right, lane[i]);
    }
    for (size_t i = 0; i < rows; i++) {
        float lane[16];
        for (size_t l = 0; l < lanes; l++)
            lane[l] = acc[l][i];
        sum[i] = flux_join_f32(order, lane);
    }
}

/* The product in plain C, for any machine: 16 rows at a time. */
FLUX_ONCE void
flux_product_f32_plain(flux_order order, size_t m, size_t n, size_t k,
                       const float *a, size_t ai, size_t ak, const float *b,
                       size_t bk, size_t bj, float *c, size_t ci, size_t cj,
                       flux_product_end end)
{
    size_t block = flux_order_block(order);
    for (size_t j = 0; j < n; j++)
        for (size_t i0 = 0; i0 < m; i0 += 16) {
            size_t rows = m - i0 < 16 ? m - i0 : 16;
            float total[16] = {0};
            for (size_t k0 = 0; k0 < k; k0 += block) {
                size_t length = k - k0 < block ? k - k0 : block;
                float sum[16];
                flux_block_f32(order, rows, length, a + i0 * ai + k0 * ak, ai,
                               ak, b + k0 * bk + j * bj, bk, sum);
                for (size_t i = 0; i < rows; i++)
                    total[i] = total[i] + sum[i];
            }
            for (size_t i = 0; i < rows; i++)
                flux_end_f32(c + (i0 + i) * ci + j * cj, total[i], end);
        }
}

/* sum[i] = the sum of one block of the product for up to 16 rows. */
FLUX_STATIC void
flux_block_f64(flux_order order, size_t rows, size_t length, const double *a,
               size_t ai, size_t ak, const double *b, size_t bk, double *sum)
{
    size_t lanes = flux_order_lanes(order);
    double acc[16][16];
    for (size_t l = 0; l < lanes; l++)
        for (size_t i = 0; i < rows; i++)
            acc[l][i] = 0;
    for (size_t k = 0; k < length; k++) {
        double *lane = acc[k % lanes];
        double right = b[k * bk];
        for (size_t i = 0; i < rows; i++)
            lane[i] = flux_fma(a[i * ai + k * ak], right, lane[i]);
    }
    for (size_t i = 0; i < rows; i++) {
        double lane[16];
        for (size_t l = 0; l < lanes; l++)
            lane[l] = acc[l][i];
        sum[i] = flux_join_f64(order, lane);
    }
}

/* The product in plain C, for any machine: 16 rows at a time. */
FLUX_ONCE void
flux_product_f64_plain(flux_order order, size_t m, size_t n, size_t k,
                       const double *a, size_t ai, size_t ak, const double *b,
                       size_t bk, size_t bj, double *c, size_t ci, size_t cj,
                       flux_product_end end)
{
    size_t block = flux_order_block(order);
    for (size_t j = 0; j < n; j++)
        for (size_t i0 = 0; i0 < m; i0 += 16) {
            size_t rows = m - i0 < 16 ? m - i0 : 16;
            double total[16] = {0};
            for (size_t k0 = 0; k0 < k; k0 += block) {
                size_t length = k - k0 < block ? k - k0 : block;
                double sum[16];
                flux_block_f64(order, rows, length, a + i0 * ai + k0 * ak, ai,
                               ak, b + k0 * bk + j * bj, bk, sum);
                for (size_t i = 0; i < rows; i++)
                    total[i] = total[i] + sum[i];
            }
            for (size_t i = 0; i < rows; i++)
                flux_end_f64(c + (i0 + i) * ci + j * cj, total[i], end);
        }
}

/* Whether a product is made as its transpose, whose rows are contiguous or
 * more; not where these would fill a vector less than the others do. */
FLUX_STATIC int
flux_product_turns(size_t m, size_t n, size_t ci, size_t cj)
{
    return (m < 4 && n > m) ||
           (ci != 1 && cj == 1 && n >= 4 && (n >= m || m >= 16));
}

/* Rows in a panel: two vectors of the widest. */
#define FLUX_PANEL(T) ((FLUX_NEON ? 32 : 128) / sizeof(T))

/* Whether products of n columns read panels of an operand with this stride of
 * rows: few columns read whole lines of it just as well. */
FLUX_STATIC int
flux_has_panels(flux_isa isa, size_t n, size_t ai)
{
    isa = FLUX_ISA_OF(isa);
    return FLUX_VECTORS && isa != FLUX_ISA_PLAIN && (ai != 1 || n >= 4);
}

#if FLUX_VECTORS
#include "kernels/flux_product_vectors.h"
#endif

#define FLUX_P(name)       name##_f32
#define FLUX_ON(name, set) name##_f32_##set
#define FLUX_TASK          flux_product_task_f32
#define FLUX_T             float
#include "kernels/flux_product_call_body.h"
#undef FLUX_P
#undef FLUX_ON
#undef FLUX_TASK
#undef FLUX_T

#define FLUX_P(name)       name##_f64
#define FLUX_ON(name, set) name##_f64_##set
#define FLUX_TASK          flux_product_task_f64
#define FLUX_T             double
#include "kernels/flux_product_call_body.h"
#undef FLUX_P
#undef FLUX_ON
#undef FLUX_TASK
#undef FLUX_T

#endif
