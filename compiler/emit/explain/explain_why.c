/* Why two kernels did not become one: what their loops say of it.
 *
 * The answer is looked up in the finished schedule, by the rules of fusion
 * (pass/fuse/fuse_merge.c): calls take whole operands; loops of other kinds, of
 * other lengths, of other order or behind a condition stay apart.
 */
#include "emit/explain/explain.h"

#include "emit/explain/explain_inner.h"

typedef struct {
    Schedule *s;
    int buffer;
    bool store;
    int key;      /* the outermost loop's variable; -1: none */
    bool found;   /* an access */
    bool rows;    /* all of them go through that loop row by row */
    Dim factor;   /* of its variable */
    bool differs; /* it is not the same in all */
} Rows;

static void
note_rows(void *user, int *buffer, Affine *at, bool store)
{
    Rows *rows = user;
    Dim factor = 0;
    Affine rest = *at;
    if (*buffer != rows->buffer || store != rows->store)
        return;
    bool simple = rows->key >= 0 &&
                  affine_factor(rows->s, at, rows->key, &factor) && factor != 0;
    if (simple)
        affine_drop(rows->s, &rest, rows->key);
    rows->rows = rows->rows && simple && affine_below(rows->s, &rest, factor);
    rows->differs = rows->differs || (rows->found && rows->factor != factor);
    rows->factor = factor;
    rows->found = true;
}

/* How a kernel goes through a buffer. */
static Rows
rows_of(Schedule *s, Stmt *kernel, int buffer, bool store)
{
    Rows rows = {.s = s, .buffer = buffer, .store = store, .key = -1};
    rows.rows = true;
    if (kernel->kind == STMT_loop)
        rows.key = schedule_key(s, kernel->var);
    schedule_accesses(s, kernel, note_rows, &rows);
    return rows;
}

/* The loop over blocks around a kernel, or NULL. */
static const Stmt *
block_around(const Schedule *s, const Stmt *kernel)
{
    const Stmt *loop = kernel->parent;
    while (loop != NULL &&
           s->var.item[schedule_var(s, loop->var)].kind != VAR_block)
        loop = loop->parent;
    return loop;
}

static const char *
why_call(const Schedule *s, const Stmt *maker, const Stmt *user)
{
    const Stmt *block = block_around(s, user);
    bool beside = block != NULL && block == block_around(s, maker);
    const char *what = user->kind == STMT_call
                           ? "a call takes its operands from memory"
                           : "a call stores before others read";
    return arena_printf(s->arena, "%s%s", what,
                        beside ? ", in blocks that stay in the cache" : "");
}

/* ---- a gradient that has memory ---- */

typedef struct {
    const Schedule *s;
    int buffer;
    bool loads;
    bool steps; /* it stores a parameter with as many elements */
} Gradient;

static void
note_gradient(void *user, int *buffer, Affine *at, bool store)
{
    Gradient *gradient = user;
    const Schedule *s = gradient->s;
    const Buffer *b = &s->buffer.item[*buffer];
    (void)at;
    if (!store && *buffer == gradient->buffer)
        gradient->loads = true;
    if (!store || b->kind != BUFFER_output ||
        b->count != s->buffer.item[gradient->buffer].count)
        return;
    Ref leaf = s->graph->output.item[b->number].next;
    if (leaf != REF_NONE && ir_node(s->graph, leaf)->op == OP_param)
        gradient->steps = true;
}

static bool
is_within(const Stmt *stmt, const Stmt *loop)
{
    while (stmt != NULL && stmt != loop)
        stmt = stmt->parent;
    return stmt != NULL;
}

/* Whether more than one statement reads a buffer; those in loops as one. */
static bool
is_shared(Schedule *s, const Stmt *user, int buffer)
{
    for (size_t i = 0; i < s->body.count; i++) {
        Gradient other = {.s = s, .buffer = buffer};
        schedule_accesses(s, s->body.item[i], note_gradient, &other);
        if (other.loads && !is_within(user, s->body.item[i]))
            return true;
    }
    return false;
}

/* Why a call that makes a gradient does not end in the step that reads it;
 * NULL: it is no such two.
 */
static const char *
why_gradient(Schedule *s, const Stmt *maker, Stmt *user, int buffer)
{
    Gradient gradient = {.s = s, .buffer = buffer};
    if (maker->kind != STMT_call || user->kind != STMT_loop)
        return NULL;
    schedule_accesses(s, user, note_gradient, &gradient);
    if (!gradient.steps)
        return NULL;
    if (maker->product->windows)
        return "no convolution ends in a step";
    if (is_shared(s, user, buffer))
        return "more than the step reads this gradient";
    return s->plain ? "no call ends in such a step"
                    : "no call ends in such a step here";
}

