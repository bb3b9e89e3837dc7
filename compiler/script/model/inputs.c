/* The inputs of a model: what its parameters say of them.
 *
 * An argument is a tree, whose leaves are inputs: an array, or a tuple where
 * the parameter is `(x, h)` or `p::([3], [2])`.
 */
#include "script/model/trainer.h"
#include "script/value/tree.h"
#include "script/value/type.h"

#include <string.h>

/* The model of whose steps a model consists, by unroll1 or, if that is asked
 * for, by unroll; or itself.
 */
static Value
model_of_steps(Value model, bool unrolled)
{
    while (model.kind == VALUE_object) {
        const Object *o = model.as.object;
        const char *name = o->type->name;
        if (strcmp(name, "Stepped") != 0 &&
            !(unrolled && strcmp(name, "Unrolled") == 0))
            break;
        model = o->field[0];
    }
    return model;
}

bool
model_is_stepped(Value model)
{
    return model.kind == VALUE_object &&
           strcmp(model.as.object->type->name, "Stepped") == 0;
}

/* The function or object that is called in the end. */
static Value
model_behind(Value model)
{
    while (model.kind == VALUE_engine || model.kind == VALUE_trainer)
        model = model.kind == VALUE_engine ? model.as.engine->model
                                           : model.as.trainer->model;
    return model_of_steps(model, false);
}

/* The methods of a model; NULL: it has none of the script. */
static const Function *
methods_of(Value model)
{
    model = model_of_steps(model_behind(model), true);
    if (model.kind == VALUE_function)
        return model.as.function;
    return model.kind == VALUE_object ? model.as.object->type->call : NULL;
}

/* The method that takes `count` arguments, whose names the inputs have. */
static const Ast *
method_for(Value model, size_t count)
{
    const Function *f = methods_of(model);
    for (size_t i = f != NULL ? f->method.count : 0; i-- > 0;) {
        const Ast *function = f->method.item[i].function;
        if (function->as.function.params.count >= count)
            return function;
    }
    return NULL;
}

bool
model_takes(Value model, size_t count)
{
    const Function *f = methods_of(model);
    for (size_t i = 0; f != NULL && i < f->method.count; i++) {
        const AstParams *p = &f->method.item[i].function->as.function.params;
        size_t least = 0;
        size_t most = 0;
        for (size_t k = 0; k < p->count; k++) {
            const AstParam *one = &p->item[k];
            least += !one->keyword && !one->splat && one->value == NULL;
            most += one->keyword ? 0 : one->splat ? count : 1;
        }
        if (least <= count && count <= most)
            return true;
    }
    return false;
}

const Values *
model_chain_input(Script *s, Value model)
{
    model = model_behind(model);
    if (model.kind != VALUE_object)
        return NULL;
    const Object *o = model.as.object;
    const char *name = intern_text(&s->context->names, "input");
    for (size_t i = 0; i < o->type->fields; i++)
        if (o->type->field[i] == name && o->field[i].kind == VALUE_tuple)
            return o->field[i].as.values;
    return NULL;
}

int
model_lengths(const Values *input, Dim dim[IR_RANK])
{
    int rank = 0;
    for (size_t i = 0; i < input->count && rank < IR_RANK; i++)
        if (input->item[i].kind == VALUE_int)
            dim[rank++] = input->item[i].as.integer;
    return rank;
}

/* ---- what a parameter, or a part of it, says of an argument ---- */

typedef struct {
    const char *name;   /* or NULL */
    const Ast *pattern; /* (x, h), or NULL */
    const Ast *type;    /* behind `::`, or NULL */
} Said;

static Said
said_by(const AstParam *p)
{
    if (p->splat)
        return (Said){NULL, NULL, NULL};
    return (Said){p->name, p->pattern, p->type};
}

static bool
is_tuple_type(const Ast *type)
{
    return type != NULL &&
           (type->kind == AST_TUPLE || type->kind == AST_NAMEDTUPLE);
}

/* The parts of a tuple that it speaks of; 0: it speaks of an input. */
static size_t
said_parts(Said said)
{
    if (said.pattern != NULL)
        return said.pattern->as.list.count;
    return is_tuple_type(said.type) ? said.type->as.list.count : 0;
}

/* The name of a part of a tuple type, or NULL. */
static const char *
part_name(const Ast *type, size_t i)
{
    if (type == NULL || type->kind != AST_NAMEDTUPLE ||
        i >= type->as.list.count)
        return NULL;
    return type->as.list.item[i]->as.binary.left->as.name;
}

