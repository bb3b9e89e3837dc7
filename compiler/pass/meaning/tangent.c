/* A forward graph in double together with its derivative along a direction:
 * what a self-test compares the gradients with, by differences of the results
 * and by their tangents. What a `stop` holds is an input of it.
 */
#include "pass/pass.h"

typedef VEC(Ref) Refs;

static const char *
prefixed(Graph *g, const char *prefix, const char *name)
{
    Context *context = g->context;
    return intern_text(&context->names,
                       arena_printf(&context->arena, "%s%s", prefix, name));
}

static Ref
input_like(Graph *g, Ref like, const char *name)
{
    Node n = *ir_node(g, like);
    g->span = n.span;
    g->frame = n.frame;
    return ir_leaf(g, OP_input, name, n.dtype, n.rank, n.dim);
}

/* A copy with float made double, in the bodies of loops too. Arrays of numbers
 * stay, and a cast stands behind them.
 */
static Graph *
widen(const Graph *from)
{
    Graph *g = ir_graph_like(from);
    Ref *map = ARENA_ARRAY(g->arena, Ref, from->node.count);
    for (Ref i = 0; i < (Ref)from->node.count; i++) {
        map[i] = ir_copy(g, from, i, map);
        Node *n = ir_node(g, map[i]);
        if (n->region != NULL)
            n->region = widen(n->region);
        if (n->dtype == DTYPE_f32 && n->op == OP_data)
            map[i] = ir_cast(g, map[i], DTYPE_f64);
        else if (n->dtype == DTYPE_f32)
            n->dtype = DTYPE_f64;
    }
    pass_outputs(g, from, map);
    return g;
}

/* A direction for each of the first leaves that back! differentiates by. */
static void
make_directions(Graph *g, size_t leaves, Refs *leaf, Refs *direction)
{
    for (size_t i = 0; i < leaves; i++) {
        Ref ref = g->leaf.item[i];
        const Node *n = ir_node(g, ref);
        bool trains = n->op == OP_param && !n->as.leaf.frozen;
        if (!dtype_real(n->dtype) || (n->op != OP_input && !trains))
            continue;
        const char *name = ir_input_name(g, prefixed(g, "d", n->as.leaf.name));
        VEC_PUSH(g->arena, leaf, ref);
        VEC_PUSH(g->arena, direction, input_like(g, ref, name));
    }
}

Graph *
diff_tangent(const Graph *forward)
{
    Graph *g = diff_hold(widen(forward));
    size_t own = forward->output.count;
    const Output *old = g->output.item;
    size_t outputs = g->output.count;
    Ref *y = ARENA_ARRAY(g->arena, Ref, own);
    Ref *dy = ARENA_ARRAY(g->arena, Ref, own);
    Refs leaf = {0};
    Refs direction = {0};
    int results = 0;
    make_directions(g, forward->leaf.count, &leaf, &direction);
    g->output.count = g->output.capacity = 0; /* `old` stays as it is */
    for (size_t i = 0; i < own; i++) {
        const Output *out = &old[i];
        if (out->next != REF_NONE || !dtype_real(ir_node(g, out->ref)->dtype))
            continue;
        ir_output(g, out->name, out->ref, REF_NONE);
        y[results++] = out->ref;
    }
    if (!diff_forward(g, leaf.item, direction.item, (int)leaf.count, y, results,
                      dy))
        return NULL;
    for (int i = 0; i < results; i++)
        ir_output(g, prefixed(g, "d", g->output.item[i].name),
                  dy[i] != REF_NONE ? dy[i] : ir_fill(g, y[i], 0), REF_NONE);
    for (size_t i = own; i < outputs; i++)
        ir_output(g, old[i].name, old[i].ref, REF_NONE);
    g->span = forward->span;
    g->frame = forward->frame;
    return g;
}
