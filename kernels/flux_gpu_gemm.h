/* flux_gpu_gemm.h - products by cublasLt, the CUDA toolkit's library, which a
 * program links with -lcublasLt: what a .cu of --gemm cublaslt calls where its
 * flux_work has a flux_gemm. The order of its sums is the library's own.
 *
 * A matrix is column-major there: elements of a column stand side by side, and
 * columns `ld` apart, or it is the transpose of such a one. So one of the steps
 * of each operand, and of the result, has to be 1.
 */
#ifndef FLUX_GPU_GEMM_H
#define FLUX_GPU_GEMM_H

#include "kernels/flux_gpu.h"

#ifndef __CUDACC_RTC__
#include <cublasLt.h>
#include <stdlib.h>

#ifndef FLUX_GEMM_SPACE
#define FLUX_GEMM_SPACE 33554432 /* bytes, as NVIDIA suggests for sm_90 */
#endif

/* The library's handle, and what its kernels may work in: for one stream. */
typedef struct {
    cublasLtHandle_t handle;
    void *space;
} flux_gemm;

static inline cudaError_t
flux_gemm_error(cublasStatus_t status)
{
    return status == CUBLAS_STATUS_SUCCESS        ? cudaSuccess
           : status == CUBLAS_STATUS_ALLOC_FAILED ? cudaErrorMemoryAllocation
                                                  : cudaErrorUnknown;
}

/* Frees what there is; NULL is legal. */
static inline void
flux_gemm_close(void *work)
{
    flux_gemm *gemm = (flux_gemm *)work;
    if (gemm == NULL)
        return;
    if (gemm->handle != NULL)
        cublasLtDestroy(gemm->handle);
    cudaFree(gemm->space);
    free(gemm);
}

/* Makes what a flux_work has in its `gemm`, or NULL. */
static inline cudaError_t
flux_gemm_open(void **work)
{
    flux_gemm *gemm = (flux_gemm *)calloc(1, sizeof *gemm);
    *work = NULL;
    if (gemm == NULL)
        return cudaErrorMemoryAllocation;
    cudaError_t error = flux_gemm_error(cublasLtCreate(&gemm->handle));
    if (error == cudaSuccess)
        error = cudaMalloc(&gemm->space, FLUX_GEMM_SPACE);
    if (error == cudaSuccess)
        *work = gemm;
    else
        flux_gemm_close(gemm);
    return error;
}

/* A matrix: `rows` x `columns` elements, one of the steps 1. */
typedef struct {
    const float *at;
    size_t rows;
    size_t columns;
    size_t down;
    size_t across;
} flux_gemm_matrix;

/* Says how a matrix lies, as the operand `which` of a product. */
static inline cublasStatus_t
flux_gemm_lay(cublasLtMatrixLayout_t layout, cublasLtMatmulDesc_t product,
              cublasLtMatmulDescAttributes_t which, const flux_gemm_matrix *x)
{
    const int32_t plain = CUBLAS_OP_N;
    const int32_t transposed = CUBLAS_OP_T;
    const bool lies = x->down == 1;
    cublasStatus_t status = cublasLtMatmulDescSetAttribute(
        product, which, lies ? &plain : &transposed, sizeof plain);
    if (status != CUBLAS_STATUS_SUCCESS)
        return status;
    return cublasLtMatrixLayoutInit(
        layout, CUDA_R_32F, lies ? x->rows : x->columns,
        lies ? x->columns : x->rows, (int64_t)(lies ? x->across : x->down));
}

/* c = beta c + a b, where c lies column by column. */
static inline cublasStatus_t
flux_gemm_queue(const flux_gemm *gemm, cudaStream_t stream,
                cublasComputeType_t compute, const flux_gemm_matrix *a,
                const flux_gemm_matrix *b, const flux_gemm_matrix *c,
                float beta)
{
    const float one = 1;
    cublasLtMatmulDescOpaque_t product;
    cublasLtMatrixLayoutOpaque_t layout[3];
    cublasStatus_t status =
        cublasLtMatmulDescInit(&product, compute, CUDA_R_32F);
    if (status == CUBLAS_STATUS_SUCCESS)
        status =
            flux_gemm_lay(&layout[0], &product, CUBLASLT_MATMUL_DESC_TRANSA, a);
    if (status == CUBLAS_STATUS_SUCCESS)
        status =
            flux_gemm_lay(&layout[1], &product, CUBLASLT_MATMUL_DESC_TRANSB, b);
    if (status == CUBLAS_STATUS_SUCCESS)
        status = cublasLtMatrixLayoutInit(&layout[2], CUDA_R_32F, c->rows,
                                          c->columns, (int64_t)c->across);
    if (status == CUBLAS_STATUS_SUCCESS)
        status = cublasLtMatmul(gemm->handle, &product, &one, a->at, &layout[0],
                                b->at, &layout[1], &beta, c->at, &layout[2],
                                (void *)c->at, &layout[2], NULL, gemm->space,
                                FLUX_GEMM_SPACE, stream);
    return status;
}

/* The product c[i ci + j cj] of a[i ai + k ak] and b[k bk + j bj], for i < m
 * and j < n, times 1; and, where beta is 1, what was there. */
static inline cudaError_t
flux_gemm_product(const flux_gemm *gemm, cudaStream_t stream,
                  cublasComputeType_t compute, size_t m, size_t n, size_t k,
                  const float *a, size_t ai, size_t ak, const float *b,
                  size_t bk, size_t bj, float *c, size_t ci, size_t cj,
                  float beta)
{
    const flux_gemm_matrix left = {a, m, k, ai, ak};
    const flux_gemm_matrix right = {b, k, n, bk, bj};
    const flux_gemm_matrix result = {c, m, n, ci, cj};
    if (ci == 1)
        return flux_gemm_error(flux_gemm_queue(gemm, stream, compute, &left,
                                               &right, &result, beta));
    const flux_gemm_matrix first = {b, n, k, bj, bk};
    const flux_gemm_matrix second = {a, k, m, ak, ai};
    const flux_gemm_matrix turned = {c, n, m, cj, ci};
    return flux_gemm_error(
        flux_gemm_queue(gemm, stream, compute, &first, &second, &turned, beta));
}

/* What makes the products of a call with a flux_work; NULL: its own kernels, as
 * where one of its sizes, and so their product, is 0. */
#define FLUX_GEMM_OF(work, sizes)                                              \
    ((work) != NULL && (sizes) > 0 ? (const flux_gemm *)(work)->gemm : NULL)

#endif
#endif
