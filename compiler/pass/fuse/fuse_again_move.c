/* Whether a value can be computed at the place of a load, and what does that:
 * fuse_again.c says when that is better than memory.
 */
#include "pass/fuse/fuse_again.h"

/* Whether a statement stands around another, or in a body that does, before it.
 */
static bool
in_scope(const Stmt *stmt, const Stmt *user)
{
    uint32_t own = stmt->parent != NULL ? stmt->parent->tag : 0;
    if (stmt->place > user->place || (stmt->tag != own && stmt->tag != 0))
        return false;
    for (const Stmt *at = user; at != NULL; at = at->parent)
        if (at->parent == stmt->parent)
            return true;
    return false;
}

static bool
is_around(const Schedule *s, int var, const Stmt *user)
{
    for (const Stmt *at = user->parent; at != NULL; at = at->parent)
        if (schedule_var(s, at->var) == var)
            return true;
    return false;
}

/* The store's index in the load's variables; false where that is none. */
static bool
move_index(const Move *move, Affine *at)
{
    const Schedule *s = move->again->s;
    for (int i = 0; i < at->count; i++) {
        int var = schedule_var(s, at->term[i].var);
        int found = -1;
        for (int k = 0; k < move->vars && found < 0; k++)
            if (move->from[k] == var)
                found = move->to[k];
        if (found < 0 && is_around(s, var, move->user))
            found = var;
        if (found < 0)
            return false;
        at->term[i].var = found;
    }
    return true;
}

/* Pairs the variables of a store's index with those of a load's: all loops
 * around the load but those around both must be among them.
 */
bool
again_pair(Move *move, const Affine *store, const Affine *load)
{
    const Schedule *s = move->again->s;
    if (store->count != load->count || store->start != load->start ||
        store->minus != load->minus || store->count > AGAIN_VARS)
        return false;
    for (int i = 0; i < store->count; i++) {
        int var = schedule_var(s, store->term[i].var);
        int found = -1;
        for (int k = 0; k < load->count && found < 0; k++) {
            int own = schedule_var(s, load->term[k].var);
            if (load->term[k].factor == store->term[i].factor &&
                load->term[k].minus == store->term[i].minus &&
                s->var.item[own].extent == s->var.item[var].extent &&
                s->var.item[own].kind != VAR_derived)
                found = own;
        }
        if (found < 0)
            return false;
        move->from[move->vars] = var;
        move->to[move->vars++] = found;
    }
    const Stmt *store_stmt = move->again->kept[move->buffer].store;
    for (const Stmt *at = move->user->parent; at != NULL; at = at->parent) {
        int var = schedule_var(s, at->var);
        bool known = is_around(s, var, store_stmt);
        for (int k = 0; k < move->vars; k++)
            known = known || move->to[k] == var;
        if (!known && s->var.item[var].kind != VAR_block)
            return false;
    }
    return true;
}

static bool
is_cheap(Op op)
{
    return op_info[op].class == CLASS_COMPARE ||
           (op >= OP_add && op <= OP_mul) || op == OP_max || op == OP_min ||
           op == OP_neg || op == OP_abs || op == OP_select || op == OP_not ||
           op == OP_and || op == OP_or || op == OP_cast;
}

/* Notes that a buffer is to be kept longer; false where those are too many. */
static bool
note_held(Move *move, int buffer)
{
    for (int i = 0; i < move->holds; i++)
        if (move->held[i] == buffer)
            return true;
    if (move->holds == AGAIN_LOADS)
        return false;
    move->held[move->holds++] = buffer;
    return true;
}

/* Whether what is kept longer is small: it takes half the memory of the buffer
 * that goes; or all of it, where it has at most half its elements and nothing
 * is computed twice, as where the place of a maximum is compared with that of
 * each element.
 */
static bool
held_is_small(const Move *move)
{
    Schedule *s = move->again->s;
    const Buffer *gone = &s->buffer.item[move->buffer];
    Dim bytes = 0, count = 0;
    for (int i = 0; i < move->holds; i++) {
        const Buffer *kept = &s->buffer.item[move->held[i]];
        Dim size = (Dim)dtype_size(kept->dtype);
        count = dim_add(s->dims, count, kept->count);
        bytes = dim_add(s->dims, bytes, dim_mul(s->dims, kept->count, size));
    }
    bool fewer = move->dead &&
                 dim_at_most(s->dims, dim_mul(s->dims, count, 2), gone->count);
    return dim_at_most(
        s->dims, dim_mul(s->dims, bytes, fewer ? 1 : 2),
        dim_mul(s->dims, gone->count, (Dim)dtype_size(gone->dtype)));
}

/* Whether a buffer holds at the load what it held at the store, or would if it
 * were kept.
 */
