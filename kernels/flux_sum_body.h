/* flux_sum_body.h - sums in exact orders, and maxima, for one element type;
 * flux_sum.h includes it once for each, with
 *
 *    FLUX_P(name)    the name with the type's suffix
 *    FLUX_T          the element type
 *    FLUX_ROOT       its square root
 *    FLUX_ABS        its magnitude
 *    FLUX_FMA_ISA    a b + c rounded once, in a body
 */

/* Lane l of 16 and lane l + 8 of up to 16 elements, joined. */
FLUX_INLINE FLUX_T
FLUX_P(flux_sum_pair)(size_t n, const FLUX_T *x, size_t stride, size_t l)
{
    const FLUX_T first = l < n ? x[l * stride] : (FLUX_T)0;
    return l + 8 < n ? first + x[(l + 8) * stride] : first;
}

/* The sum of up to 16 elements in the order tree16; -0 where all are -0. */
FLUX_INLINE FLUX_T
FLUX_P(flux_sum_few)(size_t n, const FLUX_T *x, size_t stride)
{
    const FLUX_T a = FLUX_P(flux_sum_pair)(n, x, stride, 0) +
                     FLUX_P(flux_sum_pair)(n, x, stride, 4);
    const FLUX_T b = FLUX_P(flux_sum_pair)(n, x, stride, 1) +
                     FLUX_P(flux_sum_pair)(n, x, stride, 5);
    const FLUX_T c = FLUX_P(flux_sum_pair)(n, x, stride, 2) +
                     FLUX_P(flux_sum_pair)(n, x, stride, 6);
    const FLUX_T d = FLUX_P(flux_sum_pair)(n, x, stride, 3) +
                     FLUX_P(flux_sum_pair)(n, x, stride, 7);
    return (a + c) + (b + d);
}

/* The sum of a block from its lanes, joined as the order says. */
FLUX_INLINE FLUX_T
FLUX_P(flux_join)(flux_order order, const FLUX_T *lane)
{
    if (order == FLUX_SPLIT4)
        return (lane[0] + lane[1]) + (lane[2] + lane[3]);
    return order == FLUX_TREE16 ? FLUX_P(flux_sum_few)(16, lane, 1) : lane[0];
}

/* What is summed of an element: it, or its square. */
FLUX_INLINE FLUX_T
FLUX_P(flux_sum_power)(const int SQUARES, FLUX_T x)
{
    return SQUARES ? x * x : x;
}

/* The sum of one block. Lanes wait for their additions: meanwhile what comes
 * next, as the next row of a matrix, is asked for. */
FLUX_INLINE FLUX_T
FLUX_P(flux_sum_block)(const int SQUARES, flux_order order, size_t n,
                       const FLUX_T *x, size_t stride)
{
    const size_t lanes = flux_order_lanes(order);
    FLUX_T lane[16] = {0};
    size_t k = 0;
    for (; k + lanes <= n; k += lanes) {
        if (lanes == 16 && stride == 1)
            FLUX_ASK(x + k, n * sizeof *x);
        for (size_t l = 0; l < lanes; l++)
            lane[l] =
                lane[l] + FLUX_P(flux_sum_power)(SQUARES, x[(k + l) * stride]);
    }
    for (size_t l = 0; k + l < n; l++)
        lane[l] =
            lane[l] + FLUX_P(flux_sum_power)(SQUARES, x[(k + l) * stride]);
    return FLUX_P(flux_join)(order, lane);
}

/* The sum of n elements, `stride` apart, in the given order; n = 0 gives +0. */
FLUX_INLINE FLUX_T
FLUX_P(flux_sum)(flux_order order, size_t n, const FLUX_T *x, size_t stride)
{
    const size_t block = flux_order_block(order);
    FLUX_T total = 0;
    if (order == FLUX_TREE16 && n <= 16)
        return total + FLUX_P(flux_sum_few)(n, x, stride);
    for (size_t k = 0; k < n; k += block)
        total = total + FLUX_P(flux_sum_block)(0, order,
                                               n - k < block ? n - k : block,
                                               x + k * stride, stride);
    return total;
}

FLUX_INLINE FLUX_T
FLUX_P(flux_greater)(FLUX_T x, FLUX_T max)
{
    return x > max ? x : max;
}

