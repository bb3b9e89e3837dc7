/* Prints a hash of the weights of each model, after its steps by the generated
 * code; or, given a name and a path, of a checkpoint that the script wrote. The
 * trained models must give each sample the same bits alone and in batches of
 * any size.
 *
 * MODELS is defined where the models' code is compiled with this file, as one:
 * both share what that takes of the kernels.
 */
#ifdef MODELS
#include "conv.c"
#include "mlp.c"
#else
#include "conv.h"
#include "mlp.h"
#endif

#include "kernels/flux_random.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SAMPLES = 160 };

typedef struct {
    const char *name;
    const flux_model *model;
    const flux_trainer *step;
    size_t steps;
    size_t batch;
} Run;

static const Run runs[] = {
    {"mlp", &mlp_model, &mlp_step_trainer, 1000, 16},
    {"conv", &conv_model, &conv_step_trainer, 50, 64},
};

/* FNV-1a, 64 bit (Fowler, Noll, Vo). */
static uint64_t
hash_bytes(uint64_t hash, const void *data, size_t size)
{
    const unsigned char *byte = data;
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ byte[i]) * UINT64_C(0x100000001b3);
    return hash;
}

static size_t
count(const flux_param *p)
{
    size_t n = 1;
    for (size_t i = 0; i < p->rank; i++)
        n *= p->dim[i];
    return n;
}

static void
fail(const char *name, const char *what)
{
    printf("%s: %s\n", name, what);
    exit(1);
}

/* Of the parameters at m; or of a file's, where m is NULL. */
static void
print_hash(const Run *run, const char *m, const char *path)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    flux_error err = {{0}};
    flux_tensors *file = m ? NULL : flux_tensors_open(path, &err);
    if (!m && !file)
        fail(run->name, err.text);
    for (size_t i = 0; i < run->model->nparam; i++) {
        const flux_param *p = &run->model->param[i];
        const void *data = m ? m + p->offset : NULL;
        if (file) {
            const flux_tensor *t = flux_tensors_find(file, p->name);
            if (!t)
                fail(p->name, "no such tensor");
            data = t->data;
        }
        hash = hash_bytes(hash, data, count(p) * sizeof(float));
    }
    flux_tensors_close(file);
    printf("%s %016llx\n", run->name, (unsigned long long)hash);
}

/* The result for samples in batches of n. */
static void
forward(const Run *run, const void *m, const float *x, size_t n, float *y,
        const flux_work *w)
{
    const flux_model *model = run->model;
    for (size_t i = 0; i < SAMPLES; i += n) {
        const void *in = &x[model->input->size * i];
        void *out = &y[model->output->size * i];
        const size_t left = SAMPLES - i;
        if (model->forward(model, m, &in, left < n ? left : n, &out, w))
            fail(run->name, "forward");
    }
}

static void
same_in_batches(const Run *run, const void *m, const float *x,
                const flux_work *w)
{
    const size_t values = run->model->output->size * SAMPLES;
    float *all = malloc(2 * values * sizeof *all);
    if (!all)
        fail(run->name, "no memory");
    forward(run, m, x, SAMPLES, all, w);
    const size_t batches[] = {1, 7, 33};
    for (size_t i = 0; i < sizeof batches / sizeof *batches; i++) {
        forward(run, m, x, batches[i], &all[values], w);
        if (memcmp(all, &all[values], values * sizeof *all) != 0)
            fail(run->name, "other bits in batches");
    }
    free(all);
}

/* Samples of the script's, and the class of each in turn. */
static float *
samples(const Run *run, float **y)
{
    const size_t in = run->model->input->size;
    const size_t out = run->model->output->size;
    float *x = calloc((in + out) * SAMPLES, sizeof *x);
    if (!x)
        fail(run->name, "no memory");
    *y = &x[in * SAMPLES];
    for (size_t i = 0; i < in * SAMPLES; i++)
        x[i] = (float)flux_normal(run->model->seed, 3, i);
    for (size_t i = 0; i < SAMPLES; i++)
        (*y)[(i + 1) % out + out * i] = 1.0f;
    return x;
}

static void
train(const Run *run)
{
    const flux_model *model = run->model;
    const flux_trainer *step = run->step;
    float *y = NULL;
    float *x = samples(run, &y);
    void *m = calloc(1, model->bytes);
    void *s = calloc(1, step->bytes);
    const size_t arena = step->arena(run->batch) + model->arena(model, SAMPLES);
    const flux_work w = {.arena = malloc(arena), .bytes = arena};
    if (!m || !s || !w.arena || model->init(model, m, model->seed) ||
        step->init(s, model->seed))
        fail(run->name, "init");
    for (size_t i = 0; i < run->steps; i++) {
        const size_t k = run->batch * (i % (SAMPLES / run->batch));
        const void *in = &x[model->input->size * k];
        float loss = 0;
        if (step->train(s, m, &in, &y[model->output->size * k], run->batch,
                        &loss, &w))
            fail(run->name, "step");
    }
    same_in_batches(run, m, x, &w);
    print_hash(run, m, NULL);
    free(w.arena);
    free(s);
    free(m);
    free(x);
}

int
main(int argc, char **argv)
{
    for (size_t i = 0; i < sizeof runs / sizeof *runs; i++) {
        if (argc < 3)
            train(&runs[i]);
        else if (strcmp(argv[1], runs[i].name) == 0)
            print_hash(&runs[i], NULL, argv[2]);
    }
    return 0;
}
