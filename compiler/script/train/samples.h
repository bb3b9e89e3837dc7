/* Samples: what a model learns from, as tensors whose last axis counts them. */
#ifndef FLUXC_SCRIPT_SAMPLES_H
#define FLUXC_SCRIPT_SAMPLES_H

#include "script/array/trace.h"

typedef struct {
    Tensor *x[TRACE_INPUTS];
    int inputs;
    Tensor *y; /* the targets */
    int64_t n; /* how many there are of each */
} Samples;

/* Of train!'s data: a pair of batches, the first may be a tuple of several, or
 * a list of (x, y) pairs.
 */
Samples samples_of_data(Script *s, Value data, Span span);

/* Of a step's arguments: batches, or one sample. */
Samples samples_of_args(Script *s, const Args *args);

#endif
