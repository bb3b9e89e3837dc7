/* test_optimiser.c - steps of the optimisers that a product or sums end in, of
 * gradients as they are, with limits or with a penalty, against the sums and
 * then their formulas for each element, bit for bit: on every instruction set
 * at hand, by one thread and by several.
 */
#define FLUX_KERNELS_HERE 1 /* also what no program calls */
#define FLUX_SHARE_FROM   1
#include "kernels/flux_product.h"

#include "tests/kernels/random.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { THREADS = 3 };
enum { SGD, MOMENTUM, RMSPROP, ADAM, ADAMW, OPTIMISERS };
enum { CLIP = 1, L2 = 2, ADJUSTS = 4 };

/* At times so small that its square is not normal. */
static double
number(uint32_t *state)
{
    return random_term(state, 1e-22);
}

/* Zeros of both signs, what overflows, and what only another sum or its square
 * rounds to zero. */
static double
special(uint32_t *state)
{
    static const double some[] = {0.0,    -0.0,    1e-30,    -1e-30,
                                  1.0,    -1.0,    1e-44,    -1e-44,
                                  1e-300, -1e-300, INFINITY, 3e38};
    return some[next_random(state) % (sizeof some / sizeof *some)];
}

#define SMALL 0x1p-95

/* Means of which nothing is kept, and others. */
static double
small(uint32_t *state)
{
    static const double some[] = {SMALL,
                                  -SMALL,
                                  SMALL * (1 - 0x1p-24),
                                  -SMALL * (1 - 0x1p-24),
                                  SMALL * (1 + 0x1p-23),
                                  SMALL / 2,
                                  0.0,
                                  -0.0,
                                  1e-40,
                                  1e-310,
                                  NAN,
                                  -1.0};
    return some[next_random(state) % (sizeof some / sizeof *some)];
}

/* What the numbers are made by, and the factors of a gradient and of what was
 * before in their mean. */
static double (*make)(uint32_t *state) = number;
static double take = 0.1;
static double keep = 0.9;

/* What becomes of gradients before, and the limits of some. */
static int adjust;
static double low = -0.5;
static double high = 0.75;

/* The shares of all threads, one after another. */
static void
run_in_turn(flux_pool *pool, flux_task *function, void *task)
{
    for (size_t thread = 0; thread < pool->threads; thread++)
        function(task, thread, pool->threads);
}

