/* test_random.c - Philox by known answers (those of the Random123
 * distribution), uniform and normal numbers by their moments and quantiles.
 */
#include "kernels/flux_random.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void
test_known_answers(void **state)
{
    (void)state;
    const struct {
        uint64_t seed;
        uint64_t stream;
        uint64_t element;
        uint32_t want[4];
    } rows[] = {
        {0, 0, 0, {0x6627e8d5u, 0xe169c58du, 0xbc57ac4cu, 0x9b00dbd8u}},
        {UINT64_MAX,
         UINT64_MAX,
         UINT64_MAX,
         {0x408f276du, 0x41c83b0eu, 0xa20bc7c6u, 0x6d5451fdu}},
        {0x299f31d0a4093822u,
         0x0370734413198a2eu,
         0x85a308d3243f6a88u,
         {0xd16cfe09u, 0x94fdccebu, 0x5001e420u, 0x24126ea1u}},
    };
    for (int i = 0; i < 3; i++) {
        uint32_t out[4];
        flux_philox(rows[i].seed, rows[i].stream, rows[i].element, out);
        assert_memory_equal(out, rows[i].want, sizeof out);
    }
}

static void
test_uniform(void **state)
{
    (void)state;
    double sum = 0.0;
    double square = 0.0;
    enum { N = 200000 };
    for (uint64_t i = 0; i < N; i++) {
        double u = flux_uniform(42, 7, i);
        assert_true(u >= 0.0 && u < 1.0);
        sum += u;
        square += u * u;
    }
    assert_true(fabs(sum / N - 0.5) < 0.003);
    assert_true(fabs(square / N - 1.0 / 3.0) < 0.003);
    assert_true(flux_uniform(42, 7, 0) != flux_uniform(42, 8, 0));
    assert_true(flux_uniform(42, 7, 0) != flux_uniform(43, 7, 0));
}

static void
test_normal(void **state)
{
    (void)state;
    double moment[5] = {0};
    enum { N = 200000 };
    for (uint64_t i = 0; i < N; i++) {
        double z = flux_normal(42, 7, i);
        double power = 1.0;
        for (int k = 0; k < 5; k++) {
            moment[k] += power / N;
            power *= z;
        }
    }
    assert_true(fabs(moment[1]) < 0.01);
    assert_true(fabs(moment[2] - 1.0) < 0.015);
    assert_true(fabs(moment[3]) < 0.04);
    assert_true(fabs(moment[4] - 3.0) < 0.1);
}

/* Phi of the quantile is the probability again, to a few parts in 10^15. */
static void
test_quantile(void **state)
{
    (void)state;
    for (double p = 1e-300; p < 0.5; p *= 1.7) {
        double x = flux_normal_quantile(p);
        double back = 0.5 * erfc(-x * 0.70710678118654752);
        double slack = 1e-15 + 4e-16 * x * x;
        assert_true(fabs(back - p) <= slack * p * 4.0);
    }
    for (double p = 0.01; p < 1.0; p += 0.01)
        assert_true(fabs(flux_normal_quantile(p) +
                         flux_normal_quantile(1.0 - p)) < 1e-14);
    assert_true(flux_normal_quantile(0.5) == 0.0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_answers),
        cmocka_unit_test(test_uniform),
        cmocka_unit_test(test_normal),
        cmocka_unit_test(test_quantile),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
