/* Parentheses and what stands before them: groups, tuples, calls; arrays. */
#include "syntax/build.h"

#include "base/map.h"
#include "base/vec.h"

#include <string.h>

#define HINT_TUPLE "write `(a, b)`, `(a = 1, b = 2)` or `(a; b)`"

AstSection *
ast_section(Build *build, AstList *list, bool comma)
{
    AstSection *section = ARENA_NEW(&build->context->arena, AstSection);
    if (list)
        section->list = *list;
    section->comma = comma;
    return section;
}

AstGroup *
ast_sections(Build *build, Span span, AstSection *first)
{
    AstGroup *group = ARENA_NEW(&build->context->arena, AstGroup);
    return ast_sections_add(build, span, group, first);
}

AstGroup *
ast_sections_add(Build *build, Span span, AstGroup *group, AstSection *section)
{
    VEC_PUSH(&build->context->arena, group, *section);
    group->span = span;
    return group;
}

static void
pend(Build *build, Ast *node, Span span, const char *message, const char *hint)
{
    AstPending pending = {node, span, message, hint};
    VEC_PUSH(&build->context->arena, &build->pending, pending);
}

void
ast_settle(Build *build, uint32_t begin, bool report)
{
    size_t first = build->pending.count;
    while (first && build->pending.item[first - 1].span.begin >= begin)
        first--;
    for (size_t i = first; report && i < build->pending.count; i++) {
        const AstPending *p = &build->pending.item[i];
        if (p->node->group)
            ast_report(build, DIAG_syntax, p->span, p->message, p->hint);
    }
    build->pending.count = first;
}

static bool
is_keyword(const Ast *ast)
{
    return ast->kind == AST_ASSIGN && !ast->paren &&
           !strcmp(ast->as.binary.op, "=");
}

/* `x` as `x = x`, for (; x). */
static Ast *
named(Build *build, Ast *ast)
{
    AstOp op = {intern_text(&build->context->names, "="), ast->span};
    return ast_binary(build, AST_ASSIGN, ast->span, ast, op, ast);
}

/* Two elements of a named tuple have names of their own. */
static void
pend_twice(Build *build, Ast *node)
{
    Map names = {.arena = &build->context->arena};
    for (size_t i = 0; i < node->as.list.count; i++) {
        const Ast *item = node->as.list.item[i];
        if (!is_keyword(item) || item->as.binary.left->kind != AST_NAME)
            continue;
        const char *name = item->as.binary.left->as.name;
        if (map_get(&names, name) >= 0)
            pend(build, node, item->span,
                 arena_printf(&build->context->arena,
                              "this tuple has the name %s twice", name),
                 NULL);
        map_put(&names, name, 0);
    }
}

/* One section: () (x) (x,) (x, y) (a = 1, b = 2). */
static Ast *
group_one(Build *build, Span span, const AstSection *section)
{
    const AstList *list = &section->list;
    if (list->count == 1 && !section->comma && list->item[0]->kind != AST_SPLAT)
        return list->item[0];
    size_t keywords = 0;
    for (size_t i = 0; i < list->count; i++)
        keywords += is_keyword(list->item[i]);
    bool all = keywords && keywords == list->count;
    Ast *node = ast_new(build, all ? AST_NAMEDTUPLE : AST_TUPLE, span);
    node->as.list = *list;
    ast_deepen_list(node, list);
    if (keywords && !all)
        pend(build, node, span,
             "some elements of this tuple have names, some not", HINT_TUPLE);
    for (size_t i = 0; all && i < list->count; i++)
        if (list->item[i]->as.binary.left->kind != AST_NAME) {
            pend(build, node, list->item[i]->span,
                 "an element's name is no name", HINT_TUPLE);
            break;
        }
    pend_twice(build, node);
    return node;
}

