/* flux_vector_body.h - the vectors of an instruction set and an element type,
 * as macros for a text that is compiled for each of them: one of
 * FLUX_F32_AVX512, FLUX_F64_AVX512, FLUX_F32_AVX2 and FLUX_F64_AVX2 is defined
 * where it is included, and flux_vector_end_body.h takes all of them back.
 *
 *    FLUX_P(name)    the name with the variant's suffix
 *    FLUX_T          the element type
 *    FLUX_W, FLUX_G  lanes of a vector, and of 128 bits
 *    FLUX_U          columns of the smallest tile of registers; the others have
 *                    2 and 3 times as many
 *    FLUX_TARGET     the attribute that allows the instructions
 *    FLUX_OP(name)   the instruction for elements of this type
 *    FLUX_ALL(x)     what a vector of x in all lanes begins as
 *    FLUX_V          the vector type
 *    FLUX_AT(p)      a vector in memory, which begins at any element
 *    FLUX_I(op)      an operation of flux_vector_op_body.h
 */
#if defined(FLUX_F32_AVX512)
#define FLUX_P(name) name##_f32_avx512
#define FLUX_T       float
#define FLUX_W       16
#define FLUX_G       4
#define FLUX_ALL(x)                                                            \
    {                                                                          \
        x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x                         \
    }
#elif defined(FLUX_F64_AVX512)
#define FLUX_P(name) name##_f64_avx512
#define FLUX_T       double
#define FLUX_W       8
#define FLUX_G       2
#define FLUX_ALL(x)                                                            \
    {                                                                          \
        x, x, x, x, x, x, x, x                                                 \
    }
#elif defined(FLUX_F32_AVX2)
#define FLUX_P(name) name##_f32_avx2
#define FLUX_T       float
#define FLUX_W       8
#define FLUX_G       4
#define FLUX_ALL(x)                                                            \
    {                                                                          \
        x, x, x, x, x, x, x, x                                                 \
    }
#elif defined(FLUX_F64_AVX2)
#define FLUX_P(name) name##_f64_avx2
#define FLUX_T       double
#define FLUX_W       4
#define FLUX_G       2
#define FLUX_ALL(x)                                                            \
    {                                                                          \
        x, x, x, x                                                             \
    }
#endif
#if defined(FLUX_F32_AVX512) || defined(FLUX_F64_AVX512)
#define FLUX_U      4
#define FLUX_TARGET FLUX_AVX512
#else
#define FLUX_U      2
#define FLUX_TARGET FLUX_AVX2
#endif
#if defined(FLUX_F32_AVX512) || defined(FLUX_F32_AVX2)
#define FLUX_OP(name) name "ps"
#else
#define FLUX_OP(name) name "pd"
#endif
#define FLUX_V     FLUX_P(flux_vector)
#define FLUX_AT(p) (*(FLUX_P(flux_loose) *)(p))
#define FLUX_I(op) FLUX_P(flux_i_##op)
