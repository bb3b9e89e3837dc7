/* What the gradient tests share: functions as bodies over a graph, their
 * values by the interpreter.
 */
#ifndef FLUXC_TESTS_GRAD_GRAD_H
#define FLUXC_TESTS_GRAD_GRAD_H

#include "pass/pass.h"

enum { GRAD_INPUTS = 3 };

/* A function of up to three arrays of doubles. */
typedef struct Case Case;
struct Case {
    const char *name;
    Ref (*body)(Graph *g, const Case *test, const Ref *x);
    Op op; /* for bodies that serve many operations */
    int inputs;
    struct {
        int rank;
        Dim dim[IR_RANK];
    } shape[GRAD_INPUTS];
    double low; /* the inputs' range */
    double high;
};

extern const Case grad_case[];
extern const size_t grad_cases;

/* The body of the elementwise operation test->op. */
Ref grad_map(Graph *g, const Case *test, const Ref *x);

#endif
