/* What a model captures: its parameters by their paths.
 *
 * The walk goes from a value to all that it refers to: the fields of a
 * template, the elements of lists (`layers` gives layer1, layer2, …) and the
 * names that a function's body takes from outside, in the order of their
 * appearance. Arrays of @net functions and templates are parameters; those
 * that a plain function uses are constants.
 */
#include "script/model/trainer.h"
#include "script/value/scope.h"

#include <string.h>

typedef struct {
    Script *s;
    Params params;
    VEC(const void *) seen; /* functions and objects */
} Walk;

static void walk_value(Walk *w, Value v, const char *path, bool net);

/* Names bound inside of a function, which it does not capture. */
typedef struct Bound Bound;
struct Bound {
    const Bound *outer;
    VEC(const char *) name;
};

static bool
is_bound(const Bound *bound, const char *name)
{
    for (; bound != NULL; bound = bound->outer)
        for (size_t i = 0; i < bound->name.count; i++)
            if (bound->name.item[i] == name)
                return true;
    return false;
}

typedef struct {
    Walk *walk;
    Scope *scope; /* of the function */
    const char *path;
    bool net;
    Bound *bound;
} Body;

static void body_visit(Body *b, const Ast *ast);

static void
bind_target(Body *b, const Ast *target)
{
    Arena *arena = &b->walk->s->context->arena;
    switch (target->kind) {
    case AST_NAME:
        VEC_PUSH(arena, &b->bound->name, target->as.name);
        break;
    case AST_TUPLE:
        for (size_t i = 0; i < target->as.list.count; i++)
            bind_target(b, target->as.list.item[i]);
        break;
    case AST_DECLARE:
        if (target->as.declare.value != NULL)
            bind_target(b, target->as.declare.value);
        break;
    default:
        body_visit(b, target);
        break;
    }
}

static void
visit_list(Body *b, const AstList *list)
{
    for (size_t i = 0; i < list->count; i++)
        body_visit(b, list->item[i]);
}

static void
bind_params(Body *b, const AstParams *params)
{
    Arena *arena = &b->walk->s->context->arena;
    for (size_t i = 0; i < params->count; i++) {
        const AstParam *p = &params->item[i];
        if (p->value != NULL)
            body_visit(b, p->value);
        if (p->name != NULL)
            VEC_PUSH(arena, &b->bound->name, p->name);
        if (p->pattern != NULL)
            bind_target(b, p->pattern);
    }
}

/* A function in the function: its names are bound in it alone. */
static void
visit_function(Body *b, const Ast *ast)
{
    Arena *arena = &b->walk->s->context->arena;
    if (ast->as.function.name != NULL)
        VEC_PUSH(arena, &b->bound->name, ast->as.function.name);
    Bound inner = {.outer = b->bound};
    Bound *outer = b->bound;
    b->bound = &inner;
    bind_params(b, &ast->as.function.params);
    body_visit(b, ast->as.function.body);
    b->bound = outer;
}

static void
visit_generator(Body *b, const Ast *ast)
{
    Bound inner = {.outer = b->bound};
    Bound *outer = b->bound;
    b->bound = &inner;
    for (size_t i = 0; i < ast->as.generator.count; i++) {
        const AstClause *clause = &ast->as.generator.clause[i];
        for (size_t k = 0; k < clause->count; k++) {
            body_visit(b, clause->iterate[k].range);
            bind_target(b, clause->iterate[k].target);
        }
        if (clause->condition != NULL)
            body_visit(b, clause->condition);
    }
    body_visit(b, ast->as.generator.element);
    b->bound = outer;
}

/* A name from outside: what it means now is captured. */
static void
visit_name(Body *b, const char *name, bool frozen)
{
    if (is_bound(b->bound, name))
        return;
    Value *found = scope_find(b->scope, name);
    if (found == NULL)
        return;
    Value v = *found;
    v.frozen = v.frozen || (frozen && v.kind == VALUE_array);
    Arena *arena = &b->walk->s->context->arena;
    const char *path =
        b->path[0] != '\0' ? arena_printf(arena, "%s.%s", b->path, name) : name;
    walk_value(b->walk, v, path, b->net);
}

