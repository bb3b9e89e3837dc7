/* Indexing and lengths: plain arrays are copied, traced values go through
 * lift().
 */
#include "script/array/number.h"
#include "script/array/numeric.h"
#include "script/array/numeric_functions.h"
#include "script/array/numeric_make.h"
#include "script/array/trace.h"

#include <string.h>

/* The length of a traced value's axis; -1: of all its elements. */
static Dim
axis_length(const Script *s, Value x, int axis)
{
    const Node *n = ir_node(s->graph, x.as.node);
    if (axis < 0)
        return ir_count(s->graph, x.as.node);
    return axis < n->rank ? n->dim[axis] : 1;
}

bool
numeric_is_open(Script *s, Value x, int axis)
{
    return x.kind == VALUE_node && !dim_known(axis_length(s, x, axis));
}

int64_t
numeric_length(Script *s, Value x, int axis, Span span)
{
    switch (x.kind) {
    case VALUE_tuple:
    case VALUE_list:
        return (int64_t)x.as.values->count;
    case VALUE_string:
        return (int64_t)x.as.string.length;
    case VALUE_range:
        return x.as.range->count;
    case VALUE_array: {
        const Tensor *t = x.as.array->tensor;
        if (axis < 0)
            return tensor_count(t);
        return axis < t->rank ? t->dim[axis] : 1;
    }
    case VALUE_batch:
    case VALUE_seq: {
        const Tensor *t = x.as.array->tensor;
        return t->dim[t->rank - 1];
    }
    case VALUE_node: {
        Dim d = axis_length(s, x, axis);
        if (dim_known(d))
            return d;
        script_fail(s, DIAG_annotate, span,
                    "annotate the input with a number, or take a sum, a mean "
                    "or a maximum over the axis; an index may be end or end - "
                    "1",
                    "the length %s is not known while the model is traced",
                    dim_text(&s->dims, d));
    }
    case VALUE_opaque:
        script_fail(s, DIAG_annotate, span,
                    "annotate the input with its shape, as in x::[784]",
                    "the shape of the input must be known here");
    case VALUE_bool:
    case VALUE_int:
    case VALUE_float:
    case VALUE_float32:
        return 1;
    case VALUE_nothing:
    case VALUE_symbol:
    case VALUE_pair:
    case VALUE_function:
    case VALUE_builtin:
    case VALUE_type:
    case VALUE_object:
    case VALUE_trainer:
    case VALUE_engine:
    case VALUE_poison:
        break;
    }
    script_fail(s, DIAG_value, span, NULL, "%s has no length",
                value_kind_name(x));
}

/* One index of an axis, as places from 0. */
typedef struct {
    Dim start;
    int64_t step;
    Dim count;
    const Tensor *list; /* or NULL: start, step, count */
    bool drop;
} Axis;

static int64_t
axis_place(const Axis *a, int64_t i)
{
    return a->list != NULL ? (int64_t)tensor_get(a->list, i) - 1
                           : a->start + i * a->step;
}

/* The places, from 1, where a vector of truth values is true; or an array of
 * them, for an index through the memory.
 */
static Tensor *
mask_places(Script *s, const Tensor *mask, int64_t length, Span span)
{
    if (tensor_count(mask) != length)
        script_fail(s, DIAG_shape, span, NULL,
                    "a mask of %lld truth values for an axis of length %lld",
                    (long long)tensor_count(mask), (long long)length);
    int64_t count = 0;
    for (int64_t i = 0; i < length; i++)
        count += tensor_get(mask, i) != 0;
    Tensor *places = lift_new_tensor(s, DTYPE_i64, 1, &count, span);
    int64_t *place = places->data;
    for (int64_t i = 0; i < length; i++)
        if (tensor_get(mask, i) != 0)
            *place++ = i + 1;
    return places;
}

