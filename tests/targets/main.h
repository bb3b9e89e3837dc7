/* What main.c runs: a table that tests/targets/run writes. */
#ifndef TARGETS_MAIN_H
#define TARGETS_MAIN_H

#include "flux.h"

typedef struct {
    const flux_model *model;
    const flux_trainer *trainer;
} Entry;

extern const Entry entries[]; /* the last is all NULL */

#endif
