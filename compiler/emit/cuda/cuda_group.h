/* What is known of kernels that one can take the place of (cuda_group.c). */
#ifndef FLUXC_EMIT_CUDA_GROUP_H
#define FLUXC_EMIT_CUDA_GROUP_H

#include "emit/cuda/cuda_print.h"

enum { GROUP = 32 }; /* FLUX_GROUP */

/* An access of a kernel of the group. */
typedef struct {
    size_t kernel; /* its first statement */
    int buffer;
    Dim step; /* elements of a sample; 0: it is for all of them */
    bool store;
} Part;

/* Memory that threads share, for buffers whose lives do not meet. */
typedef struct {
    int slot;
    Dim offset;
    DType dtype;
    Dim step;
} Array;

typedef struct {
    Printer *printer;
    const Block *block;
    size_t from;
    size_t end;
    size_t kernel; /* the one that is looked at */
    int var;       /* of its samples, as a key */
    Dim turns;     /* of that for one sample */
    bool may;
    const Product *product; /* the first one, or NULL */
    VEC(Part) part;
    VEC(Array) array;
    int *own; /* by buffer: 1 + its array; 0: it has none */
} Group;

/* How many statements are one phase: a product and its epilogue, or others. */
size_t cuda_phase_length(Printer *printer, const Block *block, size_t from);

/* The longest group of a block from a place on; false: there is none. */
bool cuda_group_find(Group *g, Printer *printer, const Block *block,
                     size_t from);

#endif
