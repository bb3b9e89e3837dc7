/* The native engine: runs what build.c has compiled. */
#define _POSIX_C_SOURCE 200809L
#include "kernels/flux_isa.h"

#include "emit/emit.h"
#include "engine/library.h"
#include "engine/native.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef int RunFunction(const void *const *leaf, void *const *out,
                        const size_t *dims, uint64_t seed, void *arena);
typedef size_t ArenaFunction(const size_t *dims);

struct Native {
    const Graph *graph;
    void *library;
    RunFunction *run;
    ArenaFunction *arena;
    void *memory; /* for intermediates, kept from run to run */
    size_t bytes;
};

/* Loads what was built; NULL, and why, where that fails. */
static Native *
load(Arena *arena, const Graph *graph, const Built *built, const char **problem)
{
    Native *native = base_alloc(sizeof *native);
    *native = (Native){.graph = graph};
    native->library = dlopen(built->path, RTLD_NOW | RTLD_LOCAL);
    if (native->library != NULL &&
        library_function(native->library, "fluxc_run", &native->run) &&
        library_function(native->library, "fluxc_arena", &native->arena))
        return native;
    *problem = arena_printf(arena, "the compiled model cannot be loaded: %s",
                            dlerror());
    native_free(native);
    return NULL;
}

/* What the cache keeps may be damaged: it is built again then. */
static const char *
build_and_load(Arena *arena, const Graph *graph, const char *text, size_t size,
               bool no_cache, Native **native)
{
    for (bool again = false;; again = true) {
        Built built = {0};
        const char *problem = build_shared(arena, text, size, no_cache, &built);
        if (problem != NULL)
            return problem;
        *native = load(arena, graph, &built, &problem);
        build_discard(&built);
        if (*native != NULL || built.folder != NULL || again)
            return problem;
        unlink(built.path);
    }
}

Native *
native_compile(Context *context, const Graph *graph,
               const EngineOptions *options, const char **problem)
{
    char *text = NULL;
    size_t size = 0;
    FILE *file = open_memstream(&text, &size);
    if (file == NULL)
        base_out_of_memory();
    PassOptions defaults = {0};
    /* one machine runs it: what is for others is not compiled */
    size_t limit = arena_lift(&context->arena);
    fprintf(file, "#define FLUX_FORCE_ISA ((flux_isa)%d)\n",
            (int)flux_best_isa());
    bool fine =
        emit_raw(context, graph,
                 options->pass != NULL ? options->pass : &defaults, file);
    base_close_memory(file, &text);
    Native *native = NULL;
    *problem = NULL;
    if (fine)
        *problem = build_and_load(&context->arena, graph, text, size,
                                  options->no_cache, &native);
    free(text);
    context->arena.limit = limit;
    return native;
}

void
native_free(Native *native)
{
    if (native == NULL)
        return;
    if (native->library != NULL)
        dlclose(native->library);
    free(native->memory);
    free(native);
}

/* The memory that an output is computed in: the caller's, or new. */
static const char *
prepare_result(const Native *native, size_t o, const RunOptions *options,
               Arena *arena, Tensor *result)
{
    const Graph *g = native->graph;
    const Node *node = ir_node(g, g->output.item[o].ref);
    void *data = result->data;
    result->dtype = node->dtype;
    result->rank = node->rank;
    for (int a = 0; a < node->rank; a++) {
        result->dim[a] = dim_value(g->dims, node->dim[a], options->symbol);
        if (result->dim[a] < 0)
            return "a size overflows";
    }
    if (data != NULL)
        return NULL;
    Tensor *fresh = tensor_new(arena, node->dtype, result->rank, result->dim);
    if (fresh == NULL)
        return "a size overflows";
    result->data = fresh->data;
    return NULL;
}

/* Next values are computed where the old ones stand, so those go there first.
 */
static const void **
prepare_leaves(const Native *native, const Tensor *const *value, Arena *arena,
               const Tensor *result)
{
    const Graph *g = native->graph;
    const void **leaf = ARENA_ARRAY(arena, const void *, g->leaf.count + 1);
    for (size_t i = 0; i < g->leaf.count; i++)
        leaf[i] = value[i]->data;
    for (size_t o = 0; o < g->output.count; o++) {
        for (size_t i = 0; i < g->leaf.count; i++) {
            if (g->output.item[o].next != g->leaf.item[i])
                continue;
            int64_t count = tensor_count(&result[o]);
            size_t bytes = (size_t)count * dtype_size(result[o].dtype);
            if (result[o].data != leaf[i] && bytes > 0)
                memcpy(result[o].data, leaf[i], bytes);
            leaf[i] = result[o].data;
        }
    }
    return leaf;
}

/* Whether every size of the graph fits into memory for these symbols. */
static bool
sizes_fit(const Graph *g, const int64_t *symbol)
{
    for (Ref r = 0; r < (Ref)g->node.count; r++) {
        const Node *node = ir_node(g, r);
        Tensor shape = {.dtype = node->dtype, .rank = node->rank};
        for (int a = 0; a < node->rank; a++) {
            shape.dim[a] = dim_value(g->dims, node->dim[a], symbol);
            if (shape.dim[a] < 0)
                return false;
        }
        int64_t count = tensor_count(&shape);
        if (count < 0 || count > INT64_C(1) << 40)
            return false;
    }
    return true;
}

/* Memory for intermediates, at a multiple of 64; NULL if there is none. */
static void *
prepare_memory(Native *native, const size_t *dims)
{
    size_t bytes = native->arena(dims);
    if (bytes > native->bytes) {
        free(native->memory);
        native->bytes = 0;
        native->memory = aligned_alloc(64, (bytes + 63) / 64 * 64);
        if (native->memory != NULL)
            native->bytes = bytes;
    }
    return native->bytes >= bytes ? native->memory : NULL;
}

const char *
native_run(Native *native, const Tensor *const *value,
           const RunOptions *options, Arena *arena, Tensor *result)
{
    const Graph *g = native->graph;
    size_t dims[DIM_SYMBOLS] = {0};
    for (int i = 0; i < g->dims->symbols; i++)
        dims[i] = (size_t)options->symbol[i];
    if (!sizes_fit(g, options->symbol))
        return "a size overflows";
    void **out = ARENA_ARRAY(arena, void *, g->output.count + 1);
    for (size_t o = 0; o < g->output.count; o++) {
        const char *problem =
            prepare_result(native, o, options, arena, &result[o]);
        if (problem != NULL)
            return problem;
        out[o] = result[o].data;
    }
    const void **leaf = prepare_leaves(native, value, arena, result);
    void *memory = prepare_memory(native, dims);
    if (memory == NULL && native->arena(dims) > 0)
        return "there is not enough memory";
    return native->run(leaf, out, dims, options->seed, memory) == 0
               ? NULL
               : "the run failed";
}
