/* Sums into the columns of a table, for every instruction set of the machine,
 * against the definition: a sum over all places for each column, in blocks of
 * 512, of +0 where the index is another. With what the sums end in; columns of
 * x and of the table stand apart, and what is between is NaN, or stays.
 */
#include "kernels/flux_scatter.h"

#include "kernels/flux_fp.h"
#include "tests/kernels/random.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { TABLE = 40000, PLACES = 5000, APART = 3 };

/* What sums end in. */
enum { SET, ADD, STEP, MOMENTUM, RMSPROP, ADAM, ADAMW, SGD, ENDS };

/* What becomes of gradients before: a limit, whose lower end this is, a
 * penalty.
 */
enum { CLIP = 1, L2 = 2 };
static int adjust;
static double low = -1.5;

static int32_t place[PLACES];

/* Few columns are met often, some never; some indices are of no column. */
static void
make_places(size_t columns, size_t n, uint32_t *state)
{
    for (size_t k = 0; k < n; k++) {
        const uint32_t draw = next_random(state);
        place[k] = draw % 7 == 0    ? (int32_t)(draw % 3) - 1
                   : draw % 29 == 0 ? (int32_t)(columns + draw % 2)
                                    : (int32_t)(draw / 64 % columns);
    }
}

/* Nothing is kept of a mean below it. */
#define SMALL 0x1p-95

