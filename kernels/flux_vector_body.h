/* flux_vector_body.h - the vectors of an instruction set and an element type,
 * as macros for a text that is compiled for each of them: one of
 * FLUX_F32_AVX512, FLUX_F64_AVX512, FLUX_F32_AVX2 and FLUX_F64_AVX2 is defined
 * where it is included, and flux_vector_end_body.h takes all of them back.
 *
 *    FLUX_P(name)    the name with the variant's suffix
 *    FLUX_I(op)      the intrinsic of an operation on whole vectors
 *    FLUX_T          the element type
 *    FLUX_V          the vector type
 *    FLUX_W, FLUX_G  lanes of a vector, and of 128 bits
 *    FLUX_U          columns of the smallest tile of registers; the others have
 *                    2 and 3 times as many
 *    FLUX_TARGET     the attribute that allows the instructions
 *    FLUX_TAKE, FLUX_PUT  load and store of the first n lanes, n < FLUX_W
 *    FLUX_GATHER     a vector of 128 bits each from rows some elements apart
 *    FLUX_TURN       turns squares of FLUX_G lanes, in FLUX_G vectors
 */
#if defined(FLUX_F32_AVX512)
#define FLUX_TARGET       FLUX_AVX512
#define FLUX_U            4
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
#elif defined(FLUX_F64_AVX512)
#define FLUX_TARGET       FLUX_AVX512
#define FLUX_U            4
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
#elif defined(FLUX_F32_AVX2)
#define FLUX_TARGET  FLUX_AVX2
#define FLUX_U       2
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
#elif defined(FLUX_F64_AVX2)
#define FLUX_TARGET  FLUX_AVX2
#define FLUX_U       2
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
#endif
