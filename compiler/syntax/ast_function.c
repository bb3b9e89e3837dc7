/* Functions and assignments: what stands left of `=`, `->` and after
 * `function` and `do` was parsed as an expression; here it becomes a target or
 * parameters.
 */
#include "syntax/build.h"

#include "base/map.h"
#include "base/vec.h"

#include <string.h>

#define HINT_PARAM "write `x`, `x::T`, `x = 1`, `x...` or `(a, b::T)`"

bool
ast_is_pattern(const Ast *ast)
{
    if (ast->kind == AST_NAME)
        return true;
    if (ast->kind != AST_TUPLE || !ast->as.list.count)
        return false;
    for (size_t i = 0; i < ast->as.list.count; i++)
        if (!ast_is_pattern(ast->as.list.item[i]))
            return false;
    return true;
}

/* (a, b) in place of a parameter, of names that may have types: (a::T, b). */
static bool
is_taken_apart(const Ast *ast)
{
    if (ast->kind == AST_DECLARE)
        return ast->as.declare.value && is_taken_apart(ast->as.declare.value);
    if (ast->kind == AST_NAME)
        return true;
    if (ast->kind != AST_TUPLE || !ast->as.list.count)
        return false;
    for (size_t i = 0; i < ast->as.list.count; i++)
        if (!is_taken_apart(ast->as.list.item[i]))
            return false;
    return true;
}

/* x, x::T, ::T, (a, b) or (a, b)::T. */
static bool
param_name(Ast *ast, AstParam *param)
{
    Ast *name = ast;
    if (ast->kind == AST_DECLARE) {
        param->type = ast->as.declare.type;
        name = ast->as.declare.value;
        if (!name)
            return true;
    }
    if (name->kind == AST_NAME)
        param->name = name->as.name;
    else if (is_taken_apart(name))
        param->pattern = name;
    return param->name || param->pattern;
}

static void
param_add(Build *build, Ast *function, Ast *ast, bool keyword)
{
    AstParam param = {.keyword = keyword, .span = ast->span};
    Ast *left = ast;
    if (ast->kind == AST_ASSIGN && !strcmp(ast->as.binary.op, "=")) {
        param.value = ast->as.binary.right;
        left = ast->as.binary.left;
    } else if (ast->kind == AST_SPLAT) {
        param.splat = true;
        left = ast->as.operand;
    }
    ast_deepen(function, ast);
    if (ast->kind == AST_ERROR)
        return;
    if (!param_name(left, &param) || (keyword && !param.name)) {
        ast_report(build, DIAG_syntax, ast->span,
                   "this cannot be a parameter of a function", HINT_PARAM);
        return;
    }
    AstParams *params = &function->as.function.params;
    if (params->count && !keyword) {
        const AstParam *before = &params->item[params->count - 1];
        if (before->splat)
            ast_report(build, DIAG_syntax, ast->span,
                       "a parameter behind one that takes the rest", NULL);
        else if (before->value && !param.value && !param.splat)
            ast_report(build, DIAG_syntax, ast->span,
                       "a parameter without a default behind one with", NULL);
    }
    VEC_PUSH(&build->context->arena, params, param);
}

/* Notes the names of a parameter, and reports one that is there already. */
static void
note_names(Build *build, Map *names, const Ast *pattern, const char *name,
           Span span)
{
    if (pattern && pattern->kind == AST_TUPLE)
        for (size_t i = 0; i < pattern->as.list.count; i++) {
            const Ast *part = pattern->as.list.item[i];
            note_names(build, names, part, NULL, part->span);
        }
    else if (pattern && pattern->kind == AST_DECLARE)
        note_names(build, names, pattern->as.declare.value, NULL, span);
    else if (pattern && pattern->kind == AST_NAME)
        name = pattern->as.name;
    if (!name || !strcmp(name, "_"))
        return;
    if (map_get(names, name) >= 0)
        ast_report(build, DIAG_syntax, span,
                   arena_printf(&build->context->arena,
                                "%s is a parameter twice", name),
                   NULL);
    map_put(names, name, 0);
}

static void
check_names(Build *build, const Ast *function)
{
    const AstParams *params = &function->as.function.params;
    Map names = {.arena = &build->context->arena};
    for (size_t i = 0; i < params->count; i++)
        note_names(build, &names, params->item[i].pattern, params->item[i].name,
                   params->item[i].span);
}

/* The parameters from what stood in parentheses, which are settled thereby. */
static void
params_from(Build *build, Ast *function, Ast *from)
{
    const AstGroup *group = from->group;
    from->group = NULL;
    if (group->count > 2)
        ast_report(build, DIAG_syntax, group->span,
                   "only one `;` between parameters: positional; keywords",
                   NULL);
    for (size_t i = 0; i < group->count; i++)
        for (size_t k = 0; k < group->item[i].list.count; k++)
            param_add(build, function, group->item[i].list.item[k], i > 0);
    check_names(build, function);
}

static Ast *
function_new(Build *build, AstForm form, Span span, Ast *body)
{
    Ast *node = ast_new(build, AST_FUNCTION, span);
    node->as.function.form = form;
    node->as.function.body = body;
    ast_deepen(node, body);
    return node;
}

