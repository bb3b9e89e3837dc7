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

static float *
numbers(size_t count, unsigned turn)
{
    float *x = room(count * sizeof *x);
    for (size_t i = 0; i < count; i++) {
        turn = turn * 1664525U + 1013904223U;
        x[i] = (float)(turn >> 8) / 16777216.0f - 0.5f;
    }
    return x;
}

int
main(void)
{
    const size_t in = MODEL.input[0].size * N;
    const size_t out = MODEL.output[0].size * N;
    float *x = numbers(in, 1);
    float *y = numbers(out, 2);
    float *dx = room(in * sizeof *dx);
    void *m = room(MODEL.bytes);
    void *g = room(MODEL.grad_bytes);
    void *s = room(TRAINER.bytes);
    flux_work w = {.bytes = TRAINER.arena(N)};
    w.arena = memset(room(w.bytes), 0xff, w.bytes);
    flux_work back = {.bytes = MODEL.back_arena(&MODEL, N)};
    back.arena = memset(room(back.bytes), 0xff, back.bytes);
    const void *xs = x;
    const void *dys = y;
    void *dxs = dx;
    float loss = 0;
    flux_status status = MODEL.init(&MODEL, m, MODEL.seed);
    if (status == FLUX_OK)
        status = TRAINER.init(s, 7);
    for (int i = 0; i < 3 && status == FLUX_OK; i++) {
        status = TRAINER.train(s, m, &xs, y, N, &loss, &w);
        note(&loss, sizeof loss);
    }
    note(m, MODEL.bytes);
    note(s, TRAINER.bytes);
    if (status == FLUX_OK)
        status = MODEL.back(&MODEL, m, &dys, &xs, N, g, &dxs, &back);
    note(g, MODEL.grad_bytes);
    note(dx, in * sizeof *dx);
    printf("%016llx %zu %zu\n", (unsigned long long)hash,
           MODEL.back_arena(&MODEL, 64), TRAINER.arena(64));
    free(x);
    free(y);
    free(dx);
    free(m);
    free(g);
    free(s);
    free(w.arena);
    free(back.arena);
    return status != FLUX_OK;
}
