/* json.h - a strict reader of JSON texts whose form is known: the caller asks
 * for what must come next. The first thing that is not so is kept as the error,
 * and everything asked after it fails.
 */
#ifndef FLUX_RUNTIME_JSON_H
#define FLUX_RUNTIME_JSON_H

#include <stddef.h>

typedef struct flux_json {
    const char *start;
    const char *at;
    const char *end;
    char *pool;       /* decoded strings; as long as the text */
    const char *what; /* the error; NULL: none */
} flux_json;

/* Whether the next character, after white space, is c; takes it. */
int flux_json_next(flux_json *j, char c);

/* The same, but anything else is an error. */
int flux_json_expect(flux_json *j, char c);

/* A string, decoded into the pool; NULL on an error. It has no NUL inside. */
const char *flux_json_string(flux_json *j);

/* A non-negative integer; 0 on an error. */
size_t flux_json_size(flux_json *j);

/* Whether nothing but white space is left; else an error. */
int flux_json_end(flux_json *j);

/* Bytes of the UTF-8 character at text (RFC 3629: no overlong forms, no
 * surrogates, at most U+10FFFF); 0 if it is none.
 */
size_t flux_utf8(const char *text, const char *end);

#endif
