/* flux_fp.h - the ground under the kernels: floating-point guards, bit casts,
 * fused multiply-add, rounding and saturating conversions.
 *
 * All kernels give the same bits with every compiler, optimisation level and
 * vector width. They use only + - * / sqrt and fma, in the order written. A
 * generated file includes this header before any other, so that the pragmas
 * below reach every function of the file; inlined intrinsics then agree too.
 */
#ifndef FLUX_FP_H
#define FLUX_FP_H

#if defined(__FAST_MATH__)
#error "flux: -ffast-math changes results; compile without it"
#endif
#if defined(__FLT_EVAL_METHOD__)
/* 16: only half floats are computed in a type of their own. */
#if __FLT_EVAL_METHOD__ != 0 && __FLT_EVAL_METHOD__ != 16
#error "flux: needs FLT_EVAL_METHOD == 0 (on 32-bit x86: -msse2 -mfpmath=sse)"
#endif
#endif

/* No a * b + c may become one fma by the compiler's choice. gcc takes the rest
 * only for speed: loops of the functions below vectorise at plain -O2. -O3
 * would add nothing to that but text, and time. */
#if defined(__clang__)
#pragma STDC FP_CONTRACT OFF
#elif defined(__GNUC__) && !defined(__TINYC__) && !defined(__CUDACC__)
#if defined(__OPTIMIZE__)
#pragma GCC optimize("O2", "tree-vectorize", "vect-cost-model=dynamic",        \
                     "fp-contract=off", "no-math-errno", "no-trapping-math")
#else
#pragma GCC optimize("fp-contract=off")
#endif
#endif

#include <float.h>
#include <math.h>
#include <stddef.h>
#include <stdint.h>

/* How each kernel function is declared; CUDA code predefines it. */
#ifndef FLUX_INLINE
#if (defined(__GNUC__) || defined(__clang__)) && !defined(__TINYC__)
#define FLUX_INLINE static inline __attribute__((always_inline, unused))
#define FLUX_STATIC static inline __attribute__((unused))
#else
#define FLUX_INLINE static inline
#define FLUX_STATIC static inline
#endif
#endif

/* Before a loop: no turn touches what another stores. */
#if defined(__GNUC__) && !defined(__clang__) && !defined(__TINYC__) &&         \
    !defined(__CUDACC__)
#define FLUX_APART _Pragma("GCC ivdep")
#else
#define FLUX_APART
#endif

/* A function that is compiled by itself: a part of a long one. */
#if defined(__GNUC__) || defined(__clang__)
#define FLUX_NOINLINE __attribute__((noinline))
#else
#define FLUX_NOINLINE
#endif

/* The bits of a float. */
FLUX_INLINE uint32_t
flux_f32_bits(float x)
{
    union {
        float f;
        uint32_t u;
    } v;
    v.f = x;
    return v.u;
}

/* The float with the given bits. */
FLUX_INLINE float
flux_f32_from(uint32_t u)
{
    union {
        float f;
        uint32_t u;
    } v;
    v.u = u;
    return v.f;
}

/* The bits of a double. */
FLUX_INLINE uint64_t
flux_f64_bits(double x)
{
    union {
        double f;
        uint64_t u;
    } v;
    v.f = x;
    return v.u;
}

/* The double with the given bits. */
FLUX_INLINE double
flux_f64_from(uint64_t u)
{
    union {
        double f;
        uint64_t u;
    } v;
    v.u = u;
    return v.f;
}

/* 2^n for -126 <= n <= 127. */
FLUX_INLINE float
flux_f32_exp2i(int32_t n)
{
    return flux_f32_from((uint32_t)(n + 127) << 23);
}

/* 2^n for -1022 <= n <= 1023. */
FLUX_INLINE double
flux_f64_exp2i(int64_t n)
{
    return flux_f64_from((uint64_t)(n + 1023) << 52);
}

/* |x|; clears the sign of a NaN too. */
FLUX_INLINE float
flux_absf(float x)
{
    return flux_f32_from(flux_f32_bits(x) & 0x7fffffffu);
}

