/* Images as points of a plane: a picture, and how well their classes part. */
#include "latent.h"
#include "mlp/images.h"

#include <math.h>
#include <stdio.h>

enum { EDGE = 640, LEGEND = 110, MARGIN = 20 };

static const char *const colour[CLASSES] = {
    "#1f77b4", "#ff7f0e", "#2ca02c", "#d62728", "#9467bd",
    "#8c564b", "#e377c2", "#7f7f7f", "#bcbd22", "#17becf"};

/* What one axis shows: from `least` on, `scale` pixels for 1. */
typedef struct {
    float least;
    float scale;
} Axis;

static Axis
axis_of(const Places *p, size_t shown, size_t axis)
{
    float least = INFINITY;
    float most = -INFINITY;
    for (size_t i = 0; i < shown; i++) {
        least = fminf(least, p->at[2 * i + axis]);
        most = fmaxf(most, p->at[2 * i + axis]);
    }
    float wide = most > least ? most - least : 1;
    return (Axis){least, (EDGE - 2 * MARGIN) / wide};
}

int
latent_draw(const char *path, const Places *p, size_t shown)
{
    FILE *file = fopen(path, "w");
    if (file == NULL)
        return -1;
    if (shown > p->n)
        shown = p->n;
    const Axis x = axis_of(p, shown, 0);
    const Axis y = axis_of(p, shown, 1);
    fprintf(file,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" "
            "font-family=\"sans-serif\" font-size=\"13\">\n"
            "<rect width=\"100%%\" height=\"100%%\" fill=\"white\"/>\n",
            EDGE + LEGEND, EDGE);
    for (size_t i = 0; i < shown; i++)
        fprintf(file, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"2\" fill=\"%s\"/>\n",
                (double)(MARGIN + (p->at[2 * i] - x.least) * x.scale),
                (double)(MARGIN + (p->at[2 * i + 1] - y.least) * y.scale),
                colour[p->label[i]]);
    for (int k = 0; k < CLASSES; k++)
        fprintf(file,
                "<circle cx=\"%d\" cy=\"%d\" r=\"5\" fill=\"%s\"/>"
                "<text x=\"%d\" y=\"%d\">%s</text>\n",
                EDGE, 40 + 22 * k, colour[k], EDGE + 12, 45 + 22 * k,
                class_name[k]);
    fputs("</svg>\n", file);
    int failed = ferror(file);
    return fclose(file) != 0 || failed ? -1 : 0;
}

double
latent_parted(const Places *places, const Places *known)
{
    size_t right = 0;
    for (size_t i = 0; i < places->n; i++) {
        size_t nearest = 0;
        float least = INFINITY;
        for (size_t k = 0; k < known->n; k++) {
            float dx = places->at[2 * i] - known->at[2 * k];
            float dy = places->at[2 * i + 1] - known->at[2 * k + 1];
            float far = dx * dx + dy * dy;
            nearest = far < least ? k : nearest;
            least = fminf(least, far);
        }
        right += places->label[i] == known->label[nearest];
    }
    return (double)right / (double)places->n;
}
