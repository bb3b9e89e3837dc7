/* flux_fma.h - a * b + c rounded once, by the hardware or without it, and sums
 * and products of doubles as unevaluated sums.
 */
#ifndef FLUX_FMA_H
#define FLUX_FMA_H

#include "kernels/flux_fp.h"

/* a * b + c rounded once, without hardware: a * b is exact in double, and a
 * sum rounded to odd there rounds to float as the exact sum would (Boldo and
 * Melquiond, "Emulation of FMA and correctly rounded sums", 2008). */
FLUX_INLINE float
flux_soft_fmaf(float a, float b, float c)
{
    double p = (double)a * (double)b;
    double s = p + (double)c;
    double t = s - p;
    double e = (p - (s - t)) + ((double)c - t);
    uint64_t u = flux_f64_bits(s);
    uint64_t away = (uint64_t)((e > 0.0) == (s > 0.0));
    uint64_t inexact = (uint64_t)((e > 0.0) | (e < 0.0));
    uint64_t move = inexact & ~u & 1u;
    u += move * (2u * away - 1u);
    return (float)flux_f64_from(u);
}

/* The significand of x, finite and not 0, with bit 52 set, and the e of
 * |x| = significand * 2^e. */
FLUX_STATIC uint64_t
flux_f64_split(double x, int *e)
{
    uint64_t u = flux_f64_bits(x) & 0x7fffffffffffffffu;
    int biased = (int)(u >> 52);
    uint64_t m = u & 0xfffffffffffffu;
    if (biased == 0) {
        biased = 1;
        while ((m >> 52) == 0) {
            m <<= 1;
            biased--;
        }
    }
    *e = biased - 1075;
    return m | 0x10000000000000u;
}

/* A 128-bit unsigned integer for the double fma. */
typedef struct flux_u128 {
    uint64_t hi;
    uint64_t lo;
} flux_u128;

FLUX_STATIC flux_u128
flux_u128_mul(uint64_t a, uint64_t b)
{
    uint64_t a0 = a & 0xffffffffu;
    uint64_t a1 = a >> 32;
    uint64_t b0 = b & 0xffffffffu;
    uint64_t b1 = b >> 32;
    uint64_t mid = a1 * b0 + ((a0 * b0) >> 32);
    uint64_t mid2 = a0 * b1 + (mid & 0xffffffffu);
    flux_u128 r;
    r.hi = a1 * b1 + (mid >> 32) + (mid2 >> 32);
    r.lo = a * b;
    return r;
}

/* x << n, 0 <= n < 128; bits beyond the top are lost. */
FLUX_STATIC flux_u128
flux_u128_shl(flux_u128 x, int n)
{
    flux_u128 r = x;
    if (n >= 64) {
        r.hi = x.lo << (n - 64);
        r.lo = 0;
    } else if (n > 0) {
        r.hi = x.hi << n | x.lo >> (64 - n);
        r.lo = x.lo << n;
    }
    return r;
}

/* x >> n for n >= 0; the lowest bit of the result also tells of any bit that
 * fell off, which keeps a later rounding right. */
FLUX_STATIC flux_u128
flux_u128_shr_sticky(flux_u128 x, int n)
{
    flux_u128 r = x;
    uint64_t lost = 0;
    if (n >= 128) {
        lost = x.hi | x.lo;
        r.hi = r.lo = 0;
    } else if (n >= 64) {
        lost = x.lo | (n > 64 ? x.hi << (128 - n) : 0);
        r.lo = x.hi >> (n - 64);
        r.hi = 0;
    } else if (n > 0) {
        lost = x.lo << (64 - n);
        r.lo = x.lo >> n | x.hi << (64 - n);
        r.hi = x.hi >> n;
    }
    r.lo |= lost != 0;
    return r;
}

/* v * 2^e, v not 0 and below 2^127, rounded to nearest even. */
FLUX_STATIC double
flux_u128_round(flux_u128 v, int e)
{
    int top = 127;
    while ((v.hi >> 63) == 0) {
        v = flux_u128_shl(v, 1);
        top--;
    }
    int last = e + top - 52 < -1074 ? -1074 : e + top - 52;
    if (last > 971)
        return HUGE_VAL;
    /* v * 2^(e + top - 127), wanted in units of 2^last; two bits are kept */
    v = flux_u128_shr_sticky(v, last - (e + top - 127) - 2);
    uint64_t m = v.lo >> 2;
    m += (v.lo >> 1 & 1u) & ((v.lo | m) & 1u);
    return flux_f64_from(((uint64_t)(last + 1074) << 52) + m);
}

/* a * b + c rounded once, without hardware, in 128-bit integers: the larger
 * summand keeps its place, the smaller is shifted to it with a sticky bit. */
