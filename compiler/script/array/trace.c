/* What operations do to a trace: see trace.h. */
#include "script/array/trace.h"

#include "script/array/lift.h"

bool
trace_is_param(const Script *s, const Array *array)
{
    const Trace *t = s->graph != NULL ? s->trace : NULL;
    for (size_t i = 0; t != NULL && i < t->params.count; i++)
        if (t->params.item[i].array == array)
            return true;
    return false;
}

bool
trace_holds(const Script *s, Value v)
{
    return value_is_traced(v) ||
           (v.kind == VALUE_array && trace_is_param(s, v.as.array));
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

const char *
trace_dims(Script *s, int rank, const Dim *dim)
{
    const char *text = "";
    for (int i = 0; i < rank; i++)
        text = arena_printf(&s->context->arena, "%s%s%s", text, i ? "," : "",
                            dim_text(&s->dims, dim[i]));
    return text;
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
