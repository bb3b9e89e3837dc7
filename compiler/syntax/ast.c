/* Nodes of the syntax tree: leaves and operators. */
#include "syntax/build.h"

#include "base/vec.h"

#include <string.h>

const char *const ast_kind_name[AST_KINDS] = {
#define AST(kind, name, print, word) [AST_##kind] = name,
#include "syntax/ast.def"
#undef AST
};

Diag *
ast_report(Build *build, DiagCode code, Span span, const char *message,
           const char *hint)
{
    Diag *diag = diag_add(&build->context->diags, code, span, "%s", message);
    diag->hint = hint;
    return diag;
}

Ast *
ast_new(Build *build, AstKind kind, Span span)
{
    Ast *node = ARENA_NEW(&build->context->arena, Ast);
    node->kind = kind;
    node->depth = 1;
    node->span = span;
    return node;
}

void
ast_deepen(Ast *node, const Ast *child)
{
    if (child && child->depth >= node->depth)
        node->depth = (uint16_t)(child->depth + 1);
}

void
ast_deepen_list(Ast *node, const AstList *list)
{
    for (size_t i = 0; i < list->count; i++)
        ast_deepen(node, list->item[i]);
}

Ast *
ast_checked(Build *build, Ast *node)
{
    if (node->depth <= AST_DEPTH)
        return node;
    if (!build->too_deep) {
        Span end = {node->span.source, node->span.begin, node->span.begin};
        diag_add(&build->context->diags, DIAG_deep, end,
                 "an expression deeper than %d levels", AST_DEPTH);
    }
    build->too_deep = true;
    return ast_new(build, AST_ERROR, node->span);
}

AstList *
ast_list(Build *build, Ast *first)
{
    AstList *list = ARENA_NEW(&build->context->arena, AstList);
    if (first)
        VEC_PUSH(&build->context->arena, list, first);
    return list;
}

AstList *
ast_append(Build *build, AstList *list, Ast *ast)
{
    VEC_PUSH(&build->context->arena, list, ast);
    return list;
}

Ast *
ast_word(Build *build, AstKind kind, Span span)
{
    return ast_new(build, kind, span);
}

Ast *
ast_number(Build *build, Span span, AstNumber number)
{
    Ast *node = ast_new(build, number.kind, span);
    if (number.kind == AST_INT)
        node->as.integer = number.integer;
    else
        node->as.number = number.number;
    return node;
}

Ast *
ast_name(Build *build, Span span, const char *name)
{
    bool yes = !strcmp(name, "true");
    if (yes || !strcmp(name, "false")) {
        Ast *node = ast_new(build, AST_BOOL, span);
        node->as.boolean = yes;
        return node;
    }
    Ast *node = ast_new(build, AST_NAME, span);
    node->as.name = name;
    return node;
}

Ast *
ast_listed(Build *build, Span span, const char *name)
{
    Ast *node = ast_new(build, AST_NAME, span);
    node->as.name = name;
    if (!strcmp(name, "true") || !strcmp(name, "false"))
        ast_report(build, DIAG_syntax, span, "a value is no name", NULL);
    return node;
}

Ast *
ast_symbol(Build *build, Span span, const char *name)
{
    Ast *node = ast_new(build, AST_SYMBOL, span);
    node->as.name = name;
    return node;
}

const char *
ast_path(Build *build, const char *path, const char *name)
{
    const char *both =
        arena_printf(&build->context->arena, "%s.%s", path, name);
    return intern_text(&build->context->names, both);
}

Ast *
ast_text(Build *build, Span span, AstText text)
{
    Ast *node = ast_new(build, AST_STRING, span);
    node->as.string.text = text.text;
    node->as.string.length = text.length;
    return node;
}

/* Joins the texts item[0..count) to one. */
static Ast *
join_texts(Build *build, Ast **item, size_t count)
{
    size_t length = 0;
    for (size_t i = 0; i < count; i++)
        length += item[i]->as.string.length;
    char *text = arena_alloc(&build->context->arena, length + 1);
    AstText joined = {text, length};
    for (size_t i = 0; i < count; i++) {
        memcpy(text, item[i]->as.string.text, item[i]->as.string.length);
        text += item[i]->as.string.length;
    }
    Span span = span_join(item[0]->span, item[count - 1]->span);
    return ast_text(build, span, joined);
}

/* What stands in $(…): marked, so that a string there is no text of ours. */
Ast *
ast_operand(Ast *ast)
{
    ast->paren = true;
    return ast;
}

