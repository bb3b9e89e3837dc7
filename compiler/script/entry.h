/* What the command line asks of a script that was evaluated. */
#ifndef FLUXC_SCRIPT_ENTRY_H
#define FLUXC_SCRIPT_ENTRY_H

#include "script/script.h"

/* Calls main(args…), with Strings, if the script defines it; false where that
 * failed (reported).
 */
bool script_call_main(Script *s, const char *const *argument, int arguments);

/* A piece of a session: a source like that of a file, with steps of its own;
 * its value is echoed and bound to `ans`.
 */
bool script_run_piece(Script *s, uint32_t source);

/* Whether there is memory left to go on with. */
bool script_can_go_on(const Script *s);

#endif
