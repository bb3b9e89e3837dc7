/* One network, several implementations: what driver.c asks of each.
 *
 * SHAPE, from the command line, has the sizes from input to result:
 * 784,128,64,10 is three layers. Parameters stand in one array, for each layer
 * W[in][out] and b[out]. Hidden layers end in a sigmoid, the last in softmax;
 * the loss is the mean cross-entropy of class numbers from 0.
 */
#ifndef BENCH_H
#define BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct Implementation {
    /* What ran, in words: instruction set, version of a library. */
    const char *(*detail)(void);

    /* Operations of one call of infer where that is no network; else 0. */
    double flop;

    /* Takes memory for n samples; false where there is none. */
    bool (*open)(size_t n);

    /* The parameters, in and out. */
    void (*set)(const float *p);
    void (*get)(float *p);

    /* One step of SGD on n samples; the loss before it. */
    float (*train)(const float *x, const int32_t *label, size_t n);

    /* y[n][out]: probabilities. */
    void (*infer)(const float *x, size_t n, float *y);
} Implementation;

/* Each program has one. */
extern const Implementation implementation;

static const size_t bench_size[] = {SHAPE};
enum { LAYERS = sizeof bench_size / sizeof bench_size[0] - 1 };

/* All parameters' elements. */
static inline size_t
bench_parameters(void)
{
    size_t n = 0;
    for (size_t i = 0; i < LAYERS; i++)
        n += (bench_size[i] + 1) * bench_size[i + 1];
    return n;
}

#endif
