/* The native engine: runs what build.c has compiled. */
#define _POSIX_C_SOURCE 200809L
#include "kernels/flux_isa.h"

#include "emit/emit.h"
#include "engine/build.h"
#include "engine/library.h"
#include "engine/native.h"
#include "engine/operands.h"

#include <stdio.h>
#include <stdlib.h>

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

static Native *
load(const Graph *graph, void *library)
{
    Native *native = base_alloc(sizeof *native);
    *native = (Native){.graph = graph, .library = library};
    library_function(library, "fluxc_run", &native->run);
    library_function(library, "fluxc_arena", &native->arena);
    return native;
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
    fprintf(file,
            "#ifndef FLUX_FORCE_ISA\n"
            "#define FLUX_FORCE_ISA ((flux_isa)%d)\n"
            "#endif\n",
            (int)flux_best_isa());
    bool fine =
        emit_raw(context, graph,
                 options->pass != NULL ? options->pass : &defaults, file);
    base_close_memory(file, &text);
    void *library = NULL;
    *problem = NULL;
    if (fine)
        *problem = build_library(&context->arena, text, size, options->no_cache,
                                 &library);
    free(text);
    context->arena.limit = limit;
    return library != NULL ? load(graph, library) : NULL;
}

void
native_free(Native *native)
{
    if (native == NULL)
        return;
    library_close(native->library);
    free(native->memory);
    free(native);
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
    Operands o;
    const char *problem =
        operands_prepare(native->graph, value, options, arena, result, &o);
    if (problem != NULL)
        return problem;
    void *memory = prepare_memory(native, o.dims);
    if (memory == NULL && native->arena(o.dims) > 0)
        return "there is not enough memory";
    return native->run(o.leaf, o.out, o.dims, options->seed, memory) == 0
               ? NULL
               : "the run failed";
}
