/* What the test of plans counts. */
#ifndef FLUXC_TESTS_SCRIPT_PLAN_H
#define FLUXC_TESTS_SCRIPT_PLAN_H

#include "pass/pass.h"

typedef struct {
    const char *path;
    int plans;
    int failed;
    double worst; /* of the best heuristic's bytes, as a ratio */
} PlanTest;

/* plan_check.c: the plan of a graph, some of whose outputs may be absent. */
void plan_check(PlanTest *test, const Graph *graph, uint32_t optional);

#endif