static Axis
axis_index(Script *s, Value index, int64_t length, Span span)
{
    Axis a = {.step = 1, .count = 1};
    if (index.kind == VALUE_array &&
        index.as.array->tensor->dtype == DTYPE_bool)
        index = value_array(
            s, mask_places(s, index.as.array->tensor, length, span));
    if (index.kind == VALUE_symbol && strcmp(index.as.symbol, ":") == 0) {
        a.count = length;
    } else if (index.kind == VALUE_list && index.as.values->count == 0) {
        a.count = 0;
    } else if (index.kind == VALUE_int) {
        a.start = index.as.integer - 1;
        a.drop = true;
    } else if (index.kind == VALUE_range && index.as.range->whole) {
        a.start = index.as.range->first_int - 1;
        a.step = index.as.range->step_int;
        a.count = index.as.range->count;
    } else if (index.kind == VALUE_array &&
               index.as.array->tensor->dtype == DTYPE_i64 &&
               index.as.array->tensor->rank == 1) {
        a.list = index.as.array->tensor;
        a.count = a.list->dim[0];
    } else {
        script_fail(s, DIAG_value, span, NULL,
                    "an index is an Int, a range, a vector of Ints or `:`, "
                    "not %s",
                    value_kind_name(index));
    }
    for (int64_t i = 0; i < a.count; i++) {
        int64_t at = axis_place(&a, i);
        if (at < 0 || at >= length)
            script_fail(s, DIAG_index, span,
                        length > 0 ? arena_printf(&s->context->arena,
                                                  "indices are 1 to %lld",
                                                  (long long)length)
                                   : NULL,
                        "index %lld of an axis of length %lld",
                        (long long)at + 1, (long long)length);
    }
    return a;
}

/* A place from 1, or near NUMERIC_END, as one from 0. */
static Dim
open_place(Script *s, int64_t place, Dim length, Span span)
{
    bool exact = true;
    bool from_end = place > NUMERIC_END / 2;
    Dim at = from_end
                 ? dim_sub(&s->dims, length, NUMERIC_END - place + 1, &exact)
                 : place - 1;
    if (place < 1 || place > NUMERIC_END || !exact)
        script_fail(s, DIAG_index, span,
                    arena_printf(&s->context->arena, "indices are 1 to %s",
                                 dim_text(&s->dims, length)),
                    place < 1 ? "index %lld of an axis of length %s"
                              : "index end + %lld of an axis of length %s",
                    (long long)(place < 1 ? place : place - NUMERIC_END),
                    dim_text(&s->dims, length));
    return at;
}

/* One index of an axis whose length only the run knows, which looks whether the
 * places are there.
 */
static Axis
open_index(Script *s, Value index, Dim length, Span span)
{
    const Range *range = index.kind == VALUE_range ? index.as.range : NULL;
    if (index.kind == VALUE_symbol && strcmp(index.as.symbol, ":") == 0)
        return (Axis){.step = 1, .count = length};
    if (index.kind == VALUE_int)
        return (Axis){.start = open_place(s, index.as.integer, length, span),
                      .step = 1,
                      .count = 1,
                      .drop = true};
    if (range == NULL || !range->whole || range->step_int != 1)
        script_fail(s, DIAG_annotate, span,
                    "annotate the input with a number, or index by a number, "
                    "a range of step 1 or `:`",
                    "the length %s of the axis is not known here",
                    dim_text(&s->dims, length));
    if (range->count == 0)
        return (Axis){.step = 1};
    bool exact;
    int64_t last = range->first_int + range->count - 1;
    Axis a = {.start = open_place(s, range->first_int, length, span),
              .step = 1};
    Dim behind = dim_add(&s->dims, open_place(s, last, length, span), 1);
    a.count = dim_sub(&s->dims, behind, a.start, &exact);
    return exact ? a : (Axis){.step = 1};
}

static int
value_rank(const Script *s, Value x)
{
    return x.kind == VALUE_node ? ir_node(s->graph, x.as.node)->rank
                                : x.as.array->tensor->rank;
}

/* The indices of an array, one an axis; one index of many axes runs through
 * the memory (linear: *flat).
 */
