/* Numbers and scalar expressions in C. */
#include "emit/c/c_print.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *
c_type(DType dtype)
{
    switch (dtype) {
    case DTYPE_f32:
        return "float";
    case DTYPE_f64:
        return "double";
    case DTYPE_i32:
        return "int32_t";
    case DTYPE_u32:
        return "uint32_t";
    case DTYPE_bool:
        return "uint8_t";
    case DTYPE_i64:
    case DTYPES:
        break;
    }
    return "int64_t";
}

const char *
c_suffix(DType dtype)
{
    return dtype == DTYPE_f64 ? "f64" : "f32";
}

/* The shortest decimal that reads back as the number. */
const char *
c_number(Arena *arena, DType dtype, double value)
{
    char text[64];
    bool single = dtype == DTYPE_f32;
    if (dtype == DTYPE_u32)
        return arena_printf(arena, "%.0fu", value);
    if (dtype == DTYPE_i32 && value <= -2147483648.0)
        return "INT32_MIN";
    if (!dtype_real(dtype))
        return arena_printf(arena, "%.0f", value);
    if (isnan(value))
        return single ? "NAN" : "(double)NAN";
    if (isinf(value) && single)
        return value > 0 ? "INFINITY" : "-INFINITY";
    if (isinf(value))
        return value > 0 ? "HUGE_VAL" : "-HUGE_VAL";
    /* A whole number of few digits has no exponent. */
    bool whole = value == trunc(value) && fabs(value) < 1e6;
    for (int digits = whole ? 6 : 1; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, value);
        if (single ? strtof(text, NULL) == (float)value
                   : strtod(text, NULL) == value)
            break;
    }
    const char *point = strpbrk(text, ".e") == NULL ? ".0" : "";
    return arena_printf(arena, "%s%s%s", text, point, single ? "f" : "");
}

const char *
c_at_least(Printer *printer, Expr expr, Prec prec)
{
    if (expr.prec >= prec)
        return expr.text;
    return arena_printf(printer->arena, "(%s)", expr.text);
}

/* Which operands of an operation may stand beside it without parentheses. */
static Prec
operand_prec(Op op, int operand)
{
    Prec own = PREC_primary;
    if (op == OP_add || op == OP_sub)
        own = PREC_add;
    else if (op == OP_mul || op == OP_div)
        own = PREC_multiply;
    else if (op == OP_max || op == OP_min)
        return PREC_compare + 1;
    else if (op == OP_neg || op == OP_not)
        return PREC_primary;
    else if (op_info[op].class == CLASS_COMPARE)
        return PREC_add;
    else
        return PREC_ternary;
    return operand == 0 ? own : own + 1;
}

static Prec
op_prec(Op op)
{
    if (op == OP_add || op == OP_sub)
        return PREC_add;
    if (op == OP_mul || op == OP_div)
        return PREC_multiply;
    if (op == OP_max || op == OP_min)
        return PREC_ternary;
    if (op == OP_neg || op == OP_not)
        return PREC_unary;
    if (op == OP_eq || op == OP_ne)
        return PREC_equal;
    if (op_info[op].class == CLASS_COMPARE)
        return PREC_compare;
    return PREC_primary;
}

/* The scalar text of ops.def with its operands put in. */
static const char *
op_text(Printer *printer, const Value *value, const char *const *operand)
{
    const char *text = "";
    for (const char *p = op_info[value->op].text; *p != 0; p++) {
        if (*p == '%' && p[1] >= 'a' && p[1] <= 'c') {
            text =
                arena_printf(printer->arena, "%s%s", text, operand[p[1] - 'a']);
            p++;
        } else if (*p == '%' && (p[1] == '(' || p[1] == '[')) {
            if ((value->dtype == DTYPE_f32 || p[1] == '[') &&
                printer->isa != NULL && !printer->calls)
                text = arena_printf(printer->arena, "%s_isa(%s, ", text,
                                    printer->isa);
            else
                text = arena_printf(printer->arena, "%s(", text);
            p++;
        } else if (*p == '@') {
            if (value->dtype == DTYPE_f32)
                text = arena_printf(printer->arena, "%sf", text);
        } else {
            const size_t more = strcspn(p + 1, "%@");
            text =
                arena_printf(printer->arena, "%s%.*s", text, (int)more + 1, p);
            p += more;
        }
    }
    return text;
}

/* Whether f(a, b) is as f(x < y, z > w), which clang-format takes for a
 * template's arguments.
 */
static bool
like_template(Expr a, Expr b)
{
    return a.prec == PREC_compare && b.prec == PREC_compare &&
           strstr(a.text, " < ") != NULL && strstr(b.text, " > ") != NULL;
}

