/* Calling a value.
 *
 * Models call what the script defines, and what it defines calls models: here
 * is the one knot of this layer. These functions are eval/call.c's; the rooms
 * below that one know them by these lines alone.
 */
#ifndef FLUXC_SCRIPT_CALL_H
#define FLUXC_SCRIPT_CALL_H

#include "script/value/value.h"

/* Calls any callable value. A model called with plain arrays outside of a trace
 * is compiled and run; plain functions, and models inside a trace, are
 * evaluated in place.
 */
Value call_value(Script *s, Value callee, const Args *args);
Value call_values(Script *s, Value callee, const Value *item, size_t count,
                  Span span);

/* Calls a function by its name, as the scope binds it. */
Value call_named(Script *s, Scope *scope, const char *name, const Value *item,
                 size_t count, Span span);

#endif
