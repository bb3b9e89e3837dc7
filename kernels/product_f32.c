/* The matrix product of floats, compiled once: for libflux.a. */
#include "kernels/flux_product_f32.h"
