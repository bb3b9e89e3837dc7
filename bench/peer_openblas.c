/* The products by OpenBLAS. One sample has functions of its own; the update
 * goes straight into the weights.
 */
#include "bench.h"

#include <cblas.h>
#include <stdio.h>

static const char *
detail(void)
{
    static char text[256];
    snprintf(text, sizeof text, "%s, kernels of %s", openblas_get_config(),
             openblas_get_corename());
    return text;
}

static void
forward_product(const float *x, const float *w, size_t n, size_t in, size_t out,
                float *y)
{
    blasint rows = (blasint)n;
    blasint k = (blasint)in;
    blasint m = (blasint)out;
    if (n == 1)
        cblas_sgemv(CblasRowMajor, CblasTrans, k, m, 1, w, m, x, 1, 1, y, 1);
    else
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, rows, m, k, 1, x,
                    k, w, m, 1, y, m);
}

static void
back_product(const float *dy, const float *w, size_t n, size_t in, size_t out,
             float *dx)
{
    blasint rows = (blasint)n;
    blasint k = (blasint)in;
    blasint m = (blasint)out;
    if (n == 1)
        cblas_sgemv(CblasRowMajor, CblasNoTrans, k, m, 1, w, m, dy, 1, 0, dx,
                    1);
    else
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, rows, k, m, 1, dy,
                    m, w, m, 0, dx, k);
}

static void
update_product(const float *x, const float *dy, size_t n, size_t in, size_t out,
               float rate, float *w)
{
    blasint rows = (blasint)n;
    blasint k = (blasint)in;
    blasint m = (blasint)out;
    if (n == 1)
        cblas_sger(CblasRowMajor, k, m, -rate, x, 1, dy, 1, w, m);
    else
        cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, k, m, rows, -rate,
                    x, k, dy, m, 1, w, m);
}

#include "peer.h"
