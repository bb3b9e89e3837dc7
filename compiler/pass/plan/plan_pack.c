/* Places for the buffers whose size is known: offsets in one slot.
 *
 * Two greedy orders are tried, and the smaller result taken: the largest first
 * (Pisarchyk and Lee, 2020) and by the start of their lives. Each buffer is put
 * into the tightest gap that all which lives at the same time leaves. What
 * there is one of for each sample or thread lies behind all else, together.
 */
#include "pass/plan/plan.h"

#include <stdlib.h>
#include <string.h>

enum { PACK_LARGEST = 1024 }; /* buffers that are tried by their size */

typedef struct {
    int buffer;
    int first; /* the life, in places */
    int last;
    Dim size; /* whole cache lines */
    Dim offset;
} Item;

typedef struct {
    Item **item; /* by offset */
    size_t count;
} Placed;

static bool
meet(const Item *a, const Item *b)
{
    return a->first <= b->last && b->first <= a->last;
}

/* The start of the tightest gap, or of what is free at the end. */
static Dim
find_gap(const Placed *placed, const Item *item)
{
    Dim end = 0;
    Dim found = -1;
    Dim least = 0;
    for (size_t i = 0; i < placed->count; i++) {
        const Item *other = placed->item[i];
        if (!meet(item, other))
            continue;
        Dim gap = other->offset - end;
        if (gap >= item->size && (found < 0 || gap < least)) {
            found = end;
            least = gap;
        }
        if (other->offset + other->size > end)
            end = other->offset + other->size;
    }
    return found >= 0 ? found : end;
}

static void
put(Placed *placed, Item *item)
{
    size_t at = placed->count++;
    for (; at > 0 && placed->item[at - 1]->offset > item->offset; at--)
        placed->item[at] = placed->item[at - 1];
    placed->item[at] = item;
}

/* What ended before a life that no later one begins before is of no use. */
static void
forget(Placed *placed, int first)
{
    size_t kept = 0;
    for (size_t i = 0; i < placed->count; i++)
        if (placed->item[i]->last >= first)
            placed->item[kept++] = placed->item[i];
    placed->count = kept;
}

/* Places the items in their order; the bytes that they take. */
static Dim
pack(Schedule *s, Item *item, size_t count, bool by_start)
{
    Placed placed = {.item = ARENA_ARRAY(s->arena, Item *, count)};
    Dim bytes = 0;
    for (size_t i = 0; i < count; i++) {
        if (by_start)
            forget(&placed, item[i].first);
        item[i].offset = find_gap(&placed, &item[i]);
        put(&placed, &item[i]);
        if (item[i].offset + item[i].size > bytes)
            bytes = item[i].offset + item[i].size;
    }
    return bytes;
}

static int
larger_first(const void *a, const void *b)
{
    const Item *left = a;
    const Item *right = b;
    if (left->size != right->size)
        return left->size > right->size ? -1 : 1;
    return (left->first > right->first) - (left->first < right->first);
}

static int
sooner_first(const void *a, const void *b)
{
    const Item *left = a;
    const Item *right = b;
    if (left->first != right->first)
        return left->first < right->first ? -1 : 1;
    return (left->buffer > right->buffer) - (left->buffer < right->buffer);
}

/* The bytes of a buffer, in whole cache lines; of what each sample has one of,
 * its own, in lines of a thread's share of a block.
 */
static Dim
item_size(Schedule *s, const Buffer *b)
{
    Dim unit = b->each == EACH_sample ? 64 * SCHEDULE_THREADS : 64;
    Dim bytes = dim_mul(s->dims, b->count, (Dim)dtype_size(b->dtype));
    bytes = dim_add(s->dims, bytes, unit - 1) / unit * unit;
    return bytes / schedule_held(b->each);
}

Dim
schedule_offsets(Schedule *s, const int *buffer, size_t all, Each each)
{
    Item *item = ARENA_ARRAY(s->arena, Item, all + 1);
    Item *other = ARENA_ARRAY(s->arena, Item, all + 1);
    size_t count = 0;
    Dim sum = 0;
    for (size_t i = 0; i < all; i++) {
        const Buffer *b = &s->buffer.item[buffer[i]];
        if (b->each != each)
            continue;
        item[count] = (Item){.buffer = buffer[i],
                             .first = b->first->place,
                             .last = b->last->end,
                             .size = item_size(s, b)};
        sum = dim_add(s->dims, sum, item[count++].size);
    }
    for (size_t i = 0; i < count && s->dims->overflow; i++)
        item[i].size = 0;
    memcpy(other, item, count * sizeof *item);
    qsort(item, count, sizeof *item, sooner_first);
    Dim bytes = pack(s, item, count, true);
    if (count <= PACK_LARGEST) {
        qsort(other, count, sizeof *other, larger_first);
        Dim less = pack(s, other, count, false);
        if (less < bytes) {
            bytes = less;
            item = other;
        }
    }
    for (size_t i = 0; i < count; i++)
        s->buffer.item[item[i].buffer].offset = item[i].offset;
    return bytes;
}

void
schedule_pack(Schedule *s, const int *buffer, size_t count, int behind)
{
    Slot slot = {.behind = behind};
    for (Each each = 0; each < EACHES; each++)
        slot.size.bytes[each] = schedule_offsets(s, buffer, count, each);
    for (size_t i = 0; i < count; i++)
        s->buffer.item[buffer[i]].slot = (int)s->slot.count;
    VEC_PUSH(s->arena, &s->slot, slot);
}
