/* Parameters of what only infers: as they were set. */
#ifndef FIXED_H
#define FIXED_H

#include "bench.h"

#include <string.h>

static float *weights;

static inline bool
fixed_open(size_t n)
{
    (void)n;
    weights = bench_floats(BENCH_PARAMETERS);
    return weights != NULL;
}

static inline void
fixed_set(const float *p)
{
    memcpy(weights, p, BENCH_PARAMETERS * sizeof *p);
}

static inline void
fixed_get(float *p)
{
    memcpy(p, weights, BENCH_PARAMETERS * sizeof *p);
}

#endif