/* "p_h", "p_2": what a part of p is called. */
static const char *
joined_name(Script *s, const char *whole, const char *part, size_t i)
{
    if (whole == NULL)
        return part;
    if (part == NULL)
        return arena_printf(&s->context->arena, "%s_%zu", whole, i + 1);
    return arena_printf(&s->context->arena, "%s_%s", whole, part);
}

/* What is said of part i, which may have a name of its own. */
static Said
said_part(Script *s, Said whole, size_t i, const char *name)
{
    Said part = {NULL, NULL, NULL};
    const Ast *type = whole.type;
    if (is_tuple_type(type) && i < type->as.list.count)
        part.type = type->kind == AST_TUPLE
                        ? type->as.list.item[i]
                        : type->as.list.item[i]->as.binary.right;
    if (whole.pattern == NULL) {
        part.name = joined_name(s, whole.name, name, i);
        return part;
    }
    if (i >= whole.pattern->as.list.count)
        return part;
    const Ast *pattern = whole.pattern->as.list.item[i];
    if (pattern->kind == AST_DECLARE) {
        part.type = pattern->as.declare.type;
        pattern = pattern->as.declare.value;
    }
    if (pattern->kind == AST_NAME)
        part.name = pattern->as.name;
    else
        part.pattern = pattern;
    return part;
}

/* An annotation's type of numbers: Int of i::Int and of i::Int[6]; or NULL. */
static const char *
type_of_elements(const Ast *type)
{
    if (type != NULL && type->kind == AST_INDEX)
        type = type->as.call.callee;
    if (type == NULL || type->kind != AST_NAME ||
        !type_of_numbers(type->as.name))
        return NULL;
    return type->as.name;
}

/* What an annotation says of an input: those of numbers have no axes, Ints
 * their type.
 */
static void
annotate_input(InputShape *in, const Ast *type)
{
    const char *name = type_of_elements(type);
    if (name == NULL)
        return;
    if (in->rank < 0 && type->kind == AST_NAME)
        in->rank = 0;
    if (strncmp(name, "Int", 3) == 0)
        in->dtype = DTYPE_i32;
}

bool
model_has_input(const Trace *t, const char *name)
{
    for (int i = 0; i < t->inputs; i++)
        if (t->input[i].name != NULL && strcmp(t->input[i].name, name) == 0)
            return true;
    return false;
}

/* The name of input i, which no parameter names: x, or x1, x2 …, but as no
 * other.
 */
static const char *
other_name(Script *s, const Trace *t, int i)
{
    const char *name = "x";
    for (int n = i + 1; t->inputs > 1; n++) {
        name = arena_printf(&s->context->arena, "x%d", n);
        if (!model_has_input(t, name))
            break;
    }
    return name;
}

/* Names the leaves of an argument and takes their annotations; gives the input
 * behind them.
 */
static int
name_leaves(Script *s, Trace *t, int input, Said said, Value argument)
{
    if (argument.kind == VALUE_tuple) {
        const Values *all = argument.as.values;
        for (size_t i = 0; i < all->count; i++) {
            const char *name = all->name != NULL ? all->name[i] : NULL;
            input = name_leaves(s, t, input, said_part(s, said, i, name),
                                all->item[i]);
        }
        return input;
    }
    if (said.name != NULL && !model_has_input(t, said.name))
        t->input[input].name = said.name;
    annotate_input(&t->input[input], said.type);
    return input + 1;
}

void
model_name_inputs(Script *s, Trace *t, Value model)
{
    size_t count = t->given != NULL ? t->given->count : (size_t)t->inputs;
    const Ast *method = method_for(model, count);
    const AstParams *params = method ? &method->as.function.params : NULL;
    int input = 0;
    for (int i = 0; i < t->inputs; i++)
        t->input[i].name = NULL;
    for (size_t i = 0; i < count; i++) {
        Said said = {NULL, NULL, NULL};
        if (params != NULL && i < params->count)
            said = said_by(&params->item[i]);
        input =
            name_leaves(s, t, input, said,
                        t->given != NULL ? t->given->item[i] : value_nothing());
    }
    for (int i = 0; i < t->inputs; i++)
        if (t->input[i].name == NULL)
            t->input[i].name = other_name(s, t, i);
    const Values *in = model_chain_input(s, model);
    if (t->inputs > 0 && in != NULL && in->count > 0 &&
        in->item[0].kind == VALUE_builtin) {
        t->input[0].dtype = DTYPE_i32;
        t->input[0].from0 = true;
    }
}

