/* Logistic regression on Fisher's irises, without any library: logreg.h and
 * logreg.c are what `fluxc model.net --standalone` writes. Nothing is
 * allocated: what a call needs beside its arguments is `arena`.
 */
#include "logreg.h"

#include <stdio.h>

enum { ROWS = 150, TEST = 30, TRAIN = ROWS - TEST, STEPS = 300 };

typedef struct {
    float x[ROWS * LOGREG_IN]; /* 4 x n, samples contiguous */
    int32_t species[ROWS];     /* 0, 1, 2 */
    size_t n;
} Flowers;

static void
flowers_add(Flowers *to, const float *x, int32_t species)
{
    for (size_t i = 0; i < LOGREG_IN; i++)
        to->x[LOGREG_IN * to->n + i] = x[i];
    to->species[to->n++] = species;
}

/* Every fifth flower is kept for testing. 0, or -1 for a file that holds
 * something else.
 */
static int
flowers_read(const char *path, Flowers *train, Flowers *test)
{
    FILE *file = fopen(path, "r");
    if (file == NULL)
        return -1;
    int complete = fscanf(file, "%*[^\n]") == 0;
    for (size_t i = 0; complete && i < ROWS; i++) {
        float x[LOGREG_IN];
        int species = -1;
        complete = fscanf(file, "%f,%f,%f,%f,%d", &x[0], &x[1], &x[2], &x[3],
                          &species) == 5 &&
                   species >= 0 && species < LOGREG_OUT;
        if (complete)
            flowers_add(i % 5 == 4 ? test : train, x, species);
    }
    fclose(file);
    return complete ? 0 : -1;
}

/* The share of flowers whose largest output is their species; below 0 if the
 * model could not run.
 */
static double
accuracy(const logreg *m, const Flowers *f, const flux_work *work)
{
    float y[ROWS * LOGREG_OUT];
    size_t right = 0;
    if (logreg_forward(m, f->x, f->n, y, work) != FLUX_OK)
        return -1;
    for (size_t i = 0; i < f->n; i++) {
        size_t best = 0;
        for (size_t k = 1; k < LOGREG_OUT; k++)
            best = y[LOGREG_OUT * i + k] > y[LOGREG_OUT * i + best] ? k : best;
        right += best == (size_t)f->species[i];
    }
    return (double)right / (double)f->n;
}

int
main(int argc, char **argv)
{
    static Flowers train;
    static Flowers test;
    static unsigned char
        arena[LOGREG_STEP_ARENA(TRAIN) + LOGREG_ARENA(ROWS) + 1];
    const flux_work work = {.arena = arena, .bytes = sizeof arena};
    const char *path = argc > 1 ? argv[1] : "iris.csv";
    if (flowers_read(path, &train, &test) != 0) {
        fprintf(stderr, "logreg: %s does not hold %d flowers\n", path, ROWS);
        return 1;
    }
    logreg m;
    logreg_step step;
    flux_status status = logreg_init(&m, LOGREG_SEED);
    if (status == FLUX_OK)
        status = logreg_step_init(&step, LOGREG_SEED);
    for (int i = 1; status == FLUX_OK && i <= STEPS; i++) {
        float loss = 0;
        status = logreg_step_train_labels(&step, &m, train.x, train.species,
                                          train.n, &loss, &work);
        if (i == 1 || i % 100 == 0)
            printf("step %3d  loss %.4f\n", i, (double)loss);
    }
    if (status != FLUX_OK) {
        fprintf(stderr, "logreg: training failed, status %d\n", (int)status);
        return 1;
    }
    printf("accuracy %.4f on %d flowers\n", accuracy(&m, &test, &work), TEST);
    return 0;
}
