/* Products in tensor cores (kernels/flux_gpu_tensor.h), on the emulator,
 * against sums in double of operands that are rounded here: whole operands and
 * edges of tiles, either operand transposed, every end, NaN and infinities; the
 * same bits for every size of tiles and order of threads. And those of cublasLt
 * (kernels/flux_gpu_gemm.h), which rounds no operand and has no step.
 *
 * What a float's sum may be off: 2^-24 of the sum of the products' absolute
 * values for each instruction, and as much for what the end rounds.
 */
#include "products.h"
#include "tests/cuda/array.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int passed;
static int failed;

static void
check(int holds, const char *what, kind kind, const product *p)
{
    static const char *const names[] = {"tf32", "bf16", "cublasLt"};
    passed += holds != 0;
    failed += holds == 0;
    if (!holds)
        printf("FAILED: %s, %s, %zu x %zu x %zu, steps %zu %zu, end %d\n", what,
               names[kind], p->m, p->n, p->k, p->ai, p->bk, p->end);
}

/* The nearest number of so many bits; of two the larger one, or the even. */
static double
rounded(double x, kind kind)
{
    int exponent;
    int bits = kind == TF32 ? 11 : 8;
    if (!isfinite(x) || x == 0 || kind == GEMM)
        return x;
    double scaled = ldexp(frexp(x, &exponent), bits);
    double whole = kind == TF32 ? round(scaled) : rint(scaled);
    double result = ldexp(whole, exponent - bits);
    return fabs(result) < 0x1p128 ? result : copysign(INFINITY, result);
}

/* What an element should be, from what it is before; how far off it may be. */
static double
expected(kind kind, const product *p, size_t i, size_t j, double before,
         double *off)
{
    double sum = 0;
    double size = 0;
    for (size_t k = 0; k < p->k; k++) {
        double a = rounded(p->a[i * p->ai + k * p->ak], kind);
        double b = rounded(p->b[k * p->bk + j * p->bj], kind);
        sum += a * b;
        size += fabs(a * b);
    }
    size_t terms = kind == TF32 ? 8 : 16;
    double most = (int)((p->k + terms - 1) / terms) * size;
    double result = p->end == 0   ? sum
                    : p->end == 1 ? before + sum
                                  : before - p->scale * sum;
    double twice = p->scale == 2 ? 2 : 1;
    *off = 0x1p-24 * 1.01 * twice * (p->scale * (most + size) + fabs(result));
    return twice * result;
}

static int
is_near(float found, double right, double off)
{
    if (fabs(right) >= 0x1p128)
        right = copysign(INFINITY, right);
    if (isnan(right) || isnan(found))
        return isnan(right) && isnan(found);
    if (isinf(right) || isinf(found))
        return found == right;
    return fabs(found - right) <= off;
}

/* Runs a product on the device, where `c` begins as `before`; what has become
 * of it.
 */
static int
run(kind kind, int side, unsigned order, const product *p, const Array *c,
    const float *before, float *after)
{
    product own = *p;
    emulator_order(order);
    emulator_put(c->device, before, c->count * sizeof *before);
    own.c = c->device;
    int queued = product_queue(kind, side, &own);
    emulator_get(after, c->device, c->count * sizeof *after);
    return queued && emulator_check() == 0;
}

