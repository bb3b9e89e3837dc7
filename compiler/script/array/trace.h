/* The trace under way: a model is evaluated on nodes instead of numbers.
 *
 * An input whose shape nothing has told is opaque; the first operation that
 * fixes it calls trace_bind, which notes the shape and starts the trace again.
 */
#ifndef FLUXC_SCRIPT_TRACE_H
#define FLUXC_SCRIPT_TRACE_H

#include "script/value/state.h"

/* A parameter that a model captures, by its path: "second.W", "layer1.b". */
typedef struct {
    const char *path;
    Array *array;
    bool frozen;
    Span span;
} Param;

typedef struct {
    Param *item;
    size_t count;
    size_t capacity;
} Params;

/* A state of a model of steps that the caller keeps from call to call. */
typedef struct {
    Ref leaf; /* it before the call's steps */
    Ref next; /* and behind them */
} Carried;

enum { TRACE_INPUTS = 16 };

/* The shape of an input, as far as it is known; rank -1: not at all. */
typedef struct {
    const char *name;
    DType dtype;
    bool from0; /* Input(Int, …): numbers from 1, in the graph from 0 */
    Dim steps;  /* not 0: it is a sequence, and its shape is found by a step */
    int rank;
    Dim dim[IR_RANK];
} InputShape;

struct Trace {
    DType dtype;   /* of the model */
    Params params; /* all that it captures, in the order of the walk */
    Ref *leaf;     /* the node of each, REF_NONE: not used yet */
    InputShape input[TRACE_INPUTS];
    int inputs;
    int targets;       /* step: the last inputs, which are the loss's */
    const Args *given; /* the arguments whose leaves they are, or NULL: each is
                          one */
    struct Steps *steps; /* the step under way, or NULL (recur.c) */
    const char *hint;    /* what may be wrong where its shapes do not fit, or
                            NULL */
    bool carries;        /* states of steps are the caller's (carried.c) */
    Ref fresh;           /* whether they begin anew, or REF_NONE */
    VEC(Carried) carried;
    jmp_buf *bound; /* where trace_bind goes */
    Value first;    /* an argument before the inputs, or nothing */
    bool alone;     /* it is a derivative's outside of models: of one sample */
    bool step;      /* it is a training step's */
    bool training;  /* the training form is traced */
    Ref count;      /* step: the state that counts the steps, or REF_NONE */
    uint64_t draws; /* random arrays so far */
    Ref *kept; /* step: by parameter, what keep! makes of it, or REF_NONE */
};

/* Rounds a captured array, in place, to the model's type: once. */
void trace_round(Script *s, Array *array, DType dtype);

/* The node of an array in the graph being traced: a parameter, or constant
 * data. Rounds it to the model's dtype on first capture.
 */
Ref trace_array(Script *s, Value array);
bool trace_is_param(const Script *s, const Array *array);

/* Whether a value depends on the trace: it is traced, or such a parameter. */
bool trace_holds(const Script *s, Value v);

/* Notes the shape of an input that was opaque, and traces anew. */
_Noreturn void trace_bind(Script *s, int input, int rank, const Dim *dim);

/* The shape of a node, an array or a number; its rank, -1 for other values. */
int trace_shape(const Script *s, Value v, Dim *dim);

/* Whether a value has a shape; its named dimensions take any length. */
bool trace_fits(const Script *s, Value v, int rank, const Dim *want);

/* "28,28,C": lengths as text. */
const char *trace_dims(Script *s, int rank, const Dim *dim);

/* The node of a result or argument: traced, an array or a number. */
Ref trace_value(Script *s, Value v, const char *what, Span span);

#endif
