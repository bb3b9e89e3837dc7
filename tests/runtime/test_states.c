/* test_states.c - models that keep a state between calls, in sessions and in
 * chains. The model is written by hand: with h = s + a * x, y = h * h, and h is
 * the next s; all numbers are small whole ones, so that every value is exact.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/runtime/fake.h"

#include <stdlib.h>
#include <string.h>

/* The first s is b. */
static flux_status
reset(const flux_model *self, const void *m, void *state, size_t n)
{
    (void)self;
    const Fake *f = m;
    double *s = state;
    for (size_t i = 0; i < n; i++)
        s[i] = f->b;
    return f->b < 0.0 ? FLUX_E_UNSUPPORTED : FLUX_OK;
}

static flux_status
forward(const flux_model *self, const void *m, const void *const *x, size_t n,
        void *const *y, const flux_work *w)
{
    (void)self;
    const Fake *f = m;
    double *s = w->state;
    for (size_t i = 0; i < n; i++) {
        double h = (s != NULL ? s[i] : f->b) + f->a * ((const double *)x[0])[i];
        ((double *)y[0])[i] = h * h;
        if (s != NULL)
            s[i] = h;
    }
    return f->a == 0.0 ? FLUX_E_UNSUPPORTED : FLUX_OK;
}

/* The state is what it was before the step, and stays. */
static flux_status
back(const flux_model *self, const void *m, const void *const *dy,
     const void *const *x, size_t n, void *g, void *const *dx,
     const flux_work *w)
{
    (void)self;
    const Fake *f = m;
    const double *s = w->state;
    for (size_t i = 0; i < n; i++) {
        double in = ((const double *)x[0])[i];
        double dh = ((const double *)dy[0])[i] * 2.0 *
                    ((s != NULL ? s[i] : f->b) + f->a * in);
        ((FakeGrad *)g)->a += dh * in;
        if (dx[0] != NULL)
            ((double *)dx[0])[i] = dh * f->a;
    }
    return f->a == 9.0 ? FLUX_E_UNSUPPORTED : FLUX_OK;
}

static flux_model
stateful(void)
{
    flux_model model = fake_model;
    model.state = 1;
    model.stepped = 1;
    model.reset = reset;
    model.forward = forward;
    model.back = back;
    return model;
}

static void
session_keeps_the_state(void **unused)
{
    (void)unused;
    flux_model model = stateful();
    flux_session *s = flux_open(&model, 2, 2); /* a = 2, b = 0 */
    assert_non_null(s);
    double x[3] = {1.0, 2.0, 3.0};
    double y[3];
    assert_int_equal(flux_forward(s, x, 2, y), FLUX_OK);
    assert_true(y[0] == 4.0 && y[1] == 16.0);
    assert_int_equal(flux_forward(s, x, 2, y), FLUX_OK);
    assert_true(y[0] == 16.0 && y[1] == 64.0);

    /* What is kept is of two samples. */
    assert_int_equal(flux_forward(s, x, 1, y), FLUX_E_SIZE);
    assert_int_equal(flux_forward(s, x, 3, y), FLUX_E_SIZE);
    assert_int_equal(flux_forward(s, x, 0, y), FLUX_OK);
    flux_reset(s);
    assert_int_equal(flux_forward(s, x, 1, y), FLUX_OK);
    assert_true(y[0] == 4.0);

    /* Each call begins anew. */
    flux_session_keep(s, 0);
    for (int turn = 0; turn < 2; turn++) {
        assert_int_equal(flux_forward(s, x, 3, y), FLUX_OK);
        assert_true(y[0] == 4.0 && y[2] == 36.0);
    }
    flux_session_keep(s, 1);
    ((Fake *)flux_params(s))->b = -1.0;
    assert_int_equal(flux_forward(s, x, 1, y), FLUX_E_UNSUPPORTED);
    ((Fake *)flux_params(s))->b = 1.0;
    assert_int_equal(flux_forward(s, x, 1, y), FLUX_OK);
    assert_true(y[0] == 9.0);
    flux_close(s);
}

/* Two of them, with a = 2 and a = 3, and one without a state between. */
typedef struct Pair {
    flux_model part;
    flux_model *chain;
    Fake *m;
    double g[24];    /* 64 bytes a part */
    double state[4]; /* of two samples, part after part */
    double arena[64];
    flux_work work;
} Pair;

static void
pair_open(Pair *p)
{
    *p = (Pair){.part = stateful()};
    p->chain = flux_chain(NULL, &p->part, &fake_model, &p->part);
    assert_non_null(p->chain);
    assert_int_equal(p->chain->state, 2);
    p->m = calloc(1, p->chain->bytes);
    assert_int_equal(p->chain->init(p->chain, p->m, 0), FLUX_OK);
    const double a[3] = {2.0, 1.0, 3.0};
    for (int i = 0; i < 3; i++) {
        Fake *f =
            (Fake *)((unsigned char *)p->m + p->chain->param[3 * i].offset);
        *f = (Fake){a[i], 0.0, 0};
    }
    p->work = (flux_work){.arena = p->arena, .bytes = sizeof p->arena};
}

