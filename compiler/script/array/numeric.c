/* The operators of the language on values of all kinds: numbers here, arrays
 * and traced values through lift(), Ints in 64 bit without a graph.
 */
#include "script/array/numeric.h"

#include "script/array/number.h"
#include "script/array/numeric_make.h"
#include "script/array/seq.h"
#include "script/array/trace.h"

#include <math.h>
#include <string.h>

/* One operator: how arrays compute it. */
typedef struct {
    const char *name; /* without its dot */
    Op op;
    bool ints;    /* Ints give Int */
    bool compare; /* gives truth values */
} Operator;

static const Operator operators[] = {
    {"+", OP_add, true, false},  {"-", OP_sub, true, false},
    {"*", OP_mul, true, false},  {"/", OP_div, false, false},
    {"^", OP_pow, false, false}, {"==", OP_eq, true, true},
    {"!=", OP_ne, true, true},   {"≠", OP_ne, true, true},
    {"<", OP_lt, true, true},    {"<=", OP_le, true, true},
    {"≤", OP_le, true, true},    {">", OP_gt, true, true},
    {">=", OP_ge, true, true},   {"≥", OP_ge, true, true},
    {"&", OP_and, false, true},  {"|", OP_or, false, true},
    {"%", OP_sub, true, false},  {"÷", OP_div, true, false},
    {"⋅", OP_mul, true, false},
};

static const Operator *
operator_find(const char *name)
{
    for (size_t i = 0; i < sizeof operators / sizeof operators[0]; i++)
        if (strcmp(operators[i].name, name) == 0)
            return &operators[i];
    return NULL;
}

static _Noreturn void
operator_undefined(Script *s, const char *op, Value a, Value b, Span span)
{
    const char *hint = NULL;
    if (a.kind == VALUE_builtin || a.kind == VALUE_function ||
        b.kind == VALUE_builtin || b.kind == VALUE_function)
        hint = "a function is called with its arguments: f(x)";
    script_fail(s, DIAG_value, span, hint, "`%s` is not defined for %s and %s",
                op, value_kind_name(a), value_kind_name(b));
}

static bool
is_numeric(Value v)
{
    return value_is_number(v) || v.kind == VALUE_array ||
           v.kind == VALUE_batch || v.kind == VALUE_seq ||
           v.kind == VALUE_range || v.kind == VALUE_node ||
           v.kind == VALUE_opaque;
}

static bool
is_int_array(Value v)
{
    return v.kind == VALUE_int ||
           (v.kind == VALUE_array && v.as.array->tensor->dtype == DTYPE_i64);
}

Value
numeric_whole(Script *s, const Value *given, size_t count, int64_t terms,
              Value y, Span span)
{
    if (y.kind == VALUE_node) /* of parameters, in a trace */
        return y;
    double most = (double)terms;
    for (size_t i = 0; i < count; i++) {
        const Tensor *t = given[i].as.array->tensor;
        double largest = 0;
        for (int64_t k = 0; k < tensor_count(t); k++)
            largest = fmax(largest, fabs(tensor_get(t, k)));
        most *= largest;
    }
    if (most >= 9007199254740992) /* 2^53 */
        script_fail(s, DIAG_number, span, "begin with floats, as in 1.0",
                    "the result may be too large for exact Ints");
    if (y.kind != VALUE_array)
        return value_int((int64_t)value_number(y));
    Value whole = value_array(s, lift_tensor(s, y.as.array->tensor, DTYPE_i64));
    whole.row = y.row;
    return whole;
}

/* An input of unknown shape in a product binds to the other operand. */
static void
product_bind(Script *s, Value a, Value b, Span span)
{
    Value known = a.kind == VALUE_opaque ? b : a;
    bool left = a.kind == VALUE_opaque;
    if (known.kind != VALUE_array && known.kind != VALUE_node)
        return;
    Ref ref = known.kind == VALUE_node ? known.as.node : trace_array(s, known);
    const Node *n = ir_node(s->graph, ref);
    Value opaque = left ? a : b;
    if (n->rank == 2)
        trace_bind(s, opaque.as.opaque, 1, left ? &n->dim[0] : &n->dim[1]);
    if (n->rank == 1)
        script_fail(s, DIAG_annotate, span,
                    "annotate the input with its shape, as in x::[784]",
                    "a vector in `*` does not fix the input's shape");
}

/* The elements of the smaller of two arrays: no product sums more terms. */
static int64_t
min_count(Value a, Value b)
{
    int64_t x = tensor_count(a.as.array->tensor);
    int64_t y = tensor_count(b.as.array->tensor);
    return x < y ? x : y;
}

