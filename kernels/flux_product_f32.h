/* flux_product_f32.h - the text of the matrix product of floats: in plain C,
 * for vector instructions, and on threads. libflux.a has it compiled;
 * --standalone pastes it.
 */
#ifndef FLUX_PRODUCT_F32_H
#define FLUX_PRODUCT_F32_H

#include "kernels/flux_math.h"
#include "kernels/flux_product.h"
#if FLUX_VECTORS
#include "kernels/flux_vectors.h"

#define FLUX_F32_BEST
#include "kernels/flux_vector_body.h"
#include "kernels/flux_product_body.h"
#include "kernels/flux_vector_end_body.h"

#if FLUX_X86
#define FLUX_F32_AVX2
#include "kernels/flux_vector_body.h"
#include "kernels/flux_product_body.h"
#include "kernels/flux_vector_end_body.h"
#endif
#endif

#define FLUX_P(name)       name##_f32
#define FLUX_ON(name, set) name##_f32_##set
#define FLUX_TASK          flux_product_task_f32
#define FLUX_T             float
#define FLUX_FMA           flux_fmaf
#define FLUX_SIGMA_OF      flux_sigmaf
#define FLUX_TANH_OF       flux_tanhf
#include "kernels/flux_product_plain_body.h"
#undef FLUX_SIGMA_OF
#undef FLUX_TANH_OF
#include "kernels/flux_product_share_body.h"
#undef FLUX_P
#undef FLUX_ON
#undef FLUX_TASK
#undef FLUX_T
#undef FLUX_FMA

#endif
