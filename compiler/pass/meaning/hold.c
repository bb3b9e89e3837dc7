/* A graph in which nothing stops: each `stop`, also in the bodies of loops,
 * becomes an input that stays as it is while the leaves move, so that
 * differences of the results are what derivatives say. What the input shall
 * hold is one more output.
 *
 * A stop in a loop's body is another in each step: a sequence of the loop, and
 * one of its results. It needs an axis for the steps; a stop that has no room
 * for it is left.
 */
#include "pass/meaning/diff_loop.h"

typedef struct {
    Graph *g;
    const Graph *from;
    Ref *map;
    VEC(Node) shape; /* of each stop that is held */
    VEC(Ref) held;   /* the inputs in their place */
    VEC(Ref) stop;   /* what those hold */
} Hold;

/* Whether a node is a stop to hold, `loops` deep. */
static bool
is_held(const Node *n, int loops)
{
    return n->op == OP_stop && dtype_real(n->dtype) &&
           n->rank + loops <= IR_RANK;
}

static Node
all_steps(const Node *loop, Node one)
{
    int8_t axis = loop_axis(loop, one.rank);
    for (int a = one.rank++; a > axis; a--)
        one.dim[a] = one.dim[a - 1];
    one.dim[axis] = loop->as.scan->extent;
    return one;
}

/* The stops that are held of a graph that is the body of `loops` loops. */
static void
find_stops(Hold *h, const Graph *from, int loops)
{
    Arena *arena = &from->context->arena;
    for (size_t i = 0; i < from->node.count; i++) {
        const Node *n = &from->node.item[i];
        size_t first = h->shape.count;
        if (is_held(n, loops))
            VEC_PUSH(arena, &h->shape, *n);
        if (n->region != NULL)
            find_stops(h, n->region, loops + 1);
        for (size_t k = first; n->region != NULL && k < h->shape.count; k++)
            h->shape.item[k] = all_steps(n, h->shape.item[k]);
    }
}

static void
copy_leaves(Hold *h, size_t begin, size_t end)
{
    for (size_t i = begin; i < end; i++) {
        Ref leaf = h->from->leaf.item[i];
        h->map[leaf] = ir_copy(h->g, h->from, leaf, h->map);
    }
}

static Hold hold_graph(const Graph *from, size_t leaves, int loops);

/* A loop in whose body nothing stops: a sequence and a result more for each
 * stop that it had.
 */
static Ref
hold_loop(Hold *h, const Node *loop, int loops)
{
    Arena *arena = h->g->arena;
    const Scan *old = loop->as.scan;
    Hold body = hold_graph(loop->region, (size_t)old->sequences, loops + 1);
    int count = (int)body.stop.count;
    int8_t *axis = ARENA_ARRAY(arena, int8_t, count);
    Ref *operand = ARENA_ARRAY(arena, Ref, loop->operands);
    for (int k = 0; k < count; k++) {
        ir_output(body.g, "stop", body.stop.item[k], REF_NONE);
        axis[k] = loop_axis(loop, body.shape.item[k].rank);
    }
    for (int i = 0; i < loop->operands; i++)
        operand[i] = h->map[old->operand[i]];
    const Ref *held = count > 0 ? h->held.item + h->stop.count : NULL;
    const LoopPorts more = {held, axis, count, count};
    Ref made = pass_loop(h->g, loop, operand, &more, body.g);
    for (int k = 0; k < count; k++)
        VEC_PUSH(arena, &h->stop,
                 ir_part(h->g, made, old->states + old->results + k));
    return made;
}

/* Copies a graph that is the body of `loops` loops; the new inputs stand behind
 * the first leaves.
 */
static Hold
hold_graph(const Graph *from, size_t leaves, int loops)
{
    Hold h = {.g = ir_graph_like(from), .from = from};
    h.map = ARENA_ARRAY(h.g->arena, Ref, from->node.count);
    find_stops(&h, from, loops);
    copy_leaves(&h, 0, leaves);
    for (size_t k = 0; k < h.shape.count; k++) {
        const Node *n = &h.shape.item[k];
        h.g->span = n->span;
        h.g->frame = n->frame;
        Ref held = ir_leaf(h.g, OP_input, "held", n->dtype, n->rank, n->dim);
        VEC_PUSH(h.g->arena, &h.held, held);
    }
    copy_leaves(&h, leaves, from->leaf.count);
    for (Ref i = 0; i < (Ref)from->node.count; i++) {
        const Node *n = ir_node(from, i);
        if (op_given(n->op))
            continue;
        if (is_held(n, loops)) {
            h.map[i] = h.held.item[h.stop.count];
            VEC_PUSH(h.g->arena, &h.stop, h.map[n->operand[0]]);
        } else {
            h.map[i] = n->region != NULL ? hold_loop(&h, n, loops)
                                         : ir_copy(h.g, from, i, h.map);
        }
    }
    pass_outputs(h.g, from, h.map);
    return h;
}

Graph *
diff_hold(const Graph *g)
{
    Hold h = hold_graph(g, g->leaf.count, 0);
    for (size_t k = 0; k < h.stop.count; k++)
        ir_output(h.g, "stop", h.stop.item[k], REF_NONE);
    return h.g;
}
