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

static void
accumulate(Graph *g, Ref *adjoint, Ref more)
{
    if (more == REF_NONE)
        return;
    *adjoint = *adjoint == REF_NONE
                   ? more
                   : ir_map(g, OP_add, *adjoint, more, REF_NONE);
}

/* Which of the first `count` nodes are reals that depend on one of wrt. */
static bool *
dependent(const Graph *g, size_t count, const Ref *wrt, int wrts)
{
    bool *depends = ARENA_ARRAY(&g->context->arena, bool, count);
    for (int i = 0; i < wrts; i++)
        depends[wrt[i]] = dtype_real(ir_node(g, wrt[i])->dtype);
    for (size_t i = 0; i < count; i++) {
        const Node *n = &g->node.item[i];
        if (!dtype_real(n->dtype) || n->op == OP_stop)
            continue;
        for (int k = 0; k < n->operands; k++)
            depends[i] = depends[i] || depends[n->operand[k]];
    }
    return depends;
}

/* Sends the adjoint of node i to its operands. */
static bool
propagate(Graph *g, Ref i, const bool *depends, Ref *adjoint)
{
    Node n = *ir_node(g, i);
    g->span = n.span;
    g->frame = n.frame;
    for (int k = 0; k < n.operands; k++) {
        if (!depends[n.operand[k]])
            continue;
        if (n.region != NULL) {
            Diag *diag = diag_add(&g->context->diags, DIAG_derivative, n.span,
                                  "%s has no derivative", op_info[n.op].name);
            diag->frame = n.frame;
            return false;
        }
        Ref more = contribution(g, i, k, adjoint[i]);
        accumulate(g, &adjoint[n.operand[k]], more);
    }
    return true;
}

bool
diff_reverse(Graph *g, const Ref *y, const Ref *dy, int outputs, const Ref *wrt,
             int count, Ref *gradient)
{
    size_t nodes = g->node.count;
    bool *depends = dependent(g, nodes, wrt, count);
    Ref *adjoint = ARENA_ARRAY(&g->context->arena, Ref, nodes);
    Span span = g->span;
    const Frame *frame = g->frame;

    for (size_t i = 0; i < nodes; i++)
        adjoint[i] = REF_NONE;
    for (int i = 0; i < outputs; i++)
        if (depends[y[i]])
            accumulate(g, &adjoint[y[i]], dy[i]);
    bool good = true;
    for (size_t i = nodes; good && i-- > 0;)
        if (adjoint[i] != REF_NONE && depends[i])
            good = propagate(g, (Ref)i, depends, adjoint);
    for (int i = 0; i < count; i++)
        gradient[i] = adjoint[wrt[i]];
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
