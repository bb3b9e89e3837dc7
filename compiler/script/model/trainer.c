/* One training step as a graph: forward, loss, backward, optimiser.
 *
 * The loss of a sample is traced and batched, its mean differentiated, and the
 * optimiser's rule, descend(opt, η, t, p, Δp, moments…) of the standard
 * library, traced on the result.
 */
#include "script/model/trainer.h"

#include "script/array/lift.h"
#include "script/array/numeric_make.h"
#include "script/model/model.h"
#include "script/value/call.h"
#include "script/value/scope.h"
#include "script/value/tree.h"

#include <string.h>

/* A model's result on nodes, in the tuples in which it is; or as it is, where
 * it is opaque.
 */
static Value
on_nodes(Script *s, Value y, Span span)
{
    Values leaf = {0};
    tree_leaves(s, y, &leaf);
    for (size_t i = 0; i < leaf.count; i++)
        if (leaf.item[i].kind != VALUE_opaque)
            leaf.item[i] = value_node(
                trace_value(s, leaf.item[i], "the result of the model", span));
    const Value *next = leaf.item;
    return tree_like(s, y, &next);
}

/* The traced loss: (trainer, arguments…, target) → the mean over the batch. It
 * is one number: a target that it is elementwise in is one.
 */
static Value
loss_traced(Script *s, const Args *args)
{
    const Trainer *trainer = args->item[0].as.trainer;
    Args inputs = {
        .item = args->item + 1, .count = args->count - 2, .span = args->span};
    Value y = call_value(s, trainer->model, &inputs);
    if (y.kind == VALUE_opaque)
        return y;
    Value pair[2] = {on_nodes(s, y, args->span), args->item[args->count - 1]};
    if (pair[0].kind == VALUE_node && pair[1].kind == VALUE_opaque) {
        Node n = *ir_node(s->graph, pair[0].as.node);
        trace_bind(s, pair[1].as.opaque, n.rank, n.dim);
    }
    Args both = {.item = pair, .count = 2, .span = args->span};
    Value loss = call_value(s, trainer->loss, &both);
    if (loss.kind == VALUE_opaque)
        trace_bind(s, loss.as.opaque, 0, NULL);
    Ref l = trace_value(s, loss, "the loss", args->span);
    if (ir_node(s->graph, l)->rank != 0)
        script_fail(s, DIAG_scalar_loss, trainer->span,
                    "sum or average over the elements in the loss",
                    "the loss of a sample is one number; %s gives %s",
                    value_name(trainer->loss),
                    value_shape_text(s, value_node(l)));
    bool mean = true;
    LiftOp op = {"batchmean", make_batchsum, &mean, false, false};
    Value node = value_node(l);
    return lift(s, args->span, &op, &node, 1);
}

static const Builtin loss_builtin = {"training", 2,    -1,   loss_traced,
                                     "",         NULL, false};

double
trainer_loss(Script *s, const Trainer *trainer, const Args *batches)
{
    Value builtin = {.kind = VALUE_builtin, .as.builtin = &loss_builtin};
    Value self = {.kind = VALUE_trainer,
                  .as.trainer = (struct Trainer *)(uintptr_t)trainer};
    Call c = model_begin(s, builtin, self, batches, "loss");
    const Graph *g = model_graph(s, &c, false);
    Tensor result = {.data = NULL};
    run_graph(s, run_prepare(s, g, s->options.engine), g, &c.bound, c.samples,
              &result, batches->span);
    return tensor_get(&result, 0);
}

void
trainer_take_form(Script *s, Trace *t, const Trainer *trainer, const Args *form)
{
    const Args inputs = {
        .item = form->item, .count = form->count - 1, .span = form->span};
    model_take_form(s, t, trainer->model, &inputs);
    model_take_target(s, t, trainer->loss, form->item[form->count - 1]);
    t->given = form;
}

Trace *
trainer_trace(Script *s, const Trainer *trainer, const Args *form)
{
    Trace *t = trace_new(s, trainer->model, s->options.dtype);
    t->first = (Value){.kind = VALUE_trainer,
                       .as.trainer = (struct Trainer *)(uintptr_t)trainer};
    t->step = true;
    trainer_take_form(s, t, trainer, form);
    return t;
}

