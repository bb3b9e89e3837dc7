/* flux_maxima_f32.h - the text of maxima of windows of floats. libflux.a has it
 * compiled; --standalone pastes it.
 */
#ifndef FLUX_MAXIMA_F32_H
#define FLUX_MAXIMA_F32_H

#include "kernels/flux_maxima.h"

#include <math.h>

typedef struct {
    size_t count; /* of windows in a line */
    size_t lines;
    size_t width;
    size_t height;
    size_t line;
    size_t down;
    size_t to; /* from what one line's windows have to the next's */
} flux_pairs;

#if FLUX_VECTORS
#include "kernels/flux_vectors.h"

#define FLUX_F32_BEST
#include "kernels/flux_vector_body.h"
#include "kernels/flux_maxima_vector_body.h"
#include "kernels/flux_vector_end_body.h"

#if FLUX_X86
#define FLUX_F32_AVX2
#include "kernels/flux_vector_body.h"
#include "kernels/flux_maxima_vector_body.h"
#include "kernels/flux_vector_end_body.h"
#endif
#endif

/* The same without vectors. */
FLUX_STATIC void
flux_maxima_plain(const flux_pairs *w, const float *x, float *y, int32_t *at)
{
    for (size_t j = 0; j < w->lines; j++) {
        for (size_t i = 0; i < w->count; i++) {
            const float *first = x + 2 * i + j * w->down;
            float max = -INFINITY;
            int32_t place = 0;
            for (size_t k = 0; k < w->width * w->height; k++) {
                const float next = first[k % w->width + k / w->width * w->line];
                place = next > max ? (int32_t)k : place;
                max = next > max ? next : max;
            }
            y[i + j * w->to] = max;
            if (at != NULL)
                at[i + j * w->to] = place;
        }
    }
}

FLUX_KERNEL void
flux_maxima_f32(flux_isa isa, size_t count, size_t lines, size_t width,
                size_t height, const float *x, size_t line, size_t down,
                float *y, int32_t *at, size_t to)
{
    const flux_pairs w = {count, lines, width, height, line, down, to};
    isa = FLUX_ISA_OF(isa);
#if FLUX_VECTORS
#define FLUX_ON(name, set) name##_f32_##set
    if (isa != FLUX_ISA_PLAIN) {
        FLUX_ON_VECTORS(isa, flux_maxima, &w, x, y, at);
        return;
    }
#undef FLUX_ON
#endif
    flux_maxima_plain(&w, x, y, at);
}

#endif
