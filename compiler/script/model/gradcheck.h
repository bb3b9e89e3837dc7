/* Checking gradients: reverse mode against central differences and against
 * forward mode, in double.
 */
#ifndef FLUXC_SCRIPT_GRADCHECK_H
#define FLUXC_SCRIPT_GRADCHECK_H

#include "emit/emit.h"
#include "script/value/state.h"

/* @gradcheck m(x) tol = 1e-4: at x and the parameters as they are. Prints a
 * line for each name; a gradient that is wrong is an error.
 */
void gradcheck_call(Script *s, Value model, const char *name, const Args *args,
                    double tolerance, Span span);

/* fluxc gradcheck: a model as it would be exported, and the losses of its
 * trainers, at random points. Prints a table of each on s->options.out; what
 * is wrong is reported.
 */
void gradcheck_model(Script *s, const EmitModel *model);

#endif
