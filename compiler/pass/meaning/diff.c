/* Reverse-mode differentiation: new nodes that hold the gradient.
 *
 * The walk goes from the results down to what is differentiated by, over the
 * nodes between them, so a graph that already holds gradients may be
 * differentiated again. An elementwise operation is known by its partial
 * derivatives in ops.def, any other by its rule in diff_rules.c.
 *
 * Contributions to one node are added in the order in which its users are
 * visited, the last user first, and within a user by operand number. What does
 * not depend gets no node at all, so nothing is ever multiplied by 0.
 */
#include "pass/pass.h"

#include <string.h>

/* The contribution of node `user` to its operand k: REF_NONE is nothing. */
static Ref
contribution(Graph *g, Ref user, int k, Ref dy)
{
    Node n = *ir_node(g, user);
    if (op_info[n.op].class != CLASS_MAP)
        return diff_structural(g, user, k, dy);
    if (n.op == OP_cast)
        return ir_cast(g, dy, ir_node(g, n.operand[0])->dtype);
    if (n.op == OP_select && k == 2)
        return ir_map(g, OP_select, n.operand[0], ir_fill(g, dy, 0), dy);
    return diff_elementwise(g, user, k, dy);
}

/* The axis along which a node pads its operand, if that is one only; -1. */
static int
pad_axis(const Graph *g, Ref ref)
{
    const Node *n = ir_node(g, ref);
    int found = -1;
    if (n->op != OP_pad)
        return -1;
    for (int a = 0; a < n->rank; a++) {
        if (n->dim[a] == ir_node(g, n->operand[0])->dim[a])
            continue;
        if (found >= 0)
            return -1;
        found = a;
    }
    return found;
}

/* Two parts side by side, each with zeros around, as one: what slices that lie
 * side by side give. REF_NONE where they are none.
 */
static Ref
join_pads(Graph *g, Ref low, Ref high)
{
    int axis = pad_axis(g, low);
    if (axis < 0 || axis != pad_axis(g, high))
        return REF_NONE;
    Node a = *ir_node(g, low);
    Node b = *ir_node(g, high);
    Dim end = dim_add(g->dims, a.as.slice.start[axis],
                      ir_node(g, a.operand[0])->dim[axis]);
    if (end != b.as.slice.start[axis])
        return REF_NONE;
    Ref both = ir_concat(g, a.operand[0], b.operand[0], axis);
    if (ir_node(g, both)->dim[axis] == a.dim[axis])
        return both;
    return ir_pad(g, both, a.as.slice.start, a.dim);
}

static void
accumulate(Graph *g, Ref *adjoint, Ref more)
{
    Ref sum = *adjoint;
    if (more == REF_NONE)
        return;
    *adjoint = more;
    if (sum == REF_NONE)
        return;
    *adjoint = join_pads(g, more, sum);
    if (*adjoint == REF_NONE)
        *adjoint = join_pads(g, sum, more);
    if (*adjoint == REF_NONE)
        *adjoint = ir_map(g, OP_add, sum, more, REF_NONE);
}

/* A differentiation: of the nodes that were there before. */
typedef struct {
    Graph *g;
    bool *depends; /* reals that depend on one of wrt */
    Ref *adjoint;
    bool **part; /* by loop: the parts that depend */
    Ref **dpart; /* by loop: the adjoints of its parts */
} Reverse;

static void
depend_loop(Reverse *r, Ref ref)
{
    const Node *n = ir_node(r->g, ref);
    const Graph *body = n->region;
    Arena *arena = &r->g->context->arena;
    size_t outs = body->output.count;
    bool *from = ARENA_ARRAY(arena, bool, n->operands);
    for (int k = 0; k < n->operands; k++) {
        from[k] = r->depends[ir_operand(n, k)];
        r->depends[ref] = r->depends[ref] || from[k];
    }
    bool *depends = derived_depends(n, from);
    r->part[ref] = ARENA_ARRAY(arena, bool, outs);
    r->dpart[ref] = ARENA_ARRAY(arena, Ref, outs);
    for (size_t o = 0; o < outs; o++) {
        bool state = (int)o < n->as.scan->states;
        r->part[ref][o] = state ? from[n->as.scan->sequences + (int)o]
                                : depends[body->output.item[o].ref];
        r->dpart[ref][o] = REF_NONE;
    }
}

