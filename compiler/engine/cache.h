/* What was built once is kept in files, by a hash of all that it is made of,
 * under $XDG_CACHE_HOME/fluxc or ~/.cache/fluxc. Where that cannot be written
 * nothing is kept, which is no error.
 */
#ifndef FLUXC_ENGINE_CACHE_H
#define FLUXC_ENGINE_CACHE_H

#include "base/arena.h"

#include <stdbool.h>

/* The file for what `how`, a compiler with its options, makes of a text and of
 * the headers that fluxc carries; its name ends in `end`. NULL where there is
 * no place for it.
 */
char *cache_path(Arena *arena, const char *how, const char *text, size_t size,
                 const char *end);

/* Whether it is there, and ours alone to write. */
bool cache_has(const char *path);

/* A file's bytes, in the arena; NULL where it cannot be read. */
char *cache_read(Arena *arena, const char *path, size_t *bytes);

/* Writes it, whole or not at all. */
void cache_write(Arena *arena, const char *path, const void *data,
                 size_t bytes);

#endif
