/* pool.c - threads that wait for work.
 *
 * A task is published by the number of its round. Threads look for the next
 * round for a while, some microseconds, for one task follows another while a
 * model runs; then they sleep. A pool that is at work for one caller does
 * nothing for another, who does all parts itself: no more threads run than were
 * asked for. The same goes for a process that was forked from the pool's: its
 * threads are not there.
 */
#define _POSIX_C_SOURCE 200809L
#include "runtime/error.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

enum {
    LOOKS = 2000,      /* for the next round, before a thread sleeps */
    MOST_THREADS = 64, /* of a pool */
    STACK = 2 << 20    /* bytes: large products take almost half */
};

typedef struct Pool Pool;

typedef struct Worker {
    Pool *pool;
    size_t number;
    pthread_t thread;
} Worker;

struct Pool {
    flux_pool shared; /* what callers see */
    pid_t process;    /* that the threads are of */
    atomic_flag busy;
    atomic_size_t round;
    atomic_size_t left; /* threads that have not finished this round */
    atomic_size_t asleep;
    pthread_mutex_t lock; /* of sleeping */
    pthread_cond_t wake;
    flux_task *function; /* NULL: the threads end */
    void *task;
    size_t workers;
    Worker worker[];
};

/* A moment in a loop that looks at memory. */
static void
pool_pause(void)
{
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__TINYC__)
    __builtin_ia32_pause();
#elif defined(__aarch64__) && defined(__GNUC__) && !defined(__TINYC__)
    __asm__ volatile("yield");
#endif
}

/* Waits for the round after `seen`. */
static void
worker_wait(Pool *pool, size_t seen)
{
    for (int i = 0; i < LOOKS; i++) {
        if (atomic_load_explicit(&pool->round, memory_order_acquire) != seen)
            return;
        pool_pause();
    }
    pthread_mutex_lock(&pool->lock);
    atomic_fetch_add(&pool->asleep, 1);
    while (atomic_load(&pool->round) == seen)
        pthread_cond_wait(&pool->wake, &pool->lock);
    atomic_fetch_sub(&pool->asleep, 1);
    pthread_mutex_unlock(&pool->lock);
}

static void *
worker_main(void *argument)
{
    Worker *self = argument;
    Pool *pool = self->pool;
    for (size_t seen = 0;; seen++) {
        worker_wait(pool, seen);
        if (pool->function == NULL)
            return NULL;
        pool->function(pool->task, self->number, pool->shared.threads);
        atomic_fetch_sub_explicit(&pool->left, 1, memory_order_release);
    }
}

/* Publishes a round. A thread that goes to sleep counts itself before it looks
 * at the round for the last time, so it is woken or sees it.
 */
static void
pool_publish(Pool *pool, flux_task *function, void *task)
{
    pool->function = function;
    pool->task = task;
    atomic_store(&pool->left, pool->workers);
    atomic_fetch_add(&pool->round, 1);
    if (atomic_load(&pool->asleep) == 0)
        return;
    pthread_mutex_lock(&pool->lock);
    pthread_cond_broadcast(&pool->wake);
    pthread_mutex_unlock(&pool->lock);
}

static void
pool_run(flux_pool *shared, flux_task *function, void *task)
{
    Pool *pool = (Pool *)shared;
    if (pool->workers == 0 || pool->process != getpid() ||
        atomic_flag_test_and_set(&pool->busy)) {
        for (size_t i = 0; i < shared->threads; i++)
            function(task, i, shared->threads);
        return;
    }
    pool_publish(pool, function, task);
    function(task, 0, shared->threads);
    for (int i = 0; atomic_load_explicit(&pool->left, memory_order_acquire) > 0;
         i++) {
        if (i < LOOKS)
            pool_pause();
        else
            sched_yield();
    }
    atomic_flag_clear(&pool->busy);
}

/* Starts threads beside the caller's, as many as can be had up to a number. */
static void
pool_start(Pool *pool, size_t threads)
{
    pthread_attr_t attributes;
    if (pthread_attr_init(&attributes) != 0)
        return;
    int fits = pthread_attr_setstacksize(&attributes, STACK) == 0;
    for (size_t i = 0; fits && i + 1 < threads; i++) {
        Worker *worker = &pool->worker[i];
        worker->pool = pool;
        worker->number = i + 1;
        if (pthread_create(&worker->thread, &attributes, worker_main, worker) !=
            0)
            break;
        pool->workers++;
        pool->shared.threads++;
    }
    pthread_attr_destroy(&attributes);
}

/* A pool; see flux.h. */
flux_pool *
flux_pool_open(size_t threads)
{
    threads = threads < 1 ? 1 : threads > MOST_THREADS ? MOST_THREADS : threads;
    Pool *pool = calloc(1, sizeof *pool + (threads - 1) * sizeof(Worker));
    if (pool == NULL)
        return NULL;
    pool->shared.run = pool_run;
    pool->process = getpid();
    atomic_flag_clear(&pool->busy);
    if (pthread_mutex_init(&pool->lock, NULL) != 0) {
        free(pool);
        return NULL;
    }
    if (pthread_cond_init(&pool->wake, NULL) != 0) {
        pthread_mutex_destroy(&pool->lock);
        free(pool);
        return NULL;
    }
    pool->shared.threads = 1;
    pool_start(pool, threads);
    return &pool->shared;
}

/* Ends the threads; pool may be NULL. */
void
flux_pool_close(flux_pool *shared)
{
    Pool *pool = (Pool *)shared;
    if (pool == NULL)
        return;
    if (pool->process != getpid()) { /* lock and threads are another's */
        free(pool);
        return;
    }
    pool_publish(pool, NULL, NULL);
    for (size_t i = 0; i < pool->workers; i++)
        pthread_join(pool->worker[i].thread, NULL);
    pthread_cond_destroy(&pool->wake);
    pthread_mutex_destroy(&pool->lock);
    free(pool);
}
