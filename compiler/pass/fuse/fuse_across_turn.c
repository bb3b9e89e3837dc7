/* Memory of loops across samples: what of it is turned, the samples of a block
 * side by side, a row behind the other; by calls where others touch it; and how
 * much of a thread's stack that takes.
 */
#include "pass/fuse/fuse_across.h"

enum { ACROSS_PART = 16 /* bytes of a row that a call turns, at least */ };

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

static bool
is_turn(const Stmt *stmt)
{
    return stmt->kind == STMT_call && stmt->product->end.kind == END_turned;
}

/* The rows that a call of the block turns for another loop: of the buffer into
 * theirs, or back; -1: none.
 */
static int
other_side(const Stmt *call, int buffer)
{
    if (!is_turn(call))
        return -1;
    const int *side = call->product->buffer;
    return side[0] == buffer ? side[1] : side[1] == buffer ? side[0] : -1;
}

/* Whether what calls turn for other loops could be the buffer itself, turned:
 * nothing else has come to share its memory.
 */
static bool
can_join(const Across *across, const Uses *uses, int buffer)
{
    for (size_t i = 0; i < across->turns.count; i++) {
        const int side = other_side(across->turns.item[i], buffer);
        int stores = 0;
        const Use *use = side < 0 ? NULL : uses_first(uses, side);
        for (; use != NULL; use = uses_next(uses, use))
            stores += use->store;
        if (stores > 1)
            return false;
    }
    return true;
}

/* The length of the rows of a buffer that can be turned; 0: it cannot. */
static Dim
turned_row(const Across *across, const Uses *uses, int buffer)
{
    const Buffer *b = &across->s->buffer.item[buffer];
    Dim row = b->kind == BUFFER_temp ? keep_row(across, uses, buffer, true) : 0;
    bool fits = dim_known(row) && row <= ACROSS_ROW;
    return fits && can_join(across, uses, buffer) ? row : 0;
}

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

/* Bytes for so many elements of each of a block's samples. */
static Dim
bytes_of(Dim row, DType dtype)
{
    return row * SCHEDULE_BLOCK * (Dim)dtype_size(dtype);
}

const Stmt *
across_only_store(const Block *body, int value)
{
    int stores = 0;
    const Stmt *store = NULL;
    for (size_t i = 0; i < body->count; i++)
        if (body->item[i]->kind == STMT_store && body->item[i]->value == value)
            store = body->item[i];
    for (size_t i = 0; store != NULL && i < body->count; i++)
        stores += body->item[i]->kind == STMT_store &&
                  body->item[i]->buffer == store->buffer;
    return stores == 1 ? store : NULL;
}

/* What the loop's scalars take, where all of them wait for other pieces, and
 * the terms of its accumulators.
 */
static Dim
waiting_bytes(const Schedule *s, const Block *body, Dim row)
{
    Dim bytes = 0;
    for (size_t i = 0; i < body->count; i++) {
        const Stmt *stmt = body->item[i];
        if (stmt->kind == STMT_loop) {
            const LoopVar *var = &s->var.item[schedule_var(s, stmt->var)];
            bytes += waiting_bytes(s, &stmt->body, var->extent);
        } else if ((stmt->kind == STMT_let && row == 1) ||
                   (stmt->kind == STMT_step &&
                    across_only_store(body, stmt->value) == NULL)) {
            bytes += bytes_of(row, s->value.item[stmt->value].dtype);
        } else if (stmt->kind == STMT_init) {
            bytes += bytes_of(1, s->accumulator.item[stmt->accumulator].dtype);
        }
    }
    return bytes;
}

void
across_begin(Across *across, const Uses *uses)
{
    Schedule *s = across->s;
    const Block *body = &across->block->body;
    across->loop = NULL;
    across->own.count = 0;
    across->turns.count = 0;
    for (size_t i = 0; i < body->count; i++)
        if (is_turn(body->item[i]))
            schedule_push(s, &across->turns, body->item[i]);
    across->beside = 0;
    across->buffers = s->buffer.count;
    across->turned = ARENA_ARRAY(s->arena, bool, across->buffers + 1);
    across->met = ARENA_ARRAY(s->arena, bool, across->buffers + 1);
    for (size_t b = 0; b < across->buffers; b++) {
        Dim row = turned_row(across, uses, (int)b);
        across->turned[b] = row != 0;
        across->beside += bytes_of(row, s->buffer.item[b].dtype);
    }
}

