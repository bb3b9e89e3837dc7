/* The forward rules of operations that are not elementwise. Most are linear:
 * the tangent is the same operation on the operand's tangent.
 */
#include "pass/pass.h"

/* The node again, on other operands of the same shapes: attributes, order and
 * place stay.
 */
static Ref
again(Graph *g, const Node *node, Ref u, Ref v)
{
    Node n = *node;
    n.operand[0] = u;
    if (n.operands > 1)
        n.operand[1] = v;
    return pass_append(g, &n);
}

/* Operands beside one another: one without a tangent gives zeros. */
static Ref
rule_concat(Graph *g, const Node *n, const Ref *t)
{
    Ref u = t[0] != REF_NONE ? t[0] : ir_fill(g, n->operand[0], 0);
    Ref v = t[1] != REF_NONE ? t[1] : ir_fill(g, n->operand[1], 0);
    return again(g, n, u, v);
}

/* A product: da * b + a * db, each summed in the node's order. */
static Ref
rule_contract(Graph *g, const Node *n, const Ref *t)
{
    Ref u = REF_NONE;
    Ref v = REF_NONE;
    if (t[0] != REF_NONE)
        u = again(g, n, t[0], n->operand[1]);
    if (t[1] != REF_NONE)
        v = again(g, n, n->operand[0], t[1]);
    if (u == REF_NONE)
        return v;
    return v == REF_NONE ? u : ir_map(g, OP_add, u, v, REF_NONE);
}

/* u, of a shape that lacks `axes` of x's, over x's shape. */
static Ref
spread(Graph *g, Ref u, uint32_t axes, const Node *x)
{
    int8_t map[IR_RANK] = {0};
    int kept = 0;
    for (int a = 0; a < x->rank; a++)
        if (!(axes >> a & 1))
            map[kept++] = (int8_t)a;
    return ir_broadcast(g, u, x->rank, x->dim, map);
}

Ref
diff_argmax_mask(Graph *g, Ref x, uint32_t axes)
{
    Node n = *ir_node(g, x);
    Dim reduced[IR_RANK];
    int rank = 0;
    Dim count = 1;
    uint32_t others = 0;
    for (int a = 0; a < n.rank; a++) {
        if (!(axes >> a & 1)) {
            others |= 1U << a;
            continue;
        }
        count = dim_mul(g->dims, count, n.dim[a]);
        reduced[rank++] = n.dim[a];
    }
    Ref number = ir_iota(g, DTYPE_i32, 1, &count, 0);
    number = ir_reshape(g, number, rank, reduced);
    number = spread(g, number, others, &n);
    Ref best = spread(g, ir_reduce(g, OP_argmax, x, axes), axes, &n);
    return ir_map(g, OP_eq, number, best, REF_NONE);
}

/* The greatest along axes: of the tangents, that of the first such element,
 * the others being left out of the sum.
 */
static Ref
rule_maximum(Graph *g, const Node *n, Ref t)
{
    Ref mask = diff_argmax_mask(g, n->operand[0], n->as.axes);
    Ref kept = ir_map(g, OP_select, mask, t, ir_fill(g, t, 0));
    return ir_reduce(g, OP_sum, kept, n->as.axes);
}

Ref
diff_structural_forward(Graph *g, Ref ref, const Ref *t)
{
    Node n = *ir_node(g, ref);
    switch (n.op) {
    case OP_broadcast:
    case OP_reshape:
    case OP_permute:
    case OP_slice:
    case OP_pad:
    case OP_reverse:
    case OP_window:
    case OP_unwindow:
    case OP_batchsum:
    case OP_sum:
        return again(g, &n, t[0], REF_NONE);
    case OP_gather:
        return again(g, &n, t[0], n.operand[1]);
    case OP_concat:
        return rule_concat(g, &n, t);
    case OP_maximum:
        return rule_maximum(g, &n, t[0]);
    case OP_contract:
        return rule_contract(g, &n, t);
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