#define CHECKS(S, T, BITS, ROOT, FMA)                                          \
    static T x_##S[PLACES * 8];                                                \
    static T table_##S[3][TABLE];                                              \
    static T got_##S[3][TABLE];                                                \
                                                                               \
    static T naive_sum_##S(size_t n, const T *x, size_t step, int32_t j)       \
    {                                                                          \
        T total = 0;                                                           \
        for (size_t from = 0; from < n; from += 512) {                         \
            T sum = 0;                                                         \
            for (size_t k = from; k < n && k < from + 512; k++)                \
                sum = sum + (place[k] == j ? x[k * step] : (T)0);              \
            total = total + sum;                                               \
        }                                                                      \
        return total;                                                          \
    }                                                                          \
                                                                               \
    static void naive_##S(size_t m, size_t columns, size_t n, size_t step,     \
                          size_t next, int end, T scale)                       \
    {                                                                          \
        for (size_t j = 0; j < columns; j++)                                   \
            for (size_t i = 0; i < m; i++) {                                   \
                T g = naive_sum_##S(n, x_##S + i, step, (int32_t)j);           \
                T *c = &table_##S[0][i + next * j];                            \
                T *mean = &table_##S[1][i + next * j];                         \
                T *square = &table_##S[2][i + next * j];                       \
                if (adjust & CLIP) {                                           \
                    g = (T)low > g ? (T)low : g;                               \
                    g = (T)2.5 < g ? (T)2.5 : g;                               \
                }                                                              \
                if (adjust & L2)                                               \
                    g = g + (T)0.375 * *c;                                     \
                T part = g;                                                    \
                if (end == ADAM || end == ADAMW)                               \
                    part = (T)0.3 * g;                                         \
                if (end == MOMENTUM || end == ADAM || end == ADAMW) {          \
                    const int small = *mean<(T)SMALL && * mean>(T) - SMALL;    \
                    part = FMA((T)0.875, small ? 0 : *mean, part);             \
                    *mean = part;                                              \
                }                                                              \
                if (end >= RMSPROP && end != SGD) {                            \
                    const T power = FMA((T)0.7 * g, g, (T)1e-37);              \
                    *square = FMA((T)0.75, *square, power);                    \
                    part = part / (ROOT(*square) + (T)0.01);                   \
                }                                                              \
                if (end == ADAMW)                                              \
                    *c = *c - (T)0.125 * *c;                                   \
                *c = end == SET ? g : end == ADD ? *c + g : *c - scale * part; \
            }                                                                  \
    }                                                                          \
                                                                               \
    static void run_adjusted_##S(flux_isa isa, size_t m, size_t columns,       \
                                 size_t n, size_t step, size_t next, int end,  \
                                 T scale)                                      \
    {                                                                          \
        T *c = got_##S[0];                                                     \
        T *mean = got_##S[1], *square = got_##S[2];                            \
        flux_optimiser_##S o;                                                  \
        if (end == SGD)                                                        \
            flux_by_sgd_##S(&o, c, scale);                                     \
        else if (end == MOMENTUM)                                              \
            flux_by_momentum_##S(&o, c, mean, (T)0.875, scale);                \
        else if (end == RMSPROP)                                               \
            flux_by_rmsprop_##S(&o, c, square, (T)0.75, (T)0.7, scale,         \
                                (T)0.01);                                      \
        else if (end == ADAM)                                                  \
            flux_by_adam_##S(&o, c, mean, square, (T)0.875, (T)0.3, (T)0.75,   \
                             (T)0.7, scale, (T)0.01);                          \
        else                                                                   \
            flux_by_adamw_##S(&o, c, mean, square, (T)0.875, (T)0.3, (T)0.75,  \
                              (T)0.7, scale, (T)0.01, (T)0.125);               \
        if (adjust & CLIP)                                                     \
            flux_clip_##S(&o, (T)low, (T)2.5);                                 \
        if (adjust & L2)                                                       \
            flux_l2_##S(&o, (T)0.375);                                         \
        flux_scatter_optimiser_##S(isa, m, columns, n, x_##S, step, place,     \
                                   next, &o);                                  \
    }                                                                          \
                                                                               \
    static void run_##S(flux_isa isa, size_t m, size_t columns, size_t n,      \
                        size_t step, size_t next, int end, T scale)            \
    {                                                                          \
        T *c = got_##S[0];                                                     \
        T *mean = got_##S[1], *square = got_##S[2];                            \
        if (adjust || end == SGD)                                              \
            run_adjusted_##S(isa, m, columns, n, step, next, end, scale);      \
        else if (end == STEP)                                                  \
            flux_scatter_step_##S(isa, m, columns, n, x_##S, step, place, c,   \
                                  next, scale);                                \
        else if (end == MOMENTUM)                                              \
            flux_scatter_momentum_##S(isa, m, columns, n, x_##S, step, place,  \
                                      c, next, mean, (T)0.875, scale);         \
        else if (end == RMSPROP)                                               \
            flux_scatter_rmsprop_##S(isa, m, columns, n, x_##S, step, place,   \
                                     c, next, square, (T)0.75, (T)0.7, scale,  \
                                     (T)0.01);                                 \
        else if (end == ADAM)                                                  \
            flux_scatter_adam_##S(isa, m, columns, n, x_##S, step, place, c,   \
                                  next, mean, square, (T)0.875, (T)0.3,        \
                                  (T)0.75, (T)0.7, scale, (T)0.01);            \
        else if (end == ADAMW)                                                 \
            flux_scatter_adamw_##S(isa, m, columns, n, x_##S, step, place, c,  \
                                   next, mean, square, (T)0.875, (T)0.3,       \
                                   (T)0.75, (T)0.7, scale, (T)0.01, (T)0.125); \
        else                                                                   \
            flux_scatter_##S(isa, m, columns, n, x_##S, step, place, c, next,  \
                             end == ADD);                                      \
    }                                                                          \
                                                                               \
    static void fill_##S(T *to, size_t count, uint32_t kinds, uint32_t *state) \
    {                                                                          \
        static const T number[] = {(T)-0.0, (T)-1, 0, (T)INFINITY, (T)NAN};    \
        for (size_t i = 0; i < count; i++)                                     \
            to[i] = kinds > 0 ? number[next_random(state) % kinds]             \
                              : (T)next_random(state) / 1000003 - 7;           \
    }                                                                          \
                                                                               \
    static void check_##S(size_t m, size_t columns, size_t n, int end,         \
                          T scale, uint32_t kinds)                             \
    {                                                                          \
        static T before[3][TABLE];                                             \
        uint32_t state = (uint32_t)(m + columns + n + kinds);                  \
        const size_t step = m + APART;                                         \
        const size_t next = m + APART;                                         \
        assert_true(columns *next <= TABLE && n * step <= PLACES * 8);         \
        make_places(columns, n, &state);                                       \
        fill_##S(x_##S, n *step, kinds, &state);                               \
        for (int t = 0; t < 3; t++) {                                          \
            fill_##S(before[t], columns *next, t == 0 ? kinds : 0, &state);    \
            for (size_t i = 0; t == 2 && i < columns * next; i++)              \
                before[t][i] = before[t][i] < 0 ? 0 : before[t][i];            \
        }                                                                      \
        memcpy(table_##S, before, sizeof before);                              \
        naive_##S(m, columns, n, step, next, end, scale);                      \
        for (int isa = FLUX_ISA_PLAIN; isa <= (int)flux_best_isa(); isa++) {   \
            memcpy(got_##S, before, sizeof before);                            \
            run_##S((flux_isa)isa, m, columns, n, step, next, end, scale);     \
            for (int t = 0; t < 3; t++)                                        \
                for (size_t i = 0; i < columns * next; i++) {                  \
                    const T want = table_##S[t][i];                            \
                    const T is = got_##S[t][i];                                \
                    assert_true(want == want ? BITS(want) == BITS(is)          \
                                             : is != is);                      \
                }                                                              \
        }                                                                      \
    }                                                                          \
                                                                               \
    /* A step of -0, of less and of an infinity changes what no index names,   \
     * too. */                                                                 \
    static void check_ends_##S(size_t m, size_t columns, size_t n)             \
    {                                                                          \
        static const T scale[] = {(T)0.1, 0, (T)-0.0, (T)-0.5, (T)INFINITY};   \
        for (uint32_t kinds = 0; kinds <= 5; kinds++) {                        \
            for (int end = 0; end < SGD; end++)                                \
                check_##S(m, columns, n, end, (T)0.1, kinds);                  \
            for (size_t i = 0; i < sizeof scale / sizeof *scale; i++)          \
                check_##S(m, columns, n, STEP, scale[i], kinds);               \
            adjust = (int)(kinds % 3 + 1);                                     \
            for (int end = MOMENTUM; end < ENDS; end++)                        \
                check_##S(m, columns, n, end, (T)0.1, kinds);                  \
            for (size_t i = 0;                                                 \
                 kinds == 5 && i < 2 * sizeof scale / sizeof *scale; i++) {    \
                adjust = CLIP;                                                 \
                low = i % 2 == 0 ? -1.5 : -0.0;                                \
                check_##S(m, columns, n, SGD, scale[i / 2], kinds);            \
            }                                                                  \
            low = -1.5;                                                        \
            adjust = 0;                                                        \
        }                                                                      \
    }

CHECKS(f32, float, flux_f32_bits, flux_sqrtf, fmaf)
CHECKS(f64, double, flux_f64_bits, flux_sqrt, fma)

static void
check(size_t m, size_t columns, size_t n)
{
    check_ends_f32(m, columns, n);
    check_ends_f64(m, columns, n);
}

/* None, few and many places; a block and a little more; rows of one and of more
 * elements than a part has; tables of several parts. */
static void
test_scatter(void **state)
{
    (void)state;
    check(1, 1, 0);
    check(3, 5, 1);
    check(1, 7, 512);
    check(5, 33, 513);
    check(4, 3, 4097);
    check(1, 4500, 700);
    check(17, 40, 300);
    check(33, 600, 300);
    check(300, 70, 90);
    check(513, 17, 70);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_scatter)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
