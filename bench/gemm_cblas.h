/* gemm, gemv and ger by OpenBLAS or, with BLIS, by that: row-major,
 * c[m][n] = alpha op(a) op(b) + beta c. */
#include <cblas.h>
#include <stdio.h>
#ifdef BLIS
#include <blis.h>
#endif

static const char *
detail(void)
{
    static char text[256];
#ifdef BLIS
    snprintf(text, sizeof text, "BLIS %s, kernels of %s",
             bli_info_get_version_str(), bli_arch_string(bli_arch_query_id()));
#else
    snprintf(text, sizeof text, "%s, kernels of %s", openblas_get_config(),
             openblas_get_corename());
#endif
    return text;
}

#define GEMM_VECTORS /* one column has functions of its own */

static void
gemm(bool ta, bool tb, size_t m, size_t n, size_t k, float alpha,
     const float *a, const float *b, float beta, float *c)
{
    cblas_sgemm(CblasRowMajor, ta ? CblasTrans : CblasNoTrans,
                tb ? CblasTrans : CblasNoTrans, (int)m, (int)n, (int)k, alpha,
                a, (int)(ta ? m : k), b, (int)(tb ? k : n), beta, c, (int)n);
}

/* y = op(a[m][n]) x + beta y */
static inline void
gemv(bool ta, size_t m, size_t n, const float *a, const float *x, float beta,
     float *y)
{
    cblas_sgemv(CblasRowMajor, ta ? CblasTrans : CblasNoTrans, (int)m, (int)n,
                1, a, (int)n, x, 1, beta, y, 1);
}

/* a[m][n] += alpha x y' */
static inline void
ger(size_t m, size_t n, float alpha, const float *x, const float *y, float *a)
{
    cblas_sger(CblasRowMajor, (int)m, (int)n, alpha, x, 1, y, 1, a, (int)n);
}