/* The name in frozen(name); NULL: another call. */
static const char *
frozen_name(const Ast *call)
{
    const Ast *callee = call->as.call.callee;
    const AstList *item = &call->as.call.positional;
    if (callee->kind != AST_NAME || strcmp(callee->as.name, "frozen") != 0 ||
        item->count != 1 || item->item[0]->kind != AST_NAME)
        return NULL;
    return item->item[0]->as.name;
}

static void
visit_call(Body *b, const Ast *ast)
{
    const char *frozen = frozen_name(ast);
    if (frozen != NULL) {
        visit_name(b, frozen, true);
        return;
    }
    body_visit(b, ast->as.call.callee);
    visit_list(b, &ast->as.call.positional);
    for (size_t i = 0; i < ast->as.call.keyword.count; i++) {
        const Ast *k = ast->as.call.keyword.item[i];
        body_visit(b, k->kind == AST_ASSIGN ? k->as.binary.right : k);
    }
    body_visit(b, ast->as.call.body);
}

static void
visit_loop(Body *b, const Ast *ast)
{
    for (size_t i = 0; i < ast->as.loop.count; i++) {
        body_visit(b, ast->as.loop.iterate[i].range);
        bind_target(b, ast->as.loop.iterate[i].target);
    }
    body_visit(b, ast->as.loop.body);
}

static void
body_visit(Body *b, const Ast *ast)
{
    if (ast == NULL)
        return;
    switch (ast->kind) {
    case AST_NAME:
        visit_name(b, ast->as.name, false);
        break;
    case AST_INTERPOLATE:
    case AST_TUPLE:
    case AST_VECT:
    case AST_VCAT:
    case AST_HCAT:
    case AST_BLOCK:
    case AST_RETURN:
        visit_list(b, &ast->as.list);
        break;
    case AST_NAMEDTUPLE:
        for (size_t i = 0; i < ast->as.list.count; i++)
            body_visit(b, ast->as.list.item[i]->as.binary.right);
        break;
    case AST_UNARY:
    case AST_BINARY:
    case AST_JUXTAPOSE:
    case AST_AND:
    case AST_OR:
    case AST_PAIR:
    case AST_TRANSPOSE:
        body_visit(b, ast->as.binary.left);
        body_visit(b, ast->as.binary.right);
        break;
    case AST_ASSIGN:
        body_visit(b, ast->as.binary.right);
        bind_target(b, ast->as.binary.left);
        break;
    case AST_COMPARE:
        visit_list(b, &ast->as.compare.operand);
        break;
    case AST_RANGE:
        body_visit(b, ast->as.range.first);
        body_visit(b, ast->as.range.step);
        body_visit(b, ast->as.range.last);
        break;
    case AST_CALL:
    case AST_DOTCALL:
    case AST_INDEX:
    case AST_CURLY:
        visit_call(b, ast);
        break;
    case AST_FIELD:
        body_visit(b, ast->as.field.object);
        break;
    case AST_TERNARY:
    case AST_IF:
        body_visit(b, ast->as.branch.condition);
        body_visit(b, ast->as.branch.then);
        body_visit(b, ast->as.branch.otherwise);
        break;
    case AST_FOR:
        visit_loop(b, ast);
        break;
    case AST_WHILE:
        body_visit(b, ast->as.repeat.condition);
        body_visit(b, ast->as.repeat.body);
        break;
    case AST_LET:
        visit_list(b, &ast->as.let.binding);
        body_visit(b, ast->as.let.body);
        break;
    case AST_FUNCTION:
        visit_function(b, ast);
        break;
    case AST_COMPREHENSION:
    case AST_GENERATOR:
        visit_generator(b, ast);
        break;
    case AST_MACRO:
        visit_list(b, &ast->as.macro.argument);
        break;
    case AST_SPLAT:
    case AST_CONST:
        body_visit(b, ast->as.operand);
        break;
    case AST_DECLARE:
        body_visit(b, ast->as.declare.value);
        break;
    case AST_ERROR:
    case AST_INT:
    case AST_FLOAT:
    case AST_FLOAT32:
    case AST_BOOL:
    case AST_STRING:
    case AST_SYMBOL:
    case AST_END:
    case AST_COLON:
    case AST_TYPE:
    case AST_BREAK:
    case AST_CONTINUE:
    case AST_EXPORT:
    case AST_USING:
    case AST_KINDS:
        break;
    }
}