static Value
numeric_times(Script *s, Value a, Value b, Span span)
{
    if (a.kind == VALUE_opaque || b.kind == VALUE_opaque)
        product_bind(s, a, b, span);
    if (value_is_number(a) || value_is_number(b)) {
        static const MapOp map = {.op = OP_mul};
        LiftOp op = {"*", make_map, &map, true, true};
        Value y = lift(s, span, &op, (Value[]){a, b}, 2);
        y.row = a.row || b.row;
        return y;
    }
    a = lift_array(s, a);
    b = lift_array(s, b);
    ProductOp product = {.row_a = a.row, .row_b = b.row};
    LiftOp op = {"*", make_product, &product, false, false};
    if (a.kind == VALUE_opaque || b.kind == VALUE_opaque) {
        static const MapOp map = {.op = OP_mul};
        LiftOp scalar = {"*", make_map, &map, true, true};
        return lift(s, span, &scalar, (Value[]){a, b}, 2);
    }
    Value y = lift(s, span, &op, (Value[]){a, b}, 2);
    y.row = a.row && !b.row && (y.kind == VALUE_array || y.kind == VALUE_node);
    if (!is_int_array(a) || !is_int_array(b))
        return y;
    int64_t terms = min_count(a, b);
    return numeric_whole(s, (Value[]){a, b}, 2, terms, y, span);
}

/* Operators whose plain form arrays do not have. */
static void
require_dot(Script *s, const char *op, Value a, Value b, Span span)
{
    Dim dim[IR_RANK];
    bool array_a = trace_shape(s, a, dim) != 0;
    bool array_b = trace_shape(s, b, dim) != 0;
    const Context *c = s->context;
    bool divide = strcmp(op, "/") == 0;
    if (divide ? array_a && array_b && !a.row : array_a || array_b)
        script_fail(s, DIAG_value, span,
                    arena_printf((Arena *)&c->arena, "write `.%s`", op),
                    "`%s` between %s and %s", op, value_kind_name(a),
                    value_kind_name(b));
}

static Value
numeric_lifted(Script *s, const char *op, bool dotted, Value a, Value b,
               Span span)
{
    const Operator *o = operator_find(op);
    if (o == NULL || strcmp(op, "÷") == 0 || strcmp(op, "%") == 0)
        operator_undefined(
            s, dotted ? arena_printf(&s->context->arena, ".%s", op) : op, a, b,
            span);
    if (is_int_array(a) && is_int_array(b) && o->ints && !o->compare)
        return number_int_arrays(s, op, a, b, dotted, span);
    MapOp map = {.op = o->op, .dotted = dotted};
    bool power = o->op == OP_pow;
    if (!dotted && (power || o->compare))
        require_dot(s, op, a, b, span);
    if (!dotted && o->op == OP_div)
        require_dot(s, op, a, b, span);
    LiftOp lifted = {op, power ? make_power : make_map, &map, true, o->ints};
    Value y = lift(s, span, &lifted, (Value[]){a, b}, 2);
    y.row = a.row || b.row;
    return y;
}

Value
numeric_binary(Script *s, const char *op, Value a, Value b, Span span)
{
    bool dotted = op[0] == '.' && op[1] != '\0';
    const char *plain = dotted ? op + 1 : op;
    if (value_is_number(a) && value_is_number(b))
        return number_binary(s, plain, a, b, span);
    if (!dotted && (strcmp(plain, "==") == 0 || strcmp(plain, "!=") == 0 ||
                    strcmp(plain, "≠") == 0)) {
        bool traced = value_is_traced(a) || value_is_traced(b);
        if (!traced)
            return value_bool(numeric_equal(s, a, b, span) ==
                              (strcmp(plain, "==") == 0));
    }
    if (strcmp(plain, "≈") == 0)
        return value_bool(numeric_close(s, a, b, -1, 0, span));
    if (strcmp(plain, "≉") == 0)
        return value_bool(!numeric_close(s, a, b, -1, 0, span));
    if (!is_numeric(a) || !is_numeric(b))
        operator_undefined(s, op, a, b, span);
    if (!dotted && (strcmp(plain, "*") == 0 || strcmp(plain, "⋅") == 0)) {
        bool scalars = value_is_number(a) || value_is_number(b);
        if (scalars && is_int_array(a) && is_int_array(b))
            return number_int_arrays(s, plain, a, b, true, span);
        return numeric_times(s, a, b, span);
    }
    if (!dotted && strcmp(plain, "\\") == 0)
        script_fail(s, DIAG_value, span, NULL, "`\\` is for numbers only");
    Value given[2] = {a, b};
    Value y = numeric_lifted(s, plain, dotted, lift_array(s, a),
                             lift_array(s, b), span);
    return seq_as_given(s, y, given, 2);
}

