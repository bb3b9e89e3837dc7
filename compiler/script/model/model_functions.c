/* The functions of models, by the names in model.def. */
#include "script/array/args.h"
#include "script/array/lift.h"
#include "script/model/model.h"
#include "script/model/model_inner.h"
#include "script/model/recur.h"
#include "script/model/trace_model.h"
#include "script/value/call.h"
#include "script/value/scope.h"
#include "script/value/tree.h"

#include <string.h>

static void
check_gradient(Script *s, const Tensor *dy, const Node *leaf, const Call *c,
               Span span)
{
    bool fits = dy->rank == leaf->rank;
    for (int i = 0; fits && i < dy->rank; i++)
        fits = leaf->dim[i] == dy->dim[i] ||
               (!dim_known(leaf->dim[i]) && dy->dim[i] == c->samples);
    if (fits)
        return;
    const char *text = "(";
    for (int i = 0; i < leaf->rank; i++)
        text = arena_printf(&s->context->arena, "%s%s%s", text, i ? "," : "",
                            dim_text(&s->dims, leaf->dim[i]));
    Value v = {.kind = VALUE_array};
    v.as.array = ARENA_NEW(&s->context->arena, Array);
    v.as.array->tensor = arena_copy(&s->context->arena, dy, sizeof *dy);
    script_fail(s, DIAG_shape, span, "Δ has the shape of the model's result",
                "the gradient has the shape %s, the result %s%s",
                value_shape_text(s, v), text, leaf->rank == 1 ? ",)" : ")");
}

/* Binds the output gradients, in the order of the results. */
static void
bind_deltas(Script *s, Call *c, const Graph *back, Value delta, Span span)
{
    Values given = {0};
    tree_leaves(s, delta, &given);
    size_t inputs = (size_t)c->trace->inputs;
    size_t next = 0;
    for (size_t i = 0; i < back->leaf.count; i++) {
        const Node *leaf = ir_node(back, back->leaf.item[i]);
        bool known = leaf->op != OP_input;
        for (size_t k = 0; k < inputs; k++)
            known = known ||
                    strcmp(c->trace->input[k].name, leaf->as.leaf.name) == 0;
        if (known)
            continue;
        if (next >= given.count)
            script_fail(s, DIAG_arity, span, NULL,
                        "the model has more results than gradients are given");
        Tensor *dy = model_tensor(s, given.item[next++], leaf->dtype, span);
        check_gradient(s, dy, leaf, c, span);
        Bound1 b = {OP_input, leaf->as.leaf.name, dy, false};
        VEC_PUSH(&s->context->arena, &c->bound, b);
    }
    if (next < given.count)
        script_fail(s, DIAG_arity, span, NULL,
                    "%zu gradients are given for %zu of the model's results",
                    given.count, next);
}

/* The result of back!: the gradients of the inputs, as they were given. */
static Value
input_gradients(Script *s, const Call *c, const Graph *back,
                const Tensor *result)
{
    Value item[TRACE_INPUTS];
    for (int i = 0; i < c->trace->inputs; i++) {
        item[i] = value_nothing();
        const char *name =
            arena_printf(&s->context->arena, "d%s", c->trace->input[i].name);
        for (size_t k = 0; k < back->output.count; k++)
            if (back->output.item[k].next == REF_NONE &&
                strcmp(back->output.item[k].name, name) == 0)
                item[i] =
                    seq_value(s, model_result(s, c, &result[k]), c->seq[i]);
    }
    return model_as_given(s, c, item);
}

