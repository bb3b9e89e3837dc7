/* compare.c - a model's exact C against that of --fast: results and gradients
 * for the same parameters and samples.
 *
 *    compare SAME|OTHER|ANY
 *
 * Exit status 1 unless they agree to 1e-5 of the largest number, or if their
 * bits are not, as said, the same or others.
 */
#include "exact.h"
#include "quick.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { SAMPLES = 20, IN = 40, OUT = 50 };

static float
next(void)
{
    static uint32_t random = 1;
    random = random * 1664525u + 1013904223u;
    return (float)(random >> 8) / 8388608.0f - 1.0f;
}

static void
fill(float *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        x[i] = next();
}

/* How far two arrays are apart, in shares of the largest number. */
static double
distance(const char *what, const float *a, const float *b, size_t n)
{
    double most = 0;
    double far = 0;
    size_t other = 0;
    for (size_t i = 0; i < n; i++) {
        most = fmax(most, fabs((double)a[i]));
        far = fmax(far, fabs((double)a[i] - (double)b[i]));
        other += memcmp(a + i, b + i, sizeof *a) != 0;
    }
    printf("%s: %zu of %zu have other bits, by %.1e\n", what, other, n,
           far / most);
    return most > 0 ? far / most : 1;
}

static double
compare(void)
{
    static exact m;
    static quick q;
    static exact_grad g;
    static quick_grad h;
    static float x[SAMPLES * IN], y[SAMPLES * OUT], z[SAMPLES * OUT];
    static float dy[SAMPLES * OUT], dx[SAMPLES * IN], dz[SAMPLES * IN];
    static _Alignas(64) unsigned char arena[1 << 20];
    const flux_work w = {.arena = arena, .bytes = sizeof arena};
    if (exact_init(&m, EXACT_SEED) != FLUX_OK)
        return 1;
    memcpy(&q, &m, sizeof m);
    fill(x, SAMPLES * IN);
    fill(dy, SAMPLES * OUT);
    if (exact_forward(&m, x, SAMPLES, y, &w) != FLUX_OK ||
        quick_forward(&q, x, SAMPLES, z, &w) != FLUX_OK ||
        exact_back(&m, dy, x, SAMPLES, &g, dx, &w) != FLUX_OK ||
        quick_back(&q, dy, x, SAMPLES, &h, dz, &w) != FLUX_OK)
        return 1;
    const double result = distance("results", y, z, SAMPLES * OUT);
    const double input = distance("dx", dx, dz, SAMPLES * IN);
    const double gradient =
        distance("gradients", (const float *)&g, (const float *)&h,
                 sizeof g / sizeof(float));
    return fmax(result, fmax(input, gradient));
}

int
main(int argc, char **argv)
{
    const double far = compare();
    const char *bits = argc > 1 ? argv[1] : "ANY";
    if (strcmp(bits, "SAME") == 0 && far > 0)
        return 1;
    if (strcmp(bits, "OTHER") == 0 && !(far > 0))
        return 1;
    return far <= 1e-5 ? 0 : 1;
}
