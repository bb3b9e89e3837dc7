/* train.c - the training loop for C programs: epochs over shuffled batches, a
 * progress bar, validation, early stopping that keeps the best parameters.
 */
#include "kernels/flux_random.h"
#include "runtime/error.h"
#include "runtime/progress.h"
#include "runtime/remote.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* All that one call of flux_train owns or looks at. */
typedef struct Training {
    const flux_trainer *trainer;
    void *state;
    void *m;
    const flux_data *data;
    flux_train_options options; /* defaults filled in */
    flux_train_result result;
    flux_error *err;
    int by_label;
    size_t *order;           /* of the samples in this epoch */
    void *x[FLUX_MAX_PORTS]; /* one batch, gathered */
    void *y;
    int32_t *label;
    flux_best own;   /* without options.best; its m is NULL without patience */
    flux_best *best; /* that, or options.best */
    flux_work work;
    flux_remote_step remote; /* open where options.device is not NULL */
    double started;
} Training;

/* The epoch that training begins with. */
static size_t
training_start(const Training *t)
{
    return t->options.from.epoch > 0 ? t->options.from.epoch : 1;
}

static flux_status
training_error(Training *t, flux_status status)
{
    return flux_place_error(&t->remote.place, status, t->err);
}

/* What the caller knows of the epochs before. */
static flux_status
training_check_best(const Training *t)
{
    const flux_best *best = t->options.best;
    const size_t bytes = t->trainer->model->bytes;
    if (t->options.validation == NULL)
        return t->options.patience == 0 && best == NULL
                   ? FLUX_OK
                   : flux_error_set(
                         t->err, FLUX_E_NULL, "%s needs validation data",
                         best == NULL ? "patience" : "the best epoch");
    if (best == NULL)
        return FLUX_OK;
    if (best->m == NULL && bytes > 0)
        return flux_error_set(t->err, FLUX_E_NULL,
                              "no memory for the best epoch's parameters");
    if (flux_overlap(best->m, bytes, t->m, bytes))
        return flux_error_set(t->err, FLUX_E_OVERLAP,
                              "the best epoch's parameters are the model's");
    if (best->epoch >= training_start(t) && best->epoch > 0)
        return flux_error_set(t->err, FLUX_E_SIZE,
                              "training begins with epoch %zu, but its best "
                              "one so far is %zu",
                              training_start(t), best->epoch);
    return FLUX_OK;
}

static flux_status
training_check(Training *t)
{
    const flux_trainer *trainer = t->trainer;
    const flux_data *d = t->data;
    if (trainer == NULL || t->state == NULL || d == NULL || d->x == NULL ||
        (t->m == NULL && trainer->model->bytes > 0))
        return flux_error_set(t->err, FLUX_E_NULL,
                              "no trainer, state, model or data");
    if (trainer->abi != FLUX_ABI || trainer->model->abi != FLUX_ABI)
        return training_error(t, FLUX_E_ABI);
    if (!flux_ports_fixed(trainer->model))
        return flux_error_set(t->err, FLUX_E_UNSUPPORTED,
                              "the model's inputs have no fixed size");
    if (d->n == 0)
        return flux_error_set(t->err, FLUX_E_SIZE, "no samples to train on");
    t->by_label = d->label != NULL && trainer->takes_labels;
    if (!t->by_label && (d->y == NULL || trainer->target == NULL))
        return flux_error_set(t->err, FLUX_E_NULL,
                              trainer->takes_labels
                                  ? "the data has neither labels nor targets"
                                  : "this step takes targets, not labels");
    for (size_t i = 0; i < trainer->model->ninput; i++)
        if (d->x[i] == NULL)
            return flux_error_set(t->err, FLUX_E_NULL, "input %zu has no data",
                                  i + 1);
    return training_check_best(t);
}

