/* Exact products in tiles (kernels/flux_gpu_product.h), on the emulator,
 * against those of the C (kernels/flux_product.h), bit for bit: every shape and
 * order, sizes about the edges of tiles, of what lies in shared memory and of a
 * block of terms, either operand by rows or columns or by neither; operands
 * with zeros of both signs, infinities and NaN.
 */
#include "tests/cuda/array.h"
#include "tiles.h"

#include "kernels/flux_product.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int passed;
static int failed;

static int
same(const float *a, const float *b, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (memcmp(&a[i], &b[i], sizeof *a) != 0 &&
            !(isnan(a[i]) && isnan(b[i])))
            return 0;
    return 1;
}

static void
compare(shape shape, unsigned order, product p, const Array *a, const Array *b,
        const Array *c)
{
    static const char *const names[] = {"one", "two", "four", "low", "thin"};
    float *found = malloc((c->count + 1) * sizeof *found);
    if (found == NULL)
        exit(3);
    flux_product_f32(flux_best_isa(), NULL, (flux_order)p.order, p.m, p.n, p.k,
                     a->host, p.ai, p.ak, b->host, p.bk, p.bj, c->host, 1, p.m,
                     0);
    p.a = a->device;
    p.b = b->device;
    p.c = c->device;
    emulator_order(order);
    int fine = tiles_queue(shape, &p);
    emulator_get(found, c->device, c->count * sizeof *found);
    fine = fine && emulator_check() == 0 && same(found, c->host, c->count);
    passed += fine;
    failed += !fine;
    if (!fine)
        printf("FAILED: order %d, %s, %zu x %zu x %zu, steps %zu %zu\n",
               p.order, names[shape], p.m, p.n, p.k, p.ai, p.bk);
    free(found);
}

/* Every shape that there is; operands column by column, row by row, or every
 * other element.
 */
static void
compare_forms(int order, size_t m, size_t n, size_t k, size_t count)
{
    static const int shapes[3][SHAPES] = {
        {1, 1, 1, 1, 1}, {1, 1, 0, 1, 1}, {1, 0, 0, 0, 0}};
    for (int shape = 0; shape < SHAPES; shape++) {
        int form = (int)((m + n + k + (size_t)shape) % 3);
        product p = {order, m,    n, k,     NULL, 1,
                     m + 1, NULL, 1, k + 2, NULL, count};
        if (form == 1)
            p.ai = k + 1, p.ak = 1, p.bj = 1, p.bk = n + 1;
        if (form == 2)
            p.ai = 2, p.ak = 2 * m, p.bk = 2, p.bj = 2 * k;
        if (!shapes[order][shape])
            continue;
        Array a = array_new(m * p.ai + k * p.ak);
        Array b = array_new(k * p.bk + n * p.bj);
        Array c = array_new(m * n);
        static const float special[] = {-0.0f, 0.0f,      INFINITY,
                                        NAN,   0x1p-100f, -0x1p-100f};
        for (size_t i = 0; i < 6 && i < m && i < n; i++)
            a.host[i * p.ai] = b.host[i * p.bj] = special[i];
        array_put(&a);
        array_put(&b);
        compare(shape, (unsigned)(shape % 3 * 3), p, &a, &b, &c);
        array_free(&a);
        array_free(&b);
        array_free(&c);
    }
}

int
main(void)
{
    static const size_t size[][3] = {
        {1, 1, 1},     {16, 16, 16},  {15, 17, 64},  {17, 15, 65},
        {32, 33, 31},  {31, 64, 32},  {64, 63, 17},  {65, 64, 16},
        {63, 65, 15},  {64, 128, 33}, {129, 127, 8}, {3, 200, 100},
        {200, 5, 128}, {20, 21, 511}, {5, 6, 513},   {33, 3, 1030},
        {4, 3, 4100},  {7, 9, 0}};
    for (size_t i = 0; i < sizeof size / sizeof *size; i++) {
        for (int order = 0; order < 3; order++) {
            compare_forms(order, size[i][0], size[i][1], size[i][2], 100);
            if (i % 4 == 1)
                compare_forms(order, size[i][0], size[i][1], size[i][2], 1);
        }
    }
    printf("%d passed, %d failed, 0 skipped\n", passed, failed);
    return failed != 0;
}
