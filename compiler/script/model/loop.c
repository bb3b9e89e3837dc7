/* Loops over steps.
 *
 * A step is traced into the graph like any other call, on inputs that stand for
 * a slice of each sequence. Then its nodes are taken out again: they are the
 * body of a scan, and what they use of the graph around is captured.
 */
#include "script/model/recur.h"

#include "script/array/lift.h"
#include "script/model/trace_model.h"
#include "script/value/call.h"
#include "script/value/tree.h"

#include <string.h>

/* Begins a step over sequences whose last axis is that of the steps. */
static void
begin_steps(Script *s, Steps *steps, const Value *x, size_t count, Span span)
{
    Arena *arena = &s->context->arena;
    steps->outer = s->trace->steps;
    steps->extent = -1;
    bool known = false;
    for (size_t i = 0; i < count; i++) {
        Ref all = trace_value(s, x[i], "a sequence", span);
        Node n = *ir_node(s->graph, all);
        if (n.rank == 0)
            script_fail(s, DIAG_shape, span, NULL,
                        "a sequence has its steps along its last axis; this "
                        "is a number");
        Dim extent = n.dim[n.rank - 1];
        if (known && extent != steps->extent)
            script_fail(
                s, DIAG_shape, span, NULL, "sequences of %s and %s steps",
                dim_text(&s->dims, steps->extent), dim_text(&s->dims, extent));
        known = true;
        steps->extent = extent;
        VEC_PUSH(arena, &steps->sequence, all);
    }
    steps->mark = s->graph->node.count;
    steps->leaves = s->graph->leaf.count;
    for (size_t i = 0; i < count; i++) {
        Node n = *ir_node(s->graph, steps->sequence.item[i]);
        const char *name = intern_text(&s->context->names, "x");
        Ref slice =
            ir_leaf(s->graph, OP_input, name, n.dtype, n.rank - 1, n.dim);
        VEC_PUSH(arena, &steps->slice, slice);
    }
    s->trace->steps = steps;
}

typedef struct {
    Script *s;
    Steps *steps;
    Graph *body;
    Ref *map;         /* from a node of the step to one of the body */
    VEC(Ref) capture; /* nodes around it that it uses */
} Extract;

/* What the step uses of the graph around, in the order of the uses. */
static void
note_capture(Extract *e, Ref ref)
{
    const Node *n = ir_node(e->s->graph, ref);
    bool outside = (size_t)ref < e->steps->mark || n->op == OP_param;
    for (size_t i = 0; i < e->steps->carry.count; i++)
        outside = outside && (e->steps->carry.item[i].kept == NULL ||
                              e->steps->carry.item[i].first != ref);
    for (size_t i = 0; i < e->capture.count; i++)
        outside = outside && e->capture.item[i] != ref;
    if (outside)
        VEC_PUSH(&e->s->context->arena, &e->capture, ref);
}

static void
find_captured(Extract *e)
{
    const Graph *g = e->s->graph;
    for (size_t i = e->steps->mark; i < g->node.count; i++) {
        const Node *n = &g->node.item[i];
        for (int k = 0; k < n->operands; k++)
            note_capture(e, ir_operand(n, k));
    }
    for (size_t i = 0; i < e->steps->carry.count; i++)
        note_capture(e, e->steps->carry.item[i].next);
    for (size_t i = 0; i < e->steps->result.count; i++)
        note_capture(e, e->steps->result.item[i]);
}

static void
take_input(Extract *e, Ref ref)
{
    Node n = *ir_node(e->s->graph, ref);
    bool leaf = n.op == OP_input || n.op == OP_param;
    const char *name = leaf ? n.as.leaf.name : "c";
    e->body->span = n.span;
    e->body->frame = n.frame;
    e->map[ref] = ir_leaf(e->body, OP_input, name, n.dtype, n.rank, n.dim);
}

/* The step's nodes as a body: slices, states, captured values, the rest. */
static void
make_body(Extract *e)
{
    Graph *g = e->s->graph;
    Steps *steps = e->steps;
    for (size_t i = 0; i < steps->slice.count; i++)
        take_input(e, steps->slice.item[i]);
    for (size_t i = 0; i < steps->carry.count; i++) {
        const Carry *c = &steps->carry.item[i];
        take_input(e, c->leaf);
        if (c->kept != NULL) /* what the step reads of the array */
            e->map[c->first] = e->map[c->leaf];
    }
    for (size_t i = 0; i < e->capture.count; i++)
        take_input(e, e->capture.item[i]);
    for (size_t i = steps->mark; i < g->node.count; i++)
        if (g->node.item[i].op != OP_input && g->node.item[i].op != OP_param)
            e->map[i] = ir_copy(e->body, g, (Ref)i, e->map);
    for (size_t i = 0; i < steps->carry.count; i++)
        ir_output(e->body, steps->carry.item[i].field,
                  e->map[steps->carry.item[i].next], REF_NONE);
    for (size_t i = 0; i < steps->result.count; i++)
        ir_output(e->body, "y", e->map[steps->result.item[i]], REF_NONE);
}

