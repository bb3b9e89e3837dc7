/* A script, as the command line asks for it. */
#ifndef FLUXC_SCRIPT_SCRIPT_H
#define FLUXC_SCRIPT_SCRIPT_H

#include "script/value/state.h"

/* A Script on a context, with the standard library evaluated. False where that
 * failed (reported).
 */
bool script_init(Script *s, Context *context, const ScriptOptions *options);
void script_free(Script *s);

/* Evaluates a file; false if an error was reported. */
bool script_run_file(Script *s, const char *path);

/* A piece of a session: a source like that of a file, with steps of its own;
 * its value is echoed and bound to `ans`.
 */
bool script_run_piece(Script *s, uint32_t source);

/* Calls main(args…), with Strings, if the script defines it; false where that
 * failed (reported).
 */
bool script_call_main(Script *s, const char *const *argument, int arguments);

/* Whether there is memory left to go on with. */
bool script_can_go_on(const Script *s);

#endif
