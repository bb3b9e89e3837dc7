/* Running graphs on the script's arrays. */
#ifndef FLUXC_SCRIPT_RUN_H
#define FLUXC_SCRIPT_RUN_H

#include "pass/pass.h"
#include "script/array/trace.h"

/* A tensor for a leaf, by the leaf's name and operation. */
typedef struct {
    Op op; /* OP_input, OP_state */
    const char *name;
    Tensor *tensor;
    bool from0; /* numbers that the script counts from 1 */
} Bound1;

typedef struct {
    Bound1 *item;
    size_t count;
    size_t capacity;
    const uint64_t *seed; /* of random nodes; NULL: the script's */
} Bindings;

/* An executable for a graph, made once for equal graphs and engines. */
Executable *run_prepare(Script *s, const Graph *g, EngineKind engine);

/* What went wrong in a run. */
typedef struct {
    const char *text; /* NULL: nothing */
    DiagCode code;
    Ref node; /* the first that made a NaN or Inf, under --debug-nan */
} Fault;

/* The run itself, its memory in an arena of the caller's. */
Fault run_bound(Script *s, Executable *e, const Graph *g, const Bindings *bound,
                int64_t samples, Arena *arena, Tensor *result);
_Noreturn void run_fail(Script *s, const Graph *g, const Fault *fault,
                        Span span);

/* Runs a graph: parameters by their arrays, other leaves by the bindings;
 * result[i] gets output i. A `next` output is written into its leaf's tensor.
 * samples is the value of the batch dimension.
 */
void run_graph(Script *s, Executable *e, const Graph *g, const Bindings *bound,
               int64_t samples, Tensor *result, Span span);

void run_free(Script *s);

/* The text of a graph without places, to be freed, and its hash. */
char *run_text(const Graph *g, size_t *size, uint64_t *hash);

/* known.c: what is to be made of a trace. */
typedef struct {
    const Graph *trace;
    const char *purpose; /* what is made: "call", "back" … */
    const void *owner;   /* what else it depends on, or NULL */
    uint64_t hash;       /* set by run_known */
    const char *text;
} Trial;

/* What was made of an equal trace, with the same parameters, and then the trace
 * is no more; NULL: nothing yet.
 */
const Graph *run_known(Script *s, Trial *trial);

/* Notes what was made, and gives it. */
const Graph *run_keep(Script *s, const Trial *trial, const Graph *made);

#endif
