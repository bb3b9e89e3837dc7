/* A model's CUDA, on the emulator, against its C: every function on the same
 * arguments, for several numbers of samples and orders of threads. Equal bits
 * are asked for, where any NaN equals any other. Then every call of CUDA fails
 * once: the function says so, and nothing is left allocated. With NEAR,
 * of a model in tensor cores or by cublasLt, which is GEMM, numbers may be so
 * far apart (pair.h), but training must get somewhere; sessions are left out.
 *
 * HEADER is the model's, MODEL its name, OWN its member of create's struct,
 * SIZES what create takes for n samples, ANY whether that is a length; TRAINER,
 * if it has one, the name of its trainer, which has LABELS or not.
 */
#include "tests/cuda/control.h"
#include "tests/cuda/pair.h"
#include "tests/cuda/session.h"
#include "tests/cuda/work.h"

#include HEADER

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME2(a, b) a##b
#define NAME(a, b)  NAME2(a, b)

static const flux_model *const cpu = &NAME(MODEL, _model);
static const flux_model *const gpu = &NAME(MODEL, _model_cuda);
static int passed;
static int failed;

#ifndef NEAR
#define NEAR 0
#endif

static void
check(int holds, const char *what, size_t n, unsigned order)
{
    passed += holds != 0;
    failed += holds == 0;
    if (!holds)
        printf("FAILED: %s, %zu samples, order %u\n", what, n, order);
    if (!holds && getenv("FIRST") != NULL) /* is enough */
        exit(1);
}

enum { PORTS = 8 };

/* What all calls are on. */
typedef struct {
    size_t n;
    unsigned order;
    Pair m;
    Pair g;
    Pair x[PORTS];
    Pair y[PORTS];
    Pair dx[PORTS];
    Pair state; /* of a recurrent model */
    flux_work work[2];
} Calls; /* copied, it is the same memory */

static Pair
port_pair(const flux_port *port, size_t n)
{
    size_t count = ANY ? n : port->size * n;
    return pair_new(port->dtype, count * flux_dtype_size(port->dtype));
}

static size_t
larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

static void
calls_open(Calls *c, size_t n, unsigned order)
{
    size_t bytes[2] = {1, 1};
    const flux_model *side[2] = {cpu, gpu};
    *c = (Calls){.n = n, .order = order};
    emulator_order(order);
    c->m = pair_new(cpu->dtype, cpu->bytes);
    c->g = pair_new(cpu->dtype, cpu->grad_bytes);
    for (size_t i = 0; i < cpu->ninput; i++) {
        c->x[i] = port_pair(&cpu->input[i], n);
        c->dx[i] = port_pair(&cpu->input[i], n);
        pair_fill(&c->x[i]);
    }
    for (size_t o = 0; o < cpu->noutput; o++)
        c->y[o] = port_pair(&cpu->output[o], n);
    for (int i = 0; i < 2; i++) {
        bytes[i] = larger(bytes[i], side[i]->arena(side[i], n));
        if (side[i]->back_arena != NULL)
            bytes[i] = larger(bytes[i], side[i]->back_arena(side[i], n));
    }
    c->work[0] = work_new(bytes[0], bytes[1], &c->work[1]);
    c->state =
        pair_new(cpu->dtype, cpu->state * n * flux_dtype_size(cpu->dtype));
}

/* Whether calls on either side take and give the state, which begins alike. */
static void
calls_keep(Calls *c, flux_work *work, int keep)
{
    pair_fill(&c->state);
    work[0].state = keep ? c->state.host : NULL;
    work[1].state = keep ? c->state.device : NULL;
}

static void
calls_close(Calls *c)
{
    check(emulator_check() == 0, "red zones", c->n, c->order);
    pair_free(&c->m);
    pair_free(&c->g);
    pair_free(&c->state);
    for (size_t i = 0; i < cpu->ninput; i++) {
        pair_free(&c->x[i]);
        pair_free(&c->dx[i]);
    }
    for (size_t o = 0; o < cpu->noutput; o++)
        pair_free(&c->y[o]);
    work_free(c->work);
}

/* The pointers to one side of arrays; of real ones alone, if `real`. */
static size_t
pointers(const Pair *pair, size_t count, int device, int real, void **to)
{
    size_t at = 0;
    for (size_t i = 0; i < count; i++)
        if (!real || pair[i].dtype == FLUX_F32 || pair[i].dtype == FLUX_F64)
            to[at++] = device ? pair[i].device : pair[i].host;
    return at;
}

