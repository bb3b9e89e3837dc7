/* affine.h - what a chain must know of the affine models it is made from. */
#ifndef FLUX_RUNTIME_AFFINE_H
#define FLUX_RUNTIME_AFFINE_H

#include "runtime/flux.h"

/* Who frees a model made at run time. */
typedef struct flux_owner {
    int taken;              /* a chain does */
    const flux_model *next; /* in a list of models about to be freed */
} flux_owner;

/* An affine model made by flux_affine. */
typedef struct flux_affine_model {
    flux_model model;
    size_t in;
    size_t out;
    uint64_t stream; /* of the random numbers of W */
    flux_owner owner;
    flux_port input;
    flux_port output;
    flux_param param[2];
} flux_affine_model;

/* The model as an affine one, or NULL if flux_affine did not make it. */
flux_affine_model *flux_as_affine(const flux_model *model);

#endif
