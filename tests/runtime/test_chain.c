/* test_chain.c - models made at run time: their values, their gradients against
 * central differences, who frees them, and every refusal.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "kernels/flux_math.h"
#include "kernels/flux_product.h"
#include "tests/runtime/fake.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const flux_model *const activations[] = {
    &flux_sigma_model, &flux_tanh_model, &flux_relu_model, &flux_exp_model,
    &flux_softmax_model};

/* Numbers in (-1, 1), the same in every run, and not so near 0 that a
 * difference quotient would meet the kink of relu.
 */
static void
fill(float *x, size_t n, unsigned seed)
{
    for (size_t i = 0; i < n; i++) {
        seed = seed * 1664525u + 1013904223u;
        x[i] = (float)(seed >> 9) / 4194304.0f - 1.0f;
        if (fabsf(x[i]) < 0.02f)
            x[i] = 0.5f;
    }
}

static float
run_one(const flux_model *model, const void *m, const float *x, size_t n,
        const float *dy, size_t outs, float *y, const flux_work *w)
{
    const void *in = x;
    void *out = y;
    assert_int_equal(model->forward(model, m, &in, n, &out, w), FLUX_OK);
    float sum = 0.0f;
    for (size_t i = 0; i < outs; i++)
        sum += dy[i] * y[i];
    return sum;
}

static void
assert_close(double a, double b, double scale)
{
    if (!(fabs(a - b) <= 2e-3 * (fabs(scale) + 1.0)))
        fail_msg("%.9g is not near %.9g", a, b);
}

static void
activations_have_their_values_and_slopes(void **unused)
{
    (void)unused;
    enum { N = 7 };
    float memory[64];
    flux_work w = {.arena = memory, .bytes = sizeof memory};
    for (size_t k = 0; k < sizeof activations / sizeof *activations; k++) {
        const flux_model *model = activations[k];
        float x[N];
        float dy[N];
        float y[N];
        float dx[N];
        fill(x, N, 1);
        fill(dy, N, 2);
        const void *in = x;
        const void *seed = dy;
        void *din = dx;
        assert_true(model->back_arena(model, N) <= sizeof memory);
        assert_int_equal(
            model->back(model, NULL, &seed, &in, N, NULL, &din, &w), FLUX_OK);
        for (size_t i = 0; i < N; i++) {
            const float h = 1e-2f;
            float keep = x[i];
            x[i] = keep + h;
            float up = run_one(model, NULL, x, N, dy, N, y, &w);
            x[i] = keep - h;
            float down = run_one(model, NULL, x, N, dy, N, y, &w);
            x[i] = keep;
            assert_close((double)dx[i], (double)((up - down) / (2 * h)), 1.0);
        }
        run_one(model, NULL, x, N, dy, N, y, &w);
        assert_int_equal(model->init(model, NULL, 1), FLUX_OK);
        assert_int_equal(model->update(model, NULL, NULL, 1.0), FLUX_OK);
        assert_int_equal(model->arena(model, N), 0);
        if (model == &flux_sigma_model)
            assert_true(y[0] == flux_sigmaf(x[0]));
        if (model == &flux_exp_model)
            assert_true(y[3] == flux_expf(x[3]));
    }
}

static void
softmax_keeps_its_order(void **unused)
{
    (void)unused;
    enum { N = 37 };
    float x[N];
    float y[N];
    float e[N];
    fill(x, N, 5);
    run_one(&flux_softmax_model, NULL, x, N, x, N, y, NULL);
    float max = x[0];
    for (int i = 1; i < N; i++)
        max = flux_maxf(max, x[i]);
    for (int i = 0; i < N; i++)
        e[i] = flux_expf(x[i] - max);
    float inverse = 1.0f / flux_sum_f32(FLUX_TREE16, N, e, 1);
    for (int i = 0; i < N; i++)
        assert_true(y[i] == e[i] * inverse);
}

