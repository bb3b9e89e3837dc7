/* error.c - messages in a flux_error, sizes that cannot wrap, checks of memory.
 */
#include "runtime/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Control characters would break the one line; an incomplete last character,
 * cut by the room, would not be UTF-8.
 */
static void
error_clean(char *text)
{
    size_t length = strlen(text);
    for (size_t i = 0; i < length; i++)
        if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
            text[i] = '?';
    size_t start = length;
    while (start > 0 && ((unsigned char)text[start - 1] & 0xc0) == 0x80)
        start--;
    if (start == 0)
        return;
    unsigned char lead = (unsigned char)text[start - 1];
    size_t need = lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : lead >= 0xc0 ? 1 : 0;
    if (length - start < need)
        text[start - 1] = '\0';
}

flux_status
flux_error_set(flux_error *err, flux_status status, const char *format, ...)
{
    if (err == NULL)
        return status;
    va_list args;
    va_start(args, format);
    int length = vsnprintf(err->text, sizeof err->text, format, args);
    va_end(args);
    if (length < 0)
        err->text[0] = '\0';
    error_clean(err->text);
    return status;
}

void
flux_error_prefix(flux_error *err, const char *prefix)
{
    if (err == NULL)
        return;
    flux_error old = *err;
    flux_error_set(err, FLUX_OK, "%s: %s", prefix, old.text);
}

void
flux_shape_text(size_t rank, const size_t *dim, char *text, size_t room)
{
    size_t used = 0;
    int length = snprintf(text, room, "(");
    for (size_t i = 0; i < rank && length >= 0; i++) {
        used += (size_t)length;
        if (used >= room)
            return;
        length = snprintf(text + used, room - used, "%s%zu", i > 0 ? ", " : "",
                          dim[i]);
    }
    used += length > 0 ? (size_t)length : 0;
    if (used < room)
        snprintf(text + used, room - used, rank == 1 ? ",)" : ")");
}

size_t
flux_mul(size_t a, size_t b)
{
    if (a == SIZE_MAX || b == SIZE_MAX || (b != 0 && a > SIZE_MAX / b))
        return SIZE_MAX;
    return a * b;
}

size_t
flux_add(size_t a, size_t b)
{
    return a > SIZE_MAX - b ? SIZE_MAX : a + b;
}

size_t
flux_align(size_t size)
{
    return size > SIZE_MAX - 63 ? SIZE_MAX : FLUX_ALIGN(size);
}

size_t
flux_elements(size_t rank, const size_t *dim)
{
    size_t size = 1;
    for (size_t i = 0; i < rank; i++)
        size = flux_mul(size, dim[i]);
    return size;
}

flux_status
flux_disjoint(const flux_span *span, size_t count)
{
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < i; k++)
            if ((span[i].written || span[k].written) &&
                flux_overlap(span[i].start, span[i].bytes, span[k].start,
                             span[k].bytes))
                return FLUX_E_OVERLAP;
    return FLUX_OK;
}

void *
flux_alloc(size_t size)
{
    size_t bytes = flux_align(size == 0 ? 1 : size);
    if (bytes > PTRDIFF_MAX)
        return NULL;
    void *memory = aligned_alloc(64, bytes);
    if (memory != NULL)
        memset(memory, 0, bytes);
    return memory;
}
