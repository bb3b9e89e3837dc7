/* flux_maxima.h - maxima over windows that lie two elements apart, and where in
 * them they are, as most pools have them.
 *
 * Windows stand in lines. An element of window i of line j is
 *
 *    x[2 i + u + line v + down j], u < width, v < height
 *
 * and has the number u + width v. A maximum is that of flux_sum.h: of nothing
 * that is above -Inf it is that, at 0.
 */
#ifndef FLUX_MAXIMA_H
#define FLUX_MAXIMA_H

#include "kernels/flux_isa.h"

#ifdef __cplusplus
extern "C" {
#endif
/* The maxima of `lines` lines of `count` windows go to y, the numbers of the
 * first elements that have them to `at`, if that is not NULL; those of line j
 * begin at to * j. No result overlaps x. */
FLUX_KERNEL void flux_maxima_f32(flux_isa isa, size_t count, size_t lines,
                                 size_t width, size_t height, const float *x,
                                 size_t line, size_t down, float *y,
                                 int32_t *at, size_t to);
#ifdef __cplusplus
}
#endif

#if FLUX_KERNELS_HERE
#include "kernels/flux_maxima_f32.h"
#endif

#endif
