/* Rows of a block's samples as one loop over their elements, where these lie
 * side by side and each is computed from those at its place. A row that fills
 * no whole vectors otherwise leaves its last elements to scalars, once for each
 * sample.
 *
 *     for s, for i < 30: d[i, s] *= y[i, s]   ->   for i < 30 n: d[i] *= y[i]
 *
 * What a product's rows have in common, as a bias, hinders that. Where the loop
 * has a function that takes long, the bias is put in the product's memory
 * beforehand, and the product added to it: the bits stay, as of two terms the
 * order does not matter. Of one sample it takes a few cycles more.
 *
 *     c = W * x; y = σ(c .+ b)   ->   y .= b; y += W * x; y = σ(y)
 */
#include "pass/fuse/fuse.h"

enum { ROWS_VECTOR = 64 }; /* bytes of the longest there is */

/* A loop over samples of a block, all that it does a loop over their rows. */
typedef struct {
    Schedule *s;
    Stmt *loop; /* over the elements of a row */
    int sample; /* variables */
    int element;
    Dim length; /* of a row */
} Rows;

/* A bias: let = load of what a call has stored + load of the bias. */
typedef struct {
    Stmt *let;
    int sum; /* the loads */
    int bias;
} Bias;

/* The factor of a variable itself, not of its block; false: it is below 0. */
static bool
factor_of(const Schedule *s, const Affine *at, int var, Dim *factor)
{
    *factor = 0;
    for (int i = 0; i < at->count; i++) {
        if (schedule_var(s, at->term[i].var) != var)
            continue;
        if (at->term[i].minus)
            return false;
        *factor = at->term[i].factor;
    }
    return true;
}

/* Whether an index goes on from row to row. */
static bool
goes_on(const Rows *rows, const Affine *at)
{
    Dim sample;
    Dim element;
    return factor_of(rows->s, at, rows->sample, &sample) &&
           factor_of(rows->s, at, rows->element, &element) &&
           dim_mul(rows->s->dims, element, rows->length) == sample;
}

/* Whether it is that of a row's element, of whatever sample. */
static bool
is_common(const Rows *rows, const Affine *at)
{
    return at->count == 1 && at->start == 0 && at->minus == 0 &&
           schedule_var(rows->s, at->term[0].var) == rows->element &&
           at->term[0].factor == 1 && !at->term[0].minus;
}

static bool
find_rows(Schedule *s, const Stmt *block, const Stmt *stmt, Rows *rows)
{
    if (stmt->kind != STMT_loop || stmt->body.count != 1 ||
        stmt->body.item[0]->kind != STMT_loop)
        return false;
    Stmt *loop = stmt->body.item[0];
    *rows = (Rows){.s = s,
                   .loop = loop,
                   .sample = schedule_var(s, stmt->var),
                   .element = schedule_var(s, loop->var)};
    const LoopVar *sample = &s->var.item[rows->sample];
    const LoopVar *element = &s->var.item[rows->element];
    rows->length = element->extent;
    return sample->kind == VAR_within && element->kind == VAR_plain &&
           schedule_var(s, sample->parent) == schedule_var(s, block->var) &&
           !sample->cut && !element->cut && dim_known(element->extent) &&
           element->extent > 0 && stmt->tag == loop->tag;
}

/* ---- what the loop does ---- */

/* Whether a value is known, or a load that goes on or is common to all rows,
 * of which there may be one.
 */
static bool
takes_value(const Rows *rows, int v, int *common)
{
    const Value *value = &rows->s->value.item[v];
    if (value->kind == VALUE_const || value->kind == VALUE_extent ||
        value->kind == VALUE_map || value->kind == VALUE_join)
        return true;
    if (value->kind != VALUE_load)
        return false;
    if (goes_on(rows, &value->at))
        return true;
    bool first = *common < 0 || *common == v;
    *common = v;
    return first && is_common(rows, &value->at);
}

/* Whether all that a loop does is to compute and store elements at their
 * places, in that order; the load that its rows have in common, or -1.
 */
static bool
is_elementwise(const Rows *rows, int *common)
{
    const Schedule *s = rows->s;
    const Block *body = &rows->loop->body;
    bool stored = false;
    *common = -1;
    for (size_t i = 0; i < body->count; i++) {
        const Stmt *stmt = body->item[i];
        const Value *value = &s->value.item[stmt->value];
        if (stmt->tag != rows->loop->tag)
            return false;
        if (stmt->kind == STMT_store) {
            stored = true;
            if (!goes_on(rows, &stmt->at) ||
                !takes_value(rows, stmt->value, common))
                return false;
            continue;
        }
        if (stored || stmt->kind != STMT_let || value->kind != VALUE_map)
            return false;
        for (int k = 0; k < value->operands; k++)
            if (!takes_value(rows, value->operand[k], common))
                return false;
    }
    return true;
}

