/* The evaluator: a walk over the tree, one case for each kind of syntax. */
#include "script/eval.h"
#include "script/numeric.h"

#include <string.h>

/* The value of a name; one that is not bound is an error with a suggestion. */
Value
eval_name(Script *s, Scope *scope, const char *name, Span span)
{
    const Value *value = scope_find(scope, name);
    if (value && value->kind == VALUE_poison)
        script_abandon(s);
    if (value)
        return *value;
    const char *near = scope_suggest(scope, name);
    const char *hint = NULL;
    if (near)
        hint = arena_printf(&s->context->arena, "did you mean %s?", near);
    script_fail(s, DIAG_name, span, hint, "there is no %s", name);
}

/* An expression inside another: a jump cannot leave from there. */
Value
eval_operand(Script *s, Scope *scope, const Ast *ast)
{
    Value v = eval(s, scope, ast);
    if (s->eval->flow != FLOW_none) {
        s->eval->flow = FLOW_none;
        script_fail(s, DIAG_not_net, ast->span,
                    "put it at the start of a statement, or after && or ||",
                    "return, break and continue cannot stand inside an "
                    "expression");
    }
    return v;
}

bool
eval_truth(Script *s, Scope *scope, const Ast *ast)
{
    Value v = eval_operand(s, scope, ast);
    if (v.kind == VALUE_bool)
        return v.as.boolean;
    s->span = ast->span;
    return numeric_true(s, v, ast->span);
}

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

static bool
equal_items(Script *s, const Value *a, const Value *b, size_t count, Span span)
{
    for (size_t i = 0; i < count; i++)
        if (!eval_equal(s, a[i], b[i], span))
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

/* a == b as one truth value, for values of all kinds. */
bool
eval_equal(Script *s, Value a, Value b, Span span)
{
    if (is_plain_kind(a.kind) || is_plain_kind(b.kind))
        return equal_plain(s, a, b, span);
    if (is_values(a) && a.kind == b.kind)
        return a.as.values->count == b.as.values->count &&
               equal_items(s, a.as.values->item, b.as.values->item,
                           a.as.values->count, span);
    a = value_plain(s, a, span);
    b = value_plain(s, b, span);
    bool scalar = value_is_number(a) || value_is_number(b);
    if (is_values(a) || is_values(b))
        return a.kind == b.kind && eval_equal(s, a, b, span);
    if (scalar && value_is_number(a) != value_is_number(b) &&
        !value_is_traced(a) && !value_is_traced(b) &&
        (a.kind == VALUE_range || b.kind == VALUE_range))
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
        script_fail(s, DIAG_limit, span, NULL, "a string of this length");
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
    if (a.kind == VALUE_poison || b.kind == VALUE_poison)
        script_abandon(s);
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
    a = value_plain(s, a, span);
    b = value_plain(s, b, span);
    return numeric_binary(s, dotted(s, op), a, b, span);
}

static Value
eval_in(Script *s, Value a, Value b, Span span)
{
    if (b.kind == VALUE_string && a.kind == VALUE_string)
        return value_bool(strstr(b.as.string.text, a.as.string.text) != NULL);
    Iterator it = iterate(s, b, span);
    for (int64_t i = 0; i < it.count; i++)
        if (eval_equal(s, a, iterate_get(s, &it, i, span), span))
            return value_bool(true);
    return value_bool(false);
}

static bool
is_subtype(Script *s, Value a, Value b, Span span)
{
    if (a.kind == VALUE_type && b.kind == VALUE_type) {
        for (const Type *t = a.as.type; t; t = t->parent)
            if (t == b.as.type)
                return true;
        return false;
    }
    if (b.kind == VALUE_builtin && !strcmp(b.as.builtin->name, "Any"))
        return true;
    if (a.kind != VALUE_type && a.kind != VALUE_builtin)
        script_fail(s, DIAG_value, span, NULL, "<: compares types, not %s",
                    value_kind_name(a));
    return equal_plain(s, a, b, span);
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
    if (a.kind == VALUE_poison || b.kind == VALUE_poison)
        script_abandon(s);
    s->span = span;
    if (!strcmp(op, "in") || !strcmp(op, "∈"))
        return eval_in(s, a, b, span);
    if (!strcmp(op, "∉"))
        return value_bool(!eval_in(s, a, b, span).as.boolean);
    if (!strcmp(op, "isa"))
        return value_bool(type_is(s, a, b, span));
    if (!strcmp(op, "<:"))
        return value_bool(is_subtype(s, a, b, span));
    bool identical = !strcmp(op, "===") || !strcmp(op, "≡");
    if (identical)
        return value_bool(a.kind == b.kind && eval_equal(s, a, b, span));
    if (!strcmp(op, "!=="))
        return value_bool(a.kind != b.kind || !eval_equal(s, a, b, span));
    bool differs = !strcmp(op, "!=") || !strcmp(op, "≠");
    a = value_plain(s, a, span);
    b = value_plain(s, b, span);
    if ((differs || !strcmp(op, "==")) &&
        (is_plain_kind(a.kind) || is_plain_kind(b.kind) || is_values(a) ||
         is_values(b)))
        return value_bool(eval_equal(s, a, b, span) != differs);
    if (a.kind == VALUE_string && b.kind == VALUE_string && op[0] != '.')
        return value_bool(order_holds(op, compare_strings(a, b)));
    return numeric_binary(s, op, a, b, span);
}

/* a < b <= c: each operand is evaluated once, none after the first false. */
static Value
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
            v = numeric_binary(s, ".*", all, v, span);
        else if (i + 1 < ops && op[0] != '.' && !numeric_true(s, v, span))
            return value_bool(false);
        all = v;
        left = right;
    }
    return all;
}

