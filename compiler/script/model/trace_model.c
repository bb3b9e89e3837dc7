/* Tracing a model: see trace_model.h. */
#include "script/model/trace_model.h"

#include "script/array/lift.h"
#include "script/array/numeric.h"
#include "script/array/trace.h"
#include "script/model/recur.h"
#include "script/value/call.h"
#include "script/value/tree.h"

#include <string.h>

Ref
trace_draw(Script *s, DType dtype, int rank, const Dim *dim)
{
    Trace *t = s->trace;
    Graph *g = s->graph;
    if (t->step && t->count == REF_NONE)
        t->count = ir_leaf(g, OP_state, "step", DTYPE_i32, 0, NULL);
    Ref step = t->step ? t->count : ir_const(g, DTYPE_i32, 0);
    return ir_draw(g, step, dtype, rank, dim, t->draws++);
}

void
trace_keep(Script *s, Value v, Ref value, Span span)
{
    Trace *t = s->trace;
    size_t i = 0;
    while (i < t->params.count && t->params.item[i].array != v.as.array)
        i++;
    if (i == t->params.count || !t->params.item[i].frozen)
        script_fail(s, DIAG_value, span, "make it with frozen(…)",
                    "keep! changes a frozen array of a @net type");
    if (!t->step)
        return;
    Ref now = trace_array(s, v);
    if (!ir_same_shape(s->graph, now, value))
        script_fail(s, DIAG_shape, span, NULL,
                    "keep! of an array %s that becomes %s",
                    value_shape_text(s, value_node(now)),
                    value_shape_text(s, value_node(value)));
    if (recur_keep(s, v, value, span))
        return;
    s->graph->span = span;
    s->graph->frame = s->frame;
    Node n = *ir_node(s->graph, value);
    t->kept[i] = ir_reshape(s->graph, value, n.rank, n.dim); /* of this place */
}

DType
trace_dtype(Script *s, const Params *params, const Args *args)
{
    if (params->count > 0)
        return s->options.dtype;
    bool f32 = false;
    bool f64 = false;
    for (size_t i = 0; i < args->count; i++) {
        Value v = lift_array(s, args->item[i]);
        f32 = f32 || v.kind == VALUE_float32;
        f64 = f64 || v.kind == VALUE_float;
        if (v.kind == VALUE_array || v.kind == VALUE_batch) {
            f32 = f32 || v.as.array->tensor->dtype == DTYPE_f32;
            f64 = f64 || v.as.array->tensor->dtype == DTYPE_f64;
        }
    }
    if (f64)
        return DTYPE_f64;
    return f32 ? DTYPE_f32 : s->options.dtype;
}

/* The argument of input i: a node, or opaque while its shape is unknown. */
static Value
input_value(Script *s, Trace *t, int i)
{
    InputShape *in = &t->input[i];
    if (in->rank < 0)
        return (Value){.kind = VALUE_opaque, .as.opaque = i};
    Ref leaf =
        ir_leaf(s->graph, OP_input, in->name, in->dtype, in->rank, in->dim);
    if (in->from0)
        leaf = ir_map(s->graph, OP_add, leaf, ir_fill(s->graph, leaf, 1),
                      REF_NONE);
    return value_node(leaf);
}

/* The node of a model's result, which must be numbers. */
static Ref
result_node(Script *s, Value model, Value y, Span span)
{
    y = numeric_plain(s, y, span);
    if (y.kind == VALUE_list)
        script_fail(s, DIAG_value, span, "vcat(xs...) makes a vector of it",
                    "the result of %s is a list; it must be numbers",
                    value_name(model));
    return trace_value(
        s, y,
        arena_printf(&s->context->arena, "the result of %s", value_name(model)),
        span);
}

/* The arguments of the model: its inputs, in the tuples in which they are. */
static size_t
put_arguments(Script *s, Trace *t, Value *argument)
{
    Value input[TRACE_INPUTS];
    const Value *next = input;
    size_t count = t->given != NULL ? t->given->count : (size_t)t->inputs;
    for (int i = 0; i < t->inputs; i++)
        input[i] = input_value(s, t, i);
    for (size_t i = 0; i < count; i++)
        argument[i] = t->given != NULL ? tree_like(s, t->given->item[i], &next)
                                       : input[i];
    return count;
}

/* Makes the leaves of a result the graph's outputs. */
static void
put_results(Script *s, Value model, Value y, Span span)
{
    Values leaf = {0};
    tree_leaves(s, y, &leaf);
    const char **name = tree_names(s, y, leaf.count);
    for (size_t i = 0; i < leaf.count; i++)
        ir_output(s->graph, name[i], result_node(s, model, leaf.item[i], span),
                  REF_NONE);
}

