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
#include "pass/fuse/fuse_uses.h"
#include "pass/fuse/fuse_waits.h"

enum {
    ACROSS_ROW = 15,         /* elements of a row, at most */
    ACROSS_PART = 16,        /* bytes of a row that a call turns, at least */
    ACROSS_STACK = 32 * 1024 /* bytes of what is turned, at most */
};

typedef struct {
    Schedule *s;
    const Stmt *block; /* the loop over blocks of samples */
    Stmt *loop;        /* over the samples of one */
    int key;           /* the block's variable */
    bool *turned;      /* by buffer */
    size_t buffers;    /* that there were at first */
    Block piece;       /* that the loop is cut into */
    Block inner;       /* by piece: its loop over samples */
} Across;

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

static bool
is_within(const Across *across, const Use *use)
{
    return use->depth > 1 && use->path[1] == across->loop;
}

/* Whether an access keeps to the row of its sample, of so many elements. */
static bool
keeps_row(const Across *across, const Use *use, Dim *row)
{
    Affine rest = *use->at;
    if (!affine_factor(across->s, &rest, across->key, row) || *row == 0)
        return false;
    affine_drop(across->s, &rest, across->key);
    return affine_below(across->s, &rest, *row);
}

/* The length by which all uses of a buffer do; 0: they do not. Either those in
 * the loop alone, or all there are, which then are in the loop, or calls beside
 * it.
 */
static Dim
keep_row(const Across *across, const Uses *uses, int buffer, bool all)
{
    Dim length = 0;
    const Use *use = uses_first(uses, buffer);
    for (; use != NULL; use = uses_next(uses, use)) {
        bool within = is_within(across, use);
        bool beside = use->depth == 1 && use->path[0] == across->block;
        Dim row;
        if (!within && !all)
            continue;
        if (!(within || beside) || !keeps_row(across, use, &row) ||
            (length != 0 && row != length))
            return 0;
        length = row;
    }
    return length;
}

/* The length of the rows of a buffer that can be turned; 0: it cannot. */
static Dim
turned_row(const Across *across, const Uses *uses, int buffer)
{
    const Buffer *b = &across->s->buffer.item[buffer];
    Dim row = b->kind == BUFFER_temp ? keep_row(across, uses, buffer, true) : 0;
    return dim_known(row) && row <= ACROSS_ROW ? row : 0;
}

static bool
replaces_leaf(const Schedule *s, const Buffer *b)
{
    return b->kind == BUFFER_output &&
           s->graph->output.item[b->number].next != REF_NONE;
}

/* Whether turns of the loop touch nothing that another one stores, and most of
 * what its rows are in can be turned, which is noted.
 */
static bool
can_turn(Across *across, const Uses *uses)
{
    Schedule *s = across->s;
    int turned = 0;
    int others = 0;
    Dim bytes = 0;
    for (size_t b = 0; b < across->buffers; b++) {
        const Buffer *buffer = &s->buffer.item[b];
        bool stored = false;
        int rows = 0;
        Dim row;
        const Use *use = uses_first(uses, (int)b);
        for (; use != NULL; use = uses_next(uses, use)) {
            stored = stored || (use->store && is_within(across, use));
            rows += is_within(across, use) && use->depth > 2 &&
                    keeps_row(across, use, &row);
        }
        if (stored && (replaces_leaf(s, buffer) || buffer->carried ||
                       keep_row(across, uses, (int)b, false) == 0))
            return false;
        row = turned_row(across, uses, (int)b);
        bytes += row * SCHEDULE_BLOCK * (Dim)dtype_size(buffer->dtype);
        across->turned[b] = row != 0;
        turned += across->turned[b] ? rows : 0;
        others += across->turned[b] ? 0 : rows;
    }
    return turned > others && bytes <= ACROSS_STACK;
}

/* ---- memory ---- */

/* An index of the loop's row becomes that of the sample, `row` far behind the
 * block's first.
 */
