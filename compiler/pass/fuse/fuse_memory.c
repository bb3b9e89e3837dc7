/* What memory a schedule's buffers are: next values in the place of the old,
 * results computed in place, and buffers that need hold only a part at a time.
 */
#include "pass/fuse/fuse_uses.h"

enum { SHARE_LOOKS = 64 }; /* loads before a store that are looked at */

/* The leaf whose memory a next value takes, as a buffer; -1 for others. */
static int
next_leaf(const Schedule *s, int buffer)
{
    int memory = schedule_memory(s, buffer);
    return memory == buffer ? -1 : memory;
}

static bool
next_in_place(Schedule *s, const Uses *uses, int buffer, int leaf)
{
    const Use *store = uses_first(uses, buffer);
    for (; store != NULL; store = uses_next(uses, store)) {
        if (!store->store)
            return false;
        const Use *load = uses_first(uses, leaf);
        for (; load != NULL; load = uses_next(uses, load)) {
            if (!load->store && !uses_reads_old(s, load, store, 0))
                return false;
        }
    }
    return true;
}

/* Copies a buffer into an output, at the end of the program. */
static void
copy_back(Schedule *s, int from, int output)
{
    const Buffer *b = &s->buffer.item[from];
    int var = schedule_new_var(s, VAR_plain, b->count);
    Stmt *loop = schedule_stmt(s, STMT_loop, b->node);
    loop->var = var;
    const Affine at = affine_var(var);
    int value = schedule_load(s, from, b->dtype, b->node, &at);
    schedule_push_store(s, &loop->body, output, &at, value);
    schedule_push(s, &s->body, loop);
}

/* Next values that cannot be stored in place wait in memory of their own. */
void
schedule_next(Schedule *s)
{
    ArenaMark mark = arena_mark(s->arena);
    Uses uses = uses_all(s);
    size_t buffers = s->buffer.count;
    s->tag = 0;
    for (size_t b = 0; b < buffers; b++) {
        int leaf = next_leaf(s, (int)b);
        if (leaf < 0 || next_in_place(s, &uses, (int)b, leaf))
            continue;
        Buffer output = s->buffer.item[b];
        s->buffer.item[b].kind = BUFFER_temp;
        VEC_PUSH(s->arena, &s->buffer, output);
        s->output_buffer[output.number] = (int)s->buffer.count - 1;
        copy_back(s, (int)b, (int)s->buffer.count - 1);
    }
    if (s->buffer.count == buffers)
        arena_rewind(s->arena, &mark);
}

static bool
optional(const Schedule *s, const Buffer *b)
{
    return b->kind == BUFFER_output && b->number < 32 &&
           (s->optional >> b->number & 1) != 0;
}

/* Whether `old` may live in the memory of what `store` stores: at that place it
 * is read for the last time, element by element.
 */
static bool
may_share(Schedule *s, const Uses *uses, const Use *store, int old)
{
    const Buffer *to = &s->buffer.item[*store->buffer];
    const Buffer *from = &s->buffer.item[old];
    bool read = false;
    const Stmt *turn = uses_step_loop(s, store);
    if (old == *store->buffer || from->kind != BUFFER_temp ||
        from->count != to->count || from->dtype != to->dtype ||
        uses_read_across(s, uses, store))
        return false;
    const Use *use = uses_first(uses, *store->buffer);
    for (; use != NULL; use = uses_next(uses, use)) {
        if (use->store ? use != store : use->place <= store->place)
            return false;
    }
    for (use = uses_first(uses, old); use != NULL; use = uses_next(uses, use)) {
        if (use->tag != store->tag || use->place > store->place ||
            uses_step_loop(s, use) != turn)
            return false;
        if (use->store)
            continue;
        if (use->body == store->body) {
            if (!affine_same(s, use->at, store->at))
                return false;
            read = true;
        } else if (!uses_reads_old(s, use, store, 0)) {
            return false;
        }
    }
    return read;
}

/* Gives a buffer the memory of another. */
static void
share(Schedule *s, Uses *uses, int from, int to)
{
    for (int i = uses->first[from]; i >= 0; i = uses->use.item[i].next)
        *uses->use.item[i].buffer = to;
    uses->use.item[uses->end[from]].next = uses->first[to];
    uses->first[to] = uses->first[from];
    s->buffer.item[from].kind = BUFFER_gone;
}

/* A buffer that shares has more uses than before and can share no more than
 * before, so that each store is looked at once. A product is not computed in
 * place.
 */
