/* flux_sum.h - sums in exact orders, and what becomes of them; maxima.
 *
 * Three orders, the same for every engine:
 *
 *    seq     blocks of 512 terms; each from +0, acc = fma(a, b, acc) in turn
 *    split4  the same blocks; accumulator r takes the terms k = r modulo 4 of
 *            the block, which is then (acc0 + acc1) + (acc2 + acc3)
 *    tree16  blocks of 4096; lane l takes the terms k = l modulo 16, then lane
 *            l adds lane l + 8, l + 4, l + 2 and l + 1
 *
 * Block sums are added in order to a total from +0. No terms give +0.
 *
 * A maximum is that of one element after another, max = x > max ? x : max from
 * -Inf, in any order: but for zeros, the first of which is taken.
 *
 * The functions are inlined, so that their instructions are those of their
 * caller, and order and length mostly constants.
 */
#ifndef FLUX_SUM_H
#define FLUX_SUM_H

#include "kernels/flux_isa.h"

typedef enum { FLUX_SEQ, FLUX_SPLIT4, FLUX_TREE16 } flux_order;

/* What becomes of the sums of a product: c = sum, c + sum, c - scale * sum,
 * what an optimiser makes of c, of which these are the gradients, or what an
 * epilogue makes of them. */
typedef enum {
    FLUX_SET,
    FLUX_ADD,
    FLUX_STEP,
    FLUX_OPTIMISER,
    FLUX_EPILOGUE
} flux_end_kind;
typedef struct {
    flux_end_kind kind;
    double scale;   /* of FLUX_STEP, a number of the element type */
    const void *by; /* a flux_optimiser_f32 or _f64, or a flux_epilogue of it */
} flux_product_end;

/* What an epilogue makes of a sum: a layer's value, of the sum and the bias x,
 * if there is one, or a layer's gradient, from that of an activation's value x.
 */
typedef enum {
    FLUX_BIAS,  /* sum + x */
    FLUX_RELU,  /* and of that the greater of it and 0, */
    FLUX_SIGMA, /* or a function */
    FLUX_TANH,
    FLUX_DRELU,  /* x > 0 ? sum : 0 */
    FLUX_DSIGMA, /* sum * (x * (1 - x)) */
    FLUX_DTANH   /* sum * (1 - x * x) */
} flux_epilogue_kind;

/* The parts of an optimiser's step, and those of each optimiser. */
enum {
    FLUX_FIRST = 1,  /* moment: of the gradients */
    FLUX_SECOND = 2, /* moment: of their squares */
    FLUX_DECAY = 4,  /* of the parameters, beside the gradient */
    FLUX_CLIP = 8,   /* of the gradient, before all else */
    FLUX_L2 = 16,    /* penalty: its gradient is added, behind that */
    FLUX_ADJUSTED = FLUX_CLIP | FLUX_L2,
    FLUX_SGD = 0,
    FLUX_MOMENTUM = FLUX_FIRST,
    FLUX_RMSPROP = FLUX_SECOND,
    FLUX_ADAM = FLUX_FIRST | FLUX_SECOND,
    FLUX_ADAMW = FLUX_ADAM | FLUX_DECAY
};

/* Nothing is kept of a first moment whose magnitude is below the one, 2^-95,
 * and the other is added to the second at each step: so neither becomes
 * subnormal where gradients are 0 for long, which many processors take a
 * hundred times as long for. */
#define FLUX_SMALL 2.524354896707238e-29
#define FLUX_TINY  1e-37

/* one(name, PARTS) for each optimiser: its name in calls, and its parts. */
#define FLUX_OPTIMISERS(one)                                                   \
    one(sgd, FLUX_SGD) one(momentum, FLUX_MOMENTUM) one(rmsprop, FLUX_RMSPROP) \
        one(adam, FLUX_ADAM) one(adamw, FLUX_ADAMW)

/* Which optimisers products and tables are compiled for, a bit for each: all in
 * libflux.a, those that it needs in what --standalone makes. */
#ifndef FLUX_USED_OPTIMISERS
#define FLUX_USED_OPTIMISERS                                                   \
    (1 << FLUX_SGD | 1 << FLUX_MOMENTUM | 1 << FLUX_RMSPROP | 1 << FLUX_ADAM | \
     1 << FLUX_ADAMW)
#endif
#define FLUX_USES_OPTIMISER(parts) (((FLUX_USED_OPTIMISERS) >> (parts)) & 1)

/* Whether products are compiled for epilogues; likewise. */
#ifndef FLUX_USED_EPILOGUES
#define FLUX_USED_EPILOGUES 1
#endif

/* How many accumulators a block has. */
FLUX_INLINE size_t
flux_order_lanes(flux_order order)
{
    return order == FLUX_TREE16 ? 16 : order == FLUX_SPLIT4 ? 4 : 1;
}

/* How many terms a block has. */
FLUX_INLINE size_t
flux_order_block(flux_order order)
{
    return order == FLUX_TREE16 ? 4096 : 512;
}

#define FLUX_P(name) name##_f32
#define FLUX_T       float
#define FLUX_ROOT    flux_sqrtf
#define FLUX_ABS     flux_absf
#define FLUX_FMA_ISA flux_fmaf_isa
#include "kernels/flux_sum_body.h"
#undef FLUX_P
#undef FLUX_T
#undef FLUX_ROOT
#undef FLUX_ABS
#undef FLUX_FMA_ISA

#define FLUX_P(name) name##_f64
#define FLUX_T       double
#define FLUX_ROOT    flux_sqrt
#define FLUX_ABS     flux_abs
#define FLUX_FMA_ISA flux_fma_isa
#include "kernels/flux_sum_body.h"
#undef FLUX_P
#undef FLUX_T
#undef FLUX_ROOT
#undef FLUX_ABS
#undef FLUX_FMA_ISA

#endif
