/* Writing files: whole or not at all, and those that belong together all or
 * none. Each is written beside its place, then each takes its place.
 */
#define _POSIX_C_SOURCE 200809L
#include "main/commands.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Writes a file; NULL, or why not. */
static const char *
pour(const char *path, const char *text, size_t size)
{
    FILE *file = fopen(path, "wb");
    if (file == NULL)
        return strerror(errno);
    bool written = fwrite(text, 1, size, file) == size;
    int error = errno;
    if (fclose(file) != 0 && written) {
        error = errno;
        written = false;
    }
    return written ? NULL : strerror(error);
}

/* Whether a path is there and cannot be replaced: /dev/stdout, a pipe. */
static bool
is_special(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && !S_ISREG(status.st_mode) &&
           !S_ISDIR(status.st_mode);
}

static bool
is_folder(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

/* The file beside the path that will take its place. */
static const char *
beside(Context *context, const char *path)
{
    return arena_printf(&context->arena, "%s.tmp%ld", path, (long)getpid());
}

static const char *
prepare(Context *context, const FileText *text)
{
    if (is_special(text->path))
        return NULL;
    if (is_folder(text->path))
        return strerror(EISDIR);
    return pour(beside(context, text->path), text->text, text->size);
}

static const char *
finish(Context *context, const FileText *text)
{
    if (is_special(text->path))
        return pour(text->path, text->text, text->size);
    return rename(beside(context, text->path), text->path) == 0
               ? NULL
               : strerror(errno);
}

bool
write_files(Context *context, const FileText *text, int count)
{
    const char *problem = NULL;
    int at = 0;
    for (int i = 0; i < 2 * count && problem == NULL; i++) {
        at = i % count;
        problem = i < count ? prepare(context, &text[at])
                            : finish(context, &text[at]);
    }
    if (problem == NULL)
        return true;
    for (int i = 0; i < count; i++) {
        if (!is_special(text[i].path))
            unlink(beside(context, text[i].path));
    }
    diag_add(&context->diags, DIAG_file, (Span){0}, "cannot write %s: %s",
             text[at].path, problem);
    return false;
}
