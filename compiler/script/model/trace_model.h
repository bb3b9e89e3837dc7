/* Tracing a model. */
#ifndef FLUXC_SCRIPT_TRACE_MODEL_H
#define FLUXC_SCRIPT_TRACE_MODEL_H

#include "script/array/trace.h"

/* The parameters of a model in the order of their paths: fields, then captured
 * names, layers by their number; each array once, by its first path.
 */
Params trace_params(Script *s, Value model);

/* An array of numbers in [0, 1) that are others in every training step. */
Ref trace_draw(Script *s, DType dtype, int rank, const Dim *dim);

/* What a frozen array is after the training step; other traces do nothing. */
void trace_keep(Script *s, Value array, Ref value, Span span);

/* The element type of models with these parameters and arguments. */
DType trace_dtype(Script *s, const Params *params, const Args *args);

/* within.c: warns of the arrays of an instance, or those that an @net function
 * captures, which were made while a model is traced.
 */
void within_object(Script *s, const Object *object, Span span);
void within_function(Script *s, Value f, Span span);

/* What tracing changes in the script, and is put back after it. */
typedef struct {
    Graph *graph;
    Trace *trace;
    const Frame *frame;
    Span span;
    int depth;
    Eval eval;
} TraceState;
TraceState trace_enter(Script *s, Trace *trace, Graph *g);
void trace_leave(Script *s, const TraceState *state);

/* A trace of a model: its parameters, no inputs yet. */
Trace *trace_new(Script *s, Value model, DType dtype);

/* Forgets the nodes of a graph that is given up. */
void trace_restart(Trace *trace);

/* The sample's graph of a model on inputs of the shapes in trace->input, as it
 * was traced: no pass has run. Shapes that are unknown are found by a probe; an
 * elementwise model takes any length, `len`. Results are the leaves of what the
 * model gives, by the names of tree_names.
 */
typedef struct {
    Graph *graph;
    Value result; /* what the model gives, on nodes */
} Traced;
Traced trace_model(Script *s, Trace *trace, Value model, const char *name,
                   Span span);

#endif
