/* The product by a kernel that libxsmm makes for its sizes, column-major: the
 * first matrix is W. */
#include "fixed.h"

#include <libxsmm.h>

static libxsmm_smmfunction kernel;
static size_t columns;

static const char *
detail(void)
{
    return "libxsmm " LIBXSMM_VERSION;
}

/* The kernel for n columns; NULL where libxsmm makes none. */
static void
kernel_for(size_t n)
{
    const int flags = LIBXSMM_GEMM_FLAG_NONE;
    const float one = 1;
    const float zero = 0;
    kernel = libxsmm_smmdispatch(BENCH_OUT, (libxsmm_blasint)n, BENCH_IN, NULL,
                                 NULL, NULL, &one, &zero, &flags, NULL);
    columns = n;
}

static bool
product_open(size_t n)
{
    libxsmm_init();
    kernel_for(n);
    return fixed_open(n) && kernel != NULL;
}

static void
product_infer(const float *x, size_t n, float *y)
{
    if (n != columns)
        kernel_for(n);
    kernel(weights, x, y);
}

const Implementation implementation = {
    .detail = detail,
    .open = product_open,
    .set = fixed_set,
    .get = fixed_get,
    .infer = product_infer,
};
