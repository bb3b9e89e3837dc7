/* flux_f32.h - elementary functions in float.
 *
 * No function branches on its argument, so gcc and clang turn loops of them
 * into vector code. exp, log, sigma, tanh and softplus are pure float; the
 * others go through double. Polynomials were computed with Sollya's
 * fpminimax for this file. Bounds and measured errors: kernels/README.md.
 */
#ifndef FLUX_F32_H
#define FLUX_F32_H

#include "kernels/flux_f64.h"
#include "kernels/flux_isa.h"

/* The pieces of exp(x) = 2^n (1 + s + low), |s| <= 0.42: x = n ln 2 + r,
 * s + low = r + r^2 q(r). Needs |x| <= 120. */
FLUX_INLINE float
flux_expf_pieces(float x, int32_t *n, float *low)
{
    float magic = 12582912.0f;
    float t = x * 1.44269504f + magic;
    float k = t - magic;
    *n = (int32_t)(flux_f32_bits(t) - flux_f32_bits(magic));
    float head = x - k * 0.693145751953125f;
    float tail = k * 1.42860677e-06f;
    float r = head - tail;
    float rl = (head - r) - tail;
    float q = 0.00139353273f;
    q = q * r + 0.00836325809f;
    q = q * r + 0.041666463f;
    q = q * r + 0.166665763f;
    q = q * r + 0.5f;
    float small = r * r * q + rl;
    float s = r + small;
    *low = small - (s - r);
    return s;
}

/* h * 2^n in two steps, for -250 <= n <= 250; n >> 1 rounds down on every
 * compiler that we support. */
FLUX_INLINE float
flux_f32_scale(float h, int32_t n)
{
    int32_t half = n >> 1;
    return h * flux_f32_exp2i(half) * flux_f32_exp2i(n - half);
}

/* e^(x - k ln 2) = 1 + r q: q, and r in *r. */
FLUX_BODY float
flux_expf_rest(flux_isa isa, float x, float k, float *r)
{
    float head = flux_fmaf_isa(isa, k, -0.693145751953125f, x);
    float at = flux_fmaf_isa(isa, k, -1.42860677e-06f, head);
    float q = 0.00139353273f;
    q = flux_fmaf_isa(isa, q, at, 0.00836325809f);
    q = flux_fmaf_isa(isa, q, at, 0.041666463f);
    q = flux_fmaf_isa(isa, q, at, 0.166665763f);
    q = flux_fmaf_isa(isa, q, at, 0.5f);
    *r = at;
    return flux_fmaf_isa(isa, q, at, 1.0f);
}

/* e^x: x = n ln 2 + r; the lowest bits of u are n + 254, of which either half
 * is the exponent of a factor. Below -104, where that is not so, all is 0. */
FLUX_BODY float
flux_expf_isa(flux_isa isa, float x)
{
    float magic = 12582912.0f + 254.0f;
    uint32_t most = 0x4b400000u + 254u + 128u;
    uint32_t u = flux_f32_bits(flux_fmaf_isa(isa, x, 1.44269504f, magic));
    u = u > most ? most : u;
    float r;
    float q = flux_expf_rest(isa, x, flux_f32_from(u) - magic, &r);
    uint32_t half = u >> 1;
    float h = flux_fmaf_isa(isa, q, r, 1.0f);
    float y = h * flux_f32_from(half << 23) * flux_f32_from((u - half) << 23);
    return x < -104.0f ? 0.0f : y;
}

FLUX_INLINE float
flux_expf(float x)
{
    return flux_expf_isa(FLUX_ISA_PLAIN, x);
}

/* e^x - 1 = (2^n - 1) + 2^n s, halved inside so that 2^128 fits. */
FLUX_INLINE float
flux_expm1f(float x)
{
    float c = x > 89.0f ? 89.0f : x;
    c = c < -30.0f ? -30.0f : c;
    int32_t n;
    float low;
    float s = flux_expf_pieces(c, &n, &low);
    float p = flux_f32_exp2i(n - 1);
    float r = ((p - 0.5f) + p * s + p * low) * 2.0f;
    return flux_absf(x) < 1e-9f ? x : r;
}

