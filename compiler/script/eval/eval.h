/* Evaluation: a file of functions for each kind of syntax. */
#ifndef FLUXC_SCRIPT_EVAL_H
#define FLUXC_SCRIPT_EVAL_H

#include "script/value/call.h"
#include "script/value/scope.h"
#include "script/value/state.h"
#include "script/value/type.h"

typedef struct {
    Value value;
    int64_t count;
    size_t offset; /* of the next character of a string */
} Iterator;

/* eval.c; eval_operand refuses a return, break or continue in it. */
Value eval(Script *s, Scope *scope, const Ast *ast);
void eval_check_stack(Script *s, Span span);
/* Counts a pass of a loop or a call: no script goes on for ever. */
void eval_step(Script *s, Span span);
Value eval_operand(Script *s, Scope *scope, const Ast *ast);
bool eval_truth(Script *s, Scope *scope, const Ast *ast);
Value eval_name(Script *s, Scope *scope, const char *name, Span span);
Value eval_field(Script *s, Value object, const char *name, Span span);

/* eval_operator.c */
Value eval_compare(Script *s, Scope *scope, const Ast *ast);
Value eval_range(Script *s, Scope *scope, const Ast *ast);
Value eval_binary(Script *s, const char *op, Value a, Value b, Span span);
Value eval_compared(Script *s, const char *op, Value a, Value b, Span span);

/* eval_call.c */
Value eval_call(Script *s, Scope *scope, const Ast *ast);
Value eval_dotcall(Script *s, Scope *scope, const Ast *ast);
void eval_splat(Script *s, Scope *scope, const AstList *list, Values *out);
Value call_method(Script *s, const char *name, const Value *item, size_t count,
                  Span span);

enum { INDEX_MAX = 16 };

/* What is read and then assigned, as by x[f()] += 1: evaluated once. */
typedef struct {
    const Ast *ast;
    Value whole; /* that is indexed, or has the field */
    size_t count;
    Value item[INDEX_MAX + 2]; /* room for two arguments, and the indices */
} Target;

/* eval_assign.c */
Value eval_assign(Script *s, Scope *scope, const Ast *ast);
void eval_bind(Script *s, Scope *scope, const Ast *target, Value value,
               bool define);

/* eval_loop.c */
Value eval_for(Script *s, Scope *scope, const Ast *ast);
Value eval_while(Script *s, Scope *scope, const Ast *ast);
Value eval_let(Script *s, Scope *scope, const Ast *ast);
Value eval_comprehension(Script *s, Scope *scope, const Ast *ast);

/* iterate.c */
Iterator iterate(Script *s, Value v, Span span);
Value iterate_get(Script *s, Iterator *it, int64_t i, Span span);
Value iterate_collect(Script *s, const Values *values, int rank,
                      const int64_t *dim, Span span);
Values iterate_all(Script *s, Value v, Span span);
int64_t value_count(Script *s, Value v, Span span);

/* eval_index.c */
Value eval_index(Script *s, Scope *scope, const Ast *ast);
Value eval_end(Script *s, Span span);
void eval_index_target(Script *s, Scope *scope, const Ast *ast, Target *place);
Value eval_index_get(Script *s, Target *place);
void eval_index_set(Script *s, Target *place, Value value);
Value index_one(Script *s, Value v, int64_t i, Span span);

/* eval_define.c */
Value eval_function(Script *s, Scope *scope, const Ast *ast, bool net);
Value eval_type(Script *s, Scope *scope, const Ast *ast, bool net);
Value eval_composed(Script *s, Value outer, Value inner);

/* method.c */
const char *method_signature(Script *s, const char *name, const Ast *function);
const Method *method_find(Script *s, const Function *f, const Args *args);

/* call.c */
/* The scope of a loop's body in the call under way, and what it was before. */
Scope *call_scope(Script *s, Scope *scope);
/* A value for field i, converted to the field's annotation, or a failure. */
Value convert_field(Script *s, const Type *type, size_t i, Value v, bool making,
                    Span span);

/* The lengths that names bound nowhere have in the annotations of one call. */
typedef struct {
    const char *name[DIM_SYMBOLS];
    Dim dim[DIM_SYMBOLS];
    int count;
} NamedDims;

/* annotation.c: what an annotation of shapes, [784], Int[20], ([3], [2]), makes
 * of a parameter's argument.
 */
Value annotation_apply(Script *s, Scope *scope, const Ast *type, Value v,
                       NamedDims *named, Span span);

/* macro_model.c */
Value macro_shapes(Script *s, Scope *scope, const Ast *macro);
Value macro_gradcheck(Script *s, Scope *scope, const Ast *macro);
Value macro_code_c(Script *s, Scope *scope, const Ast *macro);
Value macro_code_cuda(Script *s, Scope *scope, const Ast *macro);

/* macro.c: @net @show @test @assert @time @shapes @Chain … */
Value macro_eval(Script *s, Scope *scope, const Ast *macro);

/* statement.c: a file's statements. False if an error was reported. */
bool script_run_source(Script *s, uint32_t source, bool echo);

/* file.c */
bool script_run_file(Script *s, const char *path);
BuiltinRun builtin_include;

#endif