/* The greatest of n elements: of many, side by side. Asks as a sum does. */
FLUX_INLINE FLUX_T
FLUX_P(flux_maximum)(size_t n, const FLUX_T *x)
{
    enum { LANES = 32 };
    FLUX_T lane[LANES];
    size_t k = 0;
    for (size_t l = 0; l < LANES; l++)
        lane[l] = (FLUX_T)-HUGE_VALF;
    for (; k + LANES <= n; k += LANES) {
        FLUX_ASK(x + k, n * sizeof *x);
        FLUX_ASK(x + k + LANES / 2, n * sizeof *x);
        for (size_t l = 0; l < LANES; l++)
            lane[l] = FLUX_P(flux_greater)(x[k + l], lane[l]);
    }
    for (size_t l = 0; k + l < n; l++)
        lane[l] = FLUX_P(flux_greater)(x[k + l], lane[l]);
    FLUX_UNROLL
    for (size_t half = LANES / 2; half > 0; half /= 2)
        for (size_t l = 0; l < half; l++)
            lane[l] = FLUX_P(flux_greater)(lane[l + half], lane[l]);
    for (k = lane[0] == 0 ? n : 0; k > 0; k--)
        lane[0] = x[k - 1] == 0 ? x[k - 1] : lane[0];
    return lane[0];
}

/* A step of an optimiser, in this order, of arrays that lie alike, with a
 * gradient g; a line whose part it has not is left out, and without FLUX_FIRST
 * m is g:
 *
 *    FLUX_CLIP      g = min(high, max(low, g))
 *    FLUX_L2        g = g + l2 c
 *    FLUX_FIRST     m = fma(keep_m, |m| < FLUX_SMALL ? 0 : m, take_m g)
 *    FLUX_SECOND    v = fma(keep_v, v, fma(take_v g, g, FLUX_TINY))
 *    FLUX_DECAY     c = c - decay c
 *    c = c - scale (m / (sqrt(v) + epsilon))
 *
 * or without FLUX_SECOND in the end c - scale m.
 */
typedef struct {
    int parts;
    FLUX_T *c;
    FLUX_T *m;
    FLUX_T *v;
    FLUX_T keep_m;
    FLUX_T take_m;
    FLUX_T keep_v;
    FLUX_T take_v;
    FLUX_T scale;
    FLUX_T epsilon;
    FLUX_T decay;
    FLUX_T low;
    FLUX_T high;
    FLUX_T l2;
} FLUX_P(flux_optimiser);

/* The steps of the optimisers. */
FLUX_INLINE void
FLUX_P(flux_by_adamw)(FLUX_P(flux_optimiser) * o, FLUX_T *c, FLUX_T *m,
                      FLUX_T *v, FLUX_T keep_m, FLUX_T take_m, FLUX_T keep_v,
                      FLUX_T take_v, FLUX_T scale, FLUX_T epsilon, FLUX_T decay)
{
    o->parts = FLUX_ADAMW;
    o->c = c;
    o->m = m;
    o->v = v;
    o->keep_m = keep_m;
    o->take_m = take_m;
    o->keep_v = keep_v;
    o->take_v = take_v;
    o->scale = scale;
    o->epsilon = epsilon;
    o->decay = decay;
    o->low = 0;
    o->high = 0;
    o->l2 = 0;
}

FLUX_INLINE void
FLUX_P(flux_by_adam)(FLUX_P(flux_optimiser) * o, FLUX_T *c, FLUX_T *m,
                     FLUX_T *v, FLUX_T keep_m, FLUX_T take_m, FLUX_T keep_v,
                     FLUX_T take_v, FLUX_T scale, FLUX_T epsilon)
{
    FLUX_P(flux_by_adamw)
    (o, c, m, v, keep_m, take_m, keep_v, take_v, scale, epsilon, 0);
    o->parts = FLUX_ADAM;
}

FLUX_INLINE void
FLUX_P(flux_by_momentum)(FLUX_P(flux_optimiser) * o, FLUX_T *c, FLUX_T *m,
                         FLUX_T keep_m, FLUX_T scale)
{
    FLUX_P(flux_by_adamw)(o, c, m, NULL, keep_m, 1, 0, 0, scale, 0, 0);
    o->parts = FLUX_MOMENTUM;
}

