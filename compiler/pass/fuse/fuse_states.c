/* States of loops over steps whose next values are stored in their place.
 *
 * A turn computes a state's next value in memory of its own, and copies it at
 * its end, when all has been read that needs the old one. It needs neither
 * where the old value of each element was read before its next one is stored:
 * by what stands before, sample by sample, or by the loop that computes the
 * next one, which then stores that last.
 */
#include "pass/fuse/fuse_uses.h"

/* A copy at the end of a turn. */
typedef struct {
    Stmt *loop;    /* over steps */
    size_t number; /* of the copy, in the loop's body */
    int from;
    int state;
    uint32_t tag;
} Copy;

/* The store of a nest of loops that holds nothing else; NULL: it does. */
static const Stmt *
only_store(const Stmt *stmt)
{
    while (stmt->kind == STMT_loop && stmt->body.count == 1)
        stmt = stmt->body.item[0];
    return stmt->kind == STMT_store ? stmt : NULL;
}

static bool
is_copy(const Schedule *s, Stmt *loop, size_t number, Copy *copy)
{
    const Stmt *store = only_store(loop->body.item[number]);
    if (store == NULL || !s->buffer.item[store->buffer].carried)
        return false;
    const Value *value = &s->value.item[store->value];
    if (value->kind != VALUE_load || !affine_same(s, &value->at, &store->at))
        return false;
    const Buffer *from = &s->buffer.item[value->buffer];
    *copy = (Copy){loop, number, value->buffer, store->buffer, store->tag};
    return from->kind == BUFFER_temp && !from->carried &&
           from->count == s->buffer.item[store->buffer].count;
}

/* How many loops around a use end with this one; 0: it is not among them. */
static size_t
loops_to(const Use *use, const Stmt *loop)
{
    for (size_t i = 0; i < use->depth; i++)
        if (use->path[i] == loop)
            return i + 1;
    return 0;
}

/* Whether no turn reads an element of the state once that is stored, if a store
 * that is no call's becomes the last statement of its body.
 */
static bool
keeps_old(Schedule *s, const Uses *uses, const Copy *copy, const Use *store)
{
    size_t turn = loops_to(store, copy->loop);
    const Use *load = uses_first(uses, copy->state);
    for (; load != NULL; load = uses_next(uses, load)) {
        if (load->store || loops_to(load, copy->loop) == 0)
            continue;
        if (load->body == store->body && !store->call
                ? !affine_same(s, load->at, store->at)
                : !uses_reads_old(s, load, store, turn))
            return false;
    }
    return true;
}

/* Whether the next value is stored by turns of the loop, and the copy reads it
 * alone, or kernels behind the store's own loop.
 */
static bool
can_move(Schedule *s, const Uses *uses, const Copy *copy)
{
    const Use *own = NULL;
    int copies = 0;
    for (const Use *use = uses_first(uses, copy->from); use != NULL;
         use = uses_next(uses, use)) {
        if (use->store) {
            if (uses_step_loop(s, use) != copy->loop || use->tag != copy->tag ||
                own != NULL || !keeps_old(s, uses, copy, use))
                return false;
            own = use;
        } else if (own == NULL || loops_to(use, copy->loop) == 0 ||
                   (!own->call && uses_common(own, use) == own->depth)) {
            return false;
        } else {
            copies += !use->call;
        }
    }
    return own != NULL && copies == 1;
}

/* Makes a store the last statement of its body, unless it is a call's. */
static void
store_last(const Use *store)
{
    Block *body = (Block *)store->body;
    size_t to = 0;
    Stmt *found = NULL;
    for (size_t i = 0; i < body->count; i++) {
        if (&body->item[i]->at == store->at)
            found = body->item[i];
        else
            body->item[to++] = body->item[i];
    }
    if (found != NULL)
        body->item[to] = found;
}

static void
move(Schedule *s, const Uses *uses, const Copy *copy)
{
    Block *body = &copy->loop->body;
    const Use *use = uses_first(uses, copy->from);
    for (; use != NULL; use = uses_next(uses, use)) {
        if (use->store)
            store_last(use);
        *use->buffer = copy->state;
    }
    s->buffer.item[copy->from].kind = BUFFER_gone;
    body->count--;
    for (size_t i = copy->number; i < body->count; i++)
        body->item[i] = body->item[i + 1];
}

static void
states_block(Schedule *s, Block *block)
{
    for (size_t i = 0; i < block->count; i++) {
        Stmt *loop = block->item[i];
        if (!schedule_is_step_loop(s, loop))
            continue;
        states_block(s, &loop->body);
        for (size_t k = loop->body.count; k-- > 0;) {
            Copy copy;
            if (!is_copy(s, loop, k, &copy))
                continue;
            Uses uses = uses_all(s);
            if (can_move(s, &uses, &copy))
                move(s, &uses, &copy);
        }
    }
}

/* Kernels of a GPU read what others of their threads have stored. */
void
schedule_states(Schedule *s)
{
    if (!s->kernels && s->loop.count > 0)
        states_block(s, &s->body);
}
