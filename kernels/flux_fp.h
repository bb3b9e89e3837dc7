/* flux_fp.h - the ground under the kernels: floating-point guards, bit casts,
 * choices, rounding and saturating conversions.
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

/* No a * b + c may become one fma by the compiler's choice, but with FLUX_FAST,
 * where bits do not count: float functions stay as exact, double ones do not.
 * gcc takes the rest only for speed: loops of the functions below vectorise at
 * plain -O2. -O3 would add nothing to that but text, and time. */
#if defined(FLUX_FAST) && defined(__clang__)
#pragma STDC FP_CONTRACT ON
#elif defined(__clang__)
#pragma STDC FP_CONTRACT OFF
#elif defined(__GNUC__) && !defined(__TINYC__) && !defined(__CUDACC__)
#if defined(FLUX_FAST) && defined(__OPTIMIZE__)
#pragma GCC optimize("O2", "tree-vectorize", "vect-cost-model=dynamic",        \
                     "fp-contract=fast", "reciprocal-math", "no-math-errno",   \
                     "no-trapping-math")
#elif defined(__OPTIMIZE__)
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

/* A square root sets no errno that anybody reads: so it can be that of a
 * vector. */
#if defined(__GNUC__) && !defined(__TINYC__) && !defined(__cplusplus)
float sqrtf(float) __attribute__((const));
double sqrt(double) __attribute__((const));
#endif

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

/* Before a loop: no turn touches what another stores, and no sum runs through
 * its turns, which clang would add in another order. Older clangs would read
 * what stands in a branch in any case; where one makes no vectors, that is no
 * matter for its warnings. */
#if defined(__CUDACC__) || defined(__TINYC__)
#define FLUX_APART
#elif defined(__clang__)
#if __clang_major__ >= 14
#pragma clang diagnostic ignored "-Wpass-failed"
#define FLUX_APART _Pragma("clang loop vectorize(assume_safety)")
#else
#define FLUX_APART
#endif
#elif defined(__GNUC__)
#define FLUX_APART _Pragma("GCC ivdep")
#else
#define FLUX_APART
#endif

/* Before a loop of few turns: they are written out. */
#if defined(__CUDA_ARCH__)
#define FLUX_UNROLL _Pragma("unroll")
#elif defined(__CUDACC__)
#define FLUX_UNROLL
#elif defined(__clang__)
#define FLUX_UNROLL _Pragma("clang loop unroll(full)")
#elif defined(__GNUC__) && !defined(__TINYC__)
#define FLUX_UNROLL _Pragma("GCC unroll 32")
#else
#define FLUX_UNROLL
#endif

/* Asks for what lies so many bytes behind p, which may be read soon; where
 * nothing does, that is no matter. */
#if defined(__GNUC__) && !defined(__TINYC__) && !defined(__CUDACC__)
#define FLUX_ASK(p, bytes)                                                     \
    __builtin_prefetch((const void *)((uintptr_t)(p) + (bytes)))
#else
#define FLUX_ASK(p, bytes) (void)(p)
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
#else
    return sqrtf(x);
#endif
}

FLUX_INLINE double
flux_sqrt(double x)
{
#if defined(__CUDA_ARCH__)
    return __dsqrt_rn(x);
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

/* inside ? i : 0: an index that may be read in any case. A product, so that in
 * a loop which leaves `inside` alone compilers see that the indices are evenly
 * apart. */
FLUX_INLINE size_t
flux_inside(int inside, size_t i)
{
    return i * (size_t)(inside != 0);
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
 * program asks once; every promise about bits assumes 1. It is 0, too, where
 * libgcc subtracts doubles for an ARM: that gets a difference whose exponents
 * are 33 apart wrong by a unit. */
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
    volatile double one64 = 1.0;
    volatile double small64 = 0x1.24b8e4db5daa9p-33;
    volatile double down64 = one64 - small64;
    volatile double least64 = DBL_MIN;
    volatile double half64 = least64 * 0.5;
    volatile double back64 = half64 * 2.0;
    return up == one && down == one && half > 0.0f && back == least &&
           down64 == 0x1.fffffffedb472p-1 && half64 > 0.0 && back64 == least64;
}

#endif
