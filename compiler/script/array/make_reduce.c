/* Makers: reductions, and what is built of them. */
#include "script/array/numeric_make.h"

/* The axes that a reduction means, all if none is named; rank 0 has none. */
static uint32_t
reduce_axes(Lift *l, Ref a, uint32_t axes)
{
    int rank = ir_node(l->g, a)->rank;
    uint32_t all = (1u << rank) - 1;
    if (axes == 0)
        return all;
    if ((axes & ~all) != 0)
        script_fail(l->s, DIAG_rank, l->span, NULL,
                    "%s over an axis that %s has not: it has %d", l->name,
                    lift_shape_text(l, a), rank);
    return axes;
}

/* A reduced node with the axes put back as 1. */
static Ref
reduce_keep(Lift *l, Ref reduced, Ref from, uint32_t axes)
{
    Node n = *ir_node(l->g, from);
    for (int i = 0; i < n.rank; i++)
        if (axes >> i & 1)
            n.dim[i] = 1;
    return ir_reshape(l->g, reduced, n.rank, n.dim);
}

/* The number of terms that a reduction over `axes` folds, as a node like y. */
static Ref
reduce_terms(Lift *l, Ref from, uint32_t axes, Ref y)
{
    Node n = *ir_node(l->g, from);
    Dim terms = 1;
    for (int i = 0; i < n.rank; i++)
        if (axes >> i & 1)
            terms = dim_mul(l->g->dims, terms, n.dim[i]);
    if (dim_known(terms))
        return ir_fill(l->g, y, (double)terms);
    return ir_spread(l->g, ir_extent(l->g, n.dtype, terms), y);
}

Ref
make_reduce(Lift *l, const Ref *operand, size_t count, const void *extra)
{
    (void)count;
    const ReduceOp *op = extra;
    Ref a = l->ints ? operand[0] : lift_real(l, operand[0]);
    uint32_t axes = reduce_axes(l, a, op->axes);
    if (op->negate)
        a = ir_map(l->g, OP_neg, a, REF_NONE, REF_NONE);
    if (axes == 0)
        return op->op == OP_argmax ? ir_const(l->g, DTYPE_i32, 1) : operand[0];
    Ref y = ir_reduce(l->g, op->op, a, axes);
    if (op->op == OP_argmax)
        y = ir_map(l->g, OP_add, y, ir_fill(l->g, y, 1), REF_NONE);
    else if (op->negate)
        y = ir_map(l->g, OP_neg, y, REF_NONE, REF_NONE);
    if (op->mean)
        y = ir_map(l->g, OP_div, y, reduce_terms(l, a, axes, y), REF_NONE);
    return op->keep ? reduce_keep(l, y, a, axes) : y;
}

/* x[from : from + length] of a vector. */
static Ref
vector_slice(Lift *l, Ref x, int64_t from, int64_t length)
{
    return ir_slice(l->g, x, (Dim[]){from}, (Dim[]){length}, (int64_t[]){1});
}

Ref
make_product_of_all(Lift *l, const Ref *operand, size_t count,
                    const void *extra)
{
    (void)count;
    (void)extra;
    Ref a = lift_real(l, operand[0]);
    Dim length = ir_count(l->g, a);
    if (!dim_known(length))
        script_fail(l->s, DIAG_annotate, l->span, NULL,
                    "prod needs a known length: %s", lift_shape_text(l, a));
    a = ir_reshape(l->g, a, 1, &length);
    if (length == 0)
        return ir_const(l->g, l->dtype, 1);
    /* Halves are multiplied with each other, so that the derivative is right
     * at zeros too; an odd element joins the first half.
     */
    while (length > 1) {
        int64_t half = length / 2;
        Ref low = vector_slice(l, a, 0, half);
        Ref high = vector_slice(l, a, half, half);
        Ref both = ir_map(l->g, OP_mul, low, high, REF_NONE);
        if (length % 2 != 0)
            both = ir_concat(l->g, both, vector_slice(l, a, length - 1, 1), 0);
        length = half + length % 2;
        a = both;
    }
    return ir_reshape(l->g, a, 0, NULL);
}

/* y[i] = Σ_{k ≤ i} x[k]: a product with a triangle of ones. */
Ref
make_cumsum(Lift *l, const Ref *operand, size_t count, const void *extra)
{
    (void)count;
    (void)extra;
    Ref x = lift_real(l, operand[0]);
    Node n = *ir_node(l->g, x);
    if (n.rank != 1)
        script_fail(l->s, DIAG_rank, l->span, NULL, "cumsum wants a vector: %s",
                    lift_shape_text(l, x));
    Dim square[2] = {n.dim[0], n.dim[0]};
    Ref row = ir_iota(l->g, DTYPE_i32, 2, square, 0);
    Ref column = ir_iota(l->g, DTYPE_i32, 2, square, 1);
    Ref mask = ir_map(l->g, OP_ge, row, column, REF_NONE);
    Ref ones = ir_cast(l->g, mask, n.dtype);
    return ir_contract(l->g, ones, (int8_t[]){0, 1}, x, (int8_t[]){1}, 1,
                       (int8_t[]){0});
}

Ref
make_dot(Lift *l, const Ref *operand, size_t count, const void *extra)
{
    (void)count;
    (void)extra;
    Ref a = lift_real(l, operand[0]);
    Ref b = lift_real(l, operand[1]);
    if (!ir_same_shape(l->g, a, b))
        lift_shape_fail(l, NULL, a, b);
    int8_t label[IR_RANK];
    for (int i = 0; i < IR_RANK; i++)
        label[i] = (int8_t)i;
    return ir_contract(l->g, a, label, b, label, 0, NULL);
}

Ref
make_batchsum(Lift *l, const Ref *operand, size_t count, const void *extra)
{
    (void)count;
    const bool *mean = extra;
    Ref x = lift_real(l, operand[0]);
    Ref n = ir_extent(l->g, ir_node(l->g, x)->dtype, dim_batch(l->g->dims));
    bool number = ir_node(l->g, x)->op == OP_const;
    if (number) /* the same for all samples */
        return *mean ? x : ir_map(l->g, OP_mul, x, n, REF_NONE);
    Ref y = ir_batchsum(l->g, x);
    if (!*mean)
        return y;
    return ir_map(l->g, OP_div, y, ir_spread(l->g, n, y), REF_NONE);
}