static void
index_axes(Script *s, Value x, const Value *index, size_t count, Axis *axis,
           bool *flat, Span span)
{
    int rank = value_rank(s, x);
    *flat = count == 1 && rank > 1;
    if (!*flat && (int)count != rank)
        script_fail(s, DIAG_rank, span, NULL, "%zu indices for %s of rank %d",
                    count, value_kind_name(x), rank);
    for (size_t i = 0; i < count; i++) {
        int of = *flat ? -1 : (int)i;
        axis[i] =
            numeric_is_open(s, x, of)
                ? open_index(s, index[i], axis_length(s, x, of), span)
                : axis_index(s, index[i], numeric_length(s, x, of, span), span);
    }
}

/* The length of an axis of an array, in a trace or not. */
static Dim
whole_axis(Script *s, Value x, int axis, Span span)
{
    return numeric_is_open(s, x, axis) ? axis_length(s, x, axis)
                                       : numeric_length(s, x, axis, span);
}

/* The elements as they lie, for one index of many axes. */
static Value
flatten_traced(Script *s, Value x, Span span)
{
    DimsOp line = {.rank = 1, .dim = {-1}};
    LiftOp op = {"[]", make_reshape, &line, false, true};
    return lift(s, span, &op, &x, 1);
}

static Value
index_traced(Script *s, Value x, const Axis *axis, size_t count, bool flat,
             Span span)
{
    if (flat)
        x = flatten_traced(s, x, span);
    IndexOp index = {.rank = (int)count};
    for (size_t i = 0; i < count; i++) {
        index.start[i] = axis[i].list ? 0 : axis[i].start;
        index.count[i] =
            axis[i].list ? whole_axis(s, x, (int)i, span) : axis[i].count;
        index.step[i] = axis[i].list ? 1 : axis[i].step;
    }
    for (size_t i = 0; i < count; i++) {
        if (axis[i].list == NULL)
            continue;
        Value part[64]; /* of more places there is no piece for each */
        if (axis[i].count > 64 || axis[i].count == 0) {
            int at = (int)i;
            LiftOp op = {"[]", make_gather, &at, false, false};
            Value pair[2] = {x,
                             value_array(s, (Tensor *)(uintptr_t)axis[i].list)};
            x = lift(s, span, &op, pair, 2);
            index.count[i] = axis[i].count;
            continue;
        }
        for (int64_t k = 0; k < axis[i].count; k++) {
            IndexOp one = {.rank = (int)count};
            for (size_t j = 0; j < count; j++) {
                one.start[j] = j == i ? axis_place(&axis[i], k) : 0;
                one.count[j] = j == i ? 1 : whole_axis(s, x, (int)j, span);
                one.step[j] = 1;
            }
            LiftOp op = {"[]", make_index, &one, false, true};
            part[k] = lift(s, span, &op, &x, 1);
        }
        x = numeric_concat(s, part, (size_t)axis[i].count, (int)i, span, "[]");
        index.count[i] = axis[i].count;
    }
    for (size_t i = 0; i < count; i++)
        index.drop[i] = axis[i].drop;
    LiftOp op = {"[]", make_index, &index, false, true};
    return lift(s, span, &op, &x, 1);
}

/* The memory index of element i of the part that the axes select. */
static int64_t
part_place(const Tensor *t, const Axis *axis, size_t count, bool flat,
           int64_t i)
{
    int64_t at = 0;
    int64_t stride = 1;
    for (size_t k = 0; k < count; k++) {
        at += axis_place(&axis[k], i % axis[k].count) * stride;
        i /= axis[k].count;
        stride *= flat ? 1 : t->dim[k];
    }
    return at;
}

static void
copy_element(Tensor *to, int64_t i, const Tensor *from, int64_t k)
{
    size_t size = dtype_size(to->dtype);
    memcpy((char *)to->data + (size_t)i * size,
           (const char *)from->data + (size_t)k * size, size);
}

