/* file.h - whole files: read into memory, unpacked from gzip, replaced safely.
 */
#ifndef FLUX_RUNTIME_FILE_H
#define FLUX_RUNTIME_FILE_H

#include "runtime/flux.h"

/* Reads a regular file; *bytes is malloc'ed and followed by a zero byte. */
flux_status flux_file_read(const char *path, unsigned char **bytes,
                           size_t *size, flux_error *err);

/* Whether the bytes start as gzip does. */
int flux_is_gzip(const unsigned char *bytes, size_t size);

/* Unpacks gzip, all members; *to is malloc'ed and followed by a zero byte. It
 * stops after `limit` bytes, which is no error. Without zlib:
 * FLUX_E_UNSUPPORTED, with a hint.
 */
flux_status flux_gunzip(const unsigned char *bytes, size_t size, size_t limit,
                        unsigned char **to, size_t *to_size, flux_error *err);

/* Replaces malloc'ed bytes that gzip has packed by what they are; leaves others
 * as they are, and all where it fails.
 */
flux_status flux_unpack(unsigned char **bytes, size_t *size, flux_error *err);

/* A file being written under a temporary name beside the final one. */
typedef struct flux_output {
    int fd;
    char *path;      /* the final name, links resolved */
    char *temporary; /* NULL: path is a device or pipe, written in place */
} flux_output;

/* Opens; writes; then either finish makes the file visible whole (write, sync,
 * rename, sync of the folder), or cancel leaves what was there before. Both
 * free the output, and a finish that fails cancels.
 */
flux_status flux_output_open(flux_output *out, const char *path,
                             flux_error *err);
flux_status flux_output_write(flux_output *out, const void *bytes, size_t size,
                              flux_error *err);
flux_status flux_output_finish(flux_output *out, flux_error *err);
void flux_output_cancel(flux_output *out);

#endif
