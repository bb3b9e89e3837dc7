/* What a net has behind its products, in their calls: a bias, an activation, or
 * an activation's derivative, which the kernel makes of sums that it still has
 * in registers or in the first cache.
 *
 *    c = W * x; for s, for i: c[i, s] = σ(c[i, s] + b[i])   ->   one call
 *
 * These are loops right behind a call, over its rows and samples, that read
 * each element of the result once and store what they make of it in its place.
 * The operations are theirs, so the bits stay.
 */
#include "pass/fuse/fuse.h"

#include <math.h>

/* What is stored, an operation before its operands: c is the sum, b the bias of
 * its row, y the value of an activation at its place.
 */
static const struct {
    EndKind kind;
    const char *form;
} forms[] = {
    {END_bias, "+cb"},      {END_relu, "M+cb0"},   {END_relu, "Mc0"},
    {END_sigma, "S+cb"},    {END_sigma, "Sc"},     {END_tanh, "T+cb"},
    {END_tanh, "Tc"},       {END_drelu, "?>y0c0"}, {END_dsigma, "*c*y-1y"},
    {END_dtanh, "*c-1*yy"},
};

/* The operations of these texts; either operand may come first where both
 * orders have the same bits.
 */
static const struct {
    char letter;
    Op op;
    bool either;
} operations[] = {
    {'+', OP_add, true},  {'*', OP_mul, true},     {'-', OP_sub, false},
    {'M', OP_max, false}, {'S', OP_sigma, false},  {'T', OP_tanh, false},
    {'>', OP_gt, false},  {'?', OP_select, false},
};

enum {
    OPERATIONS = sizeof operations / sizeof *operations,
    VECTOR = 64,      /* bytes of the widest */
    SMALL_ROW = 128,  /* two of them */
    SMALL_TERMS = 128 /* as FLUX_TERMS of kernels/flux_product_small_body.h */
};

bool
schedule_is_epilogue(EndKind kind)
{
    return kind >= END_bias && kind <= END_dtanh;
}

/* A call and the loops behind it, over its rows and columns: variables. */
typedef struct {
    Schedule *s;
    const Product *product;
    const Stmt *inner;
    int row;
    int column; /* -1: there is one */
    int given;  /* the load of b or y; -1: none so far */
    int lets;
    Ref sum; /* the operation that adds the bias; REF_NONE: there is none */
} Epilogue;

/* The factor of a variable of the loops, or of the call, in an index, from
 * which it goes.
 */
static bool
take_factor(const Schedule *s, Affine *at, int var, Dim *factor)
{
    *factor = 0;
    if (var < 0)
        return true;
    int key = schedule_key(s, var);
    if (!affine_factor(s, at, key, factor))
        return false;
    affine_drop(s, at, key);
    return true;
}

/* Whether a load or store is of the call's result at the turn's own place. */
static bool
is_own(const Epilogue *e, int buffer, const Affine *access)
{
    Affine at = *access;
    Affine result = e->product->at[0];
    Dim factor[4];
    return buffer == e->product->buffer[0] &&
           take_factor(e->s, &at, e->row, &factor[0]) &&
           take_factor(e->s, &at, e->column, &factor[1]) &&
           take_factor(e->s, &result, e->product->var[0], &factor[2]) &&
           take_factor(e->s, &result, e->product->var[1], &factor[3]) &&
           factor[0] == 1 && factor[2] == 1 && factor[1] == factor[3] &&
           affine_same(e->s, &at, &result);
}

/* Whether a load is that of a bias, or of an activation's value, which lies
 * with its rows side by side; it is the only one.
 */
static bool
is_given(Epilogue *e, int v, bool bias)
{
    const Schedule *s = e->s;
    const Value *value = &s->value.item[v];
    Affine at = value->at;
    Dim row;
    Dim column;
    if (value->dtype != e->product->dtype ||
        schedule_memory(s, value->buffer) ==
            schedule_memory(s, e->product->buffer[0]) ||
        !take_factor(s, &at, e->row, &row) ||
        !take_factor(s, &at, e->column, &column) || row != 1 ||
        (column == 0) != (bias || e->column < 0))
        return false;
    if (e->given < 0)
        e->given = v;
    const Value *first = &s->value.item[e->given];
    return first->buffer == value->buffer &&
           affine_same(s, &first->at, &value->at);
}

static const char *match(Epilogue *e, int v, const char *form);

/* Matches the operands in this order. */
static const char *
match_operands(Epilogue *e, const Value *value, bool turned, const char *form)
{
    for (int i = 0; i < value->operands && form != NULL; i++)
        form = match(e, value->operand[turned ? 1 - i : i], form);
    return form;
}

/* What is left of a form behind what a value is; NULL: it is something else. */
static const char *
match(Epilogue *e, int v, const char *form)
{
    const Value *value = &e->s->value.item[v];
    bool loads = value->kind == VALUE_load;
    bool is = false;
    for (int i = 0; i < OPERATIONS; i++) {
        if (operations[i].letter != *form)
            continue;
        if (value->kind != VALUE_map || value->op != operations[i].op)
            return NULL;
        const Epilogue before = *e;
        const char *rest = match_operands(e, value, false, form + 1);
        if (rest == NULL && operations[i].either) {
            *e = before;
            rest = match_operands(e, value, true, form + 1);
        }
        e->lets++;
        e->sum = value->op == OP_add ? value->node : e->sum;
        return rest;
    }
    if (*form == 'c')
        is = loads && is_own(e, value->buffer, &value->at);
    else if (*form == 'b' || *form == 'y')
        is = loads && is_given(e, v, *form == 'b');
    else
        is = value->kind == VALUE_const && value->number == *form - '0' &&
             !signbit(value->number);
    return is ? form + 1 : NULL;
}

