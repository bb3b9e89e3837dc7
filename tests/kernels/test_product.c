/* test_product.c - the product and the sums against plain loops that say the
 * three orders once more, bit for bit, on every instruction set at hand.
 */
#define FLUX_KERNELS_HERE 1 /* also what no program calls */
#include "kernels/flux_product.h"

#include "tests/kernels/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { LARGEST = 5000, ENDS = 3 };

static const flux_product_end ends[ENDS] = {
    {FLUX_SET, 0, NULL}, {FLUX_ADD, 0, NULL}, {FLUX_STEP, (double)0.37f, NULL}};

/* A term of a product: two tiny ones are none. */
static double
term(uint32_t *state)
{
    return random_term(state, 1e-30);
}

#define NAIVE(T, S, FMA)                                                       \
    static T naive_##S(flux_order order, size_t k, const T *a, size_t ak,      \
                       const T *b, size_t bk)                                  \
    {                                                                          \
        size_t block = order == FLUX_TREE16 ? 4096 : 512;                      \
        size_t lanes = order == FLUX_TREE16   ? 16                             \
                       : order == FLUX_SPLIT4 ? 4                              \
                                              : 1;                             \
        T total = 0;                                                           \
        for (size_t k0 = 0; k0 < k; k0 += block) {                             \
            T acc[16] = {0};                                                   \
            for (size_t i = k0; i < k && i < k0 + block; i++) {                \
                T *lane = &acc[(i - k0) % lanes];                              \
                *lane =                                                        \
                    b ? FMA(a[i * ak], b[i * bk], *lane) : *lane + a[i * ak];  \
            }                                                                  \
            T sum = acc[0];                                                    \
            if (lanes == 4)                                                    \
                sum = (acc[0] + acc[1]) + (acc[2] + acc[3]);                   \
            if (lanes == 16) {                                                 \
                T eight[8];                                                    \
                for (int l = 0; l < 8; l++)                                    \
                    eight[l] = acc[l] + acc[l + 8];                            \
                for (int l = 0; l < 4; l++)                                    \
                    eight[l] = eight[l] + eight[l + 4];                        \
                sum = (eight[0] + eight[2]) + (eight[1] + eight[3]);           \
            }                                                                  \
            total = total + sum;                                               \
        }                                                                      \
        return total;                                                          \
    }                                                                          \
                                                                               \
    /* One product on each instruction set, with each end. */                  \
    static void check_##S(flux_order order, size_t m, size_t n, size_t k,      \
                          const size_t s[6])                                   \
    {                                                                          \
        size_t na = m * s[0] + k * s[1] + 1;                                   \
        size_t nb = k * s[2] + n * s[3] + 1;                                   \
        size_t nc = m * s[4] + n * s[5] + 1;                                   \
        T *a = malloc(na * sizeof *a);                                         \
        T *b = malloc(nb * sizeof *b);                                         \
        T *old = malloc(nc * sizeof *old);                                     \
        T *c = malloc(nc * sizeof *c);                                         \
        T *want[ENDS];                                                         \
        uint32_t state = (uint32_t)(m * 7919 + n * 104729 + k);                \
        assert_true(a &&b &&old &&c);                                          \
        for (size_t i = 0; i < na; i++)                                        \
            a[i] = (T)term(&state);                                            \
        for (size_t i = 0; i < nb; i++)                                        \
            b[i] = (T)term(&state);                                            \
        for (size_t i = 0; i < nc; i++)                                        \
            old[i] = (T)term(&state);                                          \
        for (int e = 0; e < ENDS; e++) {                                       \
            want[e] = malloc(nc * sizeof *c);                                  \
            assert_non_null(want[e]);                                          \
            memcpy(want[e], old, nc * sizeof *c);                              \
        }                                                                      \
        for (size_t i = 0; i < m; i++)                                         \
            for (size_t j = 0; j < n; j++) {                                   \
                size_t at = i * s[4] + j * s[5];                               \
                T sum = naive_##S(order, k, a + i * s[0], s[1], b + j * s[3],  \
                                  s[2]);                                       \
                T step = (T)ends[2].scale * sum;                               \
                want[0][at] = sum;                                             \
                want[1][at] = old[at] + sum;                                   \
                want[2][at] = old[at] - step;                                  \
            }                                                                  \
        for (int isa = FLUX_ISA_PLAIN; isa <= (int)flux_best_isa(); isa++)     \
            for (int e = 0; e < ENDS; e++) {                                   \
                memcpy(c, old, nc * sizeof *c);                                \
                const int tree = order == FLUX_TREE16;                         \
                (tree ? flux_tree_isa_##S : flux_product_isa_##S)(             \
                    (flux_isa)isa, order, m, n, k, a, s[0], s[1], b, s[2],     \
                    s[3], c, s[4], s[5], ends[e]);                             \
                assert_memory_equal(c, want[e], nc * sizeof *c);               \
                if (ends[e].kind != FLUX_SET && ends[e].kind != FLUX_ADD)      \
                    continue;                                                  \
                memcpy(c, old, nc * sizeof *c);                                \
                flux_product_##S((flux_isa)isa, NULL, order, m, n, k, a, s[0], \
                                 s[1], b, s[2], s[3], c, s[4], s[5],           \
                                 ends[e].kind == FLUX_ADD);                    \
                assert_memory_equal(c, want[e], nc * sizeof *c);               \
            }                                                                  \
        for (int e = 0; e < ENDS; e++)                                         \
            free(want[e]);                                                     \
        free(a);                                                               \
        free(b);                                                               \
        free(old);                                                             \
        free(c);                                                               \
    }                                                                          \
                                                                               \
    static void check_sum_##S(flux_order order, size_t n, size_t stride)       \
    {                                                                          \
        static T x[3 * LARGEST];                                               \
        uint32_t state = (uint32_t)n;                                          \
        for (size_t i = 0; i < n * stride; i++)                                \
            x[i] = (T)term(&state);                                            \
        T got = flux_sum_##S(order, n, x, stride);                             \
        T want = naive_##S(order, n, x, stride, NULL, 0);                      \
        assert_memory_equal(&got, &want, sizeof got);                          \
    }                                                                          \
                                                                               \
    /* Sums of the columns of a matrix: stored, added, and a step along them.  \
     */                                                                        \
    static void check_sums_##S(flux_order order, size_t m, size_t k)           \
    {                                                                          \
        static T a[131 * 1025];                                                \
        T got[3][130];                                                         \
        T want[3][130];                                                        \
        uint32_t state = (uint32_t)(m + k);                                    \
        for (size_t i = 0; i < (m + 1) * k; i++)                               \
            a[i] = (T)term(&state);                                            \
        for (size_t i = 0; i < m; i++) {                                       \
            T old = got[1][i] = got[2][i] = (T)term(&state);                   \
            T sum = naive_##S(order, k, a + i, m + 1, NULL, 0);                \
            want[0][i] = sum;                                                  \
            want[1][i] = old + sum;                                            \
            T step = (T)0.3 * sum;                                             \
            want[2][i] = old - step;                                           \
        }                                                                      \
        flux_sums_##S(flux_best_isa(), order, m, k, a, 1, m + 1, got[0], 1,    \
                      0);                                                      \
        flux_sums_##S(flux_best_isa(), order, m, k, a, 1, m + 1, got[1], 1,    \
                      1);                                                      \
        flux_sums_step_##S(flux_best_isa(), order, m, k, a, 1, m + 1, got[2],  \
                           1, (T)0.3);                                         \
        for (int i = 0; i < 3; i++)                                            \
            assert_memory_equal(got[i], want[i], m * sizeof(T));               \
    }