/* Takes the step out of the graph. The parameters that it used first, and
 * constants that states begin with, stay in the graph.
 */
static void
cut_step(Extract *e)
{
    Script *s = e->s;
    Graph *g = s->graph;
    Steps *steps = e->steps;
    size_t count = g->node.count;
    Graph *old = ir_graph(s->context, g->dims, g->name);
    for (size_t i = 0; i < count; i++)
        VEC_PUSH(&s->context->arena, &old->node, g->node.item[i]);
    Ref *kept = ARENA_ARRAY(&s->context->arena, Ref, count + 1);
    for (size_t i = 0; i < count; i++)
        kept[i] = (Ref)i;
    g->node.count = steps->mark;
    g->leaf.count = steps->leaves;
    for (size_t i = steps->mark; i < count; i++) {
        Op op = old->node.item[i].op;
        bool first = false;
        for (size_t k = 0; k < steps->carry.count; k++)
            first = first || steps->carry.item[k].first == (Ref)i;
        if (op == OP_param || first)
            kept[i] = ir_copy(g, old, (Ref)i, kept);
    }
    for (size_t i = 0; i < s->trace->params.count; i++)
        if (s->trace->leaf[i] != REF_NONE)
            s->trace->leaf[i] = kept[s->trace->leaf[i]];
    for (size_t i = 0; i < steps->carry.count; i++)
        steps->carry.item[i].first = kept[steps->carry.item[i].first];
    for (size_t i = 0; i < e->capture.count; i++)
        e->capture.item[i] = kept[e->capture.item[i]];
}

Ref
recur_draw(Script *s, DType dtype, int rank, const Dim *dim)
{
    Arena *arena = &s->context->arena;
    Steps *steps = s->trace->steps;
    if (steps == NULL || steps->kept != NULL || steps->alone)
        return trace_draw(s, dtype, rank, dim);
    if (rank >= IR_RANK - 1)
        script_fail(s, DIAG_rank, s->graph->span, NULL,
                    "random numbers of rank %d leave no axis for the steps",
                    rank);
    Ref slice = ir_leaf(s->graph, OP_input, "drawn", dtype, rank, dim);
    VEC_PUSH(arena, &steps->slice, slice);
    VEC_PUSH(arena, &steps->sequence, REF_NONE);
    return slice;
}

/* Draws the sequences of random numbers whose slices the body has. */
static void
draw_sequences(Script *s, Steps *steps, const Graph *body)
{
    for (size_t i = 0; i < steps->sequence.count; i++) {
        if (steps->sequence.item[i] != REF_NONE)
            continue;
        Node slice = *ir_node(body, body->leaf.item[i]);
        slice.dim[slice.rank] = steps->extent;
        s->graph->span = slice.span;
        s->graph->frame = slice.frame;
        steps->sequence.item[i] =
            recur_draw(s, slice.dtype, slice.rank + 1, slice.dim);
    }
}

/* What is made now is of a state's own, as h{-1}: number i of a body's. */
static void
made_for_state(Script *s, const Steps *steps, const Graph *body, size_t i)
{
    const Node *n = ir_node(body, body->leaf.item[steps->slice.count + i]);
    s->graph->span = n->span;
    s->graph->frame = n->frame;
}

