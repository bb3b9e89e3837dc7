/* Values that are computed where they are used instead of kept in memory.
 *
 * A buffer goes where each of its loads can be replaced by its computation:
 * from leaves, from buffers that are kept until then for others or are small,
 * and from scalars in scope. What is computed only for the buffer moves, if it
 * is read in one place; what has other uses is computed twice, if that costs
 * less than a store and a load. The operations stay the same, so the bits do.
 */
#include "pass/schedule.h"

enum {
    AGAIN_LOADS = 2,  /* that take the place of one */
    AGAIN_CHEAP = 2,  /* operations that are worth doing twice */
    AGAIN_DEEP = 8,   /* operations of one computation */
    AGAIN_PLACES = 4, /* where one is done */
    AGAIN_VARS = 2 * IR_RANK
};

typedef struct {
    Stmt *user;
    int operand; /* that is a load; of a step 1 is the factor */
} Load;

typedef struct {
    Stmt *store; /* the only one, or NULL */
    int stores;
    bool fixed; /* read by a kernel, or behind a guard */
    int last;   /* the place of its last use */
    VEC(Load) load;
} Kept;

typedef struct {
    Schedule *s;
    Kept *kept;  /* by buffer */
    Stmt **let;  /* by value, as far as there were any at the start */
    int *uses;   /* likewise */
    int *stored; /* likewise: the buffer it is stored in; -1: none */
    size_t values;
    Stmt **init; /* by accumulator */
    int places;
} Again;

/* ---- what there is ---- */

static void
note_use(void *user, int *buffer, Affine *at, bool store)
{
    Again *again = user;
    Kept *kept = &again->kept[*buffer];
    (void)at;
    kept->stores += store;
    kept->last = again->places;
}

/* An operand of a statement. */
static int *
operand_of(Schedule *s, Stmt *stmt, int operand)
{
    if (stmt->kind == STMT_let)
        return &s->value.item[stmt->value].operand[operand];
    return operand == 0 ? &stmt->value : &stmt->factor;
}

static void
note_operand(Again *again, Stmt *stmt, int operand)
{
    int v = *operand_of(again->s, stmt, operand);
    const Value *value = &again->s->value.item[v];
    again->uses[v]++;
    if (value->kind == VALUE_load) {
        Load load = {stmt, operand};
        VEC_PUSH(again->s->arena, &again->kept[value->buffer].load, load);
    } else if (value->kind == VALUE_guard) {
        const Value *inner = &again->s->value.item[value->operand[0]];
        again->uses[value->operand[0]]++;
        if (inner->kind == VALUE_load)
            again->kept[inner->buffer].fixed = true;
    }
}

static void
note_let(Again *again, Stmt *stmt)
{
    Value *value = &again->s->value.item[stmt->value];
    again->let[stmt->value] = stmt;
    if (value->kind == VALUE_sum || value->kind == VALUE_gather)
        again->kept[value->buffer].fixed = true;
    for (int i = 0; i < value->operands; i++)
        note_operand(again, stmt, i);
}

static void
note_block(Again *again, Stmt *loop, const Block *block)
{
    for (size_t i = 0; i < block->count; i++) {
        Stmt *stmt = block->item[i];
        stmt->parent = loop;
        stmt->place = ++again->places;
        if (stmt->kind == STMT_loop) {
            note_block(again, stmt, &stmt->body);
            continue;
        }
        schedule_accesses(again->s, stmt, note_use, again);
        if (stmt->kind == STMT_let) {
            note_let(again, stmt);
        } else if (stmt->kind == STMT_store) {
            note_operand(again, stmt, 0);
            again->kept[stmt->buffer].store = stmt;
            again->stored[stmt->value] = stmt->buffer;
        } else if (stmt->kind == STMT_step) {
            note_operand(again, stmt, 0);
            if (stmt->factor >= 0)
                note_operand(again, stmt, 1);
        } else if (stmt->kind == STMT_init) {
            again->init[stmt->accumulator] = stmt;
        } else if (stmt->kind == STMT_call) {
            const Product *product = stmt->product;
            for (int k = 0; k < 3; k++)
                if (product->buffer[k] >= 0)
                    again->kept[product->buffer[k]].fixed = true;
            for (int k = 0; k < product->end.moments; k++)
                again->kept[product->moment[k]].fixed = true;
            for (int k = 0; k < product->end.scalars; k++)
                again->uses[product->scalar[k]]++;
        }
    }
}