static Value
fn_back(Script *s, const Args *args)
{
    EngineKind engine = model_engine(s, args->item[0]);
    Value model = model_of(s, args->item[0], "back!", args->span);
    Args inputs = *args;
    inputs.item += 2;
    inputs.count -= 2;
    inputs.at = NULL;
    Call c = model_begin(s, model, value_nothing(), &inputs, value_name(model));
    const Graph *back = model_graph(s, &c, true);
    bind_deltas(s, &c, back, args->item[1], args->span);
    for (size_t i = 0; i < c.trace->params.count; i++) {
        const Param *p = &c.trace->params.item[i];
        Bound1 b = {OP_state, p->path, NULL, false};
        if (p->frozen || p->array->tensor->dtype != c.trace->dtype)
            continue;
        b.tensor = model_grad(s, p->array);
        VEC_PUSH(&s->context->arena, &c.bound, b);
    }
    Tensor *result =
        ARENA_ARRAY(&s->context->arena, Tensor, back->output.count + 1);
    run_graph(s, run_prepare(s, back, engine), back, &c.bound,
              c.samples >= 0 ? c.samples : 1, result, args->span);
    return input_gradients(s, &c, back, result);
}

/* p -= eta * g, then g = 0, in the parameter's type. */
static void
update_array(Array *a, double eta)
{
    int64_t count = tensor_count(a->tensor);
    if (a->tensor->dtype == DTYPE_f32) {
        float *p = a->tensor->data;
        float *g = a->grad->data;
        for (int64_t i = 0; i < count; i++) {
            p[i] -= (float)eta * g[i];
            g[i] = 0;
        }
    } else {
        double *p = a->tensor->data;
        double *g = a->grad->data;
        for (int64_t i = 0; i < count; i++) {
            p[i] -= eta * g[i];
            g[i] = 0;
        }
    }
    a->recipe = REF_NONE;
}

static Value
fn_update(Script *s, const Args *args)
{
    Value model = model_of(s, args->item[0], "update!", args->span);
    if (!value_is_number(args->item[1]))
        script_fail(s, DIAG_value, args->span, NULL,
                    "update!(m, η) wants a number as η");
    Params params = trace_params(s, model);
    for (size_t i = 0; i < params.count; i++)
        if (!params.item[i].frozen && params.item[i].array->grad != NULL)
            update_array(params.item[i].array, value_number(args->item[1]));
    return value_nothing();
}

static Value
named(Script *s, const Params *params, bool grads)
{
    Arena *arena = &s->context->arena;
    Value *item = ARENA_ARRAY(arena, Value, params->count + 1);
    const char **name = ARENA_ARRAY(arena, const char *, params->count + 1);
    size_t count = 0;
    for (size_t i = 0; i < params->count; i++) {
        const Param *p = &params->item[i];
        if (grads && p->frozen)
            continue;
        name[count] = intern_text(&s->context->names, p->path);
        item[count] = (Value){
            .kind = VALUE_array, .frozen = p->frozen, .as.array = p->array};
        if (grads)
            item[count] = value_array(s, lift_tensor(s, model_grad(s, p->array),
                                                     p->array->tensor->dtype));
        count++;
    }
    Value v = value_tuple(s, item, count);
    v.as.values->name = name;
    return v;
}

static Value
fn_params(Script *s, const Args *args)
{
    Params params =
        trace_params(s, model_of(s, args->item[0], "params", args->span));
    return named(s, &params, false);
}

static Value
fn_grads(Script *s, const Args *args)
{
    Params params =
        trace_params(s, model_of(s, args->item[0], "grads", args->span));
    return named(s, &params, true);
}

static Value
fn_frozen(Script *s, const Args *args)
{
    Value v = lift_array(s, args->item[0]);
    if (v.kind != VALUE_array)
        script_fail(s, DIAG_value, args->span, NULL,
                    "frozen wants an array, not %s", value_kind_name(v));
    v.frozen = true;
    return v;
}

static Value
fn_param(Script *s, const Args *args)
{
    Value v = lift_array(s, args->item[0]);
    if (value_is_number(v)) {
        Tensor *t = lift_new_tensor(s, DTYPE_f64, 0, NULL, args->span);
        tensor_set(t, 0, value_number(v));
        v = value_array(s, t);
        v.as.array->scalar = true;
        lift_place_recipe(s, args->span);
        v.as.array->recipe = ir_const(s->initial, DTYPE_f64, tensor_get(t, 0));
    }
    if (v.kind != VALUE_array)
        script_fail(s, DIAG_value, args->span, NULL,
                    "param wants an array or a number, not %s",
                    value_kind_name(v));
    v.frozen = false;
    return v;
}