static Value
index_array(Script *s, Value x, const Axis *axis, size_t count, bool flat,
            Span span)
{
    const Tensor *t = x.as.array->tensor;
    int64_t dim[IR_RANK];
    int rank = 0;
    for (size_t i = 0; i < count; i++)
        if (!axis[i].drop)
            dim[rank++] = axis[i].count;
    Tensor *part = lift_new_tensor(s, t->dtype, rank, dim, span);
    int64_t elements = tensor_count(part);
    for (int64_t i = 0; i < elements; i++)
        copy_element(part, i, t, part_place(t, axis, count, flat, i));
    return lift_result(s, part);
}

/* Sample i of a batch or step i of a sequence, or several as such. */
static Value
index_batch(Script *s, Value x, Value index, Span span)
{
    const Tensor *t = x.as.array->tensor;
    int rank = t->rank;
    Axis axis[IR_RANK];
    Value all = {.kind = VALUE_symbol, .as.symbol = ":"};
    for (int i = 0; i < rank; i++)
        axis[i] = axis_index(s, i == rank - 1 ? index : all, t->dim[i], span);
    Value array = {.kind = VALUE_array, .as.array = x.as.array};
    Value part = index_array(s, array, axis, (size_t)rank, false, span);
    if (!axis[rank - 1].drop) {
        part.kind = x.kind;
        part.nested = x.nested;
    } else if (x.nested) {
        part.kind = x.kind == VALUE_batch ? VALUE_seq : VALUE_batch;
    }
    return part;
}

/* Whether plain indices are places of the table's axis; traced ones are looked
 * at when the model runs.
 */
static void
check_places(Script *s, Value table, Value index, int axis, Span span)
{
    index = lift_array(s, index);
    if (index.kind == VALUE_array)
        for (int64_t i = 0; i < tensor_count(index.as.array->tensor); i++) {
            double place = tensor_get(index.as.array->tensor, i);
            bool whole = place >= INT32_MIN && place <= INT32_MAX &&
                         place == (double)(int32_t)place;
            axis_index(s,
                       whole ? value_int((int32_t)place) : value_float(place),
                       numeric_length(s, table, axis, span), span);
        }
    else if (value_is_number(index))
        axis_index(s, index, numeric_length(s, table, axis, span), span);
}

Value
numeric_fn_gather(Script *s, const Args *args)
{
    Value table = lift_array(s, args->item[0]);
    int last = -1;
    LiftOp op = {"gather", make_gather, &last, false, false};
    int rank = table.kind == VALUE_array || table.kind == VALUE_node
                   ? value_rank(s, table)
                   : 0;
    if (rank > 0)
        check_places(s, table, args->item[1], rank - 1, args->span);
    return lift(s, args->span, &op, args->item, 2);
}

/* Whether an index is traced; it is of whole numbers then. */
static bool
index_is_traced(Script *s, Value index, Span span)
{
    if (index.kind == VALUE_opaque)
        script_fail(s, DIAG_annotate, span, NULL,
                    "annotate the index, as in i::Int");
    if (index.kind != VALUE_node)
        return false;
    DType dtype = ir_node(s->graph, index.as.node)->dtype;
    if (dtype == DTYPE_bool)
        script_fail(s, DIAG_traced, span, "ifelse(c, x, 0) keeps the shape",
                    "how many elements a mask takes is not known while the "
                    "model is traced");
    if (dtype_real(dtype))
        script_fail(s, DIAG_dtype, span,
                    "annotate it, as in i::Int, or take gather(W, x)",
                    "a traced index is an Int");
    return true;
}

/* x[i, 2] where i is traced: the part that the other indices take, then the
 * places of the traced ones, from the last axis to the first.
 */