static void
activations_refuse(void **unused)
{
    (void)unused;
    float x[4] = {0.0f};
    float y[4];
    const void *in = x;
    const void *none = NULL;
    void *same = x;
    void *out = y;
    for (size_t k = 0; k < sizeof activations / sizeof *activations; k++) {
        const flux_model *m = activations[k];
        assert_int_equal(m->forward(m, NULL, &in, 4, &same, NULL),
                         FLUX_E_OVERLAP);
        assert_int_equal(m->forward(m, NULL, &none, 4, &out, NULL),
                         FLUX_E_NULL);
        assert_int_equal(m->forward(m, NULL, NULL, 4, &out, NULL), FLUX_E_NULL);
        assert_int_equal(m->forward(m, NULL, &in, SIZE_MAX, &out, NULL),
                         FLUX_E_SIZE);
        assert_int_equal(m->back(m, NULL, &in, &in, 4, NULL, &same, NULL),
                         FLUX_E_OVERLAP);
        assert_int_equal(m->back(m, NULL, &none, &in, 4, NULL, &out, NULL),
                         FLUX_E_NULL);
        assert_int_equal(m->back(m, NULL, &in, &in, SIZE_MAX, NULL, &out, NULL),
                         FLUX_E_SIZE);
        assert_int_equal(m->back(m, NULL, &in, &in, 4, NULL, NULL, NULL),
                         FLUX_OK);
    }
    assert_int_equal(flux_softmax_model.back(&flux_softmax_model, NULL, &in,
                                             &in, 4, NULL, &out, NULL),
                     FLUX_E_ARENA);
}

static void
affine_is_the_ordered_product(void **unused)
{
    (void)unused;
    static const size_t outs[] = {1, 5, 20};
    for (size_t k = 0; k < 3; k++) {
        size_t out = outs[k];
        flux_model *model = flux_affine(33, out);
        assert_non_null(model);
        assert_int_equal(model->nparam, 2);
        assert_int_equal(model->param[1].offset, 4 * 33 * out);
        float *m = calloc(34 * out, sizeof *m);
        assert_int_equal(model->init(model, m, 7), FLUX_OK);
        float limit = sqrtf(6.0f / (33.0f + (float)out));
        float low = 0.0f;
        float high = 0.0f;
        for (size_t i = 0; i < 33 * out; i++) {
            low = m[i] < low ? m[i] : low;
            high = m[i] > high ? m[i] : high;
        }
        assert_true(low < -0.7f * limit && high > 0.7f * limit);
        assert_true(low >= -limit && high <= limit);
        for (size_t i = 0; i < out; i++) {
            assert_true(m[33 * out + i] == 0.0f);
            m[33 * out + i] = 0.25f;
        }
        float x[66];
        float y[40];
        float want[40];
        fill(x, 66, 3);
        run_one(model, m, x, 2, y, 0, y, NULL);
        flux_order order = out == 1   ? FLUX_TREE16
                           : out < 16 ? FLUX_SPLIT4
                                      : FLUX_SEQ;
        flux_product_f32(flux_best_isa(), NULL, order, out, 2, 33, m, 1, out, x,
                         1, 33, want, 1, out, 0);
        for (size_t i = 0; i < 2 * out; i++)
            assert_true(y[i] == want[i] + 0.25f);
        free(m);
        flux_model_free(model);
    }
}

static void
affine_refuses(void **unused)
{
    (void)unused;
    assert_null(flux_affine(0, 3));
    assert_null(flux_affine(3, 0));
    assert_null(flux_affine(SIZE_MAX, 2));
    assert_null(flux_affine(SIZE_MAX / 8, 4));
    flux_model *a = flux_affine(2, 2);
    float m[6] = {1.0f, 2.0f, 3.0f, 4.0f, 5.0f, 6.0f};
    float g[6] = {0.0f};
    float x[2] = {0.0f};
    const void *in = x;
    void *out = g;
    void *same = x;
    void *own = m;
    assert_int_equal(a->init(a, NULL, 0), FLUX_E_NULL);
    assert_int_equal(a->forward(a, NULL, &in, 1, &out, NULL), FLUX_E_NULL);
    assert_int_equal(a->forward(a, m, &in, 1, &same, NULL), FLUX_E_OVERLAP);
    assert_int_equal(a->forward(a, m, &in, 1, &own, NULL), FLUX_E_OVERLAP);
    assert_int_equal(a->forward(a, m, &in, SIZE_MAX / 2, &out, NULL),
                     FLUX_E_SIZE);
    assert_int_equal(a->back(a, m, &in, &in, 1, NULL, NULL, NULL), FLUX_E_NULL);
    assert_int_equal(a->back(a, m, &in, &in, 1, m, NULL, NULL), FLUX_E_OVERLAP);
    assert_int_equal(a->back(a, m, &in, &in, 1, g, &same, NULL),
                     FLUX_E_OVERLAP);
    assert_int_equal(a->update(a, m, NULL, 1.0), FLUX_E_NULL);
    assert_int_equal(a->update(a, m, m, 1.0), FLUX_E_OVERLAP);
    g[5] = 2.0f;
    assert_int_equal(a->update(a, m, g, 0.5), FLUX_OK);
    assert_true(m[5] == 5.0f && g[5] == 0.0f && m[0] == 1.0f);
    flux_model_free(a);
}

