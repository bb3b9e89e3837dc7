/* The reverse rules of operations that are not elementwise: each is again an
 * operation of the graph, so derivatives nest. Adjoints gather: none adds into
 * scattered places.
 */
#include "pass/pass.h"

#include <string.h>

static const int64_t unit_steps[IR_RANK] = {1, 1, 1, 1, 1, 1, 1, 1};

/* y spreads x: dx is the sum of dy over the axes that x lacks, of which those
 * of extent 1 are only dropped.
 */
static Ref
rule_broadcast(Graph *g, const Node *n, const Node *x, Ref dy)
{
    uint32_t spread = 0;
    uint32_t mapped = 0;
    for (int a = 0; a < x->rank; a++)
        mapped |= 1U << n->as.map[a];
    for (int a = 0; a < n->rank; a++)
        if (!(mapped >> a & 1) && n->dim[a] != 1)
            spread |= 1U << a;
    Ref dx = spread != 0 ? ir_reduce(g, OP_sum, dy, spread) : dy;
    if (ir_node(g, dx)->rank == x->rank)
        return dx;
    return ir_reshape(g, dx, x->rank, x->dim);
}

static Ref
rule_permute(Graph *g, const Node *n, Ref dy)
{
    int8_t inverse[IR_RANK] = {0};
    for (int a = 0; a < n->rank; a++)
        inverse[n->as.map[a]] = (int8_t)a;
    return ir_permute(g, dy, inverse);
}

/* As the shape (before, 1, length, after) padded to (before, step, length,
 * after).
 */
Ref
pass_dilate(Graph *g, Ref u, int axis, int64_t step)
{
    Node n = *ir_node(g, u);
    Dim fold[4] = {1, 1, n.dim[axis], 1};
    for (int a = 0; a < axis; a++)
        fold[0] = dim_mul(g->dims, fold[0], n.dim[a]);
    for (int a = axis + 1; a < n.rank; a++)
        fold[3] = dim_mul(g->dims, fold[3], n.dim[a]);
    Ref v = ir_reshape(g, u, 4, fold);
    fold[1] = step;
    v = ir_pad(g, v, (Dim[4]){0}, fold);
    n.dim[axis] = dim_mul(g->dims, n.dim[axis], step);
    return ir_reshape(g, v, n.rank, n.dim);
}

/* y takes every step-th element of x: dy is spread out by the steps, padded
 * with room for the last step, and cut to x's shape.
 */
static Ref
rule_slice(Graph *g, const Node *n, const Node *x, Ref dy)
{
    Dim room[IR_RANK] = {0};
    bool cut = false;
    Ref dx = dy;
    for (int a = 0; a < x->rank; a++) {
        int64_t step = n->as.slice.step[a];
        room[a] = x->dim[a];
        if (step == 1 || n->dim[a] == 0 || n->dim[a] == 1)
            continue; /* what has no second element has no step */
        dx = pass_dilate(g, dx, a, step);
        room[a] = dim_add(g->dims, room[a], step - 1);
        cut = true;
    }
    dx = ir_pad(g, dx, n->as.slice.start, room);
    if (!cut)
        return dx;
    return ir_slice(g, dx, (Dim[IR_RANK]){0}, x->dim, unit_steps);
}

/* y is x beside another along an axis: dx is its part of dy. */
static Ref
rule_concat(Graph *g, const Node *n, int k, const Node *x, Ref dy)
{
    Dim start[IR_RANK] = {0};
    if (k == 1)
        start[n->as.axis] = ir_node(g, n->operand[0])->dim[n->as.axis];
    return ir_slice(g, dy, start, x->dim, unit_steps);
}

/* Spreads u, which lacks `axes` of x's shape, to x's shape. */
static Ref
restore(Graph *g, Ref u, uint32_t axes, const Node *x)
{
    int8_t map[IR_RANK];
    int kept = 0;
    for (int a = 0; a < x->rank; a++)
        if (!(axes >> a & 1))
            map[kept++] = (int8_t)a;
    return ir_broadcast(g, u, x->rank, x->dim, map);
}

