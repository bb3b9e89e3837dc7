/* The uses of a schedule's buffers, and what is asked of them. */
#include "pass/fuse/fuse_uses.h"

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

Uses
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

static const Use *
use_at(const Uses *uses, int number)
{
    return number < 0 ? NULL : &uses->use.item[number];
}

const Use *
uses_first(const Uses *uses, int buffer)
{
    return use_at(uses, uses->first[buffer]);
}

const Use *
uses_next(const Uses *uses, const Use *use)
{
    return use_at(uses, use->next);
}

size_t
uses_common(const Use *a, const Use *b)
{
    size_t n = 0;
    while (n < a->depth && n < b->depth && a->path[n] == b->path[n])
        n++;
    return n;
}

bool
uses_reads_old(Schedule *s, const Use *load, const Use *store, size_t outer)
{
    if (load->place > store->place)
        return false;
    size_t common = uses_common(load, store);
    if (common > 0 && load->body == store->body)
        return affine_same(s, load->at, store->at);
    Affine a = *load->at;
    Affine b = *store->at;
    for (size_t i = outer; i < common; i++) {
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

bool
uses_read_across(Schedule *s, const Uses *uses, const Use *store)
{
    const Use *use = uses_first(uses, *store->buffer);
    for (; use != NULL; use = uses_next(uses, use)) {
        size_t common = uses_common(use, store);
        if (!use->store && !use->call && use->place > store->place &&
            use->body != store->body && common > 0 &&
            !same_order(s, use, store, common))
            return true;
    }
    return false;
}

const Stmt *
uses_step_loop(const Schedule *s, const Use *use)
{
    for (size_t i = use->depth; i-- > 0;) {
        if (s->var.item[schedule_var(s, use->path[i]->var)].kind == VAR_step)
            return use->path[i];
    }
    return NULL;
}
