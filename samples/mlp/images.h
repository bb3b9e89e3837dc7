/* Fashion-MNIST: 28 x 28 grey images of ten kinds of clothes. */
#ifndef IMAGES_H
#define IMAGES_H

#include "flux.h"

enum { SIDE = 28, CLASSES = 10 };

extern const char *const class_name[CLASSES];

typedef struct {
    size_t n;
    flux_array pixel; /* 784 x n, from 0 to 1 */
    flux_array label; /* n, from 0 */
} Images;

/* Reads one set, "train" or "t10k", from the folder of the four files. */
flux_status images_read(const char *folder, const char *set, Images *images,
                        flux_error *err);
void images_free(Images *images);

/* Draws two images of 784 pixels beside each other, each under its title. */
void images_draw(const float *const pixel[2], const char *const title[2]);

#endif
