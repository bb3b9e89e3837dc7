/* Lifting: see lift.h. Operands become nodes; the maker adds its own; the
 * result is a node of the trace, or numbers that the interpreter computed.
 */
#include "script/array/lift.h"

#include "pass/pass.h"
#include "script/array/seq.h"
#include "script/array/trace.h"

#include <string.h>

Tensor *
lift_new_tensor(Script *s, DType dtype, int rank, const int64_t *dim, Span span)
{
    Tensor *t = tensor_new(&s->context->arena, dtype, rank, dim);
    if (t == NULL)
        script_fail(s, DIAG_limit, span, "--max-memory=MiB allows more",
                    "an array of this size is more than the script may hold");
    return t;
}

void
lift_fail(Script *s, const char *reason, Span span)
{
    script_fail(s, DIAG_limit, span,
                reason == ir_no_memory ? "--max-memory=MiB allows more" : NULL,
                "%s", reason);
}

Tensor *
lift_tensor(Script *s, const Tensor *from, DType dtype)
{
    if (from->dtype == dtype)
        return arena_copy(&s->context->arena, from, sizeof *from);
    Tensor *to = lift_new_tensor(s, dtype, from->rank, from->dim, s->span);
    int64_t count = tensor_count(from);
    for (int64_t i = 0; i < count; i++)
        tensor_set(to, i, tensor_get(from, i));
    return to;
}

Value
lift_result(Script *s, Tensor *tensor)
{
    if (tensor->rank > 0) {
        if (tensor->dtype == DTYPE_i32 || tensor->dtype == DTYPE_u32)
            tensor = lift_tensor(s, tensor, DTYPE_i64);
        return value_array(s, tensor);
    }
    double x = tensor_get(tensor, 0);
    switch (tensor->dtype) {
    case DTYPE_f32:
        return (Value){.kind = VALUE_float32, .as.number = x};
    case DTYPE_f64:
        return value_float(x);
    case DTYPE_bool:
        return value_bool(x != 0);
    case DTYPE_i32:
    case DTYPE_u32:
        return value_int((int64_t)x);
    case DTYPE_i64:
        return value_int(*(const int64_t *)tensor->data);
    case DTYPES:
        break;
    }
    return value_nothing();
}

Value
lift_array(Script *s, Value v)
{
    if (v.kind == VALUE_range) {
        const Range *r = v.as.range;
        DType dtype = r->whole ? DTYPE_i64 : DTYPE_f64;
        Tensor *t = lift_new_tensor(s, dtype, 1, &r->count, s->span);
        for (int64_t i = 0; i < r->count; i++) {
            if (r->whole)
                ((int64_t *)t->data)[i] = r->first_int + i * r->step_int;
            else
                ((double *)t->data)[i] = r->first + (double)i * r->step;
        }
        return value_array(s, t);
    }
    return seq_plain(s, v);
}

const char *
lift_shape_text(Lift *l, Ref ref)
{
    const Node *n = ir_node(l->g, ref);
    Arena *arena = &l->s->context->arena;
    if (n->rank == 0)
        return "scalar";
    const char *text = "(";
    for (int i = 0; i < n->rank; i++)
        text = arena_printf(arena, "%s%s%s", text, i ? "," : "",
                            dim_text(l->g->dims, n->dim[i]));
    return arena_printf(arena, "%s%s)", text, n->rank == 1 ? "," : "");
}

void
lift_shape_fail(Lift *l, const char *hint, Ref a, Ref b)
{
    const Trace *t = l->s->trace;
    if (t != NULL && t->hint != NULL)
        hint = t->hint;
    script_fail(l->s, DIAG_shape, l->span, hint, "shapes do not fit: %s %s %s",
                lift_shape_text(l, a), l->name, lift_shape_text(l, b));
}

Ref
lift_real(Lift *l, Ref a)
{
    DType dtype = ir_node(l->g, a)->dtype;
    return dtype_real(dtype) ? a : ir_cast(l->g, a, l->dtype);
}

