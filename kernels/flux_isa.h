/* flux_isa.h - one text of a function, compiled for several instruction sets.
 *
 * On x86-64, gcc and clang compile what is in loops for AVX-512, for AVX2 with
 * FMA and for the target of the compilation, and the machine's best is taken at
 * run time: plain -O2 is as fast as -march=native. No bit depends on it, for
 * nothing is contracted (flux_fp.h). Other compilers, other machines and
 * builds without optimisation have the text once; ARM in 64 bits has always the
 * vectors of NEON.
 *
 *    FLUX_BODY void
 *    f_body(flux_isa isa, float *y, size_t n)
 *    {
 *        ... flux_product_f32(isa, ...) ...
 *    }
 *
 *    FLUX_FOR_EACH_ISA(f, (flux_isa isa, float *y, size_t n), isa, y, n)
 *
 * That is f_isa(isa, y, n), to be called with flux_best_isa(). Where rows are
 * narrow, or a loop over samples has little to do for each, FLUX_FOR_NARROW
 * takes the code for AVX2 on machines with AVX-512 as well: it is as fast
 * there, and compiles in two thirds of the time.
 */
#ifndef FLUX_ISA_H
#define FLUX_ISA_H

#include "kernels/flux_fma.h"

/* Whose vectors there is code for: x86-64's, those of ARM in 64 bits, none. */
#if defined(__GNUC__) && !defined(__TINYC__) && !defined(__CUDACC__)
#if defined(__x86_64__)
#define FLUX_X86 1
#elif defined(__aarch64__) && defined(__ARM_NEON) && !defined(__AARCH64EB__)
#define FLUX_NEON 1
#endif
#endif
#ifndef FLUX_X86
#define FLUX_X86 0
#endif
#ifndef FLUX_NEON
#define FLUX_NEON 0
#endif
#define FLUX_VECTORS (FLUX_X86 || FLUX_NEON)

/* FLUX_MERGES: whether an instruction may leave lanes as they were. */
#if FLUX_NEON
typedef enum { FLUX_ISA_PLAIN, FLUX_ISA_NEON } flux_isa;
#define FLUX_MERGES(isa) 0
#else
typedef enum { FLUX_ISA_PLAIN, FLUX_ISA_AVX2, FLUX_ISA_AVX512 } flux_isa;
#define FLUX_MERGES(isa) ((isa) == FLUX_ISA_AVX512)
#endif

/* Whether the large kernels below are compiled with this file. */
#ifndef FLUX_KERNELS_HERE
#define FLUX_KERNELS_HERE 0
#endif

/* isa.c: the best that the library's kernels have, for a compiler that
 * has no code for vectors, and cannot ask for them. */
#if !FLUX_KERNELS_HERE
flux_isa flux_library_isa(void);
#endif

/* FLUX_FORCE_ISA, a flux_isa, takes the place of every other: a compiler leaves
 * out the code for the rest. So it does where the target has the best anyway,
 * as with -march=native, which takes half the time to compile. */
#if FLUX_NEON && !defined(FLUX_FORCE_ISA)
#define FLUX_FORCE_ISA FLUX_ISA_NEON
#endif
#if FLUX_X86 && !defined(FLUX_FORCE_ISA) && defined(__AVX512F__) &&            \
    defined(__AVX512VL__) && defined(__AVX512DQ__)
#define FLUX_FORCE_ISA FLUX_ISA_AVX512
#endif
#ifdef FLUX_FORCE_ISA
#define flux_best_isa()  (FLUX_FORCE_ISA)
#define FLUX_ISA_OF(isa) (FLUX_FORCE_ISA)
#else
#define FLUX_ISA_OF(isa) (isa)

/* The best instruction set of the machine that there is code for. */
FLUX_STATIC flux_isa
flux_best_isa(void)
{
#if FLUX_X86
    if (__builtin_cpu_supports("avx512f") &&
        __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512vl") &&
        __builtin_cpu_supports("avx512dq"))
        return FLUX_ISA_AVX512;
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
        return FLUX_ISA_AVX2;
    return FLUX_ISA_PLAIN;
#elif defined(__TINYC__) && defined(__x86_64__) && !FLUX_KERNELS_HERE
    return flux_library_isa();
#else
    return FLUX_ISA_PLAIN;
#endif
}
#endif

/* A call of a function that there is for each set of vectors: the one of `isa`,
 * which has some. FLUX_ON(name, set) is the function's name. */
#if FLUX_X86
#define FLUX_ON_VECTORS(isa, name, ...)                                        \
    ((isa) == FLUX_ISA_AVX512 ? FLUX_ON(name, avx512)(__VA_ARGS__)             \
                              : FLUX_ON(name, avx2)(__VA_ARGS__))
#elif FLUX_NEON
#define FLUX_ON_VECTORS(isa, name, ...) FLUX_ON(name, neon)(__VA_ARGS__)
#endif

/* Vectors of 512 bits also where -march names a processor for which a compiler
 * takes half of that. clang ignores an attribute whole that has a word it does
 * not know. */
#if FLUX_X86
#if defined(__clang__) && __clang_major__ >= 13
#define FLUX_AVX512                                                            \
    __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,tune=x86-64")))
#elif defined(__clang__)
#define FLUX_AVX512                                                            \
    __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq")))
#else
#define FLUX_AVX512                                                            \
    __attribute__((                                                            \
        target("avx512f,avx512bw,avx512vl,avx512dq,prefer-vector-width="       \
               "512")))
#endif
#define FLUX_AVX2 __attribute__((target("avx2,fma")))
#endif

/* A function that is compiled once: calls with constants make no copies. */
#if defined(__clang__)
#define FLUX_ONCE static __attribute__((noinline, unused))
#elif defined(__GNUC__) && !defined(__TINYC__)
#define FLUX_ONCE static __attribute__((noinline, noclone, unused))
#else
#define FLUX_ONCE static
#endif

