/* Calls of models: what they capture, their inputs, their results. */
#include "script/model/model.h"

#include "script/array/lift.h"
#include "script/array/numeric.h"
#include "script/model/model_inner.h"
#include "script/model/trace_model.h"
#include "script/model/trainer.h"
#include "script/value/tree.h"
#include "script/value/type.h"

#include <string.h>

bool
model_is(Value v)
{
    switch (v.kind) {
    case VALUE_function:
    case VALUE_builtin:
    case VALUE_engine:
        return true;
    case VALUE_object:
        return v.as.object->type->call != NULL;
    default:
        return false;
    }
}

bool
model_is_net(Value v)
{
    if (v.kind == VALUE_function)
        return function_is_net(v.as.function);
    return v.kind == VALUE_object && v.as.object->type->net &&
           v.as.object->type->call != NULL;
}

Value
model_of(Script *s, Value v, const char *what, Span span)
{
    if (v.kind == VALUE_engine && !v.as.engine->training)
        v = v.as.engine->model;
    if (!model_is(v))
        script_fail(s, DIAG_model, span, NULL,
                    "%s wants a model or a function, not %s", what,
                    value_kind_name(v));
    return v;
}

EngineKind
model_engine(const Script *s, Value v)
{
    return v.kind == VALUE_engine ? v.as.engine->kind : s->options.engine;
}

/* Refuses what is no Int of a model, of 32 bits. */
static void
check_int(Script *s, double x, Span span)
{
    if (!(x >= INT32_MIN && x <= INT32_MAX && x == (double)(int32_t)x))
        script_fail(s, DIAG_value, span, NULL,
                    "%s does not fit into an Int of a model",
                    value_text(s, value_float(x)));
}

Tensor *
model_tensor(Script *s, Value v, DType dtype, Span span)
{
    v = lift_array(s, v);
    if (v.kind == VALUE_list)
        v = numeric_plain(s, v, span);
    if (v.kind == VALUE_array || v.kind == VALUE_batch) {
        const Tensor *t = v.as.array->tensor;
        int64_t count = tensor_count(t);
        for (int64_t i = 0; dtype == DTYPE_i32 && i < count; i++)
            check_int(s, tensor_get(t, i), span);
        return lift_tensor(s, t, dtype);
    }
    if (!value_is_number(v))
        script_fail(s, DIAG_value, span,
                    v.kind == VALUE_list
                        ? "Seq(xs) and Batch(xs) take arrays of one shape"
                        : NULL,
                    "a model takes numbers and arrays, not %s",
                    value_kind_name(v));
    if (dtype == DTYPE_i32)
        check_int(s, value_number(v), span);
    Tensor *t = lift_new_tensor(s, dtype, 0, NULL, span);
    tensor_set(t, 0, value_number(v));
    return t;
}

Tensor *
model_input(Script *s, Value v, const InputShape *in, Span span)
{
    Tensor *t = model_tensor(s, v, in->dtype, span);
    if (!in->from0)
        return t;
    Tensor *from0 = lift_new_tensor(s, DTYPE_i32, t->rank, t->dim, span);
    for (int64_t i = 0; i < tensor_count(t); i++)
        tensor_set(from0, i, tensor_get(t, i) - 1);
    return from0;
}

/* What a model captured when it was called last. */
typedef struct Captured Captured;
struct Captured {
    const void *model;
    Params params;
    Captured *next;
};

/* Warns where a name that a model captures was bound to another array since
 * the last call: the model is traced with the new one.
 */
static void
warn_rebound(Script *s, Value model, const Params *now, Span span)
{
    const void *key = model.as.function;
    Captured *last = s->captured;
    while (last != NULL && last->model != key)
        last = last->next;
    if (last == NULL) {
        last = ARENA_NEW(&s->context->arena, Captured);
        *last = (Captured){.model = key, .next = s->captured};
        s->captured = last;
    }
    for (size_t i = 0; i < last->params.count; i++)
        for (size_t k = 0; k < now->count; k++) {
            const Param *old = &last->params.item[i];
            const Param *new = &now->item[k];
            if (old->array != new->array && strcmp(old->path, new->path) == 0)
                script_warn(s, DIAG_rebound, span, NULL,
                            "%s was bound again since %s was called: the "
                            "model now uses the new array",
                            new->path, value_name(model));
        }
    last->params = *now;
}

