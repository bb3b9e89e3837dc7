/* Arrays of numbers: element types, sizes, and elements as doubles. */
#include "ir/tensor.h"

#include <string.h>

/* Room in an arena beyond a tensor's elements. */
enum { TENSOR_SLACK = 1024 };

const char *const dtype_name[DTYPES] = {
    [DTYPE_f32] = "f32", [DTYPE_f64] = "f64",   [DTYPE_i32] = "i32",
    [DTYPE_u32] = "u32", [DTYPE_bool] = "bool", [DTYPE_i64] = "i64",
};

size_t
dtype_size(DType dtype)
{
    static const size_t size[DTYPES] = {
        [DTYPE_f32] = 4, [DTYPE_f64] = 8,  [DTYPE_i32] = 4,
        [DTYPE_u32] = 4, [DTYPE_bool] = 1, [DTYPE_i64] = 8,
    };
    return size[dtype];
}

int64_t
tensor_count(const Tensor *tensor)
{
    int64_t count = 1;
    bool fits = true;
    for (int axis = 0; axis < tensor->rank; axis++) {
        int64_t dim = tensor->dim[axis];
        if (dim < 0)
            return -1;
        if (dim == 0)
            count = 0;
        else if (count > INT64_MAX / dim)
            fits = false;
        else
            count *= dim;
    }
    return count == 0 || fits ? count : -1;
}

Tensor *
tensor_new(Arena *arena, DType dtype, int rank, const int64_t *dim)
{
    if (rank < 0 || rank > IR_RANK)
        return NULL;
    Tensor shape = {.dtype = dtype, .rank = rank};
    if (rank > 0)
        memcpy(shape.dim, dim, (size_t)rank * sizeof *dim);
    int64_t count = tensor_count(&shape);
    int64_t size = (int64_t)dtype_size(dtype);
    if (count < 0 || count > TENSOR_BYTES / size)
        return NULL;
    if (!arena_has_room(arena, (size_t)(count * size) + TENSOR_SLACK))
        return NULL;
    Tensor *tensor = ARENA_NEW(arena, Tensor);
    *tensor = shape;
    tensor->data =
        arena_array(arena, count > 0 ? (size_t)count : 1, dtype_size(dtype));
    return tensor;
}

double
tensor_get(const Tensor *tensor, int64_t i)
{
    switch (tensor->dtype) {
    case DTYPE_f32:
        return (double)((const float *)tensor->data)[i];
    case DTYPE_f64:
        return ((const double *)tensor->data)[i];
    case DTYPE_i32:
        return (double)((const int32_t *)tensor->data)[i];
    case DTYPE_u32:
        return (double)((const uint32_t *)tensor->data)[i];
    case DTYPE_bool:
        return (double)((const uint8_t *)tensor->data)[i];
    case DTYPE_i64:
        return (double)((const int64_t *)tensor->data)[i];
    case DTYPES:
        break;
    }
    return 0;
}

/* value, cut to an integer in [low, high]; NaN gives 0. */
static int64_t
saturate(double value, int64_t low, int64_t high)
{
    if (value != value)
        return 0;
    if (value <= (double)low)
        return low;
    if (value >= (double)high)
        return high;
    return (int64_t)value;
}

void
tensor_set(Tensor *tensor, int64_t i, double value)
{
    switch (tensor->dtype) {
    case DTYPE_f32:
        ((float *)tensor->data)[i] = (float)value;
        break;
    case DTYPE_f64:
        ((double *)tensor->data)[i] = value;
        break;
    case DTYPE_i32:
        ((int32_t *)tensor->data)[i] =
            (int32_t)saturate(value, INT32_MIN, INT32_MAX);
        break;
    case DTYPE_u32:
        ((uint32_t *)tensor->data)[i] =
            (uint32_t)saturate(value, 0, UINT32_MAX);
        break;
    case DTYPE_bool:
        ((uint8_t *)tensor->data)[i] = value != 0;
        break;
    case DTYPE_i64:
        ((int64_t *)tensor->data)[i] = saturate(value, INT64_MIN, INT64_MAX);
        break;
    case DTYPES:
        break;
    }
}
