/* remote.c - a model on a device, called with arrays of the host. Parameters
 * and gradients stay there until the host asks for them.
 */
#include "runtime/remote.h"
#include "runtime/error.h"

#include <stdlib.h>

enum { REMOTE_WANTS = 3 + 3 * FLUX_MAX_PORTS };

static const flux_model *
remote_model(const flux_remote *r)
{
    return r->place.device->model;
}

/* Arrays for a batch of each port. */
static size_t
want_ports(flux_want *want, const flux_port *port, size_t count, size_t batch,
           void **at)
{
    for (size_t i = 0; i < count; i++)
        want[i] = (flux_want){&at[i], flux_port_bytes(&port[i], batch)};
    return count;
}

/* The largest arena that a call needs. */
static size_t
remote_arena(const flux_model *model, size_t batch, int back)
{
    size_t forward = model->arena(model, batch);
    if (!back || model->back == NULL)
        return forward;
    size_t more = model->back_arena(model, batch);
    return forward > more ? forward : more;
}

/* See remote.h. */
flux_status
flux_remote_open(flux_remote *r, const flux_device *device, size_t batch,
                 int back)
{
    const flux_model *model = device->model;
    flux_want want[REMOTE_WANTS];
    size_t count = 0;
    *r = (flux_remote){.m.bytes = model->bytes,
                       .g.bytes = back ? model->grad_bytes : 0};
    size_t one = flux_mul(model->state, flux_dtype_size(model->dtype));
    want[count++] = (flux_want){&r->m.device, r->m.bytes};
    want[count++] = (flux_want){&r->g.device, r->g.bytes};
    want[count++] = (flux_want){&r->state, flux_mul(one, batch)};
    count += want_ports(want + count, model->input, model->ninput, batch, r->x);
    count +=
        want_ports(want + count, model->output, model->noutput, batch, r->y);
    count += want_ports(want + count, model->input, model->ninput,
                        back ? batch : 0, r->dx);
    flux_status status = flux_place_open(&r->place, device, want, count,
                                         remote_arena(model, batch, back));
    if (status == FLUX_OK)
        status = flux_place_clear(&r->place, r->m.device, r->m.bytes);
    if (status == FLUX_OK)
        status = flux_place_clear(&r->place, r->g.device, r->g.bytes);
    return flux_place_wait(&r->place, status);
}

void
flux_remote_close(flux_remote *r)
{
    flux_place_close(&r->place);
    free(r->m.host);
    free(r->g.host);
    *r = (flux_remote){0};
}

flux_status
flux_remote_put(flux_remote *r, const void *m)
{
    return flux_place_wait(
        &r->place, flux_place_copy(&r->place, r->m.device, m, r->m.bytes));
}

/* See remote.h. */
void *
flux_remote_lend(flux_remote *r, flux_lent *lent)
{
    flux_place *p = &r->place;
    p->why = NULL;
    if (lent->host == NULL)
        lent->host = flux_alloc(lent->bytes);
    if (lent->host == NULL || lent->out)
        return lent->host;
    flux_status status = flux_place_wait(
        p, flux_place_copy(p, lent->host, lent->device, lent->bytes));
    lent->out = status == FLUX_OK;
    return lent->out ? lent->host : NULL;
}

/* The first of each call: what was lent is the device's again. */
static flux_status
remote_begin(flux_remote *r)
{
    flux_place *p = &r->place;
    flux_lent *lent[] = {&r->m, &r->g};
    flux_status status = FLUX_OK;
    p->why = NULL;
    for (int i = 0; i < 2; i++)
        if (lent[i]->out && status == FLUX_OK)
            status = flux_place_copy(p, lent[i]->device, lent[i]->host,
                                     lent[i]->bytes);
    if (status == FLUX_OK && (r->m.out || r->g.out))
        status = flux_place_wait(p, status);
    if (status == FLUX_OK)
        r->m.out = r->g.out = 0;
    return status;
}

flux_status
flux_remote_init(flux_remote *r, uint64_t seed)
{
    const flux_model *model = remote_model(r);
    return flux_place_wait(&r->place, model->init(model, r->m.device, seed));
}

flux_status
flux_remote_reset(flux_remote *r, size_t n)
{
    const flux_model *model = remote_model(r);
    flux_status status = remote_begin(r);
    if (status == FLUX_OK)
        status = model->reset(model, r->m.device, r->state, n);
    return flux_place_wait(&r->place, status);
}

/* See remote.h. */
flux_status
flux_remote_forward(flux_remote *r, const void *const *x, size_t n,
                    void *const *y)
{
    flux_place *p = &r->place;
    const flux_model *model = remote_model(r);
    const void *const *out = (const void *const *)y;
    flux_status status = remote_begin(r);
    if (status == FLUX_OK &&
        !(flux_ports_there(model->input, model->ninput, x, 0) &&
          flux_ports_there(model->output, model->noutput, out, 0)))
        status = FLUX_E_NULL;
    if (status == FLUX_OK)
        status = flux_place_ports(p, model->input, model->ninput, n, r->x, x);
    if (status == FLUX_OK)
        status = model->forward(model, r->m.device, (const void *const *)r->x,
                                n, r->y, &p->work);
    if (status == FLUX_OK)
        status = flux_place_ports(p, model->output, model->noutput, n, y,
                                  (const void *const *)r->y);
    return flux_place_wait(p, status);
}

/* See remote.h. */
flux_status
flux_remote_back(flux_remote *r, const void *const *dy, const void *const *x,
                 size_t n, void *const *dx)
{
    flux_place *p = &r->place;
    const flux_model *model = remote_model(r);
    void *from[FLUX_MAX_PORTS];
    void *to[FLUX_MAX_PORTS];
    for (size_t i = 0; i < model->noutput; i++)
        from[i] = r->y[i];
    for (size_t i = 0; i < model->ninput; i++)
        to[i] = dx[i] != NULL ? r->dx[i] : NULL;
    flux_ports_real(model->output, model->noutput, from);
    flux_ports_real(model->input, model->ninput, to);
    flux_status status = remote_begin(r);
    if (status == FLUX_OK &&
        !(flux_ports_there(model->input, model->ninput, x, 0) &&
          flux_ports_there(model->output, model->noutput, dy, 1)))
        status = FLUX_E_NULL;
    if (status == FLUX_OK)
        status = flux_place_ports(p, model->input, model->ninput, n, r->x, x);
    if (status == FLUX_OK)
        status =
            flux_place_ports(p, model->output, model->noutput, n, r->y, dy);
    if (status == FLUX_OK)
        status = model->back(model, r->m.device, (const void *const *)from,
                             (const void *const *)r->x, n, r->g.device, to,
                             &p->work);
    for (size_t i = 0; i < model->ninput && status == FLUX_OK; i++)
        if (dx[i] != NULL && flux_port_real(&model->input[i]))
            status = flux_place_copy(p, dx[i], r->dx[i],
                                     flux_port_bytes(&model->input[i], n));
    return flux_place_wait(p, status);
}

flux_status
flux_remote_update(flux_remote *r, double eta)
{
    const flux_model *model = remote_model(r);
    flux_status status = remote_begin(r);
    if (status == FLUX_OK)
        status = model->update(model, r->m.device, r->g.device, eta);
    return flux_place_wait(&r->place, status);
}
