/* Sums of rows and of their squares, and maxima, for every instruction set of
 * the machine, against the orders as flux_sum.h says them. What stands behind a
 * row is NaN. And rows that are turned, which leave alone what is between and
 * behind theirs.
 */
#include "kernels/flux_rows.h"

#include "kernels/flux_fp.h"
#include "tests/kernels/random.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { MOST = 9000, BEHIND = 32, SIDE = 70 };

/* The lengths that are tried: all small ones, and those about a block. */
static size_t
next_length(size_t n)
{
    return n < 150    ? n + 1
           : n < 4000 ? n * 5 / 2
           : n < 4090 ? 4090
           : n < 4120 ? n + 1
                      : n + 1801;
}

#define CHECKS(S, T, BITS)                                                     \
    /* The order tree16: blocks of 4096, in 16 lanes, joined by halves. */     \
    static T naive_sum_##S(size_t n, const T *x, int squares)                  \
    {                                                                          \
        T total = 0;                                                           \
        for (size_t from = 0; from < n; from += 4096) {                        \
            T lane[16] = {0};                                                  \
            for (size_t k = from; k < n && k < from + 4096; k++) {             \
                const T term = squares ? x[k] * x[k] : x[k];                   \
                lane[k % 16] = lane[k % 16] + term;                            \
            }                                                                  \
            for (size_t half = 8; half > 0; half /= 2)                         \
                for (size_t l = 0; l < half; l++)                              \
                    lane[l] = lane[l] + lane[l + half];                        \
            total = total + lane[0];                                           \
        }                                                                      \
        return total;                                                          \
    }                                                                          \
                                                                               \
    static void check_row_##S(size_t n, uint32_t kinds)                        \
    {                                                                          \
        static T x[MOST + BEHIND];                                             \
        static const T number[] = {(T)-1,        (T)-0.0, 0, (T)NAN,           \
                                   (T)-INFINITY, (T)-NAN, 2};                  \
        uint32_t state = (uint32_t)n + kinds;                                  \
        for (size_t i = 0; i < n + BEHIND; i++)                                \
            x[i] = i >= n      ? (T)NAN                                        \
                   : kinds > 0 ? number[next_random(&state) % kinds]           \
                               : (T)next_random(&state) / 1000003 - 7;         \
        const T sum = naive_sum_##S(n, x, 0);                                  \
        const T squares = naive_sum_##S(n, x, 1);                              \
        T max = (T)-INFINITY;                                                  \
        for (size_t i = 0; i < n; i++)                                         \
            max = x[i] > max ? x[i] : max;                                     \
        for (int isa = FLUX_ISA_PLAIN; isa <= (int)flux_best_isa(); isa++) {   \
            const T got = flux_row_sum_##S((flux_isa)isa, n, x);               \
            const T most = flux_row_maximum_##S((flux_isa)isa, n, x);          \
            const T power = flux_row_squares_##S((flux_isa)isa, n, x);         \
            assert_true(isnan(squares) ? isnan(power)                          \
                                       : BITS(power) == BITS(squares));        \
            assert_true(isnan(sum) ? isnan(got) : BITS(got) == BITS(sum));     \
            assert_true(BITS(most) == BITS(max));                              \
        }                                                                      \
    }                                                                          \
                                                                               \
    static void check_turn_##S(flux_isa isa, size_t m, size_t n, size_t more)  \
    {                                                                          \
        static T from[SIDE * SIDE], to[SIDE * SIDE];                           \
        const size_t next = m + more, apart = n + 2 * more;                    \
        for (size_t i = 0; i < SIDE * SIDE; i++) {                             \
            from[i] = (T)i;                                                    \
            to[i] = -(T)i;                                                     \
        }                                                                      \
        flux_turn_##S(isa, m, n, from, next, to, apart);                       \
        for (size_t i = 0; i < SIDE * SIDE; i++) {                             \
            const size_t j = i % apart, row = i / apart;                       \
            const T turned = j < n && row < m ? (T)(row + j * next) : -(T)i;   \
            assert_true(to[i] == turned);                                      \
        }                                                                      \
    }

CHECKS(f32, float, flux_f32_bits)
CHECKS(f64, double, flux_f64_bits)

/* Numbers whose sums are rounded, and few different ones: zeros of both signs,
 * NaN and the infinity. */
static void
test_rows(void **state)
{
    (void)state;
    for (size_t n = 0; n <= MOST; n = next_length(n)) {
        for (uint32_t kinds = 0; kinds <= 7; kinds++) {
            check_row_f32(n, kinds);
            check_row_f64(n, kinds);
        }
    }
}

static void
test_turn(void **state)
{
    (void)state;
    for (int isa = FLUX_ISA_PLAIN; isa <= (int)flux_best_isa(); isa++)
        for (size_t m = 0; m <= SIDE - 4; m += m < 20 ? 1 : 11)
            for (size_t n = 1; n <= SIDE - 4; n += n < 20 ? 1 : 11)
                for (size_t more = 0; more < 3; more += 2) {
                    check_turn_f32((flux_isa)isa, m, n, more);
                    check_turn_f64((flux_isa)isa, m, n, more);
                }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_rows),
                                       cmocka_unit_test(test_turn)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
