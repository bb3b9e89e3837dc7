/* One model, several implementations: what driver.c asks of each.
 *
 * From the command line come BENCH_IN and BENCH_OUT, the numbers of a sample
 * and of its result, and BENCH_PARAMETERS, how many the model has in one array:
 *
 *   chain    SHAPE has the sizes from input to result: 784,128,64,10 is three
 *            layers, for each W[in][out] and b[out]. Hidden layers end in a
 *            sigmoid, the last in softmax; the loss is the mean cross-entropy
 *            of class numbers from 0. ETA is the rate of its steps, which are
 *            gradient descent or, with ADAM, that.
 *   product  W[in][out]; y = x W
 *   map      what each function of workloads.py takes; nets.py has the others
 *
 * THREADS may be used; one where it is not given.
 */
#ifndef BENCH_H
#define BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#ifndef THREADS
#define THREADS 1
#endif

typedef struct Implementation {
    /* What ran, in words: instruction set, version of a library. */
    const char *(*detail)(void);

    /* Operations, or bytes, of one call of infer where that measures the
     * machine; else 0. */
    double amount;

    /* Takes memory for n samples; false where there is none. */
    bool (*open)(size_t n);

    /* The parameters, in and out; what is set begins to train anew. */
    void (*set)(const float *p);
    void (*get)(float *p);

    /* One step on n samples; the loss before it. NULL in what only infers. */
    float (*train)(const float *x, const int32_t *label, size_t n);

    /* y[n][out] */
    void (*infer)(const float *x, size_t n, float *y);

    /* Nanoseconds of so many calls, after one that is not timed, of train,
     * infer or other work; NULL: the driver's clock says that. */
    long long (*time)(const char *work, const float *x, const int32_t *label,
                      size_t n, size_t steps);
} Implementation;

/* Each program has one. */
extern const Implementation implementation;

/* Room for so many, aligned for any vector. */
static inline void *
bench_bytes(size_t bytes)
{
    return aligned_alloc(64, (bytes + 64) / 64 * 64);
}

static inline float *
bench_floats(size_t n)
{
    return (float *)bench_bytes(n * sizeof(float));
}

#endif
