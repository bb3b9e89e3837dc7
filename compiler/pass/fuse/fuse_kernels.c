/* Kernels: what a device runs one after another, each with a thread for every
 * turn of its loops (CUDA).
 *
 * The blocks of samples that a CPU keeps in its cache are joined again. A loop
 * around products becomes one loop for each of its statements, for a product
 * has all threads to itself; so does one around long loops, whose turns are
 * threads then. A scalar that one kernel computes and another one needs waits
 * in memory; what a thread has for itself stays a local array.
 *
 * This comes before buffers share memory: each still has one store, so that
 * what is read later reads the same.
 */
#include "pass/schedule.h"

enum { FEW_TURNS = 16 }; /* that a thread does sooner than a launch takes */

bool
schedule_is_step_loop(const Schedule *s, const Stmt *stmt)
{
    return stmt->kind == STMT_loop &&
           s->var.item[schedule_var(s, stmt->var)].kind == VAR_step;
}

bool
schedule_calls(const Stmt *stmt)
{
    if (stmt->kind == STMT_call)
        return true;
    for (size_t i = 0; stmt->kind == STMT_loop && i < stmt->body.count; i++) {
        if (schedule_calls(stmt->body.item[i]))
            return true;
    }
    return false;
}

/* Whether all accumulators of a loop begin in it; `begun` is by accumulator. */
static bool
steps_inside(const Stmt *loop, bool *begun)
{
    for (size_t i = 0; i < loop->body.count; i++) {
        const Stmt *stmt = loop->body.item[i];
        if (stmt->kind == STMT_init)
            begun[stmt->accumulator] = true;
        if (stmt->kind == STMT_step && !begun[stmt->accumulator])
            return false;
        if (stmt->kind == STMT_loop && !steps_inside(stmt, begun))
            return false;
    }
    return true;
}

bool
schedule_is_closed(const Schedule *s, const Stmt *stmt)
{
    if (stmt->kind != STMT_loop)
        return false;
    ArenaMark mark = arena_mark(s->arena);
    bool *begun = ARENA_ARRAY(s->arena, bool, s->accumulator.count + 1);
    bool closed = steps_inside(stmt, begun);
    arena_rewind(s->arena, &mark);
    return closed;
}

bool
schedule_is_parallel(const Schedule *s, const Stmt *stmt)
{
    return schedule_is_closed(s, stmt) && !schedule_is_step_loop(s, stmt);
}

/* Whether a statement is one of those that a single thread does in turn. */
static bool
is_serial(const Schedule *s, const Stmt *stmt)
{
    return stmt->kind != STMT_call && !schedule_is_step_loop(s, stmt) &&
           !schedule_is_parallel(s, stmt);
}

size_t
schedule_kernel(const Schedule *s, const Block *block, size_t from)
{
    size_t count = 0;
    while (from + count < block->count &&
           is_serial(s, block->item[from + count]) &&
           block->item[from + count]->tag == block->item[from]->tag)
        count++;
    return count > 0 ? count : 1;
}

bool
schedule_has_kernels(const Schedule *s)
{
    size_t first = s->body.count > 0 ? schedule_kernel(s, &s->body, 0) : 0;
    return first < s->body.count ||
           (first > 0 && schedule_is_step_loop(s, s->body.item[0]));
}

/* The loops that are now cut, and where their pieces go. */
typedef struct {
    Schedule *s;
    Block *to;
    int depth;
    const Stmt *loop[2 * IR_RANK];
} Cut;

/* Puts statements into loops as those that are cut. */
static void
put_piece(const Cut *cut, Stmt *const *stmt, size_t count)
{
    Block *to = cut->to;
    for (int i = 0; i < cut->depth; i++) {
        Stmt *loop = schedule_stmt(cut->s, STMT_loop, cut->loop[i]->node);
        loop->tag = stmt[0]->tag;
        loop->var = cut->loop[i]->var;
        cut->s->var.item[schedule_var(cut->s, loop->var)].cut = true;
        schedule_push(cut->s, to, loop);
        to = &loop->body;
    }
    for (size_t i = 0; i < count; i++)
        schedule_push(cut->s, to, stmt[i]);
}

/* The variables of loops in a block run over all of it. */
static void
open_block(Schedule *s, int block)
{
    for (size_t v = 0; v < s->var.count; v++) {
        LoopVar *var = &s->var.item[v];
        if (var->kind == VAR_within && var->alias < 0 &&
            schedule_var(s, var->parent) == block) {
            var->kind = VAR_plain;
            var->parent = -1;
        }
    }
}

