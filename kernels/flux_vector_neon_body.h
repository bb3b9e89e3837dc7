/* flux_vector_neon_body.h - what NEON does with a vector of an element type.
 * flux_vector_op_body.h includes it.
 */
#if defined(FLUX_F32_BEST)
#define FLUX_DOT ".4s"
#define FLUX_ONE ".s[0]"
#else
#define FLUX_DOT ".2d"
#define FLUX_ONE ".d[0]"
#endif

/* sum + a b, rounded once. */
FLUX_TARGET FLUX_INLINE FLUX_V
FLUX_I(fma)(FLUX_V a, FLUX_V b, FLUX_V sum)
{
#if defined(__clang__)
    __asm__("fmla %0" FLUX_DOT ", %1" FLUX_DOT ", %2" FLUX_DOT
            : "+w"(sum)
            : "w"(a), "w"(b));
    return sum;
#elif defined(FLUX_F32_BEST)
    return __builtin_aarch64_fmav4sf(a, b, sum);
#else
    return __builtin_aarch64_fmav2df(a, b, sum);
#endif
}

/* The same with x in all lanes of b, which needs no vector of it. gcc finds
 * that by itself. */
FLUX_TARGET FLUX_INLINE FLUX_V
FLUX_I(fma_all)(FLUX_V a, FLUX_T x, FLUX_V sum)
{
#if defined(__clang__)
    __asm__ volatile("fmla %0" FLUX_DOT ", %1" FLUX_DOT ", %2" FLUX_ONE
                     : "+w"(sum)
                     : "w"(a), "w"(x));
    return sum;
#else
    return FLUX_I(fma)(a, FLUX_I(all)(x), sum);
#endif
}

/* sum + a b of a vector in memory. */
FLUX_TARGET FLUX_INLINE FLUX_V
FLUX_I(fma_at)(const FLUX_T *p, FLUX_V b, FLUX_V sum)
{
    return FLUX_I(fma)(FLUX_AT(p), b, sum);
}

FLUX_TARGET FLUX_INLINE FLUX_V
FLUX_I(fma_on)(FLUX_V a, FLUX_V b, FLUX_V sum)
{
    return FLUX_I(fma)(a, b, sum);
}

FLUX_TARGET FLUX_INLINE FLUX_V
FLUX_I(loaded)(FLUX_V v)
{
    return v;
}

FLUX_TARGET FLUX_INLINE FLUX_V
FLUX_I(sqrt)(FLUX_V v)
{
    __asm__("fsqrt %0" FLUX_DOT ", %0" FLUX_DOT : "+w"(v));
    return v;
}

/* x > max ? x : max */
FLUX_TARGET FLUX_INLINE FLUX_V
FLUX_I(greater)(FLUX_V x, FLUX_V max)
{
    const __typeof__(x > max) above = x > max;
    return (FLUX_V)(((__typeof__(x > max))x & above) |
                    ((__typeof__(x > max))max & ~above));
}

/* A vector of moments that takes in x, as flux_follow of flux_sum_body.h. */
FLUX_TARGET FLUX_INLINE FLUX_V
FLUX_I(follow)(FLUX_V moment, FLUX_V keep, FLUX_V x)
{
    const FLUX_V size = FLUX_I(greater)(moment, -moment);
    const __typeof__(x > x) small = size < FLUX_I(all)((FLUX_T)FLUX_SMALL);
    return FLUX_I(fma)(keep, (FLUX_V)((__typeof__(x > x))moment & ~small), x);
}

/* The first n lanes, n <= FLUX_W, of what is in memory, and to there: no other
 * is read or written. */
FLUX_TARGET FLUX_INLINE FLUX_V
FLUX_I(take)(const FLUX_T *p, size_t n)
{
    FLUX_V v = FLUX_I(all)(0);
    if (n == FLUX_W)
        return FLUX_AT(p);
    FLUX_UNROLL
    for (size_t l = 0; l + 1 < FLUX_W; l++)
        if (l < n)
            v[l] = p[l];
    return v;
}

FLUX_TARGET FLUX_INLINE void
FLUX_I(put)(FLUX_T *p, FLUX_V v, size_t n)
{
    if (n == FLUX_W) {
        FLUX_AT(p) = v;
        return;
    }
    FLUX_UNROLL
    for (size_t l = 0; l + 1 < FLUX_W; l++)
        if (l < n)
            p[l] = v[l];
}

/* The lanes from `from` on, up to n, of what is in memory in place of v's, and
 * those lanes of v to there. */
FLUX_TARGET FLUX_INLINE FLUX_V
FLUX_I(join)(FLUX_V v, const FLUX_T *p, size_t from, size_t n)
{
    for (size_t l = from; l < n; l++)
        v[l] = p[l];
    return v;
}

FLUX_TARGET FLUX_INLINE void
FLUX_I(put_from)(FLUX_T *p, FLUX_V v, size_t from, size_t n)
{
    for (size_t l = from; l < n; l++)
        p[l] = v[l];
}

/* A vector of 128 bits each from rows `s` elements apart: there is one. */
FLUX_TARGET FLUX_INLINE FLUX_V
FLUX_I(gather)(const FLUX_T *p, size_t s)
{
    (void)s;
    return FLUX_AT(p);
}

/* And such a vector to those rows. */
FLUX_TARGET FLUX_INLINE void
FLUX_I(scatter)(FLUX_T *p, size_t s, FLUX_V v)
{
    (void)s;
    FLUX_AT(p) = v;
}

/* What is in the low halves of a and b, in turn; or in their high ones; of
 * floats also two by two. */
#define FLUX_WEAVE(name, op, dot)                                              \
    FLUX_TARGET FLUX_INLINE FLUX_V FLUX_I(name)(FLUX_V a, FLUX_V b)            \
    {                                                                          \
        __asm__(op " %0" dot ", %1" dot ", %2" dot                             \
                : "=w"(a)                                                      \
                : "w"(a), "w"(b));                                             \
        return a;                                                              \
    }
FLUX_WEAVE(low, "zip1", FLUX_DOT)
FLUX_WEAVE(high, "zip2", FLUX_DOT)
#if FLUX_G == 4
FLUX_WEAVE(low_two, "zip1", ".2d")
FLUX_WEAVE(high_two, "zip2", ".2d")
#endif
#undef FLUX_WEAVE
#undef FLUX_DOT
#undef FLUX_ONE
