/* Checking gradients: @gradcheck, `fluxc gradcheck`, and what they print. */
#include "script/model/gradcheck_inner.h"
#include "script/model/model_inner.h"
#include "script/model/trace_model.h"

#include <math.h>
#include <string.h>

enum {
    CHECK_SAMPLES = 2, /* n, where the model is checked as it is exported */
    CHECK_LENGTH = 3   /* other named dimensions */
};

/* ---- what is printed ---- */

/* The characters of a UTF-8 text. */
static int
text_width(const char *text)
{
    int width = 0;
    for (; *text != '\0'; text++)
        width += ((unsigned char)*text & 0xC0) != 0x80;
    return width;
}

static void
print_padded(FILE *out, const char *text, int width)
{
    fprintf(out, "%s%*s  ", text, width - text_width(text), "");
}

static const char *
shape_text(Script *s, const Node *n)
{
    const char *text = n->rank > 0 ? "(" : "scalar";
    for (int a = 0; a < n->rank; a++)
        text = arena_printf(&s->context->arena, "%s%s%lld", text, a ? "," : "",
                            (long long)n->dim[a]);
    const char *end = n->rank == 0 ? "" : n->rank == 1 ? ",)" : ")";
    return arena_printf(&s->context->arena, "%s%s", text, end);
}

/* "layer1.W[3,2]": indices from 1. */
static const char *
element_text(Script *s, const Node *n, int64_t i)
{
    Arena *arena = &s->context->arena;
    const char *text = n->as.leaf.name;
    for (int a = 0; a < n->rank; a++) {
        text = arena_printf(arena, "%s%s%lld", text, a ? "," : "[",
                            (long long)(i % n->dim[a] + 1));
        i /= n->dim[a];
    }
    return n->rank > 0 ? arena_printf(arena, "%s]", text) : text;
}

static void
print_finding(const Check *c, const Node *n, const Finding *f, int width)
{
    FILE *out = c->s->options.out;
    fprintf(out, "  ");
    print_padded(out, n->as.leaf.name, width);
    print_padded(out, shape_text(c->s, n), 14);
    fprintf(out, "%7lld  ", (long long)f->checked);
    if (f->checked > 0)
        fprintf(out, "%11.1e", f->differences);
    else
        fprintf(out, "%11s", "-");
    if (c->smooth)
        fprintf(out, "  %12.1e", f->modes);
    else
        fprintf(out, "  %12s", "-");
    if (f->kinks > 0)
        fprintf(out, "  %lld skipped: kink or rounding", (long long)f->kinks);
    fputc('\n', out);
}

/* Reports a leaf whose gradient is wrong; true if it is. */
static bool
report_finding(Check *c, const Node *n, const Finding *f)
{
    Diags *diags = &c->s->context->diags;
    if (f->differences > c->tolerance)
        diag_add(diags, DIAG_assertion, c->span,
                 "the gradient of %s by %s is %.9g; differences give %.9g, a "
                 "relative error of %.1e",
                 c->name, element_text(c->s, n, f->worst), f->found,
                 f->expected, f->differences);
    else if (f->modes > mode_tolerance)
        diag_add(diags, DIAG_assertion, c->span,
                 "forward and reverse mode differ in the gradient of %s by %s: "
                 "a relative error of %.1e",
                 c->name, n->as.leaf.name, f->modes);
    else
        return false;
    return true;
}

/* The inputs and the parameters that train. */
static bool
is_checked(const Node *n)
{
    return dtype_real(n->dtype) &&
           (n->op == OP_input || (n->op == OP_param && !n->as.leaf.frozen));
}

/* Checks every leaf at the point, and prints a line for each; false where one
 * is wrong (reported).
 */
static bool
check_leaves(Check *c)
{
    FILE *out = c->s->options.out;
    bool good = true;
    int width = 4;
    double worst = 0;
    int64_t chosen = 0;
    int64_t elements = 0;
    for (size_t i = 0; i < c->g->leaf.count; i++) {
        const Node *n = ir_node(c->g, c->g->leaf.item[i]);
        int own = text_width(n->as.leaf.name);
        width = is_checked(n) && own > width ? own : width;
    }
    fprintf(out, "gradients of %s\n  ", c->name);
    print_padded(out, "name", width);
    fprintf(out, "shape           checked  differences  forward mode\n");
    for (size_t i = 0; i < c->g->leaf.count; i++) {
        const Node *n = ir_node(c->g, c->g->leaf.item[i]);
        if (!is_checked(n))
            continue;
        Finding f = check_leaf(c, i);
        print_finding(c, n, &f, width);
        good = !report_finding(c, n, &f) && good;
        worst = fmax(worst, f.differences);
        chosen += f.chosen;
        elements += tensor_count(c->value[i]);
    }
    fprintf(out, "  worst relative error %.1e\n", worst);
    if (chosen < elements)
        fprintf(out, "  looked at %lld of %lld elements\n", (long long)chosen,
                (long long)elements);
    return good;
}

