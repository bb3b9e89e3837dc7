/* Places in memory: small buffers become local arrays, the others share the
 * slots of one arena.
 *
 * A buffer's home is the innermost body that all its uses stand in. It lives
 * there from the first statement that uses it to the last one, loops as wholes;
 * a turn of a loop around its home reads nothing that it has not stored. Which
 * slot it has is plan_slots.c's. Those of a loop that threads share lie in its
 * room (share.c).
 */
#include "pass/plan/plan.h"

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
                                        stmt->product->end.scalars > 0)) {
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

enum { UNIT = SCHEDULE_BLOCK / SCHEDULE_THREADS }; /* a thread's, at least */

Dim
schedule_each(Each each, Dim samples)
{
    Dim rows = samples < SCHEDULE_BLOCK ? samples : SCHEDULE_BLOCK;
    return each == EACH_sample   ? rows
           : each == EACH_thread ? (rows + UNIT - 1) / UNIT
                                 : 1;
}

Dim
schedule_held(Each each)
{
    return each == EACH_sample ? SCHEDULE_BLOCK : 1;
}

/* UNIT times a size for so many samples, and such a part of so many threads. */
static Dim
size_of(Dims *dims, Size size, Dim samples, Dim threads)
{
    Dim call = dim_mul(dims, size.bytes[EACH_call], UNIT);
    Dim rows = dim_mul(dims, size.bytes[EACH_sample], UNIT);
    Dim parts = dim_mul(dims, size.bytes[EACH_thread], threads);
    rows = dim_mul(dims, rows, samples);
    return dim_add(dims, call, dim_add(dims, rows, parts));
}

/* Whether a ≤ b for all dimensions: for batches smaller than a block, whose
 * threads are some n / UNIT, rounded up, and for larger ones.
 */
static bool
size_at_most(Dims *dims, Size a, Size b)
{
    Dim n = dim_batch(dims);
    const Dim of[][2] = {{n, n},
                         {n, dim_add(dims, n, UNIT - 1)},
                         {SCHEDULE_BLOCK, SCHEDULE_BLOCK}};
    bool fits = true;
    for (int i = 0; i < 3; i++)
        fits = fits && dim_fits(dims, size_of(dims, a, of[i][0], of[i][1]),
                                size_of(dims, b, of[i][0], of[i][1]));
    return fits;
}

void
sizes_add(Sizes *sizes, Dims *dims, Size size)
{
    int kept = 0;
    for (int i = 0; i < sizes->count; i++) {
        if (size_at_most(dims, size, sizes->item[i]))
            return;
        if (!size_at_most(dims, sizes->item[i], size))
            sizes->item[kept++] = sizes->item[i];
    }
    sizes->count = kept;
    if (kept < SCHEDULE_SIZES) {
        sizes->item[sizes->count++] = size;
        return;
    }
    Size *last = &sizes->item[kept - 1];
    for (Each each = 0; each < EACHES; each++)
        last->bytes[each] = dim_add(dims, last->bytes[each], size.bytes[each]);
}

void
sizes_grow(Sizes *sizes, Dims *dims, Dim bytes)
{
    for (int i = 0; i < sizes->count; i++) {
        Dim *own = &sizes->item[i].bytes[EACH_call];
        *own = dim_add(dims, *own, bytes);
    }
}

int64_t
sizes_value(const Sizes *sizes, const Dims *dims, const int64_t *symbol)
{
    int64_t most = 0;
    for (int i = 0; i < sizes->count; i++) {
        const Dim *own = sizes->item[i].bytes;
        int64_t bytes = dim_value(dims, own[EACH_call], symbol);
        for (Each each = EACH_sample; each < EACHES; each++)
            bytes += own[each] * schedule_each(each, symbol[0]);
        most = bytes > most ? bytes : most;
    }
    return most;
}

/* A cache line for the word that blocks meet at. */
Dim
schedule_head(const Schedule *s)
{
    return s->meets ? 64 : 0;
}

/* Lists of slots by how many they lie behind: 1 + the first of each, and, by
 * slot, 1 + the next.
 */
static size_t *
slots_behind(const Schedule *s, size_t **next)
{
    size_t count = s->slot.count;
    size_t *first = ARENA_ARRAY(s->arena, size_t, count + 1);
    *next = ARENA_ARRAY(s->arena, size_t, count + 1);
    for (size_t i = count; i-- > 0;) {
        int behind = s->slot.item[i].behind;
        if (behind < 0)
            continue;
        (*next)[i] = first[behind];
        first[behind] = i + 1;
    }
    return first;
}

/* Each slot is rounded up to whole cache lines; where its size is not known, a
 * line is added for that.
 */
Sizes
schedule_arena(const Schedule *s)
{
    Sizes sizes = {0};
    Dim end = schedule_head(s);
    int growing = 0;
    ArenaMark mark = arena_mark(s->arena);
    size_t *next;
    const size_t *first = slots_behind(s, &next);
    if (end != 0)
        sizes_add(&sizes, s->dims, (Size){.bytes = {end}});
    for (;; growing++) {
        for (size_t i = first[growing]; i != 0; i = next[i - 1]) {
            Size size = s->slot.item[i - 1].size;
            size.bytes[EACH_call] =
                dim_add(s->dims, end, size.bytes[EACH_call]);
            sizes_add(&sizes, s->dims, size);
        }
        if (growing == (int)s->slot.count || s->slot.item[growing].behind >= 0)
            break;
        Dim bytes = s->slot.item[growing].size.bytes[EACH_call];
        end = dim_add(s->dims, end, dim_add(s->dims, bytes, 64));
    }
    if (growing > 0)
        sizes_add(&sizes, s->dims, (Size){.bytes = {end}});
    arena_rewind(s->arena, &mark);
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
    b->local = b->across || (dim_known(b->count) && b->count <= SCHEDULE_STACK);
    if (!s->kernels)
        return;
    b->local = b->local && is_in_kernel(s, b->first);
    while (!b->local && is_in_kernel(s, b->first)) {
        b->first = b->first->parent;
        b->last = b->first;
    }
}

/* Local arrays of one statement of the program lie on a thread's stack at once;
 * those of none do in its function. Counts one among `taken`, by the place of
 * that statement; what there is no room for is in the arena.
 */
static void
take_stack(Buffer *b, Dim *taken, size_t places)
{
    const Stmt *top = b->first->parent;
    while (top != NULL && top->parent != NULL)
        top = top->parent;
    Dim *bytes = &taken[top == NULL ? places : (size_t)top->place];
    const Dim own = b->count * (Dim)dtype_size(b->dtype);
    b->local = b->across || *bytes + own <= SCHEDULE_LOCAL;
    *bytes += b->local ? own : 0;
}

/* Where all buffers are; first those that can only be local. */
static void
plan_homes(Schedule *s, size_t places)
{
    Dim *taken = ARENA_ARRAY(s->arena, Dim, places + 1);
    for (size_t i = 0; i < s->buffer.count; i++)
        plan_home(s, &s->buffer.item[i]);
    for (int across = 1; across >= 0 && !s->kernels; across--)
        for (size_t i = 0; i < s->buffer.count; i++) {
            Buffer *b = &s->buffer.item[i];
            if (b->kind == BUFFER_temp && b->first != NULL && b->local &&
                b->across == across)
                take_stack(b, taken, places);
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
    plan_homes(s, places);
    schedule_rooms(s);
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
    int *list = ARENA_ARRAY(s->arena, int, s->buffer.count + 1);
    size_t count = 0;
    for (size_t place = 0; place < places; place++)
        for (int i = begin[place]; i != 0; i = s->buffer.item[i - 1].next)
            list[count++] = i - 1;
    schedule_slots(s, list, count);
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

/* Whether two slots may: one whose size is a number, and one that does not lie
 * before it.
 */
static bool
slots_overlap(const Schedule *s, int a, int b)
{
    int behind = s->slot.item[a].behind;
    int other = s->slot.item[b].behind;
    return behind >= 0 && (other >= 0 || b >= behind);
}

/* Where a buffer begins and ends in its slot, for a block of samples. */
static Dim
begin_of(const Schedule *s, const Buffer *b)
{
    return dim_mul(s->dims, b->offset, schedule_held(b->each));
}

static Dim
end_of(const Schedule *s, const Buffer *b)
{
    Dim bytes = dim_mul(s->dims, b->count, (Dim)dtype_size(b->dtype));
    return dim_add(s->dims, begin_of(s, b), bytes);
}

bool
schedule_overlap(const Schedule *s, int a, int b)
{
    const Buffer *x = &s->buffer.item[a];
    const Buffer *y = &s->buffer.item[b];
    if (x->slot < 0 || y->slot < 0)
        return false;
    if (x->slot != y->slot)
        return slots_overlap(s, x->slot, y->slot) ||
               slots_overlap(s, y->slot, x->slot);
    if (x->each != y->each)
        return false;
    return !dim_fits(s->dims, end_of(s, x), begin_of(s, y)) &&
           !dim_fits(s->dims, end_of(s, y), begin_of(s, x));
}
