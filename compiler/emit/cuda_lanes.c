/* Sums that one thread would have for itself, such as a loss, by 16 threads: a
 * lane of the order tree16 is one thread's, and so the bits are the same.
 *
 * All 16 do the rest of the kernel, too, and store the same numbers. So none
 * may read what another one stores.
 */
#include "emit/cuda_print.h"

enum { FEW = 16 }; /* terms that one thread adds up as fast */

/* What the statements of a kernel read and store. */
typedef struct {
    const Schedule *s;
    const Stmt *group;
    bool sums;
} Lanes;

static bool
is_stored(const Lanes *l, int buffer)
{
    for (size_t i = 0; i < l->group->body.count; i++) {
        const Stmt *stmt = l->group->body.item[i];
        if (stmt->kind == STMT_store &&
            c_same_memory(l->s, stmt->buffer, buffer))
            return true;
    }
    return false;
}

static bool
may_compute(Lanes *l, int v)
{
    const Value *value = &l->s->value.item[v];
    bool may = true;
    Dim terms;
    switch (value->kind) {
    case VALUE_const:
    case VALUE_extent:
    case VALUE_index:
        return true;
    case VALUE_sum:
        terms = l->s->var.item[schedule_var(l->s, value->sum_var)].extent;
        if (value->order == ORDER_tree16 && (!dim_known(terms) || terms > FEW))
            l->sums = true;
        return !is_stored(l, value->buffer);
    case VALUE_load:
        return !is_stored(l, value->buffer);
    case VALUE_map:
    case VALUE_random:
        for (int i = 0; i < value->operands; i++)
            may = may && may_compute(l, value->operand[i]);
        return may;
    case VALUE_guard:
    case VALUE_gather:
    case VALUE_join:
        break;
    }
    return false;
}

bool
cuda_has_lanes(const Printer *printer, const Stmt *group)
{
    Lanes l = {printer->s, group, false};
    for (size_t i = 0; i < group->body.count; i++) {
        const Stmt *stmt = group->body.item[i];
        if ((stmt->kind != STMT_let && stmt->kind != STMT_store) ||
            !may_compute(&l, stmt->value))
            return false;
    }
    return l.sums;
}
