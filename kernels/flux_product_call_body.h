/* flux_product_call_body.h - the products and sums that generated code calls,
 * for one element type; flux_product.h includes it once for each, with
 *
 *    FLUX_P(name)         the name with the type's suffix
 *    FLUX_ON(name, set)   the same for an instruction set
 *    FLUX_TASK            a name for what threads share
 *    FLUX_T               the element type
 *
 * Where there is a pool, threads share the columns of a large product, or its
 * rows. Each sum is one thread's. The order tree16 has functions of its own: a
 * model that has no such product is compiled without.
 */

/* A product with vectors along the rows of a, of the order tree16 or of the
 * other two. */
FLUX_STATIC void
FLUX_P(flux_product_rows)(flux_isa isa, flux_order order, size_t m, size_t n,
                          size_t k, const FLUX_T *a, size_t ai, size_t ak,
                          const FLUX_T *b, size_t bk, size_t bj, FLUX_T *c,
                          size_t ci, size_t cj, flux_product_end end)
{
    isa = FLUX_ISA_OF(isa);
#if FLUX_VECTORS
    if (isa != FLUX_ISA_PLAIN && k > 0) {
        FLUX_ON_VECTORS(isa, flux_product, order, m, n, k, a, ai, ak, b, bk, bj,
                        c, ci, cj, end);
        return;
    }
#endif
    FLUX_ON(flux_product, plain)
    (order, m, n, k, a, ai, ak, b, bk, bj, c, ci, cj, end);
}

FLUX_STATIC void
FLUX_P(flux_tree_rows)(flux_isa isa, flux_order order, size_t m, size_t n,
                       size_t k, const FLUX_T *a, size_t ai, size_t ak,
                       const FLUX_T *b, size_t bk, size_t bj, FLUX_T *c,
                       size_t ci, size_t cj, flux_product_end end)
{
    isa = FLUX_ISA_OF(isa);
#if FLUX_VECTORS
    if (isa != FLUX_ISA_PLAIN && k > 0) {
        FLUX_ON_VECTORS(isa, flux_tree, m, n, k, a, ai, ak, b, bk, bj, c, ci,
                        cj, end);
        return;
    }
#endif
    FLUX_ON(flux_product, plain)
    (order, m, n, k, a, ai, ak, b, bk, bj, c, ci, cj, end);
}

/* c[i ci + j cj] becomes what `end` makes of it and of the sum over k of
 * a[i ai + k ak] b[k bk + j bj], in the order seq or split4, for i < m, j < n;
 * on the instruction set `isa`, which the machine must have. c overlaps
 * neither. Where the transpose's rows are contiguous or more, it is that. */
FLUX_ONCE void
FLUX_P(flux_product_isa)(flux_isa isa, flux_order order, size_t m, size_t n,
                         size_t k, const FLUX_T *a, size_t ai, size_t ak,
                         const FLUX_T *b, size_t bk, size_t bj, FLUX_T *c,
                         size_t ci, size_t cj, flux_product_end end)
{
    if (flux_product_turns(m, n, ci, cj))
        FLUX_P(flux_product_rows)
    (isa, order, n, m, k, b, bj, bk, a, ak, ai, c, cj, ci, end);
    else FLUX_P(flux_product_rows)(isa, order, m, n, k, a, ai, ak, b, bk, bj, c,
                                   ci, cj, end);
}

/* The same in the order tree16. */
FLUX_ONCE void
FLUX_P(flux_tree_isa)(flux_isa isa, flux_order order, size_t m, size_t n,
                      size_t k, const FLUX_T *a, size_t ai, size_t ak,
                      const FLUX_T *b, size_t bk, size_t bj, FLUX_T *c,
                      size_t ci, size_t cj, flux_product_end end)
{
    if (flux_product_turns(m, n, ci, cj))
        FLUX_P(flux_tree_rows)
    (isa, order, n, m, k, b, bj, bk, a, ak, ai, c, cj, ci, end);
    else FLUX_P(flux_tree_rows)(isa, order, m, n, k, a, ai, ak, b, bk, bj, c,
                                ci, cj, end);
}

/* The same of panels, in the order seq, on a set that has vectors. The panel of
 * row i begins at a + i ai. */
