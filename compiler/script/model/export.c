/* What `fluxc model.net` emits: models by their names, with their trainers. */
#define _POSIX_C_SOURCE 200809L
#include "script/model/model.h"
#include "script/model/model_inner.h"
#include "script/model/trace_model.h"
#include "script/model/trainer.h"
#include "script/value/scope.h"

#include <string.h>
#include <strings.h>

typedef struct {
    Script *s;
    const ExportOptions *options;
    EmitModel **item;
    size_t count;
    size_t capacity;
    Value *value; /* of each */
    size_t values;
    size_t value_capacity;
    VEC(Value)
    failed; /* models that cannot be exported: their trainers are
             * left out */
} Exports;

/* A chain that begins with Input(…) knows the shape of its input. */
static void
export_input_shape(Script *s, Value model, InputShape *in)
{
    const Values *of = model_chain_input(s, model);
    if (of != NULL)
        in->rank = model_lengths(of, in->dim);
}

static Trace *
export_trace(Script *s, Value model, Span span)
{
    Trace *t = trace_new(s, model, s->options.dtype);
    t->carries = true;
    model_take_form(s, t, model, model_form(s, model, span));
    if (t->inputs > 0)
        export_input_shape(s, model, &t->input[0]);
    return t;
}

/* Marks what marked nodes are computed from. */
static void
mark_reachable(const Graph *g, bool *needed)
{
    for (size_t i = g->node.count; i-- > 0;) {
        const Node *n = ir_node(g, (Ref)i);
        for (int k = 0; needed[i] && k < n->operands; k++)
            needed[ir_operand(n, k)] = true;
    }
}

/* The initialisers of the parameters that have one, by their paths. */
static const Graph *
export_init(Script *s, const EmitParam *param, int params,
            const Array *const *array)
{
    const Graph *from = s->initial;
    bool *needed = ARENA_ARRAY(&s->context->arena, bool, from->node.count + 1);
    Ref *map = ARENA_ARRAY(&s->context->arena, Ref, from->node.count + 1);
    int count = 0;
    for (int i = 0; i < params; i++)
        if (array[i]->recipe != REF_NONE) {
            needed[array[i]->recipe] = true;
            count++;
        }
    if (count == 0)
        return NULL;
    mark_reachable(from, needed);
    Graph *g = ir_graph(s->context, &s->dims, "init");
    size_t nodes = 0;
    for (size_t i = 0; i < from->node.count; i++)
        nodes += needed[i];
    VEC_RESERVE(&s->context->arena, &g->node, nodes);
    for (size_t i = 0; i < from->node.count; i++)
        if (needed[i])
            map[i] = ir_copy(g, from, (Ref)i, map);
    for (int i = 0; i < params; i++)
        if (array[i]->recipe != REF_NONE)
            ir_output(g, param[i].path, map[array[i]->recipe], REF_NONE);
    return g;
}

/* The place in the user's source that made an initialiser: for one in the
 * library, the call that led there.
 */
static Span
user_span(const Script *s, Ref recipe)
{
    const Node *n = ir_node(s->initial, recipe);
    Span span = n->span;
    for (const Frame *f = n->frame; f != NULL; f = f->caller) {
        const Source *source = source_get(&s->context->sources, span.source);
        if (source != NULL && strncmp(source->path, "stdlib/", 7) != 0)
            break;
        span = f->span;
    }
    return span;
}

static void
export_params(Script *s, EmitModel *m, const Trace *t)
{
    Arena *arena = &s->context->arena;
    EmitParam *param = ARENA_ARRAY(arena, EmitParam, t->params.count + 1);
    const Array **array =
        ARENA_ARRAY(arena, const Array *, t->params.count + 1);
    for (size_t i = 0; i < t->params.count; i++) {
        const Param *from = &t->params.item[i];
        if (t->leaf[i] == REF_NONE)
            continue;
        EmitParam *p = &param[m->params];
        *p = (EmitParam){.path = from->path,
                         .frozen = from->frozen,
                         .rank = from->array->tensor->rank,
                         .data = from->array->tensor};
        for (int k = 0; k < p->rank; k++)
            p->dim[k] = from->array->tensor->dim[k];
        if (from->array->recipe != REF_NONE)
            p->span = user_span(s, from->array->recipe);
        array[m->params++] = from->array;
    }
    m->param = param;
    m->init = export_init(s, param, m->params, array);
}

/* The statement of the script that defined a name. */
static Span
definition(const Script *s, const char *name)
{
    for (size_t i = 0; i < s->named_at.count; i++)
        if (s->named.item[i] == name)
            return s->named_at.item[i];
    return (Span){0};
}

