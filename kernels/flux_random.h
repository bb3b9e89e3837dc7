/* flux_random.h - counter-based random numbers: a value depends on nothing
 * but its seed, stream and element, so any order and any thread agree.
 */
#ifndef FLUX_RANDOM_H
#define FLUX_RANDOM_H

#include "kernels/flux_f64.h"

/* Philox4x32-10: key = seed, counter words = element low, element high,
 * stream low, stream high (Salmon et al., "Parallel random numbers: as easy
 * as 1, 2, 3", 2011). */
FLUX_INLINE void
flux_philox(uint64_t seed, uint64_t stream, uint64_t element, uint32_t out[4])
{
    uint32_t k0 = (uint32_t)seed;
    uint32_t k1 = (uint32_t)(seed >> 32);
    uint32_t c0 = (uint32_t)element;
    uint32_t c1 = (uint32_t)(element >> 32);
    uint32_t c2 = (uint32_t)stream;
    uint32_t c3 = (uint32_t)(stream >> 32);
    for (int round = 0; round < 10; round++) {
        uint64_t p0 = (uint64_t)c0 * 0xd2511f53u;
        uint64_t p1 = (uint64_t)c2 * 0xcd9e8d57u;
        c0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0;
        c2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
        c1 = (uint32_t)p1;
        c3 = (uint32_t)p0;
        k0 += 0x9e3779b9u;
        k1 += 0xbb67ae85u;
    }
    out[0] = c0;
    out[1] = c1;
    out[2] = c2;
    out[3] = c3;
}

/* The upper 53 of the first 64 bits of a Philox block. */
FLUX_INLINE double
flux_philox53(uint64_t seed, uint64_t stream, uint64_t element)
{
    uint32_t word[4];
    flux_philox(seed, stream, element, word);
    uint64_t bits = (uint64_t)word[1] << 32 | word[0];
    return (double)(int64_t)(bits >> 11);
}

/* Uniform in [0, 1), a multiple of 2^-53. */
FLUX_INLINE double
flux_uniform(uint64_t seed, uint64_t stream, uint64_t element)
{
    return flux_philox53(seed, stream, element) * 1.1102230246251565e-16;
}

/* Uniform in [0, 1): others in every step, and at every site below 2^31 of a
 * model. The streams are those from 2^63 on, which initialisers do not reach.
 */
FLUX_INLINE double
flux_draw(uint64_t seed, uint32_t site, int32_t step, uint64_t element)
{
    uint64_t stream = (uint64_t)(site | 0x80000000u) << 32 | (uint32_t)step;
    return flux_uniform(seed, stream, element);
}

/* The quantile of the standard normal distribution in its tails, where
 * r = sqrt(-log(min(p, 1 - p))); as flux_normal_quantile. */
FLUX_STATIC double
flux_normal_tail(double r)
{
    double a;
    double b;
    if (r <= 5.0) {
        r -= 1.6;
        a = 7.74545014278341407640e-4;
        a = a * r + 2.27238449892691845833e-2;
        a = a * r + 2.41780725177450611770e-1;
        a = a * r + 1.27045825245236838258e0;
        a = a * r + 3.64784832476320460504e0;
        a = a * r + 5.76949722146069140550e0;
        a = a * r + 4.63033784615654529590e0;
        a = a * r + 1.42343711074968357734e0;
        b = 1.05075007164441684324e-9;
        b = b * r + 5.47593808499534494600e-4;
        b = b * r + 1.51986665636164571966e-2;
        b = b * r + 1.48103976427480074590e-1;
        b = b * r + 6.89767334985100004550e-1;
        b = b * r + 1.67638483018380384940e0;
        b = b * r + 2.05319162663775882187e0;
        return a / (b * r + 1.0);
    }
    r -= 5.0;
    a = 2.01033439929228813265e-7;
    a = a * r + 2.71155556874348757815e-5;
    a = a * r + 1.24266094738807843860e-3;
    a = a * r + 2.65321895265761230930e-2;
    a = a * r + 2.96560571828504891230e-1;
    a = a * r + 1.78482653991729133580e0;
    a = a * r + 5.46378491116411436990e0;
    a = a * r + 6.65790464350110377720e0;
    b = 2.04426310338993978564e-15;
    b = b * r + 1.42151175831644588870e-7;
    b = b * r + 1.84631831751005468180e-5;
    b = b * r + 7.86869131145613259100e-4;
    b = b * r + 1.48753612908506148525e-2;
    b = b * r + 1.36929880922735805310e-1;
    b = b * r + 5.99832206555887937690e-1;
    return a / (b * r + 1.0);
}

/* The x with Phi(x) = p, 0 < p < 1, to about 1e-16 of itself (Wichura,
 * "Algorithm AS 241: the percentage points of the normal distribution",
 * 1988, PPND16). */
FLUX_STATIC double
flux_normal_quantile(double p)
{
    double q = p - 0.5;
    if (flux_abs(q) <= 0.425) {
        double r = 0.180625 - q * q;
        double a = 2.50908092873012267270e3;
        a = a * r + 3.34305755835881281050e4;
        a = a * r + 6.72657709270087008530e4;
        a = a * r + 4.59219539315498714570e4;
        a = a * r + 1.37316937655094611250e4;
        a = a * r + 1.97159095030655144270e3;
        a = a * r + 1.33141667891784377450e2;
        a = a * r + 3.38713287279636660800e0;
        double b = 5.22649527885285456100e3;
        b = b * r + 2.87290857357219426740e4;
        b = b * r + 3.93078958000927106100e4;
        b = b * r + 2.12137943015865958670e4;
        b = b * r + 5.39419602142475110770e3;
        b = b * r + 6.87187007492057908300e2;
        b = b * r + 4.23133307016009112520e1;
        return q * a / (b * r + 1.0);
    }
    double least = q < 0.0 ? p : 1.0 - p;
    double x = flux_normal_tail(flux_sqrt(-flux_log(least)));
    return q < 0.0 ? -x : x;
}

/* Standard normal, by the quantile of a uniform number in (0, 1), an odd
 * multiple of 2^-54: symmetric, and never 0 or 1 but for one rounding. */
FLUX_STATIC double
flux_normal(uint64_t seed, uint64_t stream, uint64_t element)
{
    double bits = flux_philox53(seed, stream, element);
    double p = (bits + 0.5) * 1.1102230246251565e-16;
    return flux_normal_quantile(p < 1.0 ? p : 0.9999999999999999);
}

#endif