FLUX_INLINE double
flux_abs(double x)
{
    return flux_f64_from(flux_f64_bits(x) & 0x7fffffffffffffffu);
}

/* The magnitude of x with the sign of s. */
FLUX_INLINE float
flux_copysignf(float x, float s)
{
    return flux_f32_from((flux_f32_bits(x) & 0x7fffffffu) |
                         (flux_f32_bits(s) & 0x80000000u));
}

FLUX_INLINE double
flux_copysign(double x, double s)
{
    return flux_f64_from((flux_f64_bits(x) & 0x7fffffffffffffffu) |
                         (flux_f64_bits(s) & 0x8000000000000000u));
}

/* Square roots, correctly rounded (IEEE 754). */
FLUX_INLINE float
flux_sqrtf(float x)
{
#if defined(__CUDA_ARCH__)
    return __fsqrt_rn(x);
#elif defined(__GNUC__) && !defined(__TINYC__)
    return __builtin_sqrtf(x);
#else
    return sqrtf(x);
#endif
}

FLUX_INLINE double
flux_sqrt(double x)
{
#if defined(__CUDA_ARCH__)
    return __dsqrt_rn(x);
#elif defined(__GNUC__) && !defined(__TINYC__)
    return __builtin_sqrt(x);
#else
    return sqrt(x);
#endif
}

/* a > b ? a : b, so the second operand when either is NaN. */
FLUX_INLINE float
flux_maxf(float a, float b)
{
    return a > b ? a : b;
}

FLUX_INLINE double
flux_max(double a, double b)
{
    return a > b ? a : b;
}

/* a < b ? a : b, so the second operand when either is NaN. */
FLUX_INLINE float
flux_minf(float a, float b)
{
    return a < b ? a : b;
}

FLUX_INLINE double
flux_min(double a, double b)
{
    return a < b ? a : b;
}

/* -1, 0 or 1; a zero keeps its sign and a NaN stays NaN. */
FLUX_INLINE float
flux_signf(float x)
{
    return x > 0.0f ? 1.0f : x < 0.0f ? -1.0f : x;
}

FLUX_INLINE double
flux_sign(double x)
{
    return x > 0.0 ? 1.0 : x < 0.0 ? -1.0 : x;
}

/* The nearest integer, ties to even: adding 2^23 leaves no fraction bits. */
FLUX_INLINE float
flux_roundf(float x)
{
    float a = flux_absf(x);
    float r = (a + 8388608.0f) - 8388608.0f;
    r = flux_copysignf(r, x);
    return a < 8388608.0f ? r : x;
}

FLUX_INLINE double
flux_round(double x)
{
    double a = flux_abs(x);
    double r = (a + 4503599627370496.0) - 4503599627370496.0;
    r = flux_copysign(r, x);
    return a < 4503599627370496.0 ? r : x;
}

/* The largest integer not above x. */
FLUX_INLINE float
flux_floorf(float x)
{
    float r = flux_roundf(x);
    float d = r - 1.0f;
    r = r > x ? d : r;
    return flux_copysignf(r, x);
}

FLUX_INLINE double
flux_floor(double x)
{
    double r = flux_round(x);
    double d = r - 1.0;
    r = r > x ? d : r;
    return flux_copysign(r, x);
}

/* The smallest integer not below x. */
FLUX_INLINE float
flux_ceilf(float x)
{
    float r = flux_roundf(x);
    float u = r + 1.0f;
    r = r < x ? u : r;
    return flux_copysignf(r, x);
}

FLUX_INLINE double
flux_ceil(double x)
{
    double r = flux_round(x);
    double u = r + 1.0;
    r = r < x ? u : r;
    return flux_copysign(r, x);
}

/* Choices without a branch: all that they are given is read in any case. gcc
 * before 14 makes masked loads of what only one side of a branch reads, and
 * gets their order wrong in loops of few passes (its bug 114375). */

/* c ? a : b. */
FLUX_INLINE float
flux_selectf(int c, float a, float b)
{
    uint32_t u = flux_f32_bits(b);
    uint32_t mask = 0u - (uint32_t)(c != 0);
    return flux_f32_from(u ^ ((flux_f32_bits(a) ^ u) & mask));
}

