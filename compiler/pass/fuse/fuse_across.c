/* Loops across samples, where rows are shorter than a vector: in a training
 * step, what each sample of a block has to itself, as the softmax of ten
 * classes and its logarithm, becomes a loop over the samples for every
 * operation. They are the lanes, and wait for nobody.
 *
 *     for s: max, for i: e, sum, log   ->   for i, s: e; for s: sum, log
 *
 * A loop over samples is cut where loops over rows begin and end. What one
 * piece leaves to others waits in memory, one for each sample. Memory that no
 * other loop touches is turned: the samples of a block side by side, a row
 * behind the other. What others touch, as targets, is turned by a call before
 * the pieces, and what they are to find there by one behind them. Each sample's
 * operations stay and keep their order, so the bits stay.
 */
#include "pass/fuse/fuse_across.h"
#include "pass/fuse/fuse_waits.h"

/* ---- which loops ---- */

static bool
is_short(const Schedule *s, const Stmt *loop)
{
    const LoopVar *var = &s->var.item[schedule_var(s, loop->var)];
    if (var->kind != VAR_plain || !dim_known(var->extent) || var->extent < 2 ||
        var->extent > ACROSS_ROW)
        return false;
    for (size_t i = 0; i < loop->body.count; i++) {
        const Stmt *stmt = loop->body.item[i];
        bool map = stmt->kind == STMT_let &&
                   s->value.item[stmt->value].kind == VALUE_map;
        if (stmt->tag != loop->tag ||
            (!map && stmt->kind != STMT_store && stmt->kind != STMT_step))
            return false;
    }
    return true;
}

/* Whether a loop over samples has short rows, and work besides them that its
 * turns do one after another.
 */
static bool
has_short_rows(const Schedule *s, const Stmt *loop)
{
    bool rows = false;
    bool serial = false;
    for (size_t i = 0; i < loop->body.count; i++) {
        const Stmt *stmt = loop->body.item[i];
        const Value *value = &s->value.item[stmt->value];
        const Accumulator *acc = &s->accumulator.item[stmt->accumulator];
        bool let = stmt->kind == STMT_let &&
                   (value->kind == VALUE_map ||
                    (value->kind == VALUE_sum && value->op != OP_maximum));
        bool init = stmt->kind == STMT_init && acc->kind == ACC_maximum;
        bool row = stmt->kind == STMT_loop && is_short(s, stmt);
        if (stmt->tag != loop->tag ||
            !(let || init || row || stmt->kind == STMT_store))
            return false;
        rows = rows || row;
        serial = serial || let || init;
    }
    return rows && serial && schedule_is_closed(s, loop);
}

/* ---- cutting ---- */

/* A loop that goes on with another's variable. */
static Stmt *
push_loop(Schedule *s, Block *block, const Stmt *old)
{
    Stmt *loop = schedule_stmt(s, STMT_loop, old->node);
    loop->var = old->var;
    s->var.item[schedule_var(s, loop->var)].cut = true;
    schedule_push(s, block, loop);
    return loop;
}

/* A piece of the loop; where it has rows, samples are inside. */
static Stmt *
push_piece(Across *across, const Stmt *rows)
{
    Schedule *s = across->s;
    Block *to = &across->piece;
    if (rows != NULL)
        to = &push_loop(s, to, rows)->body;
    Stmt *inner = push_loop(s, to, across->loop);
    schedule_push(s, &across->inner, inner);
    return inner;
}

/* What an accumulator takes in, as it stands in memory after its loop: where
 * that stores it, or in a buffer of its own.
 */
static int
stored_term(Across *across, const Stmt *rows, Block *body, int term)
{
    Schedule *s = across->s;
    const Value value = s->value.item[term];
    const Stmt *store = across_only_store(body, term);
    if (store != NULL)
        return schedule_load(s, store->buffer, value.dtype, value.node,
                             &store->at);
    const Affine row = affine_var(rows->var);
    const Affine at = across_index(across, &row, across->loop->var);
    Dim extent = s->var.item[schedule_var(s, rows->var)].extent;
    int buffer =
        schedule_temp(s, value.dtype, value.node, extent * SCHEDULE_BLOCK);
    schedule_push_store(s, body, buffer, &at, term);
    return schedule_load(s, buffer, value.dtype, value.node, &at);
}

