/* Pools of 1, 2, 3 and 5 threads, and one of the host's own, give the bits that
 * no pool gives: forward, back and training of MODEL, a generated model whose
 * trainer takes labels or one target of an output's size. The program is linked
 * with --wrap=pthread_create.
 */
#include HEADER

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MOST = 130, ARENA = 1 << 23 };

extern const flux_model MODEL;
extern const flux_trainer TRAINER;

typedef struct {
    unsigned char *m; /* parameters after two steps */
    unsigned char *grad;
    unsigned char *state;
    float *x;
    float *y;
    float *dx;
    int32_t *label;
    float *target;
    void *arena;
    float loss;
} Run;

static int passed;
static int failed;

static void
expect(int holds, const char *what)
{
    passed += holds;
    failed += !holds;
    if (!holds)
        printf("FAILED %s\n", what);
}

/* All of one model on n samples. */
static int
run(Run *r, size_t n, flux_pool *pool)
{
    const void *x[] = {r->x};
    const void *dy[] = {r->y};
    void *y[] = {r->y};
    void *dx[] = {r->dx};
    const flux_work w = {.arena = r->arena, .bytes = ARENA, .pool = pool};
    int fine = MODEL.init(&MODEL, r->m, 1) == FLUX_OK &&
               TRAINER.init(r->state, 1) == FLUX_OK;
    memset(r->grad, 0, MODEL.grad_bytes);
    memset(r->y, 0, MOST * MODEL.output->size * sizeof(float));
    memset(r->dx, 0, MOST * MODEL.input->size * sizeof(float));
    fine &= MODEL.forward(&MODEL, r->m, x, n, y, &w) == FLUX_OK;
    fine &= MODEL.back(&MODEL, r->m, dy, x, n, r->grad, dx, &w) == FLUX_OK;
    for (int i = 0; i < 2; i++)
        fine &= (TRAINER.takes_labels
                     ? TRAINER.train_labels(r->state, r->m, x, r->label, n,
                                            &r->loss, &w)
                     : TRAINER.train(r->state, r->m, x, r->target, n, &r->loss,
                                     &w)) == FLUX_OK;
    return fine;
}

static void
open_run(Run *r)
{
    r->m = calloc(1, MODEL.bytes);
    r->grad = calloc(1, MODEL.grad_bytes);
    r->state = calloc(1, TRAINER.bytes);
    r->x = calloc(MOST * MODEL.input->size, sizeof(float));
    r->y = calloc(MOST * MODEL.output->size, sizeof(float));
    r->dx = calloc(MOST * MODEL.input->size, sizeof(float));
    r->label = calloc(MOST, sizeof *r->label);
    r->target = calloc(MOST * MODEL.output->size, sizeof(float));
    r->arena = malloc(ARENA);
    for (size_t i = 0; i < MOST * MODEL.input->size; i++)
        r->x[i] = (float)(i * 7 % 23) / 11.0f - 1.0f;
    for (int i = 0; i < MOST; i++)
        r->label[i] = i * 5 % 3;
    for (size_t i = 0; i < MOST * MODEL.output->size; i++)
        r->target[i] = (float)(i * 5 % 3) / 3.0f;
}

static void
close_run(Run *r)
{
    free(r->m);
    free(r->grad);
    free(r->state);
    free(r->x);
    free(r->y);
    free(r->dx);
    free(r->label);
    free(r->target);
    free(r->arena);
}

static int
equal(const Run *a, const Run *b)
{
    return memcmp(a->m, b->m, MODEL.bytes) == 0 &&
           memcmp(a->grad, b->grad, MODEL.grad_bytes) == 0 &&
           memcmp(a->state, b->state, TRAINER.bytes) == 0 &&
           memcmp(a->y, b->y, MOST * MODEL.output->size * sizeof(float)) == 0 &&
           memcmp(a->dx, b->dx, MOST * MODEL.input->size * sizeof(float)) ==
               0 &&
           memcmp(&a->loss, &b->loss, sizeof a->loss) == 0;
}

