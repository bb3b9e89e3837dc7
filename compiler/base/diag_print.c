/* Printing diagnostics: the place, the source line with carets under the span,
 * the stack of models, the hint. What comes from a source is made printable: a
 * control character or a byte that is not UTF-8 is shown as `?`.
 */
#include "base/diag.h"

#include <string.h>

#define LINE_SHOWN  120 /* code points of a source line */
#define FRAME_SHOWN 40  /* code points of an expression in a frame */

static const char *const severity_name[] = {"note", "warning", "error"};
static const char *const severity_colour[] = {"\033[1;36m", "\033[1;35m",
                                              "\033[1;31m"};

/* Whether the sequence is a mark over the character before it: no column. */
static bool
is_mark(const char *p, size_t length)
{
    const unsigned char *u = (const unsigned char *)p;
    if (length == 2)
        return u[0] == 0xCC || (u[0] == 0xCD && u[1] < 0xB0);
    return length == 3 && u[0] == 0xE2 && u[1] == 0x83 && u[2] >= 0x90;
}

/* Prints at most `limit` columns of text (file NULL: only counts them). */
static size_t
print_text(FILE *file, const char *text, size_t length, size_t limit)
{
    size_t columns = 0;
    for (size_t i = 0; i < length && columns < limit;) {
        size_t n = source_utf8(text + i, length - i);
        unsigned char c = (unsigned char)text[i];
        bool plain = n > 0 && c >= 0x20 && c != 0x7F &&
                     !(c == 0xC2 && (unsigned char)text[i + 1] < 0xA0);
        if (file && plain)
            fwrite(text + i, 1, n, file);
        else if (file)
            fputc(c == '\t' ? ' ' : '?', file);
        columns += !is_mark(text + i, n);
        i += n ? n : 1;
    }
    return columns;
}

static size_t
smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

static size_t
larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

static void
repeat(FILE *file, char c, size_t count)
{
    for (size_t i = 0; i < count; i++)
        fputc(c, file);
}

/* Where printing a long line starts, so that the span is seen. */
static size_t
line_start(const char *line, size_t before)
{
    size_t skip = before > LINE_SHOWN / 2 ? before - LINE_SHOWN / 4 : 0;
    while (skip && ((unsigned char)line[skip] & 0xC0) == 0x80)
        skip--;
    return skip;
}

static void
print_excerpt(FILE *file, const Source *source, Span span, bool colour)
{
    Place place = source_place(source, span.begin);
    size_t length;
    const char *line = source_line(source, place.line, &length);
    size_t line_at = (size_t)(line - source->text);
    size_t before = smaller(span.begin - line_at, length);
    size_t end = smaller(span.end - line_at, length);
    size_t skip = line_start(line, before);

    char number[24]; /* its width must not hang on what could be written */
    int digits =
        snprintf(number, sizeof number, "%lu", (unsigned long)place.line);
    fprintf(file, "  %s | ", number);
    print_text(file, line + skip, length - skip, LINE_SHOWN);
    fputs("\n  ", file);
    repeat(file, ' ', (size_t)digits);
    fputs(" | ", file);
    size_t shown = print_text(NULL, line + skip, before - skip, LINE_SHOWN);
    repeat(file, ' ', shown);
    size_t carets =
        print_text(NULL, line + before, end - before, LINE_SHOWN - shown);
    if (colour)
        fputs("\033[1;32m", file);
    repeat(file, '^', carets ? carets : 1);
    fputs(colour ? "\033[0m\n" : "\n", file);
}

/* The columns of the stack of models. */
typedef struct {
    size_t model;
    size_t place;
    size_t text;
} Widths;

static size_t
columns_of(const char *text)
{
    return print_text(NULL, text, strlen(text), (size_t)-1);
}

/* What a frame's span says, if it is within one line; its columns. */
static const char *
frame_text(const Source *source, Span span, size_t *length)
{
    *length = 0;
    if (!source || span.end <= span.begin || span.end > source->size)
        return "";
    *length = span.end - span.begin;
    const char *text = source->text + span.begin;
    if (memchr(text, '\n', *length) ||
        print_text(NULL, text, *length, FRAME_SHOWN + 1) > FRAME_SHOWN)
        *length = 0;
    return text;
}

/* "file:line" of a span, in a buffer; its columns. */
static size_t
frame_place(const Source *source, Span span, char *buffer, size_t size)
{
    buffer[0] = 0;
    if (source)
        snprintf(buffer, size, "%s:%lu", source->path,
                 (unsigned long)source_place(source, span.begin).line);
    return columns_of(buffer);
}

static void
print_frames(const Diags *diags, const Frame *innermost, FILE *file)
{
    char place[600];
    Widths width = {10, 0, 13};
    for (const Frame *frame = innermost; frame; frame = frame->caller) {
        const Source *source = source_get(diags->sources, frame->span.source);
        size_t length;
        const char *text = frame_text(source, frame->span, &length);
        size_t columns = print_text(NULL, text, length, FRAME_SHOWN);
        width.model = larger(width.model, columns_of(frame->model));
        width.place = larger(
            width.place, frame_place(source, frame->span, place, sizeof place));
        width.text = larger(width.text, columns);
    }
    for (const Frame *frame = innermost; frame; frame = frame->caller) {
        const Source *source = source_get(diags->sources, frame->span.source);
        size_t length;
        const char *text = frame_text(source, frame->span, &length);
        fputs("  in ", file);
        size_t at = print_text(file, frame->model, strlen(frame->model), 200);
        size_t columns = frame_place(source, frame->span, place, sizeof place);
        if (columns) {
            repeat(file, ' ',
                   width.model + 2 - (at < width.model ? at : width.model));
            print_text(file, place, strlen(place), sizeof place);
        }
        if (length || frame->shapes) {
            repeat(file, ' ', width.place + 3 - columns);
            at = print_text(file, text, length, FRAME_SHOWN);
        }
        if (frame->shapes) {
            repeat(file, ' ', width.text + 2 - at);
            print_text(file, frame->shapes, strlen(frame->shapes), 200);
        }
        fputc('\n', file);
    }
}

static void
print_one(const Diags *diags, const Diag *diag, FILE *file, bool colour)
{
    const DiagInfo *info = &diag_info[diag->code];
    const Source *source = source_get(diags->sources, diag->span.source);
    if (source) {
        Place place = source_place(source, diag->span.begin);
        fprintf(file, "%s:%lu:%lu: ", source->path, (unsigned long)place.line,
                (unsigned long)place.column);
    } else {
        fputs("fluxc: ", file);
    }
    fprintf(file, "%s%s[%s]%s: ", colour ? severity_colour[info->severity] : "",
            severity_name[info->severity], info->code, colour ? "\033[0m" : "");
    print_text(file, diag->message, strlen(diag->message), (size_t)-1);
    fputc('\n', file);
    if (source)
        print_excerpt(file, source, diag->span, colour);
    print_frames(diags, diag->frame, file);
    if (diag->hint)
        fprintf(file, "hint: %s\n", diag->hint);
}

void
diag_print(const Diags *diags, size_t first, FILE *file, bool colour)
{
    size_t shown = 0;
    for (size_t i = 0; i < diags->count; i++) {
        const Diag *diag = diags->item[i];
        shown += diag_info[diag->code].severity == SEVERITY_error;
        if (i >= first)
            print_one(diags, diag, file, colour);
    }
    if (diags->errors > shown && first < diags->count)
        fprintf(file, "fluxc: %zu more errors are not shown\n",
                diags->errors - shown);
}
