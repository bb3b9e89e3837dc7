/* Trainers: one training step of a model as a value. */
#ifndef FLUXC_SCRIPT_TRAINER_H
#define FLUXC_SCRIPT_TRAINER_H

#include "script/model/model_inner.h"

/* What an optimiser keeps for a parameter: m of ADAM, … */
typedef struct {
    const char *name; /* "m.layer1.W" */
    Tensor *tensor;
} Moment;

typedef struct Trainer {
    Value model;
    Value loss;
    Value opt;
    Span span;
    Tensor *eta;   /* a scalar of the model's type */
    Tensor *step;  /* i32: steps done */
    uint64_t seed; /* of what is random in training */
    struct {
        Moment *item;
        size_t count;
        size_t capacity;
    } moments;
} Trainer;

/* The graph of one step, over the batch: inputs of the trace (the last are the
 * targets), parameters and states with their next values, output "loss". The
 * shapes of the inputs stand in t->input; that of a target of unknown shape is
 * the result's, or where that is a tuple, what the loss makes of it.
 */
const Graph *trainer_graph(Script *s, const Trainer *trainer, Trace *t,
                           Span span);

/* Gives a trace the inputs of such arguments, of which the last is the target.
 */
void trainer_take_form(Script *s, Trace *t, const Trainer *trainer,
                       const Args *form);

/* A trace for such a graph, with the inputs of such arguments, of which the
 * last is the target: trees, which outlive it.
 */
Trace *trainer_trace(Script *s, const Trainer *trainer, const Args *form);

/* The states of a graph, made where they are new, and the bindings of all its
 * leaves but the inputs.
 */
void trainer_bind(Script *s, Trainer *trainer, const Graph *g, Bindings *bound);

/* The mean loss of batches (inputs, target) in the inference form. */
double trainer_loss(Script *s, const Trainer *trainer, const Args *batches);

/* A trainer's model by its name in the script, or by that of the script's type
 * whose instance it is; else "the model".
 */
const char *trainer_model_name(Script *s, Value model);

/* The optimiser's learning rate. */
double trainer_eta(Script *s, const Trainer *trainer);

#endif