static void
pair_close(Pair *p)
{
    free(p->m);
    flux_model_free(p->chain);
}

static flux_status
pair_forward(Pair *p, const double *x, double *y)
{
    const void *in = x;
    void *out = y;
    return p->chain->forward(p->chain, p->m, &in, 2, &out, &p->work);
}

static void
chain_keeps_the_states_of_its_parts(void **unused)
{
    (void)unused;
    Pair p;
    pair_open(&p);
    const double x[2] = {1.0, 0.0};
    double y[2];
    assert_true(p.chain->arena(p.chain, 2) <= sizeof p.arena);
    assert_int_equal(p.chain->reset(p.chain, NULL, p.state, 2), FLUX_E_NULL);
    assert_int_equal(p.chain->reset(p.chain, p.m, NULL, 2), FLUX_E_NULL);
    p.m->b = 1.0;
    assert_int_equal(p.chain->reset(p.chain, p.m, p.state, 2), FLUX_OK);
    const double first[4] = {1.0, 1.0, 0.0, 0.0};
    assert_memory_equal(p.state, first, sizeof first);

    /* h = 1 + 2 x; then 3 h h, squared. */
    p.work.state = p.state;
    assert_int_equal(pair_forward(&p, x, y), FLUX_OK);
    const double next[4] = {3.0, 1.0, 27.0, 3.0};
    assert_memory_equal(p.state, next, sizeof next);
    assert_true(y[0] == 27.0 * 27.0 && y[1] == 9.0);

    /* Another step goes on, and without a state it is the first again. */
    assert_int_equal(pair_forward(&p, x, y), FLUX_OK);
    assert_true(y[0] == (27.0 + 75.0) * (27.0 + 75.0) && y[1] == 36.0);
    p.work.state = NULL;
    assert_int_equal(pair_forward(&p, x, y), FLUX_OK);
    assert_true(y[0] == 27.0 * 27.0 && y[1] == 9.0);

    p.m->b = -1.0;
    assert_int_equal(p.chain->reset(p.chain, p.m, p.state, 2),
                     FLUX_E_UNSUPPORTED);
    pair_close(&p);
}

static void
chain_goes_back_from_the_states(void **unused)
{
    (void)unused;
    Pair p;
    pair_open(&p);
    const double x[2] = {1.0, 2.0};
    const double one[2] = {1.0, 1.0};
    double dx[2];
    const void *in = x;
    const void *seed = one;
    void *out = dx;
    const double before[4] = {1.0, 0.0, 5.0, 0.0};
    memcpy(p.state, before, sizeof before);
    p.work.state = p.state;
    assert_true(p.chain->back_arena(p.chain, 2) <= sizeof p.arena);
    assert_int_equal(
        p.chain->back(p.chain, p.m, &seed, &in, 2, p.g, &out, &p.work),
        FLUX_OK);
    assert_memory_equal(p.state, before, sizeof before);

    /* h = 1 + 2, k = 5 + 3 h h: dk = 2 k, dh = 3 dk 2 h; the other sample:
     * h = 4, k = 48.
     */
    double dh[2] = {3.0 * 64.0 * 6.0, 3.0 * 96.0 * 8.0};
    assert_true(dx[0] == 2.0 * dh[0] && dx[1] == 2.0 * dh[1]);
    assert_true(p.g[0] == dh[0] * 1.0 + dh[1] * 2.0);
    assert_true(p.g[16] == 64.0 * 9.0 + 96.0 * 16.0);
    pair_close(&p);
}

/* What a part refuses, the chain does; no part behind it is called. */
static void
chain_stops_where_a_part_refuses(void **unused)
{
    (void)unused;
    Pair p;
    pair_open(&p);
    const double x[2] = {1.0, 2.0};
    double y[2] = {7.0, 7.0};
    const void *in = x;
    void *none = NULL;
    p.m->a = 0.0;
    assert_int_equal(pair_forward(&p, x, y), FLUX_E_UNSUPPORTED);
    assert_true(y[0] == 7.0);
    assert_int_equal(
        p.chain->back(p.chain, p.m, &in, &in, 2, p.g, &none, &p.work),
        FLUX_E_UNSUPPORTED);
    assert_true(p.g[16] == 0.0);
    p.m->a = 9.0;
    assert_int_equal(
        p.chain->back(p.chain, p.m, &in, &in, 2, p.g, &none, &p.work),
        FLUX_E_UNSUPPORTED);
    pair_close(&p);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(session_keeps_the_state),
        cmocka_unit_test(chain_keeps_the_states_of_its_parts),
        cmocka_unit_test(chain_goes_back_from_the_states),
        cmocka_unit_test(chain_stops_where_a_part_refuses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
