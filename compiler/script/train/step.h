/* A trainer's step, made ready for samples of certain shapes. */
#ifndef FLUXC_SCRIPT_STEP_H
#define FLUXC_SCRIPT_STEP_H

#include "script/model/trainer.h"
#include "script/train/samples.h"

typedef struct {
    Script *s;
    Trainer *trainer;
    const Graph *graph;
    Trace *trace;
    Executable *executable;
    Bindings bound; /* the inputs come first, then the states */
    Fault fault;    /* why the last step failed */
    Span span;
} Step;

/* Makes the graph for the shapes of these samples, the last axis of each being
 * their number. Inputs that are whole numbers become that.
 */
void step_prepare(Step *step, Samples *all);

/* Runs the step on n samples; the loss is the mean before the update. False
 * where that failed: step->fault.
 */
bool step_run(Step *step, const void *const *x, const void *y, size_t n,
              double *loss, Arena *arena);

/* step(x…, y): one step on a batch, or a sample; its loss. */
Value step_call(Script *s, Trainer *trainer, const Args *args);

#endif
