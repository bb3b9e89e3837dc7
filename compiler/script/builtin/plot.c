/* plot!(file, series…): values as an SVG picture. A vector is a line over the
 * numbers of its elements; a matrix of two rows is points (x, y), which classes
 * = colours. Coordinates are printed with one digit, so that equal values give
 * equal bytes.
 */
#include "runtime/file.h"
#include "script/array/args.h"
#include "script/array/lift.h"
#include "script/array/numeric.h"
#include "script/builtin/builtin.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    WIDTH = 640,
    HEIGHT = 400,
    LEFT = 70,
    RIGHT = 20,
    TOP = 20,
    BOTTOM = 40,
    TICKS = 5,
    SERIES = 16
};

static const char *const colour[] = {"#1f77b4", "#ff7f0e", "#2ca02c", "#d62728",
                                     "#9467bd", "#8c564b", "#e377c2", "#7f7f7f",
                                     "#bcbd22", "#17becf"};
enum { COLOURS = sizeof colour / sizeof *colour };

typedef struct {
    const Tensor *values; /* a vector, or two rows */
    bool points;
    int64_t count;
} Series;

typedef struct {
    Script *s;
    const Args *args;
    Series series[SERIES];
    int count;
    const Tensor *classes;
    double least[2]; /* of x and y */
    double most[2];
    char *text;
    size_t size;
    size_t room;
} Plot;

__attribute__((format(printf, 2, 3))) static void
put(Plot *p, const char *format, ...)
{
    for (;;) {
        va_list list;
        va_start(list, format);
        int n = vsnprintf(p->text ? p->text + p->size : NULL, p->room - p->size,
                          format, list);
        va_end(list);
        if (p->text && (size_t)n < p->room - p->size) {
            p->size += (size_t)n;
            return;
        }
        p->room = 2 * p->room + (size_t)n + 4096;
        p->text = base_realloc(p->text, p->room);
    }
}

static double
value_at(const Series *s, int64_t i, int axis)
{
    if (s->points)
        return tensor_get(s->values, 2 * i + axis);
    return axis == 0 ? (double)(i + 1) : tensor_get(s->values, i);
}

static void
read_series(Plot *p, Value v)
{
    v = lift_array(p->s, numeric_plain(p->s, v, p->args->span));
    const Tensor *t = v.kind == VALUE_array || v.kind == VALUE_batch
                          ? v.as.array->tensor
                          : NULL;
    bool line = t != NULL && t->rank == 1;
    bool points = t != NULL && t->rank == 2 && t->dim[0] == 2;
    if (!line && !points)
        script_fail(p->s, DIAG_value, p->args->span, NULL,
                    "plot! draws vectors and matrices of two rows, not %s",
                    t != NULL ? value_shape_text(p->s, v) : value_kind_name(v));
    if (p->count == SERIES)
        script_fail(p->s, DIAG_limit, p->args->span, NULL,
                    "plot! draws at most %d series", SERIES);
    p->series[p->count++] = (Series){t, points, points ? t->dim[1] : t->dim[0]};
}

/* The range of all finite values, never empty. */
static void
find_range(Plot *p)
{
    for (int axis = 0; axis < 2; axis++) {
        double least = HUGE_VAL;
        double most = -HUGE_VAL;
        for (int k = 0; k < p->count; k++)
            for (int64_t i = 0; i < p->series[k].count; i++) {
                double x = value_at(&p->series[k], i, axis);
                if (!isfinite(x))
                    continue;
                least = x < least ? x : least;
                most = x > most ? x : most;
            }
        if (!(least <= most))
            least = most = 0;
        if (least == most) {
            least -= 0.5;
            most += 0.5;
        }
        p->least[axis] = least;
        p->most[axis] = most;
    }
}

static double
place(const Plot *p, double x, int axis)
{
    double part = (x - p->least[axis]) / (p->most[axis] - p->least[axis]);
    return axis == 0 ? LEFT + part * (WIDTH - LEFT - RIGHT)
                     : HEIGHT - BOTTOM - part * (HEIGHT - TOP - BOTTOM);
}

