/* flux_gpu_windows.h - one element of a product whose terms run over several
 * axes, with the bits of flux_windows.h: the first axis is the fastest.
 */
#ifndef FLUX_GPU_WINDOWS_H
#define FLUX_GPU_WINDOWS_H

#include "kernels/flux_gpu.h"

/* An axis of the terms: its length, and its steps in the operands. */
typedef struct {
    size_t length;
    size_t a;
    size_t b;
} flux_gpu_axis;

#define FLUX_T       float
#define FLUX_P(name) name##_f32
#define FLUX_FMA     flux_fmaf
#include "kernels/flux_gpu_windows_body.h"
#undef FLUX_T
#undef FLUX_P
#undef FLUX_FMA

#define FLUX_T       double
#define FLUX_P(name) name##_f64
#define FLUX_FMA     flux_fma
#include "kernels/flux_gpu_windows_body.h"
#undef FLUX_T
#undef FLUX_P
#undef FLUX_FMA

#endif