/* ---- two loops ---- */

/* Whether a loop around others sums in lanes: such a one joins no other, for
 * lanes keep a C compiler from making vectors of what else is in the loop.
 */
static bool
has_lanes(const Schedule *s, const Stmt *stmt)
{
    if (stmt->kind == STMT_step)
        return s->accumulator.item[stmt->accumulator].lanes > 1;
    for (size_t i = 0; stmt->kind == STMT_loop && i < stmt->body.count; i++)
        if (has_lanes(s, stmt->body.item[i]))
            return true;
    return false;
}

/* Buffers with what a loop has made, or what was made of that. */
typedef struct {
    bool *holds; /* by buffer */
    bool *other; /* of those: not the loop's own */
    bool reads;  /* the statement now looked at reads one */
    bool needs;  /* and one of the others */
} Between;

static void
note_loads(void *user, int *buffer, Affine *at, bool store)
{
    Between *between = user;
    (void)at;
    if (store)
        return;
    between->reads = between->reads || between->holds[*buffer];
    between->needs = between->needs || between->other[*buffer];
}

static void
note_stores(void *user, int *buffer, Affine *at, bool store)
{
    Between *between = user;
    (void)at;
    if (store)
        between->holds[*buffer] = between->other[*buffer] = true;
}

/* Whether something between two loops reads what the first has made, and the
 * second what that has; of what is in no loop, that is taken for granted.
 */
static bool
stands_between(Schedule *s, Stmt *maker, Stmt *user)
{
    const Block *block =
        maker->parent != NULL ? &maker->parent->body : &s->body;
    Between between = {
        .holds = ARENA_ARRAY(s->arena, bool, s->buffer.count + 1),
        .other = ARENA_ARRAY(s->arena, bool, s->buffer.count + 1)};
    schedule_accesses(s, maker, note_stores, &between);
    for (size_t b = 0; b < s->buffer.count; b++)
        between.other[b] = false;
    size_t i = 0;
    while (i < block->count && block->item[i] != maker)
        i++;
    for (i++; i < block->count && block->item[i] != user; i++) {
        Stmt *stmt = block->item[i];
        between.reads = false;
        schedule_accesses(s, stmt, note_loads, &between);
        if (between.reads && stmt->kind != STMT_loop && stmt->kind != STMT_call)
            return true;
        if (between.reads)
            schedule_accesses(s, stmt, note_stores, &between);
    }
    between.needs = false;
    schedule_accesses(s, user, note_loads, &between);
    return between.needs;
}

/* What kinds of loops they are; NULL: there is nothing against one loop. */
static const char *
why_kinds(const Schedule *s, const Stmt *maker, const Stmt *user)
{
    const LoopVar *from = &s->var.item[schedule_var(s, maker->var)];
    const LoopVar *to = &s->var.item[schedule_var(s, user->var)];
    if (maker->parent != user->parent)
        return is_within(user->parent, maker->parent)
                   ? "it is made once, before a loop whose turns read it"
                   : "it is complete only behind another loop";
    if (from->kind == VAR_step || to->kind == VAR_step)
        return "one of them is a loop over steps";
    if (maker->tag != user->tag)
        return "only one of them is left out where a result is not wanted";
    if (from->cut && to->cut)
        return "they are parts of one loop, which go across its samples";
    if (from->extent != to->extent)
        return "their loops are not of one length";
    return NULL;
}

const char *
explain_why(Schedule *s, Stmt *maker, Stmt *user, int buffer)
{
    const char *gradient = why_gradient(s, maker, user, buffer);
    if (gradient != NULL)
        return gradient;
    if (maker->kind == STMT_call || user->kind == STMT_call)
        return why_call(s, maker, user);
    if (maker->kind != STMT_loop || user->kind != STMT_loop)
        return "one of them is one thread";
    const char *kinds = why_kinds(s, maker, user);
    if (kinds != NULL)
        return kinds;
    Rows stored = rows_of(s, maker, buffer, true);
    Rows loaded = rows_of(s, user, buffer, false);
    if (!stored.rows || !loaded.rows || stored.differs || loaded.differs ||
        stored.factor != loaded.factor)
        return "a turn of its loop reads more than one turn has made";
    if (has_lanes(s, user))
        return "it sums in lanes, and has its loop to itself";
    if (stands_between(s, maker, user))
        return "something between them needs all of the first";
    return "their loops became alike only later";
}
