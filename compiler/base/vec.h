/* Growing arrays in an arena: a pointer, a count and a capacity, named by the
 * struct that holds them.
 *
 *     struct { Ast **item; size_t count, capacity; } list = {0};
 *     VEC_PUSH(arena, &list, ast);
 */
#ifndef FLUXC_BASE_VEC_H
#define FLUXC_BASE_VEC_H

#include "base/arena.h"

#define VEC(type)                                                              \
    struct {                                                                   \
        type *item;                                                            \
        size_t count;                                                          \
        size_t capacity;                                                       \
    }

/* Appends `value`; the old storage stays in the arena. */
#define VEC_PUSH(arena, vec, value)                                            \
    ((vec)->count == (vec)->capacity                                           \
         ? (void)((vec)->item =                                                \
                      vec_grow(arena, (vec)->item, (vec)->count,               \
                               &(vec)->capacity, sizeof *(vec)->item))         \
         : (void)0,                                                            \
     (void)((vec)->item[(vec)->count++] = (value)))

/* Makes room for `wanted` elements in all, of an array that is still empty. */
#define VEC_RESERVE(arena, vec, wanted)                                        \
    ((vec)->item = arena_array(arena, wanted, sizeof *(vec)->item),            \
     (vec)->capacity = (wanted))

/* Storage twice as large (at least 8), with the first `count` elements. */
void *vec_grow(Arena *arena, void *item, size_t count, size_t *capacity,
               size_t size);

#endif
