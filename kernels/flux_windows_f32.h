/* flux_windows_f32.h - the text of products of floats over several axes.
 * libflux.a has it compiled; --standalone pastes it.
 */
#ifndef FLUX_WINDOWS_F32_H
#define FLUX_WINDOWS_F32_H

#include "kernels/flux_windows_places.h"

#include <string.h>

#if FLUX_VECTORS
#include "kernels/flux_vectors.h"

#define FLUX_F32_BEST
#include "kernels/flux_vector_body.h"
#include "kernels/flux_windows_vector_body.h"
#include "kernels/flux_vector_end_body.h"

#if FLUX_X86
#define FLUX_F32_AVX2
#include "kernels/flux_vector_body.h"
#include "kernels/flux_windows_vector_body.h"
#include "kernels/flux_vector_end_body.h"
#endif
#endif

#define FLUX_T             float
#define FLUX_NAME(name)    name##_f32
#define FLUX_ON(name, set) name##_f32_##set
#include "kernels/flux_windows_body.h"
#undef FLUX_T
#undef FLUX_NAME
#undef FLUX_ON

#endif
