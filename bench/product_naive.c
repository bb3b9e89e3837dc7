/* The product in plain loops, the innermost along rows. */
#include "fixed.h"

static const char *
detail(void)
{
    return "loops";
}

static void
product_infer(const float *x, size_t n, float *y)
{
    const float *restrict w = weights;
    memset(y, 0, n * BENCH_OUT * sizeof *y);
    for (size_t s = 0; s < n; s++) {
        float *restrict row = &y[s * BENCH_OUT];
        for (size_t k = 0; k < BENCH_IN; k++)
            for (size_t j = 0; j < BENCH_OUT; j++)
                row[j] += x[s * BENCH_IN + k] * w[k * BENCH_OUT + j];
    }
}

const Implementation implementation = {
    .detail = detail,
    .open = fixed_open,
    .set = fixed_set,
    .get = fixed_get,
    .infer = product_infer,
};
