/* Large products, which keep hundreds of kilobytes on the stack, on a pool
 * whose threads would by default have as little as some C libraries give: the
 * bits of one thread.
 */
#define _GNU_SOURCE
#include "kernels/flux_math.h"
#include "kernels/flux_product.h"
#include "runtime/flux.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 640, COLUMNS = 640, TERMS = 1100, LITTLE = 128 << 10 };

static float a[ROWS * TERMS], b[TERMS * COLUMNS];
static float one[ROWS * COLUMNS], many[ROWS * COLUMNS];

static void
products(flux_pool *pool, float *c)
{
    flux_isa isa = flux_best_isa();
    flux_product_f32(isa, pool, FLUX_SEQ, ROWS, COLUMNS, TERMS, a, 1, ROWS, b,
                     1, TERMS, c, 1, ROWS, 0);
    flux_product_step_f32(isa, pool, FLUX_SEQ, ROWS, COLUMNS, TERMS, a, 1, ROWS,
                          b, COLUMNS, 1, c, 1, ROWS, 0.5f);
}

int
main(void)
{
    pthread_attr_t attributes;
    if (pthread_attr_init(&attributes) != 0 ||
        pthread_attr_setstacksize(&attributes, LITTLE) != 0 ||
        pthread_setattr_default_np(&attributes) != 0)
        return 2;
    for (size_t i = 0; i < ROWS * TERMS; i++)
        a[i] = (float)(i * 7919 % 1000) / 1000;
    for (size_t i = 0; i < TERMS * COLUMNS; i++)
        b[i] = (float)(i * 104729 % 1000) / 1000;
    flux_pool *pool = flux_pool_open(3);
    if (pool == NULL || pool->threads != 3)
        return 2;
    products(NULL, one);
    products(pool, many);
    flux_pool_close(pool);
    int same = memcmp(one, many, sizeof one) == 0;
    printf("%s\n", same ? "ok" : "FAILED other bits");
    return !same;
}
