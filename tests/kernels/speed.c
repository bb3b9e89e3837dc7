/* speed.c - the share of the machine's multiply-adds that products reach, and
 * the cycles that elementary functions take.
 *
 *    speed [ROUNDS [WORD]]
 *
 * Each product or function, or each with WORD in its name, is timed in blocks
 * of a tenth of a millisecond, in turn with the others, between two blocks of
 * multiply-adds that stay in registers: of their rate it has a share, whatever
 * the clock does. The median of these counts: other work may run on the
 * machine. Operands begin SKEW floats past a cache line, 4
 * as malloc leaves them. A cycle is that of two multiply-adds of whole vectors.
 * Not a test: it asserts nothing.
 */
#define _DEFAULT_SOURCE
#include "kernels/flux_math.h"
#include "kernels/flux_product.h"

#include <immintrin.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#ifndef SKEW
#define SKEW 4
#endif

#if FLUX_X86

typedef struct {
    const char *name;
    size_t m, n, k;
    size_t ai, ak, bk, bj, cj;
    flux_order order;
    flux_product_end end;
} Product;

#define SET                                                                    \
    {                                                                          \
        FLUX_SET, 0, NULL                                                      \
    }
#define STEP                                                                   \
    {                                                                          \
        FLUX_STEP, 1e-6, NULL                                                  \
    }

static const Product products[] = {
    {"forward 784-128, 32", 128, 32, 784, 1, 128, 1, 784, 128, FLUX_SEQ, SET},
    {"forward 784-128, 64", 128, 64, 784, 1, 128, 1, 784, 128, FLUX_SEQ, SET},
    {"forward 784-128, 256", 128, 256, 784, 1, 128, 1, 784, 128, FLUX_SEQ, SET},
    {"forward 128-64, 64", 64, 64, 128, 1, 64, 1, 128, 64, FLUX_SEQ, SET},
    {"forward 64-10, 64", 10, 64, 64, 1, 10, 1, 64, 10, FLUX_SPLIT4, SET},
    {"input gradient 64-10", 64, 64, 10, 10, 1, 1, 10, 64, FLUX_SEQ, SET},
    {"input gradient 128-64", 128, 64, 64, 64, 1, 1, 64, 128, FLUX_SEQ, SET},
    {"step 784-128, 32", 128, 784, 32, 1, 128, 784, 1, 128, FLUX_SEQ, STEP},
    {"step 784-128, 64", 128, 784, 64, 1, 128, 784, 1, 128, FLUX_SEQ, STEP},
    {"step 784-128, 256", 128, 784, 256, 1, 128, 784, 1, 128, FLUX_SEQ, STEP},
    {"step 128-64, 64", 64, 128, 64, 1, 64, 128, 1, 64, FLUX_SEQ, STEP},
    {"step 64-10, 64", 10, 64, 64, 1, 10, 64, 1, 10, FLUX_SEQ, STEP},
    {"forward 700-120, 48", 120, 48, 700, 1, 120, 1, 700, 120, FLUX_SEQ, SET},
    {"batch 1, 784-128", 128, 1, 784, 1, 128, 1, 784, 128, FLUX_SEQ, SET},
    {"batch 1, 1024-1024", 1024, 1, 1024, 1, 1024, 1, 1024, 1024, FLUX_SEQ,
     SET},
    {"batch 1, 64-128 turned", 128, 1, 64, 64, 1, 1, 64, 128, FLUX_SEQ, SET},
    {"batch 1, step 784-128", 128, 784, 1, 1, 128, 784, 1, 128, FLUX_SEQ, STEP},
    {"forward 120-50, 48", 50, 48, 120, 1, 50, 1, 120, 50, FLUX_SEQ, SET},
    {"step 700-120, 48", 120, 700, 48, 1, 120, 700, 1, 120, FLUX_SEQ, STEP},
    {"batch 1, 64-64", 64, 1, 64, 1, 64, 1, 64, 64, FLUX_SEQ, SET},
    {"batch 1, 64-10", 10, 1, 64, 1, 10, 1, 64, 10, FLUX_SPLIT4, SET},
    {"sums 128, 64", 128, 1, 64, 1, 128, 0, 0, 1, FLUX_SEQ, STEP},
    {"1024-1024, 32", 1024, 32, 1024, 1, 1024, 1, 1024, 1024, FLUX_SEQ, SET},
    {"1024-1024, 256", 1024, 256, 1024, 1, 1024, 1, 1024, 1024, FLUX_SEQ, SET},
    {"cube 16", 16, 16, 16, 1, 16, 1, 16, 16, FLUX_SEQ, SET},
    {"cube 32", 32, 32, 32, 1, 32, 1, 32, 32, FLUX_SEQ, SET},
    {"cube 64", 64, 64, 64, 1, 64, 1, 64, 64, FLUX_SEQ, SET},
    {"cube 128", 128, 128, 128, 1, 128, 1, 128, 128, FLUX_SEQ, SET},
    {"cube 256", 256, 256, 256, 1, 256, 1, 256, 256, FLUX_SEQ, SET},
    {"cube 512", 512, 512, 512, 1, 512, 1, 512, 512, FLUX_SEQ, SET},
    {"cube 1024", 1024, 1024, 1024, 1, 1024, 1, 1024, 1024, FLUX_SEQ, SET},
    {"cube 2048", 2048, 2048, 2048, 1, 2048, 1, 2048, 2048, FLUX_SEQ, SET},
};

