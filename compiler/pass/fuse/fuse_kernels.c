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
#include "pass/fuse/fuse_waits.h"

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

/* The body that a kernel's own statements stand in: that of the loops that were
 * cut around them; NULL: none were.
 */
static Block *
kernel_body(Waits *waits, Stmt *first)
{
    Schedule *s = waits->s;
    Block *body = NULL;
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
            waits_begin(waits);
            for (size_t k = i; k < i + count; k++)
                waits_take(waits, block->item[k]);
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
        s->tag = first->tag;
        waits_store(waits, ++waits->piece, body != NULL ? body : block);
    }
}

void
schedule_kernels(Schedule *s)
{
    const Block body = s->body;
    Cut cut = {.s = s, .to = &s->body};
    s->body = (Block){0};
    cut_block(&cut, &body);
    Waits waits = waits_new(s);
    await_block(&waits, &s->body);
    waits.piece = 0;
    store_waiting(&waits, &s->body);
    s->tag = 0;
}