/* ---- whether a value can be computed at a load ---- */

/* One computation at the place of one load. */
typedef struct {
    Again *again;
    int buffer; /* whose loads go */
    Stmt *user; /* that has the load */
    int vars;   /* loops' variables at the store, and at the load */
    int from[AGAIN_VARS];
    int to[AGAIN_VARS];
    bool once; /* it is the only place */
    bool dead; /* and the only use of the value */
    int holds; /* buffers that are kept longer for it */
    int held[AGAIN_LOADS];
    int loads; /* what it takes */
    int cheap;
    int deep;
} Move;

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
static bool
move_vars(Move *move, const Affine *store, const Affine *load)
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

static int
uses_of(const Again *again, int v)
{
    return (size_t)v < again->values ? again->uses[v] : 2;
}

static bool
can_move(Move *move, int v, bool dead)
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
        if (!can_move(move, operand,
                      dead && uses_of(move->again, operand) == 1))
            return false;
    }
    return true;
}

/* ---- moving ---- */

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
static int
move_value(Move *move, int v)
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
            value.operand[i] = move_value(move, operand);
        }
    }
    int moved = schedule_value(s, &value);
    insert_let(s, move, moved);
    return moved;
}

/* What has been computed in a body, by the index of the load. */
typedef struct {
    const Stmt *user; /* the first of the body */
    Affine at;
    int value;
} Done;

static int
done_before(const Schedule *s, const Done *done, int count, const Load *load,
            const Affine *at)
{
    for (int i = 0; i < count; i++)
        if (done[i].user->parent == load->user->parent &&
            done[i].user->tag == load->user->tag &&
            affine_same(s, &done[i].at, at))
            return done[i].value;
    return -1;
}

static const Affine *
index_of(Schedule *s, const Load *load)
{
    return &s->value.item[*operand_of(s, load->user, load->operand)].at;
}

static bool
move_fits(Move *move, const Load *load)
{
    Again *again = move->again;
    const Kept *kept = &again->kept[move->buffer];
    move->user = load->user;
    move->vars = move->holds = 0;
    move->dead = uses_of(again, kept->store->value) == 1;
    return load->user->place > kept->store->place &&
           load->user->parent != kept->store->parent &&
           move_vars(move, &kept->store->at, index_of(again->s, load));
}

/* Whether all loads of a buffer can go. */
static bool
may_go(Again *again, int buffer, bool *once)
{
    Schedule *s = again->s;
    const Kept *kept = &again->kept[buffer];
    Done done[AGAIN_PLACES];
    int places = 0;
    if (s->buffer.item[buffer].kind != BUFFER_temp || kept->stores != 1 ||
        kept->store == NULL || kept->fixed || kept->load.count == 0 ||
        s->value.item[kept->store->value].kind != VALUE_map)
        return false;
    for (size_t i = 0; i < kept->load.count; i++) {
        const Load *load = &kept->load.item[i];
        const Affine *at = index_of(s, load);
        if (done_before(s, done, places, load, at) >= 0)
            continue;
        if (places == AGAIN_PLACES)
            return false;
        done[places++] = (Done){load->user, *at, 0};
    }
    *once = places == 1;
    for (size_t i = 0; i < kept->load.count; i++) {
        Move move = {.again = again, .buffer = buffer, .once = *once};
        if (!move_fits(&move, &kept->load.item[i]) ||
            !can_move(&move, kept->store->value, move.dead))
            return false;
    }
    return true;
}

