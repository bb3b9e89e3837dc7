/* flux_gpu_mma.h - the instructions of tensor cores, which are for a warp
 * together, and what rounds their operands: all that is not C++ of the products
 * in flux_gpu_tensor.h. The emulator has functions of these names itself.
 *
 * Operands are words of 32 bits: a number of tf32, 11 bits of fraction with the
 * leading one, or two neighbouring terms of bf16, 8 bits each. Both have the
 * exponents of float. An instruction adds to 16 x 8 sums, of floats, the
 * products of 16 rows and 8 columns, of eight words each: of tf32 eight terms,
 * of bf16 sixteen. With g = lane / 4 and t = lane % 4 a thread has
 *
 *    a[q]     of row g + q % 2 * 8 the word t + q / 2 * 4
 *    b[q]     of column g the word t + q * 4
 *    sum[q]   row g + q / 2 * 8, column t * 2 + q % 2
 */
#ifndef FLUX_GPU_MMA_H
#define FLUX_GPU_MMA_H

#include "kernels/flux_gpu.h"

#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ < 800
#error "products in tensor cores need sm_80 or later"
#endif

#ifndef FLUX_CUDA_EMULATOR

/* To the nearest; of two, to the larger. */
static __device__ __forceinline__ uint32_t
flux_tf32(float x)
{
    uint32_t word;
    asm("cvt.rna.tf32.f32 %0, %1;" : "=r"(word) : "f"(x));
    return word;
}

/* To the nearest; of two, to the even. The first term is the lower half. */
static __device__ __forceinline__ uint32_t
flux_bf16(float first, float second)
{
    uint32_t word;
    asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(word) : "f"(second), "f"(first));
    return word;
}

#define FLUX_MMA(shape)                                                        \
    asm volatile("mma.sync.aligned." shape " {%0, %1, %2, %3}, "               \
                 "{%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"               \
                 : "+f"(sum[0]), "+f"(sum[1]), "+f"(sum[2]), "+f"(sum[3])      \
                 : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]),      \
                   "r"(b[1]))

static __device__ __forceinline__ void
flux_mma_tf32(float sum[4], const uint32_t a[4], const uint32_t b[2])
{
    FLUX_MMA("m16n8k8.row.col.f32.tf32.tf32.f32");
}

static __device__ __forceinline__ void
flux_mma_bf16(float sum[4], const uint32_t a[4], const uint32_t b[2])
{
    FLUX_MMA("m16n8k16.row.col.f32.bf16.bf16.f32");
}

#undef FLUX_MMA
#endif
#endif
