/* flux_product_f64.h - the text of the matrix product of doubles: in plain C,
 * for vector instructions, and on threads. libflux.a has it compiled;
 * --standalone pastes it.
 */
#ifndef FLUX_PRODUCT_F64_H
#define FLUX_PRODUCT_F64_H

#include "kernels/flux_product.h"
#if FLUX_VECTORS
#include "kernels/flux_vectors.h"
#endif

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

#define FLUX_RIGHTS flux_rights_f64
#if FLUX_VECTORS
#define FLUX_F64_BEST
#include "kernels/flux_vector_body.h"
#include "kernels/flux_product_body.h"
#include "kernels/flux_vector_end_body.h"

#if FLUX_X86
#define FLUX_F64_AVX2
#include "kernels/flux_vector_body.h"
#include "kernels/flux_product_body.h"
#include "kernels/flux_vector_end_body.h"
#endif
#endif

#define FLUX_P(name)       name##_f64
#define FLUX_ON(name, set) name##_f64_##set
#define FLUX_TASK          flux_product_task_f64
#define FLUX_T             double
#include "kernels/flux_product_share_body.h"
#undef FLUX_P
#undef FLUX_ON
#undef FLUX_TASK
#undef FLUX_T
#undef FLUX_RIGHTS

#endif
