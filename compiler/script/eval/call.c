/* Calls: of functions, models, builtins, types and objects with a method.
 *
 * Every evaluation of a body has a frame, so that errors can show the stack of
 * models; equal calls share theirs. A model that is called with plain values
 * outside of a trace is compiled and run (model_call); inside a trace its body
 * is evaluated in place.
 */
#include "script/array/numeric.h"
#include "script/eval/eval.h"
#include "script/model/model.h"
#include "script/model/trace_model.h"
#include "script/train/step.h"

#include <string.h>

enum { DEPTH_DEFAULT = 1000 };

/* What a call changes in the script, to be put back after it. */
typedef struct {
    Active active;
    CallFrame *call;
    const Frame *frame;
    const IndexContext *index;
    Span span;
    bool dotted;
} Entered;

static void
enter(Script *s, Entered *e, const char *name, Scope *scope, const Args *args)
{
    Eval *eval = s->eval;
    int64_t limit = s->options.max_depth ? s->options.max_depth : DEPTH_DEFAULT;
    if (s->depth >= limit)
        script_fail(
            s, DIAG_limit, args->span, "does the recursion have an end?",
            "%lld calls inside one another are too many", (long long)limit);
    eval_step(s, args->span);
    const Object *of = scope->parent->object;
    Span made = of ? of->made : (Span){0};
    CallFrame *call = frame_of(s, name, args->span, made);
    *e = (Entered){.active = {.caller = eval->active,
                              .frame = &call->frame,
                              .scope = scope,
                              .number = ++eval->calls},
                   .call = eval->call,
                   .frame = s->frame,
                   .index = eval->index,
                   .span = s->span,
                   .dotted = eval->dotted};
    eval->active = &e->active;
    eval->call = call;
    eval->index = NULL;
    eval->dotted = eval->dot_next;
    eval->dot_next = false;
    s->frame = &call->frame;
    s->depth++;
}

static void
leave(Script *s, const Entered *e)
{
    Eval *eval = s->eval;
    eval->active = e->active.caller;
    eval->call = e->call;
    eval->index = e->index;
    eval->dotted = e->dotted;
    s->frame = e->frame;
    s->span = e->span;
    s->depth--;
}

static const char *
argument_kinds(Script *s, const Args *args)
{
    const char *text = "";
    for (size_t i = 0; i < args->count; i++)
        text = arena_printf(&s->context->arena, "%s%s%s", text, i ? ", " : "",
                            value_kind_name(args->item[i]));
    return text;
}

/* "there is f(x), f(x, y)": what may be called, the fields of a type last; NULL
 * for nothing.
 */
static const char *
methods_hint(Script *s, const char *name, const Function *f, const Type *type)
{
    Arena *arena = &s->context->arena;
    const char *hint = NULL;
    for (size_t i = 0; f && i < f->method.count && i < 8; i++)
        hint = arena_printf(
            arena, "%s%s", hint ? arena_printf(arena, "%s, ", hint) : "",
            method_signature(s, name, f->method.item[i].function));
    if (type) {
        hint = arena_printf(arena, "%s%s%s(", hint ? hint : "",
                            hint ? ", " : "", name);
        for (size_t i = 0; i < type->fields; i++)
            hint = arena_printf(arena, "%s%s%s", hint, i ? ", " : "",
                                type->field[i]);
        hint = arena_printf(arena, "%s)", hint);
    }
    return hint ? arena_printf(arena, "there is %s", hint) : NULL;
}

/* Reports a call that fits no method, with those that there are. */
_Noreturn static void
call_no_method(Script *s, const char *name, const Function *f, const Type *type,
               const Args *args)
{
    script_fail(s, DIAG_arity, args->span, methods_hint(s, name, f, type),
                "%s does not take (%s)", name, argument_kinds(s, args));
}

/* The value of a keyword argument, or NULL. */
static const Value *
keyword_of(const Args *args, const char *name)
{
    for (size_t i = args->keys; i-- > 0;)
        if (args->key[i] == name)
            return &args->value[i];
    return NULL;
}