static bool
walk_seen(Walk *w, const void *what)
{
    for (size_t i = 0; i < w->seen.count; i++)
        if (w->seen.item[i] == what)
            return true;
    VEC_PUSH(&w->s->context->arena, &w->seen, what);
    return false;
}

static void
walk_function(Walk *w, const Function *f, const char *path, const Type *type)
{
    if (walk_seen(w, f))
        return;
    for (size_t i = 0; i < f->method.count; i++) {
        const Method *m = &f->method.item[i];
        Bound bound = {.outer = NULL};
        for (size_t k = 0; type != NULL && k < type->fields; k++)
            VEC_PUSH(&w->s->context->arena, &bound.name, type->field[k]);
        Body b = {.walk = w,
                  .scope = m->scope,
                  .path = path,
                  .net = m->net || (type != NULL && type->net),
                  .bound = &bound};
        bind_params(&b, &m->function->as.function.params);
        body_visit(&b, m->function->as.function.body);
    }
}

/* Whether a field is a model that the object stands for: W, not model.W, is a
 * parameter of unroll(m).
 */
static bool
stands_for(const Type *type, const char *field)
{
    bool steps = strcmp(type->name, "Unrolled") == 0 ||
                 strcmp(type->name, "Stepped") == 0;
    return steps && strcmp(field, "model") == 0;
}

static void
walk_object(Walk *w, const Object *o, const char *path)
{
    if (walk_seen(w, o))
        return;
    Arena *arena = &w->s->context->arena;
    for (size_t i = 0; i < o->type->fields; i++) {
        const char *name = o->type->field[i];
        if (stands_for(o->type, name))
            name = path;
        else if (path[0] != '\0')
            name = arena_printf(arena, "%s.%s", path, name);
        walk_value(w, o->field[i], name, o->type->net);
    }
    if (o->type->call != NULL)
        walk_function(w, o->type->call, path, o->type);
}

/* Element K of `layers` is layerK; of any other name, nameK. A chain's layers
 * stand for themselves: layer1.W, not layers.layer1.W.
 */
static void
walk_list(Walk *w, const Values *v, const char *path, bool net)
{
    size_t length = strlen(path);
    bool plural = length > 1 && path[length - 1] == 's';
    for (size_t i = 0; i < v->count; i++) {
        const char *name =
            arena_printf(&w->s->context->arena, "%.*s%zu",
                         (int)(plural ? length - 1 : length), path, i + 1);
        walk_value(w, v->item[i], name, net);
    }
}

static void
walk_array(Walk *w, Value v, const char *path)
{
    DType dtype = v.as.array->tensor->dtype;
    if (!dtype_real(dtype) && dtype != DTYPE_i64)
        return;
    for (size_t i = 0; i < w->params.count; i++)
        if (w->params.item[i].array == v.as.array)
            return;
    Param p = {.path = path, .array = v.as.array, .frozen = v.frozen};
    VEC_PUSH(&w->s->context->arena, &w->params, p);
}

static void
walk_value(Walk *w, Value v, const char *path, bool net)
{
    switch (v.kind) {
    case VALUE_array:
        if (net)
            walk_array(w, v, path);
        break;
    case VALUE_list:
    case VALUE_tuple:
    case VALUE_pair:
        walk_list(w, v.as.values, path, net);
        break;
    case VALUE_function:
        walk_function(w, v.as.function, path, NULL);
        break;
    case VALUE_object:
        walk_object(w, v.as.object, path);
        break;
    case VALUE_engine:
        walk_value(w, v.as.engine->model, path, false);
        break;
    case VALUE_trainer:
        walk_value(w, v.as.trainer->model, path, false);
        break;
    case VALUE_nothing:
    case VALUE_bool:
    case VALUE_int:
    case VALUE_float:
    case VALUE_float32:
    case VALUE_string:
    case VALUE_symbol:
    case VALUE_range:
    case VALUE_batch:
    case VALUE_seq:
    case VALUE_builtin:
    case VALUE_type:
    case VALUE_node:
    case VALUE_opaque:
    case VALUE_poison:
        break;
    }
}

Params
trace_params(Script *s, Value model)
{
    Walk w = {.s = s};
    walk_value(&w, model, "", false);
    return w.params;
}