FLUX_STATIC double
flux_soft_fma(double a, double b, double c)
{
    uint64_t inf = 0x7ff0000000000000u;
    int ab_finite =
        flux_f64_bits(flux_abs(a)) < inf && flux_f64_bits(flux_abs(b)) < inf;
    if (!ab_finite || a == 0.0 || b == 0.0)
        return a * b + c;
    if (flux_f64_bits(flux_abs(c)) >= inf)
        return c + c;
    if (c == 0.0)
        return a * b;
    int ea;
    int eb;
    int ec;
    uint64_t ma = flux_f64_split(a, &ea);
    uint64_t mb = flux_f64_split(b, &eb);
    flux_u128 z = {0, 0};
    z.lo = flux_f64_split(c, &ec);
    flux_u128 p = flux_u128_shl(flux_u128_mul(ma, mb), 20);
    int e = ea + eb - 20;
    int up = ec - e;
    if (up > 73) {
        p = flux_u128_shr_sticky(p, up - 73);
        e = ec - 73;
        up = 73;
    }
    z = up >= 0 ? flux_u128_shl(z, up) : flux_u128_shr_sticky(z, -up);
    int p_negative = (a < 0.0) != (b < 0.0);
    int negative = p_negative;
    flux_u128 v;
    if (p_negative == (c < 0.0)) {
        v.lo = p.lo + z.lo;
        v.hi = p.hi + z.hi + (v.lo < p.lo);
    } else {
        if (p.hi < z.hi || (p.hi == z.hi && p.lo < z.lo)) {
            flux_u128 t = p;
            p = z;
            z = t;
            negative = !negative;
        }
        v.lo = p.lo - z.lo;
        v.hi = p.hi - z.hi - (p.lo < z.lo);
    }
    if ((v.hi | v.lo) == 0)
        return 0.0;
    double r = flux_u128_round(v, e);
    return negative ? -r : r;
}

/* Whether the target's own fma serves, of float and of double: some processors
 * have the first alone, and newlib's double one rounds twice. FLUX_SOFT_FMA
 * forces the soft ones. */
#if defined(FLUX_SOFT_FMA) || defined(__TINYC__)
#define FLUX_HARD_FMAF 0
#define FLUX_HARD_FMA  0
#elif defined(__FMA__) || defined(__aarch64__)
#define FLUX_HARD_FMAF 1
#define FLUX_HARD_FMA  1
#else
#if defined(__FP_FAST_FMAF)
#define FLUX_HARD_FMAF 1
#else
#define FLUX_HARD_FMAF 0
#endif
#if defined(__FP_FAST_FMA)
#define FLUX_HARD_FMA 1
#else
#define FLUX_HARD_FMA 0
#endif
#endif

/* a * b + c rounded once. */
FLUX_INLINE float
flux_fmaf(float a, float b, float c)
{
#if defined(__CUDA_ARCH__)
    return __fmaf_rn(a, b, c);
#elif FLUX_HARD_FMAF
    return __builtin_fmaf(a, b, c);
#else
    return flux_soft_fmaf(a, b, c);
#endif
}

FLUX_INLINE double
flux_fma(double a, double b, double c)
{
#if defined(__CUDA_ARCH__)
    return __fma_rn(a, b, c);
#elif FLUX_HARD_FMA
    return __builtin_fma(a, b, c);
#else
    return flux_soft_fma(a, b, c);
#endif
}

/* An unevaluated sum hi + lo, |lo| <= ulp(hi) / 2. */
typedef struct flux_dd {
    double hi;
    double lo;
} flux_dd;

/* a + b exactly, for |a| >= |b| or a = 0 (Dekker). */
FLUX_INLINE flux_dd
flux_fast_two_sum(double a, double b)
{
    flux_dd r;
    r.hi = a + b;
    r.lo = b - (r.hi - a);
    return r;
}

/* a + b exactly (Knuth). */
FLUX_INLINE flux_dd
flux_two_sum(double a, double b)
{
    flux_dd r;
    r.hi = a + b;
    double t = r.hi - a;
    r.lo = (a - (r.hi - t)) + (b - t);
    return r;
}

/* a * b exactly, by splitting each factor in halves (Dekker, Veltkamp); for
 * factors below 2^995 and products above 2^-960. */
FLUX_INLINE flux_dd
flux_two_prod(double a, double b)
{
    double ta = a * 134217729.0;
    double tb = b * 134217729.0;
    double a1 = ta - (ta - a);
    double b1 = tb - (tb - b);
    double a2 = a - a1;
    double b2 = b - b1;
    flux_dd r;
    r.hi = a * b;
    r.lo = ((a1 * b1 - r.hi) + a1 * b2 + a2 * b1) + a2 * b2;
    return r;
}

#endif
