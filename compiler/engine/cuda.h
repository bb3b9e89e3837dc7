/* The CUDA engine: a graph's kernels, compiled by NVRTC and launched through
 * the driver; what launches them is C, compiled as the native engine's.
 */
#ifndef FLUXC_ENGINE_CUDA_H
#define FLUXC_ENGINE_CUDA_H

#include "engine/engine.h"

typedef struct Cuda Cuda;

/* NULL where something fails; problem says what, or is NULL where that was
 * reported. engine_cuda_missing has given NULL.
 */
Cuda *cuda_compile(Context *context, const Graph *graph,
                   const EngineOptions *options, const char **problem);

/* As engine_run. All arrays are copied to the device and back. */
const char *cuda_run(Cuda *cuda, const Tensor *const *value,
                     const RunOptions *options, Arena *arena, Tensor *result);

void cuda_free(Cuda *cuda);

#endif
