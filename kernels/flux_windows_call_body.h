/* flux_windows_call_body.h - the products over several axes that generated code
 * calls, for one element type; flux_windows.h includes it once for each, with
 *
 *    FLUX_T               the element type
 *    FLUX_NAME(name)      the name with the type's suffix
 */

/* c[row, column] becomes the sum over the terms of a[row, term] b[term, column]
 * in the order seq or split4. c overlaps neither; no terms give +0.
 * Where the terms run further than the rows, the columns take the place of the
 * rows: the products are the same. */
FLUX_KERNEL void FLUX_NAME(flux_windows)(flux_isa isa, flux_order order,
                                         size_t rows, const flux_axis *row,
                                         size_t columns,
                                         const flux_axis *column, size_t terms,
                                         const flux_axis *term, const FLUX_T *a,
                                         const FLUX_T *b, FLUX_T *c);

/* The same of a framed operand, whose rows have the frames' axes and one more,
 * of samples. A weight that is not finite counts in frames, too. */
FLUX_KERNEL void FLUX_NAME(flux_windows_framed)(
    flux_isa isa, flux_order order, size_t rows, const flux_axis *row,
    size_t columns, const flux_axis *column, size_t terms,
    const flux_axis *term, size_t frames, const flux_frame *frame,
    const FLUX_T *a, const FLUX_T *b, FLUX_T *c);
