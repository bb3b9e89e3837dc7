/* Engines: run a graph now. All give the same bits.
 *
 * interpret  evaluates the graph node by node (ir_interpret)
 * native     compiles its schedule with the system's C compiler, and loads it
 * cuda       compiles it for a GPU with NVRTC, and launches it there
 * auto       interprets while that is cheap, then goes over to native
 */
#ifndef FLUXC_ENGINE_ENGINE_H
#define FLUXC_ENGINE_ENGINE_H

#include "ir/ir.h"
#include "pass/pass.h"

typedef enum {
    ENGINE_auto,
    ENGINE_interpret,
    ENGINE_native,
    ENGINE_cuda
} EngineKind;

typedef struct {
    const PassOptions *pass; /* NULL: the defaults */
    bool no_cache;           /* compile anew, and keep nothing on disk */
} EngineOptions;

typedef struct Executable Executable;

/* Makes a graph, after the meaning passes, ready to run. The graph and the
 * context must outlive the executable. Options may be NULL. Never NULL: what
 * can go wrong goes wrong in engine_run.
 */
Executable *engine_prepare(Context *context, const Graph *graph,
                           EngineKind kind, const EngineOptions *options);

/* Runs it as ir_interpret does: value[i] for leaf i, result[i] for output i,
 * whose data is made in the arena unless it points to room already. The result
 * for the next value of a leaf may be that leaf's own data; no other result may
 * overlap a value. Gives NULL, or what went wrong.
 */
const char *engine_run(Executable *executable, const Tensor *const *value,
                       const RunOptions *options, Arena *arena, Tensor *result);

/* The engine that the last run used. */
EngineKind engine_used(const Executable *executable);

void engine_free(Executable *executable);

/* Whether a C compiler is there: $CC, else cc. Tried once. */
bool engine_native_available(void);

/* NULL, or what the CUDA engine needs and is not there: "the driver has no
 * device". Tried once.
 */
const char *engine_cuda_missing(void);

#endif
