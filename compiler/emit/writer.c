/* The line writer. */
#include "emit/writer.h"

#include <stdio.h>
#include <string.h>

enum { WRITER_DEEP = 32, WRITER_LEVELS = 8 };

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
        size_t capacity = 2 * (writer->size + length) + 4096;
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

int
writer_width(const char *text)
{
    int width = 0;
    for (; *text != 0; text++)
        width += ((unsigned char)*text & 0xc0) != 0x80;
    return width;
}

int
writer_room(const Writer *writer)
{
    return WRITER_COLUMNS - WRITER_INDENT * writer->depth;
}

/* A place where a line may end: what comes next, how deep it is in brackets and
 * operators, and the column at which it goes on.
 */
typedef struct {
    size_t at;
    int depth;
    int column;
} Break;

/* How loosely the operator before a space binds: 1 for ||; 0 if none is there.
 * A line may end behind it.
 */
static int
ends_operator(const char *line, size_t space)
{
    static const struct {
        const char *text;
        int level;
    } operators[] = {{"||", 1}, {"&&", 2}, {"==", 3}, {"!=", 3}, {"<", 4},
                     {">", 4},  {"+", 5},  {"-", 5},  {"*", 6},  {"/", 6}};
    for (size_t i = 0; i < sizeof operators / sizeof *operators; i++) {
        size_t length = strlen(operators[i].text);
        if (space > length && line[space - length - 1] == ' ' &&
            memcmp(line + space - length, operators[i].text, length) == 0)
            return operators[i].level;
    }
    return 0;
}

/* The best place to break a line that starts at a column: the outermost, and of
 * those the last that fits; at = 0 if there is none. What follows a break goes
 * on at its own column.
 */
static Break
find_break(const char *line, int start, bool first, int columns)
{
    Break best = {0, WRITER_LEVELS * WRITER_DEEP, 0};
    int open[WRITER_DEEP];
    int depth = 0;
    int column = start;
    int equals = 0;  /* the column behind a top-level `=` */
    size_t rest = 0; /* what begins there */
    bool string = false;
    for (size_t i = 0; line[i] != 0; i++) {
        column += ((unsigned char)line[i] & 0xc0) != 0x80;
        if (line[i] == '"' && (i == 0 || line[i - 1] != '\\'))
            string = !string;
        if (string)
            continue;
        if (strchr("([{", line[i]) != NULL && depth < WRITER_DEEP - 1)
            open[depth++] = column;
        if (strchr(")]}", line[i]) != NULL && depth > 0)
            depth--;
        if (line[i] != ' ' || i == 0 || column - 1 > columns)
            continue;
        bool comma = line[i - 1] == ',';
        bool assign =
            line[i - 1] == '=' && i > 1 && line[i - 2] == ' ' && depth == 0;
        if (assign) {
            equals = column;
            rest = i + 1;
        }
        int level = ends_operator(line, i);
        if (!comma && !assign && level == 0)
            continue;
        Break here = {i + 1, WRITER_LEVELS * depth + level,
                      depth > 0 ? open[depth - 1] : equals};
        if (assign)
            here = (Break){i + 1, WRITER_LEVELS * WRITER_DEEP - 1,
                           start + WRITER_INDENT};
        if (depth == 0 && equals == 0)
            here.column = first ? start + WRITER_INDENT : start;
        if (here.depth <= best.depth)
            best = here;
    }
    if (rest > 0 &&
        start + WRITER_INDENT + writer_width(line + rest) <= columns)
        return (Break){rest, 0, start + WRITER_INDENT};
    return best;
}

/* Where the parts of a choice outside of brackets begin, `? a` and `: b`, and
 * the column behind the `=` before it; false if there is none.
 */
typedef struct {
    size_t then;
    size_t otherwise;
    int column;
} Choice;

static bool
find_choice(const char *line, int start, Choice *choice)
{
    int depth = 0;
    *choice = (Choice){.column = start};
    for (size_t i = 0; line[i] != 0 && choice->otherwise == 0; i++) {
        depth += strchr("([{", line[i]) != NULL;
        depth -= strchr(")]}", line[i]) != NULL;
        bool alone =
            depth == 0 && i > 0 && line[i - 1] == ' ' && line[i + 1] == ' ';
        if (alone && line[i] == '=')
            choice->column = start + (int)i + 2;
        else if (alone && line[i] == '?' && choice->then == 0)
            choice->then = i;
        else if (alone && line[i] == ':')
            choice->otherwise = i;
        else if (line[i] == '"')
            return false;
    }
    return choice->then > 0 && choice->otherwise > 0;
}