static Value
eval_interpolate(Script *s, Scope *scope, const Ast *ast)
{
    VEC(char) out = {0};
    const AstList *list = &ast->as.list;
    for (size_t i = 0; i < list->count; i++) {
        const Ast *part = list->item[i];
        Text text = {"", 0};
        if (part->kind == AST_STRING) {
            text = (Text){part->as.string.text, part->as.string.length};
        } else {
            Value v = eval_operand(s, scope, part);
            text.text = value_text(s, v);
            text.length =
                v.kind == VALUE_string ? v.as.string.length : strlen(text.text);
        }
        for (size_t k = 0; k < text.length; k++)
            VEC_PUSH(&s->context->arena, &out, text.text[k]);
    }
    return value_string(s, out.item ? out.item : "", out.count);
}

static int64_t
range_count(Script *s, double first, double step, double last, Span span)
{
    if (step == 0)
        script_fail(s, DIAG_value, span, NULL, "the step of a range is 0");
    double count = (last - first) / step;
    if (count != count || count >= 9e15)
        script_fail(s, DIAG_limit, span, NULL, "a range of this length");
    count = (double)(int64_t)(count + 1e-10 * (count > 1 ? count : 1) + 1);
    return last == first ? 1 : (last - first) / step < 0 ? 0 : (int64_t)count;
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

static Value
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
            script_fail(s, DIAG_limit, ast->span, NULL,
                        "a range of this length");
        range->count = empty ? 0 : (int64_t)count + 1;
    } else {
        range->count = range_count(s, range->first, range->step,
                                   value_number(last), ast->span);
    }
    return (Value){.kind = VALUE_range, .as.range = range};
}

static bool
is_module(const char *name)
{
    static const char *const known[] = {"Flux", "Base", "Core", "Test", "Main"};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (!strcmp(name, known[i]))
            return true;
    return false;
}

static const char *
field_names(Script *s, const char *const *name, size_t count)
{
    const char *text = count ? "it has" : "it has no fields";
    for (size_t i = 0; i < count; i++)
        text = arena_printf(&s->context->arena, "%s%s %s", text, i ? "," : "",
                            name[i]);
    return text;
}

