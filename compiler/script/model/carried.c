/* States that the caller of an exported model keeps from call to call.
 *
 * They are those of the fields of models that are unrolled forwards, but not
 * within a step of another. Each begins as what the caller has kept, a state of
 * the graph, unless the call is `fresh`: then as what its field holds. So what
 * the field holds trains by fresh calls, and no gradient goes into what was
 * kept.
 */
#include "script/array/trace.h"
#include "script/model/recur.h"
#include "script/value/call.h"

#include <string.h>

/* "layer1.h{-1}": the parameter that the field is, or the field, and the lag.
 */
static const char *
carried_name(Script *s, const Carry *c, Ref first)
{
    Arena *arena = &s->context->arena;
    const Trace *t = s->trace;
    const Node *n = ir_node(s->graph, first);
    const char *field = n->op == OP_param ? n->as.leaf.name : c->field;
    const char *lag = arena_printf(arena, "{-%lld}", (long long)c->lag);
    const char *name = arena_printf(arena, "%s%s", field, lag);
    for (size_t i = 0, number = 2; i < t->carried.count; i++) {
        const Node *other = ir_node(s->graph, t->carried.item[i].leaf);
        if (strcmp(other->as.leaf.name, name) != 0)
            continue;
        name = arena_printf(arena, "%s_%zu%s", field, number++, lag);
        i = (size_t)-1;
    }
    return intern_text(&s->context->names, name);
}

Ref
carried_first(Script *s, const Steps *steps, Carry *c, Ref first)
{
    Trace *t = s->trace;
    Graph *g = s->graph;
    const Node n = *ir_node(g, first);
    if (!t->carries || c->object == NULL || steps->outer != NULL ||
        steps->backward)
        return first;
    if (n.dtype != t->dtype)
        script_fail(s, DIAG_export, c->span, "begin with real numbers",
                    "the state %s that a C program keeps is no array of reals",
                    c->field);
    const char *name = carried_name(s, c, first);
    if (t->fresh == REF_NONE)
        t->fresh = ir_leaf(g, OP_state, "fresh", DTYPE_bool, 0, NULL);
    Ref leaf = ir_leaf(g, OP_state, name, n.dtype, n.rank, n.dim);
    c->carried = (int)t->carried.count;
    VEC_PUSH(&s->context->arena, &t->carried, ((Carried){leaf, REF_NONE}));
    return ir_map(g, OP_select, ir_spread(g, t->fresh, first), first, leaf);
}

void
carried_next(Script *s, const Carry *c, Ref next)
{
    s->trace->carried.item[c->carried].next = next;
}

Value
carried_step(Script *s, Value model, const Args *args)
{
    Steps steps = {.alone = true};
    s->trace->steps = &steps;
    Value y = call_value(s, model, args);
    recur_check(s, &steps);
    s->trace->steps = NULL;
    for (size_t i = 0; i < steps.carry.count; i++)
        carried_next(s, &steps.carry.item[i], steps.carry.item[i].next);
    return y;
}
