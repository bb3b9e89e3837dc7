/* flux_gpu_windows_body.h - one element of a product whose terms run over
 * several axes, the first the fastest, for one element type; flux_gpu_product.h
 * includes it once for each, with FLUX_T, FLUX_P and FLUX_FMA as
 * flux_gpu_product_body.h has them.
 */

/* The sum over all places of the axes of a[…] b[…], in the given order. */
static __device__ __forceinline__ FLUX_T
FLUX_P(flux_gpu_windows)(flux_order order, size_t axes,
                         const flux_gpu_axis *axis, const FLUX_T *a,
                         const FLUX_T *b)
{
    const size_t lanes = flux_order_lanes(order);
    const size_t block = flux_order_block(order);
    size_t index[4] = {0};
    FLUX_T lane[16] = {0};
    FLUX_T total = 0;
    size_t count = 1;
    for (size_t i = 0; i < axes; i++)
        count *= axis[i].length;
    for (size_t k = 0; k < count; k++) {
        lane[k % lanes] = FLUX_FMA(*a, *b, lane[k % lanes]);
        for (size_t i = 0; i < axes; i++) {
            a += axis[i].a;
            b += axis[i].b;
            if (++index[i] < axis[i].length)
                break;
            index[i] = 0;
            a -= axis[i].a * axis[i].length;
            b -= axis[i].b * axis[i].length;
        }
        if ((k + 1) % block != 0 && k + 1 != count)
            continue;
        total = total + FLUX_P(flux_join)(order, lane);
        for (size_t l = 0; l < lanes; l++)
            lane[l] = 0;
    }
    return total;
}
