/* flux_vector_op_body.h - the vectors of an instruction set and an element
 * type, and what + and * do not say: flux_vectors.h includes it once for each,
 * in the macros of flux_vector_body.h.
 */
typedef FLUX_T FLUX_P(flux_vector)
    __attribute__((vector_size(FLUX_W * sizeof(FLUX_T))));
/* A vector, and 128 bits, that begin at any element. */
typedef FLUX_T FLUX_P(flux_loose)
    __attribute__((vector_size(FLUX_W * sizeof(FLUX_T)),
                   aligned(sizeof(FLUX_T)), may_alias));
typedef FLUX_T FLUX_P(flux_part)
    __attribute__((vector_size(16), aligned(sizeof(FLUX_T)), may_alias));

/* x in all lanes. */
FLUX_TARGET FLUX_INLINE FLUX_V
FLUX_I(all)(FLUX_T x)
{
    const FLUX_V v = FLUX_ALL(x);
    return v;
}

#if FLUX_X86
#include "kernels/flux_vector_x86_body.h"
#else
#include "kernels/flux_vector_neon_body.h"
#endif

#if !FLUX_MASKS
FLUX_TARGET FLUX_INLINE uint16_t
FLUX_I(some)(size_t n)
{
    return (uint16_t)n;
}

FLUX_TARGET FLUX_INLINE FLUX_V
FLUX_I(take_some)(const FLUX_T *p, uint16_t some)
{
    return FLUX_I(take)(p, some);
}

FLUX_TARGET FLUX_INLINE void
FLUX_I(put_some)(FLUX_T *p, FLUX_V v, uint16_t some)
{
    FLUX_I(put)(p, v, some);
}
#endif

/* In each 128 bits, to[k] of r[i] becomes to[i] of r[k], for i, k < FLUX_G. */
FLUX_TARGET FLUX_INLINE void
FLUX_I(turn)(FLUX_V *r)
{
    const FLUX_V t0 = FLUX_I(low)(r[0], r[1]), t1 = FLUX_I(high)(r[0], r[1]);
#if FLUX_G == 4
    const FLUX_V t2 = FLUX_I(low)(r[2], r[3]), t3 = FLUX_I(high)(r[2], r[3]);
    r[0] = FLUX_I(low_two)(t0, t2);
    r[1] = FLUX_I(high_two)(t0, t2);
    r[2] = FLUX_I(low_two)(t1, t3);
    r[3] = FLUX_I(high_two)(t1, t3);
#else
    r[0] = t0;
    r[1] = t1;
#endif
}

/* FLUX_G elements of each of a vector's rows, `next` apart: of those at k, to
 * `lanes` k behind the first one's. */
FLUX_TARGET FLUX_INLINE void
FLUX_P(flux_pack_part)(const FLUX_T *rows, size_t next, FLUX_T *to,
                       size_t lanes)
{
    FLUX_V r[FLUX_G];
    FLUX_UNROLL
    for (size_t q = 0; q < FLUX_G; q++)
        r[q] = FLUX_I(gather)(rows + q * next, FLUX_G * next);
    FLUX_I(turn)(r);
    FLUX_UNROLL
    for (size_t q = 0; q < FLUX_G; q++)
        FLUX_AT(to + q * lanes) = r[q];
}

/* The same for less than a vector's rows, beside which there are zeros. */
FLUX_TARGET FLUX_ONCE void
FLUX_P(flux_pack_some)(size_t some, size_t lanes, size_t count, const FLUX_T *a,
                       size_t ai, FLUX_T *to)
{
    FLUX_ALIGNED FLUX_T rows[FLUX_W * FLUX_G] = {0};
    for (size_t k = 0; k < count; k += FLUX_G) {
        const size_t at = k + FLUX_G <= count ? k : count - FLUX_G;
        for (size_t l = 0; l < some; l++)
            *(FLUX_P(flux_part) *)(rows + l * FLUX_G) =
                *(const FLUX_P(flux_part) *)(a + l * ai + at);
        FLUX_P(flux_pack_part)(rows, FLUX_G, to + at * lanes, lanes);
    }
}

/* to[k][lane] = a[lane * ai + k * ak] for k < count; lanes past `rows` get 0.
 * The lanes are whole vectors. */
FLUX_TARGET FLUX_ONCE void
FLUX_P(flux_pack)(size_t rows, size_t lanes, size_t count, const FLUX_T *a,
                  size_t ai, size_t ak, FLUX_T *to)
{
    const int deep = ak == 1 && count >= FLUX_G;
    for (size_t i = 0; i < lanes; i += FLUX_W) {
        size_t some = rows > i ? rows - i : 0;
        const FLUX_T *from = a + i * ai;
        size_t k = 0;
        for (; some >= FLUX_W && deep && k < count; k += FLUX_G) {
            const size_t at = k + FLUX_G <= count ? k : count - FLUX_G;
            FLUX_P(flux_pack_part)(from + at, ai, to + at * lanes + i, lanes);
        }
        if (some > 0 && some < FLUX_W && deep) {
            FLUX_P(flux_pack_some)(some, lanes, count, from, ai, to + i);
            k = count;
        }
        for (; k < count; k++) {
            FLUX_T *line = to + k * lanes + i;
            if (ai == 1 && some >= FLUX_W)
                FLUX_AT(line) = FLUX_AT(from + k * ak);
            else if (ai == 1)
                FLUX_AT(line) = FLUX_I(take)(from + k * ak, some);
            else
                for (size_t l = 0; l < FLUX_W; l++)
                    line[l] = l < some ? from[l * ai + k * ak] : (FLUX_T)0;
        }
    }
}
