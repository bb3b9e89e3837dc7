/* The lines of the layout: indentation, comments, blank lines.
 *
 * A line begins two columns right of the line where the innermost bracket or
 * block was opened, or of its statement where it continues one. Comments behind
 * code that began in one column on neighbouring lines go on doing so.
 */
#include "syntax/fmt.h"

#include "base/vec.h"

#include <string.h>

enum { INDENT = 2 };

/* A line of the result: its code is [begin, end) of the buffer. */
typedef struct {
    size_t begin;
    size_t end;
    const char *comment; /* behind the code, or NULL */
    size_t comment_size;
    size_t column; /* of the comment in the source */
    size_t gap;    /* spaces before it there */
    bool blank;    /* an empty line stands before */
} Line;

/* A bracket or block that is open. */
typedef struct {
    size_t indent; /* of the line of its opener */
    bool bracket;
} Opened;

typedef VEC(char) Text;

typedef struct {
    Arena *arena;
    const char *text;
    const FmtToken *token;
    const bool *glue;
    size_t indent; /* of the current line */
    Text code;
    VEC(Line) line;
    VEC(Opened) open;
} Layout;

static void
add(Layout *l, const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (text[i] != '\r')
            VEC_PUSH(l->arena, &l->code, text[i]);
    if (l->line.count > 0)
        l->line.item[l->line.count - 1].end = l->code.count;
}

static void
new_line(Layout *l, size_t indent, bool blank)
{
    Line line = {.begin = l->code.count, .end = l->code.count};
    line.blank = blank && l->line.count > 0;
    VEC_PUSH(l->arena, &l->line, line);
    l->indent = indent;
    for (size_t i = 0; i < indent; i++)
        add(l, " ", 1);
}

/* Code points of the last line of a text. */
static size_t
columns(const char *text, size_t size)
{
    size_t n = 0;
    for (size_t i = 0; i < size; i++) {
        n += ((unsigned char)text[i] & 0xC0) != 0x80;
        if (text[i] == '\n')
            n = 0;
    }
    return n;
}

static size_t
inner(const Layout *l)
{
    return l->open.count > 0 ? l->open.item[l->open.count - 1].indent + INDENT
                             : 0;
}

static bool
is_opener(FmtKind kind)
{
    return kind == FMT_BLOCK || kind == FMT_OPEN || kind == FMT_CALL;
}

static bool
is_closer(FmtKind kind)
{
    return kind == FMT_CLOSE || kind == FMT_END;
}

/* Whether a newline stands before token i. */
static bool
on_new_line(const Layout *l, size_t i)
{
    const FmtToken *t = &l->token[i];
    return i == 0 ||
           memchr(l->text + t[-1].end, '\n', t->begin - t[-1].end) != NULL;
}

/* Where a line that begins with token i stands. Closers at its beginning stand
 * under the lines of their openers.
 */
static size_t
indent_of(const Layout *l, size_t i, bool continues)
{
    size_t depth = l->open.count;
    for (size_t k = i; is_closer(l->token[k].kind) && depth > 0; k++) {
        if (k > i && on_new_line(l, k))
            break;
        depth--;
    }
    if (l->token[i].kind == FMT_MIDDLE && depth > 0)
        depth--;
    if (depth < l->open.count)
        return l->open.item[depth].indent;
    return inner(l) + (continues ? INDENT : 0);
}

/* The size of the comment at p: `# …` up to its line's end, or `#= … =#`. */
static size_t
comment_size(const char *p, const char *end)
{
    const char *q = p;
    if (p[1] != '=') {
        while (q < end && *q != '\n')
            q++;
        while (q > p && (q[-1] == ' ' || q[-1] == '\t' || q[-1] == '\r'))
            q--;
        return (size_t)(q - p);
    }
    size_t depth = 0;
    while (q < end) {
        if (q[0] == '#' && q[1] == '=') {
            depth++;
            q += 2;
        } else if (q[0] == '=' && q[1] == '#') {
            q += 2;
            if (--depth == 0)
                break;
        } else {
            q++;
        }
    }
    return (size_t)(q - p);
}

/* A comment behind code, whose place is settled at the end. */
static void
trailing(Layout *l, const char *comment, size_t size)
{
    Line *line = &l->line.item[l->line.count - 1];
    const char *p = comment;
    while (p > l->text && (p[-1] == ' ' || p[-1] == '\t'))
        p--;
    line->gap = (size_t)(comment - p);
    while (p > l->text && p[-1] != '\n')
        p--;
    line->comment = comment;
    line->comment_size = size;
    line->column = columns(p, (size_t)(comment - p));
}

/* What stands between token i and the one before: comments and newlines. */
typedef struct {
    size_t newlines; /* since the last comment */
    bool comment;    /* there was one */
    bool space;
} Gap;

