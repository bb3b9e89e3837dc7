/* ulp.c - the worst error of every elementary function, as a table.
 *
 *    ulp [--sample N] [NAME]
 *
 * Float functions of one argument are tried on all 2^32 inputs, with --sample
 * on every N-th; doubles and two-argument functions on random and special
 * values. With NAME only that function. Exit status 1 if a bound is broken.
 * Every processor works; the result does not depend on how many there are.
 */
#define _DEFAULT_SOURCE
#include "tests/kernels/reference.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { BLOCK = 1024, THREADS = 64 };
#define CHUNK ((uint64_t)1 << 18) /* inputs that a thread takes at a time */
#define TRIES ((uint64_t)100000000)

/* The largest error so far, and the arguments that it was found at. */
typedef struct {
    double error;
    double x;
    double y;
} Worst;

/* One function: its inputs come in numbered chunks, for which `measure` is
 * called with a generator of its own.
 */
typedef struct Job {
    void (*measure)(const struct Job *job, uint64_t chunk, Worst *worst);
    const void *row;
    void (*block)(const float *x, float *y);
    bool single;    /* pow: of floats */
    uint64_t count; /* of inputs */
    uint64_t step;
    atomic_ullong next; /* the chunk that nobody has taken */
    pthread_mutex_t lock;
    Worst worst;
} Job;

static void
note(Worst *worst, double error, double x, double y)
{
    if (error > worst->error)
        *worst = (Worst){error, x, y};
}

/* Of equal errors the smaller arguments, whoever comes first. */
static void
merge(Worst *all, const Worst *one)
{
    bool before = one->x < all->x || (one->x == all->x && one->y < all->y);
    if (one->error > all->error || (one->error == all->error && before))
        *all = *one;
}

/* A function over BLOCK floats in a row, where the compiler can use vectors. */
#define BLOCK_OF(name, f, reference, bound)                                    \
    static void block_##f(const float *x, float *y)                            \
    {                                                                          \
        for (int i = 0; i < BLOCK; i++)                                        \
            y[i] = f(x[i]);                                                    \
    }
REFERENCE_F32(BLOCK_OF)

#define BLOCK_NAME(name, f, reference, bound) block_##f,
static void (*const blocks[])(const float *x,
                              float *y) = {REFERENCE_F32(BLOCK_NAME)};

/* Whether an error is no larger than the worst for sure: a check that is much
 * faster than ulp_error_f32, and enough for nearly all inputs.
 */
static inline bool
is_smaller(float got, double want, double worst)
{
    uint64_t e = flux_f64_bits(want) >> 52 & 0x7ff;
    e = e < 1023 - 126 ? 1023 - 126 : e;
    double ulp = flux_f64_from((e - 23) << 52);
    return fabs((double)got - want) <= 0.999999 * worst * ulp;
}

static void
measure_f32(const Job *job, uint64_t chunk, Worst *worst)
{
    const ulp_f32 *row = job->row;
    float x[BLOCK];
    float y[BLOCK];
    for (uint64_t from = 0; from < CHUNK; from += BLOCK) {
        uint64_t first = chunk * CHUNK + from;
        for (uint32_t i = 0; i < BLOCK; i++)
            x[i] = flux_f32_from((uint32_t)((first + i) * job->step));
        job->block(x, y);
        for (uint64_t i = 0; i < BLOCK && first + i < job->count; i++) {
            double want = row->reference((double)x[i]);
            if (is_smaller(y[i], want, worst->error))
                continue;
            double error = ulp_error_f32(y[i], want);
            note(worst, error, (double)x[i], 0);
        }
    }
}

static void
measure_f64(const Job *job, uint64_t chunk, Worst *worst)
{
    const ulp_f64 *row = job->row;
    uint64_t state = chunk << 32;
    for (uint64_t i = 0; i < CHUNK; i++) {
        double x = reference_double(&state);
        double error = ulp_error_f64(row->f(x), row->reference((long double)x));
        note(worst, error, x, 0);
    }
}