/* f(x) or f(x)::T, without the parentheses of a group around it. */
static Ast *
signature_call(Ast *ast)
{
    if (ast->kind == AST_DECLARE && !ast->paren && ast->as.declare.value)
        ast = ast->as.declare.value;
    return ast->kind == AST_CALL && !ast->paren && ast->group ? ast : NULL;
}

/* A named function from its signature's call. */
static Ast *
function_named(Build *build, Ast *node, Ast *signature, Ast *call)
{
    const Ast *callee = call->as.call.callee;
    if (callee->kind != AST_NAME) {
        bool braces = callee->kind == AST_CURLY;
        if (callee->kind != AST_ERROR)
            ast_report(build, braces ? DIAG_not_net : DIAG_syntax, callee->span,
                       braces ? "type parameters are not part of the language"
                              : "a function is defined by a plain name",
                       braces ? "write `f(x)`, and types behind `::`"
                              : "write `f(x) = …`");
        call->group = NULL;
        return ast_new(build, AST_ERROR, node->span);
    }
    node->as.function.name = callee->as.name;
    if (signature != call)
        node->as.function.result = signature->as.declare.type;
    ast_deepen(node, signature);
    params_from(build, node, call);
    return ast_checked(build, node);
}

static bool
assignable(const Ast *ast, bool tuple)
{
    switch ((int)ast->kind) {
    case AST_NAME:
    case AST_FIELD:
    case AST_INDEX:
    case AST_CURLY:
    case AST_ERROR:
        return true;
    case AST_DECLARE:
        return tuple && ast->as.declare.value && !ast->paren &&
               ast->as.declare.value->kind == AST_NAME;
    case AST_TUPLE:
        for (size_t i = 0; i < ast->as.list.count; i++)
            if (!assignable(ast->as.list.item[i], true))
                return false;
        return tuple && ast->as.list.count;
    }
    return false;
}

Ast *
ast_assign(Build *build, Span span, Ast *left, AstOp op, Ast *right)
{
    bool plain = !strcmp(op.name, "=");
    Ast *call = plain ? signature_call(left) : NULL;
    if (call && !call->as.call.body)
        return function_named(
            build, function_new(build, FORM_short, span, right), left, call);
    if (!assignable(left, plain)) {
        const char *hint = "left of `=` stands a name, a field, an index, a "
                           "tuple or `f(x)`";
        if (left->kind == AST_AND || left->kind == AST_OR)
            hint = "write `a && (x = 1)`";
        else if (left->kind == AST_COMPARE)
            hint = "comparing is `==`";
        else if (left->kind == AST_TUPLE && left->as.list.count > 0 &&
                 left->as.list.item[left->as.list.count - 1]->kind == AST_NAME)
            hint = "a tuple with names has parentheses: `(a = 1, b = 2)`";
        ast_report(build, DIAG_assign, left->span, "cannot assign to this",
                   hint);
        return ast_new(build, AST_ERROR, span);
    }
    if (left->kind == AST_ERROR)
        return left;
    return ast_binary(build, AST_ASSIGN, span, left, op, right);
}

Ast *
ast_lambda(Build *build, Span span, Ast *left, Ast *body)
{
    Ast *node = function_new(build, FORM_arrow, span, body);
    if (left->kind == AST_ERROR)
        return left;
    if (left->paren && left->group) {
        ast_deepen(node, left);
        params_from(build, node, left);
    } else if (left->kind == AST_NAME || left->kind == AST_DECLARE) {
        param_add(build, node, left, false);
    } else {
        ast_report(build, DIAG_syntax, left->span,
                   "left of `->` stands a name, or names in parentheses",
                   "write `x -> …` or `(x, y) -> …`");
        return ast_new(build, AST_ERROR, span);
    }
    return ast_checked(build, node);
}

Ast *
ast_function(Build *build, Span span, Ast *signature, Ast *body)
{
    Ast *node = function_new(build, FORM_long, span, body);
    Ast *call = signature_call(signature);
    if (call && !call->as.call.body)
        return function_named(build, node, signature, call);
    Ast *group = signature;
    if (signature->kind == AST_DECLARE && !signature->paren) {
        node->as.function.result = signature->as.declare.type;
        group = signature->as.declare.value;
    }
    if (group && group->paren && group->group) {
        ast_deepen(node, signature);
        params_from(build, node, group);
        return ast_checked(build, node);
    }
    if (signature->kind != AST_ERROR) {
        bool full = signature->kind == AST_FUNCTION;
        ast_report(build, DIAG_syntax, signature->span,
                   "after `function` stands `f(x)` or `(x)`",
                   full ? "write `f(x) = …` without `function`, or the body "
                          "on lines of its own"
                        : NULL);
    }
    return ast_new(build, AST_ERROR, span);
}

Ast *
ast_do(Build *build, Span span, Ast *call, AstList *params, Ast *body)
{
    if (call->kind == AST_ERROR)
        return call;
    if (call->kind != AST_CALL || call->paren || call->as.call.body) {
        ast_report(build, DIAG_syntax, call->span, "`do` follows a call",
                   "write `map(xs) do x … end`");
        return ast_new(build, AST_ERROR, span);
    }
    Ast *function = function_new(build, FORM_do, body->span, body);
    for (size_t i = 0; i < params->count; i++)
        param_add(build, function, params->item[i], false);
    check_names(build, function);
    function = ast_checked(build, function);
    call->as.call.body = function;
    call->span = span;
    ast_deepen(call, function);
    return ast_checked(build, call);
}