/* What a step on the CPU needs; whether it is there. */
static int
training_memory(Training *t)
{
    const flux_model *model = t->trainer->model;
    size_t batch = t->options.batch;
    t->work.bytes = t->trainer->arena(batch);
    t->work.seed = t->options.seed;
    t->work.pool = t->options.pool;
    t->work.arena = flux_alloc(t->work.bytes);
    int failed = t->work.arena == NULL;
    for (size_t i = 0; i < model->ninput; i++) {
        t->x[i] = flux_alloc(flux_port_bytes(&model->input[i], batch));
        failed |= t->x[i] == NULL;
    }
    if (t->by_label) {
        t->label = flux_alloc(flux_mul(batch, sizeof *t->label));
        failed |= t->label == NULL;
    } else {
        t->y = flux_alloc(flux_port_bytes(t->trainer->target, batch));
        failed |= t->y == NULL;
    }
    return !failed;
}

static flux_status
training_allocate(Training *t)
{
    const flux_device *device = t->options.device;
    size_t order = flux_mul(t->data->n, sizeof *t->order);
    t->order = order > PTRDIFF_MAX ? NULL : malloc(order);
    int failed = t->order == NULL;
    t->best = t->options.best != NULL ? t->options.best : &t->own;
    if (t->options.patience > 0 && t->options.best == NULL) {
        t->own.m = flux_alloc(t->trainer->model->bytes);
        failed |= t->own.m == NULL;
    }
    if (failed || (device == NULL && !training_memory(t)))
        return training_error(t, FLUX_E_MEMORY);
    if (device == NULL)
        return FLUX_OK;
    return flux_remote_step_open(&t->remote, device, t->trainer, t->data,
                                 t->options.batch, t->by_label, t->options.seed,
                                 t->err);
}

static void
training_free(Training *t)
{
    for (size_t i = 0; i < FLUX_MAX_PORTS; i++)
        free(t->x[i]);
    free(t->y);
    free(t->label);
    free(t->order);
    free(t->own.m);
    free(t->work.arena);
    flux_remote_step_close(&t->remote);
}

/* Parameters and state to the device, or from there: they are the caller's
 * before an epoch and behind it, and while it is called.
 */
static flux_status
training_put(Training *t)
{
    if (t->options.device == NULL)
        return FLUX_OK;
    return flux_remote_step_put(&t->remote, t->m, t->state);
}

static flux_status
training_get(Training *t)
{
    if (t->options.device == NULL)
        return FLUX_OK;
    return flux_remote_step_get(&t->remote, t->m, t->state);
}

/* Fisher and Yates's shuffle (Durstenfeld, 1964) with Philox: key the seed,
 * stream the epoch, counter the place. 64 random bits make the bias of the
 * remainder less than n / 2^64.
 */
static void
training_shuffle(Training *t, size_t epoch)
{
    for (size_t i = 0; i < t->data->n; i++)
        t->order[i] = i;
    if (t->options.in_order)
        return;
    for (size_t i = t->data->n - 1; i > 0; i--) {
        uint32_t word[4];
        flux_philox(t->options.seed, epoch, i, word);
        uint64_t random = (uint64_t)word[1] << 32 | word[0];
        size_t k = (size_t)(random % ((uint64_t)i + 1));
        size_t swap = t->order[i];
        t->order[i] = t->order[k];
        t->order[k] = swap;
    }
}

/* Copies the samples order[first], … of one port, one after another. */
static void
training_gather(const Training *t, const flux_port *port, const void *from,
                size_t first, size_t some, void *to)
{
    size_t bytes = flux_port_bytes(port, 1);
    for (size_t s = 0; s < some; s++)
        memcpy((unsigned char *)to + s * bytes,
               (const unsigned char *)from + t->order[first + s] * bytes,
               bytes);
}

/* One step on the samples order[first], … on the CPU; *loss is one value of the
 * model's.
 */
