/* Loops whose turns are apart: what one stores, no other touches. A C compiler
 * compares the addresses of few arrays before it makes vectors of a loop; of
 * more it is told that they do not meet.
 */
#include "emit/c/c_print.h"

/* Pairs of arrays, one of them stored, that compilers compare by themselves. */
enum { APART_FROM = 8, APART_MOST = 64 };

typedef struct {
    int buffer;
    const Affine *at;
    bool store;
} Access;

typedef struct {
    Access item[APART_MOST];
    int count;
    bool many; /* more than there is room for */
} Accesses;

static void
note_access(void *user, int *buffer, Affine *at, bool store)
{
    Accesses *all = user;
    all->many = all->many || all->count == APART_MOST;
    if (!all->many)
        all->item[all->count++] = (Access){*buffer, at, store};
}

bool
c_begin_together(const Schedule *s, int a, int b)
{
    const Buffer *x = &s->buffer.item[a];
    const Buffer *y = &s->buffer.item[b];
    bool arena = x->kind == BUFFER_temp && y->kind == BUFFER_temp;
    return dtype_size(x->dtype) == dtype_size(y->dtype) &&
           (!arena || (x->slot == y->slot && x->each == y->each &&
                       x->offset == y->offset));
}

/* Whether an access in one turn never meets a store in another: they are at one
 * place in each, or further from each other than the loop goes.
 */
static bool
keeps_apart(Schedule *s, const Stmt *loop, const Access *store,
            const Access *other)
{
    Dim factor;
    Dim extent = s->var.item[schedule_var(s, loop->var)].extent;
    if (!c_same_memory(s, store->buffer, other->buffer))
        return true;
    Affine far = *store->at;
    affine_subtract(s, &far, other->at);
    if (!c_begin_together(s, store->buffer, other->buffer) || far.count > 0 ||
        !dim_known(far.start) || !dim_known(far.minus))
        return false;
    Dim distance = far.start - far.minus;
    distance = distance < 0 ? -distance : distance;
    affine_factor(s, store->at, schedule_key(s, loop->var), &factor);
    return distance == 0 || (dim_known(factor) && dim_known(extent) &&
                             distance >= factor * extent);
}

/* Whether statements are straight: no loop, sum or call is among them. */
static bool
is_straight(const Schedule *s, const Block *block)
{
    for (size_t i = 0; i < block->count; i++) {
        const Stmt *stmt = block->item[i];
        bool let = stmt->kind == STMT_let &&
                   s->value.item[stmt->value].kind == VALUE_map;
        if (!let && stmt->kind != STMT_store)
            return false;
    }
    return true;
}

bool
c_apart(Schedule *s, const Stmt *loop)
{
    Accesses all = {.count = 0};
    int key = schedule_key(s, loop->var);
    int pairs = 0;
    if (!is_straight(s, &loop->body))
        return false;
    for (size_t i = 0; i < loop->body.count; i++)
        schedule_accesses(s, loop->body.item[i], note_access, &all);
    for (int i = 0; i < all.count && !all.many; i++) {
        const Access *store = &all.item[i];
        Dim factor;
        if (!store->store)
            continue;
        if (!affine_factor(s, store->at, key, &factor) || factor == 0)
            return false;
        for (int k = 0; k < all.count; k++) {
            if (!keeps_apart(s, loop, store, &all.item[k]))
                return false;
            pairs += all.item[k].buffer != store->buffer;
        }
    }
    return !all.many && pairs > APART_FROM;
}