/* y is the greatest of x along axes: the first that is as great gets all. */
static Ref
rule_maximum(Graph *g, const Node *n, const Node *x, Ref dy)
{
    uint32_t axes = n->as.axes;
    Ref mask = diff_argmax_mask(g, n->operand[0], axes);
    Ref spread = restore(g, dy, axes, x);
    return ir_map(g, OP_select, mask, spread, ir_fill(g, spread, 0));
}

/* y[out] = sum a[..] * b[..]: the gradient of either operand is a contraction
 * of dy with the other, under the same labels.
 */
static Ref
rule_contract(Graph *g, const Node *n, int k, const Node *x, Ref dy)
{
    if (k == 0)
        return ir_contract(g, dy, n->as.contract.out, n->operand[1],
                           n->as.contract.b, x->rank, n->as.contract.a);
    return ir_contract(g, n->operand[0], n->as.contract.a, dy,
                       n->as.contract.out, x->rank, n->as.contract.b);
}

/* The columns of dy at each index, added in the order of the indices: a sum
 * over all of them in which the others are 0, as no two threads may add to one
 * place. find_gather of diff_loop_reverse.c knows this form, operation by
 * operation.
 */
Ref
diff_gather(Graph *g, int rank, const Dim *dim, Ref index, Ref dy)
{
    Dim columns = dim[rank - 1];
    Dim count = ir_count(g, index);
    Dim rows = 1;
    for (int axis = 0; axis + 1 < rank; axis++)
        rows = dim_mul(g->dims, rows, dim[axis]);
    index = ir_reshape(g, index, 1, &count);
    Ref last = ir_spread(g, ir_extent(g, DTYPE_i32, columns), index);
    last = ir_map(g, OP_sub, last, ir_fill(g, index, 1), REF_NONE);
    index = ir_map(g, OP_min, index, last, REF_NONE);
    index = ir_map(g, OP_max, index, ir_fill(g, index, 0), REF_NONE);
    Dim all[3] = {rows, count, columns};
    dy = ir_reshape(g, dy, 2, all);
    dy = ir_broadcast(g, dy, 3, all, (const int8_t[]){0, 1});
    index = ir_broadcast(g, index, 3, all, (const int8_t[]){1});
    Ref column = ir_iota(g, DTYPE_i32, 3, all, 2);
    Ref mask = ir_map(g, OP_eq, index, column, REF_NONE);
    Ref kept = ir_map(g, OP_select, mask, dy, ir_fill(g, dy, 0));
    return ir_reshape(g, ir_reduce(g, OP_sum, kept, 2), rank, dim);
}

Ref
diff_structural(Graph *g, Ref user, int k, Ref dy)
{
    Node n = *ir_node(g, user);
    Node x = *ir_node(g, n.operand[k]);
    switch (n.op) {
    case OP_broadcast:
        return rule_broadcast(g, &n, &x, dy);
    case OP_reshape:
        return ir_reshape(g, dy, x.rank, x.dim);
    case OP_permute:
        return rule_permute(g, &n, dy);
    case OP_slice:
        return rule_slice(g, &n, &x, dy);
    case OP_pad:
        return ir_slice(g, dy, n.as.slice.start, x.dim, unit_steps);
    case OP_concat:
        return rule_concat(g, &n, k, &x, dy);
    case OP_gather:
        return diff_gather(g, x.rank, x.dim, n.operand[1], dy);
    case OP_reverse:
        return ir_reverse(g, dy, n.as.axes);
    case OP_window:
        return pass_unwindow(g, dy, n.as.window.axis, x.dim[n.as.window.axis],
                             n.as.window.stride, n.as.window.dilation);
    case OP_unwindow:
        return ir_window(g, dy, n.as.window.axis, x.dim[n.as.window.axis],
                         x.dim[n.as.window.axis + 1], n.as.window.stride,
                         n.as.window.dilation);
    case OP_batchsum:
        return dy;
    case OP_sum:
        return restore(g, dy, n.as.axes, &x);
    case OP_maximum:
        return rule_maximum(g, &n, &x, dy);
    case OP_contract:
        return rule_contract(g, &n, k, &x, dy);
#define CASE_SHAPE(op)
#define CASE_REDUCE(op)
#define CASE_CONTRACT(op)
#include "ir/op_cases.def"
    case OP_argmax:
    case OP_COUNT:
        break;
    }
    return REF_NONE;
}
