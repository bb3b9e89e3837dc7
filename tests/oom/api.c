/* The runtime where memory runs out: training with sessions, chains, readers
 * and checkpoints. Every failure must be the status of no memory, NULL where a
 * function gives a pointer. Exit code 1 then, with one message; 2 if something
 * else is wrong.
 */
#include "logreg.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SAMPLES = 20 };

static flux_error err;

/* Whether a status is fine; tells what it is not. */
static int
fine(const char *what, flux_status status)
{
    if (status == FLUX_OK)
        return 1;
    fprintf(stderr, "api: error[memory]: %s: %s\n", what, err.text);
    if (status != FLUX_E_MEMORY) {
        fprintf(stderr, "api: status %d of %s\n", (int)status, what);
        exit(2);
    }
    return 0;
}

static int
readers(void)
{
    flux_table table;
    if (!fine("csv", flux_csv_read("data.csv", NULL, &table, &err)))
        return 0;
    flux_table_free(&table);
    flux_array array;
    if (!fine("idx", flux_idx_read("data.idx", &array, &err)))
        return 0;
    flux_array scaled;
    strcpy(err.text, "the array");
    int good = fine("array", flux_array_f32(&array, 0.5, &scaled));
    flux_array_free(&array);
    if (!good)
        return 0;
    good = fine("npy", flux_npy_write("out/x.npy", &scaled, &err));
    flux_array_free(&scaled);
    if (!good || !fine("npy", flux_npy_read("out/x.npy", &array, &err)))
        return 0;
    flux_array_free(&array);
    return 1;
}

static int
training(void)
{
    static logreg m;
    static logreg_step step;
    static float x[SAMPLES * LOGREG_IN];
    static int32_t label[SAMPLES];
    const void *inputs[] = {x};
    for (int i = 0; i < SAMPLES * LOGREG_IN; i++)
        x[i] = (float)(i % 7);
    for (int i = 0; i < SAMPLES; i++)
        label[i] = i % LOGREG_OUT;
    if (logreg_init(&m, 1) != FLUX_OK || logreg_step_init(&step, 1) != FLUX_OK)
        exit(2);
    flux_data data = {.n = SAMPLES, .x = inputs, .label = label};
    flux_train_options options = {
        .epochs = 2, .batch = 8, .validation = &data, .patience = 1};
    if (!fine("train", flux_train(&logreg_step_trainer, &step, &m, &data,
                                  &options, NULL, &err)) ||
        !fine("save", flux_save(&logreg_model, &m, "out/m", &err)) ||
        !fine("load", flux_load(&logreg_model, &m, "out/m", &err)))
        return 0;
    static logreg m2;
    flux_best best = {.m = &m2};
    options.best = &best;
    options.from.epoch = 1;
    const flux_trainer *trainer = &logreg_step_trainer;
    return fine("train on",
                flux_train(trainer, &step, &m, &data, &options, NULL, &err)) &&
           fine("save training",
                flux_save_training(trainer, &step, &m, &best, "out/t", &err)) &&
           fine("load training",
                flux_load_training(trainer, &step, &m, &best, "out/t", &err));
}

static int
chain(void)
{
    float x[3] = {1, 2, 3};
    float y[2];
    flux_model *first = flux_affine(3, 4);
    flux_model *second = first != NULL ? flux_affine(4, 2) : NULL;
    if (second == NULL) {
        flux_model_free(first);
        strcpy(err.text, "no model");
        return fine("affine", FLUX_E_MEMORY);
    }
    flux_model *model = flux_chain(&err, first, &flux_sigma_model, second);
    if (model == NULL)
        return fine("chain", FLUX_E_MEMORY);
    flux_session *session = flux_open(model, 1, 4);
    int good = session != NULL;
    strcpy(err.text, "no session");
    if (!good)
        fine("open", FLUX_E_MEMORY);
    else
        good = fine("forward", flux_forward(session, x, 1, y)) &&
               fine("back", flux_back(session, y, x, 1, NULL)) &&
               fine("update", flux_update(session, 0.1));
    flux_close(session);
    flux_model_free(model);
    return good;
}

int
main(void)
{
    return readers() && training() && chain() ? 0 : 1;
}
