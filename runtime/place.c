/* place.c - memory of a device, and copies to and from it. */
#include "runtime/place.h"
#include "runtime/error.h"
#include "runtime/ports.h"

enum { PLACE_ALIGN = 256 };

/* Gives the next bytes away, where there are any; those that are used then. */
static size_t
place_take(const flux_place *p, void **at, size_t bytes, size_t used)
{
    if (p->memory != NULL)
        *at = (unsigned char *)p->memory + used;
    size_t pieces = flux_add(bytes, PLACE_ALIGN - 1) / PLACE_ALIGN;
    return bytes == SIZE_MAX ? SIZE_MAX
                             : flux_add(used, flux_mul(pieces, PLACE_ALIGN));
}

/* All arrays, the arena and the word; the bytes of all of it. */
static size_t
place_lay(flux_place *p, const flux_want *want, size_t count)
{
    void *fault = NULL;
    size_t used = place_take(p, &fault, sizeof *p->work.fault, 0);
    p->work.fault = fault;
    for (size_t i = 0; i < count; i++)
        used = place_take(p, want[i].at, want[i].bytes, used);
    return place_take(p, &p->work.arena, p->work.bytes, used);
}

/* See place.h. */
flux_status
flux_place_open(flux_place *p, const flux_device *device, const flux_want *want,
                size_t count, size_t arena)
{
    *p = (flux_place){.device = device, .work = {.bytes = arena}};
    size_t bytes = place_lay(p, want, count);
    if (bytes > PTRDIFF_MAX)
        return FLUX_E_MEMORY;
    flux_status status = flux_place_said(p, device->open(&p->work.stream));
    if (status != FLUX_OK)
        return status;
    status = flux_place_said(p, device->alloc(&p->memory, bytes));
    if (status != FLUX_OK)
        return FLUX_E_MEMORY;
    place_lay(p, want, count);
    return flux_place_clear(p, p->work.fault, sizeof *p->work.fault);
}

/* Waits, and frees all; does nothing where nothing is open. */
void
flux_place_close(flux_place *p)
{
    if (p->device != NULL)
        p->device->close(p->work.stream, p->memory);
    *p = (flux_place){0};
}

flux_status
flux_place_said(flux_place *p, const char *text)
{
    if (text == NULL)
        return FLUX_OK;
    p->why = text;
    return FLUX_E_DEVICE;
}

flux_status
flux_place_copy(flux_place *p, void *to, const void *from, size_t bytes)
{
    if (bytes == 0)
        return FLUX_OK;
    return flux_place_said(p, p->device->copy(p->work.stream, to, from, bytes));
}

flux_status
flux_place_ports(flux_place *p, const flux_port *port, size_t count, size_t n,
                 void *const *to, const void *const *from)
{
    flux_status status = FLUX_OK;
    for (size_t i = 0; i < count && status == FLUX_OK; i++)
        if (to[i] != NULL && from[i] != NULL)
            status = flux_place_copy(p, to[i], from[i],
                                     flux_port_bytes(&port[i], n));
    return status;
}

flux_status
flux_place_clear(flux_place *p, void *to, size_t bytes)
{
    if (bytes == 0)
        return FLUX_OK;
    return flux_place_said(p, p->device->clear(p->work.stream, to, bytes));
}

/* See place.h. */
flux_status
flux_place_wait(flux_place *p, flux_status status)
{
    const flux_device *device = p->device;
    int32_t word = 0;
    if (status == FLUX_OK && device->fault != NULL)
        status = flux_place_copy(p, &word, p->work.fault, sizeof word);
    if ((status == FLUX_E_DEVICE || status == FLUX_E_MEMORY) && p->why == NULL)
        p->why = device->failure();
    const char *text = device->wait(p->work.stream);
    if (status == FLUX_OK)
        status = flux_place_said(p, text);
    if (status == FLUX_OK && word != 0) {
        status = flux_place_clear(p, p->work.fault, sizeof word);
        if (status == FLUX_OK)
            p->why = device->fault(word);
        return status == FLUX_OK ? FLUX_E_LABEL : status;
    }
    if (status == FLUX_OK)
        p->why = NULL;
    return status;
}

flux_status
flux_place_error(const flux_place *p, flux_status status, flux_error *err)
{
    if (status == FLUX_OK)
        return status;
    return flux_error_set(err, status, "%s",
                          p->why != NULL ? p->why : flux_status_text(status));
}
