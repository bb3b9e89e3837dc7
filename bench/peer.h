/* The network written by hand over three products, which the file that
 * includes this has defined; all matrices are row-major:
 *
 *   forward_product   y[n][out] += x[n][in] W[in][out]
 *   back_product      dx[n][in]  = dy[n][out] W'
 *   update_product    W[in][out] -= rate * x' dy
 *
 * No gradient is stored: the last product updates W in place. The rate is ETA.
 */
#ifndef PEER_H
#define PEER_H

#include <math.h>
#include <stdlib.h>
#include <string.h>

static float *weights; /* as in bench.h */
static float *value[LAYERS + 1];
static float *delta[LAYERS + 1];

static float *
peer_floats(size_t n)
{
    return aligned_alloc(64, (n * sizeof(float) + 63) / 64 * 64);
}

static bool
peer_open(size_t n)
{
    weights = peer_floats(bench_parameters());
    bool fine = weights != NULL;
    for (size_t i = 1; i <= LAYERS; i++) {
        value[i] = peer_floats(n * bench_size[i]);
        delta[i] = peer_floats(n * bench_size[i]);
        fine = fine && value[i] != NULL && delta[i] != NULL;
    }
    return fine;
}

static void
peer_set(const float *p)
{
    memcpy(weights, p, bench_parameters() * sizeof *p);
}

static void
peer_get(float *p)
{
    memcpy(p, weights, bench_parameters() * sizeof *p);
}

/* y = 1 / (1 + exp(-y)) */
static void
peer_sigmoid(float *y, size_t n)
{
    for (size_t i = 0; i < n; i++)
        y[i] = 1.0f / (1.0f + expf(-y[i]));
}

/* y = exp(y - max y) / sum, a row of it; the logarithm of the sum, plus max y
 */
static float
peer_softmax(float *y, size_t out)
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
peer_affine(const float *x, const float *w, size_t i, size_t n, float *y)
{
    size_t in = bench_size[i];
    size_t out = bench_size[i + 1];
    for (size_t s = 0; s < n; s++)
        memcpy(&y[s * out], &w[in * out], out * sizeof *y);
    forward_product(x, w, n, in, out, y);
}

/* Values of all layers; the last before its softmax, written to y. */
static void
peer_forward(const float *x, size_t n, float *y)
{
    const float *w = weights;
    for (size_t i = 0; i < LAYERS; i++) {
        float *to = i + 1 < LAYERS ? value[i + 1] : y;
        peer_affine(x, w, i, n, to);
        if (i + 1 < LAYERS)
            peer_sigmoid(to, n * bench_size[i + 1]);
        w += (bench_size[i] + 1) * bench_size[i + 1];
        x = to;
    }
}

static void
peer_infer(const float *x, size_t n, float *y)
{
    peer_forward(x, n, y);
    for (size_t s = 0; s < n; s++)
        peer_softmax(&y[s * bench_size[LAYERS]], bench_size[LAYERS]);
}

/* Loss of n rows of y, which become its gradients. */
static float
peer_loss(float *y, const int32_t *label, size_t n)
{
    size_t out = bench_size[LAYERS];
    float loss = 0;
    for (size_t s = 0; s < n; s++) {
        float *row = &y[s * out];
        float right = row[label[s]];
        loss += peer_softmax(row, out) - right;
        row[label[s]] -= 1.0f;
        for (size_t i = 0; i < out; i++)
            row[i] /= (float)n;
    }
    return loss / (float)n;
}

/* W and b of one layer, a step against their gradients. */
static void
peer_step(const float *x, const float *dy, size_t n, size_t in, size_t out,
          float *w)
{
    update_product(x, dy, n, in, out, ETA, w);
    float *b = &w[in * out];
    for (size_t s = 0; s < n; s++)
        for (size_t i = 0; i < out; i++)
            b[i] -= ETA * dy[s * out + i];
}

static float
peer_train(const float *x, const int32_t *label, size_t n)
{
    peer_forward(x, n, delta[LAYERS]);
    float loss = peer_loss(delta[LAYERS], label, n);
    float *w = weights + bench_parameters();
    for (size_t i = LAYERS; i-- > 0;) {
        size_t in = bench_size[i];
        size_t out = bench_size[i + 1];
        w -= (in + 1) * out;
        if (i > 0) {
            float *restrict d = delta[i];
            const float *restrict h = value[i];
            back_product(delta[i + 1], w, n, in, out, d);
            for (size_t k = 0; k < n * in; k++)
                d[k] *= h[k] * (1.0f - h[k]);
        }
        peer_step(i > 0 ? value[i] : x, delta[i + 1], n, in, out, w);
    }
    return loss;
}

const Implementation implementation = {
    .detail = detail,
    .open = peer_open,
    .set = peer_set,
    .get = peer_get,
    .train = peer_train,
    .infer = peer_infer,
};

#endif
