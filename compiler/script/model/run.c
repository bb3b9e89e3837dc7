/* Running graphs: see run.h. Equal graphs share an executable, so a model that
 * is called in a loop is traced each time and compiled once.
 */
#define _POSIX_C_SOURCE 200809L
#include "script/model/run.h"

#include "base/hash.h"

#include <stdlib.h>
#include <string.h>

typedef struct Prepared Prepared;
struct Prepared {
    uint64_t hash;
    const char *text; /* of the graph */
    EngineKind engine;
    Executable *executable;
    Prepared *next;
};

struct Engines {
    Prepared *first;
};

char *
run_text(const Graph *g, size_t *size, uint64_t *hash)
{
    char *text = NULL;
    FILE *file = open_memstream(&text, size);
    if (file == NULL)
        base_out_of_memory();
    ir_print(g, file);
    base_close_memory(file, &text);
    *hash = hash_text(text, *size);
    return text;
}

Executable *
run_prepare(Script *s, const Graph *g, EngineKind engine)
{
    Arena *arena = &s->context->arena;
    size_t limit = arena_lift(arena);
    size_t size = 0;
    uint64_t hash = 0;
    char *text = run_text(g, &size, &hash);
    if (s->engines == NULL)
        s->engines = ARENA_NEW(arena, struct Engines);
    for (Prepared *p = s->engines->first; p != NULL; p = p->next)
        if (p->hash == hash && p->engine == engine &&
            strcmp(p->text, text) == 0) {
            free(text);
            arena->limit = limit;
            return p->executable;
        }
    if (s->options.debug_nan)
        engine = ENGINE_interpret;
    Prepared *p = ARENA_NEW(arena, Prepared);
    p->hash = hash;
    p->text = arena_string(arena, text, size);
    p->engine = engine;
    p->executable = engine_prepare(s->context, g, engine, NULL);
    p->next = s->engines->first;
    s->engines->first = p;
    free(text);
    arena->limit = limit;
    return p->executable;
}

void
run_free(Script *s)
{
    for (Prepared *p = s->engines ? s->engines->first : NULL; p != NULL;
         p = p->next)
        engine_free(p->executable);
    s->engines = NULL;
}

/* The tensor of a leaf: a parameter's own, else what is bound; or NULL. */
static Tensor *
leaf_tensor(const Node *leaf, const Bindings *bound)
{
    if (leaf->op == OP_param)
        return ((const Array *)leaf->as.leaf.key)->tensor;
    for (size_t i = 0; i < bound->count; i++)
        if (bound->item[i].op == leaf->op &&
            strcmp(bound->item[i].name, leaf->as.leaf.name) == 0)
            return bound->item[i].tensor;
    return NULL;
}

static bool
is_from0(const Bindings *bound, const char *name)
{
    for (size_t i = 0; i < bound->count; i++)
        if (bound->item[i].op == OP_input &&
            strcmp(bound->item[i].name, name) == 0)
            return bound->item[i].from0;
    return false;
}

void
run_fail(Script *s, const Graph *g, const Fault *fault, Span span)
{
    if (fault->node != REF_NONE) {
        const Node *node = ir_node(g, fault->node);
        s->frame = node->frame;
        span = node->span;
    }
    script_fail(s, fault->code, span, NULL, "%s", fault->text);
}

/* NULL, or which element of an input is an index of nothing. */
static const char *
index_problem(const Graph *g, const Bindings *bound, Arena *arena)
{
    for (size_t i = 0; i < g->leaf.count; i++) {
        const Node *leaf = ir_node(g, g->leaf.item[i]);
        int64_t least;
        int64_t most;
        if (leaf->op != OP_input ||
            !ir_index_range(g, g->leaf.item[i], &least, &most))
            continue;
        const Tensor *t = leaf_tensor(leaf, bound);
        int64_t base = is_from0(bound, leaf->as.leaf.name);
        for (int64_t k = 0; t != NULL && k < tensor_count(t); k++) {
            double x = tensor_get(t, k);
            bool there = x >= (double)least && x <= (double)most;
            if (!there || x != (double)(int64_t)x)
                return arena_printf(arena,
                                    "%g in the input `%s`, whose numbers are "
                                    "indices from %lld to %lld",
                                    x + (double)base, leaf->as.leaf.name,
                                    (long long)(least + base),
                                    (long long)(most + base));
        }
    }
    return NULL;
}

/* The tensors of all leaves; NULL, or the name of one that has none. */
static const char *
bind_leaves(const Graph *g, const Bindings *bound, const Tensor **value)
{
    for (size_t i = 0; i < g->leaf.count; i++) {
        const Node *leaf = ir_node(g, g->leaf.item[i]);
        value[i] = leaf_tensor(leaf, bound);
        if (value[i] == NULL)
            return leaf->as.leaf.name;
    }
    return NULL;
}

Fault
run_bound(Script *s, Executable *e, const Graph *g, const Bindings *bound,
          int64_t samples, Arena *arena, Tensor *result)
{
    const Tensor **value =
        ARENA_ARRAY(arena, const Tensor *, g->leaf.count + 1);
    Fault fault = {.code = DIAG_engine, .node = REF_NONE};
    const char *unbound = bind_leaves(g, bound, value);
    if (unbound != NULL) {
        fault.text = arena_printf(arena, "nothing is bound to %s", unbound);
        return fault;
    }
    for (size_t i = 0; i < g->output.count; i++) {
        result[i] = (Tensor){.data = NULL};
        for (size_t k = 0; k < g->leaf.count; k++)
            if (g->output.item[i].next == g->leaf.item[k])
                result[i] = *value[k];
    }
    fault.text = index_problem(g, bound, arena);
    if (fault.text != NULL) {
        fault.code = DIAG_index;
        return fault;
    }
    int64_t symbol[DIM_SYMBOLS];
    for (int i = 0; i < DIM_SYMBOLS; i++)
        symbol[i] = samples;
    RunOptions options = {.symbol = symbol,
                          .seed = bound->seed != NULL ? *bound->seed : s->seed,
                          .nan = s->options.debug_nan ? &fault.node : NULL};
    fault.text = engine_run(e, value, &options, arena, result);
    if (fault.text == NULL && fault.node != REF_NONE) {
        fault.code = DIAG_nan;
        fault.text = arena_printf(
            arena, "this makes a NaN or Inf from finite numbers (%s)",
            op_info[ir_node(g, fault.node)->op].name);
    }
    return fault;
}

void
run_graph(Script *s, Executable *e, const Graph *g, const Bindings *bound,
          int64_t samples, Tensor *result, Span span)
{
    Fault fault =
        run_bound(s, e, g, bound, samples, &s->context->arena, result);
    if (fault.text != NULL)
        run_fail(s, g, &fault, span);
}
