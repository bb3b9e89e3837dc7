/* flux_product_f64.h - the text of the matrix product of doubles: in plain C,
 * for vector instructions, and on threads. libflux.a has it compiled;
 * --standalone pastes it.
 */
#ifndef FLUX_PRODUCT_F64_H
#define FLUX_PRODUCT_F64_H

#include "kernels/flux_math.h"
#include "kernels/flux_product.h"
#if FLUX_VECTORS
#include "kernels/flux_vectors.h"

#define FLUX_F64_BEST
#include "kernels/flux_vector_body.h"
#include "kernels/flux_product_body.h"
#include "kernels/flux_vector_end_body.h"

#if FLUX_X86
#define FLUX_F64_AVX2
#include "kernels/flux_vector_body.h"
#include "kernels/flux_product_body.h"
#include "kernels/flux_vector_end_body.h"
#endif
#endif

#define FLUX_P(name)       name##_f64
#define FLUX_ON(name, set) name##_f64_##set
#define FLUX_TASK          flux_product_task_f64
#define FLUX_T             double
#define FLUX_FMA           flux_fma
#define FLUX_SIGMA_OF      flux_sigma
#define FLUX_TANH_OF       flux_tanh
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
