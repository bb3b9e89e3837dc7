/* flux_pool.h - how kernels share work among threads.
 *
 * A pool is what the caller of a model gives to it (flux_work.pool): the
 * runtime's, of flux_pool_open(), or the host's own. Kernels know no more of it
 * than how to have a task done. No sum is ever split, so any number of threads
 * gives the same bits.
 */
#ifndef FLUX_POOL_H
#define FLUX_POOL_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The part of a task that is `thread`'s, of `threads` from 0 on. */
typedef void flux_task(void *task, size_t thread, size_t threads);

typedef struct flux_pool flux_pool;
struct flux_pool {
    size_t threads; /* the most that take part, the caller among them */

    /* Has all parts of a task done, in any order and number of threads up to
     * `threads`, and returns when they are; part 0 is the caller's.
     */
    void (*run)(flux_pool *pool, flux_task *function, void *task);
};

/* From which on threads pay: multiply-adds of a call and of one product in it,
 * for to wake a thread takes microseconds, to find it awake less than one; and
 * samples of a training step, for what one core wrote of the weights the others
 * read in the next step from its cache. Tests set them to 1.
 */
#ifndef FLUX_POOL_FROM
#define FLUX_POOL_FROM ((size_t)1 << 20)
#endif
#ifndef FLUX_POOL_SAMPLES
#define FLUX_POOL_SAMPLES ((size_t)64)
#endif
#ifndef FLUX_SHARE_FROM
#define FLUX_SHARE_FROM ((size_t)1 << 17)
#endif

/* What is shared goes in these units: whole tiles. */
#define FLUX_SHARE_ROWS    ((size_t)32)
#define FLUX_SHARE_COLUMNS ((size_t)8)

/* As FLUX_STATIC: clang says what a file does not use that this is pasted into.
 */
#if defined(__GNUC__)
#define FLUX_POOL_STATIC static inline __attribute__((unused))
#else
#define FLUX_POOL_STATIC static inline
#endif

/* Where a thread's share of `whole` begins; that of the thread after the last
 * is the end. The first threads have the most; all, from as many units on.
 */
FLUX_POOL_STATIC size_t
flux_share(size_t whole, size_t unit, size_t thread, size_t threads)
{
    if (threads == 1)
        return thread == 0 ? 0 : whole;
    size_t units = whole / unit + (whole % unit > 0);
    size_t before = units / threads * thread +
                    (thread < units % threads ? thread : units % threads);
    return before * unit < whole ? before * unit : whole;
}

/* How many threads share the samples of a call: no more than a block of 64 has
 * units of 8.
 */
FLUX_POOL_STATIC size_t
flux_share_threads(size_t threads)
{
    return threads < 8 ? threads : 8;
}

/* Has a task done by a pool; of NULL, by the caller alone. */
FLUX_POOL_STATIC void
flux_share_task(flux_pool *pool, flux_task *function, void *task)
{
    if (pool != NULL)
        pool->run(pool, function, task);
    else
        function(task, 0, 1);
}

#ifdef __cplusplus
}
#endif
#endif
