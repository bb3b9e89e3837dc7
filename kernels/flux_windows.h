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

/* Where a term stands among rows, and among columns that are laid side by side.
 */
typedef struct {
    size_t a, b;
} flux_pick;

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

/* A sample of a framed operand laid out in lines, which are the elements of the
 * first framed axis. The axes of the others have steps in a, and in the lines
 * as b. */
typedef struct {
    flux_axis row[FLUX_AXES], term[FLUX_AXES]; /* with steps in what is laid */
    size_t length;                             /* of a line */
    size_t before, behind; /* zeros with memory around each */
    size_t start;          /* of the first */
    size_t lines, size;
    size_t axes;
    flux_axis axis[FLUX_AXES];
} flux_lines;

/* Places of a framed axis up to the last that a term reads. */
FLUX_STATIC size_t
flux_frame_whole(const flux_axis *row, const flux_axis *term,
                 const flux_frame *frame)
{
    return ((row->length - 1) * row->a + (term->length - 1) * term->a) /
               frame->step +
           1;
}

/* The lines of a sample. The frames of the first `with` axes have memory: where
 * others would be there are other elements. */
FLUX_STATIC void
flux_lines_plan(flux_lines *l, const flux_axis *row, size_t terms,
                const flux_axis *term, size_t frames, const flux_frame *frame,
                size_t with)
{
    size_t step = 1;
    l->size = l->lines = 1;
    l->axes = l->start = 0;
    for (size_t i = 0; i < terms; i++) {
        size_t whole = term[i].length, some = whole, room = whole;
        l->term[i] = term[i];
        l->term[i].a = step;
        if (i < frames) {
            whole = flux_frame_whole(row + i, term + i, frame + i);
            size_t before = frame[i].before < whole ? frame[i].before : whole;
            l->row[i] = row[i];
            l->row[i].a = row[i].a / frame[i].step * step;
            l->term[i].a = term[i].a / frame[i].step * step;
            some = whole - before;
            some = some < frame[i].length ? some : frame[i].length;
            room = i < with ? whole : some;
            l->start += before * step;
            if (i == 0) {
                l->length = some;
                l->before = with > 0 ? before : 0;
                l->behind = room - some - l->before;
            }
        }
        if (i > 0) {
            flux_axis *axis = l->axis + l->axes++;
            axis->length = some;
            axis->a = i < frames ? frame[i].step : term[i].a;
            axis->b = step;
            axis->c = 0;
            l->lines *= some;
        }
        l->size += (whole - 1) * step;
        step *= room;
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
