/* Forward-mode differentiation: new nodes that hold tangents.
 *
 * The walk goes from what is differentiated by up to the results, over the
 * nodes between them, and gives each the tangent that its operands' tangents
 * make: for an elementwise operation by its row of ops.def, as reverse mode
 * does, for any other by forward_rules.c. All of it is again operations of the
 * graph, so both modes nest in any order.
 *
 * A tangent that is 0 gets no node, so nothing is ever multiplied by 0.
 */
#include "pass/pass.h"

/* Which nodes the results depend on, y's included. */
static bool *
reached(const Graph *g, size_t count, const Ref *y, int outputs)
{
    bool *needed = ARENA_ARRAY(&g->context->arena, bool, count);
    for (int i = 0; i < outputs; i++)
        needed[y[i]] = true;
    for (size_t i = count; i-- > 0;) {
        const Node *n = &g->node.item[i];
        for (int k = 0; needed[i] && k < n->operands; k++)
            needed[ir_operand(n, k)] = true;
    }
    return needed;
}

static Ref
plus(Graph *g, Ref u, Ref v)
{
    if (u == REF_NONE)
        return v;
    return v == REF_NONE ? u : ir_map(g, OP_add, u, v, REF_NONE);
}

/* A select's tangent takes each element from u or v, as the select does. */
static Ref
choose(Graph *g, Ref mask, Ref u, Ref v)
{
    if (u == REF_NONE)
        u = ir_fill(g, v, 0);
    if (v == REF_NONE)
        v = ir_fill(g, u, 0);
    return ir_map(g, OP_select, mask, u, v);
}

/* The tangent of an elementwise node, given those of its operands. */
static Ref
elementwise(Graph *g, Ref ref, const Ref *t)
{
    Node n = *ir_node(g, ref);
    if (n.op == OP_cast)
        return ir_cast(g, t[0], n.dtype);
    if (n.op == OP_select)
        return choose(g, n.operand[0], t[1], t[2]);
    Ref sum = REF_NONE;
    for (int k = 0; k < n.operands; k++)
        if (t[k] != REF_NONE)
            sum = plus(g, sum, diff_elementwise(g, ref, k, t[k]));
    return sum;
}

/* The tangents of a loop's parts, given those of its operands. */
static bool
propagate_loop(Graph *g, Ref ref, const Ref *tangent, Ref **part)
{
    Arena *arena = &g->context->arena;
    Node n = *ir_node(g, ref);
    Ref *t = ARENA_ARRAY(arena, Ref, n.operands);
    bool any = false;
    for (int k = 0; k < n.operands; k++) {
        t[k] = tangent[ir_operand(&n, k)];
        any = any || t[k] != REF_NONE;
    }
    if (!any)
        return true;
    g->span = n.span;
    g->frame = n.frame;
    part[ref] = ARENA_ARRAY(arena, Ref, n.region->output.count);
    return diff_scan_forward(g, ref, t, part[ref]);
}

/* The tangent of node `ref`, whose operands have theirs; REF_NONE is 0. */
static bool
propagate(Graph *g, Ref ref, const Ref *tangent, Ref **part, Ref *result)
{
    Node n = *ir_node(g, ref);
    Ref t[3] = {REF_NONE, REF_NONE, REF_NONE};
    bool any = false;
    *result = REF_NONE;
    if (n.region != NULL)
        return propagate_loop(g, ref, tangent, part);
    if (n.op == OP_part) {
        const Ref *own = part[n.operand[0]];
        *result = own != NULL ? own[n.as.part] : REF_NONE;
        return true;
    }
    for (int k = 0; k < n.operands && dtype_real(n.dtype); k++) {
        t[k] = tangent[n.operand[k]];
        any = any || t[k] != REF_NONE;
    }
    if (!any || n.op == OP_stop)
        return true;
    g->span = n.span;
    g->frame = n.frame;
    *result = op_info[n.op].class == CLASS_MAP
                  ? elementwise(g, ref, t)
                  : diff_structural_forward(g, ref, t);
    return true;
}

bool
diff_forward(Graph *g, const Ref *x, const Ref *tangent, int count,
             const Ref *y, int outputs, Ref *dy)
{
    size_t nodes = g->node.count;
    bool *needed = reached(g, nodes, y, outputs);
    Ref *t = ARENA_ARRAY(&g->context->arena, Ref, nodes);
    Ref **part = ARENA_ARRAY(&g->context->arena, Ref *, nodes);
    Span span = g->span;
    const Frame *frame = g->frame;

    for (size_t i = 0; i < nodes; i++)
        t[i] = REF_NONE;
    for (int i = 0; i < count; i++)
        if (dtype_real(ir_node(g, x[i])->dtype) && tangent[i] != REF_NONE)
            t[x[i]] = plus(g, t[x[i]], tangent[i]);
    bool good = true;
    for (size_t i = 0; good && i < nodes; i++) {
        Ref more = REF_NONE;
        if (needed[i])
            good = propagate(g, (Ref)i, t, part, &more);
        t[i] = plus(g, t[i], more);
    }
    for (int i = 0; i < outputs; i++)
        dy[i] = t[y[i]];
    g->span = span;
    g->frame = frame;
    return good;
}
