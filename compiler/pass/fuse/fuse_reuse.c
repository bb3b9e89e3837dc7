/* Memory that is free again, taken by what comes later: arrays for the samples
 * of a block, one statement's results and the next one's operands. Fewer of
 * them come from farther than the first cache: a product has been there since
 * the last block.
 */
#include "pass/schedule.h"

/* The first and last statements that touch a buffer, from 1; 0: none does. */
typedef struct {
    size_t first;
    size_t last;
} Life;

typedef struct {
    Schedule *s;
    size_t now;
    Life *life; /* by buffer */
    int from;   /* a buffer that becomes another */
    int to;
} Reuse;

static void
note(void *user, int *buffer, Affine *at, bool store)
{
    Reuse *reuse = user;
    Life *life = &reuse->life[*buffer];
    (void)at;
    (void)store;
    life->first = life->first == 0 ? reuse->now : life->first;
    life->last = reuse->now;
}

static void
rename_buffer(void *user, int *buffer, Affine *at, bool store)
{
    const Reuse *reuse = user;
    (void)at;
    (void)store;
    if (*buffer == reuse->from)
        *buffer = reuse->to;
}

static void
visit(Reuse *reuse, const Block *block, AccessFunction *function)
{
    for (size_t i = 0; i < block->count; i++) {
        reuse->now = i + 1;
        schedule_accesses(reuse->s, block->item[i], function, reuse);
    }
}

/* The buffer whose memory is free for another; -1: there is none. */
static int
host_of(const Reuse *reuse, int guest)
{
    const Schedule *s = reuse->s;
    const Buffer *b = &s->buffer.item[guest];
    const size_t first = reuse->life[guest].first;
    for (size_t h = 0; h < s->buffer.count; h++) {
        const Buffer *host = &s->buffer.item[h];
        const size_t last = reuse->life[h].last;
        if (host->across && last != 0 && last < first &&
            host->dtype == b->dtype && host->count == b->count)
            return (int)h;
    }
    return -1;
}

static void
reuse_block(Schedule *s, const Block *block)
{
    Reuse reuse = {.s = s,
                   .life = ARENA_ARRAY(s->arena, Life, s->buffer.count + 1)};
    visit(&reuse, block, note);
    for (size_t i = 1; i <= block->count; i++) {
        for (size_t b = 0; b < s->buffer.count; b++) {
            Life *life = &reuse.life[b];
            if (life->first != i || !s->buffer.item[b].across)
                continue;
            reuse.from = (int)b;
            reuse.to = host_of(&reuse, (int)b);
            if (reuse.to < 0)
                continue;
            reuse.life[reuse.to].last = life->last;
            *life = (Life){0};
            visit(&reuse, block, rename_buffer);
            s->buffer.item[b].kind = BUFFER_gone;
        }
    }
}

void
schedule_reuse(Schedule *s)
{
    bool any = false;
    for (size_t b = 0; b < s->buffer.count; b++)
        any = any || s->buffer.item[b].across;
    for (size_t i = 0; any && i < s->body.count; i++)
        if (s->body.item[i]->kind == STMT_loop)
            reuse_block(s, &s->body.item[i]->body);
}
