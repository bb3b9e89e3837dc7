/* flux_f64.h - elementary functions in double.
 *
 * Polynomials without a named source were computed with Sollya's fpminimax
 * for this file. Bounds and measured errors: kernels/README.md.
 */
#ifndef FLUX_F64_H
#define FLUX_F64_H

#include "kernels/flux_fma.h"

/* q of exp(r) = 1 + r + r^2 q(r), |r| <= 0.35. */
FLUX_INLINE double
flux_exp_poly(double r)
{
    double q = 2.09203634299368e-09;
    q = q * r + 2.51054396493319e-08;
    q = q * r + 2.755725697212576e-07;
    q = q * r + 2.755725476115534e-06;
    q = q * r + 2.4801587342448672e-05;
    q = q * r + 0.00019841269875453364;
    q = q * r + 0.0013888888888876978;
    q = q * r + 0.008333333333325888;
    q = q * r + 0.04166666666666668;
    q = q * r + 0.1666666666666667;
    q = q * r + 0.5;
    return q;
}

/* The pieces of exp(x + xl) = 2^n (1 + s + low), |s| <= 0.42;
 * x + xl = n ln 2 + r, s + low = r + r^2 q(r). Needs |x| <= 1100 and xl within
 * an ulp of x. */
FLUX_INLINE double
flux_exp_pieces(double x, double xl, int64_t *n, double *low)
{
    double magic = 6755399441055744.0;
    double t = x * 1.4426950408889634 + magic;
    double k = t - magic;
    *n = (int64_t)(flux_f64_bits(t) - flux_f64_bits(magic));
    double head = x - k * 0.6931471805601177;
    double tail = k * -1.7239444525614835e-13 - xl;
    double r = head - tail;
    double rl = (head - r) - tail;
    double q = flux_exp_poly(r);
    double small = r * r * q + rl;
    double s = r + small;
    *low = small - (s - r);
    return s;
}

/* h * 2^n in two steps, for -1076 <= n <= 1100; n >> 1 rounds down on every
 * compiler that we support. */
FLUX_INLINE double
flux_f64_scale(double h, int64_t n)
{
    int64_t half = n >> 1;
    return h * flux_f64_exp2i(half) * flux_f64_exp2i(n - half);
}

/* exp(x + xl) for a small correction xl of x. */
FLUX_INLINE double
flux_exp_dd(double x, double xl)
{
    double c = x > 710.0 ? 710.0 : x;
    c = c < -746.0 ? -746.0 : c;
    double cl = c == x ? xl : 0.0;
    int64_t n;
    double low;
    double s = flux_exp_pieces(c, cl, &n, &low);
    return flux_f64_scale(1.0 + s, n);
}

/* exp(x - k ln 2) - 1 = r + r^2 q(r), where the rounding of r counts in
 * r^2 q(r) only. */
FLUX_INLINE double
flux_exp_rest(double x, double k)
{
    double head = x - k * 0.6931471805601177;
    double tail = k * -1.7239444525614835e-13;
    double r = head - tail;
    double q = flux_exp_poly(r);
    return head + (r * r * q - tail);
}

/* e^x: x = n ln 2 + r; the lowest bits of u are n + 2046, of which either half
 * is the exponent of a factor. */
FLUX_INLINE double
flux_exp(double x)
{
    double magic = 6755399441055744.0 + 2046.0;
    uint64_t most = 0x4338000000000000u + 2046u + 1024u;
    x = x < -746.0 ? -746.0 : x;
    uint64_t u = flux_f64_bits(x * 1.4426950408889634 + magic);
    u = u > most ? most : u;
    double s = flux_exp_rest(x, flux_f64_from(u) - magic);
    uint64_t half = u >> 1;
    double h = 1.0 + s;
    return h * flux_f64_from(half << 52) * flux_f64_from((u - half) << 52);
}

/* e^x - 1 = (2^n - 1) + 2^n s, halved inside so that 2^1024 fits. */
FLUX_INLINE double
flux_expm1(double x)
{
    double c = x > 710.0 ? 710.0 : x;
    c = c < -60.0 ? -60.0 : c;
    int64_t n;
    double low;
    double s = flux_exp_pieces(c, 0.0, &n, &low);
    double p = flux_f64_exp2i(n - 1);
    double r = ((p - 0.5) + p * s + p * low) * 2.0;
    return flux_abs(x) < 1e-16 ? x : r;
}

