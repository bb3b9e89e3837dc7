/* flux_scatter.h - sums of columns, each into the column of a table that an
 * index names: the gradient of a table that was read by indices, as that of an
 * embedding. It takes the time of what is added, and of writing the table.
 *
 * The sum of column j of the table is that over k < n, in the order seq of
 * flux_sum.h, of column k of x, or of +0 where index[k] is not j. A sum from +0
 * never is -0: terms that are +0 change nothing, and are left out.
 */
#ifndef FLUX_SCATTER_H
#define FLUX_SCATTER_H

#include "kernels/flux_isa.h"
#include "kernels/flux_sum.h"

#ifdef __cplusplus
extern "C" {
#endif
#define FLUX_P(name) name##_f32
#define FLUX_T       float
#include "kernels/flux_scatter_call_body.h"
#undef FLUX_P
#undef FLUX_T

#define FLUX_P(name) name##_f64
#define FLUX_T       double
#include "kernels/flux_scatter_call_body.h"
#undef FLUX_P
#undef FLUX_T
#ifdef __cplusplus
}
#endif

#if FLUX_KERNELS_HERE
#include "kernels/flux_scatter_text.h"
#endif

#endif