static bool
is_kept(Move *move, int buffer)
{
    const Schedule *s = move->again->s;
    const Buffer *b = &s->buffer.item[buffer];
    const Kept *kept = &move->again->kept[buffer];
    if (b->kind == BUFFER_data)
        return true;
    if (b->kind == BUFFER_leaf) {
        for (size_t o = 0; o < s->graph->output.count; o++)
            if (s->graph->output.item[o].next == b->node)
                return false;
        return true;
    }
    const Stmt *user = move->user;
    int place = user->parent != NULL ? user->parent->place : user->place;
    return b->kind == BUFFER_temp && buffer != move->buffer &&
           kept->stores == 1 &&
           (kept->last >= place ||
            (move->once && note_held(move, buffer) && held_is_small(move)));
}

/* A buffer that holds a value until the load; -1: none. */
static int
kept_in(Move *move, int v)
{
    Affine at;
    int buffer = (size_t)v < move->again->values ? move->again->stored[v] : -1;
    if (buffer < 0 || !is_kept(move, buffer))
        return -1;
    at = move->again->kept[buffer].store->at;
    return move_index(move, &at) ? buffer : -1;
}

/* The statement that computes a value; NULL: it is none's. */
static const Stmt *
let_of(const Move *move, int v)
{
    return (size_t)v < move->again->values ? move->again->let[v] : NULL;
}

int
again_uses(const Again *again, int v)
{
    return (size_t)v < again->values ? again->uses[v] : 2;
}

bool
again_can_move(Move *move, int v, bool dead)
{
    const Schedule *s = move->again->s;
    const Value *value = &s->value.item[v];
    Affine at = value->at;
    const Stmt *init;
    switch (value->kind) {
    case VALUE_const:
    case VALUE_extent:
        return true;
    case VALUE_index:
        return move_index(move, &at);
    case VALUE_load:
        return ++move->loads <= AGAIN_LOADS && is_kept(move, value->buffer) &&
               move_index(move, &at);
    case VALUE_join:
        init = move->again->init[value->accumulator];
        return s->accumulator.item[value->accumulator].lanes == 1 &&
               in_scope(init, move->user);
    case VALUE_map:
        break;
    case VALUE_guard:
    case VALUE_random:
    case VALUE_sum:
    case VALUE_gather:
        return false;
    }
    move->cheap += dead ? 0 : 1;
    if (++move->deep > AGAIN_DEEP || move->cheap > AGAIN_CHEAP ||
        !((dead && move->once) || is_cheap(value->op)))
        return false;
    for (int i = 0; i < value->operands; i++) {
        int operand = value->operand[i];
        const Stmt *let = let_of(move, operand);
        if (let != NULL && in_scope(let, move->user))
            continue;
        if (kept_in(move, operand) >= 0) {
            if (++move->loads > AGAIN_LOADS)
                return false;
            continue;
        }
        if (!again_can_move(move, operand,
                            dead && again_uses(move->again, operand) == 1))
            return false;
    }
    return true;
}

static void
insert_let(Schedule *s, const Move *move, int v)
{
    Stmt *user = move->user;
    Block *block = user->parent != NULL ? &user->parent->body : &s->body;
    Stmt *let = schedule_stmt(s, STMT_let, s->value.item[v].node);
    size_t at = 0;
    let->tag = user->tag;
    let->parent = user->parent;
    let->place = user->place;
    let->value = v;
    schedule_push(s, block, let);
    for (at = block->count - 1; block->item[at - 1] != user; at--)
        block->item[at] = block->item[at - 1];
    block->item[at] = user;
    block->item[at - 1] = let;
}

/* The value at the place of a load, computed by statements before it. */
int
again_move(Move *move, int v)
{
    Schedule *s = move->again->s;
    Value value = s->value.item[v];
    if (value.kind == VALUE_load || value.kind == VALUE_index) {
        move_index(move, &value.at);
        if (value.kind == VALUE_load)
            move->again->kept[value.buffer].fixed = true;
        return schedule_value(s, &value);
    }
    if (value.kind != VALUE_map)
        return v;
    for (int i = 0; i < value.operands; i++) {
        int operand = value.operand[i];
        const Stmt *let = let_of(move, operand);
        int buffer = kept_in(move, operand);
        if (let != NULL && in_scope(let, move->user))
            continue;
        if (buffer >= 0) {
            const Value *old = &s->value.item[operand];
            Affine at = move->again->kept[buffer].store->at;
            move_index(move, &at);
            move->again->kept[buffer].fixed = true;
            value.operand[i] =
                schedule_load(s, buffer, old->dtype, old->node, &at);
        } else {
            value.operand[i] = again_move(move, operand);
        }
    }
    int moved = schedule_value(s, &value);
    insert_let(s, move, moved);
    return moved;
}
