/* Statements of a file, one after another, with recovery from errors: what the
 * failed one would have bound is poisoned, and the next goes on.
 */
#include "grammar/grammar.h"
#include "script/eval/eval.h"

#include <stdlib.h>
#include <string.h>

enum { ERRORS_MAX = 20 };

/* What an error leaves half done, to be put back. */
typedef struct {
    jmp_buf *recover;
    const Frame *frame;
    Span span;
    int depth;
    Graph *graph;
    Trace *trace;
    const char *folder;
    Flow flow;
    const IndexContext *index;
    CallFrame *call;
    Active *active;
    const Including *including;
    bool dotted;
} Saved;

static Saved
save(const Script *s)
{
    const Eval *eval = s->eval;
    return (Saved){.recover = s->recover,
                   .frame = s->frame,
                   .span = s->span,
                   .depth = s->depth,
                   .graph = s->graph,
                   .trace = s->trace,
                   .folder = s->folder,
                   .flow = eval->flow,
                   .index = eval->index,
                   .call = eval->call,
                   .active = eval->active,
                   .including = eval->including,
                   .dotted = eval->dotted};
}

static void
restore(Script *s, const Saved *saved)
{
    Eval *eval = s->eval;
    s->recover = saved->recover;
    s->frame = saved->frame;
    s->span = saved->span;
    s->depth = saved->depth;
    s->graph = saved->graph;
    s->trace = saved->trace;
    s->folder = saved->folder;
    eval->flow = saved->flow;
    eval->index = saved->index;
    eval->call = saved->call;
    eval->active = saved->active;
    eval->including = saved->including;
    eval->dotted = saved->dotted;
    eval->dot_next = false;
}

static void poison_names(Script *s, const Ast *ast, bool bound_only);

static void
poison_target(Script *s, const Ast *target, bool bound_only)
{
    if (target->kind == AST_NAME)
        scope_poison(s, target->as.name, bound_only);
    else if (target->kind == AST_DECLARE && target->as.declare.value)
        poison_target(s, target->as.declare.value, bound_only);
    else if (target->kind == AST_TUPLE)
        for (size_t i = 0; i < target->as.list.count; i++)
            poison_target(s, target->as.list.item[i], bound_only);
}

/* Marks what a failed statement would have bound; in a loop only what was
 * bound before.
 */
static void
poison_names(Script *s, const Ast *ast, bool bound_only)
{
    switch (ast->kind) {
    case AST_ASSIGN:
        poison_target(s, ast->as.binary.left, bound_only);
        poison_names(s, ast->as.binary.right, bound_only);
        break;
    case AST_CONST:
        poison_names(s, ast->as.operand, bound_only);
        break;
    case AST_FUNCTION:
        if (ast->as.function.name &&
            !scope_find(s->globals, ast->as.function.name))
            scope_poison(s, ast->as.function.name, bound_only);
        break;
    case AST_TYPE:
        scope_poison(s, ast->as.type.name, bound_only);
        break;
    case AST_MACRO:
        for (size_t i = 0; i < ast->as.macro.argument.count; i++)
            poison_names(s, ast->as.macro.argument.item[i], bound_only);
        break;
    case AST_BLOCK:
        for (size_t i = 0; i < ast->as.list.count; i++)
            poison_names(s, ast->as.list.item[i], bound_only);
        break;
    case AST_IF:
        poison_names(s, ast->as.branch.then, bound_only);
        if (ast->as.branch.otherwise)
            poison_names(s, ast->as.branch.otherwise, bound_only);
        break;
    case AST_FOR:
        poison_names(s, ast->as.loop.body, true);
        break;
    case AST_WHILE:
        poison_names(s, ast->as.repeat.body, true);
        break;
    default:
        break;
    }
}

/* Whether a statement has no value to be echoed. */
static bool
is_silent(const Ast *ast)
{
    static const char *const silent[] = {"@show", "@test", "@assert"};
    const Ast *inner = ast;
    if (ast->quiet)
        return true;
    if (ast->kind == AST_MACRO) {
        for (size_t i = 0; i < sizeof silent / sizeof *silent; i++)
            if (!strcmp(ast->as.macro.name, silent[i]))
                return true;
        if (!strcmp(ast->as.macro.name, "@net") && ast->as.macro.argument.count)
            inner = ast->as.macro.argument.item[0];
    }
    return inner->kind == AST_TYPE || inner->kind == AST_FOR ||
           inner->kind == AST_WHILE || inner->kind == AST_EXPORT ||
           inner->kind == AST_USING ||
           (inner->kind == AST_FUNCTION && inner->as.function.name);
}

static void
run_statement(Script *s, const Ast *ast, bool echo)
{
    Value v = eval(s, s->globals, ast);
    if (s->eval->flow != FLOW_none)
        script_fail(s, DIAG_value, ast->span, NULL,
                    "return, break or continue outside of a function or loop");
    if (s->eval->answers && v.kind != VALUE_nothing)
        scope_set(s, s->globals, intern_text(&s->context->names, "ans"), v);
    if (echo && !is_silent(ast) && v.kind != VALUE_nothing)
        fprintf(s->options.out, "%s\n", value_show(s, v));
}

/* Runs one statement; false if it failed, which was then reported. */
static bool
try_statement(Script *s, const Ast *ast, bool echo)
{
    const Saved saved = save(s);
    jmp_buf here;
    if (setjmp(here)) {
        restore(s, &saved);
        poison_names(s, ast, false);
        return false;
    }
    s->recover = &here;
    run_statement(s, ast, echo);
    s->recover = saved.recover;
    return true;
}

bool
script_run_source(Script *s, uint32_t source, bool echo)
{
    Diags *diags = &s->context->diags;
    size_t before = diags->errors;
    size_t limit = arena_lift(&s->context->arena);
    const Ast *program =
        grammar_parse(s->context, source_get(&s->context->sources, source));
    s->context->arena.limit = limit;
    if (diags->errors > before || !program)
        return false;
    const AstList *list = &program->as.list;
    bool good = true;
    for (size_t i = 0; i < list->count; i++) {
        if (s->eval->stopped || diags->errors >= ERRORS_MAX)
            break;
        good = try_statement(s, list->item[i], echo) && good;
        while (s->named_at.count < s->named.count)
            VEC_PUSH(&s->context->arena, &s->named_at, list->item[i]->span);
    }
    return good && diags->errors == before;
}
