/* gemm by oneDNN: row-major, c[m][n] = alpha op(a) op(b) + beta c. */
#include <dnnl.h>
#include <stdio.h>

static const char *
detail(void)
{
    static char text[64];
    const dnnl_version_t *v = dnnl_version();
    snprintf(text, sizeof text, "oneDNN %d.%d.%d, sgemm", v->major, v->minor,
             v->patch);
    return text;
}

static void
gemm(bool ta, bool tb, size_t m, size_t n, size_t k, float alpha,
     const float *a, const float *b, float beta, float *c)
{
    dnnl_sgemm(ta ? 'T' : 'N', tb ? 'T' : 'N', (dnnl_dim_t)m, (dnnl_dim_t)n,
               (dnnl_dim_t)k, alpha, a, (dnnl_dim_t)(ta ? m : k), b,
               (dnnl_dim_t)(tb ? k : n), beta, c, (dnnl_dim_t)n);
}
