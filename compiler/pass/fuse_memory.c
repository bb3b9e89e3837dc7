/* What memory a schedule's buffers are: next values in the place of the old,
 * results computed in place, and buffers that need hold only a part at a time.
 */
#include "pass/schedule.h"

enum { SHARE_LOOKS = 64 }; /* loads before a store that are looked at */

/* One access, with the loops around it and its place in the program. */
typedef struct {
    int *buffer;
    Affine *at;
    bool store;
    int place; /* the statement's number, in order */
    size_t depth;
    Stmt *const *path; /* loops, outermost first */
    const Block *body;
    bool call; /* of a kernel, which reads many elements */
    uint32_t tag;
    int next; /* the next use of the same buffer; -1: none */
    int last; /* the last load before it in the same body; -1: none */
} Use;

typedef struct {
    Schedule *s;
    VEC(Use) use;
    int *first; /* by buffer; -1: none */
    int *end;   /* its last use */
    Block loops;
    Use now;  /* of the statement */
    int load; /* the last load of the body */
} Uses;

static void
uses_add(void *user, int *buffer, Affine *at, bool store)
{
    Uses *uses = user;
    int own = (int)uses->use.count;
    Use use = uses->now;
    use.buffer = buffer;
    use.at = at;
    use.store = store;
    use.next = -1;
    use.last = uses->load;
    if (!store)
        uses->load = own;
    if (uses->first[*buffer] < 0)
        uses->first[*buffer] = own;
    else
        uses->use.item[uses->end[*buffer]].next = own;
    uses->end[*buffer] = own;
    VEC_PUSH(uses->s->arena, &uses->use, use);
}

static bool
reads_many(const Value *value)
{
    return value->kind == VALUE_sum || value->kind == VALUE_gather;
}

static void
uses_block(Uses *uses, const Block *block)
{
    Arena *arena = uses->s->arena;
    size_t depth = uses->loops.count;
    Stmt *const *path =
        arena_copy(arena, uses->loops.item, depth * sizeof *path);
    int load = -1;
    for (size_t i = 0; i < block->count; i++) {
        Stmt *stmt = block->item[i];
        uses->now.place++;
        uses->now.tag = stmt->tag;
        uses->now.call = stmt->kind == STMT_call ||
                         (stmt->kind == STMT_let &&
                          reads_many(&uses->s->value.item[stmt->value]));
        if (stmt->kind == STMT_loop) {
            VEC_PUSH(arena, &uses->loops, stmt);
            uses_block(uses, &stmt->body);
            uses->loops.count--;
            continue;
        }
        uses->now.body = block;
        uses->now.path = path;
        uses->now.depth = depth;
        uses->load = load;
        schedule_accesses(uses->s, stmt, uses_add, uses);
        load = uses->load;
    }
}

static Uses
uses_all(Schedule *s)
{
    Arena *arena = s->arena;
    Uses uses = {.s = s,
                 .first = ARENA_ARRAY(arena, int, s->buffer.count + 1),
                 .end = ARENA_ARRAY(arena, int, s->buffer.count + 1)};
    for (size_t i = 0; i < s->buffer.count; i++)
        uses.first[i] = -1;
    uses_block(&uses, &s->body);
    return uses;
}

/* The uses of a buffer, in order: for (u = first; u != NULL; u = next). */
static const Use *
use_at(const Uses *uses, int number)
{
    return number < 0 ? NULL : &uses->use.item[number];
}

static const Use *
use_first(const Uses *uses, int buffer)
{
    return use_at(uses, uses->first[buffer]);
}

static const Use *
use_next(const Uses *uses, const Use *use)
{
    return use_at(uses, use->next);
}

static size_t
common_loops(const Use *a, const Use *b)
{
    size_t n = 0;
    while (n < a->depth && n < b->depth && a->path[n] == b->path[n])
        n++;
    return n;
}

/* Whether a load reads the old value though `store` replaces it in place: it
 * comes first, and turns of shared loops keep to their own rows.
 */
static bool
reads_old(Schedule *s, const Use *load, const Use *store)
{
    if (load->place > store->place)
        return false;
    size_t common = common_loops(load, store);
    if (common > 0 && load->body == store->body)
        return affine_same(s, load->at, store->at);
    Affine a = *load->at;
    Affine b = *store->at;
    for (size_t i = 0; i < common; i++) {
        Dim factor;
        Dim other;
        int key = schedule_key(s, load->path[i]->var);
        if (i + 1 < common && key == schedule_key(s, load->path[i + 1]->var))
            continue;
        if (!affine_factor(s, &a, key, &factor) ||
            !affine_factor(s, &b, key, &other) || factor != other ||
            factor == 0)
            return false;
        affine_drop(s, &a, key);
        affine_drop(s, &b, key);
        if (!affine_below(s, &a, factor) || !affine_below(s, &b, factor))
            return false;
    }
    return true;
}

