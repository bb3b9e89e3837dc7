/* Types: which values a type or an annotation takes, and what a value's is. */
#include "script/value/type.h"

#include "base/near.h"
#include "script/value/scope.h"
#include "script/value/state.h"

#include <string.h>

enum { SCORE_SHAPE = 3, SCORE_OBJECT = 9, SCORE_MAX = 100 };

static DType
node_dtype(const Script *s, Value v)
{
    return ir_node(s->graph, v.as.node)->dtype;
}

static bool
is_any(const Script *s, Value v)
{
    (void)s;
    (void)v;
    return true;
}

/* The rank of an array or a traced value; -1 for what is not one. */
static int
rank_of(const Script *s, Value v)
{
    if (v.kind == VALUE_array)
        return v.as.array->tensor->rank;
    if (v.kind == VALUE_node && s->graph)
        return ir_node(s->graph, v.as.node)->rank;
    return -1;
}

static bool
is_number(const Script *s, Value v)
{
    return value_is_number(v) || v.kind == VALUE_opaque || rank_of(s, v) == 0;
}

static bool
is_int(const Script *s, Value v)
{
    if (v.kind == VALUE_node)
        return rank_of(s, v) == 0 && node_dtype(s, v) == DTYPE_i32;
    return v.kind == VALUE_int;
}

static bool
is_integer(const Script *s, Value v)
{
    return v.kind == VALUE_bool || is_int(s, v);
}

static bool
is_float(const Script *s, Value v)
{
    if (v.kind == VALUE_node)
        return rank_of(s, v) == 0 && dtype_real(node_dtype(s, v));
    return v.kind == VALUE_float || v.kind == VALUE_float32 ||
           v.kind == VALUE_opaque;
}

static bool
is_float64(const Script *s, Value v)
{
    if (v.kind == VALUE_node)
        return is_float(s, v) && node_dtype(s, v) == DTYPE_f64;
    return v.kind == VALUE_float;
}

static bool
is_float32(const Script *s, Value v)
{
    if (v.kind == VALUE_node)
        return is_float(s, v) && node_dtype(s, v) == DTYPE_f32;
    return v.kind == VALUE_float32;
}

static bool
is_bool(const Script *s, Value v)
{
    if (v.kind == VALUE_node)
        return rank_of(s, v) == 0 && node_dtype(s, v) == DTYPE_bool;
    return v.kind == VALUE_bool;
}

static bool
is_container(const Script *s, Value v)
{
    return v.kind == VALUE_list || v.kind == VALUE_range ||
           v.kind == VALUE_batch || v.kind == VALUE_seq ||
           v.kind == VALUE_opaque || rank_of(s, v) > 0;
}

static bool
is_vector(const Script *s, Value v)
{
    return is_container(s, v) && rank_of(s, v) <= 1;
}

static bool
is_matrix(const Script *s, Value v)
{
    return rank_of(s, v) == 2 || v.kind == VALUE_opaque;
}

static bool
is_function(const Script *s, Value v)
{
    (void)s;
    return v.kind == VALUE_function || v.kind == VALUE_builtin ||
           v.kind == VALUE_engine || v.kind == VALUE_type ||
           (v.kind == VALUE_object && v.as.object->type->call);
}

static bool
is_type(const Script *s, Value v)
{
    (void)s;
    return v.kind == VALUE_type ||
           (v.kind == VALUE_builtin && type_known(v.as.builtin->name));
}

static bool
is_named_tuple(const Script *s, Value v)
{
    (void)s;
    return v.kind == VALUE_tuple && v.as.values->name;
}

#define IS_KIND(name)                                                          \
    static bool is_##name(const Script *s, Value v)                            \
    {                                                                          \
        (void)s;                                                               \
        return v.kind == VALUE_##name;                                         \
    }
IS_KIND(string)
IS_KIND(symbol)
IS_KIND(nothing)
IS_KIND(tuple)
IS_KIND(pair)
IS_KIND(range)
#undef IS_KIND

typedef struct {
    const char *name;
    int score;
    bool (*fits)(const Script *s, Value v);
    const char *above; /* the names of the kinds that it is one of */
} TypeRow;

static const TypeRow type_row[] = {
#define TYPE(name, score, fits, above) {name, score, is_##fits, above},
#include "script/value/types.def"
#undef TYPE
};

static const TypeRow *
find_row(const char *name)
{
    for (size_t i = 0; i < sizeof type_row / sizeof *type_row; i++)
        if (!strcmp(type_row[i].name, name))
            return &type_row[i];
    return NULL;
}

bool
type_known(const char *name)
{
    return find_row(name) != NULL;
}

