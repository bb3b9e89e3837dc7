/* Names in scope: a stack, with chains through it for each hash. */
#include "emit/c/c_scope.h"

#include "base/hash.h"

#include <string.h>

/* 1 + the place of a name; 0: it is not in scope. */
static size_t
find(const CScope *scope, const char *text, size_t length)
{
    if (scope->buckets == 0)
        return 0;
    size_t at =
        scope->bucket[hash_slot(hash_text(text, length), scope->buckets)];
    while (at != 0) {
        const CScopeName *name = &scope->name.item[at - 1];
        if (strncmp(name->text, text, length) == 0 && name->text[length] == 0)
            break;
        at = name->below;
    }
    return at;
}

bool
c_scope_has(const CScope *scope, const char *name)
{
    return find(scope, name, strlen(name)) != 0;
}

void
c_scope_type(CScope *scope, const char *name, const char *type)
{
    size_t at = find(scope, name, strlen(name));
    if (at != 0)
        scope->name.item[at - 1].type = type;
}

size_t
c_scope_find(const CScope *scope, const char *name, size_t length)
{
    size_t at = find(scope, name, length);
    return at != 0 ? at - 1 : scope->name.count;
}

static void
chain(CScope *scope, size_t at)
{
    CScopeName *name = &scope->name.item[at];
    size_t *bucket = &scope->bucket[hash_slot(name->hash, scope->buckets)];
    name->below = *bucket;
    *bucket = at + 1;
}

static void
grow(CScope *scope)
{
    scope->buckets = scope->buckets == 0 ? 64 : 2 * scope->buckets;
    scope->bucket = ARENA_ARRAY(scope->arena, size_t, scope->buckets);
    for (size_t i = 0; i < scope->name.count; i++)
        chain(scope, i);
}

static void
push(CScope *scope, CScopeName name)
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
last_number(const CScope *scope, size_t of)
{
    size_t last = scope->name.item[of].last;
    return last < scope->name.count && scope->name.item[last].of == of + 1
               ? scope->name.item[last].number
               : 1;
}

const char *
c_scope_take(CScope *scope, const char *wish)
{
    CScopeName name = {.text = wish, .number = 1};
    size_t length = strlen(wish);
    size_t of = find(scope, wish, length);
    char last = length > 0 ? wish[length - 1] : 0;
    bool digit = last >= '0' && last <= '9';
    if (of != 0) {
        name.of = of;
        name.number = last_number(scope, of - 1);
        scope->name.item[of - 1].last = scope->name.count;
    }
    while (c_scope_has(scope, name.text)) {
        name.number++;
        name.text = arena_printf(scope->arena, digit ? "%s_%zu" : "%s%zu", wish,
                                 name.number);
    }
    name.hash = hash_text(name.text, strlen(name.text));
    push(scope, name);
    return name.text;
}

size_t
c_scope_mark(const CScope *scope)
{
    return scope->name.count;
}

void
c_scope_leave(CScope *scope, size_t mark)
{
    while (scope->name.count > mark) {
        const CScopeName *name = &scope->name.item[--scope->name.count];
        scope->bucket[hash_slot(name->hash, scope->buckets)] = name->below;
    }
}