/* A large kernel: products, convolutions, pools. Programs are linked with
 * libflux.a, in which it is compiled. Where FLUX_KERNELS_HERE is 1, as in what
 * --standalone makes, its text is compiled with the file that includes it. */
#if FLUX_KERNELS_HERE
#define FLUX_KERNEL FLUX_ONCE
#else
#define FLUX_KERNEL extern FLUX_NOINLINE
#endif

/* What only machines without AVX2 run is not worth a third of the time that
 * compiling takes: it is not optimised, unless nothing else is there. */
#if defined(FLUX_FORCE_ISA)
#define FLUX_RARE
#elif defined(__clang__)
#define FLUX_RARE __attribute__((optnone))
#else
#define FLUX_RARE __attribute__((optimize("O0", "fp-contract=off")))
#endif

/* What runs once, as an init does, gcc compiles with less effort; clang has
 * nothing between all and none. A function that does no more than call others
 * gcc compiles with less, clang with none: its time is theirs. */
#if defined(__OPTIMIZE__) && defined(__clang__)
#define FLUX_SELDOM FLUX_NOINLINE
#define FLUX_CALLS  FLUX_NOINLINE __attribute__((optnone))
#elif defined(__OPTIMIZE__) && !defined(__TINYC__)
#define FLUX_SELDOM                                                            \
    FLUX_NOINLINE __attribute__((optimize("Og", "fp-contract=off")))
#define FLUX_CALLS FLUX_SELDOM
#else
#define FLUX_SELDOM FLUX_NOINLINE
#define FLUX_CALLS  FLUX_NOINLINE
#endif

/* Bodies are inlined whatever FLUX_INLINE is: their instructions are those of
 * the function that they are inlined into. */
#if FLUX_X86 && defined(__OPTIMIZE__)
#define FLUX_MANY_ISA 1
#define FLUX_BODY     static inline __attribute__((always_inline, unused))
#define FLUX_FOR_EACH_ISA(name, formal, isa, ...)                              \
    FLUX_FOR_ISA(name, avx512, FLUX_AVX512, AVX512, formal, isa, __VA_ARGS__)  \
    FLUX_FOR_VECTORS(name, avx512, formal, isa, __VA_ARGS__)
#define FLUX_FOR_NARROW(name, formal, isa, ...)                                \
    FLUX_FOR_VECTORS(name, avx2, formal, isa, __VA_ARGS__)
#define FLUX_FOR_VECTORS(name, best, formal, isa, ...)                         \
    FLUX_FOR_ISA(name, avx2, FLUX_AVX2, AVX2, formal, isa, __VA_ARGS__)        \
    FLUX_FOR_ISA(name, plain, FLUX_RARE, PLAIN, formal, isa, __VA_ARGS__)      \
    FLUX_BY_ISA(name, best, formal, isa, __VA_ARGS__)
/* FLUX_ONCE: a copy that gcc made for some constant argument would take the
 * others in other registers, and they would all be moved before each call. */
#define FLUX_FOR_ISA(name, suffix, target, constant, formal, isa, ...)         \
    target FLUX_ONCE void name##_##suffix formal                               \
    {                                                                          \
        (void)isa;                                                             \
        name##_body(FLUX_ISA_##constant, __VA_ARGS__);                         \
    }
/* A call by a table is compiled sooner than three behind conditions, which hand
 * on all arguments each. Where conditions are constant, one of them is left,
 * and what no other calls goes. */
#if defined(FLUX_FORCE_ISA)
#define FLUX_BY_ISA(name, best, formal, isa, ...)                              \
    FLUX_BODY void name##_isa formal                                           \
    {                                                                          \
        if (FLUX_ISA_OF(isa) == FLUX_ISA_AVX512)                               \
            name##_##best(isa, __VA_ARGS__);                                   \
        else if (FLUX_ISA_OF(isa) == FLUX_ISA_AVX2)                            \
            name##_avx2(isa, __VA_ARGS__);                                     \
        else                                                                   \
            name##_plain(isa, __VA_ARGS__);                                    \
    }
#else
#define FLUX_BY_ISA(name, best, formal, isa, ...)                              \
    static void(*const flux_for_##name[])                                      \
        formal = {name##_plain, name##_avx2, name##_##best};                   \
    FLUX_BODY void name##_isa formal                                           \
    {                                                                          \
        flux_for_##name[isa](isa, __VA_ARGS__);                                \
    }
#endif
#else
#define FLUX_MANY_ISA   0
#define FLUX_BODY       FLUX_STATIC
#define FLUX_FOR_NARROW FLUX_FOR_EACH_ISA
#define FLUX_FOR_EACH_ISA(name, formal, isa, ...)                              \
    FLUX_STATIC void name##_isa formal                                         \
    {                                                                          \
        name##_body(isa, __VA_ARGS__);                                         \
    }
#endif

/* a * b + c rounded once, in a body: the instruction where isa has one. */
FLUX_BODY float
flux_fmaf_isa(flux_isa isa, float a, float b, float c)
{
#if FLUX_MANY_ISA && !defined(FLUX_SOFT_FMA)
    if (isa != FLUX_ISA_PLAIN)
        return __builtin_fmaf(a, b, c);
#endif
    (void)isa;
    return flux_fmaf(a, b, c);
}

FLUX_BODY double
flux_fma_isa(flux_isa isa, double a, double b, double c)
{
#if FLUX_MANY_ISA && !defined(FLUX_SOFT_FMA)
    if (isa != FLUX_ISA_PLAIN)
        return __builtin_fma(a, b, c);
#endif
    (void)isa;
    return flux_fma(a, b, c);
}

#endif
