/* Layers that are made inside of a model, while it is traced. Their arrays are
 * captured from nowhere, so they are no parameters but constants, and what is
 * random in them is new in each call: that is told, for it is seldom meant.
 */
#include "script/array/trace.h"
#include "script/model/trace_model.h"

/* Adds a name to those of a list, "W, b"; NULL is the empty one. */
static const char *
add_name(Script *s, const char *list, const char *name)
{
    return list == NULL
               ? name
               : arena_printf(&s->context->arena, "%s, %s", list, name);
}

static void
warn_constant(Script *s, const char *made, const char *arrays, Span span)
{
    if (arrays != NULL)
        script_warn(s, DIAG_within, span,
                    "make it outside of the model and call it here, or keep "
                    "it in a field of a @net type",
                    "%s is made inside of a model, where this does not train: "
                    "%s",
                    made, arrays);
}

void
within_object(Script *s, const Object *object, Span span)
{
    const Type *type = object->type;
    if (s->graph == NULL || !type->net)
        return;
    const char *arrays = NULL;
    for (size_t i = 0; i < type->fields; i++) {
        Value v = object->field[i];
        if (v.kind == VALUE_array && v.as.array->traced && !v.frozen)
            arrays = add_name(s, arrays, type->field[i]);
    }
    warn_constant(s, type->name, arrays, span);
}

void
within_function(Script *s, Value f, Span span)
{
    if (s->graph == NULL)
        return;
    Params params = trace_params(s, f);
    const char *arrays = NULL;
    for (size_t i = 0; i < params.count; i++)
        if (params.item[i].array->traced && !params.item[i].frozen)
            arrays = add_name(s, arrays, params.item[i].path);
    warn_constant(s, "this function", arrays, span);
}
