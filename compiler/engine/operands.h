/* What a compiled graph is called with. */
#ifndef FLUXC_ENGINE_OPERANDS_H
#define FLUXC_ENGINE_OPERANDS_H

#include "ir/ir.h"

typedef struct {
    size_t dims[DIM_SYMBOLS]; /* the named dimensions */
    const void **leaf;
    void **out;
} Operands;

/* Makes the results, and points to all arrays; the result for the next value of
 * a leaf is that leaf, too, with its value. NULL, or what went wrong.
 */
const char *operands_prepare(const Graph *g, const Tensor *const *value,
                             const RunOptions *options, Arena *arena,
                             Tensor *result, Operands *operands);

#endif
