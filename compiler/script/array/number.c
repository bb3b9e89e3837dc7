/* Arithmetic of script numbers: see number.h. */
#include "script/array/number.h"

#include "kernels/flux_math.h"
#include "script/array/lift.h"
#include "script/array/numeric.h"

#include <math.h>
#include <string.h>

static _Noreturn void
number_undefined(Script *s, const char *op, Value a, Value b, Span span)
{
    script_fail(s, DIAG_value, span, NULL, "`%s` is not defined for %s and %s",
                op, value_kind_name(a), value_kind_name(b));
}

static _Noreturn void
number_overflow(Script *s, Span span)
{
    script_fail(s, DIAG_number, span, "write a float, as in 2.0^100",
                "the result does not fit into an Int of 64 bits");
}

static int64_t
int_of(Value v)
{
    return v.kind == VALUE_bool ? v.as.boolean : v.as.integer;
}

static int64_t
int_power(Script *s, int64_t a, int64_t n, Span span)
{
    int64_t y = 1;
    for (; n > 0; n >>= 1) {
        if ((n & 1) && __builtin_mul_overflow(y, a, &y))
            number_overflow(s, span);
        if (n > 1 && __builtin_mul_overflow(a, a, &a))
            number_overflow(s, span);
    }
    return y;
}

/* Floored or truncated quotients are not the same: ÷ and % truncate. */
static int64_t
int_divide(Script *s, const char *op, int64_t a, int64_t b, Span span)
{
    if (b == 0)
        script_fail(s, DIAG_value, span, NULL, "%lld %s 0: division by zero",
                    (long long)a, op);
    if (b == -1) {
        if (op[0] == '%')
            return 0;
        if (a == INT64_MIN)
            number_overflow(s, span);
        return -a;
    }
    return op[0] == '%' ? a % b : a / b;
}

/* A comparison by its spelling; -1 where op is none. */
static int
compare(const char *op, double a, double b)
{
    if (strcmp(op, "<") == 0)
        return a < b;
    if (strcmp(op, "<=") == 0 || strcmp(op, "≤") == 0)
        return a <= b;
    if (strcmp(op, ">") == 0)
        return a > b;
    if (strcmp(op, ">=") == 0 || strcmp(op, "≥") == 0)
        return a >= b;
    return -1;
}

static int
compare_ints(const char *op, int64_t a, int64_t b)
{
    return compare(op, a < b ? -1 : a > b, 0);
}

static Value
int_binary(Script *s, const char *op, int64_t a, int64_t b, Span span)
{
    int64_t y = 0;
    int truth = compare_ints(op, a, b);
    if (truth >= 0)
        return value_bool(truth);
    if (strcmp(op, "÷") == 0 || op[0] == '%')
        return value_int(int_divide(s, op, a, b, span));
    if (op[0] == '/')
        return value_float((double)a / (double)b);
    if (op[0] == '\\')
        return value_float((double)b / (double)a);
    if (op[0] == '^')
        return b >= 0 ? value_int(int_power(s, a, b, span))
                      : value_float(flux_pow((double)a, (double)b));
    bool fits = op[0] == '+'   ? !__builtin_add_overflow(a, b, &y)
                : op[0] == '-' ? !__builtin_sub_overflow(a, b, &y)
                               : !__builtin_mul_overflow(a, b, &y);
    if (!fits)
        number_overflow(s, span);
    return value_int(y);
}

/* x^n, with the products that a model makes of a whole exponent. */
static double
float_power(double x, double n)
{
    if (n == 0.5)
        return sqrt(x);
    if (n == 0 || n != floor(n) || fabs(n) > 64)
        return flux_pow(x, n);
    double y = 1;
    bool first = true;
    int k = (int)fabs(n);
    for (double square = x; k > 0; k >>= 1, square = square * square)
        if (k & 1) {
            y = first ? square : y * square;
            first = false;
        }
    return n > 0 ? y : 1 / y;
}

static double
float_binary(const char *op, double a, double b)
{
    if (strcmp(op, "÷") == 0)
        return trunc(a / b);
    switch (op[0]) {
    case '+':
        return a + b;
    case '-':
        return a - b;
    case '/':
        return a / b;
    case '\\':
        return b / a;
    case '%':
        return fmod(a, b);
    case '^':
        return float_power(a, b);
    default:
        return a * b;
    }
}

/* The same in Float32: each operation rounds once. */
static Value
float32_binary(const char *op, double a, double b)
{
    float y = op[0] == '^' ? flux_powf((float)a, (float)b)
                           : (float)float_binary(op, a, b);
    return (Value){.kind = VALUE_float32, .as.number = (double)y};
}

static bool
is_arithmetic(const char *op)
{
    return strlen(op) == 1 ? strchr("+-*/\\%^", op[0]) != NULL
                           : strcmp(op, "÷") == 0 || strcmp(op, "⋅") == 0;
}

bool
number_equal(Value a, Value b)
{
    bool whole_a = a.kind == VALUE_int || a.kind == VALUE_bool;
    bool whole_b = b.kind == VALUE_int || b.kind == VALUE_bool;
    if (whole_a && whole_b)
        return int_of(a) == int_of(b);
    return value_number(a) == value_number(b);
}