/* a over a shape that both have. */
static Ref
expand(Lift *l, Ref a, int rank, const Dim *dim)
{
    Node n = *ir_node(l->g, a);
    int8_t map[IR_RANK] = {0};
    Dim kept[IR_RANK];
    int keep = 0;
    bool same = n.rank == rank;
    for (int i = 0; i < n.rank; i++) {
        same = same && n.dim[i] == dim[i];
        if (n.dim[i] == dim[i]) {
            map[keep] = (int8_t)i;
            kept[keep++] = n.dim[i];
        }
    }
    if (same)
        return a;
    if (keep < n.rank)
        a = ir_reshape(l->g, a, keep, kept);
    return ir_broadcast(l->g, a, rank, dim, map);
}

void
lift_broadcast(Lift *l, Ref *a, Ref *b, bool dotted)
{
    Node na = *ir_node(l->g, *a);
    Node nb = *ir_node(l->g, *b);
    if (ir_same_shape(l->g, *a, *b))
        return;
    if (!dotted && na.rank > 0 && nb.rank > 0)
        lift_shape_fail(l,
                        arena_printf(&l->s->context->arena,
                                     "`.%s` broadcasts over axes of length 1",
                                     l->name),
                        *a, *b);
    int rank = na.rank > nb.rank ? na.rank : nb.rank;
    Dim dim[IR_RANK];
    for (int i = 0; i < rank; i++) {
        Dim da = i < na.rank ? na.dim[i] : 1;
        Dim db = i < nb.rank ? nb.dim[i] : 1;
        if (da != db && da != 1 && db != 1)
            lift_shape_fail(l, NULL, *a, *b);
        dim[i] = da == 1 ? db : da;
    }
    *a = expand(l, *a, rank, dim);
    *b = expand(l, *b, rank, dim);
}

/* An array as an input of the lift's own graph; a batch as one sample. */
static Ref
lift_leaf(Lift *l, Value v)
{
    Arena *arena = &l->s->context->arena;
    const Tensor *t = v.as.array->tensor;
    if (t->dtype != DTYPE_bool)
        t = lift_tensor(l->s, t, l->dtype);
    Dim dim[IR_RANK];
    for (int i = 0; i < t->rank; i++)
        dim[i] = t->dim[i];
    const char *name = arena_printf(arena, "x%zu", l->value.count);
    VEC_PUSH(arena, &l->value, t);
    int rank = t->rank;
    if (v.kind == VALUE_batch) {
        rank--;
        if (l->samples >= 0 && l->samples != t->dim[rank])
            script_fail(l->s, DIAG_shape, l->span, NULL,
                        "batches of %lld and %lld samples",
                        (long long)l->samples, (long long)t->dim[rank]);
        l->samples = t->dim[rank];
    } else {
        VEC_PUSH(arena, &l->shared, name);
    }
    return ir_leaf(l->g, OP_input, name, t->dtype, rank, dim);
}

/* The node of one operand in the lift's graph. */
static Ref
lift_operand(Lift *l, Value v)
{
    switch (v.kind) {
    case VALUE_node:
        return v.as.node;
    case VALUE_bool:
        return ir_const(l->g, DTYPE_bool, v.as.boolean);
    case VALUE_int:
        if (l->ints)
            return ir_const(l->g, DTYPE_i32, (double)v.as.integer);
        return ir_const(l->g, l->dtype, (double)v.as.integer);
    case VALUE_float:
    case VALUE_float32:
        return ir_const(l->g, l->dtype, v.as.number);
    case VALUE_array:
        break;
    case VALUE_batch:
        if (l->g != l->s->graph && !l->recipe)
            break;
        script_fail(l->s, DIAG_value, l->span, "call the model with the batch",
                    "a batch cannot be used inside of a model");
    default:
        script_fail(l->s, DIAG_value, l->span, NULL,
                    "`%s` is not defined for %s", l->name, value_kind_name(v));
    }
    if (l->recipe)
        return v.as.array->recipe;
    if (l->g == l->s->graph)
        return trace_array(l->s, v);
    return lift_leaf(l, v);
}

