/* fake.h - a model written by hand, as the compiler would emit it, for tests of
 * the runtime: y = a * x + b for one number x, in double, so that every value
 * in a test can be worked out on paper.
 */
#ifndef TESTS_RUNTIME_FAKE_H
#define TESTS_RUNTIME_FAKE_H

#include "runtime/flux.h"

typedef struct Fake {
    double a;
    double b;
    int32_t steps; /* does not train */
} Fake;

typedef struct FakeGrad {
    double a;
    double b;
} FakeGrad;

/* What the trainer keeps. */
typedef struct FakeStep {
    double eta;
    double moment[2];
    int32_t count;
    int32_t calls; /* with which n the step was called, for tests */
    size_t n[64];
    double first[64]; /* the first input of each call */
} FakeStep;

extern const flux_model fake_model;     /* init: a = seed, b = 0, steps = 0 */
extern const flux_trainer fake_trainer; /* gradient descent on the mean of
                                         * (y - t)^2 */

#endif
