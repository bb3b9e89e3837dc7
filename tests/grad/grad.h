/* What the tests of derivatives share: functions as bodies over a graph, their
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

/* loops.c: bodies with loops. */
Ref body_loop(Graph *g, const Case *test, const Ref *x);
Ref body_loop_back(Graph *g, const Case *test, const Ref *x);
Ref body_loop_nested(Graph *g, const Case *test, const Ref *x);

/* A case with its memory and its source of random numbers; the batch is the
 * first symbol.
 */
typedef struct {
    Context context;
    Dims dims;
    const Case *test;
    uint64_t seed;
    int64_t symbol[DIM_SYMBOLS];
} Fixture;

void grad_init(Fixture *f, const Case *test, uint64_t seed, int64_t batch);

/* Random numbers from low to high. */
Tensor *grad_random(Fixture *f, int rank, const Dim *dim, double low,
                    double high);

/* The outputs of a graph, which must be sound, for these leaves. */
Tensor *grad_run(Fixture *f, const Graph *g, const Tensor *const *value);

/* The sum of the products of the elements of two arrays of one size. */
double grad_dot(const Tensor *a, const Tensor *b);

/* Checks every elementwise operation on reals, in several shapes. */
void grad_each_map(void (*check)(const Case *test));

#endif