static Ref
lift_make(Lift *l, const LiftOp *op, const Value *operand, size_t count)
{
    Ref ref[8];
    for (size_t i = 0; i < count; i++)
        ref[i] = lift_operand(l, operand[i]);
    return op->make(l, ref, count, op->extra);
}

/* Where the memory of a lift's own graph begins, and what else might have been
 * put behind that.
 */
typedef struct {
    ArenaMark mark;
    size_t names;
    size_t diags;
    size_t polys;
} Before;

static Before
before_lift(const Script *s)
{
    const Context *c = s->context;
    return (Before){arena_mark(&c->arena), c->names.count, c->diags.count,
                    s->dims.poly.count};
}

/* The result alone: the graph's memory is given back, so that loops of scripts
 * do not fill theirs. A large result is not worth the copies.
 */
static Tensor *
after_lift(Script *s, const Before *before, Tensor *result)
{
    enum { ROOM = 4096 };
    char room[ROOM];
    Context *c = s->context;
    size_t size = (size_t)tensor_count(result) * dtype_size(result->dtype);
    if (size > ROOM || c->names.count != before->names ||
        c->diags.count != before->diags || s->dims.poly.count != before->polys)
        return arena_copy(&c->arena, result, sizeof *result);
    memcpy(room, result->data, size);
    arena_rewind(&c->arena, &before->mark);
    result->data = arena_alloc(&c->arena, size);
    memcpy(result->data, room, size);
    return arena_copy(&c->arena, result, sizeof *result);
}

/* Computes on plain arrays through a graph of its own. */
static Value
lift_eager(Script *s, Lift *l, const LiftOp *op, const Value *operand,
           size_t count)
{
    Before before = before_lift(s);
    l->g = ir_graph(s->context, &s->dims, op->name);
    l->g->span = l->span;
    l->g->frame = s->frame;
    Ref y = lift_make(l, op, operand, count);
    ir_output(l->g, "y", y, REF_NONE);
    bool batch = l->samples >= 0;
    if (batch) {
        VEC_PUSH(&s->context->arena, &l->shared, NULL);
        l->g = batch_graph_shared(l->g, l->shared.item);
        if (l->g == NULL)
            script_abandon(s);
    }
    Tensor result = {.data = NULL};
    int64_t symbol[DIM_SYMBOLS] = {batch ? l->samples : 1};
    const char *reason = NULL;
    RunOptions run = {.symbol = symbol, .seed = s->seed, .reason = &reason};
    if (ir_interpret(l->g, l->value.item, &run, &s->context->arena, &result))
        lift_fail(s, reason, l->span);
    Value v = lift_result(s, after_lift(s, &before, &result));
    if (batch && v.kind == VALUE_array)
        v.kind = VALUE_batch;
    return v;
}

void
lift_place_recipe(Script *s, Span span)
{
    s->initial->span = span;
    s->initial->frame = s->frame;
}

/* Whether the operands are initialisers, so that the result is one too. */
static bool
lift_has_recipe(const Value *operand, size_t count)
{
    bool array = false;
    for (size_t i = 0; i < count; i++) {
        if (operand[i].kind == VALUE_array) {
            array = true;
            if (operand[i].as.array->recipe == REF_NONE)
                return false;
        }
    }
    return array;
}

static DType
lift_dtype(const Value *operand, size_t count)
{
    bool f32 = false;
    bool f64 = false;
    for (size_t i = 0; i < count; i++) {
        if (operand[i].kind == VALUE_array || operand[i].kind == VALUE_batch) {
            DType d = operand[i].as.array->tensor->dtype;
            f32 = f32 || d == DTYPE_f32;
            f64 = f64 || d == DTYPE_f64;
        }
    }
    if (!f32 && !f64)
        for (size_t i = 0; i < count; i++) {
            f32 = f32 || operand[i].kind == VALUE_float32;
            f64 = f64 || operand[i].kind == VALUE_float;
        }
    return f32 && !f64 ? DTYPE_f32 : DTYPE_f64;
}

