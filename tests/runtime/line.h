/* line.h - data that a Fake learns: y = 2 x - 1. */
#ifndef TESTS_RUNTIME_LINE_H
#define TESTS_RUNTIME_LINE_H

#include "tests/runtime/fake.h"

enum { N = 10 };

static double line_x[N];
static double line_y[N];
static const void *line_in[] = {line_x};
static const flux_data line = {.n = N, .x = line_in, .y = line_y};

/* A group's set-up. */
static int
line_make(void **unused)
{
    (void)unused;
    for (int i = 0; i < N; i++) {
        line_x[i] = 0.1 * (double)(i + 1);
        line_y[i] = 2.0 * line_x[i] - 1.0;
    }
    return 0;
}

#endif
