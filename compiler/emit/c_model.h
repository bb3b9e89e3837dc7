/* What the files about the generated C share. */
#ifndef FLUXC_EMIT_C_MODEL_H
#define FLUXC_EMIT_C_MODEL_H

#include "emit/c_print.h"
#include "emit/emit.h"

/* c_memory.c: the bytes of the arena, as a constant expression over the named
 * dimensions; "0" where none is needed.
 */
const char *c_arena_size(Printer *printer);

/* Declares a pointer for each buffer in the arena, whose base is named. */
void c_arena_pointers(Printer *printer, const char *base);

/* Writes the graph's constant arrays as static tables, and names them. */
void c_tables(Printer *printer);

/* One constant array as a table. */
void c_table(Writer *writer, const char *declaration, const Tensor *data);

/* Whether each buffer is used by a statement. */
bool *schedule_used(Schedule *s);

#endif