/* The leaf whose memory a next value takes, as a buffer; -1 for others. */
static int
next_leaf(const Schedule *s, int buffer)
{
    const Buffer *b = &s->buffer.item[buffer];
    if (b->kind != BUFFER_output)
        return -1;
    Ref leaf = s->graph->output.item[b->number].next;
    return leaf == REF_NONE ? -1 : s->node_buffer[leaf];
}

static bool
next_in_place(Schedule *s, const Uses *uses, int buffer, int leaf)
{
    const Use *store = use_first(uses, buffer);
    for (; store != NULL; store = use_next(uses, store)) {
        if (!store->store)
            return false;
        const Use *load = use_first(uses, leaf);
        for (; load != NULL; load = use_next(uses, load)) {
            if (!load->store && !reads_old(s, load, store))
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
    Value value = {.kind = VALUE_load,
                   .dtype = b->dtype,
                   .buffer = from,
                   .at = affine_var(var),
                   .node = b->node};
    Stmt *store = schedule_stmt(s, STMT_store, b->node);
    store->buffer = output;
    store->value = schedule_value(s, &value);
    store->at = affine_var(var);
    schedule_push(s, &loop->body, store);
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

/* Whether two accesses below shared loops go through their own loops in the
 * same order.
 */
static bool
same_order(Schedule *s, const Use *a, const Use *b, size_t common)
{
    Affine x = *a->at;
    Affine y = *b->at;
    if (a->depth != b->depth)
        return false;
    for (size_t i = common; i < a->depth; i++) {
        Dim factor;
        Dim other;
        int key = schedule_key(s, a->path[i]->var);
        int next = schedule_key(s, b->path[i]->var);
        if (!affine_factor(s, &x, key, &factor) ||
            !affine_factor(s, &y, next, &other) || factor != other)
            return false;
        affine_drop(s, &x, key);
        affine_drop(s, &y, next);
    }
    return affine_same(s, &x, &y);
}

/* Whether a later statement of the same turn reads what a store stores in
 * another order, kernels aside. clang 14 takes such reads for reads of the old
 * value, if the store is an update in place and the outer loop becomes vectors.
 */
static bool
read_across(Schedule *s, const Uses *uses, const Use *store)
{
    const Use *use = use_first(uses, *store->buffer);
    for (; use != NULL; use = use_next(uses, use)) {
        size_t common = common_loops(use, store);
        if (!use->store && !use->call && use->place > store->place &&
            use->body != store->body && common > 0 &&
            !same_order(s, use, store, common))
            return true;
    }
    return false;
}

/* The innermost loop over steps around an access; NULL: none. */
static const Stmt *
step_loop(const Schedule *s, const Use *use)
{
    for (size_t i = use->depth; i-- > 0;) {
        if (s->var.item[schedule_var(s, use->path[i]->var)].kind == VAR_step)
            return use->path[i];
    }
    return NULL;
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
    const Stmt *turn = step_loop(s, store);
    if (old == *store->buffer || from->kind != BUFFER_temp ||
        from->count != to->count || from->dtype != to->dtype ||
        read_across(s, uses, store))
        return false;
    const Use *use = use_first(uses, *store->buffer);
    for (; use != NULL; use = use_next(uses, use)) {
        if (use->store ? use != store : use->place <= store->place)
            return false;
    }
    for (use = use_first(uses, old); use != NULL; use = use_next(uses, use)) {
        if (use->tag != store->tag || use->place > store->place ||
            step_loop(s, use) != turn)
            return false;
        if (use->store)
            continue;
        if (use->body == store->body) {
            if (!affine_same(s, use->at, store->at))
                return false;
            read = true;
        } else if (!reads_old(s, use, store)) {
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
    const Use *use = use_first(uses, buffer);
    for (; use != NULL; use = use_next(uses, use)) {
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
    const Use *use = use_first(uses, buffer);
    for (; use != NULL; use = use_next(uses, use)) {
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
    const Use *first = use_first(uses, buffer);
    size_t common = first != NULL ? first->depth : 0;
    for (const Use *use = first; use != NULL; use = use_next(uses, use)) {
        size_t n = common_loops(first, use);
        common = n < common ? n : common;
    }
    return common;
}

static void
shrink_buffer(Schedule *s, const Uses *uses, int buffer)
{
    const Use *first = use_first(uses, buffer);
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
           !schedule_is_step_loop(s, use_first(uses, buffer)->path[around - 1]);
}

/* Shrinks a buffer of a kernel if each thread then has all of its own; turns
 * run at once, and must not share what is left.
 */
static void
shrink_private(Schedule *s, const Uses *uses, int buffer)
{
    VEC(Affine) at = {0};
    Buffer old = s->buffer.item[buffer];
    const Use *use = use_first(uses, buffer);
    for (; use != NULL; use = use_next(uses, use))
        VEC_PUSH(s->arena, &at, *use->at);
    shrink_buffer(s, uses, buffer);
    if (is_private(s, uses, buffer))
        return;
    s->buffer.item[buffer] = old;
    use = use_first(uses, buffer);
    for (size_t i = 0; use != NULL; use = use_next(uses, use))
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