/* The gradient of one number by central differences, h apart. */
static double
slope(const flux_model *model, const void *m, float *p, const float *x,
      size_t n, const float *dy, size_t outs, float *y, const flux_work *w)
{
    const float h = 1e-2f;
    float keep = *p;
    *p = keep + h;
    float up = run_one(model, m, x, n, dy, outs, y, w);
    *p = keep - h;
    float down = run_one(model, m, x, n, dy, outs, y, w);
    *p = keep;
    return (double)(up - down) / (double)(2 * h);
}

static void
chain_gradients_are_right(void **unused)
{
    (void)unused;
    enum { N = 3, IN = 5, OUT = 4 };
    flux_error err;
    const flux_model *inner =
        flux_chain(&err, flux_affine(6, 6), &flux_tanh_model);
    flux_model *model = flux_chain(&err, &flux_sigma_model, flux_affine(IN, 6),
                                   &flux_sigma_model, inner,
                                   flux_affine(6, OUT), &flux_softmax_model);
    assert_non_null(model);
    assert_int_equal(model->nparam, 6);
    assert_string_equal(model->param[0].name, "layer2.W");
    assert_string_equal(model->param[2].name, "layer4.W");
    assert_string_equal(model->param[5].name, "layer6.b");
    assert_int_equal(model->input->size, IN);
    assert_int_equal(model->output->size, OUT);

    flux_session *s = flux_open(model, 11, N);
    assert_non_null(s);
    float *m = flux_params(s);
    size_t bytes = model->arena(model, N);
    flux_work w = {.arena = malloc(bytes), .bytes = bytes};
    float x[N * IN];
    float dy[N * OUT];
    float dx[N * IN];
    float y[N * OUT];
    fill(x, N * IN, 21);
    fill(dy, N * OUT, 22);
    assert_int_equal(flux_back(s, dy, x, N, dx), FLUX_OK);
    for (size_t k = 0; k < model->nparam; k++) {
        const flux_param *p = &model->param[k];
        size_t size = p->rank == 2 ? p->dim[0] * p->dim[1] : p->dim[0];
        float *at = m + p->offset / sizeof *m;
        float *g = (float *)flux_grads(s) + p->grad_offset / sizeof *g;
        for (size_t i = 0; i < size; i++)
            assert_close((double)g[i],
                         slope(model, m, &at[i], x, N, dy, N * OUT, y, &w),
                         1.0);
    }
    for (size_t i = 0; i < N * IN; i++)
        assert_close((double)dx[i],
                     slope(model, m, &x[i], x, N, dy, N * OUT, y, &w), 1.0);
    free(w.arena);
    flux_close(s);
    flux_model_free(model);
}

static void
chain_does_not_depend_on_the_batch(void **unused)
{
    (void)unused;
    flux_model *model = flux_chain(NULL, flux_affine(9, 17), &flux_relu_model,
                                   flux_affine(17, 3), &flux_softmax_model);
    flux_session *s = flux_open(model, 1, 8);
    flux_session *one = flux_open(model, 1, 1);
    float x[8 * 9];
    float y[8 * 3];
    float z[8 * 3];
    fill(x, 8 * 9, 4);
    assert_int_equal(flux_forward(s, x, 8, y), FLUX_OK);
    assert_int_equal(flux_forward(one, x, 8, z), FLUX_OK);
    assert_memory_equal(y, z, sizeof y);
    assert_int_equal(flux_back(s, y, x, 8, NULL), FLUX_OK);
    assert_int_equal(flux_update(s, 0.1), FLUX_OK);
    assert_memory_not_equal(flux_params(s), flux_params(one), 9 * sizeof *x);
    flux_close(s);
    flux_close(one);
    flux_model_free(model);
}

