/* flux_vector_x86_body.h - what AVX-512, which is the best here, and AVX2 with
 * FMA do with a vector of an element type. flux_vector_op_body.h includes it.
 */

/* Assembly's operands in the order of AT&T and of Intel, of an instruction that
 * makes %0 of %1 and %2. */
#define FLUX_MAKES " {%2, %1, %0|%0, %1, %2}"

/* sum + a b, rounded once. gcc keeps sums in memory that assembly makes of a
 * few dozen others; what clang calls these functions is not for ever. */
FLUX_TARGET FLUX_INLINE FLUX_V
FLUX_I(fma)(FLUX_V a, FLUX_V b, FLUX_V sum)
{
#if defined(__clang__)
    __asm__(FLUX_OP("vfmadd231") FLUX_MAKES : "+v"(sum) : "v"(a), "v"(b));
    return sum;
#elif defined(FLUX_F32_BEST)
    return __builtin_ia32_vfmaddps512_mask(a, b, sum, -1, 4);
#elif defined(FLUX_F64_BEST)
    return __builtin_ia32_vfmaddpd512_mask(a, b, sum, 0xff, 4);
#elif defined(FLUX_F32_AVX2)
    return __builtin_ia32_vfmaddps256(a, b, sum);
#else
    return __builtin_ia32_vfmaddpd256(a, b, sum);
#endif
}

/* The same, made in b's register: where sum is used again, as a zero is, clang
 * would copy it. */
FLUX_TARGET FLUX_INLINE FLUX_V
FLUX_I(fma_on)(FLUX_V a, FLUX_V b, FLUX_V sum)
{
#if defined(__clang__)
    __asm__(FLUX_OP("vfmadd213") FLUX_MAKES : "+v"(b) : "v"(a), "v"(sum));
    return b;
#else
    return FLUX_I(fma)(a, b, sum);
#endif
}

/* The same with x in all lanes of b. */
FLUX_TARGET FLUX_INLINE FLUX_V
FLUX_I(fma_all)(FLUX_V a, FLUX_T x, FLUX_V sum)
{
    return FLUX_I(fma)(a, FLUX_I(all)(x), sum);
}

/* sum + a b of a vector in memory. clang reads none for assembly otherwise. */
FLUX_TARGET FLUX_INLINE FLUX_V
FLUX_I(fma_at)(const FLUX_T *p, FLUX_V b, FLUX_V sum)
{
#if defined(__clang__)
    __asm__(FLUX_OP("vfmadd231") FLUX_MAKES
            : "+v"(sum)
            : "v"(b), "m"(FLUX_AT(p)));
    return sum;
#else
    return FLUX_I(fma)(FLUX_AT(p), b, sum);
#endif
}

/* A vector of memory, read once to a register: gcc would read it again for each
 * of a few uses. */
FLUX_TARGET FLUX_INLINE FLUX_V
FLUX_I(loaded)(FLUX_V v)
{
    __asm__("" : "+v"(v));
    return v;
}

FLUX_TARGET FLUX_INLINE FLUX_V
FLUX_I(sqrt)(FLUX_V v)
{
    __asm__(FLUX_OP("vsqrt") " {%0, %0|%0, %0}" : "+v"(v));
    return v;
}

/* x > max ? x : max */
FLUX_TARGET FLUX_INLINE FLUX_V
FLUX_I(greater)(FLUX_V x, FLUX_V max)
{
    __asm__(FLUX_OP("vmax") " {%0, %1, %0|%0, %1, %0}" : "+v"(max) : "v"(x));
    return max;
}

/* The first n lanes, n <= FLUX_W, of what is in memory, and to there: no other
 * is read or written, though the operand is a whole vector. */
#if defined(FLUX_F32_BEST) || defined(FLUX_F64_BEST)
FLUX_TARGET FLUX_INLINE FLUX_V
FLUX_I(take_some)(const FLUX_T *p, uint16_t some)
{
    FLUX_V v;
    __asm__(FLUX_OP("vmovu") " {%1, %0%{%2%}%{z%}|%0%{%2%}%{z%}, %1}"
            : "=v"(v)
            : "m"(FLUX_AT(p)), "Yk"(some));
    return v;
}

FLUX_TARGET FLUX_INLINE void
FLUX_I(put_some)(FLUX_T *p, FLUX_V v, uint16_t some)
{
    __asm__(FLUX_OP("vmovu") " {%1, %0%{%2%}|%0%{%2%}, %1}"
            : "+m"(FLUX_AT(p))
            : "v"(v), "Yk"(some));
}

/* Those lanes for the two above, in a register for masks, where it stays for
 * many of them. */