/* A pool of the host's own, that does the parts backwards. */
static size_t tasks;

static void
backwards(flux_pool *pool, flux_task *function, void *task)
{
    tasks++;
    for (size_t i = pool->threads; i-- > 0;)
        function(task, i, pool->threads);
}

/* Thread number `refused` and those after it cannot be made. */
static int refused = 1000;
int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attr,
                          void *(*start)(void *), void *argument);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attr,
                          void *(*start)(void *), void *argument);
int
__wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attr,
                      void *(*start)(void *), void *argument)
{
    if (refused-- <= 0)
        return 11;
    return __real_pthread_create(thread, attr, start, argument);
}

/* Two threads of the host share a pool. */
typedef struct {
    Run run;
    flux_pool *pool;
    int fine;
} Host;

static void *
host_main(void *argument)
{
    Host *host = argument;
    host->fine = 1;
    for (int i = 0; i < 10; i++)
        host->fine &= run(&host->run, MOST, host->pool);
    return NULL;
}

static void
share(const Run *want)
{
    Host host[2];
    pthread_t thread[2];
    flux_pool *pool = flux_pool_open(3);
    for (int i = 0; i < 2; i++) {
        open_run(&host[i].run);
        host[i].pool = pool;
        pthread_create(&thread[i], NULL, host_main, &host[i]);
    }
    for (int i = 0; i < 2; i++) {
        pthread_join(thread[i], NULL);
        expect(host[i].fine && equal(&host[i].run, want), "a shared pool");
        close_run(&host[i].run);
    }
    flux_pool_close(pool);
}

/* A process forked from the pool's has none of its threads. */
static void
fork_from(const Run *want)
{
    Run got;
    int status = -1;
    open_run(&got);
    flux_pool *pool = flux_pool_open(3);
    pid_t child = fork();
    if (child == 0) {
        alarm(60);
        int fine = run(&got, MOST, pool) && equal(&got, want);
        flux_pool_close(pool);
        _exit(!fine);
    }
    waitpid(child, &status, 0);
    expect(child > 0 && status == 0, "a forked process");
    expect(run(&got, MOST, pool) && equal(&got, want), "the one it is from");
    flux_pool_close(pool);
    close_run(&got);
}

static void
try_pools(size_t n)
{
    static const size_t threads[] = {1, 2, 3, 5};
    const struct timespec moment = {0, 5000000};
    flux_pool own = {3, backwards};
    Run want;
    Run got;
    open_run(&want);
    open_run(&got);
    expect(run(&want, n, NULL), "no pool");
    for (size_t i = 0; i < sizeof threads / sizeof *threads; i++) {
        flux_pool *pool = flux_pool_open(threads[i]);
        expect(pool != NULL && pool->threads == threads[i], "the threads");
        expect(run(&got, n, pool) && equal(&got, &want), "other bits");
        nanosleep(&moment, NULL); /* they sleep by now */
        expect(run(&got, n, pool) && equal(&got, &want), "bits after sleep");
        flux_pool_close(pool);
    }
    tasks = 0;
    expect(run(&got, n, &own) && equal(&got, &want), "a pool of the host's");
    expect((tasks > 0) == (n > 1), "one sample takes no threads, many do");
    if (n == MOST) {
        share(&want);
        fork_from(&want);
    }
    close_run(&want);
    close_run(&got);
}

int
main(void)
{
    static const size_t batch[] = {1, 2, 33, MOST};
    for (size_t i = 0; i < sizeof batch / sizeof *batch; i++)
        try_pools(batch[i]);
    refused = 1;
    flux_pool *pool = flux_pool_open(4);
    expect(pool != NULL && pool->threads == 2, "fewer threads than wanted");
    flux_pool_close(pool);
    flux_pool_close(NULL);
    printf("%d passed, %d failed\n", passed, failed);
    return failed > 0;
}