/* log((1 + s) / (1 - s)) = 2s + s^3 S(s^2) for |s| <= 0.1716; returns
 * s^2 S(s^2). */
FLUX_INLINE double
flux_log_series(double s)
{
    double z = s * s;
    double p = 0.13287079508285396;
    p = p * z + 0.13246652407214932;
    p = p * z + 0.15387216083921693;
    p = p * z + 0.18181773694688344;
    p = p * z + 0.22222222655841817;
    p = p * z + 0.2857142856917198;
    p = p * z + 0.4000000000000532;
    p = p * z + 0.6666666666666666;
    return p * z;
}

/* log(1 + f) + k ln 2 + c for f in [-0.2929, 0.4143]. */
FLUX_INLINE double
flux_log_sum(double f, double k, double c)
{
    double half = 0.5 * f * f;
    double s = f / (2.0 + f);
    double tail = k * -1.7239444525614835e-13 + c;
    double y = half - (s * (half + flux_log_series(s)) + tail);
    return k * 0.6931471805601177 + (f - y);
}

/* x = 2^k m with m in [sqrt(1/2), sqrt(2)), x positive and normal; adds k to
 * *k and returns m. */
FLUX_INLINE double
flux_f64_normalise(double x, double *k)
{
    uint64_t base = 0x3fe6a09e667f3bcdu;
    uint64_t u = flux_f64_bits(x) - base;
    uint64_t biased = (u >> 52) ^ 0x800u;
    double e = flux_f64_from(0x4330000000000000u | biased) - 4503599627370496.0;
    *k += e - 2048.0;
    return flux_f64_from((u & 0xfffffffffffffu) + base);
}

/* What log gives at the ends: y for 0 < x < Inf. */
FLUX_INLINE double
flux_log_ends(double x, double y)
{
    y = x < HUGE_VAL ? y : x;
    double low = x == 0.0 ? -HUGE_VAL : x - x;
    low = x < 0.0 ? flux_f64_from(0x7ff8000000000000u) : low;
    return x > 0.0 ? y : low;
}

/* The natural logarithm; -Inf at 0, NaN below. */
FLUX_INLINE double
flux_log(double x)
{
    int tiny = x < DBL_MIN;
    double scaled = x * 18014398509481984.0;
    double k = tiny ? -54.0 : 0.0;
    double m = flux_f64_normalise(tiny ? scaled : x, &k);
    return flux_log_ends(x, flux_log_sum(m - 1.0, k, 0.0));
}

/* log(1 + x): u = 1 + x rounded, then the lost part over u is added. */
FLUX_INLINE double
flux_log1p(double x)
{
    double u = 1.0 + x;
    double lost = x > 1.0 ? 1.0 - (u - x) : x - (u - 1.0);
    double k = 0.0;
    double m = flux_f64_normalise(u, &k);
    double f = k == 0.0 ? x : m - 1.0;
    double c = k == 0.0 ? 0.0 : lost / u;
    double y = flux_log_sum(f, k, c);
    y = flux_abs(x) < 1e-16 ? x : y;
    return flux_log_ends(u, y);
}

/* sigma(x) = 1 / (1 + e^-x) = c / (c + c 2^n + c 2^n s), c = 2^-54 so that all
 * fits: but the last sum, all is exact. */
FLUX_INLINE double
flux_sigma(double x)
{
    double c = 0x1p-54;
    double y = -x;
    y = y > 746.0 ? 746.0 : y;
    y = y < -60.0 ? -60.0 : y;
    double magic = 6755399441055744.0 + 969.0;
    double t = y * 1.4426950408889634 + magic;
    double p = flux_f64_from(flux_f64_bits(t) << 52);
    double s = flux_exp_rest(y, t - magic);
    double d = c + p;
    return c / (d + (p * s + (c - (d - p))));
}

/* tanh(x) = -m / (2 + m) with m = e^-2|x| - 1, corrected by what the roundings
 * of m and the denominator lost (its inverse is (1 + q) / 2); past |x| = 0.55
 * it is 1 - 2 (1 + m) / (2 + m). */
FLUX_INLINE double
flux_tanh(double x)
{
    double a = flux_abs(x);
    a = a > 30.0 ? 30.0 : a;
    int64_t n;
    double low;
    double s = flux_exp_pieces(-2.0 * a, 0.0, &n, &low);
    double p = flux_f64_exp2i(n);
    double m = (p - 1.0) + p * s;
    double ml = p * s - (m - (p - 1.0)) + p * low;
    double d = 2.0 + m;
    double dl = m - (d - 2.0) + ml;
    double twice = 2.0 * (p + p * s);
    double over = a > 0.55 ? twice : -m;
    double q = over / d;
    double far = 1.0 - q;
    double near = q - (ml + q * dl) * (0.5 + 0.5 * q);
    return flux_copysign(a > 0.55 ? far : near, x);
}