static void
draw_axes(Plot *p)
{
    put(p, "<path d=\"M%d %dV%dH%d\" fill=\"none\" stroke=\"#444\"/>\n", LEFT,
        TOP, HEIGHT - BOTTOM, WIDTH - RIGHT);
    for (int axis = 0; axis < 2; axis++)
        for (int i = 0; i <= TICKS; i++) {
            double x =
                p->least[axis] + (p->most[axis] - p->least[axis]) * i / TICKS;
            if (axis == 0)
                put(p,
                    "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%.4g"
                    "</text>\n",
                    place(p, x, 0), HEIGHT - BOTTOM + 18, x);
            else
                put(p,
                    "<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%.4g"
                    "</text>\n",
                    LEFT - 6, place(p, x, 1) + 4, x);
        }
}

static void
draw_points(Plot *p, const Series *s, int number)
{
    for (int64_t i = 0; i < s->count; i++) {
        double x = value_at(s, i, 0);
        double y = value_at(s, i, 1);
        int64_t class = number;
        if (p->classes != NULL && i < tensor_count(p->classes))
            class = (int64_t)fabs(tensor_get(p->classes, i)) % COLOURS;
        if (isfinite(x) && isfinite(y))
            put(p, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"2\" fill=\"%s\"/>\n",
                place(p, x, 0), place(p, y, 1), colour[class % COLOURS]);
    }
}

/* A line, broken where values are not finite. */
static void
draw_line(Plot *p, const Series *s, int number)
{
    bool open = false;
    put(p, "<path fill=\"none\" stroke=\"%s\" stroke-width=\"1.5\" d=\"",
        colour[number % COLOURS]);
    for (int64_t i = 0; i < s->count; i++) {
        double y = value_at(s, i, 1);
        if (isfinite(y))
            put(p, "%s%.1f %.1f", open ? "L" : "M",
                place(p, value_at(s, i, 0), 0), place(p, y, 1));
        open = isfinite(y);
    }
    put(p, "\"/>\n");
}

static void
draw_name(Plot *p, Value names, int number)
{
    if (names.kind != VALUE_list && names.kind != VALUE_tuple)
        return;
    if ((size_t)number >= names.as.values->count ||
        names.as.values->item[number].kind != VALUE_string)
        return;
    put(p, "<text x=\"%d\" y=\"%d\" text-anchor=\"end\" fill=\"%s\">",
        WIDTH - RIGHT - 6, TOP + 16 + 16 * number, colour[number % COLOURS]);
    for (const char *c = names.as.values->item[number].as.string.text; *c; c++)
        put(p, *c == '<' ? "&lt;" : *c == '&' ? "&amp;" : "%c", *c);
    put(p, "</text>\n");
}

static void
write_plot(Plot *p, const char *path)
{
    flux_output out;
    flux_error err = {{0}};
    flux_status status = flux_output_open(&out, path, &err);
    if (status == FLUX_OK) {
        status = flux_output_write(&out, p->text, p->size, &err);
        if (status == FLUX_OK)
            status = flux_output_finish(&out, &err);
        else
            flux_output_cancel(&out);
    }
    free(p->text);
    if (status != FLUX_OK)
        script_fail(p->s, DIAG_file, p->args->span, NULL, "%s", err.text);
}

Value
plot_call(Script *s, const Args *args)
{
    Plot p = {.s = s, .args = args};
    Value names = value_nothing();
    Value classes;
    args_key(args, "names", &names);
    const char *path = data_path(s, args->item[0], args->span);
    for (size_t i = 1; i < args->count; i++)
        read_series(&p, args->item[i]);
    if (args_key(args, "classes", &classes)) {
        classes = lift_array(s, numeric_plain(s, classes, args->span));
        if (classes.kind != VALUE_array)
            script_fail(s, DIAG_value, args->span, NULL,
                        "classes is a vector of Ints, not %s",
                        value_kind_name(classes));
        p.classes = classes.as.array->tensor;
    }
    find_range(&p);
    put(&p,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" "
        "font-family=\"sans-serif\" font-size=\"12\">\n"
        "<rect width=\"100%%\" height=\"100%%\" fill=\"white\"/>\n",
        WIDTH, HEIGHT);
    draw_axes(&p);
    for (int k = 0; k < p.count; k++) {
        if (p.series[k].points)
            draw_points(&p, &p.series[k], k);
        else
            draw_line(&p, &p.series[k], k);
        draw_name(&p, names, k);
    }
    put(&p, "</svg>\n");
    write_plot(&p, path);
    return value_nothing();
}
