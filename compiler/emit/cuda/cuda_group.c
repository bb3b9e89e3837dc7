/* Narrow layers as one kernel: what follows one another and does something for
 * each sample alone is done by a block for its 32 samples, from product to
 * product, with its threads waiting for each other in between.
 *
 * What only such a kernel needs lies in the memory that a block's threads
 * share, as far as there is room: an activation that is no more than the next
 * layer's input is never stored. Pointers to arrays of samples begin at the
 * block's own, so that its loops count its samples from 0.
 *
 * A sample's part of an array is touched for that sample only, and what all
 * samples read is stored elsewhere; so no block needs another.
 */
#include "emit/cuda/cuda_group.h"

#include <string.h>

enum {
    GROUP_KERNELS = 64, /* at most */
    GROUP_WIDEST = 128, /* rows and terms of a product, elements of a sample */
    GROUP_ROOM = 47 * 1024, /* bytes that threads share */
    GROUP_TILE = 5 * 1024   /* elements of a tile's memory, of that */
};

static Dim
extent_of(const Schedule *s, int var)
{
    return var < 0 ? 1 : s->var.item[schedule_var(s, var)].extent;
}

/* Whether what a name, if it has one, stands for can begin elsewhere. */
static bool
is_pointer(const Printer *printer, int buffer)
{
    const Memory *memory = &printer->memory[buffer];
    return !memory->scalar &&
           (memory->text == NULL || strpbrk(memory->text, "->.[&") == NULL);
}

/* Whether an index has no number of samples in it. */
static bool
is_fixed(const Affine *at)
{
    bool fixed = dim_known(at->start) && dim_known(at->minus);
    for (int i = 0; i < at->count; i++)
        fixed = fixed && dim_known(at->term[i].factor);
    return fixed;
}

static void
note_access(void *user, int *buffer, Affine *at, bool store)
{
    Group *g = user;
    Schedule *s = g->printer->s;
    Affine rest = *at;
    Part part = {g->kernel, *buffer, 0, store};
    if (s->buffer.item[*buffer].local)
        return;
    if (!affine_factor(s, at, g->var, &part.step)) {
        g->may = false;
        return;
    }
    affine_drop(s, &rest, g->var);
    g->may = g->may && is_fixed(at);
    if (part.step == 0)
        g->may = g->may && !store;
    else
        g->may = g->may && affine_below(s, &rest, part.step) &&
                 is_pointer(g->printer, *buffer);
    if (!g->may)
        return;
    part.step = part.step * g->turns;
    g->may = part.step <= GROUP_WIDEST;
    VEC_PUSH(s->arena, &g->part, part);
}

static bool
names_samples(const Group *g, const Affine *at)
{
    Dim factor;
    return !affine_factor(g->printer->s, at, g->var, &factor) || factor != 0;
}

/* Whether a loop is as long for some samples as for all. */
static bool
is_own_loop(const Group *g, int var)
{
    const Schedule *s = g->printer->s;
    return schedule_key(s, var) == g->var || dim_known(extent_of(s, var));
}

/* Whether a value is the same wherever a block's samples begin. */
static bool
may_compute(const Group *g, int v)
{
    const Value *value = &g->printer->s->value.item[v];
    switch (value->kind) {
    case VALUE_extent:
        return dim_known(value->extent);
    case VALUE_index:
        return !names_samples(g, &value->at);
    case VALUE_random:
        return false;
    case VALUE_guard:
        for (int i = 0; i < value->guards; i++)
            if (names_samples(g, &value->guard[i].index) ||
                !dim_known(value->guard[i].extent))
                return false;
        return may_compute(g, value->operand[0]);
    case VALUE_gather:
    case VALUE_sum:
        return is_own_loop(g, value->sum_var);
    case VALUE_const:
    case VALUE_load:
    case VALUE_map:
    case VALUE_join:
        break;
    }
    return true;
}