FLUX_TARGET FLUX_INLINE uint16_t
FLUX_I(some)(size_t n)
{
    uint16_t some;
    __asm__("kmovw {%1, %0|%0, %1}" : "=Yk"(some) : "r"((1u << n) - 1u));
    return some;
}

FLUX_TARGET FLUX_INLINE FLUX_V
FLUX_I(take)(const FLUX_T *p, size_t n)
{
    return FLUX_I(take_some)(p, (uint16_t)((1u << n) - 1u));
}

FLUX_TARGET FLUX_INLINE void
FLUX_I(put)(FLUX_T *p, FLUX_V v, size_t n)
{
    FLUX_I(put_some)(p, v, (uint16_t)((1u << n) - 1u));
}

/* The lanes from `from` on, up to n, of what is in memory in place of v's, and
 * those lanes of v to there. */
FLUX_TARGET FLUX_INLINE FLUX_V
FLUX_I(join)(FLUX_V v, const FLUX_T *p, size_t from, size_t n)
{
    const uint16_t some = (uint16_t)((1u << n) - (1u << from));
    __asm__(FLUX_OP("vmovu") " {%1, %0%{%2%}|%0%{%2%}, %1}"
            : "+v"(v)
            : "m"(FLUX_AT(p)), "Yk"(some));
    return v;
}

FLUX_TARGET FLUX_INLINE void
FLUX_I(put_from)(FLUX_T *p, FLUX_V v, size_t from, size_t n)
{
    const uint16_t some = (uint16_t)((1u << n) - (1u << from));
    __asm__(FLUX_OP("vmovu") " {%1, %0%{%2%}|%0%{%2%}, %1}"
            : "+m"(FLUX_AT(p))
            : "v"(v), "Yk"(some));
}

/* A vector of moments that takes in x, as flux_follow of flux_sum_body.h. */
FLUX_TARGET FLUX_INLINE FLUX_V
FLUX_I(follow)(FLUX_V moment, FLUX_V keep, FLUX_V x)
{
    uint16_t kept;
#if defined(FLUX_F32_BEST)
    /* 2^97: those bits of an exponent of which one of -95 or more has any. */
    __asm__("vptestmd" FLUX_MAKES
            : "=Yk"(kept)
            : "v"(moment), "v"(FLUX_I(all)(158456325028528675187087900672.0f)));
#else
    __asm__("vcmpnltpd" FLUX_MAKES
            : "=Yk"(kept)
            : "v"(FLUX_I(greater)(moment, -moment)),
              "v"(FLUX_I(all)(FLUX_SMALL)));
#endif
    __asm__(FLUX_OP("vmova") " {%0, %0%{%1%}%{z%}|%0%{%1%}%{z%}, %0}"
            : "+v"(moment)
            : "Yk"(kept));
    return FLUX_I(fma_on)(keep, moment, x);
}
#else
#if defined(FLUX_F32_AVX2)
typedef int32_t FLUX_P(flux_some) __attribute__((vector_size(32)));
#define FLUX_LANES                                                             \
    {                                                                          \
        0, 1, 2, 3, 4, 5, 6, 7                                                 \
    }
#else
typedef int64_t FLUX_P(flux_some) __attribute__((vector_size(32)));
#define FLUX_LANES                                                             \
    {                                                                          \
        0, 1, 2, 3                                                             \
    }
#endif

FLUX_TARGET FLUX_INLINE
FLUX_P(flux_some) FLUX_I(first)(int n)
{
    const FLUX_P(flux_some) lane = FLUX_LANES, all = FLUX_ALL(n);
    return lane < all;
}
#undef FLUX_LANES

FLUX_TARGET FLUX_INLINE FLUX_V
FLUX_I(take)(const FLUX_T *p, size_t n)
{
    FLUX_V v;
    __asm__(FLUX_OP("vmaskmov") FLUX_MAKES
            : "=x"(v)
            : "x"(FLUX_I(first)((int)n)), "m"(FLUX_AT(p)));
    return v;
}

FLUX_TARGET FLUX_INLINE void
FLUX_I(put)(FLUX_T *p, FLUX_V v, size_t n)
{
    __asm__(FLUX_OP("vmaskmov") FLUX_MAKES
            : "+m"(FLUX_AT(p))
            : "x"(FLUX_I(first)((int)n)), "x"(v));
}

FLUX_TARGET FLUX_INLINE FLUX_V
FLUX_I(join)(FLUX_V v, const FLUX_T *p, size_t from, size_t n)
{
    const FLUX_P(flux_some) kept = FLUX_I(first)((int)from);
    FLUX_P(flux_some) other;
    __asm__(FLUX_OP("vmaskmov") FLUX_MAKES
            : "=x"(other)
            : "x"(FLUX_I(first)((int)n) & ~kept), "m"(FLUX_AT(p)));
    return (FLUX_V)(((FLUX_P(flux_some))v & kept) | other);
}