static Value
index_by_traced(Script *s, Value x, const Value *index, size_t count, Span span)
{
    if (count == 1 && value_rank(s, x) > 1)
        x = flatten_traced(s, x, span);
    if ((int)count != value_rank(s, x))
        script_fail(s, DIAG_rank, span, NULL, "%zu indices for %s of rank %d",
                    count, value_kind_name(x), value_rank(s, x));
    const Value all = {.kind = VALUE_symbol, .as.symbol = ":"};
    Value other[IR_RANK];
    size_t traced = 0;
    int axis = 0;
    for (size_t i = 0; i < count; i++) {
        bool one = index_is_traced(s, index[i], span);
        other[i] = one ? all : index[i];
        traced += one;
        axis += other[i].kind != VALUE_int;
    }
    if (traced < count)
        x = numeric_index(s, x, other, count, span);
    for (size_t i = count; i-- > 0;) {
        axis -= other[i].kind != VALUE_int;
        if (index[i].kind != VALUE_node)
            continue;
        Value pair[2] = {x, index[i]};
        LiftOp op = {"[]", make_gather, &axis, false, false};
        x = lift(s, span, &op, pair, 2);
    }
    return x;
}

Value
numeric_index(Script *s, Value x, const Value *index, size_t count, Span span)
{
    if (count == 1 && (x.kind == VALUE_batch || x.kind == VALUE_seq))
        return index_batch(s, x, index[0], span);
    if (x.kind == VALUE_opaque)
        numeric_length(s, x, -1, span);
    if ((x.kind != VALUE_array && x.kind != VALUE_node) || count > IR_RANK)
        script_fail(s, DIAG_value, span, NULL, "%s cannot be indexed so",
                    value_kind_name(x));
    for (size_t i = 0; i < count; i++)
        if (index[i].kind == VALUE_node || index[i].kind == VALUE_opaque)
            return index_by_traced(s, x, index, count, span);
    Axis axis[IR_RANK];
    bool flat = false;
    index_axes(s, x, index, count, axis, &flat, span);
    if (trace_holds(s, x))
        return index_traced(s, x, axis, count, flat, span);
    return index_array(s, x, axis, count, flat, span);
}

void
numeric_assign(Script *s, Value x, const Value *index, size_t count,
               Value value, Span span)
{
    if (value_is_traced(value))
        script_fail(s, DIAG_traced, span,
                    "build the array whole: [f(i) for i in 1:n], vcat, hcat",
                    "elements of an array cannot be set while a model is "
                    "traced");
    if (x.kind != VALUE_array || count > IR_RANK)
        script_fail(s, DIAG_value, span, NULL, "elements of %s cannot be set",
                    value_kind_name(x));
    Axis axis[IR_RANK];
    bool flat = false;
    index_axes(s, x, index, count, axis, &flat, span);
    Tensor *t = x.as.array->tensor;
    Value array = {.kind = VALUE_array, .as.array = x.as.array};
    int64_t elements = 1;
    for (size_t i = 0; i < count; i++)
        elements *= axis[i].count;
    value = lift_array(s, value);
    const Tensor *from =
        value.kind == VALUE_array ? value.as.array->tensor : NULL;
    if (from == NULL && !value_is_number(value))
        script_fail(s, DIAG_value, span, NULL, "%s is no number",
                    value_kind_name(value));
    if (from != NULL && tensor_count(from) != elements)
        script_fail(s, DIAG_shape, span, NULL, "%lld places cannot take %s",
                    (long long)elements, value_shape_text(s, value));
    for (int64_t i = 0; i < elements; i++) {
        int64_t at = part_place(t, axis, count, flat, i);
        if (from != NULL && from->dtype == t->dtype) {
            copy_element(t, at, from, i);
            continue;
        }
        Value v = from != NULL ? value_float(tensor_get(from, i)) : value;
        if (!number_fits(t->dtype, v))
            script_fail(s, DIAG_dtype, span, NULL,
                        "%s of %ss cannot hold this %s", value_kind_name(array),
                        t->dtype == DTYPE_bool ? "Bool" : "Int",
                        t->dtype == DTYPE_bool ? "number" : "Float");
        number_store(t, at, v);
    }
    x.as.array->recipe = REF_NONE;
}
