/* test_windows.c - products over several axes against plain loops, bit for bit,
 * on every instruction set of the machine: convolutions of random sizes, their
 * derivatives, and axes at will.
 */
#define FLUX_KERNELS_HERE 1 /* also what no program calls */
#include "kernels/flux_windows.h"

#include "tests/kernels/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>

#include <cmocka.h>

enum { CASES = 100 };

typedef struct {
    flux_order order;
    size_t rows, columns, terms, frames;
    flux_axis row[FLUX_AXES], column[FLUX_AXES], term[FLUX_AXES];
    flux_frame frame[2];
} Product;

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

/* One behind the last offsets of so many rows, columns and terms. */
static flux_axis
extent(const Product *p, size_t rows, size_t columns, size_t terms)
{
    flux_axis end = {0, 0, 0, 0};
    if (terms == 0)
        return end;
    flux_axis last = offsets(p->terms, p->term, terms - 1);
    end.a = last.a + 1;
    end.b = last.b + 1;
    if (rows > 0)
        end.a += offsets(p->rows, p->row, rows - 1).a;
    if (columns > 0)
        end.b += offsets(p->columns, p->column, columns - 1).b;
    return end;
}

/* Axes of random lengths; where an operand has them, random steps. Those in c
 * are exact.
 */
static size_t
axes_random(uint32_t *state, flux_axis *axis, bool in_a, bool in_b, size_t most,
            size_t *c)
{
    size_t axes = 1 + next_below(state, FLUX_AXES);
    for (size_t i = 0; i < axes; i++) {
        axis[i].length = 1 + next_below(state, i == 0 ? 40 : 4);
        while (axis[i].length > most)
            axis[i].length = (axis[i].length + 1) / 2;
        most /= axis[i].length;
        axis[i].a = in_a ? (i == 0 ? 1 : 7) + next_below(state, 3) * 5 : 0;
        axis[i].b = in_b ? (i == 0 ? 1 : 9) + next_below(state, 2) * 11 : 0;
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
    /* Operands are as long as what is read of them. */                        \
    static void check_##S(flux_isa isa, const Product *p, uint32_t seed)       \
    {                                                                          \
        size_t rows = flux_axes_count(p->rows, p->row);                        \
        size_t columns = flux_axes_count(p->columns, p->column);               \
        size_t terms = flux_axes_count(p->terms, p->term);                     \
        size_t a_size = extent(p, rows, 0, terms).a;                           \
        size_t b_size = extent(p, 0, columns, terms).b;                        \
        size_t size = rows * columns;                                          \
        T *a = malloc((a_size + 1) * sizeof *a);                               \
        T *b = malloc((b_size + 1) * sizeof *b);                               \
        T *c = malloc((size + 1) * sizeof *c);                                 \
        uint32_t state = seed;                                                 \
        for (size_t i = 0; i < a_size; i++)                                    \
            a[i] = (T)next_below(&state, 20001) / 100 - 100;                   \
        for (size_t i = 0; i < b_size; i++)                                    \
            b[i] = (T)next_below(&state, 20001) / 7 - 1000;                    \
        for (size_t i = 0; i <= size; i++)                                     \
            c[i] = (T)77;                                                      \
        flux_windows_##S(isa, p->order, p->rows, p->row, p->columns,           \
                         p->column, p->terms, p->term, a, b, c);               \
        for (size_t i = 0; i < rows; i++)                                      \
            for (size_t j = 0; j < columns; j++) {                             \
                flux_axis at = offsets(p->rows, p->row, i);                    \
                flux_axis to = offsets(p->columns, p->column, j);              \
                T want = naive_##S(p->order, p->terms, p->term, a + at.a,      \
                                   b + to.b);                                  \
                if (!(c[at.c + to.c] == want))                                 \
                    fail_msg("seed %u: [%zu, %zu] is %.17g, not %.17g", seed,  \
                             i, j, (double)c[at.c + to.c], (double)want);      \
            }                                                                  \
        if (!(c[size] == (T)77))                                               \
            fail_msg("seed %u: written behind the end", seed);                 \
        free(a);                                                               \
        free(b);                                                               \
        free(c);                                                               \
    }
NAIVE(float, f32, flux_fmaf)
NAIVE(double, f64, flux_fma)

/* A framed product is one of samples within zeros that have memory. There may
 * be weights that are not finite, and products that are too small, which round
 * to -0. */