/* An input whose shape is unknown: what passes it on gives it, what knows a
 * shape binds it.
 */
static Value
lift_opaque(Script *s, Lift *l, const LiftOp *op, const Value *operand,
            size_t count, Value opaque)
{
    if (!op->elementwise)
        script_fail(s, DIAG_annotate, l->span,
                    "annotate the input with its shape, as in x::[784]",
                    "the shape of the input must be known for `%s`", op->name);
    for (size_t i = 0; i < count; i++) {
        if (operand[i].kind != VALUE_array && operand[i].kind != VALUE_node)
            continue;
        Ref ref = REF_NONE;
        l->g = s->graph;
        ref = lift_operand(l, operand[i]);
        const Node *n = ir_node(s->graph, ref);
        if (n->rank > 0)
            trace_bind(s, opaque.as.opaque, n->rank, n->dim);
    }
    return opaque;
}

/* Refuses a node that no memory could hold. */
static void
check_size(Lift *l, Ref ref)
{
    const Node *n = ir_node(l->g, ref);
    Tensor shape = {.dtype = n->dtype, .rank = n->rank};
    for (int i = 0; i < n->rank; i++) {
        if (!dim_known(n->dim[i]))
            return;
        shape.dim[i] = n->dim[i];
    }
    int64_t count = tensor_count(&shape);
    int64_t most = TENSOR_BYTES / (int64_t)dtype_size(n->dtype);
    if (count < 0 || count > most)
        script_fail(l->s, DIAG_limit, l->span, NULL,
                    "`%s` makes an array of shape %s, which no memory holds",
                    l->name, lift_shape_text(l, ref));
}

static Value
lift_traced(Lift *l, const LiftOp *op, const Value *operand, size_t count)
{
    size_t mark = l->g->node.count;
    Ref y = lift_make(l, op, operand, count);
    for (size_t i = mark; i < l->g->node.count; i++)
        check_size(l, (Ref)i);
    if (l->g->dims->overflow)
        script_fail(l->s, DIAG_limit, l->span, NULL,
                    "the sizes that `%s` makes do not fit into 64 bits",
                    l->name);
    return value_node(y);
}

Value
lift(Script *s, Span span, const LiftOp *op, const Value *given, size_t count)
{
    Value operand[8];
    bool traced = false;
    bool ints = op->ints;
    bool node = false;
    Value opaque = value_nothing();
    for (size_t i = 0; i < count; i++) {
        Value v = operand[i] = lift_array(s, given[i]);
        if (v.kind == VALUE_node) {
            traced = node = true;
            ints = ints && ir_node(s->graph, v.as.node)->dtype == DTYPE_i32;
        } else if (v.kind == VALUE_opaque) {
            opaque = v;
        } else if (v.kind == VALUE_batch) {
            ints = false;
        } else if (v.kind == VALUE_array) {
            ints = false;
            traced = traced || trace_is_param(s, v.as.array);
        } else if (v.kind != VALUE_int) {
            ints = false;
        }
    }
    Lift l = {.s = s,
              .span = span,
              .name = op->name,
              .ints = ints && node,
              .samples = -1};
    if (traced || opaque.kind == VALUE_opaque) {
        l.g = s->graph;
        l.dtype = s->trace->dtype;
        s->graph->span = span;
        s->graph->frame = s->frame;
        if (opaque.kind == VALUE_opaque)
            return lift_opaque(s, &l, op, operand, count, opaque);
        return lift_traced(&l, op, operand, count);
    }
    l.dtype = lift_dtype(operand, count);
    Value result = lift_eager(s, &l, op, operand, count);
    if (op->elementwise && result.kind == VALUE_array &&
        lift_has_recipe(operand, count)) {
        Lift again = {.s = s,
                      .span = span,
                      .name = op->name,
                      .g = s->initial,
                      .dtype = l.dtype,
                      .recipe = true};
        lift_place_recipe(s, span);
        result.as.array->recipe = lift_make(&again, op, operand, count);
    }
    return op->elementwise ? seq_as_given(s, result, given, count) : result;
}
