/* flux_windows.h - products of arrays whose rows, columns and terms run over
 * several axes: convolutions and their derivatives.
 *
 *    c[row, column] = sum over the terms of a[row, term] b[term, column]
 *
 * in the orders seq and split4 of flux_sum.h, the first axis of the terms
 * fastest. An axis has a length and the steps that it takes in a, b and c.
 * Blocks of the operands are laid side by side and multiplied by the product of
 * flux_product.h, so that windows that share elements are never made as a
 * whole.
 */
#ifndef FLUX_WINDOWS_H
#define FLUX_WINDOWS_H

#include "kernels/flux_product.h"

typedef struct {
    size_t length;
    size_t a; /* of rows and terms */
    size_t b; /* of terms and columns */
    size_t c; /* of rows and columns */
} flux_axis;

enum { FLUX_AXES = 4, FLUX_TERMS = 512, FLUX_COLUMNS = 16 };

/* Row axis i and term axis i of a framed product go along an axis of a on which
 * `length` elements lie `step` apart. The first is place `before`; at places
 * before it and behind the last a is +0, without memory. */
typedef struct {
    size_t length, step, before;
} flux_frame;

/* So many elements may a sample have, its frames among them; and all that are
 * put in zeros at once, which are several where there are vectors to fill. */
enum {
    FLUX_FRAMED = 8192,
    FLUX_FRAMED_ROOM = (FLUX_VECTORS ? 4 : 1) * FLUX_FRAMED
};

#ifdef __cplusplus
extern "C" {
#endif
#define FLUX_NAME(name) name##_f32
#define FLUX_T          float
#include "kernels/flux_windows_call_body.h"
#undef FLUX_NAME
#undef FLUX_T

#define FLUX_NAME(name) name##_f64
#define FLUX_T          double
#include "kernels/flux_windows_call_body.h"
#undef FLUX_NAME
#undef FLUX_T
#ifdef __cplusplus
}
#endif

#if FLUX_KERNELS_HERE
#include "kernels/flux_windows_f32.h"
#include "kernels/flux_windows_f64.h"
#endif

#endif
