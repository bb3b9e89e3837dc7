/* Definitions: functions and their methods, types, compositions. */
#include "script/eval/eval.h"

#include <string.h>

static bool
same_annotation(Script *s, const Ast *a, const Ast *b)
{
    if (!a || !b)
        return a == b;
    if (a->kind == AST_NAME && b->kind == AST_NAME)
        return a->as.name == b->as.name;
    const Source *in = source_get(&s->context->sources, a->span.source);
    const Source *of = source_get(&s->context->sources, b->span.source);
    size_t length = a->span.end - a->span.begin;
    return in && of && length == b->span.end - b->span.begin &&
           !memcmp(in->text + a->span.begin, of->text + b->span.begin, length);
}

/* Whether a method takes just the arguments that another takes. */
static bool
same_signature(Script *s, const Ast *a, const Ast *b)
{
    const AstParams *p = &a->as.function.params;
    const AstParams *q = &b->as.function.params;
    size_t i = 0;
    size_t j = 0;
    for (;; i++, j++) {
        while (i < p->count && p->item[i].keyword)
            i++;
        while (j < q->count && q->item[j].keyword)
            j++;
        if (i == p->count || j == q->count)
            return i == p->count && j == q->count;
        if (p->item[i].splat != q->item[j].splat ||
            !same_annotation(s, p->item[i].type, q->item[j].type))
            return false;
    }
}

/* Adds a method, in place of one with the same signature. */
static void
add_method(Script *s, Function *f, Method method)
{
    for (size_t i = 0; i < f->method.count; i++) {
        if (same_signature(s, f->method.item[i].function, method.function)) {
            f->method.item[i] = method;
            return;
        }
    }
    VEC_PUSH(&s->context->arena, &f->method, method);
}

/* Refuses annotations that name no type. */
static void
check_params(Script *s, Scope *scope, const Ast *ast)
{
    const AstParams *params = &ast->as.function.params;
    for (size_t i = 0; i < params->count; i++)
        if (params->item[i].type)
            type_match(s, scope, params->item[i].type, value_nothing());
}

static bool
is_callable(Value v)
{
    return v.kind == VALUE_function || v.kind == VALUE_builtin ||
           v.kind == VALUE_type;
}

/* Only a method with an annotation extends what the name meant outside. */
static bool
has_annotation(const Ast *ast)
{
    const AstParams *params = &ast->as.function.params;
    for (size_t i = 0; i < params->count; i++)
        if (params->item[i].type)
            return true;
    return false;
}

static Value
new_function(Script *s, const char *name, Method method)
{
    Function *f = ARENA_NEW(&s->context->arena, Function);
    f->name = name;
    add_method(s, f, method);
    return (Value){.kind = VALUE_function, .as.function = f};
}

/* Whether a method is of a type that the script has made. */
static bool
has_own_type(Script *s, const Ast *ast)
{
    const AstParams *params = &ast->as.function.params;
    for (size_t i = 0; i < params->count; i++) {
        const Ast *type = params->item[i].type;
        const Value *own = type && type->kind == AST_NAME
                               ? scope_local(s->globals, type->as.name)
                               : NULL;
        if (own && own->kind == VALUE_type)
            return true;
    }
    return false;
}

/* The library's function that a method of the script extends, so that the
 * library finds it, too: one of a type of the script's own; or NULL.
 */
static Function *
extended(Script *s, Scope *scope, const Ast *ast)
{
    const Value *v = scope_local(s->eval->library, ast->as.function.name);
    bool library = scope == s->globals && v && v->kind == VALUE_function;
    return library && has_own_type(s, ast) ? v->as.function : NULL;
}

/* f(x) = …: a method of the function that this scope binds, or of the type
 * that any scope does; else a new function.
 */
static Value
define_named(Script *s, Scope *scope, const Ast *ast, Method method)
{
    const char *name = ast->as.function.name;
    Value *here = scope_local(scope, name);
    if (here && here->kind == VALUE_function && !scope->object) {
        add_method(s, here->as.function, method);
        return *here;
    }
    const Value *outer = scope_find(scope, name);
    if (outer && outer->kind == VALUE_type) {
        Type *type = outer->as.type;
        if (!type->constructor) {
            type->constructor = ARENA_NEW(&s->context->arena, Function);
            type->constructor->name = name;
        }
        add_method(s, type->constructor, method);
        return *outer;
    }
    Function *library = here ? NULL : extended(s, scope, ast);
    if (library) {
        add_method(s, library, method);
        return *outer;
    }
    Value v = new_function(s, name, method);
    bool replaces = here == NULL || here->kind == VALUE_builtin;
    if (outer && replaces && is_callable(*outer) && has_annotation(ast)) {
        Value *fallback = ARENA_NEW(&s->context->arena, Value);
        *fallback = *outer;
        v.as.function->fallback = fallback;
    }
    s->span = ast->span;
    scope_define(s, scope, name, v);
    return v;
}