FLUX_TARGET FLUX_INLINE void
FLUX_I(put_from)(FLUX_T *p, FLUX_V v, size_t from, size_t n)
{
    __asm__(FLUX_OP("vmaskmov") FLUX_MAKES
            : "+m"(FLUX_AT(p))
            : "x"(FLUX_I(first)((int)n) & ~FLUX_I(first)((int)from)), "x"(v));
}

/* A vector of moments that takes in x, as flux_follow of flux_sum_body.h.
 * Magnitudes are compared as integers. */
FLUX_TARGET FLUX_INLINE FLUX_V
FLUX_I(follow)(FLUX_V moment, FLUX_V keep, FLUX_V x)
{
    const FLUX_P(flux_some) bits = (FLUX_P(flux_some))moment;
    const FLUX_P(flux_some) limit =
        (FLUX_P(flux_some))FLUX_I(all)((FLUX_T)FLUX_SMALL);
    const FLUX_P(flux_some) sign = (FLUX_P(flux_some))FLUX_I(all)((FLUX_T)-0.0);
    const FLUX_P(flux_some) small = limit > (bits & ~sign);
    return FLUX_I(fma_on)(keep, (FLUX_V)(bits & ~small), x);
}
#endif

/* A vector of 128 bits each from rows `s` elements apart. */
#if defined(FLUX_F32_BEST)
#define FLUX_INSERT "vinsertf32x4"
#define FLUX_LAID   "+v"
#elif defined(FLUX_F64_BEST)
#define FLUX_INSERT "vinsertf64x2"
#define FLUX_LAID   "+v"
#else
#define FLUX_INSERT "vinsertf128"
#define FLUX_LAID   "+x"
#endif
#define FLUX_LAY(at, p)                                                        \
    __asm__(FLUX_INSERT " {$" at ", %1, %0, %0|%0, %0, %1, " at "}"            \
            : FLUX_LAID(v)                                                     \
            : "m"(*(const FLUX_P(flux_part) *)(p)))
FLUX_TARGET FLUX_INLINE FLUX_V
FLUX_I(gather)(const FLUX_T *p, size_t s)
{
    FLUX_V v;
    __asm__(FLUX_OP("vmovu") " {%1, %x0|%x0, %1}"
            : "=v"(v)
            : "m"(*(const FLUX_P(flux_part) *)p));
    FLUX_LAY("1", p + s);
#if FLUX_W / FLUX_G == 4
    FLUX_LAY("2", p + 2 * s);
    FLUX_LAY("3", p + 3 * s);
#endif
    return v;
}
#undef FLUX_INSERT
#undef FLUX_LAID
#undef FLUX_LAY

/* And such a vector to those rows. */
#if defined(FLUX_F32_BEST)
#define FLUX_EXTRACT "vextractf32x4"
#elif defined(FLUX_F64_BEST)
#define FLUX_EXTRACT "vextractf64x2"
#else
#define FLUX_EXTRACT "vextractf128"
#endif
#define FLUX_TAKE(at, p)                                                       \
    __asm__(FLUX_EXTRACT " {$" at ", %1, %0|%0, %1, " at "}"                   \
            : "=m"(*(FLUX_P(flux_part) *)(p))                                  \
            : "v"(v))
FLUX_TARGET FLUX_INLINE void
FLUX_I(scatter)(FLUX_T *p, size_t s, FLUX_V v)
{
    __asm__(FLUX_OP("vmovu") " {%x1, %0|%0, %x1}"
            : "=m"(*(FLUX_P(flux_part) *)p)
            : "v"(v));
    FLUX_TAKE("1", p + s);
#if FLUX_W / FLUX_G == 4
    FLUX_TAKE("2", p + 2 * s);
    FLUX_TAKE("3", p + 3 * s);
#endif
}
#undef FLUX_EXTRACT
#undef FLUX_TAKE

/* In each 128 bits, what is in the low halves of a and b, in turn; or in their
 * high ones; of floats also two by two. */
#define FLUX_WEAVE(name, op)                                                   \
    FLUX_TARGET FLUX_INLINE FLUX_V FLUX_I(name)(FLUX_V a, FLUX_V b)            \
    {                                                                          \
        __asm__(op FLUX_MAKES : "=v"(a) : "v"(a), "v"(b));                     \
        return a;                                                              \
    }
FLUX_WEAVE(low, FLUX_OP("vunpckl"))
FLUX_WEAVE(high, FLUX_OP("vunpckh"))
#if FLUX_G == 4
FLUX_WEAVE(low_two, "vunpcklpd")
FLUX_WEAVE(high_two, "vunpckhpd")
#endif
#undef FLUX_WEAVE
#undef FLUX_MAKES
