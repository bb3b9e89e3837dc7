/* remote_step.c - a training step on a device, with arrays of the host. A step
 * on a whole batch is one launch: its graph is made when the first one comes.
 */
#include "runtime/error.h"
#include "runtime/remote.h"

#include <string.h>

enum { STEP_WANTS = 4 + FLUX_MAX_PORTS };

/* The device's step of the same name. */
static const flux_trainer *
find_trainer(const flux_device *device, const flux_trainer *trainer)
{
    for (size_t i = 0; device->trainer[i] != NULL; i++) {
        const flux_trainer *own = device->trainer[i];
        if (own->abi == FLUX_ABI && strcmp(own->name, trainer->name) == 0 &&
            own->bytes == trainer->bytes &&
            own->takes_labels == trainer->takes_labels)
            return own;
    }
    return NULL;
}

/* Memory for a step's arrays, and an arena. */
static flux_status
step_memory(flux_remote_step *r, const flux_device *device, int by_label)
{
    const flux_model *model = device->model;
    flux_want want[STEP_WANTS];
    size_t count = 0;
    want[count++] = (flux_want){&r->m, model->bytes};
    want[count++] = (flux_want){&r->s, r->trainer->bytes};
    want[count++] = (flux_want){&r->loss, flux_dtype_size(model->dtype)};
    for (size_t i = 0; i < model->ninput; i++)
        want[count++] =
            (flux_want){&r->x[i], flux_port_bytes(&model->input[i], r->batch)};
    want[count++] =
        by_label
            ? (flux_want){&r->label, flux_mul(r->batch, sizeof(int32_t))}
            : (flux_want){&r->y, flux_port_bytes(r->trainer->target, r->batch)};
    return flux_place_open(&r->place, device, want, count,
                           r->trainer->arena(r->batch));
}

/* See remote.h. */
flux_status
flux_remote_step_open(flux_remote_step *r, const flux_device *device,
                      const flux_trainer *trainer, size_t batch, int by_label,
                      uint64_t seed, flux_error *err)
{
    flux_status status = flux_device_fits(device, trainer->model, err);
    if (status != FLUX_OK)
        return status;
    *r = (flux_remote_step){.batch = batch,
                            .trainer = find_trainer(device, trainer)};
    if (r->trainer == NULL)
        return flux_error_set(err, FLUX_E_MISMATCH,
                              "the device's model has no such step as %s",
                              trainer->name);
    status = step_memory(r, device, by_label);
    r->place.work.seed = seed;
    return flux_place_error(&r->place, flux_place_wait(&r->place, status), err);
}

void
flux_remote_step_close(flux_remote_step *r)
{
    if (r->place.device != NULL)
        r->place.device->drop(r->graph);
    r->graph = NULL;
    flux_place_close(&r->place);
}

flux_status
flux_remote_step_put(flux_remote_step *r, const void *m, const void *s)
{
    flux_place *p = &r->place;
    flux_status status = flux_place_copy(p, r->m, m, r->trainer->model->bytes);
    if (status == FLUX_OK)
        status = flux_place_copy(p, r->s, s, r->trainer->bytes);
    return flux_place_wait(p, status);
}

flux_status
flux_remote_step_get(flux_remote_step *r, void *m, void *s)
{
    flux_place *p = &r->place;
    flux_status status = flux_place_copy(p, m, r->m, r->trainer->model->bytes);
    if (status == FLUX_OK)
        status = flux_place_copy(p, s, r->s, r->trainer->bytes);
    return flux_place_wait(p, status);
}

/* Queues a step by its kernels. */
static flux_status
step_queue(flux_remote_step *r, size_t n)
{
    const void *const *x = (const void *const *)r->x;
    const flux_work *w = &r->place.work;
    if (r->label != NULL)
        return r->trainer->train_labels(r->s, r->m, x, r->label, n, r->loss, w);
    return r->trainer->train(r->s, r->m, x, r->y, n, r->loss, w);
}

/* Makes the graph of a step on a whole batch. */
static flux_status
step_capture(flux_remote_step *r)
{
    const flux_device *device = r->place.device;
    void *stream = r->place.work.stream;
    flux_status status = flux_place_said(&r->place, device->capture(stream));
    if (status != FLUX_OK)
        return status;
    status = step_queue(r, r->batch);
    flux_status made =
        flux_place_said(&r->place, device->graph(stream, &r->graph));
    if (status == FLUX_OK)
        status = made;
    if (status != FLUX_OK) {
        device->drop(r->graph);
        r->graph = NULL;
    }
    return status;
}

/* Queues a step on a whole batch as a graph. */
static flux_status
step_graph(flux_remote_step *r)
{
    flux_status status = r->graph == NULL ? step_capture(r) : FLUX_OK;
    if (status != FLUX_OK)
        return status;
    return flux_place_said(
        &r->place, r->place.device->run(r->place.work.stream, r->graph));
}

/* See remote.h. */
flux_status
flux_remote_step_train(flux_remote_step *r, const void *const *x, const void *y,
                       const int32_t *label, size_t n, void *loss)
{
    flux_place *p = &r->place;
    const flux_model *model = r->trainer->model;
    p->why = NULL;
    flux_status status =
        flux_place_ports(p, model->input, model->ninput, n, r->x, x);
    if (status == FLUX_OK && r->label != NULL)
        status = flux_place_copy(p, r->label, label, n * sizeof *label);
    else if (status == FLUX_OK)
        status =
            flux_place_copy(p, r->y, y, flux_port_bytes(r->trainer->target, n));
    if (status == FLUX_OK)
        status = p->device->graphs && n == r->batch ? step_graph(r)
                                                    : step_queue(r, n);
    if (status == FLUX_OK)
        status =
            flux_place_copy(p, loss, r->loss, flux_dtype_size(model->dtype));
    return flux_place_wait(p, status);
}
