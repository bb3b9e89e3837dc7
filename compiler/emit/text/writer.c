/* The line writer. */
#include "emit/text/writer.h"

#include <stdio.h>
#include <string.h>

void
writer_init(Writer *writer, Arena *arena)
{
    *writer = (Writer){.arena = arena};
    writer_raw(writer, "");
}

static void
put(Writer *writer, const char *text, size_t length)
{
    if (writer->capacity - writer->size < length + 1) {
        size_t capacity = 2 * (writer->size + length) + 512;
        char *room = arena_alloc(writer->arena, capacity);
        if (writer->size > 0)
            memcpy(room, writer->text, writer->size);
        writer->text = room;
        writer->capacity = capacity;
    }
    memcpy(writer->text + writer->size, text, length);
    writer->size += length;
    writer->text[writer->size] = 0;
}

void
writer_raw(Writer *writer, const char *text)
{
    put(writer, text, strlen(text));
}

void
writer_apart(Writer *writer)
{
    if (writer->size > 2 && writer->text[writer->size - 2] != '{' &&
        writer->text[writer->size - 2] != '\n')
        put(writer, "\n", 1);
}

void
writer_insert(Writer *writer, size_t at, const char *text, size_t length)
{
    if (length == 0)
        return;
    put(writer, text, length);
    size_t moved = writer->size - length - at;
    memmove(writer->text + at + length, writer->text + at, moved);
    memcpy(writer->text + at, text, length);
}

static void
put_indent(Writer *writer, int columns)
{
    for (int i = 0; i < columns; i++)
        put(writer, " ", 1);
}

static int
width_of(const char *text, size_t length)
{
    int width = 0;
    for (size_t i = 0; i < length; i++)
        width += ((unsigned char)text[i] & 0xc0) != 0x80;
    return width;
}

int
writer_width(const char *text)
{
    return width_of(text, strlen(text));
}

int
writer_room(const Writer *writer)
{
    return WRITER_COLUMNS - WRITER_INDENT * writer->depth;
}

/* What a comment has behind its first three columns, in lines that begin with
 * ` * ` and end between words.
 */
static void
put_words(Writer *writer, const char *text)
{
    int indent = WRITER_INDENT * writer->depth;
    int column = indent + 3;
    bool first = true;
    while (*text != 0) {
        size_t space = strspn(text, " ");
        size_t length = space + strcspn(text + space, " ");
        int width = width_of(text, length);
        if (!first && column + width > WRITER_COLUMNS) {
            put(writer, "\n", 1);
            put_indent(writer, indent);
            text += space;
            length -= space;
            bool end = strcmp(text, "*/") == 0;
            put(writer, end ? " " : " * ", end ? 1 : 3);
            column = indent + 3;
            width -= (int)space;
        }
        put(writer, text, length);
        text += length;
        column += width;
        first = false;
    }
    put(writer, "\n", 1);
}

void
writer_line(Writer *writer, const char *format, ...)
{
    va_list args;
    ArenaMark mark = arena_mark(writer->arena);
    const char *text = writer->text;
    size_t broken = writer->lines.broken.count;
    va_start(args, format);
    const char *line = arena_vprintf(writer->arena, format, args);
    va_end(args);
    size_t length = strlen(line);
    if (length == 0)
        return;
    if (line[0] == '}' && writer->depth > 0)
        writer->depth--;
    bool opens = line[length - 1] == '{';
    int indent = WRITER_INDENT * writer->depth;
    bool comment = strncmp(line, "/* ", 3) == 0 || strncmp(line, " * ", 3) == 0;
    if (indent + writer_width(line) > WRITER_COLUMNS && !comment)
        line = line_break_alike(writer->arena, &writer->lines, line, indent,
                                WRITER_COLUMNS);
    else
        put_indent(writer, indent);
    if (comment) {
        put(writer, line, 3);
        put_words(writer, line + 3);
    } else {
        writer_raw(writer, line);
        put(writer, "\n", 1);
    }
    if (opens)
        writer->depth++;
    /* Neither the text has moved behind the mark, nor a line is kept there. */
    if (writer->text == text && writer->lines.broken.count == broken)
        arena_rewind(writer->arena, &mark);
}

/* Lines of a macro, each of which has a `\` in the last column. */
static void
put_continued(Writer *writer, const char *text)
{
    for (const char *end; *text != 0; text = end) {
        size_t length = strcspn(text, "\n");
        end = text + length + (text[length] != 0);
        const char *line = arena_string(writer->arena, text, length);
        writer_raw(writer, line);
        if (*end != 0) {
            int room = WRITER_COLUMNS - 1 - writer_width(line);
            put_indent(writer, room > 0 ? room : 1);
            put(writer, "\\", 1);
        }
        put(writer, "\n", 1);
    }
}

void
writer_macro(Writer *writer, const char *head, const char *body)
{
    int width = writer_width(body);
    bool one = writer_width(head) + width + 9 <= WRITER_COLUMNS;
    if (!one && WRITER_INDENT + width > WRITER_COLUMNS)
        body =
            line_break(writer->arena, body, WRITER_INDENT, WRITER_COLUMNS - 2);
    else if (!one)
        body = arena_printf(writer->arena, "%*s%s", WRITER_INDENT, "", body);
    put_continued(writer, arena_printf(writer->arena, "#define %s%s%s", head,
                                       one ? " " : "\n", body));
}

void
writer_comment(Writer *writer, const char *text)
{
    int indent = WRITER_INDENT * writer->depth;
    if (indent + writer_width(text) + 6 <= WRITER_COLUMNS) {
        writer_line(writer, "/* %s */", text);
        return;
    }
    writer_line(writer, "/* %s", text);
    writer_line(writer, " */");
}
