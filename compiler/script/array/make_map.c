/* Makers: elementwise operations, powers, products, transposes. */
#include "script/array/numeric_make.h"

#include <math.h>

Ref
make_map(Lift *l, const Ref *operand, size_t count, const void *extra)
{
    const MapOp *map = extra;
    Ref a = operand[0];
    Ref b = count > 1 ? operand[1] : REF_NONE;
    bool logical = map->op == OP_not || map->op == OP_and || map->op == OP_or;
    for (size_t i = 0; logical && i < count; i++)
        if (ir_node(l->g, operand[i])->dtype != DTYPE_bool)
            script_fail(l->s, DIAG_dtype, l->span,
                        "compare first, as in x .> 0",
                        "`%s` wants truth values", l->name);
    if (!logical && !l->ints) {
        a = lift_real(l, a);
        if (count > 1)
            b = lift_real(l, b);
    }
    if (count > 1)
        lift_broadcast(l, &a, &b, map->dotted);
    return ir_map(l->g, map->op, a, b, REF_NONE);
}

/* a^n for n ≥ 1 by repeated squaring. */
static Ref
power_int(Lift *l, Ref a, int n)
{
    Ref result = REF_NONE;
    for (Ref square = a;; square = ir_map(l->g, OP_mul, square, square, -1)) {
        if (n & 1)
            result = result == REF_NONE
                         ? square
                         : ir_map(l->g, OP_mul, result, square, REF_NONE);
        n >>= 1;
        if (n == 0)
            return result;
    }
}

Ref
make_power(Lift *l, const Ref *operand, size_t count, const void *extra)
{
    (void)count;
    const MapOp *map = extra;
    Ref a = lift_real(l, operand[0]);
    Node nb = *ir_node(l->g, operand[1]);
    if (nb.op == OP_const) {
        double e = nb.as.value;
        if (e == 0)
            return ir_fill(l->g, a, 1);
        if (e == 0.5)
            return ir_map(l->g, OP_sqrt, a, REF_NONE, REF_NONE);
        if (e == floor(e) && fabs(e) <= 64) {
            Ref y = power_int(l, a, (int)fabs(e));
            return e > 0
                       ? y
                       : ir_map(l->g, OP_div, ir_fill(l->g, y, 1), y, REF_NONE);
        }
    }
    Ref b = lift_real(l, operand[1]);
    lift_broadcast(l, &a, &b, map->dotted);
    return ir_map(l->g, OP_pow, a, b, REF_NONE);
}

/* The vector in a (1,n) row. */
static Ref
product_vector(Lift *l, Ref row)
{
    Dim dim = ir_node(l->g, row)->dim[1];
    return ir_reshape(l->g, row, 1, &dim);
}

Ref
make_product(Lift *l, const Ref *operand, size_t count, const void *extra)
{
    (void)count;
    const ProductOp *op = extra;
    enum { I, K, J };
    Ref a = lift_real(l, operand[0]);
    Ref b = lift_real(l, operand[1]);
    Node na = *ir_node(l->g, a);
    Node nb = *ir_node(l->g, b);
    if (na.rank == 0 || nb.rank == 0) {
        lift_broadcast(l, &a, &b, true);
        return ir_map(l->g, OP_mul, a, b, REF_NONE);
    }
    if (op->row_b && na.rank == 1) { /* x * y': the outer product */
        b = product_vector(l, b);
        return ir_contract(l->g, a, (int8_t[]){I}, b, (int8_t[]){J}, 2,
                           (int8_t[]){I, J});
    }
    if (op->row_a && nb.rank == 1) { /* x' * y: a number */
        a = product_vector(l, a);
        if (na.dim[1] != nb.dim[0])
            lift_shape_fail(l, NULL, operand[0], operand[1]);
        return ir_contract(l->g, a, (int8_t[]){K}, b, (int8_t[]){K}, 0, NULL);
    }
    if (na.rank > 2 || nb.rank > 2)
        script_fail(l->s, DIAG_rank, l->span,
                    "reshape the operands, or use `.*` for products element "
                    "by element",
                    "`*` multiplies matrices and vectors: %s * %s",
                    lift_shape_text(l, a), lift_shape_text(l, b));
    if (na.rank == 1 && nb.rank == 1)
        lift_shape_fail(l,
                        "write x .* y for the elementwise product, or "
                        "dot(x, y)",
                        a, b);
    Dim inner = na.dim[na.rank - 1];
    if (inner != nb.dim[0])
        lift_shape_fail(l, NULL, a, b);
    if (na.rank == 1)
        return ir_contract(l->g, a, (int8_t[]){K}, b, (int8_t[]){K, J}, 1,
                           (int8_t[]){J});
    if (nb.rank == 1)
        return ir_contract(l->g, a, (int8_t[]){I, K}, b, (int8_t[]){K}, 1,
                           (int8_t[]){I});
    return ir_contract(l->g, a, (int8_t[]){I, K}, b, (int8_t[]){K, J}, 2,
                       (int8_t[]){I, J});
}

