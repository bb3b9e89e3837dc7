/* Sums into the columns of a table, compiled once: for libflux.a. */
#include "kernels/flux_scatter_text.h"