FLUX_INLINE void
FLUX_P(flux_by_rmsprop)(FLUX_P(flux_optimiser) * o, FLUX_T *c, FLUX_T *v,
                        FLUX_T keep_v, FLUX_T take_v, FLUX_T scale,
                        FLUX_T epsilon)
{
    FLUX_P(flux_by_adamw)
    (o, c, NULL, v, 0, 0, keep_v, take_v, scale, epsilon, 0);
    o->parts = FLUX_RMSPROP;
}

FLUX_INLINE void
FLUX_P(flux_by_sgd)(FLUX_P(flux_optimiser) * o, FLUX_T *c, FLUX_T scale)
{
    FLUX_P(flux_by_adamw)(o, c, NULL, NULL, 0, 0, 0, 0, scale, 0, 0);
    o->parts = FLUX_SGD;
}

/* What each of them may have besides. */
FLUX_INLINE void
FLUX_P(flux_clip)(FLUX_P(flux_optimiser) * o, FLUX_T low, FLUX_T high)
{
    o->parts |= FLUX_CLIP;
    o->low = low;
    o->high = high;
}

FLUX_INLINE void
FLUX_P(flux_l2)(FLUX_P(flux_optimiser) * o, FLUX_T l2)
{
    o->parts |= FLUX_L2;
    o->l2 = l2;
}

/* The gradient g of element i with that. */
FLUX_INLINE FLUX_T
FLUX_P(flux_adjusted)(const FLUX_P(flux_optimiser) * o, size_t i, FLUX_T g)
{
    if (o->parts & FLUX_CLIP) {
        g = o->low > g ? o->low : g;
        g = o->high < g ? o->high : g;
    }
    if (o->parts & FLUX_L2)
        g = g + o->l2 * o->c[i];
    return g;
}

/* The next value of a moment that takes in x. */
FLUX_BODY FLUX_T
FLUX_P(flux_follow)(flux_isa isa, FLUX_T moment, FLUX_T keep, FLUX_T x)
{
    const FLUX_T kept = FLUX_ABS(moment) < (FLUX_T)FLUX_SMALL ? 0 : moment;
    return FLUX_FMA_ISA(isa, keep, kept, x);
}

/* The step of element i, of such a gradient: PARTS are those of o, a constant
 * where this is inlined in a loop. */
FLUX_BODY void
FLUX_P(flux_optimise)(const int PARTS, flux_isa isa,
                      const FLUX_P(flux_optimiser) * o, size_t i, FLUX_T g)
{
    FLUX_T m = g;
    FLUX_T c = o->c[i];
    if (PARTS & FLUX_FIRST) {
        m = FLUX_P(flux_follow)(isa, o->m[i], o->keep_m, o->take_m * g);
        o->m[i] = m;
    }
    if (PARTS & FLUX_SECOND) {
        const FLUX_T square =
            FLUX_FMA_ISA(isa, o->take_v * g, g, (FLUX_T)FLUX_TINY);
        const FLUX_T v = FLUX_FMA_ISA(isa, o->keep_v, o->v[i], square);
        o->v[i] = v;
        m = m / (FLUX_ROOT(v) + o->epsilon);
    }
    if (PARTS & FLUX_DECAY)
        c = c - o->decay * c;
    o->c[i] = c - o->scale * m;
}

/* What a product goes on with: x has one number for each row, or for each
 * element with columns xj apart; NULL: none. */
typedef struct {
    flux_epilogue_kind kind;
    const FLUX_T *x;
    size_t xj;
} FLUX_P(flux_epilogue);

/* What becomes of an element of a product, but for an epilogue. */
FLUX_BODY void
FLUX_P(flux_end)(flux_isa isa, FLUX_T *to, FLUX_T sum, flux_product_end end)
{
    const FLUX_P(flux_optimiser) *o = (const FLUX_P(flux_optimiser) *)end.by;
    const size_t i = end.kind == FLUX_OPTIMISER ? (size_t)(to - o->c) : 0;
    if (end.kind == FLUX_OPTIMISER)
        FLUX_P(flux_optimise)
    (o->parts, isa, o, i, FLUX_P(flux_adjusted)(o, i, sum));
    else if (end.kind == FLUX_STEP) *to = *to - (FLUX_T)end.scale * sum;
    else *to = end.kind == FLUX_ADD ? *to + sum : sum;
}
