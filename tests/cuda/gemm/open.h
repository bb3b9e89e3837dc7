/* open.h - a flux_gemm for compare.c, in the program of the models. */
#ifndef OPEN_H
#define OPEN_H

#include "kernels/flux_gpu_gemm.h"

extern "C" void *
gemm_open(void)
{
    void *gemm;
    return flux_gemm_open(&gemm) == cudaSuccess ? gemm : nullptr;
}

extern "C" void
gemm_close(void *gemm)
{
    flux_gemm_close(gemm);
}

#endif