Ref
make_matrices(Lift *l, const Ref *operand, size_t count, const void *extra)
{
    (void)count;
    (void)extra;
    Ref a = lift_real(l, operand[0]);
    Ref b = lift_real(l, operand[1]);
    Node na = *ir_node(l->g, a);
    Node nb = *ir_node(l->g, b);
    int8_t label_a[IR_RANK] = {0, 1};
    int8_t label_b[IR_RANK] = {1, 2};
    int8_t out[IR_RANK] = {0, 2};
    bool fits = na.rank == nb.rank && na.rank >= 2 && na.dim[1] == nb.dim[0];
    for (int axis = 2; fits && axis < na.rank; axis++) {
        fits = na.dim[axis] == nb.dim[axis];
        label_a[axis] = label_b[axis] = out[axis] = (int8_t)(axis + 1);
    }
    if (!fits)
        lift_shape_fail(l,
                        "columns of the first are rows of the second, and the "
                        "axes behind are equal",
                        a, b);
    return ir_contract(l->g, a, label_a, b, label_b, na.rank, out);
}

Ref
make_transpose(Lift *l, const Ref *operand, size_t count, const void *extra)
{
    (void)count;
    const bool *row = extra;
    Ref a = operand[0];
    const Node *n = ir_node(l->g, a);
    if (n->rank == 0)
        return a;
    if (n->rank == 1)
        return ir_reshape(l->g, a, 2, (Dim[]){1, n->dim[0]});
    if (n->rank > 2)
        script_fail(l->s, DIAG_rank, l->span, "use permutedims(x, (…))",
                    "a transpose of rank %d: %s", n->rank,
                    lift_shape_text(l, a));
    if (*row)
        return product_vector(l, a);
    return ir_permute(l->g, a, (int8_t[]){1, 0});
}

Ref
make_fma(Lift *l, const Ref *operand, size_t count, const void *extra)
{
    (void)count;
    (void)extra;
    Ref a = lift_real(l, operand[0]);
    Ref b = lift_real(l, operand[1]);
    Ref c = lift_real(l, operand[2]);
    lift_broadcast(l, &a, &b, true);
    lift_broadcast(l, &a, &c, true);
    lift_broadcast(l, &b, &c, true);
    return ir_map(l->g, OP_fma, a, b, c);
}

Ref
make_select(Lift *l, const Ref *operand, size_t count, const void *extra)
{
    (void)count;
    (void)extra;
    Ref c = operand[0];
    Ref a = lift_real(l, operand[1]);
    Ref b = lift_real(l, operand[2]);
    if (ir_node(l->g, c)->dtype != DTYPE_bool)
        script_fail(l->s, DIAG_dtype, l->span,
                    "compare first, as in ifelse.(x .> 0, a, b)",
                    "the condition of ifelse has no truth values");
    lift_broadcast(l, &a, &b, true);
    lift_broadcast(l, &c, &a, true);
    lift_broadcast(l, &c, &b, true);
    return ir_map(l->g, OP_select, c, a, b);
}