static bool
may_do(const Group *g, const Stmt *stmt)
{
    const Schedule *s = g->printer->s;
    switch (stmt->kind) {
    case STMT_loop:
        for (size_t i = 0; i < stmt->body.count; i++)
            if (!may_do(g, stmt->body.item[i]))
                return false;
        return is_own_loop(g, stmt->var);
    case STMT_let:
        for (int i = 0; i < s->value.item[stmt->value].operands; i++)
            if (!may_compute(g, s->value.item[stmt->value].operand[i]))
                return false;
        return may_compute(g, stmt->value);
    case STMT_store:
        return may_compute(g, stmt->value);
    case STMT_step:
        return may_compute(g, stmt->value) &&
               (stmt->factor < 0 || may_compute(g, stmt->factor));
    case STMT_init:
        return true;
    case STMT_derive:
    case STMT_call:
        break;
    }
    return false;
}

/* The loop over samples, or over all elements of all of them. */
static bool
is_over_samples(Group *g, int var)
{
    Schedule *s = g->printer->s;
    bool exact = true;
    g->var = schedule_key(s, var);
    g->turns = dim_div(s->dims, extent_of(s, var), dim_batch(s->dims), &exact);
    return exact && dim_known(g->turns);
}

static bool
is_narrow(const Group *g, const Product *p)
{
    const Schedule *s = g->printer->s;
    Dim rows = extent_of(s, p->var[0]);
    Dim terms = extent_of(s, p->var[2]);
    return p->buffer[2] >= 0 &&
           cuda_tiles_of(g->printer, p).kind != TILES_none && p->var[1] >= 0 &&
           p->end.kind == END_set && p->order != ORDER_tree16 &&
           dim_known(rows) && rows <= GROUP_WIDEST && dim_known(terms) &&
           terms <= GROUP_WIDEST && !cuda_in_tensor_cores(g->printer, p) &&
           !cuda_gemm(g->printer, p);
}

/* Whether a kernel of so many statements can be of the group; notes what it
 * touches.
 */
static bool
may_join(Group *g, size_t at, size_t count)
{
    Printer *printer = g->printer;
    Stmt *stmt = g->block->item[at];
    EpilogueVars var;
    Nest nest;
    g->kernel = at;
    g->may = true;
    if (stmt->kind == STMT_call) {
        if (!is_narrow(g, stmt->product) ||
            !is_over_samples(g, stmt->product->var[1]) || g->turns != 1)
            return false;
        if (g->product == NULL)
            g->product = stmt->product;
        schedule_accesses(printer->s, stmt, note_access, g);
        if (count == 1 || !g->may)
            return g->may;
        cuda_epilogue(printer, g->block, at, &var);
        stmt = g->block->item[at + 1];
        if (!is_over_samples(g, var.loop[!var.flat]))
            return false;
    } else if (count > 1 || schedule_calls(stmt) ||
               cuda_nest(printer, &nest, stmt) == NULL ||
               !is_over_samples(g, nest.var[0])) {
        return false;
    }
    schedule_accesses(printer->s, stmt, note_access, g);
    return g->may && may_do(g, stmt);
}

/* Whether only the group needs a buffer, of which each sample has a part. */
static bool
is_inner(const Group *g, int buffer)
{
    const Buffer *b = &g->printer->s->buffer.item[buffer];
    Dim step = 0;
    if (b->kind != BUFFER_temp || b->carried || b->slot < 0 ||
        b->first->place < g->block->item[g->from]->place ||
        b->last->end > g->block->item[g->end - 1]->end)
        return false;
    for (size_t i = 0; i < g->part.count; i++) {
        const Part *part = &g->part.item[i];
        if (part->buffer != buffer)
            continue;
        if (part->step == 0 || (step != 0 && part->step != step))
            return false;
        step = part->step;
    }
    return true;
}

/* The array for a buffer of so many elements a sample, as far as there is room;
 * its number from 1, or 0.
 */
