/* Tracing a model: see trace.h.
 *
 * A model is evaluated on nodes. An input whose shape nothing has told is
 * opaque; the first operation that fixes it calls trace_bind, which notes the
 * shape and starts the trace again.
 */
#include "script/trace.h"

#include "script/eval.h"
#include "script/lift.h"
#include "script/model.h"
#include "script/number.h"
#include "script/recur.h"
#include "script/tree.h"

#include <string.h>

bool
trace_is_param(const Script *s, const Array *array)
{
    const Trace *t = s->graph != NULL ? s->trace : NULL;
    for (size_t i = 0; t != NULL && i < t->params.count; i++)
        if (t->params.item[i].array == array)
            return true;
    return false;
}

void
trace_round(Script *s, Array *array, DType dtype)
{
    if (array->tensor->dtype == dtype)
        return;
    array->tensor = lift_tensor(s, array->tensor, dtype);
    array->grad = NULL;
    array->rounded = true;
    if (array->recipe == REF_NONE)
        return;
    const Node *recipe = ir_node(s->initial, array->recipe);
    s->initial->span = recipe->span;
    s->initial->frame = recipe->frame;
    array->recipe = ir_cast(s->initial, array->recipe, dtype);
}

Ref
trace_array(Script *s, Value v)
{
    Trace *t = s->trace;
    Array *array = v.as.array;
    for (size_t i = 0; i < t->params.count; i++) {
        const Param *p = &t->params.item[i];
        if (p->array != array)
            continue;
        if (t->kept[i] != REF_NONE)
            return t->kept[i];
        if (t->leaf[i] != REF_NONE)
            return t->leaf[i];
        trace_round(s, array, t->dtype);
        Dim dim[IR_RANK];
        for (int k = 0; k < array->tensor->rank; k++)
            dim[k] = array->tensor->dim[k];
        t->leaf[i] = ir_leaf(s->graph, OP_param, p->path, t->dtype,
                             array->tensor->rank, dim);
        Node *leaf = ir_node(s->graph, t->leaf[i]);
        t->params.item[i].frozen = p->frozen || v.frozen;
        leaf->as.leaf.frozen = p->frozen;
        leaf->as.leaf.key = array;
        return t->leaf[i];
    }
    const Tensor *tensor = array->tensor;
    DType dtype = tensor->dtype == DTYPE_bool ? DTYPE_bool : t->dtype;
    return ir_data(s->graph, lift_tensor(s, tensor, dtype));
}

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

void
trace_bind(Script *s, int input, int rank, const Dim *dim)
{
    InputShape *in = &s->trace->input[input];
    in->rank = rank;
    for (int i = 0; i < rank; i++)
        in->dim[i] = dim[i];
    if (in->steps != 0)
        in->dim[in->rank++] = in->steps;
    in->steps = 0;
    longjmp(*s->trace->bound, 1);
}

/* Whether an entry of an annotation x::[28, 28, C] is a named dimension: a name
 * that is bound nowhere.
 */
static bool
is_named(Scope *scope, const Ast *entry)
{
    return entry->kind == AST_NAME && scope_find(scope, entry->as.name) == NULL;
}

/* The length that an entry means. */
static Dim
annotation_dim(Script *s, Scope *scope, const Ast *entry)
{
    if (is_named(scope, entry))
        return dim_symbol(&s->dims, entry->as.name);
    Value v = eval(s, scope, entry);
    return number_int(s, v, "a length", 0, INT64_C(1) << 40, entry->span);
}

const char *
trace_dims(Script *s, int rank, const Dim *dim)
{
    const char *text = "";
    for (int i = 0; i < rank; i++)
        text = arena_printf(&s->context->arena, "%s%s%s", text, i ? "," : "",
                            dim_text(&s->dims, dim[i]));
    return text;
}

/* Notes the length of a named dimension; all that have its name have it. */
static void
note_named(Script *s, NamedDims *named, const AstParam *p, const char *name,
           Dim dim)
{
    int i = 0;
    while (i < named->count && named->name[i] != name)
        i++;
    if (i == DIM_SYMBOLS)
        return;
    if (i == named->count) {
        named->name[i] = name;
        named->dim[named->count++] = dim;
    }
    if (named->dim[i] != dim)
        script_fail(s, DIAG_shape, p->span, NULL,
                    "%s is %s here, and %s before", name,
                    dim_text(&s->dims, dim), dim_text(&s->dims, named->dim[i]));
}