/* Whether it computes an elementary function. */
static bool
has_long(const Rows *rows)
{
    const Block *body = &rows->loop->body;
    for (size_t i = 0; i < body->count; i++)
        if (body->item[i]->kind == STMT_let &&
            op_is_function(rows->s->value.item[body->item[i]->value].op))
            return true;
    return false;
}

/* ---- a bias ---- */

typedef struct {
    int buffer;
    int loads;
} Count;

static void
count_loads(void *user, int *buffer, Affine *at, bool store)
{
    Count *count = user;
    (void)at;
    count->loads += !store && *buffer == count->buffer;
}

static bool
is_load(const Schedule *s, int v, int buffer)
{
    const Value *value = &s->value.item[v];
    return value->kind == VALUE_load && value->buffer == buffer;
}

/* Finds the only sum that has the common load, and that its other term is the
 * only load of a buffer, which the loop then stores.
 */
static bool
find_bias(const Rows *rows, int buffer, int common, Bias *bias)
{
    Schedule *s = rows->s;
    const Block *body = &rows->loop->body;
    Count count = {.buffer = buffer};
    int uses = 0;
    bool stored = false;
    for (size_t i = 0; i < body->count; i++) {
        Stmt *stmt = body->item[i];
        const Value *value = &s->value.item[stmt->value];
        schedule_accesses(s, stmt, count_loads, &count);
        if (stmt->kind == STMT_store) {
            /* Behind the store there, the sum is no longer in memory. */
            if (stored && bias->let != NULL && stmt->value == bias->let->value)
                return false;
            uses += stmt->value == common;
            stored = stored || stmt->buffer == buffer;
            continue;
        }
        for (int k = 0; k < value->operands; k++) {
            if (value->operand[k] != common)
                continue;
            if (value->op != OP_add)
                return false;
            uses++;
            *bias = (Bias){stmt, value->operand[1 - k], common};
        }
    }
    return uses == 1 && count.loads == 1 && stored && bias->let != NULL &&
           is_load(s, bias->sum, buffer);
}

/* Whether a call stores a product, all of its block's rows, in memory that is
 * no leaf's or output's. Sums of several blocks would wait elsewhere before
 * they are added.
 */
static bool
is_product(const Rows *rows, const Stmt *block, const Stmt *stmt)
{
    const Schedule *s = rows->s;
    const Product *product = stmt->product;
    if (stmt->kind != STMT_call || stmt->tag != rows->loop->tag ||
        product->end.kind != END_set || product->windows || product->maxima ||
        product->scatter || product->right != 0 || product->buffer[2] < 0 ||
        product->order == ORDER_tree16 || product->var[0] < 0 ||
        product->var[1] < 0 || product->var[2] < 0)
        return false;
    const LoopVar *term = &s->var.item[schedule_var(s, product->var[2])];
    const LoopVar *row = &s->var.item[schedule_var(s, product->var[0])];
    const LoopVar *column = &s->var.item[schedule_var(s, product->var[1])];
    Dim step;
    return s->buffer.item[product->buffer[0]].kind == BUFFER_temp &&
           dim_known(term->extent) && term->extent <= ORDER_BLOCK &&
           row->extent == rows->length && column->kind == VAR_within &&
           schedule_var(s, column->parent) == schedule_var(s, block->var) &&
           factor_of(s, &product->at[0], schedule_var(s, product->var[1]),
                     &step) &&
           step == rows->length;
}