static void
note_own(void *user, int *buffer, Affine *at, bool store)
{
    Across *across = user;
    (void)at;
    (void)store;
    if (!across->met[*buffer])
        VEC_PUSH(across->s->arena, &across->own, *buffer);
    across->met[*buffer] = true;
}

static void
find_own(Across *across)
{
    for (size_t i = 0; i < across->own.count; i++) {
        across->met[across->own.item[i]] = false;
        across->turned[across->own.item[i]] = false;
    }
    across->own.count = 0;
    schedule_accesses(across->s, across->loop, note_own, across);
}

bool
across_can_turn(Across *across, const Uses *uses)
{
    Schedule *s = across->s;
    int turned = 0;
    int others = 0;
    find_own(across);
    across->bytes = across->beside + waiting_bytes(s, &across->loop->body, 1);
    for (size_t i = 0; i < across->own.count; i++) {
        const int b = across->own.item[i];
        const Buffer *buffer = &s->buffer.item[b];
        bool stored = false;
        int rows = 0;
        Dim row;
        const Use *use = uses_first(uses, b);
        for (; use != NULL; use = uses_next(uses, use)) {
            stored = stored || (use->store && is_within(across, use));
            rows += is_within(across, use) && use->depth > 2 &&
                    keeps_row(across, use, &row);
        }
        if (stored && (schedule_memory(s, b) != b || buffer->carried ||
                       keep_row(across, uses, b, false) == 0))
            return false;
        row = turned_row(across, uses, b);
        across->turned[b] = row != 0;
        row = row != 0 ? row : lasting_row(across, uses, b, &stored);
        across->bytes += bytes_of(row, buffer->dtype);
        turned += across->turned[b] ? rows : 0;
        others += across->turned[b] ? 0 : rows;
    }
    return turned > others;
}

/* ---- memory ---- */

Affine
across_index(const Across *across, const Affine *row, int sample)
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

/* Whether a use is of a value that has been met in another statement. */
static bool
is_met(const Uses *uses, const Use *use, int buffer)
{
    const Use *before = uses_first(uses, buffer);
    while (before != use && before->at != use->at)
        before = uses_next(uses, before);
    return before != use;
}

static void
turn(const Across *across, const Uses *uses, int buffer)
{
    Schedule *s = across->s;
    Dim row = 0;
    const Use *use = uses_first(uses, buffer);
    for (; use != NULL; use = uses_next(uses, use)) {
        int sample = -1;
        if (is_met(uses, use, buffer))
            continue;
        for (int i = 0; i < use->at->count; i++)
            if (schedule_key(s, use->at->term[i].var) == across->key)
                sample = use->at->term[i].var;
        affine_factor(s, use->at, across->key, &row);
        *use->at = across_index(across, use->at, sample);
    }
    s->buffer.item[buffer].count = row * SCHEDULE_BLOCK;
    s->buffer.item[buffer].across = true;
}

static void
rename_side(void *user, int *buffer, Affine *at, bool store)
{
    const int *side = user;
    (void)at;
    (void)store;
    if (*buffer == side[0])
        *buffer = side[1];
}

/* What calls turn for other loops is the buffer itself from now on; those calls
 * have nothing left to do, and go.
 */
static void
join_sides(const Across *across, int buffer)
{
    Schedule *s = across->s;
    const Block *body = &across->block->body;
    for (size_t i = 0; i < body->count; i++) {
        int side[] = {other_side(body->item[i], buffer), buffer};
        for (size_t k = 0; side[0] >= 0 && k < body->count; k++)
            schedule_accesses(s, body->item[k], rename_side, side);
        if (side[0] >= 0)
            s->buffer.item[side[0]].kind = BUFFER_gone;
    }
}

/* ---- memory that others touch ---- */

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
    const Affine side = across_index(across, &own, sample);
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
    const Use *use = uses_first(uses, buffer);
    for (; use != NULL; use = uses_next(uses, use)) {
        if (!is_within(across, use) || *use->buffer != buffer)
            continue;
        *use->buffer = turned;
        *use->at = across_index(across, use->at, across->loop->var);
    }
    schedule_push(s, stored ? behind : before,
                  make_turn(across, buffer, turned, row, stored));
}

void
across_turn(Across *across, const Uses *uses, Block *before, Block *behind)
{
    for (size_t b = 0; b < across->buffers; b++)
        if (!across->turned[b]) {
            turn_aside(across, uses, (int)b, before, behind);
        } else {
            turn(across, uses, (int)b);
            join_sides(across, (int)b);
        }
}

bool
across_is_idle(const Stmt *stmt)
{
    return is_turn(stmt) &&
           stmt->product->buffer[0] == stmt->product->buffer[1];
}
