/* The kernels of products.h. For nvcc they are those that take most registers,
 * and all that there is, but for what looks at the real cublasLt; unless RUNS
 * says that all shall run.
 */
#include "kernels/flux_gpu_tensor.h"
#if !defined(__CUDA_ARCH__) && __has_include(<cublasLt.h>)
#include "kernels/flux_gpu_gemm.h"
#endif

#include "products.h"

#define PRODUCT(kind, side)                                                    \
    extern "C" __global__ void product_##kind##_##side(product p)              \
    {                                                                          \
        FLUX_SHARED(flux_tensor_tile, shared);                                 \
        const flux_product_end end = {(flux_end_kind)p.end, p.scale, 0};       \
        flux_gpu_product_##kind(shared, side, flux_block(), p.m, p.n, p.k,     \
                                p.a, p.ai, p.ak, p.b, p.bk, p.bj, p.c, p.ci,   \
                                p.cj, end);                                    \
        FLUX_UNROLL                                                            \
        for (size_t e = 0; e < side * side; e++) {                             \
            const size_t i = flux_tensor_row(side, flux_block(), p.m, e);      \
            const size_t j = flux_tensor_column(side, flux_block(), p.m, e);   \
            if (i < p.m && j < p.n && p.scale == 2)                            \
                p.c[i * p.ci + j * p.cj] *= 2;                                 \
        }                                                                      \
    }

PRODUCT(tf32, 8)
PRODUCT(bf16, 8)

#if defined(FLUX_CUDA_EMULATOR) || defined(RUNS)
PRODUCT(tf32, 2)
PRODUCT(tf32, 4)
PRODUCT(bf16, 2)
PRODUCT(bf16, 4)

#ifndef __CUDA_ARCH__ /* the host's side */
typedef cudaError_t queue_of(const product *p);

#define QUEUE(kind, side)                                                      \
    static cudaError_t queue_##kind##_##side(const product *p)                 \
    {                                                                          \
        const product own = *p;                                                \
        return FLUX_TILES(product_##kind##_##side,                             \
                          flux_tensor_tiles(side, p->m, p->n), NULL, own);            \
    }

QUEUE(tf32, 2)
QUEUE(tf32, 4)
QUEUE(tf32, 8)
QUEUE(bf16, 2)
QUEUE(bf16, 4)
QUEUE(bf16, 8)

static cudaError_t
queue_gemm(const product *p)
{
    void *gemm;
    cudaError_t error = flux_gemm_open(&gemm);
    if (error == cudaSuccess)
        error = flux_gemm_product((const flux_gemm *)gemm, NULL,
                                  CUBLAS_COMPUTE_32F, p->m, p->n, p->k, p->a,
                                  p->ai, p->ak, p->b, p->bk, p->bj, p->c, p->ci,
                                  p->cj, p->end == FLUX_ADD ? 1 : 0);
    flux_gemm_close(gemm);
    return error;
}

int
product_queue(kind kind, int side, const product *p)
{
    static queue_of *const queue[KINDS][SIDES] = {
        {queue_tf32_2, queue_tf32_4, queue_tf32_8},
        {queue_bf16_2, queue_bf16_4, queue_bf16_8},
        {queue_gemm, queue_gemm, queue_gemm}};
    return queue[kind][side](p) == cudaSuccess;
}
#endif

#endif
