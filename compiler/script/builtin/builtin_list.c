/* Builtins on lists, tuples, ranges and the elements of arrays. */
#include "script/array/args.h"
#include "script/array/number.h"
#include "script/array/numeric.h"
#include "script/builtin/builtin.h"

#include <string.h>

enum { MAP_ARGUMENTS = 8, LIST_LIMIT = 1 << 26 };

Value
builtin_length(Script *s, const Args *args)
{
    return value_int(value_count(s, args->item[0], args_at(args, 0)));
}

Value
builtin_isempty(Script *s, const Args *args)
{
    return value_bool(value_count(s, args->item[0], args_at(args, 0)) == 0);
}

static Value
count_up_to(Script *s, int64_t count)
{
    Range *range = ARENA_NEW(&s->context->arena, Range);
    *range = (Range){.whole = true,
                     .first = 1,
                     .step = 1,
                     .first_int = 1,
                     .step_int = 1,
                     .count = count};
    return (Value){.kind = VALUE_range, .as.range = range};
}

Value
builtin_eachindex(Script *s, const Args *args)
{
    return count_up_to(s, value_count(s, args->item[0], args_at(args, 0)));
}

/* Appends a number to a vector of numbers. The storage doubles, so that pushing
 * many takes time in proportion; the tensor is a new one each time, since
 * graphs may hold the old.
 */
static void
push_number(Script *s, Array *array, Value v, Span span)
{
    const Tensor *old = array->tensor;
    int64_t count = old->dim[0];
    double x = value_number(v);
    if (!number_fits(old->dtype, v) ||
        (old->dtype == DTYPE_bool && v.kind != VALUE_bool))
        script_fail(s, DIAG_dtype, span, NULL,
                    "%s cannot be appended to a vector of %ss",
                    value_kind_name(v),
                    old->dtype == DTYPE_bool ? "Bool" : "Int");
    Tensor *tensor = NULL;
    if (count >= array->room) {
        int64_t room = count < 4 ? 8 : 2 * count;
        tensor = tensor_new(&s->context->arena, old->dtype, 1, &room);
        if (!tensor)
            script_fail(
                s, DIAG_limit, span, NULL,
                "a vector of this length is more than a script may hold");
        array->room = room;
        if (count)
            memcpy(tensor->data, old->data,
                   (size_t)count * dtype_size(old->dtype));
    } else {
        tensor = ARENA_NEW(&s->context->arena, Tensor);
        *tensor = *old;
    }
    tensor->dim[0] = count + 1;
    if (tensor->dtype == DTYPE_i64 && v.kind == VALUE_int)
        ((int64_t *)tensor->data)[count] = v.as.integer;
    else
        tensor_set(tensor, count, x);
    array->tensor = tensor;
    array->grad = NULL;
    array->recipe = REF_NONE;
}

static void
push_one(Script *s, Value to, Value v, Span span)
{
    if (to.kind == VALUE_list) {
        if (to.as.values->count >= LIST_LIMIT)
            script_fail(s, DIAG_limit, span, NULL,
                        "a list of this length is more than a script may hold");
        VEC_PUSH(&s->context->arena, to.as.values, v);
        return;
    }
    if (to.kind != VALUE_array || to.as.array->tensor->rank != 1)
        script_fail(s, DIAG_value, span, NULL,
                    "elements are appended to a vector, not to %s",
                    value_kind_name(to));
    if (!value_is_number(v))
        script_fail(s, DIAG_value, span, "start with [] for any values",
                    "%s cannot be appended to a vector of numbers",
                    value_kind_name(v));
    push_number(s, to.as.array, v, span);
}

Value
builtin_push(Script *s, const Args *args)
{
    for (size_t i = 1; i < args->count; i++)
        push_one(s, args->item[0], args->item[i], args->span);
    return args->item[0];
}

Value
builtin_append(Script *s, const Args *args)
{
    Values all = iterate_all(s, args->item[1], args_at(args, 1));
    for (size_t i = 0; i < all.count; i++)
        push_one(s, args->item[0], all.item[i], args->span);
    return args->item[0];
}

Value
builtin_pop(Script *s, const Args *args)
{
    Value v = args->item[0];
    if (v.kind != VALUE_list)
        script_fail(s, DIAG_value, args_at(args, 0), NULL,
                    "pop! takes from a list, not from %s", value_kind_name(v));
    if (!v.as.values->count)
        script_fail(s, DIAG_index, args->span, NULL, "the list is empty");
    return v.as.values->item[--v.as.values->count];
}

/* The elements as a vector of numbers, or as a list. */
static Value
collected(Script *s, const Values *values, Span span)
{
    int64_t count = (int64_t)values->count;
    return iterate_collect(s, values, 1, &count, span);
}

Value
builtin_collect(Script *s, const Args *args)
{
    Value v = args->item[0];
    if (v.kind == VALUE_array || value_is_traced(v))
        return v;
    Values all = iterate_all(s, v, args_at(args, 0));
    return collected(s, &all, args->span);
}

/* f of the k-th elements of all collections; the shortest decides. */
static Values
mapped(Script *s, const Args *args)
{
    Iterator it[MAP_ARGUMENTS];
    Value item[MAP_ARGUMENTS];
    size_t inputs = args->count - 1;
    if (inputs > MAP_ARGUMENTS)
        script_fail(s, DIAG_arity, args->span, NULL,
                    "map takes at most %d collections", MAP_ARGUMENTS);
    int64_t count = INT64_MAX;
    for (size_t i = 0; i < inputs; i++) {
        it[i] = iterate(s, args->item[i + 1], args_at(args, i + 1));
        count = it[i].count < count ? it[i].count : count;
    }
    Values out = {0};
    for (int64_t k = 0; k < count; k++) {
        for (size_t i = 0; i < inputs; i++)
            item[i] = iterate_get(s, &it[i], k, args->span);
        VEC_PUSH(&s->context->arena, &out,
                 call_values(s, args->item[0], item, inputs, args->span));
    }
    return out;
}

