/* One run of a self-test: its memory, a point, and the errors there. Part of
 * flux_selftest.h.
 */
#ifndef FLUX_SELFTEST_RUN_H
#define FLUX_SELFTEST_RUN_H

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* An input or a parameter; or a result, whose grad is dy. */
typedef struct flux_test_array {
    flux_port port;
    size_t count;    /* elements of all samples */
    void *data;      /* as the generated code has it */
    void *grad;      /* likewise; NULL: none */
    double *value;   /* in double */
    double *base;    /* value at the point */
    double *slope;   /* grad in double */
    double *tangent; /* the direction; of a result, its change */
    size_t checked;
    size_t kinks;
    double differences; /* the worst errors */
    double tangents;
    size_t worst; /* the element of the worst difference, and that */
    double expected;
} flux_test_array;

typedef struct flux_test_run {
    const flux_test *test;
    const flux_model *model;
    size_t n;
    void *memory; /* all that was allocated, linked */
    void *m;
    void *g;
    flux_work work;
    flux_work wide; /* of the model in double */
    flux_test_array *leaf;
    size_t leaves;
    flux_test_array *result; /* real ones */
    size_t results;
    const void **x; /* arguments of the functions */
    const void **dy;
    void **dx;
    void **y;
    const void **in;
    void **out;
    double **held; /* by stopgradient */
    uint64_t random;
    double size;      /* the sum of |dy * y| */
    double steepest;  /* the largest gradient */
    double tolerance; /* of differences */
    double exact;     /* of tangents and results */
    int failed;
} flux_test_run;

static void
flux_test_fail(flux_test_run *r, const char *name, const char *what)
{
    printf("  %s: %s\n", name, what);
    r->failed = 1;
}

/* Zeroed memory until the end. */
static void *
flux_test_room(flux_test_run *r, size_t count, size_t size)
{
    const size_t head = 64;
    void *memory = NULL;
    if (count < (SIZE_MAX - head) / size)
        memory = calloc(1, head + count * size);
    if (memory == NULL) {
        printf("no memory\nFAILED\n");
        exit(EXIT_FAILURE);
    }
    memcpy(memory, &r->memory, sizeof r->memory);
    r->memory = memory;
    return (char *)memory + head;
}

static void
flux_test_free(flux_test_run *r)
{
    while (r->memory != NULL) {
        void *memory = r->memory;
        memcpy(&r->memory, memory, sizeof r->memory);
        free(memory);
    }
}

static double
flux_test_random(flux_test_run *r, double low, double high)
{
    r->random = r->random * 6364136223846793005U + 1442695040888963407U;
    return low + (high - low) * (double)(r->random >> 11) * 0x1p-53;
}

static int
flux_test_real(flux_dtype dtype)
{
    return dtype == FLUX_F32 || dtype == FLUX_F64;
}

static size_t
flux_test_size(flux_dtype dtype)
{
    return dtype == FLUX_F64 ? 8 : dtype == FLUX_BOOL ? 1 : 4;
}

/* An element of real numbers. */
static double
flux_test_get(flux_dtype dtype, const void *data, size_t i)
{
    return dtype == FLUX_F64 ? ((const double *)data)[i]
                             : (double)((const float *)data)[i];
}

static double
flux_test_set(flux_dtype dtype, void *data, size_t i, double value)
{
    if (dtype == FLUX_F64)
        ((double *)data)[i] = value;
    else
        ((float *)data)[i] = (float)value;
    return flux_test_get(dtype, data, i);
}

static double
flux_test_largest(const double *x, size_t count)
{
    double largest = 0;
    for (size_t i = 0; i < count; i++)
        largest = fmax(largest, fabs(x[i]));
    return largest;
}

/* ---- memory ---- */

/* Makes the memory of an array; a parameter's data and grad are the structs'.
 */
static void
flux_test_arrays(flux_test_run *r, flux_test_array *a, size_t count)
{
    const size_t size = flux_test_size(a->port.dtype);
    a->count = count;
    if (a->data == NULL) {
        a->data = flux_test_room(r, count, size);
        if (flux_test_real(a->port.dtype))
            a->grad = flux_test_room(r, count, size);
    }
    a->value = flux_test_room(r, count, sizeof(double));
    a->base = flux_test_room(r, count, sizeof(double));
    a->slope = flux_test_room(r, count, sizeof(double));
    a->tangent = flux_test_room(r, count, sizeof(double));
}

static void
flux_test_port(flux_test_run *r, flux_test_array *a, const flux_port *port)
{
    a->port = *port;
    flux_test_arrays(r, a, (port->size > 0 ? port->size : 1) * r->n);
}

