/* array.h - random numbers on both sides, for the tests of products. */
#ifndef ARRAY_H
#define ARRAY_H

#include "tests/cuda/control.h"

#include <stdint.h>
#include <stdlib.h>

typedef struct {
    size_t count;
    float *host;
    float *device;
} Array;

static inline float
random_number(void)
{
    static uint32_t state = 1;
    state = state * 1664525u + 1013904223u;
    return (float)((state >> 8) / 8388608.0 - 1);
}

static inline Array
array_new(size_t count)
{
    size_t bytes = (count + 1) * sizeof(float);
    Array array = {count, malloc(bytes), emulator_alloc(bytes)};
    if (array.host == NULL)
        exit(3);
    for (size_t i = 0; i <= count; i++)
        array.host[i] = random_number();
    return array;
}

static inline void
array_put(const Array *array)
{
    emulator_put(array->device, array->host, array->count * sizeof(float));
}

static inline void
array_free(Array *array)
{
    free(array->host);
    emulator_free(array->device);
}

#endif
