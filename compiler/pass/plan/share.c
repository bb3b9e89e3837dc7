/* Which loops over samples threads can share, those over blocks of them and
 * others with products, and the memory that a turn of such a loop has.
 *
 * Threads run the whole loop at once, each for samples of its own. So what the
 * loop writes has rows, one for each sample, and a turn touches no others of
 * it. The buffers of a turn lie in rooms: one that is as large as a block of
 * samples needs it, of which each thread has the part of its share of a block,
 * and one of which each thread has as much as it needs.
 */
#include "pass/plan/plan.h"

typedef struct {
    Schedule *s;
    int key;      /* the block's variable */
    int loop;     /* its number, from 1 */
    int *written; /* by buffer: the last loop that writes it */
    Dim *row;     /* by buffer that is: elements; 0: not known yet */
    bool apart;
} Rows;

static void
add_written(Rows *rows, int buffer)
{
    if (rows->written[buffer] != rows->loop)
        rows->row[buffer] = 0;
    rows->written[buffer] = rows->loop;
}

static void
note_written(void *user, int *buffer, Affine *at, bool store)
{
    Rows *rows = user;
    const Schedule *s = rows->s;
    const Buffer *b = &s->buffer.item[*buffer];
    (void)at;
    if (!store || b->across)
        return;
    add_written(rows, *buffer);
    add_written(rows, schedule_memory(s, *buffer));
}

static void
check_row(void *user, int *buffer, Affine *at, bool store)
{
    Rows *rows = user;
    Schedule *s = rows->s;
    Dim row;
    (void)store;
    if (rows->written[*buffer] != rows->loop)
        return;
    Affine rest = *at;
    bool simple = affine_factor(s, &rest, rows->key, &row) && row != 0;
    affine_drop(s, &rest, rows->key);
    if (!simple || !affine_below(s, &rest, row) ||
        (rows->row[*buffer] != 0 && rows->row[*buffer] != row))
        rows->apart = false;
    rows->row[*buffer] = row;
}

/* Whether each turn of a loop over samples touches only its own rows of what
 * the loop writes, and threads may pay.
 */
static bool
is_apart(Rows *rows, Stmt *loop)
{
    Schedule *s = rows->s;
    rows->key = schedule_var(s, loop->var);
    rows->apart = true;
    rows->loop++;
    const LoopVar *var = &s->var.item[rows->key];
    bool worth = var->kind == VAR_block ||
                 (var->kind == VAR_plain && schedule_calls(loop));
    if (!worth || !var->batch || var->extent != dim_batch(s->dims) ||
        !schedule_is_closed(s, loop))
        return false;
    schedule_accesses(s, loop, note_written, rows);
    schedule_accesses(s, loop, check_row, rows);
    return rows->apart;
}

void
schedule_apart(Schedule *s)
{
    ArenaMark mark = arena_mark(s->arena);
    Rows rows = {.s = s,
                 .written = ARENA_ARRAY(s->arena, int, s->buffer.count + 1),
                 .row = ARENA_ARRAY(s->arena, Dim, s->buffer.count + 1)};
    for (size_t i = 0; i < s->body.count; i++) {
        Stmt *stmt = s->body.item[i];
        if (stmt->kind == STMT_loop)
            stmt->shared = is_apart(&rows, stmt);
    }
    arena_rewind(s->arena, &mark);
}

/* Whether a buffer is in the arena for a turn of a loop alone. */
static bool
is_of_turn(const Buffer *b, const Stmt *loop)
{
    return b->kind == BUFFER_temp && b->first != NULL && !b->local &&
           b->first->place > loop->place && b->last->end <= loop->end;
}

/* How many times as large the rows of a block are as what each thread has
 * besides: so much memory threads are worth.
 */
enum { SHARE_WORTH = 16 };

/* Whether the buffers of a turn can lie in a room of known size that is not
 * much larger than one thread needs it.
 */
static bool
fits_room(Schedule *s, const int *part, size_t parts)
{
    Dim rows = 0;
    Dim others = 0;
    for (size_t i = 0; i < parts; i++) {
        const Buffer *b = &s->buffer.item[part[i]];
        Dim bytes = dim_mul(s->dims, b->count, (Dim)dtype_size(b->dtype));
        if (!dim_known(bytes))
            return false;
        Dim *sum = b->each == EACH_sample ? &rows : &others;
        *sum = dim_add(s->dims, *sum, bytes);
    }
    return dim_mul(s->dims, others, SHARE_WORTH) <= rows;
}

/* The room of those buffers of a loop that there is one of for each. */
static void
make_room(Schedule *s, Stmt *loop, const int *part, size_t parts, Each each)
{
    Dim bytes = schedule_offsets(s, part, parts, each);
    Buffer room = {.kind = BUFFER_temp,
                   .dtype = DTYPE_bool,
                   .node = loop->node,
                   .count = dim_mul(s->dims, bytes, schedule_held(each)),
                   .each = each,
                   .slot = -1,
                   .first = loop,
                   .last = loop};
    if (bytes == 0)
        return;
    VEC_PUSH(s->arena, &s->buffer, room);
    loop->room[each] = (int)s->buffer.count;
    for (size_t i = 0; i < parts; i++)
        if (s->buffer.item[part[i]].each == each)
            s->buffer.item[part[i]].room = loop->room[each];
}

static void
make_rooms(Schedule *s, Stmt *loop)
{
    int *part = ARENA_ARRAY(s->arena, int, s->buffer.count + 1);
    size_t parts = 0;
    for (size_t b = 0; b < s->buffer.count; b++) {
        if (is_of_turn(&s->buffer.item[b], loop))
            part[parts++] = (int)b;
    }
    loop->shared = fits_room(s, part, parts);
    if (!loop->shared)
        return;
    for (size_t i = 0; i < parts; i++) {
        Buffer *b = &s->buffer.item[part[i]];
        b->each = b->each == EACH_call ? EACH_thread : b->each;
    }
    make_room(s, loop, part, parts, EACH_sample);
    make_room(s, loop, part, parts, EACH_thread);
}

void
schedule_rooms(Schedule *s)
{
    for (size_t i = 0; i < s->body.count; i++) {
        if (s->body.item[i]->shared)
            make_rooms(s, s->body.item[i]);
    }
}
