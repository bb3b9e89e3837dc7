/* test_math.c - bounds of the elementary functions on samples (ulp.c tries
 * all floats), their exact values, fma against the hardware's, conversions.
 */
#include "tests/kernels/reference.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void
test_bounds_f32(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof functions_f32 / sizeof *functions_f32; i++) {
        const ulp_f32 *row = &functions_f32[i];
        for (uint64_t bits = i; bits < (uint64_t)1 << 32; bits += 50021) {
            float x = flux_f32_from((uint32_t)bits);
            double error = ulp_error_f32(row->f(x), row->reference((double)x));
            if (!(error <= row->bound))
                fail_msg("%s(%a) is %g ulp off", row->name, (double)x, error);
        }
    }
}

static void
test_bounds_f64(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof functions_f64 / sizeof *functions_f64; i++) {
        const ulp_f64 *row = &functions_f64[i];
        uint64_t random = i;
        for (int t = 0; t < 20000; t++) {
            double x = reference_double(&random);
            double error =
                ulp_error_f64(row->f(x), row->reference((long double)x));
            if (!(error <= row->bound))
                fail_msg("%s(%a) is %g ulp off", row->name, x, error);
        }
    }
}

static void
test_pow(void **state)
{
    (void)state;
    uint64_t random = 7;
    for (int t = 0; t < 100000; t++) {
        double x = reference_double(&random);
        double y = reference_double(&random);
        double error =
            ulp_error_f64(flux_pow(x, y), powl((long double)x, (long double)y));
        if (!(error <= 2.0))
            fail_msg("pow(%a, %a) is %g ulp off", x, y, error);
        float u = (float)x;
        float v = (float)y;
        error = ulp_error_f32(flux_powf(u, v), pow((double)u, (double)v));
        if (!(error <= 2.0))
            fail_msg("powf(%a, %a) is %g ulp off", (double)u, (double)v, error);
    }
}

static void
test_signs_of_zero(void **state)
{
    (void)state;
    float (*const odd[])(float) = {flux_sinf,   flux_tanhf,  flux_expm1f,
                                   flux_log1pf, flux_erff,   flux_floorf,
                                   flux_ceilf,  flux_roundf, flux_geluf};
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
        assert_int_equal(flux_f32_bits(odd[i](0.0f)), 0);
        assert_int_equal(flux_f32_bits(odd[i](-0.0f)), 0x80000000u);
    }
    assert_true(signbit(flux_pow(-0.0, 3.0)));
    assert_false(signbit(flux_pow(-0.0, 2.0)));
    assert_true(flux_pow(-0.0, -3.0) == -HUGE_VAL);
}

static int
same_f64(double a, double b)
{
    return flux_f64_bits(a) == flux_f64_bits(b) || (a != a && b != b);
}

static int
same_f32(float a, float b)
{
    return flux_f32_bits(a) == flux_f32_bits(b) || (a != a && b != b);
}

/* A value near +-magnitude of x * y, so that sums cancel. */
static double
opposite(double x, double y, uint64_t *random)
{
    double p = -(x * y);
    uint64_t nudge = reference_random(random) % 5;
    return isfinite(p) && p != 0.0 ? flux_f64_from(flux_f64_bits(p) + nudge)
                                   : p;
}

static void
test_fma(void **state)
{
    (void)state;
    uint64_t random = 3;
    for (int t = 0; t < 1000000; t++) {
        double a = reference_double(&random);
        double b = reference_double(&random);
        double c =
            t % 3 == 0 ? opposite(a, b, &random) : reference_double(&random);
        if (!same_f64(flux_soft_fma(a, b, c), __builtin_fma(a, b, c)))
            fail_msg("fma(%a, %a, %a)", a, b, c);
        float u = t % 4 ? (float)a : flux_f32_from((uint32_t)(random >> 9));
        float v = (float)b;
        float w = t % 3 == 0 ? -u * v : (float)c;
        if (!same_f32(flux_soft_fmaf(u, v, w), __builtin_fmaf(u, v, w)))
            fail_msg("fmaf(%a, %a, %a)", (double)u, (double)v, (double)w);
    }
}

static void
test_rounding(void **state)
{
    (void)state;
    uint64_t random = 5;
    for (int t = 0; t < 200000; t++) {
        double x = reference_double(&random);
        float u = (float)x;
        assert_true(same_f64(flux_floor(x), floor(x)));
        assert_true(same_f64(flux_ceil(x), ceil(x)));
        assert_true(same_f64(flux_round(x), nearbyint(x)));
        assert_true(same_f32(flux_floorf(u), floorf(u)));
        assert_true(same_f32(flux_ceilf(u), ceilf(u)));
        assert_true(same_f32(flux_roundf(u), nearbyintf(u)));
        assert_true(same_f64(flux_sqrt(x), sqrt(x)));
        assert_true(same_f32(flux_sqrtf(u), sqrtf(u)));
    }
}

static void
test_conversions(void **state)
{
    (void)state;
    assert_int_equal(flux_f32_to_i32(3e9f), INT32_MAX);
    assert_int_equal(flux_f32_to_i32(-3e9f), INT32_MIN);
    assert_int_equal(flux_f32_to_i32(-1.9f), -1);
    assert_int_equal(flux_f32_to_i32((float)NAN), 0);
    assert_int_equal(flux_f64_to_i32(2147483646.9), 2147483646);
    assert_int_equal(flux_f64_to_i32(HUGE_VAL), INT32_MAX);
    assert_int_equal(flux_f64_to_i32(-HUGE_VAL), INT32_MIN);
    assert_int_equal(flux_f64_to_u32(4294967294.5), 4294967294u);
    assert_int_equal(flux_f64_to_u32(5e9), UINT32_MAX);
    assert_int_equal(flux_f32_to_u32(-0.5f), 0);
    assert_int_equal(flux_f32_to_u32((float)NAN), 0);
}

static void
test_small_functions(void **state)
{
    (void)state;
    float nan = (float)NAN;
    assert_true(flux_signf(-3.0f) == -1.0f && flux_signf(2.0f) == 1.0f);
    assert_true(flux_signf(0.0f) == 0.0f && isnan(flux_signf(nan)));
    assert_true(flux_maxf(nan, 1.0f) == 1.0f && isnan(flux_maxf(1.0f, nan)));
    assert_true(flux_minf(nan, 1.0f) == 1.0f && isnan(flux_minf(1.0f, nan)));
    assert_true(flux_absf(-2.0f) == 2.0f && flux_abs(-2.0) == 2.0);
    assert_int_equal(flux_check_fp(), 1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bounds_f32),
        cmocka_unit_test(test_bounds_f64),
        cmocka_unit_test(test_pow),
        cmocka_unit_test(test_signs_of_zero),
        cmocka_unit_test(test_fma),
        cmocka_unit_test(test_rounding),
        cmocka_unit_test(test_conversions),
        cmocka_unit_test(test_small_functions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
