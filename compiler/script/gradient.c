/* gradient, jacobian, jvp, vjp: derivatives as functions, in a trace or on
 * arrays.
 *
 * Inside a model the derivative is built at once, on the sample's graph; with
 * plain arrays a graph is traced for the purpose. Both are the same function,
 * so derivatives nest.
 */
#include "script/eval.h"
#include "script/lift.h"
#include "script/model.h"
#include "script/model_inner.h"
#include "script/seq.h"

static Value fn_gradient(Script *s, const Args *args);
static Value fn_jacobian(Script *s, const Args *args);
static Value fn_jvp(Script *s, const Args *args);
static Value fn_vjp(Script *s, const Args *args);

static const Builtin gradient_table[] = {
    {"gradient", 2, 1 + TRACE_INPUTS, fn_gradient,
     "the gradient of a function with one number as result", NULL},
    {"jacobian", 2, 2, fn_jacobian,
     "the derivatives of each result (rows) by each input (columns)", NULL},
    {"jvp", 3, 3, fn_jvp,
     "jvp(f, x, v): the change of f(x) where x changes along v", NULL},
    {"vjp", 3, 3, fn_vjp,
     "vjp(f, x, u): the gradient by x of the sum of u .* f(x)", NULL},
};

/* A node with the same value, so that only what is computed from it counts as
 * depending on it.
 */
static Ref
alias(Graph *g, Ref x)
{
    Node n = *ir_node(g, x);
    return ir_reshape(g, x, n.rank, n.dim);
}

/* Refuses what goes over the batch in a function that is differentiated, which
 * is one of a sample; but not outside of models, where there is no other.
 */
static void
refuse_batch(Script *s, size_t mark)
{
    if (s->trace->alone)
        return;
    for (size_t i = mark; i < s->graph->node.count; i++) {
        const Node *n = &s->graph->node.item[i];
        if (n->op != OP_batchsum)
            continue;
        s->frame = n->frame;
        script_fail(s, DIAG_derivative, n->span,
                    "train!, Trainer and back! differentiate it",
                    "an operation over the batch in a function of one sample "
                    "that is differentiated");
    }
}

/* f of the arguments' aliases, whose nodes are put into wrt. */
static Value
apply(Script *s, const Args *args, Ref *wrt)
{
    Value item[TRACE_INPUTS];
    size_t count = args->count - 1;
    for (size_t i = 0; i < count; i++) {
        if (args->item[i + 1].kind == VALUE_opaque)
            script_fail(s, DIAG_annotate, args->span,
                        "annotate the input with its shape, as in x::[784]",
                        "a derivative needs the shape of the input");
        Ref x = trace_value(s, args->item[i + 1],
                            "the argument of a derivative", args->span);
        s->graph->span = args->span;
        wrt[i] = alias(s->graph, x);
        item[i] = value_node(wrt[i]);
    }
    Args inner = {.item = item, .count = count, .span = args->span};
    size_t mark = s->graph->node.count;
    Value y = call_value(s, args->item[0], &inner);
    refuse_batch(s, mark);
    return y;
}

/* The gradient of y by x, zeros where nothing depends on x. */
static Value
gradient_value(Graph *g, Ref gradient, Ref x)
{
    return value_node(gradient != REF_NONE ? gradient : ir_fill(g, x, 0));
}

static Value
gradient_traced(Script *s, const Args *args)
{
    Ref wrt[TRACE_INPUTS];
    Ref gradient[TRACE_INPUTS];
    Value result = apply(s, args, wrt);
    Ref y = trace_value(s, result, "the result of the function", args->span);
    const Node *n = ir_node(s->graph, y);
    if (n->rank != 0)
        script_fail(s, DIAG_scalar_loss, args->span,
                    "sum it, or use jacobian(f, x)",
                    "gradient wants a function with one number as result; "
                    "this one gives %s",
                    value_shape_text(s, value_node(y)));
    size_t count = args->count - 1;
    Ref one = ir_const(s->graph, n->dtype, 1);
    y = stable_node(s->graph, y, wrt, (int)count);
    if (!diff_reverse(s->graph, &y, &one, 1, wrt, (int)count, gradient))
        script_abandon(s);
    Value item[TRACE_INPUTS];
    for (size_t i = 0; i < count; i++)
        item[i] = gradient_value(s->graph, gradient[i], wrt[i]);
    return count == 1 ? item[0] : value_tuple(s, item, count);
}

/* Row i of a jacobian: the gradient of y[i], as a (1, n) matrix. */
static Ref
jacobian_row(Script *s, Ref y, int64_t i, Ref x)
{
    Graph *g = s->graph;
    Node ny = *ir_node(g, y);
    Dim columns = ir_count(g, x);
    Tensor *seed = lift_new_tensor(s, ny.dtype, 1, &ny.dim[0], s->span);
    tensor_set(seed, i, 1);
    Ref dy = ir_data(g, seed);
    Ref row = REF_NONE;
    if (!diff_reverse(g, &y, &dy, 1, &x, 1, &row))
        script_abandon(s);
    if (row == REF_NONE)
        row = ir_fill(g, x, 0);
    return ir_reshape(g, row, 2, (Dim[]){1, columns});
}

