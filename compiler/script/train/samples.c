/* Samples: what a model learns from, as tensors whose last axis counts them. */
#include "script/train/samples.h"

#include "script/array/lift.h"
#include "script/array/seq.h"
#include "script/value/call.h"

/* Samples as a tensor of the model's type, the last axis counting them. */
static Tensor *
read_samples(Script *s, Value v, DType dtype, Span span)
{
    v = lift_array(s, v);
    if (v.kind == VALUE_list) {
        Args one = {.item = &v, .count = 1, .span = span};
        v = call_named(s, s->eval->library, "Batch", one.item, 1, span);
    }
    if ((v.kind != VALUE_array && v.kind != VALUE_batch) ||
        v.as.array->tensor->rank == 0)
        script_fail(s, DIAG_value, span, NULL,
                    "samples are a Batch or an array whose last axis counts "
                    "them, not %s",
                    value_kind_name(v));
    return lift_tensor(s, v.as.array->tensor, dtype);
}

/* The lists of the elements of tuples; or the list itself, if its elements are
 * none.
 */
static Value
transpose_tuples(Script *s, Value list, Span span)
{
    Arena *arena = &s->context->arena;
    const Values *all = list.as.values;
    if (all->count == 0 || all->item[0].kind != VALUE_tuple)
        return list;
    size_t inputs = all->item[0].as.values->count;
    Value *column = ARENA_ARRAY(arena, Value, inputs + 1);
    for (size_t k = 0; k < inputs; k++)
        column[k] = value_list(s, all->item, all->count);
    for (size_t i = 0; i < all->count; i++) {
        const Values *row =
            all->item[i].kind == VALUE_tuple ? all->item[i].as.values : NULL;
        if (row == NULL || row->count != inputs)
            script_fail(s, DIAG_value, span, NULL,
                        "sample %zu has not as many inputs as the first",
                        i + 1);
        for (size_t k = 0; k < inputs; k++)
            column[k].as.values->item[i] = row->item[k];
    }
    return value_tuple(s, column, inputs);
}

/* A list of (x, y) pairs as two lists; x may be a tuple of inputs. */
static Value
transpose_pairs(Script *s, const Values *list, Span span)
{
    Arena *arena = &s->context->arena;
    Value *x = ARENA_ARRAY(arena, Value, list->count + 1);
    Value *y = ARENA_ARRAY(arena, Value, list->count + 1);
    for (size_t i = 0; i < list->count; i++) {
        Value v = list->item[i];
        if ((v.kind != VALUE_tuple && v.kind != VALUE_pair) ||
            v.as.values->count != 2)
            script_fail(s, DIAG_value, span, NULL,
                        "data is a pair of batches or a list of (x, y) pairs");
        x[i] = v.as.values->item[0];
        y[i] = v.as.values->item[1];
    }
    Value in = value_list(s, x, list->count);
    Value both[2] = {transpose_tuples(s, in, span),
                     value_list(s, y, list->count)};
    return value_tuple(s, both, 2);
}

/* Refuses inputs that are not as many as the targets. */
static void
check_counts(Script *s, const Samples *all, Span span)
{
    for (int i = 0; i < all->inputs; i++) {
        const Tensor *x = all->x[i];
        int64_t n = x->dim[x->rank - 1];
        if (n != all->n)
            script_fail(s, DIAG_shape, span, NULL,
                        "%lld inputs and %lld targets", (long long)n,
                        (long long)all->n);
    }
}

Samples
samples_of_data(Script *s, Value data, Span span)
{
    if (data.kind == VALUE_list)
        data = transpose_pairs(s, data.as.values, span);
    if ((data.kind != VALUE_tuple && data.kind != VALUE_pair) ||
        data.as.values->count != 2)
        script_fail(s, DIAG_value, span, "as in train!(m, (xs, ys); …)",
                    "data is a pair of batches or a list of (x, y) pairs");
    Value in = data.as.values->item[0];
    const Value *item = &in;
    Samples all = {.inputs = 1};
    if (in.kind == VALUE_tuple) {
        item = in.as.values->item;
        all.inputs = (int)in.as.values->count;
    }
    if (all.inputs > TRACE_INPUTS - 1)
        script_fail(s, DIAG_arity, span, NULL, "too many inputs");
    all.y = read_samples(s, data.as.values->item[1], s->options.dtype, span);
    all.n = all.y->dim[all.y->rank - 1];
    for (int i = 0; i < all.inputs; i++)
        all.x[i] = read_samples(s, item[i], s->options.dtype, span);
    check_counts(s, &all, span);
    return all;
}

/* A batch's tensor, or that of a value which is one sample. */
static Tensor *
batch_or_sample(Script *s, Value v, Span span)
{
    v = seq_plain(s, v);
    if (v.kind == VALUE_batch)
        return lift_tensor(s, v.as.array->tensor, s->options.dtype);
    return read_samples(s, value_list(s, &v, 1), s->options.dtype, span);
}

Samples
samples_of_args(Script *s, const Args *args)
{
    if (args->count < 2 || args->keys > 0)
        script_fail(s, DIAG_arity, args->span, NULL,
                    "a trainer takes the model's inputs and the target");
    if (args->count > TRACE_INPUTS)
        script_fail(s, DIAG_arity, args->span, NULL, "too many inputs");
    Samples all = {.inputs = (int)args->count - 1};
    for (int i = 0; i < all.inputs; i++)
        all.x[i] = batch_or_sample(s, args->item[i], args->span);
    all.y = batch_or_sample(s, args->item[all.inputs], args->span);
    all.n = all.y->dim[all.y->rank - 1];
    check_counts(s, &all, args->span);
    return all;
}
