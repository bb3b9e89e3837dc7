/* The native engine: a graph's schedule as C, compiled and loaded. */
#ifndef FLUXC_ENGINE_NATIVE_H
#define FLUXC_ENGINE_NATIVE_H

#include "engine/engine.h"

typedef struct Native Native;

/* NULL where the compiler or the loader fails; problem says why, or is NULL
 * where that was reported.
 */
Native *native_compile(Context *context, const Graph *graph,
                       const EngineOptions *options, const char **problem);

/* As engine_run. */
const char *native_run(Native *native, const Tensor *const *value,
                       const RunOptions *options, Arena *arena, Tensor *result);

void native_free(Native *native);

/* build.c: compiles a C text into a shared object. `path` receives the file's
 * name, in a private folder that build_discard removes, or in the cache. NULL,
 * or what went wrong, in the arena.
 */
typedef struct {
    char *path;         /* of the shared object */
    const char *folder; /* to be removed; NULL: none */
} Built;
const char *build_shared(Arena *arena, const char *text, size_t size,
                         bool no_cache, Built *built);
void build_discard(const Built *built);

#endif
