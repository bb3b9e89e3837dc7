/* test_epilogue.c - products that go on with a bias, an activation or its
 * derivative, against plain loops, bit for bit: on every instruction set at
 * hand, by one thread and by several, and nothing but the results is written.
 */
#define FLUX_KERNELS_HERE 1 /* also what no program calls */
#define FLUX_SHARE_FROM   1
#include "kernels/flux_math.h"
#include "kernels/flux_product.h"

#include "tests/kernels/random.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { THREADS = 3, KINDS = FLUX_DTANH + 1, GUARD = 40 };

/* Zeros of both signs, large numbers, no numbers. */
static double
special(uint32_t *state)
{
    static const double some[] = {0.0,      -0.0,      1.0, -1.0,
                                  INFINITY, -INFINITY, NAN, 1e-44};
    return some[next_random(state) % (sizeof some / sizeof *some)];
}

/* The shares of all threads, one after another. */
static void
run_in_turn(flux_pool *pool, flux_task *function, void *task)
{
    for (size_t thread = 0; thread < pool->threads; thread++)
        function(task, thread, pool->threads);
}

/* A product: its rows of `a` may be turned, its terms of b lie apart, its
 * columns and those of x have gaps. */
typedef struct {
    flux_order order;
    size_t m, n, k;
    int turned, apart;
    size_t gap, x_gap;
    int specials;
} Case;

#define EPILOGUE(T, S, FMA, SIGMA, TANH)                                       \
    static void fill_##S(T *x, size_t count, int specials, uint32_t *state)    \
    {                                                                          \
        for (size_t i = 0; i < count; i++)                                     \
            x[i] = (T)(specials && next_random(state) % 8 == 0                 \
                           ? special(state)                                    \
                           : random_term(state, 1e-22));                       \
    }                                                                          \
                                                                               \
    static T sum_##S(flux_order order, size_t k, const T *a, size_t ak,        \
                     const T *b, size_t bk)                                    \
    {                                                                          \
        const size_t lanes = order == FLUX_SPLIT4 ? 4 : 1;                     \
        T total = 0;                                                           \
        for (size_t k0 = 0; k0 < k; k0 += 512) {                               \
            T lane[4] = {0, 0, 0, 0};                                          \
            for (size_t p = k0; p < k && p < k0 + 512; p++)                    \
                lane[p % lanes] = FMA(a[p * ak], b[p * bk], lane[p % lanes]);  \
            if (lanes == 4)                                                    \
                lane[0] = (lane[0] + lane[1]) + (lane[2] + lane[3]);           \
            total = total + lane[0];                                           \
        }                                                                      \
        return total;                                                          \
    }                                                                          \
                                                                               \
    static T end_##S(int kind, T sum, const T *x)                              \
    {                                                                          \
        if (kind < FLUX_DRELU && x != NULL)                                    \
            sum = sum + *x;                                                    \
        if (kind == FLUX_RELU)                                                 \
            return sum > 0 ? sum : (T)0;                                       \
        if (kind == FLUX_SIGMA)                                                \
            return SIGMA(sum);                                                 \
        if (kind == FLUX_TANH)                                                 \
            return TANH(sum);                                                  \
        if (kind == FLUX_DRELU)                                                \
            return *x > 0 ? sum : (T)0;                                        \
        if (kind == FLUX_BIAS)                                                 \
            return sum;                                                        \
        T slope = kind == FLUX_DSIGMA ? 1 - *x : *x * *x;                      \
        slope = kind == FLUX_DSIGMA ? *x * slope : 1 - slope;                  \
        return sum * slope;                                                    \
    }                                                                          \
                                                                               \
    static void call_##S(int kind, flux_isa isa, flux_pool *pool,              \
                         const Case *t, const T *a, size_t ai, size_t ak,      \
                         const T *b, size_t bk, size_t bj, T *c, size_t cj,    \
                         const T *x, size_t xj)                                \
    {                                                                          \
        if (kind == FLUX_BIAS)                                                 \
            flux_product_bias_##S(isa, pool, t->order, t->m, t->n, t->k, a,    \
                                  ai, ak, b, bk, bj, c, 1, cj, x);             \
        else if (kind == FLUX_RELU)                                            \
            flux_product_relu_##S(isa, pool, t->order, t->m, t->n, t->k, a,    \
                                  ai, ak, b, bk, bj, c, 1, cj, x);             \
        else if (kind == FLUX_SIGMA)                                           \
            flux_product_sigma_##S(isa, pool, t->order, t->m, t->n, t->k, a,   \
                                   ai, ak, b, bk, bj, c, 1, cj, x);            \
        else if (kind == FLUX_TANH)                                            \
            flux_product_tanh_##S(isa, pool, t->order, t->m, t->n, t->k, a,    \
                                  ai, ak, b, bk, bj, c, 1, cj, x);             \
        else if (kind == FLUX_DRELU)                                           \
            flux_product_drelu_##S(isa, pool, t->order, t->m, t->n, t->k, a,   \
                                   ai, ak, b, bk, bj, c, 1, cj, x, xj);        \
        else if (kind == FLUX_DSIGMA)                                          \
            flux_product_dsigma_##S(isa, pool, t->order, t->m, t->n, t->k, a,  \
                                    ai, ak, b, bk, bj, c, 1, cj, x, xj);       \
        else                                                                   \
            flux_product_dtanh_##S(isa, pool, t->order, t->m, t->n, t->k, a,   \
                                   ai, ak, b, bk, bj, c, 1, cj, x, xj);        \
    }                                                                          \
                                                                               \
    static void compare_##S(const T *got, const T *want, size_t count)         \
    {                                                                          \
        for (size_t i = 0; i < count; i++)                                     \
            if (isnan(want[i]))                                                \
                assert_true(isnan(got[i]));                                    \
            else                                                               \
                assert_memory_equal(got + i, want + i, sizeof *got);           \
    }                                                                          \
                                                                               \
    static void check_##S(const Case *t)                                       \
    {                                                                          \
        const size_t m = t->m, n = t->n, k = t->k;                             \
        const size_t ai = t->turned ? k : 1, ak = t->turned ? 1 : m;           \
        const size_t bk = t->apart ? n : 1, bj = t->apart ? 1 : k;             \
        const size_t cj = m + t->gap, xj = m + t->x_gap;                       \
        const size_t count = n * cj + GUARD;                                   \
        uint32_t state = (uint32_t)(m * 7919 + n * 104729 + k);                \
        T *a = malloc(m * k * sizeof *a), *b = malloc(k * n * sizeof *b);      \
        T *x = malloc(n * xj * sizeof *x), *sum = malloc(count * sizeof *x);   \
        T *want = malloc(count * sizeof *x), *got = malloc(count * sizeof *x); \
        T *old = malloc(count * sizeof *old);                                  \
        assert_true(a &&b &&x &&sum &&want &&got &&old);                       \
        fill_##S(a, m *k, 0, &state);                                          \
        fill_##S(b, k *n, 0, &state);                                          \
        fill_##S(x, n *xj, t->specials, &state);                               \
        fill_##S(old, count, 0, &state);                                       \
        if (t->specials) /* sums that are special, too */                      \
            fill_##S(a, m, 1, &state);                                         \
        for (size_t j = 0; j < n; j++)                                         \
            for (size_t i = 0; i < m; i++)                                     \
                sum[i + j * cj] =                                              \
                    sum_##S(t->order, k, a + i * ai, ak, b + j * bj, bk);      \
        flux_pool pool = {THREADS, run_in_turn};                               \
        for (int kind = 0; kind < KINDS; kind++)                               \
            for (int none = 0; none <= (kind < FLUX_DRELU); none++) {          \
                memcpy(want, old, count * sizeof *old);                        \
                for (size_t j = 0; j < n; j++)                                 \
                    for (size_t i = 0; i < m; i++)                             \
                        want[i + j * cj] =                                     \
                            end_##S(kind, sum[i + j * cj],                     \
                                    none                ? NULL                 \
                                    : kind < FLUX_DRELU ? x + i                \
                                                        : x + i + j * xj);     \
                for (int isa = m * n * k > 20000; isa <= (int)flux_best_isa(); \
                     isa++)                                                    \
                    for (int shared = 0; shared < 2; shared++) {               \
                        memcpy(got, old, count * sizeof *old);                 \
                        call_##S(kind, (flux_isa)isa, shared ? &pool : NULL,   \
                                 t, a, ai, ak, b, bk, bj, got, cj,             \
                                 none ? NULL : x, xj);                         \
                        compare_##S(got, want, count);                         \
                    }                                                          \
            }                                                                  \
        free(a), free(b), free(x), free(sum), free(want), free(got);           \
        free(old);                                                             \
    }

