/* Values that are computed where they are used instead of kept in memory.
 *
 * A buffer goes where each of its loads can be replaced by its computation:
 * from leaves, from buffers that are kept until then for others or are small,
 * and from scalars in scope. What is computed only for the buffer moves, if it
 * is read in one place; what has other uses is computed twice, if that costs
 * less than a store and a load. The operations stay the same, so the bits do.
 */
#include "pass/fuse/fuse_again.h"

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
    move->dead = again_uses(again, kept->store->value) == 1;
    return load->user->place > kept->store->place &&
           load->user->parent != kept->store->parent &&
           again_pair(move, &kept->store->at, index_of(again->s, load));
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
            !again_can_move(&move, kept->store->value, move.dead))
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
            value = again_move(&move, kept->store->value);
            done[places++] = (Done){load->user, at, value};
        }
        *operand_of(s, load->user, load->operand) = value;
    }
    s->buffer.item[buffer].kind = BUFFER_gone;
}

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
