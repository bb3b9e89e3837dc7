/* flux_product_x86.h - the matrix product for the vector instructions of
 * x86-64: flux_product_body.h for AVX-512 and for AVX2 with FMA, of both
 * element types. flux_product.h includes it.
 */
#ifndef FLUX_PRODUCT_X86_H
#define FLUX_PRODUCT_X86_H

#include "kernels/flux_vector_x86.h"

#define FLUX_F32_AVX512
#include "kernels/flux_vector_body.h"
#include "kernels/flux_product_body.h"
#include "kernels/flux_vector_end_body.h"

#define FLUX_F64_AVX512
#include "kernels/flux_vector_body.h"
#include "kernels/flux_product_body.h"
#include "kernels/flux_vector_end_body.h"

#define FLUX_F32_AVX2
#include "kernels/flux_vector_body.h"
#include "kernels/flux_product_body.h"
#include "kernels/flux_vector_end_body.h"

#define FLUX_F64_AVX2
#include "kernels/flux_vector_body.h"
#include "kernels/flux_product_body.h"
#include "kernels/flux_vector_end_body.h"

#endif
