/* Numbers by text: an open table in an arena. */
#ifndef FLUXC_BASE_MAP_H
#define FLUXC_BASE_MAP_H

#include "base/arena.h"

typedef struct {
    const char *key; /* NULL: free */
    int value;
} MapSlot;

typedef struct {
    Arena *arena;
    MapSlot *slot;
    size_t capacity; /* a power of two, or 0 */
    size_t count;
} Map;

/* Sets the number of a text, which the map keeps a pointer to. */
void map_put(Map *map, const char *key, int value);

/* The number of a text; -1: it has none. */
int map_get(const Map *map, const char *key);

#endif
