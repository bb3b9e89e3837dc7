/* random.h - numbers from a seed, for tests of kernels. */
#ifndef TESTS_KERNELS_RANDOM_H
#define TESTS_KERNELS_RANDOM_H

#include <stdint.h>

/* 24 bits. */
static inline uint32_t
next_random(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

static inline uint32_t
next_below(uint32_t *state, uint32_t below)
{
    return next_random(state) % below;
}

/* Of many sizes, at times larger than 1, so small as `tiny` or 0. */
static inline double
random_term(uint32_t *state, double tiny)
{
    uint32_t r = next_random(state);
    double x = ((double)next_random(state) - 8388608.0) / 8388608.0;
    if (r % 32 == 0)
        return (r & 32u) ? 0.0 : x * tiny;
    return x * (r % 16 == 0 ? 64.0 : 1.0);
}

#endif