static Affine
turned_index(const Across *across, const Affine *row, int sample)
{
    Affine at = *row;
    const Affine one = affine_var(sample);
    const Affine first = affine_var(across->key);
    affine_drop(across->s, &at, across->key);
    affine_scale(across->s, &at, SCHEDULE_BLOCK);
    affine_add(across->s, &at, &one);
    affine_subtract(across->s, &at, &first);
    return at;
}

static void
turn(const Across *across, const Uses *uses, int buffer)
{
    Schedule *s = across->s;
    Dim row = 0;
    const Use *use = uses_first(uses, buffer);
    for (; use != NULL; use = uses_next(uses, use)) {
        int sample = -1;
        for (int i = 0; i < use->at->count; i++)
            if (schedule_key(s, use->at->term[i].var) == across->key)
                sample = use->at->term[i].var;
        affine_factor(s, use->at, across->key, &row);
        *use->at = turned_index(across, use->at, sample);
    }
    s->buffer.item[buffer].count = row * SCHEDULE_BLOCK;
    s->buffer.item[buffer].across = true;
}

/* ---- memory that others touch ---- */

/* Whether a store fills the row of its sample. */
static bool
fills_row(const Across *across, const Use *use, Dim row)
{
    const Schedule *s = across->s;
    if (use->depth != 3)
        return false;
    const int var = use->path[2]->var;
    const Affine own = affine_var(var);
    Affine at = *use->at;
    affine_drop(s, &at, across->key);
    return s->var.item[schedule_var(s, var)].extent == row &&
           affine_same(s, &at, &own);
}

/* The length of a buffer's rows that the loop only reads, or only stores, each
 * of them whole; 0: that is not so, or not worth a call.
 */
static Dim
lasting_row(const Across *across, const Uses *uses, int buffer, bool *stored)
{
    Schedule *s = across->s;
    const Buffer *b = &s->buffer.item[buffer];
    const Dim samples = s->var.item[across->key].extent;
    const Dim row = keep_row(across, uses, buffer, false);
    int stores = 0;
    int loads = 0;
    bool rows = false;
    if (!dim_known(row) || row > ACROSS_ROW || !dtype_real(b->dtype) ||
        row * (Dim)dtype_size(b->dtype) < ACROSS_PART ||
        b->count != dim_mul(s->dims, row, samples))
        return 0;
    const Use *use = uses_first(uses, buffer);
    for (; use != NULL; use = uses_next(uses, use)) {
        if (!is_within(across, use))
            continue;
        stores += use->store;
        loads += !use->store;
        rows = rows || use->depth > 2;
        if (use->store && !fills_row(across, use, row))
            return 0;
    }
    *stored = stores > 0;
    return rows && (stores == 0 || (stores == 1 && loads == 0)) ? row : 0;
}

/* The call that turns the rows of a buffer into those of `turned`, or back. */
static Stmt *
make_turn(const Across *across, int buffer, int turned, Dim row, bool back)
{
    Schedule *s = across->s;
    const int sample = (int)s->var.count;
    VEC_PUSH(s->arena, &s->var,
             s->var.item[schedule_var(s, across->loop->var)]);
    const int element = schedule_new_var(s, VAR_plain, row);
    const Affine own = affine_var(element);
    Affine at = affine_var(sample);
    affine_scale(s, &at, row);
    affine_add(s, &at, &own);
    const Affine side = turned_index(across, &own, sample);
    Product *product = ARENA_NEW(s->arena, Product);
    *product = (Product){
        .dtype = s->buffer.item[buffer].dtype,
        .var = {back ? sample : element, back ? element : sample, -1},
        .buffer = {back ? buffer : turned, back ? turned : buffer, -1},
        .at = {back ? at : side, back ? side : at},
        .end = {.kind = END_turned}};
    Stmt *call = schedule_stmt(s, STMT_call, s->buffer.item[buffer].node);
    call->product = product;
    call->tag = across->loop->tag;
    return call;
}

