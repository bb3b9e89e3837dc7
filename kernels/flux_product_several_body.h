/* flux_product_several_body.h - what several products of one operand share, for
 * one element type and one vector instruction set: its rows in panels, and a
 * call of them all. flux_product_body.h includes it.
 */

/* The whole product, in the order seq, of what flux_panels made. */
FLUX_TARGET FLUX_ONCE void
FLUX_P(flux_paneled)(size_t m, size_t n, size_t k, const FLUX_T *a,
                     const FLUX_T *b, size_t bk, size_t bj, FLUX_T *c,
                     size_t ci, size_t cj, flux_product_end end)
{
    enum { PANEL = FLUX_PANEL(FLUX_T) };
    const FLUX_P(flux_job)
        job = {FLUX_SEQ, 1, n,  k,  a,   k,    PANEL, b,   bk,
               bj,       c, ci, cj, end, NULL, 0,     NULL};
    if (n >= FLUX_U) {
        FLUX_P(flux_job_run)(&job, m);
        return;
    }
    for (size_t i = 0; i < m; i += PANEL)
        FLUX_P(flux_product)
    (FLUX_SEQ, m - i < PANEL ? m - i : (size_t)PANEL, n, k, a + i * k, 1, PANEL,
     b, bk, bj, c + i * ci, ci, cj, end);
}

/* Panels of the rows of `a`, one behind the other, the last with zeros. */
FLUX_TARGET FLUX_ONCE void
FLUX_P(flux_panels)(size_t m, size_t k, const FLUX_T *a, size_t ai, size_t ak,
                    FLUX_T *to)
{
    enum { PANEL = FLUX_PANEL(FLUX_T) };
    for (size_t i = 0; i < m; i += PANEL)
        FLUX_P(flux_pack)
    (m - i < PANEL ? m - i : (size_t)PANEL, PANEL, k, a + i * ai, ai, ak,
     to + i * k);
}

/* Products of one `a`, and sums, in the order seq. The first is one of the most
 * columns. */
FLUX_TARGET FLUX_ONCE void
FLUX_P(flux_products)(size_t m, size_t k, const FLUX_T *a, size_t ai, size_t ak,
                      const FLUX_E(flux_rights) * rights, size_t row,
                      flux_product_end end)
{
    FLUX_P(flux_job) job[FLUX_RIGHTS_MOST];
    size_t first = 0;
    for (size_t q = 0; q < rights->count; q++)
        first = rights->n[q] > rights->n[first] ? q : first;
    for (size_t q = 0; q < rights->count; q++) {
        const size_t from = q == 0 ? first : q == first ? 0 : q;
        const FLUX_P(flux_job) one = {FLUX_SEQ,
                                      0,
                                      rights->n[from],
                                      k,
                                      a + row * ai,
                                      ai,
                                      ak,
                                      rights->b[from],
                                      rights->bk[from],
                                      rights->bj[from],
                                      rights->c[from] + row,
                                      1,
                                      rights->cj[from],
                                      end,
                                      NULL,
                                      0,
                                      NULL};
        job[q] = one;
    }
    if (FLUX_P(flux_are_large)(job, rights->count, m)) {
        FLUX_P(flux_large_several)(job, rights->count, m);
        return;
    }
    for (size_t q = 0; q < rights->count; q++)
        FLUX_P(flux_product)
    (FLUX_SEQ, m, job[q].n, k, job[q].a, ai, ak, job[q].b, job[q].bk, job[q].bj,
     job[q].c, 1, job[q].cj, end);
}