static flux_status
call_init(Calls *c, int device)
{
    const flux_model *model = device ? gpu : cpu;
    return model->init(model, device ? c->m.device : c->m.host, model->seed);
}

static flux_status
call_forward(Calls *c, int device)
{
    const flux_model *model = device ? gpu : cpu;
    void *x[PORTS];
    void *y[PORTS];
    pointers(c->x, cpu->ninput, device, 0, x);
    pointers(c->y, cpu->noutput, device, 0, y);
    return model->forward(model, device ? c->m.device : c->m.host,
                          (const void *const *)x, c->n, y, &c->work[device]);
}

/* Bit i of `want`: the gradient of input i. */
static flux_status
call_back(Calls *c, int device, unsigned want)
{
    const flux_model *model = device ? gpu : cpu;
    void *x[PORTS];
    void *y[PORTS];
    void *d[PORTS];
    pointers(c->x, cpu->ninput, device, 0, x);
    pointers(c->y, cpu->noutput, device, 1, y);
    pointers(c->dx, cpu->ninput, device, 1, d);
    for (size_t i = 0; i < cpu->ninput; i++)
        if ((want >> i & 1) == 0)
            d[i] = NULL;
    return model->back(model, device ? c->m.device : c->m.host,
                       (const void *const *)y, (const void *const *)x, c->n,
                       device ? c->g.device : c->g.host, want ? d : NULL,
                       &c->work[device]);
}

static flux_status
call_update(Calls *c, int device)
{
    const flux_model *model = device ? gpu : cpu;
    return model->update(model, device ? c->m.device : c->m.host,
                         device ? c->g.device : c->g.host, 0.1);
}

static flux_status
call_reset(Calls *c, int device)
{
    const flux_model *model = device ? gpu : cpu;
    return model->reset(model, device ? c->m.device : c->m.host,
                        device ? c->state.device : c->state.host, c->n);
}

static void
compare_forward(Calls *c)
{
    flux_status status = call_forward(c, 0);
    if (status == FLUX_OK)
        status = call_forward(c, 1);
    check(status == FLUX_OK, "forward", c->n, c->order);
    for (size_t o = 0; status == FLUX_OK && o < cpu->noutput; o++)
        check(pair_same(&c->y[o]), "forward's result", c->n, c->order);
    check(pair_same(&c->state), "the state", c->n, c->order);
}

static void
compare_back(Calls *c)
{
    for (size_t o = 0; o < cpu->noutput; o++)
        pair_fill(&c->y[o]);
    /* None, one alone, all. */
    for (size_t k = 0; k < cpu->ninput + 2; k++) {
        const unsigned want = k == 0             ? 0u
                              : k <= cpu->ninput ? 1u << (k - 1)
                                                 : ~0u;
        if (k == 1 && cpu->ninput == 1)
            continue;
        pair_fill(&c->g);
        int fine = call_back(c, 0, want) == FLUX_OK &&
                   call_back(c, 1, want) == FLUX_OK;
        check(fine && pair_same(&c->g), "back's gradients", c->n, c->order);
        for (size_t i = 0; fine && i < cpu->ninput; i++)
            if ((want >> i & 1) != 0)
                check(pair_same(&c->dx[i]), "back's dx", c->n, c->order);
        check(pair_same(&c->state), "the state", c->n, c->order);
    }
}

/* Without a state, and with one where the model has it; of a model that is no
 * longer as init makes it, where arrays may be 0.
 */
static void
compare_functions(Calls *c)
{
    int fine = call_init(c, 0) == FLUX_OK && call_init(c, 1) == FLUX_OK;
    check(fine && pair_same(&c->m), "init", c->n, c->order);
    if (cpu->reset != NULL) {
        fine = call_reset(c, 0) == FLUX_OK && call_reset(c, 1) == FLUX_OK;
        check(fine && pair_same(&c->state), "reset", c->n, c->order);
    }
    pair_fill(&c->g);
    fine = call_update(c, 0) == FLUX_OK && call_update(c, 1) == FLUX_OK;
    check(fine && pair_same(&c->m) && pair_same(&c->g), "update", c->n,
          c->order);
    for (int keep = 0; keep <= (cpu->reset != NULL); keep++) {
        calls_keep(c, c->work, keep);
        compare_forward(c);
        if (cpu->back != NULL)
            compare_back(c);
    }
}

