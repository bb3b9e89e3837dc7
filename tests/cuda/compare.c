/* A model's CUDA, on the emulator, against its C: every function on the same
 * arguments, for several numbers of samples and orders of threads. Equal bits
 * are asked for, where any NaN equals any other. Then every call of CUDA fails
 * once: the function says so, and nothing is left allocated.
 *
 * MODEL is the name of the model; TRAINER, if it has one, of its trainer.
 */
#include "tests/cuda/control.h"

#include "flux.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME2(a, b) a##b
#define NAME(a, b)  NAME2(a, b)

extern const flux_model NAME(MODEL, _model);
extern const flux_model NAME(MODEL, _model_cuda);
#ifdef TRAINER
extern const flux_trainer NAME(TRAINER, _trainer);
extern const flux_trainer NAME(TRAINER, _trainer_cuda);
#endif

static const flux_model *const cpu = &NAME(MODEL, _model);
static const flux_model *const gpu = &NAME(MODEL, _model_cuda);
static int passed;
static int failed;

static void
check(int holds, const char *what, size_t n, unsigned order)
{
    passed += holds != 0;
    failed += holds == 0;
    if (!holds)
        printf("FAILED: %s, %zu samples, order %u\n", what, n, order);
}

/* An array on both sides. */
typedef struct {
    flux_dtype dtype;
    size_t bytes;
    unsigned char *host;
    unsigned char *device;
} Pair;

enum { PORTS = 8 };

static uint32_t
random_bits(void)
{
    static uint32_t state = 1;
    state = state * 1664525u + 1013904223u;
    return state >> 8;
}

static Pair
pair_new(flux_dtype dtype, size_t bytes)
{
    size_t size = bytes > 0 ? bytes : 1;
    Pair pair = {dtype, bytes, malloc(size), emulator_alloc(size)};
    if (pair.host == NULL)
        exit(3);
    memset(pair.host, 0xff, size);
    return pair;
}

static void
pair_free(Pair *pair)
{
    free(pair->host);
    emulator_free(pair->device);
}

/* Numbers between -1 and 1; integers, which may be places of a table, are 1 or
 * 2.
 */
static void
pair_fill(Pair *pair)
{
    size_t size = flux_dtype_size(pair->dtype);
    for (size_t i = 0; i < pair->bytes / size; i++) {
        double x = random_bits() / 8388608.0 - 1;
        float single = (float)x;
        int32_t whole = x < 0 ? 1 : 2;
        const void *from = pair->dtype == FLUX_F32   ? (const void *)&single
                           : pair->dtype == FLUX_F64 ? (const void *)&x
                                                     : (const void *)&whole;
        memcpy(pair->host + i * size, from, size);
    }
    emulator_put(pair->device, pair->host, pair->bytes);
}

static int
is_nan(flux_dtype dtype, const unsigned char *x)
{
    float single;
    double wide;
    memcpy(&single, x, sizeof single);
    if (dtype == FLUX_F32)
        return isnan(single);
    memcpy(&wide, x, dtype == FLUX_F64 ? sizeof wide : 0);
    return dtype == FLUX_F64 && isnan(wide);
}

/* Whether both sides have the same bits. */
static int
pair_same(const Pair *pair)
{
    size_t size = flux_dtype_size(pair->dtype);
    unsigned char *device = malloc(pair->bytes + size);
    int same = device != NULL;
    if (device != NULL)
        emulator_get(device, pair->device, pair->bytes);
    for (size_t i = 0; same && i + size <= pair->bytes; i += size)
        same = memcmp(device + i, pair->host + i, size) == 0 ||
               (is_nan(pair->dtype, device + i) &&
                is_nan(pair->dtype, pair->host + i));
    free(device);
    return same;
}

/* What all calls are on. */
typedef struct {
    size_t n;
    unsigned order;
    Pair m;
    Pair g;
    Pair x[PORTS];
    Pair y[PORTS];
    Pair dx[PORTS];
    flux_work work[2];
} Calls;

static Pair
port_pair(const flux_port *port, size_t n)
{
    size_t count = port->size == 0 ? n : port->size * n;
    return pair_new(port->dtype, count * flux_dtype_size(port->dtype));
}

static flux_work
work_new(size_t host, size_t device, flux_work *on_device)
{
    flux_work work = {.arena = malloc(host), .bytes = host, .seed = 7};
    *on_device = (flux_work){
        .arena = emulator_alloc(device), .bytes = device, .seed = 7};
    if (work.arena == NULL)
        exit(3);
    return work;
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
}