static bool
has_keyword(const AstParams *params, const char *name)
{
    for (size_t i = 0; i < params->count; i++)
        if (params->item[i].keyword &&
            (params->item[i].splat || params->item[i].name == name))
            return true;
    return false;
}

/* The keyword arguments that no parameter names, as a named tuple. */
static Value
other_keywords(Script *s, const AstParams *params, const Args *args)
{
    Value rest = value_tuple(s, NULL, 0);
    Values *values = rest.as.values;
    values->item = ARENA_ARRAY(&s->context->arena, Value, args->keys + 1);
    values->name =
        ARENA_ARRAY(&s->context->arena, const char *, args->keys + 1);
    for (size_t i = 0; i < args->keys; i++) {
        bool named = false;
        for (size_t j = 0; j < params->count; j++)
            named = named || (params->item[j].keyword &&
                              params->item[j].name == args->key[i] &&
                              !params->item[j].splat);
        if (named)
            continue;
        values->name[values->count] = args->key[i];
        values->item[values->count++] = args->value[i];
    }
    return rest;
}

/* Refuses keyword arguments that a method does not name, lacks, or has with
 * another type.
 */
static void
check_keywords(Script *s, const Method *method, const char *name,
               const Args *args)
{
    const AstParams *params = &method->function->as.function.params;
    const char *hint = NULL;
    for (size_t i = 0; i < args->keys; i++) {
        if (has_keyword(params, args->key[i]))
            continue;
        hint = arena_printf(&s->context->arena, "there is %s",
                            method_signature(s, name, method->function));
        script_fail(s, DIAG_arity, args->span, hint,
                    "%s has no keyword argument %s", name, args->key[i]);
    }
    for (size_t i = 0; i < params->count; i++) {
        const AstParam *p = &params->item[i];
        if (!p->keyword || p->splat)
            continue;
        const Value *given = keyword_of(args, p->name);
        if (!given && !p->value)
            script_fail(s, DIAG_arity, args->span, NULL,
                        "%s needs the keyword argument %s", name, p->name);
        if (given && type_match(s, method->scope, p->type, *given) < 0)
            script_fail(s, DIAG_arity, args->span, NULL,
                        "the keyword %s of %s does not take %s", p->name, name,
                        value_kind_name(*given));
    }
}

static Value
keyword_value(Script *s, Scope *scope, const AstParams *params,
              const AstParam *p, const Args *args)
{
    if (p->splat)
        return other_keywords(s, params, args);
    const Value *given = keyword_of(args, p->name);
    return given ? *given : eval_operand(s, scope, p->value);
}

/* An argument that is taken apart, as its names are annotated: (x::[3], h). */
static Value
annotate_parts(Script *s, Scope *scope, const Ast *pattern, Value v,
               NamedDims *named)
{
    if (pattern->kind == AST_DECLARE)
        return annotation_apply(s, scope, pattern->as.declare.type, v, named,
                                pattern->span);
    if (pattern->kind != AST_TUPLE || v.kind != VALUE_tuple)
        return v;
    const Values *from = v.as.values;
    v = value_tuple(s, from->item, from->count);
    for (size_t i = 0; i < from->count && i < pattern->as.list.count; i++)
        v.as.values->item[i] = annotate_parts(
            s, scope, pattern->as.list.item[i], from->item[i], named);
    return v;
}

static void
bind_param(Script *s, Scope *scope, const AstParam *p, Value v,
           NamedDims *named)
{
    if (p->type && !p->splat)
        v = annotation_apply(s, scope, p->type, v, named, p->span);
    if (p->pattern)
        eval_bind(s, scope, p->pattern,
                  annotate_parts(s, scope, p->pattern, v, named), true);
    else if (p->name)
        scope_define(s, scope, p->name, v);
}

