/* speed.c - the share of the machine's multiply-adds that products reach.
 *
 *    speed [BLOCKS]
 *
 * Each product is timed in blocks of about a millisecond, in turn with chains
 * of multiply-adds that stay in registers; the best block of each counts, for
 * other work may run on the machine. Not a test: it asserts nothing.
 */
#define _DEFAULT_SOURCE
#include "kernels/flux_product.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

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
        FLUX_SET, 0                                                            \
    }
#define STEP                                                                   \
    {                                                                          \
        FLUX_STEP, 1e-6                                                        \
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
    {"cube 64", 64, 64, 64, 1, 64, 1, 64, 64, FLUX_SEQ, SET},
    {"cube 512", 512, 512, 512, 1, 512, 1, 512, 512, FLUX_SEQ, SET},
    {"cube 1024", 1024, 1024, 1024, 1, 1024, 1, 1024, 1024, FLUX_SEQ, SET},
};

static double
now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
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

/* Multiply-adds a second of one block, of `times` products. */
static double
block(flux_isa isa, const Product *p, int times, const float *a, const float *b,
      float *c)
{
    double start = now();
    for (int i = 0; i < times; i++)
        flux_product_f32_isa(isa, p->order, p->m, p->n, p->k, a, p->ai, p->ak,
                             b, p->bk, p->bj, c, 1, p->cj, p->end);
    double flops = 2.0 * (double)p->m * (double)p->n * (double)p->k;
    return flops * times / (now() - start);
}

static void
measure(flux_isa isa, const Product *p, int blocks, const float *a,
        const float *b, float *c)
{
    double peak = 0;
    double best = 0;
    double flops = 2.0 * (double)p->m * (double)p->n * (double)p->k;
    double rate = block(isa, p, 1, a, b, c);
    int times = (int)(rate / flops / 1000) + 1;
    for (int i = 0; i < blocks; i++) {
        double chains =
            isa == FLUX_ISA_AVX512 ? chains_avx512() : chains_avx2();
        peak = chains > peak ? chains : peak;
        rate = block(isa, p, times, a, b, c);
        best = rate > best ? rate : best;
    }
    printf("%-8s %-24s %7.1f of %5.1f Gflop/s  %3.0f %%\n",
           isa == FLUX_ISA_AVX512 ? "AVX-512" : "AVX2", p->name, best / 1e9,
           peak / 1e9, 100 * best / peak);
}

int
main(int argc, char **argv)
{
    enum { SIZE = 1024 * 1024 };
    int blocks = argc > 1 ? atoi(argv[1]) : 100;
    float *memory = calloc(3 * SIZE, sizeof(float));
    if (!memory)
        return 1;
    for (size_t i = 0; i < 3 * (size_t)SIZE; i++)
        memory[i] = (float)(i % 31) / 31;
    for (int isa = FLUX_ISA_AVX2; isa <= (int)flux_best_isa(); isa++)
        for (size_t i = 0; i < sizeof products / sizeof *products; i++)
            measure((flux_isa)isa, products + i, blocks, memory, memory + SIZE,
                    memory + 2 * (size_t)SIZE);
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
