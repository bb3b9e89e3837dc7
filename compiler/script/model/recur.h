/* Recurrence: models over steps, traced into loops. */
#ifndef FLUXC_SCRIPT_RECUR_H
#define FLUXC_SCRIPT_RECUR_H

#include "script/value/state.h"

/* A state of the loop under way. */
typedef struct {
    Object *object; /* whose field it is; NULL: of scan's own */
    const char *field;
    Array *kept;        /* the array that keep! gives its next value; or NULL */
    int64_t lag;        /* 1: the last step's value, 2: of the one before … */
    Ref first;          /* its initial value, in the graph around */
    Ref leaf;           /* what it is in the step */
    Ref next;           /* REF_NONE: not known yet */
    int carried;        /* its number among the caller's states; -1: none */
    uint64_t call;      /* that gave it its next value */
    Span span;          /* where it was used or given its value last, and the */
    const Frame *frame; /* models that were called there */
} Carry;

typedef struct Steps Steps;
struct Steps {
    Steps *outer;
    Values *kept; /* unroll1: states from call to call (stepped.c); or NULL */
    const Value *given; /* their values, as inputs */
    bool backward;
    bool alone;    /* one step, which is no loop: its states are the caller's */
    size_t mark;   /* where the step's nodes begin */
    size_t leaves; /* and its leaves */
    Dim extent;
    VEC(Carry) carry;
    VEC(Ref) sequence; /* REF_NONE: random numbers, drawn behind the step */
    VEC(Ref) slice;
    VEC(Ref) result;
};

/* A call of unroll1 under way. */
typedef struct Stepping Stepping;
struct Stepping {
    Values *kept; /* the states that were known before it */
    Values added; /* those that it is the first to use */
    Value result; /* of the step, as it was traced */
};

/* loop.c, stepped.c: builtins, scan and what unroll, flip and unroll1 are made
 * of. */
BuiltinRun builtin_over_steps, builtin_scan, builtin_one_step;

/* recur.c: a state, or NULL; that every state has its next value, of the type
 * that it begins with.
 */
Carry *recur_find(Steps *steps, const Object *object, const char *field,
                  int64_t lag);
Carry *recur_add(Script *s, Steps *steps, Carry carry);
void recur_check(Script *s, Steps *steps);

/* carried.c: the initial value `first` of a state as the caller's choice: that,
 * or what the caller has kept; it as it is where the state is not the caller's.
 */
Ref carried_first(Script *s, const Steps *steps, Carry *c, Ref first);

/* The state's value behind the steps. */
void carried_next(Script *s, const Carry *c, Ref next);

/* One step of a model whose states are the caller's. */
Value carried_step(Script *s, Value model, const Args *args);

/* stepped.c: what unroll1 keeps of a state, as an input of the call; or NULL.
 */
const Value *stepped_find(const Steps *steps, const Object *object,
                          const char *field, int64_t lag);

/* y{-lag} of the field's object, in the step under way. */
Value recur_earlier(Script *s, Object *object, const char *field, int64_t lag,
                    Span span);

/* trace_draw, and in a step of a loop a slice of a sequence that is drawn
 * outside of it.
 */
Ref recur_draw(Script *s, DType dtype, int rank, const Dim *dim);

/* Notes keep!(array, value) where a step of a loop is under way: within it and
 * the later steps the array is a state. False where none is.
 */
bool recur_keep(Script *s, Value array, Ref value, Span span);

/* Notes y = value, the field's next value; false where no step is under way. */
bool recur_assign(Script *s, Object *object, const char *field, Value value);

#endif