/* log(1 + f) + k ln 2 + c for f in [-0.2929, 0.4143]. */
FLUX_INLINE float
flux_logf_sum(float f, float k, float c)
{
    float p = 0.0734125078f;
    p = p * f - 0.116626047f;
    p = p * f + 0.116323903f;
    p = p * f - 0.123961598f;
    p = p * f + 0.142513722f;
    p = p * f - 0.16669184f;
    p = p * f + 0.200006798f;
    p = p * f - 0.249999806f;
    p = p * f + 0.333333313f;
    float z = f * f;
    float y = p * f * z + (k * 1.42860677e-06f + c);
    y = y - 0.5f * z;
    return k * 0.693145751953125f + (f + y);
}

/* x = 2^k m with m in [sqrt(1/2), sqrt(2)), x positive and normal; adds k to
 * *k and returns m. */
FLUX_INLINE float
flux_f32_normalise(float x, float *k)
{
    uint32_t base = 0x3f3504f3u;
    uint32_t u = flux_f32_bits(x) - base;
    *k += (float)((int32_t)u >> 23);
    return flux_f32_from((u & 0x7fffffu) + base);
}

/* What log gives at the ends: y for 0 < x < Inf. */
FLUX_INLINE float
flux_logf_ends(float x, float y)
{
    float nan = flux_f32_from(0x7fc00000u);
    y = x < HUGE_VALF ? y : x;
    float low = x == 0.0f ? -HUGE_VALF : nan;
    return x > 0.0f ? y : low;
}

/* The natural logarithm; -Inf at 0, NaN below. */
FLUX_INLINE float
flux_logf(float x)
{
    float scaled = x * 8388608.0f;
    float normal = x < FLT_MIN ? scaled : x;
    float k = x < FLT_MIN ? -23.0f : 0.0f;
    float m = flux_f32_normalise(normal, &k);
    return flux_logf_ends(x, flux_logf_sum(m - 1.0f, k, 0.0f));
}

/* log(1 + x): u = 1 + x rounded, then the lost part over u is added. */
FLUX_INLINE float
flux_log1pf(float x)
{
    float u = 1.0f + x;
    float lost_large = 1.0f - (u - x);
    float lost_small = x - (u - 1.0f);
    float lost = x > 1.0f ? lost_large : lost_small;
    float k = 0.0f;
    float m = flux_f32_normalise(u, &k);
    float over = lost / u;
    float f = m - 1.0f;
    f = k == 0.0f ? x : f;
    float c = k == 0.0f ? 0.0f : over;
    float y = flux_logf_sum(f, k, c);
    y = flux_logf_ends(u, y);
    return flux_absf(x) < 1e-8f ? x : y;
}

/* sigma(x) = 1 / (1 + e^-x) = c / (2^n c h + c), where x = r - n ln 2 and h is
 * e^-r; c is small so that all fits, and its digits are those with which h and
 * the sum round best. Where n is at its most, r may be as large as it likes:
 * the quotient is below all floats. Where x > 60, a choice at the end
 * costs nothing with masks, a minimum at the beginning less without. */
FLUX_BODY float
flux_sigmaf_isa(flux_isa isa, float x)
{
    float c = 8.0466414e-08f;
    float magic = 12582912.0f + 103.0f;
    uint32_t most = 0x4b400000u + 254u;
    int late = FLUX_MERGES(isa);
    float v = !late && x > 60.0f ? 60.0f : x;
    uint32_t u = flux_f32_bits(flux_fmaf_isa(isa, v, -1.44269504f, magic));
    u = u > most ? most : u;
    float k = flux_f32_from(u) - magic;
    float head = flux_fmaf_isa(isa, k, 0.693145751953125f, v);
    float r = flux_fmaf_isa(isa, k, 1.42860677e-06f, head);
    float h = 0.00188129081f;
    h = flux_fmaf_isa(isa, h, r, -0.0112896133f);
    h = flux_fmaf_isa(isa, h, r, 0.0562505908f);
    h = flux_fmaf_isa(isa, h, r, -0.224998891f);
    h = flux_fmaf_isa(isa, h, r, 0.675001085f);
    h = flux_fmaf_isa(isa, h, r, -1.35000241f);
    h = flux_fmaf_isa(isa, h, r, 1.35000241f);
    float d = flux_fmaf_isa(isa, flux_f32_from(u << 23), h, c);
    return c / (late && x > 60.0f ? c : d);
}

