/* Scalars between the pieces that loops were cut into. */
#include "pass/fuse/fuse_waits.h"

Waits
waits_new(Schedule *s)
{
    Waits waits = {.s = s, .values = s->value.count};
    size_t homes = s->value.count + s->accumulator.count + 1;
    waits.home = ARENA_ARRAY(s->arena, Home, homes);
    VEC_PUSH(s->arena, &waits.first, 0);
    VEC_PUSH(s->arena, &waits.depth_of, 0);
    return waits;
}

void
waits_begin(Waits *waits)
{
    waits->piece++;
    VEC_PUSH(waits->s->arena, &waits->first, 0);
    VEC_PUSH(waits->s->arena, &waits->depth_of, waits->depth);
}

/* Memory for a scalar of a piece: one for each turn of the loops around it. */
static void
give_memory(const Waits *waits, Home *home, const Value *value)
{
    Schedule *s = waits->s;
    Dim count = 1;
    home->at = affine_of(0);
    for (int i = waits->depth_of.item[home->piece]; i-- > 0;) {
        Affine one = affine_var(waits->loop[i]);
        affine_scale(s, &one, count);
        affine_add(s, &home->at, &one);
        count = dim_mul(s->dims, count,
                        s->var.item[schedule_var(s, waits->loop[i])].extent);
    }
    home->buffer = schedule_temp(s, value->dtype, value->node, count);
}

static size_t
home_number(const Waits *waits, int v)
{
    const Value *value = &waits->s->value.item[v];
    return value->kind == VALUE_join
               ? waits->values + (size_t)value->accumulator
               : (size_t)v;
}

/* The value itself, or a load of the memory that it waits in. */
static int
await(Waits *waits, int v)
{
    Schedule *s = waits->s;
    Value value = s->value.item[v];
    if ((size_t)v >= waits->values)
        return v;
    if (value.kind == VALUE_guard) {
        int inner = await(waits, value.operand[0]);
        if (inner == value.operand[0])
            return v;
        value.operand[0] = inner;
        return schedule_value(s, &value);
    }
    size_t number = home_number(waits, v);
    Home *home = &waits->home[number];
    if (home->piece == 0 || home->piece == waits->piece)
        return v;
    if (home->buffer < 0) {
        give_memory(waits, home, &value);
        home->value = v;
        home->next = waits->first.item[home->piece];
        waits->first.item[home->piece] = (int)number + 1;
    }
    return schedule_load(s, home->buffer, value.dtype, value.node, &home->at);
}

void
waits_take(Waits *waits, Stmt *stmt)
{
    Schedule *s = waits->s;
    const Home here = {.piece = waits->piece, .buffer = -1};
    switch (stmt->kind) {
    case STMT_loop:
        for (size_t i = 0; i < stmt->body.count; i++)
            waits_take(waits, stmt->body.item[i]);
        break;
    case STMT_let:
        for (int i = 0; i < s->value.item[stmt->value].operands; i++) {
            int v = await(waits, s->value.item[stmt->value].operand[i]);
            s->value.item[stmt->value].operand[i] = v;
        }
        waits->home[stmt->value] = here;
        break;
    case STMT_store:
        stmt->value = await(waits, stmt->value);
        break;
    case STMT_step:
        stmt->value = await(waits, stmt->value);
        if (stmt->factor >= 0)
            stmt->factor = await(waits, stmt->factor);
        break;
    case STMT_init:
        waits->home[waits->values + (size_t)stmt->accumulator] = here;
        break;
    case STMT_call:
        for (int i = 0; i < stmt->product->end.scalars; i++)
            stmt->product->scalar[i] = await(waits, stmt->product->scalar[i]);
        break;
    case STMT_derive:
        break;
    }
}

void
waits_store(const Waits *waits, int piece, Block *to)
{
    for (int n = waits->first.item[piece]; n != 0;) {
        const Home *home = &waits->home[n - 1];
        schedule_push_store(waits->s, to, home->buffer, &home->at, home->value);
        n = home->next;
    }
}
