/* flux_rows.h - the sum, that of squares, and the greatest of many elements
 * that lie side by side, as rows of a matrix do: in the order tree16, and the
 * maximum, of flux_sum.h. In place both are a text of some length, which a
 * model often has; a call takes some 3 ns, which few elements would feel. And
 * rows that become columns: compilers load and store their elements one by one.
 */
#ifndef FLUX_ROWS_H
#define FLUX_ROWS_H

#include "kernels/flux_isa.h"

#ifdef __cplusplus
extern "C" {
#endif
/* flux_sum_f32(FLUX_TREE16, n, x, 1), that of the squares x * x, and
 * flux_maximum_f32(n, x). */
FLUX_KERNEL float flux_row_sum_f32(flux_isa isa, size_t n, const float *x);
FLUX_KERNEL float flux_row_squares_f32(flux_isa isa, size_t n, const float *x);
FLUX_KERNEL float flux_row_maximum_f32(flux_isa isa, size_t n, const float *x);
FLUX_KERNEL double flux_row_sum_f64(flux_isa isa, size_t n, const double *x);
FLUX_KERNEL double flux_row_squares_f64(flux_isa isa, size_t n,
                                        const double *x);
FLUX_KERNEL double flux_row_maximum_f64(flux_isa isa, size_t n,
                                        const double *x);

/* to[j + i * apart] = from[i + j * next] for i < m, j < n. */
FLUX_KERNEL void flux_turn_f32(flux_isa isa, size_t m, size_t n,
                               const float *from, size_t next, float *to,
                               size_t apart);
FLUX_KERNEL void flux_turn_f64(flux_isa isa, size_t m, size_t n,
                               const double *from, size_t next, double *to,
                               size_t apart);
#ifdef __cplusplus
}
#endif

#if FLUX_KERNELS_HERE
#include "kernels/flux_rows_text.h"
#endif

#endif