static void
flux_test_leaves(flux_test_run *r)
{
    const flux_model *model = r->model;
    size_t reals = 0;
    for (size_t i = 0; i < model->ninput; i++) {
        flux_test_array *leaf = &r->leaf[r->leaves++];
        flux_test_port(r, leaf, &model->input[i]);
        r->x[i] = leaf->data;
        if (leaf->grad != NULL)
            r->dx[reals++] = leaf->grad;
    }
    for (size_t i = 0; i < r->test->nparam; i++) {
        const flux_test_param *p = &r->test->param[i];
        flux_test_array *leaf = &r->leaf[r->leaves++];
        leaf->port.name = p->name;
        leaf->port.dtype = model->dtype;
        leaf->port.rank = p->rank;
        memcpy(leaf->port.dim, p->dim, sizeof p->dim);
        leaf->data = (char *)r->m + p->offset;
        if (p->grad_offset != FLUX_NO_GRAD)
            leaf->grad = (char *)r->g + p->grad_offset;
        flux_test_arrays(r, leaf, p->bytes / flux_test_size(model->dtype));
    }
    for (size_t i = 0; i < r->leaves; i++) {
        const flux_test_array *leaf = &r->leaf[i];
        const int real = flux_test_real(leaf->port.dtype);
        r->in[i] = real ? leaf->value : leaf->data;
        r->in[r->leaves + i] = leaf->tangent;
    }
}

static void
flux_test_results(flux_test_run *r)
{
    for (size_t o = 0; o < r->model->noutput; o++) {
        flux_test_array *y = &r->result[r->results];
        memset(y, 0, sizeof *y);
        flux_test_port(r, y, &r->model->output[o]);
        r->y[o] = y->data;
        if (y->grad != NULL)
            r->dy[r->results++] = y->grad;
    }
    for (size_t o = 0; o < r->results; o++) {
        r->out[o] = r->result[o].value;
        r->out[r->results + o] = r->result[o].tangent;
    }
    for (size_t k = 0; k < r->test->nstop; k++) {
        r->held[k] = flux_test_room(r, r->test->stop[k], sizeof(double));
        r->in[2 * r->leaves + k] = r->held[k];
        r->out[2 * r->results + k] =
            flux_test_room(r, r->test->stop[k], sizeof(double));
    }
}

static void
flux_test_open(flux_test_run *r, const flux_test *t, size_t n)
{
    const flux_model *model = t->model;
    const size_t leaves = model->ninput + t->nparam + 1;
    const size_t results = model->noutput + 1;
    const int f64 = model->dtype == FLUX_F64;
    *r = (flux_test_run){.test = t, .model = model, .n = n, .random = 1};
    r->tolerance = f64 ? 1e-4 : 1e-3;
    r->exact = f64 ? 1e-9 : 1e-3;
    r->work.bytes = model->arena(model, n);
    if (model->back_arena(model, n) > r->work.bytes)
        r->work.bytes = model->back_arena(model, n);
    r->work.arena = flux_test_room(r, 1, r->work.bytes + 1);
    r->work.seed = model->seed;
    r->wide.arena = flux_test_room(r, 1, t->arena + 1);
    r->m = flux_test_room(r, 1, t->bytes);
    r->g = flux_test_room(r, 1, t->grad_bytes);
    r->leaf = flux_test_room(r, leaves, sizeof *r->leaf);
    r->result = flux_test_room(r, results, sizeof *r->result);
    r->x = flux_test_room(r, leaves, sizeof *r->x);
    r->dx = flux_test_room(r, leaves, sizeof *r->dx);
    r->dy = flux_test_room(r, results, sizeof *r->dy);
    r->y = flux_test_room(r, results, sizeof *r->y);
    r->in = flux_test_room(r, 2 * leaves + t->nstop, sizeof *r->in);
    r->out = flux_test_room(r, 2 * results + t->nstop, sizeof *r->out);
    r->held = flux_test_room(r, t->nstop + 1, sizeof *r->held);
    flux_test_leaves(r);
    flux_test_results(r);
}

/* ---- a point ---- */

/* The results and their changes in double. */
static void
flux_test_evaluate(flux_test_run *r)
{
    r->test->tangent(r->in, r->out, r->n, r->work.seed,
                     flux_arena_base(&r->wide));
}

/* Holds what stops give; false where they hold it already. What one gives may
 * need what others hold.
 */
static int
flux_test_hold(flux_test_run *r)
{
    int moved = 0;
    for (size_t k = 0; k < r->test->nstop; k++) {
        const size_t bytes = r->test->stop[k] * sizeof(double);
        const void *found = r->out[2 * r->results + k];
        moved = moved || memcmp(r->held[k], found, bytes) != 0;
        memcpy(r->held[k], found, bytes);
    }
    return moved;
}

/* Inputs in (low, high), parameters near the script's; other numbers than real
 * ones are 0.
 */