Value
eval_field(Script *s, Value object, const char *name, Span span)
{
    const char *hint = NULL;
    if (object.kind == VALUE_object) {
        const Type *type = object.as.object->type;
        for (size_t i = 0; i < type->fields; i++)
            if (type->field[i] == name)
                return object.as.object->field[i];
        hint = field_names(s, type->field, type->fields);
    } else if (object.kind == VALUE_tuple && object.as.values->name) {
        const Values *values = object.as.values;
        for (size_t i = 0; i < values->count; i++)
            if (values->name[i] == name)
                return values->item[i];
        hint = field_names(s, values->name, values->count);
    } else if (object.kind == VALUE_pair) {
        if (!strcmp(name, "first") || !strcmp(name, "second"))
            return object.as.values->item[name[0] == 's'];
    } else if (object.kind == VALUE_range) {
        const Range *range = object.as.range;
        if (!strcmp(name, "start"))
            return range->whole ? value_int(range->first_int)
                                : value_float(range->first);
        if (!strcmp(name, "stop") && range->count)
            return range_get(range, range->count - 1);
    } else if (object.kind == VALUE_poison) {
        script_abandon(s);
    }
    script_fail(s, DIAG_name, span, hint, "%s has no field %s",
                object.kind == VALUE_object ? object.as.object->type->name
                                            : value_kind_name(object),
                name);
}

static Value
eval_field_of(Script *s, Scope *scope, const Ast *ast)
{
    const Ast *object = ast->as.field.object;
    if (object->kind == AST_NAME && is_module(object->as.name) &&
        !scope_find(scope, object->as.name))
        return eval_name(s, scope, ast->as.field.name, ast->span);
    return eval_field(s, eval_operand(s, scope, object), ast->as.field.name,
                      ast->span);
}

typedef Value Join(Script *s, const Value *item, size_t count, Span span);

static Value
eval_joined(Script *s, Scope *scope, const Ast *ast, Join *join)
{
    Values out = {0};
    eval_splat(s, scope, &ast->as.list, &out);
    for (size_t i = 0; i < out.count; i++)
        out.item[i] = value_plain(s, out.item[i], ast->span);
    s->span = ast->span;
    return join(s, out.item, out.count, ast->span);
}

static Value
vect_of(Script *s, const Value *item, size_t count, Span span)
{
    return count ? numeric_vect(s, item, count, span) : value_list(s, NULL, 0);
}

static Value
eval_tuple(Script *s, Scope *scope, const Ast *ast)
{
    Values out = {0};
    eval_splat(s, scope, &ast->as.list, &out);
    return value_tuple(s, out.item, out.count);
}

static Value
eval_named_tuple(Script *s, Scope *scope, const Ast *ast)
{
    const AstList *list = &ast->as.list;
    Value tuple = value_tuple(s, NULL, 0);
    Values *values = tuple.as.values;
    Arena *arena = &s->context->arena;
    values->item = ARENA_ARRAY(arena, Value, list->count + 1);
    values->name = ARENA_ARRAY(arena, const char *, list->count + 1);
    for (size_t i = 0; i < list->count; i++) {
        const Ast *field = list->item[i];
        if (field->kind != AST_ASSIGN ||
            field->as.binary.left->kind != AST_NAME)
            script_fail(s, DIAG_value, field->span, NULL,
                        "a field of a named tuple is written name = value");
        values->name[i] = field->as.binary.left->as.name;
        values->item[i] = eval_operand(s, scope, field->as.binary.right);
        values->count++;
    }
    return tuple;
}

static Value
eval_pair(Script *s, Scope *scope, const Ast *ast)
{
    Value item[2] = {eval_operand(s, scope, ast->as.binary.left),
                     eval_operand(s, scope, ast->as.binary.right)};
    Value v = value_tuple(s, item, 2);
    v.kind = VALUE_pair;
    return v;
}

/* Statements in order, up to a jump; the value of the last. */
static Value
eval_block(Script *s, Scope *scope, const Ast *ast)
{
    Value v = value_nothing();
    for (size_t i = 0; i < ast->as.list.count; i++) {
        v = eval(s, scope, ast->as.list.item[i]);
        if (s->eval->flow != FLOW_none)
            break;
    }
    return v;
}

static Value
eval_branch(Script *s, Scope *scope, const Ast *ast)
{
    const Ast *chosen = eval_truth(s, scope, ast->as.branch.condition)
                            ? ast->as.branch.then
                            : ast->as.branch.otherwise;
    return chosen ? eval(s, scope, chosen) : value_nothing();
}

/* a && b, a || b: b may be a jump or of any kind. */
static Value
eval_short(Script *s, Scope *scope, const Ast *ast)
{
    bool left = eval_truth(s, scope, ast->as.binary.left);
    if (left == (ast->kind == AST_OR))
        return value_bool(left);
    return eval(s, scope, ast->as.binary.right);
}