#define OPTIMISER(T, S, ROOT, FMA)                                             \
    static T *filled_##S(size_t count, int positive, uint32_t *state)          \
    {                                                                          \
        T *x = malloc(count * sizeof *x);                                      \
        assert_non_null(x);                                                    \
        for (size_t i = 0; i < count; i++) {                                   \
            T one = (T)make(state);                                            \
            x[i] = positive && one < 0 ? -one : one;                           \
        }                                                                      \
        return x;                                                              \
    }                                                                          \
                                                                               \
    /* Nothing is kept of a mean below 2^-95. */                               \
    static void follow_##S(T *mean, T x)                                       \
    {                                                                          \
        const int small = *mean<(T)SMALL && * mean>(T) - SMALL;                \
        *mean = FMA((T)keep, small ? 0 : *mean, x);                            \
    }                                                                          \
                                                                               \
    /* An element and its moments after a step, each operation by itself. */   \
    static void expect_one_##S(int optimiser, T g, T *c, T *mean, T *square)   \
    {                                                                          \
        if (adjust & CLIP) {                                                   \
            g = (T)low > g ? (T)low : g;                                       \
            g = (T)high < g ? (T)high : g;                                     \
        }                                                                      \
        if (adjust & L2) {                                                     \
            const T penalty = (T)0.02 * *c;                                    \
            g = g + penalty;                                                   \
        }                                                                      \
        T step = g;                                                            \
        if (optimiser == MOMENTUM) {                                           \
            follow_##S(mean, g);                                               \
            step = *mean;                                                      \
        }                                                                      \
        if (optimiser == ADAM || optimiser == ADAMW) {                         \
            const T taken = (T)take * g;                                       \
            follow_##S(mean, taken);                                           \
            step = *mean;                                                      \
        }                                                                      \
        if (optimiser != MOMENTUM && optimiser != SGD) {                       \
            const T taken = (T)0.001 * g;                                      \
            const T power = FMA(taken, g, (T)1e-37);                           \
            *square = FMA((T)0.999, *square, power);                           \
            const T root = ROOT(*square);                                      \
            const T over = root + (T)1e-7;                                     \
            step = step / over;                                                \
        }                                                                      \
        if (optimiser == ADAMW) {                                              \
            const T lost = (T)0.01 * *c;                                       \
            *c = *c - lost;                                                    \
        }                                                                      \
        step = (T)0.3 * step;                                                  \
        *c = *c - step;                                                        \
    }                                                                          \
                                                                               \
    /* Of each element that the sums are for. */                               \
    static void expect_##S(int optimiser, size_t m, size_t n, size_t ci,       \
                           size_t cj, const T *sum, T *c, T *mean, T *square)  \
    {                                                                          \
        for (size_t i = 0; i < m; i++)                                         \
            for (size_t j = 0; j < n; j++) {                                   \
                const size_t at = i * ci + j * cj;                             \
                expect_one_##S(optimiser, sum[at], c + at, mean + at,          \
                               square + at);                                   \
            }                                                                  \
    }                                                                          \
                                                                               \
    static flux_optimiser_##S by_##S(int optimiser, T *const *x)               \
    {                                                                          \
        flux_optimiser_##S o;                                                  \
        if (optimiser == SGD)                                                  \
            flux_by_sgd_##S(&o, x[0], (T)0.3);                                 \
        else if (optimiser == MOMENTUM)                                        \
            flux_by_momentum_##S(&o, x[0], x[1], (T)keep, (T)0.3);             \
        else if (optimiser == RMSPROP)                                         \
            flux_by_rmsprop_##S(&o, x[0], x[2], (T)0.999, (T)0.001, (T)0.3,    \
                                (T)1e-7);                                      \
        else if (optimiser == ADAM)                                            \
            flux_by_adam_##S(&o, x[0], x[1], x[2], (T)keep, (T)take, (T)0.999, \
                             (T)0.001, (T)0.3, (T)1e-7);                       \
        else                                                                   \
            flux_by_adamw_##S(&o, x[0], x[1], x[2], (T)keep, (T)take,          \
                              (T)0.999, (T)0.001, (T)0.3, (T)1e-7, (T)0.01);   \
        if (adjust & CLIP)                                                     \
            flux_clip_##S(&o, (T)low, (T)high);                                \
        if (adjust & L2)                                                       \
            flux_l2_##S(&o, (T)0.02);                                          \
        return o;                                                              \
    }                                                                          \
                                                                               \
    static void product_##S(int optimiser, flux_isa isa, flux_pool *pool,      \
                            flux_order order, size_t m, size_t n, size_t k,    \
                            const T *a, const T *b, T *const *x, size_t ci,    \
                            size_t cj)                                         \
    {                                                                          \
        const flux_optimiser_##S o = by_##S(optimiser, x);                     \
        if (adjust || optimiser == SGD)                                        \
            flux_product_optimiser_##S(isa, pool, order, m, n, k, a, 1, m, b,  \
                                       n, 1, ci, cj, &o);                      \
        else if (optimiser == MOMENTUM)                                        \
            flux_product_momentum_##S(isa, pool, order, m, n, k, a, 1, m, b,   \
                                      n, 1, x[0], ci, cj, x[1], (T)keep,       \
                                      (T)0.3);                                 \
        else if (optimiser == RMSPROP)                                         \
            flux_product_rmsprop_##S(isa, pool, order, m, n, k, a, 1, m, b, n, \
                                     1, x[0], ci, cj, x[2], (T)0.999,          \
                                     (T)0.001, (T)0.3, (T)1e-7);               \
        else if (optimiser == ADAM)                                            \
            flux_product_adam_##S(isa, pool, order, m, n, k, a, 1, m, b, n, 1, \
                                  x[0], ci, cj, x[1], x[2], (T)keep, (T)take,  \
                                  (T)0.999, (T)0.001, (T)0.3, (T)1e-7);        \
        else                                                                   \
            flux_product_adamw_##S(isa, pool, order, m, n, k, a, 1, m, b, n,   \
                                   1, x[0], ci, cj, x[1], x[2], (T)keep,       \
                                   (T)take, (T)0.999, (T)0.001, (T)0.3,        \
                                   (T)1e-7, (T)0.01);                          \
    }                                                                          \
                                                                               \
    static void sums_##S(int optimiser, flux_order order, size_t m, size_t k,  \
                         const T *a, T *const *x)                              \
    {                                                                          \
        const flux_isa isa = flux_best_isa();                                  \
        const flux_optimiser_##S o = by_##S(optimiser, x);                     \
        if (adjust || optimiser == SGD)                                        \
            flux_sums_optimiser_##S(isa, order, m, k, a, 1, m, 1, &o);         \
        else if (optimiser == MOMENTUM)                                        \
            flux_sums_momentum_##S(isa, order, m, k, a, 1, m, x[0], 1, x[1],   \
                                   (T)keep, (T)0.3);                           \
        else if (optimiser == RMSPROP)                                         \
            flux_sums_rmsprop_##S(isa, order, m, k, a, 1, m, x[0], 1, x[2],    \
                                  (T)0.999, (T)0.001, (T)0.3, (T)1e-7);        \
        else if (optimiser == ADAM)                                            \
            flux_sums_adam_##S(isa, order, m, k, a, 1, m, x[0], 1, x[1], x[2], \
                               (T)keep, (T)take, (T)0.999, (T)0.001, (T)0.3,   \
                               (T)1e-7);                                       \
        else                                                                   \
            flux_sums_adamw_##S(isa, order, m, k, a, 1, m, x[0], 1, x[1],      \
                                x[2], (T)keep, (T)take, (T)0.999, (T)0.001,    \
                                (T)0.3, (T)1e-7, (T)0.01);                     \
    }                                                                          \
                                                                               \
    /* Bit for bit, but for what a NaN tells. */                               \
    static void same_##S(const T *got, const T *want, size_t count)            \
    {                                                                          \
        for (size_t i = 0; i < count; i++)                                     \
            if (!isnan(want[i]))                                               \
                assert_memory_equal(got + i, want + i, sizeof *got);           \
            else                                                               \
                assert_true(isnan(got[i]));                                    \
    }                                                                          \
                                                                               \
    static void check_one_##S(int optimiser, flux_order order, size_t m,       \
                              size_t n, size_t k, int turned, size_t gap)      \
    {                                                                          \
        uint32_t state = (uint32_t)(m * 7919 + n * 104729 + k);                \
        const size_t ci = turned ? n + gap : 1, cj = turned ? 1 : m + gap;     \
        const size_t count = turned ? m * ci : n * cj;                         \
        T *a = filled_##S(m * k, 0, &state);                                   \
        T *b = filled_##S(k * n, 0, &state);                                   \
        T *old[3], *want[3], *got[3], *sum = calloc(count, sizeof *sum);       \
        assert_non_null(sum);                                                  \
        for (int i = 0; i < 3; i++) {                                          \
            old[i] = filled_##S(count, i == 2, &state);                        \
            want[i] = malloc(count * sizeof **want);                           \
            got[i] = malloc(count * sizeof **got);                             \
            assert_true(want[i] != NULL && got[i] != NULL);                    \
            memcpy(want[i], old[i], count * sizeof **want);                    \
        }                                                                      \
        flux_product_##S(flux_best_isa(), NULL, order, m, n, k, a, 1, m, b, n, \
                         1, sum, ci, cj, 0);                                   \
        expect_##S(optimiser, m, n, ci, cj, sum, want[0], want[1], want[2]);   \
        flux_pool pool = {THREADS, run_in_turn};                               \
        const int slow = m * n * k > 20000;                                    \
        for (int isa = slow; isa <= (int)flux_best_isa(); isa++)               \
            for (int shared = 0; shared < 2; shared++) {                       \
                for (int i = 0; i < 3; i++)                                    \
                    memcpy(got[i], old[i], count * sizeof **got);              \
                product_##S(optimiser, (flux_isa)isa, shared ? &pool : NULL,   \
                            order, m, n, k, a, b, got, ci, cj);                \
                for (int i = 0; i < 3; i++)                                    \
                    same_##S(got[i], want[i], count);                          \
            }                                                                  \
        for (int i = 0; i < 3; i++) {                                          \
            free(old[i]);                                                      \
            free(want[i]);                                                     \
            free(got[i]);                                                      \
        }                                                                      \
        free(a);                                                               \
        free(b);                                                               \
        free(sum);                                                             \
    }                                                                          \
                                                                               \
    static void check_##S(flux_order order, size_t m, size_t n, size_t k,      \
                          int turned, size_t gap)                              \
    {                                                                          \
        for (int optimiser = 0; optimiser < OPTIMISERS; optimiser++)           \
            check_one_##S(optimiser, order, m, n, k, turned, gap);             \
    }                                                                          \
                                                                               \
    static void check_sums_##S(int optimiser, flux_order order, size_t m,      \
                               size_t k)                                       \
    {                                                                          \
        uint32_t state = (uint32_t)(m + 31 * k);                               \
        T *a = filled_##S(m * k, 0, &state);                                   \
        T *x[4], *want[3];                                                     \
        for (int i = 0; i < 4; i++)                                            \
            x[i] = filled_##S(m, i == 2, &state);                              \
        for (int i = 0; i < 3; i++) {                                          \
            want[i] = malloc(m * sizeof **want);                               \
            assert_non_null(want[i]);                                          \
            memcpy(want[i], x[i], m * sizeof **want);                          \
        }                                                                      \
        flux_sums_##S(flux_best_isa(), order, m, k, a, 1, m, x[3], 1, 0);      \
        expect_##S(optimiser, m, 1, 1, m, x[3], want[0], want[1], want[2]);    \
        sums_##S(optimiser, order, m, k, a, x);                                \
        for (int i = 0; i < 3; i++) {                                          \
            assert_memory_equal(x[i], want[i], m * sizeof **want);             \
            free(want[i]);                                                     \
        }                                                                      \
        for (int i = 0; i < 4; i++)                                            \
            free(x[i]);                                                        \
        free(a);                                                               \
    }

