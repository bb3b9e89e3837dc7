/* driver START N: runs one implementation, told by lines on standard input.
 *
 * START holds the start parameters, N samples and their labels, as raw float
 * and int32. First comes a line "ready AMOUNT DETAIL"; each line in gives one
 * out:
 *
 *   train BATCH STEPS PATH   loss of the last step; parameters written to PATH
 *   infer BATCH PATH         0; results written to PATH
 *   time WORK BATCH STEPS    nanoseconds of STEPS calls of train or infer, or
 *                            of what else an implementation times
 *
 * Each begins with the start parameters. What is timed has run once before.
 */
#define _POSIX_C_SOURCE 199309L
#include "bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static float *start;   /* parameters */
static float *sample;  /* [n][in] */
static int32_t *label; /* [n] */
static float *out;     /* parameters or results */
static bool trained;   /* the parameters are no longer those of the start */
static size_t samples;

/* What was computed goes here, so that it has to be. */
static volatile float sink;

static long long
nanoseconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (long long)t.tv_sec * 1000000000 + t.tv_nsec;
}

static bool
start_read(const char *path)
{
    size_t in = BENCH_IN;
    size_t parameters = BENCH_PARAMETERS;
    size_t results = samples * BENCH_OUT;
    start = bench_floats(parameters);
    sample = bench_floats(samples * in);
    label = calloc(samples, sizeof *label);
    out = bench_floats(parameters > results ? parameters : results);
    FILE *file = fopen(path, "rb");
    if (file == NULL || start == NULL || sample == NULL || label == NULL ||
        out == NULL)
        return false;
    bool fine =
        fread(start, sizeof *start, parameters, file) == parameters &&
        fread(sample, sizeof *sample, samples * in, file) == samples * in &&
        fread(label, sizeof *label, samples, file) == samples &&
        getc(file) == EOF;
    fclose(file);
    return fine;
}

static bool
out_write(const char *path, size_t n)
{
    FILE *file = fopen(path, "wb");
    if (file == NULL)
        return false;
    bool fine = fwrite(out, sizeof *out, n, file) == n;
    return fclose(file) == 0 && fine;
}

static void
run(bool training, size_t batch, size_t steps)
{
    trained = trained || training;
    float last = 0;
    for (size_t i = 0; i < steps; i++) {
        if (training)
            last = implementation.train(sample, label, batch);
        else
            implementation.infer(sample, batch, out);
    }
    sink = training ? last : out[0];
}

/* The start parameters, if what runs has others. */
static void
reset(void)
{
    if (trained)
        implementation.set(start);
    trained = false;
}

/* Answers one line; false where it is none of the above. */
static bool
answer(const char *line)
{
    char path[1024];
    char work[8];
    size_t batch = 0;
    size_t steps = 0;
    reset();
    if (sscanf(line, "train %zu %zu %1023s", &batch, &steps, path) == 3 &&
        batch <= samples) {
        run(true, batch, steps);
        implementation.get(out);
        printf("%.9g\n", (double)sink);
        return out_write(path, BENCH_PARAMETERS);
    }
    if (sscanf(line, "infer %zu %1023s", &batch, path) == 2 &&
        batch <= samples) {
        run(false, batch, 1);
        puts("0");
        return out_write(path, batch * BENCH_OUT);
    }
    if (sscanf(line, "time %7s %zu %zu", work, &batch, &steps) == 3 &&
        batch <= samples) {
        bool training = strcmp(work, "train") == 0;
        if (implementation.time != NULL) {
            trained = trained || training;
            printf("%lld\n",
                   implementation.time(work, sample, label, batch, steps));
            return true;
        }
        run(training, batch, 1);
        long long begin = nanoseconds();
        run(training, batch, steps);
        printf("%lld\n", nanoseconds() - begin);
        return true;
    }
    return false;
}

int
main(int argc, char **argv)
{
    samples = argc == 3 ? strtoul(argv[2], NULL, 10) : 0;
    if (samples == 0) {
        fputs("usage: driver START N\n", stderr);
        return 2;
    }
    if (!start_read(argv[1]) || !implementation.open(samples)) {
        fprintf(stderr, "%s: cannot be read, or no memory\n", argv[1]);
        return 1;
    }
    implementation.set(start);
    printf("ready %.0f %s\n", implementation.amount, implementation.detail());
    fflush(stdout);
    char line[2048];
    while (fgets(line, sizeof line, stdin) != NULL) {
        if (!answer(line)) {
            fprintf(stderr, "cannot do: %s", line);
            return 1;
        }
        fflush(stdout);
    }
    return 0;
}
