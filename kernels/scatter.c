/* Sums into the columns of a table, compiled once: for libflux.a. What looks
 * through the indices has too many pointers for registers that all loops share.
 */
#define FLUX_TOGETHER
#include "kernels/flux_scatter_text.h"