NAIVE(float, f32, fmaf)
NAIVE(double, f64, fma)

/* Strides ai ak bk bj ci cj of an m x k by k x n product in a layout. */
static void
layout(int which, size_t m, size_t n, size_t k, size_t s[6])
{
    const size_t all[6][6] = {
        {1, m, 1, k, 1, m},         {1, m, n, 1, 1, m},
        {k, 1, 1, k, 1, m},         {k, 1, n, 1, n, 1},
        {2, 2 * m, 3, 3 * k, 1, m}, {1, m + 3, 1, k + 5, 2, 2 * m + 1},
    };
    for (int i = 0; i < 6; i++)
        s[i] = all[which][i] == 0 ? 1 : all[which][i];
}

static void
check_all(size_t m, size_t n, size_t k)
{
    for (int order = FLUX_SEQ; order <= FLUX_TREE16; order++)
        for (int which = 0; which < 6; which++) {
            size_t s[6];
            layout(which, m, n, k, s);
            check_f32((flux_order)order, m, n, k, s);
            check_f64((flux_order)order, m, n, k, s);
        }
}

static void
test_small_sizes(void **state)
{
    (void)state;
    const size_t sizes[] = {0, 1, 3, 15, 16, 17, 31, 33};
    for (size_t i = 0; i < 8; i++)
        for (size_t j = 0; j < 8; j++)
            for (size_t k = 0; k < 8; k++)
                if ((i + j + k) % 3 == 0)
                    check_all(sizes[i], sizes[j], sizes[k]);
}

