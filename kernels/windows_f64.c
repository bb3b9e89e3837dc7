/* Products of doubles over several axes, compiled once: for libflux.a. */
#include "kernels/flux_windows_f64.h"
