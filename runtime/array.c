/* array.c - arrays read from data files: their size, as floats, freeing. */
#include "runtime/error.h"

#include <stdlib.h>

/* The number of elements. */
size_t
flux_array_size(const flux_array *array)
{
    return flux_elements(array->rank, array->dim);
}

/* Element i as a double; every dtype fits one. */
static double
array_at(const flux_array *a, size_t i)
{
    switch (a->dtype) {
    case FLUX_F32:
        return (double)((const float *)a->data)[i];
    case FLUX_F64:
        return ((const double *)a->data)[i];
    case FLUX_I32:
        return (double)((const int32_t *)a->data)[i];
    case FLUX_U32:
        return (double)((const uint32_t *)a->data)[i];
    case FLUX_BOOL:
        return (double)((const unsigned char *)a->data)[i];
    }
    return 0.0;
}

/* to = scale * from in double, rounded once to f32. */
flux_status
flux_array_f32(const flux_array *from, double scale, flux_array *to)
{
    if (from == NULL || to == NULL || from->data == NULL)
        return FLUX_E_NULL;
    if (from->rank > FLUX_MAX_RANK)
        return FLUX_E_SIZE;
    size_t size = flux_array_size(from);
    size_t bytes = flux_mul(size, sizeof(float));
    if (bytes > PTRDIFF_MAX)
        return FLUX_E_SIZE;
    float *data = malloc(bytes > 0 ? bytes : 1);
    if (data == NULL)
        return FLUX_E_MEMORY;
    for (size_t i = 0; i < size; i++)
        data[i] = (float)(scale * array_at(from, i));
    flux_array result = *from;
    result.dtype = FLUX_F32;
    result.data = data;
    *to = result;
    return FLUX_OK;
}

/* Frees the data and empties the array. */
void
flux_array_free(flux_array *array)
{
    if (array == NULL)
        return;
    free(array->data);
    *array = (flux_array){.dtype = FLUX_F32};
}