#define FRAMED(T, S)                                                           \
    static void framed_##S(flux_isa isa, const Product *p, uint32_t seed)      \
    {                                                                          \
        const flux_axis *sample = &p->row[p->frames];                          \
        flux_lines l;                                                          \
        flux_lines_plan(&l, p->row, p->terms, p->term, p->frames, p->frame,    \
                        p->frames);                                            \
        Product padded = *p;                                                   \
        memcpy(padded.term, l.term, sizeof l.term);                            \
        memcpy(padded.row, l.row, p->frames * sizeof *l.row);                  \
        padded.row[p->frames].a = l.size;                                      \
        size_t columns = flux_axes_count(p->columns, p->column);               \
        size_t terms = flux_axes_count(p->terms, p->term);                     \
        size_t b_size = extent(p, 0, columns, terms).b;                        \
        size_t size = sample->length * sample->c;                              \
        size_t a_size = sample->length * sample->a;                            \
        T *a = malloc(a_size * sizeof *a);                                     \
        T *zeros = calloc(sample->length * l.size, sizeof *zeros);             \
        T *b = malloc(b_size * sizeof *b);                                     \
        T *want = malloc((size + 1) * sizeof *want);                           \
        T *c = malloc((size + 1) * sizeof *c);                                 \
        uint32_t state = seed;                                                 \
        for (size_t i = 0; i < a_size; i++)                                    \
            a[i] = (T)next_below(&state, 20001) / 100 - 100;                   \
        for (size_t i = 0; i < a_size && seed % 4 == 1; i++)                   \
            a[i] *= sizeof(T) == 4 ? (T)1e-44 : (T)4e-322;                     \
        for (size_t i = 0; i < b_size; i++)                                    \
            b[i] = (T)next_below(&state, 20001) / 7000 - 1;                    \
        if (seed % 4 == 0)                                                     \
            b[next_below(&state, (uint32_t)b_size)] = (T)INFINITY;             \
        for (size_t i = 0; i <= size; i++)                                     \
            c[i] = want[i] = (T)77;                                            \
        for (size_t i = 0; i < sample->length; i++)                            \
            flux_lines_lay_##S(&l, p->frame, a + i * sample->a,                \
                               zeros + i * l.size);                            \
        flux_windows_##S(isa, p->order, p->rows, padded.row, p->columns,       \
                         p->column, p->terms, padded.term, zeros, b, want);    \
        flux_windows_framed_##S(isa, p->order, p->rows, p->row, p->columns,    \
                                p->column, p->terms, p->term, p->frames,       \
                                p->frame, a, b, c);                            \
        for (size_t i = 0; i <= size; i++)                                     \
            if (memcmp(&c[i], &want[i], sizeof *c) != 0 &&                     \
                !(c[i] != c[i] && want[i] != want[i]))                         \
                fail_msg("seed %u: %zu is %.17g, not %.17g", seed, i,          \
                         (double)c[i], (double)want[i]);                       \
        free(a);                                                               \
        free(zeros);                                                           \
        free(b);                                                               \
        free(want);                                                            \
        free(c);                                                               \
    }
FRAMED(float, f32)
FRAMED(double, f64)

/* The plain product is slow: every fifth case will do for it. */
static void
check(uint32_t seed, const Product *p)
{
    flux_isa first = seed % 5 == 0 ? FLUX_ISA_PLAIN : FLUX_ISA_PLAIN + 1;
    for (flux_isa isa = first; isa <= flux_best_isa(); isa++) {
        if (p->frames > 0) {
            framed_f32(isa, p, seed);
            framed_f64(isa, p, seed);
            continue;
        }
        check_f32(isa, p, seed);
        check_f64(isa, p, seed);
    }
}

static Product
product_random(uint32_t seed)
{
    Product p;
    size_t size = 1;
    uint32_t state = seed;
    p.frames = 0;
    p.rows = axes_random(&state, p.row, true, false, 100, &size);
    p.columns = axes_random(&state, p.column, false, true, 40, &size);
    p.terms = axes_random(&state, p.term, true, true, 1200, NULL);
    p.order = next_below(&state, 2) == 0 ? FLUX_SEQ : FLUX_SPLIT4;
    return p;
}

static void
random_axes(void **state)
{
    (void)state;
    for (uint32_t seed = 1; seed <= CASES; seed++) {
        Product p = product_random(seed);
        check(seed, &p);
    }
}

static void
no_terms(void **state)
{
    (void)state;
    for (uint32_t seed = 1; seed <= 20; seed++) {
        Product p = product_random(seed);
        p.term[p.terms - 1].length = 0;
        check(seed, &p);
    }
}

/* A convolution of samples [channel][y][x] with filters [out][channel][k][k]:
 * rows are places, columns filters, terms what a filter reads. The gradient of
 * its filters exchanges rows and terms.
 */
