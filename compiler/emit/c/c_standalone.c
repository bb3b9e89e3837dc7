/* --standalone: the text of headers in the place of their #includes, so that a
 * model's two files are all that a program needs.
 */
#include "emit/c/c_emit.h"

#include <string.h>

enum { PASTE_DEEP = 16 };

typedef struct {
    Writer *writer;
    const EmbeddedFile *done[64];
    int count;
} Paste;

static const EmbeddedFile *
find_embedded(const char *name, size_t length)
{
    for (const EmbeddedFile *file = embedded; file->name != NULL; file++) {
        if (strlen(file->name) == length &&
            memcmp(file->name, name, length) == 0)
            return file;
    }
    return NULL;
}

/* The name in `#include "name"`; NULL for any other line. */
static const EmbeddedFile *
included(const char *line)
{
    static const char start[] = "#include \"";
    if (strncmp(line, start, sizeof start - 1) != 0)
        return NULL;
    line += sizeof start - 1;
    return find_embedded(line, strcspn(line, "\"\n"));
}

static void
paste(Paste *p, const EmbeddedFile *file, int depth)
{
    bool body = strstr(file->name, "_body.h") != NULL;
    for (int i = 0; i < p->count && !body; i++) {
        if (p->done[i] == file)
            return;
    }
    if (!body && p->count < 64)
        p->done[p->count++] = file;
    for (const char *line = file->text; *line != 0 && depth < PASTE_DEEP;) {
        size_t length = strcspn(line, "\n");
        const EmbeddedFile *inner = included(line);
        if (inner != NULL) {
            paste(p, inner, depth + 1);
        } else {
            writer_raw(p->writer, arena_string(p->writer->arena, line, length));
            writer_raw(p->writer, "\n");
        }
        line += length + (line[length] != 0);
    }
}

void
emit_pasted(Writer *writer, const char *const *names)
{
    static const char no_library[] = "flux_library.h";
    Paste p = {.writer = writer};
    p.done[p.count++] = find_embedded(no_library, sizeof no_library - 1);
    if (strcmp(names[0], "flux.h") != 0) /* it is in the model's header */
        p.done[p.count++] = find_embedded("flux.h", strlen("flux.h"));
    for (size_t i = 0; names[i] != NULL; i++) {
        const EmbeddedFile *file = find_embedded(names[i], strlen(names[i]));
        if (file != NULL)
            paste(&p, file, 0);
    }
}
