/* Iteration: how many elements a value has, and each of them. */
#include "script/array/numeric.h"
#include "script/eval/eval.h"

#include <string.h>

enum { COLLECT_LIMIT = 1 << 26 };

/* The bytes of the character that starts at `c`. */
static size_t
character_size(const char *c)
{
    unsigned char first = (unsigned char)*c;
    size_t size = first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
    size_t i = 1;
    while (i < size && ((unsigned char)c[i] & 0xC0) == 0x80)
        i++;
    return i;
}

static int64_t
count_characters(Text text)
{
    int64_t count = 0;
    for (size_t at = 0; at < text.length; count++)
        at += character_size(text.text + at);
    return count;
}

/* By the method of length for objects of this type. */
static int64_t
object_length(Script *s, Value v, Span span)
{
    Value count = call_method(s, "length", &v, 1, span);
    if (count.kind != VALUE_int || count.as.integer < 0)
        script_fail(s, DIAG_value, span, NULL, "length gave %s",
                    value_kind_name(count));
    return count.as.integer;
}

/* The number of elements of a collection; 1 for a number. */
int64_t
value_count(Script *s, Value v, Span span)
{
    switch (v.kind) {
    case VALUE_bool:
    case VALUE_int:
    case VALUE_float:
    case VALUE_float32:
    case VALUE_symbol:
        return 1;
    case VALUE_string:
        return count_characters(v.as.string);
    case VALUE_range:
        return v.as.range->count;
    case VALUE_tuple:
    case VALUE_list:
    case VALUE_pair:
        return (int64_t)v.as.values->count;
    case VALUE_batch:
    case VALUE_seq:
        return v.as.array->tensor->dim[v.as.array->tensor->rank - 1];
    case VALUE_array:
        return tensor_count(v.as.array->tensor);
    case VALUE_node:
    case VALUE_opaque:
        return numeric_length(s, v, -1, span);
    case VALUE_object:
        return object_length(s, v, span);
    case VALUE_nothing:
    case VALUE_function:
    case VALUE_builtin:
    case VALUE_type:
    case VALUE_trainer:
    case VALUE_engine:
    case VALUE_poison:
        break;
    }
    script_fail(s, DIAG_value, span, NULL, "%s has no elements",
                value_kind_name(v));
}

Iterator
iterate(Script *s, Value v, Span span)
{
    return (Iterator){.value = v, .count = value_count(s, v, span)};
}

/* Element i (from 0) of an array in memory order, as a number. */
static Value
array_element(const Tensor *tensor, int64_t i)
{
    switch (tensor->dtype) {
    case DTYPE_i64:
        return value_int(((const int64_t *)tensor->data)[i]);
    case DTYPE_i32:
    case DTYPE_u32:
        return value_int((int64_t)tensor_get(tensor, i));
    case DTYPE_bool:
        return value_bool(tensor_get(tensor, i) != 0);
    case DTYPE_f32:
        return (Value){.kind = VALUE_float32,
                       .as.number = tensor_get(tensor, i)};
    case DTYPE_f64:
    case DTYPES:
        break;
    }
    return value_float(tensor_get(tensor, i));
}

static Value
next_character(Script *s, Iterator *it)
{
    Text text = it->value.as.string;
    if (it->offset >= text.length)
        it->offset = 0;
    const char *at = text.text + it->offset;
    size_t size = character_size(at);
    it->offset += size;
    return value_string(s, at, size);
}

/* Element i, from 0; of a string the characters must be taken in order. */
Value
iterate_get(Script *s, Iterator *it, int64_t i, Span span)
{
    Value v = it->value;
    switch (v.kind) {
    case VALUE_range:
        return range_get(v.as.range, i);
    case VALUE_tuple:
    case VALUE_list:
    case VALUE_pair:
        return (size_t)i < v.as.values->count ? v.as.values->item[i]
                                              : value_nothing();
    case VALUE_array:
        return array_element(v.as.array->tensor, i);
    case VALUE_string:
        return next_character(s, it);
    case VALUE_batch:
    case VALUE_seq:
    case VALUE_node:
    case VALUE_opaque: {
        Value index = value_int(i + 1);
        return numeric_index(s, v, &index, 1, span);
    }
    case VALUE_object:
        return index_one(s, v, i + 1, span);
    default:
        return v;
    }
}

/* All elements, with room for no more. */
Values
iterate_all(Script *s, Value v, Span span)
{
    Iterator it = iterate(s, v, span);
    if (it.count > COLLECT_LIMIT)
        script_fail(s, DIAG_limit, span, NULL, "%lld elements are too many",
                    (long long)it.count);
    Values out = {0};
    for (int64_t i = 0; i < it.count; i++) {
        eval_step(s, span);
        VEC_PUSH(&s->context->arena, &out, iterate_get(s, &it, i, span));
    }
    return out;
}

/* What a comprehension or map makes of its values: an array of `dim` if they
 * are numbers, else a list.
 */
Value
iterate_collect(Script *s, const Values *values, int rank, const int64_t *dim,
                Span span)
{
    bool numbers = true;
    bool traced = false;
    for (size_t i = 0; i < values->count; i++) {
        numbers = numbers && value_is_number(values->item[i]);
        traced = traced || value_is_traced(values->item[i]);
    }
    if (!values->count || !(numbers || traced))
        return value_list(s, values->item, values->count);
    Value v = numeric_vect(s, values->item, values->count, span);
    if (rank <= 1)
        return v;
    if (v.kind == VALUE_array && numbers) {
        v.as.array->tensor->rank = rank;
        memcpy(v.as.array->tensor->dim, dim, (size_t)rank * sizeof *dim);
        v.as.array->recipe = REF_NONE;
        return v;
    }
    Value item[1 + IR_RANK] = {v};
    for (int i = 0; i < rank; i++)
        item[1 + i] = value_int(dim[i]);
    return call_named(s, s->eval->library, "reshape", item, 1 + (size_t)rank,
                      span);
}
