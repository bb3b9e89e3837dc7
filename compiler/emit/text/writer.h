/* The line writer: statements in, formatted text out.
 *
 * A line that ends in `{` indents what follows, one that begins with `}` ends
 * that. A line of more than 80 columns is broken as line.h says, one of a
 * comment between words.
 */
#ifndef FLUXC_EMIT_WRITER_H
#define FLUXC_EMIT_WRITER_H

#include "base/context.h"
#include "emit/text/line.h"

enum { WRITER_COLUMNS = 80, WRITER_INDENT = 4 };

typedef struct {
    Arena *arena;
    char *text; /* ended by 0 */
    size_t size;
    size_t capacity;
    int depth;
    BrokenLines lines;
} Writer;

void writer_init(Writer *writer, Arena *arena);

/* One line or statement, made as by printf, without its newline. */
void writer_line(Writer *writer, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* `#define HEAD BODY`, broken where a line is too short for it. */
void writer_macro(Writer *writer, const char *head, const char *body);

/* As it is, for text of more lines and directives. */
void writer_raw(Writer *writer, const char *text);

/* A blank line, but not where a block begins or one is. */
void writer_apart(Writer *writer);

/* Puts text before what has been written from `at` on. */
void writer_insert(Writer *writer, size_t at, const char *text, size_t length);

/* A comment, as one line or as a paragraph of words. */
void writer_comment(Writer *writer, const char *text);

/* The columns that a line has at the present depth. */
int writer_room(const Writer *writer);

/* The columns of a UTF-8 text. */
int writer_width(const char *text);

#endif
