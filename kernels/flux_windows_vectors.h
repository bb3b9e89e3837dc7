/* flux_windows_vectors.h - products over several axes for vector instructions:
 * flux_windows_vector_body.h for each set of them and each element type.
 * flux_windows.h includes it.
 */
#ifndef FLUX_WINDOWS_VECTORS_H
#define FLUX_WINDOWS_VECTORS_H

#include "kernels/flux_vectors.h"

#define FLUX_F32_BEST
#include "kernels/flux_vector_body.h"
#include "kernels/flux_windows_vector_body.h"
#include "kernels/flux_vector_end_body.h"

#define FLUX_F64_BEST
#include "kernels/flux_vector_body.h"
#include "kernels/flux_windows_vector_body.h"
#include "kernels/flux_vector_end_body.h"

#if FLUX_X86
#define FLUX_F32_AVX2
#include "kernels/flux_vector_body.h"
#include "kernels/flux_windows_vector_body.h"
#include "kernels/flux_vector_end_body.h"

#define FLUX_F64_AVX2
#include "kernels/flux_vector_body.h"
#include "kernels/flux_windows_vector_body.h"
#include "kernels/flux_vector_end_body.h"
#endif

#endif
