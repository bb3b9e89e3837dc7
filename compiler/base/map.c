/* The table of texts: open addressing, at most half full. */
#include "base/map.h"

#include "base/hash.h"

#include <string.h>

/* The slot where the text is, or the free one where it belongs. */
static MapSlot *
find(const Map *map, const char *key)
{
    size_t at = hash_slot(hash_text(key, strlen(key)), map->capacity);
    while (map->slot[at].key != NULL && strcmp(map->slot[at].key, key) != 0)
        at = (at + 1) & (map->capacity - 1);
    return &map->slot[at];
}

static void
grow(Map *map)
{
    Map larger = *map;
    larger.capacity = map->capacity == 0 ? 8 : 2 * map->capacity;
    larger.slot = ARENA_ARRAY(map->arena, MapSlot, larger.capacity);
    for (size_t i = 0; i < map->capacity; i++) {
        if (map->slot[i].key != NULL)
            *find(&larger, map->slot[i].key) = map->slot[i];
    }
    *map = larger;
}

void
map_put(Map *map, const char *key, int value)
{
    if (2 * map->count >= map->capacity)
        grow(map);
    MapSlot *slot = find(map, key);
    map->count += slot->key == NULL;
    *slot = (MapSlot){key, value};
}

int
map_get(const Map *map, const char *key)
{
    if (map->count == 0)
        return -1;
    const MapSlot *slot = find(map, key);
    return slot->key != NULL ? slot->value : -1;
}
