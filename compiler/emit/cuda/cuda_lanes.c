/* A turn of a nest by 16 threads side by side: a row's softmax, layer norm or
 * loss, or a sum that stands alone.
 *
 * Of the loops and sums in its body each thread does every 16th turn: it is a
 * lane of the order tree16, so the bits are the same, and neighbours touch
 * neighbouring memory. All else all 16 do, with the same numbers. No thread
 * waits for what another has stored: what a loop stores is read only at that
 * place, and so by the same thread; what all store is stored once and read only
 * behind that. A local array is each thread's share of it.
 */
#include "emit/cuda/cuda_print.h"

enum { FEW = 4 }; /* turns that one thread does as fast */

typedef struct {
    int buffer;
    Affine at;  /* without the variable of the loop that is shared */
    Dim factor; /* of that; 0: it has none */
    bool simple;
    bool store;
} Access;

typedef struct {
    Schedule *s;
    const Nest *nest;
    const Stmt *body;
    int var;    /* of the shared loop that is looked at, or -1 */
    bool may;   /* so far */
    bool gains; /* there are enough turns of a loop or sum */
    VEC(Access) access;
} Lanes;

/* Whether a buffer is a local array of the body itself. */
static bool
is_local(const Lanes *l, int buffer)
{
    for (int b = l->body->locals; b != 0; b = l->s->buffer.item[b - 1].next)
        if (b - 1 == buffer)
            return true;
    return false;
}

static void
note_access(void *user, int *buffer, Affine *at, bool store)
{
    Lanes *l = user;
    Access a = {*buffer, *at, 0, true, store};
    if (l->var >= 0) {
        a.simple = affine_factor(l->s, at, l->var, &a.factor);
        affine_drop(l->s, &a.at, l->var);
        l->may = l->may && !(store && a.factor == 0);
    }
    if (is_local(l, *buffer)) {
        l->may = l->may && a.simple && a.factor == 1 && a.at.count == 0 &&
                 a.at.start == 0 && a.at.minus == 0;
    } else if (l->s->buffer.item[*buffer].local) {
        return; /* a thread has it for itself */
    }
    VEC_PUSH(l->s->arena, &l->access, a);
}

static bool
has_step(const Stmt *stmt, int accumulator)
{
    if (stmt->kind == STMT_step)
        return stmt->accumulator == accumulator;
    for (size_t i = 0; stmt->kind == STMT_loop && i < stmt->body.count; i++) {
        if (has_step(stmt->body.item[i], accumulator))
            return true;
    }
    return false;
}

/* Whether 16 threads gain by sharing a loop or a sum. */
static bool
is_long(const Lanes *l, int var)
{
    Dim extent = l->s->var.item[schedule_var(l->s, var)].extent;
    return !dim_known(extent) || extent > FEW;
}

/* A loop may find maxima for the body; all other accumulators are its own. */
static void
look_at_loop(Lanes *l, Stmt *loop)
{
    const Schedule *s = l->s;
    if (s->var.item[schedule_var(s, loop->var)].kind != VAR_plain) {
        l->may = false;
        return;
    }
    l->var = schedule_key(s, loop->var);
    schedule_accesses(l->s, loop, note_access, l);
    l->var = -1;
    for (size_t i = 0; i < l->body->body.count; i++) {
        const Stmt *init = l->body->body.item[i];
        if (init->kind != STMT_init || !has_step(loop, init->accumulator))
            continue;
        const Accumulator *acc = &s->accumulator.item[init->accumulator];
        if ((acc->kind != ACC_maximum && acc->kind != ACC_argmax) ||
            !dtype_real(acc->dtype))
            l->may = false;
        l->gains = l->gains || is_long(l, loop->var);
    }
}

static void
look_at(Lanes *l, Stmt *stmt)
{
    const Value *value;
    switch (stmt->kind) {
    case STMT_loop:
        look_at_loop(l, stmt);
        return;
    case STMT_let:
        value = &l->s->value.item[stmt->value];
        if (value->kind == VALUE_sum &&
            (value->op == OP_maximum || value->order == ORDER_tree16)) {
            l->var = schedule_key(l->s, value->sum_var);
            l->gains = l->gains || is_long(l, value->sum_var);
        }
        break;
    case STMT_store:
    case STMT_init:
    case STMT_step:
        break;
    case STMT_derive:
    case STMT_call:
        l->may = false;
        return;
    }
    schedule_accesses(l->s, stmt, note_access, l);
    l->var = -1;
}

