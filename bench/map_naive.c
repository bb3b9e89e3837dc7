/* The functions of workloads.py in plain loops over libm, one of which MAP
 * names. gcc takes libm's vector functions for them. */
#include "fixed.h"

#include <math.h>

static const char *
detail(void)
{
    return "loops over libm";
}

/* Parameters: a, b */
static inline void
map_gate(const float *restrict x, float *restrict y)
{
    const float a = weights[0];
    const float b = weights[1];
    for (size_t i = 0; i < BENCH_IN; i++)
        y[i] = 1.0f / (1.0f + expf(-(a * x[i] + b))) * tanhf(x[i]);
}

static inline void
map_softmax(const float *restrict x, float *restrict y)
{
    float max = x[0];
    for (size_t i = 1; i < BENCH_IN; i++)
        max = x[i] > max ? x[i] : max;
    float sum = 0;
    for (size_t i = 0; i < BENCH_IN; i++) {
        y[i] = expf(x[i] - max);
        sum += y[i];
    }
    for (size_t i = 0; i < BENCH_IN; i++)
        y[i] *= 1.0f / sum;
}

/* Parameters: a scale for each element, then a shift for each */
static inline void
map_layernorm(const float *restrict x, float *restrict y)
{
    const float *shift = &weights[BENCH_IN];
    float sum = 0;
    for (size_t i = 0; i < BENCH_IN; i++)
        sum += x[i];
    const float mean = sum / BENCH_IN;
    float squares = 0;
    for (size_t i = 0; i < BENCH_IN; i++)
        squares += (x[i] - mean) * (x[i] - mean);
    const float scale = 1.0f / sqrtf(squares / BENCH_IN + 1e-5f);
    for (size_t i = 0; i < BENCH_IN; i++)
        y[i] = weights[i] * (x[i] - mean) * scale + shift[i];
}

static inline void
map_exp(const float *restrict x, float *restrict y)
{
    for (size_t i = 0; i < BENCH_IN; i++)
        y[i] = expf(x[i]);
}

static inline void
map_sigmoid(const float *restrict x, float *restrict y)
{
    for (size_t i = 0; i < BENCH_IN; i++)
        y[i] = 1.0f / (1.0f + expf(-x[i]));
}

static inline void
map_tanh(const float *restrict x, float *restrict y)
{
    for (size_t i = 0; i < BENCH_IN; i++)
        y[i] = tanhf(x[i]);
}

static void
map_infer(const float *x, size_t n, float *y)
{
    for (size_t s = 0; s < n; s++)
        MAP(&x[s * BENCH_IN], &y[s * BENCH_OUT]);
}

const Implementation implementation = {
    .detail = detail,
    .open = fixed_open,
    .set = fixed_set,
    .get = fixed_get,
    .infer = map_infer,
};
