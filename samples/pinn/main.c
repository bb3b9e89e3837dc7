/* Solves the differential equation of pinn.net by training, from C:
 *
 *     demo [STEPS]
 *
 * Each step takes POINTS new points and makes what is left of the equation
 * there smaller; the exact solution is only used to say how far off it is.
 */
#include "common/arguments.h"
#include "exactly.h"
#include "residual.h"
#include "solution.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { POINTS = 256, GRID = 101 };

/* Both models have the parameters of one network. */
_Static_assert(sizeof(residual) == sizeof(solution), "parameters");

/* The golden ratio's cousins fill the square evenly (Roberts, 2018). */
static void
scatter(float p[2 * POINTS], size_t step)
{
    for (size_t i = 0; i < POINTS; i++) {
        const double k = (double)(POINTS * step + i);
        p[2 * i] = (float)fmod(0.7548776662466927 * k, 1);
        p[2 * i + 1] = (float)fmod(0.5698402909980532 * k, 1);
    }
}

/* How far the solution is off on a grid, relative to the exact one, as norms.
 */
static flux_status
compare(const residual *trained, double *error)
{
    enum { N = GRID * GRID, BYTES = SOLUTION_ARENA(N) + EXACTLY_ARENA(N) };
    static float p[2 * N];
    static float u[N];
    static float want[N];
    static unsigned char arena[BYTES + 1];
    const flux_work work = {.arena = arena, .bytes = sizeof arena};
    const exactly none = {0};
    solution m;
    memcpy(&m, trained, sizeof m);
    for (size_t i = 0; i < N; i++) {
        p[2 * i] = (float)(i % GRID) / (GRID - 1);
        p[2 * i + 1] = (float)(i / GRID) / (GRID - 1);
    }
    flux_status status = solution_forward(&m, p, N, u, &work);
    if (status == FLUX_OK)
        status = exactly_forward(&none, p, N, want, &work);
    double off = 0;
    double size = 0;
    for (size_t i = 0; i < N; i++) {
        off += pow((double)u[i] - (double)want[i], 2);
        size += pow((double)want[i], 2);
    }
    *error = sqrt(off / size);
    return status;
}

int
main(int argc, char **argv)
{
    static residual m;
    static residual_step step;
    static float p[2 * POINTS];
    static const float zero[POINTS];
    static unsigned char arena[RESIDUAL_STEP_ARENA(POINTS) + 1];
    const flux_work work = {.arena = arena, .bytes = sizeof arena};
    const size_t steps = count_of(argc, argv, 1, 10000);
    if (steps == 0 || argc > 2) {
        fputs("usage: demo [STEPS]\n", stderr);
        return 2;
    }
    float loss = 0;
    double error = 0;
    flux_status status = residual_init(&m, RESIDUAL_SEED);
    if (status == FLUX_OK)
        status = residual_step_init(&step, RESIDUAL_SEED);
    for (size_t i = 1; status == FLUX_OK && i <= steps; i++) {
        scatter(p, i);
        status = residual_step_train(&step, &m, p, zero, POINTS, &loss, &work);
        if (status == FLUX_OK && (i == 1 || i % 1000 == 0 || i == steps)) {
            status = compare(&m, &error);
            printf("step %5zu  loss %.2e  error %.2e\n", i, (double)loss,
                   error);
            fflush(stdout);
        }
    }
    return status != FLUX_OK;
}
