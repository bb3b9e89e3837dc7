/* Hashes of what generated models give: results, gradients, and the weights
 * after some steps of training. They must not depend on the processor. The
 * program needs no operating system, and nothing but the models' own files.
 *
 * The models are those of tests/targets/run's table, for SAMPLES at once.
 */
#include "tests/targets/main.h"

#include <stdio.h>
#include <string.h>

#ifndef SAMPLES
#define SAMPLES 17
#endif

enum { MEMORY = 1 << 21, STEPS = 3 };

/* All memory of a model, from which nothing is given back. */
static _Alignas(64) unsigned char memory[MEMORY];
static size_t used;

static void *
room(size_t bytes)
{
    void *place = memory + used;
    used += FLUX_ALIGN(bytes);
    return used <= MEMORY ? place : NULL;
}

typedef struct {
    const flux_model *model;
    size_t n;
    void *x, *y, *dy, *dx, *m, *g;
    flux_work work;
} Run;

/* FNV-1a, 64 bit (Fowler, Noll, Vo), lowest byte of each number first. */
static uint64_t
hash_of(uint64_t hash, flux_dtype dtype, const void *data, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        uint64_t word = 0;
        if (dtype == FLUX_F64) {
            memcpy(&word, (const double *)data + i, sizeof word);
        } else {
            uint32_t half;
            memcpy(&half, (const float *)data + i, sizeof half);
            word = half;
        }
        for (int byte = 0; byte < 8; byte++)
            hash = (hash ^ (word >> 8 * byte & 0xff)) * UINT64_C(0x100000001b3);
    }
    return hash;
}

static void
print_hash(const Run *run, const char *what, uint64_t hash)
{
    printf("%s %u %s %08lx%08lx\n", run->model->name, (unsigned)run->n, what,
           (unsigned long)(hash >> 32), (unsigned long)(hash & 0xffffffffu));
}

static const uint64_t start = UINT64_C(0xcbf29ce484222325);

static void
print_array(const Run *run, const char *what, const void *data, size_t count)
{
    print_hash(run, what, hash_of(start, run->model->dtype, data, count));
}

/* Of the parameters, or of their gradients. */
static void
print_params(const Run *run, const char *what, const void *base, int gradients)
{
    const flux_model *m = run->model;
    uint64_t hash = start;
    for (size_t i = 0; i < m->nparam; i++) {
        const flux_param *p = &m->param[i];
        const size_t at = gradients ? p->grad_offset : p->offset;
        size_t count = 1;
        for (size_t d = 0; d < p->rank; d++)
            count *= p->dim[d];
        if (at != FLUX_NO_GRAD)
            hash = hash_of(hash, p->dtype, (const char *)base + at, count);
    }
    print_hash(run, what, hash);
}

/* An array for a port, of numbers from -1 to 1. */
static void *
numbers(const Run *run, const flux_port *port)
{
    const int wide = run->model->dtype == FLUX_F64;
    const size_t count = port->size * run->n;
    void *array = room(count * (wide ? sizeof(double) : sizeof(float)));
    for (size_t i = 0; array != NULL && i < count; i++) {
        const double value = (double)(i * 37 % 2039) / 1019.0 - 1.0;
        if (wide)
            ((double *)array)[i] = value;
        else
            ((float *)array)[i] = (float)value;
    }
    return array;
}

static int
run_open(Run *run, const flux_model *model, const flux_trainer *trainer,
         size_t n, flux_pool *pool)
{
    *run = (Run){.model = model, .n = n};
    used = 0;
    run->x = numbers(run, model->input);
    run->dx = numbers(run, model->input);
    run->y = numbers(run, model->output);
    run->dy = numbers(run, model->output);
    run->m = room(model->bytes);
    run->g = room(model->grad_bytes);
    size_t bytes =
        FLUX_MAX(model->arena(model, n), model->back_arena(model, n));
    bytes = FLUX_MAX(bytes, trainer->arena(n));
    run->work = (flux_work){.arena = room(bytes), .bytes = bytes, .pool = pool};
    if (run->work.arena == NULL)
        return 0;
    memset(run->g, 0, model->grad_bytes);
    return model->init(model, run->m, model->seed) == FLUX_OK;
}

static int
run_all(Run *run, const flux_trainer *trainer)
{
    const flux_model *m = run->model;
    const void *const x[] = {run->x};
    const void *const dy[] = {run->dy};
    void *const y[] = {run->y};
    void *const dx[] = {run->dx};
    void *state = room(trainer->bytes);
    if (state == NULL ||
        m->forward(m, run->m, x, run->n, y, &run->work) != FLUX_OK ||
        m->back(m, run->m, dy, x, run->n, run->g, dx, &run->work) != FLUX_OK ||
        trainer->init(state, m->seed) != FLUX_OK)
        return 0;
    print_array(run, "y", run->y, m->output->size * run->n);
    print_array(run, "dx", run->dx, m->input->size * run->n);
    print_params(run, "gradients", run->g, 1);
    for (int i = 0; i < STEPS; i++) {
        double loss = 0;
        if (trainer->train(state, run->m, x, run->dy, run->n, &loss,
                           &run->work) != FLUX_OK)
            return 0;
        print_array(run, "loss", &loss, 1);
    }
    print_params(run, "weights", run->m, 0);
    return 1;
}

/* A pool that does the parts of a task backwards. */
static void
backwards(flux_pool *pool, flux_task *function, void *task)
{
    for (size_t i = pool->threads; i-- > 0;)
        function(task, i, pool->threads);
}

int
main(void)
{
    flux_pool pool = {3, backwards};
    for (size_t i = 0; entries[i].model != NULL; i++)
        for (size_t n = 1; n <= SAMPLES; n += SAMPLES - 1) {
            Run run;
            if (!run_open(&run, entries[i].model, entries[i].trainer, n,
                          i % 2 == 0 ? &pool : NULL) ||
                !run_all(&run, entries[i].trainer))
                printf("FAILED %s\n", entries[i].model->name);
        }
    return 0;
}
