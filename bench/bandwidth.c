/* What one core reads: all parameters once, in vectors, added up. */
#include "fixed.h"

static const char *
detail(void)
{
    return "reads of the parameters";
}

static void
bandwidth_infer(const float *x, size_t n, float *y)
{
    (void)x;
    (void)n;
    typedef float Vector __attribute__((vector_size(64), aligned(4)));
    enum { LANES = 16, DEEP = 8 };
    Vector sum[DEEP] = {{0}};
    for (size_t i = 0; i + LANES * DEEP <= BENCH_PARAMETERS; i += LANES * DEEP)
        for (size_t k = 0; k < DEEP; k++)
            sum[k] += *(const Vector *)(const void *)&weights[i + LANES * k];
    for (size_t k = 1; k < DEEP; k++)
        sum[0] += sum[k];
    for (size_t i = 0; i < BENCH_OUT; i++)
        y[i] = sum[0][i % LANES];
}

const Implementation implementation = {
    .detail = detail,
    .amount = sizeof(float) * BENCH_PARAMETERS,
    .open = fixed_open,
    .set = fixed_set,
    .get = fixed_get,
    .infer = bandwidth_infer,
};
