/* test_session.c - status texts, arena helpers, sessions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/runtime/fake.h"

#include <string.h>

static void
status_texts_differ(void **unused)
{
    (void)unused;
    for (int i = FLUX_OK; i <= FLUX_E_DEVICE; i++) {
        assert_string_not_equal(flux_status_text((flux_status)i),
                                "unknown status");
        for (int k = FLUX_OK; k < i; k++)
            assert_string_not_equal(flux_status_text((flux_status)i),
                                    flux_status_text((flux_status)k));
    }
    assert_string_equal(flux_status_text((flux_status)99), "unknown status");
}

static void
dtypes(void **unused)
{
    (void)unused;
    assert_int_equal(flux_dtype_size(FLUX_F32), 4);
    assert_int_equal(flux_dtype_size(FLUX_F64), 8);
    assert_int_equal(flux_dtype_size(FLUX_I32), 4);
    assert_int_equal(flux_dtype_size(FLUX_U32), 4);
    assert_int_equal(flux_dtype_size(FLUX_BOOL), 1);
    assert_int_equal(flux_dtype_size((flux_dtype)77), 0);
    assert_string_equal(flux_dtype_name(FLUX_BOOL), "bool");
    assert_string_equal(flux_dtype_name((flux_dtype)77), "?");
}

static void
arena_helpers(void **unused)
{
    (void)unused;
    _Static_assert(FLUX_ALIGN(0) == 0 && FLUX_ALIGN(1) == 64 &&
                       FLUX_ALIGN(64) == 64 && FLUX_ALIGN(65) == 128,
                   "FLUX_ALIGN is a constant expression");
    static unsigned char memory[256];
    assert_null(flux_arena_base(NULL));
    for (size_t i = 0; i < 64; i++) {
        flux_work w = {.arena = memory + i, .bytes = 128};
        unsigned char *base = flux_arena_base(&w);
        assert_int_equal((uintptr_t)base % 64, 0);
        assert_in_range((size_t)(base - (memory + i)), 0, 63);
    }
    flux_work none = {0};
    assert_null(flux_arena_base(&none));
    assert_true(flux_overlap(memory, 10, memory + 9, 1));
    assert_true(flux_overlap(memory + 9, 1, memory, 10));
    assert_false(flux_overlap(memory, 10, memory + 10, 10));
    assert_false(flux_overlap(memory + 10, 10, memory, 10));
    assert_false(flux_overlap(memory, 0, memory, 10));
    assert_false(flux_overlap(NULL, 10, memory, 10));
}

static void
session_runs_and_splits(void **unused)
{
    (void)unused;
    flux_session *s = flux_open(&fake_model, 3, 2);
    assert_non_null(s);
    assert_ptr_equal(flux_session_model(s), &fake_model);
    double x[5] = {1.0, 2.0, 3.0, 4.0, 5.0};
    double y[5] = {0.0};
    assert_int_equal(flux_forward(s, x, 5, y), FLUX_OK);
    for (int i = 0; i < 5; i++)
        assert_true(y[i] == 3.0 * x[i]);
    double dy[5] = {1.0, 1.0, 1.0, 1.0, 2.0};
    double dx[5] = {0.0};
    assert_int_equal(flux_back(s, dy, x, 5, dx), FLUX_OK);
    const FakeGrad *g = flux_grads(s);
    assert_true(g->a == 20.0 && g->b == 6.0);
    assert_true(dx[0] == 3.0 && dx[4] == 6.0);
    assert_int_equal(flux_back(s, dy, x, 5, NULL), FLUX_OK);
    assert_true(g->a == 40.0 && g->b == 12.0);
    assert_int_equal(flux_update(s, 0.5), FLUX_OK);
    const Fake *f = flux_params(s);
    assert_true(f->a == 3.0 - 20.0 && f->b == -6.0);
    assert_true(g->a == 0.0 && g->b == 0.0);
    assert_int_equal(flux_forward(s, x, 0, y), FLUX_OK);
    flux_close(s);
}

static void
session_takes_arrays_of_pointers(void **unused)
{
    (void)unused;
    flux_session *s = flux_open(&fake_model, 2, 0);
    assert_non_null(s);
    double x[3] = {1.0, 2.0, 3.0};
    double y[3] = {0.0};
    double dx[3] = {0.0};
    const void *in[] = {x};
    void *out[] = {y};
    void *din[] = {dx};
    assert_int_equal(flux_forward_all(s, in, 3, out), FLUX_OK);
    assert_true(y[2] == 6.0);
    assert_int_equal(flux_back_all(s, in, in, 3, din), FLUX_OK);
    assert_true(dx[2] == 6.0);
    assert_int_equal(flux_back_all(s, in, in, 3, NULL), FLUX_OK);
    assert_true(((FakeGrad *)flux_grads(s))->a == 28.0);
    flux_close(s);
}

static void
session_refuses(void **unused)
{
    (void)unused;
    double x[1] = {1.0};
    assert_null(flux_open(NULL, 0, 1));
    flux_model other = fake_model;
    other.abi = FLUX_ABI + 1;
    assert_null(flux_open(&other, 0, 1));
    other = fake_model;
    other.bytes = SIZE_MAX;
    assert_null(flux_open(&other, 0, 1));
    assert_null(flux_open(&fake_model, 0, SIZE_MAX / 4));
    other = fake_model;
    other.ninput = 17;
    assert_null(flux_open(&other, 0, 1));
    flux_close(NULL);
    assert_int_equal(flux_forward(NULL, x, 1, x), FLUX_E_NULL);
    assert_int_equal(flux_back(NULL, x, x, 1, x), FLUX_E_NULL);
    assert_int_equal(flux_update(NULL, 0.1), FLUX_E_NULL);

    flux_session *s = flux_open(&fake_model, 0, 1);
    assert_int_equal(flux_forward(s, NULL, 1, x), FLUX_E_NULL);
    assert_int_equal(flux_forward(s, x, 1, NULL), FLUX_E_NULL);
    assert_int_equal(flux_back(s, NULL, x, 1, NULL), FLUX_E_NULL);
    assert_int_equal(flux_forward_all(s, NULL, 1, NULL), FLUX_E_NULL);
    assert_int_equal(flux_back_all(s, NULL, NULL, 1, NULL), FLUX_E_NULL);
    flux_close(s);
    other = fake_model;
    other.ninput = 0;
    s = flux_open(&other, 0, 1);
    assert_int_equal(flux_forward(s, x, 1, x), FLUX_E_UNSUPPORTED);
    flux_close(s);
}

static void
session_of_any_length_is_not_split(void **unused)
{
    (void)unused;
    flux_session *s = flux_open(&flux_relu_model, 0, 3);
    float x[4] = {-1.0f, 0.0f, 2.0f, 3.0f};
    float y[4] = {9.0f, 9.0f, 9.0f, 9.0f};
    assert_int_equal(flux_forward(s, x, 4, y), FLUX_E_SIZE);
    assert_true(y[0] == 9.0f);
    assert_int_equal(flux_forward(s, x, 3, y), FLUX_OK);
    assert_true(y[0] == 0.0f && y[1] == 0.0f && y[2] == 2.0f);
    flux_close(s);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(status_texts_differ),
        cmocka_unit_test(dtypes),
        cmocka_unit_test(arena_helpers),
        cmocka_unit_test(session_runs_and_splits),
        cmocka_unit_test(session_takes_arrays_of_pointers),
        cmocka_unit_test(session_refuses),
        cmocka_unit_test(session_of_any_length_is_not_split),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