/* The maximum that a loop over rows takes, in a loop of its own. */
static void
push_fold(Across *across, const Stmt *rows, const Stmt *step, int term)
{
    Schedule *s = across->s;
    Stmt *inner = push_piece(across, NULL);
    Stmt *init = schedule_stmt(s, STMT_init, step->node);
    Stmt *take = schedule_stmt(s, STMT_step, step->node);
    *take = *step;
    take->value = term;
    init->accumulator = step->accumulator;
    schedule_push(s, &inner->body, init);
    schedule_push(s, &push_loop(s, &inner->body, rows)->body, take);
}

static void
cut_rows(Across *across, const Stmt *rows)
{
    Schedule *s = across->s;
    Stmt *inner = push_piece(across, rows);
    for (size_t i = 0; i < rows->body.count; i++)
        if (rows->body.item[i]->kind != STMT_step)
            schedule_push(s, &inner->body, rows->body.item[i]);
    for (size_t i = 0; i < rows->body.count; i++) {
        const Stmt *step = rows->body.item[i];
        if (step->kind == STMT_step)
            push_fold(across, rows, step,
                      stored_term(across, rows, &inner->body, step->value));
    }
}

static void
cut(Across *across)
{
    const Block *body = &across->loop->body;
    Stmt *inner = NULL;
    for (size_t i = 0; i < body->count; i++) {
        Stmt *stmt = body->item[i];
        if (stmt->kind == STMT_init)
            continue;
        if (stmt->kind == STMT_loop) {
            cut_rows(across, stmt);
            inner = NULL;
            continue;
        }
        if (inner == NULL)
            inner = push_piece(across, NULL);
        schedule_push(across->s, &inner->body, stmt);
    }
}

static void
turn_waiting(void *user, int *buffer, Affine *at, bool store)
{
    const Across *across = user;
    (void)store;
    if (*buffer >= (int)across->waiting)
        *at = across_index(across, at, across->loop->var);
}

/* What one piece leaves to others waits in memory, one for each sample. */
static void
await_pieces(Across *across)
{
    Schedule *s = across->s;
    Waits waits = waits_new(s);
    waits.loop[waits.depth++] = across->loop->var;
    for (size_t p = 0; p < across->inner.count; p++) {
        const Block *body = &across->inner.item[p]->body;
        waits_begin(&waits);
        for (size_t i = 0; i < body->count; i++)
            waits_take(&waits, body->item[i]);
    }
    for (size_t p = 0; p < across->inner.count; p++)
        waits_store(&waits, (int)p + 1, &across->inner.item[p]->body);
    for (size_t p = 0; p < across->inner.count; p++)
        schedule_accesses(s, across->inner.item[p], turn_waiting, across);
    for (size_t b = across->waiting; b < s->buffer.count; b++)
        s->buffer.item[b].count = SCHEDULE_BLOCK;
}

/* Puts the pieces in the place of the loop. */
static void
replace(Schedule *s, Block *block, size_t at, const Block *piece)
{
    const Block old = *block;
    *block = (Block){0};
    for (size_t i = 0; i < old.count; i++) {
        for (size_t k = 0; i == at && k < piece->count; k++)
            schedule_push(s, block, piece->item[k]);
        if (i != at)
            schedule_push(s, block, old.item[i]);
    }
}

static void
notice(void *user, int *buffer, Affine *at, bool store)
{
    bool *touched = user;
    (void)at;
    (void)store;
    touched[*buffer] = true;
}

/* The pieces, each call that turns what they read before the first that does,
 * and others behind them.
 */