Value
numeric_unary(Script *s, const char *op, Value a, Span span)
{
    if (op[0] == '.')
        op++;
    if (strcmp(op, "+") == 0 && is_numeric(a))
        return a;
    if (strcmp(op, "!") == 0 && a.kind == VALUE_bool)
        return value_bool(!a.as.boolean);
    if (strcmp(op, "-") == 0 && value_is_number(a))
        return number_negate(s, a, span);
    if (strcmp(op, "-") == 0 && is_int_array(a))
        return number_int_arrays(s, "-", value_int(0), a, true, span);
    if (strcmp(op, "'") == 0) {
        if (value_is_number(a))
            return a;
        a = lift_array(s, a);
        LiftOp transpose = {"'", make_transpose, &a.row, false, true};
        bool vector =
            (a.kind == VALUE_array && a.as.array->tensor->rank == 1) ||
            (a.kind == VALUE_node && ir_node(s->graph, a.as.node)->rank == 1);
        if (is_numeric(a)) {
            Value y = lift(s, span, &transpose, &a, 1);
            y.row = vector;
            return is_int_array(a) ? numeric_whole(s, &a, 1, 1, y, span) : y;
        }
    }
    static const MapOp negate = {.op = OP_neg};
    static const MapOp not = {.op = OP_not};
    static const MapOp root = {.op = OP_sqrt};
    LiftOp lifted = {op, make_map, NULL, true, true};
    if (strcmp(op, "-") == 0)
        lifted.extra = &negate;
    else if (strcmp(op, "!") == 0)
        lifted.extra = &not ;
    else if (strcmp(op, "√") == 0)
        lifted = (LiftOp){op, make_map, &root, true, false};
    if (lifted.extra == NULL || !is_numeric(a))
        script_fail(s, DIAG_value, span, NULL, "`%s` is not defined for %s", op,
                    value_kind_name(a));
    return lift(s, span, &lifted, &a, 1);
}

bool
numeric_true(Script *s, Value v, Span span)
{
    if (v.kind == VALUE_bool)
        return v.as.boolean;
    if (value_is_traced(v))
        script_fail(s, DIAG_traced, span,
                    "choose between two values with ifelse(c, a, b); repeat "
                    "with unroll or scan",
                    "the condition depends on the model's input: it has no "
                    "value yet while the model is traced");
    script_fail(s, DIAG_value, span, NULL,
                "a condition is true or false, not %s", value_kind_name(v));
}

/* Two tensors of equal shape: equal element by element. */
static bool
tensors_equal(const Tensor *a, const Tensor *b)
{
    if (a->rank != b->rank)
        return false;
    for (int i = 0; i < a->rank; i++)
        if (a->dim[i] != b->dim[i])
            return false;
    int64_t count = tensor_count(a);
    for (int64_t i = 0; i < count; i++)
        if (!(tensor_get(a, i) == tensor_get(b, i)))
            return false;
    return true;
}

bool
numeric_equal(Script *s, Value a, Value b, Span span)
{
    if (value_is_traced(a) || value_is_traced(b))
        numeric_true(s, value_is_traced(a) ? a : b, span);
    if (value_is_number(a) && value_is_number(b))
        return number_equal(a, b);
    a = lift_array(s, a);
    b = lift_array(s, b);
    if (value_is_number(a) || value_is_number(b)) {
        /* param(0.5) is an array without axes, and one number. */
        Value array = value_is_number(a) ? b : a;
        double x = value_number(value_is_number(a) ? a : b);
        return array.kind == VALUE_array && array.as.array->tensor->rank == 0 &&
               tensor_get(array.as.array->tensor, 0) == x;
    }
    return a.kind == b.kind &&
           (a.kind == VALUE_array || a.kind == VALUE_batch) &&
           tensors_equal(a.as.array->tensor, b.as.array->tensor);
}

/* The numbers of a value as a tensor; NULL where it has none. */
static const Tensor *
close_tensor(Script *s, Value v)
{
    v = lift_array(s, v);
    if (v.kind == VALUE_array || v.kind == VALUE_batch)
        return v.as.array->tensor;
    if (!value_is_number(v))
        return NULL;
    DType dtype = v.kind == VALUE_float32 ? DTYPE_f32
                  : v.kind == VALUE_float ? DTYPE_f64
                                          : DTYPE_i64;
    Tensor *t = lift_new_tensor(s, dtype, 0, NULL, s->span);
    tensor_set(t, 0, value_number(v));
    return t;
}

bool
numeric_close(Script *s, Value a, Value b, double rtol, double atol, Span span)
{
    if (a.kind == VALUE_tuple && b.kind == VALUE_tuple) {
        bool close = a.as.values->count == b.as.values->count;
        for (size_t i = 0; close && i < a.as.values->count; i++)
            close = numeric_close(s, a.as.values->item[i], b.as.values->item[i],
                                  rtol, atol, span);
        return close;
    }
    const Tensor *x = close_tensor(s, a);
    const Tensor *y = close_tensor(s, b);
    if (x == NULL || y == NULL)
        operator_undefined(s, "≈", a, b, span);
    if (x->rank != y->rank)
        return false;
    for (int i = 0; i < x->rank; i++)
        if (x->dim[i] != y->dim[i])
            return false;
    bool single = x->dtype == DTYPE_f32 || y->dtype == DTYPE_f32;
    double square_x = 0;
    double square_y = 0;
    double square_d = 0;
    int64_t count = tensor_count(x);
    for (int64_t i = 0; i < count; i++) {
        double xi = tensor_get(x, i);
        double yi = tensor_get(y, i);
        double d = xi == yi ? 0 : xi - yi;
        square_x += xi * xi;
        square_y += yi * yi;
        square_d += d * d;
    }
    if (rtol < 0)
        rtol = atol > 0 ? 0 : sqrt(single ? 0x1p-23 : 0x1p-52);
    double norm = sqrt(fmax(square_x, square_y));
    return square_d == 0 || sqrt(square_d) <= fmax(atol, rtol * norm);
}
