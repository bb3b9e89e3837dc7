/* The matrix product of doubles, compiled once: for libflux.a. */
#include "kernels/flux_product_f64.h"