double
trainer_eta(Script *s, const Trainer *trainer)
{
    const char *name = intern_text(&s->context->names, "eta");
    Value opt = trainer->opt;
    if (opt.kind == VALUE_object)
        for (size_t i = 0; i < opt.as.object->type->fields; i++)
            if (opt.as.object->type->field[i] == name &&
                value_is_number(opt.as.object->field[i]))
                return value_number(opt.as.object->field[i]);
    script_fail(s, DIAG_value, trainer->span, "as in ADAM(0.001)",
                "an optimiser with a field `eta` is wanted, not %s",
                value_kind_name(opt));
}

/* What the optimiser keeps for each parameter: the symbols moments(opt). */
static Values
moment_names(Script *s, const Trainer *trainer)
{
    Value opt = trainer->opt;
    Value names =
        call_named(s, s->eval->library, "moments", &opt, 1, trainer->span);
    if (names.kind != VALUE_tuple || names.as.values->count > 4)
        script_fail(s, DIAG_value, trainer->span, NULL,
                    "moments(opt) gives a tuple of at most 4 symbols");
    for (size_t i = 0; i < names.as.values->count; i++)
        if (names.as.values->item[i].kind != VALUE_symbol)
            script_fail(s, DIAG_value, trainer->span, NULL,
                        "moments(opt) gives a tuple of symbols");
    return *names.as.values;
}

/* Gives one parameter its next value, and its moments theirs. */
static void
descend(Script *s, const Trainer *trainer, const Values *names, Ref param,
        Ref gradient, Ref eta, Ref time)
{
    Graph *g = s->graph;
    Node p = *ir_node(g, param);
    Value item[5 + 4] = {trainer->opt, value_node(eta), value_node(time),
                         value_node(param), value_node(gradient)};
    Ref state[4];
    for (size_t i = 0; i < names->count; i++) {
        const char *name =
            arena_printf(&s->context->arena, "%s.%s", names->item[i].as.symbol,
                         p.as.leaf.name);
        state[i] = ir_leaf(g, OP_state, name, p.dtype, p.rank, p.dim);
        item[5 + i] = value_node(state[i]);
    }
    g->span = trainer->span;
    Value next = call_named(s, s->eval->library, "descend", item,
                            5 + names->count, trainer->span);
    const Value *result = &next;
    if (next.kind == VALUE_tuple)
        result = next.as.values->item;
    size_t count = next.kind == VALUE_tuple ? next.as.values->count : 1;
    if (count != 1 + names->count)
        script_fail(s, DIAG_value, trainer->span, NULL,
                    "descend(opt, …) gives the parameter and %zu moments",
                    names->count);
    for (size_t i = 0; i < count; i++) {
        Ref leaf = i == 0 ? param : state[i - 1];
        Ref ref =
            trace_value(s, result[i], "a result of descend", trainer->span);
        if (!ir_same_shape(g, ref, leaf))
            script_fail(s, DIAG_shape, trainer->span, NULL,
                        "descend gives %s for %s of shape %s",
                        value_shape_text(s, value_node(ref)),
                        ir_node(g, leaf)->as.leaf.name,
                        value_shape_text(s, value_node(leaf)));
        ir_output(g, ir_node(g, leaf)->as.leaf.name, ref, leaf);
    }
}

/* Leaves out the parameters on which the loss does not depend; gives the number
 * of those that are left.
 */
static int
with_gradient(Ref *wrt, Ref *gradient, int count)
{
    int kept = 0;
    for (int i = 0; i < count; i++) {
        wrt[kept] = wrt[i];
        gradient[kept] = gradient[i];
        kept += gradient[i] != REF_NONE;
    }
    return kept;
}