/* The tree of an argument of which something is said. */
static Value
form_of(Script *s, Said said)
{
    size_t parts = said_parts(said);
    if (parts == 0)
        return value_nothing();
    Value *item = ARENA_ARRAY(&s->context->arena, Value, parts);
    const char **name = ARENA_ARRAY(&s->context->arena, const char *, parts);
    for (size_t i = 0; i < parts; i++) {
        name[i] = part_name(said.type, i);
        item[i] = form_of(s, said_part(s, said, i, name[i]));
    }
    Value form = value_tuple(s, item, parts);
    if (name[0] != NULL)
        form.as.values->name = name;
    return form;
}

const Args *
model_form(Script *s, Value model, Span span)
{
    const Ast *method = method_for(model, 0);
    const AstParams *params = method ? &method->as.function.params : NULL;
    Args *form = ARENA_NEW(&s->context->arena, Args);
    form->span = span;
    form->item = ARENA_ARRAY(&s->context->arena, Value,
                             params != NULL ? params->count + 1 : 1);
    for (size_t i = 0; params != NULL && i < params->count; i++) {
        const AstParam *p = &params->item[i];
        if (!p->keyword && !p->splat && p->value == NULL)
            form->item[form->count++] = form_of(s, said_by(p));
    }
    if (params == NULL)
        form->item[form->count++] = value_nothing();
    return form;
}

Values
model_inputs(Script *s, const Args *form, size_t most)
{
    Values leaf = {0};
    for (size_t i = 0; i < form->count; i++)
        tree_leaves(s, form->item[i], &leaf);
    if (leaf.count > most || form->count > most)
        script_fail(s, DIAG_arity, form->span, NULL,
                    "a model takes at most %d inputs, and its training %d",
                    TRACE_INPUTS, TRACE_INPUTS - 1);
    return leaf;
}

void
model_take_form(Script *s, Trace *t, Value model, const Args *form)
{
    size_t most = t->step ? TRACE_INPUTS - 1 : TRACE_INPUTS; /* and a target */
    t->given = form;
    t->inputs = (int)model_inputs(s, form, most).count;
    for (int i = 0; i < t->inputs; i++) {
        t->input[i].rank = -1;
        t->input[i].dtype = t->dtype;
    }
    model_name_inputs(s, t, model);
}

/* What a loss says of its target. */
static Said
said_of_target(Value loss)
{
    const Ast *method = method_for(loss, 2);
    if (method == NULL)
        return (Said){NULL, NULL, NULL};
    return said_by(&method->as.function.params.item[1]);
}

Value
model_target_form(Script *s, Value loss)
{
    return form_of(s, said_of_target(loss));
}

/* What targets are called: y, target, target2 …, but as no input. */
static const char *
target_name(Script *s, const Trace *t)
{
    const char *name = "y";
    for (int n = 1; model_has_input(t, name); n++)
        name =
            n == 1 ? "target" : arena_printf(&s->context->arena, "target%d", n);
    return name;
}

void
model_take_target(Script *s, Trace *t, Value loss, Value form)
{
    Args target = {.item = &form, .count = 1, .span = s->span};
    int first = t->inputs;
    const char *name = target_name(s, t);
    t->targets =
        (int)model_inputs(s, &target, TRACE_INPUTS - (size_t)first).count;
    if (t->targets == 0)
        script_fail(s, DIAG_value, s->span, NULL,
                    "the target of a training step is an empty tuple");
    t->inputs += t->targets;
    for (int i = first; i < t->inputs; i++)
        t->input[i] = (InputShape){.dtype = t->dtype, .rank = -1};
    if (form.kind != VALUE_tuple) {
        t->input[first].name = name;
        return;
    }
    Said said = said_of_target(loss);
    if (said.pattern == NULL)
        said.name = name;
    name_leaves(s, t, first, said, form);
    for (int i = first; i < t->inputs; i++)
        while (t->input[i].name == NULL) {
            name =
                arena_printf(&s->context->arena, "%s_%d", name, i - first + 1);
            t->input[i].name = model_has_input(t, name) ? NULL : name;
        }
}
