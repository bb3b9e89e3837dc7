/* Makers: shapes, indices, concatenation. */
#include "script/array/numeric_make.h"

/* The number of elements of a node's shape. */
static Dim
shape_count(Lift *l, int rank, const Dim *dim)
{
    Dim count = 1;
    for (int i = 0; i < rank; i++)
        count = dim_mul(l->g->dims, count, dim[i]);
    return count;
}

Ref
make_reshape(Lift *l, const Ref *operand, size_t count, const void *extra)
{
    (void)count;
    DimsOp to = *(const DimsOp *)extra;
    Node n = *ir_node(l->g, operand[0]);
    Dim have = shape_count(l, n.rank, n.dim);
    int open = -1;
    Dim rest = 1;
    for (int i = 0; i < to.rank; i++) {
        if (to.dim[i] == -1)
            open = i;
        else
            rest = dim_mul(l->g->dims, rest, to.dim[i]);
    }
    bool exact = true;
    if (open >= 0) {
        to.dim[open] = rest == 0 ? 0 : dim_div(l->g->dims, have, rest, &exact);
        rest = exact ? have : -1;
    }
    if (!exact || rest != have)
        script_fail(l->s, DIAG_shape, l->span, NULL,
                    "cannot reshape %s: the new shape has another number of "
                    "elements",
                    lift_shape_text(l, operand[0]));
    return ir_reshape(l->g, operand[0], to.rank, to.dim);
}

Ref
make_permute(Lift *l, const Ref *operand, size_t count, const void *extra)
{
    (void)count;
    const DimsOp *to = extra;
    int rank = ir_node(l->g, operand[0])->rank;
    int8_t map[IR_RANK] = {0};
    uint32_t seen = 0;
    for (int i = 0; i < to->rank; i++) {
        if (to->dim[i] < 1 || to->dim[i] > rank)
            break;
        map[i] = (int8_t)(to->dim[i] - 1);
        seen |= 1u << map[i];
    }
    if (to->rank != rank || seen != (1u << rank) - 1)
        script_fail(l->s, DIAG_value, l->span, NULL,
                    "not a permutation of the axes of %s",
                    lift_shape_text(l, operand[0]));
    return ir_permute(l->g, operand[0], map);
}

/* a with axes of length 1 behind, up to a rank. */
static Ref
shape_extend(Lift *l, Ref a, int rank)
{
    Node n = *ir_node(l->g, a);
    if (n.rank >= rank)
        return a;
    for (int i = n.rank; i < rank; i++)
        n.dim[i] = 1;
    return ir_reshape(l->g, a, rank, n.dim);
}

Ref
make_concat(Lift *l, const Ref *operand, size_t count, const void *extra)
{
    int axis = *(const int *)extra;
    int rank = axis + 1;
    for (size_t i = 0; i < count; i++) {
        int r = ir_node(l->g, operand[i])->rank;
        rank = r > rank ? r : rank;
    }
    Ref all = REF_NONE;
    for (size_t i = 0; i < count; i++) {
        Ref a = operand[i];
        if (!l->ints)
            a = lift_real(l, a);
        a = shape_extend(l, a, rank);
        if (i > 0) {
            const Node *x = ir_node(l->g, all);
            const Node *y = ir_node(l->g, a);
            for (int k = 0; k < rank; k++)
                if (k != axis && x->dim[k] != y->dim[k])
                    lift_shape_fail(l, "all axes but the joined one are equal",
                                    operand[0], operand[i]);
        }
        all = i == 0 ? a : ir_concat(l->g, all, a, axis);
    }
    return all;
}

Ref
make_reverse(Lift *l, const Ref *operand, size_t count, const void *extra)
{
    (void)count;
    int axis = *(const int *)extra;
    int rank = ir_node(l->g, operand[0])->rank;
    if (axis < 0 && rank == 1)
        axis = 0;
    if (axis < 0 || axis >= rank)
        script_fail(l->s, DIAG_rank, l->span, "write reverse(x, dims = 1)",
                    "reverse wants an axis of %s",
                    lift_shape_text(l, operand[0]));
    return ir_reverse(l->g, operand[0], 1u << axis);
}

