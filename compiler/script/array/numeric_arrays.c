/* The numeric functions of numeric.def: making arrays, batches, questions. */
#include "script/array/args.h"
#include "script/array/number.h"
#include "script/array/numeric.h"
#include "script/array/numeric_functions.h"
#include "script/array/seq.h"
#include "script/value/scope.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- questions ---- */

/* The rank of an array, batch (of a sample) or traced value. */
static int
rank_of(Script *s, Value x, Span span)
{
    if (x.kind == VALUE_seq)
        return 1;
    x = lift_array(s, x);
    if (x.kind == VALUE_array)
        return x.as.array->tensor->rank;
    if (x.kind == VALUE_node)
        return ir_node(s->graph, x.as.node)->rank;
    if (value_is_number(x))
        return 0;
    if (x.kind == VALUE_batch || x.kind == VALUE_list)
        return 1;
    numeric_length(s, x, -1, span);
    script_fail(s, DIAG_value, span, NULL, "%s has no axes",
                value_kind_name(x));
}

Value
numeric_fn_ndims(Script *s, const Args *args)
{
    return value_int(rank_of(s, args->item[0], args->span));
}

Value
numeric_fn_size(Script *s, const Args *args)
{
    Value x = args->item[0];
    if (args->count == 2) {
        int64_t axis =
            number_int(s, args->item[1], "an axis", 1, IR_RANK, args->span);
        return value_int(numeric_length(s, x, (int)axis - 1, args->span));
    }
    int rank = rank_of(s, x, args->span);
    Value dim[IR_RANK];
    for (int i = 0; i < rank; i++)
        dim[i] = value_int(numeric_length(s, x, i, args->span));
    return value_tuple(s, dim, (size_t)rank);
}

Value
numeric_fn_isnan(Script *s, const Args *args)
{
    if (!value_is_number(args->item[0]))
        script_fail(s, DIAG_value, args->span, NULL, "isnan wants a number");
    return value_bool(isnan(value_number(args->item[0])));
}

static bool
truths(Script *s, const Args *args, bool wanted)
{
    Value x = args->item[0];
    if (x.kind == VALUE_list || x.kind == VALUE_tuple) {
        for (size_t i = 0; i < x.as.values->count; i++)
            if (numeric_true(s, x.as.values->item[i], args->span) == wanted)
                return true;
        return false;
    }
    if (x.kind != VALUE_array || x.as.array->tensor->dtype != DTYPE_bool)
        return numeric_true(s, x, args->span) == wanted;
    const Tensor *t = x.as.array->tensor;
    int64_t count = tensor_count(t);
    for (int64_t i = 0; i < count; i++)
        if ((tensor_get(t, i) != 0) == wanted)
            return true;
    return false;
}

Value
numeric_fn_all(Script *s, const Args *args)
{
    return value_bool(!truths(s, args, false));
}

Value
numeric_fn_any(Script *s, const Args *args)
{
    return value_bool(truths(s, args, true));
}

Value
numeric_fn_isapprox(Script *s, const Args *args)
{
    Value rtol = value_float(-1);
    Value atol = value_float(0);
    args_key(args, "rtol", &rtol);
    args_key(args, "atol", &atol);
    if (!value_is_number(rtol) || !value_is_number(atol))
        script_fail(s, DIAG_value, args->span, NULL,
                    "rtol and atol are numbers");
    return value_bool(numeric_close(s, args->item[0], args->item[1],
                                    value_number(rtol), value_number(atol),
                                    args->span));
}

/* ---- Ints ---- */

Value
numeric_fn_div(Script *s, const Args *args)
{
    return numeric_binary(s, "÷", args->item[0], args->item[1], args->span);
}

Value
numeric_fn_rem(Script *s, const Args *args)
{
    return numeric_binary(s, "%", args->item[0], args->item[1], args->span);
}

