/* A line of C that is too long, broken as clang-format 14 breaks it with the
 * repository's .clang-format.
 *
 * The line is read as pieces (line_piece.c), the pieces as expressions, which
 * say what it costs to begin a line with each (line_group.c). Of all the ways
 * to break the line, the one that costs least is found (line.c), by the rules
 * of what may, must and must not begin a line, and where (line_state.c).
 */
#ifndef FLUXC_EMIT_LINE_H
#define FLUXC_EMIT_LINE_H

#include "base/map.h"
#include "base/vec.h"

/* A line, indented by `indent`, as lines of at most `columns` where that can
 * be, joined by newlines. Only white space changes, and none inside of strings
 * and comments. What has no indentation is a declaration. A line stays whole if
 * it is a directive, begins with a space, or has brackets that do not pair or
 * are more than 50 deep.
 */
const char *line_break(Arena *arena, const char *line, int indent, int columns);

/* Lines that were broken, for as many columns. */
typedef struct {
    Map known; /* the number of a line, by what it has in common with others */
    VEC(const char *) broken;
} BrokenLines;

/* line_alike.c: the same, as a line before it that differs in digits alone. The
 * arena keeps what is noted.
 */
const char *line_break_alike(Arena *arena, BrokenLines *lines, const char *line,
                             int indent, int columns);

#endif