FLUX_INLINE float
flux_sigmaf(float x)
{
    return flux_sigmaf_isa(FLUX_ISA_PLAIN, x);
}

/* tanh |x|, with the sign of x. With y = |x| - n ln(2) / 2 and m = y coth(y) =
 * 1 + w z, where z = y^2 and w is a polynomial in z, e^(2|x|) is
 * 2^n (m + y) / (m - y): with q = (2^n - 1) / 2, tanh |x| is
 * (q (m + y) + y) / (q (m + y) + m), and where n = 0, up to 0.54, y / m. What
 * is taken off before n is rounded keeps y above 0, so that nothing cancels.
 * One of the constants is 1 and a little: its digits too are those with which
 * sums and quotient round best. Where |x| > 10 a choice, as where sigma has
 * x > 60. A NaN stays in y, and so in the quotient: q never is one. */
FLUX_BODY float
flux_tanhf_isa(flux_isa isa, float x)
{
    float magic = 12582912.0f + 126.0f;
    uint32_t least = 0x4b400000u + 126u;
    int late = FLUX_MERGES(isa);
    float a = flux_absf(x);
    float v = !late && a > 10.0f ? 10.0f : a;
    float t = flux_fmaf_isa(isa, v, 2.77194285f, magic - 1.0f);
    uint32_t u = flux_f32_bits(t);
    u = u < least ? least : u;
    float k = flux_f32_from(u) - magic;
    float y = flux_fmaf_isa(isa, k, -0.346573591f, v);
    float z = y * y;
    float w = flux_fmaf_isa(isa, z, 0.00199447945f, -0.0221989919f);
    w = flux_fmaf_isa(isa, w, z, 0.333331913f);
    float m = flux_fmaf_isa(isa, w, z, 1.0f);
    float s = flux_fmaf_isa(isa, y, 1.00000024f, m);
    float q = flux_f32_from(u << 23) - 0.5f;
    float over = flux_fmaf_isa(isa, q, s, y);
    float under = flux_fmaf_isa(isa, q, s, m);
    float r = late && a > 10.0f ? 1.0f : over / under;
    return flux_f32_from(flux_f32_bits(r) | (flux_f32_bits(x) & 0x80000000u));
}

FLUX_INLINE float
flux_tanhf(float x)
{
    return flux_tanhf_isa(FLUX_ISA_PLAIN, x);
}

/* log(1 + e^x) = max(x, 0) + log(1 + e), e = e^-|x|, kept as h + l. The
 * slope 1 / (1 + e) of the correction is taken as 1 - e / 2: l is below half
 * an ulp. */
FLUX_INLINE float
flux_softplusf(float x)
{
    float a = -flux_absf(x);
    a = a < -104.0f ? -104.0f : a;
    int32_t n;
    float low;
    float s = flux_expf_pieces(a, &n, &low);
    float h = 1.0f + s;
    float e = flux_f32_scale(h, n);
    float el = flux_f32_scale(s - (h - 1.0f) + low, n);
    float upper = 0.5f * (e - 1.0f);
    float f = e > 0.4142f ? upper : e;
    float k = e > 0.4142f ? 1.0f : 0.0f;
    float y = flux_logf_sum(f, k, el * (1.0f - 0.5f * e));
    return (x > 0.0f ? x : 0.0f) + y;
}

/* x = n pi/2 + r, |r| <= pi/4 and a little, x finite; n counts modulo 4. For
 * x = M 2^(e - 23), M of 24 bits, row e + 1 holds 2/pi 2^(e - 23) modulo 4,
 * its first piece short enough that M times it is exact. */
