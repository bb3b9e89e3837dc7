/* flux_gpu_max_body.h - maxima by 16 threads side by side, for one element
 * type; flux_gpu_product.h includes it once for each, as flux_gpu_sum_body.h.
 *
 * Each thread has the greatest of its own elements, l, l + 16, … for thread l.
 * All 16 call these, and get the same.
 */

/* The greatest of what the threads have, and where it is: of equal ones, such
 * as +0 and -0, the first.
 */
static __device__ __forceinline__ void
FLUX_P(flux_gpu_first)(FLUX_T *max, size_t *at)
{
    const unsigned mask = flux_lane_mask();
    for (int other = 8; other > 0; other /= 2) {
        const FLUX_T x = __shfl_xor_sync(mask, *max, other);
        const size_t where = __shfl_xor_sync(mask, *at, other);
        if (x > *max || (x == *max && where < *at)) {
            *max = x;
            *at = where;
        }
    }
}

static __device__ __forceinline__ FLUX_T
FLUX_P(flux_gpu_max)(FLUX_T max, size_t at)
{
    FLUX_P(flux_gpu_first)(&max, &at);
    return max;
}

/* The greatest of n elements; each thread's own ones are `step` apart. */
static __device__ __forceinline__ FLUX_T
FLUX_P(flux_gpu_maximum)(size_t n, const FLUX_T *own, size_t step)
{
    FLUX_T max = -(FLUX_T)INFINITY;
    size_t at = 0;
    size_t e = 0;
    for (size_t k = flux_lane(); k < n; k += 16) {
        const FLUX_T x = own[e++ * step];
        at = x > max ? k : at;
        max = x > max ? x : max;
    }
    return FLUX_P(flux_gpu_max)(max, at);
}

static __device__ __forceinline__ int32_t
FLUX_P(flux_gpu_argmax)(FLUX_T max, int32_t at)
{
    size_t where = (size_t)at;
    FLUX_P(flux_gpu_first)(&max, &where);
    return (int32_t)where;
}
