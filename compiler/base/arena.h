/* An arena: memory of one compilation, freed at once.
 *
 * Nothing that lives in an arena is freed by itself. Where the system has no
 * memory left, base_out_of_memory() ends the program with exit code 3, so that
 * no caller has to check a result.
 */
#ifndef FLUXC_BASE_ARENA_H
#define FLUXC_BASE_ARENA_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

typedef struct ArenaChunk ArenaChunk;
struct ArenaChunk {
    ArenaChunk *older;
    size_t size; /* bytes of memory[] */
    size_t used; /* the others are 0 */
    max_align_t memory[];
};

typedef struct {
    ArenaChunk *chunk; /* the newest, from which is given */
    size_t used;       /* bytes given in all */
    size_t limit;      /* bytes that may be given; 0: as many as there are */
    void (*full)(void *owner); /* called where a request would go beyond; it
                                * leaves, or lifts the limit */
    void *owner;
} Arena;

/* Whether that many more bytes are within the limit. */
bool arena_has_room(const Arena *arena, size_t bytes);

/* Lifts the limit while the caller holds what a leap out of arena_alloc would
 * lose; gives it, to be put back into arena->limit.
 */
size_t arena_lift(Arena *arena);

/* Memory of `bytes` zero bytes, aligned for any type; never NULL. */
void *arena_alloc(Arena *arena, size_t bytes);

/* An array of `count` zeroed elements; a product that overflows is no memory.
 */
void *arena_array(Arena *arena, size_t count, size_t size);

/* A copy of `bytes` bytes, and of a string of `length` bytes with a final 0. */
void *arena_copy(Arena *arena, const void *from, size_t bytes);
char *arena_string(Arena *arena, const char *text, size_t length);

/* A string made as by printf. */
char *arena_printf(Arena *arena, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
char *arena_vprintf(Arena *arena, const char *format, va_list args)
    __attribute__((format(printf, 2, 0)));

/* Gives back what was given since a mark, where nothing keeps any of it. */
typedef struct {
    ArenaChunk *chunk;
    ArenaChunk *older;
    size_t chunk_used;
    size_t used;
} ArenaMark;
ArenaMark arena_mark(const Arena *arena);
void arena_rewind(Arena *arena, const ArenaMark *mark);

/* Gives everything back; the arena is empty and usable again. */
void arena_free(Arena *arena);

/* Says so on stderr and ends the program with exit code 3. */
_Noreturn void base_out_of_memory(void);

/* Closes a file of open_memstream, whose text is whole then: a write that found
 * no memory, and the last realloc, which leaves no text, end the program.
 */
void base_close_memory(FILE *file, char *const *text);

/* malloc and realloc that do not return NULL; for what outlives an arena. */
void *base_alloc(size_t bytes);
void *base_realloc(void *memory, size_t bytes);

#define ARENA_NEW(arena, type) ((type *)arena_alloc(arena, sizeof(type)))
#define ARENA_ARRAY(arena, type, count)                                        \
    ((type *)arena_array(arena, (size_t)(count), sizeof(type)))

#endif