/* Whether a loop is over blocks of samples. */
static bool
is_blocks(const Schedule *s, const Stmt *loop)
{
    const LoopVar *var = &s->var.item[schedule_var(s, loop->var)];
    return var->kind == VAR_block && var->step == SCHEDULE_BLOCK;
}

static void cut_block(Cut *cut, const Block *block);

/* Whether a loop does nothing but other ones, some of them long, whose turns
 * are threads, too, where each stands in a loop of its own.
 */
static bool
has_long_loops(const Schedule *s, const Stmt *loop)
{
    bool any = false;
    for (size_t i = 0; i < loop->body.count; i++) {
        const Stmt *stmt = loop->body.item[i];
        if (stmt->kind != STMT_loop || !schedule_is_parallel(s, stmt))
            return false;
        Dim extent = s->var.item[schedule_var(s, stmt->var)].extent;
        any = any || !dim_known(extent) || extent > FEW_TURNS;
    }
    return any && loop->body.count > 1;
}

/* Cuts a loop; false where it stays whole. */
static bool
cut_loop(Cut *cut, Stmt *loop)
{
    Schedule *s = cut->s;
    if (is_blocks(s, loop)) {
        open_block(s, schedule_var(s, loop->var));
        cut_block(cut, &loop->body);
        return true;
    }
    if (schedule_is_step_loop(s, loop)) {
        Block body = loop->body;
        Cut inner = {.s = s, .to = &loop->body};
        loop->body = (Block){0};
        cut_block(&inner, &body);
        return false;
    }
    if ((!schedule_calls(loop) && !has_long_loops(s, loop)) ||
        cut->depth == 2 * IR_RANK)
        return false;
    cut->loop[cut->depth++] = loop;
    cut_block(cut, &loop->body);
    cut->depth--;
    return true;
}

static void
cut_block(Cut *cut, const Block *block)
{
    for (size_t i = 0; i < block->count;) {
        Stmt *stmt = block->item[i];
        size_t count = schedule_kernel(cut->s, block, i);
        bool whole = stmt->kind != STMT_loop || is_serial(cut->s, stmt) ||
                     !cut_loop(cut, stmt);
        if (whole)
            put_piece(cut, &block->item[i], count);
        i += count;
    }
}

/* What one kernel leaves to others: a value, or what an accumulator comes to.
 */
typedef struct {
    int kernel; /* that makes it; 0: none */
    int buffer; /* where it waits; -1: nowhere */
    Affine at;
    int value;
    int next; /* 1 + the next one of its kernel that waits; 0: none */
} Home;

typedef struct {
    Schedule *s;
    int kernel;            /* the one that is looked at, from 1 */
    int depth;             /* of the cut loops around it */
    int loop[2 * IR_RANK]; /* their variables */
    size_t values;         /* that there were at first */
    Home *home;            /* by value, then by accumulator */
    VEC(int) first;        /* by kernel: as Home.next */
    VEC(int) depth_of;     /* by kernel */
} Waits;

/* Memory for a scalar: one for each turn of the loops that were cut. */
static int
waiting_buffer(const Waits *waits, const Value *value, Affine *at)
{
    Schedule *s = waits->s;
    Buffer buffer = {.kind = BUFFER_temp,
                     .dtype = value->dtype,
                     .slot = -1,
                     .node = value->node,
                     .count = 1};
    *at = affine_of(0);
    for (int i = waits->depth; i-- > 0;) {
        Affine one = affine_var(waits->loop[i]);
        affine_scale(s, &one, buffer.count);
        affine_add(s, at, &one);
        buffer.count =
            dim_mul(s->dims, buffer.count,
                    s->var.item[schedule_var(s, waits->loop[i])].extent);
    }
    VEC_PUSH(s->arena, &s->buffer, buffer);
    return (int)s->buffer.count - 1;
}

static size_t
home_number(const Waits *waits, int v)
{
    const Value *value = &waits->s->value.item[v];
    return value->kind == VALUE_join
               ? waits->values + (size_t)value->accumulator
               : (size_t)v;
}

/* The value itself, or a load of the memory that it waits in. The loops that
 * were cut around its kernel are also around the one that needs it.
 */