/* Binds the parameters in order: a default may use those before it. */
static void
bind_params(Script *s, Scope *scope, const Ast *function, const Args *args)
{
    const AstParams *params = &function->as.function.params;
    NamedDims named = {.count = 0};
    size_t next = 0;
    for (size_t i = 0; i < params->count; i++) {
        const AstParam *p = &params->item[i];
        Value v;
        if (p->keyword) {
            v = keyword_value(s, scope, params, p, args);
        } else if (p->splat) {
            v = value_tuple(s, args->item + next, args->count - next);
            next = args->count;
        } else if (next < args->count) {
            v = args->item[next++];
        } else {
            v = eval_operand(s, scope, p->value);
        }
        bind_param(s, scope, p, v, &named);
    }
}

/* Evaluates a method's body, in a scope inside `around`. */
static Value
run_method(Script *s, const Method *method, Scope *around, const char *name,
           const Args *args)
{
    const Ast *function = method->function;
    Entered entered;
    check_keywords(s, method, name, args);
    Scope *scope = scope_open(s, around, SCOPE_hard);
    enter(s, &entered, name, scope, args);
    bind_params(s, scope, function, args);
    Value v = eval(s, scope, function->as.function.body);
    if (s->eval->flow == FLOW_return)
        v = s->eval->result;
    else if (s->eval->flow != FLOW_none)
        script_fail(s, DIAG_value, function->span, NULL,
                    "break or continue outside of a loop");
    s->eval->flow = FLOW_none;
    const Ast *result = function->as.function.result;
    if (result && type_match(s, method->scope, result, v) < 0)
        script_fail(s, DIAG_value, result->span, NULL,
                    "%s gives %s, which is not of its declared type", name,
                    value_kind_name(v));
    scope_close(s, scope);
    leave(s, &entered);
    return v;
}

Scope *
call_scope(Script *s, Scope *scope)
{
    Active *active = s->eval->active;
    Scope *before = active ? active->scope : NULL;
    if (active)
        active->scope = scope;
    return before;
}

/* Evaluates the body of the method that is picked. */
static Value
call_function(Script *s, Function *f, const Args *args)
{
    const Method *method = method_find(s, f, args);
    const char *name = f->name ? f->name : "function";
    if (!method && f->fallback)
        return call_value(s, *f->fallback, args);
    if (!method)
        call_no_method(s, name, f, NULL, args);
    return run_method(s, method, method->scope, name, args);
}

/* Calls the method in a template with its fields in scope. */
static Value
call_object(Script *s, Object *object, const Args *args)
{
    const Type *type = object->type;
    if (!type->call)
        script_fail(s, DIAG_value, args->span, NULL,
                    "an instance of %s cannot be called", type->name);
    const Method *method = method_find(s, type->call, args);
    if (!method)
        call_no_method(s, type->name, type->call, NULL, args);
    Scope *fields = scope_open(s, method->scope, SCOPE_hard);
    fields->object = object;
    Value v = run_method(s, method, fields, type->name, args);
    scope_close(s, fields);
    return v;
}

Value
convert_field(Script *s, const Type *type, size_t i, Value v, bool making,
              Span span)
{
    const Ast *annotation = type->annotation[i];
    if (!annotation || type_match(s, type->scope, annotation, v) >= 0)
        return v;
    Value as_float = value_float(value_is_number(v) ? value_number(v) : 0);
    if (value_is_number(v) &&
        type_match(s, type->scope, annotation, as_float) >= 0)
        return as_float;
    script_fail(s, DIAG_value, span,
                making && type->constructor
                    ? methods_hint(s, type->name, type->constructor, type)
                    : NULL,
                "the field %s of %s cannot be %s", type->field[i], type->name,
                value_kind_name(v));
}

