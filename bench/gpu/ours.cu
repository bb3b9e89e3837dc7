/* What fluxc makes of a model by the name of timed, on a GPU: a launch of a
 * graph is a call, and events say how long it takes (bench.h). With TRAINS, of
 * its step; with BACK, of its derivative.
 */
#include "bench.h"
#include "kernels/flux_gpu_device.h"
#include "timed.h"

#include <stdio.h>
#include <string.h>

static const float *start; /* the parameters */
static timed_device d;     /* for as many samples as it was last */
static void *own[2];       /* graphs that create does not make */
static cudaEvent_t begin;
static cudaEvent_t end;

static void
must(cudaError_t error)
{
    if (error == cudaSuccess)
        return;
    fprintf(stderr, "ours: %s\n", cudaGetErrorString(error));
    exit(1);
}

static void
must_work(flux_status status)
{
    if (status == FLUX_OK)
        return;
    fprintf(stderr, "ours: status %d, %s\n", (int)status,
            cudaGetErrorString(cudaGetLastError()));
    exit(1);
}

static const char *
detail(void)
{
    return "generated CUDA, a graph a call";
}

static bool
ours_open(size_t n)
{
    must(cudaEventCreate(&begin));
    must(cudaEventCreate(&end));
    return n > 0;
}

/* Where parameter i lies in a model, and its elements (see ../ours.c). */
static float *
parameter(void *model, size_t i, size_t *n)
{
    const flux_param *p = &timed_model_cuda.param[i];
    *n = 1;
    for (size_t k = 0; k < p->rank; k++)
        *n *= p->dim[k];
    return (float *)(void *)((char *)model + p->offset);
}

/* Between the model on the GPU and the parameters one behind the other. */
static void
parameters(const float *from, float *to)
{
    size_t n;
    void *model = malloc(sizeof(timed));
    if (model == NULL)
        exit(3);
    must(cudaMemcpy(model, d.m, sizeof(timed), cudaMemcpyDeviceToHost));
    for (size_t i = 0; i < timed_model_cuda.nparam; i++) {
        float *p = parameter(model, i, &n);
        if (from != NULL)
            memcpy(p, from, n * sizeof *p), from += n;
        else
            memcpy(to, p, n * sizeof *p), to += n;
    }
    if (from != NULL)
        must(cudaMemcpy(d.m, model, sizeof(timed), cudaMemcpyHostToDevice));
    free(model);
}

static void
begin_anew(void)
{
    parameters(start, NULL);
#ifdef TRAINS
    must_work(timed_step_init_cuda(d.step.s, 0));
#endif
}

static void
ours_set(const float *p)
{
    start = p;
    if (d.memory != NULL)
        begin_anew();
}

static void
ours_get(float *p)
{
    parameters(NULL, p);
}

#ifdef BACK
/* Its arrays are its own; the gradients are added to. */
static flux_status
capture(void)
{
    static void *memory;
    size_t used = 0;
    cudaFree(memory);
    const size_t bytes = d.n * sizeof(float);
    const size_t arena = TIMED_BACK_ARENA_CUDA(d.n);
    must(cudaMalloc(&memory, bytes * (BENCH_IN + BENCH_OUT) + arena +
                                 sizeof(timed_grad) + 1024));
    float *dy = (float *)flux_device_place(memory, &used, bytes * BENCH_OUT);
    float *dx = (float *)flux_device_place(memory, &used, bytes * BENCH_IN);
    timed_grad *g =
        (timed_grad *)flux_device_place(memory, &used, sizeof(timed_grad));
    flux_work work = d.work;
    work.arena = flux_device_place(memory, &used, arena);
    work.bytes = arena;
    must(cudaMemsetAsync(memory, 0, used - arena, (cudaStream_t)work.stream));
    flux_status status = FLUX_OK;
    FLUX_GRAPH(status, work.stream, &own[1],
               timed_back_cuda(d.m, dy, d.x, d.n, g, dx, &work));
    return status;
}
#elif defined(TIMED_STATE)
/* Each call begins with the initial state, where create's goes on. */
static flux_status
capture(void)
{
    flux_status status = FLUX_OK;
    FLUX_GRAPH(status, d.work.stream, &own[0],
               timed_forward_cuda(d.m, NULL, d.x, d.n, d.y, &d.work));
    FLUX_GRAPH(status, d.work.stream, &own[1],
               timed_step_train_labels_cuda(d.step.s, d.m, NULL, d.x,
                                            d.step.label, d.n, d.step.loss,
                                            &d.work));
    return status;
}
#else
static flux_status
capture(void)
{
    return FLUX_OK;
}
#endif

/* Makes all for the first n samples, which are always the same, unless it is
 * there.
 */
static void
load(const float *x, size_t n)
{
    if (d.memory != NULL && d.n == n)
        return;
    if (d.memory != NULL)
        timed_destroy_cuda(&d);
    for (void *&graph : own) {
        flux_device_drop(graph);
        graph = NULL;
    }
    must_work(timed_create_cuda(&d, n, 0));
    must_work(capture());
    begin_anew();
    must(cudaMemcpy(d.x, x, n * BENCH_IN * sizeof *x, cudaMemcpyHostToDevice));
}

static void
load_labels(const int32_t *label, size_t n)
{
#ifdef TRAINS
    must(cudaMemcpy(d.step.label, label, n * sizeof *label,
                    cudaMemcpyHostToDevice));
#else
    (void)label;
    (void)n;
#endif
}

static void
queue(const char *work)
{
    void *graph = own[strcmp(work, "infer") != 0];
    if (graph != NULL)
        must(flux_device_run(d.work.stream, graph));
#ifdef TRAINS
    else if (strcmp(work, "train") == 0)
        must_work(timed_step_train_labels_run_cuda(&d));
#endif
    else
        must_work(timed_forward_run_cuda(&d));
}

#ifdef TRAINS
static float
ours_train(const float *x, const int32_t *label, size_t n)
{
    float loss = 0;
    load(x, n);
    load_labels(label, n);
    queue("train");
    must_work(timed_wait_cuda(&d));
    must(cudaMemcpy(&loss, d.step.loss, sizeof loss, cudaMemcpyDeviceToHost));
    return loss;
}
#else
#define ours_train NULL
#endif

static void
ours_infer(const float *x, size_t n, float *y)
{
    load(x, n);
    queue("infer");
    must_work(timed_wait_cuda(&d));
    must(cudaMemcpy(y, d.y, n * BENCH_OUT * sizeof *y, cudaMemcpyDeviceToHost));
}

static long long
ours_time(const char *work, const float *x, const int32_t *label, size_t n,
          size_t steps)
{
    float milliseconds;
    load(x, n);
    load_labels(label, n);
    queue(work);
    must(cudaEventRecord(begin, (cudaStream_t)d.work.stream));
    for (size_t i = 0; i < steps; i++)
        queue(work);
    must(cudaEventRecord(end, (cudaStream_t)d.work.stream));
    must_work(timed_wait_cuda(&d));
    must(cudaEventElapsedTime(&milliseconds, begin, end));
    return (long long)(milliseconds * 1e6);
}

extern const Implementation implementation = {
    detail, 0, ours_open, ours_set, ours_get, ours_train, ours_infer, ours_time,
};
