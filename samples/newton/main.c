/* Newton's method with derivatives that fluxc made: value, slope and curvature
 * are what `fluxc model.net --standalone --dtype=f64` writes.
 */
#include "curvature.h"
#include "slope.h"
#include "value.h"

#include <stdio.h>

enum { WEIGHTS = 5, LENGTHS = 4, FLOWERS = 100 };

static double x[LENGTHS * FLOWERS]; /* flowers one after another */
static double y[FLOWERS];           /* 1: virginica, 0: versicolor */

/* The flowers of species 1 and 2. 0, or -1 for a file that holds something
 * else. */
static int
read_flowers(const char *path)
{
    FILE *file = fopen(path, "r");
    if (file == NULL)
        return -1;
    int complete = fscanf(file, "%*[^\n]") == 0;
    int n = 0;
    while (complete && n < FLOWERS) {
        double *to = &x[LENGTHS * n];
        int species = -1;
        complete = fscanf(file, "%lf,%lf,%lf,%lf,%d", &to[0], &to[1], &to[2],
                          &to[3], &species) == 5;
        y[n] = species == 2;
        n += species > 0;
    }
    fclose(file);
    return complete ? 0 : -1;
}

/* Solves a * s = b for a symmetric, positive definite a by Cholesky's method; b
 * becomes s. 0, or -1 where a is not positive definite.
 */
static int
solve(double a[WEIGHTS][WEIGHTS], double b[WEIGHTS])
{
    for (int j = 0; j < WEIGHTS; j++) {
        for (int i = j; i < WEIGHTS; i++) {
            double sum = a[i][j];
            for (int k = 0; k < j; k++)
                sum -= a[i][k] * a[j][k] * a[k][k];
            if (i == j && !(sum > 0))
                return -1;
            a[i][j] = i == j ? sum : sum / a[j][j];
        }
        for (int k = 0; k < j; k++)
            b[j] -= a[j][k] * b[k];
    }
    for (int j = WEIGHTS - 1; j >= 0; j--) {
        b[j] /= a[j][j];
        for (int k = j + 1; k < WEIGHTS; k++)
            b[j] -= a[k][j] * b[k];
    }
    return 0;
}

int
main(int argc, char **argv)
{
    static unsigned char arena[VALUE_ARENA(1, FLOWERS) +
                               SLOPE_ARENA(1, FLOWERS) +
                               CURVATURE_ARENA(1, FLOWERS) + 1];
    const flux_work work = {.arena = arena, .bytes = sizeof arena};
    const value v = {0};
    const slope s = {0};
    const curvature c = {0};
    const char *path = argc > 1 ? argv[1] : "iris.csv";
    if (read_flowers(path) != 0) {
        fprintf(stderr, "newton: %s does not hold the flowers\n", path);
        return 1;
    }
    double w[WEIGHTS] = {0};
    double norm = 1;
    flux_status status = FLUX_OK;
    for (int step = 0; status == FLUX_OK && norm > 1e-20; step++) {
        double loss = 0;
        double g[WEIGHTS];
        double h[WEIGHTS][WEIGHTS];
        status = value_forward(&v, w, x, y, 1, FLOWERS, &loss, &work);
        if (status == FLUX_OK)
            status = slope_forward(&s, w, x, y, 1, FLOWERS, g, &work);
        if (status == FLUX_OK)
            status =
                curvature_forward(&c, w, x, y, 1, FLOWERS, &h[0][0], &work);
        if (status != FLUX_OK || step == 20 || solve(h, g) != 0)
            return 1;
        norm = 0;
        for (int i = 0; i < WEIGHTS; i++) {
            w[i] -= g[i];
            norm += g[i] * g[i];
        }
        printf("step %d  loss %.12f\n", step, loss);
    }
    int right = 0;
    for (int n = 0; n < FLOWERS; n++) {
        double z = w[LENGTHS];
        for (int i = 0; i < LENGTHS; i++)
            z += w[i] * x[LENGTHS * n + i];
        right += (z > 0) == (y[n] > 0);
    }
    printf("%d of %d flowers\n", right, FLOWERS);
    return status != FLUX_OK;
}