/* Writes the comments before token i. */
static Gap
comments(Layout *l, size_t i, size_t from, bool continues)
{
    Gap gap = {.newlines = l->line.count == 0};
    bool opened = i > 0 && (l->token[i - 1].kind == FMT_OPEN ||
                            l->token[i - 1].kind == FMT_CALL);
    const char *end = l->text + l->token[i].begin;
    for (const char *p = l->text + from; p < end;) {
        if (*p != '#') {
            gap.newlines += *p == '\n';
            gap.space = true;
            p++;
            continue;
        }
        size_t size = comment_size(p, end);
        if (gap.newlines > 0) {
            size_t indent = inner(l) + (continues ? INDENT : 0);
            new_line(l, indent, gap.newlines > 1 && !opened);
            add(l, p, size);
        } else if (p[1] != '=') {
            trailing(l, p, size);
        } else {
            add(l, " ", gap.space);
            add(l, p, size);
        }
        gap = (Gap){.comment = true};
        opened = false;
        p += size;
    }
    return gap;
}

static void
track(Layout *l, const FmtToken *t)
{
    Opened opened = {l->indent, t->kind != FMT_BLOCK};
    if (is_opener(t->kind))
        VEC_PUSH(l->arena, &l->open, opened);
    else if (is_closer(t->kind) && l->open.count > 0)
        l->open.count--;
}

/* Whether a line that begins with token i goes on with a statement. In a
 * bracket it is an element.
 */
static bool
is_continued(const Layout *l, size_t i)
{
    const FmtToken *t = &l->token[i];
    bool bracket = l->open.count > 0 && l->open.item[l->open.count - 1].bracket;
    return i > 0 && !t->starts && !bracket && t->kind != FMT_END &&
           t->kind != FMT_MIDDLE;
}

/* Whether an empty line may stand before token i. */
static bool
may_be_blank(const Layout *l, size_t i)
{
    FmtKind kind = l->token[i].kind;
    bool opened = i > 0 && (l->token[i - 1].kind == FMT_OPEN ||
                            l->token[i - 1].kind == FMT_CALL);
    return !opened && !is_closer(kind) && kind != FMT_MIDDLE;
}

static void
lay_out(Layout *l, size_t count)
{
    size_t from = 0;
    for (size_t i = 0; i < count; i++) {
        const FmtToken *t = &l->token[i];
        bool continues = is_continued(l, i);
        Gap gap = comments(l, i, from, continues);
        from = t->end;
        if (t->kind == FMT_FILE_END)
            break;
        if (gap.newlines > 0)
            new_line(l, indent_of(l, i, continues),
                     gap.newlines > 1 && may_be_blank(l, i));
        else if (gap.comment ? gap.space : !l->glue[i])
            add(l, " ", 1);
        track(l, t);
        add(l, l->text + t->begin, t->end - t->begin);
    }
}

static size_t
width_of(const Layout *l, const Line *line)
{
    return columns(l->code.item + line->begin, line->end - line->begin);
}

/* The column of the comments of lines [first, last), which share one. */
static size_t
comment_column(const Layout *l, size_t first, size_t last)
{
    size_t width = 0;
    size_t gap = (size_t)-1;
    for (size_t i = first; i < last; i++) {
        const Line *line = &l->line.item[i];
        size_t w = width_of(l, line);
        width = w > width ? w : width;
        gap = line->gap < gap ? line->gap : gap;
    }
    return width + (gap > 0 ? gap : 1);
}

static void
put(Layout *l, Text *to, const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++)
        VEC_PUSH(l->arena, to, text[i]);
}

/* Lines [first, last), whose comments share a column, go to the result. */
static void
put_lines(Layout *l, Text *to, size_t first, size_t last)
{
    size_t column = comment_column(l, first, last);
    for (size_t i = first; i < last; i++) {
        const Line *line = &l->line.item[i];
        if (line->blank)
            put(l, to, "\n", 1);
        put(l, to, l->code.item + line->begin, line->end - line->begin);
        if (line->comment != NULL) {
            for (size_t w = width_of(l, line); w < column; w++)
                put(l, to, " ", 1);
            put(l, to, line->comment, line->comment_size);
        }
        put(l, to, "\n", 1);
    }
}

char *
fmt_text(Arena *arena, const char *text, const FmtToken *token, size_t count,
         size_t *length)
{
    Layout l = {.arena = arena, .text = text, .token = token};
    Text result = {0};
    l.glue = fmt_glue(arena, text, token, count);
    lay_out(&l, count);
    for (size_t i = 0; i < l.line.count;) {
        const Line *line = &l.line.item[i];
        size_t end = i + 1;
        while (line->comment != NULL && end < l.line.count &&
               l.line.item[end].comment != NULL &&
               l.line.item[end].column == line->column)
            end++;
        put_lines(&l, &result, i, end);
        i = end;
    }
    put(&l, &result, "", 1);
    *length = result.count - 1;
    return result.item;
}
