/* Activations go behind the maxima of windows: max(maximum(v(x)), c) is
 * maximum(v(max(x, c))), where v only moves data, and is computed of fewer
 * elements. It stands for that where nothing else needs max(x, c), as in
 * relu before MaxPool. All bits stay, those of derivatives too: where the
 * maximum is above c, both find it at the same place; else neither passes
 * anything on.
 */
#include "pass/pass.h"

#include <math.h>

typedef struct {
    const Graph *from;
    int *users; /* by node */
} Sink;

static bool
is_move(Op op)
{
    return op == OP_reshape || op == OP_permute || op == OP_slice ||
           op == OP_reverse || op == OP_window;
}

/* The max(x, c) below a maximum that alone needs it, else REF_NONE. */
static Ref
find_max(const Sink *sink, const Node *maximum)
{
    double c = 0;
    Ref ref = maximum->operand[0];
    while (is_move(ir_node(sink->from, ref)->op) && sink->users[ref] == 1)
        ref = ir_node(sink->from, ref)->operand[0];
    const Node *n = ir_node(sink->from, ref);
    bool is = n->op == OP_max && sink->users[ref] == 1 &&
              pass_filled(sink->from, n->operand[1], &c) && !isnan(c);
    return is ? ref : REF_NONE;
}

/* The moves between `ref` and a node, over the operand of that. */
static Ref
move_again(Graph *g, const Sink *sink, Ref ref, Ref max, const Ref *map)
{
    Node n = *ir_node(sink->from, ref);
    if (ref == max)
        return map[n.operand[0]];
    n.operand[0] = move_again(g, sink, n.operand[0], max, map);
    return pass_append(g, &n);
}

static Ref
sink_max(Graph *g, const Sink *sink, const Node *maximum, Ref max,
         const Ref *map)
{
    double c = 0;
    Node n = *maximum;
    Node last = *ir_node(sink->from, max);
    pass_filled(sink->from, last.operand[1], &c);
    n.operand[0] = move_again(g, sink, n.operand[0], max, map);
    last.operand[0] = pass_append(g, &n);
    last.operand[1] = ir_fill(g, last.operand[0], c);
    last.rank = n.rank;
    for (int a = 0; a < n.rank; a++)
        last.dim[a] = n.dim[a];
    return pass_append(g, &last);
}

static void
count_users(const Graph *g, int *users)
{
    for (size_t i = 0; i < g->node.count; i++)
        for (int k = 0; k < g->node.item[i].operands; k++)
            users[ir_operand(&g->node.item[i], k)]++;
    for (size_t i = 0; i < g->output.count; i++)
        users[g->output.item[i].ref]++;
}

Graph *
pass_sink(const Graph *from)
{
    Graph *g = ir_graph_like(from);
    Ref *map = ARENA_ARRAY(from->arena, Ref, from->node.count);
    Sink sink = {from, ARENA_ARRAY(from->arena, int, from->node.count)};
    count_users(from, sink.users);
    for (Ref r = 0; r < (Ref)from->node.count; r++) {
        const Node *n = ir_node(from, r);
        Ref max = n->op == OP_maximum ? find_max(&sink, n) : REF_NONE;
        map[r] = max == REF_NONE ? ir_copy(g, from, r, map)
                                 : sink_max(g, &sink, n, max, map);
    }
    pass_outputs(g, from, map);
    pass_bodies(g, pass_sink);
    return pass_dce(g);
}