/* Integers wrap: their sums are of unsigned numbers. */
static Expr
integer_compute(Printer *printer, const Value *value)
{
    Arena *arena = printer->arena;
    bool sign = value->dtype == DTYPE_i32;
    const char *text[2] = {"0u", ""};
    for (int i = 0; i < value->operands && i < 2; i++) {
        const Value *from = &printer->s->value.item[value->operand[i]];
        Expr expr = c_value(printer, value->operand[i]);
        text[i] = c_at_least(printer, expr, PREC_primary);
        if (sign && from->kind == VALUE_const && from->number >= 0)
            text[i] = arena_printf(arena, "%su", expr.text);
        else if (sign && value->op != OP_sign)
            text[i] = arena_printf(arena, "(uint32_t)%s", text[i]);
    }
    const char *a = text[0];
    const char *result;
    if (value->op == OP_neg)
        result = arena_printf(arena, "0u - %s", a);
    else if (value->op == OP_abs && sign)
        result = arena_printf(arena, "%s >> 31 != 0 ? 0u - %s : %s", a, a, a);
    else if (value->op == OP_abs)
        result = a;
    else if (value->op == OP_sign && sign)
        result = arena_printf(arena, "(%s > 0) - (%s < 0)", a, a);
    else if (value->op == OP_sign)
        result = arena_printf(arena, "%s > 0", a);
    else
        result = arena_printf(arena, "%s %s %s", a,
                              value->op == OP_add   ? "+"
                              : value->op == OP_sub ? "-"
                                                    : "*",
                              text[1]);
    if (!sign && value->op != OP_sign)
        return (Expr){result, PREC_ternary};
    return (Expr){arena_printf(arena, "(%s)(%s)", c_type(value->dtype), result),
                  PREC_unary};
}

static Expr
cast_compute(Printer *printer, const Value *value)
{
    const Value *from = &printer->s->value.item[value->operand[0]];
    Expr expr = c_value(printer, value->operand[0]);
    DType to = value->dtype;
    if (from->dtype == to)
        return expr;
    if (to == DTYPE_bool)
        return (Expr){arena_printf(printer->arena, "%s != 0",
                                   c_at_least(printer, expr, PREC_compare)),
                      PREC_equal};
    bool whole = to == DTYPE_i32 || to == DTYPE_u32;
    if (whole && dtype_real(from->dtype))
        return (Expr){arena_printf(printer->arena, "flux_%s_to_%s(%s)",
                                   c_suffix(from->dtype),
                                   to == DTYPE_i32 ? "i32" : "u32", expr.text),
                      PREC_primary};
    if (whole && from->dtype != DTYPE_bool)
        return (Expr){arena_printf(printer->arena, "flux_f64_to_%s((double)%s)",
                                   to == DTYPE_i32 ? "i32" : "u32",
                                   c_at_least(printer, expr, PREC_unary)),
                      PREC_primary};
    return (Expr){arena_printf(printer->arena, "(%s)%s", c_type(to),
                               c_at_least(printer, expr, PREC_unary)),
                  PREC_unary};
}

static Expr
map_compute(Printer *printer, const Value *value)
{
    static const Op wrap[] = {OP_add, OP_sub, OP_mul, OP_neg, OP_abs, OP_sign};
    const char *operand[3] = {"", "", ""};
    if (value->op == OP_cast)
        return cast_compute(printer, value);
    if (value->op == OP_select)
        return c_select(printer, value);
    bool whole = value->dtype == DTYPE_i32 || value->dtype == DTYPE_u32;
    for (size_t i = 0; whole && i < sizeof wrap / sizeof *wrap; i++) {
        if (value->op == wrap[i])
            return integer_compute(printer, value);
    }
    if (value->op == OP_stop)
        return c_value(printer, value->operand[0]);
    Expr expr = {0};
    for (int i = 0; i < value->operands; i++) {
        Expr before = expr;
        expr = c_value(printer, value->operand[i]);
        operand[i] = c_at_least(printer, expr, operand_prec(value->op, i));
        if (op_prec(value->op) == PREC_primary && like_template(before, expr))
            operand[i - 1] = c_at_least(printer, before, PREC_primary);
    }
    return (Expr){op_text(printer, value, operand), op_prec(value->op)};
}

const char *
c_order(Order order)
{
    switch (order) {
    case ORDER_split4:
        return "FLUX_SPLIT4";
    case ORDER_tree16:
        return "FLUX_TREE16";
    case ORDER_none:
    case ORDER_seq:
        break;
    }
    return "FLUX_SEQ";
}

/* Whether a sum or a maximum of so many terms is a call: of many side by side,
 * where a body knows its instruction set. */
static bool
row_calls(const Printer *printer, const Value *value, Dim count, Dim stride)
{
    enum { MANY = 32 };
    bool maximum = value->op == OP_maximum;
    if (value->op == OP_mul)
        return true;
    return printer->isa != NULL && (!dim_known(count) || count >= MANY) &&
           (maximum || (value->order == ORDER_tree16 && stride == 1));
}

