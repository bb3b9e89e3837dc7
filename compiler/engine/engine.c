/* Engines: which one runs a graph, and when the automatic one changes over. */
#include "engine/cuda.h"
#include "engine/native.h"

#include <stdlib.h>
#include <string.h>

/* Operations that are interpreted before a C compiler is asked: about as long
 * as it takes to start one.
 */
#define ENGINE_CHEAP 2e7

struct Executable {
    Context *context;
    const Graph *graph;
    EngineKind kind;
    EngineKind used;
    EngineOptions options;
    double work; /* operations that were interpreted so far */
    Native *native;
    Cuda *cuda;
    bool tried;          /* to compile */
    const char *problem; /* why that failed, or NULL */
};

Executable *
engine_prepare(Context *context, const Graph *graph, EngineKind kind,
               const EngineOptions *options)
{
    Executable *e = base_alloc(sizeof *e);
    *e = (Executable){.context = context,
                      .graph = graph,
                      .kind = kind,
                      .used = ENGINE_interpret};
    if (options != NULL)
        e->options = *options;
    return e;
}

EngineKind
engine_used(const Executable *executable)
{
    return executable->used;
}

void
engine_free(Executable *executable)
{
    if (executable == NULL)
        return;
    native_free(executable->native);
    cuda_free(executable->cuda);
    free(executable);
}

/* Whether it is for no samples, which generated code, CUDA's too, knows nothing
 * of.
 */
static bool
is_empty(const Graph *g, const RunOptions *options)
{
    return g->dims->symbols > 0 && options->symbol[0] == 0;
}

/* Whether this run shall be native. */
static bool
wants_native(Executable *e, const RunOptions *options)
{
    if (e->kind == ENGINE_native)
        return true;
    if (e->kind == ENGINE_interpret)
        return false;
    if (e->native != NULL)
        return true;
    e->work += ir_flops(e->graph, options->symbol);
    return e->work > ENGINE_CHEAP;
}

/* Compiles, once; a missing compiler is told once in a compilation. */
static void
try_native(Executable *e)
{
    if (e->tried)
        return;
    Span nowhere = {0};
    e->tried = true;
    if (!engine_native_available()) {
        if (e->kind == ENGINE_native)
            diag_add(&e->context->diags, DIAG_engine_note, nowhere,
                     "there is no C compiler: models are interpreted");
        return;
    }
    e->native = native_compile(e->context, e->graph, &e->options, &e->problem);
    if (e->problem != NULL && e->kind != ENGINE_native)
        diag_add(&e->context->diags, DIAG_engine, nowhere, "%s", e->problem);
}

/* On the device; there is no other way where that fails. */
static const char *
run_cuda(Executable *e, const Tensor *const *value, const RunOptions *options,
         Arena *arena, Tensor *result)
{
    const char *missing = engine_cuda_missing();
    if (missing != NULL)
        return missing;
    if (!e->tried)
        e->cuda = cuda_compile(e->context, e->graph, &e->options, &e->problem);
    e->tried = true;
    if (e->cuda == NULL)
        return e->problem != NULL ? e->problem
                                  : "no CUDA can be made of this graph";
    e->used = ENGINE_cuda;
    return cuda_run(e->cuda, value, options, arena, result);
}

const char *
engine_run(Executable *executable, const Tensor *const *value,
           const RunOptions *options, Arena *arena, Tensor *result)
{
    Executable *e = executable;
    const bool empty = is_empty(e->graph, options);
    if (e->kind == ENGINE_cuda && !empty)
        return run_cuda(e, value, options, arena, result);
    if (!empty && wants_native(e, options)) {
        try_native(e);
        if (e->native != NULL) {
            e->used = ENGINE_native;
            return native_run(e->native, value, options, arena, result);
        }
        if (e->kind == ENGINE_native && engine_native_available())
            return e->problem != NULL ? e->problem
                                      : "no C can be made of this graph";
    }
    e->used = ENGINE_interpret;
    return ir_interpret(e->graph, value, options, arena, result);
}
