/* Places in memory: small buffers become local arrays, the others share the
 * slots of one arena. Two buffers share a slot where no statement of the
 * program's top level uses both, and one of their sizes is the larger whatever
 * the dimensions are.
 */
#include "pass/schedule.h"

typedef struct {
    Schedule *s;
    int at;
} Walk;

static void
plan_use(void *user, int *buffer, Affine *at, bool store)
{
    const Walk *walk = user;
    Buffer *b = &walk->s->buffer.item[*buffer];
    (void)at;
    (void)store;
    if (b->first < 0)
        b->first = walk->at;
    b->last = walk->at;
}

/* The slot that a buffer can have: the first of equal size, else the first of
 * another that is comparable.
 */
static int
plan_slot(Schedule *s, const int *busy, const Buffer *b, Dim bytes)
{
    int found = -1;
    for (size_t i = 0; i < s->slot.count; i++) {
        Dim size = s->slot.item[i].bytes;
        if (busy[i] >= b->first)
            continue;
        if (size == bytes)
            return (int)i;
        if (found < 0 && (dim_at_most(s->dims, size, bytes) ||
                          dim_at_most(s->dims, bytes, size)))
            found = (int)i;
    }
    return found;
}

void
schedule_plan(Schedule *s)
{
    Arena *arena = s->arena;
    int *busy = ARENA_ARRAY(arena, int, s->buffer.count + 1);
    for (size_t i = 0; i < s->buffer.count; i++)
        s->buffer.item[i].first = -1;
    for (size_t i = 0; i < s->body.count; i++) {
        Walk walk = {s, (int)i};
        schedule_accesses(s, s->body.item[i], plan_use, &walk);
    }
    for (int at = 0; at < (int)s->body.count; at++) {
        for (size_t i = 0; i < s->buffer.count; i++) {
            Buffer *b = &s->buffer.item[i];
            if (b->kind != BUFFER_temp || b->first != at)
                continue;
            b->local = dim_known(b->count) && b->count <= SCHEDULE_STACK;
            if (b->local)
                continue;
            Dim bytes = dim_mul(s->dims, b->count, (Dim)dtype_size(b->dtype));
            b->slot = plan_slot(s, busy, b, bytes);
            if (b->slot < 0) {
                Slot slot = {bytes};
                VEC_PUSH(arena, &s->slot, slot);
                b->slot = (int)s->slot.count - 1;
            }
            Slot *slot = &s->slot.item[b->slot];
            if (dim_at_most(s->dims, slot->bytes, bytes))
                slot->bytes = bytes;
            busy[b->slot] = b->last;
        }
    }
}
