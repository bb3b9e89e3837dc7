/* Operators: arithmetic and comparisons on values of all kinds, ranges.
 *
 * What has to do with numbers is numeric_binary's; text, types, functions and
 * objects are compared here.
 */
#include "script/array/numeric.h"
#include "script/eval/eval.h"

#include <string.h>

/* Kinds that == compares as they are, without arithmetic. */
static bool
is_plain_kind(ValueKind kind)
{
    switch (kind) {
    case VALUE_nothing:
    case VALUE_string:
    case VALUE_symbol:
    case VALUE_function:
    case VALUE_builtin:
    case VALUE_type:
    case VALUE_object:
    case VALUE_trainer:
    case VALUE_engine:
        return true;
    default:
        return false;
    }
}

static bool equal_values(Script *s, Value a, Value b, Span span);

static bool
equal_items(Script *s, const Value *a, const Value *b, size_t count, Span span)
{
    for (size_t i = 0; i < count; i++)
        if (!equal_values(s, a[i], b[i], span))
            return false;
    return true;
}

static bool
equal_plain(Script *s, Value a, Value b, Span span)
{
    if (a.kind != b.kind)
        return false;
    switch (a.kind) {
    case VALUE_nothing:
        return true;
    case VALUE_string:
        return a.as.string.length == b.as.string.length &&
               !memcmp(a.as.string.text, b.as.string.text, a.as.string.length);
    case VALUE_symbol:
        return !strcmp(a.as.symbol, b.as.symbol);
    case VALUE_builtin:
        return a.as.builtin == b.as.builtin ||
               (type_known(a.as.builtin->name) &&
                a.as.builtin->run == b.as.builtin->run);
    case VALUE_object:
        return a.as.object == b.as.object ||
               (a.as.object->type == b.as.object->type &&
                !a.as.object->type->opened &&
                equal_items(s, a.as.object->field, b.as.object->field,
                            a.as.object->type->fields, span));
    default:
        return a.as.function == b.as.function;
    }
}

static bool
is_values(Value v)
{
    return v.kind == VALUE_tuple || v.kind == VALUE_list ||
           v.kind == VALUE_pair;
}

static bool
is_empty_vector(Value v)
{
    if (v.kind == VALUE_array)
        return v.as.array->tensor->rank == 1 && v.as.array->tensor->dim[0] == 0;
    return (v.kind == VALUE_list && !v.as.values->count) ||
           (v.kind == VALUE_range && !v.as.range->count);
}

/* a == b as one truth value, for values of all kinds. */
static bool
equal_values(Script *s, Value a, Value b, Span span)
{
    if (is_plain_kind(a.kind) || is_plain_kind(b.kind))
        return equal_plain(s, a, b, span);
    if (is_values(a) && a.kind == b.kind)
        return a.as.values->count == b.as.values->count &&
               equal_items(s, a.as.values->item, b.as.values->item,
                           a.as.values->count, span);
    if (is_empty_vector(a) && is_empty_vector(b))
        return true;
    a = numeric_plain(s, a, span);
    b = numeric_plain(s, b, span);
    if (is_values(a) || is_values(b))
        return false;
    bool range = a.kind == VALUE_range || b.kind == VALUE_range;
    if (range && value_is_number(a) != value_is_number(b))
        return false;
    return numeric_equal(s, a, b, span);
}

static Value
concatenate(Script *s, Value a, Value b)
{
    size_t n = a.as.string.length;
    char *text = arena_alloc(&s->context->arena, n + b.as.string.length + 1);
    memcpy(text, a.as.string.text, n);
    memcpy(text + n, b.as.string.text, b.as.string.length);
    return (Value){.kind = VALUE_string,
                   .as.string = {text, n + b.as.string.length}};
}

static Value
repeat_string(Script *s, Value a, int64_t times, Span span)
{
    size_t n = a.as.string.length;
    if (times < 0 || (n && (uint64_t)times > (1u << 28) / n))
        script_fail(s, DIAG_limit, span, NULL,
                    "a string of this length is more than a script may hold");
    char *text = arena_alloc(&s->context->arena, n * (size_t)times + 1);
    for (size_t i = 0; i < (size_t)times; i++)
        memcpy(text + i * n, a.as.string.text, n);
    return (Value){.kind = VALUE_string,
                   .as.string = {text, n * (size_t)times}};
}

/* The dotted form of an operator, for a body that a dot call evaluates. */
static const char *
dotted(const Script *s, const char *op)
{
    static const char *const form[] = {".+", ".-", ".*", "./", ".^", ".%"};
    if (s->eval->dotted && !op[1])
        for (size_t i = 0; i < sizeof form / sizeof *form; i++)
            if (form[i][1] == op[0])
                return form[i];
    return op;
}

/* An operator on two values. */
Value
eval_binary(Script *s, const char *op, Value a, Value b, Span span)
{
    s->span = span;
    if (!strcmp(op, "|>"))
        return call_values(s, b, &a, 1, span);
    if (!strcmp(op, "∘"))
        return eval_composed(s, a, b);
    if (!strcmp(op, ".|>")) {
        Value item[2] = {b, a};
        return call_named(s, s->eval->library, "map", item, 2, span);
    }
    if (a.kind == VALUE_string && b.kind == VALUE_string && !strcmp(op, "*"))
        return concatenate(s, a, b);
    if (a.kind == VALUE_string && b.kind == VALUE_int && !strcmp(op, "^"))
        return repeat_string(s, a, b.as.integer, span);
    a = numeric_plain(s, a, span);
    b = numeric_plain(s, b, span);
    return numeric_binary(s, dotted(s, op), a, b, span);
}

