#include "script/array/args.h"

#include "script/array/number.h"

#include <string.h>

bool
args_key(const Args *args, const char *name, Value *value)
{
    for (size_t i = 0; i < args->keys; i++)
        if (strcmp(args->key[i], name) == 0) {
            *value = args->value[i];
            return true;
        }
    return false;
}

uint32_t
args_axes(Script *s, const Args *args)
{
    Value v;
    if (!args_key(args, "dims", &v))
        return 0;
    const Value *item = &v;
    size_t count = 1;
    if (v.kind == VALUE_tuple) {
        item = v.as.values->item;
        count = v.as.values->count;
    }
    uint32_t axes = 0;
    for (size_t i = 0; i < count; i++)
        axes |=
            1u << (number_int(s, item[i], "an axis", 1, IR_RANK, args->span) -
                   1);
    return axes;
}

int
args_dims(Script *s, const Args *args, size_t first, int64_t *dim)
{
    const Value *item = args->item + first;
    size_t count = args->count - first;
    if (count == 1 && item[0].kind == VALUE_tuple) {
        count = item[0].as.values->count;
        item = item[0].as.values->item;
    }
    if (count > IR_RANK - 1)
        script_fail(s, DIAG_rank, args->span, NULL,
                    "an array has at most %d axes", IR_RANK - 1);
    for (size_t i = 0; i < count; i++)
        dim[i] =
            number_int(s, item[i], "a length", 0, INT64_C(1) << 40, args->span);
    return (int)count;
}

Span
args_at(const Args *args, size_t i)
{
    return args->at ? args->at[i] : args->span;
}

Text
args_text(Script *s, const Args *args, size_t i)
{
    Value v = args->item[i];
    if (v.kind == VALUE_symbol) {
        Text text = {v.as.symbol, 0};
        while (text.text[text.length])
            text.length++;
        return text;
    }
    if (v.kind != VALUE_string)
        script_fail(s, DIAG_value, args_at(args, i), NULL,
                    "a String was expected, not %s", value_kind_name(v));
    return v.as.string;
}
