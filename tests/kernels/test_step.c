/* test_step.c - a product that ends in a step, c -= eta (a b), where its sums,
 * its results or eta are zeros of either sign, subnormal, infinite or no
 * number: against plain loops, bit for bit, on every instruction set at hand.
 */
#define FLUX_KERNELS_HERE 1 /* also what no program calls */
#include "kernels/flux_product.h"

#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { SPECIAL = 17, M = 2 * 64 + SPECIAL, N = 4 * 13 + 3, DEEP = 600 };

/* The first term of row i times that of column j is the sum: each special
 * number, its square among them, which may be less than any number. The other
 * terms are -0, which leave it as it is, also -0. */
#define STEP(T, S, FMA, LEAST, NORMAL, MOST)                                   \
    static const T special_##S[SPECIAL] = {                                    \
        0,     -(T)0,  1,        -1,        (T)0.37,    (T)-0.37,              \
        LEAST, -LEAST, NORMAL,   -NORMAL,   NORMAL / 2, -3 * LEAST,            \
        MOST,  -MOST,  INFINITY, -INFINITY, NAN,                               \
    };                                                                         \
                                                                               \
    static void expect_##S(size_t k, const T *a, const T *b, T eta, T *c)      \
    {                                                                          \
        for (size_t j = 0; j < N; j++)                                         \
            for (size_t i = 0; i < M; i++) {                                   \
                T total = 0;                                                   \
                for (size_t k0 = 0; k0 < k; k0 += 512) {                       \
                    T sum = 0;                                                 \
                    for (size_t p = k0; p < k && p < k0 + 512; p++)            \
                        sum = FMA(a[i + p * M], b[p + j * k], sum);            \
                    total = total + sum;                                       \
                }                                                              \
                c[i + j * M] = c[i + j * M] - eta * total;                     \
            }                                                                  \
    }                                                                          \
                                                                               \
    static void fill_##S(size_t k, T *a, T *b, T *c)                           \
    {                                                                          \
        for (size_t i = 0; i < M * k; i++)                                     \
            a[i] = i < M ? special_##S[i % SPECIAL] : -(T)0;                   \
        for (size_t j = 0; j < N; j++)                                         \
            for (size_t p = 0; p < k; p++)                                     \
                b[p + j * k] = p ? 1 : special_##S[j % SPECIAL];               \
        for (size_t i = 0; i < M * N; i++)                                     \
            c[i] = special_##S[i / 7 % SPECIAL];                               \
    }                                                                          \
                                                                               \
    static void check_##S(size_t k)                                            \
    {                                                                          \
        static T a[M * DEEP], b[DEEP * N], old[M * N], want[M * N], c[M * N];  \
        fill_##S(k, a, b, old);                                                \
        for (int e = 0; e < SPECIAL; e++) {                                    \
            const T eta = special_##S[e];                                      \
            const flux_product_end end = {FLUX_STEP, (double)eta, NULL};       \
            memcpy(want, old, sizeof old);                                     \
            expect_##S(k, a, b, eta, want);                                    \
            for (int isa = 0; isa <= (int)flux_best_isa(); isa++) {            \
                memcpy(c, old, sizeof old);                                    \
                flux_product_isa_##S((flux_isa)isa, FLUX_SEQ, M, N, k, a, 1,   \
                                     M, b, 1, k, c, 1, M, end);                \
                for (size_t i = 0; i < M * N; i++)                             \
                    if (!isnan(want[i]) || !isnan(c[i]))                       \
                        assert_memory_equal(&c[i], &want[i], sizeof *c);       \
            }                                                                  \
        }                                                                      \
    }

STEP(float, f32, fmaf, 0x1p-149f, FLT_MIN, FLT_MAX)
STEP(double, f64, fma, 0x1p-1074, DBL_MIN, DBL_MAX)

/* One block of so few terms, of some, and several blocks. */
static void
test_step(void **state)
{
    static const size_t terms[] = {1, 2, 3, 40, DEEP};
    (void)state;
    for (size_t i = 0; i < sizeof terms / sizeof *terms; i++) {
        check_f32(terms[i]);
        check_f64(terms[i]);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_step)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
