/* Makers of values and questions about them. */
#include "script/value/value.h"

#include "script/value/state.h"
#include "script/value/type.h"

#include <string.h>

Value
value_string(Script *s, const char *text, size_t length)
{
    return (Value){
        .kind = VALUE_string,
        .as.string = {arena_string(&s->context->arena, text, length), length}};
}

Value
value_array(Script *s, Tensor *tensor)
{
    Array *array = ARENA_NEW(&s->context->arena, Array);
    array->tensor = tensor;
    array->recipe = REF_NONE;
    array->traced = s->graph != NULL;
    return (Value){.kind = VALUE_array, .as.array = array};
}

static Value
make_values(Script *s, ValueKind kind, const Value *item, size_t count)
{
    Values *values = ARENA_NEW(&s->context->arena, Values);
    values->item = ARENA_ARRAY(&s->context->arena, Value, count ? count : 1);
    values->count = count;
    values->capacity = count ? count : 1;
    if (count)
        memcpy(values->item, item, count * sizeof *item);
    return (Value){.kind = kind, .as.values = values};
}

Value
value_tuple(Script *s, const Value *item, size_t count)
{
    return make_values(s, VALUE_tuple, item, count);
}

Value
value_list(Script *s, const Value *item, size_t count)
{
    return make_values(s, VALUE_list, item, count);
}

bool
value_is_number(Value v)
{
    return v.kind == VALUE_bool || v.kind == VALUE_int ||
           v.kind == VALUE_float || v.kind == VALUE_float32;
}

bool
value_is_traced(Value v)
{
    if (v.kind == VALUE_node || v.kind == VALUE_opaque)
        return true;
    if (v.kind != VALUE_tuple && v.kind != VALUE_list && v.kind != VALUE_pair)
        return false;
    for (size_t i = 0; i < v.as.values->count; i++)
        if (value_is_traced(v.as.values->item[i]))
            return true;
    return false;
}

/* A number's value; Ints beyond 2^53 are rounded. */
double
value_number(Value v)
{
    if (v.kind == VALUE_bool)
        return v.as.boolean ? 1 : 0;
    if (v.kind == VALUE_int)
        return (double)v.as.integer;
    return v.as.number;
}

static const char *
array_name(const Tensor *tensor)
{
    switch (tensor->rank) {
    case 0:
        return "a scalar parameter";
    case 1:
        return "a vector";
    case 2:
        return "a matrix";
    default:
        return "an array";
    }
}

const char *
value_kind_name(Value v)
{
    static const char *const names[VALUE_KINDS] = {
#define VALUE(kind, type, name) [VALUE_##kind] = name,
#include "script/value/values.def"
#undef VALUE
    };
    if (v.kind == VALUE_tuple && v.as.values->name)
        return "a named tuple";
    if (v.kind == VALUE_array)
        return array_name(v.as.array->tensor);
    if (v.kind == VALUE_function && function_is_net(v.as.function))
        return "a model";
    if (v.kind == VALUE_builtin && type_known(v.as.builtin->name))
        return "a type";
    if (v.kind == VALUE_object)
        return v.as.object->type->net ? "a model" : v.as.object->type->name;
    return names[v.kind];
}

bool
function_is_net(const Function *f)
{
    for (size_t i = 0; i < f->method.count; i++)
        if (f->method.item[i].net)
            return true;
    return false;
}

const char *
value_name(Value callee)
{
    switch (callee.kind) {
    case VALUE_function:
        return callee.as.function->name ? callee.as.function->name : "function";
    case VALUE_builtin:
        return callee.as.builtin->name;
    case VALUE_type:
        return callee.as.type->name;
    case VALUE_object:
        return callee.as.object->type->name;
    default:
        return value_kind_name(callee);
    }
}

Value
range_get(const Range *range, int64_t i)
{
    if (range->whole)
        return value_int((int64_t)((uint64_t)range->first_int +
                                   (uint64_t)i * (uint64_t)range->step_int));
    return value_float(range->first + (double)i * range->step);
}

const char *
text_find(Text text, Text part)
{
    for (size_t i = 0; i + part.length <= text.length; i++) {
        if (memcmp(text.text + i, part.text, part.length) == 0)
            return text.text + i;
    }
    return NULL;
}
