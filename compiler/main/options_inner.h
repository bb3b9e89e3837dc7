/* What the files about the command line share. */
#ifndef FLUXC_MAIN_OPTIONS_INNER_H
#define FLUXC_MAIN_OPTIONS_INNER_H

#include "main/options.h"

/* report.c: says what is wrong with the command line; false. */
bool usage(const char *text, const char *value);

/* options_set.c: sets what an option with this value means. */
bool options_set(Options *o, Arena *arena, Option option, const char *value);

/* options_check.c: refuses what makes no sense together. */
bool options_check(const Options *o);

#endif
