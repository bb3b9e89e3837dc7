/* flux_scatter_text.h - the text of flux_scatter.h. libflux.a has it compiled;
 * --standalone pastes it.
 */
#ifndef FLUX_SCATTER_TEXT_H
#define FLUX_SCATTER_TEXT_H

#include "kernels/flux_scatter.h"

/* The sums of so many elements, and of no more columns, are made at a time; of
 * few where there are no vectors, as on a microcontroller, whose stack is
 * small.
 */
#if FLUX_VECTORS
enum { FLUX_SCATTER_ROOM = 8192, FLUX_SCATTER_COLUMNS = 2048 };
#else
enum { FLUX_SCATTER_ROOM = 256, FLUX_SCATTER_COLUMNS = 64 };
#endif

#define FLUX_P(name)       name##_f32
#define FLUX_ON(name, set) name##_f32_##set
#define FLUX_T             float
#define FLUX_BODIES                                                            \
    FLUX_FOR_EACH_ISA(flux_scatter_some_f32,                                   \
                      (flux_isa isa, const flux_scatter_part_f32 *p), isa, p)
#include "kernels/flux_scatter_body.h"
#undef FLUX_P
#undef FLUX_ON
#undef FLUX_T
#undef FLUX_BODIES

#define FLUX_P(name)       name##_f64
#define FLUX_ON(name, set) name##_f64_##set
#define FLUX_T             double
#define FLUX_BODIES                                                            \
    FLUX_FOR_EACH_ISA(flux_scatter_some_f64,                                   \
                      (flux_isa isa, const flux_scatter_part_f64 *p), isa, p)
#include "kernels/flux_scatter_body.h"
#undef FLUX_P
#undef FLUX_ON
#undef FLUX_T
#undef FLUX_BODIES

#endif
