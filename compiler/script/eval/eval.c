/* The evaluator: a walk over the tree, one case for each kind of syntax. */
#include "script/eval/eval.h"

#include "script/array/number.h"
#include "script/array/numeric.h"
#include "script/model/recur.h"

#include <string.h>

enum { STEPS_RUNNING = 1000000000, STEPS_COMPILING = 10000000 };

/* The value of a name; one that is not bound is an error with a suggestion. */
Value
eval_name(Script *s, Scope *scope, const char *name, Span span)
{
    const Value *value = scope_find(scope, name);
    if (value && value->kind == VALUE_poison)
        script_abandon(s);
    if (value)
        return *value;
    const char *near = scope_suggest(&s->context->arena, scope, name);
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

/* Of a named tuple with dots in its names, as params(m) is: those below a name,
 * (W = …, b = …) of layer1.W and layer1.b; nothing where there are none.
 */
static Value
fields_below(Script *s, const Values *values, const char *name)
{
    Arena *arena = &s->context->arena;
    size_t n = strlen(name);
    Value below = value_tuple(s, values->item, values->count);
    Values *to = below.as.values;
    to->name = ARENA_ARRAY(arena, const char *, values->count + 1);
    to->count = 0;
    for (size_t i = 0; i < values->count; i++) {
        const char *path = values->name[i];
        if (strncmp(path, name, n) != 0 || path[n] != '.')
            continue;
        to->name[to->count] = intern_text(&s->context->names, path + n + 1);
        to->item[to->count++] = values->item[i];
    }
    return to->count > 0 ? below : value_nothing();
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
        Value below = fields_below(s, values, name);
        if (below.kind == VALUE_tuple)
            return below;
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
        out.item[i] = numeric_plain(s, out.item[i], ast->span);
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

/* a && b, a || b: b may be a jump or of any kind. With a dot, elementwise. */
static Value
eval_short(Script *s, Scope *scope, const Ast *ast)
{
    if (ast->as.binary.op[0] == '.') {
        Value a = eval_operand(s, scope, ast->as.binary.left);
        Value b = eval_operand(s, scope, ast->as.binary.right);
        const char *op = ast->kind == AST_AND ? ".&" : ".|";
        return eval_binary(s, op, a, b, ast->span);
    }
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
    s->span = ast->span;
    const char *op = ast->kind == AST_TRANSPOSE ? "'" : ast->as.binary.op;
    if (a.kind == VALUE_bool && !strcmp(op, "!"))
        return value_bool(!a.as.boolean);
    a = numeric_plain(s, a, ast->span);
    bool numbers =
        value_is_number(a) ||
        (a.kind == VALUE_array && a.as.array->tensor->dtype != DTYPE_bool);
    if (numbers && !strcmp(op, "!"))
        script_fail(s, DIAG_value, ast->span, NULL,
                    "! turns a truth value over, not %s", value_kind_name(a));
    return numeric_unary(s, op, a, ast->span);
}

/* The object whose method is under way and has a field of this name, or NULL.
 */
static Object *
object_with(const Scope *scope, const char *field)
{
    for (; scope != NULL; scope = scope->parent)
        for (size_t i = 0; scope->object && i < scope->object->type->fields;
             i++)
            if (scope->object->type->field[i] == field)
                return scope->object;
    return NULL;
}

/* y{-1}, the value of an earlier step; other braces are types. */
static Value
eval_curly(Script *s, Scope *scope, const Ast *ast)
{
    const AstList *index = &ast->as.call.positional;
    const Ast *callee = ast->as.call.callee;
    const Ast *first = index->count ? index->item[0] : NULL;
    bool lag =
        first &&
        ((first->kind == AST_INT && first->as.integer < 0) ||
         (first->kind == AST_UNARY && !strcmp(first->as.binary.op, "-")));
    if (!lag) {
        Value v = eval_operand(s, scope, callee);
        if (v.kind != VALUE_type && v.kind != VALUE_builtin)
            script_fail(s, DIAG_recurrence, ast->span,
                        "y{-1} is what y was in the step before",
                        "braces behind a value want a number below 0");
        return v;
    }
    if (callee->kind != AST_NAME || index->count != 1)
        script_fail(s, DIAG_recurrence, ast->span, NULL,
                    "y{-1} is the value of a field y in an earlier step");
    Value steps = eval_operand(s, scope, first);
    int64_t count =
        number_int(s, steps, "a number of steps", -64, -1, first->span);
    return recur_earlier(s, object_with(scope, callee->as.name),
                         callee->as.name, -count, ast->span);
}

static Value
eval_export(Script *s, const Ast *ast)
{
    for (size_t i = 0; i < ast->as.list.count; i++)
        if (ast->as.list.item[i]->kind == AST_NAME)
            VEC_PUSH(&s->context->arena, &s->exported, ast->as.list.item[i]);
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

/* Fails before the C stack is used up. */
void
eval_check_stack(Script *s, Span span)
{
    const char *here = __builtin_frame_address(0);
    if (here < s->eval->stack_limit)
        script_fail(s, DIAG_limit, span, "does the recursion have an end?",
                    "calls and expressions nest too deeply");
}

void
eval_step(Script *s, Span span)
{
    if (s->options.interrupted && *s->options.interrupted)
        script_abandon(s);
    int64_t limit = s->options.max_steps   ? s->options.max_steps
                    : s->options.compiling ? STEPS_COMPILING
                                           : STEPS_RUNNING;
    if (++s->eval->steps <= limit)
        return;
    s->eval->stopped = true;
    script_fail(s, DIAG_limit, span, "--max-steps=N allows more",
                "the loops and calls of this script took %lld steps",
                (long long)limit);
}

Value
eval(Script *s, Scope *scope, const Ast *ast)
{
    eval_check_stack(s, ast->span);
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
