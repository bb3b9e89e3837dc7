/* Fusion: a tree of loops joins the loops that make what it reads.
 *
 * Two loops of one extent become one where, for every buffer that the first
 * stores and the second reads, one turn of the loop reads only what that turn
 * has stored: both indices have the variable with one factor, and what is left
 * of them stays below it. Then the bodies are merged likewise. What a tree
 * depends on stands before it; nothing that stands later depends on it.
 */
#include "pass/schedule.h"

typedef struct {
    Schedule *s;
    AccessFunction *function;
    void *user;
} Visitor;

static void
visit_value(Visitor *visitor, int v)
{
    Value *value = &visitor->s->value.item[v];
    if (value->kind == VALUE_guard)
        visit_value(visitor, value->operand[0]);
    else if (value->kind == VALUE_load)
        visitor->function(visitor->user, value->buffer, &value->at, false);
}

static void
visit_let(Visitor *visitor, int v)
{
    Value *value = &visitor->s->value.item[v];
    if (value->kind == VALUE_sum)
        visitor->function(visitor->user, value->buffer, &value->at, false);
    for (int i = 0; i < value->operands; i++)
        visit_value(visitor, visitor->s->value.item[v].operand[i]);
}

static void
visit_stmt(Visitor *visitor, Stmt *stmt)
{
    switch (stmt->kind) {
    case STMT_loop:
        for (size_t i = 0; i < stmt->body.count; i++)
            visit_stmt(visitor, stmt->body.item[i]);
        break;
    case STMT_let:
        visit_let(visitor, stmt->value);
        break;
    case STMT_store:
        visit_value(visitor, stmt->value);
        visitor->function(visitor->user, stmt->buffer, &stmt->at, true);
        break;
    case STMT_step:
        visit_value(visitor, stmt->value);
        if (stmt->factor >= 0)
            visit_value(visitor, stmt->factor);
        break;
    case STMT_call:
        for (int i = 1; i <= 3; i++)
            visitor->function(visitor->user, stmt->product->buffer[i % 3],
                              &stmt->product->at[i % 3], i == 3);
        break;
    case STMT_derive:
    case STMT_init:
        break;
    }
}

void
schedule_accesses(Schedule *s, Stmt *stmt, AccessFunction *function, void *user)
{
    Visitor visitor = {s, function, user};
    visit_stmt(&visitor, stmt);
}

typedef struct {
    int buffer;
    const Affine *at;
    bool store;
} Access;

typedef VEC(Access) Accesses;

typedef struct {
    Schedule *s;
    Accesses list;
} Collector;

static void
collect(void *user, int buffer, Affine *at, bool store)
{
    Collector *collector = user;
    Access access = {buffer, at, store};
    VEC_PUSH(&collector->s->context->arena, &collector->list, access);
}

static Accesses
accesses_of(Schedule *s, Stmt *stmt)
{
    Collector collector = {.s = s};
    schedule_accesses(s, stmt, collect, &collector);
    return collector.list;
}

static bool
depends(Schedule *s, Stmt *stmt, const Accesses *tree)
{
    Accesses list = accesses_of(s, stmt);
    for (size_t i = 0; i < list.count; i++) {
        for (size_t j = 0; j < tree->count; j++) {
            if (list.item[i].buffer == tree->item[j].buffer &&
                list.item[i].store && !tree->item[j].store)
                return true;
        }
    }
    return false;
}

/* Variables of loops that are merged around the ones now looked at. */
typedef struct {
    int count;
    int key[2 * IR_RANK];
} Outer;

static bool
aligned(Schedule *s, const Affine *store, int store_key, const Affine *load,
        int load_key, const Outer *outer)
{
    Affine a = *store;
    Affine b = *load;
    Dim factor;
    Dim other;
    for (int i = 0; i < outer->count; i++) {
        affine_drop(s, &a, outer->key[i]);
        affine_drop(s, &b, outer->key[i]);
    }
    if (!affine_factor(s, &a, store_key, &factor) ||
        !affine_factor(s, &b, load_key, &other) || factor != other ||
        factor == 0)
        return false;
    affine_drop(s, &a, store_key);
    affine_drop(s, &b, load_key);
    return affine_below(s, &a, factor) && affine_below(s, &b, factor);
}

