/* Dead code: keeps the leaves, which are the graph's signature, and what an
 * output reaches.
 */
#include "pass/pass.h"

Graph *
pass_dce(const Graph *from)
{
    Arena *arena = &from->context->arena;
    Graph *g = ir_graph_like(from);
    Ref *map = ARENA_ARRAY(arena, Ref, from->node.count);
    bool *live = ARENA_ARRAY(arena, bool, from->node.count);

    for (size_t i = 0; i < from->leaf.count; i++)
        live[from->leaf.item[i]] = true;
    for (size_t i = 0; i < from->output.count; i++)
        live[from->output.item[i].ref] = true;
    /* Backwards, so that users come before what they use. */
    for (size_t i = from->node.count; i-- > 0;) {
        const Node *n = &from->node.item[i];
        for (int k = 0; live[i] && k < n->operands; k++)
            live[n->operand[k]] = true;
    }
    for (size_t i = 0; i < from->node.count; i++)
        map[i] = live[i] ? ir_copy(g, from, (Ref)i, map) : REF_NONE;
    pass_outputs(g, from, map);
    return g;
}