static Block
join_pieces(const Across *across, const Block *before, const Block *behind)
{
    Schedule *s = across->s;
    Block all = {0};
    bool *touched = ARENA_ARRAY(s->arena, bool, s->buffer.count + 1);
    bool *done = ARENA_ARRAY(s->arena, bool, before->count + 1);
    for (size_t p = 0; p < across->piece.count; p++) {
        schedule_accesses(s, across->piece.item[p], notice, touched);
        for (size_t i = 0; i < before->count; i++) {
            Stmt *call = before->item[i];
            if (!done[i] && touched[call->product->buffer[0]]) {
                schedule_push(s, &all, call);
                done[i] = true;
            }
        }
        schedule_push(s, &all, across->piece.item[p]);
    }
    for (size_t i = 0; i < behind->count; i++)
        schedule_push(s, &all, behind->item[i]);
    return all;
}

/* A block whose loops are looked at, and the one that is. */
typedef struct {
    Stmt *block;
    Across across;
    Dim taken;   /* bytes of its local arrays */
    bool reused; /* those share memory already */
    bool known;  /* nothing has changed since the uses were found */
    Uses uses;
} Crossing;

static bool
can_turn(Crossing *crossing, Stmt *loop)
{
    Across *across = &crossing->across;
    if (!crossing->known) {
        crossing->uses = uses_all(across->s);
        across_begin(across, &crossing->uses);
    }
    crossing->known = true;
    across->loop = loop;
    return across_can_turn(across, &crossing->uses);
}

/* Whether a loop can be turned, and the local arrays have room then. */
static bool
has_room(Crossing *crossing, Stmt *loop)
{
    const Across *across = &crossing->across;
    if (!can_turn(crossing, loop))
        return false;
    if (crossing->taken + across->bytes <= SCHEDULE_LOCAL)
        return true;
    if (crossing->reused)
        return false;
    crossing->taken = schedule_reuse_block(across->s, &crossing->block->body);
    crossing->reused = true;
    crossing->known = false;
    return can_turn(crossing, loop) &&
           crossing->taken + across->bytes <= SCHEDULE_LOCAL;
}

/* Goes across the samples in a loop of a block, if that pays and there is room:
 * into how many statements.
 */
static size_t
go_across(Schedule *s, Crossing *crossing, size_t at)
{
    Across *across = &crossing->across;
    Block *body = &crossing->block->body;
    Block before = {0};
    Block behind = {0};
    if (!has_room(crossing, body->item[at]))
        return 1;
    crossing->taken += across->bytes;
    crossing->reused = false;
    crossing->known = false;
    across_turn(across, &crossing->uses, &before, &behind);
    s->tag = across->loop->tag;
    across->piece = (Block){0};
    across->inner = (Block){0};
    cut(across);
    across->waiting = s->buffer.count;
    await_pieces(across);
    for (size_t b = across->buffers; b < s->buffer.count; b++)
        s->buffer.item[b].across = true;
    const Block all = join_pieces(across, &before, &behind);
    replace(s, body, at, &all);
    return all.count;
}

static void
drop_idle(Schedule *s, Block *block)
{
    const Block old = *block;
    *block = (Block){0};
    for (size_t i = 0; i < old.count; i++)
        if (!across_is_idle(old.item[i]))
            schedule_push(s, block, old.item[i]);
}

void
schedule_across(Schedule *s)
{
    for (size_t i = 0; s->trains && i < s->body.count; i++) {
        Stmt *block = s->body.item[i];
        const LoopVar *var = &s->var.item[schedule_var(s, block->var)];
        if (block->kind != STMT_loop || var->kind != VAR_block ||
            var->step != SCHEDULE_BLOCK || !var->batch)
            continue;
        Crossing crossing = {.block = block,
                             .across = {.s = s,
                                        .block = block,
                                        .key = schedule_var(s, block->var)}};
        for (size_t k = 0; k < block->body.count;) {
            Stmt *loop = block->body.item[k];
            bool rows =
                loop->kind == STMT_loop && loop->tag == block->tag &&
                s->var.item[schedule_var(s, loop->var)].kind == VAR_within &&
                has_short_rows(s, loop);
            k += rows ? go_across(s, &crossing, k) : 1;
        }
        drop_idle(s, &block->body);
    }
}
