/* flux_product.h - matrix products, and sums of their columns, in the orders of
 * flux_sum.h.
 *
 * The product has code for AVX-512, for AVX2 with FMA, for NEON and for any
 * machine; its callers say which (flux_isa.h).
 */
#ifndef FLUX_PRODUCT_H
#define FLUX_PRODUCT_H

#include "kernels/flux_isa.h"
#include "kernels/flux_pool.h"
#include "kernels/flux_sum.h"

/* Rows in a panel: two vectors of the widest. */
#define FLUX_PANEL(T) ((FLUX_NEON ? 32 : 128) / sizeof(T))

/* Whether products of n columns read panels of an operand with this stride of
 * rows: few columns read whole lines of it just as well. */
FLUX_STATIC int
flux_has_panels(flux_isa isa, size_t n, size_t ai)
{
    isa = FLUX_ISA_OF(isa);
    return FLUX_VECTORS && isa != FLUX_ISA_PLAIN && (ai != 1 || n >= 4);
}

/* Products that are made in one call. */
enum { FLUX_RIGHTS_MOST = 4 };

#ifdef __cplusplus
extern "C" {
#endif
#define FLUX_P(name) name##_f32
#define FLUX_T       float
#include "kernels/flux_product_call_body.h"
#include "kernels/flux_optimiser_call_body.h"
#include "kernels/flux_epilogue_call_body.h"
#undef FLUX_P
#undef FLUX_T

#define FLUX_P(name) name##_f64
#define FLUX_T       double
#include "kernels/flux_product_call_body.h"
#include "kernels/flux_optimiser_call_body.h"
#include "kernels/flux_epilogue_call_body.h"
#undef FLUX_P
#undef FLUX_T
#ifdef __cplusplus
}
#endif

#if FLUX_KERNELS_HERE
#include "kernels/flux_product_f32.h"
#include "kernels/flux_product_f64.h"
#endif

#endif
