/* What a function has for threads to do: the matrix products that they share,
 * and all products of loops that they share.
 */
#include "emit/c/c_model.h"

/* The turns of a product's variable, of all samples; -1: it has none. */
static Dim
var_extent(const Schedule *s, int var)
{
    if (var < 0)
        return 1;
    return s->var.item[schedule_key(s, var)].extent;
}

/* The multiply-adds of one product, of all samples. */
static Dim
product_work(const Schedule *s, const Product *product)
{
    Dim work = 1;
    for (int i = 0; i < 3; i++) {
        work = dim_mul(s->dims, work, var_extent(s, product->var[i]));
        for (int k = 0; k < product->axes[i]; k++)
            work = dim_mul(s->dims, work, var_extent(s, product->more[i][k]));
    }
    return work;
}

/* Adds those of a block that is run so many times. Loops over blocks of samples
 * are in the products' own extents.
 */
static Dim
block_work(const Schedule *s, const Block *block, Dim times, bool shared)
{
    Dim work = 0;
    for (size_t i = 0; i < block->count; i++) {
        const Stmt *stmt = block->item[i];
        Dim own = 0;
        if (stmt->kind == STMT_call && stmt->product->buffer[2] >= 0 &&
            !stmt->product->maxima && !stmt->product->scatter &&
            (shared || !stmt->product->windows))
            own = dim_mul(s->dims, times, product_work(s, stmt->product));
        if (stmt->kind == STMT_loop) {
            const LoopVar *var = &s->var.item[schedule_var(s, stmt->var)];
            Dim inner = var->kind == VAR_block
                            ? times
                            : dim_mul(s->dims, times, var->extent);
            own = block_work(s, &stmt->body, inner, shared || stmt->shared);
        }
        work = dim_add(s->dims, work, own);
    }
    return work;
}

Dim
c_multiply_adds(const Schedule *s)
{
    return block_work(s, &s->body, 1, false);
}