/* ---- @gradcheck ---- */

/* The values of a call's leaves in double. */
static void
bind_call(Check *c, const Call *call)
{
    Script *s = c->s;
    size_t leaves = c->g->leaf.count;
    c->value = ARENA_ARRAY(&s->context->arena, Tensor *, leaves + 1);
    for (size_t i = 0; i < leaves; i++) {
        const Node *n = ir_node(c->g, c->g->leaf.item[i]);
        const Tensor *from = NULL;
        if (n->op == OP_param)
            from = ((const Array *)n->as.leaf.key)->tensor;
        for (size_t k = 0; k < call->bound.count; k++)
            if (n->op == OP_input &&
                strcmp(call->bound.item[k].name, n->as.leaf.name) == 0)
                from = call->bound.item[k].tensor;
        c->value[i] = check_tensor(c, n);
        for (int64_t k = 0; from != NULL && k < tensor_count(from); k++)
            tensor_set(c->value[i], k, tensor_get(from, k));
    }
}

void
gradcheck_call(Script *s, Value model, const char *name, const Args *args,
               double tolerance, Span span)
{
    Check c = {.s = s,
               .span = span,
               .random = 1,
               .tolerance = tolerance,
               .name = name};
    Call m = model_begin(s, model, value_nothing(), args, c.name);
    int64_t symbol[DIM_SYMBOLS];
    for (int i = 0; i < DIM_SYMBOLS; i++)
        symbol[i] = m.samples >= 0 ? m.samples : 1;
    check_graph(&c, model_graph(s, &m, false), symbol, NULL);
    bind_call(&c, &m);
    check_build(&c);
    if (!check_point(&c))
        script_fail(s, DIAG_value, span,
                    "choose a point where the model is defined",
                    "the result of %s is not finite here", c.name);
    if (!check_leaves(&c)) {
        s->tests_failed++;
        script_abandon(s);
    }
    s->tests_passed++;
}

/* ---- fluxc gradcheck ---- */

/* A random point: inputs in (low, high), parameters near their values. */
static void
choose_point(Check *c, double low, double high)
{
    for (size_t i = 0; i < c->g->leaf.count; i++) {
        const Node *n = ir_node(c->g, c->g->leaf.item[i]);
        const Tensor *from = NULL;
        if (n->op == OP_param && n->as.leaf.key != NULL)
            from = ((const Array *)n->as.leaf.key)->tensor;
        for (int64_t k = 0; k < tensor_count(c->value[i]); k++) {
            double x = check_random(c, low, high);
            if (from != NULL)
                x = tensor_get(from, k) + check_random(c, -0.1, 0.1);
            tensor_set(c->value[i], k, dtype_real(n->dtype) ? x : x > 0);
        }
    }
}

/* Checks one graph of a model where its results are finite. */
static void
check_exported(Script *s, const Graph *from, const char *name, Span span,
               const char *only)
{
    static const double range[][2] = {{-1, 1}, {0.1, 0.9}, {1, 2}};
    Check c = {
        .s = s, .name = name, .span = span, .tolerance = 1e-4, .random = 1};
    int64_t symbol[DIM_SYMBOLS];
    for (int i = 0; i < DIM_SYMBOLS; i++)
        symbol[i] = i == 0 ? CHECK_SAMPLES : CHECK_LENGTH;
    check_graph(&c, from, symbol, only);
    c.value = ARENA_ARRAY(&s->context->arena, Tensor *, c.g->leaf.count + 1);
    for (size_t i = 0; i < c.g->leaf.count; i++)
        c.value[i] = check_tensor(&c, ir_node(c.g, c.g->leaf.item[i]));
    check_build(&c);
    for (size_t i = 0; i < sizeof range / sizeof range[0]; i++) {
        choose_point(&c, range[i][0], range[i][1]);
        if (!check_point(&c))
            continue;
        check_leaves(&c);
        return;
    }
    script_fail(s, DIAG_value, span,
                "write @gradcheck m(x) with an x where the model is defined",
                "the result of %s is not finite at random points", name);
}

/* One graph, with a recovery of its own. */
static void
check_alone(Script *s, const Graph *from, const char *name, Span span,
            const char *only)
{
    jmp_buf here;
    jmp_buf *outer = s->recover;
    TraceState state = trace_enter(s, NULL, NULL);
    s->recover = &here;
    if (setjmp(here) == 0)
        check_exported(s, from, name, span, only);
    trace_leave(s, &state);
    s->recover = outer;
}

void
gradcheck_model(Script *s, const EmitModel *model)
{
    Arena *arena = &s->context->arena;
    check_alone(s, carried_fixed(model->forward, true), model->name,
                model->span, NULL);
    for (int i = 0; i < model->trainers; i++) {
        const EmitTrainer *t = &model->trainer[i];
        check_alone(s, carried_fixed(t->step, true),
                    arena_printf(arena, "the loss of %s", t->name), t->span,
                    "loss");
    }
}