OPTIMISER(float, f32, flux_sqrtf, fmaf)
OPTIMISER(double, f64, flux_sqrt, fma)

/* Tiles of each width that wait for others, and that none follows; terms that
 * are fewer than what waits, and more blocks than one; narrow products, whose
 * results are turned; large ones.
 */
static void
test_products(void **state)
{
    (void)state;
    static const size_t size[][3] = {
        {1, 1, 1},    {5, 3, 1},     {64, 12, 1},    {32, 12, 7},
        {64, 24, 12}, {64, 40, 48},  {96, 61, 64},   {128, 100, 23},
        {70, 37, 50}, {64, 30, 520}, {16, 40, 30},   {40, 26, 64},
        {33, 14, 90}, {160, 75, 20}, {200, 130, 70}, {10, 64, 40},
        {64, 10, 40}, {5, 40, 20},
    };
    for (size_t i = 0; i < sizeof size / sizeof *size; i++)
        for (int order = FLUX_SEQ; order <= FLUX_TREE16; order++)
            for (int turned = 0; turned < 2; turned++) {
                const size_t gap = i % 3 * 2;
                const int other = 1 + (int)(i + (size_t)order) % 3;
                for (adjust = 0; adjust <= other; adjust += other) {
                    check_f32((flux_order)order, size[i][0], size[i][1],
                              size[i][2], turned, gap);
                    check_f64((flux_order)order, size[i][0], size[i][1],
                              size[i][2], turned, gap);
                }
            }
    adjust = 0;
}

