/* Products of one large first operand, in one call: gradients of what the same
 * values went through, such as W, U and b of a recurrence over its steps. The
 * operand is then read once for all.
 *
 * Calls of the program that have such an operand in common come right behind
 * the first of them, where no statement between stores what they touch, or
 * touches what they store.
 */
#include "pass/fuse/fuse.h"

enum {
    BESIDE_FROM = 1 << 14, /* elements of the operand, of one sample */
    BESIDE_MOST = 4        /* FLUX_RIGHTS_MOST */
};

/* What a statement touches, by memory; and whether another meets that. */
typedef struct {
    const Schedule *s;
    bool *loaded;
    bool *stored;
    bool meets;
} Touched;

static void
note(void *user, int *buffer, Affine *at, bool store)
{
    Touched *touched = user;
    bool *by = store ? touched->stored : touched->loaded;
    (void)at;
    by[schedule_memory(touched->s, *buffer)] = true;
}

static void
look(void *user, int *buffer, Affine *at, bool store)
{
    Touched *touched = user;
    int memory = schedule_memory(touched->s, *buffer);
    (void)at;
    touched->meets = touched->meets || touched->stored[memory] ||
                     (store && touched->loaded[memory]);
}

/* Whether the statement at `from` may come to stand at `to`, before it. */
static bool
can_move(Schedule *s, const Block *block, size_t from, size_t to)
{
    ArenaMark mark = arena_mark(s->arena);
    Touched touched = {s, ARENA_ARRAY(s->arena, bool, s->buffer.count + 1),
                       ARENA_ARRAY(s->arena, bool, s->buffer.count + 1), false};
    schedule_accesses(s, block->item[from], note, &touched);
    for (size_t i = to; i < from && !touched.meets; i++)
        schedule_accesses(s, block->item[i], look, &touched);
    arena_rewind(s->arena, &mark);
    return !touched.meets;
}

static Dim
extent_of(const Schedule *s, int var)
{
    return s->var.item[schedule_var(s, var)].extent;
}

/* The strides of a call's rows and terms in one of its accesses; false where
 * these are not simple. `rest` is its index without them.
 */
static bool
strides_of(const Schedule *s, const Product *product, int access, Affine *rest,
           Dim *row, Dim *term)
{
    int key[2] = {schedule_var(s, product->var[0]),
                  schedule_var(s, product->var[2])};
    *rest = product->at[access];
    if (!affine_factor(s, rest, key[0], row) ||
        !affine_factor(s, rest, key[1], term))
        return false;
    affine_drop(s, rest, key[0]);
    affine_drop(s, rest, key[1]);
    return true;
}

/* Whether a statement is a product or sums that one call makes with others. */
static bool
is_right(Schedule *s, const Stmt *stmt)
{
    const Product *product = stmt->product;
    Affine rest;
    Dim row;
    Dim term;
    if (stmt->kind != STMT_call || product->windows || product->maxima ||
        product->scatter || product->order != ORDER_seq ||
        product->panels != 0 || product->var[0] < 0 || product->var[2] < 0 ||
        (product->end.kind != END_set && product->end.kind != END_add &&
         product->end.kind != END_step) ||
        !strides_of(s, product, 0, &rest, &row, &term))
        return false;
    Dim elements = dim_mul(s->dims, extent_of(s, product->var[0]),
                           extent_of(s, product->var[2]));
    return row == 1 && !dim_known(elements) &&
           dim_at_most(s->dims, BESIDE_FROM, elements);
}

static bool
same_scale(const Schedule *s, const Product *a, const Product *b)
{
    if (a->end.kind != END_step || a->scalar[0] == b->scalar[0])
        return true;
    const Value *x = &s->value.item[a->scalar[0]];
    const Value *y = &s->value.item[b->scalar[0]];
    return x->kind == VALUE_load && y->kind == VALUE_load &&
           x->buffer == y->buffer && affine_same(s, &x->at, &y->at);
}

/* Whether two of them read the same rows of one operand, and end alike. */
static bool
are_alike(const Schedule *s, const Stmt *first, const Stmt *other)
{
    const Product *a = first->product;
    const Product *b = other->product;
    Affine rest[2];
    Dim row[2];
    Dim term[2];
    return first->tag == other->tag && a->dtype == b->dtype &&
           a->buffer[1] == b->buffer[1] && a->end.kind == b->end.kind &&
           same_scale(s, a, b) &&
           extent_of(s, a->var[0]) == extent_of(s, b->var[0]) &&
           extent_of(s, a->var[2]) == extent_of(s, b->var[2]) &&
           strides_of(s, a, 1, &rest[0], &row[0], &term[0]) &&
           strides_of(s, b, 1, &rest[1], &row[1], &term[1]) &&
           row[0] == row[1] && term[0] == term[1] &&
           affine_same(s, &rest[0], &rest[1]);
}

/* Brings those that go with the statement at `from` behind it. */
static int
gather(Schedule *s, Block *block, size_t from)
{
    int count = 1;
    for (size_t i = from + 1; i < block->count && count < BESIDE_MOST; i++) {
        Stmt *stmt = block->item[i];
        size_t to = from + (size_t)count;
        if (!is_right(s, stmt) || !are_alike(s, block->item[from], stmt) ||
            !can_move(s, block, i, from))
            continue;
        for (size_t k = i; k > to; k--)
            block->item[k] = block->item[k - 1];
        block->item[to] = stmt;
        count++;
    }
    return count;
}

void
schedule_beside(Schedule *s)
{
    Block *block = &s->body;
    for (size_t i = 0; i < block->count; i++) {
        if (!is_right(s, block->item[i]))
            continue;
        int count = gather(s, block, i);
        for (int k = 0; k < count && count > 1; k++) {
            Product *product = block->item[i + (size_t)k]->product;
            product->right = k + 1;
            product->last = k + 1 == count;
        }
        i += (size_t)count - 1;
    }
}
