/* flux_product_share_body.h - which of the products' texts is taken, and how
 * threads share it, for one element type; flux_product_f32.h and
 * flux_product_f64.h include it, with
 *
 *    FLUX_P(name)         the name with the type's suffix
 *    FLUX_ON(name, set)   the same for an instruction set
 *    FLUX_TASK            a name for what threads share
 *    FLUX_T               the element type
 *
 * Where there is a pool, threads share the columns of a large product, or its
 * rows. Each sum is one thread's.
 */

/* Whether a product is made as its transpose, whose rows are contiguous or
 * more; not where these would fill a vector less than the others do, nor where
 * to turn small ones takes longer than a part of a vector: of floats, few terms
 * or few samples, and two rows only where masks load and store them. */
FLUX_STATIC int
FLUX_P(flux_product_turns)(flux_isa isa, flux_order order, size_t m, size_t n,
                           size_t k, size_t ci, size_t cj)
{
    (void)isa; /* NEON's macro looks at none */
    const int small = order == FLUX_SPLIT4 && k <= 128 && n * k <= 4096;
    const int few =
        (n < 16 || k <= 16) && (m > 2 || FLUX_MERGES(FLUX_ISA_OF(isa)));
    if (small && ci == 1 && n >= 4 && (few || sizeof(FLUX_T) > 4))
        return 0;
    return (m < 4 && n > m) ||
           (ci != 1 && cj == 1 && n >= 4 && (n >= m || m >= 16));
}

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

FLUX_KERNEL void
FLUX_P(flux_product_isa)(flux_isa isa, flux_order order, size_t m, size_t n,
                         size_t k, const FLUX_T *a, size_t ai, size_t ak,
                         const FLUX_T *b, size_t bk, size_t bj, FLUX_T *c,
                         size_t ci, size_t cj, flux_product_end end)
{
    if (FLUX_P(flux_product_turns)(isa, order, m, n, k, ci, cj))
        FLUX_P(flux_product_rows)
    (isa, order, n, m, k, b, bj, bk, a, ak, ai, c, cj, ci, end);
    else FLUX_P(flux_product_rows)(isa, order, m, n, k, a, ai, ak, b, bk, bj, c,
                                   ci, cj, end);
}

/* An epilogue of the sums in c. */
FLUX_STATIC void
FLUX_P(flux_epilogue_isa)(flux_isa isa, size_t m, size_t n, FLUX_T *c,
                          size_t cj, const FLUX_P(flux_epilogue) * e)
{
    isa = FLUX_ISA_OF(isa);
#if FLUX_VECTORS
    if (isa != FLUX_ISA_PLAIN) {
        FLUX_ON_VECTORS(isa, flux_epilogue, e->kind, m, n, c, cj, e->x, e->xj);
        return;
    }
#endif
    for (size_t j = 0; j < n; j++)
        for (size_t i = 0; i < m; i++)
            FLUX_P(flux_end_by)(c + i + j * cj, e, i, j);
}

FLUX_KERNEL void
FLUX_P(flux_product_epilogue_isa)(flux_isa isa, flux_order order, size_t m,
                                  size_t n, size_t k, const FLUX_T *a,
                                  size_t ai, size_t ak, const FLUX_T *b,
                                  size_t bk, size_t bj, FLUX_T *c, size_t ci,
                                  size_t cj, flux_product_end end)
{
    FLUX_P(flux_epilogue) rest = *(const FLUX_P(flux_epilogue) *)end.by;
    isa = FLUX_ISA_OF(isa);
#if FLUX_VECTORS
    if (isa != FLUX_ISA_PLAIN && order == FLUX_SEQ && n > 1 &&
        !FLUX_P(flux_product_turns)(isa, order, m, n, k, ci, cj) &&
        FLUX_ON_VECTORS(isa, flux_ended_product, order, m, n, k, a, ai, ak, b,
                        bk, bj, c, ci, cj, end))
        return;
#endif
    end.kind = FLUX_SET;
    if (rest.kind < FLUX_DRELU && rest.x != NULL && k <= 512 && n > 1 &&
        m * sizeof(FLUX_T) % 64 != 0) {
        /* Then rows that fill no vectors are one. */
        for (size_t j = 0; j < n; j++)
            for (size_t i = 0; i < m; i++)
                c[i + j * cj] = rest.x[i];
        end.kind = FLUX_ADD;
        rest.x = NULL;
    }
    FLUX_P(flux_product_isa)
    (isa, order, m, n, k, a, ai, ak, b, bk, bj, c, ci, cj, end);
    FLUX_P(flux_epilogue_isa)(isa, m, n, c, cj, &rest);
}

FLUX_KERNEL void
FLUX_P(flux_column_seq_isa)(flux_isa isa, size_t m, size_t k, const FLUX_T *a,
                            size_t ak, const FLUX_T *b, size_t bk, FLUX_T *c,
                            const flux_product_end *end)
{
#if FLUX_VECTORS
    FLUX_ON_VECTORS(FLUX_ISA_OF(isa), flux_column_seq, isa, m, k, a, ak, b, bk,
                    c, end);
#else
    (void)isa, (void)m, (void)k, (void)a, (void)ak, (void)b;
    (void)bk, (void)c, (void)end;
#endif
}

FLUX_KERNEL void
FLUX_P(flux_column_split_isa)(flux_isa isa, size_t m, size_t k, const FLUX_T *a,
                              size_t ak, const FLUX_T *b, size_t bk, FLUX_T *c,
                              const flux_product_end *end)
{
#if FLUX_VECTORS
    FLUX_ON_VECTORS(FLUX_ISA_OF(isa), flux_column_split, isa, m, k, a, ak, b,
                    bk, c, end);
#else
    (void)isa, (void)m, (void)k, (void)a, (void)ak, (void)b;
    (void)bk, (void)c, (void)end;
#endif
}

