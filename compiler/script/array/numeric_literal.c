/* Arrays from elements: [a, b], [a b], [a b; c d]. */
#include "script/array/lift.h"
#include "script/array/number.h"
#include "script/array/numeric.h"
#include "script/array/numeric_make.h"
#include "script/array/trace.h"

#include <string.h>

static bool
any_traced(Script *s, const Value *item, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (trace_holds(s, item[i]))
            return true;
    return false;
}

static bool
all_numbers(const Value *item, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!value_is_number(item[i]))
            return false;
    return true;
}

/* The element type of an array of numbers: the widest among them. */
static DType
number_dtype(const Value *item, size_t count)
{
    bool all_bool = count > 0;
    bool whole = true;
    bool wide = false;
    for (size_t i = 0; i < count; i++) {
        all_bool = all_bool && item[i].kind == VALUE_bool;
        whole =
            whole && (item[i].kind == VALUE_int || item[i].kind == VALUE_bool);
        wide = wide || item[i].kind == VALUE_float;
    }
    if (all_bool)
        return DTYPE_bool;
    if (whole)
        return count == 0 ? DTYPE_f64 : DTYPE_i64;
    return wide ? DTYPE_f64 : DTYPE_f32;
}

/* Literals are initialisers: their values are data of the recipe graph. */
static Value
literal(Script *s, Tensor *t)
{
    Value v = value_array(s, t);
    lift_place_recipe(s, s->span);
    if (dtype_real(t->dtype))
        v.as.array->recipe = ir_data(s->initial, lift_tensor(s, t, t->dtype));
    return v;
}

Value
numeric_concat(Script *s, const Value *item, size_t count, int axis, Span span,
               const char *name)
{
    LiftOp op = {name, make_concat, &axis, false, true};
    Value all = item[0];
    bool shaped =
        all.kind == VALUE_array ||
        (all.kind == VALUE_node && ir_node(s->graph, all.as.node)->rank > 0);
    if (count == 1 && !shaped)
        return lift(s, span, &op, item, 1);
    for (size_t i = 1; i < count; i += 7) {
        Value part[8] = {all};
        size_t n = count - i < 7 ? count - i : 7;
        for (size_t k = 0; k < n; k++)
            part[k + 1] = item[i + k];
        all = lift(s, span, &op, part, n + 1);
    }
    return all;
}

/* Int arrays stay Int: lift computes in floats. */
static Value
keep_ints(Script *s, const Value *item, size_t count, Value all)
{
    for (size_t i = 0; i < count; i++) {
        Value v = item[i];
        bool whole =
            v.kind == VALUE_int ||
            (v.kind == VALUE_array && v.as.array->tensor->dtype == DTYPE_i64);
        if (!whole)
            return all;
    }
    if (all.kind != VALUE_array)
        return all;
    return value_array(s, lift_tensor(s, all.as.array->tensor, DTYPE_i64));
}

Value
numeric_vect(Script *s, const Value *item, size_t count, Span span)
{
    if (count > 0 && all_numbers(item, count)) {
        int64_t length = (int64_t)count;
        Tensor *t =
            lift_new_tensor(s, number_dtype(item, count), 1, &length, span);
        for (size_t i = 0; i < count; i++)
            number_store(t, (int64_t)i, item[i]);
        return literal(s, t);
    }
    bool scalars = any_traced(s, item, count);
    for (size_t i = 0; i < count && scalars; i++)
        scalars = value_is_number(item[i]) ||
                  (item[i].kind == VALUE_node &&
                   ir_node(s->graph, item[i].as.node)->rank == 0);
    if (scalars)
        return numeric_concat(s, item, count, 0, span, "[]");
    return value_list(s, item, count);
}

Value
numeric_plain(Script *s, Value v, Span span)
{
    if (v.kind != VALUE_list || !v.as.values->count)
        return v;
    for (size_t i = 0; i < v.as.values->count; i++)
        if (!value_is_number(v.as.values->item[i]))
            return v;
    return numeric_vect(s, v.as.values->item, v.as.values->count, span);
}

/* Vectors beside each other become columns; one element, which is a row of
 * [a; b], is itself.
 */
Value
numeric_hcat(Script *s, const Value *item, size_t count, Span span)
{
    if (count == 1)
        return item[0];
    if (all_numbers(item, count)) {
        int64_t dim[2] = {1, (int64_t)count};
        Tensor *t = lift_new_tensor(s, number_dtype(item, count), 2, dim, span);
        for (size_t i = 0; i < count; i++)
            number_store(t, (int64_t)i, item[i]);
        return literal(s, t);
    }
    return keep_ints(s, item, count,
                     numeric_concat(s, item, count, 1, span, "hcat"));
}

/* Rows of numbers: known at once, and an initialiser as a whole. */
static Value
matrix_literal(Script *s, const Value *row, size_t rows, Span span)
{
    DType dtype = row[0].as.array->tensor->dtype;
    int64_t columns = row[0].as.array->tensor->dim[1];
    for (size_t i = 1; i < rows; i++) {
        const Tensor *t = row[i].as.array->tensor;
        if (t->dim[1] != columns)
            script_fail(s, DIAG_shape, span, NULL,
                        "row %zu has %lld elements, the first has %lld", i + 1,
                        (long long)t->dim[1], (long long)columns);
        if (t->dtype == DTYPE_f64 ||
            (t->dtype == DTYPE_f32 && dtype != DTYPE_f64) ||
            dtype == DTYPE_bool)
            dtype = t->dtype;
    }
    int64_t dim[2] = {(int64_t)rows, columns};
    Tensor *m = lift_new_tensor(s, dtype, 2, dim, span);
    for (int64_t i = 0; i < dim[0]; i++)
        for (int64_t k = 0; k < columns; k++)
            tensor_set(m, i + k * dim[0],
                       tensor_get(row[i].as.array->tensor, k));
    return literal(s, m);
}

Value
numeric_vcat(Script *s, const Value *item, size_t count, Span span)
{
    if (all_numbers(item, count))
        return numeric_vect(s, item, count, span);
    bool rows = count > 0;
    for (size_t i = 0; i < count; i++)
        rows = rows && item[i].kind == VALUE_array &&
               item[i].as.array->tensor->rank == 2 &&
               item[i].as.array->tensor->dim[0] == 1 &&
               !trace_is_param(s, item[i].as.array);
    if (rows)
        return matrix_literal(s, item, count, span);
    return keep_ints(s, item, count,
                     numeric_concat(s, item, count, 0, span, "vcat"));
}
