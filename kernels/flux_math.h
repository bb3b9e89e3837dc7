/* flux_math.h - all elementary functions, float (names in f) and double. */
#ifndef FLUX_MATH_H
#define FLUX_MATH_H

#include "kernels/flux_f32.h"
#include "kernels/flux_f64.h"
#include "kernels/flux_fp.h"

#endif
