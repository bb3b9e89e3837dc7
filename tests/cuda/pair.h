/* An array on both sides, on the host for the C and on the emulator's device,
 * and whether both have the same bits.
 */
#ifndef TESTS_CUDA_PAIR_H
#define TESTS_CUDA_PAIR_H

#include "flux.h"

typedef struct {
    flux_dtype dtype;
    size_t bytes;
    unsigned char *host;
    unsigned char *device;
} Pair;

uint32_t random_bits(void);

/* Of so many bytes, all 0xff. */
Pair pair_new(flux_dtype dtype, size_t bytes);
void pair_free(Pair *pair);

/* Gives both sides numbers between -1 and 1; integers, which may be places of a
 * table, are 1 or 2.
 */
void pair_fill(Pair *pair);

/* How far numbers may be apart, as a share of the greatest of their array; 0,
 * which it is at first: they have the same bits.
 */
extern double pair_near;

/* Whether both sides have the same bits, or are so near; any NaN equals any
 * other.
 */
int pair_same(const Pair *pair);
int pair_equal(flux_dtype dtype, const void *a, const void *b, size_t bytes);

#endif
