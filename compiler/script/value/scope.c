/* Scopes: names bound to values, each inside another.
 *
 * The outermost is the library's, in it lies the script's, in that the
 * functions' and loops'. Names are interned, so they are compared by pointer;
 * beyond 8 names a scope has a hash. A scope that no closure captured is used
 * again when it is closed: a loop of a million passes takes no memory.
 */
#include "script/value/scope.h"

#include "base/near.h"
#include "emit/emit.h"
#include "script/value/state.h"

#include <string.h>

enum { SCOPE_LINEAR = 8 };

static uint32_t
hash_of(const char *name)
{
    uint64_t key = (uint64_t)(uintptr_t)name;
    return (uint32_t)((key * UINT64_C(0x9E3779B97F4A7C15)) >> 32);
}

Scope *
scope_open(Script *s, Scope *parent, ScopeKind kind)
{
    Scope *scope = s->eval->unused;
    if (scope) {
        s->eval->unused = scope->parent;
        scope->count = 0;
        scope->slots = 0;
    } else {
        scope = ARENA_NEW(&s->context->arena, Scope);
    }
    scope->parent = parent;
    scope->kind = kind;
    scope->captured = false;
    scope->object = NULL;
    return scope;
}

void
scope_close(Script *s, Scope *scope)
{
    if (scope->captured)
        return;
    scope->parent = s->eval->unused;
    s->eval->unused = scope;
}

Scope *
scope_new(Script *s, Scope *parent)
{
    Scope *scope = scope_open(s, parent, SCOPE_hard);
    scope_capture(scope);
    return scope;
}

void
scope_capture(Scope *scope)
{
    for (; scope && !scope->captured; scope = scope->parent)
        scope->captured = true;
}

static Value *
object_field(const Object *object, const char *name)
{
    for (size_t i = 0; i < object->type->fields; i++)
        if (object->type->field[i] == name)
            return &object->field[i];
    return NULL;
}

static Binding *
find_binding(const Scope *scope, const char *name)
{
    if (!scope->slots) {
        for (uint32_t i = 0; i < scope->count; i++)
            if (scope->item[i].name == name)
                return &scope->item[i];
        return NULL;
    }
    uint32_t mask = scope->slots - 1;
    for (uint32_t at = hash_of(name) & mask; scope->slot[at];
         at = (at + 1) & mask)
        if (scope->item[scope->slot[at] - 1].name == name)
            return &scope->item[scope->slot[at] - 1];
    return NULL;
}

Value *
scope_local(const Scope *scope, const char *name)
{
    if (scope->object)
        return object_field(scope->object, name);
    Binding *binding = find_binding(scope, name);
    return binding ? &binding->value : NULL;
}

Value *
scope_find(Scope *scope, const char *name)
{
    for (; scope; scope = scope->parent) {
        Value *value = scope_local(scope, name);
        if (value)
            return value;
    }
    return NULL;
}

static void
put_slot(Scope *scope, uint32_t place)
{
    uint32_t mask = scope->slots - 1;
    uint32_t at = hash_of(scope->item[place].name) & mask;
    while (scope->slot[at])
        at = (at + 1) & mask;
    scope->slot[at] = place + 1;
}

static void
add_binding(Script *s, Scope *scope, const char *name, Value value)
{
    Arena *arena = &s->context->arena;
    if (scope->count == scope->capacity) {
        uint32_t capacity = scope->capacity ? 2 * scope->capacity : 4;
        Binding *item = ARENA_ARRAY(arena, Binding, capacity);
        if (scope->count)
            memcpy(item, scope->item, scope->count * sizeof *item);
        scope->item = item;
        scope->capacity = capacity;
    }
    scope->item[scope->count++] = (Binding){.name = name, .value = value};
    if (scope->count > SCOPE_LINEAR && 2 * scope->count > scope->slots) {
        scope->slots = 4 * scope->capacity;
        scope->slot = ARENA_ARRAY(arena, uint32_t, scope->slots);
        for (uint32_t i = 0; i < scope->count; i++)
            put_slot(scope, i);
    } else if (scope->slots) {
        put_slot(scope, scope->count - 1);
    }
    if (scope == s->globals)
        VEC_PUSH(arena, &s->named, name);
}

void
scope_define(Script *s, Scope *scope, const char *name, Value value)
{
    Binding *binding = find_binding(scope, name);
    if (!binding) {
        add_binding(s, scope, name, value);
        return;
    }
    if (binding->constant && binding->value.kind != VALUE_poison)
        script_fail(s, DIAG_assign, s->span, NULL, "%s is a constant", name);
    binding->value = value;
}

void
scope_set(Script *s, Scope *scope, const char *name, Value value)
{
    bool soft = true;
    Scope *inner = scope; /* of a method, in the scope of its fields */
    for (Scope *at = scope; at; inner = at, at = at->parent) {
        if (at->kind == SCOPE_script) {
            if (soft && find_binding(at, name))
                scope = at;
            break;
        }
        if (scope_local(at, name) != NULL) {
            scope = at->object ? inner : at;
            break;
        }
        soft = soft && at->kind == SCOPE_soft;
    }
    scope_define(s, scope, name, value);
}

Object *
scope_owner(const Scope *scope, const char *name)
{
    while (scope != NULL && scope->kind != SCOPE_script &&
           scope_local(scope, name) == NULL)
        scope = scope->parent;
    return scope != NULL && scope->kind != SCOPE_script ? scope->object : NULL;
}

void
scope_constant(Scope *scope, const char *name)
{
    Binding *binding = find_binding(scope, name);
    if (binding)
        binding->constant = true;
}

void
scope_poison(Script *s, const char *name, bool bound_only)
{
    Binding *binding = find_binding(s->globals, name);
    Value poison = {.kind = VALUE_poison};
    if (binding && !binding->constant)
        binding->value = poison;
    else if (!binding && !bound_only)
        add_binding(s, s->globals, name, poison);
}

static bool
same_thing(Value a, Value b)
{
    if (a.kind != b.kind)
        return false;
    if (a.kind == VALUE_function)
        return a.as.function == b.as.function;
    return a.kind == VALUE_object && a.as.object == b.as.object;
}

const char *
scope_name_of(const Script *s, const Scope *scope, Value v)
{
    for (; scope != NULL && scope != s->eval->library; scope = scope->parent)
        for (size_t i = 0; i < scope->count; i++)
            if (same_thing(scope->item[i].value, v))
                return scope->item[i].name;
    return NULL;
}

/* A name, and what it is in ASCII: `sigma` may stand for σ. */
static void
try_name(Near *near, Arena *arena, const char *other)
{
    near_try(near, other, other);
    if ((unsigned char)other[0] >= 0x80)
        near_try(near, emit_c_name(arena, other), other);
}

const char *
scope_suggest(Arena *arena, const Scope *scope, const char *name)
{
    Near near = near_to(name);
    for (; scope; scope = scope->parent) {
        size_t fields = scope->object ? scope->object->type->fields : 0;
        for (size_t i = 0; i < fields + scope->count; i++) {
            const char *other = i < fields ? scope->object->type->field[i]
                                           : scope->item[i - fields].name;
            try_name(&near, arena, other);
        }
    }
    return near.best;
}

void
scope_builtins(Script *s, const Builtin *from, size_t count)
{
    for (size_t i = 0; i < count; i++)
        scope_define(s, s->globals,
                     intern_text(&s->context->names, from[i].name),
                     (Value){.kind = VALUE_builtin, .as.builtin = &from[i]});
}