/* (; a = 1, b): a named tuple without positional elements. */
static Ast *
group_named(Build *build, Span span, const AstList *list)
{
    Ast *node = ast_new(build, AST_NAMEDTUPLE, span);
    for (size_t i = 0; i < list->count; i++) {
        Ast *item = list->item[i];
        if (item->kind == AST_NAME)
            item = named(build, item);
        if (!is_keyword(item) || item->as.binary.left->kind != AST_NAME)
            pend(build, node, item->span, "an element without a name",
                 HINT_TUPLE);
        VEC_PUSH(&build->context->arena, &node->as.list, item);
    }
    ast_deepen_list(node, &node->as.list);
    pend_twice(build, node);
    return node;
}

/* (a; b; c): a block, unless it is no more than parameters. */
static Ast *
group_block(Build *build, Span span, const AstGroup *group)
{
    Ast *node = ast_new(build, AST_BLOCK, span);
    bool valid = true;
    for (size_t i = 0; i < group->count; i++) {
        const AstSection *section = &group->item[i];
        valid = valid && section->list.count <= 1 && !section->comma;
        for (size_t k = 0; k < section->list.count; k++) {
            Ast *item = section->list.item[k];
            valid = valid && item->kind != AST_SPLAT;
            VEC_PUSH(&build->context->arena, &node->as.list, item);
        }
    }
    ast_deepen_list(node, &node->as.list);
    if (!valid)
        pend(build, node, span,
             "in parentheses `;` separates statements, and `,` elements",
             HINT_TUPLE);
    return node;
}

Ast *
ast_group(Build *build, Span span, AstGroup *group)
{
    Ast *node;
    group->span = span;
    if (group->count == 1)
        node = group_one(build, span, &group->item[0]);
    else if (group->count == 2 && !group->item[0].list.count)
        node = group_named(build, span, &group->item[1].list);
    else
        node = group_block(build, span, group);
    node->paren = true;
    node->group = group;
    return ast_checked(build, node);
}

/* Sorts a call's arguments; what could only be a parameter is pending. */
static void
arguments(Build *build, Ast *node, const AstGroup *group)
{
    Arena *arena = &build->context->arena;
    for (size_t i = 0; i < group->count; i++)
        for (size_t k = 0; k < group->item[i].list.count; k++) {
            Ast *item = group->item[i].list.item[k];
            bool keyword = is_keyword(item);
            if (keyword || i)
                VEC_PUSH(arena, &node->as.call.keyword, item);
            else
                VEC_PUSH(arena, &node->as.call.positional, item);
            if (keyword
                    ? item->as.binary.left->kind != AST_NAME
                    : i && item->kind != AST_NAME && item->kind != AST_SPLAT &&
                          item->kind != AST_ERROR)
                pend(build, node, item->span,
                     keyword ? "the name of a keyword argument is no name"
                             : "behind `;` stand keyword arguments",
                     "write `f(x; k = 2)`");
            else if (!keyword && item->kind == AST_DECLARE)
                pend(build, node, item->span,
                     "an annotation in a call's arguments", NULL);
            ast_deepen(node, item);
        }
}

Ast *
ast_call(Build *build, AstKind kind, Span span, Ast *callee, AstGroup *group)
{
    Ast *node = ast_new(build, kind, span);
    node->as.call.callee = callee;
    node->group = group;
    ast_deepen(node, callee);
    if (group->count > 2)
        ast_report(build, DIAG_syntax,
                   group->item[2].list.count ? group->item[2].list.item[0]->span
                                             : group->span,
                   "only one `;` in a call: positional; keywords", NULL);
    arguments(build, node, group);
    return ast_checked(build, node);
}

Ast *
ast_macro(Build *build, Span span, const char *name, AstList *list)
{
    Ast *node = ast_new(build, AST_MACRO, span);
    node->as.macro.name = name;
    if (list) {
        node->as.macro.argument = *list;
        ast_deepen_list(node, list);
    }
    return ast_checked(build, node);
}

