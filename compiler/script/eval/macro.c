/* Macros: @net, @show, @time, @assert, @test, @Chain; those about models are
 * model_macro's.
 */
#define _POSIX_C_SOURCE 200809L
#include "script/array/numeric.h"
#include "script/eval/eval.h"
#include "script/model/trace_model.h"

#include <math.h>
#include <string.h>
#include <time.h>

static const char *
source_text(Script *s, const Ast *ast)
{
    const Source *source = source_get(&s->context->sources, ast->span.source);
    if (!source || ast->span.end > source->size ||
        ast->span.end <= ast->span.begin)
        return "";
    return arena_string(&s->context->arena, source->text + ast->span.begin,
                        ast->span.end - ast->span.begin);
}

static const Ast *
only_argument(Script *s, const Ast *macro)
{
    const AstList *list = &macro->as.macro.argument;
    if (list->count < 1)
        script_fail(s, DIAG_arity, macro->span, NULL,
                    "%s stands before an expression", macro->as.macro.name);
    return list->item[0];
}

static Value
net_function(Script *s, Scope *scope, const Ast *ast)
{
    Value f = eval_function(s, scope, ast, true);
    within_function(s, f, ast->span);
    return f;
}

/* @net marks a function, a lambda or a type as a model. */
static Value
macro_net(Script *s, Scope *scope, const Ast *macro)
{
    const Ast *ast = only_argument(s, macro);
    if (ast->kind == AST_FUNCTION)
        return net_function(s, scope, ast);
    if (ast->kind == AST_TYPE)
        return eval_type(s, scope, ast, true);
    if (ast->kind == AST_ASSIGN && !strcmp(ast->as.binary.op, "=") &&
        ast->as.binary.right->kind == AST_FUNCTION &&
        ast->as.binary.left->kind == AST_NAME) {
        Value v = net_function(s, scope, ast->as.binary.right);
        v.as.function->name = ast->as.binary.left->as.name;
        eval_bind(s, scope, ast->as.binary.left, v, false);
        return v;
    }
    script_fail(s, DIAG_model, ast->span,
                "write @net f(x) = …, @net x -> … or @net type T … end",
                "@net stands before a function or a type");
}

/* @show a, b prints each expression and its value. */
static Value
macro_show(Script *s, Scope *scope, const Ast *macro)
{
    AstList list = macro->as.macro.argument;
    only_argument(s, macro);
    if (list.count == 1 && list.item[0]->kind == AST_TUPLE &&
        !list.item[0]->paren)
        list = list.item[0]->as.list;
    Value v = value_nothing();
    for (size_t i = 0; i < list.count; i++) {
        v = eval_operand(s, scope, list.item[i]);
        fprintf(s->options.out, "%s = %s\n", source_text(s, list.item[i]),
                value_show(s, v));
    }
    return v;
}

static double
now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static Value
macro_time(Script *s, Scope *scope, const Ast *macro)
{
    double start = now();
    Value v = eval(s, scope, only_argument(s, macro));
    fprintf(s->options.out, "  %.6f seconds\n", now() - start);
    return v;
}

/* A number given by `name = value` behind the condition, else `otherwise`. */
static double
option_of(Script *s, Scope *scope, const Ast *macro, const char *name,
          double otherwise)
{
    const AstList *list = &macro->as.macro.argument;
    for (size_t i = 1; i < list->count; i++) {
        const Ast *option = list->item[i];
        if (option->kind != AST_ASSIGN ||
            option->as.binary.left->kind != AST_NAME ||
            strcmp(option->as.binary.left->as.name, name) != 0)
            continue;
        Value v = eval_operand(s, scope, option->as.binary.right);
        if (!value_is_number(v))
            script_fail(s, DIAG_value, option->span, NULL,
                        "%s is a number, not %s", name, value_kind_name(v));
        return value_number(v);
    }
    return otherwise;
}

static const char *
message_of(Script *s, Scope *scope, const Ast *macro)
{
    const AstList *list = &macro->as.macro.argument;
    if (list->count < 2 || list->item[1]->kind == AST_ASSIGN)
        return NULL;
    return value_text(s, eval_operand(s, scope, list->item[1]));
}

static Value
macro_assert(Script *s, Scope *scope, const Ast *macro)
{
    const Ast *ast = only_argument(s, macro);
    if (eval_truth(s, scope, ast))
        return value_nothing();
    const char *message = message_of(s, scope, macro);
    script_fail(s, DIAG_assertion, ast->span, NULL, "%s",
                message
                    ? message
                    : arena_printf(&s->context->arena, "this does not hold: %s",
                                   source_text(s, ast)));
}

