/* Arrays of numbers: column-major, the first dimension contiguous. */
#ifndef FLUXC_IR_TENSOR_H
#define FLUXC_IR_TENSOR_H

#include "base/context.h"

#include <stdint.h>

enum { IR_RANK = 8 };

typedef enum {
    DTYPE_f32,
    DTYPE_f64,
    DTYPE_i32,
    DTYPE_u32,
    DTYPE_bool, /* one byte, 0 or 1 */
    DTYPE_i64,  /* in the script only: Int outside graphs */
    DTYPES
} DType;

typedef struct {
    DType dtype;
    int rank;
    int64_t dim[IR_RANK];
    void *data;
} Tensor;

extern const char *const dtype_name[DTYPES];
size_t dtype_size(DType dtype);
static inline bool
dtype_real(DType dtype)
{
    return dtype == DTYPE_f32 || dtype == DTYPE_f64;
}

/* The bytes that a tensor may have. */
#define TENSOR_BYTES ((int64_t)1 << 40)

/* The number of elements; -1 where that does not fit. */
int64_t tensor_count(const Tensor *tensor);

/* A zeroed tensor in the arena; NULL where it exceeds TENSOR_BYTES or what the
 * arena may give.
 */
Tensor *tensor_new(Arena *arena, DType dtype, int rank, const int64_t *dim);

/* Element i (from 0, in memory order) as a double, and back; f32 rounds, the
 * integers saturate.
 */
double tensor_get(const Tensor *tensor, int64_t i);
void tensor_set(Tensor *tensor, int64_t i, double value);

#endif