Ast *
ast_macro_call(Build *build, Span span, const char *name, AstGroup *group)
{
    Ast *call = ast_call(build, AST_CALL, span, NULL, group);
    if (call->kind == AST_ERROR)
        return call;
    /* Nothing takes it as parameters, so its group is settled with it. */
    AstList *list = ast_list(build, NULL);
    *list = call->as.call.positional;
    for (size_t i = 0; i < call->as.call.keyword.count; i++)
        ast_append(build, list, call->as.call.keyword.item[i]);
    Ast *node = ast_macro(build, span, name, list);
    if (node->kind == AST_MACRO)
        node->as.macro.parens = true;
    return node;
}

Ast *
ast_index(Build *build, Span span, Ast *object, Ast *elements)
{
    Ast *node = ast_new(build, AST_INDEX, span);
    node->as.call.callee = object;
    ast_deepen(node, object);
    if (elements->kind == AST_VECT) {
        node->as.call.positional = elements->as.list;
        ast_deepen_list(node, &elements->as.list);
    } else if (elements->kind != AST_ERROR) {
        bool row = elements->kind == AST_HCAT;
        ast_report(build, DIAG_syntax, elements->span,
                   row ? "a space in an index separates elements"
                       : "an index is a list of numbers and ranges",
                   row ? "write `i - 1` or `i-1`, and `,` between indices"
                       : NULL);
        return ast_new(build, AST_ERROR, span);
    }
    return ast_checked(build, node);
}

Ast *
ast_array(Build *build, AstKind kind, Span span, AstList *list)
{
    Ast *node = ast_new(build, kind, span);
    if (list) {
        node->as.list = *list;
        ast_deepen_list(node, list);
    }
    return ast_checked(build, node);
}

Ast *
ast_row(Build *build, Span span, Ast *first, AstList *more)
{
    AstList *list = ast_list(build, first);
    for (size_t i = 0; more && i < more->count; i++)
        ast_append(build, list, more->item[i]);
    return ast_array(build, AST_HCAT, span, list);
}

Ast *
ast_matrix(Build *build, Span span, AstList *rows)
{
    Ast *first = rows->item[0];
    if (rows->count == 1 && first->kind == AST_HCAT &&
        first->as.list.count > 1) {
        first->span = span;
        return first;
    }
    return ast_array(build, AST_VCAT, span, rows);
}

Ast *
ast_generator(Build *build, Span span, Ast *element, AstClauses *clauses)
{
    Ast *node = ast_new(build, AST_GENERATOR, span);
    node->as.generator.element = element;
    node->as.generator.clause = clauses->item;
    node->as.generator.count = clauses->count;
    ast_deepen(node, element);
    for (size_t i = 0; i < clauses->count; i++) {
        const AstClause *clause = &clauses->item[i];
        ast_deepen(node, clause->condition);
        for (size_t k = 0; k < clause->count; k++) {
            ast_deepen(node, clause->iterate[k].target);
            ast_deepen(node, clause->iterate[k].range);
        }
    }
    return ast_checked(build, node);
}

AstClauses *
ast_clause(Build *build, AstClauses *clauses, AstIterates *specs,
           Ast *condition)
{
    if (!clauses)
        clauses = ARENA_NEW(&build->context->arena, AstClauses);
    AstClause clause = {condition, NULL, 0};
    if (specs) {
        clause.iterate = specs->item;
        clause.count = specs->count;
    }
    VEC_PUSH(&build->context->arena, clauses, clause);
    return clauses;
}

AstList *
ast_rows(Build *build, Span first_span, Ast *first, Span span, AstList *row)
{
    AstList *rows = ast_list(build, ast_row(build, first_span, first, NULL));
    return ast_append(build, rows, ast_row(build, span, NULL, row));
}

Ast *
ast_comprehension(Ast *generator)
{
    if (generator->kind == AST_GENERATOR)
        generator->kind = AST_COMPREHENSION;
    return generator;
}

Ast *
ast_placed(Ast *ast, Span span)
{
    ast->span = span;
    return ast;
}
