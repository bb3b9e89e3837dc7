/* Makers: windows along the first axes of an array, the sum that takes them
 * back, zeros around it, and the product that sums several axes.
 */
#include "pass/pass.h"
#include "script/array/numeric_make.h"

#include <string.h>

/* The windows that fit along an axis of the operand. */
static Dim
window_count(Lift *l, const WindowOp *op, Ref a, int axis)
{
    Dim extent = ir_node(l->g, a)->dim[axis];
    int64_t reach = (op->size[axis] - 1) * op->dilation[axis] + 1;
    if (dim_known(extent) && reach <= extent)
        return (extent - reach) / op->stride[axis] + 1;
    bool exact;
    Dim rest =
        dim_sub(l->g->dims, dim_add(l->g->dims, extent, 1), reach, &exact);
    if (dim_known(extent))
        script_fail(l->s, DIAG_shape, l->span, NULL,
                    "windows of length %lld do not fit axis %d of %s",
                    (long long)reach, axis + 1, lift_shape_text(l, a));
    if (!exact || op->stride[axis] != 1)
        script_fail(l->s, DIAG_annotate, l->span, NULL,
                    "windows with a stride need a known length: %s",
                    lift_shape_text(l, a));
    return rest;
}

/* Windows that lie end to end are the axis cut in two. */
static Ref
window_cut(Lift *l, Ref a, int axis, Dim count, Dim size)
{
    Node n = *ir_node(l->g, a);
    int8_t map[IR_RANK];
    int64_t step[IR_RANK];
    for (int i = 0; i < IR_RANK; i++) {
        map[i] = (int8_t)i;
        step[i] = 1;
    }
    n.dim[axis] = count * size;
    a = ir_slice(l->g, a, (Dim[IR_RANK]){0}, n.dim, step);
    for (int i = n.rank; i > axis + 1; i--)
        n.dim[i] = n.dim[i - 1];
    n.dim[axis] = size;
    n.dim[axis + 1] = count;
    map[axis] = (int8_t)(axis + 1);
    map[axis + 1] = (int8_t)axis;
    a = ir_reshape(l->g, a, n.rank + 1, n.dim);
    return ir_permute(l->g, a, map);
}

static Ref
window_axis(Lift *l, const WindowOp *op, Ref a, int axis, Dim count)
{
    int64_t size = op->size[axis];
    if (op->stride[axis] == size && op->dilation[axis] == 1)
        return window_cut(l, a, axis, count, size);
    return ir_window(l->g, a, axis, count, size, op->stride[axis],
                     op->dilation[axis]);
}

Ref
make_windows(Lift *l, const Ref *operand, size_t count, const void *extra)
{
    (void)count;
    const WindowOp *op = extra;
    Ref a = operand[0];
    int rank = ir_node(l->g, a)->rank;
    int8_t map[IR_RANK];
    if (op->axes > rank || rank + op->axes > IR_RANK - 1)
        script_fail(l->s, DIAG_rank, l->span, NULL,
                    "windows along %d axes of %s", op->axes,
                    lift_shape_text(l, a));
    Dim counts[IR_RANK];
    for (int i = 0; i < op->axes; i++)
        counts[i] = window_count(l, op, operand[0], i);
    for (int i = op->axes - 1; i >= 0; i--)
        a = window_axis(l, op, a, i, counts[i]);
    for (int i = 0; i < rank + op->axes; i++)
        map[i] = (int8_t)(i < op->axes       ? 2 * i
                          : i < 2 * op->axes ? 2 * (i - op->axes) + 1
                                             : i);
    return ir_permute(l->g, a, map);
}