static void
layers_draw_different_numbers(void **unused)
{
    (void)unused;
    flux_model *model = flux_chain(NULL, flux_affine(4, 4), flux_affine(4, 4));
    flux_model *alone = flux_affine(4, 4);
    flux_session *s = flux_open(model, 42, 1);
    float m[20];
    assert_int_equal(alone->init(alone, m, 42), FLUX_OK);
    const float *first = flux_params(s);
    const float *second = first + model->param[2].offset / sizeof *first;
    assert_memory_equal(first, m, sizeof m);
    assert_memory_not_equal(first, second, 16 * sizeof *first);
    flux_close(s);
    flux_model_free(model);
    flux_model_free(alone);
}

static void
chain_of_any_length(void **unused)
{
    (void)unused;
    flux_model *model =
        flux_chain(NULL, &flux_sigma_model, &flux_softmax_model);
    assert_int_equal(model->input->size, 0);
    assert_int_equal(model->bytes, 0);
    flux_session *s = flux_open(model, 1, 5);
    float x[5];
    float y[5];
    float dx[5];
    fill(x, 5, 4);
    assert_int_equal(flux_forward(s, x, 5, y), FLUX_OK);
    assert_true(fabsf(y[0] + y[1] + y[2] + y[3] + y[4] - 1.0f) < 1e-6f);
    assert_int_equal(flux_back(s, y, x, 5, dx), FLUX_OK);
    assert_int_equal(flux_update(s, 1.0), FLUX_OK);
    flux_close(s);
    flux_model_free(model);
}

static void
chain_of_generated_models(void **unused)
{
    (void)unused;
    flux_model *model = flux_chain(NULL, &fake_model, &fake_model);
    assert_non_null(model);
    assert_string_equal(model->param[5].name, "layer2.fixed.steps");
    assert_true(model->param[5].grad_offset == FLUX_NO_GRAD);
    flux_session *s = flux_open(model, 3, 4);
    Fake *first = flux_params(s);
    Fake *second =
        (Fake *)((unsigned char *)flux_params(s) + model->param[3].offset);
    assert_true(first->a == 3.0 && second->a != 3.0);
    second->a = 5.0;
    second->b = 1.0;
    double x[4] = {1.0, 2.0, 3.0, 4.0};
    double y[4];
    assert_int_equal(flux_forward(s, x, 4, y), FLUX_OK);
    assert_true(y[0] == 16.0 && y[3] == 61.0);
    flux_close(s);
    flux_model_free(model);
}

static void
chain_refuses_parts(void **unused)
{
    (void)unused;
    flux_error err;
    assert_null(flux_chain_of(NULL, 3, &err));
    assert_string_equal(err.text, "a chain without layers");
    assert_null(flux_chain(&err, flux_affine(3, 4), &flux_sigma_model,
                           flux_affine(5, 2)));
    assert_string_equal(
        err.text, "layer 3, affine, takes 5 values, layer 2, sigma, gives 4");
    assert_null(flux_chain(NULL, flux_affine(3, 4), flux_affine(5, 2)));
    assert_null(flux_chain(&err, flux_affine(3, 4), flux_affine(0, 2)));
    assert_string_equal(err.text, "layer 2 is NULL");
    assert_null(flux_chain(&err, flux_affine(3, 1), &fake_model));
    assert_non_null(strstr(err.text, "layer 2, fake, computes in f64"));
    flux_model other = fake_model;
    other.abi = 9;
    assert_null(flux_chain(&err, &other));
    assert_non_null(strstr(err.text, "ABI 9"));
    other = fake_model;
    other.ninput = 2;
    assert_null(flux_chain(&err, &other));
    assert_non_null(strstr(err.text, "2 inputs"));
    flux_port any = {"y", FLUX_F64, 1, {0}, 0};
    other = fake_model;
    other.output = &any;
    assert_null(flux_chain(&err, &other));
    assert_non_null(strstr(err.text, "any length"));
    flux_model huge = fake_model;
    huge.bytes = PTRDIFF_MAX / 2 + 100;
    assert_null(flux_chain(&err, &huge, &huge));
    assert_non_null(strstr(err.text, "overflows"));
}