static Value
eval_return(Script *s, Scope *scope, const Ast *ast)
{
    Value v = value_nothing();
    if (ast->as.list.count)
        v = eval_operand(s, scope, ast->as.list.item[0]);
    s->eval->result = v;
    s->eval->flow = FLOW_return;
    return v;
}

static Value
eval_arithmetic(Script *s, Scope *scope, const Ast *ast)
{
    Value a = eval_operand(s, scope, ast->as.binary.left);
    Value b = eval_operand(s, scope, ast->as.binary.right);
    const char *op = ast->kind == AST_JUXTAPOSE ? "*" : ast->as.binary.op;
    return eval_binary(s, op, a, b, ast->span);
}

static Value
eval_unary(Script *s, Scope *scope, const Ast *ast)
{
    Value a = eval_operand(s, scope, ast->as.binary.left);
    if (a.kind == VALUE_poison)
        script_abandon(s);
    s->span = ast->span;
    const char *op = ast->kind == AST_TRANSPOSE ? "'" : ast->as.binary.op;
    if (a.kind == VALUE_bool && !strcmp(op, "!"))
        return value_bool(!a.as.boolean);
    return numeric_unary(s, op, value_plain(s, a, ast->span), ast->span);
}

static Value
eval_curly(Script *s, Scope *scope, const Ast *ast)
{
    const AstList *index = &ast->as.call.positional;
    const Ast *first = index->count ? index->item[0] : NULL;
    bool lag =
        first &&
        ((first->kind == AST_INT && first->as.integer < 0) ||
         (first->kind == AST_UNARY && !strcmp(first->as.binary.op, "-")));
    if (lag)
        script_fail(s, DIAG_not_yet, ast->span, NULL,
                    "recurrence: the value of an earlier step");
    return eval_operand(s, scope, ast->as.call.callee);
}

static Value
eval_export(Script *s, const Ast *ast)
{
    for (size_t i = 0; i < ast->as.list.count; i++)
        if (ast->as.list.item[i]->kind == AST_NAME)
            VEC_PUSH(&s->context->arena, &s->exported,
                     ast->as.list.item[i]->as.name);
    return value_nothing();
}

/* using Flux: relu is right where the library has the name. */
static Value
eval_using(Script *s, Scope *scope, const Ast *ast)
{
    static const char *const known[] = {
        "Flux",       "Base",          "Core",      "Test",  "Random",
        "Statistics", "LinearAlgebra", "Flux.Data", "Printf"};
    const AstList *list = &ast->as.use.name;
    for (size_t i = 0; i < list->count; i++) {
        const char *name = list->item[i]->as.name;
        bool module = false;
        for (size_t k = 0; k < sizeof known / sizeof *known; k++)
            module = module || !strcmp(name, known[k]);
        if (!module || ast->as.use.module)
            eval_name(s, scope, name, list->item[i]->span);
    }
    const char *module = ast->as.use.module;
    if (!module)
        return value_nothing();
    for (size_t k = 0; k < sizeof known / sizeof *known; k++)
        if (!strcmp(module, known[k]))
            return value_nothing();
    script_fail(s, DIAG_name, ast->span,
                "the standard library is there without using",
                "there is no module %s", module);
}

static Value
eval_const(Script *s, Scope *scope, const Ast *ast)
{
    const Ast *assign = ast->as.operand;
    if (assign->kind != AST_ASSIGN || assign->as.binary.left->kind != AST_NAME)
        script_fail(s, DIAG_assign, ast->span, NULL,
                    "const is written const name = value");
    Value v = eval(s, scope, assign);
    scope_constant(scope, assign->as.binary.left->as.name);
    return v;
}

static Value
eval_declare(Script *s, Scope *scope, const Ast *ast)
{
    if (!ast->as.declare.value)
        script_fail(s, DIAG_value, ast->span, NULL,
                    "an annotation stands behind a name or a value");
    Value v = eval_operand(s, scope, ast->as.declare.value);
    if (type_match(s, scope, ast->as.declare.type, v) < 0)
        script_fail(s, DIAG_value, ast->span, NULL, "%s is not of this type",
                    value_kind_name(v));
    return v;
}

