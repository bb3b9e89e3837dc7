/* gradient, jacobian, jvp, vjp: derivatives as functions, in a trace or on
 * arrays.
 *
 * Inside a model the derivative is built at once, on the sample's graph; with
 * plain arrays a graph is traced for the purpose. Both are the same function,
 * so derivatives nest.
 */
#include "script/array/lift.h"
#include "script/array/seq.h"
#include "script/model/model.h"
#include "script/model/model_inner.h"
#include "script/value/call.h"
#include "script/value/scope.h"
#include "script/value/tree.h"

static Value fn_gradient(Script *s, const Args *args);
static Value fn_jacobian(Script *s, const Args *args);
static Value fn_jvp(Script *s, const Args *args);
static Value fn_vjp(Script *s, const Args *args);

static const Builtin gradient_table[] = {
    {"gradient", 2, 1 + TRACE_INPUTS, fn_gradient,
     "the gradient of a function with one number as result", NULL, false},
    {"jacobian", 2, 2, fn_jacobian,
     "the derivatives of each result (rows) by each input (columns)", NULL,
     false},
    {"jvp", 3, 3, fn_jvp,
     "jvp(f, x, v): the change of f(x) where x changes along v", NULL, false},
    {"vjp", 3, 3, fn_vjp,
     "vjp(f, x, u): the gradient by x of the sum of u .* f(x)", NULL, false},
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

/* Nodes in a row: by which is differentiated, or what is. */
typedef struct {
    Ref *item;
    int count;
} Refs;

/* The nodes of the leaves of a value. */
static Refs
leaf_nodes(Script *s, Value tree, const char *what, Span span)
{
    Values leaf = {0};
    tree_leaves(s, tree, &leaf);
    Refs nodes = {ARENA_ARRAY(&s->context->arena, Ref, leaf.count + 1),
                  (int)leaf.count};
    for (size_t i = 0; i < leaf.count; i++) {
        if (leaf.item[i].kind == VALUE_opaque)
            script_fail(s, DIAG_annotate, span,
                        "annotate the input with its shape, as in x::[784]",
                        "a derivative needs the shape of the input");
        nodes.item[i] = trace_value(s, leaf.item[i], what, span);
    }
    return nodes;
}

/* A tree of nodes, in the form of another. */
static Value
tree_of_nodes(Script *s, Value like, Refs nodes)
{
    Value *leaf = ARENA_ARRAY(&s->context->arena, Value, nodes.count + 1);
    const Value *next = leaf;
    for (int i = 0; i < nodes.count; i++)
        leaf[i] = value_node(nodes.item[i]);
    return tree_like(s, like, &next);
}

/* f of the aliases of the first `count` arguments behind it, whose nodes are
 * put into wrt.
 */
static Value
apply(Script *s, const Args *args, size_t count, Refs *wrt)
{
    Value all = value_tuple(s, args->item + 1, count);
    *wrt = leaf_nodes(s, all, "the argument of a derivative", args->span);
    s->graph->span = args->span;
    for (int i = 0; i < wrt->count; i++)
        wrt->item[i] = alias(s->graph, wrt->item[i]);
    all = tree_of_nodes(s, all, *wrt);
    Args inner = {
        .item = all.as.values->item, .count = count, .span = args->span};
    size_t mark = s->graph->node.count;
    Value y = call_value(s, args->item[0], &inner);
    refuse_batch(s, mark);
    return y;
}

/* The results of a function, in stable forms to be differentiated. */
static Refs
result_nodes(Script *s, Value result, Refs wrt, Span span)
{
    Refs y = leaf_nodes(s, result, "the result of the function", span);
    for (int i = 0; i < y.count; i++)
        y.item[i] = stable_node(s->graph, y.item[i], wrt.item, wrt.count);
    return y;
}

/* The gradients of sum(dy .* y), zeros where nothing depends on an argument. */
static Refs
reverse(Script *s, Refs y, const Ref *dy, Refs wrt)
{
    Refs dx = {ARENA_ARRAY(&s->context->arena, Ref, wrt.count + 1), wrt.count};
    if (!diff_reverse(s->graph, y.item, dy, y.count, wrt.item, wrt.count,
                      dx.item))
        script_abandon(s);
    for (int i = 0; i < dx.count; i++)
        if (dx.item[i] == REF_NONE)
            dx.item[i] = ir_fill(s->graph, wrt.item[i], 0);
    return dx;
}

static Value
gradient_traced(Script *s, const Args *args)
{
    Refs wrt;
    size_t count = args->count - 1;
    Value result = apply(s, args, count, &wrt);
    Ref y = trace_value(s, result, "the result of the function", args->span);
    const Node *n = ir_node(s->graph, y);
    if (n->rank != 0)
        script_fail(s, DIAG_scalar_loss, args->span,
                    "sum it, or use jacobian(f, x)",
                    "gradient wants a function with one number as result; "
                    "this one gives %s",
                    value_shape_text(s, value_node(y)));
    Ref one = ir_const(s->graph, n->dtype, 1);
    Refs dx =
        reverse(s, result_nodes(s, value_node(y), wrt, args->span), &one, wrt);
    Value all =
        count == 1 ? args->item[1] : value_tuple(s, args->item + 1, count);
    return tree_of_nodes(s, all, dx);
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
    Refs wrt;
    if (args->item[1].kind == VALUE_tuple)
        script_fail(s, DIAG_value, args->span, "of one argument: x -> f(x, y)",
                    "jacobian is by one array, not by %s",
                    value_kind_name(args->item[1]));
    Value result = apply(s, args, 1, &wrt);
    Ref x = wrt.item[0];
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

/* The direction v of a derivative, in the shapes of nodes. */
static Refs
direction(Script *s, const Args *args, Refs like, const char *what)
{
    Value v = args->item[2];
    if (v.kind == VALUE_opaque && like.count == 1) {
        Node n = *ir_node(s->graph, like.item[0]);
        trace_bind(s, v.as.opaque, n.rank, n.dim);
    }
    Refs to = leaf_nodes(s, v, "the direction of a derivative", args->span);
    if (to.count != like.count)
        script_fail(s, DIAG_shape, args->span, NULL,
                    "arrays in the direction: %d; in the %s: %d", to.count,
                    what, like.count);
    for (int i = 0; i < to.count; i++)
        if (!ir_same_shape(s->graph, to.item[i], like.item[i]))
            script_fail(s, DIAG_shape, args->span, NULL,
                        "the direction has the shape %s, the %s %s",
                        value_shape_text(s, value_node(to.item[i])), what,
                        value_shape_text(s, value_node(like.item[i])));
    return to;
}

/* Forward mode: the changes of the results, in their form. */
static Value
jvp_traced(Script *s, const Args *args)
{
    Refs wrt;
    Value result = apply(s, args, 1, &wrt);
    Refs v = direction(s, args, wrt, "argument");
    Refs y = result_nodes(s, result, wrt, args->span);
    Refs dy = {ARENA_ARRAY(&s->context->arena, Ref, y.count + 1), y.count};
    if (!diff_forward(s->graph, wrt.item, v.item, wrt.count, y.item, y.count,
                      dy.item))
        script_abandon(s);
    for (int i = 0; i < dy.count; i++)
        if (dy.item[i] == REF_NONE)
            dy.item[i] = ir_fill(s->graph, y.item[i], 0);
    return tree_of_nodes(s, result, dy);
}

/* Reverse mode, from u. */
static Value
vjp_traced(Script *s, const Args *args)
{
    Refs wrt;
    Value result = apply(s, args, 1, &wrt);
    Refs y = result_nodes(s, result, wrt, args->span);
    Refs u = direction(s, args, y, "result");
    return tree_of_nodes(s, args->item[1], reverse(s, y, u.item, wrt));
}

/* Outside of a trace: a graph of the derivative, run on the arguments. What is
 * taken by a Seq is one, and so is the change of a result that is one.
 */
static Value
run_derivative(Script *s, const Args *args, const Builtin *self)
{
    Args inputs = *args;
    inputs.item++;
    inputs.count--;
    inputs.at = NULL;
    Value builtin = {.kind = VALUE_builtin, .as.builtin = self};
    Call c = model_begin(s, builtin, args->item[0], &inputs, self->name);
    c.of_inputs = self->run == fn_gradient || self->run == fn_vjp;
    if (self->run == fn_jacobian)
        c.form = SEQ_none;
    return model_run(s, &c, s->options.engine);
}

static Value
derivative(Script *s, const Args *args, const Builtin *self,
           Value (*traced)(Script *, const Args *))
{
    args->item[0] = model_of(s, args->item[0], self->name, args->span);
    Values leaf = {0};
    for (size_t i = 1; i < args->count; i++)
        tree_leaves(s, args->item[i], &leaf);
    for (size_t i = 0; i < leaf.count; i++)
        if (seq_plain(s, leaf.item[i]).kind == VALUE_batch)
            script_fail(s, DIAG_value, args->span,
                        "back!(m, Δ, batch) takes batches",
                        "%s is for one sample", self->name);
    return s->graph != NULL ? traced(s, args) : run_derivative(s, args, self);
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
    scope_builtins(s, gradient_table,
                   sizeof gradient_table / sizeof *gradient_table);
}