/* Loops that store the bias where the product will be added to it. */
static Stmt *
fill(const Rows *rows, const Stmt *block, const Stmt *call, const Bias *bias)
{
    Schedule *s = rows->s;
    const Value from = s->value.item[bias->bias];
    Affine at = s->value.item[bias->sum].at;
    const LoopVar sample = s->var.item[rows->sample];
    const LoopVar element = s->var.item[rows->element];
    s->tag = rows->loop->tag;
    Stmt *outer = schedule_stmt(s, STMT_loop, from.node);
    Stmt *inner = schedule_stmt(s, STMT_loop, from.node);
    outer->var = schedule_new_var(s, VAR_within, sample.extent);
    inner->var = schedule_new_var(s, VAR_plain, element.extent);
    s->var.item[outer->var].parent = schedule_var(s, block->var);
    s->var.item[outer->var].batch = sample.batch;
    s->var.item[inner->var].axis = element.axis;
    for (int i = 0; i < at.count; i++) {
        int var = schedule_var(s, at.term[i].var);
        if (var == rows->sample)
            at.term[i].var = outer->var;
        if (var == rows->element)
            at.term[i].var = inner->var;
    }
    const Affine place = affine_var(inner->var);
    int value = schedule_load(s, from.buffer, from.dtype, from.node, &place);
    schedule_push_store(s, &inner->body, call->product->buffer[0], &at, value);
    schedule_push(s, &outer->body, inner);
    inner->body.item[0]->parent = inner;
    inner->parent = outer;
    outer->parent = call->parent;
    return outer;
}

/* The sum of product and bias is then what stands in memory. */
static void
take_sum(const Rows *rows, const Bias *bias)
{
    Schedule *s = rows->s;
    Block *body = &rows->loop->body;
    size_t kept = 0;
    for (size_t i = 0; i < body->count; i++)
        if (body->item[i] != bias->let)
            body->item[kept++] = body->item[i];
    body->count = kept;
    rows->loop->node = body->item[0]->node;
    s->value.item[bias->let->value] = s->value.item[bias->sum];
}

static void
insert(Schedule *s, Block *block, size_t at, Stmt *stmt)
{
    schedule_push(s, block, stmt);
    for (size_t i = block->count - 1; i > at; i--)
        block->item[i] = block->item[i - 1];
    block->item[at] = stmt;
}

/* Puts a bias in place before the product that is at a place of the block;
 * whether there is one, and it pays.
 */
static bool
put_bias(const Rows *rows, Stmt *block, size_t at, int common)
{
    Schedule *s = rows->s;
    Stmt *call = block->body.item[at];
    Bias bias = {NULL, -1, -1};
    Dim vector = ROWS_VECTOR / (Dim)dtype_size(s->value.item[common].dtype);
    if (rows->length % vector == 0 || !has_long(rows) ||
        !is_product(rows, block, call) ||
        !find_bias(rows, call->product->buffer[0], common, &bias))
        return false;
    insert(s, &block->body, at, fill(rows, block, call, &bias));
    call->product->end.kind = END_add;
    call->node = s->value.item[bias.let->value].node;
    take_sum(rows, &bias);
    return true;
}

/* ---- one loop ---- */

static void
drop_sample(const Rows *rows, Affine *at)
{
    int kept = 0;
    for (int i = 0; i < at->count; i++)
        if (schedule_var(rows->s, at->term[i].var) != rows->sample)
            at->term[kept++] = at->term[i];
    at->count = kept;
}

static void
drop_access(void *user, int *buffer, Affine *at, bool store)
{
    (void)buffer;
    (void)store;
    drop_sample(user, at);
}

/* Puts the inner loop, over all of the block's elements, in the place of both.
 */
static void
join(Rows *rows, Stmt *block, size_t at)
{
    Schedule *s = rows->s;
    LoopVar *element = &s->var.item[rows->element];
    const LoopVar *sample = &s->var.item[rows->sample];
    Block *body = &rows->loop->body;
    for (size_t i = 0; i < body->count; i++)
        schedule_accesses(s, body->item[i], drop_access, rows);
    element->kind = VAR_within;
    element->parent = sample->parent;
    element->row = rows->length;
    element->extent = dim_mul(s->dims, rows->length, sample->extent);
    rows->loop->parent = block->body.item[at]->parent;
    block->body.item[at] = rows->loop;
}

void
schedule_rows(Schedule *s)
{
    for (size_t b = 0; b < s->body.count; b++) {
        Stmt *block = s->body.item[b];
        if (block->kind != STMT_loop ||
            s->var.item[schedule_var(s, block->var)].kind != VAR_block)
            continue;
        for (size_t i = 0; i < block->body.count; i++) {
            Rows rows;
            int common;
            if (!find_rows(s, block, block->body.item[i], &rows) ||
                !is_elementwise(&rows, &common))
                continue;
            if (common >= 0 &&
                (i == 0 || !put_bias(&rows, block, i - 1, common)))
                continue;
            i += common >= 0 ? 1 : 0;
            join(&rows, block, i);
        }
    }
}