/* Whether loops run over an axis of the call: all rows, or the samples that it
 * has as columns.
 */
static bool
same_axis(const Schedule *s, int loop, int own)
{
    const LoopVar *a = &s->var.item[schedule_var(s, loop)];
    const LoopVar *b = &s->var.item[schedule_var(s, own)];
    bool within = a->kind == VAR_within;
    if (a->kind != b->kind || a->extent != b->extent || a->cut || b->cut ||
        (a->kind != VAR_plain && !within))
        return false;
    return !within || (a->row == 0 && b->row == 0 &&
                       schedule_key(s, loop) == schedule_key(s, own));
}

/* Whether a product is small and has rows that fill no vectors, as those of
 * layers of ten. One loop over all rows of a block (fuse_rows.c) takes less
 * time than tiles that are masked.
 */
static bool
is_small(const Schedule *s, const Product *product)
{
    Dim row = s->var.item[schedule_var(s, product->var[0])].extent;
    Dim terms = s->var.item[schedule_var(s, product->var[2])].extent;
    return dim_known(row) &&
           row * (Dim)dtype_size(product->dtype) % VECTOR != 0 &&
           row * (Dim)dtype_size(product->dtype) <= SMALL_ROW &&
           dim_known(terms) && terms <= SMALL_TERMS;
}

/* Whether a call is a plain product. */
static bool
is_plain(const Stmt *call)
{
    const Product *p = call->product;
    return call->kind == STMT_call && p->end.kind == END_set && !p->windows &&
           !p->maxima && !p->scatter && p->panels == 0 && p->right == 0 &&
           p->buffer[2] >= 0 && p->order != ORDER_tree16 && p->var[0] >= 0 &&
           p->var[2] >= 0;
}

/* Finds the loops: over samples and rows, or over the rows of one. */
static bool
find_loops(Epilogue *e, const Stmt *call, const Stmt *loop)
{
    const Product *product = call->product;
    e->product = product;
    e->column = -1;
    if (loop->kind != STMT_loop || loop->tag != call->tag)
        return false;
    if (product->var[1] >= 0) {
        if (loop->body.count != 1 ||
            !same_axis(e->s, loop->var, product->var[1]))
            return false;
        e->column = loop->var;
        loop = loop->body.item[0];
        if (loop->kind != STMT_loop || loop->tag != call->tag)
            return false;
    }
    e->inner = loop;
    e->row = loop->var;
    return e->s->var.item[schedule_var(e->s, e->row)].kind == VAR_plain &&
           same_axis(e->s, e->row, product->var[0]);
}

/* What they make of the call's result; END_set: something else. */
static EndKind
kind_of(Epilogue *e)
{
    const Block *body = &e->inner->body;
    const Stmt *store = body->item[body->count - 1];
    for (size_t i = 0; i < body->count; i++)
        if (body->item[i]->kind !=
                (i + 1 < body->count ? STMT_let : STMT_store) ||
            body->item[i]->tag != e->inner->tag)
            return END_set;
    if (!is_own(e, store->buffer, &store->at))
        return END_set;
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        e->given = -1;
        e->lets = 0;
        e->sum = REF_NONE;
        const char *rest = match(e, store->value, forms[i].form);
        if (rest != NULL && *rest == 0 && e->lets == (int)body->count - 1)
            return forms[i].kind;
    }
    return END_set;
}

/* The index of what the end reads, in the variables of the call. */
static Affine
given_at(const Epilogue *e)
{
    Schedule *s = e->s;
    Affine at = s->value.item[e->given].at;
    Dim factor[2];
    take_factor(s, &at, e->row, &factor[0]);
    take_factor(s, &at, e->column, &factor[1]);
    for (int i = 0; i < 2; i++) {
        if (factor[i] == 0)
            continue;
        Affine term = affine_var(e->product->var[i]);
        affine_scale(s, &term, factor[i]);
        affine_add(s, &at, &term);
    }
    return at;
}

/* Whether what the loops behind a call do has become its end. */
static bool
take_loops(Schedule *s, Stmt *call, const Stmt *loop)
{
    Epilogue e = {.s = s};
    if (!is_plain(call) || is_small(s, call->product) ||
        !find_loops(&e, call, loop))
        return false;
    EndKind kind = kind_of(&e);
    if (kind == END_set)
        return false;
    const Block *body = &e.inner->body;
    Product *product = call->product;
    product->end = (ProductEnd){
        .kind = kind,
        .node = s->value.item[body->item[body->count - 1]->value].node,
        .givens = e.given >= 0};
    if (e.given >= 0) {
        product->given_at = given_at(&e);
        product->given = s->value.item[e.given].buffer;
    }
    if (e.sum != REF_NONE)
        call->node = e.sum;
    return true;
}

static void
take_block(Schedule *s, Block *block)
{
    size_t kept = 0;
    for (size_t i = 0; i < block->count; i++) {
        Stmt *stmt = block->item[i];
        if (kept > 0 && block->item[kept - 1]->kind == STMT_call &&
            take_loops(s, block->item[kept - 1], stmt))
            continue;
        if (stmt->kind == STMT_loop && !schedule_is_step_loop(s, stmt))
            take_block(s, &stmt->body);
        block->item[kept++] = stmt;
    }
    block->count = kept;
}

void
schedule_epilogues(Schedule *s)
{
    take_block(s, &s->body);
}
