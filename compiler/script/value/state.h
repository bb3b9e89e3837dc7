/* The state of a script while it is evaluated, and how it fails.
 *
 * An error in a statement is reported and ends that statement (script_fail
 * does not return); the next statement goes on, and names that the failed one
 * would have bound are poisoned, so that one mistake is told once.
 */
#ifndef FLUXC_SCRIPT_STATE_H
#define FLUXC_SCRIPT_STATE_H

#include "engine/engine.h"
#include "script/value/value.h"

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
    int64_t max_depth; /* of calls; 0: 1000 */
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
    struct Eval *eval;         /* the evaluator's own state (below) */
    struct Captured *captured; /* by models, when called last (model.c) */
    struct Engines *engines;   /* executables of graphs (run.c) */
    struct Stepping *stepping; /* the call of unroll1 under way (stepped.c) */
    struct Known *known;       /* graphs made of traces (known.c) */
    Node *spare;               /* the nodes of a trace that was no new one, */
    size_t spares;             /* for the next; how many there is room for */
    int tests_passed;
    int tests_failed;
};

/* How the evaluation of a block ended. */
typedef enum { FLOW_none, FLOW_return, FLOW_break, FLOW_continue } Flow;

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

/* fail.c */
/* The innermost place in the user's source that led to one in the library. */
Span script_place(const Script *s, Span span);

/* Reports and leaves the statement. A hint is a sentence, or NULL. */
_Noreturn void script_fail(Script *s, DiagCode code, Span span,
                           const char *hint, const char *format, ...)
    __attribute__((format(printf, 5, 6)));
void script_warn(Script *s, DiagCode code, Span span, const char *hint,
                 const char *format, ...) __attribute__((format(printf, 5, 6)));

/* Leaves the statement in silence: what is wrong was reported before. */
_Noreturn void script_abandon(Script *s);

/* frame.c */
/* The stack as it is shown, innermost first: each model with the place in it,
 * where a frame itself has the place of its call. NULL for no frame.
 */
const Frame *script_frames(Script *s, Span innermost, const Frame *frame);

/* The frame for a call from the current one, of what was made there. */
CallFrame *frame_of(Script *s, const char *model, Span span, Span made);

/* Whether the call of a number goes on. */
bool frame_is_running(const Script *s, uint64_t number);

#endif