static flux_status
training_call(Training *t, size_t first, size_t some, void *loss)
{
    const flux_trainer *trainer = t->trainer;
    const flux_model *model = trainer->model;
    const void *x[FLUX_MAX_PORTS];
    for (size_t i = 0; i < model->ninput; i++) {
        training_gather(t, &model->input[i], t->data->x[i], first, some,
                        t->x[i]);
        x[i] = t->x[i];
    }
    if (t->by_label) {
        for (size_t s = 0; s < some; s++)
            t->label[s] = t->data->label[t->order[first + s]];
        return trainer->train_labels(t->state, t->m, x, t->label, some, loss,
                                     &t->work);
    }
    training_gather(t, trainer->target, t->data->y, first, some, t->y);
    return trainer->train(t->state, t->m, x, t->y, some, loss, &t->work);
}

/* The same on either; *loss is their mean. */
static flux_status
training_step(Training *t, size_t first, size_t some, double *loss)
{
    int is_double = t->trainer->model->dtype == FLUX_F64;
    double wide = 0.0;
    float narrow = 0.0f;
    void *value = is_double ? (void *)&wide : (void *)&narrow;
    flux_status status =
        t->options.device != NULL
            ? flux_remote_step_train(&t->remote, &t->order[first], some, value)
            : training_call(t, first, some, value);
    *loss = is_double ? wide : (double)narrow;
    return status;
}

/* Calls on_step, whose parameters and state are up to date. */
static flux_status
training_on_step(Training *t, const flux_position *now)
{
    if (t->options.on_step == NULL)
        return FLUX_OK;
    flux_status status = training_get(t);
    if (status == FLUX_OK)
        status = t->options.on_step(t->options.user, now);
    return status == FLUX_OK ? training_put(t) : status;
}

/* Which sample's class is none of the model's, if that is what went wrong. */
static flux_status
training_refused(Training *t, flux_status status)
{
    const flux_port *target = t->trainer->target;
    size_t classes = target != NULL && target->rank > 0 ? target->dim[0] : 0;
    if (status != FLUX_E_LABEL || t->options.device != NULL || !t->by_label ||
        classes < 2)
        return training_error(t, status);
    for (size_t s = 0; s < t->data->n; s++) {
        int32_t label = t->data->label[s];
        if (label < 0 || (size_t)label >= classes)
            return flux_error_set(t->err, status,
                                  "the class of sample %zu is %d; they are 0 "
                                  "to %zu",
                                  s, (int)label, classes - 1);
    }
    return training_error(t, status);
}

/* All batches of one epoch, the smaller last one too; *loss is the mean. */
static flux_status
training_epoch(Training *t, size_t epoch, double *loss)
{
    char label[64];
    snprintf(label, sizeof label, "epoch %zu/%zu", epoch, t->options.epochs);
    training_shuffle(t, epoch);
    flux_progress bar;
    flux_progress_start(&bar, label, t->data->n);
    bar.on = bar.on && !t->options.quiet;
    const flux_position *from = &t->options.from;
    flux_position now = {.epoch = epoch};
    if (from->epoch == epoch)
        now = *from;
    flux_status status = training_put(t);
    while (now.done < t->data->n && status == FLUX_OK) {
        size_t first = now.done;
        size_t left = t->data->n - first;
        size_t some = left < t->options.batch ? left : t->options.batch;
        double mean = 0.0;
        status = training_step(t, first, some, &mean);
        if (status != FLUX_OK)
            break;
        now.sum += mean * (double)some;
        now.done += some;
        char note[48];
        snprintf(note, sizeof note, "loss %.4g", now.sum / (double)now.done);
        flux_progress_step(&bar, now.done, note);
        status = training_on_step(t, &now);
    }
    if (status == FLUX_OK)
        status = training_get(t);
    flux_progress_end(&bar);
    *loss = now.sum / (double)t->data->n;
    return status == FLUX_OK ? status : training_refused(t, status);
}

static int
training_better(const Training *t, const flux_scores *now)
{
    const flux_scores *best = &t->best->scores;
    if (t->best->epoch == 0)
        return 1;
    if (t->options.monitor == FLUX_BY_ERROR)
        return now->error < best->error ||
               (best->error != best->error && now->error == now->error);
    return now->accuracy > best->accuracy;
}