/* Two arguments, a fourth of which have powers of ordinary size. */
static void
two_arguments(uint64_t *state, uint64_t i, double *x, double *y)
{
    *x = reference_double(state);
    *y = reference_double(state);
    if (i % 4 == 0)
        *y *= 1e3 / (1e-300 + fabs(log(fabs(*x)) * *y));
}

static double
error_pow(double x, double y)
{
    return ulp_error_f64(flux_pow(x, y), powl((long double)x, (long double)y));
}

static double
error_powf(double x, double y)
{
    return ulp_error_f32(flux_powf((float)x, (float)y), pow(x, y));
}

static void
measure_pow(const Job *job, uint64_t chunk, Worst *worst)
{
    uint64_t state = chunk << 32;
    for (uint64_t i = 0; i < CHUNK; i++) {
        double x;
        double y;
        two_arguments(&state, i, &x, &y);
        if (job->single) {
            x = (double)(float)x;
            y = (double)(float)y;
        }
        note(worst, job->single ? error_powf(x, y) : error_pow(x, y), x, y);
    }
}

static void *
work(void *argument)
{
    Job *job = argument;
    uint64_t chunks = (job->count + CHUNK - 1) / CHUNK;
    Worst all = {-1, 0, 0};
    for (;;) {
        uint64_t chunk = atomic_fetch_add(&job->next, 1);
        if (chunk >= chunks)
            break;
        Worst worst = {-1, 0, 0};
        job->measure(job, chunk, &worst);
        merge(&all, &worst);
    }
    pthread_mutex_lock(&job->lock);
    merge(&job->worst, &all);
    pthread_mutex_unlock(&job->lock);
    return NULL;
}

/* Measures on all processors and prints a row; 1 if the bound is broken. */
static int
report(Job *job, const char *type, const char *name, double bound)
{
    pthread_t thread[THREADS];
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    int wanted = processors < 1         ? 1
                 : processors > THREADS ? THREADS
                                        : (int)processors;
    job->worst.error = -1;
    pthread_mutex_init(&job->lock, NULL);
    int threads = 0;
    while (threads < wanted - 1 &&
           pthread_create(&thread[threads], NULL, work, job) == 0)
        threads++;
    work(job);
    while (threads > 0)
        pthread_join(thread[--threads], NULL);
    pthread_mutex_destroy(&job->lock);
    const Worst *worst = &job->worst;
    int broken = !(worst->error <= bound);
    printf("%-3s %-10s %7.4f of %g over %llu at %a", type, name, worst->error,
           bound, (unsigned long long)job->count, worst->x);
    if (strcmp(name, "pow") == 0)
        printf(" %a", worst->y);
    puts(broken ? "  BROKEN" : "");
    fflush(stdout);
    return broken;
}

int
main(int argc, char **argv)
{
    uint64_t step = 1;
    const char *only = NULL;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--sample") == 0 && i + 1 < argc)
            step = strtoull(argv[++i], NULL, 10);
        else
            only = argv[i];
    }
    step = step == 0 ? 1 : step;
    uint64_t tries = TRIES / step + 10000;
    int broken = 0;
    for (size_t i = 0; i < sizeof functions_f32 / sizeof *functions_f32; i++) {
        const ulp_f32 *row = &functions_f32[i];
        Job job = {.measure = measure_f32,
                   .row = row,
                   .block = blocks[i],
                   .count = (((uint64_t)1 << 32) + step - 1) / step,
                   .step = step};
        if (only == NULL || strcmp(only, row->name) == 0)
            broken |= report(&job, "f32", row->name, row->bound);
    }
    for (size_t i = 0; i < sizeof functions_f64 / sizeof *functions_f64; i++) {
        const ulp_f64 *row = &functions_f64[i];
        Job job = {.measure = measure_f64, .row = row, .count = tries};
        if (only == NULL || strcmp(only, row->name) == 0)
            broken |= report(&job, "f64", row->name, row->bound);
    }
    if (only == NULL || strcmp(only, "pow") == 0) {
        Job job32 = {.measure = measure_pow, .single = true, .count = tries};
        Job job64 = {.measure = measure_pow, .count = tries};
        broken |= report(&job32, "f32", "pow", 2.0);
        broken |= report(&job64, "f64", "pow", 2.0);
    }
    return broken;
}
