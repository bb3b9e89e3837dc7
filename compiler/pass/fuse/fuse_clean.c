/* After the merging: values go from store to load in registers, blocks that
 * nothing shares are joined, and loops that run through memory as one become
 * one.
 */
#include "pass/fuse/fuse.h"

/* How a statement stands to others of its body: what is always needed comes
 * first, then what more outputs need. It depends only on such.
 */
static int
tag_rank(uint32_t tag)
{
    int bits = 0;
    for (uint32_t rest = tag; rest != 0; rest &= rest - 1)
        bits++;
    return bits == 0 ? -32 : -bits;
}

bool
schedule_tag_before(uint32_t a, uint32_t b)
{
    int left = tag_rank(a);
    int right = tag_rank(b);
    return left != right ? left < right : a < b;
}

/* Statements of one tag side by side, which the printer puts under one
 * condition; their order stays.
 */
static void
group_tags(Block *block)
{
    for (size_t i = 0; i < block->count; i++) {
        Stmt *stmt = block->item[i];
        size_t at = i;
        for (;
             at > 0 && schedule_tag_before(stmt->tag, block->item[at - 1]->tag);
             at--)
            block->item[at] = block->item[at - 1];
        block->item[at] = stmt;
        group_tags(&stmt->body);
    }
}

typedef struct {
    int buffer;
    const Affine *at;
    int value;
} Known;

typedef struct {
    Schedule *s;
    VEC(Known) known; /* what has been stored, and is in scope */
} Forward;

/* The value itself, or the one that was stored where it loads. */
static int
forward_value(Forward *f, int v)
{
    Value *value = &f->s->value.item[v];
    if (value->kind == VALUE_guard)
        value->operand[0] = forward_value(f, value->operand[0]);
    if (value->kind != VALUE_load)
        return v;
    for (size_t i = f->known.count; i-- > 0;) {
        const Known *known = &f->known.item[i];
        if (known->buffer == value->buffer &&
            affine_same(f->s, known->at, &value->at))
            return known->value;
    }
    return v;
}

static void
forward_store(Forward *f, const Stmt *stmt)
{
    ValueKind kind = f->s->value.item[stmt->value].kind;
    if (kind == VALUE_load || kind == VALUE_guard ||
        f->s->buffer.item[stmt->buffer].carried)
        return;
    Known known = {stmt->buffer, &stmt->at, stmt->value};
    VEC_PUSH(f->s->arena, &f->known, known);
}

/* What is known in statements for outputs that may be absent is known there
 * alone. `own` is the tag of the loop around a block.
 */
static void
forward_block(Forward *f, Block *block, uint32_t own)
{
    size_t scope = f->known.count;
    size_t tagged = scope;
    uint32_t tag = own;
    for (size_t i = 0; i < block->count; i++) {
        Stmt *stmt = block->item[i];
        if (stmt->tag != tag) {
            if (tag != own)
                f->known.count = tagged;
            tagged = f->known.count;
            tag = stmt->tag;
        }
        switch (stmt->kind) {
        case STMT_loop:
            forward_block(f, &stmt->body, stmt->tag);
            break;
        case STMT_let: {
            Value *value = &f->s->value.item[stmt->value];
            for (int k = 0; k < value->operands; k++)
                value->operand[k] = forward_value(f, value->operand[k]);
            break;
        }
        case STMT_store:
            stmt->value = forward_value(f, stmt->value);
            forward_store(f, stmt);
            break;
        case STMT_step:
            stmt->value = forward_value(f, stmt->value);
            if (stmt->factor >= 0)
                stmt->factor = forward_value(f, stmt->factor);
            break;
        case STMT_call:
            for (int k = 0; k < stmt->product->end.scalars; k++)
                stmt->product->scalar[k] =
                    forward_value(f, stmt->product->scalar[k]);
            break;
        case STMT_derive:
        case STMT_init:
            break;
        }
    }
    f->known.count = scope;
}

static void
count_load(void *user, int *buffer, Affine *at, bool store)
{
    int *loads = user;
    (void)at;
    if (!store)
        loads[*buffer]++;
}

static void
drop_stores(Schedule *s, Block *block, const int *loads)
{
    size_t kept = 0;
    for (size_t i = 0; i < block->count; i++) {
        Stmt *stmt = block->item[i];
        if (stmt->kind == STMT_loop)
            drop_stores(s, &stmt->body, loads);
        if (stmt->kind == STMT_store && loads[stmt->buffer] == 0 &&
            s->buffer.item[stmt->buffer].kind == BUFFER_temp) {
            s->buffer.item[stmt->buffer].kind = BUFFER_gone;
            continue;
        }
        if (stmt->kind == STMT_store && loads[stmt->buffer] == 0 &&
            s->buffer.item[stmt->buffer].kind == BUFFER_gone)
            continue;
        block->item[kept++] = stmt;
    }
    block->count = kept;
}

