/* Statements, control and definitions of the syntax tree. */
#include "syntax/build.h"

#include "base/vec.h"

#include <string.h>

Ast *
ast_block(Build *build, Span span)
{
    return ast_new(build, AST_BLOCK, span);
}

Ast *
ast_block_add(Build *build, Ast *block, Ast *statement, bool quiet)
{
    if (block->kind != AST_BLOCK)
        return block;
    statement->quiet = quiet;
    VEC_PUSH(&build->context->arena, &block->as.list, statement);
    if (block->as.list.count == 1)
        block->span = statement->span;
    block->span = span_join(block->span, statement->span);
    ast_deepen(block, statement);
    return ast_checked(build, block);
}

/* The tuple of item[0..count), or the one. */
static Ast *
tuple_of(Build *build, Ast **item, size_t count)
{
    if (count == 1)
        return item[0];
    Ast *node = ast_new(build, AST_TUPLE,
                        span_join(item[0]->span, item[count - 1]->span));
    for (size_t i = 0; i < count; i++)
        VEC_PUSH(&build->context->arena, &node->as.list, item[i]);
    ast_deepen_list(node, &node->as.list);
    return ast_checked(build, node);
}

static bool
is_assignment(const Ast *ast)
{
    return ast->kind == AST_ASSIGN && !ast->paren;
}

static bool
is_definition(const Ast *ast)
{
    return ast->kind == AST_FUNCTION && !ast->paren &&
           ast->as.function.form == FORM_short;
}

/* a, (b = c), d  was meant as  (a, b) = (c, d), and so on to the right. */
static Ast *
regroup(Build *build, Ast **item, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (is_definition(item[i])) {
            ast_report(build, DIAG_assign, item[i]->span,
                       "cannot assign to a call in a list",
                       "define the function in a statement of its own");
            return ast_new(build, AST_ERROR, item[i]->span);
        }
    size_t j = count;
    while (j && !is_assignment(item[j - 1]))
        j--;
    if (!j)
        return tuple_of(build, item, count);
    j--;
    Ast *assign = item[j];
    item[j] = assign->as.binary.right;
    Ast *right = tuple_of(build, item + j, count - j);
    for (;;) {
        size_t i = j;
        while (i && !is_assignment(item[i - 1]))
            i--;
        Ast *before = i ? item[i - 1] : NULL;
        size_t from = before ? i - 1 : 0;
        if (before)
            item[from] = before->as.binary.right;
        item[j] = assign->as.binary.left;
        AstOp op = {assign->as.binary.op, assign->as.binary.op_span};
        Ast *left = tuple_of(build, item + from, j + 1 - from);
        right = ast_assign(build, span_join(left->span, right->span), left, op,
                           right);
        if (!before)
            return right;
        assign = before;
        j = from;
    }
}

/* A list behind `return`, a macro or `f(x) =` belongs to it. */
static Ast *
spread(Build *build, Ast **item, size_t count)
{
    Ast *first = item[0];
    Ast **slot = NULL;
    if (count == 1 || first->paren)
        return count == 1 ? first : regroup(build, item, count);
    if (first->kind == AST_RETURN && first->as.list.count == 1)
        slot = &first->as.list.item[0];
    else if (first->kind == AST_MACRO && first->as.macro.argument.count == 1 &&
             !first->as.macro.parens)
        slot = &first->as.macro.argument.item[0];
    else if (is_definition(first))
        slot = &first->as.function.body;
    if (!slot)
        return regroup(build, item, count);
    item[0] = *slot;
    *slot = spread(build, item, count);
    first->span = span_join(first->span, (*slot)->span);
    ast_deepen(first, *slot);
    return ast_checked(build, first);
}

Ast *
ast_statement(Build *build, Span span, AstList *list)
{
    Ast *node = spread(build, list->item, list->count);
    ast_settle(build, span.begin, true);
    return node;
}

Ast *
ast_failed(Build *build, Span span)
{
    ast_settle(build, span.begin, false);
    return ast_new(build, AST_ERROR, span);
}

Ast *
ast_return(Build *build, Span span, Ast *value)
{
    Ast *node = ast_new(build, AST_RETURN, span);
    if (value)
        VEC_PUSH(&build->context->arena, &node->as.list, value);
    ast_deepen(node, value);
    return ast_checked(build, node);
}

Ast *
ast_if(Build *build, Span span, Ast *condition, Ast *then, Ast *otherwise)
{
    Ast *node = ast_ternary(build, span, condition, then, otherwise);
    if (node->kind == AST_TERNARY)
        node->kind = AST_IF;
    return node;
}

Ast *
ast_while(Build *build, Span span, Ast *condition, Ast *body)
{
    Ast *node = ast_new(build, AST_WHILE, span);
    node->as.repeat.condition = condition;
    node->as.repeat.body = body;
    ast_deepen(node, condition);
    ast_deepen(node, body);
    return ast_checked(build, node);
}

