/* gzip.c - unpacking gzip with zlib, where the build has it (FLUX_ZLIB). */
#include "runtime/error.h"
#include "runtime/file.h"

#include <stdlib.h>

int
flux_is_gzip(const unsigned char *bytes, size_t size)
{
    return size >= 2 && bytes[0] == 0x1f && bytes[1] == 0x8b;
}

#ifdef FLUX_ZLIB

#include <limits.h>
#include <zlib.h>

/* zlib counts in unsigned int. */
static uInt
gzip_some(size_t size)
{
    return size < UINT_MAX ? (uInt)size : UINT_MAX;
}

/* Room for more output: twice as much, but not beyond limit and the last zero;
 * 0 if there is no memory.
 */
static int
gzip_grow(unsigned char **to, size_t *room, size_t limit)
{
    size_t more = *room <= limit / 2 ? *room * 2 : limit;
    unsigned char *bigger = realloc(*to, more + 1);
    if (bigger == NULL)
        return 0;
    *to = bigger;
    *room = more;
    return 1;
}

/* Runs an initialised stream to the end of its input, or to limit. */
static flux_status
gzip_run(z_stream *z, size_t size, size_t limit, unsigned char **to,
         size_t *used, flux_error *err)
{
    size_t room = 0;
    size_t left = size;
    int code = Z_OK;
    *used = 0;
    if (limit > PTRDIFF_MAX / 2)
        limit = PTRDIFF_MAX / 2;
    size_t first = limit < 65536 ? limit : 65536;
    *to = malloc(first + 1);
    if (*to == NULL)
        return flux_error_set(err, FLUX_E_MEMORY, "out of memory");
    room = first;
    while (*used < limit) {
        if (*used == room && !gzip_grow(to, &room, limit))
            return flux_error_set(err, FLUX_E_MEMORY, "out of memory");
        uInt in = gzip_some(left);
        uInt out = gzip_some(room - *used);
        z->avail_in = in;
        z->next_out = *to + *used;
        z->avail_out = out;
        code = inflate(z, Z_NO_FLUSH);
        left -= in - z->avail_in;
        *used += out - z->avail_out;
        if (code == Z_STREAM_END && left == 0)
            break;
        if (code == Z_STREAM_END)
            code = inflateReset(z);
        if (code == Z_MEM_ERROR)
            return flux_error_set(err, FLUX_E_MEMORY, "out of memory");
        if (code == Z_BUF_ERROR && left == 0)
            return flux_error_set(err, FLUX_E_FORMAT,
                                  "the gzip data ends too "
                                  "early");
        if (code != Z_OK && code != Z_BUF_ERROR)
            return flux_error_set(err, FLUX_E_FORMAT, "damaged gzip data");
    }
    (*to)[*used] = 0;
    return FLUX_OK;
}

flux_status
flux_gunzip(const unsigned char *bytes, size_t size, size_t limit,
            unsigned char **to, size_t *to_size, flux_error *err)
{
    enum { GZIP_ONLY = 16 };
    z_stream z = {0};
    if (inflateInit2(&z, MAX_WBITS + GZIP_ONLY) != Z_OK)
        return flux_error_set(err, FLUX_E_MEMORY, "out of memory");
    z.next_in = (Bytef *)bytes;
    unsigned char *buffer = NULL;
    flux_status status = gzip_run(&z, size, limit, &buffer, to_size, err);
    inflateEnd(&z);
    if (status != FLUX_OK) {
        free(buffer);
        return status;
    }
    *to = buffer;
    return FLUX_OK;
}

#else

flux_status
flux_gunzip(const unsigned char *bytes, size_t size, size_t limit,
            unsigned char **to, size_t *to_size, flux_error *err)
{
    (void)bytes;
    (void)size;
    (void)limit;
    (void)to;
    (void)to_size;
    return flux_error_set(err, FLUX_E_UNSUPPORTED,
                          "gzip, and this build is without zlib: unpack the "
                          "file with gunzip, or install zlib's headers and "
                          "build again");
}

#endif

flux_status
flux_unpack(unsigned char **bytes, size_t *size, flux_error *err)
{
    unsigned char *plain = NULL;
    size_t length = 0;
    if (!flux_is_gzip(*bytes, *size))
        return FLUX_OK;
    flux_status status =
        flux_gunzip(*bytes, *size, SIZE_MAX, &plain, &length, err);
    if (status != FLUX_OK)
        return status;
    free(*bytes);
    *bytes = plain;
    *size = length;
    return FLUX_OK;
}
