/* products.h - products in tensor cores, each kind and size of tiles as a
 * kernel, and those of cublasLt (products.cu), for tests/cuda/tensor/compare.c.
 */
#ifndef PRODUCTS_H
#define PRODUCTS_H

#include <stddef.h>

typedef enum { TF32, BF16, GEMM, KINDS } kind;
enum { SIDES = 3 }; /* 2, 4, 8; GEMM has none */

/* What kernels/flux_gpu_tensor.h takes; `end` is a flux_product_end's. */
typedef struct {
    size_t m, n, k;
    const float *a;
    size_t ai, ak;
    const float *b;
    size_t bk, bj;
    float *c;
    size_t ci, cj;
    int end;
    float scale;
} product;

#ifdef __cplusplus
extern "C"
#endif
    /* Queues a product of tiles with 2 << side elements of a thread along a
     * side; whether that worked. After it, each thread doubles what it has
     * made, where the scale is 2. */
    int
    product_queue(kind kind, int side, const product *p);

#endif
