/* The arena: a list of zeroed chunks; a large request gets one of its own. */
#include "base/arena.h"
#include "base/vec.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Under the address sanitizer, bytes that nobody may touch follow each piece,
 * and nobody may touch what was not given yet.
 */
#ifdef __SANITIZE_ADDRESS__
#define GUARDED
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define GUARDED
#endif
#endif
#ifdef GUARDED
#include <sanitizer/asan_interface.h>
#define GUARD ((size_t)16)
#else
#define ASAN_POISON_MEMORY_REGION(memory, size)   ((void)0)
#define ASAN_UNPOISON_MEMORY_REGION(memory, size) ((void)0)
#define GUARD                                     ((size_t)0)
#endif

#define ALIGNMENT   (_Alignof(max_align_t))
#define CHUNK_FIRST ((size_t)64 << 10)
#define CHUNK_LAST  ((size_t)1 << 20)

_Noreturn void
base_out_of_memory(void)
{
    fputs("fluxc: out of memory\n", stderr);
    exit(3);
}

void
base_close_memory(FILE *file, char *const *text)
{
    bool failed = file == NULL || ferror(file) != 0;
    if (file != NULL && fclose(file) != 0)
        failed = true;
    if (failed || *text == NULL)
        base_out_of_memory();
}

void *
base_alloc(size_t bytes)
{
    void *memory = malloc(bytes ? bytes : 1);
    if (!memory)
        base_out_of_memory();
    return memory;
}

void *
base_realloc(void *memory, size_t bytes)
{
    void *moved = realloc(memory, bytes ? bytes : 1);
    if (!moved)
        base_out_of_memory();
    return moved;
}

/* A chunk with room for `bytes`, put before the others or, if it is a large
 * request's own, behind the newest, which has room left.
 */
static ArenaChunk *
chunk_add(Arena *arena, size_t bytes)
{
    ArenaChunk *newest = arena->chunk;
    size_t size = newest ? 2 * newest->size : CHUNK_FIRST;
    if (size > CHUNK_LAST)
        size = CHUNK_LAST;
    bool own = bytes > size / 4;
    if (own)
        size = bytes;
    if (size > SIZE_MAX - sizeof(ArenaChunk))
        base_out_of_memory();
    ArenaChunk *chunk = calloc(1, sizeof *chunk + size);
    if (!chunk)
        base_out_of_memory();
    ASAN_POISON_MEMORY_REGION(chunk->memory, size);
    chunk->size = size;
    if (own && newest) {
        chunk->older = newest->older;
        newest->older = chunk;
    } else {
        chunk->older = newest;
        arena->chunk = chunk;
    }
    return chunk;
}

bool
arena_has_room(const Arena *arena, size_t bytes)
{
    return arena->limit == 0 ||
           (arena->used <= arena->limit && bytes <= arena->limit - arena->used);
}

size_t
arena_lift(Arena *arena)
{
    size_t limit = arena->limit;
    arena->limit = 0;
    return limit;
}

void *
arena_alloc(Arena *arena, size_t bytes)
{
    if (!arena_has_room(arena, bytes) && arena->full)
        arena->full(arena->owner);
    if (bytes > SIZE_MAX - 2 * ALIGNMENT - GUARD)
        base_out_of_memory();
    size_t whole = (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    ArenaChunk *chunk = arena->chunk;
    if (!chunk || chunk->size - chunk->used < whole + GUARD)
        chunk = chunk_add(arena, whole + GUARD);
    void *memory = (char *)chunk->memory + chunk->used;
    ASAN_UNPOISON_MEMORY_REGION(memory, bytes);
    chunk->used += whole + GUARD;
    arena->used += whole;
    return memory;
}

void *
arena_array(Arena *arena, size_t count, size_t size)
{
    if (size && count > SIZE_MAX / size)
        base_out_of_memory();
    return arena_alloc(arena, count * size);
}

void *
arena_copy(Arena *arena, const void *from, size_t bytes)
{
    void *memory = arena_alloc(arena, bytes);
    if (bytes)
        memcpy(memory, from, bytes);
    return memory;
}

char *
arena_string(Arena *arena, const char *text, size_t length)
{
    if (length == SIZE_MAX)
        base_out_of_memory();
    char *string = arena_alloc(arena, length + 1);
    if (length)
        memcpy(string, text, length);
    return string;
}

char *
arena_vprintf(Arena *arena, const char *format, va_list args)
{
    char room[256]; /* most are shorter, and printed once */
    va_list again;
    va_copy(again, args);
    int length = vsnprintf(room, sizeof room, format, args);
    char *string = arena_alloc(arena, length < 0 ? 1 : (size_t)length + 1);
    if (length > 0 && (size_t)length < sizeof room)
        memcpy(string, room, (size_t)length);
    else if (length > 0)
        vsnprintf(string, (size_t)length + 1, format, again);
    va_end(again);
    return string;
}

char *
arena_printf(Arena *arena, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    char *string = arena_vprintf(arena, format, args);
    va_end(args);
    return string;
}

/* Frees the chunks from one on, up to another. */
static void
free_chunks(ArenaChunk *chunk, const ArenaChunk *end)
{
    while (chunk != end) {
        ArenaChunk *older = chunk->older;
        free(chunk);
        chunk = older;
    }
}

ArenaMark
arena_mark(const Arena *arena)
{
    ArenaChunk *chunk = arena->chunk;
    return (ArenaMark){.chunk = chunk,
                       .older = chunk ? chunk->older : NULL,
                       .chunk_used = chunk ? chunk->used : 0,
                       .used = arena->used};
}

void
arena_rewind(Arena *arena, const ArenaMark *mark)
{
    ArenaChunk *chunk = mark->chunk;
    free_chunks(arena->chunk, chunk);
    arena->chunk = chunk;
    arena->used = mark->used;
    if (chunk == NULL)
        return;
    free_chunks(chunk->older, mark->older); /* large requests' own */
    chunk->older = mark->older;
    char *given = (char *)chunk->memory + mark->chunk_used;
    size_t size = chunk->used - mark->chunk_used;
    ASAN_UNPOISON_MEMORY_REGION(given, size);
    memset(given, 0, size);
    ASAN_POISON_MEMORY_REGION(given, size);
    chunk->used = mark->chunk_used;
}

void
arena_free(Arena *arena)
{
    free_chunks(arena->chunk, NULL);
    *arena = (Arena){0};
}

void *
vec_grow(Arena *arena, void *item, size_t count, size_t *capacity, size_t size)
{
    size_t wanted = *capacity < 8 ? 8 : *capacity;
    if (*capacity >= 8) {
        if (wanted > SIZE_MAX / 2)
            base_out_of_memory();
        wanted *= 2;
    }
    void *grown = arena_array(arena, wanted, size);
    if (count)
        memcpy(grown, item, count * size);
    *capacity = wanted;
    return grown;
}
