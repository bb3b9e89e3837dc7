/* What tests of passes make of the graph that each begins with. */
#ifndef FLUXC_TESTS_FORWARD_GRAPHS_H
#define FLUXC_TESTS_FORWARD_GRAPHS_H

#include "pass/pass.h"
#include "tests/ir/fixture.h"

static inline bool
has_node(const Graph *g, Op op)
{
    for (size_t i = 0; i < g->node.count; i++) {
        if (g->node.item[i].op == op)
            return true;
    }
    return false;
}

static inline Ref
unary(Graph *g, Op op, Ref u)
{
    return ir_map(g, op, u, REF_NONE, REF_NONE);
}

static inline Ref
vector(Graph *g, Op op, const char *name)
{
    return ir_leaf(g, op, name, DTYPE_f32, 1, (Dim[]){3});
}

#endif
