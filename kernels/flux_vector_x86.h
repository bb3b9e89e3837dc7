/* flux_vector_x86.h - the vectors of x86-64 and what is done with them, for
 * AVX-512 and for AVX2 with FMA, of both element types.
 *
 * They are vectors of the compiler, which has + and * for them. The few
 * instructions that it has no words for are assembly, the same for gcc and
 * clang. immintrin.h has words for all, and costs gcc 0.4 s for each file that
 * includes it.
 */
#ifndef FLUX_VECTOR_X86_H
#define FLUX_VECTOR_X86_H

#include <string.h>

/* Assembly's operands in the order of AT&T and of Intel: of an instruction that
 * makes %0 of %1 and %2, and of one that moves %1 to %0. */
#define FLUX_MAKES " {%2, %1, %0|%0, %1, %2}"
#define FLUX_MOVES " {%1, %0|%0, %1}"

#define FLUX_F32_AVX512
#include "kernels/flux_vector_body.h"
#include "kernels/flux_vector_op_body.h"
#include "kernels/flux_vector_end_body.h"

#define FLUX_F64_AVX512
#include "kernels/flux_vector_body.h"
#include "kernels/flux_vector_op_body.h"
#include "kernels/flux_vector_end_body.h"

#define FLUX_F32_AVX2
#include "kernels/flux_vector_body.h"
#include "kernels/flux_vector_op_body.h"
#include "kernels/flux_vector_end_body.h"

#define FLUX_F64_AVX2
#include "kernels/flux_vector_body.h"
#include "kernels/flux_vector_op_body.h"
#include "kernels/flux_vector_end_body.h"

#endif