Value
numeric_fn_mod(Script *s, const Args *args)
{
    Value b = args->item[1];
    Value r = numeric_fn_rem(s, args);
    bool other_sign =
        value_number(r) != 0 && (value_number(r) < 0) != (value_number(b) < 0);
    return other_sign ? numeric_binary(s, "+", r, b, args->span) : r;
}

Value
numeric_fn_gcd(Script *s, const Args *args)
{
    int64_t limit = INT64_MAX;
    int64_t a = number_int(s, args->item[0], "gcd's argument", -limit, limit,
                           args->span);
    int64_t b = number_int(s, args->item[1], "gcd's argument", -limit, limit,
                           args->span);
    while (b != 0) {
        int64_t r = a % b;
        a = b;
        b = r;
    }
    return value_int(a < 0 ? -a : a);
}

/* ---- new arrays ---- */

/* Evaluates a node of the initialisers' graph, and keeps it as the recipe. */
static Value
initialised(Script *s, Ref recipe, Span span)
{
    Arena *arena = &s->context->arena;
    Graph *one = ir_graph(s->context, &s->dims, "initialiser");
    size_t limit = arena_lift(arena);
    Ref *map = base_alloc(s->initial->node.count * sizeof *map);
    const Node *n = ir_node(s->initial, recipe);
    for (int i = 0; i < n->operands; i++)
        map[n->operand[i]] = ir_copy(one, s->initial, n->operand[i], map);
    ir_output(one, "y", ir_copy(one, s->initial, recipe, map), REF_NONE);
    free(map);
    arena->limit = limit;
    const char *reason = NULL;
    RunOptions run = {.seed = s->seed, .reason = &reason};
    Tensor result = {.data = NULL};
    if (ir_interpret(one, NULL, &run, arena, &result) != NULL)
        lift_fail(s, reason, span);
    Value v = value_array(s, arena_copy(arena, &result, sizeof result));
    v.as.array->recipe = recipe;
    return v;
}

static Value
filled(Script *s, int rank, const int64_t *size, double value, Span span)
{
    Dim dim[IR_RANK];
    Tensor *t = lift_new_tensor(s, DTYPE_f64, rank, size, span);
    int64_t count = tensor_count(t);
    for (int64_t i = 0; i < count; i++)
        tensor_set(t, i, value);
    for (int i = 0; i < rank; i++)
        dim[i] = size[i];
    Value v = value_array(s, t);
    lift_place_recipe(s, span);
    v.as.array->recipe = ir_broadcast(
        s->initial, ir_const(s->initial, DTYPE_f64, value), rank, dim, NULL);
    return v;
}

Value
numeric_fn_zeros(Script *s, const Args *args)
{
    int64_t dim[IR_RANK];
    return filled(s, args_dims(s, args, 0, dim), dim, 0, args->span);
}

Value
numeric_fn_ones(Script *s, const Args *args)
{
    int64_t dim[IR_RANK];
    return filled(s, args_dims(s, args, 0, dim), dim, 1, args->span);
}

Value
numeric_fn_fill(Script *s, const Args *args)
{
    int64_t dim[IR_RANK];
    int rank = args_dims(s, args, 1, dim);
    if (!value_is_number(args->item[0]))
        script_fail(s, DIAG_value, args->span, NULL, "fill wants a number");
    return filled(s, rank, dim, value_number(args->item[0]), args->span);
}

static Value
random_array(Script *s, const Args *args, Op op)
{
    int64_t size[IR_RANK];
    Dim dim[IR_RANK];
    int rank = args_dims(s, args, 0, size);
    /* Refuses sizes that memory cannot hold before anything is computed. */
    lift_new_tensor(s, DTYPE_bool, rank, size, args->span);
    for (int i = 0; i < rank; i++)
        dim[i] = size[i];
    lift_place_recipe(s, args->span);
    Ref recipe = ir_random(s->initial, op, DTYPE_f64, rank, dim, s->stream++);
    Value v = initialised(s, recipe, args->span);
    return args->count == 0 ? lift_result(s, v.as.array->tensor) : v;
}

