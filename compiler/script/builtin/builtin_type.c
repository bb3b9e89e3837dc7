/* Builtins about types, and conversions. */
#include "script/array/args.h"
#include "script/array/numeric.h"
#include "script/array/seq.h"
#include "script/builtin/builtin.h"

#include <math.h>
#include <string.h>

Value
builtin_typeof(Script *s, const Args *args)
{
    return type_of(s, args->item[0]);
}

Value
builtin_isa(Script *s, const Args *args)
{
    return value_bool(
        type_is(s, args->item[0], args->item[1], args_at(args, 1)));
}

Value
builtin_in(Script *s, const Args *args)
{
    return eval_compared(s, "∈", args->item[0], args->item[1], args->span);
}

Value
builtin_identity(Script *s, const Args *args)
{
    (void)s;
    return args->item[0];
}

Value
builtin_tuple(Script *s, const Args *args)
{
    return value_tuple(s, args->item, args->count);
}

Value
builtin_to_tuple(Script *s, const Args *args)
{
    if (!args->count)
        return value_tuple(s, NULL, 0);
    Values all = iterate_all(s, args->item[0], args_at(args, 0));
    return value_tuple(s, all.item, all.count);
}

Value
builtin_pair(Script *s, const Args *args)
{
    Value v = value_tuple(s, args->item, 2);
    v.kind = VALUE_pair;
    return v;
}

Value
builtin_abstract(Script *s, const Args *args)
{
    script_fail(s, DIAG_value, args->span, NULL,
                "this type cannot be made by a call");
}

static Value
convert_number(Script *s, Value v, DType dtype, Span span)
{
    double x = value_number(v);
    switch (dtype) {
    case DTYPE_f64:
        return value_float(x);
    case DTYPE_f32:
        return (Value){.kind = VALUE_float32, .as.number = (double)(float)x};
    case DTYPE_bool:
        if (x != 0 && x != 1)
            break;
        return value_bool(x != 0);
    case DTYPE_i64:
        if (v.kind == VALUE_int)
            return v;
        if (x != floor(x) || fabs(x) >= 9.2e18)
            break;
        return value_int((int64_t)x);
    case DTYPE_i32:
    case DTYPE_u32:
    case DTYPES:
        break;
    }
    script_fail(s, DIAG_value, span,
                dtype == DTYPE_i64 ? "round or floor it before" : NULL,
                "%s is not exactly %s", value_show(s, v),
                dtype == DTYPE_i64 ? "an Int" : "a Bool");
}

/* A number, or the elements of an array, in another type. */
static Value
convert(Script *s, const Args *args, DType dtype)
{
    Value v = numeric_plain(s, args->item[0], args->span);
    Span span = args_at(args, 0);
    if (value_is_number(v))
        return convert_number(s, v, dtype, span);
    if (v.kind == VALUE_opaque || v.kind == VALUE_node) {
        if (dtype_real(dtype))
            return v;
        script_fail(s, DIAG_traced, span, NULL,
                    "a traced value has no value to convert");
    }
    if (v.kind == VALUE_range) {
        Values all = iterate_all(s, v, span);
        v = iterate_collect(s, &all, 1, NULL, span);
    }
    v = seq_plain(s, v);
    if (v.kind != VALUE_array && v.kind != VALUE_batch)
        script_fail(s, DIAG_value, span,
                    v.kind == VALUE_string ? "parse reads numbers from text"
                                           : NULL,
                    "%s cannot be converted to a number", value_kind_name(v));
    const Tensor *from = v.as.array->tensor;
    Tensor *to = tensor_new(&s->context->arena, dtype, from->rank, from->dim);
    if (!to)
        script_fail(s, DIAG_limit, span, NULL, "an array of this size");
    Value plain = {.kind = VALUE_array, .as.array = v.as.array};
    Iterator it = iterate(s, plain, span);
    for (int64_t i = 0; i < it.count; i++) {
        Value x = convert_number(s, iterate_get(s, &it, i, span), dtype, span);
        if (dtype == DTYPE_i64)
            ((int64_t *)to->data)[i] = x.as.integer;
        else
            tensor_set(to, i, value_number(x));
    }
    Value result = value_array(s, to);
    result.kind = v.kind;
    return result;
}

Value
builtin_to_int(Script *s, const Args *args)
{
    return convert(s, args, DTYPE_i64);
}

Value
builtin_to_float64(Script *s, const Args *args)
{
    return convert(s, args, DTYPE_f64);
}

Value
builtin_to_float32(Script *s, const Args *args)
{
    return convert(s, args, DTYPE_f32);
}

Value
builtin_to_bool(Script *s, const Args *args)
{
    return convert(s, args, DTYPE_bool);
}

Value
builtin_to_symbol(Script *s, const Args *args)
{
    Text text = args_text(s, args, 0);
    return (Value){.kind = VALUE_symbol,
                   .as.symbol =
                       intern(&s->context->names, text.text, text.length)};
}