static int
await(Waits *waits, int v)
{
    Schedule *s = waits->s;
    Value value = s->value.item[v];
    if ((size_t)v >= waits->values)
        return v;
    if (value.kind == VALUE_guard) {
        int inner = await(waits, value.operand[0]);
        if (inner == value.operand[0])
            return v;
        value.operand[0] = inner;
        return schedule_value(s, &value);
    }
    size_t number = home_number(waits, v);
    Home *home = &waits->home[number];
    if (home->kernel == 0 || home->kernel == waits->kernel)
        return v;
    if (home->buffer < 0) {
        Waits outside = *waits;
        outside.depth = waits->depth_of.item[home->kernel];
        home->buffer = waiting_buffer(&outside, &value, &home->at);
        home->value = v;
        home->next = waits->first.item[home->kernel];
        waits->first.item[home->kernel] = (int)number + 1;
    }
    Value load = {.kind = VALUE_load,
                  .dtype = value.dtype,
                  .buffer = home->buffer,
                  .at = home->at,
                  .node = value.node};
    return schedule_value(s, &load);
}

static void
await_stmt(Waits *waits, Stmt *stmt)
{
    Schedule *s = waits->s;
    const Home here = {.kernel = waits->kernel, .buffer = -1};
    switch (stmt->kind) {
    case STMT_loop:
        for (size_t i = 0; i < stmt->body.count; i++)
            await_stmt(waits, stmt->body.item[i]);
        break;
    case STMT_let:
        for (int i = 0; i < s->value.item[stmt->value].operands; i++) {
            int v = await(waits, s->value.item[stmt->value].operand[i]);
            s->value.item[stmt->value].operand[i] = v;
        }
        waits->home[stmt->value] = here;
        break;
    case STMT_store:
        stmt->value = await(waits, stmt->value);
        break;
    case STMT_step:
        stmt->value = await(waits, stmt->value);
        if (stmt->factor >= 0)
            stmt->factor = await(waits, stmt->factor);
        break;
    case STMT_init:
        waits->home[waits->values + (size_t)stmt->accumulator] = here;
        break;
    case STMT_call:
        if (stmt->product->end.kind == END_step)
            stmt->product->scale = await(waits, stmt->product->scale);
        break;
    case STMT_derive:
        break;
    }
}

/* The body that a kernel's own statements stand in: that of the loops that were
 * cut around them; NULL: none were.
 */
static Block *
kernel_body(Waits *waits, Stmt *first)
{
    Schedule *s = waits->s;
    Block *body = NULL;
    waits->kernel++;
    waits->depth = 0;
    while (first->kind == STMT_loop &&
           s->var.item[schedule_var(s, first->var)].cut) {
        waits->loop[waits->depth++] = first->var;
        body = &first->body;
        first = body->item[0];
    }
    return body;
}

static void
await_block(Waits *waits, const Block *block)
{
    Schedule *s = waits->s;
    for (size_t i = 0; i < block->count;) {
        size_t count = schedule_kernel(s, block, i);
        Stmt *first = block->item[i];
        if (schedule_is_step_loop(s, first)) {
            await_block(waits, &first->body);
        } else {
            kernel_body(waits, first);
            VEC_PUSH(s->arena, &waits->first, 0);
            VEC_PUSH(s->arena, &waits->depth_of, waits->depth);
            for (size_t k = i; k < i + count; k++)
                await_stmt(waits, block->item[k]);
        }
        i += count;
    }
}

/* Every kernel ends with the stores of what waits. */
static void
store_waiting(Waits *waits, Block *block)
{
    Schedule *s = waits->s;
    const Block old = *block;
    *block = (Block){0};
    for (size_t i = 0; i < old.count;) {
        size_t count = schedule_kernel(s, &old, i);
        Stmt *first = old.item[i];
        for (size_t k = i; k < i + count; k++)
            schedule_push(s, block, old.item[k]);
        i += count;
        if (schedule_is_step_loop(s, first)) {
            store_waiting(waits, &first->body);
            continue;
        }
        Block *body = kernel_body(waits, first);
        for (int n = waits->first.item[waits->kernel]; n != 0;) {
            const Home *home = &waits->home[n - 1];
            s->tag = first->tag;
            Stmt *store =
                schedule_stmt(s, STMT_store, s->value.item[home->value].node);
            store->buffer = home->buffer;
            store->value = home->value;
            store->at = home->at;
            schedule_push(s, body != NULL ? body : block, store);
            n = home->next;
        }
    }
}

void
schedule_kernels(Schedule *s)
{
    const Block body = s->body;
    Cut cut = {.s = s, .to = &s->body};
    s->body = (Block){0};
    cut_block(&cut, &body);
    Waits waits = {.s = s, .values = s->value.count};
    size_t homes = s->value.count + s->accumulator.count + 1;
    waits.home = ARENA_ARRAY(s->arena, Home, homes);
    VEC_PUSH(s->arena, &waits.first, 0);
    VEC_PUSH(s->arena, &waits.depth_of, 0);
    await_block(&waits, &s->body);
    waits.kernel = 0;
    store_waiting(&waits, &s->body);
    s->tag = 0;
}