static Value
eval_in(Script *s, Value a, Value b, Span span)
{
    if (b.kind == VALUE_string && a.kind == VALUE_string)
        return value_bool(text_find(b.as.string, a.as.string) != NULL);
    Iterator it = iterate(s, b, span);
    for (int64_t i = 0; i < it.count; i++) {
        eval_step(s, span);
        if (equal_values(s, a, iterate_get(s, &it, i, span), span))
            return value_bool(true);
    }
    return value_bool(false);
}

static int
compare_strings(Value a, Value b)
{
    return strcmp(a.as.string.text, b.as.string.text);
}

static bool
order_holds(const char *op, int order)
{
    bool equal = op[1] == '=' || !strcmp(op, "≤") || !strcmp(op, "≥");
    bool less = op[0] == '<' || !strcmp(op, "≤");
    return (equal && order == 0) || (less ? order < 0 : order > 0);
}

/* One comparison, for values of all kinds. */
Value
eval_compared(Script *s, const char *op, Value a, Value b, Span span)
{
    s->span = span;
    if (!strcmp(op, "in") || !strcmp(op, "∈"))
        return eval_in(s, a, b, span);
    if (!strcmp(op, "∉"))
        return value_bool(!eval_in(s, a, b, span).as.boolean);
    if (!strcmp(op, "<:"))
        return value_bool(type_below(s, a, b, span));
    bool identical = !strcmp(op, "===") || !strcmp(op, "≡");
    if (identical)
        return value_bool(a.kind == b.kind && equal_values(s, a, b, span));
    if (!strcmp(op, "!=="))
        return value_bool(a.kind != b.kind || !equal_values(s, a, b, span));
    bool differs = !strcmp(op, "!=") || !strcmp(op, "≠");
    a = numeric_plain(s, a, span);
    b = numeric_plain(s, b, span);
    if ((differs || !strcmp(op, "==")) &&
        (is_plain_kind(a.kind) || is_plain_kind(b.kind) || is_values(a) ||
         is_values(b)))
        return value_bool(equal_values(s, a, b, span) != differs);
    if (a.kind == VALUE_string && b.kind == VALUE_string && op[0] != '.')
        return value_bool(order_holds(op, compare_strings(a, b)));
    return numeric_binary(s, op, a, b, span);
}

/* a < b <= c: each operand is evaluated once, none after the first false. */
Value
eval_compare(Script *s, Scope *scope, const Ast *ast)
{
    const AstList *operand = &ast->as.compare.operand;
    size_t ops = operand->count - 1;
    Value left = eval_operand(s, scope, operand->item[0]);
    Value all = value_bool(true);
    for (size_t i = 0; i < ops; i++) {
        const char *op = ast->as.compare.op[i];
        Value right = eval_operand(s, scope, operand->item[i + 1]);
        Span span =
            span_join(operand->item[i]->span, operand->item[i + 1]->span);
        Value v = eval_compared(s, op, left, right, span);
        if (op[0] == '.' && i)
            v = numeric_binary(s, ".&", all, v, span);
        else if (i + 1 < ops && op[0] != '.' && !numeric_true(s, v, span))
            return value_bool(false);
        all = v;
        left = right;
    }
    return all;
}

static int64_t
range_count(Script *s, double first, double step, double last, Span span)
{
    if (step == 0)
        script_fail(s, DIAG_value, span, NULL, "the step of a range is 0");
    double count = (last - first) / step;
    if (count != count || count >= 9e15)
        script_fail(s, DIAG_limit, span, NULL,
                    "a range of this length is more than a script may hold");
    if (count < 0)
        return 0;
    return (int64_t)(count + 1e-10 * (count > 1 ? count : 1) + 1);
}

static Value
range_part(Script *s, Scope *scope, const Ast *ast)
{
    Value v = eval_operand(s, scope, ast);
    if (value_is_traced(v))
        script_fail(s, DIAG_traced, ast->span,
                    "the ends of a range are script values",
                    "a range of a traced value");
    if (!value_is_number(v))
        script_fail(s, DIAG_value, ast->span, NULL,
                    "a range of numbers, not of %s", value_kind_name(v));
    return v.kind == VALUE_bool ? value_int(v.as.boolean) : v;
}

Value
eval_range(Script *s, Scope *scope, const Ast *ast)
{
    Value first = range_part(s, scope, ast->as.range.first);
    Value step = value_int(1);
    if (ast->as.range.step)
        step = range_part(s, scope, ast->as.range.step);
    Value last = range_part(s, scope, ast->as.range.last);
    Range *range = ARENA_NEW(&s->context->arena, Range);
    range->whole = first.kind == VALUE_int && step.kind == VALUE_int &&
                   last.kind == VALUE_int;
    range->first = value_number(first);
    range->step = value_number(step);
    if (range->whole) {
        range->first_int = first.as.integer;
        range->step_int = step.as.integer;
        int64_t stride = step.as.integer;
        bool empty = stride > 0 ? last.as.integer < first.as.integer
                                : last.as.integer > first.as.integer;
        uint64_t width =
            stride > 0 ? (uint64_t)last.as.integer - (uint64_t)first.as.integer
                       : (uint64_t)first.as.integer - (uint64_t)last.as.integer;
        uint64_t size = stride > 0 ? (uint64_t)stride : -(uint64_t)stride;
        if (!size)
            script_fail(s, DIAG_value, ast->span, NULL,
                        "the step of a range is 0");
        uint64_t count = empty ? 0 : width / size;
        if (count >= INT64_MAX)
            script_fail(
                s, DIAG_limit, ast->span, NULL,
                "a range of this length is more than a script may hold");
        range->count = empty ? 0 : (int64_t)count + 1;
    } else {
        range->count = range_count(s, range->first, range->step,
                                   value_number(last), ast->span);
    }
    return (Value){.kind = VALUE_range, .as.range = range};
}