EPILOGUE(float, f32, flux_fmaf, flux_sigmaf, flux_tanhf)
EPILOGUE(double, f64, flux_fma, flux_sigma, flux_tanh)

static void
check(Case t)
{
    for (t.specials = 0; t.specials < 2; t.specials++) {
        check_f32(&t);
        check_f64(&t);
    }
}

/* Whole tiles and parts of them, of rows and of columns; of one block of terms
 * and of several; whose rows are turned. */
static void
test_tiles(void **state)
{
    static const size_t sizes[][3] = {
        {128, 26, 70}, {64, 24, 33}, {96, 13, 40},  {50, 25, 130},
        {33, 25, 20},  {17, 12, 90}, {40, 8, 130},  {70, 14, 600},
        {36, 5, 70},   {20, 16, 40}, {31, 27, 129}, {160, 37, 12}};
    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        for (int turned = 0; turned < 2; turned++) {
            const size_t *s = sizes[i];
            check((Case){FLUX_SEQ, s[0], s[1], s[2], turned, 0, 0, 0, 0});
            check((Case){FLUX_SEQ, s[0], s[1], s[2], turned, 1, 3, 5, 0});
        }
}

/* Of one column, of few, of few rows or terms, of the other order: the epilogue
 * is a pass over results, which may be all rows as one. */
static void
test_passes(void **state)
{
    static const size_t sizes[][3] = {
        {64, 1, 64},  {10, 1, 10}, {300, 1, 20}, {100, 1, 64}, {128, 1, 30},
        {140, 1, 9},  {50, 1, 40}, {64, 2, 64},  {64, 3, 520}, {10, 64, 10},
        {24, 64, 48}, {10, 64, 1}, {40, 6, 9},   {3, 40, 30},  {1, 1, 1},
        {7, 33, 20},  {2, 2, 0},   {12, 40, 64}, {5, 3, 2}};
    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        for (int ways = 0; ways < 8; ways++) {
            const size_t *s = sizes[i];
            check((Case){ways & 1 ? FLUX_SPLIT4 : FLUX_SEQ, s[0], s[1], s[2],
                         (ways & 2) != 0, (ways & 4) != 0, ways & 2 ? 3 : 0,
                         ways & 4 ? 1 : 0, 0});
        }
}

/* Operands that leave the near caches. */
static void
test_large(void **state)
{
    (void)state;
    check((Case){FLUX_SEQ, 128, 26, 2600, 0, 1, 0, 0, 0});
    check((Case){FLUX_SEQ, 160, 100, 520, 0, 0, 0, 0, 0});
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tiles),
        cmocka_unit_test(test_passes),
        cmocka_unit_test(test_large),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
