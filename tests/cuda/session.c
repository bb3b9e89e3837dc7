/* The runtime on a device, against itself on the CPU (session.h). Where arrays
 * are the host's, the device's part of a pair keeps what the CPU has given.
 */
#define _POSIX_C_SOURCE 200809L
#include "tests/cuda/session.h"

#include "tests/cuda/control.h"
#include "tests/cuda/pair.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PORTS = 8, SAMPLES = 5, AT_ONCE = 3, BATCH = 4, EPOCHS = 2 };

typedef struct {
    const flux_model *model;
    const flux_device *device;
    const flux_trainer *step; /* NULL: none */
    int passed;
    int failed;
    flux_session *on[2]; /* the CPU, the device */
    Pair x[PORTS];
    Pair y[PORTS]; /* or dy */
    Pair dx[PORTS];
    Pair target;
    int32_t label[SAMPLES];
} Run;

static void
check(Run *r, int holds, const char *what, const char *why)
{
    r->passed += holds != 0;
    r->failed += holds == 0;
    if (!holds)
        printf("FAILED: %s in a session: %s %s\n", r->model->name, what,
               why != NULL ? why : "");
}

static Pair
port_pair(const flux_port *port)
{
    return pair_new(port->dtype,
                    port->size * SAMPLES * flux_dtype_size(port->dtype));
}

static void
run_open(Run *r)
{
    for (size_t i = 0; i < r->model->ninput; i++) {
        r->x[i] = port_pair(&r->model->input[i]);
        r->dx[i] = port_pair(&r->model->input[i]);
        pair_fill(&r->x[i]);
    }
    for (size_t i = 0; i < r->model->noutput; i++)
        r->y[i] = port_pair(&r->model->output[i]);
    if (r->step == NULL)
        return;
    r->target = port_pair(r->step->target);
    pair_fill(&r->target);
    for (size_t i = 0; i < SAMPLES; i++)
        r->label[i] = (int32_t)(i % r->step->target->size);
}

static void
run_close(Run *r)
{
    for (size_t i = 0; i < r->model->ninput; i++) {
        pair_free(&r->x[i]);
        pair_free(&r->dx[i]);
    }
    for (size_t i = 0; i < r->model->noutput; i++)
        pair_free(&r->y[i]);
    if (r->step != NULL)
        pair_free(&r->target);
}

/* The arrays of a session's call: the host's, or the device's. */
static void
arrays(const Pair *pair, size_t count, int device, void **to)
{
    for (size_t i = 0; i < count; i++)
        to[i] = device ? pair[i].device : pair[i].host;
}

/* Keeps what the CPU has given, which the device gives anew on the host. */
static void
keep(const Pair *pair, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        emulator_put(pair[i].device, pair[i].host, pair[i].bytes);
        memset(pair[i].host, 0x55, pair[i].bytes);
    }
}

static flux_status
call_forward(Run *r, flux_session *s, int device)
{
    void *x[PORTS];
    void *y[PORTS];
    arrays(r->x, r->model->ninput, device, x);
    arrays(r->y, r->model->noutput, device, y);
    return flux_forward_all(s, (const void *const *)x, SAMPLES, y);
}

static flux_status
call_back(Run *r, flux_session *s, int device)
{
    void *x[PORTS];
    void *dy[PORTS];
    void *dx[PORTS];
    arrays(r->x, r->model->ninput, device, x);
    arrays(r->y, r->model->noutput, device, dy);
    arrays(r->dx, r->model->ninput, device, dx);
    return flux_back_all(s, (const void *const *)dy, (const void *const *)x,
                         SAMPLES, dx);
}

/* Parameters, or gradients, of both sessions. */
static int
same_params(Run *r)
{
    const void *m[] = {flux_params(r->on[0]), flux_params(r->on[1])};
    return m[0] != NULL && m[1] != NULL &&
           pair_equal(r->model->dtype, m[0], m[1], r->model->bytes);
}

static int
same_grads(Run *r)
{
    const void *g[] = {flux_grads(r->on[0]), flux_grads(r->on[1])};
    return g[0] != NULL && g[1] != NULL &&
           pair_equal(r->model->dtype, g[0], g[1], r->model->grad_bytes);
}

static int
same_arrays(const Pair *pair, const flux_port *port, size_t count, int real)
{
    for (size_t i = 0; i < count; i++) {
        int derivative = port[i].dtype == FLUX_F32 || port[i].dtype == FLUX_F64;
        if ((derivative || !real) && !pair_same(&pair[i]))
            return 0;
    }
    return 1;
}