/* A product on operands of the host, whose copies are a and b. */
static void
compare(kind kind, product p, const Array *a, const Array *b, const Array *c)
{
    size_t bytes = (c->count + 1) * sizeof(float);
    float *first = malloc(bytes);
    float *other = malloc(bytes);
    if (first == NULL || other == NULL)
        exit(3);
    product device = p;
    device.a = a->device;
    device.b = b->device;
    array_put(a);
    array_put(b);
    check(run(kind, 0, 0, &device, c, c->host, first), "the call", kind, &p);
    for (int side = 0; side < SIDES; side++) {
        static const unsigned orders[] = {1, 7, 0};
        int fine = run(kind, side, orders[side], &device, c, c->host, other);
        check(fine && memcmp(first, other, bytes - sizeof *first) == 0,
              "other bits", kind, &p);
    }
    p.a = a->host;
    p.b = b->host;
    int near = 1;
    for (size_t i = 0; i < p.m; i++) {
        for (size_t j = 0; j < p.n; j++) {
            float *at = &first[i * p.ci + j * p.cj];
            double off;
            double right =
                expected(kind, &p, i, j, c->host[i * p.ci + j * p.cj], &off);
            near = near && is_near(*at, right, off);
            *at = c->host[i * p.ci + j * p.cj];
        }
    }
    check(near, "a result", kind, &p);
    check(memcmp(first, c->host, bytes - sizeof *first) == 0,
          "memory beside the result", kind, &p);
    free(first);
    free(other);
}

/* Every `step`-th form: operands column by column or row by row, with unused
 * elements between their lines; every end.
 */
static void
compare_forms(kind kind, size_t m, size_t n, size_t k, int step)
{
    for (int form = 0; form < 8; form += step) {
        product p = {
            m, n,     k,    NULL, 1,     m + 1,    NULL,
            1, k + 2, NULL, 1,    m + 3, form % 3, form < 4 ? 1.5f : 2};
        if (kind == GEMM)
            p.end = form / 4 ^ form % 2, p.scale = 1;
        if (form & 1)
            p.ai = k + 1, p.ak = 1;
        if (form & 2)
            p.bj = 1, p.bk = n + 1;
        if (form & 4)
            p.ci = n + 2, p.cj = 1;
        Array a = array_new(m * p.ai + k * p.ak);
        Array b = array_new(k * p.bk + n * p.bj);
        Array c = array_new(m * p.ci + n * p.cj);
        compare(kind, p, &a, &b, &c);
        array_free(&a);
        array_free(&b);
        array_free(&c);
    }
}

/* Numbers that are none, that rounding makes infinite, whose products are, and
 * that stand half way between two of those that operands can be.
 */
static void
compare_special(kind kind)
{
    enum { M = 40, N = 33, K = 20 };
    const float special[] = {INFINITY,        -INFINITY,        NAN,
                             0x1.fffffep127f, -0x1.fffffep127f, 0x1p100f,
                             -0.0f,           0x1.004p0f,       0x1.00cp0f,
                             0x1.01p0f,       0x1.03p0f,        -0x1.004p0f,
                             0x1.003ffep0f,   0x1.00fffep0f,    0x1p-100f};
    enum { SPECIAL = sizeof special / sizeof *special };
    product p = {M, N, K, NULL, 1, M, NULL, 1, K, NULL, 1, M, 0, 1};
    Array a = array_new(M * K);
    Array b = array_new(K * N);
    Array c = array_new(M * N);
    for (int i = 0; i < SPECIAL; i++) {
        a.host[i + M * (i % K)] = special[i];
        b.host[(i + 3) % K + K * i] = special[i];
    }
    compare(kind, p, &a, &b, &c);
    array_free(&a);
    array_free(&b);
    array_free(&c);
}

int
main(void)
{
    static const struct {
        size_t m, n, k;
        int step;
    } size[] = {{33, 31, 17, 1}, {5, 70, 9, 1},    {1, 1, 1, 3},
                {16, 8, 8, 3},   {32, 32, 16, 3},  {64, 65, 32, 5},
                {70, 33, 41, 3}, {129, 64, 15, 5}, {5, 130, 24, 5},
                {20, 20, 0, 3},  {40, 40, 300, 7}};
    for (int kind = 0; kind < KINDS; kind++) {
        for (size_t i = 0; i < sizeof size / sizeof *size; i++)
            if (kind != GEMM || size[i].k > 0)
                compare_forms(kind, size[i].m, size[i].n, size[i].k,
                              size[i].step);
        compare_special(kind);
    }
    check(emulator_live() == 0, "a leak", 0, &(product){0});
    printf("%d passed, %d failed, 0 skipped\n", passed, failed);
    return failed != 0;
}