Value
builtin_map(Script *s, const Args *args)
{
    Values out = mapped(s, args);
    Value like = args->item[1];
    if (like.kind == VALUE_tuple)
        return value_tuple(s, out.item, out.count);
    if (like.kind == VALUE_array && args->count == 2)
        return iterate_collect(s, &out, like.as.array->tensor->rank,
                               like.as.array->tensor->dim, args->span);
    return collected(s, &out, args->span);
}

Value
builtin_foreach(Script *s, const Args *args)
{
    mapped(s, args);
    return value_nothing();
}

Value
builtin_filter(Script *s, const Args *args)
{
    Value v = args->item[1];
    Values all = iterate_all(s, v, args_at(args, 1));
    Values out = {0};
    for (size_t i = 0; i < all.count; i++) {
        Value keep = call_values(s, args->item[0], &all.item[i], 1, args->span);
        if (numeric_true(s, keep, args->span))
            VEC_PUSH(&s->context->arena, &out, all.item[i]);
    }
    if (v.kind == VALUE_tuple)
        return value_tuple(s, out.item, out.count);
    return collected(s, &out, args->span);
}

Value
builtin_reduce(Script *s, const Args *args)
{
    Iterator it = iterate(s, args->item[1], args_at(args, 1));
    int64_t i = 0;
    Value item[2];
    if (args->count == 3)
        item[0] = args->item[2];
    else if (it.count)
        item[0] = iterate_get(s, &it, i++, args->span);
    else
        script_fail(s, DIAG_value, args_at(args, 1),
                    "give a start as third argument",
                    "nothing to reduce: the collection is empty");
    for (; i < it.count; i++) {
        eval_step(s, args->span);
        item[1] = iterate_get(s, &it, i, args->span);
        item[0] = call_values(s, args->item[0], item, 2, args->span);
    }
    return item[0];
}

Value
builtin_zip(Script *s, const Args *args)
{
    Args all = {.item = ARENA_ARRAY(&s->context->arena, Value, args->count + 1),
                .count = args->count + 1,
                .span = args->span};
    all.item[0] =
        *scope_find(s->eval->library, intern_text(&s->context->names, "tuple"));
    memcpy(all.item + 1, args->item, args->count * sizeof *args->item);
    Values out = mapped(s, &all);
    return value_list(s, out.item, out.count);
}

Value
builtin_enumerate(Script *s, const Args *args)
{
    Values all = iterate_all(s, args->item[0], args_at(args, 0));
    for (size_t i = 0; i < all.count; i++) {
        Value item[2] = {value_int((int64_t)i + 1), all.item[i]};
        all.item[i] = value_tuple(s, item, 2);
    }
    return value_list(s, all.item, all.count);
}

/* n elements from place `from` (0: the first). */
static Value
part_of(Script *s, const Args *args, bool front)
{
    Value v = args->item[0];
    int64_t count = value_count(s, v, args_at(args, 0));
    if (args->count == 1) {
        if (!count)
            script_fail(s, DIAG_index, args->span, NULL, "%s is empty",
                        value_kind_name(v));
        return index_one(s, v, front ? 1 : count, args->span);
    }
    if (args->item[1].kind != VALUE_int || args->item[1].as.integer < 0)
        script_fail(s, DIAG_value, args_at(args, 1), NULL,
                    "a number of elements was expected");
    int64_t n = args->item[1].as.integer;
    n = n < count ? n : count;
    Values all = iterate_all(s, v, args->span);
    if (n < count && !front)
        all.item += count - n;
    all.count = (size_t)n;
    if (v.kind != VALUE_string)
        return collected(s, &all, args->span);
    Text text = v.as.string;
    size_t bytes = 0;
    for (size_t i = 0; i < all.count; i++)
        bytes += all.item[i].as.string.length;
    return value_string(s, front ? text.text : text.text + text.length - bytes,
                        bytes);
}

Value
builtin_first(Script *s, const Args *args)
{
    return part_of(s, args, true);
}

Value
builtin_last(Script *s, const Args *args)
{
    return part_of(s, args, false);
}

Value
builtin_keys(Script *s, const Args *args)
{
    Value v = args->item[0];
    if (v.kind != VALUE_tuple || !v.as.values->name)
        return builtin_eachindex(s, args);
    Values out = {0};
    for (size_t i = 0; i < v.as.values->count; i++) {
        Value key = {.kind = VALUE_symbol, .as.symbol = v.as.values->name[i]};
        VEC_PUSH(&s->context->arena, &out, key);
    }
    return value_tuple(s, out.item, out.count);
}

Value
builtin_values(Script *s, const Args *args)
{
    Values all = iterate_all(s, args->item[0], args_at(args, 0));
    return value_tuple(s, all.item, all.count);
}

Value
builtin_haskey(Script *s, const Args *args)
{
    Value v = args->item[0];
    Value key = args->item[1];
    if (v.kind != VALUE_tuple || !v.as.values->name)
        return value_bool(key.kind == VALUE_int && key.as.integer >= 1 &&
                          key.as.integer <=
                              value_count(s, v, args_at(args, 0)));
    Text name = args_text(s, args, 1);
    for (size_t i = 0; i < v.as.values->count; i++)
        if (!strcmp(v.as.values->name[i], name.text))
            return value_bool(true);
    return value_bool(false);
}
