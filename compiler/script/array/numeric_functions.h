/* Prototypes of the functions in numeric.def. */
#ifndef FLUXC_SCRIPT_NUMERIC_FUNCTIONS_H
#define FLUXC_SCRIPT_NUMERIC_FUNCTIONS_H

#include "script/array/lift.h"

#define NUMERIC(text, name, min, max, summary)                                 \
    Value numeric_fn_##name(Script *s, const Args *args);
#include "script/array/numeric.def"
#undef NUMERIC

#endif