/* Finds which of the first `count` nodes depend. */
static void
find_dependent(Reverse *r, size_t count, const Ref *wrt, int wrts)
{
    const Graph *g = r->g;
    for (int i = 0; i < wrts; i++)
        r->depends[wrt[i]] = dtype_real(ir_node(g, wrt[i])->dtype);
    for (size_t i = 0; i < count; i++) {
        const Node *n = &g->node.item[i];
        if (n->region != NULL)
            depend_loop(r, (Ref)i);
        if (!dtype_real(n->dtype) || n->op == OP_stop)
            continue;
        if (n->op == OP_part)
            r->depends[i] = r->part[n->operand[0]][n->as.part];
        for (int k = 0; n->op != OP_part && k < n->operands; k++)
            r->depends[i] = r->depends[i] || r->depends[n->operand[k]];
    }
}

/* The adjoints of a loop's parts make those of its operands. */
static bool
propagate_loop(Reverse *r, Ref i)
{
    Node n = *ir_node(r->g, i);
    Arena *arena = &r->g->context->arena;
    bool *wanted = ARENA_ARRAY(arena, bool, n.operands);
    Ref *more = ARENA_ARRAY(arena, Ref, n.operands);
    for (int k = 0; k < n.operands; k++)
        wanted[k] = r->depends[ir_operand(&n, k)];
    if (!diff_scan_reverse(r->g, i, r->dpart[i], wanted, more))
        return false;
    for (int k = 0; k < n.operands; k++)
        if (wanted[k])
            accumulate(r->g, &r->adjoint[ir_operand(&n, k)], more[k]);
    return true;
}

/* Sends the adjoint of node i to its operands. */
static bool
propagate(Reverse *r, Ref i)
{
    Graph *g = r->g;
    Node n = *ir_node(g, i);
    g->span = n.span;
    g->frame = n.frame;
    if (n.region != NULL)
        return propagate_loop(r, i);
    if (n.op == OP_part) {
        accumulate(g, &r->dpart[n.operand[0]][n.as.part], r->adjoint[i]);
        r->adjoint[n.operand[0]] = r->adjoint[i]; /* of its parts, there is */
        return true;
    }
    for (int k = 0; k < n.operands; k++) {
        if (!r->depends[n.operand[k]])
            continue;
        Ref more = contribution(g, i, k, r->adjoint[i]);
        accumulate(g, &r->adjoint[n.operand[k]], more);
    }
    return true;
}

bool
diff_reverse(Graph *g, const Ref *y, const Ref *dy, int outputs, const Ref *wrt,
             int count, Ref *gradient)
{
    Arena *arena = &g->context->arena;
    size_t nodes = g->node.count;
    Reverse r = {.g = g,
                 .depends = ARENA_ARRAY(arena, bool, nodes),
                 .adjoint = ARENA_ARRAY(arena, Ref, nodes),
                 .part = ARENA_ARRAY(arena, bool *, nodes),
                 .dpart = ARENA_ARRAY(arena, Ref *, nodes)};
    Span span = g->span;
    const Frame *frame = g->frame;

    find_dependent(&r, nodes, wrt, count);
    for (size_t i = 0; i < nodes; i++)
        r.adjoint[i] = REF_NONE;
    for (int i = 0; i < outputs; i++)
        if (r.depends[y[i]])
            accumulate(g, &r.adjoint[y[i]], dy[i]);
    bool good = true;
    for (size_t i = nodes; good && i-- > 0;)
        if (r.adjoint[i] != REF_NONE && r.depends[i])
            good = propagate(&r, (Ref)i);
    for (int i = 0; i < count; i++)
        gradient[i] = r.adjoint[wrt[i]];
    g->span = span;
    g->frame = frame;
    return good;
}