Value
model_inline(Script *s, const EngineModel *model, const Args *args)
{
    bool before = s->trace->training;
    s->trace->training = before || model->training;
    Value v = call_value(s, model->model, args);
    s->trace->training = before;
    return v;
}

static Value
fn_trainmode(Script *s, const Args *args)
{
    Value v = {.kind = VALUE_engine};
    v.as.engine = ARENA_NEW(&s->context->arena, EngineModel);
    *v.as.engine = (EngineModel){
        .model = model_of(s, args->item[0], "trainmode", args->span),
        .kind = model_engine(s, args->item[0]),
        .training = true};
    return v;
}

static Value
fn_training(Script *s, const Args *args)
{
    (void)args;
    return value_bool(s->graph != NULL && s->trace->training);
}

static Value
fn_draw(Script *s, const Args *args)
{
    Value x = args->item[0];
    if (s->graph == NULL || !s->trace->training)
        script_fail(s, DIAG_value, args->span, "as in training() && draw(x)",
                    "draw(x) is of a model's training form");
    if (x.kind == VALUE_opaque)
        return x;
    Ref like = trace_value(s, x, "the argument of draw", args->span);
    Node n = *ir_node(s->graph, like);
    s->graph->span = args->span;
    return value_node(recur_draw(s, n.dtype, n.rank, n.dim));
}

static Value
fn_keep(Script *s, const Args *args)
{
    Value array = args->item[0];
    if (s->graph == NULL || !s->trace->training)
        script_fail(s, DIAG_value, args->span,
                    "as in training() && keep!(a, x)",
                    "keep!(a, x) is of a model's training form");
    if (array.kind != VALUE_array)
        script_fail(s, DIAG_value, args->span, NULL,
                    "keep! changes an array, not %s", value_kind_name(array));
    if (args->item[1].kind != VALUE_opaque)
        trace_keep(
            s, array,
            trace_value(s, args->item[1], "what keep! keeps", args->span),
            args->span);
    return value_nothing();
}

static Value
on_engine(Script *s, const Args *args, EngineKind kind, const char *note)
{
    Value model = model_of(s, args->item[0], "the engine", args->span);
    if (note != NULL)
        script_warn(s, DIAG_engine_note, args->span, NULL, "%s", note);
    Value v = {.kind = VALUE_engine};
    v.as.engine = ARENA_NEW(&s->context->arena, EngineModel);
    *v.as.engine = (EngineModel){.model = model, .kind = kind};
    return v;
}

static Value
fn_native(Script *s, const Args *args)
{
    bool here = engine_native_available();
    return on_engine(s, args, here ? ENGINE_native : ENGINE_interpret,
                     here ? NULL
                          : "native: there is no C compiler here, so the "
                            "model is interpreted");
}

static Value
fn_interpret(Script *s, const Args *args)
{
    return on_engine(s, args, ENGINE_interpret, NULL);
}

static Value
fn_cuda(Script *s, const Args *args)
{
    const char *missing = engine_cuda_missing();
    if (missing != NULL)
        script_fail(s, DIAG_no_gpu, args->span,
                    "native(f) gives the same numbers", "cuda: %s", missing);
    return on_engine(s, args, ENGINE_cuda, NULL);
}

static Value
fn_jit(Script *s, const Args *args)
{
    return on_engine(s, args, ENGINE_auto,
                     "jit: LLVM is not built in; the model runs natively");
}

static Value
fn_mxnet(Script *s, const Args *args)
{
    return on_engine(s, args, ENGINE_auto,
                     "mxnet: the library is not installed; the model runs "
                     "natively");
}