static void
let_go(Again *again, int buffer, bool once)
{
    Schedule *s = again->s;
    const Kept *kept = &again->kept[buffer];
    Done done[AGAIN_PLACES];
    int places = 0;
    for (size_t i = 0; i < kept->load.count; i++) {
        const Load *load = &kept->load.item[i];
        Move move = {.again = again, .buffer = buffer, .once = once};
        Affine at = *index_of(s, load);
        int value = done_before(s, done, places, load, &at);
        if (value < 0) {
            move_fits(&move, load);
            value = move_value(&move, kept->store->value);
            done[places++] = (Done){load->user, at, value};
        }
        *operand_of(s, load->user, load->operand) = value;
    }
    s->buffer.item[buffer].kind = BUFFER_gone;
}

/* ---- what is left ---- */

static void
count_use(Schedule *s, int *uses, int v)
{
    const Value *value = &s->value.item[v];
    uses[v]++;
    if (value->kind == VALUE_guard)
        count_use(s, uses, value->operand[0]);
}

/* Takes out stores into buffers that are gone and what then nothing uses: from
 * the end, so that the uses of a value are known before it.
 */
static void
drop_unused(Schedule *s, Block *block, int *uses)
{
    for (size_t i = block->count; i-- > 0;) {
        Stmt *stmt = block->item[i];
        stmt->mark = 1; /* stays */
        if (stmt->kind == STMT_loop) {
            drop_unused(s, &stmt->body, uses);
            stmt->mark = 0;
            for (size_t k = 0; k < stmt->body.count; k++)
                if (stmt->body.item[k]->kind != STMT_derive)
                    stmt->mark = 1;
        } else if (stmt->kind == STMT_let) {
            const Value *value = &s->value.item[stmt->value];
            stmt->mark = uses[stmt->value] > 0;
            for (int k = 0; k < value->operands && stmt->mark; k++)
                count_use(s, uses, value->operand[k]);
        } else if (stmt->kind == STMT_store) {
            stmt->mark = s->buffer.item[stmt->buffer].kind != BUFFER_gone;
            if (stmt->mark)
                count_use(s, uses, stmt->value);
        } else if (stmt->kind == STMT_step) {
            count_use(s, uses, stmt->value);
            if (stmt->factor >= 0)
                count_use(s, uses, stmt->factor);
        } else if (stmt->kind == STMT_call) {
            for (int k = 0; k < stmt->product->end.scalars; k++)
                count_use(s, uses, stmt->product->scalar[k]);
        }
    }
    size_t kept = 0;
    for (size_t i = 0; i < block->count; i++)
        if (block->item[i]->mark)
            block->item[kept++] = block->item[i];
    block->count = kept;
}

void
schedule_again(Schedule *s)
{
    ArenaMark mark = arena_mark(s->arena);
    Again again = {.s = s, .values = s->value.count};
    again.kept = ARENA_ARRAY(s->arena, Kept, s->buffer.count + 1);
    again.let = ARENA_ARRAY(s->arena, Stmt *, again.values + 1);
    again.uses = ARENA_ARRAY(s->arena, int, again.values + 1);
    again.stored = ARENA_ARRAY(s->arena, int, again.values + 1);
    again.init = ARENA_ARRAY(s->arena, Stmt *, s->accumulator.count + 1);
    for (size_t v = 0; v < again.values; v++)
        again.stored[v] = -1;
    note_block(&again, NULL, &s->body);
    bool any = false;
    for (size_t b = 0; b < s->buffer.count; b++) {
        bool once = false;
        if (!may_go(&again, (int)b, &once))
            continue;
        let_go(&again, (int)b, once);
        any = true;
    }
    if (any)
        drop_unused(s, &s->body,
                    ARENA_ARRAY(s->arena, int, s->value.count + 1));
    else
        arena_rewind(s->arena, &mark);
}
