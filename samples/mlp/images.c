/* Reading and drawing images. */
#include "images.h"

#include <stdbool.h>
#include <stdio.h>

const char *const class_name[CLASSES] = {
    "T-shirt", "trousers", "pullover", "dress", "coat",
    "sandal",  "shirt",    "sneaker",  "bag",   "ankle boot",
};

static flux_status
read_part(const char *folder, const char *set, const char *part,
          flux_array *array, flux_error *err)
{
    char path[1024];
    int length =
        snprintf(path, sizeof path, "%s/%s-%s-ubyte.gz", folder, set, part);
    if (length >= 0 && (size_t)length < sizeof path)
        return flux_idx_read(path, array, err);
    snprintf(err->text, sizeof err->text, "the folder's name is too long");
    return FLUX_E_SIZE;
}

flux_status
images_read(const char *folder, const char *set, Images *images,
            flux_error *err)
{
    flux_array byte = {0};
    flux_status status = read_part(folder, set, "images-idx3", &byte, err);
    if (status != FLUX_OK)
        return status;
    bool fits = byte.rank == 3 && byte.dim[0] == SIDE && byte.dim[1] == SIDE;
    images->n = fits ? byte.dim[2] : 0;
    status = flux_array_f32(&byte, 1.0 / 255, &images->pixel);
    flux_array_free(&byte);
    if (status == FLUX_OK)
        status = read_part(folder, set, "labels-idx1", &images->label, err);
    if (status != FLUX_OK)
        return status;
    const flux_array *label = &images->label;
    if (images->n > 0 && label->dtype == FLUX_I32 && label->rank == 1 &&
        label->dim[0] == images->n)
        return FLUX_OK;
    snprintf(err->text, sizeof err->text,
             "%s/%s-*: no images of 28 x 28 with a class each", folder, set);
    return FLUX_E_FORMAT;
}

void
images_free(Images *images)
{
    flux_array_free(&images->pixel);
    flux_array_free(&images->label);
}

void
images_draw(const float *const pixel[2], const char *const title[2])
{
    static const char ink[] = " .:-=+*#%@";
    printf("\n%-*s%s\n", SIDE + 4, title[0], title[1]);
    for (size_t row = 0; row < SIDE; row += 2) { /* two make one of text */
        char line[2 * SIDE + 5];
        size_t length = 0;
        for (size_t i = 0; i < 2; i++) {
            for (size_t column = 0; column < SIDE; column++) {
                const float *at = &pixel[i][column + SIDE * row];
                float grey = (at[0] + at[SIDE]) / 2;
                line[length++] = ink[(size_t)(grey * 9 + 0.5f)];
            }
            for (size_t gap = 0; i == 0 && gap < 4; gap++)
                line[length++] = ' ';
        }
        while (length > 0 && line[length - 1] == ' ')
            length--;
        printf("%.*s\n", (int)length, line);
    }
}