/* The gradients as the optimiser wants to see them: adjust(opt, gradients). */
static void
adjust(Script *s, const Trainer *trainer, Ref *gradient, size_t count)
{
    Value *item = ARENA_ARRAY(&s->context->arena, Value, count + 1);
    for (size_t i = 0; i < count; i++)
        item[i] = value_node(gradient[i]);
    Value both[2] = {trainer->opt, value_tuple(s, item, count)};
    Value all =
        call_named(s, s->eval->library, "adjust", both, 2, trainer->span);
    if (all.kind != VALUE_tuple || all.as.values->count != count)
        script_fail(s, DIAG_value, trainer->span, NULL,
                    "adjust(opt, gradients) gives a tuple of %zu gradients",
                    count);
    for (size_t i = 0; i < count; i++) {
        Ref ref = trace_value(s, all.as.values->item[i], "a result of adjust",
                              trainer->span);
        if (!ir_same_shape(s->graph, ref, gradient[i]))
            script_fail(s, DIAG_shape, trainer->span, NULL,
                        "adjust gives %s for a gradient of shape %s",
                        value_shape_text(s, value_node(ref)),
                        value_shape_text(s, value_node(gradient[i])));
        gradient[i] = ref;
    }
}

const char *
trainer_model_name(Script *s, Value model)
{
    const Active *active = s->eval->active;
    const Scope *scope = active != NULL ? active->scope : s->globals;
    const char *name = scope_name_of(s, scope, model);
    if (name == NULL && model.kind == VALUE_function)
        name = model.as.function->name;
    if (name == NULL && model.kind == VALUE_object &&
        scope_local(s->eval->library, model.as.object->type->name) == NULL)
        name = model.as.object->type->name;
    return name != NULL ? name : "the model";
}

/* The state that counts the steps: there are random arrays that use it, or it
 * is made.
 */
static Ref
step_leaf(Graph *g)
{
    for (size_t i = 0; i < g->leaf.count; i++) {
        const Node *n = ir_node(g, g->leaf.item[i]);
        if (n->op == OP_state && strcmp(n->as.leaf.name, "step") == 0)
            return g->leaf.item[i];
    }
    return ir_leaf(g, OP_state, "step", DTYPE_i32, 0, NULL);
}

/* Adds the gradients and the optimiser to the batched loss. */
static void
add_descent(Script *s, const Trainer *trainer, Graph *g)
{
    Arena *arena = &s->context->arena;
    Ref loss = g->output.item[0].ref;
    if (ir_node(g, loss)->rank > 0) /* batching spread the one number */
        loss = ir_node(g, loss)->operand[0];
    DType dtype = ir_node(g, loss)->dtype;
    g->output.item[0] = (Output){"loss", loss, REF_NONE}; /* others: kept */
    size_t leaves = g->leaf.count;
    Ref *wrt = ARENA_ARRAY(arena, Ref, leaves + 1);
    Ref *gradient = ARENA_ARRAY(arena, Ref, leaves + 1);
    int count = 0;
    for (size_t i = 0; i < leaves; i++) {
        const Node *n = ir_node(g, g->leaf.item[i]);
        if (n->op == OP_param && !n->as.leaf.frozen)
            wrt[count++] = g->leaf.item[i];
    }
    Ref one = ir_const(g, dtype, 1);
    if (!diff_reverse(g, &loss, &one, 1, wrt, count, gradient))
        script_abandon(s);
    g->span = trainer->span;
    g->frame = NULL;
    Ref eta = ir_leaf(g, OP_state, "eta", dtype, 0, NULL);
    Ref step = step_leaf(g);
    Ref next = ir_map(g, OP_add, step, ir_const(g, DTYPE_i32, 1), REF_NONE);
    Ref time = ir_cast(g, next, dtype);
    Values names = moment_names(s, trainer);
    const int trained = with_gradient(wrt, gradient, count);
    if (trained == 0 && count > 0)
        script_warn(s, DIAG_untrained, trainer->span,
                    "a loss takes the result first, (ŷ, y) -> …, and has no "
                    "gradient where it compares or rounds",
                    "no gradient of the loss reaches the parameters of %s: "
                    "nothing trains",
                    trainer_model_name(s, trainer->model));
    count = trained;
    adjust(s, trainer, gradient, (size_t)count);
    for (int i = 0; i < count; i++)
        descend(s, trainer, &names, wrt[i], gradient[i], eta, time);
    ir_output(g, "step", next, step);
}

/* Whether the script has given no method to a function of the library. */
static bool
is_library(Script *s, const char *name)
{
    const Function *f =
        scope_find(s->eval->library, intern_text(&s->context->names, name))
            ->as.function;
    for (size_t i = 0; i < f->method.count; i++)
        if (f->method.item[i].scope != s->eval->library)
            return false;
    return true;
}

