/* Indexing: of arrays through numeric_index, of everything else here. */
#include "script/array/numeric.h"
#include "script/eval/eval.h"

#include <string.h>

/* `end` in the index that is being evaluated. */
Value
eval_end(Script *s, Span span)
{
    const IndexContext *index = s->eval->index;
    if (!index)
        script_fail(s, DIAG_value, span, NULL, "end stands in an index only");
    Value v = index->value;
    bool array =
        v.kind == VALUE_array || v.kind == VALUE_node || v.kind == VALUE_opaque;
    if (array && index->count > 1)
        return value_int(numeric_length(s, v, (int)index->axis, span));
    return value_int(value_count(s, v, span));
}

/* Whether a place counts from `end`: end, end - k; it is a number near
 * NUMERIC_END then.
 */
static bool
place_from_end(Script *s, Scope *scope, const Ast *ast, int64_t *place)
{
    *place = NUMERIC_END;
    if (ast->kind == AST_END)
        return true;
    bool plus = ast->kind == AST_BINARY && strcmp(ast->as.binary.op, "+") == 0;
    bool minus = ast->kind == AST_BINARY && strcmp(ast->as.binary.op, "-") == 0;
    if ((!plus && !minus) ||
        !place_from_end(s, scope, ast->as.binary.left, place))
        return false;
    Value by = eval_operand(s, scope, ast->as.binary.right);
    if (by.kind != VALUE_int || by.as.integer < -NUMERIC_END / 4 ||
        by.as.integer > NUMERIC_END / 4)
        script_fail(s, DIAG_value, ast->span, NULL,
                    "an index is an Int, not end and %s", value_kind_name(by));
    *place += plus ? by.as.integer : -by.as.integer;
    return true;
}

/* An index of an axis whose length only the run knows. */
static Value
eval_open_index(Script *s, Scope *scope, const Ast *ast)
{
    int64_t first;
    int64_t last;
    if (place_from_end(s, scope, ast, &last))
        return value_int(last);
    if (ast->kind != AST_RANGE || ast->as.range.step != NULL ||
        !place_from_end(s, scope, ast->as.range.last, &last))
        return eval_operand(s, scope, ast);
    if (!place_from_end(s, scope, ast->as.range.first, &first)) {
        Value from = eval_operand(s, scope, ast->as.range.first);
        if (from.kind != VALUE_int)
            script_fail(s, DIAG_value, ast->span, NULL,
                        "an index is an Int, not %s", value_kind_name(from));
        first = from.as.integer;
    }
    Range *range = ARENA_NEW(&s->context->arena, Range);
    *range = (Range){.whole = true,
                     .first = (double)first,
                     .first_int = first,
                     .step = 1,
                     .step_int = 1,
                     .count = last < first ? 0 : last - first + 1};
    return (Value){.kind = VALUE_range, .as.range = range};
}

/* Evaluates the indices of `value`, with `end` bound for each axis. */
static size_t
eval_indices(Script *s, Scope *scope, Value value, const Ast *ast, Value *out)
{
    const AstList *list = &ast->as.call.positional;
    if (list->count > INDEX_MAX)
        script_fail(s, DIAG_rank, ast->span, NULL, "%zu indices", list->count);
    const IndexContext *outer = s->eval->index;
    for (size_t i = 0; i < list->count; i++) {
        const Ast *index = list->item[i];
        if (index->kind == AST_SPLAT)
            script_fail(s, DIAG_value, index->span, NULL,
                        "this is not one index");
        IndexContext context = {value, i, list->count};
        s->eval->index = &context;
        int axis = list->count > 1 ? (int)i : -1;
        Value v = numeric_is_open(s, value, axis)
                      ? eval_open_index(s, scope, index)
                      : eval_operand(s, scope, index);
        s->eval->index = outer;
        out[i] = numeric_plain(s, v, index->span);
    }
    s->eval->index = outer;
    return list->count;
}

_Noreturn static void
fail_range(Script *s, Value v, int64_t i, int64_t count, Span span)
{
    script_fail(s, DIAG_index, span, NULL, "index %lld of %s of length %lld",
                (long long)i, value_kind_name(v), (long long)count);
}

