/* Annotations of shapes, x::[28, 28, C], i::Int[20], p::([3], [2]): what an
 * argument must be, or an input becomes.
 */
#include "script/array/lift.h"
#include "script/array/number.h"
#include "script/array/trace.h"
#include "script/eval/eval.h"

#include <string.h>

/* Whether an entry of an annotation x::[28, 28, C] is a named dimension: a name
 * that is bound nowhere.
 */
static bool
is_named(Scope *scope, const Ast *entry)
{
    return entry->kind == AST_NAME && scope_find(scope, entry->as.name) == NULL;
}

/* The symbol of a named length. That of the samples is n: what has this name is
 * n_2, and what has a name that begins so has one more _2.
 */
static Dim
named_dim(Script *s, const char *name)
{
    if (strcmp(name, "n") == 0 || strncmp(name, "n_2", 3) == 0)
        name = intern_text(&s->context->names,
                           arena_printf(&s->context->arena, "%s_2", name));
    return dim_symbol(&s->dims, name);
}

/* The length that an entry means. */
static Dim
annotation_dim(Script *s, Scope *scope, const Ast *entry)
{
    if (is_named(scope, entry))
        return named_dim(s, entry->as.name);
    Value v = eval(s, scope, entry);
    return number_int(s, v, "a length", 0, INT64_C(1) << 40, entry->span);
}

/* Notes the length of a named dimension; all that have its name have it. */
static void
note_named(Script *s, NamedDims *named, const char *name, Dim dim, Span span)
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
        script_fail(s, DIAG_shape, span, NULL, "%s is %s here, and %s before",
                    name, dim_text(&s->dims, dim),
                    dim_text(&s->dims, named->dim[i]));
}

/* Refuses an argument of another shape than the annotated one. */
static void
check_annotated(Script *s, Scope *scope, const AstList *entry, Value v,
                const Dim *want, NamedDims *named, Span span)
{
    int rank = (int)entry->count;
    if (!trace_fits(s, v, rank, want))
        script_fail(s, DIAG_shape, span, NULL,
                    "the input is annotated [%s], and given %s",
                    trace_dims(s, rank, want), value_shape_text(s, v));
    Dim dim[IR_RANK];
    trace_shape(s, v, dim);
    for (int i = 0; i < rank; i++)
        if (is_named(scope, entry->item[i]))
            note_named(s, named, entry->item[i]->as.name, dim[i], span);
}

/* The argument of an input that is annotated [28, 28] or Int[6]. */
static Value
annotated_input(Script *s, Scope *scope, const AstList *entry, Value v,
                NamedDims *named, Span span)
{
    if (entry->count >= IR_RANK)
        script_fail(s, DIAG_rank, entry->item[IR_RANK - 1]->span, NULL,
                    "an array has at most %d axes", IR_RANK - 1);
    int rank = (int)entry->count;
    Dim dim[IR_RANK];
    for (int i = 0; i < rank; i++)
        dim[i] = annotation_dim(s, scope, entry->item[i]);
    v = lift_array(s, v);
    if (v.kind == VALUE_opaque)
        trace_bind(s, v.as.opaque, rank, dim);
    if (v.kind == VALUE_node || v.kind == VALUE_array)
        check_annotated(s, scope, entry, v, dim, named, span);
    return v;
}

Value
annotation_apply(Script *s, Scope *scope, const Ast *type, Value v,
                 NamedDims *named, Span span)
{
    if (type->kind == AST_VECT)
        return annotated_input(s, scope, &type->as.list, v, named, span);
    if (type->kind == AST_INDEX)
        return annotated_input(s, scope, &type->as.call.positional, v, named,
                               span);
    if (v.kind != VALUE_tuple ||
        (type->kind != AST_TUPLE && type->kind != AST_NAMEDTUPLE))
        return v;
    const Values *from = v.as.values;
    v = value_tuple(s, from->item, from->count);
    v.as.values->name = from->name;
    for (size_t i = 0; i < from->count && i < type->as.list.count; i++) {
        const Ast *part = type->as.list.item[i];
        if (type->kind == AST_NAMEDTUPLE)
            part = part->as.binary.right;
        v.as.values->item[i] =
            annotation_apply(s, scope, part, from->item[i], named, span);
    }
    return v;
}
