/* Sums and maxima of rows, compiled once: for libflux.a. */
#include "kernels/flux_rows_text.h"