FLUX_INLINE double
flux_trig_reducef(float x, uint64_t *n)
{
    static const double turn[129][2] = {
        {0x1.4000000000000p-25, 0x1.7cc1b727220a9p-31},
        {0x1.4000000000000p-24, 0x1.7cc1b727220a9p-30},
        {0x1.4000000000000p-23, 0x1.7cc1b727220a9p-29},
        {0x1.4000000000000p-22, 0x1.7cc1b727220a9p-28},
        {0x1.4400000000000p-21, 0x1.f306dc9c882a5p-29},
        {0x1.4400000000000p-20, 0x1.f306dc9c882a5p-28},
        {0x1.4500000000000p-19, 0x1.e60db9391054ap-28},
        {0x1.4580000000000p-18, 0x1.cc1b727220a95p-28},
        {0x1.45c0000000000p-17, 0x1.9836e4e44152ap-28},
        {0x1.45e0000000000p-16, 0x1.306dc9c882a54p-28},
        {0x1.45f0000000000p-15, 0x1.836e4e44152a0p-30},
        {0x1.45f0000000000p-14, 0x1.836e4e44152a0p-29},
        {0x1.45f0000000000p-13, 0x1.836e4e44152a0p-28},
        {0x1.45f2000000000p-12, 0x1.06dc9c882a540p-28},
        {0x1.45f3000000000p-11, 0x1.b727220a94fe1p-33},
        {0x1.45f3000000000p-10, 0x1.b727220a94fe1p-32},
        {0x1.45f3000000000p-9, 0x1.b727220a94fe1p-31},
        {0x1.45f3000000000p-8, 0x1.b727220a94fe1p-30},
        {0x1.45f3000000000p-7, 0x1.b727220a94fe1p-29},
        {0x1.45f3000000000p-6, 0x1.b727220a94fe1p-28},
        {0x1.45f3040000000p-5, 0x1.6e4e441529fc2p-28},
        {0x1.45f3060000000p-4, 0x1.b9391054a7f0ap-29},
        {0x1.45f3060000000p-3, 0x1.b9391054a7f0ap-28},
        {0x1.45f3068000000p-2, 0x1.727220a94fe14p-28},
        {0x1.45f306c000000p-1, 0x1.c9c882a53f84fp-29},
        {0x1.45f306c000000p+0, 0x1.c9c882a53f84fp-28},
        {0x1.45f306d000000p+1, 0x1.9391054a7f09dp-28},
        {0x1.17cc1b6000000p+0, 0x1.27220a94fe13bp-28},
        {0x1.17cc1b7000000p+1, 0x1.391054a7f09d6p-30},
        {0x1.7cc1b70000000p-2, 0x1.391054a7f09d6p-29},
        {0x1.7cc1b70000000p-1, 0x1.391054a7f09d6p-28},
        {0x1.7cc1b72000000p+0, 0x1.c882a53f84eb0p-30},
        {0x1.7cc1b72000000p+1, 0x1.c882a53f84eb0p-29},
        {0x1.f306dc8000000p+0, 0x1.c882a53f84eb0p-28},
        {0x1.f306dc9000000p+1, 0x1.91054a7f09d5fp-28},
        {0x1.e60db93000000p+1, 0x1.220a94fe13abfp-28},
        {0x1.cc1b727000000p+1, 0x1.1054a7f09d5f4p-30},
        {0x1.9836e4e000000p+1, 0x1.1054a7f09d5f4p-29},
        {0x1.306dc9c000000p+1, 0x1.1054a7f09d5f4p-28},
        {0x1.836e4e4000000p-1, 0x1.054a7f09d5f48p-31},
        {0x1.836e4e4000000p+0, 0x1.054a7f09d5f48p-30},
        {0x1.836e4e4000000p+1, 0x1.054a7f09d5f48p-29},
        {0x1.06dc9c8000000p+1, 0x1.054a7f09d5f48p-28},
        {0x1.b727220000000p-4, 0x1.529fc2757d1f5p-33},
        {0x1.b727220000000p-3, 0x1.529fc2757d1f5p-32},
        {0x1.b727220000000p-2, 0x1.529fc2757d1f5p-31},
        {0x1.b727220000000p-1, 0x1.529fc2757d1f5p-30},
        {0x1.b727220000000p+0, 0x1.529fc2757d1f5p-29},
        {0x1.b727220000000p+1, 0x1.529fc2757d1f5p-28},
        {0x1.6e4e441000000p+1, 0x1.4a7f09d5f47d5p-29},
        {0x1.b939104000000p+0, 0x1.4a7f09d5f47d5p-28},
        {0x1.b939105000000p+1, 0x1.29fc2757d1f53p-29},
        {0x1.727220a000000p+1, 0x1.29fc2757d1f53p-28},
        {0x1.c9c882a000000p+0, 0x1.4fe13abe8fa9ap-30},
        {0x1.c9c882a000000p+1, 0x1.4fe13abe8fa9ap-29},
        {0x1.9391054000000p+1, 0x1.4fe13abe8fa9ap-28},
        {0x1.27220a9000000p+1, 0x1.3f84eafa3ea6ap-29},
        {0x1.3910548000000p-1, 0x1.3f84eafa3ea6ap-28},
        {0x1.391054a000000p+0, 0x1.fc2757d1f534ep-30},
        {0x1.391054a000000p+1, 0x1.fc2757d1f534ep-29},
        {0x1.c882a50000000p-1, 0x1.fc2757d1f534ep-28},
        {0x1.c882a52000000p+0, 0x1.f84eafa3ea69cp-28},
        {0x1.c882a53000000p+1, 0x1.f09d5f47d4d37p-28},
        {0x1.91054a7000000p+1, 0x1.e13abe8fa9a6fp-28},
        {0x1.220a94f000000p+1, 0x1.c2757d1f534dep-28},
        {0x1.1054a7c000000p-1, 0x1.84eafa3ea69bcp-28},
        {0x1.1054a7e000000p+0, 0x1.09d5f47d4d377p-28},
        {0x1.1054a7f000000p+1, 0x1.3abe8fa9a6ee0p-32},
        {0x1.054a7f0000000p-2, 0x1.3abe8fa9a6ee0p-31},
        {0x1.054a7f0000000p-1, 0x1.3abe8fa9a6ee0p-30},
        {0x1.054a7f0000000p+0, 0x1.3abe8fa9a6ee0p-29},
        {0x1.054a7f0000000p+1, 0x1.3abe8fa9a6ee0p-28},
        {0x1.529fc20000000p-4, 0x1.d5f47d4d37703p-30},
        {0x1.529fc20000000p-3, 0x1.d5f47d4d37703p-29},
        {0x1.529fc20000000p-2, 0x1.d5f47d4d37703p-28},
        {0x1.529fc24000000p-1, 0x1.abe8fa9a6ee07p-28},
        {0x1.529fc26000000p+0, 0x1.57d1f534ddc0ep-28},
        {0x1.529fc27000000p+1, 0x1.5f47d4d377037p-29},
        {0x1.4a7f09c000000p+0, 0x1.5f47d4d377037p-28},
        {0x1.4a7f09d000000p+1, 0x1.7d1f534ddc0dbp-29},
        {0x1.29fc274000000p+0, 0x1.7d1f534ddc0dbp-28},
        {0x1.29fc275000000p+1, 0x1.f47d4d377036ep-29},
        {0x1.4fe13a8000000p-1, 0x1.f47d4d377036ep-28},
        {0x1.4fe13aa000000p+0, 0x1.e8fa9a6ee06dbp-28},
        {0x1.4fe13ab000000p+1, 0x1.d1f534ddc0db6p-28},
        {0x1.3f84eae000000p+0, 0x1.a3ea69bb81b6cp-28},
        {0x1.3f84eaf000000p+1, 0x1.47d4d377036d9p-28},
        {0x1.fc2757c000000p-1, 0x1.1f534ddc0db63p-29},
        {0x1.fc2757c000000p+0, 0x1.1f534ddc0db63p-28},
        {0x1.fc2757d000000p+1, 0x1.f534ddc0db629p-31},
        {0x1.f84eafa000000p+1, 0x1.f534ddc0db629p-30},
        {0x1.f09d5f4000000p+1, 0x1.f534ddc0db629p-29},
        {0x1.e13abe8000000p+1, 0x1.f534ddc0db629p-28},
        {0x1.c2757d1000000p+1, 0x1.ea69bb81b6c53p-28},
        {0x1.84eafa3000000p+1, 0x1.d4d377036d8a5p-28},
        {0x1.09d5f47000000p+1, 0x1.a9a6ee06db14bp-28},
        {0x1.3abe8f0000000p-3, 0x1.534ddc0db6296p-28},
        {0x1.3abe8f8000000p-2, 0x1.4d377036d8a56p-29},
        {0x1.3abe8f8000000p-1, 0x1.4d377036d8a56p-28},
        {0x1.3abe8fa000000p+0, 0x1.34ddc0db6295ap-29},
        {0x1.3abe8fa000000p+1, 0x1.34ddc0db6295ap-28},
        {0x1.d5f47d4000000p-1, 0x1.a6ee06db14acdp-30},
        {0x1.d5f47d4000000p+0, 0x1.a6ee06db14acdp-29},
        {0x1.d5f47d4000000p+1, 0x1.a6ee06db14acdp-28},
        {0x1.abe8fa9000000p+1, 0x1.4ddc0db629599p-28},
        {0x1.57d1f53000000p+1, 0x1.377036d8a5665p-29},
        {0x1.5f47d4c000000p+0, 0x1.377036d8a5665p-28},
        {0x1.5f47d4d000000p+1, 0x1.bb81b6c52b328p-30},
        {0x1.7d1f534000000p+0, 0x1.bb81b6c52b328p-29},
        {0x1.7d1f534000000p+1, 0x1.bb81b6c52b328p-28},
        {0x1.f47d4d2000000p+0, 0x1.77036d8a5664fp-28},
        {0x1.f47d4d3000000p+1, 0x1.dc0db6295993cp-29},
        {0x1.e8fa9a6000000p+1, 0x1.dc0db6295993cp-28},
        {0x1.d1f534d000000p+1, 0x1.b81b6c52b3279p-28},
        {0x1.a3ea69b000000p+1, 0x1.7036d8a5664f1p-28},
        {0x1.47d4d37000000p+1, 0x1.c0db6295993c4p-29},
        {0x1.1f534dc000000p+0, 0x1.c0db6295993c4p-28},
        {0x1.1f534dd000000p+1, 0x1.81b6c52b32788p-28},
        {0x1.f534dd8000000p-2, 0x1.036d8a5664f11p-28},
        {0x1.f534ddc000000p-1, 0x1.b6c52b3278872p-34},
        {0x1.f534ddc000000p+0, 0x1.b6c52b3278872p-33},
        {0x1.f534ddc000000p+1, 0x1.b6c52b3278872p-32},
        {0x1.ea69bb8000000p+1, 0x1.b6c52b3278872p-31},
        {0x1.d4d3770000000p+1, 0x1.b6c52b3278872p-30},
        {0x1.a9a6ee0000000p+1, 0x1.b6c52b3278872p-29},
        {0x1.534ddc0000000p+1, 0x1.b6c52b3278872p-28},
        {0x1.4d37702000000p+0, 0x1.6d8a5664f10e4p-28},
        {0x1.4d37703000000p+1, 0x1.b6295993c4390p-29},
        {0x1.34ddc0c000000p+0, 0x1.b6295993c4390p-28},
    };
    uint32_t u = flux_f32_bits(x);
    uint32_t e = u >> 23 & 0xffu;
    uint32_t row = e < 126u ? 0u : e > 254u ? 128u : e - 126u;
    double m = (double)(int32_t)((u & 0x7fffffu) | 0x800000u);
    double magic = 6755399441055744.0;
    double p = m * turn[row][0];
    double t = p + magic;
    double y = ((p - (t - magic)) + m * turn[row][1]) * 1.5707963267948966;
    int large = flux_absf(x) > 0.785f;
    double r = x < 0.0f ? -y : y;
    uint64_t turns = flux_f64_bits(t);
    turns = x < 0.0f ? 0u - turns : turns;
    *n = large ? turns : 0u;
    return large ? r : (double)x;
}

