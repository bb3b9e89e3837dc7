/* evaluate.c - how well a model does on data: share of right classes, squared
 * error.
 */
#include "runtime/error.h"
#include "runtime/remote.h"

#include <stdlib.h>

/* One value of an output or target, f32 or f64. */
static double
value_at(flux_dtype dtype, const void *data, size_t i)
{
    if (dtype == FLUX_F64)
        return ((const double *)data)[i];
    return (double)((const float *)data)[i];
}

/* The class that a vector stands for: the first largest element, or, of one
 * element, 1 from 0.5 on. SIZE_MAX if a value is not a number.
 */
static size_t
class_of(flux_dtype dtype, const void *data, size_t size)
{
    double best = value_at(dtype, data, 0);
    size_t class = 0;
    for (size_t i = 0; i < size; i++) {
        double value = value_at(dtype, data, i);
        if (value != value)
            return SIZE_MAX;
        if (value > best) {
            best = value;
            class = i;
        }
    }
    return size == 1 ? (size_t)(best >= 0.5) : class;
}

/* Sums over samples, before they become means. */
typedef struct Sums {
    double right;
    double error;
} Sums;

/* Adds sample s of data, whose output is y. */
static flux_status
sample_score(const flux_port *port, const void *y, const flux_data *data,
             size_t s, Sums *sums)
{
    size_t size = port->size;
    const unsigned char *target = data->y;
    size_t classes = size == 1 ? 2 : size;
    size_t class = 0;
    if (target != NULL)
        target += s * size * flux_dtype_size(port->dtype);
    if (data->label != NULL) {
        if (data->label[s] < 0 || (size_t)data->label[s] >= classes)
            return FLUX_E_LABEL;
        class = (size_t)data->label[s];
    } else {
        class = class_of(port->dtype, target, size);
    }
    if (class == class_of(port->dtype, y, size) && class != SIZE_MAX)
        sums->right += 1.0;
    for (size_t i = 0; i < size; i++) {
        double want = size == 1 ? (double)class : (double)(i == class);
        if (target != NULL)
            want = value_at(port->dtype, target, i);
        double off = value_at(port->dtype, y, i) - want;
        sums->error += off * off;
    }
    return FLUX_OK;
}

/* What a run needs: memory for the outputs of a batch, and an arena, or a
 * device, which is not open on the CPU.
 */
typedef struct Run {
    const flux_model *model;
    const void *m;
    const flux_data *data;
    size_t batch;
    void *y[FLUX_MAX_PORTS];
    flux_work work;
    flux_remote remote;
} Run;

static flux_status
run_batch(Run *run, size_t first, size_t some, Sums *sums)
{
    const flux_model *model = run->model;
    const void *x[FLUX_MAX_PORTS];
    flux_ports_seek(model->input, model->ninput, run->data->x, first, x);
    flux_status status =
        run->remote.place.device != NULL
            ? flux_remote_forward(&run->remote, x, some, run->y)
            : model->forward(model, run->m, x, some, run->y, &run->work);
    const flux_port *port = &model->output[0];
    size_t bytes = port->size * flux_dtype_size(port->dtype);
    for (size_t s = 0; s < some && status == FLUX_OK; s++) {
        const unsigned char *y = run->y[0];
        status = sample_score(port, y + s * bytes, run->data, first + s, sums);
    }
    return status;
}

static flux_status
run_check(const flux_model *model, const flux_data *data)
{
    if (model == NULL || data == NULL || data->x == NULL ||
        (data->y == NULL && data->label == NULL))
        return FLUX_E_NULL;
    if (model->abi != FLUX_ABI)
        return FLUX_E_ABI;
    if (model->noutput == 0 || !flux_ports_fixed(model))
        return FLUX_E_UNSUPPORTED;
    flux_dtype dtype = model->output[0].dtype;
    if (dtype != FLUX_F32 && dtype != FLUX_F64)
        return FLUX_E_UNSUPPORTED;
    return data->n == 0 ? FLUX_E_SIZE : FLUX_OK;
}

/* The model with its parameters on a device. */
static flux_status
run_open(Run *run, const flux_device *device, flux_error *err)
{
    flux_status status = flux_device_fits(device, run->model, err);
    if (status != FLUX_OK)
        return status;
    status = flux_remote_open(&run->remote, device, run->batch, 0);
    if (status == FLUX_OK)
        status = flux_remote_put(&run->remote, run->m);
    return flux_place_error(&run->remote.place, status, err);
}

static flux_status
run_allocate(Run *run, const flux_device *device)
{
    const flux_model *model = run->model;
    if (device == NULL) {
        run->work.bytes = model->arena(model, run->batch);
        run->work.arena = flux_alloc(run->work.bytes);
        if (run->work.arena == NULL)
            return FLUX_E_MEMORY;
    }
    for (size_t i = 0; i < model->noutput; i++) {
        run->y[i] = flux_alloc(flux_port_bytes(&model->output[i], run->batch));
        if (run->y[i] == NULL)
            return FLUX_E_MEMORY;
    }
    return FLUX_OK;
}

static void
run_free(Run *run)
{
    free(run->work.arena);
    for (size_t i = 0; i < run->model->noutput; i++)
        free(run->y[i]);
    flux_remote_close(&run->remote);
}

/* Means over the data, batch samples at a time; see flux_device.h. */
flux_status
flux_evaluate_on(const flux_model *model, const flux_device *device,
                 const void *m, const flux_data *data, size_t batch,
                 flux_scores *scores, flux_error *err)
{
    flux_status status = run_check(model, data);
    if (status != FLUX_OK)
        return flux_error_set(err, status, "%s", flux_status_text(status));
    Run run = {.model = model, .m = m, .data = data};
    run.batch = batch == 0 ? 256 : batch;
    run.batch = run.batch < data->n ? run.batch : data->n;
    Sums sums = {0.0, 0.0};
    if (device != NULL)
        status = run_open(&run, device, err);
    int open = status == FLUX_OK;
    if (open)
        status = run_allocate(&run, device);
    for (size_t first = 0; first < data->n && status == FLUX_OK;) {
        size_t left = data->n - first;
        size_t some = left < run.batch ? left : run.batch;
        status = run_batch(&run, first, some, &sums);
        first += some;
    }
    if (open)
        flux_place_error(&run.remote.place, status, err);
    run_free(&run);
    if (status == FLUX_OK && scores != NULL)
        *scores = (flux_scores){sums.right / (double)data->n,
                                sums.error / (double)data->n};
    return status;
}

/* Means over the data, on the CPU; see flux.h. */
flux_status
flux_evaluate(const flux_model *model, const void *m, const flux_data *data,
              size_t batch, flux_scores *scores)
{
    return flux_evaluate_on(model, NULL, m, data, batch, scores, NULL);
}

/* The share of samples whose class is right; see flux.h. */
flux_status
flux_accuracy(const flux_model *model, const void *m, const flux_data *data,
              size_t batch, double *accuracy)
{
    flux_scores scores;
    flux_status status = flux_evaluate(model, m, data, batch, &scores);
    if (status == FLUX_OK && accuracy != NULL)
        *accuracy = scores.accuracy;
    return status;
}
