/* tiles.h - exact products in tiles of every shape, as kernels (tiles.cu), for
 * tests/cuda/exact/compare.c.
 */
#ifndef TILES_H
#define TILES_H

#include <stddef.h>

/* A thread's elements down and across, at most. */
typedef enum { ONE, TWO, FOUR, LOW, THIN, SHAPES } shape;

/* What kernels/flux_gpu_product.h takes of a and b; c's columns are m apart. So
 * many products are said to be made at once.
 */
typedef struct {
    int order; /* a flux_order */
    size_t m, n, k;
    const float *a;
    size_t ai, ak;
    const float *b;
    size_t bk, bj;
    float *c;
    size_t count;
} product;

#ifdef __cplusplus
extern "C"
#endif
    /* Queues a product; whether there is one of that shape and order, and that
     * worked. */
    int
    tiles_queue(shape shape, const product *p);

#endif
