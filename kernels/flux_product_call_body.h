/* flux_product_call_body.h - the products and sums that generated code calls,
 * for one element type; flux_product.h includes it once for each, with
 *
 *    FLUX_P(name)    the name with the type's suffix
 *    FLUX_T          the element type
 *
 * First those that are compiled once, as flux_isa.h says. The order tree16 has
 * functions of its own: a program that has no such product is without.
 */

/* One of the next three. */
typedef void FLUX_P(flux_product_function)(
    flux_isa isa, flux_order order, size_t m, size_t n, size_t k,
    const FLUX_T *a, size_t ai, size_t ak, const FLUX_T *b, size_t bk,
    size_t bj, FLUX_T *c, size_t ci, size_t cj, flux_product_end end);

/* c[i ci + j cj] becomes what `end` makes of it and of the sum over k of
 * a[i ai + k ak] b[k bk + j bj], in the order seq or split4, for i < m, j < n;
 * on the instruction set `isa`, which the machine must have. c overlaps
 * neither. Where the transpose's rows are contiguous or more, it is that. */
FLUX_KERNEL void FLUX_P(flux_product_isa)(flux_isa isa, flux_order order,
                                          size_t m, size_t n, size_t k,
                                          const FLUX_T *a, size_t ai, size_t ak,
                                          const FLUX_T *b, size_t bk, size_t bj,
                                          FLUX_T *c, size_t ci, size_t cj,
                                          flux_product_end end);

/* The same of one column, as of one sample, which is soon done and goes the
 * shortest way: c[i] becomes what `end` makes of the sum over k of a[i + k ak]
 * b[k bk], or that sum where end is NULL; k > 0, on a set that has vectors. One
 * for each order. */
FLUX_KERNEL void FLUX_P(flux_column_seq_isa)(flux_isa isa, size_t m, size_t k,
                                             const FLUX_T *a, size_t ak,
                                             const FLUX_T *b, size_t bk,
                                             FLUX_T *c,
                                             const flux_product_end *end);
FLUX_KERNEL void FLUX_P(flux_column_split_isa)(flux_isa isa, size_t m, size_t k,
                                               const FLUX_T *a, size_t ak,
                                               const FLUX_T *b, size_t bk,
                                               FLUX_T *c,
                                               const flux_product_end *end);

/* The same in the order tree16. */
FLUX_KERNEL void FLUX_P(flux_tree_isa)(flux_isa isa, flux_order order, size_t m,
                                       size_t n, size_t k, const FLUX_T *a,
                                       size_t ai, size_t ak, const FLUX_T *b,
                                       size_t bk, size_t bj, FLUX_T *c,
                                       size_t ci, size_t cj,
                                       flux_product_end end);

/* The same in the order seq or split4 of an `end` that is an epilogue, whose x
 * overlaps no c; rows of c and x are contiguous. */
FLUX_KERNEL void FLUX_P(flux_product_epilogue_isa)(
    flux_isa isa, flux_order order, size_t m, size_t n, size_t k,
    const FLUX_T *a, size_t ai, size_t ak, const FLUX_T *b, size_t bk,
    size_t bj, FLUX_T *c, size_t ci, size_t cj, flux_product_end end);

/* The same of panels, in the order seq, on a set that has vectors. The panel of
 * row i begins at a + i ai. */
FLUX_KERNEL void FLUX_P(flux_paneled_isa)(flux_isa isa, flux_order order,
                                          size_t m, size_t n, size_t k,
                                          const FLUX_T *a, size_t ai, size_t ak,
                                          const FLUX_T *b, size_t bk, size_t bj,
                                          FLUX_T *c, size_t ci, size_t cj,
                                          flux_product_end end);

/* A product on the threads of a pool, where that pays. */
FLUX_KERNEL void FLUX_P(flux_product_shared)(
    FLUX_P(flux_product_function) * run, flux_isa isa, flux_pool *pool,
    flux_order order, size_t m, size_t n, size_t k, const FLUX_T *a, size_t ai,
    size_t ak, const FLUX_T *b, size_t bk, size_t bj, FLUX_T *c, size_t ci,
    size_t cj, flux_product_end end);

/* The m rows of `a`, of k elements, as products of the order seq read them
 * best: in panels of FLUX_PANEL rows, one behind the other, the last with
 * zeros; they begin at a cache line. Several products of the same `a` do that
 * once. Nothing is done where products of up to n columns read `a` as it
 * stands. */
FLUX_KERNEL void FLUX_P(flux_panels)(flux_isa isa, size_t m, size_t n, size_t k,
                                     const FLUX_T *a, size_t ai, size_t ak,
                                     FLUX_T *panels);

/* Columns that are multiplied with one `a`, and where to: as of flux_product,
 * rows side by side. */
typedef struct {
    size_t count;
    size_t n[FLUX_RIGHTS_MOST];
    const FLUX_T *b[FLUX_RIGHTS_MOST];
    size_t bk[FLUX_RIGHTS_MOST];
    size_t bj[FLUX_RIGHTS_MOST];
    FLUX_T *c[FLUX_RIGHTS_MOST];
    size_t cj[FLUX_RIGHTS_MOST];
} FLUX_P(flux_rights);

