/* Samples: what a model learns from, as tensors whose last axis counts them. */
#ifndef FLUXC_SCRIPT_SAMPLES_H
#define FLUXC_SCRIPT_SAMPLES_H

#include "script/array/trace.h"

typedef struct {
    Args form; /* the arguments of the model, and the target: trees, whose
                  leaves are the x */
    Tensor *x[TRACE_INPUTS];
    int count; /* of the x */
    int64_t n; /* how many there are of each */
} Samples;

/* Of train!'s data: a pair of batches, or a list of (x, y) pairs. A tuple in
 * place of x is the model's arguments, or the one tuple that it takes; one in
 * place of y is the target of a loss that takes one.
 */
Samples samples_of_data(Script *s, Value model, Value data, Span span);

/* Of a step's arguments: batches, or one sample. */
Samples samples_of_args(Script *s, const Args *args);

/* The model's arguments and the target, of batches. */
Args samples_as_args(Script *s, const Samples *all, Span span);

#endif