static const char *
derivative_name(Graph *g, const char *name)
{
    Context *context = g->context;
    return intern_text(&context->names,
                       arena_printf(&context->arena, "d%s", name));
}

/* An input for the gradient of every real result of `forward`; gives their
 * number.
 */
static int
back_inputs(Graph *g, const Graph *forward, const Ref *map, Ref *y, Ref *dy)
{
    int results = 0;
    int reals = 0;
    for (size_t i = 0; i < forward->output.count; i++)
        results += forward->output.item[i].next == REF_NONE;
    for (size_t i = 0; i < forward->output.count; i++) {
        const Output *out = &forward->output.item[i];
        Node n = *ir_node(forward, out->ref);
        if (out->next != REF_NONE || !dtype_real(n.dtype))
            continue;
        const char *name = derivative_name(g, results == 1 ? "y" : out->name);
        g->span = n.span;
        g->frame = n.frame;
        y[reals] = map[out->ref];
        name = ir_input_name(g, name);
        dy[reals++] = ir_leaf(g, OP_input, name, n.dtype, n.rank, n.dim);
    }
    return reals;
}

/* The leaves that back! differentiates by: trained params and real inputs. */
static int
back_wrt(Graph *g, Ref *wrt)
{
    int count = 0;
    for (size_t i = 0; i < g->leaf.count; i++) {
        const Node *n = ir_node(g, g->leaf.item[i]);
        bool trains = n->op == OP_param && !n->as.leaf.frozen;
        if (dtype_real(n->dtype) && (n->op == OP_input || trains))
            wrt[count++] = g->leaf.item[i];
    }
    return count;
}

/* The output for the gradient of leaf `wrt`: the next value of a state, where
 * it adds up, or a result.
 */
static void
back_output(Graph *g, Ref wrt, Ref gradient)
{
    Node n = *ir_node(g, wrt);
    g->span = n.span;
    g->frame = n.frame;
    if (n.op == OP_input) {
        Ref dx = gradient == REF_NONE ? ir_fill(g, wrt, 0) : gradient;
        ir_output(g, derivative_name(g, n.as.leaf.name), dx, REF_NONE);
        return;
    }
    Ref sum = ir_leaf(g, OP_state, n.as.leaf.name, n.dtype, n.rank, n.dim);
    ir_node(g, sum)->as.leaf.key = n.as.leaf.key;
    Ref next =
        gradient == REF_NONE ? sum : ir_map(g, OP_add, sum, gradient, REF_NONE);
    ir_output(g, n.as.leaf.name, next, sum);
}

Graph *
diff_back(const Graph *forward)
{
    Context *context = forward->context;
    Graph *g = ir_graph(context, forward->dims, forward->name);
    Ref *map = ARENA_ARRAY(&context->arena, Ref, forward->node.count);
    for (size_t i = 0; i < forward->node.count; i++)
        map[i] = ir_copy(g, forward, (Ref)i, map);

    Ref *wrt = ARENA_ARRAY(&context->arena, Ref, g->leaf.count);
    Ref *gradient = ARENA_ARRAY(&context->arena, Ref, g->leaf.count);
    int count = back_wrt(g, wrt);
    Ref *y = ARENA_ARRAY(&context->arena, Ref, forward->output.count);
    Ref *dy = ARENA_ARRAY(&context->arena, Ref, forward->output.count);
    int outputs = back_inputs(g, forward, map, y, dy);
    if (!diff_reverse(g, y, dy, outputs, wrt, count, gradient))
        return NULL;
    for (int i = 0; i < count; i++)
        back_output(g, wrt[i], gradient[i]);
    g->span = forward->span;
    g->frame = forward->frame;
    return g;
}
