/* Panels: an operand that products in a loop over steps read, and that is the
 * same in each step, is laid out before the loop as the kernel reads it best.
 *
 * That pays where it is large, so that it does not stay in the cache beside
 * what a step computes, and where there are some steps. With few columns the
 * kernel may take the operand as it stands, which is still one of the call's.
 */
#include "pass/fuse/fuse.h"

enum {
    PANELS_FROM = 1 << 14, /* elements of an operand */
    PANELS_STEPS = 8       /* turns of a loop */
};

/* A loop over steps, and which buffers it stores into. */
typedef struct {
    Schedule *s;
    const Stmt *loop;
    bool *stored; /* by buffer */
} Turns;

static void
note_store(void *user, int *buffer, Affine *at, bool store)
{
    Turns *turns = user;
    (void)at;
    if (store)
        turns->stored[*buffer] = true;
}

static const LoopVar *
var_of(const Schedule *s, int var)
{
    return &s->var.item[schedule_var(s, var)];
}

/* Whether an operand's index hangs on the call's rows and terms alone. */
static bool
is_whole(const Schedule *s, const Product *product)
{
    const Affine *at = &product->at[1];
    for (int i = 0; i < at->count; i++) {
        int var = schedule_var(s, at->term[i].var);
        if (var != schedule_var(s, product->var[0]) &&
            var != schedule_var(s, product->var[2]))
            return false;
    }
    return true;
}

/* Whether a product's first operand is laid out before the loop. */
static bool
has_panels(const Turns *turns, const Product *product)
{
    const Schedule *s = turns->s;
    Dim side;
    if (product->windows || product->scatter || product->buffer[2] < 0 ||
        product->panels != 0 || product->order != ORDER_seq ||
        product->end.scalars > 0 || turns->stored[product->buffer[1]])
        return false;
    for (int i = 0; i < 3; i++)
        if (product->var[i] < 0)
            return false;
    const LoopVar *row = var_of(s, product->var[0]);
    const LoopVar *term = var_of(s, product->var[2]);
    return row->kind == VAR_plain && term->kind == VAR_plain &&
           dim_known(row->extent) && dim_known(term->extent) &&
           row->extent * term->extent >= PANELS_FROM &&
           affine_factor(s, &product->at[0], schedule_var(s, product->var[0]),
                         &side) &&
           side == 1 && is_whole(s, product);
}

/* The call that lays them out. */
static Stmt *
make_panels(const Turns *turns, const Stmt *call)
{
    Schedule *s = turns->s;
    const Product *product = call->product;
    Dim rows = var_of(s, product->var[0])->extent;
    Dim terms = var_of(s, product->var[2])->extent;
    Dim tall = 128 / (Dim)dtype_size(product->dtype); /* FLUX_PANEL */
    Product *panels = arena_copy(s->arena, product, sizeof *product);
    panels->end = (ProductEnd){.kind = END_panels};
    panels->buffer[0] = schedule_temp(s, product->dtype, call->node,
                                      (rows + tall - 1) / tall * tall * terms);
    panels->buffer[2] = -1;
    panels->at[0] = affine_of(0);
    Stmt *stmt = schedule_stmt(s, STMT_call, call->node);
    stmt->product = panels;
    stmt->tag = call->tag != 0 ? call->tag : turns->loop->tag;
    return stmt;
}

/* Makes those of a body's products, before the loop. */
static void
panels_before(const Turns *turns, const Block *body, Block *before)
{
    for (size_t i = 0; i < body->count; i++) {
        Stmt *stmt = body->item[i];
        if (stmt->kind == STMT_loop) {
            panels_before(turns, &stmt->body, before);
        } else if (stmt->kind == STMT_call &&
                   has_panels(turns, stmt->product)) {
            Stmt *made = make_panels(turns, stmt);
            stmt->product->panels = made->product->buffer[0] + 1;
            schedule_push(turns->s, before, made);
        }
    }
}

static void
panels_block(Schedule *s, Block *block)
{
    Block all = {0};
    for (size_t i = 0; i < block->count; i++) {
        Stmt *stmt = block->item[i];
        if (schedule_is_step_loop(s, stmt)) {
            Turns turns = {s, stmt,
                           ARENA_ARRAY(s->arena, bool, s->buffer.count + 1)};
            schedule_accesses(s, stmt, note_store, &turns);
            Dim steps = var_of(s, stmt->var)->extent;
            if (!dim_known(steps) || steps >= PANELS_STEPS)
                panels_before(&turns, &stmt->body, &all);
            panels_block(s, &stmt->body);
        }
        schedule_push(s, &all, stmt);
    }
    *block = all;
}

void
schedule_panels(Schedule *s)
{
    if (s->loop.count > 0)
        panels_block(s, &s->body);
}