static Value
fn_tf(Script *s, const Args *args)
{
    return on_engine(s, args, ENGINE_auto,
                     "tf: the library is not installed; the model runs "
                     "natively");
}

/* The shape of a layer's result for one sample of a given shape. */
static Value
fn_outsize(Script *s, const Args *args)
{
    Value model = model_of(s, args->item[0], "outsize", args->span);
    int64_t dim[IR_RANK];
    Args shape = *args;
    shape.item++;
    shape.count--;
    Trace *t = trace_new(s, model, s->options.dtype);
    t->inputs = 1;
    t->input[0].dtype = t->dtype;
    model_name_inputs(s, t, model);
    t->input[0].rank = args_dims(s, &shape, 0, dim);
    for (int i = 0; i < t->input[0].rank; i++)
        t->input[0].dim[i] = dim[i];
    Traced traced = trace_model(s, t, model, "outsize", args->span);
    const Node *y = ir_node(traced.graph, traced.graph->output.item[0].ref);
    Value item[IR_RANK];
    for (int i = 0; i < y->rank; i++)
        item[i] = value_int(y->dim[i]);
    return value_tuple(s, item, (size_t)y->rank);
}

/* shaped(x, dims): x, where its shape is dims. */
static Value
fn_shaped(Script *s, const Args *args)
{
    Value x = lift_array(s, args->item[0]);
    Value dims = args->item[1];
    Dim dim[IR_RANK];
    if (dims.kind != VALUE_tuple)
        script_fail(s, DIAG_value, args->span, NULL,
                    "a shape is a tuple of lengths, not %s",
                    value_kind_name(dims));
    int rank = model_lengths(dims.as.values, dim);
    if (x.kind == VALUE_opaque)
        trace_bind(s, x.as.opaque, rank, dim);
    if (!trace_fits(s, x, rank, dim))
        script_fail(s, DIAG_shape, args->span, NULL,
                    "an input of [%s] is wanted, and %s given",
                    trace_dims(s, rank, dim), value_shape_text(s, x));
    return x;
}

/* alike(ŷ, y): that a target is of as many numbers as a result; one number of
 * the script goes with any.
 */
static Value
fn_alike(Script *s, const Args *args)
{
    Dim dim[2][IR_RANK];
    Dim count[2] = {1, 1};
    for (int i = 0; i < 2; i++) {
        if (args->item[i].kind == VALUE_tuple)
            script_fail(s, DIAG_value, args->span,
                        "write a loss that takes it apart, as in (r, t) -> "
                        "mse(r[1], t)",
                        "a loss compares arrays; the %s is %s",
                        i == 0 ? "result" : "target",
                        value_kind_name(args->item[i]));
        int rank = trace_shape(s, lift_array(s, args->item[i]), dim[i]);
        if (rank < 0 || value_is_number(args->item[i]))
            return value_nothing();
        for (int k = 0; k < rank; k++)
            count[i] = dim_mul(&s->dims, count[i], dim[i][k]);
    }
    if (count[0] != count[1])
        script_fail(s, DIAG_shape, args->span,
                    dim_known(count[1]) && count[1] == 1
                        ? "onehot(class, n) makes a vector of a class"
                        : NULL,
                    "the result is %s, and the target %s",
                    value_shape_text(s, args->item[0]),
                    value_shape_text(s, args->item[1]));
    return value_nothing();
}

static Value
fn_not_yet(Script *s, const Args *args)
{
    script_fail(s, DIAG_not_yet, args->span, NULL,
                "this function is not there yet in this version");
}

void
model_define_all(Script *s)
{
    static const Builtin table[] = {
#define MODEL(text, name, min, max, summary)                                   \
    {text, min, max, fn_##name, summary, NULL, false},
#define NOT_YET(text, summary) {text, 0, -1, fn_not_yet, summary, "*", false},
#include "script/model/model.def"
#undef MODEL
#undef NOT_YET
    };
    scope_builtins(s, table, sizeof table / sizeof *table);
    gradient_define_all(s);
}
