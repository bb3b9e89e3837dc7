/* Lifting: an operation on numbers, written once as a maker of graph nodes.
 *
 * With traced operands it adds nodes to the graph being traced. With plain
 * arrays it makes a small graph of its own and interprets that, so both give
 * the same bits.
 */
#ifndef FLUXC_SCRIPT_LIFT_H
#define FLUXC_SCRIPT_LIFT_H

#include "script/value/state.h"

typedef struct {
    Script *s;
    Graph *g;
    DType dtype; /* of real operands */
    bool ints;   /* every operand is an Int: i32 nodes stay i32 */
    bool recipe; /* operands are nodes of s->initial */
    Span span;
    const char *name;          /* of the operation, for messages */
    VEC(const Tensor *) value; /* of the leaves of a graph of its own */
    VEC(const char *) shared;  /* leaves that are no batches */
    int64_t samples;           /* of the batches; -1: there is none */
} Lift;

typedef Ref (*LiftMake)(Lift *l, const Ref *operand, size_t count,
                        const void *extra);

typedef struct {
    const char *name; /* for messages: "+", "exp" */
    LiftMake make;
    const void *extra;
    bool elementwise; /* an unknown shape passes through; initialisers stay
                         initialisers */
    bool ints;        /* Int operands give an Int result */
} LiftOp;

Value lift(Script *s, Span span, const LiftOp *op, const Value *operand,
           size_t count);

/* Fails with "shapes do not fit: (15,21) * (20,)". */
_Noreturn void lift_shape_fail(Lift *l, const char *hint, Ref a, Ref b);

/* A node's shape as "(15,21)", "scalar". */
const char *lift_shape_text(Lift *l, Ref ref);

/* An operand of integers or truth values as the lift's real type. */
Ref lift_real(Lift *l, Ref a);

/* Expands a and b to one shape: axes match from the first on, an axis of 1
 * spreads. Without `dotted` only equal shapes and scalars are accepted.
 */
void lift_broadcast(Lift *l, Ref *a, Ref *b, bool dotted);

/* The place of the recipes that are made next. */
void lift_place_recipe(Script *s, Span span);

/* lift.c: plain arrays. Ranges and sequences become arrays, other values stay.
 */
Value lift_array(Script *s, Value v);
Tensor *lift_tensor(Script *s, const Tensor *from, DType dtype);
Value lift_result(Script *s, Tensor *tensor); /* rank 0: a number */
Tensor *lift_new_tensor(Script *s, DType dtype, int rank, const int64_t *dim,
                        Span span);

/* Fails with what ir_interpret has found, without the node's text. */
_Noreturn void lift_fail(Script *s, const char *reason, Span span);

#endif
