/* Nests with narrow rows. Of vectors of 512 bits such a row fills one and a
 * half at the most, so those of 256 do it as soon, and what is compiled for
 * both takes longer to compile and no less to run. So it is with loops over
 * samples, of which each has few elements and these few operations: the
 * products around them take all the time.
 */
#include "emit/c/c_print.h"

enum {
    NARROW_FROM = 32, /* bytes of a row: a vector of 256 bits. Of fewer, vectors
                       * are put together from several, for which clang needs
                       * the instructions of AVX-512 */
    NARROW_BYTES = 96, /* and three of them */
    NARROW_LANES = 4   /* of a sum: with 16, they are the row */
};

/* Whether a statement, which is no loop, is worth wide vectors whatever the
 * rows are: sums in many lanes are, and calls, as of a row's sum.
 */
static bool
is_wide(const Schedule *s, const Stmt *stmt)
{
    switch (stmt->kind) {
    case STMT_let:
        return s->value.item[stmt->value].kind == VALUE_sum;
    case STMT_step:
        return s->accumulator.item[stmt->accumulator].lanes > NARROW_LANES;
    default:
        return stmt->kind == STMT_call;
    }
}

/* Whether a loop's turns add to a sum that begins outside of it. */
static bool
sums_up(const Stmt *loop)
{
    bool steps = false;
    for (size_t i = 0; i < loop->body.count; i++) {
        if (loop->body.item[i]->kind == STMT_init)
            return false;
        steps = steps || loop->body.item[i]->kind == STMT_step;
    }
    return steps;
}

/* How many elements a turn of a loop over samples stands for; 0 if it is none.
 */
static Dim
row_of(const Schedule *s, const LoopVar *var)
{
    bool batch =
        var->batch || (var->kind == VAR_within &&
                       s->var.item[schedule_var(s, var->parent)].batch);
    return !batch ? 0 : var->row != 0 ? var->row : 1;
}

/* Whether an innermost loop runs over samples, or over their rows as one, and
 * computes no function.
 */
static bool
is_light(const Schedule *s, const Stmt *loop, DType dtype)
{
    for (size_t i = 0; i < loop->body.count; i++) {
        const Stmt *stmt = loop->body.item[i];
        const Value *value = &s->value.item[stmt->value];
        bool map = stmt->kind == STMT_let && value->kind == VALUE_map;
        if (stmt->kind != STMT_store && (!map || op_is_function(value->op)))
            return false;
    }
    Dim row = row_of(s, &s->var.item[schedule_var(s, loop->var)]);
    return dim_known(row) && row > 0 &&
           row * (Dim)dtype_size(dtype) <= NARROW_BYTES;
}

static bool
is_row(const LoopVar *var, DType dtype)
{
    Dim bytes =
        dim_known(var->extent) ? var->extent * (Dim)dtype_size(dtype) : 0;
    return bytes >= NARROW_FROM && bytes <= NARROW_BYTES;
}

/* Vectors lie along the innermost loop; where that sums up, along the one
 * around it, or nowhere, as where the terms are in blocks.
 */
static bool
is_narrow(const Schedule *s, const Stmt *loop, const Stmt *around)
{
    bool inner = false;
    bool sums = sums_up(loop);
    DType dtype = DTYPE_f32;
    for (size_t i = 0; i < loop->body.count; i++) {
        const Stmt *stmt = loop->body.item[i];
        if (stmt->kind == STMT_loop) {
            inner = true;
            if (!is_narrow(s, stmt, loop))
                return false;
        } else if (is_wide(s, stmt)) {
            return false;
        }
        if (stmt->kind == STMT_store)
            dtype = s->value.item[stmt->value].dtype;
        else if (stmt->kind == STMT_step)
            dtype = s->accumulator.item[stmt->accumulator].dtype;
    }
    if (inner || (around == NULL && is_light(s, loop, dtype)))
        return true;
    const Stmt *row = sums ? around : loop;
    const LoopVar *var =
        row != NULL ? &s->var.item[schedule_var(s, row->var)] : NULL;
    return var == NULL || (sums && var->kind == VAR_block) ||
           is_row(var, dtype);
}

bool
c_narrow(const Schedule *s, const Stmt *nest)
{
    return is_narrow(s, nest, NULL);
}
