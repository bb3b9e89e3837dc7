/* The table of names: open addressing, at most half full. */
#include "base/intern.h"

#include "base/hash.h"

#include <string.h>

/* The slot where the name is, or the free one where it belongs. */
static const char **
find(const Names *names, const char *text, size_t length)
{
    size_t mask = names->capacity - 1;
    size_t i = hash_slot(hash_text(text, length), names->capacity);
    while (names->slot[i] && (strncmp(names->slot[i], text, length) != 0 ||
                              names->slot[i][length] != 0))
        i = (i + 1) & mask;
    return &names->slot[i];
}

static void
grow(Names *names)
{
    Names larger = *names;
    if (names->capacity > SIZE_MAX / 4)
        base_out_of_memory();
    larger.capacity = names->capacity ? 2 * names->capacity : 256;
    larger.slot = ARENA_ARRAY(names->arena, const char *, larger.capacity);
    for (size_t i = 0; i < names->capacity; i++) {
        const char *name = names->slot[i];
        if (name)
            *find(&larger, name, strlen(name)) = name;
    }
    *names = larger;
}

const char *
intern(Names *names, const char *text, size_t length)
{
    const char *nul = length ? memchr(text, 0, length) : NULL;
    if (nul)
        length = (size_t)(nul - text);
    if (2 * names->count >= names->capacity)
        grow(names);
    const char **slot = find(names, text, length);
    if (!*slot) {
        *slot = arena_string(names->arena, text, length);
        names->count++;
    }
    return *slot;
}

const char *
intern_text(Names *names, const char *text)
{
    return intern(names, text, strlen(text));
}