static bool
loops_fit(Schedule *s, Stmt *into, Stmt *loop, const Outer *outer)
{
    const LoopVar *a = &s->var.item[schedule_var(s, into->var)];
    const LoopVar *b = &s->var.item[schedule_var(s, loop->var)];
    if (into->tag != loop->tag || a->extent != b->extent)
        return false;
    bool block = a->kind == VAR_block && a->step == SCHEDULE_BLOCK;
    if (a->kind == VAR_block && b->kind == VAR_block && a->step != b->step)
        return false;
    if (a->kind == VAR_block && b->kind != VAR_block && !block)
        return false;
    if ((a->kind == VAR_within || b->kind == VAR_within) &&
        (a->kind != b->kind ||
         schedule_key(s, into->var) != schedule_key(s, loop->var)))
        return false;
    Accesses first = accesses_of(s, into);
    Accesses second = accesses_of(s, loop);
    int into_key = schedule_key(s, into->var);
    int loop_key = schedule_key(s, loop->var);
    for (size_t i = 0; i < first.count; i++) {
        for (size_t j = 0; j < second.count; j++) {
            const Access *store = &first.item[i];
            const Access *load = &second.item[j];
            if (store->buffer != load->buffer || !store->store || load->store)
                continue;
            if (a->kind == VAR_within) {
                Outer less = *outer;
                int kept = 0;
                for (int k = 0; k < less.count; k++) {
                    if (less.key[k] != into_key)
                        less.key[kept++] = less.key[k];
                }
                less.count = kept;
                if (!aligned(s, store->at, into_key, load->at, loop_key, &less))
                    return false;
            } else if (!aligned(s, store->at, into_key, load->at, loop_key,
                                outer)) {
                return false;
            }
        }
    }
    return true;
}

/* Makes a plain loop one over blocks, with itself inside. */
static void
cut_blocks(Schedule *s, Stmt *loop, int step)
{
    Stmt *inner = schedule_stmt(s, STMT_loop, loop->node);
    inner->tag = loop->tag;
    inner->var = schedule_var(s, loop->var);
    inner->body = loop->body;
    int block = schedule_new_var(s, VAR_block, s->var.item[inner->var].extent);
    s->var.item[block].step = step;
    s->var.item[block].batch = s->var.item[inner->var].batch;
    s->var.item[inner->var].kind = VAR_within;
    s->var.item[inner->var].parent = block;
    loop->var = block;
    loop->body = (Block){0};
    schedule_push(s, &loop->body, inner);
}

static void
insert(Schedule *s, Block *list, size_t at, Stmt *stmt)
{
    schedule_push(s, list, stmt);
    for (size_t i = list->count - 1; i > at; i--)
        list->item[i] = list->item[i - 1];
    list->item[at] = stmt;
}

static void merge_into(Schedule *s, Block *list, const Block *tree,
                       const Outer *outer);

static void
merge_loop(Schedule *s, Stmt *into, Stmt *loop, const Outer *outer)
{
    LoopVar *a = &s->var.item[schedule_var(s, into->var)];
    LoopVar *b = &s->var.item[schedule_var(s, loop->var)];
    if (a->kind == VAR_plain && b->kind == VAR_block)
        cut_blocks(s, into, b->step);
    a = &s->var.item[schedule_var(s, into->var)];
    b = &s->var.item[schedule_var(s, loop->var)];
    Block body = loop->body;
    if (a->kind == VAR_block && b->kind == VAR_plain) {
        b->kind = VAR_within;
        b->parent = schedule_var(s, into->var);
        body = (Block){0};
        schedule_push(s, &body, loop);
    } else {
        b->alias = schedule_var(s, into->var);
    }
    Outer more = *outer;
    if (more.count < 2 * IR_RANK)
        more.key[more.count++] = schedule_key(s, into->var);
    merge_into(s, &into->body, &body, &more);
}

static bool
is_loop(const Stmt *stmt)
{
    return stmt->kind == STMT_loop;
}

/* Whether a loop holds a reduction's lanes: they stop a C compiler from making
 * vectors of what else is in the loop, so nothing is merged with it.
 */
static bool
has_lanes(const Schedule *s, const Stmt *stmt)
{
    if (stmt->kind == STMT_step)
        return s->accumulator.item[stmt->accumulator].lanes > 1;
    for (size_t i = 0; stmt->kind == STMT_loop && i < stmt->body.count; i++) {
        if (has_lanes(s, stmt->body.item[i]))
            return true;
    }
    return false;
}