typedef struct {
    int buffer;
    bool read;
} Reading;

static void
find_load(void *user, int *buffer, Affine *at, bool store)
{
    Reading *reading = user;
    (void)at;
    reading->read = reading->read || (!store && *buffer == reading->buffer);
}

static bool
reads(Schedule *s, Stmt *stmt, int buffer)
{
    Reading reading = {.buffer = buffer};
    schedule_accesses(s, stmt, find_load, &reading);
    return reading.read;
}

/* Whether a statement is the store of a result that another one may pass: which
 * neither reads it nor replaces what it stores.
 */
static bool
sinks_below(Schedule *s, Stmt *store, Stmt *stmt)
{
    return store->kind == STMT_store &&
           s->buffer.item[store->buffer].kind == BUFFER_output &&
           !reads(s, stmt, store->buffer) &&
           !(stmt->kind == STMT_store && reads(s, store, stmt->buffer));
}

/* Stores of results move behind the computations that they stand among, so that
 * what is read from memory which a store replaces is read before. What reads a
 * result itself (a sum does: it reads memory) stays behind its store.
 */
static void
sink_stores(Schedule *s, Block *block)
{
    size_t run = 0; /* where the statements since the last loop begin */
    for (size_t i = 0; i < block->count; i++) {
        Stmt *stmt = block->item[i];
        if (stmt->kind == STMT_loop)
            sink_stores(s, &stmt->body);
        if (i > run && stmt->tag != block->item[i - 1]->tag)
            run = i;
        if (stmt->kind == STMT_loop || stmt->kind == STMT_call) {
            run = i + 1;
            continue;
        }
        if (stmt->kind == STMT_store &&
            s->buffer.item[stmt->buffer].kind == BUFFER_output)
            continue;
        size_t at = i;
        while (at > run && sinks_below(s, block->item[at - 1], stmt)) {
            block->item[at] = block->item[at - 1];
            at--;
        }
        block->item[at] = stmt;
    }
}

/* A block of samples with one thing in it is none. */
static void
join_blocks(Schedule *s, Block *block)
{
    for (size_t i = 0; i < block->count; i++) {
        Stmt *stmt = block->item[i];
        if (stmt->kind != STMT_loop)
            continue;
        join_blocks(s, &stmt->body);
        int key = schedule_var(s, stmt->var);
        const LoopVar *var = &s->var.item[key];
        if (var->kind != VAR_block || var->step != SCHEDULE_BLOCK ||
            stmt->body.count != 1)
            continue;
        Stmt *only = stmt->body.item[0];
        if (only->kind != STMT_loop && only->kind != STMT_call)
            continue;
        for (size_t v = 0; v < s->var.count; v++) {
            LoopVar *within = &s->var.item[v];
            if (within->kind == VAR_within && within->alias < 0 &&
                schedule_var(s, within->parent) == key) {
                within->kind = VAR_plain;
                within->parent = -1;
            }
        }
        block->item[i] = only;
    }
}

void
schedule_forward(Schedule *s)
{
    Forward forward = {.s = s};
    if (s->loop.count == 0)
        group_tags(&s->body);
    forward_block(&forward, &s->body, 0);
    int *loads = ARENA_ARRAY(s->arena, int, s->buffer.count + 1);
    for (size_t i = 0; i < s->body.count; i++)
        schedule_accesses(s, s->body.item[i], count_load, loads);
    drop_stores(s, &s->body, loads);
    sink_stores(s, &s->body);
    join_blocks(s, &s->body);
}

/* Calls function for every index of a statement. */
typedef bool AffineFunction(void *user, Affine *at);

static bool
value_affines(Schedule *s, int v, AffineFunction *function, void *user)
{
    Value *value = &s->value.item[v];
    bool fine = true;
    if (value->kind == VALUE_guard) {
        Guard *guard = value->guard;
        for (int i = 0; i < value->guards; i++)
            fine = function(user, &guard[i].index) && fine;
        return value_affines(s, value->operand[0], function, user) && fine;
    }
    if (value->kind == VALUE_load || value->kind == VALUE_index)
        fine = function(user, &value->at);
    return fine;
}

