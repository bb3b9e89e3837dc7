/* chain.h - a chain as compose.c builds it and chain.c runs it. */
#ifndef FLUX_RUNTIME_CHAIN_H
#define FLUX_RUNTIME_CHAIN_H

#include "runtime/affine.h"

typedef struct flux_part {
    const flux_model *model;
    size_t in; /* elements of one sample; 0: any, as in all parts before */
    size_t out;
    size_t params; /* offsets in the chain's structs */
    size_t grads;
    size_t state; /* elements before it in a sample's state */
} flux_part;

typedef struct flux_chain_model {
    flux_model model;
    flux_owner owner;
    size_t count;
    flux_part *part;
    flux_param *param;
    char *names; /* text of the parameters' names */
    flux_port input;
    flux_port output;
} flux_chain_model;

/* Fills in the functions of c->model. */
void flux_chain_functions(flux_chain_model *c);

/* The model as a chain, or NULL if it is none. */
flux_chain_model *flux_as_chain(const flux_model *model);

#endif
