/* The script: evaluates a file from top to bottom, traces models on the way.
 *
 * An error in a statement is reported and ends that statement (script_fail
 * does not return); the next statement goes on, and names that the failed one
 * would have bound are poisoned, so that one mistake is told once.
 */
#ifndef FLUXC_SCRIPT_SCRIPT_H
#define FLUXC_SCRIPT_SCRIPT_H

#include "engine/engine.h"
#include "script/value.h"

#include <setjmp.h>
#include <signal.h>

typedef struct Trace Trace;

typedef struct {
    bool compiling; /* fluxc model.net: definitions only, no training */
    bool echo;      /* fluxc run: print the value of each statement */
    bool testing;   /* fluxc test: @test counts instead of failing */
    DType dtype;    /* of models: DTYPE_f32, or --dtype f64 */
    EngineKind engine;
    const volatile sig_atomic_t *interrupted; /* nonzero: leave; or NULL */
    bool debug_nan;    /* a NaN or Inf from finite numbers is an error */
    bool check_all;    /* fluxc gradcheck --all: every element */
    FILE *out;         /* what the script prints */
    int max_depth;     /* of calls; 0: 1000 */
    int64_t max_steps; /* passes of loops and calls; 0: 10^9, compiling 10^7 */
    size_t
        max_memory; /* bytes of the script's arena; 0: half of the machine's */
} ScriptOptions;

struct Script {
    Context *context;
    Dims dims;
    ScriptOptions options;
    Scope *globals;
    jmp_buf *recover;   /* where script_fail goes */
    const Frame *frame; /* stack of models and functions being called */
    Span span;          /* of what is being evaluated */
    int depth;
    Graph *graph;   /* being traced, or NULL: numbers are computed */
    Trace *trace;   /* what the tracer knows of it, or NULL */
    Graph *initial; /* recipes of initialisers */
    uint64_t seed;
    uint64_t stream;    /* ordinal of the next random call */
    const char *folder; /* of the file being evaluated, for include, idx… */
    VEC(const Ast *) exported; /* names */
    bool stepless; /* what failed last asks for a step that it is not in */
    VEC(const char *) named;   /* globals in the order of their definition */
    VEC(Span) named_at;        /* the statement that defined each */
    struct Eval *eval;         /* the evaluator's own state (script/eval.h) */
    struct Captured *captured; /* by models, when called last (model.c) */
    struct Engines *engines;   /* executables of graphs (run.c) */
    struct Stepping *stepping; /* the call of unroll1 under way (stepped.c) */
    struct Known *known;       /* graphs made of traces (known.c) */
    Node *spare;               /* the nodes of a trace that was no new one, */
    size_t spares;             /* for the next; how many there is room for */
    int tests_passed;
    int tests_failed;
};

/* Reports and leaves the statement. A hint is a sentence, or NULL. */
_Noreturn void script_fail(Script *s, DiagCode code, Span span,
                           const char *hint, const char *format, ...)
    __attribute__((format(printf, 5, 6)));
void script_warn(Script *s, DiagCode code, Span span, const char *hint,
                 const char *format, ...) __attribute__((format(printf, 5, 6)));

/* Leaves the statement in silence: what is wrong was reported before. */
_Noreturn void script_abandon(Script *s);

/* The stack as it is shown, innermost first: each model with the place in it,
 * where a frame itself has the place of its call. NULL for no frame.
 */
const Frame *script_frames(Script *s, Span innermost, const Frame *frame);

/* script.c: a Script on a context, with the standard library evaluated. False
 * where that failed (reported).
 */
bool script_init(Script *s, Context *context, const ScriptOptions *options);
void script_free(Script *s);

/* Evaluates a file; false if an error was reported. */
bool script_run_file(Script *s, const char *path);
bool script_run_source(Script *s, uint32_t source, bool echo);

/* scope.c */
Scope *scope_new(Script *s, Scope *parent);
Value *scope_find(Scope *scope, const char *name); /* NULL if unbound */
void scope_set(Script *s, Scope *scope, const char *name, Value value);
void scope_define(Script *s, Scope *scope, const char *name, Value value);
/* In this scope only; NULL if unbound there. */
Value *scope_local(Scope *scope, const char *name);

/* eval.c */
Value eval(Script *s, Scope *scope, const Ast *ast);

/* call.c: calls any callable value. A model called with plain arrays outside
 * of a trace goes to model_call (model.h), which compiles and runs it; plain
 * functions and models inside a trace are evaluated in place.
 */
Value call_value(Script *s, Value callee, const Args *args);
/* Evaluates the body: binds parameters (defaults, keywords, splats, patterns;
 * shape annotations are checked by trace_annotation), picks the method.
 */
Value call_function(Script *s, Function *f, const Args *args);
/* Calls the method in a template with its fields in scope. */
Value call_object(Script *s, Object *object, const Args *args);
/* Name of a callable for messages and frames: "Affine", "mymodel1". */
const char *call_name(Script *s, Value callee);

/* builtin.c: defines all of builtins.def; those of any table */
void builtin_define_all(Script *s);
void builtin_define(Script *s, const Builtin *from, size_t count);

/* inspect.c: @shapes, @gradcheck, @code_c, @code_cuda */
Value model_macro(Script *s, Scope *scope, const char *name, const Ast *macro);

/* macro.c: @net @show @test @assert @time @shapes @Chain … */
Value macro_eval(Script *s, Scope *scope, const Ast *macro);

#endif