/* A result that is opaque still is elementwise: its input has any length. */
static void
bind_elementwise(Script *s, Value y)
{
    Values leaf = {0};
    tree_leaves(s, y, &leaf);
    for (size_t i = 0; i < leaf.count; i++)
        if (leaf.item[i].kind == VALUE_opaque) {
            const char *name = intern_text(&s->context->names, "len");
            Dim length = dim_symbol(&s->dims, name);
            trace_bind(s, leaf.item[i].as.opaque, 1, &length);
        }
}

/* Refuses inputs, or a step's target, whose shape nothing has fixed. */
static void
check_shapes(Script *s, const Trace *t, Span span)
{
    for (int i = 0; i < t->inputs; i++) {
        bool target = i >= t->inputs - t->targets;
        if (t->input[i].rank < 0)
            script_fail(s, DIAG_annotate, span,
                        target ? "annotate it in the loss, as in (ŷ, y::[10]) "
                                 "-> …"
                               : "annotate it, as in x::[784], or start a "
                                 "chain with Input(784)",
                        "nothing fixes the shape of the %s `%s`",
                        target ? "target" : "input", t->input[i].name);
    }
}

/* Evaluates the model on its inputs, in s->graph; gives its result. */
static Value
trace_run(Script *s, Trace *t, Value model, Span span)
{
    Value item[TRACE_INPUTS + 1] = {t->first};
    size_t before = t->first.kind == VALUE_nothing ? 0 : 1;
    Args args = {.item = item, .span = span};
    args.count = before + put_arguments(s, t, item + before);
    if (t->given != NULL) {
        args.key = t->given->key;
        args.value = t->given->value;
        args.keys = t->given->keys;
    }
    Value y = call_value(s, model, &args);
    bind_elementwise(s, y);
    check_shapes(s, t, span);
    put_results(s, model, y, span);
    for (size_t i = 0; i < t->params.count; i++)
        if (t->kept[i] != REF_NONE)
            ir_output(s->graph, t->params.item[i].path, t->kept[i], t->leaf[i]);
    for (size_t i = 0; i < t->carried.count; i++) {
        const Carried *c = &t->carried.item[i];
        const char *name = ir_node(s->graph, c->leaf)->as.leaf.name;
        ir_output(s->graph, name, c->next, c->leaf);
    }
    return y;
}

TraceState
trace_enter(Script *s, Trace *t, Graph *g)
{
    TraceState state = {.graph = s->graph,
                        .trace = s->trace,
                        .frame = s->frame,
                        .span = s->span,
                        .depth = s->depth,
                        .eval = *s->eval};
    s->graph = g;
    s->trace = t;
    return state;
}

void
trace_leave(Script *s, const TraceState *state)
{
    Scope *unused = s->eval->unused;
    *s->eval = state->eval;
    s->eval->unused = unused;
    s->graph = state->graph;
    s->trace = state->trace;
    s->frame = state->frame;
    s->span = state->span;
    s->depth = state->depth;
}

void
trace_restart(Trace *t)
{
    t->steps = NULL;
    t->hint = NULL;
    t->fresh = REF_NONE;
    t->carried.count = 0;
    for (size_t i = 0; i < t->params.count; i++)
        t->leaf[i] = t->kept[i] = REF_NONE;
    t->count = REF_NONE;
    t->draws = 0;
    t->training = t->step;
}

/* Whether the bytes of every array of a graph fit into 64 bits. */
static bool
has_sizes(Script *s, const Graph *g)
{
    for (size_t i = 0; i < g->node.count; i++) {
        const Node *n = ir_node(g, (Ref)i);
        Dim bytes = sizeof(double);
        for (int k = 0; k < n->rank; k++)
            bytes = dim_mul(&s->dims, bytes, n->dim[k]);
    }
    return !s->dims.overflow;
}

Traced
trace_model(Script *s, Trace *t, Value model, const char *name, Span span)
{
    jmp_buf bound;
    t->bound = &bound;
    TraceState state = trace_enter(s, t, NULL);
    setjmp(bound);
    trace_leave(s, &state);
    Graph *g = ir_graph(s->context, &s->dims, name);
    g->node.item = s->spare;
    g->node.capacity = s->spares;
    s->spare = NULL;
    s->spares = 0;
    trace_enter(s, t, g);
    trace_restart(t);
    Traced traced = {.result = trace_run(s, t, model, span)};
    traced.graph = s->graph;
    trace_leave(s, &state);
    if (!has_sizes(s, traced.graph))
        script_fail(s, DIAG_limit, span, NULL,
                    "the sizes of this model do not fit into 64 bits");
    return traced;
}

Trace *
trace_new(Script *s, Value model, DType dtype)
{
    Trace *t = ARENA_NEW(&s->context->arena, Trace);
    t->params = trace_params(s, model);
    t->leaf = ARENA_ARRAY(&s->context->arena, Ref, t->params.count + 1);
    t->kept = ARENA_ARRAY(&s->context->arena, Ref, t->params.count + 1);
    t->dtype = dtype;
    trace_restart(t);
    return t;
}
