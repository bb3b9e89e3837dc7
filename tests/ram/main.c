/* Trains a model for some steps and goes back once, in exactly the memory that
 * it asks for; prints a hash of all that came out, then the bytes for 64
 * samples of back and of the step. -DMODEL=…, -DTRAINER=…
 */
#include "flux.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

extern const flux_model MODEL;
extern const flux_trainer TRAINER;

enum { N = 70 };

static uint64_t hash = 14695981039346656037U;

static void
note(const void *data, size_t bytes)
{
    const unsigned char *p = data;
    for (size_t i = 0; i < bytes; i++)
        hash = (hash ^ p[i]) * 1099511628211U;
}

static void *
room(size_t bytes)
{
    void *p = malloc(bytes + 1);
    if (p == NULL)
        exit(2);
    memset(p, 0, bytes);
    return p;
}

/* N samples for a port: numbers of either kind. */
static void *
samples(const flux_port *port, unsigned turn)
{
    const size_t count = port->size * N;
    float *x = room(count * sizeof *x);
    int32_t *index = (void *)x;
    for (size_t i = 0; i < count; i++) {
        turn = turn * 1664525U + 1013904223U;
        if (port->dtype == FLUX_I32)
            index[i] = 1 + (int32_t)(turn >> 30);
        else
            x[i] = (float)(turn >> 8) / 16777216.0f - 0.5f;
    }
    return x;
}

int
main(void)
{
    void *x[4] = {NULL};
    void *dx[4] = {NULL};
    void *dy[4] = {NULL};
    size_t reals = 0;
    for (size_t i = 0; i < MODEL.ninput; i++) {
        x[i] = samples(&MODEL.input[i], (unsigned)i + 1);
        if (MODEL.input[i].dtype == FLUX_F32)
            dx[reals++] = room(MODEL.input[i].size * N * sizeof(float));
    }
    for (size_t i = 0; i < MODEL.noutput; i++)
        dy[i] = samples(&MODEL.output[i], (unsigned)i + 11);
    void *y = samples(TRAINER.target, 21);
    void *m = room(MODEL.bytes);
    void *g = room(MODEL.grad_bytes);
    void *s = room(TRAINER.bytes);
    flux_work w = {.bytes = TRAINER.arena(N)};
    w.arena = memset(room(w.bytes), 0xff, w.bytes);
    flux_work back = {.bytes = MODEL.back_arena(&MODEL, N)};
    back.arena = memset(room(back.bytes), 0xff, back.bytes);
    const void *const *xs = (const void *const *)x;
    float loss = 0;
    flux_status status = MODEL.init(&MODEL, m, MODEL.seed);
    if (status == FLUX_OK)
        status = TRAINER.init(s, 7);
    for (int i = 0; i < 3 && status == FLUX_OK; i++) {
        status = TRAINER.train(s, m, xs, y, N, &loss, &w);
        note(&loss, sizeof loss);
    }
    note(m, MODEL.bytes);
    note(s, TRAINER.bytes);
    if (status == FLUX_OK)
        status =
            MODEL.back(&MODEL, m, (const void *const *)dy, xs, N, g, dx, &back);
    note(g, MODEL.grad_bytes);
    for (size_t i = 0, real = 0; i < MODEL.ninput; i++)
        if (MODEL.input[i].dtype == FLUX_F32)
            note(dx[real++], MODEL.input[i].size * N * sizeof(float));
    printf("%016llx %zu %zu\n", (unsigned long long)hash,
           MODEL.back_arena(&MODEL, 64), TRAINER.arena(64));
    for (size_t i = 0; i < 4; i++) {
        free(x[i]);
        free(dx[i]);
        free(dy[i]);
    }
    free(y);
    free(m);
    free(g);
    free(s);
    free(w.arena);
    free(back.arena);
    return status != FLUX_OK;
}
