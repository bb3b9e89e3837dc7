/* What fluxc makes of a model by the name of timed; with TRAINS, of a step. */
#include "bench.h"
#include "timed.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static timed *model;
#ifdef TRAINS
static timed_step *step;
#endif
static flux_work work;

#if THREADS > 1 && !defined(ONE_THREAD)
static bool
pool_open(void)
{
    work.pool = flux_pool_open(THREADS);
    return work.pool != NULL;
}
#else
static bool
pool_open(void)
{
    return true;
}
#endif

static const char *
detail(void)
{
    return work.pool ? "generated C, a pool of threads"
                     : "generated C, one thread";
}

/* Weights in the layout that inference likes best, where there is one. */
#ifdef TIMED_PACKED
static bool
packed_open(void)
{
    work.packed = bench_bytes(TIMED_PACKED);
    return work.packed != NULL;
}

static void
packed_set(void)
{
    timed_pack(model, (void *)(uintptr_t)work.packed);
}
#else
static bool
packed_open(void)
{
    return true;
}

static void
packed_set(void)
{
}
#endif

static bool
ours_open(size_t n)
{
    size_t most = TIMED_ARENA(n);
#ifdef TRAINS
    size_t train = TIMED_STEP_ARENA(n);
    most = train > most ? train : most;
    step = bench_bytes(sizeof *step);
    if (step == NULL)
        return false;
#endif
    work.bytes = (most + 127) / 64 * 64;
    work.arena = bench_bytes(work.bytes);
    model = bench_bytes(sizeof *model);
    return work.arena != NULL && model != NULL && packed_open() && pool_open();
}

/* Where parameter i lies in the model, and its elements. The order of a layer's
 * W and b is that of bench.h, and column-major [out, in] is W[in][out].
 */
static float *
parameter(size_t i, size_t *n)
{
    const flux_param *p = &timed_model.param[i];
    *n = 1;
    for (size_t k = 0; k < p->rank; k++)
        *n *= p->dim[k];
    return (float *)(void *)((char *)model + p->offset);
}

static void
must(flux_status status)
{
    if (status == FLUX_OK)
        return;
    fprintf(stderr, "ours: status %d\n", (int)status);
    exit(1);
}

static void
ours_set(const float *p)
{
    for (size_t i = 0; i < timed_model.nparam; i++) {
        size_t n;
        float *to = parameter(i, &n);
        memcpy(to, p, n * sizeof *p);
        p += n;
    }
    packed_set();
#ifdef TRAINS
    must(timed_step_init(step, 0));
#endif
}

static void
ours_get(float *p)
{
    for (size_t i = 0; i < timed_model.nparam; i++) {
        size_t n;
        const float *from = parameter(i, &n);
        memcpy(p, from, n * sizeof *p);
        p += n;
    }
}

#if defined(TRAINS) && defined(TIMED_STATE)
/* A recurrent model takes the states of the samples, NULL for the first, and
 * columns for labels. */
static float
ours_train(const float *x, const int32_t *label, size_t n)
{
    static float target[BENCH_OUT * 64];
    float loss = 0;
    if (n > 64)
        must(FLUX_E_SIZE);
    memset(target, 0, sizeof target);
    for (size_t i = 0; i < n; i++)
        target[i * BENCH_OUT + (size_t)label[i]] = 1;
    must(timed_step_train(step, model, NULL, x, target, n, &loss, &work));
    return loss;
}
#elif defined(TRAINS)
static float
ours_train(const float *x, const int32_t *label, size_t n)
{
    float loss = 0;
    must(timed_step_train_labels(step, model, x, label, n, &loss, &work));
    return loss;
}
#endif

static void
ours_infer(const float *x, size_t n, float *y)
{
#ifdef TIMED_STATE
    must(timed_forward(model, NULL, x, n, y, &work));
#else
    must(timed_forward(model, x, n, y, &work));
#endif
}

const Implementation implementation = {
    .detail = detail,
    .open = ours_open,
    .set = ours_set,
    .get = ours_get,
#ifdef TRAINS
    .train = ours_train,
#endif
    .infer = ours_infer,
};
