/* What the files of explain share. */
#ifndef FLUXC_EMIT_EXPLAIN_INNER_H
#define FLUXC_EMIT_EXPLAIN_INNER_H

#include "pass/schedule.h"

/* explain_why.c: why a kernel that reads a buffer is not one with the kernel
 * that made it.
 */
const char *explain_why(Schedule *s, Stmt *maker, Stmt *user, int buffer);

#endif