static int
array_of(Group *g, const Buffer *b, Dim step, Dim *room)
{
    Array array = {b->slot, b->offset, b->dtype, step};
    Dim bytes = GROUP * (Dim)dtype_size(b->dtype);
    size_t i = 0;
    while (i < g->array.count && (g->array.item[i].slot != b->slot ||
                                  g->array.item[i].offset != b->offset ||
                                  g->array.item[i].dtype != b->dtype))
        i++;
    Dim before = i < g->array.count ? g->array.item[i].step : 0;
    Dim more = step > before ? (step - before) * bytes : 0;
    if (more > *room)
        return 0;
    *room -= more;
    if (i == g->array.count)
        VEC_PUSH(g->printer->arena, &g->array, array);
    else if (more > 0)
        g->array.item[i].step = step;
    return (int)i + 1;
}

/* Gives inner buffers their arrays. */
static void
place(Group *g)
{
    const Schedule *s = g->printer->s;
    Dim room = GROUP_ROOM;
    if (g->product != NULL)
        room -= GROUP_TILE * (Dim)dtype_size(g->product->dtype);
    g->array.count = 0;
    for (size_t i = 0; i < g->part.count; i++)
        g->own[g->part.item[i].buffer] = 0;
    for (size_t i = 0; i < g->part.count; i++) {
        int buffer = g->part.item[i].buffer;
        if (g->own[buffer] == 0 && is_inner(g, buffer))
            g->own[buffer] = array_of(g, &s->buffer.item[buffer],
                                      g->part.item[i].step, &room);
    }
}

/* Whether blocks keep off what other blocks touch: two accesses of which one is
 * a store.
 */
static bool
keeps_off(const Group *g, const Part *store, const Part *other)
{
    const Schedule *s = g->printer->s;
    return !store->store || g->own[store->buffer] != 0 ||
           g->own[other->buffer] != 0 ||
           !c_same_memory(s, store->buffer, other->buffer) ||
           (store->step == other->step &&
            c_begin_together(s, store->buffer, other->buffer));
}

/* The first kernel that does not keep off those before it, or the group's end.
 */
static size_t
first_amiss(const Group *g)
{
    size_t least = g->end;
    for (size_t i = 0; i < g->part.count; i++) {
        for (size_t k = 0; k < g->part.count; k++) {
            const Part *a = &g->part.item[i];
            const Part *b = &g->part.item[k];
            size_t kernel = a->kernel > b->kernel ? a->kernel : b->kernel;
            if (kernel < least && !keeps_off(g, a, b))
                least = kernel;
        }
    }
    return least;
}

/* Leaves out kernels from one on, and gives the others their arrays. */
static void
cut(Group *g, size_t end)
{
    size_t kept = 0;
    for (size_t i = 0; i < g->part.count; i++)
        if (g->part.item[i].kernel < end)
            g->part.item[kept++] = g->part.item[i];
    g->part.count = kept;
    g->end = end;
    place(g);
}

size_t
cuda_phase_length(Printer *printer, const Block *block, size_t from)
{
    EpilogueVars var;
    if (cuda_epilogue(printer, block, from, &var) != NULL)
        return 2;
    return schedule_kernel(printer->s, block, from);
}

/* How many kernels it has; whether one is a product. */
static size_t
count_of(const Group *g, bool *product)
{
    size_t kernels = 0;
    *product = false;
    for (size_t i = g->from; i < g->end; kernels++) {
        *product = *product || g->block->item[i]->kind == STMT_call;
        i += cuda_phase_length(g->printer, g->block, i);
    }
    return kernels;
}

bool
cuda_group_find(Group *g, Printer *printer, const Block *block, size_t from)
{
    bool product;
    size_t amiss;
    size_t kernels = 0;
    int *own = ARENA_ARRAY(printer->arena, int, printer->s->buffer.count + 1);
    *g = (Group){.printer = printer,
                 .block = block,
                 .from = from,
                 .end = from,
                 .own = own};
    while (g->end < block->count && kernels++ < GROUP_KERNELS &&
           block->item[g->end]->tag == block->item[from]->tag &&
           !schedule_is_step_loop(printer->s, block->item[g->end])) {
        size_t count = cuda_phase_length(printer, block, g->end);
        if (!may_join(g, g->end, count))
            break;
        g->end += count;
    }
    cut(g, g->end);
    while ((amiss = first_amiss(g)) < g->end)
        cut(g, amiss);
    return count_of(g, &product) > 1 && product;
}