/* Operands so large that they are copied part by part; parameters that lie far
 * apart.
 */
static void
test_large(void **state)
{
    (void)state;
    for (adjust = 0; adjust < ADJUSTS; adjust += CLIP | L2) {
        check_f32(FLUX_SEQ, 300, 100, 400, 0, 0);
        check_f64(FLUX_SEQ, 140, 120, 300, 0, 4);
        check_f32(FLUX_SEQ, 150, 530, 515, 0, 0);
        check_f32(FLUX_SEQ, 400, 420, 60, 0, 0);
    }
    adjust = 0;
}

/* The mean may take nothing of a gradient, or less; zeros have a sign. */
static void
test_special(void **state)
{
    (void)state;
    static const double takes[] = {0.1, 0.0, -0.0, -0.1, NAN, 1e-40, INFINITY};
    make = special;
    for (size_t i = 0; i < sizeof takes / sizeof *takes; i++) {
        take = takes[i];
        for (size_t k = 1; k <= 3; k++) {
            check_f32(FLUX_SEQ, 64, 50, k, 0, 0);
            check_f64(FLUX_SEQ, 32, 50, k, 0, 2);
            check_f32(FLUX_SEQ, 64, 35, k, 0, 0);
        }
        check_f32(FLUX_SEQ, 32, 40, 514, 0, 0);
    }
    take = 0.1;
    /* Limits of a gradient that are zeros, or none. */
    static const double limits[][2] = {
        {-0.0, 1.0}, {-1.0, -0.0}, {-0.0, -0.0}, {0.0, 0.0},
        {NAN, 1.0},  {-1.0, NAN},  {-1.0, 1.0},  {-INFINITY, INFINITY}};
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++)
        for (adjust = CLIP; adjust < ADJUSTS; adjust += L2) {
            low = limits[i][0];
            high = limits[i][1];
            check_f32(FLUX_SEQ, 64, 50, 2, 0, 0);
            check_f64(FLUX_SEQ, 32, 50, 1, 0, 2);
            check_f32(FLUX_SEQ, 50, 35, 3, 1, 0);
        }
    low = -0.5;
    high = 0.75;
    adjust = 0;
    make = number;
}

