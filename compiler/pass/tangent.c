/* A forward graph in double together with its derivative along a direction:
 * what a self-test compares the gradients with, by differences of the results
 * and by their tangents.
 *
 * What a `stop` holds becomes an input, which differences leave alone.
 */
#include "pass/pass.h"

typedef struct {
    Graph *g;
    const Graph *from;
    Ref *map;
    VEC(Ref) leaf; /* what is differentiated by */
    VEC(Ref) direction;
    VEC(Ref) stop; /* what the inputs in the place of stops hold there */
} Tangent;

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

static Ref widen(Graph *g, const Graph *from, Ref ref, const Ref *map);

/* The body of a loop with float made double; what a stop in it holds is
 * computed anew.
 */
static Graph *
widen_body(const Graph *body)
{
    Graph *g = ir_graph(body->context, body->dims, body->name);
    Ref *map = ARENA_ARRAY(&body->context->arena, Ref, body->node.count + 1);
    for (Ref i = 0; i < (Ref)body->node.count; i++)
        map[i] = widen(g, body, i, map);
    pass_outputs(g, body, map);
    return g;
}

/* Copies a node with float made double. Arrays of numbers stay, and a cast
 * stands behind them.
 */
static Ref
widen(Graph *g, const Graph *from, Ref ref, const Ref *map)
{
    Ref copy = ir_copy(g, from, ref, map);
    Node *n = ir_node(g, copy);
    if (n->region != NULL)
        n->region = widen_body(n->region);
    if (n->dtype != DTYPE_f32)
        return copy;
    if (n->op == OP_data)
        return ir_cast(g, copy, DTYPE_f64);
    n->dtype = DTYPE_f64;
    return copy;
}

/* A direction for each leaf that back! differentiates by. */
static void
make_directions(Tangent *t)
{
    Arena *arena = &t->g->context->arena;
    for (size_t i = 0; i < t->from->leaf.count; i++) {
        Ref leaf = t->g->leaf.item[i];
        const Node *n = ir_node(t->g, leaf);
        bool trains = n->op == OP_param && !n->as.leaf.frozen;
        if (!dtype_real(n->dtype) || (n->op != OP_input && !trains))
            continue;
        const char *name = prefixed(t->g, "d", n->as.leaf.name);
        VEC_PUSH(arena, &t->leaf, leaf);
        VEC_PUSH(arena, &t->direction, input_like(t->g, leaf, name));
    }
}

/* The leaves come first, in the order of `from`. */
static void
make_nodes(Tangent *t)
{
    Arena *arena = &t->g->context->arena;
    for (size_t i = 0; i < t->from->leaf.count; i++)
        t->map[t->from->leaf.item[i]] =
            widen(t->g, t->from, t->from->leaf.item[i], t->map);
    for (Ref i = 0; i < (Ref)t->from->node.count; i++) {
        const Node *n = ir_node(t->from, i);
        if (n->op == OP_input || n->op == OP_param || n->op == OP_state)
            continue;
        if (n->op != OP_stop || !dtype_real(n->dtype)) {
            t->map[i] = widen(t->g, t->from, i, t->map);
            continue;
        }
        Ref stop = t->map[n->operand[0]];
        t->map[i] = input_like(t->g, stop, "held");
        VEC_PUSH(arena, &t->stop, stop);
    }
}

Graph *
diff_tangent(const Graph *forward)
{
    Graph *g = ir_graph_like(forward);
    Arena *arena = g->arena;
    Tangent t = {.g = g, .from = forward};
    t.map = ARENA_ARRAY(arena, Ref, forward->node.count + 1);
    make_nodes(&t);
    make_directions(&t);

    Ref *y = ARENA_ARRAY(arena, Ref, forward->output.count + 1);
    Ref *dy = ARENA_ARRAY(arena, Ref, forward->output.count + 1);
    int results = 0;
    for (size_t i = 0; i < forward->output.count; i++) {
        const Output *out = &forward->output.item[i];
        Ref ref = t.map[out->ref];
        if (out->next != REF_NONE || !dtype_real(ir_node(g, ref)->dtype))
            continue;
        ir_output(g, out->name, ref, REF_NONE);
        y[results++] = ref;
    }
    if (!diff_forward(g, t.leaf.item, t.direction.item, (int)t.leaf.count, y,
                      results, dy))
        return NULL;
    for (int i = 0; i < results; i++)
        ir_output(g, prefixed(g, "d", g->output.item[i].name),
                  dy[i] != REF_NONE ? dy[i] : ir_fill(g, y[i], 0), REF_NONE);
    for (size_t i = 0; i < t.stop.count; i++)
        ir_output(g, "stop", t.stop.item[i], REF_NONE);
    g->span = forward->span;
    g->frame = forward->frame;
    return g;
}