static void
flux_test_move(flux_test_run *r, double low, double high)
{
    r->model->init(r->model, r->m, r->model->seed);
    for (size_t i = 0; i < r->leaves; i++) {
        flux_test_array *leaf = &r->leaf[i];
        const flux_dtype dtype = leaf->port.dtype;
        const int input = i < r->model->ninput;
        for (size_t k = 0; k < leaf->count && flux_test_real(dtype); k++) {
            const double near = flux_test_random(r, -0.1, 0.1);
            const double x = input ? flux_test_random(r, low, high)
                                   : near + flux_test_get(dtype, leaf->data, k);
            leaf->base[k] = flux_test_set(dtype, leaf->data, k, x);
            leaf->value[k] = leaf->base[k];
        }
    }
    do
        flux_test_evaluate(r);
    while (flux_test_hold(r));
}

/* Chooses a point and dy; false where a result is not finite. */
static int
flux_test_choose(flux_test_run *r, double low, double high)
{
    int finite = 1;
    flux_test_move(r, low, high);
    r->size = 0;
    for (size_t o = 0; o < r->results; o++) {
        flux_test_array *y = &r->result[o];
        for (size_t k = 0; k < y->count; k++) {
            const double size = flux_test_random(r, 0.5, 1.5);
            const double dy = copysign(size, flux_test_random(r, -1, 1));
            y->slope[k] = flux_test_set(y->port.dtype, y->grad, k, dy);
            y->base[k] = y->value[k];
            r->size += fabs(y->base[k] * y->slope[k]);
            finite = finite && isfinite(y->base[k]);
        }
    }
    return finite;
}

/* Runs forward, and back twice: it adds, and dx may be NULL. */
static flux_status
flux_test_call(flux_test_run *r)
{
    const flux_model *model = r->model;
    flux_status status =
        model->forward(model, r->m, r->x, r->n, r->y, &r->work);
    if (status == FLUX_OK)
        status =
            model->back(model, r->m, r->dy, r->x, r->n, r->g, r->dx, &r->work);
    for (size_t i = 0; i < r->leaves; i++) {
        flux_test_array *leaf = &r->leaf[i];
        for (size_t k = 0; k < leaf->count && leaf->grad != NULL; k++)
            leaf->slope[k] = flux_test_get(leaf->port.dtype, leaf->grad, k);
        r->steepest =
            fmax(r->steepest, flux_test_largest(leaf->slope, leaf->count));
    }
    if (status == FLUX_OK)
        status =
            model->back(model, r->m, r->dy, r->x, r->n, r->g, NULL, &r->work);
    for (size_t i = model->ninput; i < r->leaves; i++) {
        const flux_test_array *leaf = &r->leaf[i];
        double most = 0;
        for (size_t k = 0; k < leaf->count && leaf->grad != NULL; k++) {
            const double twice = flux_test_get(leaf->port.dtype, leaf->grad, k);
            most = fmax(most, fabs(twice - 2 * leaf->slope[k]));
        }
        if (most > 0)
            flux_test_fail(r, leaf->port.name, "back does not add to it");
    }
    return status;
}

/* ---- errors ---- */

/* The difference relative to the larger number, or to the floor; infinite where
 * one is NaN.
 */
static double
flux_test_error(double a, double b, double floor)
{
    if (a == b)
        return 0;
    const double error = fabs(a - b) / fmax(floor, fmax(fabs(a), fabs(b)));
    return isnan(error) ? HUGE_VAL : error;
}

/* Where rounding begins: in float, that of sums whose terms are larger than
 * they; in double, that of the differences.
 */
static double
flux_test_floor(const flux_test_run *r, const flux_test_array *leaf)
{
    const double largest = flux_test_largest(leaf->slope, leaf->count);
    if (r->model->dtype == FLUX_F64)
        return 1e-6 * fmax(fmax(r->size, largest), 1e-6);
    return 1e-2 * largest + 1e-3 * r->steepest;
}

/* The change of the sum of dy times the results: by their tangents, or as they
 * stand.
 */
static double
flux_test_change(flux_test_run *r, int tangents)
{
    double sum = 0;
    flux_test_evaluate(r);
    for (size_t o = 0; o < r->results; o++) {
        const flux_test_array *y = &r->result[o];
        for (size_t k = 0; k < y->count; k++)
            sum += y->slope[k] *
                   (tangents ? y->tangent[k] : y->value[k] - y->base[k]);
    }
    return sum;
}

/* The same where element i moves by h times its direction, over h. */
static double
flux_test_quotient(flux_test_run *r, flux_test_array *leaf, size_t i, double h)
{
    leaf->value[i] = leaf->base[i] + h * leaf->tangent[i];
    const double change = flux_test_change(r, 0);
    leaf->value[i] = leaf->base[i];
    return change / h;
}

