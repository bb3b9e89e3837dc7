/* Lines that differ in digits alone are broken alike.
 *
 * No digit says more than another to who breaks a line: equal layers, whose
 * lines name `layer7` and `layer8`, have theirs broken once.
 */
#include "emit/text/line.h"

#include <ctype.h>
#include <string.h>

/* What a line has in common with those alike, and its indentation. */
static const char *
key_of(Arena *arena, const char *line, int indent)
{
    size_t length = strlen(line);
    char *key = arena_alloc(arena, length + 2);
    key[0] = (char)(1 + indent);
    for (size_t i = 0; i < length; i++)
        key[1 + i] = isdigit((unsigned char)line[i]) ? '0' : line[i];
    return key;
}

static bool
is_space(char c)
{
    return c == ' ' || c == '\n';
}

/* The lines that another one was broken into, with the bytes of this one. */
static const char *
lay_alike(Arena *arena, const char *broken, const char *line)
{
    char *text = arena_string(arena, broken, strlen(broken));
    for (char *p = text; *p != 0; p++) {
        if (is_space(*p))
            continue;
        line += strspn(line, " ");
        *p = *line++;
    }
    return text;
}

const char *
line_break_alike(Arena *arena, BrokenLines *lines, const char *line, int indent,
                 int columns)
{
    const char *key = key_of(arena, line, indent);
    int known = map_get(&lines->known, key);
    if (known >= 0)
        return lay_alike(arena, lines->broken.item[known], line);
    const char *text = line_break(arena, line, indent, columns);
    lines->known.arena = arena;
    map_put(&lines->known, key, (int)lines->broken.count);
    VEC_PUSH(arena, &lines->broken, text);
    return text;
}
