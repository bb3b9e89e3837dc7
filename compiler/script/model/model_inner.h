/* What the files about models share. */
#ifndef FLUXC_SCRIPT_MODEL_INNER_H
#define FLUXC_SCRIPT_MODEL_INNER_H

#include "script/array/seq.h"
#include "script/model/run.h"
#include "script/model/trace_model.h"

typedef struct EngineModel {
    Value model;
    EngineKind kind;
    bool training; /* trainmode(m) */
} EngineModel;

/* A call of a model with plain arguments, traced. */
typedef struct {
    Value model;
    Trace *trace;
    Traced traced;
    Bindings bound;
    int64_t samples;           /* of batches; -1: there is none */
    SeqForm seq[TRACE_INPUTS]; /* how the inputs hold sequences */
    SeqForm form;              /* how one of them does, if any */
    bool of_inputs; /* results, in order, are sequences where inputs are */
    bool single[TRACE_INPUTS]; /* the input is no batch */
    Span span;
} Call;

/* model.c */
EngineKind model_engine(const Script *s, Value v);
/* An argument as a tensor of the model's type; batches keep their axis. */
Tensor *model_tensor(Script *s, Value v, DType dtype, Span span);
/* The same for an input whose element type is known. */
Tensor *model_input(Script *s, Value v, const InputShape *in, Span span);
/* first: an argument before the inputs whose parameters are the model's, for
 * builtins that make a function of a function; or nothing.
 */
Call model_begin(Script *s, Value model, Value first, const Args *args,
                 const char *name);
/* A call of a model, in which `first` is an argument before the inputs. */
Value model_call_with(Script *s, Value model, Value first, const Args *args);
/* Runs it; its results. */
Value model_run(Script *s, Call *c, EngineKind engine);
Value model_result(Script *s, const Call *c, const Tensor *t);
/* Values of the inputs, in the tuples of the arguments: of one argument alone,
 * else the tuple of all.
 */
Value model_as_given(Script *s, const Call *c, const Value *item);
Tensor *model_grad(Script *s, Array *a);

/* inputs.c */
/* What a chain says of its input: a tuple of lengths, behind Int where it takes
 * numbers; NULL: nothing.
 */
const Values *model_chain_input(Script *s, Value model);
/* The lengths in it; how many there are. */
int model_lengths(const Values *input, Dim dim[IR_RANK]);
/* Whether a model is one of unroll1. */
bool model_is_stepped(Value model);
/* Whether a model of the script has a method for so many arguments. */
bool model_takes(Value model, size_t count);
/* The arguments that a model is written for, by its parameters: trees, whose
 * leaves stand for inputs.
 */
const Args *model_form(Script *s, Value model, Span span);
/* The leaves of such arguments, `most` of them at most. */
Values model_inputs(Script *s, const Args *form, size_t most);
/* Gives a trace the inputs of such arguments, of unknown shape. */
void model_take_form(Script *s, Trace *t, Value model, const Args *form);
/* The tree of targets that a loss is written for; and those of a trace's step,
 * behind its inputs: "y", parts of a tuple by the loss's names for them.
 */
Value model_target_form(Script *s, Value loss);
void model_take_target(Script *s, Trace *t, Value loss, Value form);
/* Names the inputs of a trace after the model's parameters, and takes their
 * annotations.
 */
void model_name_inputs(Script *s, Trace *t, Value model);
bool model_has_input(const Trace *t, const char *name);

/* known.c: the graph that a call runs: over the batch, if there is one; with
 * `back`, of its derivatives.
 */
const Graph *model_graph(Script *s, Call *c, bool back);

/* gradient.c */
void gradient_define_all(Script *s);

#endif
