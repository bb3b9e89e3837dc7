/* Maxima of windows of floats, compiled once: for libflux.a. */
#include "kernels/flux_maxima_f32.h"
