/* Source files and places in them. */
#ifndef FLUXC_BASE_SOURCE_H
#define FLUXC_BASE_SOURCE_H

#include "base/arena.h"

#include <stdbool.h>
#include <stdint.h>

typedef struct {
    const char *path; /* as it is shown */
    const char *text; /* UTF-8, ended by 16 zero bytes */
    uint32_t size;
    uint32_t *line; /* the offset at which each line starts */
    uint32_t lines;
} Source;

/* A range of bytes of one source; source 0 is "nowhere". */
typedef struct {
    uint32_t source;
    uint32_t begin;
    uint32_t end;
} Span;

typedef struct {
    uint32_t line;   /* from 1 */
    uint32_t column; /* from 1, in code points */
} Place;

typedef struct {
    Arena *arena;
    Source **item; /* item[0] is NULL */
    uint32_t count;
    uint32_t capacity;
} Sources;

/* Adds a text under a path; gives its number, never 0. */
uint32_t source_add(Sources *sources, const char *path, const char *text,
                    size_t size);

/* Reads a file (at most 64 MiB); 0 with *problem set if that fails. */
uint32_t source_read(Sources *sources, const char *path, const char **problem);

const Source *source_get(const Sources *sources, uint32_t number);
Place source_place(const Source *source, uint32_t offset);

/* The text of line `number` (from 1), without its end. */
const char *source_line(const Source *source, uint32_t number, size_t *length);

/* A path without its folders. */
const char *source_name(const char *path);

/* The length of the UTF-8 sequence that `left` bytes begin with (Unicode
 * Standard, table 3-7); 0 if it is malformed or cut short.
 */
size_t source_utf8(const char *text, size_t left);

/* Writes a code point as UTF-8 to `to`, which has room for 4 bytes; gives how
 * many.
 */
size_t source_encode(uint32_t c, char *to);

/* From the beginning of a to the end of b, if both lie in one source. */
Span span_join(Span a, Span b);
static inline bool
span_known(Span span)
{
    return span.source != 0;
}

#endif
