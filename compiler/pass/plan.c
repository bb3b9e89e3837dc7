/* Places in memory: small buffers become local arrays, the others share the
 * slots of one arena.
 *
 * A buffer's home is the innermost body that all its uses stand in. It lives
 * there from the first statement that uses it to the last one, loops as wholes;
 * a turn of a loop around its home reads nothing that it has not stored. Two
 * buffers share a slot where their lives do not meet, and one of their sizes is
 * the larger whatever the dimensions are.
 */
#include "pass/schedule.h"

typedef struct {
    Schedule *s;
    Stmt *stmt; /* whose accesses are looked at */
    int places; /* statements so far */
    int unset;  /* a buffer that is read before it is stored; -1: none */
} Walk;

static int
depth_of(const Stmt *stmt)
{
    int depth = 0;
    while ((stmt = stmt->parent) != NULL)
        depth++;
    return depth;
}

static void
plan_use(void *user, int *buffer, Affine *at, bool store)
{
    Walk *walk = user;
    Buffer *b = &walk->s->buffer.item[*buffer];
    Stmt *own = walk->stmt;
    (void)at;
    if (b->first == NULL) {
        b->first = own;
        if (!store && (b->kind == BUFFER_temp || b->kind == BUFFER_gone))
            walk->unset = *buffer;
    }
    int down = depth_of(b->first);
    int depth = depth_of(own);
    for (; down > depth; down--)
        b->first = b->first->parent;
    for (; depth > down; depth--)
        own = own->parent;
    while (own->parent != b->first->parent) {
        own = own->parent;
        b->first = b->first->parent;
    }
    b->last = own;
}

static void
plan_block(Walk *walk, Stmt *loop, const Block *block)
{
    for (size_t i = 0; i < block->count; i++) {
        Stmt *stmt = block->item[i];
        stmt->parent = loop;
        stmt->place = walk->places++;
        walk->stmt = stmt;
        if (stmt->kind == STMT_call && stmt->product->end.kind != END_set) {
            const Buffer *c = &walk->s->buffer.item[stmt->product->buffer[0]];
            if (c->kind == BUFFER_temp && c->first == NULL)
                walk->unset = stmt->product->buffer[0];
        }
        if (stmt->kind == STMT_loop)
            plan_block(walk, stmt, &stmt->body);
        else
            schedule_accesses(walk->s, stmt, plan_use, walk);
        stmt->end = walk->places - 1;
    }
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
        if (busy[i] >= b->first->place)
            continue;
        if (size == bytes)
            return (int)i;
        if (found < 0 && (dim_at_most(s->dims, size, bytes) ||
                          dim_at_most(s->dims, bytes, size)))
            found = (int)i;
    }
    return found;
}

/* A buffer's slot, busy until the end of its life. */
static void
plan_buffer(Schedule *s, Buffer *b, int *busy)
{
    Dim bytes = dim_mul(s->dims, b->count, (Dim)dtype_size(b->dtype));
    b->slot = plan_slot(s, busy, b, bytes);
    if (b->slot < 0) {
        Slot slot = {.bytes = bytes};
        VEC_PUSH(s->arena, &s->slot, slot);
        b->slot = (int)s->slot.count - 1;
    }
    Slot *slot = &s->slot.item[b->slot];
    if (dim_at_most(s->dims, slot->bytes, bytes))
        slot->bytes = bytes;
    busy[b->slot] = b->last->end;
}

const char *
schedule_plan(Schedule *s)
{
    Walk walk = {.s = s, .unset = -1};
    plan_block(&walk, NULL, &s->body);
    if (walk.unset >= 0)
        return arena_printf(s->arena, "%%%d is read before it is computed",
                            (int)s->buffer.item[walk.unset].node);
    size_t places = (size_t)walk.places;
    int *busy = ARENA_ARRAY(s->arena, int, s->buffer.count + 1);
    int *begin = ARENA_ARRAY(s->arena, int, places + 1); /* 1 + a buffer */
    for (size_t i = s->buffer.count; i-- > 0;) {
        Buffer *b = &s->buffer.item[i];
        if (b->kind != BUFFER_temp || b->first == NULL)
            continue;
        b->local = dim_known(b->count) && b->count <= SCHEDULE_STACK;
        int *list = &begin[b->first->place];
        if (b->local)
            list = b->first->parent == NULL ? &s->locals
                                            : &b->first->parent->locals;
        b->next = *list;
        *list = (int)i + 1;
    }
    for (size_t place = 0; place < places; place++) {
        for (int i = begin[place]; i != 0; i = s->buffer.item[i - 1].next)
            plan_buffer(s, &s->buffer.item[i - 1], busy);
    }
    for (size_t i = s->buffer.count; i-- > 0;) {
        Buffer *b = &s->buffer.item[i];
        if (b->slot < 0)
            continue;
        b->next = s->slot.item[b->slot].buffers;
        s->slot.item[b->slot].buffers = (int)i + 1;
    }
    return NULL;
}