/* Two models are an error if they have the same files; case tells neither
 * macros nor files apart.
 */
static void
check_base(const Exports *e, const EmitModel *m)
{
    for (size_t i = 0; m->prefix == NULL && i < e->count; i++) {
        const EmitModel *other = e->item[i];
        if (strcasecmp(other->base, m->base) != 0)
            continue;
        bool same = strcmp(other->base, m->base) == 0;
        script_fail(e->s, DIAG_export, m->span, "give one of them another name",
                    "%s and %s are both %s%s%s in C", other->name, m->name,
                    other->base, same ? "" : " or ", same ? "" : m->base);
    }
}

static EmitModel *
export_model(Exports *e, const char *name, Value model)
{
    Script *s = e->s;
    Span span = definition(s, name);
    Trace *t = export_trace(s, model, span);
    Traced traced = trace_model(s, t, model, name, span);
    const Graph *g = pass_prepare(traced.graph);
    const Graph *forward = g != NULL ? batch_graph(g) : NULL;
    const Graph *back = forward != NULL ? diff_back(forward) : NULL;
    if (back == NULL)
        script_abandon(s);
    EmitModel *m = ARENA_NEW(&s->context->arena, EmitModel);
    *m = (EmitModel){.name = name,
                     .prefix = e->options->prefix,
                     .base = e->options->prefix
                                 ? e->options->prefix
                                 : emit_model_name(&s->context->arena, name),
                     .command = e->options->command,
                     .dtype = s->options.dtype,
                     .source = e->options->source,
                     .span = span,
                     .seed = s->seed,
                     .stepped = model_is_stepped(model),
                     .forward = forward,
                     .back = back};
    check_base(e, m);
    export_params(s, m, t);
    return m;
}

static bool
same_model(Value a, Value b)
{
    return a.kind == b.kind &&
           ((a.kind == VALUE_function && a.as.function == b.as.function) ||
            (a.kind == VALUE_object && a.as.object == b.as.object));
}

/* Two trainers of a model are an error if they have one name in C. */
static void
check_trainer(Script *s, const EmitModel *m, const char *name, Span span)
{
    const char *own = emit_c_name(&s->context->arena, name);
    for (int i = 0; i < m->trainers; i++) {
        const char *other = m->trainer[i].name;
        if (strcmp(emit_c_name(&s->context->arena, other), own) == 0)
            script_fail(s, DIAG_export, span, "give one of them another name",
                        "%s and %s are both %s in C", other, name, own);
    }
}

/* The classes of a model with one vector of known length as its result, beside
 * the states that it carries; else 0, as of one element, which chooses nothing.
 */
static int64_t
export_classes(const Graph *forward)
{
    const Node *y = ir_node(forward, forward->output.item[0].ref);
    for (size_t i = 1; i < forward->output.count; i++)
        if (forward->output.item[i].next == REF_NONE)
            return 0;
    return y->rank == 2 && dim_known(y->dim[0]) && y->dim[0] > 1 ? y->dim[0]
                                                                 : 0;
}

/* The arguments of a step: the model's, and the target. */
static const Args *
with_target(Script *s, const Args *given, Value target)
{
    Args *all = ARENA_NEW(&s->context->arena, Args);
    *all = *given;
    all->count++;
    all->item = ARENA_ARRAY(&s->context->arena, Value, all->count);
    for (size_t i = 0; i < given->count; i++)
        all->item[i] = given->item[i];
    all->item[given->count] = target;
    return all;
}

/* Adds a trainer to its model's export. */
static void
export_trainer(Exports *e, const char *name, const Trainer *trainer)
{
    Script *s = e->s;
    EmitModel *m = NULL;
    for (size_t i = 0; i < e->count; i++)
        if (same_model(e->value[i], trainer->model))
            m = e->item[i];
    for (size_t i = 0; i < e->failed.count; i++)
        if (same_model(e->failed.item[i], trainer->model))
            script_abandon(s);
    if (m == NULL)
        script_fail(s, DIAG_export, trainer->span, "export the model as well",
                    "the model of the trainer %s is not exported", name);
    Arena *arena = &s->context->arena;
    EmitTrainer *all = ARENA_ARRAY(arena, EmitTrainer, m->trainers + 1);
    if (m->trainers > 0)
        memcpy(all, m->trainer, (size_t)m->trainers * sizeof *all);
    check_trainer(s, m, name, trainer->span);
    EmitTrainer *t = &all[m->trainers];
    *t = (EmitTrainer){
        .name = name, .span = trainer->span, .eta = trainer_eta(s, trainer)};
    Trace *shapes = export_trace(s, trainer->model, trainer->span);
    Trace *step = trainer_trace(
        s, trainer,
        with_target(s, shapes->given, model_target_form(s, trainer->loss)));
    step->carries = true;
    for (int i = 0; i < shapes->inputs; i++)
        step->input[i] = shapes->input[i];
    t->step = trainer_graph(s, trainer, step, trainer->span);
    t->classes = step->targets == 1 ? export_classes(m->forward) : 0;
    m->trainer = all;
    m->trainers++;
}