/* Has the loop touch turned rows in the place of a buffer's, which calls turn.
 */
static void
turn_aside(Across *across, const Uses *uses, int buffer, Block *before,
           Block *behind)
{
    Schedule *s = across->s;
    bool stored;
    const Dim row = lasting_row(across, uses, buffer, &stored);
    if (row == 0)
        return;
    const Buffer old = s->buffer.item[buffer];
    const int turned =
        schedule_temp(s, old.dtype, old.node, row * SCHEDULE_BLOCK);
    s->buffer.item[turned].across = true;
    const Use *use = uses_first(uses, buffer);
    for (; use != NULL; use = uses_next(uses, use)) {
        if (!is_within(across, use) || *use->buffer != buffer)
            continue;
        *use->buffer = turned;
        *use->at = turned_index(across, use->at, across->loop->var);
    }
    schedule_push(s, stored ? behind : before,
                  make_turn(across, buffer, turned, row, stored));
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
    int stores = 0;
    const Stmt *store = NULL;
    for (size_t i = 0; i < body->count; i++)
        if (body->item[i]->kind == STMT_store && body->item[i]->value == term)
            store = body->item[i];
    for (size_t i = 0; store != NULL && i < body->count; i++)
        stores += body->item[i]->kind == STMT_store &&
                  body->item[i]->buffer == store->buffer;
    if (stores == 1)
        return schedule_load(s, store->buffer, value.dtype, value.node,
                             &store->at);
    const Affine row = affine_var(rows->var);
    const Affine at = turned_index(across, &row, across->loop->var);
    Dim extent = s->var.item[schedule_var(s, rows->var)].extent;
    int buffer =
        schedule_temp(s, value.dtype, value.node, extent * SCHEDULE_BLOCK);
    s->buffer.item[buffer].across = true;
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

/* What one piece leaves to others waits in memory, one for each sample. */
static void
await_pieces(const Across *across)
{
    Waits waits = waits_new(across->s);
    waits.loop[waits.depth++] = across->loop->var;
    for (size_t p = 0; p < across->inner.count; p++) {
        const Block *body = &across->inner.item[p]->body;
        waits_begin(&waits);
        for (size_t i = 0; i < body->count; i++)
            waits_take(&waits, body->item[i]);
    }
    for (size_t p = 0; p < across->inner.count; p++)
        waits_store(&waits, (int)p + 1, &across->inner.item[p]->body);
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

/* Goes across the samples in a loop of a block, if that pays: into how many
 * statements.
 */
static size_t
go_across(Schedule *s, Stmt *block, size_t at)
{
    Across across = {.s = s,
                     .block = block,
                     .loop = block->body.item[at],
                     .key = schedule_var(s, block->var),
                     .buffers = s->buffer.count};
    across.turned = ARENA_ARRAY(s->arena, bool, across.buffers + 1);
    Uses uses = uses_all(s);
    Block before = {0};
    Block behind = {0};
    if (!can_turn(&across, &uses))
        return 1;
    for (size_t b = 0; b < across.buffers; b++)
        if (across.turned[b])
            turn(&across, &uses, (int)b);
        else
            turn_aside(&across, &uses, (int)b, &before, &behind);
    s->tag = across.loop->tag;
    cut(&across);
    await_pieces(&across);
    const Block all = join_pieces(&across, &before, &behind);
    replace(s, &block->body, at, &all);
    return all.count;
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
        for (size_t k = 0; k < block->body.count;) {
            Stmt *loop = block->body.item[k];
            bool rows =
                loop->kind == STMT_loop && loop->tag == block->tag &&
                s->var.item[schedule_var(s, loop->var)].kind == VAR_within &&
                has_short_rows(s, loop);
            k += rows ? go_across(s, block, k) : 1;
        }
    }
}
