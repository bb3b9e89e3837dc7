/* Places in memory: small buffers become local arrays, the others share the
 * slots of one arena.
 *
 * A buffer's home is the innermost body that all its uses stand in. It lives
 * there from the first statement that uses it to the last one, loops as wholes;
 * a turn of a loop around its home reads nothing that it has not stored. Two
 * buffers that grow share a slot where their lives do not meet, and one of
 * their sizes is the larger whatever the dimensions are. The slots lie one
 * behind the other, those that are used longest first; so buffers whose size is
 * a number can lie over the slots that are no longer, or not yet, used. Those
 * of a loop that threads share lie in its room (share.c).
 */
#include "pass/schedule.h"

#include <stdlib.h>

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
        if (stmt->kind == STMT_call && (stmt->product->end.kind == END_add ||
                                        stmt->product->end.kind == END_step)) {
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

/* Whether a buffer lies tighter in one slot than in another: such that it need
 * not grow, or not by as much.
 */
static bool
lies_tighter(Dims *dims, Dim bytes, Dim slot, Dim other)
{
    bool fits = dim_at_most(dims, bytes, slot);
    if (fits != dim_at_most(dims, bytes, other))
        return fits;
    return slot != other && (fits ? dim_at_most(dims, slot, other)
                                  : dim_at_most(dims, other, slot));
}

/* How many times its size a slot is that a buffer does not take: it is left to
 * a large one that may come.
 */
enum { PLAN_WASTE = 16 };

/* The slot that a buffer can have: the tightest of a size that can be compared;
 * -1: there is none.
 */
static int
plan_slot(Schedule *s, const int *busy, const Buffer *b, Dim bytes)
{
    int found = -1;
    Dim most = dim_mul(s->dims, bytes, PLAN_WASTE);
    for (size_t i = 0; i < s->slot.count; i++) {
        Dim size = s->slot.item[i].bytes;
        if (busy[i] < b->first->place &&
            (dim_at_most(s->dims, size, bytes) ||
             (dim_at_most(s->dims, bytes, size) &&
              !dim_at_most(s->dims, most, size))) &&
            (found < 0 ||
             lies_tighter(s->dims, bytes, size, s->slot.item[found].bytes)))
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
        Slot slot = {.bytes = bytes, .behind = -1};
        VEC_PUSH(s->arena, &s->slot, slot);
        b->slot = (int)s->slot.count - 1;
    }
    Slot *slot = &s->slot.item[b->slot];
    if (dim_at_most(s->dims, slot->bytes, bytes))
        slot->bytes = bytes;
    busy[b->slot] = b->last->end;
}

typedef struct {
    int slot;
    int busy;
} Turn;

static int
longer_used(const void *a, const void *b)
{
    const Turn *left = a;
    const Turn *right = b;
    if (left->busy != right->busy)
        return left->busy > right->busy ? -1 : 1;
    return left->slot - right->slot;
}

/* Puts the growing slots in order: those that are used last come first. */
static void
order_slots(Schedule *s, const int *busy)
{
    size_t count = s->slot.count;
    Turn *order = ARENA_ARRAY(s->arena, Turn, count + 1);
    int *place = ARENA_ARRAY(s->arena, int, count + 1);
    const Slot *old =
        arena_copy(s->arena, s->slot.item, count * sizeof *s->slot.item);
    for (size_t i = 0; i < count; i++)
        order[i] = (Turn){(int)i, busy[i]};
    qsort(order, count, sizeof *order, longer_used);
    for (size_t i = 0; i < count; i++) {
        s->slot.item[i] = old[order[i].slot];
        place[order[i].slot] = (int)i;
    }
    for (size_t b = 0; b < s->buffer.count; b++) {
        if (s->buffer.item[b].slot >= 0)
            s->buffer.item[b].slot = place[s->buffer.item[b].slot];
    }
}

/* How many of the growing slots come before what nothing uses from one place to
 * another.
 */
static int
slots_used(const Schedule *s, int first, int last)
{
    int used = 0;
    for (size_t b = 0; b < s->buffer.count; b++) {
        const Buffer *buffer = &s->buffer.item[b];
        if (buffer->slot >= used && !dim_known(buffer->count) &&
            buffer->first->place <= last && buffer->last->end >= first)
            used = buffer->slot + 1;
    }
    return used;
}

/* Buffers of known sizes, by the start of their lives: those whose lives hang
 * together lie behind the same slots.
 */
static void
plan_known(Schedule *s, const int *known, size_t count)
{
    int growing = (int)s->slot.count;
    int *behind = ARENA_ARRAY(s->arena, int, count + 1);
    int *list = ARENA_ARRAY(s->arena, int, count + 1);
    for (size_t i = 0; i < count;) {
        size_t end = i;
        int last = -1;
        while (end < count &&
               (end == i || s->buffer.item[known[end]].first->place <= last)) {
            const Buffer *b = &s->buffer.item[known[end++]];
            last = b->last->end > last ? b->last->end : last;
        }
        int used = slots_used(s, s->buffer.item[known[i]].first->place, last);
        for (; i < end; i++)
            behind[i] = used;
    }
    for (int level = 0; level <= growing; level++) {
        size_t length = 0;
        for (size_t i = 0; i < count; i++) {
            if (behind[i] == level)
                list[length++] = known[i];
        }
        if (length > 0)
            schedule_pack(s, list, length, level);
    }
}

void
sizes_add(Sizes *sizes, Dims *dims, Dim bytes)
{
    int kept = 0;
    for (int i = 0; i < sizes->count; i++) {
        if (dim_at_most(dims, bytes, sizes->item[i]))
            return;
        if (!dim_at_most(dims, sizes->item[i], bytes))
            sizes->item[kept++] = sizes->item[i];
    }
    sizes->count = kept;
    if (kept < SCHEDULE_SIZES)
        sizes->item[sizes->count++] = bytes;
    else
        sizes->item[kept - 1] = dim_add(dims, sizes->item[kept - 1], bytes);
}

/* Each slot is rounded up to whole cache lines; where its size is not known, a
 * line is added for that.
 */
Sizes
schedule_arena(const Schedule *s)
{
    Sizes sizes = {0};
    Dim end = 0;
    int growing = 0;
    for (;; growing++) {
        for (size_t i = 0; i < s->slot.count; i++) {
            if (s->slot.item[i].behind == growing)
                sizes_add(&sizes, s->dims,
                          dim_add(s->dims, end, s->slot.item[i].bytes));
        }
        if (growing == (int)s->slot.count || s->slot.item[growing].behind >= 0)
            break;
        end = dim_add(s->dims, end,
                      dim_add(s->dims, s->slot.item[growing].bytes, 64));
    }
    if (growing > 0)
        sizes_add(&sizes, s->dims, end);
    return sizes;
}

/* Whether a body is a kernel's, with memory that only one thread has. */
static bool
is_in_kernel(const Schedule *s, const Stmt *stmt)
{
    return stmt->parent != NULL && !schedule_is_step_loop(s, stmt->parent);
}

/* A local array, or a place in the arena. The threads of a kernel run at once,
 * so that what they share lives as long as all of it.
 */
static void
plan_home(const Schedule *s, Buffer *b)
{
    if (b->kind != BUFFER_temp || b->first == NULL)
        return;
    b->local = dim_known(b->count) && b->count <= SCHEDULE_STACK;
    if (!s->kernels)
        return;
    b->local = b->local && is_in_kernel(s, b->first);
    while (!b->local && is_in_kernel(s, b->first)) {
        b->first = b->first->parent;
        b->last = b->first;
    }
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
    for (size_t i = 0; i < s->buffer.count; i++)
        plan_home(s, &s->buffer.item[i]);
    schedule_rooms(s);
    int *busy = ARENA_ARRAY(s->arena, int, s->buffer.count + 1);
    int *begin = ARENA_ARRAY(s->arena, int, places + 1); /* 1 + a buffer */
    for (size_t i = s->buffer.count; i-- > 0;) {
        Buffer *b = &s->buffer.item[i];
        if (b->kind != BUFFER_temp || b->first == NULL || b->room != 0)
            continue;
        int *list = &begin[b->first->place];
        if (b->local)
            list = b->first->parent == NULL ? &s->locals
                                            : &b->first->parent->locals;
        b->next = *list;
        *list = (int)i + 1;
    }
    int *known = ARENA_ARRAY(s->arena, int, s->buffer.count + 1);
    size_t count = 0;
    for (size_t place = 0; place < places; place++) {
        for (int i = begin[place]; i != 0; i = s->buffer.item[i - 1].next) {
            if (dim_known(s->buffer.item[i - 1].count))
                known[count++] = i - 1;
            else
                plan_buffer(s, &s->buffer.item[i - 1], busy);
        }
    }
    order_slots(s, busy);
    plan_known(s, known, count);
    for (size_t i = s->buffer.count; i-- > 0;) {
        Buffer *b = &s->buffer.item[i];
        if (b->room != 0) {
            const Buffer *room = &s->buffer.item[b->room - 1];
            b->slot = room->slot;
            b->offset += room->offset;
        }
        if (b->slot < 0)
            continue;
        b->next = s->slot.item[b->slot].buffers;
        s->slot.item[b->slot].buffers = (int)i + 1;
    }
    return NULL;
}

bool
schedule_overlap(const Schedule *s, int a, int b)
{
    const Buffer *x = &s->buffer.item[a];
    const Buffer *y = &s->buffer.item[b];
    if (x->slot < 0 || x->slot != y->slot)
        return false;
    return !dim_known(x->count) ||
           (x->offset < y->offset + y->count * (Dim)dtype_size(y->dtype) &&
            y->offset < x->offset + x->count * (Dim)dtype_size(x->dtype));
}