/* Lets each call of CUDA fail once that a function makes. */
static void
fail_each(Calls *c, flux_status (*call)(Calls *, void *), void *with)
{
    size_t live = emulator_live();
    int came = 1;
    for (long k = 0; came; k++) {
        emulator_fail(k);
        flux_status status = call(c, with);
        came = emulator_failed();
        emulator_fail(-1);
        emulator_forget();
        check(came ? status == FLUX_E_DEVICE || status == FLUX_E_MEMORY
                   : status == FLUX_OK,
              "a call of CUDA that fails", c->n, c->order);
        check(emulator_live() == live, "a leak", c->n, c->order);
    }
}

static flux_status
fail_init(Calls *c, void *with)
{
    (void)with;
    return call_init(c, 1);
}

static flux_status
fail_forward(Calls *c, void *with)
{
    (void)with;
    return call_forward(c, 1);
}

static flux_status
fail_back(Calls *c, void *with)
{
    (void)with;
    return call_back(c, 1, ~0u);
}

static flux_status
fail_update(Calls *c, void *with)
{
    (void)with;
    return call_update(c, 1);
}

static flux_status
fail_create(Calls *c, void *with)
{
    NAME(MODEL, _device) d;
    size_t n = c->n;
    (void)with;
    flux_status status = NAME(MODEL, _create_cuda)(&d, SIZES, cpu->seed);
    if (status == FLUX_OK)
        NAME(MODEL, _destroy_cuda)(&d);
    return status;
}

static void
compare_failures(Calls *c)
{
    fail_each(c, fail_init, NULL);
    fail_each(c, fail_forward, NULL);
    if (cpu->back != NULL)
        fail_each(c, fail_back, NULL);
    fail_each(c, fail_update, NULL);
    fail_each(c, fail_create, NULL);
}

#ifdef TRAINER
static const flux_trainer *const cpu_step = &NAME(TRAINER, _trainer);
static const flux_trainer *const gpu_step = &NAME(TRAINER, _trainer_cuda);

typedef struct {
    Pair s;
    Pair target;
    Pair label;
    Pair loss;
    flux_work work[2];
} Steps;

static flux_status
call_train(Calls *c, Steps *t, int device, int labels)
{
    const flux_trainer *step = device ? gpu_step : cpu_step;
    void *x[PORTS];
    pointers(c->x, cpu->ninput, device, 0, x);
    void *m = device ? c->m.device : c->m.host;
    void *s = device ? t->s.device : t->s.host;
    void *loss = device ? t->loss.device : t->loss.host;
    const void *label = device ? t->label.device : t->label.host;
    if (labels)
        return step->train_labels(s, m, (const void *const *)x, label, c->n,
                                  loss, &t->work[device]);
    return step->train(s, m, (const void *const *)x,
                       device ? t->target.device : t->target.host, c->n, loss,
                       &t->work[device]);
}

static void
compare_steps(Calls *c, Steps *t, int steps)
{
    flux_status status =
        cpu_step->init(t->s.host, 3) == FLUX_OK ? FLUX_OK : FLUX_E_NULL;
    if (status == FLUX_OK)
        status = gpu_step->init(t->s.device, 3);
    if (status == FLUX_OK)
        status = cpu_step->set_eta(t->s.host, 0.25);
    if (status == FLUX_OK)
        status = gpu_step->set_eta(t->s.device, 0.25);
    check(status == FLUX_OK && pair_same(&t->s), "a trainer's init", c->n,
          c->order);
    for (int i = 0; i < steps && status == FLUX_OK; i++) {
        if (i < 2)
            calls_keep(c, t->work, i == 1 && cpu->reset != NULL);
        int labels = cpu_step->takes_labels && i % 2 == 1;
        status = call_train(c, t, 0, labels);
        if (status == FLUX_OK)
            status = call_train(c, t, 1, labels);
        check(status == FLUX_OK && pair_same(&t->loss), "the loss", c->n,
              c->order);
        check(status == FLUX_OK && pair_same(&c->m) && pair_same(&t->s) &&
                  pair_same(&c->state),
              "a step", c->n, c->order);
    }
}

static flux_status
fail_train(Calls *c, void *with)
{
    return call_train(c, with, 1, 0);
}

