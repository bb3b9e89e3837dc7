/* reference.h - what the tests hold the elementary functions against: libm
 * in long double, and the error of a result in units of its last place. */
#ifndef TESTS_KERNELS_REFERENCE_H
#define TESTS_KERNELS_REFERENCE_H

#include "kernels/flux_math.h"

#include <stdbool.h>
#include <stdlib.h>

typedef struct ulp_f32 {
    const char *name;
    float (*f)(float);
    double (*reference)(double);
    double bound;
} ulp_f32;

typedef struct ulp_f64 {
    const char *name;
    double (*f)(double);
    long double (*reference)(long double);
    double bound;
} ulp_f64;

static inline double
ref_sigma(double x)
{
    double e = exp(-fabs(x));
    return (x < 0.0 ? e : 1.0) / (1.0 + e);
}

static inline double
ref_softplus(double x)
{
    return (x > 0.0 ? x : 0.0) + log1p(exp(-fabs(x)));
}

static inline double
ref_gelu(double x)
{
    return x == -HUGE_VAL ? -0.0 : x * (0.5 * erfc(x * -0.7071067811865476));
}

static inline long double
ref_sigmal(long double x)
{
    long double e = expl(-fabsl(x));
    return (x < 0.0L ? e : 1.0L) / (1.0L + e);
}

static inline long double
ref_softplusl(long double x)
{
    return (x > 0.0L ? x : 0.0L) + log1pl(expl(-fabsl(x)));
}

static inline long double
ref_gelul(long double x)
{
    long double half = sqrtl(0.5L);
    return x < -200.0L ? -0.0L : x * (0.5L * erfcl(-x * half));
}

/* ROW(name, function, reference, bound) of every function of one float. */
#define REFERENCE_F32(ROW)                                                     \
    ROW("exp", flux_expf, exp, 1.0)                                            \
    ROW("log", flux_logf, log, 1.0)                                            \
    ROW("log1p", flux_log1pf, log1p, 2.0)                                      \
    ROW("expm1", flux_expm1f, expm1, 2.0)                                      \
    ROW("sin", flux_sinf, sin, 1.0)                                            \
    ROW("cos", flux_cosf, cos, 1.0)                                            \
    ROW("tanh", flux_tanhf, tanh, 2.0)                                         \
    ROW("sigma", flux_sigmaf, ref_sigma, 2.0)                                  \
    ROW("softplus", flux_softplusf, ref_softplus, 2.0)                         \
    ROW("erf", flux_erff, erf, 2.0)                                            \
    ROW("gelu", flux_geluf, ref_gelu, 2.0)

#define REFERENCE_ROW(name, f, reference, bound) {name, f, reference, bound},
static const ulp_f32 functions_f32[] = {REFERENCE_F32(REFERENCE_ROW)};

static const ulp_f64 functions_f64[] = {
    {"exp", flux_exp, expl, 1.0},
    {"log", flux_log, logl, 1.0},
    {"log1p", flux_log1p, log1pl, 2.0},
    {"expm1", flux_expm1, expm1l, 2.0},
    {"sin", flux_sin, sinl, 1.0},
    {"cos", flux_cos, cosl, 1.0},
    {"tanh", flux_tanh, tanhl, 2.0},
    {"sigma", flux_sigma, ref_sigmal, 2.0},
    {"softplus", flux_softplus, ref_softplusl, 2.0},
    {"erf", flux_erf, erfl, 2.0},
    {"gelu", flux_gelu, ref_gelul, 2.0},
};

/* |got - want| in ulps of a float of want's size. A NaN agrees with a NaN
 * alone, an infinity with all that rounds to it; else the error is 1e9. */
static inline double
ulp_error_f32(float got, double want)
{
    if (isnan(got) || isnan(want))
        return isnan(got) && isnan(want) ? 0.0 : 1e9;
    if (isinf((float)want) || isinf(got))
        return (float)want == got ||
                       (isinf(got) && fabs(want) > 3.402823364973241e38)
                   ? 0.0
                   : 1e9;
    int e = -126;
    if (want != 0.0)
        e = ilogb(want) < -126 ? -126 : ilogb(want);
    return fabs((double)got - want) * ldexp(1.0, 23 - e);
}

/* The same for a double. */
static inline double
ulp_error_f64(double got, long double want)
{
    if (isnan(got) || isnan(want))
        return isnan(got) && isnan(want) ? 0.0 : 1e9;
    if (isinf((double)want) || isinf(got))
        return (double)want == got ||
                       (isinf(got) && fabsl(want) > 1.797693134862315e308L)
                   ? 0.0
                   : 1e9;
    int e = -1022;
    if (want != 0.0L)
        e = ilogbl(want) < -1022 ? -1022 : ilogbl(want);
    return (double)ldexpl(fabsl((long double)got - want), 52 - e);
}

/* A stream of random 64-bit words. */
static inline uint64_t
reference_random(uint64_t *state)
{
    *state += 0x9e3779b97f4a7c15u;
    uint64_t z = *state;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

/* A random double: any bits, a special value, or one of middle size. */
static inline double
reference_double(uint64_t *state)
{
    static const double special[] = {
        0.0,     -0.0,        1.0,           -1.0,        0.5,
        2.0,     3.0,         -3.0,          HUGE_VAL,    -HUGE_VAL,
        DBL_MIN, -DBL_MIN,    DBL_MAX,       -DBL_MAX,    5e-324,
        -5e-324, DBL_EPSILON, 1.0 + 2.3e-16, 1.0 - 1e-16, 9007199254740993.0,
    };
    uint64_t r = reference_random(state);
    uint64_t bits = reference_random(state);
    size_t n = sizeof special / sizeof special[0];
    if (r % 8 == 0)
        return special[(r >> 8) % n];
    if (r % 8 < 3)
        return flux_f64_from(bits);
    int e = (int)(r >> 8 & 63u) - 46;
    double m = (double)(int64_t)(bits >> 11) * 0x1p-53 + 1.0;
    return ldexp((bits & 1u) ? -m : m, e);
}

#endif