static void
check_stack(Script *s, const Ast *ast)
{
    const char *here = __builtin_frame_address(0);
    if (here < s->eval->stack_limit)
        script_fail(s, DIAG_limit, ast->span, "does the recursion have an end?",
                    "calls and expressions nest too deeply");
}

Value
eval(Script *s, Scope *scope, const Ast *ast)
{
    check_stack(s, ast);
    switch (ast->kind) {
    case AST_ERROR:
        script_abandon(s);
    case AST_INT:
        return value_int(ast->as.integer);
    case AST_FLOAT:
        return value_float(ast->as.number);
    case AST_FLOAT32:
        return (Value){.kind = VALUE_float32, .as.number = ast->as.number};
    case AST_BOOL:
        return value_bool(ast->as.boolean);
    case AST_STRING:
        return (Value){
            .kind = VALUE_string,
            .as.string = {ast->as.string.text, ast->as.string.length}};
    case AST_INTERPOLATE:
        return eval_interpolate(s, scope, ast);
    case AST_SYMBOL:
        return (Value){.kind = VALUE_symbol, .as.symbol = ast->as.name};
    case AST_COLON:
        return (Value){.kind = VALUE_symbol, .as.symbol = ":"};
    case AST_NAME:
        return eval_name(s, scope, ast->as.name, ast->span);
    case AST_END:
        return eval_end(s, ast->span);
    case AST_TUPLE:
        return eval_tuple(s, scope, ast);
    case AST_NAMEDTUPLE:
        return eval_named_tuple(s, scope, ast);
    case AST_VECT:
        return eval_joined(s, scope, ast, vect_of);
    case AST_HCAT:
        return eval_joined(s, scope, ast, numeric_hcat);
    case AST_VCAT:
        return eval_joined(s, scope, ast, numeric_vcat);
    case AST_COMPREHENSION:
    case AST_GENERATOR:
        return eval_comprehension(s, scope, ast);
    case AST_RANGE:
        return eval_range(s, scope, ast);
    case AST_UNARY:
    case AST_TRANSPOSE:
        return eval_unary(s, scope, ast);
    case AST_BINARY:
    case AST_JUXTAPOSE:
        return eval_arithmetic(s, scope, ast);
    case AST_AND:
    case AST_OR:
        return eval_short(s, scope, ast);
    case AST_PAIR:
        return eval_pair(s, scope, ast);
    case AST_COMPARE:
        return eval_compare(s, scope, ast);
    case AST_TERNARY:
    case AST_IF:
        return eval_branch(s, scope, ast);
    case AST_ASSIGN:
        return eval_assign(s, scope, ast);
    case AST_DECLARE:
        return eval_declare(s, scope, ast);
    case AST_CALL:
        return eval_call(s, scope, ast);
    case AST_DOTCALL:
        return eval_dotcall(s, scope, ast);
    case AST_INDEX:
        return eval_index(s, scope, ast);
    case AST_CURLY:
        return eval_curly(s, scope, ast);
    case AST_FIELD:
        return eval_field_of(s, scope, ast);
    case AST_SPLAT:
        script_fail(s, DIAG_value, ast->span, NULL,
                    "a splat stands among arguments or elements");
    case AST_FUNCTION:
        return eval_function(s, scope, ast, false);
    case AST_TYPE:
        return eval_type(s, scope, ast, false);
    case AST_MACRO:
        return macro_eval(s, scope, ast);
    case AST_BLOCK:
        return eval_block(s, scope, ast);
    case AST_FOR:
        return eval_for(s, scope, ast);
    case AST_WHILE:
        return eval_while(s, scope, ast);
    case AST_LET:
        return eval_let(s, scope, ast);
    case AST_RETURN:
        return eval_return(s, scope, ast);
    case AST_BREAK:
    case AST_CONTINUE:
        s->eval->flow = ast->kind == AST_BREAK ? FLOW_break : FLOW_continue;
        return value_nothing();
    case AST_CONST:
        return eval_const(s, scope, ast);
    case AST_EXPORT:
        return eval_export(s, ast);
    case AST_USING:
        return eval_using(s, scope, ast);
    case AST_KINDS:
        break;
    }
    script_fail(s, DIAG_internal, ast->span, NULL, "syntax of no kind");
}
