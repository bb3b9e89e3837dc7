/* Plain loops; the innermost is along rows wherever it can be. */
#include "bench.h"

static const char *
detail(void)
{
    return "loops";
}

static void
forward_product(const float *restrict x, const float *restrict w, size_t n,
                size_t in, size_t out, float *restrict y)
{
    for (size_t s = 0; s < n; s++)
        for (size_t k = 0; k < in; k++)
            for (size_t j = 0; j < out; j++)
                y[s * out + j] += x[s * in + k] * w[k * out + j];
}

static void
back_product(const float *restrict dy, const float *restrict w, size_t n,
             size_t in, size_t out, float *restrict dx)
{
    for (size_t s = 0; s < n; s++)
        for (size_t k = 0; k < in; k++) {
            float sum = 0;
            for (size_t j = 0; j < out; j++)
                sum += dy[s * out + j] * w[k * out + j];
            dx[s * in + k] = sum;
        }
}

static void
update_product(const float *restrict x, const float *restrict dy, size_t n,
               size_t in, size_t out, float scale, float *restrict w)
{
    for (size_t k = 0; k < in; k++)
        for (size_t s = 0; s < n; s++)
            for (size_t j = 0; j < out; j++)
                w[k * out + j] += scale * x[s * in + k] * dy[s * out + j];
}

#include "chain.h"