Ref
make_overlap(Lift *l, const Ref *operand, size_t count, const void *extra)
{
    (void)count;
    const WindowOp *op = extra;
    Ref a = lift_real(l, operand[0]);
    Node n = *ir_node(l->g, a);
    int8_t map[IR_RANK];
    if (2 * op->axes > n.rank)
        script_fail(l->s, DIAG_rank, l->span, NULL,
                    "no windows along %d axes: %s", op->axes,
                    lift_shape_text(l, a));
    for (int i = 0; i < n.rank; i++)
        map[i] = (int8_t)(i >= 2 * op->axes ? i
                          : i % 2 == 0      ? i / 2
                                            : i / 2 + op->axes);
    a = ir_permute(l->g, a, map);
    for (int i = 0; i < op->axes; i++) {
        Dim windows = n.dim[i];
        Dim size = n.dim[i + op->axes];
        if (!dim_known(windows) || !dim_known(size) || size == 0 ||
            (windows > 0 &&
             (windows - 1) * op->stride[i] + (size - 1) * op->dilation[i] >=
                 op->size[i]))
            script_fail(l->s, DIAG_shape, l->span, NULL,
                        "windows of %s do not lie in a length of %lld",
                        lift_shape_text(l, operand[0]), (long long)op->size[i]);
        a = pass_unwindow(l->g, a, i, op->size[i], op->stride[i],
                          op->dilation[i]);
    }
    return a;
}

Ref
make_padzeros(Lift *l, const Ref *operand, size_t count, const void *extra)
{
    (void)count;
    const PadOp *op = extra;
    Ref a = operand[0];
    Node n = *ir_node(l->g, a);
    Dim before[IR_RANK] = {0};
    if (op->axes > n.rank)
        script_fail(l->s, DIAG_rank, l->span, NULL, "zeros along %d axes of %s",
                    op->axes, lift_shape_text(l, a));
    for (int i = 0; i < op->axes; i++) {
        before[i] = op->before[i];
        n.dim[i] = dim_add(l->g->dims, n.dim[i], op->before[i] + op->after[i]);
    }
    return ir_pad(l->g, a, before, n.dim);
}

Ref
make_contract(Lift *l, const Ref *operand, size_t count, const void *extra)
{
    (void)count;
    const ContractOp *op = extra;
    Ref a = lift_real(l, operand[0]);
    Ref b = lift_real(l, operand[1]);
    int rank_a = ir_node(l->g, a)->rank;
    int rank_b = ir_node(l->g, b)->rank;
    int free_a = rank_a - op->axes - op->paired;
    int free_b = rank_b - op->axes - op->paired;
    int8_t label_a[IR_RANK];
    int8_t label_b[IR_RANK];
    int8_t out[IR_RANK];
    if (free_a < 0 || free_b < 0 || free_a + free_b + op->paired > IR_RANK - 1)
        script_fail(l->s, DIAG_rank, l->span, NULL,
                    "contract cannot sum %d axes and pair %d of %s and %s",
                    op->axes, op->paired, lift_shape_text(l, a),
                    lift_shape_text(l, b));
    /* Labels from 0: a's own, the summed, the paired, b's own. */
    for (int i = 0; i < rank_a; i++)
        label_a[i] = (int8_t)i;
    for (int i = 0; i < rank_b; i++) {
        int own = i - op->axes;
        label_b[i] =
            (int8_t)(i < op->axes   ? free_a + i
                     : own < free_b ? rank_a + own
                                    : rank_a - op->paired + own - free_b);
        for (int k = 0; k < rank_a; k++)
            if (label_a[k] == label_b[i] &&
                ir_node(l->g, a)->dim[k] != ir_node(l->g, b)->dim[i])
                lift_shape_fail(l, NULL, a, b);
    }
    for (int i = 0; i < free_a; i++)
        out[i] = label_a[i];
    for (int i = 0; i < free_b; i++)
        out[free_a + i] = label_b[op->axes + i];
    for (int i = 0; i < op->paired; i++)
        out[free_a + free_b + i] = label_a[rank_a - op->paired + i];
    return ir_contract(l->g, a, label_a, b, label_b,
                       free_a + free_b + op->paired, out);
}