static flux_status
fail_train_labels(Calls *c, void *with)
{
    return call_train(c, with, 1, 1);
}

static Steps
steps_open(size_t n)
{
    Steps t = {.s = pair_new(cpu->dtype, cpu_step->bytes),
               .target = port_pair(cpu_step->target, n),
               .label = pair_new(FLUX_I32, n * sizeof(int32_t)),
               .loss = pair_new(cpu->dtype, flux_dtype_size(cpu->dtype))};
    t.work[0] = work_new(cpu_step->arena(n), gpu_step->arena(n), &t.work[1]);
    pair_fill(&t.target);
    size_t classes = cpu_step->target->size;
    for (size_t i = 0; i < n && classes > 0; i++) {
        int32_t label = (int32_t)(random_bits() % classes);
        memcpy(t.label.host + i * sizeof label, &label, sizeof label);
    }
    emulator_put(t.label.device, t.label.host, t.label.bytes);
    return t;
}

static void
steps_close(Steps *t)
{
    pair_free(&t->s);
    pair_free(&t->target);
    pair_free(&t->label);
    pair_free(&t->loss);
    work_free(t->work);
}

/* The step of a device, its first pointer that of the trainer's state. */
static void
compare_device_steps(Calls *c, Steps *t, NAME(MODEL, _device) * d, void **at)
{
    Pair *pair[] = {&t->s, &t->target, &t->loss, &t->label};
    flux_status status = cpu_step->init(t->s.host, cpu->seed);
    for (size_t i = 0; i < 3 + (size_t)cpu_step->takes_labels; i++)
        pair[i]->device = at[i];
    emulator_put(t->target.device, t->target.host, t->target.bytes);
#ifdef LABELS
    emulator_put(t->label.device, t->label.host, t->label.bytes);
#endif
    check(status == FLUX_OK && pair_same(&t->s), "create's trainer", c->n,
          c->order);
    for (int i = 0; i < 4 && status == FLUX_OK; i++) {
        status = call_train(c, t, 0, i % 2 == 1 && cpu_step->takes_labels);
#ifdef LABELS
        if (status == FLUX_OK && i % 2 == 1)
            status = NAME(TRAINER, _train_labels_run_cuda)(d);
        else
#endif
            if (status == FLUX_OK)
            status = NAME(TRAINER, _train_run_cuda)(d);
        if (status == FLUX_OK)
            status = NAME(MODEL, _wait_cuda)(d);
        check(status == FLUX_OK && pair_same(&t->loss) && pair_same(&c->m) &&
                  pair_same(&t->s) && pair_same(&c->state),
              "a step by create", c->n, c->order);
    }
}

/* Whether steps on the device make the loss smaller, of a new model. */
static void
compare_loss(Calls *c, Steps *t)
{
    float loss[2] = {0, 0};
    flux_status status = call_init(c, 1);
    for (int i = 0; i < 20 && status == FLUX_OK; i++) {
        status = call_train(c, t, 1, cpu_step->takes_labels);
        emulator_get(&loss[i > 0], t->loss.device, sizeof *loss);
    }
    check(status == FLUX_OK && loss[1] < 0.8f * loss[0], "training", c->n,
          c->order);
}

static void
compare_trainer(Calls *c, int steps)
{
    Steps t = steps_open(c->n);
    compare_steps(c, &t, steps);
    if (NEAR > 0)
        compare_loss(c, &t);
    check(emulator_check() == 0, "red zones", c->n, c->order);
    if (c->order == 0) {
        fail_each(c, fail_train, &t);
        if (cpu_step->takes_labels)
            fail_each(c, fail_train_labels, &t);
    }
    steps_close(&t);
}
#endif

#ifdef LABELS
/* A call with a number outside of its range, which stands at `bad`: an error of
 * the C, found by the kernels, and told once.
 */
static void
compare_fault(Calls *c, NAME(MODEL, _device) * d, Pair *bad, size_t at,
              flux_status (*run)(const NAME(MODEL, _device) *))
{
    static const int32_t wrong[] = {-1, 1000};
    int32_t right;
    memcpy(&right, bad->host + at, sizeof right);
    for (int i = 0; i < 3; i++) {
        const int32_t *value = i < 2 ? &wrong[i] : &right;
        emulator_put(bad->device + at, value, sizeof *value);
        flux_status status = run(d);
        if (status == FLUX_OK)
            status = NAME(MODEL, _wait_cuda)(d);
        check(i < 2 ? status == FLUX_E_LABEL && d->fault != NULL
                    : status == FLUX_OK && d->fault == NULL,
              "a number outside", c->n, c->order);
    }
}
#endif