static void
test_long_sums(void **state)
{
    (void)state;
    const size_t lengths[] = {127, 128, 129, 511, 512, 513, 1025, 4095, 4097};
    for (size_t i = 0; i < 9; i++) {
        check_all(5, 2, lengths[i]);
        check_all(33, 1, lengths[i]);
    }
}

static void
test_many_columns(void **state)
{
    (void)state;
    check_all(129, 1, 67);
    check_all(150, 1, 1028); /* rows that are turned, in blocks */
    check_all(1, 131, 67);
    check_all(17, 70, 515);
    check_all(40, 67, 130);
    check_all(5, 101, 514); /* groups of columns, of two blocks */
    check_all(150, 27, 40); /* several panels in a band */
}

/* Few rows beside long columns, which are turned on their way, and few columns
 * in the order split4, of which rows are one vector or two. */
static void
test_narrow(void **state)
{
    (void)state;
    const size_t few[] = {3, 4, 5, 6, 7, 9, 10, 12, 13};
    for (size_t i = 0; i < sizeof few / sizeof *few; i++) {
        check_all(few[i], 32 + 7 * i, 16 + i);
        check_all(32 + 7 * i, few[i], 63 + i);
    }
    check_all(10, 31, 20);
    check_all(10, 33, 513);
    check_all(70, 10, 517);
    check_all(150, 101, 18);
}

/* Few columns, of rows that are one vector, some, and more than eight. */
static void
test_few(void **state)
{
    (void)state;
    const size_t rows[] = {2, 15, 17, 33, 48, 64, 65, 127, 128, 140, 261};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        for (size_t n = 2; n < 8; n++)
            check_all(rows[i], n, 2 + (5 * i + n) % 13);
    check_all(130, 3, 1030);
}

/* Few rows and terms, up to where they are so many that it is no small product.
 */
static void
test_few_terms(void **state)
{
    (void)state;
    for (size_t m = 1; m <= 33; m += m < 10 ? 1 : 3)
        for (size_t n = 4; n < 15; n += 1 + m % 2)
            check_all(m, n, 2 + (m * n) % 17);
    check_all(10, 64, 10);
    check_all(20, 32, 128);
    check_all(31, 32, 129);
    check_all(10, 33, 128);
}

/* A large one: the vectors against the plain code, which is proved above. The
 * results of the last column are followed by others. */
static void
check_large(size_t n, size_t k)
{
    enum { M = 140, N = 512, K = 514, SPARE = 4 * M };
    static float a[M * K], b[K * N], c[M * N + SPARE], want[M * N + SPARE];
    uint32_t seed = 7;
    for (size_t i = 0; i < M * k; i++)
        a[i] = (float)term(&seed);
    for (size_t i = 0; i < k * n; i++)
        b[i] = (float)term(&seed);
    const flux_product_end end = {FLUX_SET, 0, NULL};
    for (int turned = 0; turned < 2; turned++) {
        size_t bk = turned ? n : 1;
        size_t bj = turned ? 1 : k;
        memset(want, 0, sizeof want);
        flux_product_f32_plain(FLUX_SEQ, M, n, k, a, 1, M, b, bk, bj, want, 1,
                               M, end);
        for (int isa = FLUX_ISA_PLAIN + 1; isa <= (int)flux_best_isa(); isa++) {
            memset(c, 0, sizeof c);
            flux_product_isa_f32((flux_isa)isa, FLUX_SEQ, M, n, k, a, 1, M, b,
                                 bk, bj, c, 1, M, end);
            assert_memory_equal(c, want, sizeof c);
        }
    }
}

static void
test_large(void **state)
{
    (void)state;
    check_large(512, 514);
    check_large(145, 512);
}

