/* flux_product_small_body.h - products of few rows and terms, as those of
 * layers of ten, for one element type and one vector instruction set: tiles
 * with little around them. flux_band would take longer to find its tiles than
 * these take.
 */

/* Terms of a sum, and of all columns, at most; columns of the tile of the order
 * split4: six of 32 registers, three of 16. */
enum {
    FLUX_P(FLUX_TERMS) = 128,
    FLUX_P(FLUX_TERMS_ALL) = 4096,
    FLUX_P(FLUX_SIX) = FLUX_U * 3 / 2
};

/* Whether a product is small. */
FLUX_INLINE int
FLUX_P(flux_is_small)(flux_order order, size_t m, size_t n, size_t k, size_t ci,
                      flux_product_end end)
{
    return m <= 2 * FLUX_W && (n >= FLUX_U || order == FLUX_SPLIT4) &&
           k <= FLUX_P(FLUX_TERMS) && n * k <= FLUX_P(FLUX_TERMS_ALL) &&
           ci == 1 && end.kind != FLUX_OPTIMISER;
}

/* The tile of these units, or in the order split4 of so many columns. */
FLUX_TARGET FLUX_INLINE void
FLUX_P(flux_small_tile)(flux_order order, size_t R, size_t units, size_t k,
                        const FLUX_T *a, size_t ak, const FLUX_T *b, size_t bk,
                        size_t bj, const FLUX_P(flux_goal) * goal)
{
#if FLUX_MASKS
    if (R == 2 && units >= 3 && goal->out < FLUX_W) {
        FLUX_P(flux_tile_part)(units, k, a, ak, b, bk, bj, goal);
        return;
    }
#endif
    if (order == FLUX_SEQ)
        FLUX_P(flux_tile_any)(order, R, units, k, a, ak, b, bk, bj, goal);
    else if (units == 1)
        FLUX_P(flux_split)(1, 1, k, a, ak, b, bk, bj, goal);
    else if (units == FLUX_U)
        FLUX_P(flux_split)(1, FLUX_U, k, a, ak, b, bk, bj, goal);
    else
        FLUX_P(flux_split)(1, FLUX_P(FLUX_SIX), k, a, ak, b, bk, bj, goal);
}

/* The tiles of a panel of R vectors, of which `rows` are new: the last one of
 * columns begins where it is full. */
FLUX_TARGET FLUX_ONCE void
FLUX_P(flux_small_panel)(flux_order order, size_t R, size_t rows, size_t n,
                         size_t k, const FLUX_T *a, size_t ak, const FLUX_T *b,
                         size_t bk, size_t bj, FLUX_T *c, size_t cj,
                         flux_product_end end,
                         const FLUX_E(flux_epilogue) * epilogue, size_t row)
{
    FLUX_ALIGNED FLUX_T sum[2 * FLUX_W * FLUX_P(FLUX_SPARE)];
    const size_t lanes = R * FLUX_W;
    const size_t six = n >= FLUX_P(FLUX_SIX) ? FLUX_P(FLUX_SIX)
                       : n >= FLUX_U         ? FLUX_U
                                             : 1;
    const FLUX_T step = end.kind == FLUX_STEP ? (FLUX_T)end.scale : 0;
    const FLUX_T factor = end.kind == FLUX_STEP ? -step : 1;
    FLUX_P(flux_goal)
    goal = {NULL, NULL, NULL, 0, factor, NULL, NULL, 0,
            0,    0,    0,    0, 0,      0,    NULL, NULL};
    size_t wide;
    epilogue = FLUX_USED_EPILOGUES ? epilogue : NULL;
    for (size_t j = 0; j < n; j += wide) {
        const size_t units =
            order == FLUX_SEQ ? FLUX_P(flux_units)(order, R, n, j) : six;
        const size_t tile =
            order == FLUX_SEQ ? FLUX_P(flux_wide)(order, R, units) : six;
        wide = n - j < tile ? n - j : tile;
        const size_t again = tile - wide;
        const int there = (rows == lanes || FLUX_MASKS) &&
                          (again == 0 || end.kind == FLUX_SET);
        goal.to = there ? c + (j - again) * cj : sum;
        goal.base = there && end.kind != FLUX_SET ? goal.to : NULL;
        goal.step = there ? cj : lanes;
        goal.out = there ? rows - (lanes - FLUX_W) : FLUX_W;
        goal.steps = there && step > 0;
        goal.epilogue = there ? epilogue : NULL;
        goal.x =
            FLUX_P(flux_epilogue_x)(epilogue, row, j - (there ? again : 0));
        FLUX_P(flux_small_tile)
        (order, R, units, k, a, ak, b + (j - again) * bj, bk, bj, &goal);
        if (!there)
            FLUX_P(flux_put)
        (rows, lanes, wide, sum + again * lanes, c + j * cj, 1, cj, end);
        if (there && epilogue)
            FLUX_P(flux_end_tile)(R, tile, rows, &goal);
        else if (epilogue)
            FLUX_P(flux_epilogue)
        (epilogue->kind, rows, wide, c + j * cj, cj, goal.x, epilogue->xj);
    }
}

/* A small product, with an epilogue or without; k > 0. */
FLUX_TARGET FLUX_ONCE void
FLUX_P(flux_small)(flux_order order, size_t m, size_t n, size_t k,
                   const FLUX_T *a, size_t ai, size_t ak, const FLUX_T *b,
                   size_t bk, size_t bj, FLUX_T *c, size_t cj,
                   flux_product_end end, const FLUX_E(flux_epilogue) * epilogue)
{
    FLUX_ALIGNED FLUX_T packed[FLUX_P(FLUX_TERMS) * 2 * FLUX_W];
    const size_t tall = order == FLUX_SEQ ? 2 * FLUX_W : FLUX_W;
    for (size_t i = 0; i < m; i += tall) {
        const size_t rows = m - i < tall ? m - i : tall;
        const size_t R = rows > FLUX_W ? 2 : 1;
        const size_t lanes = R * FLUX_W;
        const int pack = ai != 1 || rows != lanes;
        if (pack)
            FLUX_P(flux_pack)(rows, lanes, k, a + i * ai, ai, ak, packed);
        FLUX_P(flux_small_panel)
        (order, R, rows, n, k, pack ? packed : a + i, pack ? lanes : ak, b, bk,
         bj, c + i, cj, end, epilogue, i);
    }
}
