/* Trains the convolutional model of lenet.net on Fashion-MNIST, from C:
 *
 *     demo [EPOCHS [IMAGES [FOLDER]]]
 *
 * with so many of the 60,000 training images. It may carry the model for a GPU,
 * too (samples/common/cuda). The last line is the share of the 10,000 test
 * images that are classified rightly.
 */
#include "common/arguments.h"
#include "common/device.h"
#include "lenet.h"
#include "mlp/images.h"

#include <math.h>
#include <stdio.h>

enum { BATCH = 64 };

static const double LARGEST = 0.002; /* learning rate */

/* Steps get smaller by half a wave, down to 0 behind the last epoch. */
static int
end_epoch(void *user, const flux_epoch *e)
{
    lenet_step *step = e->state;
    const size_t *epochs = user;
    const double turn = 3.14159265358979 * (double)e->epoch / (double)*epochs;
    step->eta = (float)(LARGEST / 2 * (1 + cos(turn)));
    printf("epoch %2zu  loss %.4f  test accuracy %.4f  %.2f s\n", e->epoch,
           e->loss, e->validation.accuracy, e->seconds);
    fflush(stdout);
    return 0;
}

static flux_status
demo(const char *folder, size_t epochs, size_t images, Images *train,
     Images *test, flux_error *err)
{
    static lenet m;
    static lenet_step step;
    flux_status status = images_read(folder, "train", train, err);
    if (status == FLUX_OK)
        status = images_read(folder, "t10k", test, err);
    if (status != FLUX_OK)
        return status;
    const flux_device *device;
    status = device_choose(DEVICE_OF(lenet), &device, err);
    if (status != FLUX_OK)
        return status;
    const void *x = train->pixel.data;
    const void *test_x = test->pixel.data;
    const flux_data data = {.n = images < train->n ? images : train->n,
                            .x = &x,
                            .label = train->label.data};
    const flux_data held_out = {
        .n = test->n, .x = &test_x, .label = test->label.data};
    const flux_train_options options = {
        .epochs = epochs,
        .batch = BATCH,
        .seed = 1,
        .validation = &held_out,
        .on_epoch = end_epoch,
        .user = &epochs,
        .device = device,
    };
    flux_scores scores;
    lenet_init(&m, LENET_SEED);
    lenet_step_init(&step, LENET_SEED);
    step.eta = (float)LARGEST;
    status =
        flux_train(&lenet_step_trainer, &step, &m, &data, &options, NULL, err);
    if (status == FLUX_OK)
        status = flux_evaluate_on(&lenet_model, device, &m, &held_out, BATCH,
                                  &scores, err);
    if (status == FLUX_OK)
        printf("accuracy %.4f\n", scores.accuracy);
    return status;
}

int
main(int argc, char **argv)
{
    size_t epochs = count_of(argc, argv, 1, 12);
    size_t images = count_of(argc, argv, 2, 60000);
    const char *folder =
        argc > 3 ? argv[3] : "/usr/share/datasets/fashion-mnist";
    Images train = {0};
    Images test = {0};
    flux_error err = {{0}};
    if (epochs == 0 || images == 0 || argc > 4) {
        fputs("usage: demo [EPOCHS [IMAGES [FOLDER]]]\n", stderr);
        return 2;
    }
    flux_status status = demo(folder, epochs, images, &train, &test, &err);
    if (status != FLUX_OK)
        fprintf(stderr, "demo: %s\n",
                err.text[0] != '\0' ? err.text : flux_status_text(status));
    images_free(&train);
    images_free(&test);
    return status != FLUX_OK;
}
