/* Scopes: names bound to values, each inside another. */
#ifndef FLUXC_SCRIPT_SCOPE_H
#define FLUXC_SCRIPT_SCOPE_H

#include "script/value/value.h"

/* Where assignments go (Julia's rules): a loop's body is soft and assigns to
 * what is there; a function's, let's or comprehension's is hard and leaves the
 * script's own variables alone.
 */
typedef enum { SCOPE_script, SCOPE_hard, SCOPE_soft } ScopeKind;

typedef struct {
    const char *name;
    Value value;
    bool constant;
} Binding;

struct Scope {
    Scope *parent;
    ScopeKind kind;
    bool captured;  /* a closure has it: it is not used again */
    Object *object; /* whose fields are bound here, or NULL */
    Binding *item;
    uint32_t count;
    uint32_t capacity;
    uint32_t *slot; /* hash of places + 1 in item, where count > 8 */
    uint32_t slots; /* a power of two, or 0 */
};

/* A scope that is never used again. */
Scope *scope_new(Script *s, Scope *parent);
Scope *scope_open(Script *s, Scope *parent, ScopeKind kind);
/* Gives back a scope that nothing refers to any more. */
void scope_close(Script *s, Scope *scope);
/* Marks a scope and those around it as held by a closure. */
void scope_capture(Scope *scope);

/* NULL if unbound there. */
Value *scope_find(Scope *scope, const char *name);
Value *scope_local(const Scope *scope, const char *name);
/* A name of the script's, from this scope outwards, for a function or an
 * object; NULL where it has none.
 */
const char *scope_name_of(const Script *s, const Scope *scope, Value v);
/* The visible name nearest to an unknown one, or NULL. */
const char *scope_suggest(Arena *arena, const Scope *scope, const char *name);

/* Assigns as `name = value` does in this scope. */
void scope_set(Script *s, Scope *scope, const char *name, Value value);
/* The object whose field that would be, in a method of it; else NULL. */
Object *scope_owner(const Scope *scope, const char *name);
/* Binds a name in this very scope. */
void scope_define(Script *s, Scope *scope, const char *name, Value value);
void scope_constant(Scope *scope, const char *name);
/* Marks a variable of the script as failed: its uses are silent. */
void scope_poison(Script *s, const char *name, bool bound_only);
/* Binds builtins by their names in the outermost scope. */
void scope_builtins(Script *s, const Builtin *from, size_t count);

#endif
