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

#endif