/* Ends a step: its nodes become a loop, which is given. */
static Ref
end_steps(Script *s, Steps *steps)
{
    Arena *arena = &s->context->arena;
    Span span = s->graph->span;
    const Frame *frame = s->graph->frame;
    recur_check(s, steps);
    s->trace->steps = steps->outer;
    Extract e = {.s = s, .steps = steps};
    e.body = ir_graph(s->context, &s->dims, s->graph->name);
    e.map = ARENA_ARRAY(arena, Ref, s->graph->node.count + 1);
    find_captured(&e);
    make_body(&e);
    size_t ports = steps->sequence.count + steps->result.count;
    int8_t *axis = ARENA_ARRAY(arena, int8_t, ports + 1);
    for (size_t i = 0; i < steps->sequence.count; i++)
        axis[i] = (int8_t)ir_node(s->graph, steps->slice.item[i])->rank;
    for (size_t i = 0; i < steps->result.count; i++)
        axis[steps->sequence.count + i] =
            (int8_t)ir_node(s->graph, steps->result.item[i])->rank;
    cut_step(&e);
    draw_sequences(s, steps, e.body);
    VEC(Ref) operand = {0};
    for (size_t i = 0; i < steps->sequence.count; i++)
        VEC_PUSH(arena, &operand, steps->sequence.item[i]);
    for (size_t i = 0; i < steps->carry.count; i++) {
        Carry *c = &steps->carry.item[i];
        made_for_state(s, steps, e.body, i);
        VEC_PUSH(arena, &operand, carried_first(s, steps, c, c->first));
    }
    for (size_t i = 0; i < e.capture.count; i++)
        VEC_PUSH(arena, &operand, e.capture.item[i]);
    Scan scan = {.extent = steps->extent,
                 .backward = steps->backward,
                 .sequences = (int)steps->sequence.count,
                 .states = (int)steps->carry.count,
                 .results = (int)steps->result.count,
                 .axis = axis,
                 .operand = operand.item};
    s->graph->span = span;
    s->graph->frame = frame;
    Ref loop = ir_scan(s->graph, &scan, (int)operand.count, e.body);
    for (size_t i = 0; i < steps->carry.count; i++) {
        const Carry *c = &steps->carry.item[i];
        made_for_state(s, steps, e.body, i);
        if (c->carried >= 0)
            carried_next(s, c, ir_part(s->graph, loop, (int)i));
        if (c->kept != NULL)
            trace_keep(s, (Value){.kind = VALUE_array, .as.array = c->kept},
                       ir_part(s->graph, loop, (int)i), c->span);
    }
    s->graph->span = span;
    s->graph->frame = frame;
    return loop;
}

/* The leaves of some values. */
static Values
leaves_of(Script *s, const Value *item, size_t count)
{
    Values leaf = {0};
    for (size_t i = 0; i < count; i++)
        tree_leaves(s, item[i], &leaf);
    return leaf;
}

static void
add_results(Script *s, Steps *steps, const Values *values, Span span)
{
    for (size_t i = 0; i < values->count; i++) {
        Ref ref = trace_value(s, values->item[i], "a step's result", span);
        if (ir_node(s->graph, ref)->rank == IR_RANK - 1)
            script_fail(s, DIAG_rank, span, NULL,
                        "a step's result of rank %d leaves no axis for the "
                        "steps",
                        IR_RANK - 1);
        VEC_PUSH(&s->context->arena, &steps->result, ref);
    }
}

/* Parts of a loop, `from` on, in the tuples of a value. */
static Value
parts_value(Script *s, Ref loop, int from, Value like)
{
    Values part = leaves_of(s, &like, 1);
    for (size_t i = 0; i < part.count; i++)
        part.item[i] = value_node(ir_part(s->graph, loop, from + (int)i));
    const Value *next = part.item;
    return tree_like(s, like, &next);
}

static void
want_trace(Script *s, const char *name, Span span)
{
    if (s->graph == NULL)
        script_fail(s, DIAG_recurrence, span,
                    "call it in a @net function, or unroll a model",
                    "%s makes a loop of a model, not of numbers", name);
}

/* Finds the shape of sequences by one step on what is no shape yet; of steps
 * whose number nobody gives, `steps` are the caller's.
 */
static _Noreturn void
probe_step(Script *s, const Args *args, const Values *sequence)
{
    Value n = args->item[1];
    const char *name = intern_text(&s->context->names, "steps");
    Dim extent =
        n.kind == VALUE_int ? n.as.integer : dim_symbol(&s->dims, name);
    for (size_t i = 0; i < sequence->count; i++)
        if (sequence->item[i].kind == VALUE_opaque)
            s->trace->input[sequence->item[i].as.opaque].steps = extent;
    Steps steps = {.outer = s->trace->steps};
    steps.mark = s->graph->node.count;
    s->trace->steps = &steps;
    Args step = {
        .item = args->item + 3, .count = args->count - 3, .span = args->span};
    call_value(s, args->item[0], &step);
    script_fail(s, DIAG_annotate, args->span, NULL,
                "annotate the sequence, as in x::[3, 10]: ten steps of "
                "three numbers");
}

/* The model on a step; a sequence of numbers may be meant as vectors. */
static Value
call_step(Script *s, const Steps *steps, Value model, const Args *slices)
{
    const char *outer = s->trace->hint;
    s->trace->hint = NULL;
    for (size_t i = 0; i < steps->slice.count; i++) {
        const char *n = dim_text(&s->dims, steps->extent);
        if (ir_node(s->graph, steps->slice.item[i])->rank == 0)
            s->trace->hint = arena_printf(
                &s->context->arena,
                "the steps of a sequence lie along its last axis: (%s,) is %s "
                "numbers, and (k,%s) is %s vectors of k",
                n, n, n, n);
    }
    Value y = call_value(s, model, slices);
    s->trace->hint = outer;
    return y;
}