Value
numeric_fn_rand(Script *s, const Args *args)
{
    return random_array(s, args, OP_uniform);
}

Value
numeric_fn_randn(Script *s, const Args *args)
{
    return random_array(s, args, OP_normal);
}

Value
numeric_fn_seed(Script *s, const Args *args)
{
    s->seed = (uint64_t)number_int(s, args->item[0], "a seed", 0, INT64_MAX,
                                   args->span);
    s->stream = 0;
    return value_nothing();
}

/* ---- classes and batches ---- */

Value
numeric_fn_onehot(Script *s, const Args *args)
{
    int64_t classes = number_int(s, args->item[1], "the number of classes", 1,
                                 INT64_C(1) << 30, args->span);
    Value x = lift_array(s, args->item[0]);
    bool batch = x.kind == VALUE_batch;
    if (x.kind == VALUE_int)
        x = numeric_vect(s, &x, 1, args->span);
    if ((x.kind != VALUE_array && !batch) || x.as.array->tensor->rank != 1)
        script_fail(s, DIAG_value, args->span, NULL,
                    "onehot wants a class or a vector of classes");
    const Tensor *label = x.as.array->tensor;
    int64_t dim[2] = {classes, label->dim[0]};
    int rank = args->item[0].kind == VALUE_int ? 1 : 2;
    Tensor *t = lift_new_tensor(s, DTYPE_f32, rank, dim, args->span);
    for (int64_t i = 0; i < label->dim[0]; i++) {
        double c = tensor_get(label, i);
        if (!(c >= 1 && c <= (double)classes && c == floor(c)))
            script_fail(s, DIAG_value, args->span,
                        "classes count from 1; add 1 to labels from 0",
                        "class %g is not one of 1 to %lld", c,
                        (long long)classes);
        tensor_set(t, (int64_t)c - 1 + i * classes, 1);
    }
    Value y = value_array(s, t);
    if (batch)
        y.kind = VALUE_batch;
    return y;
}

Value
numeric_fn_onecold(Script *s, const Args *args)
{
    Value x = seq_plain(s, args->item[0]);
    if ((x.kind != VALUE_array && x.kind != VALUE_batch) ||
        x.as.array->tensor->rank < 1)
        script_fail(s, DIAG_value, args->span, NULL,
                    "onecold wants a vector or a batch of vectors");
    const Tensor *t = x.as.array->tensor;
    if (t->rank == 1 && t->dtype == DTYPE_i64)
        return x;
    int64_t classes = t->dim[0];
    int64_t samples = classes > 0 ? tensor_count(t) / classes : 0;
    Tensor *best = lift_new_tensor(s, DTYPE_i64, 1, &samples, args->span);
    for (int64_t i = 0; i < samples; i++) {
        int64_t at = 0;
        for (int64_t k = 1; k < classes; k++)
            if (tensor_get(t, k + i * classes) >
                tensor_get(t, at + i * classes))
                at = k;
        ((int64_t *)best->data)[i] = at + 1;
    }
    if (t->rank == 1 && samples == 1)
        return value_int(((int64_t *)best->data)[0]);
    return value_array(s, best);
}

/* Whether all of a list are batches, for a sequence of them, or sequences. */
static bool
all_of_kind(const Values *v, ValueKind kind)
{
    bool all = v->count > 0;
    for (size_t i = 0; i < v->count; i++)
        all = all && v->item[i].kind == kind && !v->item[i].nested;
    return all;
}

