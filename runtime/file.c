/* file.c - reading whole files, and replacing files so that a reader sees the
 * old content or the new, never a part.
 */
#define _POSIX_C_SOURCE 200809L
#define _XOPEN_SOURCE   700

#include "runtime/file.h"
#include "runtime/error.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static flux_status
file_error(flux_error *err, const char *path)
{
    return flux_error_set(err, FLUX_E_IO, "%s: %s", path, strerror(errno));
}

/* Reads until size bytes or the end of the file; -1 is an error. */
static ptrdiff_t
file_fill(int fd, unsigned char *bytes, size_t size)
{
    size_t used = 0;
    while (used < size) {
        ssize_t some = read(fd, bytes + used, size - used);
        if (some < 0 && errno == EINTR)
            continue;
        if (some < 0)
            return -1;
        if (some == 0)
            break;
        used += (size_t)some;
    }
    return (ptrdiff_t)used;
}

static flux_status
file_read_open(int fd, const char *path, unsigned char **bytes, size_t *size,
               flux_error *err)
{
    struct stat info;
    if (fstat(fd, &info) != 0)
        return file_error(err, path);
    if (!S_ISREG(info.st_mode))
        return flux_error_set(err, FLUX_E_IO, "%s: not a regular file", path);
    if ((uintmax_t)info.st_size >= PTRDIFF_MAX)
        return flux_error_set(err, FLUX_E_SIZE, "%s: too large", path);
    unsigned char *buffer = malloc((size_t)info.st_size + 1);
    if (buffer == NULL)
        return flux_error_set(err, FLUX_E_MEMORY,
                              "%s: no memory for its %ju bytes", path,
                              (uintmax_t)info.st_size);
    ptrdiff_t length = file_fill(fd, buffer, (size_t)info.st_size);
    if (length < 0) {
        flux_status status = file_error(err, path);
        free(buffer);
        return status;
    }
    buffer[length] = 0;
    *bytes = buffer;
    *size = (size_t)length;
    return FLUX_OK;
}

flux_status
flux_file_read(const char *path, unsigned char **bytes, size_t *size,
               flux_error *err)
{
    if (path == NULL)
        return flux_error_set(err, FLUX_E_NULL, "no file name");
    /* A pipe without a writer would block open() for ever. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return file_error(err, path);
    flux_status status = file_read_open(fd, path, bytes, size, err);
    close(fd);
    return status;
}

/* path with symbolic links resolved, so that the file is replaced and not the
 * link; path itself where there is no such file yet. malloc'ed.
 */
static char *
output_resolve(const char *path)
{
    char *real = realpath(path, NULL);
    if (real != NULL)
        return real;
    size_t size = strlen(path) + 1;
    char *copy = malloc(size);
    if (copy != NULL)
        memcpy(copy, path, size);
    return copy;
}

/* A new file beside out->path: its own name, the process, a number. */
static flux_status
output_temporary(flux_output *out, flux_error *err)
{
    size_t room = strlen(out->path) + 48;
    out->temporary = malloc(room);
    if (out->temporary == NULL)
        return flux_error_set(err, FLUX_E_MEMORY, "out of memory");
    for (unsigned i = 0; i < 1000; i++) {
        snprintf(out->temporary, room, "%s.%ld.%u.tmp", out->path,
                 (long)getpid(), i);
        out->fd =
            open(out->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (out->fd >= 0)
            return FLUX_OK;
        if (errno != EEXIST)
            break;
    }
    flux_status status = file_error(err, out->path);
    free(out->temporary);
    out->temporary = NULL;
    return status;
}

flux_status
flux_output_open(flux_output *out, const char *path, flux_error *err)
{
    *out = (flux_output){.fd = -1};
    if (path == NULL)
        return flux_error_set(err, FLUX_E_NULL, "no file name");
    out->path = output_resolve(path);
    if (out->path == NULL)
        return flux_error_set(err, FLUX_E_MEMORY, "out of memory");
    struct stat info;
    int exists = stat(out->path, &info) == 0;
    flux_status status = FLUX_OK;
    if (exists && S_ISDIR(info.st_mode)) {
        status = flux_error_set(err, FLUX_E_IO, "%s: is a folder", path);
    } else if (exists && !S_ISREG(info.st_mode)) {
        out->fd = open(out->path, O_WRONLY | O_CLOEXEC);
        if (out->fd < 0)
            status = file_error(err, path);
    } else {
        status = output_temporary(out, err);
        if (status == FLUX_OK && exists &&
            fchmod(out->fd, info.st_mode & 0777) != 0)
            status = file_error(err, path);
    }
    if (status != FLUX_OK)
        flux_output_cancel(out);
    return status;
}

flux_status
flux_output_write(flux_output *out, const void *bytes, size_t size,
                  flux_error *err)
{
    const unsigned char *from = bytes;
    while (size > 0) {
        ssize_t some = write(out->fd, from, size);
        if (some < 0 && errno == EINTR)
            continue;
        if (some < 0)
            return file_error(err, out->path);
        from += some;
        size -= (size_t)some;
    }
    return FLUX_OK;
}

/* Makes the rename durable; a file system that cannot is not an error. */
static void
output_sync_folder(const char *path)
{
    const char *slash = strrchr(path, '/');
    char *folder = NULL;
    if (slash != NULL) {
        size_t length = slash == path ? 1 : (size_t)(slash - path);
        folder = calloc(length + 1, 1);
        if (folder == NULL)
            return;
        memcpy(folder, path, length);
    }
    int fd = open(folder == NULL ? "." : folder, O_RDONLY | O_CLOEXEC);
    if (fd >= 0) {
        (void)fsync(fd);
        close(fd);
    }
    free(folder);
}

flux_status
flux_output_finish(flux_output *out, flux_error *err)
{
    flux_status status = FLUX_OK;
    if (out->temporary != NULL && fsync(out->fd) != 0)
        status = file_error(err, out->path);
    int closed = close(out->fd);
    out->fd = -1;
    if (status == FLUX_OK && closed != 0)
        status = file_error(err, out->path);
    if (status == FLUX_OK && out->temporary != NULL) {
        if (rename(out->temporary, out->path) != 0) {
            status = file_error(err, out->path);
        } else {
            output_sync_folder(out->path);
            free(out->temporary);
            out->temporary = NULL;
        }
    }
    flux_output_cancel(out);
    return status;
}

void
flux_output_cancel(flux_output *out)
{
    if (out->fd >= 0)
        close(out->fd);
    if (out->temporary != NULL)
        (void)unlink(out->temporary);
    free(out->temporary);
    free(out->path);
    *out = (flux_output){.fd = -1};
}