/* Whether a kind is another one or, by any way up, one of those. */
static bool
is_below(const TypeRow *row, const TypeRow *of)
{
    if (row == of)
        return true;
    char name[32];
    for (const char *at = row->above; *at != '\0';) {
        size_t length = strcspn(at, " ");
        snprintf(name, sizeof name, "%.*s", (int)length, at);
        if (is_below(find_row(name), of))
            return true;
        at += length + strspn(at + length, " ");
    }
    return false;
}

/* The row of a type that has one; NULL for those of the script, Batch, Seq. A
 * value that is no type is an error.
 */
static const TypeRow *
row_of(Script *s, Value v, Span span)
{
    if (v.kind == VALUE_type)
        return NULL;
    const TypeRow *row =
        v.kind == VALUE_builtin ? find_row(v.as.builtin->name) : NULL;
    bool plain =
        v.kind == VALUE_builtin && (!strcmp(v.as.builtin->name, "Batch") ||
                                    !strcmp(v.as.builtin->name, "Seq"));
    if (row == NULL && !plain)
        script_fail(s, DIAG_value, span, NULL, "<: compares types, not %s",
                    value_kind_name(v));
    return row;
}

bool
type_below(Script *s, Value a, Value b, Span span)
{
    const TypeRow *row = row_of(s, a, span);
    const TypeRow *of = row_of(s, b, span);
    if (of != NULL && of->fits == is_any)
        return true;
    if (row != NULL && of != NULL)
        return is_below(row, of);
    if (a.kind != VALUE_type || b.kind != VALUE_type)
        return a.kind == b.kind && a.as.builtin == b.as.builtin;
    const Type *t = a.as.type;
    while (t != NULL && t != b.as.type)
        t = t->parent;
    return t != NULL;
}

bool
type_of_numbers(const char *name)
{
    const TypeRow *row = find_row(name);
    return row && (row->fits == is_number || row->fits == is_int ||
                   row->fits == is_integer || row->fits == is_float ||
                   row->fits == is_float64 || row->fits == is_float32);
}

/* How exactly an object has a type: less for each step to a parent. */
static int
match_object(const Type *type, Value v)
{
    if (v.kind != VALUE_object)
        return -1;
    int score = SCORE_OBJECT;
    for (const Type *t = v.as.object->type; t; t = t->parent) {
        if (t == type)
            return score;
        score = score > 6 ? score - 1 : score;
    }
    return -1;
}

static bool
is_shaped(Value v)
{
    return value_is_number(v) || v.kind == VALUE_array ||
           v.kind == VALUE_batch || v.kind == VALUE_seq ||
           v.kind == VALUE_node || v.kind == VALUE_opaque ||
           v.kind == VALUE_list || v.kind == VALUE_range;
}

/* There is no such type: one of a near name may be meant. */
_Noreturn static void
fail_type(Script *s, Scope *scope, const char *name, Span span)
{
    Near near = near_to(name);
    for (size_t i = 0; i < sizeof type_row / sizeof *type_row; i++)
        near_try(&near, type_row[i].name, type_row[i].name);
    const char *best =
        near.best ? near.best : scope_suggest(&s->context->arena, scope, name);
    script_fail(s, DIAG_name, span,
                best
                    ? arena_printf(&s->context->arena, "did you mean %s?", best)
                    : NULL,
                "there is no type %s", name);
}

/* Whether a value may have a shape that an annotation says: its lengths. */
static int
match_shape(Script *s, const AstList *length, Value v)
{
    for (size_t i = 0; i < length->count; i++)
        if (length->item[i]->kind == AST_VECT ||
            length->item[i]->kind == AST_TUPLE)
            script_fail(s, DIAG_annotate, length->item[i]->span,
                        "each input has its own: f(a::[3], b::[3]); a tuple "
                        "is annotated by one: f(p::([3], [3]))",
                        "a shape consists of lengths, not of shapes");
    return is_shaped(v) ? SCORE_SHAPE : -1;
}

/* Whether all numbers of a value are known to be whole. */
static bool
is_whole(const Script *s, Value v)
{
    DType dtype = DTYPE_f32;
    if (v.kind == VALUE_array || v.kind == VALUE_batch || v.kind == VALUE_seq)
        dtype = v.as.array->tensor->dtype;
    else if (v.kind == VALUE_node)
        dtype = node_dtype(s, v);
    return v.kind == VALUE_opaque ||
           (v.kind == VALUE_range && v.as.range->whole) || !dtype_real(dtype);
}

/* Int[6]: numbers of that kind, of the shape [6]. */
static int
match_array(Script *s, const Ast *type, Value v)
{
    const Ast *of = type->as.call.callee;
    const TypeRow *row = of->kind == AST_NAME ? find_row(of->as.name) : NULL;
    if (row == NULL || !type_of_numbers(row->name))
        script_fail(s, DIAG_value, type->span,
                    "as in i::Int[6]: six whole numbers",
                    "an array is of Int or Float, and has lengths");
    int score = match_shape(s, &type->as.call.positional, v);
    if (score < 0 || (row->fits != is_int && row->fits != is_integer))
        return score;
    return is_whole(s, v) ? score + 1 : -1;
}

