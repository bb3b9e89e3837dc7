/* Builtins: Trainer, train!. */
#ifndef FLUXC_SCRIPT_TRAIN_H
#define FLUXC_SCRIPT_TRAIN_H

#include "script/value/state.h"
#include "script/value/value.h"

void train_define_all(Script *s);

#endif
