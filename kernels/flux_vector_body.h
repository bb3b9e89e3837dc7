/* flux_vector_body.h - the vectors of an instruction set and an element type,
 * as macros for a text that is compiled for each of them. Where it is included,
 * FLUX_F32_BEST or FLUX_F64_BEST is defined, which is AVX-512 or NEON, or
 * FLUX_F32_AVX2 or FLUX_F64_AVX2; flux_vector_end_body.h takes all back.
 *
 *    FLUX_P(name)    the name with the variant's suffix
 *    FLUX_E(name)    the name with the element type's
 *    FLUX_T          the element type
 *    FLUX_W, FLUX_G  lanes of a vector, and of 128 bits
 *    FLUX_U          columns of the smallest tile of registers: 4 of 32
 *                    registers, 2 of 16; the others have 2 and 3 times as many
 *    FLUX_MASKS      whether take and put cost no more than a whole vector's
 *    FLUX_TARGET     the attribute that allows the instructions
 *    FLUX_OWN_ISA    the instruction set as flux_isa.h counts them
 *    FLUX_OP(name)   the instruction of x86 for elements of this type
 *    FLUX_ALL(x)     what a vector of x in all lanes begins as
 *    FLUX_V          the vector type
 *    FLUX_AT(p)      a vector in memory, which begins at any element
 *    FLUX_I(op)      an operation of flux_vector_op_body.h
 */
#if FLUX_NEON && defined(FLUX_F32_BEST)
#define FLUX_P(name) name##_f32_neon
#define FLUX_T       float
#define FLUX_W       4
#define FLUX_G       4
#define FLUX_ALL(x)                                                            \
    {                                                                          \
        x, x, x, x                                                             \
    }
#elif FLUX_NEON
#define FLUX_P(name) name##_f64_neon
#define FLUX_T       double
#define FLUX_W       2
#define FLUX_G       2
#define FLUX_ALL(x)                                                            \
    {                                                                          \
        x, x                                                                   \
    }
#elif defined(FLUX_F32_BEST)
#define FLUX_P(name) name##_f32_avx512
#define FLUX_T       float
#define FLUX_W       16
#define FLUX_G       4
#define FLUX_ALL(x)                                                            \
    {                                                                          \
        x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x                         \
    }
#elif defined(FLUX_F64_BEST)
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
#if defined(FLUX_F32_AVX2) || defined(FLUX_F64_AVX2)
#define FLUX_U       2
#define FLUX_TARGET  FLUX_AVX2
#define FLUX_OWN_ISA FLUX_ISA_AVX2
#elif FLUX_NEON
#define FLUX_U 4
#define FLUX_TARGET
#define FLUX_OWN_ISA FLUX_ISA_NEON
#else
#define FLUX_U       4
#define FLUX_TARGET  FLUX_AVX512
#define FLUX_OWN_ISA FLUX_ISA_AVX512
#endif
#define FLUX_MASKS (FLUX_U == 4 && !FLUX_NEON)
#if defined(FLUX_F32_BEST) || defined(FLUX_F32_AVX2)
#define FLUX_OP(name) name "ps"
#else
#define FLUX_OP(name) name "pd"
#endif
#if defined(FLUX_F32_BEST) || defined(FLUX_F32_AVX2)
#define FLUX_E(name) name##_f32
#else
#define FLUX_E(name) name##_f64
#endif
#define FLUX_V     FLUX_P(flux_vector)
#define FLUX_AT(p) (*(FLUX_P(flux_loose) *)(p))
#define FLUX_I(op) FLUX_P(flux_i_##op)
