/* The names in scope where C is printed. A scope ends by leaving it: names go
 * in the reverse order of their coming.
 */
#ifndef FLUXC_EMIT_SCOPE_H
#define FLUXC_EMIT_SCOPE_H

#include "base/vec.h"

#include <stdbool.h>

typedef struct {
    const char *text;
    size_t hash;
    size_t below;  /* 1 + the name before it in its bucket; 0: none */
    size_t last;   /* the last that was made of it by a number */
    size_t of;     /* 1 + the name that it was made of; 0: none */
    size_t number; /* by which */
} ScopeName;

typedef struct {
    Arena *arena;
    VEC(ScopeName) name;
    size_t *bucket; /* 1 + its last name; 0: none */
    size_t buckets; /* a power of two, or 0 */
} Scope;

bool scope_has(const Scope *scope, const char *name);

/* A name that is not in scope, which is so from now on: the wished one, or with
 * the lowest number from 2 on behind it that makes it free.
 */
const char *scope_take(Scope *scope, const char *wish);

/* Where the scope stands, to be left to. */
size_t scope_mark(const Scope *scope);
void scope_leave(Scope *scope, size_t mark);

#endif
