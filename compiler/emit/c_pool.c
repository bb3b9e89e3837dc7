/* What a function has for threads to do: its matrix products. */
#include "emit/c_model.h"

/* The multiply-adds of one product, of all samples. */
static Dim
product_work(const Schedule *s, const Product *product)
{
    Dim work = 1;
    for (int i = 0; i < 3; i++) {
        if (product->var[i] < 0)
            continue;
        const LoopVar *var = &s->var.item[schedule_var(s, product->var[i])];
        if (var->kind == VAR_within)
            var = &s->var.item[schedule_var(s, var->parent)];
        work = dim_mul(s->dims, work, var->extent);
    }
    return work;
}

/* Adds those of a block that is run so many times. Loops over blocks of samples
 * are in the products' own extents.
 */
static Dim
block_work(const Schedule *s, const Block *block, Dim times)
{
    Dim work = 0;
    for (size_t i = 0; i < block->count; i++) {
        const Stmt *stmt = block->item[i];
        Dim own = 0;
        if (stmt->kind == STMT_call && stmt->product->buffer[2] >= 0 &&
            !stmt->product->windows)
            own = dim_mul(s->dims, times, product_work(s, stmt->product));
        if (stmt->kind == STMT_loop) {
            const LoopVar *var = &s->var.item[schedule_var(s, stmt->var)];
            Dim inner = var->kind == VAR_block
                            ? times
                            : dim_mul(s->dims, times, var->extent);
            own = block_work(s, &stmt->body, inner);
        }
        work = dim_add(s->dims, work, own);
    }
    return work;
}

Dim
c_multiply_adds(const Schedule *s)
{
    return block_work(s, &s->body, 1);
}
