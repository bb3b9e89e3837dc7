/* Call expressions: arguments, splats, keywords, do blocks, dot calls. */
#include "script/eval/eval.h"

#include <string.h>

enum { ARGS_SMALL = 6, SPLAT_LIMIT = 1 << 20 };

static void
push_value(Script *s, Values *out, Value v)
{
    VEC_PUSH(&s->context->arena, out, v);
}

/* Appends the values of a list of expressions, splats spread out. */
void
eval_splat(Script *s, Scope *scope, const AstList *list, Values *out)
{
    for (size_t i = 0; i < list->count; i++) {
        const Ast *ast = list->item[i];
        if (ast->kind != AST_SPLAT) {
            push_value(s, out, eval_operand(s, scope, ast));
            continue;
        }
        Value v = eval_operand(s, scope, ast->as.operand);
        Iterator it = iterate(s, v, ast->span);
        if (it.count > SPLAT_LIMIT)
            script_fail(s, DIAG_limit, ast->span, NULL,
                        "too many values for a splat");
        for (int64_t k = 0; k < it.count; k++)
            push_value(s, out, iterate_get(s, &it, k, ast->span));
    }
}

static void
push_key(Script *s, Args *args, size_t *capacity, const char *name, Value v)
{
    Arena *arena = &s->context->arena;
    if (args->keys == *capacity) {
        size_t more = *capacity ? 2 * *capacity : 4;
        const char **key = ARENA_ARRAY(arena, const char *, more);
        Value *value = ARENA_ARRAY(arena, Value, more);
        if (args->keys) {
            memcpy(key, args->key, args->keys * sizeof *key);
            memcpy(value, args->value, args->keys * sizeof *value);
        }
        args->key = key;
        args->value = value;
        *capacity = more;
    }
    args->key[args->keys] = name;
    args->value[args->keys++] = v;
}

/* k = v, a name alone (its own value), or a named tuple spread out. */
static void
eval_keywords(Script *s, Scope *scope, const AstList *list, Args *args)
{
    size_t capacity = 0;
    for (size_t i = 0; i < list->count; i++) {
        const Ast *ast = list->item[i];
        if (ast->kind == AST_ASSIGN) {
            push_key(s, args, &capacity, ast->as.binary.left->as.name,
                     eval_operand(s, scope, ast->as.binary.right));
        } else if (ast->kind == AST_NAME) {
            push_key(s, args, &capacity, ast->as.name,
                     eval_operand(s, scope, ast));
        } else {
            Value v = eval_operand(s, scope, ast->as.operand);
            bool empty = v.kind == VALUE_tuple && !v.as.values->count;
            if (!empty && (v.kind != VALUE_tuple || !v.as.values->name))
                script_fail(s, DIAG_value, ast->span, NULL,
                            "a splat among keywords needs a named tuple");
            for (size_t k = 0; k < v.as.values->count; k++)
                push_key(s, args, &capacity, v.as.values->name[k],
                         v.as.values->item[k]);
        }
    }
}

/* Where the arguments of one call expression are kept. */
typedef struct {
    Args args;
    Value item[ARGS_SMALL];
    Span at[ARGS_SMALL];
} CallArgs;

static bool
is_simple(const AstList *list)
{
    for (size_t i = 0; i < list->count; i++)
        if (list->item[i]->kind == AST_SPLAT)
            return false;
    return true;
}

static void
eval_args(Script *s, Scope *scope, const Ast *ast, CallArgs *c)
{
    const AstList *list = &ast->as.call.positional;
    size_t first = ast->as.call.body ? 1 : 0;
    c->args = (Args){.span = ast->span, .item = c->item};
    if (is_simple(list) && list->count + first <= ARGS_SMALL) {
        c->args.at = c->at;
        if (first) {
            c->item[0] = eval_operand(s, scope, ast->as.call.body);
            c->at[0] = ast->as.call.body->span;
        }
        for (size_t i = 0; i < list->count; i++) {
            c->item[first + i] = eval_operand(s, scope, list->item[i]);
            c->at[first + i] = list->item[i]->span;
        }
        c->args.count = list->count + first;
    } else {
        Values out = {0};
        if (first)
            push_value(s, &out, eval_operand(s, scope, ast->as.call.body));
        eval_splat(s, scope, list, &out);
        c->args.item = out.item;
        c->args.count = out.count;
    }
    eval_keywords(s, scope, &ast->as.call.keyword, &c->args);
}

Value
eval_call(Script *s, Scope *scope, const Ast *ast)
{
    Value callee = eval_operand(s, scope, ast->as.call.callee);
    CallArgs c;
    eval_args(s, scope, ast, &c);
    s->span = ast->span;
    return call_value(s, callee, &c.args);
}

