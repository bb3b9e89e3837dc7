/* flux_gpu_sum_body.h - a sum by 16 threads for one element type;
 * flux_gpu_product.h includes it once for each, with FLUX_T and FLUX_P as
 * flux_gpu_product_body.h has them.
 */

/* The sum of n elements, `stride` apart, in the order tree16. Each of 16
 * threads side by side adds up a lane, and all of them get the sum.
 */
static __device__ __forceinline__ FLUX_T
FLUX_P(flux_gpu_sum)(size_t n, const FLUX_T *x, size_t stride)
{
    const size_t block = flux_order_block(FLUX_TREE16);
    const unsigned half = 0xffffu << (threadIdx.x / 16 % 2 * 16);
    FLUX_T total = 0;
    for (size_t k0 = 0; k0 < n; k0 += block) {
        const size_t end = n - k0 < block ? n : k0 + block;
        FLUX_T lane = 0;
        for (size_t k = k0 + threadIdx.x % 16; k < end; k += 16)
            lane = lane + x[k * stride];
        for (int step = 8; step > 0; step /= 2)
            lane = lane + __shfl_xor_sync(half, lane, step);
        total = total + lane;
    }
    return total;
}
