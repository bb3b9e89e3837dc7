/* Names in scope: a stack, with chains through it for each hash. */
#include "emit/scope.h"

#include <stdint.h>
#include <string.h>

static size_t
hash(const char *text)
{
    uint64_t h = 0xcbf29ce484222325u;
    while (*text != 0)
        h = (h ^ (unsigned char)*text++) * 0x100000001b3u;
    return (size_t)(h ^ h >> 32);
}

/* 1 + the place of a name; 0: it is not in scope. */
static size_t
find(const Scope *scope, const char *text, size_t hashed)
{
    if (scope->buckets == 0)
        return 0;
    size_t at = scope->bucket[hashed & (scope->buckets - 1)];
    while (at != 0 && strcmp(scope->name.item[at - 1].text, text) != 0)
        at = scope->name.item[at - 1].below;
    return at;
}

bool
scope_has(const Scope *scope, const char *name)
{
    return find(scope, name, hash(name)) != 0;
}

static void
chain(Scope *scope, size_t at)
{
    ScopeName *name = &scope->name.item[at];
    size_t *bucket = &scope->bucket[name->hash & (scope->buckets - 1)];
    name->below = *bucket;
    *bucket = at + 1;
}

static void
grow(Scope *scope)
{
    scope->buckets = scope->buckets == 0 ? 64 : 2 * scope->buckets;
    scope->bucket = ARENA_ARRAY(scope->arena, size_t, scope->buckets);
    for (size_t i = 0; i < scope->name.count; i++)
        chain(scope, i);
}

static void
push(Scope *scope, ScopeName name)
{
    if (scope->name.count >= scope->buckets)
        grow(scope);
    VEC_PUSH(scope->arena, &scope->name, name);
    chain(scope, scope->name.count - 1);
}

/* The number behind the last name made of this one, if that is in scope: then
 * all lower ones are, for they came before it.
 */
static size_t
last_number(const Scope *scope, size_t of)
{
    size_t last = scope->name.item[of].last;
    return last < scope->name.count && scope->name.item[last].of == of + 1
               ? scope->name.item[last].number
               : 1;
}

const char *
scope_take(Scope *scope, const char *wish)
{
    ScopeName name = {.text = wish, .hash = hash(wish), .number = 1};
    size_t of = find(scope, wish, name.hash);
    if (of != 0) {
        name.of = of;
        name.number = last_number(scope, of - 1);
        scope->name.item[of - 1].last = scope->name.count;
    }
    while (find(scope, name.text, name.hash) != 0) {
        name.number++;
        name.text = arena_printf(scope->arena, "%s%zu", wish, name.number);
        name.hash = hash(name.text);
    }
    push(scope, name);
    return name.text;
}

size_t
scope_mark(const Scope *scope)
{
    return scope->name.count;
}

void
scope_leave(Scope *scope, size_t mark)
{
    while (scope->name.count > mark) {
        const ScopeName *name = &scope->name.item[--scope->name.count];
        scope->bucket[name->hash & (scope->buckets - 1)] = name->below;
    }
}