static void
calls_close(Calls *c)
{
    check(emulator_check() == 0, "red zones", c->n, c->order);
    pair_free(&c->m);
    pair_free(&c->g);
    for (size_t i = 0; i < cpu->ninput; i++) {
        pair_free(&c->x[i]);
        pair_free(&c->dx[i]);
    }
    for (size_t o = 0; o < cpu->noutput; o++)
        pair_free(&c->y[o]);
    free(c->work[0].arena);
    emulator_free(c->work[1].arena);
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

static flux_status
call_back(Calls *c, int device, int dx)
{
    const flux_model *model = device ? gpu : cpu;
    void *x[PORTS];
    void *y[PORTS];
    void *d[PORTS];
    pointers(c->x, cpu->ninput, device, 0, x);
    pointers(c->y, cpu->noutput, device, 1, y);
    pointers(c->dx, cpu->ninput, device, 1, d);
    return model->back(model, device ? c->m.device : c->m.host,
                       (const void *const *)y, (const void *const *)x, c->n,
                       device ? c->g.device : c->g.host, dx ? d : NULL,
                       &c->work[device]);
}

static flux_status
call_update(Calls *c, int device)
{
    const flux_model *model = device ? gpu : cpu;
    return model->update(model, device ? c->m.device : c->m.host,
                         device ? c->g.device : c->g.host, 0.1);
}

static void
compare_functions(Calls *c)
{
    size_t n = c->n;
    unsigned order = c->order;
    int fine = call_init(c, 0) == FLUX_OK && call_init(c, 1) == FLUX_OK;
    check(fine && pair_same(&c->m), "init", n, order);
    fine = call_forward(c, 0) == FLUX_OK && call_forward(c, 1) == FLUX_OK;
    check(fine, "forward", n, order);
    for (size_t o = 0; fine && o < cpu->noutput; o++)
        check(pair_same(&c->y[o]), "forward's result", n, order);
    if (cpu->back == NULL)
        return;
    for (size_t o = 0; o < cpu->noutput; o++)
        pair_fill(&c->y[o]);
    for (int dx = 0; dx < 2; dx++) {
        pair_fill(&c->g);
        fine = call_back(c, 0, dx) == FLUX_OK && call_back(c, 1, dx) == FLUX_OK;
        check(fine && pair_same(&c->g), "back's gradients", n, order);
        for (size_t i = 0; fine && dx && i < cpu->ninput; i++)
            check(pair_same(&c->dx[i]), "back's dx", n, order);
    }
    fine = call_update(c, 0) == FLUX_OK && call_update(c, 1) == FLUX_OK;
    check(fine && pair_same(&c->m) && pair_same(&c->g), "update", n, order);
}

/* Lets each call of CUDA fail that a function makes. */
static void
compare_failures(Calls *c)
{
    flux_status (*const call[])(Calls *, int) = {call_init, call_forward,
                                                 call_update};
    size_t live = emulator_live();
    for (size_t f = 0; f < 3; f++) {
        for (long k = 0;; k++) {
            emulator_fail(k);
            flux_status status = call[f](c, 1);
            int came = emulator_failed();
            emulator_fail(-1);
            check(came ? status == FLUX_E_DEVICE || status == FLUX_E_MEMORY
                       : status == FLUX_OK,
                  "a call of CUDA that fails", c->n, c->order);
            check(emulator_live() == live, "a leak", c->n, c->order);
            if (!came)
                break;
        }
    }
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
        int labels = cpu_step->takes_labels && i % 2 == 1;
        status = call_train(c, t, 0, labels);
        if (status == FLUX_OK)
            status = call_train(c, t, 1, labels);
        check(status == FLUX_OK && pair_same(&t->loss), "the loss", c->n,
              c->order);
        check(status == FLUX_OK && pair_same(&c->m) && pair_same(&t->s),
              "a step", c->n, c->order);
    }
}

static void
compare_trainer(Calls *c, int steps)
{
    size_t n = c->n;
    Steps t = {.s = pair_new(cpu->dtype, cpu_step->bytes),
               .target = port_pair(cpu_step->target, n),
               .label = pair_new(FLUX_I32, n * sizeof(int32_t)),
               .loss = pair_new(cpu->dtype, flux_dtype_size(cpu->dtype))};
    t.work[0] = work_new(cpu_step->arena(n), gpu_step->arena(n), &t.work[1]);
    pair_fill(&t.target);
    for (size_t i = 0; i < n; i++) {
        int32_t label = (int32_t)(random_bits() % cpu_step->target->size);
        memcpy(t.label.host + i * sizeof label, &label, sizeof label);
    }
    emulator_put(t.label.device, t.label.host, t.label.bytes);
    compare_steps(c, &t, steps);
    check(emulator_check() == 0, "red zones", n, c->order);
    pair_free(&t.s);
    pair_free(&t.target);
    pair_free(&t.label);
    pair_free(&t.loss);
    free(t.work[0].arena);
    emulator_free(t.work[1].arena);
}
#endif

int
main(int argc, char **argv)
{
    static const size_t samples[] = {1, 3, 70};
    static const unsigned orders[] = {0, 1, 7};
    int steps = argc > 1 ? atoi(argv[1]) : 4;
    for (size_t i = 0; i < 3; i++) {
        Calls c;
        calls_open(&c, samples[i], orders[i]);
        compare_functions(&c);
#ifdef TRAINER
        compare_trainer(&c, steps);
#endif
        if (i == 0)
            compare_failures(&c);
        calls_close(&c);
    }
    check(emulator_live() == 0, "a leak", 0, 0);
    (void)steps;
    printf("%d passed, %d failed, 0 skipped\n", passed, failed);
    return failed != 0;
}
