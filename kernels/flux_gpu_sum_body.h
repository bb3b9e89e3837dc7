/* flux_gpu_sum_body.h - sums by 16 threads side by side, for one element type;
 * flux_gpu_product.h includes it once for each, with FLUX_T and FLUX_P as
 * flux_gpu_product_body.h has them.
 *
 * Thread l has the elements l, l + 16, …, as the lanes of the order tree16 do.
 * All 16 call it, and get the same.
 */

/* The sum of n elements in the order tree16; each thread's own ones are `step`
 * apart.
 */
static __device__ __forceinline__ FLUX_T
FLUX_P(flux_gpu_sum)(size_t n, const FLUX_T *own, size_t step)
{
    const size_t block = flux_order_block(FLUX_TREE16);
    const unsigned mask = flux_lane_mask();
    size_t e = 0;
    FLUX_T total = 0;
    for (size_t k0 = 0; k0 < n; k0 += block) {
        const size_t end = n - k0 < block ? n : k0 + block;
        FLUX_T lane = 0;
        for (size_t k = k0 + flux_lane(); k < end; k += 16)
            lane = lane + own[e++ * step];
        for (int other = 8; other > 0; other /= 2)
            lane = lane + __shfl_xor_sync(mask, lane, other);
        total = total + lane;
    }
    return total;
}