FLUX_ONCE void
FLUX_P(flux_paneled_isa)(flux_isa isa, flux_order order, size_t m, size_t n,
                         size_t k, const FLUX_T *a, size_t ai, size_t ak,
                         const FLUX_T *b, size_t bk, size_t bj, FLUX_T *c,
                         size_t ci, size_t cj, flux_product_end end)
{
    (void)isa, (void)order, (void)ai, (void)ak;
#if FLUX_VECTORS
    FLUX_ON_VECTORS(FLUX_ISA_OF(isa), flux_paneled, m, n, k, a, b, bk, bj, c,
                    ci, cj, end);
#else
    (void)m, (void)n, (void)k, (void)a, (void)b, (void)bk;
    (void)bj, (void)c, (void)ci, (void)cj, (void)end;
#endif
}

/* One of these. */
typedef void FLUX_P(flux_product_function)(
    flux_isa isa, flux_order order, size_t m, size_t n, size_t k,
    const FLUX_T *a, size_t ai, size_t ak, const FLUX_T *b, size_t bk,
    size_t bj, FLUX_T *c, size_t ci, size_t cj, flux_product_end end);

typedef struct {
    FLUX_P(flux_product_function) * run;
    flux_isa isa;
    flux_order order;
    int by_rows;
    size_t m;
    size_t n;
    size_t k;
    const FLUX_T *a;
    size_t ai;
    size_t ak;
    const FLUX_T *b;
    size_t bk;
    size_t bj;
    FLUX_T *c;
    size_t ci;
    size_t cj;
    flux_product_end end;
} FLUX_TASK;

/* One thread's part of a product. */
FLUX_STATIC void
FLUX_P(flux_product_part)(void *task, size_t thread, size_t threads)
{
    const FLUX_TASK *p = (const FLUX_TASK *)task;
    size_t whole = p->by_rows ? p->m : p->n;
    size_t unit = p->by_rows ? FLUX_SHARE_ROWS : FLUX_SHARE_COLUMNS;
    size_t from = flux_share(whole, unit, thread, threads);
    size_t count = flux_share(whole, unit, thread + 1, threads) - from;
    if (count == 0)
        return;
    if (p->by_rows)
        p->run(p->isa, p->order, count, p->n, p->k, p->a + from * p->ai, p->ai,
               p->ak, p->b, p->bk, p->bj, p->c + from * p->ci, p->ci, p->cj,
               p->end);
    else
        p->run(p->isa, p->order, p->m, count, p->k, p->a, p->ai, p->ak,
               p->b + from * p->bj, p->bk, p->bj, p->c + from * p->cj, p->ci,
               p->cj, p->end);
}

/* The product by one thread. That of one column, as of one sample, is soon
 * done, and goes the shortest way. */
FLUX_INLINE void
FLUX_P(flux_product_alone)(FLUX_P(flux_product_function) * run, flux_isa isa,
                           flux_order order, size_t m, size_t n, size_t k,
                           const FLUX_T *a, size_t ai, size_t ak,
                           const FLUX_T *b, size_t bk, size_t bj, FLUX_T *c,
                           size_t ci, size_t cj, flux_product_end end)
{
#if FLUX_VECTORS
    isa = FLUX_ISA_OF(isa);
    if (n == 1 && k > 1 && ai == 1 && ci == 1 && isa != FLUX_ISA_PLAIN &&
        run == FLUX_P(flux_product_isa)) {
        FLUX_ON_VECTORS(isa, flux_column, order, m, k, a, ai, ak, b, bk, c, ci,
                        end);
        return;
    }
#endif
    run(isa, order, m, n, k, a, ai, ak, b, bk, bj, c, ci, cj, end);
}

/* A product on the threads of a pool, where that pays. */
FLUX_ONCE void
FLUX_P(flux_product_shared)(FLUX_P(flux_product_function) * run, flux_isa isa,
                            flux_pool *pool, flux_order order, size_t m,
                            size_t n, size_t k, const FLUX_T *a, size_t ai,
                            size_t ak, const FLUX_T *b, size_t bk, size_t bj,
                            FLUX_T *c, size_t ci, size_t cj,
                            flux_product_end end)
{
    size_t rows = m / FLUX_SHARE_ROWS;
    size_t columns = n / FLUX_SHARE_COLUMNS;
    if (pool == NULL || m * n * k < FLUX_SHARE_FROM || rows + columns < 4) {
        FLUX_P(flux_product_alone)
        (run, isa, order, m, n, k, a, ai, ak, b, bk, bj, c, ci, cj, end);
        return;
    }
    FLUX_TASK task = {
        run, isa, order, rows > columns, m, n, k, a, ai, ak, b, bk, bj, c,
        ci,  cj,  end};
    pool->run(pool, FLUX_P(flux_product_part), &task);
}

