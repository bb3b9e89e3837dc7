/* Memory that is free again, taken by what comes later: arrays for the samples
 * of a block, one statement's results and the next one's operands. Fewer of
 * them stay in the first cache, which the products in between have used, and a
 * thread's stack holds more of what goes across samples.
 */
#include "pass/fuse/fuse.h"

/* A local array of a block, and the first and last statements that touch it. */
typedef struct {
    int buffer;
    int host; /* the buffer whose memory it takes; its own: none */
    size_t first;
    size_t last;
} Life;

typedef struct {
    Schedule *s;
    size_t now;
    VEC(Life) life; /* in the order of first uses */
} Reuse;

static Life *
life_of(const Reuse *reuse, int buffer)
{
    for (size_t i = 0; i < reuse->life.count; i++)
        if (reuse->life.item[i].buffer == buffer)
            return &reuse->life.item[i];
    return NULL;
}

static void
note(void *user, int *buffer, Affine *at, bool store)
{
    Reuse *reuse = user;
    (void)at;
    (void)store;
    if (!reuse->s->buffer.item[*buffer].across)
        return;
    Life *life = life_of(reuse, *buffer);
    if (life != NULL) {
        life->last = reuse->now;
        return;
    }
    const Life begun = {*buffer, *buffer, reuse->now, reuse->now};
    VEC_PUSH(reuse->s->arena, &reuse->life, begun);
}

static void
rename_buffer(void *user, int *buffer, Affine *at, bool store)
{
    const Reuse *reuse = user;
    (void)at;
    (void)store;
    if (reuse->s->buffer.item[*buffer].across)
        *buffer = life_of(reuse, *buffer)->host;
}

static void
visit(Reuse *reuse, const Block *block, AccessFunction *function)
{
    for (size_t i = 0; i < block->count; i++) {
        reuse->now = i + 1;
        schedule_accesses(reuse->s, block->item[i], function, reuse);
    }
}

/* Whether two arrays are of one size, more or less; a small one is not to keep
 * large ones waiting.
 */
static bool
is_near(Dim a, Dim b)
{
    return a < 2 * b && b < 2 * a;
}

/* Whether a host of `a` elements is better for so many than one of `b`: the
 * smallest that has them, or else the largest, which grows.
 */
static bool
is_better(Dim a, Dim b, Dim count)
{
    if ((a >= count) != (b >= count))
        return a >= count;
    return a >= count ? a < b : a > b;
}

/* The array whose memory is free for another; NULL: there is none. */
static Life *
host_of(const Reuse *reuse, const Life *guest)
{
    const Schedule *s = reuse->s;
    const Buffer *b = &s->buffer.item[guest->buffer];
    Life *best = NULL;
    for (size_t i = 0; i < reuse->life.count; i++) {
        Life *life = &reuse->life.item[i];
        const Buffer *host = &s->buffer.item[life->buffer];
        if (life->host == life->buffer && life->last < guest->first &&
            host->dtype == b->dtype && is_near(host->count, b->count) &&
            (best == NULL ||
             is_better(host->count, s->buffer.item[best->buffer].count,
                       b->count)))
            best = life;
    }
    return best;
}

/* Of arrays whose first use is the same statement the largest first. */
static void
order_lives(const Reuse *reuse)
{
    const Buffer *buffer = reuse->s->buffer.item;
    for (size_t i = 1; i < reuse->life.count; i++) {
        const Life life = reuse->life.item[i];
        size_t at = i;
        for (; at > 0; at--) {
            const Life *other = &reuse->life.item[at - 1];
            if (other->first != life.first ||
                buffer[other->buffer].count >= buffer[life.buffer].count)
                break;
            reuse->life.item[at] = *other;
        }
        reuse->life.item[at] = life;
    }
}

Dim
schedule_reuse_block(Schedule *s, const Block *block)
{
    Reuse reuse = {.s = s};
    Dim bytes = 0;
    bool any = false;
    visit(&reuse, block, note);
    order_lives(&reuse);
    for (size_t i = 0; i < reuse.life.count; i++) {
        Life *life = &reuse.life.item[i];
        const Dim count = s->buffer.item[life->buffer].count;
        Life *host = host_of(&reuse, life);
        if (host == NULL)
            continue;
        Buffer *b = &s->buffer.item[host->buffer];
        b->count = b->count < count ? count : b->count;
        host->last = life->last;
        life->host = host->buffer;
        s->buffer.item[life->buffer].kind = BUFFER_gone;
        any = true;
    }
    for (size_t i = 0; i < reuse.life.count; i++) {
        const Life *life = &reuse.life.item[i];
        const Buffer *b = &s->buffer.item[life->buffer];
        if (life->host == life->buffer)
            bytes += b->count * (Dim)dtype_size(b->dtype);
    }
    if (any)
        visit(&reuse, block, rename_buffer);
    return bytes;
}

void
schedule_reuse(Schedule *s)
{
    bool any = false;
    for (size_t b = 0; b < s->buffer.count; b++)
        any = any || s->buffer.item[b].across;
    for (size_t i = 0; any && i < s->body.count; i++)
        if (s->body.item[i]->kind == STMT_loop)
            schedule_reuse_block(s, &s->body.item[i]->body);
}