FLUX_KERNEL void
FLUX_P(flux_tree_isa)(flux_isa isa, flux_order order, size_t m, size_t n,
                      size_t k, const FLUX_T *a, size_t ai, size_t ak,
                      const FLUX_T *b, size_t bk, size_t bj, FLUX_T *c,
                      size_t ci, size_t cj, flux_product_end end)
{
    if (FLUX_P(flux_product_turns)(isa, order, m, n, k, ci, cj))
        FLUX_P(flux_tree_rows)
    (isa, order, n, m, k, b, bj, bk, a, ak, ai, c, cj, ci, end);
    else FLUX_P(flux_tree_rows)(isa, order, m, n, k, a, ai, ak, b, bk, bj, c,
                                ci, cj, end);
}

FLUX_KERNEL void
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

/* One thread's part of a product; its rows or columns begin with x's, too. */
FLUX_STATIC void
FLUX_P(flux_product_part)(void *task, size_t thread, size_t threads)
{
    const FLUX_TASK *p = (const FLUX_TASK *)task;
    flux_product_end end = p->end;
    FLUX_P(flux_epilogue) epilogue;
    size_t whole = p->by_rows ? p->m : p->n;
    size_t unit = p->by_rows ? FLUX_SHARE_ROWS : FLUX_SHARE_COLUMNS;
    size_t from = flux_share(whole, unit, thread, threads);
    size_t count = flux_share(whole, unit, thread + 1, threads) - from;
    if (count == 0)
        return;
    if (end.kind == FLUX_EPILOGUE) {
        epilogue = *(const FLUX_P(flux_epilogue) *)end.by;
        if (epilogue.x != NULL)
            epilogue.x += from * (p->by_rows ? 1 : epilogue.xj);
        end.by = &epilogue;
    }
    if (p->by_rows)
        p->run(p->isa, p->order, count, p->n, p->k, p->a + from * p->ai, p->ai,
               p->ak, p->b, p->bk, p->bj, p->c + from * p->ci, p->ci, p->cj,
               end);
    else
        p->run(p->isa, p->order, p->m, count, p->k, p->a, p->ai, p->ak,
               p->b + from * p->bj, p->bk, p->bj, p->c + from * p->cj, p->ci,
               p->cj, end);
}

FLUX_KERNEL void
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
        run(isa, order, m, n, k, a, ai, ak, b, bk, bj, c, ci, cj, end);
        return;
    }
    FLUX_TASK task = {
        run, isa, order, rows > columns, m, n, k, a, ai, ak, b, bk, bj, c,
        ci,  cj,  end};
    pool->run(pool, FLUX_P(flux_product_part), &task);
}

/* Rows from `row` of several products, by one thread. */
FLUX_STATIC void
FLUX_P(flux_products_rows)(flux_isa isa, size_t m, size_t k, const FLUX_T *a,
                           size_t ai, size_t ak,
                           const FLUX_P(flux_rights) * rights, size_t row,
                           flux_product_end end)
{
#if FLUX_VECTORS
    if (isa != FLUX_ISA_PLAIN && k > 0) {
        FLUX_ON_VECTORS(isa, flux_products, m, k, a, ai, ak, rights, row, end);
        return;
    }
#else
    (void)isa;
#endif
    for (size_t q = 0; q < rights->count; q++)
        FLUX_ON(flux_product, plain)
    (FLUX_SEQ, m, rights->n[q], k, a + row * ai, ai, ak, rights->b[q],
     rights->bk[q], rights->bj[q], rights->c[q] + row, 1, rights->cj[q], end);
}

typedef struct {
    flux_isa isa;
    size_t m;
    size_t k;
    const FLUX_T *a;
    size_t ai;
    size_t ak;
    const FLUX_P(flux_rights) * rights;
    flux_product_end end;
} FLUX_P(flux_products_task);

/* One thread's rows. */
FLUX_STATIC void
FLUX_P(flux_products_part)(void *task, size_t thread, size_t threads)
{
    const FLUX_P(flux_products_task) *p =
        (const FLUX_P(flux_products_task) *)task;
    size_t from = flux_share(p->m, FLUX_SHARE_ROWS, thread, threads);
    size_t end = flux_share(p->m, FLUX_SHARE_ROWS, thread + 1, threads);
    if (end > from)
        FLUX_P(flux_products_rows)
    (p->isa, end - from, p->k, p->a, p->ai, p->ak, p->rights, from, p->end);
}

FLUX_KERNEL void
FLUX_P(flux_products_shared)(flux_isa isa, flux_pool *pool, size_t m, size_t k,
                             const FLUX_T *a, size_t ai, size_t ak,
                             const FLUX_P(flux_rights) * rights,
                             flux_product_end end)
{
    FLUX_P(flux_products_task)
    task = {FLUX_ISA_OF(isa), m, k, a, ai, ak, rights, end};
    if (pool == NULL) {
        FLUX_P(flux_products_part)(&task, 0, 1);
    } else if (m / FLUX_SHARE_ROWS >= 4 && m * k >= FLUX_SHARE_FROM) {
        pool->run(pool, FLUX_P(flux_products_part), &task);
    } else {
        for (size_t q = 0; q < rights->count; q++)
            FLUX_P(flux_product_shared)
        (FLUX_P(flux_product_isa), isa, pool, FLUX_SEQ, m, rights->n[q], k, a,
         ai, ak, rights->b[q], rights->bk[q], rights->bj[q], rights->c[q], 1,
         rights->cj[q], end);
    }
}

FLUX_KERNEL void
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