/* Runs one export with a recovery of its own. Without `export`, a model whose
 * input nothing fixes is left out in silence.
 */
static bool
export_one(Exports *e, const char *name, Value v, bool quiet)
{
    Script *s = e->s;
    jmp_buf here;
    jmp_buf *outer = s->recover;
    TraceState state = trace_enter(s, NULL, NULL);
    Diags *diags = &s->context->diags;
    size_t before = diags->count;
    size_t errors = diags->errors;
    s->recover = &here;
    s->stepless = false;
    volatile bool done = false;
    if (setjmp(here) == 0) {
        if (v.kind == VALUE_trainer) {
            export_trainer(e, name, v.as.trainer);
        } else {
            EmitModel *m = export_model(e, name, v);
            VEC_PUSH(&s->context->arena, e, m);
            struct {
                Value *item;
                size_t count;
                size_t capacity;
            } values = {e->value, e->values, e->value_capacity};
            VEC_PUSH(&s->context->arena, &values, v);
            e->value = values.item;
            e->values = values.count;
            e->value_capacity = values.capacity;
        }
        done = true;
    }
    trace_leave(s, &state);
    s->recover = outer;
    if (!done)
        VEC_PUSH(&s->context->arena, &e->failed, v);
    bool unknown =
        diags->count > before && diags->item[before]->code == DIAG_annotate;
    if (!done && quiet && (unknown || s->stepless)) {
        diags->count = before;
        diags->errors = errors;
    }
    return done;
}

static bool
is_exported(const Script *s, const char *name)
{
    for (size_t i = 0; i < s->exported.count; i++)
        if (s->exported.item[i]->as.name == name)
            return true;
    return false;
}

/* Reports what an export names that is not there, or cannot be exported. */
static void
check_exported(Script *s, const Ast *ast)
{
    const char *name = ast->as.name;
    const Value *v = scope_find(s->globals, name);
    Diags *diags = &s->context->diags;
    if (v == NULL) {
        Diag *diag = diag_add(diags, DIAG_name, ast->span,
                              "export of %s, which is not defined", name);
        const char *near = scope_suggest(&s->context->arena, s->globals, name);
        if (near != NULL)
            diag_hint(diags, diag, "did you mean %s?", near);
    } else if (v->kind != VALUE_poison && v->kind != VALUE_trainer &&
               !model_is(*v)) {
        diag_add(diags, DIAG_export, ast->span,
                 "%s is %s; export takes models and trainers", name,
                 value_kind_name(*v));
    } else if (scope_local(s->globals, name) == NULL) {
        Diag *diag = diag_add(diags, DIAG_export, ast->span,
                              "%s is the library's; export takes models of the "
                              "script",
                              name);
        diag_hint(diags, diag, "give it a name of its own: f = %s", name);
    }
}

bool
model_check_exports(Script *s)
{
    size_t before = s->context->diags.errors;
    for (size_t i = 0; i < s->exported.count; i++)
        check_exported(s, s->exported.item[i]);
    return s->context->diags.errors == before;
}

EmitModel *
model_export(Script *s, const char *name, Value model,
             const ExportOptions *options)
{
    Exports e = {.s = s, .options = options};
    return export_one(&e, name, model, false) ? e.item[0] : NULL;
}

size_t
model_export_all(Script *s, const ExportOptions *options, EmitModel ***models)
{
    Exports e = {.s = s, .options = options};
    bool all = s->exported.count == 0;
    for (int trainers = 0; trainers < 2; trainers++)
        for (size_t i = 0; i < s->named.count; i++) {
            const char *name = s->named.item[i];
            Value *v = scope_find(s->globals, name);
            bool wanted = all ? true : is_exported(s, name);
            if (v == NULL || !wanted || v->kind == VALUE_poison)
                continue;
            bool trainer = v->kind == VALUE_trainer;
            bool model = all ? model_is_net(*v) : model_is(*v);
            if (trainers ? trainer : model)
                export_one(&e, name, *v, all);
        }
    model_check_exports(s);
    *models = e.item;
    return e.count;
}
