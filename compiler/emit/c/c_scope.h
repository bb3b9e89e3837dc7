/* The names in scope where C is printed. A scope ends by leaving it: names go
 * in the reverse order of their coming.
 */
#ifndef FLUXC_EMIT_C_SCOPE_H
#define FLUXC_EMIT_C_SCOPE_H

#include "base/vec.h"

#include <stdbool.h>
#include <stdint.h>

typedef struct {
    const char *text;
    const char *type; /* of what it names, as before it: "float *"; or NULL */
    uint64_t hash;
    size_t below;  /* 1 + the name before it in its bucket; 0: none */
    size_t last;   /* the last that was made of it by a number */
    size_t of;     /* 1 + the name that it was made of; 0: none */
    size_t number; /* by which */
    bool used;     /* of what part_names has found: a parameter */
} CScopeName;

typedef struct {
    Arena *arena;
    VEC(CScopeName) name;
    size_t *bucket; /* 1 + its last name; 0: none */
    size_t buckets; /* a power of two, or 0 */
} CScope;

bool c_scope_has(const CScope *scope, const char *name);

/* A name that is not in scope, which is so from now on: the wished one, or with
 * the lowest number from 2 on behind it that makes it free: "h2", "layer1_2".
 */
const char *c_scope_take(CScope *scope, const char *wish);

/* Says what a name in scope is the name of. */
void c_scope_type(CScope *scope, const char *name, const char *type);

/* The place of a name, by its `length` first bytes; c_scope_mark's: it has
 * none.
 */
size_t c_scope_find(const CScope *scope, const char *name, size_t length);

/* Where the scope stands, to be left to. */
size_t c_scope_mark(const CScope *scope);
void c_scope_leave(CScope *scope, size_t mark);

#endif
