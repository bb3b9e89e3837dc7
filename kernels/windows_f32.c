/* Products of floats over several axes, compiled once: for libflux.a. */
#include "kernels/flux_windows_f32.h"
