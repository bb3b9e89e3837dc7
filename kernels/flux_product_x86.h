/* flux_product_x86.h - the matrix product for the vector instructions of
 * x86-64: flux_product_body.h for AVX-512 and for AVX2 with FMA, of both
 * element types. flux_product.h includes it.
 */
#ifndef FLUX_PRODUCT_X86_H
#define FLUX_PRODUCT_X86_H

#include <immintrin.h>
#include <string.h>

#if defined(__clang__)
#define FLUX_UNROLL _Pragma("clang loop unroll(full)")
#else
#define FLUX_UNROLL _Pragma("GCC unroll 32")
#endif

/* In each 128 bits, to[k] of r[i] becomes to[i] of r[k]: 4 by 4 floats, or 2 by
 * 2 doubles. */
#define FLUX_TURN_F32(r, unpacklo, unpackhi, shuffle)                          \
    do {                                                                       \
        FLUX_V t0 = unpacklo(r[0], r[1]), t1 = unpacklo(r[2], r[3]);           \
        FLUX_V t2 = unpackhi(r[0], r[1]), t3 = unpackhi(r[2], r[3]);           \
        r[0] = shuffle(t0, t1, 0x44);                                          \
        r[1] = shuffle(t0, t1, 0xee);                                          \
        r[2] = shuffle(t2, t3, 0x44);                                          \
        r[3] = shuffle(t2, t3, 0xee);                                          \
    } while (0)
#define FLUX_TURN_F64(r, unpacklo, unpackhi)                                   \
    do {                                                                       \
        FLUX_V t0 = unpacklo(r[0], r[1]);                                      \
        r[1] = unpackhi(r[0], r[1]);                                           \
        r[0] = t0;                                                             \
    } while (0)

#define FLUX_TARGET FLUX_AVX512
#define FLUX_U      4

#define FLUX_P(name)      name##_f32_avx512
#define FLUX_I(op)        _mm512_##op##_ps
#define FLUX_T            float
#define FLUX_V            __m512
#define FLUX_W            16
#define FLUX_G            4
#define FLUX_SOME(n)      (__mmask16)((1u << (n)) - 1u)
#define FLUX_TAKE(p, n)   _mm512_maskz_loadu_ps(FLUX_SOME(n), p)
#define FLUX_PUT(p, v, n) _mm512_mask_storeu_ps(p, FLUX_SOME(n), v)
#define FLUX_GATHER(p, s)                                                      \
    _mm512_insertf32x4(                                                        \
        _mm512_insertf32x4(                                                    \
            _mm512_insertf32x4(_mm512_castps128_ps512(_mm_loadu_ps(p)),        \
                               _mm_loadu_ps((p) + (s)), 1),                    \
            _mm_loadu_ps((p) + 2 * (s)), 2),                                   \
        _mm_loadu_ps((p) + 3 * (s)), 3)
#define FLUX_TURN(r)                                                           \
    FLUX_TURN_F32(r, _mm512_unpacklo_ps, _mm512_unpackhi_ps, _mm512_shuffle_ps)
#include "kernels/flux_product_body.h"

#define FLUX_P(name)      name##_f64_avx512
#define FLUX_I(op)        _mm512_##op##_pd
#define FLUX_T            double
#define FLUX_V            __m512d
#define FLUX_W            8
#define FLUX_G            2
#define FLUX_SOME(n)      (__mmask8)((1u << (n)) - 1u)
#define FLUX_TAKE(p, n)   _mm512_maskz_loadu_pd(FLUX_SOME(n), p)
#define FLUX_PUT(p, v, n) _mm512_mask_storeu_pd(p, FLUX_SOME(n), v)
#define FLUX_GATHER(p, s)                                                      \
    _mm512_insertf64x2(                                                        \
        _mm512_insertf64x2(                                                    \
            _mm512_insertf64x2(_mm512_castpd128_pd512(_mm_loadu_pd(p)),        \
                               _mm_loadu_pd((p) + (s)), 1),                    \
            _mm_loadu_pd((p) + 2 * (s)), 2),                                   \
        _mm_loadu_pd((p) + 3 * (s)), 3)
#define FLUX_TURN(r) FLUX_TURN_F64(r, _mm512_unpacklo_pd, _mm512_unpackhi_pd)
#include "kernels/flux_product_body.h"

#undef FLUX_TARGET
#undef FLUX_U
#define FLUX_TARGET FLUX_AVX2
#define FLUX_U      2

#define FLUX_P(name) name##_f32_avx2
#define FLUX_I(op)   _mm256_##op##_ps
#define FLUX_T       float
#define FLUX_V       __m256
#define FLUX_W       8
#define FLUX_G       4
#define FLUX_SOME(n)                                                           \
    _mm256_cmpgt_epi32(_mm256_set1_epi32((int)(n)),                            \
                       _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7))
#define FLUX_TAKE(p, n)   _mm256_maskload_ps(p, FLUX_SOME(n))
#define FLUX_PUT(p, v, n) _mm256_maskstore_ps(p, FLUX_SOME(n), v)
#define FLUX_GATHER(p, s)                                                      \
    _mm256_insertf128_ps(_mm256_castps128_ps256(_mm_loadu_ps(p)),              \
                         _mm_loadu_ps((p) + (s)), 1)
#define FLUX_TURN(r)                                                           \
    FLUX_TURN_F32(r, _mm256_unpacklo_ps, _mm256_unpackhi_ps, _mm256_shuffle_ps)
#include "kernels/flux_product_body.h"

#define FLUX_P(name) name##_f64_avx2
#define FLUX_I(op)   _mm256_##op##_pd
#define FLUX_T       double
#define FLUX_V       __m256d
#define FLUX_W       4
#define FLUX_G       2
#define FLUX_SOME(n)                                                           \
    _mm256_cmpgt_epi64(_mm256_set1_epi64x((long long)(n)),                     \
                       _mm256_setr_epi64x(0, 1, 2, 3))
#define FLUX_TAKE(p, n)   _mm256_maskload_pd(p, FLUX_SOME(n))
#define FLUX_PUT(p, v, n) _mm256_maskstore_pd(p, FLUX_SOME(n), v)
#define FLUX_GATHER(p, s)                                                      \
    _mm256_insertf128_pd(_mm256_castpd128_pd256(_mm_loadu_pd(p)),              \
                         _mm_loadu_pd((p) + (s)), 1)
#define FLUX_TURN(r) FLUX_TURN_F64(r, _mm256_unpacklo_pd, _mm256_unpackhi_pd)
#include "kernels/flux_product_body.h"

#undef FLUX_TARGET
#undef FLUX_U
#undef FLUX_TURN_F32
#undef FLUX_TURN_F64
#undef FLUX_UNROLL

#endif
