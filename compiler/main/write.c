/* Writing files: whole or not at all. */
#define _POSIX_C_SOURCE 200809L
#include "main/commands.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Into a file beside the path, which then takes its place. */
static const char *
replace(const char *path, const char *temporary, const char *text, size_t size)
{
    FILE *file = fopen(temporary, "wb");
    if (file == NULL)
        return strerror(errno);
    bool written = fwrite(text, 1, size, file) == size;
    written = fflush(file) == 0 && written;
    int error = errno;
    if (fclose(file) != 0 && written) {
        error = errno;
        written = false;
    }
    if (written && rename(temporary, path) == 0)
        return NULL;
    error = written ? errno : error;
    unlink(temporary);
    return strerror(error);
}

/* Into what is there and cannot be replaced: /dev/stdout, a pipe. */
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

bool
write_file(Context *context, const char *path, const char *text, size_t size)
{
    const char *temporary =
        arena_printf(&context->arena, "%s.tmp%ld", path, (long)getpid());
    struct stat status;
    bool special = stat(path, &status) == 0 && !S_ISREG(status.st_mode) &&
                   !S_ISDIR(status.st_mode);
    const char *problem =
        special ? pour(path, text, size) : replace(path, temporary, text, size);
    if (problem == NULL)
        return true;
    diag_add(&context->diags, DIAG_file, (Span){0}, "cannot write %s: %s", path,
             problem);
    return false;
}