Call
model_begin(Script *s, Value model, Value first, const Args *args,
            const char *name)
{
    Value owner = first.kind == VALUE_nothing ? model : first;
    Call c = {.model = model, .span = args->span, .samples = -1};
    Values leaf = {0};
    for (size_t i = 0; i < args->count; i++)
        tree_leaves(s, args->item[i], &leaf);
    const Value *item = leaf.item;
    size_t count = leaf.count;
    if (count > TRACE_INPUTS || args->count > TRACE_INPUTS)
        script_fail(s, DIAG_arity, args->span, NULL,
                    "a model takes at most %d inputs", TRACE_INPUTS);
    Args flat = {.item = leaf.item, .count = count};
    Params params = trace_params(s, owner);
    Trace *t = c.trace = trace_new(s, owner, trace_dtype(s, &params, &flat));
    if (owner.kind == VALUE_function)
        warn_rebound(s, owner, &params, args->span);
    t->first = first;
    t->alone = model.kind == VALUE_builtin && first.kind != VALUE_trainer;
    t->inputs = (int)count;
    t->given = arena_copy(&s->context->arena, args, sizeof *args);
    for (size_t i = 0; i < count; i++)
        t->input[i].dtype = t->dtype;
    if (owner.kind == VALUE_trainer)
        trainer_take_form(s, t, owner.as.trainer, t->given);
    else
        model_name_inputs(s, t, owner);
    for (size_t i = 0; i < count; i++) {
        InputShape *in = &t->input[i];
        Value given = lift_array(s, item[i]);
        Tensor *x = model_input(s, given, in, args->span);
        bool batch = given.kind == VALUE_batch;
        c.seq[i] = seq_form(item[i]);
        c.form = c.form != SEQ_none ? c.form : c.seq[i];
        if (batch) {
            int64_t n = x->dim[x->rank - 1];
            if (c.samples >= 0 && c.samples != n)
                script_fail(s, DIAG_shape, args->span, NULL,
                            "batches of %lld and %lld samples",
                            (long long)c.samples, (long long)n);
            c.samples = n;
        }
        in->rank = x->rank - batch;
        for (int k = 0; k < in->rank; k++)
            in->dim[k] = x->dim[k];
        Bound1 b = {OP_input, in->name, x, in->from0};
        VEC_PUSH(&s->context->arena, &c.bound, b);
        c.single[i] = !batch;
    }
    c.traced = trace_model(s, t, model, name, args->span);
    return c;
}

Value
model_as_given(Script *s, const Call *c, const Value *item)
{
    const Args *given = c->trace->given;
    Value argument[TRACE_INPUTS];
    for (size_t i = 0; i < given->count; i++)
        argument[i] = tree_like(s, given->item[i], &item);
    return given->count == 1 ? argument[0]
                             : value_tuple(s, argument, given->count);
}

/* A result as a value: numbers in the model's type, batches as batches. */
Value
model_result(Script *s, const Call *c, const Tensor *t)
{
    Tensor *copy = arena_copy(&s->context->arena, t, sizeof *t);
    Value v = lift_result(s, copy);
    if (c->samples >= 0 && t->rank > 0 && t->dim[t->rank - 1] == c->samples)
        v.kind = v.kind == VALUE_array ? VALUE_batch : v.kind;
    return v;
}

static Value
results(Script *s, const Call *c, const Graph *g, const Tensor *result)
{
    const Graph *sample = c->traced.graph;
    const bool *steps =
        c->form != SEQ_none ? seq_nodes(s, sample, c->seq) : NULL;
    Value *item = ARENA_ARRAY(&s->context->arena, Value, g->output.count + 1);
    for (size_t i = 0; i < g->output.count; i++) {
        item[i] = model_result(s, c, &result[i]);
        if (steps != NULL && c->of_inputs)
            item[i] = seq_value(s, item[i], c->seq[i]);
        else if (steps != NULL && steps[sample->output.item[i].ref])
            item[i] = seq_value(s, item[i], c->form);
    }
    const Value *next = item;
    return tree_like(s, c->traced.result, &next);
}

Value
model_run(Script *s, Call *c, EngineKind engine)
{
    const Graph *g = model_graph(s, c, false);
    Tensor *result =
        ARENA_ARRAY(&s->context->arena, Tensor, g->output.count + 1);
    run_graph(s, run_prepare(s, g, engine), g, &c->bound,
              c->samples >= 0 ? c->samples : 1, result, c->span);
    return results(s, c, g, result);
}

Value
model_call_with(Script *s, Value model, Value first, const Args *args)
{
    Call c = model_begin(s, model, first, args, value_name(first));
    return model_run(s, &c, model_engine(s, first));
}

Value
model_call(Script *s, Value model, const Args *args)
{
    EngineKind engine = model_engine(s, model);
    Value inner = model_of(s, model, "this call", args->span);
    Call c = model_begin(s, inner, value_nothing(), args, value_name(inner));
    return model_run(s, &c, engine);
}

/* The gradient that a parameter accumulates, zero at first. */
Tensor *
model_grad(Script *s, Array *a)
{
    if (a->grad == NULL)
        a->grad = lift_new_tensor(s, a->tensor->dtype, a->tensor->rank,
                                  a->tensor->dim, s->span);
    return a->grad;
}
