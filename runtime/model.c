/* model.c - models without parameters, for vectors of any length: σ, tanh,
 * relu, exp and softmax. A call's n is the length; chains call them once a
 * sample.
 */
#include "kernels/flux_math.h"
#include "kernels/flux_product.h"
#include "runtime/error.h"

#include <math.h>

/* They have one input x and one output y, of the same length. */
static const flux_port model_x = {"x", FLUX_F32, 1, {0}, 0};
static const flux_port model_y = {"y", FLUX_F32, 1, {0}, 0};

static flux_status
model_init(const flux_model *self, void *m, uint64_t seed)
{
    (void)self;
    (void)m;
    (void)seed;
    return FLUX_OK;
}

static flux_status
model_update(const flux_model *self, void *m, void *g, double eta)
{
    (void)self;
    (void)m;
    (void)g;
    (void)eta;
    return FLUX_OK;
}

static size_t
model_no_arena(const flux_model *self, size_t n)
{
    (void)self;
    (void)n;
    return 0;
}

/* x and y are there, their bytes can be counted, and they do not overlap. */
static flux_status
model_check(const void *const *x, size_t n, void *const *y)
{
    size_t bytes = flux_mul(n, sizeof(float));
    if (bytes > PTRDIFF_MAX)
        return FLUX_E_SIZE;
    if (x == NULL || y == NULL || (n > 0 && (x[0] == NULL || y[0] == NULL)))
        return FLUX_E_NULL;
    return flux_overlap(x[0], bytes, y[0], bytes) ? FLUX_E_OVERLAP : FLUX_OK;
}

/* As model_check for dy and x; dx may be missing. */
static flux_status
model_check_back(const void *const *dy, const void *const *x, size_t n,
                 void *const *dx)
{
    size_t bytes = flux_mul(n, sizeof(float));
    if (bytes > PTRDIFF_MAX)
        return FLUX_E_SIZE;
    if (x == NULL || dy == NULL || (n > 0 && (x[0] == NULL || dy[0] == NULL)))
        return FLUX_E_NULL;
    if (dx != NULL && (flux_overlap(x[0], bytes, dx[0], bytes) ||
                       flux_overlap(dy[0], bytes, dx[0], bytes)))
        return FLUX_E_OVERLAP;
    return FLUX_OK;
}

/* What an elementwise model computes: y[i] = f(x[i]), dx[i] = dy[i] * f'(x[i]);
 * its context.
 */
typedef struct Rule {
    void (*value)(flux_isa isa, const float *x, size_t n, float *y);
    void (*slope)(flux_isa isa, const float *dy, const float *x, size_t n,
                  float *dx);
} Rule;

static flux_status
rule_forward(const flux_model *self, const void *m, const void *const *x,
             size_t n, void *const *y, const flux_work *w)
{
    (void)m;
    (void)w;
    const Rule *rule = self->context;
    flux_status status = model_check(x, n, y);
    if (status == FLUX_OK)
        rule->value(flux_best_isa(), x[0], n, y[0]);
    return status;
}

static flux_status
rule_back(const flux_model *self, const void *m, const void *const *dy,
          const void *const *x, size_t n, void *g, void *const *dx,
          const flux_work *w)
{
    (void)m;
    (void)g;
    (void)w;
    const Rule *rule = self->context;
    flux_status status = model_check_back(dy, x, n, dx);
    if (status == FLUX_OK && dx != NULL && dx[0] != NULL)
        rule->slope(flux_best_isa(), dy[0], x[0], n, dx[0]);
    return status;
}

FLUX_BODY void
sigma_value_body(flux_isa isa, const float *x, size_t n, float *y)
{
    for (size_t i = 0; i < n; i++)
        y[i] = flux_sigmaf_isa(isa, x[i]);
}

/* d sigma = y * (1 - y) */
FLUX_BODY void
sigma_slope_body(flux_isa isa, const float *dy, const float *x, size_t n,
                 float *dx)
{
    for (size_t i = 0; i < n; i++) {
        float y = flux_sigmaf_isa(isa, x[i]);
        dx[i] = dy[i] * (y * (1.0f - y));
    }
}

FLUX_BODY void
tanh_value_body(flux_isa isa, const float *x, size_t n, float *y)
{
    for (size_t i = 0; i < n; i++)
        y[i] = flux_tanhf_isa(isa, x[i]);
}

/* d tanh = 1 - y * y */
FLUX_BODY void
tanh_slope_body(flux_isa isa, const float *dy, const float *x, size_t n,
                float *dx)
{
    for (size_t i = 0; i < n; i++) {
        float y = flux_tanhf_isa(isa, x[i]);
        dx[i] = dy[i] * (1.0f - y * y);
    }
}

FLUX_BODY void
relu_value_body(flux_isa isa, const float *x, size_t n, float *y)
{
    (void)isa;
    for (size_t i = 0; i < n; i++)
        y[i] = flux_maxf(x[i], 0.0f);
}