/* The same of sums of several blocks that may not stand where they go. */
static void
test_large_held(void **state)
{
    (void)state;
    enum { M = 170, N = 266, K = 514 };
    static float a[M * K], b[K * N], sum[M * N], c[M * N], want[M * N];
    uint32_t seed = 11;
    for (size_t i = 0; i < M * K; i++)
        a[i] = (float)term(&seed);
    for (size_t i = 0; i < K * N; i++)
        b[i] = (float)term(&seed);
    flux_product_f32_plain(FLUX_SEQ, M, N, K, a, 1, M, b, N, 1, sum, 1, M,
                           ends[0]);
    for (int isa = FLUX_ISA_PLAIN + 1; isa <= (int)flux_best_isa(); isa++)
        for (int e = 1; e < ENDS; e++) {
            const float scale = e == 1 ? -1.0f : (float)ends[e].scale;
            for (size_t i = 0; i < M * N; i++) {
                c[i] = (float)term(&seed);
                float step = scale * sum[i];
                want[i] = c[i] - step;
            }
            flux_product_isa_f32((flux_isa)isa, FLUX_SEQ, M, N, K, a, 1, M, b,
                                 N, 1, c, 1, M, ends[e]);
            assert_memory_equal(c, want, sizeof c);
        }
}

/* Several products of one operand, and its sums, against each alone: large
 * ones, with rows left over and columns whose terms lie side by side, and small
 * ones.
 */
static void
check_several(size_t m, size_t k)
{
    enum { M = 170, K = 1030, ROW = 40, ALL = 2 * 128 + ROW + 1 };
    static float a[M * K], b[2 * 128 * K], c[M * ALL], want[M * ALL];
    static const size_t n[] = {ROW, 1, 128, 2};
    uint32_t seed = (uint32_t)(m + k);
    for (size_t i = 0; i < m * k; i++)
        a[i] = (float)term(&seed);
    for (size_t i = 0; i < 2 * 128 * k; i++)
        b[i] = (float)term(&seed);
    for (int isa = FLUX_ISA_PLAIN; isa <= (int)flux_best_isa(); isa++)
        for (int e = 0; e < ENDS; e++)
            for (size_t count = 1; count <= 4; count++) {
                flux_rights_f32 rights = {0};
                for (size_t i = 0; i < M * ALL; i++)
                    c[i] = want[i] = (float)term(&seed);
                for (size_t q = 0, at = 0; q < count; at += n[q++] * m) {
                    const float one = 1;
                    const float *right = q == 1 ? &one : b + q;
                    const size_t bk = q == 0 ? 1 : q == 1 ? 0 : n[q];
                    const size_t bj = q == 0 ? k : q == 1 ? 0 : 1;
                    flux_right_f32(&rights, n[q], q == 1 ? NULL : right, bk, bj,
                                   c + at, m);
                    flux_product_isa_f32((flux_isa)isa, FLUX_SEQ, m, n[q], k, a,
                                         1, m, right, bk, bj, want + at, 1, m,
                                         ends[e]);
                }
                flux_products_shared_f32((flux_isa)isa, NULL, m, k, a, 1, m,
                                         &rights, ends[e]);
                assert_memory_equal(c, want, sizeof c);
            }
}

static void
test_several(void **state)
{
    (void)state;
    check_several(170, 1030);
    check_several(160, 600);
    check_several(128, 512);
    check_several(33, 70);
}

/* Panels against the product of the same rows as they stand, whose columns lie
 * further apart than they are long. */
#define PANELS(T, S)                                                           \
    static void check_panels_##S(size_t m, size_t n, size_t k, size_t ai,      \
                                 size_t ak)                                    \
    {                                                                          \
        enum { ROWS = 288, COLUMNS = 150, TERMS = 600, GAP = 3 };              \
        static T a[ROWS * TERMS], b[COLUMNS * TERMS];                          \
        static T old[(ROWS + GAP) * COLUMNS], c[(ROWS + GAP) * COLUMNS];       \
        static T want[(ROWS + GAP) * COLUMNS];                                 \
        FLUX_ALIGNED static T panels[ROWS * TERMS];                            \
        const size_t size = (m + GAP) * n;                                     \
        uint32_t state = (uint32_t)(m + n + k);                                \
        for (size_t i = 0; i < m * k; i++)                                     \
            a[i] = (T)term(&state);                                            \
        for (size_t i = 0; i < k * n; i++)                                     \
            b[i] = (T)term(&state);                                            \
        for (size_t i = 0; i < size; i++)                                      \
            old[i] = (T)term(&state);                                          \
        const flux_isa best = flux_best_isa();                                 \
        for (int isa = FLUX_ISA_PLAIN + 1; isa <= (int)best; isa++)            \
            for (int e = 0; e < ENDS; e++) {                                   \
                memcpy(want, old, size * sizeof *c);                           \
                memcpy(c, old, size * sizeof *c);                              \
                flux_product_isa_##S(best, FLUX_SEQ, m, n, k, a, ai, ak, b, n, \
                                     1, want, 1, m + GAP, ends[e]);            \
                flux_panels_##S((flux_isa)isa, m, 4, k, a, ai, ak, panels);    \
                flux_paneled_isa_##S((flux_isa)isa, FLUX_SEQ, m, n, k, panels, \
                                     k, 1, b, n, 1, c, 1, m + GAP, ends[e]);   \
                assert_memory_equal(c, want, size * sizeof *c);                \
            }                                                                  \
    }