/* What create makes, against the C's calls. The struct begins with the sizes;
 * then it is pointers: the model, its state, inputs, results, what the first
 * trainer has.
 */
static void
compare_device(Calls c)
{
    NAME(MODEL, _device) d;
    void *at[1 + 2 * PORTS + 4];
    size_t n = c.n;
    flux_status status = NAME(MODEL, _create_cuda)(&d, SIZES, cpu->seed);
    check(status == FLUX_OK, "create", n, c.order);
    if (status != FLUX_OK)
        return;
    size_t first = cpu->reset != NULL ? 2 : 1; /* input */
    memcpy(at, &d.OWN, sizeof(void *) * (first + cpu->ninput + cpu->noutput));
    c.m.device = at[0];
    c.work[0].seed = 0; /* a graph keeps this one */
    if (cpu->reset != NULL)
        c.state.device = at[1];
    calls_keep(&c, c.work, cpu->reset != NULL);
    for (size_t i = 0; i < cpu->ninput; i++) {
        c.x[i].device = at[first + i];
        emulator_put(c.x[i].device, c.x[i].host, c.x[i].bytes);
    }
    for (size_t o = 0; o < cpu->noutput; o++)
        c.y[o].device = at[first + cpu->ninput + o];
    status = call_init(&c, 0);
    check(status == FLUX_OK && pair_same(&c.m), "create's model", n, c.order);
    if (status == FLUX_OK && cpu->reset != NULL)
        status = call_reset(&c, 0);
    if (status == FLUX_OK && cpu->reset != NULL)
        status = call_reset(&c, 1);
    for (int i = 0; i < 2 && status == FLUX_OK; i++) {
        status = call_forward(&c, 0);
        if (status == FLUX_OK)
            status = NAME(MODEL, _forward_run_cuda)(&d);
        if (status == FLUX_OK)
            status = NAME(MODEL, _wait_cuda)(&d);
        for (size_t o = 0; o < cpu->noutput; o++)
            check(status == FLUX_OK && pair_same(&c.y[o]), "forward by create",
                  n, c.order);
    }
#ifdef TRAINER
    Steps t = steps_open(n);
    calls_keep(&c, t.work, cpu->reset != NULL);
    Steps own = t;
    memcpy(at, &d.OWN + first + cpu->ninput + cpu->noutput, 4 * sizeof *at);
    compare_device_steps(&c, &own, &d, at);
#ifdef LABELS
    compare_fault(&c, &d, &own.label, 0, NAME(TRAINER, _train_labels_run_cuda));
#endif
    steps_close(&t);
#endif
    check(emulator_check() == 0, "red zones", n, c.order);
    NAME(MODEL, _destroy_cuda)(&d);
}

/* compare [STEPS [SAMPLES…]] */
int
main(int argc, char **argv)
{
    static const size_t samples[] = {1, 3, 70};
    static const unsigned orders[] = {0, 1, 7};
    int steps = argc > 1 ? atoi(argv[1]) : 4;
    int sizes = argc > 2 ? argc - 2 : 3;
    pair_near = NEAR;
    for (int i = 0; i < sizes; i++) {
        Calls c;
        size_t n = argc > 2 ? (size_t)atoi(argv[2 + i]) : samples[i];
        calls_open(&c, n, orders[i % 3]);
        compare_functions(&c);
#ifdef TRAINER
        compare_trainer(&c, steps);
#endif
        compare_device(c);
        if (i == 0)
            compare_failures(&c);
        calls_close(&c);
    }
#ifdef TRAINER
    sessions_compare(cpu, &NAME(MODEL, _device_cuda), cpu_step, &passed,
                     &failed);
#else
    sessions_compare(cpu, &NAME(MODEL, _device_cuda), NULL, &passed, &failed);
#endif
    check(emulator_live() == 0, "a leak", 0, 0);
    check(!GEMM || !emulator_emulates() || emulator_products() > 0, "cublasLt",
          0, 0);
    (void)steps;
    printf("%d passed, %d failed, 0 skipped\n", passed, failed);
    return failed != 0;
}