/* sin(r + n pi/2), |r| <= pi/4 and a little; NaN unless x is finite. */
FLUX_INLINE float
flux_sin_turnedf(float x, double r, uint64_t n)
{
    double z = r * r;
    double p = 2.7249976881421205e-06;
    p = p * z - 0.00019840087246044167;
    p = p * z + 0.00833333187597951;
    p = p * z - 0.16666666663859941;
    double sine = r * (1.0 + z * p);
    double q = -2.73009927754866e-07;
    q = q * z + 2.480060071952109e-05;
    q = q * z - 0.0013888887672882152;
    q = q * z + 0.04166666666432442;
    double cosine = 1.0 - 0.5 * z + z * z * q;
    double y = (n & 1u) ? cosine : sine;
    y = flux_f64_from(flux_f64_bits(y) ^ (n & 2u) << 62);
    float nan = x - x;
    return flux_absf(x) < HUGE_VALF ? (float)y : nan;
}

/* sin(x); NaN at the infinities. */
FLUX_INLINE float
flux_sinf(float x)
{
    uint64_t n;
    double r = flux_trig_reducef(x, &n);
    return flux_sin_turnedf(x, r, n);
}

/* cos(x); NaN at the infinities. */
FLUX_INLINE float
flux_cosf(float x)
{
    uint64_t n;
    double r = flux_trig_reducef(x, &n);
    return flux_sin_turnedf(x, r, n + 1u);
}

