/* A library to preload: the n-th allocation of the program fails, n being
 * FAIL_AT, and with FAIL_ON all that follow. FAIL_COUNT names a file that gets
 * the number of allocations. Programs that are started from it are let alone,
 * and what ends it when its own handlers have run, as gcov's count of branches.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* glibc's own, behind the names that this file defines. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *memory, size_t size);
void *__libc_memalign(size_t alignment, size_t size);

static atomic_long made;
static long fail_at;
static int fail_on;
static atomic_int over;
static char count_file[256];

static void
let_alone(void)
{
    atomic_store(&over, 1);
}

__attribute__((constructor)) static void
start(void)
{
    const char *at = getenv("FAIL_AT");
    const char *file = getenv("FAIL_COUNT");
    fail_on = getenv("FAIL_ON") != NULL;
    if (file != NULL)
        snprintf(count_file, sizeof count_file, "%s", file);
    unsetenv("LD_PRELOAD");
    pthread_atfork(NULL, NULL, let_alone);
    atomic_store(&made, 0);
    fail_at = at != NULL ? atol(at) : 0;
}

__attribute__((destructor)) static void
finish(void)
{
    char text[32];
    if (count_file[0] == '\0')
        return;
    long count = atomic_load(&made);
    int length = snprintf(text, sizeof text, "%ld\n", count);
    int file = open(count_file, O_WRONLY | O_CREAT | O_TRUNC, 0666);
    if (file < 0 || write(file, text, (size_t)length) != length)
        _exit(99);
    close(file);
}

static int
fails(void)
{
    if (atomic_load(&over))
        return 0;
    long n = atomic_fetch_add(&made, 1) + 1;
    if (n == 1)
        atexit(let_alone); /* before the program's own, so it runs last */
    int now = fail_at > 0 && (n == fail_at || (fail_on && n > fail_at));
    if (now)
        errno = ENOMEM;
    return now;
}

void *
malloc(size_t size)
{
    return fails() ? NULL : __libc_malloc(size);
}

void *
calloc(size_t count, size_t size)
{
    return fails() ? NULL : __libc_calloc(count, size);
}

void *
realloc(void *memory, size_t size)
{
    return fails() ? NULL : __libc_realloc(memory, size);
}

void *
aligned_alloc(size_t alignment, size_t size)
{
    return fails() ? NULL : __libc_memalign(alignment, size);
}
