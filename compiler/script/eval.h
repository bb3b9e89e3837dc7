/* The evaluator's inner parts, for the files of this folder that evaluate. */
#ifndef FLUXC_SCRIPT_EVAL_H
#define FLUXC_SCRIPT_EVAL_H

#include "script/script.h"

/* How the evaluation of a block ended. */
typedef enum { FLOW_none, FLOW_return, FLOW_break, FLOW_continue } Flow;

/* Where assignments go (Julia's rules): a loop's body is soft and assigns to
 * what is there; a function's, let's or comprehension's is hard and leaves the
 * script's own variables alone.
 */
typedef enum { SCOPE_script, SCOPE_hard, SCOPE_soft } ScopeKind;

typedef struct {
    const char *name;
    Value value;
    bool constant;
} Binding;

struct Scope {
    Scope *parent;
    ScopeKind kind;
    bool captured;  /* a closure has it: it is not used again */
    Object *object; /* whose fields are bound here, or NULL */
    Binding *item;
    uint32_t count;
    uint32_t capacity;
    uint32_t *slot; /* hash of places + 1 in item, where count > 8 */
    uint32_t slots; /* a power of two, or 0 */
};

/* A frame and what was called from it: equal calls share one frame, since the
 * nodes of graphs keep them.
 */
typedef struct CallFrame CallFrame;
struct CallFrame {
    Frame frame;
    CallFrame *child; /* the first of those called from here */
    CallFrame *next;  /* the next with this caller */
};

/* A body under way, for the shapes in messages. */
typedef struct Active Active;
struct Active {
    Active *caller;
    const Frame *frame;
    Scope *scope;
    uint64_t number; /* its place among all calls; a frame is that of each call
                        from one place */
};

/* What `end` means: the indexed value, the axis, how many indices there are. */
typedef struct {
    Value value;
    size_t axis;
    size_t count;
} IndexContext;

/* A file that is being evaluated, for include. */
typedef struct Including Including;
struct Including {
    const Including *by;
    const char *path;
};

typedef struct Eval {
    Flow flow;
    Value result; /* of the return under way */
    Scope *unused;
    const IndexContext *index;
    CallFrame root;
    CallFrame *call;
    Active *active;
    uint64_t calls; /* so far */
    const Including *including;
    int64_t steps;           /* passes of loops, and calls */
    bool stopped;            /* a limit was reached: nothing more is run */
    const char *stack_limit; /* the C stack must not go below */
    bool answers;            /* `ans` is the value of the last statement */
    bool dotted;             /* a body in a dot call: * means .* */
    bool dot_next;           /* the next body called is dotted */
    Scope *library;          /* builtins and stdlib, around the script */
} Eval;

typedef struct {
    Value value;
    int64_t count;
    size_t offset; /* of the next character of a string */
} Iterator;

/* scope.c */
Scope *scope_open(Script *s, Scope *parent, ScopeKind kind);
void scope_close(Script *s, Scope *scope);
void scope_capture(Scope *scope);
void scope_constant(Scope *scope, const char *name);
void scope_poison(Script *s, const char *name, bool bound_only);
const char *scope_suggest(const Scope *scope, const char *name);

/* eval.c: eval_operand refuses a return, break or continue in it. */
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
bool eval_equal(Script *s, Value a, Value b, Span span);

/* eval_call.c */
Value eval_call(Script *s, Scope *scope, const Ast *ast);
Value eval_dotcall(Script *s, Scope *scope, const Ast *ast);
void eval_splat(Script *s, Scope *scope, const AstList *list, Values *out);
Value call_values(Script *s, Value callee, const Value *item, size_t count,
                  Span span);
Value call_named(Script *s, Scope *scope, const char *name, const Value *item,
                 size_t count, Span span);
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
Value range_get(const Range *range, int64_t i);

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

/* method.c: the annotated kinds */
bool type_known(const char *name);
bool type_of_numbers(const char *name);
int type_match(Script *s, Scope *scope, const Ast *type, Value v);
bool type_is(Script *s, Value v, Value type, Span span);
bool type_below(Script *s, Value a, Value b, Span span); /* a <: b */
Value type_of(Script *s, Value v);
const char *method_signature(Script *s, const char *name, const Ast *function);
const Method *method_find(Script *s, const Function *f, const Args *args);

/* call.c; call_is_running: whether the call of a number goes on. */
bool call_is_running(const Script *s, uint64_t number);
bool function_is_net(const Function *f);
_Noreturn void call_no_method(Script *s, const char *name, const Function *f,
                              const Type *type, const Args *args);
/* The scope of a loop's body in the call under way, and what it was before. */
Scope *call_scope(Script *s, Scope *scope);
Value type_construct(Script *s, Type *type, const Args *args);
/* A value for field i, converted to the field's annotation, or a failure. */
Value convert_field(Script *s, const Type *type, size_t i, Value v, bool making,
                    Span span);

/* show.c: as print does, strings without quotes. */
const char *value_text(Script *s, Value v);

/* builtin.c */
bool builtin_is_plain(const Builtin *builtin); /* of builtins.def */

#endif