/* The session's calls, with arrays of the device or of the host. */
static void
compare_calls(Run *r, int device)
{
    const flux_model *m = r->model;
    flux_status status = call_forward(r, r->on[0], 0);
    if (!device)
        keep(r->y, m->noutput);
    if (status == FLUX_OK)
        status = call_forward(r, r->on[1], device);
    check(r, status == FLUX_OK && same_arrays(r->y, m->output, m->noutput, 0),
          "forward", flux_session_why(r->on[1]));
    if (m->back == NULL)
        return;
    for (size_t i = 0; i < m->noutput; i++)
        pair_fill(&r->y[i]);
    status = call_back(r, r->on[0], 0);
    if (!device)
        keep(r->dx, m->ninput);
    if (status == FLUX_OK)
        status = call_back(r, r->on[1], device);
    check(r, status == FLUX_OK && same_arrays(r->dx, m->input, m->ninput, 1),
          "back", flux_session_why(r->on[1]));
    check(r, same_grads(r), "gradients", NULL);
    status = flux_update(r->on[0], 0.01);
    if (status == FLUX_OK)
        status = flux_update(r->on[1], 0.01);
    check(r, status == FLUX_OK && same_params(r) && same_grads(r), "update",
          NULL);
}

/* Whether some parameters are no numbers, whose bits differ between processors.
 */
static int
has_nan(const flux_model *m, const void *params)
{
    const float *f32 = params;
    const double *f64 = params;
    int nan = 0;
    for (size_t i = 0; i < m->bytes / flux_dtype_size(m->dtype) && !nan; i++)
        nan = isnan(m->dtype == FLUX_F64 ? f64[i] : (double)f32[i]);
    return nan;
}

/* Parameters from one session to the other, by their struct and by a file's
 * bytes, which are the same but for NaNs.
 */
static void
compare_params(Run *r)
{
    const flux_model *m = r->model;
    void *bytes[2] = {NULL, NULL};
    size_t size[2] = {0, 0};
    flux_status status = FLUX_OK;
    for (int i = 0; i < 2 && status == FLUX_OK; i++)
        status = flux_save_bytes(m, flux_params(r->on[i]), &bytes[i], &size[i],
                                 NULL);
    check(r,
          status == FLUX_OK && size[0] == size[1] &&
              (has_nan(m, flux_params(r->on[0])) ||
               memcmp(bytes[0], bytes[1], size[0]) == 0),
          "a checkpoint", NULL);
    float *to = flux_params(r->on[1]);
    if (m->bytes >= sizeof *to)
        memset(to, 0, m->bytes);
    call_forward(r, r->on[1], 0); /* takes that */
    flux_reset(r->on[0]);
    flux_reset(r->on[1]);
    if (status == FLUX_OK)
        status =
            flux_load_bytes(m, flux_params(r->on[1]), bytes[0], size[0], NULL);
    check(r, status == FLUX_OK && same_params(r), "a checkpoint's reader",
          NULL);
    compare_calls(r, 0);
    free(bytes[0]);
    free(bytes[1]);
}

/* A session that takes so many samples at once, and keeps a state or not. */
static void
compare_session(Run *r, size_t at_once, int keeps)
{
    flux_error err = {""};
    r->on[0] = flux_open(r->model, 5, at_once);
    r->on[1] = flux_open_on(r->model, r->device, 5, at_once, &err);
    check(r, r->on[0] != NULL && r->on[1] != NULL, "open", err.text);
    if (r->on[0] != NULL && r->on[1] != NULL) {
        check(r, flux_session_device(r->on[1]) == r->device, "device", NULL);
        check(r, same_params(r) && same_grads(r), "init", NULL);
        for (int i = 0; i < 2; i++)
            flux_session_keep(r->on[i], keeps);
        compare_calls(r, 0);
        compare_calls(r, 1);
        compare_params(r);
    }
    flux_close(r->on[0]);
    flux_close(r->on[1]);
}

/* Where training stands: the model's and the trainer's struct. */
typedef struct {
    Run *run;
    unsigned char *m;
    unsigned char *s;
    size_t steps;
} Training;

/* Each epoch takes smaller steps, as a program's own does. */
static int
on_epoch(void *user, const flux_epoch *epoch)
{
    const Training *t = user;
    return t->run->step->set_eta(epoch->state, 0.01) != FLUX_OK;
}

static flux_status
on_step(void *user, const flux_position *now)
{
    Training *t = user;
    t->steps += now->done > 0;
    return FLUX_OK;
}