/* log(1 + e^x) = max(x, 0) + log(1 + e), e = e^-|x|, kept as h + l. */
FLUX_INLINE double
flux_softplus(double x)
{
    double a = -flux_abs(x);
    a = a < -746.0 ? -746.0 : a;
    int64_t n;
    double low;
    double s = flux_exp_pieces(a, 0.0, &n, &low);
    double h = 1.0 + s;
    double e = flux_f64_scale(h, n);
    double el = flux_f64_scale(s - (h - 1.0) + low, n);
    int big = e > 0.4142;
    double upper = 0.5 * (e - 1.0);
    double f = big ? upper : e;
    double k = big ? 1.0 : 0.0;
    double y = flux_log_sum(f, k, el / (1.0 + e));
    y = e < 1e-16 ? e : y;
    return (x > 0.0 ? x : 0.0) + y;
}

/* 2/pi after the point, 32 bits a word. */
FLUX_STATIC uint32_t
flux_two_over_pi(int word)
{
    static const uint32_t bits[] = {
        0xa2f9836eu, 0x4e441529u, 0xfc2757d1u, 0xf534ddc0u, 0xdb629599u,
        0x3c439041u, 0xfe5163abu, 0xdebbc561u, 0xb7246e3au, 0x424dd2e0u,
        0x06492eeau, 0x09d1921cu, 0xfe1deb1cu, 0xb129a73eu, 0xe88235f5u,
        0x2ebb4484u, 0xe99c7026u, 0xb45f7e41u, 0x3991d639u, 0x835339f4u,
        0x9c845f8bu, 0xbdf9283bu, 0x1ff897ffu, 0xde05980fu, 0xef2f118bu,
        0x5a0a6d1fu, 0x6d367ecfu, 0x27cb09b7u, 0x4f463f66u, 0x9e5fea2du,
        0x7527bac7u, 0xebe5f17bu, 0x3d0739f7u, 0x8a5292eau, 0x6bfb5fb1u,
        0x1f8d5d08u, 0x56033046u, 0xfc7b6babu, 0xf0cfbc20u, 0x9af4361du,
    };
    return bits[word];
}

/* A 128-bit fraction v / 2^128 times pi/2, to about 2^-100 of itself. */
FLUX_STATIC flux_dd
flux_quarter_turns(flux_u128 v)
{
    flux_dd zero = {0.0, 0.0};
    if ((v.hi | v.lo) == 0)
        return zero;
    int64_t e = -128;
    while ((v.hi >> 63) == 0) {
        v = flux_u128_shl(v, 1);
        e--;
    }
    double hi = (double)(int64_t)(v.hi >> 11) * flux_f64_exp2i(e + 75);
    uint64_t rest = (v.hi & 0x7ffu) << 42 | v.lo >> 22;
    double lo = (double)(int64_t)rest * flux_f64_exp2i(e + 22);
    flux_dd r = flux_two_prod(hi, 1.5707963267948966);
    r.lo += hi * 6.123233995736766e-17 + lo * 1.5707963267948966;
    return flux_fast_two_sum(r.hi, r.lo);
}

/* x = n pi/2 + r for 2^20 <= x < Inf (Payne and Hanek): only the words of
 * 2/pi that reach the last two integer bits and 128 fraction bits of
 * x * 2/pi are multiplied. */