enum {
    PRODUCTS = sizeof products / sizeof *products,
    SIZE = 2048 * 2048, /* floats of an operand */
    ELEMENTS = 4096     /* of a function */
};

/* A loop like those of generated code. */
#define MAP(name, value)                                                       \
    FLUX_BODY void name##_body(flux_isa isa, const float *x, float *y)         \
    {                                                                          \
        (void)isa;                                                             \
        for (size_t i = 0; i < ELEMENTS; i++)                                  \
            y[i] = value;                                                      \
    }                                                                          \
    FLUX_FOR_EACH_ISA(name, (flux_isa isa, const float *x, float *y), isa, x, y)

MAP(map_exp, flux_expf_isa(isa, x[i]))
MAP(map_log, flux_logf(x[i]))
MAP(map_sigma, flux_sigmaf_isa(isa, x[i]))
MAP(map_tanh, flux_tanhf_isa(isa, x[i]))
MAP(map_softplus, flux_softplusf(x[i]))
MAP(map_gate,
    flux_sigmaf_isa(isa, 1.5f * x[i] + 0.5f) * flux_tanhf_isa(isa, x[i]))

typedef struct {
    const char *name;
    void (*map)(flux_isa isa, const float *x, float *y);
} Function;

static const Function functions[] = {
    {"exp", map_exp_isa},           {"log", map_log_isa},
    {"sigma", map_sigma_isa},       {"tanh", map_tanh_isa},
    {"softplus", map_softplus_isa}, {"sigma times tanh", map_gate_isa},
};

enum { FUNCTIONS = sizeof functions / sizeof *functions };

static double
now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* The empty asm keeps a chain in its register, and from being foreseen; named
 * variables, since an array of chains would live in memory. */
#define LINK(fma, c)                                                           \
    c = fma(c, a, a);                                                          \
    __asm__ volatile("" : "+v"(c))
#define LINKS(fma, c, d, e, f)                                                 \
    LINK(fma, c);                                                              \
    LINK(fma, d);                                                              \
    LINK(fma, e);                                                              \
    LINK(fma, f)
#define CHAINS(name, features, Vector, splat, fma)                             \
    __attribute__((target(features))) static double name(void)                 \
    {                                                                          \
        enum { ROUNDS = 20000, LANES = sizeof(Vector) / sizeof(float) };       \
        Vector a = splat(0.5f);                                                \
        Vector c0 = a, c1 = a, c2 = a, c3 = a, c4 = a, c5 = a;                 \
        Vector c6 = a, c7 = a, c8 = a, c9 = a, c10 = a, c11 = a;               \
        double start = now();                                                  \
        for (int r = 0; r < ROUNDS; r++) {                                     \
            LINKS(fma, c0, c1, c2, c3);                                        \
            LINKS(fma, c4, c5, c6, c7);                                        \
            LINKS(fma, c8, c9, c10, c11);                                      \
        }                                                                      \
        return 2.0 * ROUNDS * 12 * LANES / (now() - start);                    \
    }
CHAINS(chains_avx512, "avx512f", __m512, _mm512_set1_ps, _mm512_fmadd_ps)
CHAINS(chains_avx2, "avx2,fma", __m256, _mm256_set1_ps, _mm256_fmadd_ps)

