/* The numeric functions of numeric.def: elementwise, reductions, shapes. */
#include "script/array/numeric_functions.h"

#include "script/array/args.h"
#include "script/array/number.h"
#include "script/array/numeric.h"
#include "script/array/numeric_make.h"
#include "script/array/trace.h"

#include <math.h>

/* ---- elementwise ---- */

static Value
map_call(Script *s, const Args *args, const char *name, Op op, bool ints)
{
    MapOp map = {.op = op, .dotted = true};
    LiftOp lifted = {name, make_map, &map, true, ints};
    return lift(s, args->span, &lifted, args->item, 1);
}

#define MAP_FUNCTION(name, op)                                                 \
    Value numeric_fn_##name(Script *s, const Args *args)                       \
    {                                                                          \
        return map_call(s, args, #name, op, false);                            \
    }
MAP_FUNCTION(exp, OP_exp)
MAP_FUNCTION(expm1, OP_expm1)
MAP_FUNCTION(log, OP_log)
MAP_FUNCTION(log1p, OP_log1p)
MAP_FUNCTION(sqrt, OP_sqrt)
MAP_FUNCTION(sin, OP_sin)
MAP_FUNCTION(cos, OP_cos)
MAP_FUNCTION(tanh, OP_tanh)
MAP_FUNCTION(sigma, OP_sigma)
MAP_FUNCTION(softplus, OP_softplus)
MAP_FUNCTION(erf, OP_erf)
MAP_FUNCTION(gelu, OP_gelu)
MAP_FUNCTION(stop, OP_stop)

Value
numeric_fn_abs(Script *s, const Args *args)
{
    Value x = args->item[0];
    if (x.kind == VALUE_int)
        return x.as.integer < 0 ? number_negate(s, x, args->span) : x;
    return map_call(s, args, "abs", OP_abs, true);
}

Value
numeric_fn_sign(Script *s, const Args *args)
{
    Value x = args->item[0];
    if (x.kind == VALUE_int)
        return value_int((x.as.integer > 0) - (x.as.integer < 0));
    return map_call(s, args, "sign", OP_sign, true);
}

/* floor, ceil, round; of (Int, x) as an Int. */
static Value
rounded(Script *s, const Args *args, const char *name, Op op)
{
    size_t last = args->count - 1;
    Args one = *args;
    one.item = &args->item[last];
    one.count = 1;
    Value x = one.item[0];
    Value y = x.kind == VALUE_int ? x : map_call(s, &one, name, op, false);
    if (args->count == 1)
        return y;
    bool fits = value_is_number(y) && fabs(value_number(y)) < 0x1p62;
    if (!fits)
        script_fail(s, DIAG_value, args->span, NULL,
                    "%s(Int, x) wants a finite number", name);
    return value_int((int64_t)value_number(y));
}

Value
numeric_fn_floor(Script *s, const Args *args)
{
    return rounded(s, args, "floor", OP_floor);
}

Value
numeric_fn_ceil(Script *s, const Args *args)
{
    return rounded(s, args, "ceil", OP_ceil);
}

Value
numeric_fn_round(Script *s, const Args *args)
{
    Value digits;
    if (!args_key(args, "digits", &digits))
        return rounded(s, args, "round", OP_round);
    int64_t n = number_int(s, digits, "digits", -300, 300, args->span);
    Value x = args->item[0];
    if (!value_is_number(x))
        script_fail(s, DIAG_value, args->span, NULL,
                    "round(x, digits = n) wants a number");
    double scale = pow(10, (double)n);
    double y = nearbyint(value_number(x) * scale) / scale;
    if (!isfinite(y))
        y = value_number(x);
    if (x.kind == VALUE_float32)
        return (Value){.kind = VALUE_float32, .as.number = (double)(float)y};
    return value_float(y);
}

/* max and min of two or more. */
static Value
choose(Script *s, const Args *args, const char *name, Op op)
{
    MapOp map = {.op = op, .dotted = true};
    LiftOp lifted = {name, make_map, &map, true, true};
    Value y = args->item[0];
    for (size_t i = 1; i < args->count; i++) {
        Value x = args->item[i];
        if (y.kind == VALUE_int && x.kind == VALUE_int) {
            bool less = x.as.integer < y.as.integer;
            y = (op == OP_min) == less ? x : y;
        } else {
            y = lift(s, args->span, &lifted, (Value[]){y, x}, 2);
        }
    }
    return y;
}

Value
numeric_fn_max(Script *s, const Args *args)
{
    return choose(s, args, "max", OP_max);
}

Value
numeric_fn_min(Script *s, const Args *args)
{
    return choose(s, args, "min", OP_min);
}

Value
numeric_fn_fma(Script *s, const Args *args)
{
    LiftOp op = {"fma", make_fma, NULL, true, false};
    return lift(s, args->span, &op, args->item, 3);
}

Value
numeric_fn_ifelse(Script *s, const Args *args)
{
    if (args->item[0].kind == VALUE_bool)
        return args->item[args->item[0].as.boolean ? 1 : 2];
    LiftOp op = {"ifelse", make_select, NULL, true, false};
    return lift(s, args->span, &op, args->item, 3);
}

/* ---- reductions ---- */

static bool
is_int_array(Value v)
{
    return v.kind == VALUE_array && (v.as.array->tensor->dtype == DTYPE_i64 ||
                                     v.as.array->tensor->dtype == DTYPE_bool);
}

/* Elements as script numbers, of Int and Bool arrays. */
static Value
int_at(const Tensor *t, int64_t i)
{
    return value_int(t->dtype == DTYPE_bool ? ((const uint8_t *)t->data)[i]
                                            : ((const int64_t *)t->data)[i]);
}

/* A list, or Ints: folded by an operator of the language. */
static bool
fold(Script *s, const Args *args, const char *op, Value *result)
{
    Value x = args->item[0] = lift_array(s, args->item[0]);
    bool list = x.kind == VALUE_list || x.kind == VALUE_tuple;
    if ((!list && !is_int_array(x)) || args->keys > 0)
        return false;
    int64_t count = numeric_length(s, x, -1, args->span);
    if (count == 0 && list)
        return false;
    *result = value_int(op[0] == '*');
    for (int64_t i = 0; i < count; i++) {
        Value v = list ? x.as.values->item[i] : int_at(x.as.array->tensor, i);
        *result = i == 0 ? v : numeric_binary(s, op, *result, v, args->span);
    }
    return true;
}

static Value
reduce(Script *s, const Args *args, const char *name, ReduceOp op)
{
    op.axes = args_axes(s, args);
    op.keep = op.axes != 0;
    LiftOp lifted = {name, make_reduce, &op, false, true};
    Value x = args->item[0];
    Value y = lift(s, args->span, &lifted, &x, 1);
    bool whole = is_int_array(lift_array(s, x)) && !op.mean;
    if (whole && y.kind == VALUE_array)
        return value_array(s, lift_tensor(s, y.as.array->tensor, DTYPE_i64));
    return whole ? value_int((int64_t)value_number(y)) : y;
}

Value
numeric_fn_sum(Script *s, const Args *args)
{
    Value y;
    if (fold(s, args, "+", &y))
        return y;
    return reduce(s, args, "sum", (ReduceOp){.op = OP_sum});
}

Value
numeric_fn_prod(Script *s, const Args *args)
{
    Value y;
    if (fold(s, args, "*", &y))
        return y;
    LiftOp op = {"prod", make_product_of_all, NULL, false, false};
    return lift(s, args->span, &op, args->item, 1);
}

Value
numeric_fn_mean(Script *s, const Args *args)
{
    return reduce(s, args, "mean", (ReduceOp){.op = OP_sum, .mean = true});
}

Value
numeric_fn_maximum(Script *s, const Args *args)
{
    return reduce(s, args, "maximum", (ReduceOp){.op = OP_maximum});
}

Value
numeric_fn_minimum(Script *s, const Args *args)
{
    return reduce(s, args, "minimum",
                  (ReduceOp){.op = OP_maximum, .negate = true});
}

Value
numeric_fn_argmax(Script *s, const Args *args)
{
    return reduce(s, args, "argmax", (ReduceOp){.op = OP_argmax});
}

Value
numeric_fn_argmin(Script *s, const Args *args)
{
    return reduce(s, args, "argmin",
                  (ReduceOp){.op = OP_argmax, .negate = true});
}

static Value
simple(Script *s, const Args *args, const char *name, LiftMake make,
       const void *extra)
{
    LiftOp op = {name, make, extra, false, false};
    return lift(s, args->span, &op, args->item, args->count);
}

/* The same; of Ints it gives Ints. */
static Value
simple_whole(Script *s, const Args *args, const char *name, LiftMake make)
{
    Value given[2];
    bool whole = true;
    for (size_t i = 0; i < args->count; i++) {
        given[i] = lift_array(s, args->item[i]);
        whole = whole && is_int_array(given[i]);
    }
    Value y = simple(s, args, name, make, NULL);
    if (!whole)
        return y;
    int64_t terms = tensor_count(given[0].as.array->tensor);
    return numeric_whole(s, given, args->count, terms, y, args->span);
}

Value
numeric_fn_cumsum(Script *s, const Args *args)
{
    return simple_whole(s, args, "cumsum", make_cumsum);
}

Value
numeric_fn_dot(Script *s, const Args *args)
{
    return simple_whole(s, args, "dot", make_dot);
}

Value
numeric_fn_batched_mul(Script *s, const Args *args)
{
    return simple(s, args, "batched_mul", make_matrices, NULL);
}

Value
numeric_fn_positions(Script *s, const Args *args)
{
    Value dims = value_int(1);
    args_key(args, "dims", &dims);
    int axis = (int)number_int(s, dims, "dims", 1, IR_RANK, args->span) - 1;
    return simple(s, args, "positions", make_positions, &axis);
}

Value
numeric_fn_batchsum(Script *s, const Args *args)
{
    bool mean = false;
    Value *x = args->item;
    if (s->graph != NULL && value_is_number(*x)) /* n times that */
        *x = value_node(ir_const(s->graph, s->trace->dtype, value_number(*x)));
    return simple(s, args, "batchsum", make_batchsum, &mean);
}

Value
numeric_fn_batchmean(Script *s, const Args *args)
{
    bool mean = true;
    return simple(s, args, "batchmean", make_batchsum, &mean);
}

/* ---- shapes ---- */

/* Shape functions keep an Int array an Int array. */
static Value
shaped(Script *s, Value x, Span span, const LiftOp *op, const Value *item,
       size_t count)
{
    Value y = lift(s, span, op, item, count);
    if (is_int_array(lift_array(s, x)) && y.kind == VALUE_array)
        return value_array(s, lift_tensor(s, y.as.array->tensor,
                                          x.kind == VALUE_array
                                              ? x.as.array->tensor->dtype
                                              : DTYPE_i64));
    return y;
}

Value
numeric_fn_reshape(Script *s, const Args *args)
{
    DimsOp dims = {0};
    const Value *item = args->item + 1;
    size_t count = args->count - 1;
    if (count == 1 && item[0].kind == VALUE_tuple) {
        count = item[0].as.values->count;
        item = item[0].as.values->item;
    }
    int open = 0;
    for (size_t i = 0; i < count && i < IR_RANK; i++) {
        bool colon = item[i].kind == VALUE_symbol;
        open += colon;
        dims.dim[dims.rank++] = colon
                                    ? -1
                                    : number_int(s, item[i], "a length", 0,
                                                 INT64_C(1) << 40, args->span);
    }
    if (count > IR_RANK - 1 || open > 1)
        script_fail(s, DIAG_rank, args->span, NULL,
                    "reshape wants at most %d lengths, one of them `:`",
                    IR_RANK - 1);
    LiftOp op = {"reshape", make_reshape, &dims, false, true};
    return shaped(s, args->item[0], args->span, &op, args->item, 1);
}

Value
numeric_fn_flatten(Script *s, const Args *args)
{
    DimsOp dims = {.rank = 1, .dim = {-1}};
    LiftOp op = {"flatten", make_reshape, &dims, false, true};
    return shaped(s, args->item[0], args->span, &op, args->item, 1);
}

Value
numeric_fn_transpose(Script *s, const Args *args)
{
    return numeric_unary(s, "'", args->item[0], args->span);
}

Value
numeric_fn_permutedims(Script *s, const Args *args)
{
    int64_t order[IR_RANK];
    DimsOp dims = {.rank = args_dims(s, args, 1, order)};
    for (int i = 0; i < dims.rank; i++)
        dims.dim[i] = order[i];
    LiftOp op = {"permutedims", make_permute, &dims, false, true};
    return shaped(s, args->item[0], args->span, &op, args->item, 1);
}

/* The element type of what is joined where all are Ints or truth values, else
 * DTYPES.
 */
static DType
joined_type(Script *s, const Value *item, size_t count)
{
    DType type = DTYPE_bool;
    for (size_t i = 0; i < count; i++) {
        Value v = lift_array(s, item[i]);
        if (v.kind == VALUE_int ||
            (v.kind == VALUE_array && v.as.array->tensor->dtype == DTYPE_i64))
            type = DTYPE_i64;
        else if (v.kind != VALUE_bool &&
                 !(v.kind == VALUE_array &&
                   v.as.array->tensor->dtype == DTYPE_bool))
            return DTYPES;
    }
    return type;
}

static Value
joined(Script *s, const Args *args, int axis)
{
    LiftOp op = {"cat", make_concat, &axis, false, true};
    Value all = args->item[0];
    if (args->count == 1)
        all = lift(s, args->span, &op, &all, 1);
    for (size_t i = 1; i < args->count; i++) {
        Value pair[2] = {all, args->item[i]};
        all = lift(s, args->span, &op, pair, 2);
    }
    DType type = joined_type(s, args->item, args->count);
    if (type == DTYPES || all.kind != VALUE_array)
        return all;
    return value_array(s, lift_tensor(s, all.as.array->tensor, type));
}

Value
numeric_fn_vcat(Script *s, const Args *args)
{
    return joined(s, args, 0);
}

Value
numeric_fn_hcat(Script *s, const Args *args)
{
    return joined(s, args, 1);
}

Value
numeric_fn_cat(Script *s, const Args *args)
{
    Value dims = value_int(1);
    args_key(args, "dims", &dims);
    return joined(s, args,
                  (int)number_int(s, dims, "dims", 1, IR_RANK - 1, args->span) -
                      1);
}

Value
numeric_fn_reverse(Script *s, const Args *args)
{
    Value x = args->item[0];
    if (x.kind == VALUE_list || x.kind == VALUE_tuple) {
        const Values *v = x.as.values;
        Value *item = ARENA_ARRAY(&s->context->arena, Value, v->count);
        for (size_t i = 0; i < v->count; i++)
            item[i] = v->item[v->count - 1 - i];
        return x.kind == VALUE_list ? value_list(s, item, v->count)
                                    : value_tuple(s, item, v->count);
    }
    Value dims;
    int axis = -1;
    if (args_key(args, "dims", &dims))
        axis = (int)number_int(s, dims, "dims", 1, IR_RANK, args->span) - 1;
    LiftOp op = {"reverse", make_reverse, &axis, false, true};
    return shaped(s, x, args->span, &op, args->item, 1);
}