/* T(…): by a constructor of the script's own, else the fields in order. */
static Value
type_construct(Script *s, Type *type, const Args *args)
{
    if (type->constructor) {
        const Method *method = method_find(s, type->constructor, args);
        if (method)
            return run_method(s, method, method->scope, type->name, args);
    }
    if (args->count != type->fields || args->keys)
        call_no_method(s, type->name, type->constructor, type, args);
    Object *object = ARENA_NEW(&s->context->arena, Object);
    object->type = type;
    object->made = script_place(s, args->span);
    object->field = ARENA_ARRAY(&s->context->arena, Value, type->fields + 1);
    for (size_t i = 0; i < type->fields; i++)
        object->field[i] =
            convert_field(s, type, i, args->item[i], true,
                          args->at != NULL ? args->at[i] : args->span);
    within_object(s, object, args->span);
    return (Value){.kind = VALUE_object, .as.object = object};
}

/* Whether a name is one of those that spaces separate in a list; "*" has all,
 * and NULL none.
 */
static bool
is_listed(const char *list, const char *name)
{
    size_t length = strlen(name);
    for (const char *at = list; at && *at; at += strcspn(at, " ")) {
        at += *at == ' ';
        if (*at == '*' || (!strncmp(at, name, length) &&
                           (at[length] == ' ' || at[length] == '\0')))
            return true;
    }
    return false;
}

/* The keyword arguments of a builtin as a hint; NULL where it has none. */
static const char *
keywords_hint(Script *s, const Builtin *builtin)
{
    const char *keys = builtin->keys;
    if (keys == NULL || *keys == '\0' || *keys == '*')
        return NULL;
    const char *text = "keyword arguments: ";
    for (const char *c = keys; *c; c++)
        text = arena_printf(&s->context->arena, *c == ' ' ? "%s,%c" : "%s%c",
                            text, *c);
    return text;
}

static Value
call_builtin(Script *s, const Builtin *builtin, const Args *args)
{
    int count = args->count > 1000000 ? 1000000 : (int)args->count;
    if (count < builtin->min || (builtin->max >= 0 && count > builtin->max)) {
        const char *many = builtin->max < 0 ? "or more " : "";
        if (builtin->max > builtin->min)
            many = arena_printf(&s->context->arena, "to %d ", builtin->max);
        script_fail(s, DIAG_arity, args->span, keywords_hint(s, builtin),
                    "%s takes %d %sargument%s, not %zu", builtin->name,
                    builtin->min, many,
                    builtin->min == 1 && builtin->max == 1 ? "" : "s",
                    args->count);
    }
    for (size_t i = 0; i < args->keys; i++)
        if (!is_listed(builtin->keys, args->key[i]))
            script_fail(s, DIAG_arity, args->span, keywords_hint(s, builtin),
                        "%s has no keyword argument %s", builtin->name,
                        args->key[i]);
    Span span = s->span;
    s->span = args->span;
    if (!builtin->lists)
        for (size_t i = 0; i < args->count; i++)
            args->item[i] = numeric_plain(s, args->item[i], args->span);
    s->eval->dot_next = false;
    Value v = builtin->run(s, args);
    s->span = span;
    return v;
}

Value
call_value(Script *s, Value callee, const Args *args)
{
    eval_check_stack(s, args->span);
    switch (callee.kind) {
    case VALUE_function:
        if (!s->graph && function_is_net(callee.as.function))
            return model_call(s, callee, args);
        return call_function(s, callee.as.function, args);
    case VALUE_object:
        if (!s->graph && callee.as.object->type->net &&
            callee.as.object->type->call)
            return model_call(s, callee, args);
        return call_object(s, callee.as.object, args);
    case VALUE_builtin:
        return call_builtin(s, callee.as.builtin, args);
    case VALUE_type:
        return type_construct(s, callee.as.type, args);
    case VALUE_engine:
        return s->graph != NULL ? model_inline(s, callee.as.engine, args)
                                : model_call(s, callee, args);
    case VALUE_trainer:
        return step_call(s, callee.as.trainer, args);
    default:
        script_fail(s, DIAG_value, args->span, NULL,
                    "%s cannot be called as a function",
                    value_kind_name(callee));
    }
}
