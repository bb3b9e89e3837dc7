/* Eight threads run one model at the same time, forward and back. */
#include "mlp.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

enum { IN = 20, OUT = 4, BATCH = 7, THREADS = 8, ROUNDS = 50 };

static mlp model;
static float x[IN * BATCH];

typedef struct {
    float y[OUT * BATCH];
    float dx[IN * BATCH];
    mlp_grad grad;
    int failed;
    _Alignas(64) char arena[MLP_BACK_ARENA(BATCH) + MLP_ARENA(BATCH) + 64];
} Worker;

static Worker worker[THREADS];

static void *
run(void *argument)
{
    Worker *self = argument;
    const flux_work w = {.arena = self->arena, .bytes = sizeof self->arena};
    for (int i = 0; i < ROUNDS; i++) {
        memset(&self->grad, 0, sizeof self->grad);
        self->failed |= mlp_forward(&model, x, BATCH, self->y, &w) != FLUX_OK;
        self->failed |= mlp_back(&model, self->y, x, BATCH, &self->grad,
                                 self->dx, &w) != FLUX_OK;
    }
    return NULL;
}

int
main(void)
{
    pthread_t thread[THREADS];
    mlp_init(&model, 1);
    for (int i = 0; i < IN * BATCH; i++)
        x[i] = (float)(i % 11) - 5.0f;
    for (int i = 0; i < THREADS; i++)
        pthread_create(&thread[i], NULL, run, &worker[i]);
    int failed = 0;
    for (int i = 0; i < THREADS; i++) {
        pthread_join(thread[i], NULL);
        failed |=
            worker[i].failed ||
            memcmp(worker[i].y, worker[0].y, sizeof worker[0].y) != 0 ||
            memcmp(worker[i].dx, worker[0].dx, sizeof worker[0].dx) != 0 ||
            memcmp(&worker[i].grad, &worker[0].grad, sizeof worker[0].grad) !=
                0;
    }
    printf("%d passed, %d failed\n", !failed, failed);
    return failed;
}