static flux_status
train(Run *r, Training *t, const flux_device *device, int labels, int each,
      flux_error *err)
{
    void *x[PORTS];
    void *own[PORTS]; /* the device's, where the targets are */
    int there = device != NULL && !labels;
    arrays(r->x, r->model->ninput, 0, x);
    arrays(r->x, r->model->ninput, there, own);
    const flux_data data = {SAMPLES, (const void *const *)own,
                            there ? r->target.device : r->target.host,
                            labels ? r->label : NULL};
    const flux_data held = {SAMPLES, (const void *const *)x, r->target.host,
                            labels ? r->label : NULL};
    const flux_train_options options = {.epochs = EPOCHS,
                                        .batch = BATCH,
                                        .validation = &held,
                                        .patience = 9,
                                        .quiet = 1,
                                        .on_epoch = on_epoch,
                                        .on_step = each ? on_step : NULL,
                                        .user = t,
                                        .device = device};
    return flux_train(r->step, t->s, t->m, &data, &options, NULL, err);
}

static Training
training_new(Run *r)
{
    Training t = {r, calloc(1, r->model->bytes), calloc(1, r->step->bytes), 0};
    if (t.m == NULL || t.s == NULL ||
        r->model->init(r->model, t.m, 3) != FLUX_OK ||
        r->step->init(t.s, 3) != FLUX_OK)
        exit(3);
    return t;
}

static void
training_free(Training *t)
{
    free(t->m);
    free(t->s);
}

/* The same training twice; with a call after each step, or not. */
static void
compare_training(Run *r, int labels, int each)
{
    flux_error err = {""};
    flux_scores scores[2] = {{0, 0}, {0, 0}};
    Training t[2] = {training_new(r), training_new(r)};
    flux_status status = train(r, &t[0], NULL, labels, each, &err);
    check(r, status == FLUX_OK, "training on the CPU", err.text);
    status = train(r, &t[1], r->device, labels, each, &err);
    check(r, status == FLUX_OK, "training", err.text);
    check(r,
          pair_equal(r->model->dtype, t[0].m, t[1].m, r->model->bytes) &&
              memcmp(t[0].s, t[1].s, r->step->bytes) == 0 &&
              t[0].steps == t[1].steps,
          "what training gives", NULL);
    void *x[PORTS];
    arrays(r->x, r->model->ninput, 0, x);
    const flux_data data = {SAMPLES, (const void *const *)x, r->target.host,
                            NULL};
    for (int i = 0; i < 2 && status == FLUX_OK; i++)
        status = flux_evaluate_on(r->model, i == 1 ? r->device : NULL, t[i].m,
                                  &data, 2, &scores[i], &err);
    check(r,
          status == FLUX_OK && scores[0].accuracy == scores[1].accuracy &&
              memcmp(&scores[0].error, &scores[1].error, sizeof(double)) == 0,
          "evaluation", err.text);
    training_free(&t[0]);
    training_free(&t[1]);
}

/* Lets each call of CUDA fail once: it is said, nothing is left, and without a
 * failure all is well again.
 */
static void
fail_each(Run *r, flux_status (*call)(Run *, flux_error *), const char *what)
{
    size_t live = emulator_live();
    int came = 1;
    for (long k = 0; came; k++) {
        flux_error err = {""};
        emulator_fail(k);
        flux_status status = call(r, &err);
        came = emulator_failed();
        emulator_fail(-1);
        int said = (status == FLUX_E_DEVICE || status == FLUX_E_MEMORY) &&
                   (strstr(err.text, "out of memory") != NULL ||
                    strstr(err.text, "the emulator fails") != NULL);
        check(r, came ? said : status == FLUX_OK, what, err.text);
        check(r, emulator_live() == live, "a leak", what);
    }
}

static flux_status
fail_session(Run *r, flux_error *err)
{
    flux_session *s = flux_open_on(r->model, r->device, 5, AT_ONCE, err);
    if (s == NULL)
        return strcmp(err->text, "out of memory") == 0 ? FLUX_E_MEMORY
                                                       : FLUX_E_DEVICE;
    flux_session_keep(s, 0);
    flux_status status = call_forward(r, s, 1);
    if (status == FLUX_OK && r->model->back != NULL)
        status = call_back(r, s, 1);
    if (status == FLUX_OK)
        status = flux_update(s, 0.1);
    if (status == FLUX_OK && flux_params(s) == NULL)
        status = FLUX_E_DEVICE;
    if (status == FLUX_OK)
        status = call_forward(r, s, 1); /* which takes them back */
    const char *why = flux_session_why(s);
    snprintf(err->text, sizeof err->text, "%s", why != NULL ? why : "nothing");
    flux_close(s);
    return status;
}

