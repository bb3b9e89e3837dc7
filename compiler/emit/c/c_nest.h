/* What a nest names of what is around it: c_nest.c's. */
#ifndef FLUXC_EMIT_C_NEST_H
#define FLUXC_EMIT_C_NEST_H

#include "base/map.h"
#include "emit/c/c_print.h"

/* Something from around a nest: memory, or a value. */
typedef struct {
    int buffer; /* -1: none */
    int value;  /* -1: none */
    bool stored;
    bool asked; /* whether it is there is looked at */
    const char *name;
    const char *actual;
    size_t first; /* 1 + the first use of an array, and the last */
    size_t last;
} NestParam;

/* A buffer that a nest reaches through a parameter, and how it is reached
 * around it.
 */
typedef struct {
    int buffer;
    int storage; /* schedule_memory's */
    size_t param;
    Memory memory;
    size_t next; /* 1 + the next use of the same parameter; 0: none */
} NestUse;

/* The variable of a loop over blocks: its names in a nest, and around it. */
typedef struct {
    int var;
    const char *name;
    const char *end;
    const char *actual;
} NestBlock;

/* All of it. The printer is that in whose scope the names are. */
typedef struct {
    Printer *printer;
    VEC(NestParam) param;
    VEC(NestUse) use;
    Map known;            /* arrays among the parameters, by their text */
    VEC(NestBlock) block; /* those around it, outer ones first */
    const char *turns;    /* a flat nest's, or NULL */
    bool rooms;           /* threads share it: its rooms, not what is in them */
} NestParams;

/* c_nest_params.c: a printer of a nest, in a scope of its own, where all has
 * its name; back to the names around it. The arguments of its call, but for the
 * instruction set, of those names that part_names has found.
 */
void nest_begin(NestParams *params, Printer *own, Printer *around,
                const Stmt *stmt, Writer *body);
void nest_end(NestParams *params);
const char *nest_arguments(const NestParams *params, const Printer *around);

#endif
