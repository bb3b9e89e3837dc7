/* The library of tests/cuda/gemm/cublasLt.h: products in double, rounded once.
 * The space that it is given is written to, all of it.
 */
#include "tests/cuda/control.h"
#include "tests/cuda/emulator_host.h"
#include "tests/cuda/gemm/cublasLt.h"

#include <cstring>

struct cublasLtContext {
    int none;
};

namespace
{
size_t products;

/* An operand as it is multiplied: element (i, k) at i * down + k * across. */
struct Matrix {
    const float *at;
    size_t rows;
    size_t columns;
    size_t down;
    size_t across;
    Matrix(const void *from, const cublasLtMatrixLayoutOpaque_t *layout,
           bool turned)
        : at(static_cast<const float *>(from)),
          rows(turned ? layout->columns : layout->rows),
          columns(turned ? layout->rows : layout->columns),
          down(turned ? static_cast<size_t>(layout->ld) : 1),
          across(turned ? 1 : static_cast<size_t>(layout->ld))
    {
    }
};

void
multiply(float alpha, const Matrix &a, const Matrix &b, float beta, float *c,
         size_t ld)
{
    for (size_t j = 0; j < b.columns; j++) {
        for (size_t i = 0; i < a.rows; i++) {
            double sum = 0;
            for (size_t k = 0; k < a.columns; k++)
                sum += static_cast<double>(a.at[i * a.down + k * a.across]) *
                       b.at[k * b.down + j * b.across];
            float *to = &c[i + j * ld];
            *to =
                static_cast<float>(alpha * sum + (beta != 0 ? beta * *to : 0));
        }
    }
}

bool
lies(const cublasLtMatrixLayoutOpaque_t *layout)
{
    return layout->rows > 0 && layout->columns > 0 &&
           layout->ld >= static_cast<int64_t>(layout->rows);
}
} // namespace

size_t
emulator_products(void)
{
    return products;
}

cublasStatus_t
cublasLtCreate(cublasLtHandle_t *handle)
{
    *handle = nullptr;
    if (emulator::fails_now())
        return CUBLAS_STATUS_ALLOC_FAILED;
    *handle = new cublasLtContext();
    emulator::note(*handle);
    return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t
cublasLtDestroy(cublasLtHandle_t handle)
{
    emulator::forget(handle);
    delete handle;
    return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t
cublasLtMatmulDescInit(cublasLtMatmulDesc_t desc, cublasComputeType_t compute,
                       cudaDataType scale)
{
    *desc = {compute, {CUBLAS_OP_N, CUBLAS_OP_N}};
    return emulator::fails_now() || scale != CUDA_R_32F
               ? CUBLAS_STATUS_INVALID_VALUE
               : CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t
cublasLtMatmulDescSetAttribute(cublasLtMatmulDesc_t desc,
                               cublasLtMatmulDescAttributes_t which,
                               const void *value, size_t bytes)
{
    int32_t *to = &desc->turned[which == CUBLASLT_MATMUL_DESC_TRANSB];
    if (emulator::fails_now() || bytes != sizeof *to)
        return CUBLAS_STATUS_INVALID_VALUE;
    memcpy(to, value, bytes);
    return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t
cublasLtMatrixLayoutInit(cublasLtMatrixLayout_t layout, cudaDataType type,
                         uint64_t rows, uint64_t columns, int64_t ld)
{
    *layout = {rows, columns, ld};
    return emulator::fails_now() || type != CUDA_R_32F || !lies(layout)
               ? CUBLAS_STATUS_INVALID_VALUE
               : CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t
cublasLtMatmul(cublasLtHandle_t handle, cublasLtMatmulDesc_t desc,
               const void *alpha, const void *a, cublasLtMatrixLayout_t la,
               const void *b, cublasLtMatrixLayout_t lb, const void *beta,
               const void *c, cublasLtMatrixLayout_t lc, void *d,
               cublasLtMatrixLayout_t ld, const cublasLtMatmulAlgo_t *algo,
               void *space, size_t bytes, cudaStream_t stream)
{
    const Matrix left(a, la, desc->turned[0] == CUBLAS_OP_T);
    const Matrix right(b, lb, desc->turned[1] == CUBLAS_OP_T);
    const float factor = *static_cast<const float *>(alpha);
    const float keeps = *static_cast<const float *>(beta);
    const size_t line = static_cast<size_t>(ld->ld);
    if (handle == nullptr || algo != nullptr || c != d || lc != ld ||
        !lies(la) || !lies(lb) || !lies(ld) || left.columns != right.rows ||
        left.rows != ld->rows || right.columns != ld->columns)
        return CUBLAS_STATUS_INVALID_VALUE;
    products++;
    const cudaError_t error = emulator::submit(
        stream,
        [=] {
            memset(space, 0xff, bytes);
            multiply(factor, left, right, keeps, static_cast<float *>(d), line);
        },
        cudaErrorLaunchFailure);
    return error == cudaSuccess ? CUBLAS_STATUS_SUCCESS
                                : CUBLAS_STATUS_EXECUTION_FAILED;
}
