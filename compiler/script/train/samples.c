/* Samples: what a model learns from, as tensors whose last axis counts them. */
#include "script/train/samples.h"

#include "script/array/lift.h"
#include "script/array/seq.h"
#include "script/model/model_inner.h"
#include "script/value/call.h"
#include "script/value/tree.h"

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

/* The inputs, or targets, of some samples as a tree of the form of the first,
 * whose leaves are lists.
 */
static Value
transpose_trees(Script *s, const Value *x, size_t count, const char *what,
                Span span)
{
    Values column = {0};
    if (count > 0)
        tree_leaves(s, x[0], &column);
    size_t inputs = column.count;
    for (size_t k = 0; k < inputs; k++)
        column.item[k] = value_list(s, x, count);
    for (size_t i = 0; i < count; i++) {
        Values leaf = {0};
        tree_leaves(s, x[i], &leaf);
        if (leaf.count != inputs)
            script_fail(s, DIAG_value, span, NULL,
                        "sample %zu has not as many %s as the first", i + 1,
                        what);
        for (size_t k = 0; k < inputs; k++)
            column.item[k].as.values->item[i] = leaf.item[k];
    }
    const Value *next = column.item;
    return count > 0 ? tree_like(s, x[0], &next) : value_list(s, x, 0);
}

/* A list of (x, y) pairs as two lists; each may be a tuple of such. */
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
    Value both[2] = {transpose_trees(s, x, list->count, "inputs", span),
                     transpose_trees(s, y, list->count, "targets", span)};
    return value_tuple(s, both, 2);
}

/* The arguments that a model gets of some inputs: the elements of a tuple, or
 * the tuple itself, where the model takes one alone.
 */
static Args
arguments_of(Script *s, Value model, Value x, Span span)
{
    bool all =
        x.kind == VALUE_tuple &&
        (model_takes(model, x.as.values->count) || !model_takes(model, 1));
    Args one = {.item = arena_copy(&s->context->arena, &x, sizeof x),
                .count = 1,
                .span = span};
    if (!all)
        return one;
    return (Args){
        .item = x.as.values->item, .count = x.as.values->count, .span = span};
}

/* Refuses inputs that are not as many as the targets. */
static void
check_counts(Script *s, const Samples *all, Span span)
{
    for (int i = 0; i < all->count; i++) {
        const Tensor *x = all->x[i];
        int64_t n = x->dim[x->rank - 1];
        if (n != all->n)
            script_fail(s, DIAG_shape, span, NULL,
                        "%lld samples of inputs and %lld of targets",
                        (long long)n, (long long)all->n);
    }
}

/* Samples of a form whose leaves `read` makes tensors; the target's last one
 * counts them.
 */
static Samples
samples_of_form(Script *s, const Args *form,
                Tensor *read(Script *s, Value v, DType dtype, Span span))
{
    Samples all = {.form = *form};
    Values leaf = model_inputs(s, &all.form, TRACE_INPUTS);
    for (size_t i = 0; i < leaf.count; i++) {
        Tensor *x = read(s, leaf.item[i], s->options.dtype, form->span);
        all.x[all.count++] = x;
        all.n = x->dim[x->rank - 1];
    }
    check_counts(s, &all, form->span);
    return all;
}

Samples
samples_of_data(Script *s, Value model, Value data, Span span)
{
    if (data.kind == VALUE_list)
        data = transpose_pairs(s, data.as.values, span);
    if ((data.kind != VALUE_tuple && data.kind != VALUE_pair) ||
        data.as.values->count != 2)
        script_fail(s, DIAG_value, span, "as in train!(m, (xs, ys); …)",
                    "data is a pair of batches or a list of (x, y) pairs");
    Args inputs = arguments_of(s, model, data.as.values->item[0], span);
    Args form = {.item =
                     ARENA_ARRAY(&s->context->arena, Value, inputs.count + 1),
                 .count = inputs.count + 1,
                 .span = span};
    for (size_t i = 0; i < inputs.count; i++)
        form.item[i] = inputs.item[i];
    form.item[inputs.count] = data.as.values->item[1];
    return samples_of_form(s, &form, read_samples);
}

/* A batch's tensor, or that of a value which is one sample. */
static Tensor *
batch_or_sample(Script *s, Value v, DType dtype, Span span)
{
    v = seq_plain(s, v);
    if (v.kind == VALUE_batch)
        return lift_tensor(s, v.as.array->tensor, dtype);
    return read_samples(s, value_list(s, &v, 1), dtype, span);
}

Samples
samples_of_args(Script *s, const Args *args)
{
    if (args->count < 2 || args->keys > 0)
        script_fail(s, DIAG_arity, args->span, NULL,
                    "a trainer takes the model's inputs and the target");
    return samples_of_form(s, args, batch_or_sample);
}

Args
samples_as_args(Script *s, const Samples *all, Span span)
{
    Values leaf = {0};
    for (int i = 0; i < all->count; i++) {
        Value batch = value_array(s, all->x[i]);
        batch.kind = VALUE_batch;
        VEC_PUSH(&s->context->arena, &leaf, batch);
    }
    const Value *next = leaf.item;
    size_t count = all->form.count;
    Value *item = ARENA_ARRAY(&s->context->arena, Value, count);
    for (size_t i = 0; i < count; i++)
        item[i] = tree_like(s, all->form.item[i], &next);
    return (Args){.item = item, .count = count, .span = span};
}
