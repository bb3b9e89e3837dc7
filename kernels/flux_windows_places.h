/* flux_windows_places.h - places along several axes, for the text of
 * flux_windows.h.
 */
#ifndef FLUX_WINDOWS_PLACES_H
#define FLUX_WINDOWS_PLACES_H

#include "kernels/flux_windows.h"

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

#endif
