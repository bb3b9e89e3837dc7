/* Trains the autoencoder of autoencoder.net on Fashion-MNIST, from C:
 *
 *     demo [EPOCHS [IMAGES [PICTURE [FOLDER]]]]
 *
 * with so many of the 60,000 training images and the 10,000 test images.
 * PICTURE has test images as points of the plane that the model has found; the
 * last line is the share of them whose nearest training image is of their
 * class.
 */
#include "autoencoder.h"
#include "common/arguments.h"
#include "decode.h"
#include "encode.h"
#include "latent.h"
#include "mlp/images.h"

#include <stdio.h>
#include <string.h>

enum { BATCH = 64, SHOWN = 3000 };

typedef struct {
    size_t epochs;
    size_t images;
    const char *picture;
    const char *folder;
} Options;

static int
end_epoch(void *user, const flux_epoch *e)
{
    autoencoder_step *step = e->state;
    (void)user;
    step->eta *= 0.9f;
    printf("epoch %2zu  loss %.5f  %.2f s\n", e->epoch, e->loss, e->seconds);
    fflush(stdout);
    return 0;
}

/* Training, and the error of the images that it has not seen. */
static flux_status
train(autoencoder *m, const Options *o, const Images *seen, const Images *test,
      flux_error *err)
{
    static autoencoder_step step;
    const void *x = seen->pixel.data;
    const void *test_x = test->pixel.data;
    const flux_data data = {.n = seen->n, .x = &x, .y = x};
    const flux_data unseen = {.n = test->n, .x = &test_x, .y = test_x};
    const flux_train_options options = {
        .epochs = o->epochs, .batch = BATCH, .seed = 1, .on_epoch = end_epoch};
    flux_scores scores;
    autoencoder_init(m, AUTOENCODER_SEED);
    autoencoder_step_init(&step, AUTOENCODER_SEED);
    flux_status status = flux_train(&autoencoder_step_trainer, &step, m, &data,
                                    &options, NULL, err);
    if (status == FLUX_OK)
        status = flux_evaluate(&autoencoder_model, m, &unseen, BATCH, &scores);
    if (status == FLUX_OK)
        printf("squared error of a test pixel %.4f\n",
               scores.error / AUTOENCODER_OUT);
    return status;
}

static flux_status
place(const encode *m, const Images *images, Places *to)
{
    static unsigned char arena[ENCODE_ARENA(PLACED) + 1];
    const flux_work work = {.arena = arena, .bytes = sizeof arena};
    to->n = images->n < PLACED ? images->n : PLACED;
    to->label = images->label.data;
    return encode_forward(m, images->pixel.data, to->n, to->at, &work);
}

/* The first test image beside what its two numbers give. */
static flux_status
show(const decode *m, const Images *test, const Places *places)
{
    static unsigned char arena[DECODE_ARENA(1) + 1];
    const flux_work work = {.arena = arena, .bytes = sizeof arena};
    float back[DECODE_OUT];
    char title[64];
    flux_status status = decode_forward(m, places->at, 1, back, &work);
    const int32_t *label = places->label;
    snprintf(title, sizeof title, "from %.2f and %.2f", (double)places->at[0],
             (double)places->at[1]);
    if (status == FLUX_OK)
        images_draw((const float *const[]){test->pixel.data, back},
                    (const char *const[]){class_name[label[0]], title});
    return status;
}

/* The parameters of encode are the first of the whole, those of decode the
 * others.
 */
_Static_assert(sizeof(encode) == offsetof(autoencoder, layer6), "encode");
_Static_assert(sizeof(encode) + sizeof(decode) == sizeof(autoencoder),
               "decode");

static flux_status
demo(const Options *o, Images *seen, Images *test, flux_error *err)
{
    static autoencoder m;
    static encode there;
    static decode back;
    static Places known;
    static Places places;
    flux_status status = images_read(o->folder, "train", seen, err);
    if (status == FLUX_OK)
        status = images_read(o->folder, "t10k", test, err);
    seen->n = seen->n < o->images ? seen->n : o->images;
    test->n = test->n < o->images ? test->n : o->images;
    if (status == FLUX_OK)
        status = train(&m, o, seen, test, err);
    memcpy(&there, &m, sizeof there);
    memcpy(&back, &m.layer6, sizeof back);
    if (status == FLUX_OK)
        status = place(&there, seen, &known);
    if (status == FLUX_OK)
        status = place(&there, test, &places);
    if (status == FLUX_OK)
        status = show(&back, test, &places);
    if (status != FLUX_OK)
        return status;
    if (latent_draw(o->picture, &places, SHOWN) != 0) {
        snprintf(err->text, sizeof err->text, "%s: cannot be written",
                 o->picture);
        return FLUX_E_IO;
    }
    printf("\ndrawn: %s\nparted %.4f\n", o->picture,
           latent_parted(&places, &known));
    return FLUX_OK;
}

int
main(int argc, char **argv)
{
    const Options o = {
        .epochs = count_of(argc, argv, 1, 20),
        .images = count_of(argc, argv, 2, 60000),
        .picture = argc > 3 ? argv[3] : "latent.svg",
        .folder = argc > 4 ? argv[4] : "/usr/share/datasets/fashion-mnist"};
    Images seen = {0};
    Images test = {0};
    flux_error err = {{0}};
    if (o.epochs == 0 || o.images == 0 || argc > 5) {
        fputs("usage: demo [EPOCHS [IMAGES [PICTURE [FOLDER]]]]\n", stderr);
        return 2;
    }
    flux_status status = demo(&o, &seen, &test, &err);
    if (status != FLUX_OK)
        fprintf(stderr, "demo: %s\n",
                err.text[0] != '\0' ? err.text : flux_status_text(status));
    images_free(&seen);
    images_free(&test);
    return status != FLUX_OK;
}