/* Floating-point operations a second of `times` products. */
static double
block(flux_isa isa, const Product *p, int times, float *memory)
{
    const float *a = memory + SKEW;
    const float *b = memory + SIZE + SKEW + 640;
    float *c = memory + 2 * (size_t)SIZE + SKEW + 1280;
    double start = now();
    for (int i = 0; i < times; i++)
        flux_product_isa_f32(isa, p->order, p->m, p->n, p->k, a, p->ai, p->ak,
                             b, p->bk, p->bj, c, 1, p->cj, p->end);
    return 2.0 * (double)p->m * (double)p->n * (double)p->k * times /
           (now() - start);
}

static bool
chosen(const char *name, const char *word)
{
    return word == NULL || strstr(name, word) != NULL;
}

static double
chains(flux_isa isa)
{
    return isa == FLUX_ISA_AVX512 ? chains_avx512() : chains_avx2();
}

static const char *
isa_name(flux_isa isa)
{
    return isa == FLUX_ISA_AVX512 ? "AVX-512" : "AVX2";
}

static int
rises(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double
median(double *share, int n)
{
    qsort(share, (size_t)n, sizeof *share, rises);
    return share[n / 2];
}

/* The products of one instruction set, in turn; long ones every tenth time. */
static void
measure(flux_isa isa, int rounds, const char *word, float *memory)
{
    double *share = calloc((size_t)rounds * PRODUCTS, sizeof *share);
    int times[PRODUCTS];
    int blocks[PRODUCTS] = {0};
    for (int round = 0; share && round < rounds; round++)
        for (size_t i = 0; i < PRODUCTS; i++) {
            const Product *p = products + i;
            double flops = 2.0 * (double)p->m * (double)p->n * (double)p->k;
            if (!chosen(p->name, word) || (flops > 1e8 && round % 10 > 0))
                continue;
            if (round == 0)
                times[i] = 1 + (int)(block(isa, p, 1, memory) / flops * 1e-4);
            double peak = chains(isa);
            double rate = block(isa, p, times[i], memory);
            peak = (peak + chains(isa)) / 2;
            share[(int)i * rounds + blocks[i]++] = rate / peak;
        }
    for (size_t i = 0; share && i < PRODUCTS; i++)
        if (chosen(products[i].name, word))
            printf("%-8s %-24s %5.1f %% of the multiply-adds\n", isa_name(isa),
                   products[i].name,
                   100 * median(share + (int)i * rounds, blocks[i]));
    free(share);
}

/* The functions of one instruction set, in turn. */
static void
measure_functions(flux_isa isa, int rounds, const char *word, float *memory)
{
    enum { TIMES = 40 };
    double *share = calloc((size_t)rounds * FUNCTIONS, sizeof *share);
    for (int round = 0; share && round < rounds; round++)
        for (size_t i = 0; i < FUNCTIONS; i++) {
            if (!chosen(functions[i].name, word))
                continue;
            double peak = chains(isa);
            double start = now();
            for (int time = 0; time < TIMES; time++)
                functions[i].map(isa, memory + SKEW, memory + SIZE + SKEW);
            double rate = (double)TIMES * ELEMENTS / (now() - start);
            peak = (peak + chains(isa)) / 2;
            share[(int)i * rounds + round] = rate / peak;
        }
    for (size_t i = 0; share && i < FUNCTIONS; i++)
        if (chosen(functions[i].name, word))
            printf("%-8s %-24s %5.1f cycles a vector\n", isa_name(isa),
                   functions[i].name,
                   0.25 / median(share + (int)i * rounds, rounds));
    free(share);
}

int
main(int argc, char **argv)
{
    int rounds = argc > 1 ? atoi(argv[1]) : 300;
    float *memory = aligned_alloc(4096, sizeof(float) * (3 * SIZE + 4096));
    if (!memory)
        return 1;
    for (size_t i = 0; i < 3 * (size_t)SIZE + 4096; i++)
        memory[i] = (float)(i % 31) / 31;
    const char *word = argc > 2 ? argv[2] : NULL;
    for (int isa = FLUX_ISA_PLAIN + 1; isa <= (int)flux_best_isa(); isa++) {
        measure((flux_isa)isa, rounds, word, memory);
        measure_functions((flux_isa)isa, rounds, word, memory);
    }
    free(memory);
    return 0;
}

#else

int
main(void)
{
    puts("the product has plain code alone on this machine");
    return 0;
}

#endif
