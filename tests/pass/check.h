/* What the tests of passes check of every graph. */
#ifndef FLUXC_TESTS_PASS_CHECK_H
#define FLUXC_TESTS_PASS_CHECK_H

#include "pass/pass.h"

typedef struct {
    Context context;
    Dims dims;
    const char *path; /* or another name */
    const Source *source;
    Graph *graph;
    int failures;
} Test;

/* Counts a failure and says so on stderr. */
void check_fail(Test *test, const char *what, const char *detail);

/* The text form of a graph. */
char *check_text(Test *test, const Graph *g);

/* A number from 0 to 1, the next of a sequence. */
double check_random(uint64_t *seed);

/* That a pass changes nothing the second time and, by random leaves, no bit of
 * the results, for an optimisation also with zeros of both signs, infinities,
 * NaN and tiny numbers; a meaning pass may round otherwise.
 */
void check_pass(Test *test, int pass, const Graph *g);

/* That b's results are finite where the leaves of a and b are large. */
void check_finite(Test *test, const Graph *a, const Graph *b);

/* That a sample has the same bits alone and in a batch. */
void check_batch(Test *test, const Graph *sample, const Graph *batch);

#endif
