/* A graph that each test begins with, and what the tests make of it. */
#ifndef FLUXC_TESTS_FORWARD_GRAPHS_H
#define FLUXC_TESTS_FORWARD_GRAPHS_H

#include "pass/pass.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

typedef struct {
    Context context;
    Dims dims;
    Graph *g;
} Fixture;

static inline int
begin(void **state)
{
    Fixture *f = calloc(1, sizeof *f);
    assert_non_null(f);
    context_init(&f->context);
    dims_init(&f->dims, &f->context.arena);
    f->g = ir_graph(&f->context, &f->dims, "g");
    *state = f;
    return 0;
}

static inline int
end(void **state)
{
    Fixture *f = *state;
    context_free(&f->context);
    free(f);
    return 0;
}

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
