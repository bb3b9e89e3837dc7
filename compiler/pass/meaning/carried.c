/* Graphs of a model whose caller keeps the states of its steps.
 *
 * Each is a leaf, a state with a next value. What the steps begin with is a
 * select: by the leaf "fresh" the initial value, else the leaf. Here the choice
 * is made, and the initial values are told by themselves. What no step reads,
 * as a field that is only assigned, is no state.
 */
#include "pass/pass.h"

#include <string.h>

static bool
is_fresh(const Node *n)
{
    return n->op == OP_state && strcmp(n->as.leaf.name, "fresh") == 0;
}

/* Whether a node chooses between an initial value and what was kept. */
static bool
is_choice(const Graph *g, const Node *n)
{
    if (n->op != OP_select)
        return false;
    const Node *by = ir_node(g, n->operand[0]);
    while (by->op == OP_broadcast)
        by = ir_node(g, by->operand[0]);
    return is_fresh(by);
}

bool
carried_is(const Graph *g, Ref leaf)
{
    for (size_t i = 0; i < g->node.count; i++) {
        const Node *n = ir_node(g, (Ref)i);
        if (is_choice(g, n) && n->operand[2] == leaf)
            return true;
    }
    return false;
}

/* The outputs of a copy in which what is live is left: results, and the next
 * values of states.
 */
static void
finish(Graph *to, const Graph *g, const bool *live, const Ref *map)
{
    for (size_t i = 0; i < g->output.count; i++) {
        const Output *out = &g->output.item[i];
        if (out->next == REF_NONE)
            ir_output(to, out->name, map[out->ref], REF_NONE);
        else if (live[out->next])
            ir_output(to, out->name, map[out->ref], map[out->next]);
    }
    to->span = g->span;
    to->frame = g->frame;
}

/* ---- states that nothing reads ---- */

/* A state of a model's steps by its name, which carried_name of the script
 * gives: "layer1.h{-1}".
 */
static bool
is_state(const Node *n)
{
    return n->op == OP_state && strstr(n->as.leaf.name, "{-") != NULL;
}

/* Marks what the results need, and the next values of the states that this
 * reads.
 */
static bool *
find_read(const Graph *g)
{
    bool *live = ARENA_ARRAY(&g->context->arena, bool, g->node.count + 1);
    for (size_t i = 0; i < g->output.count; i++) {
        const Output *out = &g->output.item[i];
        live[out->ref] = live[out->ref] || out->next == REF_NONE ||
                         !is_state(ir_node(g, out->next));
    }
    for (bool more = true; more;) {
        more = false;
        for (size_t i = g->node.count; i-- > 0;) {
            const Node *n = ir_node(g, (Ref)i);
            for (int k = 0; live[i] && k < n->operands; k++)
                live[ir_operand(n, k)] = true;
        }
        for (size_t i = 0; i < g->output.count; i++) {
            const Output *out = &g->output.item[i];
            if (live[out->ref] || !live[out->next])
                continue;
            live[out->ref] = true;
            more = true;
        }
    }
    return live;
}

Graph *
carried_read(const Graph *g)
{
    bool *live = find_read(g);
    Ref *map = ARENA_ARRAY(&g->context->arena, Ref, g->node.count + 1);
    Graph *to = ir_graph_like(g);
    for (size_t i = 0; i < g->leaf.count; i++) {
        Ref leaf = g->leaf.item[i];
        const Node *n = ir_node(g, leaf);
        live[leaf] = live[leaf] || !(is_state(n) || is_fresh(n));
    }
    for (size_t i = 0; i < g->node.count; i++)
        if (live[i])
            map[i] = ir_copy(to, g, (Ref)i, map);
    finish(to, g, live, map);
    return to;
}

/* ---- the choice ---- */

/* What a choice is once it is made. */
static Ref
chosen(const Node *n, bool fresh)
{
    return n->operand[fresh ? 1 : 2];
}

/* Marks what is left: what the outputs need when the choices are made, and all
 * leaves that nothing has made needless.
 */
static bool *
find_live(const Graph *g, bool fresh)
{
    bool *live = ARENA_ARRAY(&g->context->arena, bool, g->node.count + 1);
    for (size_t i = 0; i < g->leaf.count; i++) {
        Ref leaf = g->leaf.item[i];
        bool needless = fresh && carried_is(g, leaf);
        live[leaf] = !needless && !is_fresh(ir_node(g, leaf));
    }
    for (size_t i = 0; i < g->output.count; i++) {
        const Output *out = &g->output.item[i];
        live[out->ref] =
            live[out->ref] || out->next == REF_NONE || live[out->next];
    }
    for (size_t i = g->node.count; i-- > 0;) {
        const Node *n = ir_node(g, (Ref)i);
        if (!live[i])
            continue;
        if (is_choice(g, n))
            live[chosen(n, fresh)] = true;
        else
            for (int k = 0; k < n->operands; k++)
                live[ir_operand(n, k)] = true;
    }
    return live;
}

Graph *
carried_fixed(const Graph *g, bool fresh)
{
    bool *live = find_live(g, fresh);
    Ref *map = ARENA_ARRAY(&g->context->arena, Ref, g->node.count + 1);
    Graph *to = ir_graph_like(g);
    for (size_t i = 0; i < g->node.count; i++) {
        const Node *n = ir_node(g, (Ref)i);
        if (live[i])
            map[i] = is_choice(g, n) ? map[chosen(n, fresh)]
                                     : ir_copy(to, g, (Ref)i, map);
    }
    finish(to, g, live, map);
    return to;
}

Graph *
carried_initial(const Graph *g)
{
    Arena *arena = &g->context->arena;
    Ref *map = ARENA_ARRAY(arena, Ref, g->node.count + 1);
    Graph *to = ir_graph_like(g);
    for (size_t i = 0; i < g->node.count; i++)
        map[i] = ir_copy(to, g, (Ref)i, map);
    for (size_t i = 0; i < g->node.count; i++) {
        const Node *n = ir_node(g, (Ref)i);
        if (is_choice(g, n))
            ir_output(to, ir_node(g, n->operand[2])->as.leaf.name,
                      map[n->operand[1]], map[n->operand[2]]);
    }
    return pass_dce(to);
}