static Value
character_at(Script *s, Value v, int64_t i, Span span)
{
    Iterator it = iterate(s, v, span);
    Value c = value_nothing();
    for (int64_t k = 0; k < i; k++)
        c = iterate_get(s, &it, k, span);
    return c;
}

/* Element i, from 1, of anything that has elements. */
Value
index_one(Script *s, Value v, int64_t i, Span span)
{
    if (v.kind == VALUE_object) {
        Value item[2] = {v, value_int(i)};
        return call_method(s, "getindex", item, 2, span);
    }
    if (v.kind == VALUE_array || v.kind == VALUE_batch || v.kind == VALUE_seq ||
        v.kind == VALUE_node || v.kind == VALUE_opaque) {
        Value index = value_int(i);
        return numeric_index(s, v, &index, 1, span);
    }
    Iterator it = iterate(s, v, span);
    if (i < 1 || i > it.count)
        fail_range(s, v, i, it.count, span);
    if (v.kind == VALUE_string)
        return character_at(s, v, i, span);
    return iterate_get(s, &it, i - 1, span);
}

/* A range of a range is a range. */
static Value
slice_range(Script *s, const Range *range, const Range *index, Span span)
{
    int64_t last = index->first_int + (index->count - 1) * index->step_int;
    Value whole = {.kind = VALUE_range, .as.range = (Range *)range};
    if (index->count &&
        (index->first_int < 1 || last < 1 || index->first_int > range->count ||
         last > range->count))
        fail_range(s, whole,
                   index->first_int < 1 || index->first_int > range->count
                       ? index->first_int
                       : last,
                   range->count, span);
    Range *part = ARENA_NEW(&s->context->arena, Range);
    *part = *range;
    part->first = range->first + (double)(index->first_int - 1) * range->step;
    part->step = range->step * (double)index->step_int;
    part->first_int =
        (int64_t)((uint64_t)range->first_int +
                  (uint64_t)(index->first_int - 1) * (uint64_t)range->step_int);
    part->step_int =
        (int64_t)((uint64_t)range->step_int * (uint64_t)index->step_int);
    part->count = index->count;
    return (Value){.kind = VALUE_range, .as.range = part};
}

/* Elements by a range, an array of Ints or an array of Bools. */
static Value
index_many(Script *s, Value v, Value index, Span span)
{
    if (v.kind == VALUE_range && index.kind == VALUE_range &&
        index.as.range->whole)
        return slice_range(s, v.as.range, index.as.range, span);
    Values values = iterate_all(s, v, span);
    Iterator it = iterate(s, index, span);
    bool mask = index.kind == VALUE_array &&
                index.as.array->tensor->dtype == DTYPE_bool;
    if (mask && (size_t)it.count != values.count)
        script_fail(s, DIAG_index, span, NULL,
                    "a mask of length %lld for %zu elements",
                    (long long)it.count, values.count);
    Values out = {0};
    for (int64_t i = 0; i < it.count; i++) {
        Value at = iterate_get(s, &it, i, span);
        if (mask && !at.as.boolean)
            continue;
        int64_t place = mask ? i + 1 : at.as.integer;
        if (!mask && at.kind != VALUE_int)
            script_fail(s, DIAG_index, span, NULL, "an index is an Int, not %s",
                        value_kind_name(at));
        if (place < 1 || (size_t)place > values.count)
            fail_range(s, v, place, (int64_t)values.count, span);
        VEC_PUSH(&s->context->arena, &out, values.item[place - 1]);
    }
    if (v.kind == VALUE_tuple)
        return value_tuple(s, out.item, out.count);
    if (v.kind != VALUE_string)
        return v.kind == VALUE_list ? value_list(s, out.item, out.count)
                                    : iterate_collect(s, &out, 1, NULL, span);
    const char *text = "";
    for (size_t i = 0; i < out.count; i++)
        text = arena_printf(&s->context->arena, "%s%s", text,
                            out.item[i].as.string.text);
    return value_string(s, text, strlen(text));
}

