/* Fusion: a tree of loops joins the loops that make what it reads.
 *
 * Two loops of one extent become one where, for every buffer that the first
 * stores and the second reads, one turn of the loop reads only what that turn
 * has stored: both indices have the variable with one factor, and what is left
 * of them stays below it. Then the bodies are merged likewise. What a tree
 * depends on stands before it; nothing that stands later depends on it.
 */
#include "pass/fuse/fuse.h"

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
        visitor->function(visitor->user, &value->buffer, &value->at, false);
}

static void
visit_let(Visitor *visitor, int v)
{
    Value *value = &visitor->s->value.item[v];
    if (value->kind == VALUE_sum || value->kind == VALUE_gather)
        visitor->function(visitor->user, &value->buffer, &value->at, false);
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
        visitor->function(visitor->user, &stmt->buffer, &stmt->at, true);
        break;
    case STMT_step:
        visit_value(visitor, stmt->value);
        if (stmt->factor >= 0)
            visit_value(visitor, stmt->factor);
        break;
    case STMT_call:
        for (int i = 0; i < stmt->product->end.scalars; i++)
            visit_value(visitor, stmt->product->scalar[i]);
        if (stmt->product->panels != 0) {
            int panels = stmt->product->panels - 1;
            Affine whole = affine_of(0);
            visitor->function(visitor->user, &panels, &whole, false);
        }
        if (stmt->product->end.givens > 0)
            visitor->function(visitor->user, &stmt->product->given,
                              &stmt->product->given_at, false);
        for (int i = 1; i <= 3; i++) {
            if (stmt->product->buffer[i % 3] >= 0)
                visitor->function(visitor->user, &stmt->product->buffer[i % 3],
                                  &stmt->product->at[i % 3],
                                  i == 3 || (i == 2 && stmt->product->maxima));
        }
        for (int i = 0; i < stmt->product->end.moments; i++)
            visitor->function(visitor->user, &stmt->product->moment[i],
                              &stmt->product->at[0], true);
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
collect(void *user, int *buffer, Affine *at, bool store)
{
    Collector *collector = user;
    Access access = {*buffer, at, store};
    VEC_PUSH(collector->s->arena, &collector->list, access);
}

static Accesses
accesses_of(Schedule *s, const Block *tree)
{
    Collector collector = {.s = s};
    for (size_t i = 0; i < tree->count; i++)
        schedule_accesses(s, tree->item[i], collect, &collector);
    return collector.list;
}

typedef struct {
    Schedule *s;
    Stmt *stmt;
} Toucher;

static void
touch(void *user, int *buffer, Affine *at, bool store)
{
    const Toucher *toucher = user;
    Touch touch = {toucher->stmt, store ? at : NULL};
    if (store || at->count > 0)
        VEC_PUSH(toucher->s->arena, &toucher->s->touches[*buffer], touch);
}

/* A statement takes its place in the schedule. */
static void
enter(Schedule *s, Stmt *parent, Stmt *stmt)
{
    Toucher toucher = {s, stmt};
    stmt->parent = parent;
    if (stmt->kind != STMT_loop)
        schedule_accesses(s, stmt, touch, &toucher);
    for (size_t i = 0; i < stmt->body.count; i++)
        enter(s, stmt, stmt->body.item[i]);
}

static bool
stands_in(const Stmt *stmt, const Stmt *loop)
{
    while (stmt != NULL && stmt != loop)
        stmt = stmt->parent;
    return stmt != NULL;
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
is_loop(const Stmt *stmt)
{
    return stmt->kind == STMT_loop;
}

/* Whether a loop is around others or calls: one over rows. */
static bool
has_rows(const Stmt *loop)
{
    for (size_t i = 0; i < loop->body.count; i++) {
        if (is_loop(loop->body.item[i]) ||
            loop->body.item[i]->kind == STMT_call)
            return true;
    }
    return false;
}

/* Whether work that may be left out can go into a loop: into one for the same
 * outputs; else as statements of their own in the body of one over rows, for an
 * innermost loop has no branches.
 */
static bool
tags_fit(const Schedule *s, const Stmt *into, const Stmt *loop)
{
    return into->tag == loop->tag ||
           (s->loop.count == 0 && has_rows(into) && loop->tag != 0 &&
            (into->tag == 0 || (loop->tag & ~into->tag) == 0));
}

/* Whether a loop with these accesses can become one with another. */
static bool
loops_fit(Schedule *s, const Stmt *into, const Stmt *loop, const Accesses *own,
          const Outer *outer)
{
    const LoopVar *a = &s->var.item[schedule_var(s, into->var)];
    const LoopVar *b = &s->var.item[schedule_var(s, loop->var)];
    if (!tags_fit(s, into, loop) || a->extent != b->extent ||
        a->kind == VAR_step)
        return false;
    bool block = a->kind == VAR_block && a->step == SCHEDULE_BLOCK;
    /* Of kernels, what follows a product of its own goes behind that. */
    if (a->kind == VAR_block && b->kind == VAR_block &&
        (a->step != b->step || (s->kernels && !a->batch)))
        return false;
    if (a->kind == VAR_block && b->kind != VAR_block && !block)
        return false;
    if ((a->kind == VAR_within || b->kind == VAR_within) &&
        (a->kind != b->kind ||
         schedule_key(s, into->var) != schedule_key(s, loop->var)))
        return false;
    Outer less = *outer;
    int into_key = schedule_key(s, into->var);
    int loop_key = schedule_key(s, loop->var);
    if (a->kind == VAR_within) {
        less.count = 0;
        for (int k = 0; k < outer->count; k++) {
            if (outer->key[k] != into_key)
                less.key[less.count++] = outer->key[k];
        }
    }
    for (size_t i = 0; i < own->count; i++) {
        const Access *load = &own->item[i];
        const Touches *touches = &s->touches[load->buffer];
        for (size_t j = 0; !load->store && j < touches->count; j++) {
            const Touch *store = &touches->item[j];
            if (store->at != NULL && stands_in(store->stmt, into) &&
                !aligned(s, store->at, into_key, load->at, loop_key, &less))
                return false;
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
    inner->parent = loop;
    for (size_t i = 0; i < inner->body.count; i++)
        inner->body.item[i]->parent = inner;
}

/* A list of statements and the loop that it is the body of; NULL: none. */
typedef struct {
    Block *block;
    Stmt *loop;
} List;

static void
insert(Schedule *s, const List *list, size_t at, Stmt *stmt)
{
    Block *block = list->block;
    enter(s, list->loop, stmt);
    schedule_push(s, block, stmt);
    for (size_t i = block->count - 1; i > at; i--)
        block->item[i] = block->item[i - 1];
    block->item[at] = stmt;
}

static void merge_into(Schedule *s, const List *list, const Block *tree,
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
    List inside = {&into->body, into};
    merge_into(s, &inside, &body, &more);
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
shares_load(const Schedule *s, const Stmt *into, const Accesses *tree)
{
    for (size_t i = 0; i < tree->count; i++) {
        const Touches *touches = &s->touches[tree->item[i].buffer];
        for (size_t j = 0; j < touches->count; j++) {
            const Touch *touch = &touches->item[j];
            if ((touch->at == NULL || touch->at->count > 0) &&
                stands_in(touch->stmt, into))
                return true;
        }
    }
    return false;
}

/* Whether both go through the samples, row by row. */
static bool
both_samples(const Schedule *s, const Stmt *into, const Stmt *loop)
{
    return s->loop.count == 0 &&
           s->var.item[schedule_var(s, into->var)].batch &&
           s->var.item[schedule_var(s, loop->var)].batch && has_rows(into) &&
           has_rows(loop);
}

/* Whether both run over blocks of samples: what one does to a block finds it in
 * the cache for the other.
 */
static bool
both_blocks(const Schedule *s, const Stmt *into, const Stmt *loop)
{
    return s->var.item[schedule_var(s, into->var)].kind == VAR_block &&
           s->var.item[schedule_var(s, loop->var)].kind == VAR_block;
}

/* The statement of a list that `stmt` stands in; NULL: none. */
static Stmt *
statement_of(const List *list, Stmt *stmt)
{
    while (stmt != NULL && stmt->parent != list->loop)
        stmt = stmt->parent;
    return stmt;
}

/* Marks the statements of a list that store into a buffer; whether any does. */
static bool
mark_stores(Schedule *s, const List *list, int buffer)
{
    const Touches *touches = &s->touches[buffer];
    bool any = false;
    for (size_t j = 0; j < touches->count; j++) {
        Stmt *stmt = touches->item[j].at == NULL
                         ? NULL
                         : statement_of(list, touches->item[j].stmt);
        if (stmt != NULL)
            stmt->mark = s->mark;
        any = any || stmt != NULL;
    }
    return any;
}

/* The last statement of a list that a tree depends on or, with `near`, had best
 * be near; -1: none.
 */
static int
last_dependency(Schedule *s, const List *list, const Accesses *tree, bool near)
{
    bool any = false;
    s->mark++;
    for (size_t i = 0; i < tree->count; i++) {
        if (!tree->item[i].store)
            any = mark_stores(s, list, tree->item[i].buffer) || any;
    }
    for (size_t i = 0; i < s->near.count && near; i++)
        any = mark_stores(s, list, s->near.item[i]) || any;
    for (size_t i = list->block->count; any && i-- > 0;) {
        if (list->block->item[i]->mark == s->mark)
            return (int)i;
    }
    return -1;
}

/* The loop that whole trees now go into; NULL: none. */
static const Stmt *
around(const Schedule *s)
{
    return s->within >= 0 ? s->loop.item[s->within].stmt : NULL;
}

/* Whether what a tree depends on, which is marked, stays before a loop for
 * other outputs: schedule_forward puts what more of them need first. The tree's
 * loop must then be all of it.
 */
static bool
order_fits(const Schedule *s, const List *list, const Stmt *into,
           const Stmt *loop, bool alone)
{
    if (!alone && into->tag != loop->tag)
        return false;
    for (size_t i = 0; into->tag != loop->tag && i < list->block->count; i++) {
        const Stmt *stmt = list->block->item[i];
        if (stmt->mark == s->mark && stmt != into && stmt->tag != into->tag &&
            !schedule_tag_before(stmt->tag, into->tag))
            return false;
    }
    return true;
}

/* Where in a list a tree's loop may be merged; -1: nowhere. One that has
 * nothing to do with the others joins the last pass over the samples.
 */
static int
find_loop(Schedule *s, const List *list, Stmt *loop, const Accesses *tree,
          bool alone, const Outer *outer)
{
    const Block *block = list->block;
    int last = last_dependency(s, list, tree, true);
    bool lanes = has_lanes(s, loop) &&
                 s->var.item[schedule_var(s, loop->var)].kind != VAR_block;
    if (lanes && loop->body.item[0]->kind != STMT_init)
        return -1;
    const Accesses own =
        alone ? *tree : accesses_of(s, &(Block){.item = &loop, .count = 1});
    int beside = -1;
    for (int i = last < 0 ? 0 : last; i < (int)block->count; i++) {
        const Stmt *into = block->item[i];
        if (!is_loop(into) || into->era != s->era ||
            !loops_fit(s, into, loop, &own, outer) ||
            !order_fits(s, list, into, loop, alone))
            continue;
        if (i == last || list->loop != around(s) ||
            shares_load(s, into, tree) || both_blocks(s, into, loop))
            return i;
        if (both_samples(s, into, loop))
            beside = i;
    }
    return beside;
}

/* Where a tree that joins no loop stands: before what else its first user
 * reads, so that this may join that, as masked scores may join the scores. Else
 * at the end.
 */
static size_t
place_alone(Schedule *s, const List *list, const Block *tree,
            const Accesses *all)
{
    int own = last_dependency(s, list, all, false);
    int near = last_dependency(s, list, all, true);
    const Stmt *user = near > own ? list->block->item[near] : NULL;
    bool fits = user != NULL && list->loop == NULL && user->era == s->era &&
                user->tag == tree->item[0]->tag;
    return fits ? (size_t)near : list->block->count;
}

/* Adds a tree to a list, as far inside its loops as it may go. What has no
 * loop goes right behind what it depends on, so that loops may follow which
 * need it.
 */
static void
merge_into(Schedule *s, const List *list, const Block *tree, const Outer *outer)
{
    const Block *block = list->block;
    Accesses all = accesses_of(s, tree);
    size_t at = tree->count;
    bool plain = true;
    for (size_t i = 0; i < tree->count; i++) {
        if (is_loop(tree->item[i]))
            at = i;
        plain = plain && !is_loop(tree->item[i]) &&
                tree->item[i]->kind != STMT_call;
    }
    int found = -1;
    if (at < tree->count)
        found =
            find_loop(s, list, tree->item[at], &all, tree->count == 1, outer);
    if (found < 0) {
        size_t end = place_alone(s, list, tree, &all);
        if (plain && tree->item[0]->tag == 0)
            end = (size_t)(last_dependency(s, list, &all, true) + 1);
        while (plain && end < block->count && !is_loop(block->item[end]) &&
               block->item[end]->kind != STMT_call)
            end++;
        for (size_t i = 0; i < tree->count; i++)
            insert(s, list, end++, tree->item[i]);
        return;
    }
    Stmt *into = block->item[found];
    for (size_t i = 0; i < at; i++)
        insert(s, list, (size_t)found + i, tree->item[i]);
    size_t after = (size_t)found + at + 1;
    for (size_t i = at + 1; i < tree->count; i++)
        insert(s, list, after++, tree->item[i]);
    merge_loop(s, into, tree->item[at], outer);
}

/* The list that trees go into now; the loops around it are merged already. */
static List
list_now(Schedule *s, Outer *outer)
{
    *outer = (Outer){0};
    for (int l = s->within; l >= 0; l = s->loop.item[l].outer) {
        if (outer->count < 2 * IR_RANK)
            outer->key[outer->count++] = s->loop.item[l].var;
    }
    Stmt *loop = s->within >= 0 ? s->loop.item[s->within].stmt : NULL;
    return (List){loop != NULL ? &loop->body : &s->body, loop};
}

void
schedule_merge(Schedule *s, const Block *tree)
{
    Outer outer;
    List list = list_now(s, &outer);
    merge_into(s, &list, tree, &outer);
}

void
schedule_append(Schedule *s, const Block *tree)
{
    Outer outer;
    List list = list_now(s, &outer);
    for (size_t i = 0; i < tree->count; i++)
        insert(s, &list, list.block->count, tree->item[i]);
}