Ast *
ast_string(Build *build, Span span, AstList *parts)
{
    AstList joined = {0};
    for (size_t i = 0; i < parts->count;) {
        size_t end = i;
        while (end < parts->count && parts->item[end]->kind == AST_STRING &&
               !parts->item[end]->paren)
            end++;
        Ast *part = parts->item[i];
        if (end > i)
            part = join_texts(build, parts->item + i, end - i);
        VEC_PUSH(&build->context->arena, &joined, part);
        i = end > i ? end : i + 1;
    }
    if (!joined.count)
        return ast_text(build, span, (AstText){"", 0});
    Ast *node = joined.item[0];
    if (joined.count == 1 && node->kind == AST_STRING && !node->paren) {
        node->span = span;
        return node;
    }
    node = ast_new(build, AST_INTERPOLATE, span);
    node->as.list = joined;
    ast_deepen_list(node, &joined);
    return ast_checked(build, node);
}

Ast *
ast_unary(Build *build, AstKind kind, Span span, AstOp op, Ast *operand)
{
    return ast_binary(build, kind, span, operand, op, NULL);
}

Ast *
ast_juxtapose(Build *build, Span span, Span number_span, AstNumber number,
              AstOp op, Ast *operand)
{
    Ast *left = ast_number(build, number_span, number);
    return ast_binary(build, AST_JUXTAPOSE, span, left, op, operand);
}

Ast *
ast_binary(Build *build, AstKind kind, Span span, Ast *left, AstOp op,
           Ast *right)
{
    Ast *node = ast_new(build, kind, span);
    node->as.binary.op = op.name;
    node->as.binary.op_span = op.span;
    node->as.binary.left = left;
    node->as.binary.right = right;
    ast_deepen(node, left);
    ast_deepen(node, right);
    return ast_checked(build, node);
}

Ast *
ast_compare(Build *build, Span span, Ast *left, AstOp op, Ast *right)
{
    Arena *arena = &build->context->arena;
    Ast *node = left;
    if (left->kind != AST_COMPARE || left->paren) {
        node = ast_new(build, AST_COMPARE, span);
        VEC_PUSH(arena, &node->as.compare.operand, left);
        ast_deepen(node, left);
    }
    /* The operators grow as the operands do: their arrays are equally long. */
    AstList *operand = &node->as.compare.operand;
    size_t count = operand->count - 1;
    size_t capacity = operand->capacity;
    VEC_PUSH(arena, operand, right);
    if (!count || operand->capacity != capacity) {
        const char **ops = ARENA_ARRAY(arena, const char *, operand->capacity);
        if (count)
            memcpy(ops, node->as.compare.op, count * sizeof *ops);
        node->as.compare.op = ops;
    }
    node->as.compare.op[count] = op.name;
    node->span = span;
    ast_deepen(node, right);
    return ast_checked(build, node);
}

Ast *
ast_range(Build *build, Span span, Ast *left, Ast *right)
{
    bool chain = left->kind == AST_RANGE && !left->paren;
    if (chain && left->as.range.step)
        ast_report(build, DIAG_syntax, span,
                   "a range has at most a start, a step and a stop", NULL);
    Ast *node = chain ? left : ast_new(build, AST_RANGE, span);
    if (chain)
        node->as.range.step = node->as.range.last;
    else
        node->as.range.first = left;
    node->as.range.last = right;
    node->span = span;
    ast_deepen(node, node->as.range.first);
    ast_deepen(node, right);
    return ast_checked(build, node);
}

Ast *
ast_ternary(Build *build, Span span, Ast *condition, Ast *then, Ast *otherwise)
{
    Ast *node = ast_new(build, AST_TERNARY, span);
    node->as.branch.condition = condition;
    node->as.branch.then = then;
    node->as.branch.otherwise = otherwise;
    ast_deepen(node, condition);
    ast_deepen(node, then);
    ast_deepen(node, otherwise);
    return ast_checked(build, node);
}

Ast *
ast_declare(Build *build, Span span, Ast *value, Ast *type)
{
    Ast *node = ast_new(build, AST_DECLARE, span);
    node->as.declare.value = value;
    node->as.declare.type = type;
    ast_deepen(node, value);
    ast_deepen(node, type);
    return ast_checked(build, node);
}

Ast *
ast_wrap(Build *build, AstKind kind, Span span, Ast *operand)
{
    Ast *node = ast_new(build, kind, span);
    node->as.operand = operand;
    ast_deepen(node, operand);
    return ast_checked(build, node);
}

Ast *
ast_field(Build *build, Span span, Ast *object, const char *name)
{
    Ast *node = ast_new(build, AST_FIELD, span);
    node->as.field.object = object;
    node->as.field.name = name;
    ast_deepen(node, object);
    return ast_checked(build, node);
}