/* A failed test: told, and counted where tests are run. */
static void
fail_test(Script *s, const Ast *ast, const char *hint)
{
    Diag *diag = diag_add(&s->context->diags, DIAG_assertion, ast->span,
                          "the test failed: %s", source_text(s, ast));
    if (hint)
        diag_hint(&s->context->diags, diag, "%s", hint);
    diag->frame = script_frames(s, ast->span, s->frame);
    s->tests_failed++;
    if (!s->options.testing)
        script_abandon(s);
}

static bool
is_comparison(const Ast *ast)
{
    return ast->kind == AST_COMPARE && ast->as.compare.operand.count == 2;
}

/* A comparison whose sides are evaluated here, to show them if it fails. */
static bool
test_sides(Script *s, Scope *scope, const Ast *macro, const Ast *ast,
           const char **hint)
{
    const AstList *side = &ast->as.compare.operand;
    const char *op = ast->as.compare.op[0];
    Value a = eval_operand(s, scope, side->item[0]);
    Value b = eval_operand(s, scope, side->item[1]);
    *hint = arena_printf(&s->context->arena, "left: %s, right: %s",
                         value_show(s, a), value_show(s, b));
    double none = (double)NAN;
    double atol = option_of(s, scope, macro, "atol", none);
    double rtol = option_of(s, scope, macro, "rtol", none);
    a = numeric_plain(s, a, ast->span);
    b = numeric_plain(s, b, ast->span);
    if (!strcmp(op, "≈") && (!isnan(atol) || !isnan(rtol)))
        return numeric_close(s, a, b, isnan(rtol) ? 0 : rtol,
                             isnan(atol) ? 0 : atol, ast->span);
    Value v = eval_compared(s, op, a, b, ast->span);
    return numeric_true(s, v, ast->span);
}

static Value
macro_test(Script *s, Scope *scope, const Ast *macro)
{
    const Ast *ast = only_argument(s, macro);
    const char *hint = NULL;
    bool holds = is_comparison(ast) ? test_sides(s, scope, macro, ast, &hint)
                                    : eval_truth(s, scope, ast);
    if (holds)
        s->tests_passed++;
    else
        fail_test(s, ast, hint);
    return value_bool(holds);
}

/* @Chain(Input(784), …): the library makes a layer of one element after the
 * other, each at its place in the source, and a chain of all.
 */
static Value
macro_chain(Script *s, Scope *scope, const Ast *macro)
{
    const AstList *list = &macro->as.macro.argument;
    Values *element = ARENA_ARRAY(&s->context->arena, Values, list->count + 1);
    for (size_t i = 0; i < list->count; i++) {
        const AstList one = {.item = &list->item[i], .count = 1};
        element[i] = (Values){0};
        eval_splat(s, scope, &one, &element[i]);
    }
    Value layers = value_list(s, NULL, 0);
    Value shape = value_nothing();
    for (size_t i = 0; i < list->count; i++)
        for (size_t k = 0; k < element[i].count; k++) {
            const Value part[] = {layers, shape, element[i].item[k]};
            shape = call_named(s, s->eval->library, "infer_layer", part, 3,
                               list->item[i]->span);
        }
    return call_named(s, s->eval->library, "infer_chain", &layers, 1,
                      macro->span);
}

typedef struct {
    const char *name;
    Value (*run)(Script *s, Scope *scope, const Ast *macro);
} Macro;

static const Macro macros[] = {
    {"@net", macro_net},       {"@show", macro_show},
    {"@time", macro_time},     {"@assert", macro_assert},
    {"@test", macro_test},     {"@Chain", macro_chain},
    {"@shapes", macro_shapes}, {"@gradcheck", macro_gradcheck},
    {"@code_c", macro_code_c}, {"@code_cuda", macro_code_cuda},
};

Value
macro_eval(Script *s, Scope *scope, const Ast *macro)
{
    const char *name = macro->as.macro.name;
    for (size_t i = 0; i < sizeof macros / sizeof *macros; i++)
        if (!strcmp(name, macros[i].name))
            return macros[i].run(s, scope, macro);
    script_fail(s, DIAG_name, macro->span,
                "there are @net, @show, @time, @assert, @test, @Chain, "
                "@shapes, @gradcheck, @code_c and @code_cuda",
                "there is no macro %s", name);
}
