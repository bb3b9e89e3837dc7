/* affine.c - y = W * x + b, made at run time for any two sizes.
 *
 * Parameters stand as W (out x in, column-major), then b (out), all floats;
 * gradients in the same layout. The sums have the orders that the compiler
 * gives the same products, so that results agree bit for bit.
 */
#include "runtime/affine.h"
#include "kernels/flux_math.h"
#include "kernels/flux_product.h"
#include "kernels/flux_random.h"
#include "runtime/error.h"

#include <stdlib.h>

/* The order of sums when one sample has `size` of them: lanes along the sum for
 * one, four accumulators for few, none needed for many.
 */
static flux_order
affine_order(size_t size)
{
    return size == 1 ? FLUX_TREE16 : size < 16 ? FLUX_SPLIT4 : FLUX_SEQ;
}

static const flux_affine_model *
affine_of(const flux_model *self)
{
    return self->context;
}

/* Glorot and Bengio, 2010: W uniform in ±sqrt(6 / (in + out)); b = 0. */
static flux_status
affine_init(const flux_model *self, void *m, uint64_t seed)
{
    if (m == NULL)
        return FLUX_E_NULL;
    const flux_affine_model *a = affine_of(self);
    float *W = m;
    size_t size = a->out * a->in;
    double limit = flux_sqrt(6.0 / ((double)a->in + (double)a->out));
    for (size_t i = 0; i < size; i++) {
        double u = flux_uniform(seed, a->stream, i);
        W[i] = (float)((2.0 * u - 1.0) * limit);
    }
    for (size_t i = 0; i < a->out; i++)
        W[size + i] = 0.0f;
    return FLUX_OK;
}

/* Bytes of n samples of x and of y fit a size_t. */
static flux_status
affine_sizes(const flux_affine_model *a, size_t n, size_t *xs, size_t *ys)
{
    *xs = flux_mul(flux_mul(a->in, n), sizeof(float));
    *ys = flux_mul(flux_mul(a->out, n), sizeof(float));
    return *xs > PTRDIFF_MAX || *ys > PTRDIFF_MAX ? FLUX_E_SIZE : FLUX_OK;
}

static flux_status
affine_forward(const flux_model *self, const void *m, const void *const *x,
               size_t n, void *const *y, const flux_work *w)
{
    const flux_affine_model *a = affine_of(self);
    size_t xs;
    size_t ys;
    flux_status status = affine_sizes(a, n, &xs, &ys);
    if (status != FLUX_OK)
        return status;
    if (m == NULL || x == NULL || y == NULL ||
        (n > 0 && (x[0] == NULL || y[0] == NULL)))
        return FLUX_E_NULL;
    flux_span span[] = {{m, self->bytes, 0}, {x[0], xs, 0}, {y[0], ys, 1}};
    status = flux_disjoint(span, 3);
    if (status != FLUX_OK)
        return status;

    const float *W = m;
    const float *b = W + a->out * a->in;
    float *to = y[0];
    flux_product_f32(flux_best_isa(), flux_pool_for(w, n, n * a->in * a->out),
                     affine_order(a->out), a->out, n, a->in, W, 1, a->out, x[0],
                     1, a->in, to, 1, a->out, 0);
    for (size_t s = 0; s < n; s++)
        for (size_t i = 0; i < a->out; i++)
            to[s * a->out + i] = to[s * a->out + i] + b[i];
    return FLUX_OK;
}

static flux_status
affine_check_back(const flux_model *self, const void *m, const void *const *dy,
                  const void *const *x, size_t n, void *g, void *const *dx)
{
    size_t xs;
    size_t ys;
    flux_status status = affine_sizes(affine_of(self), n, &xs, &ys);
    if (status != FLUX_OK)
        return status;
    if (m == NULL || g == NULL || x == NULL || dy == NULL ||
        (n > 0 && (x[0] == NULL || dy[0] == NULL)))
        return FLUX_E_NULL;
    flux_span span[] = {{m, self->bytes, 0},
                        {x[0], xs, 0},
                        {dy[0], ys, 0},
                        {g, self->grad_bytes, 1},
                        {dx == NULL ? NULL : dx[0], xs, 1}};
    return flux_disjoint(span, 5);
}