static Value
index_plain(Script *s, Value v, const Value *index, size_t count, Span span)
{
    if (count != 1)
        script_fail(s, DIAG_index, span, NULL, "%s takes one index, not %zu",
                    value_kind_name(v), count);
    if (index->kind == VALUE_int)
        return index_one(s, v, index->as.integer, span);
    if (index->kind == VALUE_symbol && v.kind == VALUE_tuple &&
        v.as.values->name && strcmp(index->as.symbol, ":") != 0)
        return eval_field(s, v, index->as.symbol, span);
    if (index->kind == VALUE_symbol && !strcmp(index->as.symbol, ":"))
        return v;
    if (index->kind == VALUE_range || index->kind == VALUE_array ||
        (index->kind == VALUE_list && !index->as.values->count))
        return index_many(s, v, *index, span);
    script_fail(s, DIAG_index, span, NULL, "%s cannot be an index",
                value_kind_name(*index));
}

/* Float32[1, 2]: a vector of this type. */
static Value
typed_vector(Script *s, Value type, const Value *item, size_t count, Span span)
{
    if (!count || !strcmp(type.as.builtin->name, "Any"))
        return value_list(s, item, count);
    Value v = numeric_vect(s, item, count, span);
    return call_values(s, type, &v, 1, span);
}

void
eval_index_target(Script *s, Scope *scope, const Ast *ast, Target *place)
{
    place->ast = ast;
    place->whole = eval_operand(s, scope, ast->as.call.callee);
    place->count = eval_indices(s, scope, place->whole, ast, place->item + 2);
}

Value
eval_index_get(Script *s, Target *place)
{
    Value v = place->whole;
    Span span = place->ast->span;
    const Value *index = place->item + 2;
    size_t count = place->count;
    s->span = span;
    switch (v.kind) {
    case VALUE_array:
    case VALUE_batch:
    case VALUE_seq:
    case VALUE_node:
    case VALUE_opaque:
        return numeric_index(s, v, index, count, span);
    case VALUE_object:
        place->item[1] = v;
        return call_method(s, "getindex", place->item + 1, count + 1, span);
    case VALUE_builtin:
        if (type_known(v.as.builtin->name))
            return typed_vector(s, v, index, count, span);
        break;
    case VALUE_list:
        if (count == 2 && numeric_plain(s, v, span).kind == VALUE_array)
            return numeric_index(s, numeric_plain(s, v, span), index, count,
                                 span);
        return index_plain(s, v, index, count, span);
    case VALUE_tuple:
    case VALUE_range:
    case VALUE_string:
    case VALUE_pair:
        return index_plain(s, v, index, count, span);
    default:
        break;
    }
    script_fail(s, DIAG_value, span, NULL, "%s cannot be indexed",
                value_kind_name(v));
}

Value
eval_index(Script *s, Scope *scope, const Ast *ast)
{
    Target place;
    eval_index_target(s, scope, ast, &place);
    return eval_index_get(s, &place);
}

/* x[i] = v: into an array or a list. */
void
eval_index_set(Script *s, Target *place, Value value)
{
    Value v = place->whole;
    Span span = place->ast->span;
    const Value *index = place->item + 2;
    size_t count = place->count;
    s->span = span;
    if (v.kind == VALUE_array || v.kind == VALUE_batch) {
        numeric_assign(s, v, index, count, value, span);
    } else if (v.kind == VALUE_object) {
        place->item[0] = v;
        place->item[1] = value;
        call_method(s, "setindex!", place->item, count + 2, span);
    } else if (v.kind == VALUE_list && count == 1 && index->kind == VALUE_int) {
        int64_t i = index->as.integer;
        if (i < 1 || (size_t)i > v.as.values->count)
            fail_range(s, v, i, (int64_t)v.as.values->count, span);
        v.as.values->item[i - 1] = value;
    } else {
        script_fail(s, DIAG_assign, span,
                    value_is_traced(v)
                        ? "inside a model values do not change; make a new one"
                        : NULL,
                    "the elements of %s cannot be assigned",
                    value_kind_name(v));
    }
}