static Expr
sum_compute(Printer *printer, const Value *value)
{
    Schedule *s = printer->s;
    Affine at = value->at;
    Dim stride;
    bool maximum = value->op == OP_maximum;
    if ((maximum || value->order == ORDER_tree16) && cuda_shares(printer))
        return (Expr){cuda_lanes_sum(printer, value), PREC_primary};
    int key = schedule_key(s, value->sum_var);
    affine_factor(s, &at, key, &stride);
    affine_drop(s, &at, key);
    Dim count = s->var.item[schedule_var(s, value->sum_var)].extent;
    const char *suffix = c_suffix(value->dtype);
    const char *what = maximum               ? "maximum"
                       : value->op == OP_mul ? "squares"
                                             : "sum";
    const char *isa = printer->isa != NULL ? printer->isa : "flux_best_isa()";
    const char *terms =
        arena_printf(printer->arena, "%s, %s", c_dim(printer, count).text,
                     c_pointer(printer, value->buffer, &at));
    const char *text;
    if (row_calls(printer, value, count, stride))
        text = arena_printf(printer->arena, "flux_row_%s_%s(%s, %s)", what,
                            suffix, isa, terms);
    else if (maximum)
        text =
            arena_printf(printer->arena, "flux_maximum_%s(%s)", suffix, terms);
    else
        text = arena_printf(printer->arena, "flux_sum_%s(%s, %s, %s)", suffix,
                            c_order(value->order), terms,
                            c_dim(printer, stride == 0 ? 1 : stride).text);
    return (Expr){text, PREC_primary};
}

static Expr
join_compute(Printer *printer, const Value *value)
{
    const Accumulator *acc = &printer->s->accumulator.item[value->accumulator];
    const char *name = printer->accumulator[value->accumulator];
    if (acc->lanes == 1)
        return (Expr){name, PREC_primary};
    return (Expr){arena_printf(printer->arena, "flux_join_%s(%s, %s)",
                               c_suffix(acc->dtype),
                               acc->lanes == 4 ? "FLUX_SPLIT4" : "FLUX_TREE16",
                               name),
                  PREC_primary};
}

/* table[row + rows * flux_index(index, columns)] */
static Expr
gather_compute(Printer *printer, const Value *value)
{
    Schedule *s = printer->s;
    int var = schedule_var(s, value->sum_var);
    const char *index =
        arena_printf(printer->arena, "flux_index(%s, %s)",
                     c_value(printer, value->operand[0]).text,
                     c_dim(printer, s->var.item[var].extent).text);
    const char *before = printer->var[var];
    printer->var[var] = index;
    const char *text = c_load(printer, value->buffer, &value->at);
    printer->var[var] = before;
    return (Expr){text, PREC_primary};
}

static Expr
random_compute(Printer *printer, const Value *value)
{
    const char *step = "";
    if (value->op == OP_draw)
        step = arena_printf(printer->arena, "%s, ",
                            c_value(printer, value->operand[0]).text);
    const char *text = arena_printf(printer->arena, "flux_%s(%s, %llu, %s%s)",
                                    op_info[value->op].name, printer->seed,
                                    (unsigned long long)value->stream, step,
                                    c_affine(printer, &value->at).text);
    if (value->dtype == DTYPE_f64)
        return (Expr){text, PREC_primary};
    return (Expr){
        arena_printf(printer->arena, "(%s)%s", c_type(value->dtype), text),
        PREC_unary};
}

/* A size or index as a number of the value's type. */
static Expr
count_compute(Printer *printer, const Value *value, Expr count)
{
    return (Expr){arena_printf(printer->arena, "(%s)%s", c_type(value->dtype),
                               c_at_least(printer, count, PREC_unary)),
                  PREC_unary};
}

Expr
c_compute(Printer *printer, int v)
{
    const Value *value = &printer->s->value.item[v];
    switch (value->kind) {
    case VALUE_const: {
        const char *text =
            c_number(printer->arena, value->dtype, value->number);
        return (Expr){text, *text == '-' ? PREC_unary : PREC_primary};
    }
    case VALUE_extent:
        if (dim_known(value->extent))
            return (Expr){
                c_number(printer->arena, value->dtype, (double)value->extent),
                PREC_primary};
        return count_compute(printer, value, c_dim(printer, value->extent));
    case VALUE_index:
        return count_compute(printer, value, c_affine(printer, &value->at));
    case VALUE_load:
        return (Expr){c_load(printer, value->buffer, &value->at), PREC_primary};
    case VALUE_guard:
        return c_guard(printer, value);
    case VALUE_random:
        return random_compute(printer, value);
    case VALUE_map:
        return map_compute(printer, value);
    case VALUE_join:
        return join_compute(printer, value);
    case VALUE_sum:
        return sum_compute(printer, value);
    case VALUE_gather:
        return gather_compute(printer, value);
    }
    return (Expr){"0", PREC_primary};
}

Expr
c_value(Printer *printer, int v)
{
    if (printer->value[v] != NULL)
        return (Expr){printer->value[v], PREC_primary};
    return c_compute(printer, v);
}
