/* Recurrence: models over steps, traced into loops. */
#ifndef FLUXC_SCRIPT_RECUR_H
#define FLUXC_SCRIPT_RECUR_H

#include "script/eval.h"

/* y{-lag} of the field's object, in the step under way. */
Value recur_earlier(Script *s, Object *object, const char *field, int64_t lag,
                    Span span);

/* Notes y = value, the field's next value; false where no step is under way. */
bool recur_assign(Script *s, Object *object, const char *field, Value value);

#endif
