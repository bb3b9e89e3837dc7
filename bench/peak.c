/* The most multiply-adds that one core does: independent chains in registers,
 * as many as hide the latency, of the widest vectors there are.
 */
#include "fixed.h"

#if defined __AVX512F__
#define BYTES 64
#define NAME  "AVX-512"
#elif defined __AVX__ && defined __FMA__
#define BYTES 32
#define NAME  "AVX2 and FMA"
#elif defined __ARM_NEON
#define BYTES 16
#define NAME  "NEON"
#else
#define BYTES 16
#define NAME  "vectors of 16 bytes"
#endif

/* 12 and two constants are what 16 registers hold. */
enum { ROUNDS = 4096, CHAINS = 12, LANES = BYTES / sizeof(float) };
typedef float Vector __attribute__((vector_size(BYTES)));

static const char *
detail(void)
{
    return NAME;
}

/* The empty asm keeps a chain in its register, and from being foreseen. */
#define STEP(c)                                                                \
    c = c * a + b;                                                             \
    __asm__ volatile("" : "+" REGISTER(c))
#if defined __x86_64__ || defined __i386__
#define REGISTER(c) "x"(c)
#elif defined __aarch64__
#define REGISTER(c) "w"(c)
#else
#define REGISTER(c) "m"(c)
#endif

static void
peak_infer(const float *x, size_t n, float *y)
{
    (void)n;
    Vector a = {0};
    a += 0.5f + 0 * x[0];
    Vector b = a;
    Vector c0 = a, c1 = a, c2 = a, c3 = a, c4 = a, c5 = a;
    Vector c6 = a, c7 = a, c8 = a, c9 = a, c10 = a, c11 = a;
    for (int i = 0; i < ROUNDS; i++) {
        STEP(c0);
        STEP(c1);
        STEP(c2);
        STEP(c3);
        STEP(c4);
        STEP(c5);
        STEP(c6);
        STEP(c7);
        STEP(c8);
        STEP(c9);
        STEP(c10);
        STEP(c11);
    }
    c0 += c1 + c2 + c3 + c4 + c5 + c6 + c7 + c8 + c9 + c10 + c11;
    y[0] = c0[0];
}

const Implementation implementation = {
    .detail = detail,
    .amount = 2.0 * ROUNDS * CHAINS * LANES,
    .open = fixed_open,
    .set = fixed_set,
    .get = fixed_get,
    .infer = peak_infer,
};