/* A choice that does not fit in a line: before `:`, or before both. False where
 * its parts do not fit either.
 */
static bool
put_choice(Writer *writer, const char *line, int start, int columns)
{
    Choice c;
    if (!find_choice(line, start, &c))
        return false;
    int deep = start + (int)c.then;
    int last = writer_width(line + c.otherwise);
    int then = (int)(c.otherwise - c.then) - 1;
    bool one = deep + then <= columns && deep + last <= columns;
    if (!one)
        deep = c.column + WRITER_INDENT;
    if (start + (int)c.then - 1 > columns || deep + then > columns ||
        deep + last > columns ||
        start + WRITER_INDENT + writer_width(line) - (c.column - start) <=
            columns)
        return false;
    put_indent(writer, start);
    put(writer, line, (one ? c.otherwise : c.then) - 1);
    if (!one) {
        put(writer, "\n", 1);
        put_indent(writer, deep);
        put(writer, line + c.then, c.otherwise - c.then - 1);
    }
    put(writer, "\n", 1);
    put_indent(writer, deep);
    put(writer, line + c.otherwise, strlen(line + c.otherwise));
    put(writer, "\n", 1);
    return true;
}

/* A text from a column on, in lines of which each but the last is of at most
 * `columns` and has what ends it.
 */
static void
put_broken(Writer *writer, const char *line, int column, int columns,
           const char *end)
{
    bool first = true;
    put_indent(writer, column);
    while (column + writer_width(line) > WRITER_COLUMNS) {
        Break at = find_break(line, column, first, columns);
        if (at.at == 0)
            break;
        put(writer, line, at.at - 1);
        if (*end != 0) {
            const char *part = arena_string(writer->arena, line, at.at - 1);
            put_indent(writer, columns + 1 - column - writer_width(part));
        }
        put(writer, end, strlen(end));
        put(writer, "\n", 1);
        put_indent(writer, at.column);
        line += at.at;
        column = at.column;
        first = false;
    }
    put(writer, line, strlen(line));
    put(writer, "\n", 1);
}

void
writer_line(Writer *writer, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const char *line = arena_vprintf(writer->arena, format, args);
    va_end(args);
    size_t length = strlen(line);
    if (length == 0)
        return;
    if (line[0] == '}' && writer->depth > 0)
        writer->depth--;
    int indent = WRITER_INDENT * writer->depth;
    if (indent + writer_width(line) <= WRITER_COLUMNS ||
        !put_choice(writer, line, indent, WRITER_COLUMNS))
        put_broken(writer, line, indent, WRITER_COLUMNS, "");
    if (line[length - 1] == '{')
        writer->depth++;
}

void
writer_macro(Writer *writer, const char *head, const char *body)
{
    const char *line = arena_printf(writer->arena, "#define %s %s", head, body);
    bool fits = writer_width(line) <= WRITER_COLUMNS;
    if (!fits)
        line = arena_printf(writer->arena, "#define %s", head);
    put(writer, line, strlen(line));
    if (!fits) {
        int room = WRITER_COLUMNS - 1 - writer_width(line);
        put_indent(writer, room > 0 ? room : 1);
        put(writer, "\\\n", 2);
        put_broken(writer, body, WRITER_INDENT, WRITER_COLUMNS - 2, "\\");
        return;
    }
    put(writer, "\n", 1);
}

void
writer_comment(Writer *writer, const char *text)
{
    int indent = WRITER_INDENT * writer->depth;
    if (indent + writer_width(text) + 6 <= WRITER_COLUMNS) {
        writer_line(writer, "/* %s */", text);
        return;
    }
    int column = indent + 3;
    put_indent(writer, indent);
    put(writer, "/* ", 3);
    bool first = true;
    while (*text != 0) {
        size_t length = strcspn(text, " ");
        const char *word = arena_string(writer->arena, text, length);
        int width = writer_width(word);
        if (!first && column + 1 + width > WRITER_COLUMNS) {
            put(writer, "\n", 1);
            put_indent(writer, indent);
            put(writer, " * ", 3);
            column = indent + 3;
        } else if (!first) {
            put(writer, " ", 1);
            column++;
        }
        put(writer, word, length);
        column += width;
        text += length;
        text += strspn(text, " ");
        first = false;
    }
    put(writer, "\n", 1);
    put_indent(writer, indent);
    put(writer, " */\n", 4);
}
