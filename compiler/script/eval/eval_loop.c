/* Loops: for, while, let, comprehensions and generators. */
#include "script/eval/eval.h"

enum { COLLECT_LIMIT = 1 << 26 };

/* Whether the loop goes on after a pass; break and continue end here. */
static bool
goes_on(Script *s)
{
    Flow flow = s->eval->flow;
    if (flow == FLOW_return)
        return false;
    s->eval->flow = FLOW_none;
    return flow != FLOW_break;
}

static Value
eval_collection(Script *s, Scope *scope, const Ast *range)
{
    Value v = eval_operand(s, scope, range);
    s->span = range->span;
    return v;
}

/* The loop of spec `k` and those inside it; false ends all of them. */
static bool
run_for(Script *s, Scope *scope, const Ast *ast, size_t k)
{
    if (k == ast->as.loop.count) {
        Scope *around = call_scope(s, scope);
        eval(s, scope, ast->as.loop.body);
        call_scope(s, around);
        return goes_on(s);
    }
    const AstIterate *spec = &ast->as.loop.iterate[k];
    Value v = eval_collection(s, scope, spec->range);
    Iterator it = iterate(s, v, spec->range->span);
    for (int64_t i = 0; i < it.count; i++) {
        eval_step(s, ast->span);
        Scope *pass = scope_open(s, scope, SCOPE_soft);
        eval_bind(s, pass, spec->target,
                  iterate_get(s, &it, i, spec->range->span), true);
        bool more = run_for(s, pass, ast, k + 1);
        scope_close(s, pass);
        if (!more)
            return false;
    }
    return true;
}

Value
eval_for(Script *s, Scope *scope, const Ast *ast)
{
    run_for(s, scope, ast, 0);
    return value_nothing();
}

Value
eval_while(Script *s, Scope *scope, const Ast *ast)
{
    bool more = true;
    while (more && eval_truth(s, scope, ast->as.repeat.condition)) {
        eval_step(s, ast->span);
        Scope *pass = scope_open(s, scope, SCOPE_soft);
        eval(s, pass, ast->as.repeat.body);
        more = goes_on(s);
        scope_close(s, pass);
    }
    return value_nothing();
}

Value
eval_let(Script *s, Scope *scope, const Ast *ast)
{
    Scope *inner = scope_open(s, scope, SCOPE_hard);
    const AstList *list = &ast->as.let.binding;
    for (size_t i = 0; i < list->count; i++) {
        const Ast *binding = list->item[i];
        if (binding->kind == AST_ASSIGN) {
            Value v = eval_operand(s, inner, binding->as.binary.right);
            eval_bind(s, inner, binding->as.binary.left, v, true);
        } else {
            eval_bind(s, inner, binding,
                      eval_name(s, scope, binding->as.name, binding->span),
                      true);
        }
    }
    Value v = eval(s, inner, ast->as.let.body);
    scope_close(s, inner);
    return v;
}

/* A comprehension under way. */
typedef struct {
    const Ast *ast;
    Values out;
} Collect;

static void run_clause(Script *s, Scope *scope, Collect *c, size_t clause);

/* The nested loops of one clause: the first spec runs fastest, and the ranges
 * are evaluated before, so that they make a matrix.
 */
static void
run_specs(Script *s, Scope *scope, Collect *c, size_t clause, Iterator *it,
          size_t left)
{
    const AstClause *spec = &c->ast->as.generator.clause[clause];
    if (left == 0) {
        run_clause(s, scope, c, clause + 1);
        return;
    }
    const AstIterate *iterate = &spec->iterate[left - 1];
    it[left - 1].offset = 0;
    for (int64_t i = 0; i < it[left - 1].count; i++) {
        eval_step(s, c->ast->span);
        Scope *pass = scope_open(s, scope, SCOPE_hard);
        eval_bind(s, pass, iterate->target,
                  iterate_get(s, &it[left - 1], i, iterate->range->span), true);
        run_specs(s, pass, c, clause, it, left - 1);
        scope_close(s, pass);
    }
}

static Iterator *
clause_iterators(Script *s, Scope *scope, const AstClause *clause)
{
    Iterator *it = ARENA_ARRAY(&s->context->arena, Iterator, clause->count);
    for (size_t i = 0; i < clause->count; i++) {
        const Ast *range = clause->iterate[i].range;
        it[i] = iterate(s, eval_collection(s, scope, range), range->span);
    }
    return it;
}

static void
run_clause(Script *s, Scope *scope, Collect *c, size_t clause)
{
    if (clause == c->ast->as.generator.count) {
        if (c->out.count >= COLLECT_LIMIT)
            script_fail(s, DIAG_limit, c->ast->span, NULL,
                        "this comprehension has more elements than a script "
                        "may collect");
        VEC_PUSH(&s->context->arena, &c->out,
                 eval_operand(s, scope, c->ast->as.generator.element));
        return;
    }
    const AstClause *spec = &c->ast->as.generator.clause[clause];
    if (spec->condition) {
        if (eval_truth(s, scope, spec->condition))
            run_clause(s, scope, c, clause + 1);
        return;
    }
    run_specs(s, scope, c, clause, clause_iterators(s, scope, spec),
              spec->count);
}

/* Gives an array of as many axes as the only `for` has ranges; several `for`s
 * or an `if` make a vector.
 */
Value
eval_comprehension(Script *s, Scope *scope, const Ast *ast)
{
    Collect c = {.ast = ast};
    const AstClause *first = &ast->as.generator.clause[0];
    int64_t dim[IR_RANK];
    int rank = 1;
    if (ast->as.generator.count == 1 && !first->condition &&
        first->count <= IR_RANK) {
        Iterator *it = clause_iterators(s, scope, first);
        rank = (int)first->count;
        for (int i = 0; i < rank; i++)
            dim[i] = it[i].count;
        run_specs(s, scope, &c, 0, it, first->count);
    } else {
        run_clause(s, scope, &c, 0);
    }
    dim[0] = rank == 1 ? (int64_t)c.out.count : dim[0];
    return iterate_collect(s, &c.out, rank, dim, ast->span);
}