static void
chain_owns_its_parts(void **unused)
{
    (void)unused;
    flux_error err;
    flux_model *twice = flux_affine(2, 2);
    assert_null(flux_chain(&err, twice, twice));
    assert_non_null(strstr(err.text, "already belongs"));
    flux_model *part = flux_affine(2, 2);
    flux_model *chain = flux_chain(&err, part, &flux_sigma_model);
    assert_null(flux_chain(&err, part));
    flux_model_free(part); /* the chain's: nothing happens */
    assert_int_equal(chain->nparam, 2);
    assert_null(flux_chain(&err, chain, part)); /* frees both, once */
    flux_model_free(NULL);
    flux_model_free(&flux_sigma_model);
    flux_model_free(&fake_model);
}

static void
chain_refuses_arguments(void **unused)
{
    (void)unused;
    flux_model *c = flux_chain(NULL, flux_affine(2, 2), &flux_sigma_model);
    static unsigned char arena[4096];
    static float m[64];
    float g[64] = {0.0f};
    float x[2] = {0.0f};
    float y[2] = {7.0f, 7.0f};
    const void *in = x;
    const void *none = NULL;
    void *out = y;
    void *same = x;
    void *inside = arena;
    flux_work w = {.arena = arena, .bytes = sizeof arena};
    flux_work small = {.arena = arena, .bytes = c->arena(c, 1) - 1};
    assert_int_equal(c->forward(c, m, NULL, 1, &out, &w), FLUX_E_NULL);
    assert_int_equal(c->forward(c, m, &none, 1, &out, &w), FLUX_E_NULL);
    assert_int_equal(c->forward(c, NULL, &in, 1, &out, &w), FLUX_E_NULL);
    assert_int_equal(c->forward(c, m, &in, 1, &out, NULL), FLUX_E_ARENA);
    assert_int_equal(c->forward(c, m, &in, 1, &out, &small), FLUX_E_ARENA);
    assert_int_equal(c->forward(c, m, &in, 1, &same, &w), FLUX_E_OVERLAP);
    assert_int_equal(c->forward(c, m, &in, 1, &inside, &w), FLUX_E_OVERLAP);
    assert_int_equal(c->forward(c, m, &in, SIZE_MAX / 2, &out, &w),
                     FLUX_E_SIZE);
    assert_true(y[0] == 7.0f);
    assert_int_equal(c->arena(c, SIZE_MAX / 2), SIZE_MAX);
    assert_int_equal(c->back_arena(c, SIZE_MAX / 2), SIZE_MAX);
    assert_int_equal(c->back(c, m, &in, NULL, 1, g, NULL, &w), FLUX_E_NULL);
    assert_int_equal(c->back(c, m, &in, &in, 1, NULL, NULL, &w), FLUX_E_NULL);
    assert_int_equal(c->back(c, m, &in, &in, 1, m, NULL, &w), FLUX_E_OVERLAP);
    assert_int_equal(c->back(c, m, &in, &in, 1, g, &same, &w), FLUX_E_OVERLAP);
    assert_int_equal(c->back(c, m, &in, &in, 1, g, NULL, &small), FLUX_E_ARENA);
    assert_int_equal(c->back(c, m, &in, &in, 0, g, NULL, &w), FLUX_OK);
    assert_int_equal(c->init(c, NULL, 1), FLUX_E_NULL);
    assert_int_equal(c->update(c, m, NULL, 1.0), FLUX_E_NULL);
    assert_int_equal(c->update(c, m, m, 1.0), FLUX_E_OVERLAP);
    flux_model_free(c);
}

/* What compilers without vectors are told is what this one finds. */
static void
library_knows_the_machine(void **unused)
{
    (void)unused;
#ifndef FLUX_FORCE_ISA
    for (int i = 0; i < 2; i++) /* the answer is kept */
        assert_int_equal(flux_library_isa(), flux_best_isa());
#endif
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(activations_have_their_values_and_slopes),
        cmocka_unit_test(softmax_keeps_its_order),
        cmocka_unit_test(activations_refuse),
        cmocka_unit_test(affine_is_the_ordered_product),
        cmocka_unit_test(affine_refuses),
        cmocka_unit_test(chain_gradients_are_right),
        cmocka_unit_test(chain_does_not_depend_on_the_batch),
        cmocka_unit_test(layers_draw_different_numbers),
        cmocka_unit_test(chain_of_any_length),
        cmocka_unit_test(chain_of_generated_models),
        cmocka_unit_test(chain_refuses_parts),
        cmocka_unit_test(chain_owns_its_parts),
        cmocka_unit_test(chain_refuses_arguments),
        cmocka_unit_test(library_knows_the_machine),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