/* Means on both sides of the one below which nothing is kept of them. */
static void
test_small(void **state)
{
    (void)state;
    static const double keeps[] = {0.9, 0.0, -0.0, -0.5, NAN, INFINITY};
    make = small;
    for (size_t i = 0; i < sizeof keeps / sizeof *keeps; i++) {
        keep = keeps[i];
        for (size_t k = 1; k <= 3; k++) {
            check_f32(FLUX_SEQ, 64, 50, k, 0, 0);
            check_f64(FLUX_SEQ, 32, 50, k, 0, 2);
            check_f32(FLUX_SEQ, 9, 35, k, 1, 0);
        }
    }
    keep = 0.9;
    make = number;
}

static void
test_sums(void **state)
{
    (void)state;
    for (size_t m = 1; m <= 130; m = m * 2 + 1)
        for (size_t k = 1; k <= 600; k = k * 3 + 1) {
            for (int optimiser = 0; optimiser < OPTIMISERS; optimiser++)
                for (adjust = 0; adjust < ADJUSTS; adjust++) {
                    check_sums_f32(optimiser, FLUX_SEQ, m, k);
                    check_sums_f64(optimiser, FLUX_SPLIT4, m, k);
                }
        }
    adjust = 0;
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_products), cmocka_unit_test(test_large),
        cmocka_unit_test(test_special),  cmocka_unit_test(test_small),
        cmocka_unit_test(test_sums),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
