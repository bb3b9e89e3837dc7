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

#include <string.h>

typedef struct {
    size_t length;
    size_t a; /* of rows and terms */
    size_t b; /* of terms and columns */
    size_t c; /* of rows and columns */
} flux_axis;

enum { FLUX_AXES = 4, FLUX_TERMS = 512, FLUX_COLUMNS = 16 };

/* Places along some axes, the first fastest: index and offsets. */
typedef struct {
    size_t index[FLUX_AXES];
    flux_axis at;
} flux_place;

FLUX_STATIC size_t
flux_axes_count(size_t axes, const flux_axis *axis)
{
    size_t count = 1;
    for (size_t i = 0; i < axes; i++)
        count *= axis[i].length;
    return count;
}

FLUX_STATIC void
flux_place_next(flux_place *place, size_t axes, const flux_axis *axis)
{
    for (size_t i = 0; i < axes; i++) {
        place->at.a += axis[i].a;
        place->at.b += axis[i].b;
        place->at.c += axis[i].c;
        if (++place->index[i] < axis[i].length)
            return;
        place->index[i] = 0;
        place->at.a -= axis[i].a * axis[i].length;
        place->at.b -= axis[i].b * axis[i].length;
        place->at.c -= axis[i].c * axis[i].length;
    }
}

/* The offsets of the next `count` places. */
FLUX_STATIC void
flux_places(flux_place *place, size_t axes, const flux_axis *axis, size_t count,
            flux_axis *at)
{
    for (size_t i = 0; i < count; i++) {
        at[i] = place->at;
        flux_place_next(place, axes, axis);
    }
}

/* The offsets in a and in b of the next `count` places, along the first axis
 * many at a time. */
FLUX_INLINE void
flux_places_ab(flux_place *place, size_t axes, const flux_axis *axis,
               size_t count, size_t *a, size_t *b)
{
    while (count > 0) {
        size_t left = axis[0].length - place->index[0];
        size_t some = left < count ? left : count;
        for (size_t i = 0; i < some; i++) {
            a[i] = place->at.a + i * axis[0].a;
            b[i] = place->at.b + i * axis[0].b;
        }
        place->index[0] += some - 1;
        place->at.a += (some - 1) * axis[0].a;
        place->at.b += (some - 1) * axis[0].b;
        flux_place_next(place, axes, axis);
        a += some;
        b += some;
        count -= some;
    }
}

/* The axes with the operands exchanged. */
FLUX_STATIC void
flux_axes_swap(size_t axes, const flux_axis *axis, flux_axis *to)
{
    for (size_t i = 0; i < axes; i++) {
        to[i] = axis[i];
        to[i].a = axis[i].b;
        to[i].b = axis[i].a;
    }
}

#if FLUX_VECTORS
#include "kernels/flux_windows_vectors.h"
#endif

#define FLUX_T             float
#define FLUX_NAME(name)    name##_f32
#define FLUX_ON(name, set) name##_f32_##set
#include "kernels/flux_windows_body.h"
#undef FLUX_T
#undef FLUX_NAME
#undef FLUX_ON

#define FLUX_T             double
#define FLUX_NAME(name)    name##_f64
#define FLUX_ON(name, set) name##_f64_##set
#include "kernels/flux_windows_body.h"
#undef FLUX_T
#undef FLUX_NAME
#undef FLUX_ON

#endif
