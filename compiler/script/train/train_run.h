/* What a training run of the script keeps beside its step: where it stands, its
 * history, the best parameters so far, and the file from which it goes on.
 */
#ifndef FLUXC_SCRIPT_TRAIN_RUN_H
#define FLUXC_SCRIPT_TRAIN_RUN_H

#include "runtime/flux.h"
#include "script/model/trainer.h"

typedef struct {
    Script *s;
    Trainer *trainer;
    Params params;          /* of the model */
    const char *checkpoint; /* file, or NULL */
    int64_t every;   /* steps from one checkpoint to the next; 0: epoch */
    const char *log; /* CSV file of the history, or NULL */
    bool validates;
    int64_t patience; /* epochs without a lower validation loss; 0: any */
    size_t samples;
    size_t batch;
    uint64_t seed;
    flux_position at;
    VEC(double) loss; /* by epoch */
    VEC(double) validation;
    size_t best_epoch; /* 0: none yet */
    void **best;       /* the data of each parameter in that epoch */
    Span span;
} TrainRun;

/* Goes on from the checkpoint, if the file is there: parameters, the trainer's
 * states, seed, history and run->at are what they were.
 */
void train_run_load(TrainRun *run);

/* Writes the checkpoint; err says what went wrong. */
flux_status train_run_save(TrainRun *run, flux_error *err);

/* Notes an epoch, and writes the log. *stop is set where patience has run out.
 */
flux_status train_run_epoch(TrainRun *run, size_t epoch, double loss,
                            double validation, bool *stop, flux_error *err);

/* Gives the model the best epoch's parameters, if there is patience. */
void train_run_end(TrainRun *run);

#endif
