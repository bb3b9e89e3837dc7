/* flux_windows_x86.h - products over several axes for the vector instructions
 * of x86-64: flux_windows_vector_body.h for AVX-512 and for AVX2 with FMA, of
 * both element types. flux_windows.h includes it.
 */
#ifndef FLUX_WINDOWS_X86_H
#define FLUX_WINDOWS_X86_H

#include "kernels/flux_vector_x86.h"

#define FLUX_F32_AVX512
#include "kernels/flux_vector_body.h"
#include "kernels/flux_windows_vector_body.h"
#include "kernels/flux_vector_end_body.h"

#define FLUX_F64_AVX512
#include "kernels/flux_vector_body.h"
#include "kernels/flux_windows_vector_body.h"
#include "kernels/flux_vector_end_body.h"

#define FLUX_F32_AVX2
#include "kernels/flux_vector_body.h"
#include "kernels/flux_windows_vector_body.h"
#include "kernels/flux_vector_end_body.h"

#define FLUX_F64_AVX2
#include "kernels/flux_vector_body.h"
#include "kernels/flux_windows_vector_body.h"
#include "kernels/flux_vector_end_body.h"

#endif