FLUX_STATIC flux_dd
flux_trig_large(double x, int *n)
{
    int e;
    uint64_t m = flux_f64_split(x, &e);
    int first = e > 2 ? (e - 2) / 32 : 0;
    uint32_t product[9] = {0};
    for (int half = 0; half < 2; half++) {
        uint64_t factor = half ? m >> 32 : m & 0xffffffffu;
        uint64_t carry = 0;
        for (int i = 0; i < 7; i++) {
            carry += product[i + half];
            carry += factor * flux_two_over_pi(first + 6 - i);
            product[i + half] = (uint32_t)carry;
            carry >>= 32;
        }
        product[7 + half] = (uint32_t)carry;
    }
    /* the point stands `point` bits above the end of the product; the window
     * holds bits point - 128 to point + 1 */
    int point = 32 * (first + 7) - e;
    int word = (point - 128) / 32;
    int bit = (point - 128) % 32;
    uint32_t window[5];
    for (int i = 0; i < 5; i++) {
        uint64_t above = word + i + 1 < 9 ? product[word + i + 1] : 0;
        uint64_t two = word + i < 9 ? product[word + i] | above << 32 : 0;
        window[i] = (uint32_t)(two >> bit);
    }
    flux_u128 v;
    v.lo = (uint64_t)window[1] << 32 | window[0];
    v.hi = (uint64_t)window[3] << 32 | window[2];
    *n = (int)(window[4] & 3u);
    int upper = (int)(v.hi >> 63);
    if (upper) {
        v.lo = 0u - v.lo;
        v.hi = ~v.hi + (v.lo == 0);
        *n += 1;
    }
    flux_dd r = flux_quarter_turns(v);
    r.hi = upper ? -r.hi : r.hi;
    r.lo = upper ? -r.lo : r.lo;
    return r;
}

/* x = n pi/2 + r, |r| <= pi/4 and a little, x finite; n counts modulo 4. pi/2
 * is cut in pieces of 33 bits, so that n times a piece is exact. */
FLUX_STATIC flux_dd
flux_trig_reduce(double x, int *n)
{
    double a = flux_abs(x);
    flux_dd r = {x, 0.0};
    *n = 0;
    if (a < 0.7853981633974483)
        return r;
    if (a < 1048576.0) {
        double magic = 6755399441055744.0;
        double t = a * 0.6366197723675814 + magic;
        double k = t - magic;
        *n = (int)(flux_f64_bits(t) & 3u);
        flux_dd p = flux_two_sum(a - k * 1.5707963267341256,
                                 k * -6.077100506303966e-11);
        flux_dd q = flux_two_sum(p.hi, k * -2.0222662487111665e-21);
        q.lo += p.lo - k * 8.4784276603689e-32;
        r = flux_fast_two_sum(q.hi, q.lo);
    } else {
        r = flux_trig_large(a, n);
    }
    if (x < 0.0) {
        r.hi = -r.hi;
        r.lo = -r.lo;
        *n = -*n;
    }
    return r;
}

/* sin(r) for |r| <= pi/4. */
FLUX_STATIC double
flux_sin_kernel(flux_dd r)
{
    double z = r.hi * r.hi;
    double p = 1.5919299991046987e-10;
    p = p * z - 2.5051151714982118e-08;
    p = p * z + 2.755731622514329e-06;
    p = p * z - 0.00019841269837089285;
    p = p * z + 0.008333333333331312;
    double cube = z * r.hi;
    double c = z * (0.5 * r.lo - cube * p) - r.lo;
    return r.hi - (c - cube * -0.16666666666666666);
}

/* cos(r) for |r| <= pi/4. */
FLUX_STATIC double
flux_cos_kernel(flux_dd r)
{
    double z = r.hi * r.hi;
    double p = -1.1381550818348348e-11;
    p = p * z + 2.08761279323049e-09;
    p = p * z - 2.755731715868473e-07;
    p = p * z + 2.4801587298460744e-05;
    p = p * z - 0.0013888888888887061;
    p = p * z + 0.041666666666666664;
    double half = 0.5 * z;
    double w = 1.0 - half;
    return w + (((1.0 - w) - half) + (z * z * p - r.hi * r.lo));
}

/* sin(x + turns * pi/2). */
FLUX_STATIC double
flux_sin_turned(double x, int turns)
{
    if (!(flux_abs(x) < HUGE_VAL))
        return x - x;
    int n;
    flux_dd r = flux_trig_reduce(x, &n);
    n += turns;
    double y = (n & 1) ? flux_cos_kernel(r) : flux_sin_kernel(r);
    return (n & 2) ? -y : y;
}

/* sin(x); NaN at the infinities. */
FLUX_STATIC double
flux_sin(double x)
{
    return flux_abs(x) < 1e-8 ? x : flux_sin_turned(x, 0);
}

/* cos(x); NaN at the infinities. */
FLUX_STATIC double
flux_cos(double x)
{
    return flux_sin_turned(x, 1);
}

/* log(x) to about 2^-64 of itself, 0 < x < Inf: with s = f / (2 + f),
 * 2s + s^3 (2/3 + 2/5 s^2 + ...), where s, s^2 and the first terms are pairs
 * of doubles. */