/* An element of a batch or a sequence, as an array. */
static const Tensor *
stacked_tensor(Script *s, Value x, ValueKind kind, bool nested, Span span)
{
    if (nested)
        x.kind = VALUE_array;
    x = lift_array(s, x);
    if (value_is_number(x)) {
        x = numeric_vect(s, &x, 1, span);
        x.as.array->tensor->rank = 0;
    }
    if (x.kind != VALUE_array || x.as.array->tensor->rank > IR_RANK - 2)
        script_fail(s, DIAG_value, span, NULL, "a %s is an array, not %s",
                    kind == VALUE_batch ? "sample" : "step",
                    value_kind_name(x));
    return x.as.array->tensor;
}

/* Elements of one shape along a new last axis: samples, or steps. */
static Value
stack(Script *s, const Values *v, ValueKind kind, Span span)
{
    const char *name = kind == VALUE_batch ? "batch" : "sequence";
    const char *parts = kind == VALUE_batch ? "samples" : "steps";
    if (v->count == 0)
        script_fail(s, DIAG_value, span, NULL, "a %s of no %s", name, parts);
    bool nested = all_of_kind(v, kind == VALUE_batch ? VALUE_seq : VALUE_batch);
    Tensor *all = NULL;
    int64_t each = 0;
    for (size_t i = 0; i < v->count; i++) {
        const Tensor *t = stacked_tensor(s, v->item[i], kind, nested, span);
        if (all == NULL) {
            int64_t dim[IR_RANK];
            memcpy(dim, t->dim, sizeof dim);
            dim[t->rank] = (int64_t)v->count;
            each = tensor_count(t);
            all = lift_new_tensor(s, t->dtype, t->rank + 1, dim, span);
        }
        bool same = t->rank == all->rank - 1;
        for (int k = 0; same && k < t->rank; k++)
            same = t->dim[k] == all->dim[k];
        if (!same)
            script_fail(s, DIAG_shape, span, NULL,
                        "%s of a %s have one shape: %s, %s", parts, name,
                        value_shape_text(s, v->item[0]),
                        value_shape_text(s, v->item[i]));
        if (all->dtype == DTYPE_i64 && t->dtype != DTYPE_i64)
            all = lift_tensor(s, all, t->dtype);
        for (int64_t k = 0; k < each; k++)
            tensor_set(all, k + (int64_t)i * each, tensor_get(t, k));
    }
    Value b = value_array(s, all);
    b.kind = kind;
    b.nested = nested;
    return b;
}

/* Batch or Seq of a list, or of an array along its last axis. */
static Value
along_last(Script *s, const Args *args, ValueKind kind, const char *name,
           const char *parts)
{
    Value x = lift_array(s, args->item[0]);
    if (x.kind == VALUE_list)
        return stack(s, x.as.values, kind, args->span);
    if (x.kind != VALUE_array || x.as.array->tensor->rank == 0)
        script_fail(s, DIAG_value, args->span, NULL,
                    "%s wants a list of %s or an array whose last axis "
                    "counts them",
                    name, parts);
    x.kind = kind;
    return x;
}

Value
numeric_fn_batch(Script *s, const Args *args)
{
    return along_last(s, args, VALUE_batch, "Batch", "samples");
}

Value
numeric_fn_seq(Script *s, const Args *args)
{
    return along_last(s, args, VALUE_seq, "Seq", "steps");
}

Value
numeric_fn_rawbatch(Script *s, const Args *args)
{
    Value x = args->item[0];
    if (x.kind != VALUE_batch && x.kind != VALUE_seq)
        script_fail(s, DIAG_value, args->span, NULL,
                    "rawbatch wants a Batch or a Seq");
    x.nested = false;
    x.kind = VALUE_array;
    return x;
}

void
numeric_define_all(Script *s)
{
    static const Builtin table[] = {
#define NUMERIC(text, name, min, max, summary)                                 \
    {text, min, max, numeric_fn_##name, summary, NULL, false},
#define NUMERIC_KEYS(text, name, min, max, keys, summary)                      \
    {text, min, max, numeric_fn_##name, summary, keys, false},
#include "script/array/numeric.def"
#undef NUMERIC
    };
    scope_builtins(s, table, sizeof table / sizeof *table);
}
