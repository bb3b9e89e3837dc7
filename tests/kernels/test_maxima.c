/* test_maxima.c - maxima over windows two elements apart, and their places,
 * against plain loops, bit for bit, on every instruction set of the machine:
 * windows of all kinds, of numbers that are often equal, zeros of both signs,
 * NaN and infinities.
 */
#include "kernels/flux_maxima.h"

#include "tests/kernels/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { CASES = 2000, UNTOUCHED = 77 };

typedef struct {
    size_t count, lines, width, height, line, down, to;
} Windows;

static float
number(uint32_t *state)
{
    static const float special[] = {0.0f, -0.0f, INFINITY, -INFINITY, NAN};
    uint32_t which = next_below(state, 12);
    return which < 5 ? special[which] : (float)next_below(state, 9) - 4.0f;
}

static Windows
windows_random(uint32_t *state)
{
    Windows w = {.count = 1 + next_below(state, 40),
                 .lines = 1 + next_below(state, 5),
                 .width = 1 + next_below(state, 5),
                 .height = 1 + next_below(state, 3)};
    if (next_below(state, 3) == 0)
        w.width = w.height = 2;
    w.line = 2 * w.count + w.width - 2 + next_below(state, 3);
    w.down = w.line * (1 + next_below(state, 3)) + next_below(state, 3);
    w.to = w.count + next_below(state, 3);
    return w;
}

/* One behind the last element of all windows, and behind the last result. */
static size_t
elements(const Windows *w)
{
    return 2 * (w->count - 1) + w->width + w->line * (w->height - 1) +
           w->down * (w->lines - 1);
}

static size_t
results(const Windows *w)
{
    return w->count + w->to * (w->lines - 1);
}

static void
check_window(uint32_t seed, const Windows *w, const float *first, float y,
             const int32_t *at)
{
    float max = -INFINITY;
    int32_t place = 0;
    for (size_t v = 0; v < w->height; v++)
        for (size_t u = 0; u < w->width; u++)
            if (first[u + w->line * v] > max) {
                max = first[u + w->line * v];
                place = (int32_t)(u + w->width * v);
            }
    if (memcmp(&y, &max, sizeof y) != 0)
        fail_msg("seed %u: %g, not %g", seed, (double)y, (double)max);
    if (at != NULL && *at != place)
        fail_msg("seed %u: at %d, not %d", seed, *at, place);
}

/* Operands are as long as what is read of them; nothing between lines is
 * written.
 */
static void
check(flux_isa isa, uint32_t seed, int places)
{
    uint32_t state = seed;
    Windows w = windows_random(&state);
    size_t read = elements(&w);
    size_t size = results(&w);
    float *x = malloc(read * sizeof *x);
    float *y = malloc((size + 1) * sizeof *y);
    int32_t *at = malloc((size + 1) * sizeof *at);
    assert_non_null(x);
    assert_non_null(y);
    assert_non_null(at);
    for (size_t i = 0; i < read; i++)
        x[i] = number(&state);
    for (size_t i = 0; i <= size; i++) {
        y[i] = UNTOUCHED;
        at[i] = UNTOUCHED;
    }
    flux_maxima_f32(isa, w.count, w.lines, w.width, w.height, x, w.line, w.down,
                    y, places ? at : NULL, w.to);
    for (size_t i = 0; i <= size; i++) {
        size_t j = i / w.to;
        size_t k = i % w.to;
        if (k < w.count && i < size) {
            check_window(seed, &w, x + 2 * k + w.down * j, y[i],
                         places ? &at[i] : NULL);
            continue;
        }
        assert_true(y[i] == UNTOUCHED);
        assert_int_equal(at[i], UNTOUCHED);
    }
    free(x);
    free(y);
    free(at);
}

static void
maxima(void **state)
{
    (void)state;
    for (flux_isa isa = FLUX_ISA_PLAIN; isa <= flux_best_isa(); isa++)
        for (uint32_t seed = 1; seed <= CASES; seed++)
            check(isa, seed, 0);
}

static void
with_places(void **state)
{
    (void)state;
    for (flux_isa isa = FLUX_ISA_PLAIN; isa <= flux_best_isa(); isa++)
        for (uint32_t seed = 1; seed <= CASES; seed++)
            check(isa, seed, 1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(maxima),
        cmocka_unit_test(with_places),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