/* Scores of the validation data; keeps the best epoch. */
static flux_status
training_validate(Training *t, flux_epoch *e)
{
    const flux_model *model = t->trainer->model;
    if (t->options.validation == NULL)
        return FLUX_OK;
    flux_status status =
        flux_evaluate_on(model, t->options.device, t->m, t->options.validation,
                         0, &e->validation, t->err);
    if (status != FLUX_OK) {
        flux_error_prefix(t->err, "validation");
        return status;
    }
    if (!training_better(t, &e->validation))
        return FLUX_OK;
    t->best->scores = e->validation;
    t->best->epoch = e->epoch;
    if (t->best->m != NULL && model->bytes > 0)
        memcpy(t->best->m, t->m, model->bytes);
    return FLUX_OK;
}

/* "epoch 3/10  loss 0.3121  accuracy 0.8833  2.1 s" */
static void
training_report(const Training *t, const flux_epoch *e)
{
    if (!t->options.verbose)
        return;
    fprintf(stderr, "epoch %zu/%zu  loss %.6g", e->epoch, t->options.epochs,
            e->loss);
    if (t->options.validation != NULL)
        fprintf(stderr, "  accuracy %.4f  error %.4g", e->validation.accuracy,
                e->validation.error);
    fprintf(stderr, "  %.1f s\n", e->seconds);
}

/* Whether the best epoch is too long ago behind this one. */
static int
training_is_late(const Training *t, size_t epoch)
{
    size_t patience = t->options.patience;
    return patience > 0 && t->best->epoch > 0 &&
           epoch - t->best->epoch >= patience;
}

/* Whether training ends before its last epoch. */
static int
training_stops(const Training *t, const flux_epoch *e)
{
    int stop = training_is_late(t, e->epoch);
    if (t->options.on_epoch != NULL)
        stop |= t->options.on_epoch(t->options.user, e) != 0;
    return stop;
}

static flux_status
training_run(Training *t)
{
    flux_status status = FLUX_OK;
    t->started = flux_clock();
    size_t start = training_start(t);
    t->result.epochs = start - 1;
    t->result.stopped =
        start <= t->options.epochs && training_is_late(t, start - 1);
    for (size_t epoch = start; epoch <= t->options.epochs && !t->result.stopped;
         epoch++) {
        flux_epoch e = {.epoch = epoch, .state = t->state, .m = t->m};
        status = training_epoch(t, epoch, &e.loss);
        if (status == FLUX_OK)
            status = training_validate(t, &e);
        if (status != FLUX_OK)
            break;
        e.seconds = flux_clock() - t->started;
        t->result.epochs = epoch;
        t->result.loss = e.loss;
        training_report(t, &e);
        if (training_stops(t, &e)) {
            t->result.stopped = epoch < t->options.epochs;
            break;
        }
    }
    t->result.best = t->best->scores;
    t->result.best_epoch = t->best->epoch;
    const size_t bytes = t->trainer->model->bytes;
    if (t->options.patience > 0 && t->best->epoch > 0 && bytes > 0)
        memcpy(t->m, t->best->m, bytes);
    return status;
}

/* Trains a model; see flux.h. */
flux_status
flux_train(const flux_trainer *trainer, void *state, void *m,
           const flux_data *data, const flux_train_options *options,
           flux_train_result *result, flux_error *err)
{
    Training t = {
        .trainer = trainer, .state = state, .m = m, .data = data, .err = err};
    if (options != NULL)
        t.options = *options;
    if (t.options.epochs == 0)
        t.options.epochs = 1;
    if (t.options.batch == 0)
        t.options.batch = 32;
    flux_status status = training_check(&t);
    if (status != FLUX_OK)
        return status;
    if (t.options.batch > data->n)
        t.options.batch = data->n;
    status = training_allocate(&t);
    if (status == FLUX_OK)
        status = training_run(&t);
    training_free(&t);
    if (result != NULL)
        *result = t.result;
    return status;
}
