/* The numeric functions of numeric.def: windows and what is made of them. */
#include "script/array/args.h"
#include "script/array/number.h"
#include "script/array/numeric_functions.h"
#include "script/array/numeric_make.h"

/* A keyword that is a number for all axes or a tuple of one for each. */
static void
key_per_axis(Script *s, const Args *args, const char *name, int axes,
             int64_t *number)
{
    Value v = value_int(1);
    args_key(args, name, &v);
    if (v.kind == VALUE_tuple && v.as.values->count != (size_t)axes)
        script_fail(s, DIAG_value, args->span, NULL,
                    "%s has %zu numbers for %d axes", name, v.as.values->count,
                    axes);
    for (int i = 0; i < axes; i++)
        number[i] =
            number_int(s, v.kind == VALUE_tuple ? v.as.values->item[i] : v,
                       name, 1, INT32_MAX, args->span);
}

static WindowOp
window_op(Script *s, const Args *args)
{
    WindowOp op = {.axes = args_dims(s, args, 1, op.size)};
    for (int i = 0; i < op.axes; i++)
        if (op.size[i] < 1 || op.size[i] > INT32_MAX)
            script_fail(s, DIAG_value, args->span, NULL,
                        "a window has a length from 1 on, not %lld",
                        (long long)op.size[i]);
    key_per_axis(s, args, "stride", op.axes, op.stride);
    key_per_axis(s, args, "dilation", op.axes, op.dilation);
    return op;
}

Value
numeric_fn_windows(Script *s, const Args *args)
{
    WindowOp op = window_op(s, args);
    LiftOp lifted = {"windows", make_windows, &op, false, false};
    return lift(s, args->span, &lifted, args->item, 1);
}

Value
numeric_fn_overlap(Script *s, const Args *args)
{
    WindowOp op = window_op(s, args);
    LiftOp lifted = {"overlap", make_overlap, &op, false, false};
    return lift(s, args->span, &lifted, args->item, 1);
}

Value
numeric_fn_padzeros(Script *s, const Args *args)
{
    PadOp op = {.axes = (int)args->count - 1};
    if (op.axes > IR_RANK - 1)
        script_fail(s, DIAG_rank, args->span, NULL,
                    "an array has at most %d axes", IR_RANK - 1);
    for (int i = 0; i < op.axes; i++) {
        Value v = args->item[i + 1];
        bool pair = v.kind == VALUE_tuple && v.as.values->count == 2;
        const Value *item = pair ? v.as.values->item : &v;
        op.before[i] =
            number_int(s, item[0], "padding", 0, INT32_MAX, args->span);
        op.after[i] = number_int(s, item[pair ? 1 : 0], "padding", 0, INT32_MAX,
                                 args->span);
    }
    LiftOp lifted = {"padzeros", make_padzeros, &op, false, false};
    return lift(s, args->span, &lifted, args->item, 1);
}

Value
numeric_fn_contract(Script *s, const Args *args)
{
    Value paired = value_int(0);
    args_key(args, "paired", &paired);
    ContractOp op = {
        .axes = (int)number_int(s, args->item[2], "the number of summed axes",
                                0, IR_RANK, args->span),
        .paired = (int)number_int(s, paired, "paired", 0, IR_RANK, args->span)};
    LiftOp lifted = {"contract", make_contract, &op, false, false};
    return lift(s, args->span, &lifted, args->item, 2);
}
