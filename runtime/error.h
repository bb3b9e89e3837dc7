/* error.h - what every file of the runtime needs: writing a flux_error, sizes
 * that cannot wrap, checks of memory. */
#ifndef FLUX_RUNTIME_ERROR_H
#define FLUX_RUNTIME_ERROR_H

#include "runtime/flux.h"

#if defined(__GNUC__)
#define FLUX_PRINTF(text, first) __attribute__((format(printf, text, first)))
#else
#define FLUX_PRINTF(text, first)
#endif

/* Formats the message into err, unless err is NULL; returns status. */
flux_status flux_error_set(flux_error *err, flux_status status,
                           const char *format, ...) FLUX_PRINTF(3, 4);

/* Puts "prefix: " before the message in err, unless err is NULL. */
void flux_error_prefix(flux_error *err, const char *prefix);

/* "(784, 128)" into text; for messages that compare shapes. */
void flux_shape_text(size_t rank, const size_t *dim, char *text, size_t room);

/* a * b and a + b; SIZE_MAX where that overflows or a or b is SIZE_MAX, so that
 * one check at the end of a formula suffices.
 */
size_t flux_mul(size_t a, size_t b);
size_t flux_add(size_t a, size_t b);

/* size rounded up to 64; SIZE_MAX where that overflows. */
size_t flux_align(size_t size);

/* Elements of a shape; SIZE_MAX where that overflows. */
size_t flux_elements(size_t rank, const size_t *dim);

/* Memory that a call reads or writes. */
typedef struct flux_span {
    const void *start; /* NULL: none */
    size_t bytes;
    int written;
} flux_span;

/* FLUX_E_OVERLAP if a written span shares a byte with another, else FLUX_OK. */
flux_status flux_disjoint(const flux_span *span, size_t count);

/* Zeroed memory at a multiple of 64, at least one byte; NULL without room. */
void *flux_alloc(size_t size);

#endif
