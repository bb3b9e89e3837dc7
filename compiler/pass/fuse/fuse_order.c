/* The order of a finished program: a loop that uses up a product's result, such
 * as an optimiser's update, comes right behind it, so that the memory between
 * them is free again, and still in the cache.
 *
 * A statement's place is a pair: where it stood, or of a loop that moves, where
 * the statement stands that it moves behind; and how many have moved before it.
 */
#include "pass/fuse/fuse.h"

#include <stdlib.h>

typedef struct {
    int at;
    int moved;
} Spot;

typedef struct {
    Schedule *s;
    Spot *stored;  /* by buffer: the last store; at -1: none */
    Spot *used;    /* by buffer: the last load or store */
    Spot *value;   /* by value: where a scalar of the program is computed */
    size_t values; /* of them */
    Spot earliest; /* of the statement now looked at */
    bool behind;   /* it reads memory of ours that the earliest one stores */
    bool fixed;    /* it must stay */
    Spot now;
} Program;

static bool
later(Spot a, Spot b)
{
    return a.at != b.at ? a.at > b.at : a.moved > b.moved;
}

static void
wait_for(Program *order, Spot place, bool memory)
{
    if (later(place, order->earliest)) {
        order->earliest = place;
        order->behind = memory;
    } else if (place.at >= 0 && place.at == order->earliest.at &&
               place.moved == order->earliest.moved) {
        order->behind = order->behind || memory;
    }
}

static void
look_at(void *user, int *buffer, Affine *at, bool store)
{
    Program *order = user;
    int memory = schedule_memory(order->s, *buffer);
    (void)at;
    wait_for(order, order->stored[memory],
             !store && order->s->buffer.item[memory].kind == BUFFER_temp);
    if (store)
        wait_for(order, order->used[memory], false);
}

static void
note(void *user, int *buffer, Affine *at, bool store)
{
    Program *order = user;
    int memory = schedule_memory(order->s, *buffer);
    (void)at;
    if (store)
        order->stored[memory] = order->now;
    if (later(order->now, order->used[memory]))
        order->used[memory] = order->now;
}

static void
look_at_value(Program *order, int v)
{
    const Value *value = &order->s->value.item[v];
    if (value->kind == VALUE_join)
        order->fixed = true;
    if (value->kind == VALUE_guard)
        look_at_value(order, value->operand[0]);
    else
        wait_for(order, order->value[v], false);
}

/* What a loop reads of the program's scalars; sums within it are its own. */
static void
look_at_values(Program *order, const Block *block)
{
    for (size_t i = 0; i < block->count; i++) {
        const Stmt *stmt = block->item[i];
        const Value *value = &order->s->value.item[stmt->value];
        order->fixed = order->fixed || stmt->kind == STMT_init ||
                       stmt->kind == STMT_step || stmt->kind == STMT_call;
        if (stmt->kind == STMT_loop)
            look_at_values(order, &stmt->body);
        if (stmt->kind == STMT_store)
            look_at_value(order, stmt->value);
        for (int k = 0; stmt->kind == STMT_let && k < value->operands; k++)
            look_at_value(order, value->operand[k]);
    }
}

typedef struct {
    Stmt *stmt;
    Spot place;
} Placing;

static int
in_order(const void *a, const void *b)
{
    const Placing *left = a;
    const Placing *right = b;
    return later(left->place, right->place) - later(right->place, left->place);
}

void
schedule_order(Schedule *s)
{
    ArenaMark mark = arena_mark(s->arena);
    Program order = {.s = s, .values = s->value.count};
    const Spot none = {-1, 0};
    order.stored = ARENA_ARRAY(s->arena, Spot, s->buffer.count + 1);
    order.used = ARENA_ARRAY(s->arena, Spot, s->buffer.count + 1);
    order.value = ARENA_ARRAY(s->arena, Spot, order.values + 1);
    for (size_t b = 0; b < s->buffer.count; b++)
        order.stored[b] = order.used[b] = none;
    for (size_t v = 0; v < order.values; v++)
        order.value[v] = none;
    Placing *placed = ARENA_ARRAY(s->arena, Placing, s->body.count + 1);
    int moved = 0;
    for (size_t i = 0; i < s->body.count; i++) {
        Stmt *stmt = s->body.item[i];
        order.now = (Spot){(int)i, 0};
        if (stmt->kind == STMT_loop && stmt->tag == 0) {
            order.earliest = none;
            order.behind = order.fixed = false;
            schedule_accesses(s, stmt, look_at, &order);
            look_at_values(&order, &stmt->body);
            const Stmt *to =
                order.earliest.at >= 0 ? s->body.item[order.earliest.at] : stmt;
            if (order.behind && !order.fixed && to->era == stmt->era)
                order.now = (Spot){order.earliest.at, ++moved};
        } else if (stmt->kind == STMT_let) {
            order.value[stmt->value] = order.now;
        }
        schedule_accesses(s, stmt, note, &order);
        placed[i] = (Placing){stmt, order.now};
    }
    qsort(placed, s->body.count, sizeof *placed, in_order);
    for (size_t i = 0; i < s->body.count; i++)
        s->body.item[i] = placed[i].stmt;
    arena_rewind(s->arena, &mark);
}
