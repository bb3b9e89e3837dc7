/* What the command line asks of a script that was evaluated. */
#ifndef FLUXC_SCRIPT_ENTRY_H
#define FLUXC_SCRIPT_ENTRY_H

#include "script/script.h"

/* Calls main(args…), with Strings, if the script defines it; false where that
 * failed (reported).
 */
bool script_call_main(Script *s, const char *const *argument, int arguments);

#endif