static void
convolutions(void **state)
{
    (void)state;
    for (uint32_t seed = 1; seed <= CASES; seed++) {
        uint32_t random = seed;
        const size_t k = 3 + 2 * next_below(&random, 2),
                     n = 1 + next_below(&random, 4);
        const size_t in = 1 + next_below(&random, 3),
                     out = 1 + next_below(&random, 17);
        const size_t x = 1 + next_below(&random, 29),
                     y = 1 + next_below(&random, 6);
        const size_t wide = x + k - 1, high = y + k - 1, one = wide * high;
        const size_t square = k * k, places = x * y;
        Product forward = {
            .rows = 3,
            .row = {{x, 1, 0, 1},
                    {y, wide, 0, x},
                    {n, one * in, 0, places * out}},
            .columns = 1,
            .column = {{out, 0, square * in, places}},
            .terms = 3,
            .term = {{k, 1, 1, 0}, {k, wide, k, 0}, {in, one, square, 0}},
        };
        Product filters = {
            .rows = 3,
            .row = {{k, 1, 0, 1}, {k, wide, 0, k}, {in, one, 0, square}},
            .columns = 1,
            .column = {{out, 0, places, square * in}},
            .terms = 3,
            .term = {{x, 1, 1, 0},
                     {y, wide, x, 0},
                     {n, one * in, places * out, 0}},
        };
        forward.order = filters.order = FLUX_SEQ;
        check(seed, &forward);
        check(seed, &filters);
    }
}

/* Windows of k by k, or along one axis k, of samples [channel][y][x] within
 * zeros: more or fewer than the windows read, or so many that some windows have
 * nothing else; or without zeros.
 */
static void
frames(void **state)
{
    (void)state;
    for (uint32_t seed = 1; seed <= 2 * CASES; seed++) {
        uint32_t random = seed;
        const size_t k = 1 + next_below(&random, 5);
        const size_t n = 1 + next_below(&random, seed % 8 == 0 ? 80 : 41);
        const bool deep = seed % 3 == 0; /* more terms than a block */
        const size_t in = (deep ? 21 : 1) + next_below(&random, 12);
        const size_t out = 1 + next_below(&random, 13);
        const size_t x = 1 + next_below(&random, 9),
                     y = 1 + next_below(&random, 5);
        const size_t dilation = 1 + next_below(&random, 2);
        const size_t stride = 1 + next_below(&random, 2);
        const size_t up = 1 + next_below(&random, deep ? 6 : 20);
        const size_t down = 1 + next_below(&random, 5);
        const size_t before = next_below(&random, 7), square = k * k;
        const size_t apart =
            1 + next_below(&random, 4) / 3; /* of c's elements */
        Product two = {
            .frames = 2,
            .frame = {{x, 1, before}, {y, x, next_below(&random, 5)}},
            .rows = 3,
            .row = {{up, stride, 0, apart},
                    {down, x, 0, apart * up},
                    {n, x * y * in, 0, apart * up * down * out}},
            .columns = 1,
            .column = {{out, 0, square * in, apart * up * down}},
            .terms = 3,
            .term = {{k, dilation, 1, 0},
                     {k, x * dilation, k, 0},
                     {in, x * y, square, 0}},
        };
        Product one = {
            .frames = 1,
            .frame = {{x, in, before}},
            .rows = 2,
            .row = {{up, stride * in, 0, 1}, {n, x * in, 0, up * out}},
            .columns = 1,
            .column = {{out, 0, k * in, up}},
            .terms = 2,
            .term = {{k, dilation * in, 1, 0}, {in, 1, k, 0}},
        };
        const size_t wide = (up - 1) * stride + (k - 1) * dilation + 1;
        const size_t high = (down - 1) * stride + k;
        Product none = {
            .rows = 3,
            .row = {{up, stride, 0, apart},
                    {down, wide * stride, 0, apart * up},
                    {n, wide * high * in, 0, apart * up * down * out}},
            .columns = 1,
            .column = {{out, 0, square * in, apart * up * down}},
            .terms = 3,
            .term = {{k, dilation, 1, 0},
                     {k, wide, k, 0},
                     {in, wide * high, square, 0}},
        };
        none.order = two.order = one.order =
            seed % 7 == 0 ? FLUX_SPLIT4 : FLUX_SEQ;
        check(seed, &two);
        check(seed, &one);
        if (apart == 1)
            check(seed, &none);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_axes),
        cmocka_unit_test(no_terms),
        cmocka_unit_test(convolutions),
        cmocka_unit_test(frames),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
