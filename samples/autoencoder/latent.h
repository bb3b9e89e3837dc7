/* Images as points of a plane: a picture, and how well their classes part. */
#ifndef LATENT_H
#define LATENT_H

#include <stddef.h>
#include <stdint.h>

enum { PLACED = 10000 };

typedef struct {
    size_t n;
    float at[2 * PLACED]; /* x and y of each */
    const int32_t *label;
} Places;

/* Draws the first `shown` as SVG, a colour for each class. 0, or -1 where the
 * file cannot be written.
 */
int latent_draw(const char *path, const Places *places, size_t shown);

/* The share of places whose nearest known one is of their class. */
double latent_parted(const Places *places, const Places *known);

#endif