static bool
stmt_affines(Schedule *s, Stmt *stmt, AffineFunction *function, void *user)
{
    bool fine = true;
    if (stmt->kind == STMT_loop) {
        for (size_t i = 0; i < stmt->body.count; i++)
            fine = stmt_affines(s, stmt->body.item[i], function, user) && fine;
    } else if (stmt->kind == STMT_let) {
        Value *value = &s->value.item[stmt->value];
        if (value->kind == VALUE_sum || value->kind == VALUE_random ||
            value->kind == VALUE_gather)
            fine = function(user, &value->at);
        for (int i = 0; i < value->operands; i++)
            fine = value_affines(s, value->operand[i], function, user) && fine;
    } else if (stmt->kind == STMT_store) {
        fine = function(user, &stmt->at);
        fine = value_affines(s, stmt->value, function, user) && fine;
    } else if (stmt->kind == STMT_step) {
        fine = function(user, &stmt->at);
        fine = value_affines(s, stmt->value, function, user) && fine;
        if (stmt->factor >= 0)
            fine = value_affines(s, stmt->factor, function, user) && fine;
    } else if (stmt->kind == STMT_call) {
        for (int i = 0; i < 3; i++)
            fine = function(user, &stmt->product->at[i]) && fine;
    }
    return fine;
}

typedef struct {
    Schedule *s;
    int outer;
    int inner;
} Pair;

static bool
pair_joins(void *user, Affine *at)
{
    const Pair *pair = user;
    Dim outer;
    Dim inner;
    return affine_factor(pair->s, at, pair->outer, &outer) &&
           affine_factor(pair->s, at, pair->inner, &inner) &&
           dim_mul(pair->s->dims, inner,
                   pair->s->var.item[pair->inner].extent) == outer;
}

static bool
pair_drop(void *user, Affine *at)
{
    const Pair *pair = user;
    affine_drop(pair->s, at, pair->outer);
    return true;
}

/* Whether variables are derived from a loop's. */
static bool
is_derived_from(const Stmt *loop)
{
    return loop->body.count > 0 && loop->body.item[0]->kind == STMT_derive;
}

static void
flatten_block(Schedule *s, Block *block)
{
    for (size_t i = 0; i < block->count; i++) {
        Stmt *stmt = block->item[i];
        if (stmt->kind != STMT_loop)
            continue;
        flatten_block(s, &stmt->body);
        if (stmt->body.count != 1 || stmt->body.item[0]->kind != STMT_loop)
            continue;
        Stmt *only = stmt->body.item[0];
        Pair pair = {s, schedule_var(s, stmt->var), schedule_var(s, only->var)};
        LoopVar *inner = &s->var.item[pair.inner];
        const LoopVar *outer = &s->var.item[pair.outer];
        if (inner->kind != VAR_plain || outer->kind != VAR_plain ||
            inner->cut || outer->cut || is_derived_from(only) ||
            !stmt_affines(s, only, pair_joins, &pair))
            continue;
        stmt_affines(s, only, pair_drop, &pair);
        inner->extent = dim_mul(s->dims, inner->extent, outer->extent);
        inner->batch = false;
        block->item[i] = only;
    }
}

typedef struct {
    Schedule *s;
    int key;
} Absent;

static bool
is_absent(void *user, Affine *at)
{
    const Absent *absent = user;
    Dim factor;
    return affine_factor(absent->s, at, absent->key, &factor) && factor == 0;
}

/* Derived variables that no index needs, as where an array is empty, and loops
 * of which nothing is left, as over steps whose results no one asks for.
 */
static void
drop_idle(Schedule *s, Block *block)
{
    size_t kept = 0;
    for (size_t i = 0; i < block->count; i++) {
        Stmt *stmt = block->item[i];
        drop_idle(s, &stmt->body);
        bool needed = stmt->kind != STMT_derive &&
                      (stmt->kind != STMT_loop || stmt->body.count > 0);
        for (size_t k = i + 1; !needed && k < block->count; k++) {
            Absent absent = {s, schedule_var(s, stmt->var)};
            needed = !stmt_affines(s, block->item[k], is_absent, &absent);
        }
        if (needed)
            block->item[kept++] = stmt;
    }
    block->count = kept;
}

/* A guard that is sure to hold is none. */
static void
drop_guards(Schedule *s)
{
    for (size_t v = 0; v < s->value.count; v++) {
        Value *value = &s->value.item[v];
        Guard *open = ARENA_ARRAY(s->arena, Guard, value->guards);
        int count = 0;
        for (int i = 0; i < value->guards; i++) {
            const Guard *guard = &value->guard[i];
            if (!affine_below(s, &guard->index, guard->extent))
                open[count++] = *guard;
        }
        value->guard = open;
        value->guards = count;
    }
}

void
schedule_flatten(Schedule *s)
{
    flatten_block(s, &s->body);
    drop_guards(s);
    drop_idle(s, &s->body);
}
