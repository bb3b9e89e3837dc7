/* Derivatives of windows, and of what is contracted with them.
 *
 * The adjoint of windows sums, for each element, the windows that it lies in.
 * Where what the windows hold is a product over other axes, as in the gradient
 * of a convolution's input, that sum and the product's are one contraction: of
 * windows of the product's first operand, zeros put around and between its
 * elements, with the second operand, its places reversed. Then nothing as large
 * as all windows is ever made.
 */
#include "pass/pass.h"

#include <string.h>

static const int64_t unit_steps[IR_RANK] = {1, 1, 1, 1, 1, 1, 1, 1};

/* The axis with `before` zeros, then its elements, `step` apart, in `extent`
 * elements. Of windows along other axes, what they are taken of is spread out.
 */
static Ref
spread_out(Graph *g, Ref u, int axis, Dim before, int64_t step, Dim extent)
{
    Node n = *ir_node(g, u);
    int along = n.as.window.axis;
    if (n.op == OP_window && axis != along && axis != along + 1) {
        u = spread_out(g, n.operand[0], axis < along ? axis : axis - 1, before,
                       step, extent);
        return ir_window(g, u, along, n.dim[along], n.dim[along + 1],
                         n.as.window.stride, n.as.window.dilation);
    }
    Dim start[IR_RANK] = {0};
    Dim room[IR_RANK] = {0};
    if (n.dim[axis] == 1)
        step = 1;
    if (step > 1) {
        u = pass_dilate(g, u, axis, step);
        extent = dim_add(g->dims, extent, step - 1);
    }
    memcpy(room, n.dim, sizeof room);
    start[axis] = before;
    room[axis] = extent;
    u = ir_pad(g, u, start, room);
    if (step == 1)
        return u;
    bool exact;
    room[axis] = dim_sub(g->dims, extent, step - 1, &exact);
    return ir_slice(g, u, (Dim[IR_RANK]){0}, room, unit_steps);
}

/* A contraction seen through permutations of its result. */
typedef struct {
    Node node;
    int8_t out[IR_RANK]; /* the label of each axis seen */
} Seen;

static bool
seen_contract(const Graph *g, Ref ref, Seen *seen)
{
    int8_t map[IR_RANK];
    int rank = ir_node(g, ref)->rank;
    for (int a = 0; a < rank; a++)
        map[a] = (int8_t)a;
    while (ir_node(g, ref)->op == OP_permute) {
        const Node *n = ir_node(g, ref);
        for (int a = 0; a < rank; a++)
            map[a] = n->as.map[map[a]];
        ref = n->operand[0];
    }
    seen->node = *ir_node(g, ref);
    for (int a = 0; a < rank; a++)
        seen->out[a] = seen->node.as.contract.out[map[a]];
    return seen->node.op == OP_contract && dtype_real(seen->node.dtype);
}

static int
label_axis(const int8_t *label, int rank, int8_t wanted)
{
    for (int a = 0; a < rank; a++)
        if (label[a] == wanted)
            return a;
    return -1;
}

/* The sum over windows as one contraction; REF_NONE where it is none. */
static Ref
unwindow_contract(Graph *g, Ref parts, int axis, Dim extent, int64_t stride,
                  int64_t dilation)
{
    Seen seen;
    if (!seen_contract(g, parts, &seen))
        return REF_NONE;
    Node *c = &seen.node;
    int rank_a = ir_node(g, c->operand[0])->rank;
    int rank_b = ir_node(g, c->operand[1])->rank;
    int8_t window = seen.out[axis];
    int8_t place = seen.out[axis + 1];
    int at = label_axis(c->as.contract.a, rank_a, window);
    int places = label_axis(c->as.contract.b, rank_b, place);
    if (rank_a == IR_RANK || label_axis(c->as.contract.a, rank_a, place) >= 0 ||
        label_axis(c->as.contract.b, rank_b, window) >= 0)
        return REF_NONE; /* else a has the one and b the other */
    Dim size = ir_node(g, c->operand[1])->dim[places];
    Dim reach = (size - 1) * dilation;
    Ref a = spread_out(g, c->operand[0], at, reach, stride,
                       dim_add(g->dims, extent, reach));
    a = ir_window(g, a, at, extent, size, 1, dilation);
    Ref b = ir_reverse(g, c->operand[1], 1U << places);
    for (int k = rank_a; k > at + 1; k--)
        c->as.contract.a[k] = c->as.contract.a[k - 1];
    c->as.contract.a[at + 1] = place;
    int rank = ir_node(g, parts)->rank - 1;
    for (int k = axis + 1; k < rank; k++)
        seen.out[k] = seen.out[k + 1];
    return ir_contract(g, a, c->as.contract.a, b, c->as.contract.b, rank,
                       seen.out);
}

Ref
pass_unwindow(Graph *g, Ref parts, int axis, Dim extent, int64_t stride,
              int64_t dilation)
{
    Ref y = unwindow_contract(g, parts, axis, extent, stride, dilation);
    if (y != REF_NONE)
        return y;
    if (stride > 1 && dilation > 1) {
        Dim size = ir_node(g, parts)->dim[axis + 1];
        parts = spread_out(g, parts, axis + 1, 0, dilation,
                           (size - 1) * dilation + 1);
        dilation = 1;
    }
    return ir_unwindow(g, parts, axis, extent, stride, dilation);
}
