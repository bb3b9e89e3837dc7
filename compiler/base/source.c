/* Source files: texts with a table of line starts. */
#include "base/source.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SOURCE_MAX ((size_t)64 << 20)
#define SENTINEL   16 /* zero bytes behind a text */

/* The starts of the lines; a byte order mark belongs to no line. */
static void
find_lines(Arena *arena, Source *source)
{
    uint32_t lines = 1;
    for (uint32_t i = 0; i < source->size; i++)
        lines += source->text[i] == '\n';
    source->line = ARENA_ARRAY(arena, uint32_t, lines);
    bool mark = source->size >= 3 && !memcmp(source->text, "\xEF\xBB\xBF", 3);
    source->line[0] = mark ? 3 : 0;
    for (uint32_t i = 0; i < source->size; i++)
        if (source->text[i] == '\n')
            source->line[++source->lines] = i + 1;
    source->lines = lines;
}

uint32_t
source_add(Sources *sources, const char *path, const char *text, size_t size)
{
    if (size > UINT32_MAX - SENTINEL || sources->count == UINT32_MAX - 1)
        base_out_of_memory();
    Arena *arena = sources->arena;
    Source *source = ARENA_NEW(arena, Source);
    char *copy = arena_alloc(arena, size + SENTINEL);
    if (size)
        memcpy(copy, text, size);
    source->path = arena_string(arena, path, strlen(path));
    source->text = copy;
    source->size = (uint32_t)size;
    find_lines(arena, source);

    if (sources->count + 1 >= sources->capacity) {
        uint32_t capacity = sources->capacity ? 2 * sources->capacity : 8;
        Source **item = ARENA_ARRAY(arena, Source *, capacity);
        if (sources->count)
            memcpy(item, sources->item, sources->count * sizeof *item);
        sources->item = item;
        sources->capacity = capacity;
    }
    if (!sources->count)
        sources->count = 1;
    sources->item[sources->count] = source;
    return sources->count++;
}

/* All of a file in memory that the caller frees; NULL with a problem. */
static char *
read_all(FILE *file, size_t *size, const char **problem)
{
    size_t capacity = (size_t)64 << 10;
    char *text = base_alloc(capacity);
    size_t count = 0;
    for (;;) {
        count += fread(text + count, 1, capacity - count, file);
        if (count < capacity)
            break;
        if (count > SOURCE_MAX)
            break;
        capacity *= 2;
        text = base_realloc(text, capacity);
    }
    *problem = NULL;
    if (ferror(file))
        *problem = strerror(errno);
    else if (count > SOURCE_MAX)
        *problem = "the file is larger than 64 MiB";
    *size = count;
    if (*problem) {
        free(text);
        return NULL;
    }
    return text;
}

uint32_t
source_read(Sources *sources, const char *path, const char **problem)
{
    FILE *file = fopen(path, "rb");
    const char *why = NULL;
    char *text = NULL;
    size_t size = 0;
    if (!file) {
        why = strerror(errno);
    } else {
        text = read_all(file, &size, &why);
        fclose(file);
    }
    uint32_t number = 0;
    if (text)
        number = source_add(sources, path, text, size);
    else
        *problem = arena_string(sources->arena, why, strlen(why));
    free(text);
    return number;
}

const Source *
source_get(const Sources *sources, uint32_t number)
{
    return number && number < sources->count ? sources->item[number] : NULL;
}

Place
source_place(const Source *source, uint32_t offset)
{
    if (offset > source->size)
        offset = source->size;
    uint32_t low = 0;
    uint32_t high = source->lines;
    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;
        if (source->line[middle] <= offset)
            low = middle;
        else
            high = middle;
    }
    Place place = {low + 1, 1};
    uint32_t i = source->line[low];
    while (i < offset) {
        size_t length = source_utf8(source->text + i, source->size - i);
        i += length ? (uint32_t)length : 1;
        /* Inside a character is at the character. */
        place.column += i <= offset;
    }
    return place;
}

const char *
source_line(const Source *source, uint32_t number, size_t *length)
{
    *length = 0;
    if (!number || number > source->lines)
        return "";
    uint32_t begin = source->line[number - 1];
    uint32_t end =
        number < source->lines ? source->line[number] - 1 : source->size;
    if (end > begin && source->text[end - 1] == '\r')
        end--;
    *length = end - begin;
    return source->text + begin;
}

size_t
source_utf8(const char *text, size_t left)
{
    const unsigned char *p = (const unsigned char *)text;
    size_t length = p[0] < 0x80                  ? 1
                    : p[0] < 0xC2 || p[0] > 0xF4 ? 0
                    : p[0] < 0xE0                ? 2
                    : p[0] < 0xF0                ? 3
                                                 : 4;
    if (!length || length > left)
        return 0;
    for (size_t i = 1; i < length; i++)
        if ((p[i] & 0xC0) != 0x80)
            return 0;
    bool outside =
        (p[0] == 0xE0 && p[1] < 0xA0) || (p[0] == 0xED && p[1] > 0x9F) ||
        (p[0] == 0xF0 && p[1] < 0x90) || (p[0] == 0xF4 && p[1] > 0x8F);
    return outside ? 0 : length;
}

size_t
source_encode(uint32_t c, char *to)
{
    if (c < 0x80) {
        to[0] = (char)c;
        return 1;
    }
    size_t length = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    for (size_t i = length - 1; i; i--) {
        to[i] = (char)(0x80 | (c & 0x3F));
        c >>= 6;
    }
    to[0] = (char)((0xF00 >> length & 0xFF) | c);
    return length;
}

Span
span_join(Span a, Span b)
{
    if (!span_known(a))
        return b;
    if (a.source == b.source && b.end > a.end)
        a.end = b.end;
    return a;
}

const char *
source_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}