AstIterates *
ast_spec(Build *build, AstIterates *specs, Ast *target, Ast *range)
{
    if (!specs)
        specs = ARENA_NEW(&build->context->arena, AstIterates);
    if (!ast_is_pattern(target)) {
        if (target->kind != AST_ERROR)
            ast_report(build, DIAG_syntax, target->span,
                       "`for` wants a name, or names in parentheses",
                       "write `for i in …` or `for (i, x) in …`");
        target = ast_new(build, AST_ERROR, target->span);
    }
    AstIterate iterate = {target, range};
    VEC_PUSH(&build->context->arena, specs, iterate);
    return specs;
}

AstIterates *
ast_no_spec(Build *build, Span span)
{
    Ast *failed = ast_failed(build, span);
    return ast_spec(build, NULL, failed, failed);
}

Ast *
ast_for(Build *build, Span span, AstIterates *specs, Ast *body)
{
    Ast *node = ast_new(build, AST_FOR, span);
    node->as.loop.iterate = specs->item;
    node->as.loop.count = specs->count;
    node->as.loop.body = body;
    for (size_t i = 0; i < specs->count; i++) {
        ast_deepen(node, specs->item[i].target);
        ast_deepen(node, specs->item[i].range);
    }
    ast_deepen(node, body);
    return ast_checked(build, node);
}

Ast *
ast_let(Build *build, Span span, AstList *bindings, Ast *body)
{
    Ast *node = ast_new(build, AST_LET, span);
    for (size_t i = 0; i < bindings->count; i++) {
        const Ast *ast = bindings->item[i];
        bool plain = ast->kind == AST_ASSIGN && !strcmp(ast->as.binary.op, "=");
        if (!plain && ast->kind != AST_NAME && ast->kind != AST_ERROR)
            ast_report(build, DIAG_syntax, ast->span, "`let` binds names",
                       "write `let x = 1, y = 2`");
    }
    node->as.let.binding = *bindings;
    node->as.let.body = body;
    ast_deepen_list(node, bindings);
    ast_deepen(node, body);
    return ast_checked(build, node);
}

/* The name and the parent of a type: T or T <: P. */
static bool
type_head(Build *build, Ast *node, Ast *head)
{
    Ast *name = head;
    if (head->kind == AST_COMPARE && head->as.compare.operand.count == 2 &&
        !strcmp(head->as.compare.op[0], "<:")) {
        name = head->as.compare.operand.item[0];
        node->as.type.parent = head->as.compare.operand.item[1];
    }
    if (name->kind == AST_NAME) {
        node->as.type.name = name->as.name;
        return true;
    }
    bool braces = name->kind == AST_CURLY;
    if (name->kind != AST_ERROR)
        ast_report(build, braces ? DIAG_not_net : DIAG_syntax, name->span,
                   braces ? "type parameters are not part of the language"
                          : "the name of a type is expected here",
                   NULL);
    return false;
}

static bool
is_member(const Ast *ast)
{
    if (ast->kind == AST_DECLARE)
        return ast->as.declare.value && ast->as.declare.value->kind == AST_NAME;
    return ast->kind == AST_NAME || ast->kind == AST_FUNCTION;
}

Ast *
ast_type(Build *build, Span span, bool is_template, Ast *head, Ast *body)
{
    Ast *node = ast_new(build, AST_TYPE, span);
    node->as.type.is_template = is_template;
    if (!type_head(build, node, head))
        return ast_new(build, AST_ERROR, span);
    for (size_t i = 0; body->kind == AST_BLOCK && i < body->as.list.count;
         i++) {
        Ast *member = body->as.list.item[i];
        if (is_member(member))
            VEC_PUSH(&build->context->arena, &node->as.type.member, member);
        else if (member->kind != AST_ERROR)
            ast_report(build, DIAG_syntax, member->span,
                       "in a type stand fields and functions",
                       "write each field on a line of its own, as `W` or "
                       "`x::T`");
    }
    ast_deepen(node, head);
    ast_deepen(node, body);
    return ast_checked(build, node);
}

Ast *
ast_const(Build *build, Span span, AstList *list)
{
    Ast *value = ast_statement(build, span, list);
    if (value->kind != AST_ASSIGN && value->kind != AST_ERROR &&
        value->kind != AST_FUNCTION)
        ast_report(build, DIAG_syntax, value->span,
                   "`const` stands before an assignment",
                   "write `const k = 1`");
    return ast_wrap(build, AST_CONST, span, value);
}

Ast *
ast_export(Build *build, Span span, AstList *names)
{
    return ast_array(build, AST_EXPORT, span, names);
}

Ast *
ast_use(Build *build, Span span, bool import, const char *module,
        AstList *names)
{
    Ast *node = ast_new(build, AST_USING, span);
    node->as.use.module = module;
    node->as.use.name = *names;
    node->as.use.import = import;
    ast_deepen_list(node, names);
    return ast_checked(build, node);
}
