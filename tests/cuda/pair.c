/* Arrays on the host and on the device of the emulator (pair.h). */
#include "tests/cuda/pair.h"

#include "tests/cuda/control.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

double pair_near;

uint32_t
random_bits(void)
{
    static uint32_t state = 1;
    state = state * 1664525u + 1013904223u;
    return state >> 8;
}

Pair
pair_new(flux_dtype dtype, size_t bytes)
{
    size_t size = bytes > 0 ? bytes : 1;
    Pair pair = {dtype, bytes, malloc(size), emulator_alloc(size)};
    if (pair.host == NULL)
        exit(3);
    memset(pair.host, 0xff, size);
    return pair;
}

void
pair_free(Pair *pair)
{
    free(pair->host);
    emulator_free(pair->device);
}

void
pair_fill(Pair *pair)
{
    size_t size = flux_dtype_size(pair->dtype);
    for (size_t i = 0; i < pair->bytes / size; i++) {
        double x = random_bits() / 8388608.0 - 1;
        float single = (float)x;
        int32_t whole = x < 0 ? 1 : 2;
        const void *from = pair->dtype == FLUX_F32   ? (const void *)&single
                           : pair->dtype == FLUX_F64 ? (const void *)&x
                                                     : (const void *)&whole;
        memcpy(pair->host + i * size, from, size);
    }
    emulator_put(pair->device, pair->host, pair->bytes);
}

/* The number at a place, if it is real; else 0. */
static double
number_at(flux_dtype dtype, const unsigned char *x)
{
    float single = 0;
    double wide = 0;
    if (dtype == FLUX_F64)
        memcpy(&wide, x, sizeof wide);
    if (dtype == FLUX_F32)
        memcpy(&single, x, sizeof single);
    return dtype == FLUX_F64 ? wide : single;
}

int
pair_equal(flux_dtype dtype, const void *a, const void *b, size_t bytes)
{
    size_t size = flux_dtype_size(dtype);
    const unsigned char *p = a;
    const unsigned char *q = b;
    double greatest = 0;
    for (size_t i = 0; pair_near > 0 && i + size <= bytes; i += size)
        greatest = fmax(greatest, fabs(number_at(dtype, q + i)));
    for (size_t i = 0; i + size <= bytes; i += size) {
        double x = number_at(dtype, p + i);
        double y = number_at(dtype, q + i);
        if (memcmp(p + i, q + i, size) != 0 && !(isnan(x) && isnan(y)) &&
            !(pair_near > 0 && fabs(x - y) <= pair_near * greatest))
            return 0;
    }
    return 1;
}

int
pair_same(const Pair *pair)
{
    unsigned char *device = malloc(pair->bytes + 1);
    if (device == NULL)
        return 0;
    emulator_get(device, pair->device, pair->bytes);
    int same = pair_equal(pair->dtype, device, pair->host, pair->bytes);
    free(device);
    return same;
}