/* The sums of a product are stored, or with `add` are added to what is there.
 */
FLUX_INLINE void
FLUX_P(flux_product)(flux_isa isa, flux_pool *pool, flux_order order, size_t m,
                     size_t n, size_t k, const FLUX_T *a, size_t ai, size_t ak,
                     const FLUX_T *b, size_t bk, size_t bj, FLUX_T *c,
                     size_t ci, size_t cj, int add)
{
    const flux_product_end end = {add ? FLUX_ADD : FLUX_SET, 0};
    FLUX_P(flux_product_shared)
    (order == FLUX_TREE16 ? FLUX_P(flux_tree_isa) : FLUX_P(flux_product_isa),
     isa, pool, order, m, n, k, a, ai, ak, b, bk, bj, c, ci, cj, end);
}

/* The m rows of `a`, of k elements, as products of the order seq read them
 * best: in panels of FLUX_PANEL rows, one behind the other, the last with
 * zeros; they begin at a cache line. Several products of the same `a` do that
 * once. Nothing is done where products of up to n columns read `a` as it
 * stands. */
FLUX_INLINE void
FLUX_P(flux_panels)(flux_isa isa, size_t m, size_t n, size_t k, const FLUX_T *a,
                    size_t ai, size_t ak, FLUX_T *panels)
{
#if FLUX_VECTORS
    if (flux_has_panels(isa, n, ai))
        FLUX_ON_VECTORS(FLUX_ISA_OF(isa), flux_panels, m, k, a, ai, ak, panels);
#else
    (void)isa, (void)m, (void)n, (void)k, (void)a, (void)ai, (void)ak;
    (void)panels;
#endif
}

/* The product in the order seq, where flux_panels was given the same `a` for as
 * many columns or more. */
FLUX_INLINE void
FLUX_P(flux_product_panels)(flux_isa isa, flux_pool *pool, flux_order order,
                            size_t m, size_t n, size_t k, const FLUX_T *a,
                            size_t ai, size_t ak, const FLUX_T *panels,
                            const FLUX_T *b, size_t bk, size_t bj, FLUX_T *c,
                            size_t ci, size_t cj, int add)
{
    const flux_product_end end = {add ? FLUX_ADD : FLUX_SET, 0};
    const int has = flux_has_panels(isa, n, ai);
    FLUX_P(flux_product_shared)
    (has ? FLUX_P(flux_paneled_isa) : FLUX_P(flux_product_isa), isa, pool,
     order, m, n, k, has ? panels : a, has ? k : ai, ak, b, bk, bj, c, ci, cj,
     end);
}

/* A step of gradient descent, c -= scale * (a b). */
FLUX_INLINE void
FLUX_P(flux_product_step)(flux_isa isa, flux_pool *pool, flux_order order,
                          size_t m, size_t n, size_t k, const FLUX_T *a,
                          size_t ai, size_t ak, const FLUX_T *b, size_t bk,
                          size_t bj, FLUX_T *c, size_t ci, size_t cj,
                          FLUX_T scale)
{
    const flux_product_end end = {FLUX_STEP, (double)scale};
    FLUX_P(flux_product_shared)
    (order == FLUX_TREE16 ? FLUX_P(flux_tree_isa) : FLUX_P(flux_product_isa),
     isa, pool, order, m, n, k, a, ai, ak, b, bk, bj, c, ci, cj, end);
}

/* c[i ci] becomes the sum over k of a[i ai + k ak], for i < m, or that is added
 * to it; the order as for flux_sum. */
FLUX_INLINE void
FLUX_P(flux_sums)(flux_isa isa, flux_order order, size_t m, size_t k,
                  const FLUX_T *a, size_t ai, size_t ak, FLUX_T *c, size_t ci,
                  int add)
{
    const FLUX_T one = 1;
    FLUX_P(flux_product)
    (isa, NULL, order, m, 1, k, a, ai, ak, &one, 0, 0, c, ci, 1, add);
}

/* c[i ci] -= scale * the same sum. */
FLUX_INLINE void
FLUX_P(flux_sums_step)(flux_isa isa, flux_order order, size_t m, size_t k,
                       const FLUX_T *a, size_t ai, size_t ak, FLUX_T *c,
                       size_t ci, FLUX_T scale)
{
    const FLUX_T one = 1;
    FLUX_P(flux_product_step)
    (isa, NULL, order, m, 1, k, a, ai, ak, &one, 0, 0, c, ci, 1, scale);
}