/* Products of the same m rows of `a` in the order seq, on the threads of a pool
 * where that pays: a large `a` is read once for all. No c overlaps another or
 * what is read. */
FLUX_KERNEL void
    FLUX_P(flux_products_shared)(flux_isa isa, flux_pool *pool, size_t m,
                                 size_t k, const FLUX_T *a, size_t ai,
                                 size_t ak, const FLUX_P(flux_rights) * rights,
                                 flux_product_end end);

/* A product by the function of its order. */
FLUX_INLINE void
FLUX_P(flux_product_to)(flux_isa isa, flux_pool *pool, flux_order order,
                        size_t m, size_t n, size_t k, const FLUX_T *a,
                        size_t ai, size_t ak, const FLUX_T *b, size_t bk,
                        size_t bj, FLUX_T *c, size_t ci, size_t cj,
                        flux_product_end end)
{
    FLUX_P(flux_product_shared)
    (order == FLUX_TREE16 ? FLUX_P(flux_tree_isa) : FLUX_P(flux_product_isa),
     isa, pool, order, m, n, k, a, ai, ak, b, bk, bj, c, ci, cj, end);
}

/* Whether rows are so many that the columns of `a` are better read one after
 * another, in the order seq: parts of them would lie in many pages. */
FLUX_INLINE int
FLUX_P(flux_is_tall)(flux_order order, size_t m)
{
    return order == FLUX_SEQ && m * sizeof(FLUX_T) > 1024;
}

/* Whether a product of one column is what the functions for one make. */
FLUX_INLINE int
FLUX_P(flux_is_column)(flux_isa isa, flux_order order, size_t m, size_t k,
                       size_t ai, size_t ci)
{
    (void)isa;
    return FLUX_VECTORS && FLUX_ISA_OF(isa) != FLUX_ISA_PLAIN && k > 1 &&
           ai == 1 && ci == 1 && order != FLUX_TREE16 &&
           !FLUX_P(flux_is_tall)(order, m);
}

/* The sums of a product are stored, or with `add` are added to what is there.
 */
FLUX_INLINE void
FLUX_P(flux_product)(flux_isa isa, flux_pool *pool, flux_order order, size_t m,
                     size_t n, size_t k, const FLUX_T *a, size_t ai, size_t ak,
                     const FLUX_T *b, size_t bk, size_t bj, FLUX_T *c,
                     size_t ci, size_t cj, int add)
{
    const flux_product_end end = {add ? FLUX_ADD : FLUX_SET, 0, NULL};
    if (n == 1 && pool == NULL &&
        FLUX_P(flux_is_column)(isa, order, m, k, ai, ci)) {
        const flux_product_end *to = add ? &end : NULL;
        if (order == FLUX_SPLIT4) {
            FLUX_P(flux_column_split_isa)(isa, m, k, a, ak, b, bk, c, to);
        } else {
            FLUX_P(flux_column_seq_isa)(isa, m, k, a, ak, b, bk, c, to);
        }
        return;
    }
    FLUX_P(flux_product_to)
    (isa, pool, order, m, n, k, a, ai, ak, b, bk, bj, c, ci, cj, end);
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
    const flux_product_end end = {add ? FLUX_ADD : FLUX_SET, 0, NULL};
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
    const flux_product_end end = {FLUX_STEP, (double)scale, NULL};
    FLUX_P(flux_product_to)
    (isa, pool, order, m, n, k, a, ai, ak, b, bk, bj, c, ci, cj, end);
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

/* One more of several products; sums where b is NULL. */
FLUX_INLINE void
FLUX_P(flux_right)(FLUX_P(flux_rights) * rights, size_t n, const FLUX_T *b,
                   size_t bk, size_t bj, FLUX_T *c, size_t cj)
{
    static const FLUX_T one = 1;
    const size_t q = rights->count++;
    rights->n[q] = n;
    rights->b[q] = b != NULL ? b : &one;
    rights->bk[q] = bk;
    rights->bj[q] = bj;
    rights->c[q] = c;
    rights->cj[q] = cj;
}

/* All of them, stored or added. */
FLUX_INLINE void
FLUX_P(flux_products)(flux_isa isa, flux_pool *pool, size_t m, size_t k,
                      const FLUX_T *a, size_t ai, size_t ak,
                      const FLUX_P(flux_rights) * rights, int add)
{
    const flux_product_end end = {add ? FLUX_ADD : FLUX_SET, 0, NULL};
    FLUX_P(flux_products_shared)(isa, pool, m, k, a, ai, ak, rights, end);
}

/* Each of them a step of gradient descent. */
FLUX_INLINE void
FLUX_P(flux_products_step)(flux_isa isa, flux_pool *pool, size_t m, size_t k,
                           const FLUX_T *a, size_t ai, size_t ak,
                           const FLUX_P(flux_rights) * rights, FLUX_T scale)
{
    const flux_product_end end = {FLUX_STEP, (double)scale, NULL};
    FLUX_P(flux_products_shared)(isa, pool, m, k, a, ai, ak, rights, end);
}