PANELS(float, f32)
PANELS(double, f64)

static void
test_panels(void **state)
{
    (void)state;
    const size_t sizes[][3] = {{1, 1, 1},       {33, 3, 70},    {64, 8, 130},
                               {100, 50, 514},  {40, 101, 600}, {16, 5, 3},
                               {270, 150, 514}, {60, 25, 70}};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        const size_t *s = sizes[i];
        check_panels_f32(s[0], s[1], s[2], 1, s[0]);
        check_panels_f32(s[0], s[1], s[2], s[2], 1);
        check_panels_f64(s[0], s[1], s[2], 1, s[0]);
        check_panels_f64(s[0], s[1], s[2], s[2], 1);
    }
}

static void
test_sums(void **state)
{
    (void)state;
    const size_t lengths[] = {0,   1,   3,   4,    15,   16,   17,  511,
                              512, 513, 600, 1025, 4095, 4096, 4097};
    for (int order = FLUX_SEQ; order <= FLUX_TREE16; order++)
        for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++)
            for (size_t stride = 1; stride <= 3; stride++) {
                check_sum_f32((flux_order)order, lengths[i], stride);
                check_sum_f64((flux_order)order, lengths[i], stride);
            }
}

static void
test_sums_of_columns(void **state)
{
    (void)state;
    const size_t rows[] = {1, 4, 5, 16, 33, 128, 130};
    const size_t terms[] = {0, 1, 2, 3, 17, 64, 511, 513, 1025};
    for (int order = FLUX_SEQ; order <= FLUX_TREE16; order++)
        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
            for (size_t k = 0; k < sizeof terms / sizeof *terms; k++) {
                check_sums_f32((flux_order)order, rows[i], terms[k]);
                check_sums_f64((flux_order)order, rows[i], terms[k]);
            }
}

static void
test_empty_sum_is_positive_zero(void **state)
{
    (void)state;
    float c = -1.0f;
    float one = 1.0f;
    flux_product_f32(flux_best_isa(), NULL, FLUX_SEQ, 1, 1, 0, &one, 1, 1, &one,
                     1, 1, &c, 1, 1, 0);
    assert_int_equal(flux_f32_bits(c), 0);
    float minus = -0.0f;
    assert_int_equal(flux_f32_bits(flux_sum_f32(FLUX_SEQ, 1, &minus, 1)), 0);
}

/* Few different numbers, so that zeros are often the greatest: the first of
 * them is taken, and no NaN ever. */
static void
test_maximum(void **state)
{
    (void)state;
    enum { MOST = 150 };
    const float number[] = {-1.0f, -0.0f, 0.0f, NAN, -INFINITY, -NAN, 2.0f};
    float x[MOST];
    double x64[MOST];
    uint32_t random = 1;
    for (int round = 0; round < 4000; round++) {
        const uint32_t kinds = 1 + (uint32_t)round % 7;
        const size_t n = (size_t)round % MOST;
        float want = -INFINITY;
        for (size_t i = 0; i < n; i++) {
            random = random * 1664525u + 1013904223u;
            x[i] = number[(random >> 16) % kinds];
            x64[i] = (double)x[i];
            if (x[i] > want)
                want = x[i];
        }
        const float got = flux_maximum_f32(n, x);
        const double got64 = flux_maximum_f64(n, x64);
        assert_int_equal(flux_f32_bits(got), flux_f32_bits(want));
        assert_true(flux_f64_bits(got64) == flux_f64_bits((double)want));
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_small_sizes),
        cmocka_unit_test(test_long_sums),
        cmocka_unit_test(test_many_columns),
        cmocka_unit_test(test_narrow),
        cmocka_unit_test(test_few),
        cmocka_unit_test(test_few_terms),
        cmocka_unit_test(test_large),
        cmocka_unit_test(test_large_held),
        cmocka_unit_test(test_several),
        cmocka_unit_test(test_maximum),
        cmocka_unit_test(test_panels),
        cmocka_unit_test(test_sums),
        cmocka_unit_test(test_sums_of_columns),
        cmocka_unit_test(test_empty_sum_is_positive_zero),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
