/* What the functions of a model do and cost, for people: fluxc explain. */
#ifndef FLUXC_EMIT_EXPLAIN_H
#define FLUXC_EMIT_EXPLAIN_H

#include "emit/emit.h"

typedef struct {
    EmitTarget target;
    EmitMath math;           /* of a GPU's products */
    int64_t samples;         /* of named dimensions, too */
    int64_t ram;             /* as of EmitOptions */
    double gflops;           /* 10^9 operations a second */
    double gigabytes;        /* 10^9 bytes a second */
    const PassOptions *pass; /* NULL: the defaults */
} ExplainOptions;

/* Prints forward, back and each trainer's step: their kernels, from which lines
 * of the source, operations, bytes, and why each is not one with those whose
 * results it reads; the arena, and the least time on such a machine. False
 * where something was reported.
 */
bool emit_explain(Context *context, const EmitModel *model,
                  const ExplainOptions *options, FILE *file);

#endif