static bool
is_of_nest(const Lanes *l, const Affine *at)
{
    for (int i = 0; i < at->count; i++) {
        bool found = false;
        for (int k = 0; k < l->nest->count; k++)
            found =
                found || l->nest->var[k] == schedule_var(l->s, at->term[i].var);
        if (!found)
            return false;
    }
    return true;
}

/* Whether two accesses, the first a store, leave no thread with what depends on
 * how fast another is.
 */
static bool
keeps_order(const Lanes *l, size_t store, size_t other)
{
    const Access *a = &l->access.item[store];
    const Access *b = &l->access.item[other];
    if (!c_same_memory(l->s, a->buffer, b->buffer))
        return true;
    if (!a->simple || !b->simple || a->factor != b->factor ||
        !c_begin_together(l->s, a->buffer, b->buffer) ||
        !affine_same(l->s, &a->at, &b->at) || !is_of_nest(l, &a->at))
        return false;
    return a->factor != 0 || other == store || (other > store && !b->store);
}

bool
cuda_has_lanes(Printer *printer, const Nest *nest, const Stmt *body)
{
    Lanes l = {
        .s = printer->s, .nest = nest, .body = body, .var = -1, .may = true};
    for (size_t i = 0; l.may && i < body->body.count; i++)
        look_at(&l, body->body.item[i]);
    for (size_t i = 0; l.may && l.gains && i < l.access.count; i++) {
        for (size_t k = 0; l.access.item[i].store && k < l.access.count; k++)
            l.may = l.may && keeps_order(&l, i, k);
    }
    return l.may && l.gains;
}

bool
cuda_shares(const Printer *printer)
{
    return printer->lanes != NULL && printer->around == NULL;
}

/* flux_gpu_sum(n, where a thread's own elements begin, how far apart they are),
 * or flux_gpu_maximum.
 */
const char *
cuda_lanes_sum(Printer *printer, const Value *value)
{
    Schedule *s = printer->s;
    int var = schedule_var(s, value->sum_var);
    const char *own = printer->memory[value->buffer].text;
    Dim step = 1;
    if (!printer->share[value->buffer]) {
        const char *before = printer->var[var];
        printer->var[var] = "flux_lane()";
        own = c_pointer(printer, value->buffer, &value->at);
        printer->var[var] = before;
        affine_factor(s, &value->at, schedule_key(s, var), &step);
        step = dim_mul(s->dims, 16, step);
    }
    return arena_printf(printer->arena, "flux_gpu_%s_%s(%s, %s, %s)",
                        op_info[value->op].name, c_suffix(value->dtype),
                        c_dim(printer, s->var.item[var].extent).text, own,
                        c_dim(printer, step).text);
}

bool
cuda_lanes_find(const Printer *printer, int accumulator)
{
    const Block *block = &printer->lanes->body;
    for (size_t i = 0; i < block->count; i++) {
        if (block->item[i]->kind == STMT_loop &&
            has_step(block->item[i], accumulator))
            return true;
    }
    return false;
}

void
cuda_lanes_join(Printer *printer, const Stmt *loop)
{
    const Schedule *s = printer->s;
    const Block *block = &printer->lanes->body;
    for (size_t i = 0; i < block->count; i++) {
        int a = block->item[i]->accumulator;
        if (block->item[i]->kind != STMT_init || !has_step(loop, a))
            continue;
        const char *name = printer->accumulator[a];
        const char *best = printer->best[a];
        const char *suffix = c_suffix(s->accumulator.item[a].dtype);
        if (s->accumulator.item[a].kind == ACC_argmax)
            writer_line(printer->writer, "%s = flux_gpu_argmax_%s(%s, %s);",
                        name, suffix, best, name);
        else
            writer_line(printer->writer, "%s = flux_gpu_max_%s(%s, %s);", name,
                        suffix, name, best);
    }
}
