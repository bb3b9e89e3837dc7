/* The models of one file of random programs, as the harness lists them. */
#ifndef FLUXC_TESTS_RANDOM_DRIVER_H
#define FLUXC_TESTS_RANDOM_DRIVER_H

#include "runtime/flux.h"

typedef struct {
    const char *name;
    const flux_model *model;
    const flux_trainer *trainer; /* NULL: none */
    const flux_trainer *also;    /* a second one, which goes on */
    size_t big;                  /* samples in its largest batch */
    int mixes;                   /* whether samples depend on one another */
    int keeps;                   /* whether its state goes on, call by call */
} RandomModel;

/* Ended by one without a name. */
extern const RandomModel random_models[];

#endif
