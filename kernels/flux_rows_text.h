/* flux_rows_text.h - the text of flux_rows.h. libflux.a has it compiled;
 * --standalone pastes it.
 */
#ifndef FLUX_ROWS_TEXT_H
#define FLUX_ROWS_TEXT_H

#include "kernels/flux_rows.h"
#include "kernels/flux_sum.h"

#if FLUX_VECTORS
#include "kernels/flux_vectors.h"

#define FLUX_F32_BEST
#include "kernels/flux_vector_body.h"
#include "kernels/flux_rows_vector_body.h"
#include "kernels/flux_vector_end_body.h"

#define FLUX_F64_BEST
#include "kernels/flux_vector_body.h"
#include "kernels/flux_rows_vector_body.h"
#include "kernels/flux_vector_end_body.h"

#if FLUX_X86
#define FLUX_F32_AVX2
#include "kernels/flux_vector_body.h"
#include "kernels/flux_rows_vector_body.h"
#include "kernels/flux_vector_end_body.h"

#define FLUX_F64_AVX2
#include "kernels/flux_vector_body.h"
#include "kernels/flux_rows_vector_body.h"
#include "kernels/flux_vector_end_body.h"
#endif
#endif

#define FLUX_P(name)       name##_f32
#define FLUX_ON(name, set) name##_f32_##set
#define FLUX_T             float
#include "kernels/flux_rows_body.h"
#undef FLUX_P
#undef FLUX_ON
#undef FLUX_T

#define FLUX_P(name)       name##_f64
#define FLUX_ON(name, set) name##_f64_##set
#define FLUX_T             double
#include "kernels/flux_rows_body.h"
#undef FLUX_P
#undef FLUX_ON
#undef FLUX_T

#endif
