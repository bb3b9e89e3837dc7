/* flux_rows_body.h - the sum and the greatest of many elements of one type;
 * flux_rows_text.h includes it once for each.
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
FLUX_P(flux_row_maximum)(flux_isa isa, size_t n, const FLUX_T *x)
{
    isa = FLUX_ISA_OF(isa);
#if FLUX_VECTORS
    if (isa != FLUX_ISA_PLAIN)
        return FLUX_ON_VECTORS(isa, flux_row_maximum, n, x);
#endif
    return FLUX_P(flux_maximum)(n, x);
}
