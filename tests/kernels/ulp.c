/* ulp.c - the worst error of every elementary function, as a table.
 *
 *    ulp [--sample N] [NAME]
 *
 * Float functions of one argument are tried on all 2^32 inputs, with --sample
 * on every N-th; doubles and two-argument functions on random and special
 * values. With NAME only that function. Exit status 1 if a bound is broken.
 */
#include "tests/kernels/reference.h"

#include <stdio.h>
#include <string.h>

static int
report(const char *type, const char *name, double worst, double bound,
       const char *where)
{
    int broken = !(worst <= bound);
    printf("%-3s %-10s %7.4f of %g at %s%s\n", type, name, worst, bound, where,
           broken ? "  BROKEN" : "");
    fflush(stdout);
    return broken;
}

static int
measure_f32(const ulp_f32 *row, uint64_t step)
{
    double worst = 0.0;
    uint32_t where = 0;
    for (uint64_t i = 0; i < (uint64_t)1 << 32; i += step) {
        float x = flux_f32_from((uint32_t)i);
        double error = ulp_error_f32(row->f(x), row->reference((double)x));
        if (error > worst) {
            worst = error;
            where = (uint32_t)i;
        }
    }
    char text[64];
    snprintf(text, sizeof text, "%a", (double)flux_f32_from(where));
    return report("f32", row->name, worst, row->bound, text);
}

static int
measure_f64(const ulp_f64 *row, uint64_t tries)
{
    double worst = 0.0;
    double where = 0.0;
    uint64_t state = 1;
    for (uint64_t i = 0; i < tries; i++) {
        double x = reference_double(&state);
        double error = ulp_error_f64(row->f(x), row->reference((long double)x));
        if (error > worst) {
            worst = error;
            where = x;
        }
    }
    char text[64];
    snprintf(text, sizeof text, "%a", where);
    return report("f64", row->name, worst, row->bound, text);
}

static int
measure_pow(uint64_t tries)
{
    double worst = 0.0;
    double worst32 = 0.0;
    char text[96] = "";
    char text32[96] = "";
    uint64_t state = 2;
    for (uint64_t i = 0; i < tries; i++) {
        double x = reference_double(&state);
        double y = reference_double(&state);
        if (i % 4 == 0)
            y *= 1e3 / (1e-300 + fabs(log(fabs(x)) * y));
        double error =
            ulp_error_f64(flux_pow(x, y), powl((long double)x, (long double)y));
        if (error > worst) {
            worst = error;
            snprintf(text, sizeof text, "%a %a", x, y);
        }
        float u = (float)x;
        float v = (float)y;
        error = ulp_error_f32(flux_powf(u, v), pow((double)u, (double)v));
        if (error > worst32) {
            worst32 = error;
            snprintf(text32, sizeof text32, "%a %a", (double)u, (double)v);
        }
    }
    return report("f32", "pow", worst32, 2.0, text32) |
           report("f64", "pow", worst, 2.0, text);
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
    uint64_t tries = 200000000 / step + 10000;
    int broken = 0;
    for (size_t i = 0; i < sizeof functions_f32 / sizeof *functions_f32; i++)
        if (only == NULL || strcmp(only, functions_f32[i].name) == 0)
            broken |= measure_f32(&functions_f32[i], step);
    for (size_t i = 0; i < sizeof functions_f64 / sizeof *functions_f64; i++)
        if (only == NULL || strcmp(only, functions_f64[i].name) == 0)
            broken |= measure_f64(&functions_f64[i], tries);
    if (only == NULL || strcmp(only, "pow") == 0)
        broken |= measure_pow(tries);
    return broken;
}