/* d relu = 1 where x > 0, else 0 */
FLUX_BODY void
relu_slope_body(flux_isa isa, const float *dy, const float *x, size_t n,
                float *dx)
{
    (void)isa;
    for (size_t i = 0; i < n; i++)
        dx[i] = x[i] > 0.0f ? dy[i] : 0.0f;
}

FLUX_BODY void
exponential_value_body(flux_isa isa, const float *x, size_t n, float *y)
{
    for (size_t i = 0; i < n; i++)
        y[i] = flux_expf_isa(isa, x[i]);
}

/* d exp = y */
FLUX_BODY void
exponential_slope_body(flux_isa isa, const float *dy, const float *x, size_t n,
                       float *dx)
{
    for (size_t i = 0; i < n; i++)
        dx[i] = dy[i] * flux_expf_isa(isa, x[i]);
}

/* Its functions for every instruction set. */
#define RULE(name)                                                             \
    FLUX_FOR_EACH_ISA(name##_value,                                            \
                      (flux_isa isa, const float *x, size_t n, float *y), isa, \
                      x, n, y)                                                 \
    FLUX_FOR_EACH_ISA(                                                         \
        name##_slope,                                                          \
        (flux_isa isa, const float *dy, const float *x, size_t n, float *dx),  \
        isa, dy, x, n, dx)                                                     \
    static const Rule name##_rule = {name##_value_isa, name##_slope_isa};

RULE(sigma)
RULE(tanh)
RULE(relu)
RULE(exponential)

/* y = e * (1 / sum(e)), e = exp(x - max(x)): the maximum from -inf in order,
 * the sum in TREE16 order.
 */
FLUX_BODY void
softmax_vector_body(flux_isa isa, const float *x, size_t n, float *y)
{
    float max = -INFINITY;
    for (size_t i = 0; i < n; i++)
        max = flux_maxf(max, x[i]);
    for (size_t i = 0; i < n; i++)
        y[i] = flux_expf_isa(isa, x[i] - max);
    const float inverse = 1.0f / flux_sum_f32(FLUX_TREE16, n, y, 1);
    for (size_t i = 0; i < n; i++)
        y[i] = y[i] * inverse;
}

FLUX_FOR_EACH_ISA(softmax_vector,
                  (flux_isa isa, const float *x, size_t n, float *y), isa, x, n,
                  y)

static flux_status
softmax_forward(const flux_model *self, const void *m, const void *const *x,
                size_t n, void *const *y, const flux_work *w)
{
    (void)self;
    (void)m;
    (void)w;
    flux_status status = model_check(x, n, y);
    if (status == FLUX_OK)
        softmax_vector_isa(flux_best_isa(), x[0], n, y[0]);
    return status;
}

/* Room for y, and for the arena's start. */
static size_t
softmax_back_arena(const flux_model *self, size_t n)
{
    (void)self;
    return flux_add(flux_mul(n, sizeof(float)), 64);
}

/* dx = y * (dy - dot(dy, y)), the dot product in TREE16 order */
static flux_status
softmax_back(const flux_model *self, const void *m, const void *const *dy,
             const void *const *x, size_t n, void *g, void *const *dx,
             const flux_work *w)
{
    (void)m;
    (void)g;
    flux_status status = model_check_back(dy, x, n, dx);
    if (status != FLUX_OK || dx == NULL || dx[0] == NULL)
        return status;
    if (w == NULL || w->arena == NULL || w->bytes < softmax_back_arena(self, n))
        return FLUX_E_ARENA;
    float *y = flux_arena_base(w);
    const float *seed = dy[0];
    float *to = dx[0];
    softmax_vector_isa(flux_best_isa(), x[0], n, y);
    float dot = 0.0f;
    flux_product_f32(flux_best_isa(), NULL, FLUX_TREE16, 1, 1, n, seed, 1, 1, y,
                     1, 1, &dot, 1, 1, 0);
    for (size_t i = 0; i < n; i++)
        to[i] = y[i] * (seed[i] - dot);
    return FLUX_OK;
}

/* A descriptor; the functions differ only between softmax and the others. */
#define MODEL(text, forward_by, back_by, back_bytes, rule)                     \
    {                                                                          \
        .abi = FLUX_ABI, .dtype = FLUX_F32, .name = text, .source = "",        \
        .ninput = 1, .input = &model_x, .noutput = 1, .output = &model_y,      \
        .init = model_init, .forward = forward_by, .back = back_by,            \
        .update = model_update, .arena = model_no_arena,                       \
        .back_arena = back_bytes, .context = rule                              \
    }

const flux_model flux_sigma_model =
    MODEL("sigma", rule_forward, rule_back, model_no_arena, &sigma_rule);
const flux_model flux_tanh_model =
    MODEL("tanh", rule_forward, rule_back, model_no_arena, &tanh_rule);
const flux_model flux_relu_model =
    MODEL("relu", rule_forward, rule_back, model_no_arena, &relu_rule);
const flux_model flux_exp_model =
    MODEL("exp", rule_forward, rule_back, model_no_arena, &exponential_rule);
const flux_model flux_softmax_model =
    MODEL("softmax", softmax_forward, softmax_back, softmax_back_arena, NULL);