/* The derivative by element i. */
static void
flux_test_element(flux_test_run *r, flux_test_array *leaf, size_t i,
                  double floor)
{
    const double scale = fmax(1, fabs(leaf->base[i]));
    const double slope = scale * leaf->slope[i];
    double least = HUGE_VAL;
    double expected = 0;
    double low = HUGE_VAL;
    double high = -HUGE_VAL;
    double h = 1e-5;
    int kink = 0;
    leaf->tangent[i] = scale;
    const double tangent =
        flux_test_error(slope, flux_test_change(r, 1), floor);
    for (int k = 0; k < FLUX_TEST_STEPS && least > r->tolerance; k++) {
        const double a = flux_test_quotient(r, leaf, i, -h);
        const double b = flux_test_quotient(r, leaf, i, h);
        const double error = flux_test_error(slope, (a + b) / 2, floor);
        if (k == 0 || error < least)
            expected = (a + b) / 2 / scale;
        low = fmin(low, (a + b) / 2);
        high = fmax(high, (a + b) / 2);
        kink = !isfinite(a + b) || flux_test_error(a, b, floor) > 1e-3 ||
               high - low > fabs(slope - expected * scale) / 2;
        least = fmin(least, error);
        h /= 16;
    }
    leaf->tangent[i] = 0;
    leaf->tangents = fmax(leaf->tangents, tangent);
    if (kink && least > r->tolerance) {
        leaf->kinks++;
        return;
    }
    leaf->checked++;
    if (least <= leaf->differences)
        return;
    leaf->differences = least;
    leaf->worst = i;
    leaf->expected = expected;
}

/* The derivative in a direction to which every element adds. */
static void
flux_test_direction(flux_test_run *r, flux_test_array *leaf, double floor)
{
    double slope = 0;
    for (size_t k = 0; k < leaf->count; k++) {
        const double size = flux_test_random(r, 0.5, 1);
        leaf->tangent[k] = copysign(size, leaf->slope[k]);
        slope += leaf->tangent[k] * leaf->slope[k];
    }
    const double error = flux_test_error(slope, flux_test_change(r, 1), floor);
    memset(leaf->tangent, 0, leaf->count * sizeof *leaf->tangent);
    leaf->tangents = fmax(leaf->tangents, error);
}

static void
flux_test_leaf(flux_test_run *r, flux_test_array *leaf)
{
    const double floor = flux_test_floor(r, leaf);
    const size_t most = FLUX_TEST_ELEMENTS;
    const size_t some = leaf->count < most ? leaf->count : most;
    for (size_t k = 0; k < some && r->n == FLUX_TEST_FEW; k++) {
        const double share = (double)leaf->count / (double)some;
        const double at = ((double)k + flux_test_random(r, 0, 1)) * share;
        const size_t i = leaf->count > most ? (size_t)at : k;
        flux_test_element(r, leaf, i < leaf->count ? i : k, floor);
    }
    flux_test_direction(r, leaf, floor);
}

/* The results against those in double. */
static void
flux_test_result(flux_test_array *y)
{
    const double floor = 1e-2 * flux_test_largest(y->base, y->count);
    for (size_t k = 0; k < y->count; k++) {
        const double found = flux_test_get(y->port.dtype, y->data, k);
        const double error = flux_test_error(found, y->base[k], floor);
        y->tangents = fmax(y->tangents, error);
    }
}

/* Whole numbers are 0, or where that is no index of the model, 1. */
static void
flux_test_whole(flux_test_run *r)
{
    const flux_model *model = r->model;
    if (model->forward(model, r->m, r->x, r->n, r->y, &r->work) != FLUX_E_LABEL)
        return;
    for (size_t i = 0; i < model->ninput; i++)
        for (size_t k = 0; k < r->leaf[i].count; k++)
            if (r->leaf[i].port.dtype == FLUX_I32)
                ((int32_t *)r->leaf[i].data)[k] = 1;
}

/* Finds the errors with n samples; false where a function refuses its work. */
static int
flux_test_samples(flux_test_run *r, const flux_test *t, size_t n)
{
    flux_test_open(r, t, n);
    flux_test_whole(r);
    if (!flux_test_choose(r, -1, 1) && !flux_test_choose(r, 0.1, 0.9) &&
        !flux_test_choose(r, 1, 2)) {
        flux_test_fail(r, r->model->name, "no finite result at random points");
        return 0;
    }
    const flux_status status = flux_test_call(r);
    if (status != FLUX_OK) {
        printf("  %s: status %d\n", r->model->name, (int)status);
        r->failed = 1;
        return 0;
    }
    for (size_t i = 0; i < r->leaves; i++)
        if (r->leaf[i].grad != NULL)
            flux_test_leaf(r, &r->leaf[i]);
    for (size_t o = 0; o < r->results; o++)
        flux_test_result(&r->result[o]);
    return 1;
}

#endif