/* over_steps(m, n, backward, x…): m on every step of the sequences. */
Value
builtin_over_steps(Script *s, const Args *args)
{
    Value n = args->item[1];
    size_t count = args->count - 3;
    want_trace(s, "unroll", args->span);
    Values x = leaves_of(s, args->item + 3, count);
    for (size_t i = 0; i < x.count; i++)
        x.item[i] = lift_array(s, x.item[i]);
    for (size_t i = 0; i < x.count; i++)
        if (x.item[i].kind == VALUE_opaque)
            probe_step(s, args, &x);
    Steps steps = {.backward = args->item[2].kind == VALUE_bool &&
                               args->item[2].as.boolean};
    begin_steps(s, &steps, x.item, x.count, args->span);
    if (n.kind == VALUE_int && steps.extent != n.as.integer)
        script_fail(s, DIAG_shape, args->span, NULL,
                    "a model of %lld steps is given %s",
                    (long long)n.as.integer, dim_text(&s->dims, steps.extent));
    for (size_t i = 0; i < x.count; i++)
        x.item[i] = value_node(steps.slice.item[i]);
    const Value *next = x.item;
    Value *slice = ARENA_ARRAY(&s->context->arena, Value, count + 1);
    for (size_t i = 0; i < count; i++)
        slice[i] = tree_like(s, args->item[3 + i], &next);
    Args inner = {.item = slice, .count = count, .span = args->span};
    Value y = call_step(s, &steps, args->item[0], &inner);
    Values values = leaves_of(s, &y, 1);
    add_results(s, &steps, &values, args->span);
    Ref loop = end_steps(s, &steps);
    return parts_value(s, loop, (int)steps.carry.count, y);
}

/* scan(f, state, xs): (state, y) = f(state, x) for every step of xs; the last
 * state and all y.
 */
Value
builtin_scan(Script *s, const Args *args)
{
    Arena *arena = &s->context->arena;
    want_trace(s, "scan", args->span);
    Value first = args->item[1];
    Values states = leaves_of(s, &first, 1);
    Ref *state = ARENA_ARRAY(arena, Ref, states.count + 1);
    for (size_t i = 0; i < states.count; i++)
        state[i] = trace_value(s, states.item[i], "a state", args->span);
    Value all = args->item[2];
    Values xs = leaves_of(s, &all, 1);
    Steps steps = {.outer = NULL};
    begin_steps(s, &steps, xs.item, xs.count, args->span);
    Value *in = ARENA_ARRAY(arena, Value, states.count + xs.count + 1);
    const char *name = intern_text(&s->context->names, "state");
    for (size_t i = 0; i < states.count; i++) {
        Carry carry = {.field = name,
                       .lag = 1,
                       .first = state[i],
                       .span = args->span,
                       .frame = s->frame};
        in[i] = value_node(recur_add(s, &steps, carry)->leaf);
    }
    for (size_t i = 0; i < xs.count; i++)
        in[states.count + i] = value_node(steps.slice.item[i]);
    const Value *leaf = in;
    Value slice[2] = {tree_like(s, first, &leaf)};
    slice[1] = tree_like(s, all, &leaf);
    Args inner = {.item = slice, .count = 2, .span = args->span};
    Value y = call_value(s, args->item[0], &inner);
    if (y.kind != VALUE_tuple || y.as.values->count != 2)
        script_fail(s, DIAG_value, args->span, NULL,
                    "the function of a scan gives two values, the next state "
                    "and the step's result");
    Values next = leaves_of(s, &y.as.values->item[0], 1);
    Values result = leaves_of(s, &y.as.values->item[1], 1);
    if (next.count != states.count)
        script_fail(s, DIAG_recurrence, args->span, NULL,
                    "%zu states before the step, and %zu after it",
                    states.count, next.count);
    for (size_t i = 0; i < next.count; i++)
        steps.carry.item[i].next =
            trace_value(s, next.item[i], "a state", args->span);
    add_results(s, &steps, &result, args->span);
    Ref loop = end_steps(s, &steps);
    Value both[2];
    both[0] = parts_value(s, loop, 0, first);
    both[1] =
        parts_value(s, loop, (int)steps.carry.count, y.as.values->item[1]);
    return value_tuple(s, both, 2);
}