/* dW += dy * x', db += the sum of dy over the batch, dx = W' * dy */
static flux_status
affine_back(const flux_model *self, const void *m, const void *const *dy,
            const void *const *x, size_t n, void *g, void *const *dx,
            const flux_work *w)
{
    flux_status status = affine_check_back(self, m, dy, x, n, g, dx);
    if (status != FLUX_OK)
        return status;
    const flux_affine_model *a = affine_of(self);
    size_t in = a->in;
    size_t out = a->out;
    const float *seed = dy[0];
    float *dW = g;
    float *db = dW + out * in;
    flux_pool *pool = flux_pool_for(w, n, 2 * n * in * out);
    if (n > 0)
        flux_product_f32(flux_best_isa(), pool, affine_order(out * in), out, in,
                         n, seed, 1, out, x[0], in, 1, dW, 1, out, 1);
    for (size_t i = 0; n > 0 && i < out; i++)
        db[i] = db[i] + flux_sum_f32(affine_order(out), n, seed + i, out);
    if (dx != NULL && dx[0] != NULL)
        flux_product_f32(flux_best_isa(), pool, affine_order(in), in, n, out, m,
                         out, 1, seed, 1, out, dx[0], 1, in, 0);
    return FLUX_OK;
}

static flux_status
affine_update(const flux_model *self, void *m, void *g, double eta)
{
    if (m == NULL || g == NULL)
        return FLUX_E_NULL;
    if (flux_overlap(m, self->bytes, g, self->grad_bytes))
        return FLUX_E_OVERLAP;
    float *p = m;
    float *dp = g;
    float rate = (float)eta;
    for (size_t i = 0; i < self->bytes / sizeof(float); i++) {
        p[i] = p[i] - rate * dp[i];
        dp[i] = 0.0f;
    }
    return FLUX_OK;
}

static size_t
affine_arena(const flux_model *self, size_t n)
{
    (void)self;
    (void)n;
    return 0;
}

flux_affine_model *
flux_as_affine(const flux_model *model)
{
    if (model == NULL || model->forward != affine_forward)
        return NULL;
    return (flux_affine_model *)model->context;
}

/* A model of one layer; see flux.h. */
flux_model *
flux_affine(size_t in, size_t out)
{
    size_t floats = flux_add(flux_mul(out, in), out);
    size_t bytes = flux_mul(floats, sizeof(float));
    if (in == 0 || out == 0 || bytes > PTRDIFF_MAX)
        return NULL;
    flux_affine_model *a = calloc(1, sizeof *a);
    if (a == NULL)
        return NULL;
    a->in = in;
    a->out = out;
    a->input = (flux_port){"x", FLUX_F32, 1, {in}, in};
    a->output = (flux_port){"y", FLUX_F32, 1, {out}, out};
    size_t b = bytes - out * sizeof(float);
    a->param[0] = (flux_param){"W", FLUX_F32, 2, {out, in}, 0, 0};
    a->param[1] = (flux_param){"b", FLUX_F32, 1, {out}, b, b};
    a->model = (flux_model){.abi = FLUX_ABI,
                            .dtype = FLUX_F32,
                            .name = "affine",
                            .source = "",
                            .bytes = bytes,
                            .grad_bytes = bytes,
                            .nparam = 2,
                            .param = a->param,
                            .ninput = 1,
                            .input = &a->input,
                            .noutput = 1,
                            .output = &a->output,
                            .init = affine_init,
                            .forward = affine_forward,
                            .back = affine_back,
                            .update = affine_update,
                            .arena = affine_arena,
                            .back_arena = affine_arena,
                            .context = a};
    return &a->model;
}
