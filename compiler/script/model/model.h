/* Models: calling them, their gradients, and what is exported. */
#ifndef FLUXC_SCRIPT_MODEL_H
#define FLUXC_SCRIPT_MODEL_H

#include "emit/emit.h"
#include "script/value/state.h"

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

/* m(x…) in a trace, where m stands for a model on an engine. */
Value model_inline(Script *s, const struct EngineModel *model,
                   const Args *args);

/* Builtins: back! update! gradient params grads native … */
void model_define_all(Script *s);

/* The model that a value stands for: native(m) is m, but trainmode(m) is not.
 */
Value model_of(Script *s, Value v, const char *what, Span span);

/* inspect.c: prints a model's steps with their shapes; its C, called `name`. */
void inspect_shapes(Script *s, Value model, const Args *args);
void inspect_code(Script *s, Value model, const char *name, EmitTarget target,
                  Span span);

/* What the files are made of. */
typedef struct {
    const char *prefix;   /* of C names, or NULL: the models' own */
    const char *command;  /* for the first comment */
    const Source *source; /* echoed at the top */
} ExportOptions;

/* The models that `fluxc model.net` emits, with their trainers: those that the
 * script exports, else every named model whose input's shape is known or that
 * is elementwise. What cannot be emitted is reported.
 */
size_t model_export_all(Script *s, const ExportOptions *options,
                        EmitModel ***models);

/* Reports what the script exports that is not there, or cannot be exported;
 * false where there is such.
 */
bool model_check_exports(Script *s);

/* One model; NULL where something was reported. */
EmitModel *model_export(Script *s, const char *name, Value model,
                        const ExportOptions *options);

#endif
