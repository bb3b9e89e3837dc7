/* hash.c - prints one hash over the results of all kernels on fixed inputs.
 * It must not depend on compiler, flags or machine; hashes.sh compares.
 */
#include "kernels/flux_math.h"
#include "kernels/flux_maxima.h"
#include "kernels/flux_product.h"
#include "kernels/flux_random.h"
#include "kernels/flux_rows.h"
#include "kernels/flux_scatter.h"
#include "kernels/flux_windows.h"

#include <stdio.h>

typedef struct hash {
    uint64_t value;
} hash;

/* FNV-1a over 64-bit words. */
static void
hash_word(hash *h, uint64_t word)
{
    h->value = (h->value ^ word) * 0x100000001b3u;
    h->value ^= h->value >> 29;
}

/* Any NaN equals any NaN. */
static void
hash_f32(hash *h, float x)
{
    hash_word(h, x == x ? flux_f32_bits(x) : 0x7fc00000u);
}

static void
hash_f64(hash *h, double x)
{
    hash_word(h, x == x ? flux_f64_bits(x) : 0x7ff8000000000000u);
}

/* The loops go over arrays, as a model's do, so that they vectorise. */
#define EACH_F32(F)                                                            \
    do {                                                                       \
        for (int i = 0; i < 256; i++)                                          \
            y[i] = F(x[i]);                                                    \
        for (int i = 0; i < 256; i++)                                          \
            hash_f32(h, y[i]);                                                 \
    } while (0)

/* The functions that a body has of its own, on the machine's best set. */
FLUX_BODY void
bodies_body(flux_isa isa, const float *x, float *y)
{
    for (int i = 0; i < 256; i++) {
        y[i] = flux_expf_isa(isa, x[i]);
        y[256 + i] = flux_tanhf_isa(isa, x[i]);
        y[512 + i] = flux_sigmaf_isa(isa, x[i]);
    }
}

FLUX_FOR_EACH_ISA(bodies, (flux_isa isa, const float *x, float *y), isa, x, y)

static void
hash_bodies(hash *h, const float *x)
{
    float y[768];
    bodies_isa(flux_best_isa(), x, y);
    for (int i = 0; i < 768; i++)
        hash_f32(h, y[i]);
}

static void
hash_functions_f32(hash *h, uint32_t first, uint32_t step)
{
    float x[256];
    float y[256];
    for (uint32_t i = 0; i < 256; i++)
        x[i] = flux_f32_from(first + i * step);
    EACH_F32(flux_expf);
    EACH_F32(flux_logf);
    EACH_F32(flux_log1pf);
    EACH_F32(flux_expm1f);
    EACH_F32(flux_sinf);
    EACH_F32(flux_cosf);
    EACH_F32(flux_tanhf);
    EACH_F32(flux_sigmaf);
    EACH_F32(flux_softplusf);
    EACH_F32(flux_erff);
    EACH_F32(flux_geluf);
    EACH_F32(flux_sqrtf);
    EACH_F32(flux_floorf);
    EACH_F32(flux_ceilf);
    EACH_F32(flux_roundf);
    EACH_F32(flux_signf);
    hash_bodies(h, x);
    for (int i = 0; i < 256; i++) {
        hash_f32(h, flux_powf(x[i], x[255 - i]));
        hash_f32(h, flux_fmaf(x[i], x[255 - i], x[i ^ 1]));
        hash_word(h, (uint64_t)flux_f32_to_i32(x[i]));
        hash_word(h, flux_f32_to_u32(x[i]));
    }
}

static void
hash_functions_f64(hash *h, uint64_t seed)
{
    double (*const f[])(double) = {
        flux_exp,  flux_log,   flux_log1p,    flux_expm1, flux_sin,
        flux_cos,  flux_tanh,  flux_sigma,    flux_erf,   flux_gelu,
        flux_sqrt, flux_floor, flux_softplus, flux_ceil,  flux_round,
    };
    for (uint64_t i = 0; i < 3000; i++) {
        double x = flux_normal(seed, 1, i);
        double z = flux_normal(seed, 2, i) * 30.0;
        uint32_t any[4];
        flux_philox(seed, 3, i, any);
        double b = flux_f64_from((uint64_t)any[0] << 32 | any[1]);
        for (size_t k = 0; k < sizeof f / sizeof *f; k++) {
            hash_f64(h, f[k](x));
            hash_f64(h, f[k](z));
            hash_f64(h, f[k](b));
        }
        hash_f64(h, flux_pow(flux_abs(x), z));
        hash_f64(h, flux_pow(b, x));
        hash_f64(h, flux_fma(x, z, b));
        hash_f64(h, flux_fma(x, z, -(x * z)));
        hash_f64(h, flux_uniform(seed, 4, i));
        hash_word(h, (uint64_t)flux_f64_to_i32(b));
    }
}