static flux_status
fail_choice(Run *r, flux_error *err)
{
    const flux_device *chosen = NULL;
    return flux_device_choose(r->device, &chosen, err);
}

static flux_status
fail_training(Run *r, flux_error *err)
{
    Training t = training_new(r);
    flux_status status = train(r, &t, r->device, r->step->takes_labels, 1, err);
    training_free(&t);
    return status;
}

/* What a program is told that asks for a device. */
static void
compare_choice(Run *r)
{
    static const struct {
        const char *asked;
        const char *devices;
        flux_status status;
        int chosen;
        const char *text;
    } row[] = {
        {"", "1", FLUX_OK, 1, ""},
        {"auto", "1", FLUX_OK, 1, ""},
        {"cpu", "1", FLUX_OK, 0, ""},
        {"cuda", "1", FLUX_OK, 1, ""},
        {"auto", "0", FLUX_OK, 0, "no CUDA-capable device is detected"},
        {"cuda", "0", FLUX_E_DEVICE, 0,
         "FLUX_DEVICE=cuda: no CUDA-capable device is detected"},
        {"gpu", "1", FLUX_E_FORMAT, 0,
         "FLUX_DEVICE is gpu, not auto, cpu or cuda"},
    };
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        if (!emulator_emulates() && strcmp(row[i].devices, "0") == 0)
            continue;
        flux_error err = {""};
        const flux_device *chosen = NULL;
        setenv("FLUX_DEVICE", row[i].asked, 1);
        setenv("EMULATOR_DEVICES", row[i].devices, 1);
        flux_status status = flux_device_choose(r->device, &chosen, &err);
        check(r,
              status == row[i].status &&
                  chosen == (row[i].chosen ? r->device : NULL) &&
                  strcmp(err.text, row[i].text) == 0,
              row[i].asked, err.text);
    }
    unsetenv("EMULATOR_DEVICES");
    unsetenv("FLUX_DEVICE");
}

/* Devices that are not this model's. */
static void
compare_refusals(Run *r)
{
    flux_device other = *r->device;
    flux_model model = *r->device->model;
    flux_error err = {""};
    other.model = &model;
    model.source_hash++;
    check(r, flux_open_on(r->model, &other, 1, 1, &err) == NULL, "another",
          NULL);
    check(r, strstr(err.text, "of the same source") != NULL, "another",
          err.text);
    model.source_hash--;
    other.abi++;
    check(r, flux_open_on(r->model, &other, 1, 1, &err) == NULL, "another ABI",
          NULL);
}

/* Whether all arrays of a sample have elements. */
static int
has_sizes(const flux_model *model)
{
    int all = 1;
    for (size_t i = 0; i < model->ninput; i++)
        all &= model->input[i].size > 0;
    for (size_t i = 0; i < model->noutput; i++)
        all &= model->output[i].size > 0;
    return all;
}

/* See session.h. */
void
sessions_compare(const flux_model *model, const flux_device *device,
                 const flux_trainer *step, int *passed, int *failed)
{
    Run run = {.model = model, .device = device, .step = step};
    Run *r = &run;
    flux_error err = {""};
    if (pair_near > 0)
        return;
    emulator_order(0);
    if (!has_sizes(model)) {
        check(r,
              flux_open_on(model, device, 1, 1, &err) == NULL &&
                  strcmp(err.text, "the model's arrays have no fixed size") ==
                      0,
              "a model of any length", err.text);
    } else {
        run_open(r);
        compare_session(r, AT_ONCE, 0);
        if (model->state > 0)
            compare_session(r, SAMPLES, 1);
        fail_each(r, fail_session, "a session's call that fails");
        for (int labels = 0; step != NULL && labels <= step->takes_labels;
             labels++)
            compare_training(r, labels, labels);
        if (step != NULL)
            fail_each(r, fail_training, "training's call that fails");
        compare_choice(r);
        setenv("FLUX_DEVICE", "cuda", 1);
        fail_each(r, fail_choice, "a choice that fails");
        unsetenv("FLUX_DEVICE");
        compare_refusals(r);
        run_close(r);
    }
    check(r, emulator_check() == 0, "red zones", NULL);
    *passed += r->passed;
    *failed += r->failed;
}