FLUX_STATIC flux_dd
flux_log_dd(double x)
{
    double k = x < DBL_MIN ? -54.0 : 0.0;
    double m =
        flux_f64_normalise(x < DBL_MIN ? x * 18014398509481984.0 : x, &k);
    double f = m - 1.0;
    flux_dd d = flux_fast_two_sum(2.0, f);
    double s = f / d.hi;
    flux_dd p = flux_two_prod(s, d.hi);
    double sl = (((f - p.hi) - p.lo) - s * d.lo) / d.hi;
    flux_dd z = flux_two_prod(s, s);
    z.lo += 2.0 * s * sl;
    double t = 0.1291638511257186;
    t = t * z.hi + 0.13285707158726393;
    t = t * z.hi + 0.15385583409258793;
    t = t * z.hi + 0.18181808107449576;
    t = t * z.hi + 0.22222222272184336;
    t = t * z.hi + 0.2857142857133506;
    t = t * z.hi + 0.4000000000000003;
    flux_dd u = flux_fast_two_sum(0.6666666666666666, t * z.hi);
    u.lo += 3.700743415417188e-17;
    flux_dd w = flux_two_prod(z.hi, u.hi);
    w.lo += z.hi * u.lo + z.lo * u.hi;
    flux_dd y = flux_two_prod(s, w.hi);
    y.lo += s * w.lo + sl * w.hi;
    flux_dd log_m = flux_fast_two_sum(2.0 * s, y.hi);
    log_m.lo += 2.0 * sl + y.lo;
    flux_dd r = flux_two_sum(k * 0.6931471805601177, log_m.hi);
    r.lo += log_m.lo + k * -1.7239444525614835e-13;
    return flux_fast_two_sum(r.hi, r.lo);
}

/* x^y with the sign and the exceptions of C's pow, from m = |x|^y. */
FLUX_INLINE double
flux_pow_ends(double x, double y, double m)
{
    double half = 0.5 * y;
    int whole = flux_floor(y) == y;
    int odd = whole && flux_floor(half) != half;
    int below = (flux_f64_bits(x) >> 63) != 0;
    double signed_m = below && odd ? -m : m;
    double nan = flux_f64_from(0x7ff8000000000000u);
    double r = x < 0.0 && !whole && x > -HUGE_VAL ? nan : signed_m;
    r = x == x && y == y ? r : nan;
    r = x == -1.0 && flux_abs(y) == HUGE_VAL ? 1.0 : r;
    return x == 1.0 || y == 0.0 ? 1.0 : r;
}

/* x^y; the exceptions are those of C's pow. */
FLUX_STATIC double
flux_pow(double x, double y)
{
    double a = flux_abs(x);
    double b = flux_abs(y);
    if (!(a > 0.0 && a < HUGE_VAL && b < HUGE_VAL))
        return flux_pow_ends(x, y, flux_exp(y * flux_log(a)));
    /* past 2^66 every power of a double but 1 is 0 or Inf */
    double c = b > 73786976294838206464.0
                   ? flux_copysign(73786976294838206464.0, y)
                   : y;
    flux_dd l = flux_log_dd(a);
    flux_dd p = flux_two_prod(c, l.hi);
    flux_dd e = flux_fast_two_sum(p.hi, p.lo + c * l.lo);
    return flux_pow_ends(x, y, flux_exp_dd(e.hi, e.lo));
}

/* exp(x^2) erfc(x) (1 + 2x) = 1.2329951186255526 + this for 0 <= x <= 28, a
 * Chebyshev fit in t = (x - 4) / (x + 4) (the substitution of Shepherd and
 * Laframboise, 1981). */
FLUX_INLINE double
flux_erfcx_terms(double x)
{
    double t = (x - 4.0) / (x + 4.0);
    double p = 2.811176622204561e-10;
    p = p * t + 2.0739691268291132e-09;
    p = p * t + 1.6921548699862793e-09;
    p = p * t - 1.6522196370241066e-08;
    p = p * t - 1.9065747713865933e-08;
    p = p * t + 1.1317103968178128e-07;
    p = p * t + 7.695240549586305e-08;
    p = p * t - 8.276828035719882e-07;
    p = p * t + 2.917198295424409e-07;
    p = p * t + 5.710737556835552e-06;
    p = p * t - 1.1220942553600136e-05;
    p = p * t - 2.4399497422334904e-05;
    p = p * t + 0.00015062132556908542;
    p = p * t - 0.00019925664405001626;
    p = p * t - 0.0007577732176546477;
    p = p * t + 0.005031969972293465;
    p = p * t - 0.016197734066659513;
    p = p * t + 0.0371675155378814;
    p = p * t - 0.06633036581157387;
    p = p * t + 0.0937328349983328;
    p = p * t - 0.10103906603632835;
    p = p * t + 0.06809705425469306;
    p = p * t + 0.015379652102620094;
    p = p * t - 0.13962111684056253;
    return p * t;
}

