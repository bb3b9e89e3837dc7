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

/* build.c: compiles a C text, or finds that in the cache, and loads it, with
 * the functions fluxc_run and fluxc_arena. NULL, or what went wrong, in the
 * arena.
 */
const char *build_library(Arena *arena, const char *text, size_t size,
                          bool no_cache, void **library);

#endif