enum { ROWS = 37, COLUMNS = 21, TERMS = 1100 };

static void
hash_products(hash *h)
{
    static float a[ROWS * TERMS];
    static float b[TERMS * COLUMNS];
    static double a64[ROWS * TERMS];
    static double b64[TERMS * COLUMNS];
    for (size_t i = 0; i < (size_t)ROWS * TERMS; i++)
        a[i] = (float)(a64[i] = flux_normal(5, 1, i));
    for (size_t i = 0; i < (size_t)TERMS * COLUMNS; i++)
        b[i] = (float)(b64[i] = flux_normal(5, 2, i));
    for (int order = FLUX_SEQ; order <= FLUX_TREE16; order++) {
        float c[ROWS * COLUMNS];
        double c64[ROWS * COLUMNS];
        flux_product_f32(flux_best_isa(), NULL, (flux_order)order, ROWS,
                         COLUMNS, TERMS, a, 1, ROWS, b, 1, TERMS, c, 1, ROWS,
                         0);
        flux_product_f32(flux_best_isa(), NULL, (flux_order)order, ROWS,
                         COLUMNS, TERMS, a, TERMS, 1, b, COLUMNS, 1, c, 1, ROWS,
                         1);
        flux_product_f64(flux_best_isa(), NULL, (flux_order)order, ROWS,
                         COLUMNS, TERMS, a64, 1, ROWS, b64, 1, TERMS, c64, 1,
                         ROWS, 0);
        for (int i = 0; i < ROWS * COLUMNS; i++) {
            hash_f32(h, c[i]);
            hash_f64(h, c64[i]);
        }
        hash_f32(h, flux_sum_f32((flux_order)order, ROWS * TERMS, a, 1));
        hash_f64(h, flux_sum_f64((flux_order)order, TERMS, b64, 3));
    }
    hash_f32(h, flux_maximum_f32(ROWS * TERMS, a));
    hash_f64(h, flux_maximum_f64(ROWS * TERMS, a64));
    hash_f32(h, flux_row_sum_f32(flux_best_isa(), ROWS * TERMS, a));
    hash_f64(h, flux_row_sum_f64(flux_best_isa(), ROWS * TERMS, a64));
    hash_f32(h, flux_row_squares_f32(flux_best_isa(), ROWS * TERMS, a));
    hash_f64(h, flux_row_squares_f64(flux_best_isa(), ROWS * TERMS, a64));
    hash_f32(h, flux_row_maximum_f32(flux_best_isa(), ROWS * TERMS, a));
    hash_f64(h, flux_row_maximum_f64(flux_best_isa(), ROWS * TERMS, a64));
}

/* Steps of every optimiser, each on what the one before has left. */
static void
hash_optimisers(hash *h)
{
    enum { DEEP = 30, COUNT = ROWS * COLUMNS };
    float a[ROWS * DEEP];
    float b[DEEP * COLUMNS];
    float x[3][COUNT];
    for (size_t i = 0; i < (size_t)ROWS * DEEP; i++)
        a[i] = (float)flux_normal(8, 1, i);
    for (size_t i = 0; i < (size_t)DEEP * COLUMNS; i++)
        b[i] = (float)flux_normal(8, 2, i);
    for (size_t i = 0; i < 3 * (size_t)COUNT; i++)
        x[i / COUNT][i % COUNT] = (float)flux_uniform(8, 3, i);
    const flux_isa isa = flux_best_isa();
    flux_product_momentum_f32(isa, NULL, FLUX_SEQ, ROWS, COLUMNS, DEEP, a, 1,
                              ROWS, b, 1, DEEP, x[0], 1, ROWS, x[1], 0.9f,
                              0.1f);
    flux_product_rmsprop_f32(isa, NULL, FLUX_SEQ, ROWS, COLUMNS, DEEP, a, 1,
                             ROWS, b, 1, DEEP, x[0], 1, ROWS, x[2], 0.99f,
                             0.01f, 0.1f, 1e-7f);
    flux_product_adam_f32(isa, NULL, FLUX_SEQ, ROWS, COLUMNS, DEEP, a, 1, ROWS,
                          b, 1, DEEP, x[0], 1, ROWS, x[1], x[2], 0.9f, 0.1f,
                          0.99f, 0.01f, 0.1f, 1e-7f);
    flux_product_adamw_f32(isa, NULL, FLUX_SEQ, ROWS, COLUMNS, DEEP, a, 1, ROWS,
                           b, 1, DEEP, x[0], 1, ROWS, x[1], x[2], 0.9f, 0.1f,
                           0.99f, 0.01f, 0.1f, 1e-7f, 0.01f);
    flux_optimiser_f32 adam;
    flux_by_adam_f32(&adam, x[0], x[1], x[2], 0.9f, 0.1f, 0.99f, 0.01f, 0.1f,
                     1e-7f);
    flux_clip_f32(&adam, -0.5f, 0.5f);
    flux_l2_f32(&adam, 0.01f);
    flux_product_optimiser_f32(isa, NULL, FLUX_SEQ, ROWS, COLUMNS, DEEP, a, 1,
                               ROWS, b, 1, DEEP, 1, ROWS, &adam);
    for (size_t i = 0; i < 3 * (size_t)COUNT; i++)
        hash_f32(h, x[i / COUNT][i % COUNT]);
}

