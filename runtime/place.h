/* place.h - memory of a device, in one piece, and what is done there: calls of
 * a flux_device, whose texts become a flux_status.
 */
#ifndef FLUX_RUNTIME_PLACE_H
#define FLUX_RUNTIME_PLACE_H

#include "runtime/flux_device.h"

typedef struct flux_place {
    const flux_device *device; /* NULL: none is open */
    void *memory;
    flux_work work;  /* the stream; a word for faults; the arena */
    const char *why; /* what has failed since the last wait, or NULL */
} flux_place;

/* An array that shall be there: where its address goes, and its bytes. */
typedef struct flux_want {
    void **at;
    size_t bytes;
} flux_want;

/* Takes memory for the arrays and for an arena. What has been taken when this
 * fails is freed by flux_place_close.
 */
flux_status flux_place_open(flux_place *p, const flux_device *device,
                            const flux_want *want, size_t count, size_t arena);
void flux_place_close(flux_place *p);

/* These queue work: a copy between the host and the device, or of either; a
 * batch of each port; zeroes.
 */
flux_status flux_place_copy(flux_place *p, void *to, const void *from,
                            size_t bytes);
flux_status flux_place_ports(flux_place *p, const flux_port *port, size_t count,
                             size_t n, void *const *to,
                             const void *const *from);
flux_status flux_place_clear(flux_place *p, void *to, size_t bytes);

/* The status of a call of CUDA that says `text`. */
flux_status flux_place_said(flux_place *p, const char *text);

/* Waits for what is queued, also where the status is an error, which is the
 * result then. FLUX_E_LABEL: a kernel has found a number outside its range.
 */
flux_status flux_place_wait(flux_place *p, flux_status status);

/* Why a status is an error, in words, into err; returns it. */
flux_status flux_place_error(const flux_place *p, flux_status status,
                             flux_error *err);

#endif
