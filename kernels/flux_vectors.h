/* flux_vectors.h - the vectors of a processor and what is done with them, of
 * both element types: of x86-64 for AVX-512 and for AVX2 with FMA, of ARM in 64
 * bits for NEON.
 *
 * They are vectors of the compiler, which has + and * for them. The few
 * instructions that it has no words for are assembly, the same for gcc and
 * clang. immintrin.h and arm_neon.h have words for all, and cost gcc 0.4 s and
 * 0.2 s for each file that includes them.
 */
#ifndef FLUX_VECTORS_H
#define FLUX_VECTORS_H

#include "kernels/flux_isa.h"
#include "kernels/flux_sum.h"

#define FLUX_ALIGNED __attribute__((aligned(64)))

#define FLUX_F32_BEST
#include "kernels/flux_vector_body.h"
#include "kernels/flux_vector_op_body.h"
#include "kernels/flux_vector_end_body.h"

#define FLUX_F64_BEST
#include "kernels/flux_vector_body.h"
#include "kernels/flux_vector_op_body.h"
#include "kernels/flux_vector_end_body.h"

#if FLUX_X86
#define FLUX_F32_AVX2
#include "kernels/flux_vector_body.h"
#include "kernels/flux_vector_op_body.h"
#include "kernels/flux_vector_end_body.h"

#define FLUX_F64_AVX2
#include "kernels/flux_vector_body.h"
#include "kernels/flux_vector_op_body.h"
#include "kernels/flux_vector_end_body.h"
#endif

#endif