FLUX_INLINE double
flux_select(int c, double a, double b)
{
    uint64_t u = flux_f64_bits(b);
    uint64_t mask = 0u - (uint64_t)(c != 0);
    return flux_f64_from(u ^ ((flux_f64_bits(a) ^ u) & mask));
}

/* The same for integers, signed ones by their bits. */
FLUX_INLINE uint32_t
flux_selectu(int c, uint32_t a, uint32_t b)
{
    return b ^ ((a ^ b) & (0u - (uint32_t)(c != 0)));
}

/* a && b, a || b: 1 or 0. */
FLUX_INLINE uint8_t
flux_and(int a, int b)
{
    return (uint8_t)((a != 0) & (b != 0));
}

FLUX_INLINE uint8_t
flux_or(int a, int b)
{
    return (uint8_t)((a != 0) | (b != 0));
}

/* inside ? i : 0: an index that may be read in any case. */
FLUX_INLINE size_t
flux_inside(int inside, size_t i)
{
    return i & ((size_t)0 - (size_t)(inside != 0));
}

/* The place below n that is nearest to i: an index of any table of n > 0 parts.
 */
FLUX_INLINE size_t
flux_index(int32_t i, size_t n)
{
    size_t place = i < 0 ? 0 : (size_t)i;
    return place < n ? place : n - 1;
}

/* inside ? x[i] : 0, for an x of at least one element. */
FLUX_INLINE float
flux_padf(int inside, const float *x, size_t i)
{
    return flux_selectf(inside, x[flux_inside(inside, i)], 0.0f);
}

FLUX_INLINE double
flux_pad(int inside, const double *x, size_t i)
{
    return flux_select(inside, x[flux_inside(inside, i)], 0.0);
}

/* To an integer, toward zero; out of range saturates, NaN gives 0. */
FLUX_INLINE int32_t
flux_f64_to_i32(double x)
{
    x = x < 2147483647.0 ? x : x == x ? 2147483647.0 : 0.0;
    x = x > -2147483648.0 ? x : -2147483648.0;
    return (int32_t)x;
}

FLUX_INLINE int32_t
flux_f32_to_i32(float x)
{
    return flux_f64_to_i32((double)x);
}

FLUX_INLINE uint32_t
flux_f64_to_u32(double x)
{
    x = x < 4294967295.0 ? x : x == x ? 4294967295.0 : 0.0;
    x = x > 0.0 ? x : 0.0;
    return (uint32_t)x;
}

FLUX_INLINE uint32_t
flux_f32_to_u32(float x)
{
    return flux_f64_to_u32((double)x);
}

/* Whether the machine rounds to nearest and keeps subnormals: 1 or 0. A host
 * program asks once; every promise about bits assumes 1. */
FLUX_STATIC int
flux_check_fp(void)
{
    volatile float one = 1.0f;
    volatile float small = 1e-10f;
    volatile float least = FLT_MIN;
    volatile float up = one + small;
    volatile float down = one - small;
    volatile float half = least * 0.5f;
    volatile float back = half * 2.0f;
    volatile double least64 = DBL_MIN;
    volatile double half64 = least64 * 0.5;
    volatile double back64 = half64 * 2.0;
    return up == one && down == one && half > 0.0f && back == least &&
           half64 > 0.0 && back64 == least64;
}

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

/* Whether the target's own fma serves; FLUX_SOFT_FMA forces the soft ones. */
#if !defined(FLUX_SOFT_FMA) && !defined(__TINYC__) &&                          \
    (defined(__FMA__) || defined(__aarch64__) || defined(__FP_FAST_FMAF))
#define FLUX_HARD_FMA 1
#else
#define FLUX_HARD_FMA 0
#endif

/* a * b + c rounded once. */
FLUX_INLINE float
flux_fmaf(float a, float b, float c)
{
#if defined(__CUDA_ARCH__)
    return __fmaf_rn(a, b, c);
#elif FLUX_HARD_FMA
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
