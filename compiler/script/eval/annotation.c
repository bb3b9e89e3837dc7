/* Annotations of shapes, x::[28, 28, C]: what an argument must be, or an input
 * becomes.
 */
#include "script/array/lift.h"
#include "script/array/number.h"
#include "script/array/trace.h"
#include "script/eval/eval.h"

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
annotation_apply(Script *s, Scope *scope, const AstParam *p, Value v,
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
