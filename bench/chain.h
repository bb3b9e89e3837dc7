/* The network written by hand over three products, which the file that
 * includes this has defined; all matrices are row-major:
 *
 *   forward_product   y[n][out] += x[n][in] W[in][out]
 *   back_product      dx[n][in]  = dy[n][out] W'
 *   update_product    W[in][out] += scale * x' dy
 *
 * Gradient descent stores no gradient: the last product updates W in place.
 */
#ifndef CHAIN_H
#define CHAIN_H

#include <math.h>
#include <string.h>

static const size_t chain_size[] = {SHAPE};
enum { LAYERS = sizeof chain_size / sizeof chain_size[0] - 1 };

static float *weights; /* as in bench.h */
static float *value[LAYERS + 1];
static float *delta[LAYERS + 1];
#ifdef ADAM
static float *gradient; /* of one layer after another, as the weights */
static float *moment1;
static float *moment2;
static int steps;
#endif

static bool
chain_open(size_t n)
{
    weights = bench_floats(BENCH_PARAMETERS);
    bool fine = weights != NULL;
#ifdef ADAM
    gradient = bench_floats(BENCH_PARAMETERS);
    moment1 = bench_floats(BENCH_PARAMETERS);
    moment2 = bench_floats(BENCH_PARAMETERS);
    fine = fine && gradient != NULL && moment1 != NULL && moment2 != NULL;
#endif
    for (size_t i = 1; i <= LAYERS; i++) {
        value[i] = bench_floats(n * chain_size[i]);
        delta[i] = bench_floats(n * chain_size[i]);
        fine = fine && value[i] != NULL && delta[i] != NULL;
    }
    return fine;
}

static void
chain_set(const float *p)
{
    memcpy(weights, p, BENCH_PARAMETERS * sizeof *p);
#ifdef ADAM
    memset(moment1, 0, BENCH_PARAMETERS * sizeof *p);
    memset(moment2, 0, BENCH_PARAMETERS * sizeof *p);
    steps = 0;
#endif
}

static void
chain_get(float *p)
{
    memcpy(p, weights, BENCH_PARAMETERS * sizeof *p);
}

/* y = 1 / (1 + exp(-y)) */
static void
chain_sigmoid(float *y, size_t n)
{
    for (size_t i = 0; i < n; i++)
        y[i] = 1.0f / (1.0f + expf(-y[i]));
}

/* y = exp(y - max y) / sum, a row of it; the logarithm of the sum, plus max y
 */
static float
chain_softmax(float *y, size_t out)
{
    float max = y[0];
    for (size_t i = 1; i < out; i++)
        max = y[i] > max ? y[i] : max;
    float sum = 0;
    for (size_t i = 0; i < out; i++) {
        y[i] = expf(y[i] - max);
        sum += y[i];
    }
    for (size_t i = 0; i < out; i++)
        y[i] /= sum;
    return max + logf(sum);
}

/* y[n][out] = x W + b of layer i, whose parameters are at w. */
static void
chain_affine(const float *x, const float *w, size_t i, size_t n, float *y)
{
    size_t in = chain_size[i];
    size_t out = chain_size[i + 1];
    for (size_t s = 0; s < n; s++)
        memcpy(&y[s * out], &w[in * out], out * sizeof *y);
    forward_product(x, w, n, in, out, y);
}

/* Values of all layers; the last before its softmax, written to y. */
static void
chain_forward(const float *x, size_t n, float *y)
{
    const float *w = weights;
    for (size_t i = 0; i < LAYERS; i++) {
        float *to = i + 1 < LAYERS ? value[i + 1] : y;
        chain_affine(x, w, i, n, to);
        if (i + 1 < LAYERS)
            chain_sigmoid(to, n * chain_size[i + 1]);
        w += (chain_size[i] + 1) * chain_size[i + 1];
        x = to;
    }
}

static void
chain_infer(const float *x, size_t n, float *y)
{
    chain_forward(x, n, y);
    for (size_t s = 0; s < n; s++)
        chain_softmax(&y[s * chain_size[LAYERS]], chain_size[LAYERS]);
}

/* Loss of n rows of y, which become its gradients. */
static float
chain_loss(float *y, const int32_t *label, size_t n)
{
    size_t out = chain_size[LAYERS];
    float loss = 0;
    for (size_t s = 0; s < n; s++) {
        float *row = &y[s * out];
        float right = row[label[s]];
        loss += chain_softmax(row, out) - right;
        row[label[s]] -= 1.0f;
        for (size_t i = 0; i < out; i++)
            row[i] /= (float)n;
    }
    return loss / (float)n;
}

#ifdef ADAM
/* The gradients of one layer, from zero. */
static void
chain_step(const float *x, const float *dy, size_t n, size_t in, size_t out,
           float *w)
{
    float *g = gradient + (w - weights);
    memset(g, 0, (in + 1) * out * sizeof *g);
    update_product(x, dy, n, in, out, 1, g);
    for (size_t s = 0; s < n; s++)
        for (size_t i = 0; i < out; i++)
            g[in * out + i] += dy[s * out + i];
}

/* Kingma and Ba, 2014, with the root's correction before epsilon is added. */
static void
chain_update(void)
{
    const float beta1 = 0.9f;
    const float beta2 = 0.999f;
    steps++;
    float scale = ETA / (1.0f - powf(beta1, (float)steps));
    float root = 1.0f / sqrtf(1.0f - powf(beta2, (float)steps));
    float *restrict w = weights;
    float *restrict m = moment1;
    float *restrict v = moment2;
    const float *restrict g = gradient;
    for (size_t i = 0; i < BENCH_PARAMETERS; i++) {
        m[i] = beta1 * m[i] + (1.0f - beta1) * g[i];
        v[i] = beta2 * v[i] + (1.0f - beta2) * g[i] * g[i];
        w[i] -= scale * m[i] / (sqrtf(v[i]) * root + 1e-8f);
    }
}
#else
/* W and b of one layer, a step against their gradients. */
static void
chain_step(const float *x, const float *dy, size_t n, size_t in, size_t out,
           float *w)
{
    update_product(x, dy, n, in, out, -ETA, w);
    float *b = &w[in * out];
    for (size_t s = 0; s < n; s++)
        for (size_t i = 0; i < out; i++)
            b[i] -= ETA * dy[s * out + i];
}

static void
chain_update(void)
{
}
#endif

static float
chain_train(const float *x, const int32_t *label, size_t n)
{
    chain_forward(x, n, delta[LAYERS]);
    float loss = chain_loss(delta[LAYERS], label, n);
    float *w = weights + BENCH_PARAMETERS;
    for (size_t i = LAYERS; i-- > 0;) {
        size_t in = chain_size[i];
        size_t out = chain_size[i + 1];
        w -= (in + 1) * out;
        if (i > 0) {
            float *restrict d = delta[i];
            const float *restrict h = value[i];
            back_product(delta[i + 1], w, n, in, out, d);
            for (size_t k = 0; k < n * in; k++)
                d[k] *= h[k] * (1.0f - h[k]);
        }
        chain_step(i > 0 ? value[i] : x, delta[i + 1], n, in, out, w);
    }
    chain_update();
    return loss;
}

const Implementation implementation = {
    .detail = detail,
    .open = chain_open,
    .set = chain_set,
    .get = chain_get,
    .train = chain_train,
    .infer = chain_infer,
};

#endif
