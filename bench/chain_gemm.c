/* The products by a library's gemm, in the header GEMM. Where it has functions
 * for vectors, one sample takes those. */
#include "bench.h"

#include GEMM

static void
forward_product(const float *x, const float *w, size_t n, size_t in, size_t out,
                float *y)
{
#ifdef GEMM_VECTORS
    if (n == 1) {
        gemv(true, in, out, w, x, 1, y);
        return;
    }
#endif
    gemm(false, false, n, out, in, 1, x, w, 1, y);
}

static void
back_product(const float *dy, const float *w, size_t n, size_t in, size_t out,
             float *dx)
{
#ifdef GEMM_VECTORS
    if (n == 1) {
        gemv(false, in, out, w, dy, 0, dx);
        return;
    }
#endif
    gemm(false, true, n, in, out, 1, dy, w, 0, dx);
}

static void
update_product(const float *x, const float *dy, size_t n, size_t in, size_t out,
               float scale, float *w)
{
#ifdef GEMM_VECTORS
    if (n == 1) {
        ger(in, out, scale, x, dy, w);
        return;
    }
#endif
    gemm(true, false, in, out, n, scale, x, dy, 1, w);
}

#include "chain.h"