/* Windows of 2 x 2 in lines of 21, of an array 42 wide. */
static void
hash_maxima(hash *h)
{
    float x[42 * 6];
    float y[21 * 3];
    int32_t at[21 * 3];
    for (size_t i = 0; i < 42 * 6; i++)
        x[i] = flux_roundf((float)flux_normal(6, 1, i));
    flux_maxima_f32(flux_best_isa(), 21, 3, 2, 2, x, 42, 84, y, at, 21);
    for (int i = 0; i < 21 * 3; i++) {
        hash_f32(h, y[i]);
        hash_word(h, (uint64_t)at[i]);
    }
}

/* 32 samples of 6 x 6 elements in frames of 4, with filters of 5 x 5. */
static void
hash_windows(hash *h)
{
    const flux_axis row[] = {{10, 1, 0, 1}, {10, 6, 0, 10}, {32, 36, 0, 100}};
    const flux_axis column[] = {{1, 0, 0, 0}};
    const flux_axis term[] = {{5, 1, 1, 0}, {5, 6, 5, 0}};
    const flux_frame frame[] = {{6, 1, 4}, {6, 6, 4}};
    static float a[32 * 36];
    static float c[32 * 100];
    float b[25];
    for (size_t i = 0; i < 32 * 36; i++)
        a[i] = (float)flux_normal(7, 1, i);
    for (size_t i = 0; i < 25; i++)
        b[i] = (float)flux_normal(7, 2, i);
    flux_windows_framed_f32(flux_best_isa(), FLUX_SEQ, 3, row, 1, column, 2,
                            term, 2, frame, a, b, c);
    for (size_t i = 0; i < 32 * 100; i++)
        hash_f32(h, c[i]);
}

/* 1,100 columns of 37 into a table of 21, of which some are met often, and one
 * never.
 */
static void
hash_scatter(hash *h)
{
    static float x[ROWS * TERMS];
    static double x64[ROWS * TERMS];
    static int32_t index[TERMS];
    float to[ROWS * COLUMNS] = {0};
    double to64[ROWS * COLUMNS] = {0};
    for (size_t i = 0; i < (size_t)ROWS * TERMS; i++)
        x[i] = (float)(x64[i] = flux_normal(8, 1, i));
    for (size_t i = 0; i < TERMS; i++)
        index[i] = (int32_t)(i % 5 == 0 ? 3 : i % (COLUMNS - 1));
    for (int add = 0; add < 2; add++) {
        flux_scatter_f32(flux_best_isa(), ROWS, COLUMNS, TERMS, x, ROWS, index,
                         to, ROWS, add);
        flux_scatter_f64(flux_best_isa(), ROWS, COLUMNS, TERMS, x64, ROWS,
                         index, to64, ROWS, add);
    }
    flux_scatter_step_f32(flux_best_isa(), ROWS, COLUMNS, TERMS, x, ROWS, index,
                          to, ROWS, 0.1f);
    for (int i = 0; i < ROWS * COLUMNS; i++) {
        hash_f32(h, to[i]);
        hash_f64(h, to64[i]);
    }
}

int
main(void)
{
    hash h = {0xcbf29ce484222325u};
    for (uint32_t i = 0; i < 64; i++)
        hash_functions_f32(&h, i << 26, 262147u);
    hash_functions_f32(&h, 0x3f000000u, 65537u);
    hash_functions_f32(&h, 0xbf000000u, 65537u);
    hash_functions_f64(&h, 11);
    hash_products(&h);
    hash_optimisers(&h);
    hash_maxima(&h);
    hash_windows(&h);
    hash_scatter(&h);
    printf("%08lx%08lx\n", (unsigned long)(h.value >> 32),
           (unsigned long)(h.value & 0xffffffffu));
    return 0;
}