/* erf(x) / x - 1 for 0 <= x <= 1, in z = x^2. */
FLUX_INLINE double
flux_erf_series(double z)
{
    double p = -7.782029301676088e-10;
    p = p * z + 1.3712132299376225e-08;
    p = p * z - 1.6206508448666204e-07;
    p = p * z + 1.6447143828683642e-06;
    p = p * z - 1.492471178154262e-05;
    p = p * z + 0.00012055293436114663;
    p = p * z - 0.0008548325918969745;
    p = p * z + 0.005223977605720604;
    p = p * z - 0.026866170643026162;
    p = p * z + 0.11283791670943219;
    p = p * z - 0.3761263890318347;
    return p * z + 0.12837916709551256;
}

/* erf(x) = 2/sqrt(pi) times the integral of exp(-t^2) from 0 to x. */
FLUX_INLINE double
flux_erf(double x)
{
    double a = flux_abs(x);
    double c = a > 6.5 ? 6.5 : a;
    double z = c * c;
    double inner = a + a * flux_erf_series(z);
    double p = flux_erfcx_terms(c) + 1.2329951186255526;
    double outer = 1.0 - flux_exp(-z) * p / (1.0 + 2.0 * c);
    return flux_copysign(a < 1.0 ? inner : outer, x);
}

/* erfc(a / sqrt(2)) / 2 = 2^n (hi + lo) for 0.7 <= a <= 38.6. Every step is a
 * pair of doubles: the square that exp multiplies the error of, the argument,
 * what the sums round away, and the quotient. */
FLUX_INLINE flux_dd
flux_gelu_tail(double a, int64_t *n)
{
    flux_dd z = flux_two_prod(-0.5 * a, a);
    flux_dd c = flux_two_prod(a, 0.7071067811865476);
    c.lo += a * -4.833646656726457e-17;
    double low;
    double s = flux_exp_pieces(z.hi, a < 1e-100 ? 0.0 : z.lo, n, &low);
    flux_dd h = flux_fast_two_sum(1.0, s);
    h.lo += low;
    double terms = flux_erfcx_terms(c.hi);
    flux_dd p = flux_fast_two_sum(1.2329951186255526, terms);
    flux_dd d = flux_fast_two_sum(4.0 * c.hi, 2.0);
    d.lo += 4.0 * c.lo;
    flux_dd m = flux_two_prod(h.hi, p.hi);
    m.lo += h.hi * p.lo + h.lo * p.hi;
    double q = m.hi / d.hi;
    flux_dd back = flux_two_prod(q, d.hi);
    double rest = (m.hi - back.hi) - back.lo + (m.lo - q * d.lo);
    return flux_fast_two_sum(q, rest / d.hi);
}

/* x Phi(x) = x erfc(-x / sqrt(2)) / 2, the exact gelu; near 0 as
 * x (1 + erf(x / sqrt(2))) / 2. The 2^n of the left tail comes last, for that
 * ends in subnormals. */
FLUX_INLINE double
flux_gelu(double x)
{
    double a = flux_abs(x);
    a = a > 38.6 ? 38.6 : a;
    int64_t n;
    flux_dd tail = flux_gelu_tail(a, &n);
    flux_dd w = flux_two_prod(-a, tail.hi);
    double left = flux_f64_scale(w.hi + (w.lo - a * tail.lo), n);
    double right = x * (1.0 - flux_f64_scale(tail.hi, n));
    double c = a * 0.7071067811865476;
    flux_dd half = flux_two_prod(0.5 * x, 0.7071067811865476);
    half.lo += 0.5 * x * -4.833646656726457e-17;
    flux_dd sum = flux_fast_two_sum(0.5, half.hi);
    sum.lo += half.lo + half.hi * flux_erf_series(c * c);
    double near = x * (sum.hi + sum.lo);
    double y = x < 0.0 ? left : right;
    y = c < 0.5 ? near : y;
    return x < -38.6 ? -0.0 : y;
}

#endif
