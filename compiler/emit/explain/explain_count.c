/* What a kernel costs: operations on real numbers, elementary functions, and
 * the bytes of the elements that it reads and writes, each once, but for arrays
 * of its own.
 */
#include "emit/explain/explain.h"

#include "emit/explain/explain_inner.h"

double
explain_number(const Explain *e, Dim dim)
{
    return (double)dim_value(e->s->dims, dim, e->symbol);
}

double
explain_turns(const Explain *e, int number)
{
    const LoopVar *var = &e->s->var.item[schedule_var(e->s, number)];
    if (var->kind == VAR_block)
        return 1; /* what lies within it goes through the whole axis */
    double gathered = e->gathered[schedule_var(e->s, number)];
    return gathered > 0 ? gathered : explain_number(e, var->extent);
}

static bool
is_operation(Op op)
{
    return (op >= OP_add && op <= OP_min) || op == OP_neg || op == OP_abs ||
           op == OP_sqrt || op_info[op].class == CLASS_COMPARE;
}

/* An index that is read stands for no more parts than it is read. */
static void
count_gather(Explain *e, const Value *value, double times)
{
    int var = schedule_var(e->s, value->sum_var);
    double most = explain_number(e, e->s->var.item[var].extent);
    for (int i = 0; i < value->at.count; i++)
        if (schedule_var(e->s, value->at.term[i].var) != var)
            times /= explain_turns(e, value->at.term[i].var);
    e->gathered[var] = times < 1 ? 1 : times < most ? times : most;
}

/* Whether a value is an operation on real numbers, which a comparison of two of
 * them is as well.
 */
static bool
is_real(const Explain *e, const Value *value)
{
    bool compares = op_info[value->op].class == CLASS_COMPARE;
    return dtype_real(compares ? e->s->value.item[value->operand[0]].dtype
                               : value->dtype);
}

static void
count_let(Explain *e, const Value *value, double times)
{
    if (value->kind == VALUE_sum)
        e->cost.operations += times * explain_turns(e, value->sum_var) *
                              (value->op == OP_mul ? 2 : 1);
    else if (value->kind == VALUE_gather)
        count_gather(e, value, times);
    else if (value->kind == VALUE_map && op_is_function(value->op))
        e->cost.functions += times;
    else if (value->kind == VALUE_map && is_operation(value->op) &&
             is_real(e, value))
        e->cost.operations += times * (value->op == OP_fma ? 2 : 1);
}

/* The rows of a product, its columns or its terms, over all their axes. */
double
explain_side(const Explain *e, const Product *product, int side)
{
    double count =
        product->var[side] >= 0 ? explain_turns(e, product->var[side]) : 1;
    for (int i = 0; i < product->axes[side]; i++)
        count *= explain_turns(e, product->more[side][i]);
    return count;
}

static void
count_product(Explain *e, const Product *product, double times)
{
    static const int each[] = {
        [END_set] = 0,   [END_add] = 1,      [END_step] = 2,
        [END_sgd] = 2,   [END_momentum] = 6, [END_rmsprop] = 10,
        [END_adam] = 15, [END_adamw] = 17,   [END_relu] = 1,
        [END_drelu] = 1, [END_dsigma] = 3,   [END_dtanh] = 3};
    const ProductEnd *end = &product->end;
    if (end->kind == END_panels || end->kind == END_turned)
        return;
    bool one = product->buffer[2] < 0 || product->maxima || product->scatter;
    double terms = explain_side(e, product, 2) * (one ? 1 : 2);
    double columns = explain_side(e, product, 1);
    double more = each[end->kind] + 2 * end->clips + 2 * end->penalises;
    times *= explain_side(e, product, 0);
    if (product->scatter) /* each term is of one column */
        terms /= columns;
    if (end->kind >= END_bias && end->kind < END_drelu)
        more += end->givens;
    if (end->kind == END_sigma || end->kind == END_tanh)
        e->cost.functions += times * columns;
    e->cost.operations += times * columns * (terms + more);
}

static void
count(Explain *e, const Stmt *stmt, double times)
{
    switch (stmt->kind) {
    case STMT_loop:
        times *= explain_turns(e, stmt->var);
        for (size_t i = 0; i < stmt->body.count; i++)
            count(e, stmt->body.item[i], times);
        break;
    case STMT_let:
        count_let(e, &e->s->value.item[stmt->value], times);
        break;
    case STMT_step:
        e->cost.operations += times * (stmt->factor >= 0 ? 2 : 1);
        break;
    case STMT_call:
        count_product(e, stmt->product, times);
        break;
    case STMT_derive:
    case STMT_store:
    case STMT_init:
        break;
    }
}

static void
note_access(void *user, int *buffer, Affine *at, bool store)
{
    Explain *e = user;
    explain_touch(e, store ? &e->stores[*buffer] : &e->loads[*buffer], at);
}

static void
add_bytes(Explain *e)
{
    for (size_t b = 0; b < e->s->buffer.count; b++) {
        const Buffer *buffer = &e->s->buffer.item[b];
        double size = (double)dtype_size(buffer->dtype);
        bool own = e->own != NULL && e->own[b] != 0;
        if (own || (buffer->kind == BUFFER_temp && buffer->local))
            continue;
        e->cost.read += size * e->read[b];
        e->cost.written += size * e->written[b];
        if (buffer->kind != BUFFER_temp)
            e->memory += size * (e->read[b] + e->written[b]);
    }
}

void
explain_count(Explain *e, Stmt *const *stmt, size_t statements, double times)
{
    size_t buffers = e->s->buffer.count;
    e->cost = (Cost){0};
    for (size_t b = 0; b < buffers; b++)
        e->loads[b].count = e->stores[b].count = 0;
    const Product *product =
        e->own == NULL && stmt[0]->kind == STMT_call ? stmt[0]->product : NULL;
    for (size_t i = 0; i < statements; i++) {
        count(e, stmt[i], times);
        schedule_accesses(e->s, stmt[i], note_access, e);
        if (product != NULL && i + 1 < statements) /* others go on with it */
            e->stores[product->buffer[0]].count = 0;
    }
    for (size_t b = 0; b < buffers; b++) {
        double most = explain_number(e, e->s->buffer.item[b].count);
        e->read[b] = explain_elements(&e->loads[b], most);
        e->written[b] = explain_elements(&e->stores[b], most);
    }
    if (product != NULL && statements > 1)
        e->read[product->buffer[0]] = 0;
    if (product != NULL &&
        (product->end.kind == END_add || product->end.scalars > 0))
        e->read[product->buffer[0]] = e->written[product->buffer[0]];
    for (int i = 0; product != NULL && i < product->end.moments; i++)
        e->read[product->moment[i]] = e->written[product->moment[i]];
    add_bytes(e);
}

void
explain_count_beside(Explain *e, const Stmt *stmt, double times)
{
    count(e, stmt, times);
}
