/* unroll1: a model that is called step by step, and keeps its state.
 *
 * Each call is a model of its own: its inputs are the step's and the states, as
 * far as they are known, and its results the step's and the states after it. In
 * the first call a state is what its field holds. In a model that is exported
 * the states are its caller's instead (carried.c).
 */
#include "script/array/lift.h"
#include "script/array/trace.h"
#include "script/model/model_inner.h"
#include "script/model/recur.h"
#include "script/value/call.h"
#include "script/value/tree.h"

#include <string.h>

/* What is kept: tuples of the object, its field, the lag, and the value. */
enum { KEPT_object, KEPT_field, KEPT_lag, KEPT_value, KEPT_FIELDS };

const Value *
stepped_find(const Steps *steps, const Object *object, const char *field,
             int64_t lag)
{
    for (size_t i = 0; steps->kept != NULL && i < steps->kept->count; i++) {
        const Value *of = steps->kept->item[i].as.values->item;
        if (of[KEPT_object].as.object == object &&
            of[KEPT_field].as.symbol == field && of[KEPT_lag].as.integer == lag)
            return &steps->given[i];
    }
    return NULL;
}

/* Puts the states after a step into what is kept, first their places. */
static void
keep_places(Script *s, Steps *steps)
{
    for (size_t i = 0; i < steps->carry.count; i++) {
        const Carry *c = &steps->carry.item[i];
        if (stepped_find(steps, c->object, c->field, c->lag) != NULL)
            continue;
        Value of[KEPT_FIELDS] = {{.kind = VALUE_object, .as.object = c->object},
                                 {.kind = VALUE_symbol, .as.symbol = c->field},
                                 value_int(c->lag)};
        VEC_PUSH(&s->context->arena, &s->stepping->added,
                 value_tuple(s, of, KEPT_FIELDS));
    }
}

/* The step traced: (m, x…, states…) gives the result and the states after it.
 */
static Value
run_stepped(Script *s, const Args *args)
{
    Stepping *now = s->stepping;
    size_t inputs = args->count - 1 - now->kept->count;
    Steps steps = {.outer = s->trace->steps,
                   .kept = now->kept,
                   .given = args->item + 1 + inputs};
    now->added.count = 0;
    s->trace->steps = &steps;
    Args inner = {.item = args->item + 1, .count = inputs, .span = args->span};
    Value y = call_value(s, args->item[0], &inner);
    recur_check(s, &steps);
    s->trace->steps = steps.outer;
    keep_places(s, &steps);
    now->result = y;
    Values all = {0};
    tree_leaves(s, y, &all);
    for (size_t i = 0; i < now->kept->count + now->added.count; i++) {
        const Value *of =
            i < now->kept->count
                ? now->kept->item[i].as.values->item
                : now->added.item[i - now->kept->count].as.values->item;
        const Carry *c =
            recur_find(&steps, of[KEPT_object].as.object,
                       of[KEPT_field].as.symbol, of[KEPT_lag].as.integer);
        Value state = c != NULL
                          ? value_node(c->next)
                          : now->kept->item[i].as.values->item[KEPT_value];
        VEC_PUSH(&s->context->arena, &all, state);
    }
    return value_tuple(s, all.item, all.count);
}

static const Builtin stepped = {
    "unroll1", 1, -1, run_stepped, "a step and its states", NULL, false};

/* one_step(m, kept, x…): the step's result; `kept` takes the states after it.
 */
Value
builtin_one_step(Script *s, const Args *args)
{
    Arena *arena = &s->context->arena;
    if (s->graph != NULL && s->trace->carries && s->trace->steps == NULL) {
        Args step = {.item = args->item + 2,
                     .count = args->count - 2,
                     .span = args->span};
        return carried_step(s, args->item[0], &step);
    }
    if (s->graph != NULL)
        script_fail(s, DIAG_recurrence, args->span,
                    "in a model, unroll(m) takes a sequence",
                    "unroll1 keeps its state in the script, not in a model");
    Stepping now = {.kept = args->item[1].as.values};
    size_t inputs = args->count - 2;
    size_t states = now.kept->count;
    Value *item = ARENA_ARRAY(arena, Value, inputs + states + 1);
    memcpy(item, args->item + 2, inputs * sizeof *item);
    for (size_t i = 0; i < states; i++)
        item[inputs + i] = now.kept->item[i].as.values->item[KEPT_value];
    Args all = {.item = item, .count = inputs + states, .span = args->span};
    Stepping *before = s->stepping;
    s->stepping = &now;
    Value model = {.kind = VALUE_builtin, .as.builtin = &stepped};
    Value y = model_call_with(s, model, args->item[0], &all);
    s->stepping = before;
    for (size_t i = 0; i < now.added.count; i++)
        VEC_PUSH(arena, now.kept, now.added.item[i]);
    const Value *next = y.as.values->item;
    Value result = tree_like(s, now.result, &next);
    for (size_t i = 0; i < now.kept->count; i++)
        now.kept->item[i].as.values->item[KEPT_value] = *next++;
    return result;
}
