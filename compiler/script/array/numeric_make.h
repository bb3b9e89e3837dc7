/* Makers of nodes for the operators and functions of the language: what lift()
 * is given. Each takes operands already in the graph.
 */
#ifndef FLUXC_SCRIPT_NUMERIC_MAKE_H
#define FLUXC_SCRIPT_NUMERIC_MAKE_H

#include "script/array/lift.h"

/* An elementwise operation; extra is a MapOp. */
typedef struct {
    Op op;
    bool dotted; /* broadcasts */
    bool ints;   /* Int operands stay Int */
} MapOp;
Ref make_map(Lift *l, const Ref *operand, size_t count, const void *extra);

/* a ^ b; extra: const MapOp. A constant exponent becomes products, 1 / a,
 * sqrt.
 */
Ref make_power(Lift *l, const Ref *operand, size_t count, const void *extra);

/* The matrix product of `*`, and of a transposed vector; extra: ProductOp. */
typedef struct {
    bool row_a;
    bool row_b;
} ProductOp;
Ref make_product(Lift *l, const Ref *operand, size_t count, const void *extra);

/* Matrices times matrices: axes after the second number them. */
Ref make_matrices(Lift *l, const Ref *operand, size_t count, const void *extra);

/* A transpose; a vector becomes a (1,n) row; extra: const bool *, whether the
 * operand is such a row.
 */
Ref make_transpose(Lift *l, const Ref *operand, size_t count,
                   const void *extra);

/* Reductions; extra: ReduceOp. */
typedef struct {
    Op op;       /* OP_sum, OP_maximum, OP_argmax */
    bool negate; /* minimum, argmin: of -x */
    bool mean;
    bool keep;     /* the axis stays, of length 1 (dims = …) */
    uint32_t axes; /* bit a: axis a; 0: all */
} ReduceOp;
Ref make_reduce(Lift *l, const Ref *operand, size_t count, const void *extra);
Ref make_product_of_all(Lift *l, const Ref *operand, size_t count,
                        const void *extra); /* prod; extra: ReduceOp */
Ref make_cumsum(Lift *l, const Ref *operand, size_t count, const void *extra);
Ref make_dot(Lift *l, const Ref *operand, size_t count, const void *extra);

/* Shapes. extra: DimsOp, its numbers; -1 for one that follows (`:`). */
typedef struct {
    int rank;
    Dim dim[IR_RANK];
} DimsOp;
Ref make_reshape(Lift *l, const Ref *operand, size_t count, const void *extra);
Ref make_permute(Lift *l, const Ref *operand, size_t count, const void *extra);
Ref make_concat(Lift *l, const Ref *operand, size_t count,
                const void *extra); /* extra: const int *axis */
Ref make_reverse(Lift *l, const Ref *operand, size_t count,
                 const void *extra); /* extra: const int *axis */

/* The number of each element along an axis, from 1; extra: const int *axis. */
Ref make_positions(Lift *l, const Ref *operand, size_t count,
                   const void *extra);

/* x[…]; extra: IndexOp, with steps other than 1 of known lengths only. */
typedef struct {
    Dim start[IR_RANK];
    Dim count[IR_RANK];
    int64_t step[IR_RANK];
    bool drop[IR_RANK]; /* the axis was indexed by a number */
    int rank;
} IndexOp;
Ref make_index(Lift *l, const Ref *operand, size_t count, const void *extra);

/* Windows along the first axes; extra: WindowOp, whose size is that of the
 * whole axes for overlap.
 */
typedef struct {
    int axes;
    int64_t size[IR_RANK];
    int64_t stride[IR_RANK];
    int64_t dilation[IR_RANK];
} WindowOp;
Ref make_windows(Lift *l, const Ref *operand, size_t count, const void *extra);
Ref make_overlap(Lift *l, const Ref *operand, size_t count, const void *extra);

/* Zeros around the first axes; extra: PadOp. */
typedef struct {
    int axes;
    int64_t before[IR_RANK];
    int64_t after[IR_RANK];
} PadOp;
Ref make_padzeros(Lift *l, const Ref *operand, size_t count, const void *extra);

/* The product that sums the last axes of a, but for the paired ones behind
 * them, with the first of b; extra: ContractOp.
 */
typedef struct {
    int axes;
    int paired;
} ContractOp;
Ref make_contract(Lift *l, const Ref *operand, size_t count, const void *extra);

/* The parts of a table at indices, from 1, along an axis; extra: const int
 * *axis, -1: the last.
 */
Ref make_gather(Lift *l, const Ref *operand, size_t count, const void *extra);

Ref make_fma(Lift *l, const Ref *operand, size_t count, const void *extra);
Ref make_select(Lift *l, const Ref *operand, size_t count, const void *extra);
Ref make_batchsum(Lift *l, const Ref *operand, size_t count,
                  const void *extra); /* extra: const bool *mean */

#endif