Value
number_binary(Script *s, const char *op, Value a, Value b, Span span)
{
    if (strcmp(op, "==") == 0 || strcmp(op, "===") == 0)
        return value_bool(number_equal(a, b));
    if (strcmp(op, "!=") == 0 || strcmp(op, "≠") == 0 || strcmp(op, "!==") == 0)
        return value_bool(!number_equal(a, b));
    if (strcmp(op, "≈") == 0 || strcmp(op, "≉") == 0)
        return value_bool(numeric_close(s, a, b, -1, 0, span) ==
                          (strcmp(op, "≈") == 0));
    if (a.kind == VALUE_bool && b.kind == VALUE_bool) {
        if (strcmp(op, "&") == 0)
            return value_bool(a.as.boolean && b.as.boolean);
        if (strcmp(op, "|") == 0)
            return value_bool(a.as.boolean || b.as.boolean);
    }
    bool whole = (a.kind == VALUE_int || a.kind == VALUE_bool) &&
                 (b.kind == VALUE_int || b.kind == VALUE_bool);
    double x = value_number(a);
    double y = value_number(b);
    int truth = compare(op, x, y);
    if (truth >= 0)
        return whole ? value_bool(compare_ints(op, int_of(a), int_of(b)))
                     : value_bool(truth);
    if (!is_arithmetic(op))
        number_undefined(s, op, a, b, span);
    if (whole)
        return int_binary(s, op, int_of(a), int_of(b), span);
    bool wide = a.kind == VALUE_float || b.kind == VALUE_float;
    return wide ? value_float(float_binary(op, x, y))
                : float32_binary(op, x, y);
}

Value
number_negate(Script *s, Value a, Span span)
{
    if (a.kind == VALUE_int || a.kind == VALUE_bool)
        return int_binary(s, "-", 0, int_of(a), span);
    a.as.number = -a.as.number;
    return a;
}

/* Element i of an Int array or an Int, by the index of a result of shape. */
static int64_t
int_element(const Tensor *t, const Tensor *result, int64_t i)
{
    int64_t at = 0;
    int64_t stride = 1;
    for (int k = 0; k < result->rank; k++) {
        int64_t index = i % result->dim[k];
        i /= result->dim[k];
        if (k < t->rank) {
            at += t->dim[k] == 1 ? 0 : index * stride;
            stride *= t->dim[k];
        }
    }
    return ((const int64_t *)t->data)[at];
}

static const Tensor *
int_tensor(Script *s, Value v)
{
    if (v.kind == VALUE_array)
        return v.as.array->tensor;
    Tensor *t = lift_new_tensor(s, DTYPE_i64, 0, NULL, s->span);
    *(int64_t *)t->data = v.as.integer;
    return t;
}

Value
number_int_arrays(Script *s, const char *op, Value a, Value b, bool dotted,
                  Span span)
{
    const Tensor *x = int_tensor(s, a);
    const Tensor *y = int_tensor(s, b);
    int rank = x->rank > y->rank ? x->rank : y->rank;
    int64_t dim[IR_RANK] = {0};
    bool fits = true;
    for (int i = 0; i < rank; i++) {
        int64_t dx = i < x->rank ? x->dim[i] : 1;
        int64_t dy = i < y->rank ? y->dim[i] : 1;
        fits = fits && (dx == dy || dx == 1 || dy == 1);
        dim[i] = dx == 1 ? dy : dx;
    }
    bool spreads = x->rank > 0 && y->rank > 0;
    for (int i = 0; !dotted && spreads && i < rank; i++)
        fits = fits && x->rank == y->rank && x->dim[i] == y->dim[i];
    if (!fits)
        script_fail(s, DIAG_shape, span, NULL, "shapes do not fit: %s %s %s",
                    value_shape_text(s, a), op, value_shape_text(s, b));
    Tensor *t = lift_new_tensor(s, DTYPE_i64, rank, dim, span);
    int64_t count = tensor_count(t);
    for (int64_t i = 0; i < count; i++) {
        Value v =
            int_binary(s, op, int_element(x, t, i), int_element(y, t, i), span);
        ((int64_t *)t->data)[i] = v.as.integer;
    }
    return value_array(s, t);
}

bool
number_fits(DType type, Value v)
{
    double x = value_number(v);
    if (type == DTYPE_bool)
        return x == 0 || x == 1;
    return dtype_real(type) || v.kind == VALUE_int ||
           (x == floor(x) && fabs(x) < 0x1p63);
}

int64_t
number_int(Script *s, Value v, const char *what, int64_t low, int64_t high,
           Span span)
{
    bool whole = v.kind == VALUE_int ||
                 (v.kind == VALUE_float && v.as.number == floor(v.as.number) &&
                  fabs(v.as.number) < 0x1p62);
    if (!whole)
        script_fail(s, DIAG_value, span, NULL, "%s is an Int, not %s", what,
                    value_kind_name(v));
    int64_t n = v.kind == VALUE_int ? v.as.integer : (int64_t)v.as.number;
    if (n < low || n > high)
        script_fail(s, DIAG_value, span, NULL,
                    "%s is %lld; it lies between "
                    "%lld and %lld",
                    what, (long long)n, (long long)low, (long long)high);
    return n;
}

void
number_store(Tensor *t, int64_t i, Value v)
{
    if (t->dtype == DTYPE_i64 && v.kind == VALUE_int)
        ((int64_t *)t->data)[i] = v.as.integer;
    else
        tensor_set(t, i, value_number(v));
}
