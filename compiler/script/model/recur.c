/* Recurrence: the states of a step, which are fields that it reads as they were
 * before, y{-1}, and gives their next values.
 */
#include "script/model/recur.h"

#include "script/array/trace.h"

#include <string.h>

Carry *
recur_find(Steps *steps, const Object *object, const char *field, int64_t lag)
{
    for (size_t i = 0; i < steps->carry.count; i++) {
        Carry *c = &steps->carry.item[i];
        if (c->object == object && c->field == field && c->lag == lag)
            return c;
    }
    return NULL;
}

static const char *
shape_text(Script *s, Ref ref)
{
    return value_shape_text(s, value_node(ref));
}

static Ref
leaf_like(Script *s, Ref like, const char *name)
{
    Node n = *ir_node(s->graph, like);
    return ir_leaf(s->graph, OP_input, name, n.dtype, n.rank, n.dim);
}

/* A state whose value before the first step is `first`. */
Carry *
recur_add(Script *s, Steps *steps, Carry carry)
{
    carry.carried = -1;
    carry.next = REF_NONE;
    s->graph->span = carry.span;
    s->graph->frame = carry.frame;
    if (steps->alone)
        carry.first = carried_first(s, steps, &carry, carry.first);
    bool loop = steps->kept == NULL && !steps->alone;
    carry.leaf = loop ? leaf_like(s, carry.first, carry.field) : carry.first;
    VEC_PUSH(&s->context->arena, &steps->carry, carry);
    return &steps->carry.item[steps->carry.count - 1];
}

/* The number of a field; the type has it. */
static size_t
field_number(const Type *type, const char *field)
{
    size_t i = 0;
    while (i < type->fields && type->field[i] != field)
        i++;
    return i;
}

Value
recur_earlier(Script *s, Object *object, const char *field, int64_t lag,
              Span span)
{
    Steps *steps = s->trace != NULL ? s->trace->steps : NULL;
    if (object == NULL)
        script_fail(s, DIAG_recurrence, span, NULL,
                    "%s is no field of a model, which has the value before "
                    "the first step",
                    field);
    s->stepless = s->graph == NULL || steps == NULL;
    if (s->stepless)
        script_fail(s, DIAG_recurrence, span,
                    "unroll(m, n) makes a model of n steps, unroll1(m) one "
                    "that keeps its state",
                    "%s{-%lld} has no earlier step here", field,
                    (long long)lag);
    if (lag < 1 || lag > 64)
        script_fail(s, DIAG_recurrence, span, NULL,
                    "a value from 1 to 64 steps ago, not %lld", (long long)lag);
    const Carry *last = recur_find(steps, object, field, 1);
    if (last != NULL && last->next != REF_NONE &&
        !frame_is_running(s, last->call))
        script_fail(s, DIAG_recurrence, span,
                    "make another instance: those share no state",
                    "%s is called twice in one step", object->type->name);
    for (int64_t k = 1; k <= lag; k++) {
        if (recur_find(steps, object, field, k) != NULL)
            continue;
        size_t number = field_number(object->type, field);
        const Value *kept = stepped_find(steps, object, field, k);
        Ref first = trace_value(s, kept != NULL ? *kept : object->field[number],
                                "the value before the first step", span);
        recur_add(s, steps,
                  (Carry){.object = object,
                          .field = field,
                          .lag = k,
                          .first = first,
                          .span = span,
                          .frame = s->frame});
    }
    return value_node(recur_find(steps, object, field, lag)->leaf);
}

bool
recur_assign(Script *s, Object *object, const char *field, Value value)
{
    Steps *steps = s->trace != NULL ? s->trace->steps : NULL;
    if (s->graph == NULL || steps == NULL)
        return false;
    Ref next = trace_value(s, value, "the next value of a field", s->span);
    Carry *c = recur_find(steps, object, field, 1);
    if (c == NULL) {
        recur_earlier(s, object, field, 1, s->span);
        c = recur_find(steps, object, field, 1);
    }
    c->next = next;
    c->call = s->eval->active ? s->eval->active->number : 0;
    c->span = s->span;
    c->frame = s->frame;
    return true;
}

bool
recur_keep(Script *s, Value array, Ref value, Span span)
{
    Steps *steps = s->trace->steps;
    if (steps == NULL || steps->kept != NULL || steps->alone)
        return false;
    Carry *c = NULL;
    for (size_t i = 0; i < steps->carry.count; i++)
        if (steps->carry.item[i].kept == array.as.array)
            c = &steps->carry.item[i];
    if (c == NULL)
        c = recur_add(s, steps,
                      (Carry){.field = "kept",
                              .kept = array.as.array,
                              .lag = 1,
                              .first = trace_array(s, array),
                              .span = span,
                              .frame = s->frame});
    c->next = value;
    return true;
}

/* That a state's next value can be its first one in another step. */
static void
check_next(Script *s, const Carry *c)
{
    if (c->next == REF_NONE)
        script_fail(s, DIAG_recurrence, c->span,
                    arena_printf(&s->context->arena,
                                 "the step gives it one: %s = …", c->field),
                    "%s gets no value in this step", c->field);
    if (ir_node(s->graph, c->first)->rank == 0 &&
        ir_node(s->graph, c->next)->rank != 0)
        script_fail(s, DIAG_recurrence, c->span,
                    "begin with an array, as zeros(n)",
                    "%s is a number before the first step, and %s after it",
                    c->field, shape_text(s, c->next));
    if (!ir_same_shape(s->graph, c->first, c->next))
        script_fail(s, DIAG_recurrence, c->span, NULL,
                    "%s is %s before the first step, and %s after it", c->field,
                    shape_text(s, c->first), shape_text(s, c->next));
}

void
recur_check(Script *s, Steps *steps)
{
    const Frame *frame = s->frame;
    for (size_t i = 0; i < steps->carry.count; i++) {
        Carry *c = &steps->carry.item[i];
        if (c->lag > 1)
            c->next = recur_find(steps, c->object, c->field, c->lag - 1)->leaf;
        s->frame = c->frame;
        check_next(s, c);
        DType dtype = ir_node(s->graph, c->first)->dtype;
        if (dtype != ir_node(s->graph, c->next)->dtype)
            c->next = ir_cast(s->graph, c->next, dtype);
    }
    s->frame = frame;
}