Value
eval_function(Script *s, Scope *scope, const Ast *ast, bool net)
{
    check_params(s, scope, ast);
    scope_capture(scope);
    Method method = {.function = ast, .scope = scope, .net = net};
    if (!ast->as.function.name)
        return new_function(s, NULL, method);
    return define_named(s, scope, ast, method);
}

static void
add_field(Script *s, Type *type, const Ast *member)
{
    const Ast *name = member;
    const Ast *annotation = NULL;
    if (member->kind == AST_DECLARE) {
        name = member->as.declare.value;
        annotation = member->as.declare.type;
    }
    for (size_t i = 0; i < type->fields; i++)
        if (type->field[i] == name->as.name)
            script_fail(s, DIAG_value, member->span, NULL,
                        "%s has the field %s twice", type->name, name->as.name);
    if (annotation)
        type_match(s, type->scope, annotation, value_nothing());
    type->field[type->fields] = name->as.name;
    type->annotation[type->fields++] = annotation;
}

static void
add_type_method(Script *s, Type *type, const Ast *member)
{
    const char *name = member->as.function.name;
    if (name && name != type->name)
        script_fail(s, DIAG_value, member->span,
                    "define it behind the type, with the instance as an "
                    "argument",
                    "a type holds fields, its call x -> … and constructors");
    Function **function = name ? &type->constructor : &type->call;
    if (!*function) {
        *function = ARENA_NEW(&s->context->arena, Function);
        (*function)->name = type->name;
    }
    check_params(s, type->scope, member);
    add_method(s, *function,
               (Method){.function = member,
                        .scope = type->scope,
                        .net = type->net && !name});
}

static const Type *
find_parent(Script *s, Scope *scope, const Ast *parent)
{
    Value v = eval_operand(s, scope, parent);
    if (v.kind == VALUE_type)
        return v.as.type;
    if (v.kind == VALUE_builtin && type_known(v.as.builtin->name))
        return NULL;
    script_fail(s, DIAG_value, parent->span, NULL, "%s is not a type",
                value_kind_name(v));
}

Value
eval_type(Script *s, Scope *scope, const Ast *ast, bool net)
{
    const AstList *member = &ast->as.type.member;
    Arena *arena = &s->context->arena;
    Type *type = ARENA_NEW(arena, Type);
    scope_capture(scope);
    type->name = ast->as.type.name;
    type->net = net;
    type->opened = ast->as.type.is_template;
    type->scope = scope;
    type->span = ast->span;
    type->field = ARENA_ARRAY(arena, const char *, member->count + 1);
    type->annotation = ARENA_ARRAY(arena, const Ast *, member->count + 1);
    if (ast->as.type.parent)
        type->parent = find_parent(s, scope, ast->as.type.parent);
    Value v = {.kind = VALUE_type, .as.type = type};
    s->span = ast->span;
    scope_define(s, scope, type->name, v);
    for (size_t i = 0; i < member->count; i++) {
        if (member->item[i]->kind == AST_FUNCTION)
            add_type_method(s, type, member->item[i]);
        else
            add_field(s, type, member->item[i]);
    }
    return v;
}

static Ast *
new_ast(Script *s, AstKind kind, const char *name)
{
    Ast *ast = ARENA_NEW(&s->context->arena, Ast);
    ast->kind = kind;
    ast->depth = 1;
    ast->span = s->span;
    if (kind == AST_NAME)
        ast->as.name = intern_text(&s->context->names, name);
    return ast;
}

static Ast *
new_call(Script *s, const char *callee, Ast *argument)
{
    Ast *call = new_ast(s, AST_CALL, NULL);
    call->as.call.callee = new_ast(s, AST_NAME, callee);
    VEC_PUSH(&s->context->arena, &call->as.call.positional, argument);
    return call;
}

/* f ∘ g: the function (x...) -> f(g(x...)). */
Value
eval_composed(Script *s, Value outer, Value inner)
{
    Ast *x = new_ast(s, AST_NAME, "x");
    Ast *splat = new_ast(s, AST_SPLAT, NULL);
    splat->as.operand = x;
    Ast *function = new_ast(s, AST_FUNCTION, NULL);
    AstParam param = {.name = x->as.name, .splat = true, .span = s->span};
    VEC_PUSH(&s->context->arena, &function->as.function.params, param);
    function->as.function.body =
        new_call(s, "outer", new_call(s, "inner", splat));
    Scope *scope = scope_new(s, s->eval->library);
    scope_define(s, scope, intern_text(&s->context->names, "outer"), outer);
    scope_define(s, scope, intern_text(&s->context->names, "inner"), inner);
    const char *name = arena_printf(&s->context->arena, "%s ∘ %s",
                                    value_name(outer), value_name(inner));
    return new_function(s, name,
                        (Method){.function = function, .scope = scope});
}
