/* flux_maxima_vector_body.h - maxima over windows two elements apart for
 * vectors of floats: flux_maxima.h includes it for each set of them, in the
 * macros of flux_vector_body.h.
 */

/* Numbers of elements. */
typedef int32_t FLUX_P(flux_numbers)
    __attribute__((vector_size(FLUX_W * sizeof(int32_t))));
#define FLUX_N FLUX_P(flux_numbers)

/* Every other element of a and of b, from the first or the second on; in their
 * order, where AVX2, which moves elements only within 128 bits at a time, has
 * another until all are found. */
#if defined(__clang__)
#define FLUX_CHOICE(name, ...)                                                 \
    FLUX_TARGET FLUX_INLINE FLUX_V FLUX_I(name)(FLUX_V a, FLUX_V b)            \
    {                                                                          \
        return __builtin_shufflevector(a, b, __VA_ARGS__);                     \
    }
#else
#define FLUX_CHOICE(name, ...)                                                 \
    FLUX_TARGET FLUX_INLINE FLUX_V FLUX_I(name)(FLUX_V a, FLUX_V b)            \
    {                                                                          \
        const FLUX_N order = {__VA_ARGS__};                                    \
        return __builtin_shuffle(a, b, order);                                 \
    }
#endif
#if FLUX_W == 16
FLUX_CHOICE(even, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30)
FLUX_CHOICE(odd, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31)
#elif FLUX_W == 8
FLUX_CHOICE(even, 0, 2, 8, 10, 4, 6, 12, 14)
FLUX_CHOICE(odd, 1, 3, 9, 11, 5, 7, 13, 15)
FLUX_CHOICE(in_order, 0, 1, 4, 5, 2, 3, 6, 7)
#else
FLUX_CHOICE(even, 0, 2, 4, 6)
FLUX_CHOICE(odd, 1, 3, 5, 7)
#endif
#undef FLUX_CHOICE

/* The first n lanes to memory. */
FLUX_TARGET FLUX_INLINE void
FLUX_I(put_numbers)(int32_t *p, FLUX_N v, size_t n)
{
#if FLUX_X86
    if (n == FLUX_W)
        FLUX_AT(p) = (FLUX_V)v;
    else
        FLUX_I(put)((float *)(void *)p, (FLUX_V)v, n);
#else
    for (size_t l = 0; l < n; l++)
        p[l] = v[l];
#endif
}

/* Takes in elements x, whose number is k. */
FLUX_TARGET FLUX_INLINE void
FLUX_I(rise)(FLUX_V x, size_t k, int places, FLUX_V *max, FLUX_N *place)
{
    const FLUX_N none = {0}, number = none + (int32_t)k;
#if FLUX_W == 16
    uint16_t above;
    if (places) {
        __asm__("vcmpgtps {%2, %1, %0|%0, %1, %2}"
                : "=Yk"(above)
                : "v"(x), "v"(*max));
        __asm__("vmovdqa32 {%1, %0%{%2%}|%0%{%2%}, %1}"
                : "+v"(*place)
                : "v"(number), "Yk"(above));
    }
#else
    const FLUX_N above = x > *max;
    if (places)
        *place = (number & above) | (*place & ~above);
#endif
    *max = FLUX_I(greater)(x, *max);
}

/* n elements from p on, of at most two vectors. */
FLUX_TARGET FLUX_INLINE void
FLUX_I(take_two)(const float *p, size_t n, int two, FLUX_V *a, FLUX_V *b)
{
    if (!two) {
        *a = *b = FLUX_I(take)(p, n);
        return;
    }
    *a = FLUX_AT(p);
    if (n == 2 * FLUX_W)
        *b = FLUX_AT(p + FLUX_W);
    else
        *b = FLUX_I(take)(p + FLUX_W, n - FLUX_W);
}

/* `some` windows of each line, a vector of them at the most. */
FLUX_TARGET FLUX_INLINE void
FLUX_P(flux_maxima_lanes)(const flux_pairs *w, size_t width, size_t height,
                          size_t some, int two, int places, const float *x,
                          float *y, int32_t *at)
{
    for (size_t j = 0; j < w->lines; j++) {
        FLUX_V max = FLUX_I(all)(-INFINITY);
        FLUX_N place = {0};
        for (size_t v = 0; v < height; v++) {
            const float *p = x + v * w->line + j * w->down;
            for (size_t u = 0; u < width; u += 2) {
                const int last = u + 1 == width;
                FLUX_V a, b;
                FLUX_I(take_two)
                (p + u, 2 * some - (size_t)last, two, &a, &b);
                FLUX_I(rise)
                (FLUX_I(even)(a, b), u + v * width, places, &max, &place);
                if (!last)
                    FLUX_I(rise)
                (FLUX_I(odd)(a, b), u + 1 + v * width, places, &max, &place);
            }
        }
#if FLUX_W == 8
        max = FLUX_I(in_order)(max, max);
        place = (FLUX_N)FLUX_I(in_order)((FLUX_V)place, (FLUX_V)place);
#endif
        if (some == FLUX_W)
            FLUX_AT(y + j * w->to) = max;
        else
            FLUX_I(put)(y + j * w->to, max, some);
        if (places)
            FLUX_I(put_numbers)(at + j * w->to, place, some);
    }
}

/* The same with the numbers that most windows have. */
FLUX_TARGET FLUX_INLINE void
FLUX_P(flux_maxima_known)(const flux_pairs *w, size_t some, int places,
                          const float *x, float *y, int32_t *at)
{
    const int two = 2 * some > FLUX_W;
    if (w->width != 2 || w->height != 2) {
        FLUX_P(flux_maxima_lanes)
        (w, w->width, w->height, some, two, places, x, y, at);
    } else if (some == FLUX_W) {
        FLUX_P(flux_maxima_lanes)(w, 2, 2, FLUX_W, 1, places, x, y, at);
    } else if (two) {
        FLUX_P(flux_maxima_lanes)(w, 2, 2, some, 1, places, x, y, at);
    } else {
        FLUX_P(flux_maxima_lanes)(w, 2, 2, some, 0, places, x, y, at);
    }
}

FLUX_TARGET FLUX_ONCE void
FLUX_P(flux_maxima)(const flux_pairs *w, const float *x, float *y, int32_t *at)
{
    for (size_t i = 0; i < w->count; i += FLUX_W) {
        const size_t some = w->count - i < FLUX_W ? w->count - i : FLUX_W;
        if (at == NULL)
            FLUX_P(flux_maxima_known)(w, some, 0, x + 2 * i, y + i, NULL);
        else
            FLUX_P(flux_maxima_known)(w, some, 1, x + 2 * i, y + i, at + i);
    }
}

#undef FLUX_N
