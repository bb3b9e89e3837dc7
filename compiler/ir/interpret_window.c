/* The interpreter's sums over windows: what the windows hold is added to the
 * elements that they lie on, one window after the other, so that each element
 * gets its terms in the order of the windows.
 */
#include "ir/interpret.h"

#include <string.h>

bool
window_fits(const Node *node, const Tensor *whole, const Tensor *parts)
{
    int axis = node->as.window.axis;
    int64_t count = parts->dim[axis];
    int64_t last;
    int64_t reach;
    if (count == 0)
        return true;
    return !__builtin_mul_overflow(count - 1, node->as.window.stride, &last) &&
           !__builtin_mul_overflow(parts->dim[axis + 1] - 1,
                                   node->as.window.dilation, &reach) &&
           !__builtin_add_overflow(last, reach, &last) &&
           last < whole->dim[axis];
}

/* to[i] += from[i] */
static void
window_add(DType dtype, int64_t count, void *to, const void *from)
{
    for (int64_t i = 0; i < count; i++) {
        if (dtype == DTYPE_f32)
            ((float *)to)[i] += ((const float *)from)[i];
        else if (dtype == DTYPE_f64)
            ((double *)to)[i] += ((const double *)from)[i];
        else
            ((uint32_t *)to)[i] += ((const uint32_t *)from)[i];
    }
}

/* The windows along one line, of elements of `bytes` each, are added. */
static void
window_line(const Node *node, const Tensor *parts, int64_t inner, char *to,
            const char *from)
{
    int axis = node->as.window.axis;
    int64_t count = parts->dim[axis];
    int64_t size = parts->dim[axis + 1];
    int64_t bytes = inner * (int64_t)dtype_size(parts->dtype);
    for (int64_t w = 0; w < count; w++) {
        for (int64_t k = 0; k < size; k++) {
            int64_t at =
                w * node->as.window.stride + k * node->as.window.dilation;
            window_add(parts->dtype, inner, to + at * bytes,
                       from + (w + k * count) * bytes);
        }
    }
}

const char *
run_unwindow(const Run *run, const Node *node, Tensor *result)
{
    const Tensor *a = run_operand(run, node, 0);
    int axis = node->as.window.axis;
    int64_t size = (int64_t)dtype_size(a->dtype);
    int64_t inner = 1;
    memset(result->data, 0, (size_t)(tensor_count(result) * size));
    if (!window_fits(node, result, a))
        return "the windows reach outside";
    if (tensor_count(a) == 0)
        return NULL;
    for (int i = 0; i < axis; i++)
        inner *= a->dim[i];
    int64_t from = inner * a->dim[axis] * a->dim[axis + 1];
    int64_t to = inner * result->dim[axis];
    for (int64_t i = 0; i < tensor_count(a) / from; i++)
        window_line(node, a, inner, (char *)result->data + i * to * size,
                    (const char *)a->data + i * from * size);
    return NULL;
}