/* x^y; the exceptions are those of C's pow. */
FLUX_INLINE float
flux_powf(float x, float y)
{
    double l = flux_log((double)flux_absf(x));
    double m = flux_exp((double)y * l);
    return (float)flux_pow_ends((double)x, (double)y, m);
}

/* exp(x^2) erfc(x) (1 + 2x) for 0 <= x <= 11, to 2^-32; as flux_erfcx_poly. */
FLUX_INLINE double
flux_erfcx_polyf(double x)
{
    double t = (x - 4.0) / (x + 4.0);
    double p = 8.767850910418287e-05;
    p = p * t - 0.0003462759252356055;
    p = p * t - 0.0008140711714186565;
    p = p * t + 0.005094145558696253;
    p = p * t - 0.016152725045908783;
    p = p * t + 0.03716039620589239;
    p = p * t - 0.06634052001280892;
    p = p * t + 0.09373272048219779;
    p = p * t - 0.10103813569006773;
    p = p * t + 0.06809709781697114;
    p = p * t + 0.015379621185415568;
    p = p * t - 0.13962111777652222;
    return p * t + 1.2329951187967567;
}

/* erf(x) = 2/sqrt(pi) times the integral of exp(-t^2) from 0 to x. */
FLUX_INLINE float
flux_erff(float x)
{
    float a = flux_absf(x);
    double c = a > 4.5f ? 4.5 : (double)a;
    double z = c * c;
    double p = 7.885851613150204e-05;
    p = p * z - 0.0008019944487969614;
    p = p * z + 0.005189443862646725;
    p = p * z - 0.026854402044777886;
    p = p * z + 0.11283599293666027;
    p = p * z - 0.37612627070147747;
    p = p * z + 0.12837916590597676;
    double inner = c + c * p;
    double tail = flux_exp(-z) * flux_erfcx_polyf(c) / (1.0 + 2.0 * c);
    double y = a < 1.0f ? inner : 1.0 - tail;
    return flux_copysignf((float)y, x);
}

/* x Phi(x) = x erfc(-x / sqrt(2)) / 2, the exact gelu. */
FLUX_INLINE float
flux_geluf(float x)
{
    float a = flux_absf(x);
    double c = (a > 15.0f ? 15.0 : (double)a) * 0.7071067811865476;
    double tail = flux_exp(-(c * c)) * flux_erfcx_polyf(c) / (2.0 + 4.0 * c);
    double upper = 1.0 - tail;
    double phi = x < 0.0f ? tail : upper;
    double y = (double)x * phi;
    return x < -15.0f ? -0.0f : (float)y;
}

#endif
