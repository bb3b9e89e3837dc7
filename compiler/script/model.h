/* Models: tracing, calling, gradients, training, and what is exported. */
#ifndef FLUXC_SCRIPT_MODEL_H
#define FLUXC_SCRIPT_MODEL_H

#include "emit/emit.h"
#include "script/script.h"

/* Whether a value may be called as a model: a function, a builtin, an instance
 * with a method, a model on an engine.
 */
bool model_is(Value v);

/* Whether it is one by itself, for the default export: @net, a template's
 * instance, a chain.
 */
bool model_is_net(Value v);

/* m(x…) with plain values, outside of a trace: traces, compiles, runs. */
Value model_call(Script *s, Value model, const Args *args);

/* Builtins: back! update! gradient params grads train! Trainer native … */
void model_define_all(Script *s);

/* What `fluxc model.net` emits for one exported name; NULL where the value is
 * no model (reported).
 */
EmitModel *model_export(Script *s, const char *name);

#endif
