/* test_windows.c - products over several axes against plain loops, bit for bit,
 * on every instruction set of the machine: convolutions of random sizes, their
 * derivatives, and axes at will.
 */
#include "kernels/flux_windows.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>

#include <cmocka.h>

enum { ROOM = 1 << 16, CASES = 100 };

static uint32_t
next(uint32_t *state, uint32_t below)
{
    *state = *state * 1664525u + 1013904223u;
    return (*state >> 8) % below;
}

/* The offsets of place `number`. */
static flux_axis
offsets(size_t axes, const flux_axis *axis, size_t number)
{
    flux_axis at = {0, 0, 0, 0};
    for (size_t i = 0; i < axes; i++) {
        size_t index = number % axis[i].length;
        number /= axis[i].length;
        at.a += index * axis[i].a;
        at.b += index * axis[i].b;
        at.c += index * axis[i].c;
    }
    return at;
}

/* Axes of random lengths; where an operand has them, steps that keep within its
 * share of the room, most often the least. The steps in c are exact.
 */
static size_t
axes_random(uint32_t *state, flux_axis *axis, bool in_a, bool in_b, size_t most,
            size_t *c)
{
    size_t axes = 1 + next(state, FLUX_AXES);
    for (size_t i = 0; i < axes; i++) {
        axis[i].length = 1 + next(state, i == 0 ? 40 : 4);
        while (axis[i].length > most)
            axis[i].length = (axis[i].length + 1) / 2;
        most /= axis[i].length;
        axis[i].a = in_a ? (i == 0 ? 1 : 7) + next(state, 3) * 5 : 0;
        axis[i].b = in_b ? (i == 0 ? 1 : 9) + next(state, 2) * 11 : 0;
        axis[i].c = c == NULL ? 0 : *c;
        if (c != NULL)
            *c *= axis[i].length;
    }
    return axes;
}

/* The sum as the order says it, term by term. */
#define NAIVE(T, S, FMA)                                                       \
    static T naive_##S(flux_order order, size_t terms, const flux_axis *term,  \
                       const T *a, const T *b)                                 \
    {                                                                          \
        size_t count = flux_axes_count(terms, term);                           \
        size_t lanes = order == FLUX_SPLIT4 ? 4 : 1;                           \
        T total = 0;                                                           \
        for (size_t k0 = 0; k0 < count; k0 += 512) {                           \
            T lane[4] = {0, 0, 0, 0};                                          \
            for (size_t k = k0; k < count && k < k0 + 512; k++) {              \
                flux_axis at = offsets(terms, term, k);                        \
                T *sum = &lane[(k - k0) % lanes];                              \
                *sum = FMA(a[at.a], b[at.b], *sum);                            \
            }                                                                  \
            total = total + ((lane[0] + lane[1]) + (lane[2] + lane[3]));       \
        }                                                                      \
        return total;                                                          \
    }                                                                          \
                                                                               \
    static void check_##S(flux_isa isa, uint32_t seed, bool empty)             \
    {                                                                          \
        static T a[ROOM];                                                      \
        static T b[ROOM];                                                      \
        static T c[ROOM];                                                      \
        flux_axis row[FLUX_AXES];                                              \
        flux_axis column[FLUX_AXES];                                           \
        flux_axis term[FLUX_AXES];                                             \
        size_t size = 1;                                                       \
        uint32_t state = seed;                                                 \
        size_t rows = axes_random(&state, row, true, false, 100, &size);       \
        size_t columns = axes_random(&state, column, false, true, 40, &size);  \
        size_t terms = axes_random(&state, term, true, true, 1200, NULL);      \
        flux_order order = next(&state, 2) == 0 ? FLUX_SEQ : FLUX_SPLIT4;      \
        if (empty)                                                             \
            term[terms - 1].length = 0;                                        \
        for (size_t i = 0; i < ROOM; i++) {                                    \
            a[i] = (T)next(&state, 20001) / 100 - 100;                         \
            b[i] = (T)next(&state, 20001) / 7 - 1000;                          \
            c[i] = (T)77;                                                      \
        }                                                                      \
        flux_windows_##S(isa, order, rows, row, columns, column, terms, term,  \
                         a, b, c);                                             \
        for (size_t i = 0; i < flux_axes_count(rows, row); i++)                \
            for (size_t j = 0; j < flux_axes_count(columns, column); j++) {    \
                flux_axis at = offsets(rows, row, i);                          \
                flux_axis to = offsets(columns, column, j);                    \
                T want = naive_##S(order, terms, term, a + at.a, b + to.b);    \
                if (!(c[at.c + to.c] == want))                                 \
                    fail_msg("seed %u: [%zu, %zu] is %.17g, not %.17g", seed,  \
                             i, j, (double)c[at.c + to.c], (double)want);      \
            }                                                                  \
        if (!(c[size] == (T)77))                                               \
            fail_msg("seed %u: written behind the end", seed);                 \
    }
NAIVE(float, f32, flux_fmaf)
NAIVE(double, f64, flux_fma)

/* The plain product is slow: every fifth case will do for it. */
static void
check(uint32_t seed, bool empty)
{
    flux_isa first = seed % 5 == 0 ? FLUX_ISA_PLAIN : FLUX_ISA_AVX2;
    for (flux_isa isa = first; isa <= flux_best_isa(); isa++) {
        check_f32(isa, seed, empty);
        check_f64(isa, seed, empty);
    }
}

static void
random_axes(void **state)
{
    (void)state;
    for (uint32_t seed = 1; seed <= CASES; seed++)
        check(seed, false);
}

static void
no_terms(void **state)
{
    (void)state;
    for (uint32_t seed = 1; seed <= 20; seed++)
        check(seed, true);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_axes),
        cmocka_unit_test(no_terms),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
