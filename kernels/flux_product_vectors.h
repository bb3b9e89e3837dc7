/* flux_product_vectors.h - the matrix product for vector instructions:
 * flux_product_body.h for each set of them and each element type.
 * flux_product.h includes it.
 */
#ifndef FLUX_PRODUCT_VECTORS_H
#define FLUX_PRODUCT_VECTORS_H

#include "kernels/flux_vectors.h"

#define FLUX_F32_BEST
#include "kernels/flux_vector_body.h"
#include "kernels/flux_product_body.h"
#include "kernels/flux_vector_end_body.h"

#define FLUX_F64_BEST
#include "kernels/flux_vector_body.h"
#include "kernels/flux_product_body.h"
#include "kernels/flux_vector_end_body.h"

#if FLUX_X86
#define FLUX_F32_AVX2
#include "kernels/flux_vector_body.h"
#include "kernels/flux_product_body.h"
#include "kernels/flux_vector_end_body.h"

#define FLUX_F64_AVX2
#include "kernels/flux_vector_body.h"
#include "kernels/flux_product_body.h"
#include "kernels/flux_vector_end_body.h"
#endif

#endif