Value
call_values(Script *s, Value callee, const Value *item, size_t count, Span span)
{
    Value copy[ARGS_SMALL];
    Args args = {.span = span, .count = count, .item = copy};
    if (count > ARGS_SMALL)
        args.item = ARENA_ARRAY(&s->context->arena, Value, count);
    if (count)
        memcpy(args.item, item, count * sizeof *item);
    return call_value(s, callee, &args);
}

/* Calls a function by its name, as the scope binds it. */
Value
call_named(Script *s, Scope *scope, const char *name, const Value *item,
           size_t count, Span span)
{
    Value callee =
        eval_name(s, scope, intern_text(&s->context->names, name), span);
    return call_values(s, callee, item, count, span);
}

/* Calls the script's own method of a function for an object, its first
 * argument; the builtin of that name does not count.
 */
Value
call_method(Script *s, const char *name, const Value *item, size_t count,
            Span span)
{
    Args args = {.item = (Value *)item, .count = count, .span = span};
    const Value *f =
        scope_find(s->globals, intern_text(&s->context->names, name));
    while (f && f->kind == VALUE_function) {
        if (method_find(s, f->as.function, &args))
            return call_values(s, *f, item, count, span);
        f = f->as.function->fallback;
    }
    const char *type = value_name(*item);
    script_fail(s, DIAG_value, span,
                arena_printf(&s->context->arena, "define %s(x::%s%s) = …", name,
                             type, count > 1 ? ", …" : ""),
                "there is no %s for %s", name, type);
}

static bool
is_collection(Value v)
{
    return v.kind == VALUE_list || v.kind == VALUE_tuple ||
           v.kind == VALUE_range || v.kind == VALUE_batch ||
           v.kind == VALUE_seq ||
           (v.kind == VALUE_array && v.as.array->tensor->rank > 0);
}

/* Whether the function itself takes care of arrays: numeric builtins do, and
 * a traced body with its operators dotted.
 */
static bool
is_elementwise(const Script *s, Value callee, const Args *args)
{
    bool traced = false;
    bool mapped = false;
    for (size_t i = 0; i < args->count; i++) {
        Value v = args->item[i];
        traced = traced || v.kind == VALUE_node || v.kind == VALUE_opaque;
        mapped = mapped || v.kind == VALUE_list || v.kind == VALUE_tuple;
    }
    if (callee.kind == VALUE_builtin)
        return !callee.as.builtin->lists && !mapped;
    return s->graph && traced && !mapped;
}

/* f.(x, …) one element at a time: collections of one length, and scalars. */
static Value
map_dotted(Script *s, Value callee, const Args *args)
{
    Iterator it[ARGS_SMALL];
    int64_t count = -1;
    size_t shaped = 0;
    if (args->count > ARGS_SMALL)
        script_fail(s, DIAG_limit, args->span, NULL,
                    "a dot call takes at most %d arguments", ARGS_SMALL);
    for (size_t i = 0; i < args->count; i++) {
        if (!is_collection(args->item[i]))
            continue;
        it[i] = iterate(s, args->item[i], args->span);
        if (count >= 0 && it[i].count != count)
            script_fail(s, DIAG_shape, args->span, NULL,
                        "lengths do not fit: %lld and %lld", (long long)count,
                        (long long)it[i].count);
        if (count < 0)
            shaped = i;
        count = it[i].count;
    }
    Values out = {0};
    Args one = *args;
    Value item[ARGS_SMALL];
    one.item = item;
    for (int64_t k = 0; k < count; k++) {
        for (size_t i = 0; i < args->count; i++)
            item[i] = is_collection(args->item[i])
                          ? iterate_get(s, &it[i], k, args->span)
                          : args->item[i];
        push_value(s, &out, call_value(s, callee, &one));
    }
    Value like = args->item[shaped];
    if (like.kind == VALUE_tuple)
        return value_tuple(s, out.item, out.count);
    if (like.kind == VALUE_array)
        return iterate_collect(s, &out, like.as.array->tensor->rank,
                               like.as.array->tensor->dim, args->span);
    return iterate_collect(s, &out, 1, &count, args->span);
}

Value
eval_dotcall(Script *s, Scope *scope, const Ast *ast)
{
    Value callee = eval_operand(s, scope, ast->as.call.callee);
    CallArgs c;
    eval_args(s, scope, ast, &c);
    s->span = ast->span;
    bool mapped = false;
    for (size_t i = 0; i < c.args.count; i++)
        mapped = mapped || is_collection(c.args.item[i]);
    if (is_elementwise(s, callee, &c.args)) {
        s->eval->dot_next = callee.kind == VALUE_function;
        return call_value(s, callee, &c.args);
    }
    return mapped ? map_dotted(s, callee, &c.args)
                  : call_value(s, callee, &c.args);
}
