/* remote.h - a model, and a training step, on a device, called with arrays that
 * may be the host's: these are copied there, and what comes of it back.
 */
#ifndef FLUX_RUNTIME_REMOTE_H
#define FLUX_RUNTIME_REMOTE_H

#include "runtime/place.h"
#include "runtime/ports.h"

/* device.c: whether the device has this model, and sessions can call it. */
flux_status flux_device_fits(const flux_device *device, const flux_model *model,
                             flux_error *err);

/* remote.c */

/* What the device has, and the host has a copy of that it may change. */
typedef struct flux_lent {
    void *device;
    void *host; /* memory for that, or NULL */
    size_t bytes;
    int out; /* the host's copy is the newer one */
} flux_lent;

typedef struct flux_remote {
    flux_place place;
    flux_lent m;
    flux_lent g;
    void *state;
    void *x[FLUX_MAX_PORTS];
    void *y[FLUX_MAX_PORTS]; /* or dy */
    void *dx[FLUX_MAX_PORTS];
} flux_remote;

/* For calls of `batch` samples at most; with `back`, there are gradients. These
 * and the parameters are 0. What it has when it fails is closed by
 * flux_remote_close.
 */
flux_status flux_remote_open(flux_remote *r, const flux_device *device,
                             size_t batch, int back);
void flux_remote_close(flux_remote *r);

/* Parameters from the host. */
flux_status flux_remote_put(flux_remote *r, const void *m);

/* The host's copy of r->m or r->g, which the next call takes back; NULL where
 * that fails.
 */
void *flux_remote_lend(flux_remote *r, flux_lent *lent);

/* As the functions of flux_model; done when they return. Arrays are one for
 * each port, also dy and dx.
 */
flux_status flux_remote_init(flux_remote *r, uint64_t seed);
flux_status flux_remote_reset(flux_remote *r, size_t n);
flux_status flux_remote_forward(flux_remote *r, const void *const *x, size_t n,
                                void *const *y);
flux_status flux_remote_back(flux_remote *r, const void *const *dy,
                             const void *const *x, size_t n, void *const *dx);
flux_status flux_remote_update(flux_remote *r, double eta);

/* remote_step.c */

/* An input's samples, or the targets or classes: all of them, and a batch. */
typedef struct flux_column {
    void *all;
    void *batch;
    size_t bytes; /* of a sample */
} flux_column;

typedef struct flux_remote_step {
    flux_place place;
    const flux_trainer *trainer;
    size_t batch;
    int by_label;
    void *m;
    void *s;
    flux_column
        column[FLUX_MAX_PORTS + 1]; /* inputs, then targets or classes */
    void *index;                    /* of the batch's samples */
    void *loss;
    void *graph; /* of a step on `batch` samples; NULL: none yet */
} flux_remote_step;

/* The device's step that `trainer` is of the CPU, with all the data, which may
 * be the host's or the device's, for batches of so many samples at most;
 * by_label: with classes, not targets. What it has when it fails is closed by
 * flux_remote_step_close.
 */
flux_status flux_remote_step_open(flux_remote_step *r,
                                  const flux_device *device,
                                  const flux_trainer *trainer,
                                  const flux_data *data, size_t batch,
                                  int by_label, uint64_t seed, flux_error *err);
void flux_remote_step_close(flux_remote_step *r);

/* Parameters and the trainer's state to the device, or from there. */
flux_status flux_remote_step_put(flux_remote_step *r, const void *m,
                                 const void *s);
flux_status flux_remote_step_get(flux_remote_step *r, void *m, void *s);

/* One step on n samples of the data, by their numbers; *loss is the host's. */
flux_status flux_remote_step_train(flux_remote_step *r, const size_t *index,
                                   size_t n, void *loss);

#endif