static bool
shares_load(Schedule *s, Stmt *into, const Accesses *tree)
{
    Accesses list = accesses_of(s, into);
    for (size_t i = 0; i < list.count; i++) {
        for (size_t j = 0; j < tree->count; j++) {
            if (list.item[i].buffer == tree->item[j].buffer &&
                list.item[i].at->count > 0)
                return true;
        }
    }
    return false;
}

/* Whether a tree's loops run over the same axes as those they would join. */
static bool
same_space(const Schedule *s, const Stmt *into, const Stmt *loop)
{
    for (;;) {
        const LoopVar *a = &s->var.item[schedule_var(s, into->var)];
        const LoopVar *b = &s->var.item[schedule_var(s, loop->var)];
        if (a->extent != b->extent || (a->axis < 0) != (b->axis < 0))
            return a->kind == VAR_block && a->extent == b->extent;
        const Stmt *inner = loop->body.item[0];
        const Stmt *next = into->body.item[0];
        if (a->kind == VAR_block)
            return !is_loop(inner);
        if (!is_loop(inner) || !is_loop(next))
            return !is_loop(inner) && !is_loop(next);
        into = next;
        loop = inner;
    }
}

/* The last statement of a list that a tree depends on; -1: none. */
static int
last_dependency(Schedule *s, Block *list, const Accesses *tree)
{
    for (size_t i = list->count; i-- > 0;) {
        if (depends(s, list->item[i], tree))
            return (int)i;
    }
    return -1;
}

/* Where in a list a tree's loop may be merged; -1: nowhere. */
static int
find_place(Schedule *s, Block *list, Stmt *loop, const Accesses *tree,
           const Outer *outer)
{
    int last = last_dependency(s, list, tree);
    bool lanes = has_lanes(s, loop) &&
                 s->var.item[schedule_var(s, loop->var)].kind != VAR_block;
    for (int i = last < 0 ? 0 : last; i < (int)list->count; i++) {
        Stmt *into = list->item[i];
        bool innermost = lanes && loop->body.item[0]->kind != STMT_init;
        if (!is_loop(into) || innermost || !loops_fit(s, into, loop, outer))
            continue;
        if (i == last || outer->count > 0 || shares_load(s, into, tree) ||
            same_space(s, into, loop))
            return i;
    }
    return -1;
}

/* Adds a tree to a list, as far inside its loops as it may go. What has no
 * loop goes right behind what it depends on, so that loops may follow which
 * need it.
 */
static void
merge_into(Schedule *s, Block *list, const Block *tree, const Outer *outer)
{
    Accesses all = {0};
    size_t at = tree->count;
    bool plain = true;
    for (size_t i = 0; i < tree->count; i++) {
        Accesses own = accesses_of(s, tree->item[i]);
        for (size_t j = 0; j < own.count; j++)
            VEC_PUSH(&s->context->arena, &all, own.item[j]);
        if (is_loop(tree->item[i]))
            at = i;
        plain = plain && !is_loop(tree->item[i]) &&
                tree->item[i]->kind != STMT_call;
    }
    int place = -1;
    if (at < tree->count)
        place = find_place(s, list, tree->item[at], &all, outer);
    if (place < 0) {
        size_t end = list->count;
        if (plain && tree->item[0]->tag == 0)
            end = (size_t)(last_dependency(s, list, &all) + 1);
        while (plain && end < list->count && !is_loop(list->item[end]) &&
               list->item[end]->kind != STMT_call)
            end++;
        for (size_t i = 0; i < tree->count; i++)
            insert(s, list, end++, tree->item[i]);
        return;
    }
    Stmt *into = list->item[place];
    for (size_t i = 0; i < at; i++)
        insert(s, list, (size_t)place + i, tree->item[i]);
    size_t after = (size_t)place + at + 1;
    for (size_t i = at + 1; i < tree->count; i++)
        insert(s, list, after++, tree->item[i]);
    merge_loop(s, into, tree->item[at], outer);
}

void
schedule_merge(Schedule *s, Block *list, const Block *tree)
{
    Outer outer = {0};
    merge_into(s, list, tree, &outer);
}