void
schedule_share(Schedule *s)
{
    ArenaMark mark = arena_mark(s->arena);
    Uses uses = uses_all(s);
    for (size_t i = 0; i < uses.use.count; i++) {
        const Use *store = &uses.use.item[i];
        const Buffer *to = &s->buffer.item[*store->buffer];
        if (!store->store || store->call || next_leaf(s, *store->buffer) >= 0 ||
            optional(s, to))
            continue;
        int found = -1;
        int looks = SHARE_LOOKS;
        for (int j = store->last; j >= 0 && looks-- > 0;
             j = uses.use.item[j].last) {
            if (may_share(s, &uses, store, *uses.use.item[j].buffer))
                found = j;
        }
        if (found >= 0)
            share(s, &uses, *uses.use.item[found].buffer, *store->buffer);
    }
    arena_rewind(s->arena, &mark);
}

/* Takes one loop out of a buffer's indices. */
static void
shrink_by(Schedule *s, const Uses *uses, int buffer, const Stmt *loop,
          Dim factor)
{
    int key = schedule_var(s, loop->var);
    const LoopVar *var = &s->var.item[key];
    bool block = var->kind == VAR_block;
    const Use *use = uses_first(uses, buffer);
    for (; use != NULL; use = uses_next(uses, use)) {
        if (block) {
            Affine start = affine_var(key);
            affine_scale(s, &start, factor);
            affine_subtract(s, use->at, &start);
        } else {
            affine_drop(s, use->at, schedule_key(s, key));
        }
    }
    s->buffer.item[buffer].count =
        block ? dim_mul(s->dims, factor, var->step) : factor;
    bool rows = block && var->step == SCHEDULE_BLOCK &&
                var->extent == dim_batch(s->dims);
    s->buffer.item[buffer].each = rows ? EACH_sample : EACH_call;
}

/* Whether every use of a buffer keeps to one row in each turn of a loop. */
static bool
shrinks(Schedule *s, const Uses *uses, int buffer, int key, Dim *factor)
{
    bool first = true;
    const Use *use = uses_first(uses, buffer);
    for (; use != NULL; use = uses_next(uses, use)) {
        Dim own;
        Affine rest = *use->at;
        if (!affine_factor(s, &rest, key, &own) || own == 0 ||
            (!first && own != *factor))
            return false;
        affine_drop(s, &rest, key);
        if (!affine_below(s, &rest, own))
            return false;
        *factor = own;
        first = false;
    }
    return !first;
}

/* The loops that are around all uses of a buffer: how many. */
static size_t
loops_around(const Uses *uses, int buffer)
{
    const Use *first = uses_first(uses, buffer);
    size_t common = first != NULL ? first->depth : 0;
    for (const Use *use = first; use != NULL; use = uses_next(uses, use)) {
        size_t n = uses_common(first, use);
        common = n < common ? n : common;
    }
    return common;
}

static void
shrink_buffer(Schedule *s, const Uses *uses, int buffer)
{
    const Use *first = uses_first(uses, buffer);
    size_t common = loops_around(uses, buffer);
    for (size_t i = 0; i < common; i++) {
        const Stmt *loop = first->path[i];
        int key = schedule_key(s, loop->var);
        Dim factor = 0;
        if (s->var.item[key].kind == VAR_step ||
            (i + 1 < common && schedule_key(s, first->path[i + 1]->var) == key))
            continue;
        if (!shrinks(s, uses, buffer, key, &factor))
            return;
        shrink_by(s, uses, buffer, loop, factor);
        if (s->var.item[schedule_var(s, loop->var)].kind == VAR_block)
            return;
    }
}

/* Whether a buffer can be a local array of a kernel's threads. */
static bool
is_private(const Schedule *s, const Uses *uses, int buffer)
{
    const Buffer *b = &s->buffer.item[buffer];
    size_t around = loops_around(uses, buffer);
    return around > 0 && dim_known(b->count) && b->count <= SCHEDULE_STACK &&
           !schedule_is_step_loop(s,
                                  uses_first(uses, buffer)->path[around - 1]);
}

/* Shrinks a buffer of a kernel if each thread then has all of its own; turns
 * run at once, and must not share what is left.
 */
static void
shrink_private(Schedule *s, const Uses *uses, int buffer)
{
    VEC(Affine) at = {0};
    Buffer old = s->buffer.item[buffer];
    const Use *use = uses_first(uses, buffer);
    for (; use != NULL; use = uses_next(uses, use))
        VEC_PUSH(s->arena, &at, *use->at);
    shrink_buffer(s, uses, buffer);
    if (is_private(s, uses, buffer))
        return;
    s->buffer.item[buffer] = old;
    use = uses_first(uses, buffer);
    for (size_t i = 0; use != NULL; use = uses_next(uses, use))
        *use->at = at.item[i++];
}

void
schedule_shrink(Schedule *s)
{
    ArenaMark mark = arena_mark(s->arena);
    Uses uses = uses_all(s);
    for (size_t b = 0; b < s->buffer.count; b++) {
        if (s->buffer.item[b].kind != BUFFER_temp)
            continue;
        if (s->kernels)
            shrink_private(s, &uses, (int)b);
        else
            shrink_buffer(s, &uses, (int)b);
    }
    arena_rewind(s->arena, &mark);
}