/* Whether a value never changes: of numbers alone, and instances of such. */
static bool
is_fixed(Value v)
{
    if (v.kind == VALUE_tuple) {
        for (size_t i = 0; i < v.as.values->count; i++)
            if (!is_fixed(v.as.values->item[i]))
                return false;
        return true;
    }
    if (v.kind != VALUE_object)
        return value_is_number(v);
    const Object *o = v.as.object;
    for (size_t i = 0; i < o->type->fields; i++)
        if (!is_fixed(o->field[i]))
            return false;
    return !o->type->opened;
}

/* The optimiser, if the step depends on nothing else beside the loss. */
static const void *
plain_optimiser(Script *s, const Trainer *trainer)
{
    static const char *const rules[] = {"descend", "moments", "adjust", "rate"};
    Value opt = trainer->opt;
    bool plain = opt.kind == VALUE_object && is_fixed(opt);
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
        plain = plain && is_library(s, rules[i]);
    return plain ? opt.as.object : NULL;
}

const Graph *
trainer_graph(Script *s, const Trainer *trainer, Trace *t, Span span)
{
    Value builtin = {.kind = VALUE_builtin, .as.builtin = &loss_builtin};
    Traced traced =
        trace_model(s, t, builtin, value_name(trainer->model), span);
    Trial trial = {.trace = traced.graph,
                   .purpose = "step",
                   .owner = plain_optimiser(s, trainer)};
    const Graph *known = trial.owner != NULL ? run_known(s, &trial) : NULL;
    if (known != NULL)
        return known;
    Graph *g = pass_prepare(traced.graph);
    g = g != NULL ? batch_graph(g) : NULL;
    if (g == NULL)
        script_abandon(s);
    TraceState state = trace_enter(s, t, g);
    trace_restart(t);
    add_descent(s, trainer, g);
    trace_leave(s, &state);
    const char *problem = ir_verify(g);
    if (problem != NULL)
        script_fail(s, DIAG_internal, trainer->span, NULL, "%s", problem);
    return run_keep(s, &trial, g);
}

/* The tensor of a state leaf: eta, the step counter or a moment. */
static Tensor *
state_tensor(Script *s, Trainer *trainer, const Node *leaf)
{
    const char *name = leaf->as.leaf.name;
    if (strcmp(name, "eta") == 0) {
        if (trainer->eta == NULL) {
            trainer->eta = lift_new_tensor(s, leaf->dtype, 0, NULL, s->span);
            tensor_set(trainer->eta, 0, trainer_eta(s, trainer));
        }
        return trainer->eta;
    }
    if (strcmp(name, "step") == 0) {
        if (trainer->step == NULL)
            trainer->step = lift_new_tensor(s, DTYPE_i32, 0, NULL, s->span);
        return trainer->step;
    }
    for (size_t i = 0; i < trainer->moments.count; i++)
        if (strcmp(trainer->moments.item[i].name, name) == 0)
            return trainer->moments.item[i].tensor;
    int64_t dim[IR_RANK];
    for (int i = 0; i < leaf->rank; i++)
        dim[i] = leaf->dim[i];
    Moment m = {name,
                lift_new_tensor(s, leaf->dtype, leaf->rank, dim, s->span)};
    VEC_PUSH(&s->context->arena, &trainer->moments, m);
    return m.tensor;
}

void
trainer_bind(Script *s, Trainer *trainer, const Graph *g, Bindings *bound)
{
    bound->seed = &trainer->seed;
    for (size_t i = 0; i < g->output.count; i++) {
        Ref next = g->output.item[i].next;
        if (next != REF_NONE && ir_node(g, next)->op == OP_param)
            ((Array *)(uintptr_t)ir_node(g, next)->as.leaf.key)->recipe =
                REF_NONE;
    }
    for (size_t i = 0; i < g->leaf.count; i++) {
        const Node *leaf = ir_node(g, g->leaf.item[i]);
        if (leaf->op != OP_state)
            continue;
        Bound1 b = {OP_state, leaf->as.leaf.name,
                    state_tensor(s, trainer, leaf), false};
        VEC_PUSH(&s->context->arena, bound, b);
    }
}