/* a with an axis behind all others. */
static Ref
axis_last(Lift *l, Ref a, int axis)
{
    int rank = ir_node(l->g, a)->rank;
    int8_t map[IR_RANK] = {0};
    for (int i = 0; i < rank; i++)
        map[i] = (int8_t)(i < axis ? i : i + 1 < rank ? i + 1 : axis);
    return axis == rank - 1 ? a : ir_permute(l->g, a, map);
}

/* The last `moved` axes of a, put before the others from `axis` on. */
static Ref
axes_back(Lift *l, Ref a, int axis, int moved)
{
    int rank = ir_node(l->g, a)->rank;
    int8_t map[IR_RANK] = {0};
    for (int i = 0; i < rank; i++)
        map[i] = (int8_t)(i < axis           ? i
                          : i < axis + moved ? rank - moved + i - axis
                                             : i - moved);
    return axis + moved == rank ? a : ir_permute(l->g, a, map);
}

Ref
make_gather(Lift *l, const Ref *operand, size_t count, const void *extra)
{
    (void)count;
    int axis = *(const int *)extra;
    Ref table = lift_real(l, operand[0]);
    Node n = *ir_node(l->g, table);
    Node by = *ir_node(l->g, operand[1]);
    axis = axis < 0 ? n.rank - 1 : axis;
    if (n.rank == 0 || n.dim[axis] == 0 || n.rank + by.rank > IR_RANK)
        script_fail(l->s, DIAG_rank, l->span, NULL,
                    "a table %s cannot be read by indices %s",
                    lift_shape_text(l, operand[0]),
                    lift_shape_text(l, operand[1]));
    Ref index = ir_cast(l->g, operand[1], DTYPE_i32);
    index = ir_map(l->g, OP_sub, index, ir_fill(l->g, index, 1), REF_NONE);
    Ref y = ir_gather(l->g, axis_last(l, table, axis), index);
    return axes_back(l, y, axis, by.rank);
}

Ref
make_positions(Lift *l, const Ref *operand, size_t count, const void *extra)
{
    (void)count;
    int axis = *(const int *)extra;
    Node n = *ir_node(l->g, operand[0]);
    if (axis >= n.rank)
        script_fail(l->s, DIAG_rank, l->span, NULL, "%s has no axis %d",
                    lift_shape_text(l, operand[0]), axis + 1);
    Ref from0 = ir_iota(l->g, l->dtype, n.rank, n.dim, axis);
    return ir_map(l->g, OP_add, from0, ir_fill(l->g, from0, 1), REF_NONE);
}

Ref
make_index(Lift *l, const Ref *operand, size_t count, const void *extra)
{
    (void)count;
    const IndexOp *index = extra;
    Ref a = operand[0];
    Dim start[IR_RANK] = {0};
    Dim dim[IR_RANK] = {0};
    Dim kept[IR_RANK] = {0};
    int64_t step[IR_RANK] = {0};
    uint32_t backwards = 0;
    int keep = 0;
    for (int i = 0; i < index->rank; i++) {
        int64_t by = index->step[i];
        int64_t last = index->start[i] + (index->count[i] - 1) * by;
        start[i] = by < 0 ? last : index->start[i];
        if (index->count[i] == 0)
            start[i] = 0; /* an empty range may lie outside */
        dim[i] = index->count[i];
        step[i] = by < 0 ? -by : by;
        if (by < 0)
            backwards |= 1u << i;
        if (!index->drop[i])
            kept[keep++] = dim[i];
    }
    a = ir_slice(l->g, a, start, dim, step);
    if (backwards != 0)
        a = ir_reverse(l->g, a, backwards);
    return keep < index->rank ? ir_reshape(l->g, a, keep, kept) : a;
}
