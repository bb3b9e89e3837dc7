/* flux_rows_body.h - the sum and the greatest of many elements of one type, and
 * rows that are turned; flux_rows_text.h includes it once for each.
 */
FLUX_KERNEL FLUX_T
FLUX_P(flux_row_sum)(flux_isa isa, size_t n, const FLUX_T *x)
{
    isa = FLUX_ISA_OF(isa);
#if FLUX_VECTORS
    if (isa != FLUX_ISA_PLAIN)
        return FLUX_ON_VECTORS(isa, flux_row_sum, n, x);
#endif
    return FLUX_P(flux_sum)(FLUX_TREE16, n, x, 1);
}

FLUX_KERNEL FLUX_T
FLUX_P(flux_row_squares)(flux_isa isa, size_t n, const FLUX_T *x)
{
    isa = FLUX_ISA_OF(isa);
#if FLUX_VECTORS
    if (isa != FLUX_ISA_PLAIN)
        return FLUX_ON_VECTORS(isa, flux_row_squares, n, x);
#endif
    const size_t block = flux_order_block(FLUX_TREE16);
    FLUX_T total = 0;
    for (size_t k = 0; k < n; k += block)
        total = total + FLUX_P(flux_sum_block)(1, FLUX_TREE16,
                                               n - k < block ? n - k : block,
                                               x + k, 1);
    return total;
}

FLUX_KERNEL FLUX_T
FLUX_P(flux_row_maximum)(flux_isa isa, size_t n, const FLUX_T *x)
{
    isa = FLUX_ISA_OF(isa);
#if FLUX_VECTORS
    if (isa != FLUX_ISA_PLAIN)
        return FLUX_ON_VECTORS(isa, flux_row_maximum, n, x);
#endif
    return FLUX_P(flux_maximum)(n, x);
}

FLUX_KERNEL void
FLUX_P(flux_turn)(flux_isa isa, size_t m, size_t n, const FLUX_T *from,
                  size_t next, FLUX_T *to, size_t apart)
{
    isa = FLUX_ISA_OF(isa);
#if FLUX_VECTORS
    if (isa != FLUX_ISA_PLAIN) {
        FLUX_ON_VECTORS(isa, flux_turn, m, n, from, next, to, apart);
        return;
    }
#endif
    for (size_t j = 0; j < n; j++)
        for (size_t i = 0; i < m; i++)
            to[j + i * apart] = from[i + j * next];
}