/* (A, B), (a = A, b = B): a tuple whose elements have these types. */
static int
match_tuple(Script *s, Scope *scope, const Ast *type, Value v)
{
    const AstList *list = &type->as.list;
    bool named = type->kind == AST_NAMEDTUPLE;
    bool fits = v.kind == VALUE_tuple && v.as.values->count == list->count &&
                (!named || v.as.values->name != NULL);
    int score = SCORE_SHAPE;
    for (size_t i = 0; i < list->count; i++) {
        const Ast *part = list->item[i];
        if (part->kind == AST_INT)
            script_fail(s, DIAG_annotate, type->span,
                        "a shape stands in brackets, as in x::[28, 28]",
                        "a tuple is annotated by the types of its elements");
        if (!fits)
            continue;
        Value item = v.as.values->item[i];
        if (named) {
            fits = v.as.values->name[i] == part->as.binary.left->as.name;
            part = part->as.binary.right;
        }
        fits = fits && type_match(s, scope, part, item) >= 0;
    }
    return fits ? score : -1;
}

int
type_match(Script *s, Scope *scope, const Ast *type, Value v)
{
    if (!type)
        return 0;
    if (type->kind == AST_VECT)
        return match_shape(s, &type->as.list, v);
    if (type->kind == AST_INDEX)
        return match_array(s, type, v);
    if (type->kind == AST_TUPLE || type->kind == AST_NAMEDTUPLE)
        return match_tuple(s, scope, type, v);
    if (type->kind == AST_CURLY)
        return type_match(s, scope, type->as.call.callee, v);
    const char *name = NULL;
    if (type->kind == AST_NAME)
        name = type->as.name;
    else if (type->kind == AST_FIELD)
        name = type->as.field.name;
    if (!name)
        script_fail(s, DIAG_value, type->span, NULL, "this is not a type");
    const Value *bound = scope_find(scope, name);
    if (bound && bound->kind == VALUE_poison)
        script_abandon(s);
    if (bound && bound->kind == VALUE_type)
        return match_object(bound->as.type, v);
    const TypeRow *row = find_row(name);
    if (row && row->fits(s, v))
        return row->score;
    /* A script's Float64 is in a model whatever its numbers are. */
    if (row && row->fits == is_float64 && v.kind == VALUE_node &&
        is_float(s, v))
        return row->score - 1;
    if (row)
        return -1;
    if (!strcmp(name, "Batch"))
        return v.kind == VALUE_batch ? SCORE_OBJECT : -1;
    if (!strcmp(name, "Seq"))
        return v.kind == VALUE_seq ? SCORE_OBJECT : -1;
    if (bound)
        script_fail(s, DIAG_value, type->span, NULL, "%s is not a type", name);
    fail_type(s, scope, name, type->span);
}

bool
type_is(Script *s, Value v, Value type, Span span)
{
    if (type.kind == VALUE_type)
        return match_object(type.as.type, v) >= 0;
    if (type.kind == VALUE_builtin) {
        const TypeRow *row = find_row(type.as.builtin->name);
        if (row)
            return row->fits(s, v);
        if (!strcmp(type.as.builtin->name, "Batch"))
            return v.kind == VALUE_batch;
        if (!strcmp(type.as.builtin->name, "Seq"))
            return v.kind == VALUE_seq;
    }
    script_fail(s, DIAG_value, span, NULL, "isa needs a type, not %s",
                value_kind_name(type));
}

static const char *
type_name_of(const Script *s, Value v)
{
    static const char *const names[VALUE_KINDS] = {
#define VALUE(kind, type, name) [VALUE_##kind] = type,
#include "script/value/values.def"
#undef VALUE
    };
    static const char *const by_rank[] = {"Real", "Vector", "Matrix"};
    int rank = rank_of(s, v);
    if (rank >= 0 && rank < 3)
        return by_rank[rank];
    if (v.kind == VALUE_tuple && v.as.values->name)
        return "NamedTuple";
    if (v.kind == VALUE_builtin && type_known(v.as.builtin->name))
        return "Type";
    if (v.kind == VALUE_object)
        return v.as.object->type->name;
    return names[v.kind];
}

Value
type_of(Script *s, Value v)
{
    if (v.kind == VALUE_object)
        return (Value){.kind = VALUE_type,
                       .as.type = (Type *)v.as.object->type};
    const char *name = type_name_of(s, v);
    const Value *bound =
        scope_find(s->eval->library, intern_text(&s->context->names, name));
    return bound ? *bound : value_nothing();
}