static Value
jacobian_traced(Script *s, const Args *args)
{
    Ref x = REF_NONE;
    Value result = apply(s, args, &x);
    Ref y = trace_value(s, result, "the result of the function", args->span);
    Dim rows = ir_count(s->graph, y);
    if (!dim_known(rows) || rows == 0 || rows > 4096)
        script_fail(s, DIAG_rank, args->span, NULL,
                    "jacobian wants 1 to 4096 results; the function gives %s",
                    value_shape_text(s, value_node(y)));
    y = stable_node(s->graph, y, &x, 1);
    y = ir_reshape(s->graph, y, 1, &rows);
    Ref all = REF_NONE;
    for (int64_t i = 0; i < rows; i++) {
        Ref row = jacobian_row(s, y, i, x);
        all = i == 0 ? row : ir_concat(s->graph, all, row, 0);
    }
    return value_node(all);
}

/* The direction v of a derivative, in the shape of node `like`. */
static Ref
direction(Script *s, const Args *args, Ref like, const char *what)
{
    Value v = args->item[2];
    Node n = *ir_node(s->graph, like);
    if (v.kind == VALUE_opaque)
        trace_bind(s, v.as.opaque, n.rank, n.dim);
    Ref ref = trace_value(s, v, "the direction of a derivative", args->span);
    if (!ir_same_shape(s->graph, ref, like))
        script_fail(s, DIAG_shape, args->span, NULL,
                    "the direction has the shape %s, the %s %s",
                    value_shape_text(s, value_node(ref)), what,
                    value_shape_text(s, value_node(like)));
    return ref;
}

/* f of x, the first of the arguments behind f alone. */
static Value
apply_first(Script *s, const Args *args, Ref *x)
{
    Args first = *args;
    first.count = 2;
    first.at = NULL;
    return apply(s, &first, x);
}

/* Forward mode: of a tuple of results, the tuple of their changes. */
static Value
jvp_traced(Script *s, const Args *args)
{
    Ref x = REF_NONE;
    Value result = apply_first(s, args, &x);
    Ref v = direction(s, args, x, "argument");
    bool tuple = result.kind == VALUE_tuple;
    size_t count = tuple ? result.as.values->count : 1;
    const Value *from = tuple ? result.as.values->item : &result;
    Value *item = ARENA_ARRAY(&s->context->arena, Value, count + 1);
    for (size_t i = 0; i < count; i++) {
        Ref y =
            trace_value(s, from[i], "the result of the function", args->span);
        Ref dy = REF_NONE;
        y = stable_node(s->graph, y, &x, 1);
        if (!diff_forward(s->graph, &x, &v, 1, &y, 1, &dy))
            script_abandon(s);
        item[i] = gradient_value(s->graph, dy, y);
    }
    return tuple ? value_tuple(s, item, count) : item[0];
}

/* Reverse mode, from u. */
static Value
vjp_traced(Script *s, const Args *args)
{
    Ref x = REF_NONE;
    Ref dx = REF_NONE;
    Value result = apply_first(s, args, &x);
    Ref y = trace_value(s, result, "the result of the function", args->span);
    Ref u = direction(s, args, y, "result");
    y = stable_node(s->graph, y, &x, 1);
    if (!diff_reverse(s->graph, &y, &u, 1, &x, 1, &dx))
        script_abandon(s);
    return gradient_value(s->graph, dx, x);
}

/* Outside of a trace: a graph of the derivative, run on the arguments. */
static Value
derivative(Script *s, const Args *args, const Builtin *self,
           Value (*traced)(Script *, const Args *))
{
    Value f = model_of(s, args->item[0], self->name, args->span);
    for (size_t i = 1; i < args->count; i++)
        if (seq_plain(s, args->item[i]).kind == VALUE_batch)
            script_fail(s, DIAG_value, args->span,
                        "back!(m, Δ, batch) takes batches",
                        "%s is for one sample", self->name);
    if (s->graph != NULL) {
        args->item[0] = f;
        return traced(s, args);
    }
    Args inputs = *args;
    inputs.item++;
    inputs.count--;
    inputs.at = NULL;
    Value builtin = {.kind = VALUE_builtin, .as.builtin = self};
    Call c = model_begin(s, builtin, f, &inputs, self->name);
    const Graph *g = model_graph(s, &c, false);
    Tensor *result =
        ARENA_ARRAY(&s->context->arena, Tensor, g->output.count + 1);
    run_graph(s, run_prepare(s, g, s->options.engine), g, &c.bound, 1, result,
              args->span);
    Value item[TRACE_INPUTS];
    for (size_t i = 0; i < g->output.count; i++)
        item[i] = model_result(s, &c, &result[i]);
    return c.traced.tuple ? value_tuple(s, item, g->output.count) : item[0];
}

static Value
fn_gradient(Script *s, const Args *args)
{
    return derivative(s, args, &gradient_table[0], gradient_traced);
}

static Value
fn_jacobian(Script *s, const Args *args)
{
    return derivative(s, args, &gradient_table[1], jacobian_traced);
}

static Value
fn_jvp(Script *s, const Args *args)
{
    return derivative(s, args, &gradient_table[2], jvp_traced);
}

static Value
fn_vjp(Script *s, const Args *args)
{
    return derivative(s, args, &gradient_table[3], vjp_traced);
}

void
gradient_define_all(Script *s)
{
    builtin_define(s, gradient_table,
                   sizeof gradient_table / sizeof *gradient_table);
}
