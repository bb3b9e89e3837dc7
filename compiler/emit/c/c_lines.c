/* Under -g: the lines of the user's source that code belongs to.
 *
 * Printers put a mark before what a line of the source has made, such as
 * `#line 5 "a.net"`, and LINES_END behind it. Here every statement between them
 * gets the directive, for a compiler counts on from it; what belongs to no line
 * of the source has the generated file's own.
 */
#include "emit/c/c_emit.h"

#include <string.h>

typedef struct {
    const char *text;
    size_t length;
} Line;

typedef struct {
    FILE *file;
    const char *own; /* the file's name */
    size_t printed;  /* lines */
    VEC(Line) mark;  /* those that hold, inner ones last */
    bool marked;     /* the compiler counts in another file */
    bool comment;    /* the line begins in one */
    bool begins;     /* a statement begins with the line */
    bool failed;     /* something was not written */
} Lines;

static void
print_line(Lines *lines, Line line)
{
    if (fwrite(line.text, 1, line.length, lines->file) != line.length)
        lines->failed = true;
    lines->printed++;
}

/* Whether a line has more than space, braces that close, or a comment. */
static bool
is_code(Lines *lines, Line line)
{
    size_t at = strspn(line.text, " ");
    const char *text = line.text + at;
    if (strncmp(text, "/*", 2) == 0)
        lines->comment = true;
    if (lines->comment) {
        size_t end = line.length;
        lines->comment = end < 3 || memcmp(line.text + end - 3, "*/\n", 3) != 0;
        return false;
    }
    return *text != '\n' && *text != '}' && *text != '#';
}

/* Whether a statement begins behind a line of code. */
static bool
is_end(Line line)
{
    const char *text = line.text + strspn(line.text, " ");
    bool head = strncmp(text, "for (", 5) == 0 || strncmp(text, "if (", 4) == 0;
    char last = line.text[line.length - 2];
    return strchr(";{}:", last) != NULL || (head && last == ')');
}

static void
print_code(Lines *lines, Line line)
{
    size_t marks = lines->mark.count;
    bool code = is_code(lines, line);
    if (code && lines->begins && marks > 0) {
        print_line(lines, lines->mark.item[marks - 1]);
        lines->marked = true;
    } else if (code && lines->begins && lines->marked) {
        lines->printed++;
        if (fprintf(lines->file, "#line %zu \"%s\"\n", lines->printed + 1,
                    lines->own) < 0)
            lines->failed = true;
        lines->marked = false;
    }
    print_line(lines, line);
    if (code)
        lines->begins = is_end(line);
}

bool
c_lines(const Emit *emit, FILE *file)
{
    Lines lines = {.file = file, .begins = true};
    lines.own = arena_printf(emit->arena, "%s.%s", emit->model->base,
                             emit->device ? "cu" : "c");
    Line line;
    for (const char *at = emit->source.text; *at != 0; at += line.length) {
        line = (Line){at, strcspn(at, "\n") + 1};
        if (strncmp(at, LINES_END, line.length) == 0)
            lines.mark.count--;
        else if (strncmp(at, "#line ", 6) == 0)
            VEC_PUSH(emit->arena, &lines.mark, line);
        else
            print_code(&lines, line);
    }
    return !lines.failed;
}
