/* Tables that describe a model in C: flux_model, flux_trainer. */
#ifndef FLUXC_EMIT_C_TABLE_H
#define FLUXC_EMIT_C_TABLE_H

#include "emit/c/c_arguments.h"

const char *c_flux_type(DType dtype);
const char *c_table_dims(Arena *arena, int rank, const Dim *dim);

/* A row of a table: on one line, or one entry a line as clang-format has it. */
void c_table_row(Writer *writer, const char *const *entry, int count);

/* A field of a table, in the order of its struct: C++ has no names for them.
 * NULL is left out in C; so is the number 0.
 */
void c_field(Emit *emit, const char *name, const char *value);
void c_number_field(Emit *emit, const char *name, int value);

/* A pointer of a thunk as the function wants it: C++ has no conversion. */
const char *c_as_type(const Emit *emit, const char *type, const char *text);

/* "x[0], x[1], " for the inputs or the outputs of a model, or those of them
 * that have a derivative.
 */
typedef struct {
    const char *name;
    bool inputs;
    bool real;     /* those alone */
    bool optional; /* the array may be NULL */
    bool constant;
} Elements;
const char *c_elements(const Emit *emit, Elements e);

#endif
