/* Assignments: names, tuples, fields, indices, and the += family. */
#include "script/array/numeric.h"
#include "script/eval/eval.h"
#include "script/model/recur.h"

#include <string.h>

static void
assign_field(Script *s, Value object, const Ast *target, Value value)
{
    const char *name = target->as.field.name;
    if (object.kind != VALUE_object) {
        eval_field(s, object, name, target->span);
        script_fail(s, DIAG_assign, target->span, NULL,
                    "the fields of %s cannot be assigned",
                    value_kind_name(object));
    }
    const Type *type = object.as.object->type;
    for (size_t i = 0; i < type->fields; i++) {
        if (type->field[i] != name)
            continue;
        if (!type->opened)
            script_fail(s, DIAG_assign, target->span,
                        "declare it with type instead of struct",
                        "the fields of the struct %s cannot be assigned",
                        type->name);
        if (value_is_traced(value))
            script_fail(s, DIAG_traced, target->span, NULL,
                        "a traced value cannot be kept in a field");
        object.as.object->field[i] =
            convert_field(s, type, i, value, false, target->span);
        return;
    }
    eval_field(s, object, name, target->span);
}

static void
target_find(Script *s, Scope *scope, const Ast *target, Target *place)
{
    place->ast = target;
    if (target->kind == AST_INDEX)
        eval_index_target(s, scope, target, place);
    else if (target->kind == AST_FIELD)
        place->whole = eval_operand(s, scope, target->as.field.object);
}

static Value
target_get(Script *s, Scope *scope, Target *place)
{
    const Ast *target = place->ast;
    if (target->kind == AST_INDEX)
        return eval_index_get(s, place);
    if (target->kind == AST_FIELD)
        return eval_field(s, place->whole, target->as.field.name, target->span);
    return eval_operand(s, scope, target);
}

static void
target_set(Script *s, Scope *scope, Target *place, Value value)
{
    if (place->ast->kind == AST_INDEX)
        eval_index_set(s, place, value);
    else if (place->ast->kind == AST_FIELD)
        assign_field(s, place->whole, place->ast, value);
    else
        eval_bind(s, scope, place->ast, value, false);
}

static void
bind_tuple(Script *s, Scope *scope, const Ast *target, Value value, bool define)
{
    const AstList *list = &target->as.list;
    Values values = iterate_all(s, value, target->span);
    size_t splat = list->count;
    for (size_t i = 0; i < list->count; i++)
        if (list->item[i]->kind == AST_SPLAT)
            splat = i;
    size_t fixed = splat < list->count ? list->count - 1 : list->count;
    if (values.count < fixed)
        script_fail(s, DIAG_value, target->span, NULL,
                    "%zu value%s for %zu names", values.count,
                    values.count == 1 ? "" : "s", fixed);
    size_t next = 0;
    for (size_t i = 0; i < list->count; i++) {
        if (i != splat) {
            eval_bind(s, scope, list->item[i], values.item[next++], define);
            continue;
        }
        size_t rest = values.count - fixed;
        eval_bind(s, scope, list->item[i]->as.operand,
                  value_tuple(s, values.item + next, rest), define);
        next += rest;
    }
}

/* What a method gives a field in a step of a loop is its next value. */
static void
assign_name(Script *s, Scope *scope, const char *name, Value value)
{
    Object *object = s->graph != NULL ? scope_owner(scope, name) : NULL;
    if (object != NULL)
        recur_assign(s, object, name, value);
    scope_set(s, scope, name, value);
}

/* Gives a value to what stands left of `=`, or in a for, or as a parameter:
 * `define` binds in this very scope.
 */
void
eval_bind(Script *s, Scope *scope, const Ast *target, Value value, bool define)
{
    Target place;
    s->span = target->span;
    switch (target->kind) {
    case AST_NAME:
        if (define)
            scope_define(s, scope, target->as.name, value);
        else
            assign_name(s, scope, target->as.name, value);
        return;
    case AST_TUPLE:
        bind_tuple(s, scope, target, value, define);
        return;
    case AST_DECLARE:
        if (type_match(s, scope, target->as.declare.type, value) < 0)
            script_fail(s, DIAG_value, target->span, NULL,
                        "%s is not of the declared type",
                        value_kind_name(value));
        eval_bind(s, scope, target->as.declare.value, value, define);
        return;
    case AST_FIELD:
    case AST_INDEX:
        target_find(s, scope, target, &place);
        target_set(s, scope, &place, value);
        return;
    case AST_CURLY:
        script_fail(s, DIAG_recurrence, target->span, NULL,
                    "the value of an earlier step cannot be changed");
    default:
        script_fail(s, DIAG_assign, target->span, NULL, "cannot assign to %s",
                    ast_kind_name[target->kind]);
    }
}

/* An anonymous function takes the name that it is first bound to. */
static void
name_function(const Ast *target, const Ast *source, Value value)
{
    bool written =
        source->kind == AST_FUNCTION ||
        (source->kind == AST_MACRO && !strcmp(source->as.macro.name, "@net"));
    if (target->kind == AST_NAME && written && value.kind == VALUE_function &&
        !value.as.function->name)
        value.as.function->name = target->as.name;
}

/* x .= v, x .+= v: into the elements of an array. */
static void
assign_elements(Script *s, Value target, Value value, Span span)
{
    if (target.kind != VALUE_array)
        script_fail(s, DIAG_assign, span, NULL,
                    "a dotted assignment needs an array, not %s",
                    value_kind_name(target));
    Value all[8];
    int rank = target.as.array->tensor->rank;
    for (int i = 0; i < rank && i < 8; i++)
        all[i] = (Value){.kind = VALUE_symbol, .as.symbol = ":"};
    numeric_assign(s, target, all, (size_t)rank, value, span);
}

/* Whether what a dotted assignment changes is a part of an array, x[:, 1]: its
 * value is a copy.
 */
static bool
is_part(const Target *place)
{
    return place->ast->kind == AST_INDEX &&
           (place->whole.kind == VALUE_array ||
            place->whole.kind == VALUE_batch || value_is_traced(place->whole));
}

/* x .= v, x += v, x .+= v: "+=" is "+" and an assignment; what has a dot goes
 * into the elements.
 */
static Value
assign_again(Script *s, Scope *scope, const Ast *ast)
{
    const Ast *source = ast->as.binary.right;
    const char *op = ast->as.binary.op;
    bool only = !strcmp(op, ".=");
    Value value = only ? eval_operand(s, scope, source) : value_nothing();
    Target place;
    target_find(s, scope, ast->as.binary.left, &place);
    Value old = only && is_part(&place) ? value_nothing()
                                        : target_get(s, scope, &place);
    if (!only) {
        value = eval_operand(s, scope, source);
        const char *plain = intern(&s->context->names, op, strlen(op) - 1);
        value = eval_binary(s, plain, old, value, ast->span);
    }
    if (op[0] != '.' || is_part(&place)) {
        target_set(s, scope, &place, value);
        return value;
    }
    assign_elements(s, old, value, ast->span);
    return old;
}

Value
eval_assign(Script *s, Scope *scope, const Ast *ast)
{
    const Ast *target = ast->as.binary.left;
    const Ast *source = ast->as.binary.right;
    if (strcmp(ast->as.binary.op, "=") != 0)
        return assign_again(s, scope, ast);
    Value value = eval(s, scope, source);
    if (s->eval->flow != FLOW_none)
        return value;
    name_function(target, source, value);
    eval_bind(s, scope, target, value, false);
    return value;
}
