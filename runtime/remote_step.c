/* remote_step.c - a training step on a device, which has all the data: a step
 * is given the numbers of its samples. On a whole batch it is one launch, whose
 * graph is made when the first one comes.
 */
#include "runtime/error.h"
#include "runtime/remote.h"

#include <string.h>

enum { STEP_WANTS = 4 + 2 * (FLUX_MAX_PORTS + 1) };

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

/* Memory for a step's arrays and for n samples, and an arena. */
static flux_status
step_memory(flux_remote_step *r, const flux_device *device, size_t n)
{
    const flux_model *model = device->model;
    flux_want want[STEP_WANTS];
    size_t count = 0;
    want[count++] = (flux_want){&r->m, model->bytes};
    want[count++] = (flux_want){&r->s, r->trainer->bytes};
    want[count++] = (flux_want){&r->loss, flux_dtype_size(model->dtype)};
    want[count++] = (flux_want){&r->index, flux_mul(r->batch, sizeof(size_t))};
    for (size_t i = 0; i <= model->ninput; i++) {
        flux_column *c = &r->column[i];
        c->bytes = i < model->ninput ? flux_port_bytes(&model->input[i], 1)
                   : r->by_label     ? sizeof(int32_t)
                                     : flux_port_bytes(r->trainer->target, 1);
        want[count++] = (flux_want){&c->all, flux_mul(c->bytes, n)};
        want[count++] = (flux_want){&c->batch, flux_mul(c->bytes, r->batch)};
    }
    return flux_place_open(&r->place, device, want, count,
                           r->trainer->arena(r->batch));
}

/* All the data. */
static flux_status
step_data(flux_remote_step *r, const flux_data *data)
{
    size_t inputs = r->trainer->model->ninput;
    const void *last = r->by_label ? (const void *)data->label : data->y;
    flux_status status = FLUX_OK;
    for (size_t i = 0; i <= inputs && status == FLUX_OK; i++)
        status = flux_place_copy(&r->place, r->column[i].all,
                                 i < inputs ? data->x[i] : last,
                                 r->column[i].bytes * data->n);
    return status;
}

/* See remote.h. */
flux_status
flux_remote_step_open(flux_remote_step *r, const flux_device *device,
                      const flux_trainer *trainer, const flux_data *data,
                      size_t batch, int by_label, uint64_t seed,
                      flux_error *err)
{
    flux_status status = flux_device_fits(device, trainer->model, err);
    if (status != FLUX_OK)
        return status;
    *r = (flux_remote_step){.batch = batch,
                            .by_label = by_label,
                            .trainer = find_trainer(device, trainer)};
    if (r->trainer == NULL)
        return flux_error_set(err, FLUX_E_MISMATCH,
                              "the device's model has no such step as %s",
                              trainer->name);
    status = step_memory(r, device, data->n);
    r->place.work.seed = seed;
    if (status == FLUX_OK)
        status = step_data(r, data);
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
    flux_place *p = &r->place;
    size_t inputs = r->trainer->model->ninput;
    const void *x[FLUX_MAX_PORTS + 1];
    flux_status status = FLUX_OK;
    for (size_t i = 0; i <= inputs && status == FLUX_OK; i++) {
        const flux_column *c = &r->column[i];
        x[i] = c->batch;
        status = flux_place_said(p, p->device->gather(p->work.stream, c->batch,
                                                      c->all, r->index, n,
                                                      c->bytes));
    }
    if (status != FLUX_OK)
        return status;
    if (r->by_label)
        return r->trainer->train_labels(r->s, r->m, x, x[inputs], n, r->loss,
                                        &p->work);
    return r->trainer->train(r->s, r->m, x, x[inputs], n, r->loss, &p->work);
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
flux_remote_step_train(flux_remote_step *r, const size_t *index, size_t n,
                       void *loss)
{
    flux_place *p = &r->place;
    p->why = NULL;
    flux_status status = flux_place_copy(p, r->index, index, n * sizeof *index);
    if (status == FLUX_OK)
        status = p->device->graphs && n == r->batch ? step_graph(r)
                                                    : step_queue(r, n);
    if (status == FLUX_OK)
        status = flux_place_copy(p, loss, r->loss,
                                 flux_dtype_size(r->trainer->model->dtype));
    return flux_place_wait(p, status);
}
