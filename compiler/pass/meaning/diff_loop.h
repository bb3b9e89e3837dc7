/* The derivative of a loop: another loop, over what the first one has saved.
 *
 * It begins as a copy of the loop's body, to which derivatives are added. What
 * they need of the body's own values the first loop gives as further results;
 * constants and moves of data are made again.
 */
#ifndef FLUXC_PASS_DIFF_LOOP_H
#define FLUXC_PASS_DIFF_LOOP_H

#include "pass/pass.h"

/* An operand of the new loop, or a result. */
typedef struct {
    Ref outer;   /* in the graph around it: the operand */
    Ref inner;   /* in the body: the input for it, or a value that is saved */
    Ref next;    /* of a state: its next value */
    int8_t axis; /* of a sequence or result: that of the steps */
} Port;
typedef VEC(Port) PortList;

typedef struct {
    Graph *g;   /* the graph around */
    Ref scan;   /* the loop there */
    Node node;  /* itself, at first */
    Graph *d;   /* its body, and derivatives behind it */
    size_t own; /* the nodes of its body */
    bool backward;
    PortList sequence;
    PortList state;
    PortList captured;
    PortList result; /* inner: the value; all are needed */
    Ref made;        /* the new loop */
    bool failed;     /* reported: an array leaves no axis for the steps */
} Derived;

/* Begins with a copy of a loop's body. */
Derived derived_of(Graph *g, Ref scan, bool backward);

/* A new input of the body, like a node of it. */
Ref derived_input(Derived *l, Ref like);

/* The axis of the steps for a value of a loop's body, so that it lies as the
 * loop's own sequences do.
 */
int8_t loop_axis(const Node *loop, int rank);

/* Whether a node is one of the body's own, or a result of a loop in it. */
bool derived_own(const Derived *l, Ref ref);

/* The port whose value within is this one; NULL: none is. */
const Port *derived_port(const PortList *list, Ref inner);

/* Adds a result; gives its part's number among the results. */
int derived_result(Derived *l, Ref value, int8_t axis);

/* All steps of a value of the body's own, or of an input that is a sequence, in
 * the graph around, and the axis of the steps; -1: it is the same in each.
 */
Ref derived_all(Derived *l, Ref value, int8_t *axis);

/* Makes the new loop; false after a report. */
bool derived_make(Derived *l);

/* Part k of the new loop's states or results. */
Ref derived_state(const Derived *l, int k);
Ref derived_part(const Derived *l, int k);

#endif