int
trace_shape(const Script *s, Value v, Dim *dim)
{
    if (value_is_number(v))
        return 0;
    if (v.kind != VALUE_node && v.kind != VALUE_array)
        return -1;
    const Node *n = v.kind == VALUE_node ? ir_node(s->graph, v.as.node) : NULL;
    const Tensor *t = n == NULL ? v.as.array->tensor : NULL;
    int rank = n != NULL ? n->rank : t->rank;
    for (int i = 0; i < rank; i++)
        dim[i] = n != NULL ? n->dim[i] : t->dim[i];
    return rank;
}

bool
trace_fits(const Script *s, Value v, int rank, const Dim *want)
{
    Dim dim[IR_RANK];
    bool fits = trace_shape(s, v, dim) == rank;
    for (int i = 0; fits && i < rank; i++)
        fits = dim[i] == want[i] || !dim_known(want[i]);
    return fits;
}

/* Refuses an argument of another shape than the annotated one. */
static void
check_annotated(Script *s, Scope *scope, const AstParam *p, Value v,
                const Dim *want, NamedDims *named)
{
    const AstList *entry = &p->type->as.list;
    int rank = (int)entry->count;
    if (!trace_fits(s, v, rank, want))
        script_fail(s, DIAG_shape, p->span, NULL,
                    "the input is annotated [%s], and given %s",
                    trace_dims(s, rank, want), value_shape_text(s, v));
    Dim dim[IR_RANK];
    trace_shape(s, v, dim);
    for (int i = 0; i < rank; i++)
        if (is_named(scope, entry->item[i]))
            note_named(s, named, p, entry->item[i]->as.name, dim[i]);
}

Value
trace_annotation(Script *s, Scope *scope, const AstParam *p, Value v,
                 NamedDims *named)
{
    if (p->type->kind != AST_VECT || p->type->as.list.count >= IR_RANK)
        return v;
    int rank = (int)p->type->as.list.count;
    Dim dim[IR_RANK];
    for (int i = 0; i < rank; i++)
        dim[i] = annotation_dim(s, scope, p->type->as.list.item[i]);
    v = lift_array(s, v);
    if (v.kind == VALUE_opaque)
        trace_bind(s, v.as.opaque, rank, dim);
    if (v.kind == VALUE_node || v.kind == VALUE_array)
        check_annotated(s, scope, p, v, dim, named);
    return v;
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

Ref
trace_value(Script *s, Value v, const char *what, Span span)
{
    v = lift_array(s, v);
    if (v.kind == VALUE_node)
        return v.as.node;
    if (v.kind == VALUE_array)
        return trace_array(s, v);
    if (value_is_number(v))
        return ir_const(s->graph, s->trace->dtype, value_number(v));
    script_fail(s, DIAG_value, span, NULL, "%s is %s; it must be numbers", what,
                value_kind_name(v));
}

/* The node of a model's result, which must be numbers. */
static Ref
result_node(Script *s, Value model, Value y, Span span)
{
    y = value_plain(s, y, span);
    if (y.kind == VALUE_list)
        script_fail(s, DIAG_value, span, "vcat(xs...) makes a vector of it",
                    "the result of %s is a list; it must be numbers",
                    call_name(s, model));
    return trace_value(s, y,
                       arena_printf(&s->context->arena, "the result of %s",
                                    call_name(s, model)),
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

/* Evaluates the model on its inputs, in s->graph; gives its result. An opaque
 * one binds the input to any length: the model is elementwise.
 */
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
    Dim length = -1;
    if (y.kind == VALUE_opaque) {
        length = dim_symbol(&s->dims, intern_text(&s->context->names, "len"));
        trace_bind(s, y.as.opaque, 1, &length);
    }
    for (int i = 0; i < t->inputs; i++)
        if (t->input[i].rank < 0)
            script_fail(s, DIAG_annotate, span,
                        "annotate it, as in x::[784], or start a chain with "
                        "Input(784)",
                        "nothing fixes the shape of the input `%s`",
                        t->input[i].name);
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
    t->fresh = REF_NONE;
    t->carried.count = 0;
    for (size_t i = 0; i < t->params.count; i++)
        t->leaf[i] = t->kept[i] = REF_NONE;
    t->count = REF_NONE;
    t->draws = 0;
    t->training = t->step;
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
    if (s->dims.overflow)
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
