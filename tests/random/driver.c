/* Computes with generated models what a random program's check_NAME computes in
 * the script, and prints a hash of each result: `NAME number hash`. Numbers are
 * those of All in the file; a parameter's is its path.
 *
 * driver                 computes
 * driver --threads       with a pool that does the parts of what is shared in
 *                        the reverse order
 * driver FOLDER          the same lines, from the files that the script wrote
 * driver --differences   compares gradients with central differences (double)
 *
 * What must hold inside of one program is checked here as well, and printed as
 * `NAME FAIL what`: a sample alone and in a batch, a batch in parts, no samples
 * at all, labels and their one-hot columns.
 */
#include "tests/random/driver.h"

#include "kernels/flux_random.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PORTS = 8, DATA_SEED = 777, FEW = 7 };

typedef struct {
    const RandomModel *r;
    const flux_model *m;
    size_t big;
    size_t size; /* of an element */
    void *x[PORTS];
    void *dy[PORTS];
    void *y[PORTS];
    void *dx[PORTS];
    void *target;
    void *params;
    void *grads;
    flux_work work;
    int number;
} Run;

static void
backwards(flux_pool *pool, flux_task *function, void *task)
{
    for (size_t i = pool->threads; i-- > 0;)
        function(task, i, pool->threads);
}

static flux_pool pool = {3, backwards};

static void *
room(size_t bytes)
{
    void *p = calloc(bytes + 64, 1);
    if (p == NULL)
        exit(2);
    return p;
}

/* FNV-1a over the elements; every NaN counts as the same. */
static uint64_t
hash_of(flux_dtype dtype, const void *data, size_t count)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    size_t size = flux_dtype_size(dtype);
    for (size_t i = 0; i < count; i++) {
        unsigned char byte[8] = {0};
        memcpy(byte, (const char *)data + i * size, size);
        if (dtype == FLUX_F32) {
            float v;
            memcpy(&v, byte, sizeof v);
            if (v != v)
                memset(byte, 0xff, size);
        } else if (dtype == FLUX_F64) {
            double v;
            memcpy(&v, byte, sizeof v);
            if (v != v)
                memset(byte, 0xff, size);
        }
        for (size_t k = 0; k < size; k++)
            hash = (hash ^ byte[k]) * UINT64_C(0x100000001b3);
    }
    return hash;
}

static int
same(const Run *run, const void *a, const void *b, size_t count)
{
    return hash_of(run->m->dtype, a, count) == hash_of(run->m->dtype, b, count);
}

static void
print_next(Run *run, const void *data, size_t count)
{
    printf("%s %d %016llx\n", run->r->name, ++run->number,
           (unsigned long long)hash_of(run->m->dtype, data, count));
}

static void
fail(const Run *run, const char *what, int detail)
{
    printf("%s FAIL %s %d\n", run->r->name, what, detail);
}

static void
expect_ok(const Run *run, flux_status status, const char *what)
{
    if (status != FLUX_OK)
        fail(run, what, (int)status);
}

static void
fill_normal(const Run *run, void *to, size_t count, uint64_t *stream)
{
    if (count == 0)
        return; /* the script calls zeros instead */
    for (size_t i = 0; i < count; i++) {
        double v = flux_normal(DATA_SEED, *stream, i);
        if (run->size == sizeof(double))
            ((double *)to)[i] = v;
        else
            ((float *)to)[i] = (float)v;
    }
    ++*stream;
}

static double
element(const Run *run, const void *data, size_t i)
{
    return run->size == sizeof(double) ? ((const double *)data)[i]
                                       : (double)((const float *)data)[i];
}

static size_t
param_count(const flux_param *p)
{
    size_t n = 1;
    for (size_t i = 0; i < p->rank; i++)
        n *= p->dim[i];
    return n;
}

/* Memory and data; streams are the calls of randn in check_NAME. */
static void
run_open(Run *run, const RandomModel *r)
{
    const flux_model *m = r->model;
    *run = (Run){.r = r, .m = m, .big = r->big};
    run->size = flux_dtype_size(m->dtype);
    uint64_t stream = 0;
    for (size_t i = 0; i < m->ninput; i++) {
        size_t count = m->input[i].size * run->big;
        run->x[i] = room(count * run->size);
        run->dx[i] = room(count * run->size);
        fill_normal(run, run->x[i], count, &stream);
    }
    for (size_t i = 0; i < m->noutput; i++) {
        size_t count = m->output[i].size * run->big;
        run->y[i] = room(count * run->size);
        run->dy[i] = room(count * run->size);
        fill_normal(run, run->dy[i], count, &stream);
    }
    if (r->trainer != NULL) {
        size_t count = m->output[0].size * run->big;
        run->target = room(count * run->size);
        fill_normal(run, run->target, count, &stream);
    }
    run->params = room(m->bytes);
    run->grads = room(m->grad_bytes);
    run->work.bytes = m->arena(m, run->big);
    if (m->back_arena(m, run->big) > run->work.bytes)
        run->work.bytes = m->back_arena(m, run->big);
    if (r->trainer != NULL && r->trainer->arena(run->big) > run->work.bytes)
        run->work.bytes = r->trainer->arena(run->big);
    run->work.arena = room(run->work.bytes);
    run->work.seed = DATA_SEED;
    expect_ok(run, m->init(m, run->params, m->seed), "init");
}

static void
run_close(Run *run)
{
    for (size_t i = 0; i < PORTS; i++) {
        free(run->x[i]);
        free(run->dx[i]);
        free(run->y[i]);
        free(run->dy[i]);
    }
    free(run->target);
    free(run->params);
    free(run->grads);
    free(run->work.arena);
}

/* y = m(x) for samples from..from + n - 1, into `to`. */
static flux_status
forward(const Run *run, size_t from, size_t n, void *const *to)
{
    const flux_model *m = run->m;
    const void *x[PORTS];
    for (size_t i = 0; i < m->ninput; i++)
        x[i] = (const char *)run->x[i] + from * m->input[i].size * run->size;
    return m->forward(m, run->params, x, n, to, &run->work);
}

/* Samples alone, a batch in parts of 7, and no samples. */
static void
check_parts(const Run *run)
{
    const flux_model *m = run->m;
    void *to[PORTS] = {0};
    for (size_t i = 0; i < m->noutput; i++)
        to[i] = room(m->output[i].size * run->size * FEW);
    const size_t alone[] = {0, 3, run->big - 1};
    for (size_t k = 0; k < 3 + (run->big + FEW - 1) / FEW; k++) {
        size_t from = k < 3 ? alone[k] : (k - 3) * FEW;
        size_t n = k < 3 ? 1 : run->big - from < FEW ? run->big - from : FEW;
        expect_ok(run, forward(run, from, n, to), "forward in parts");
        for (size_t i = 0; i < m->noutput; i++) {
            size_t count = m->output[i].size;
            const char *all =
                (const char *)run->y[i] + from * count * run->size;
            if (!same(run, all, to[i], n * count))
                fail(run, n == 1 ? "a sample alone" : "a batch in parts",
                     (int)from);
        }
    }
    expect_ok(run, forward(run, 0, 0, to), "no samples");
    for (size_t i = 0; i < m->noutput; i++)
        free(to[i]);
}

static void
print_grads(Run *run)
{
    const flux_model *m = run->m;
    for (size_t i = 0; i < m->nparam; i++)
        if (m->param[i].grad_offset != FLUX_NO_GRAD)
            print_next(run, (const char *)run->grads + m->param[i].grad_offset,
                       param_count(&m->param[i]));
}

static void
run_back(Run *run, size_t n)
{
    const flux_model *m = run->m;
    expect_ok(run,
              m->back(m, run->params, (const void *const *)run->dy,
                      (const void *const *)run->x, n, run->grads, run->dx,
                      &run->work),
              "back");
    for (size_t i = 0; i < m->ninput; i++)
        print_next(run, run->dx[i], n * m->input[i].size);
    print_grads(run);
}

/* Labels give what their one-hot columns give. */
static void
check_labels(const Run *run, const void *state)
{
    const flux_trainer *t = run->r->trainer;
    const flux_model *m = run->m;
    size_t classes = m->output[0].size;
    int32_t label[FEW];
    void *hot = room(classes * FEW * run->size);
    void *s[2] = {room(t->bytes), room(t->bytes)};
    void *p[2] = {room(m->bytes), room(m->bytes)};
    double loss[2] = {0, 0};
    for (size_t i = 0; i < FEW; i++) {
        label[i] = (int32_t)(i * 5 % classes);
        size_t at = (size_t)label[i] + i * classes;
        if (run->size == sizeof(double))
            ((double *)hot)[at] = 1;
        else
            ((float *)hot)[at] = 1;
    }
    for (int i = 0; i < 2; i++) {
        memcpy(s[i], state, t->bytes);
        memcpy(p[i], run->params, m->bytes);
    }
    expect_ok(run,
              t->train(s[0], p[0], (const void *const *)run->x, hot, FEW,
                       &loss[0], &run->work),
              "train");
    expect_ok(run,
              t->train_labels(s[1], p[1], (const void *const *)run->x, label,
                              FEW, &loss[1], &run->work),
              "train_labels");
    int fine = same(run, &loss[0], &loss[1], 1);
    for (size_t i = 0; i < m->nparam; i++) {
        size_t at = m->param[i].offset;
        fine = fine && same(run, (char *)p[0] + at, (char *)p[1] + at,
                            param_count(&m->param[i]));
    }
    if (!fine)
        fail(run, "labels", 0);
    for (int i = 0; i < 2; i++) {
        free(s[i]);
        free(p[i]);
    }
    free(hot);
}

static void
run_train(Run *run)
{
    const flux_trainer *t = run->r->trainer;
    const size_t n[3] = {FEW, FEW, run->big};
    void *state = room(t->bytes);
    expect_ok(run, t->init(state, run->m->seed), "init of the trainer");
    if (t->takes_labels && run->m->output[0].size > 0)
        check_labels(run, state);
    for (int i = 0; i < 3; i++) {
        double loss = 0;
        expect_ok(run,
                  t->train(state, run->params, (const void *const *)run->x,
                           run->target, n[i], &loss, &run->work),
                  "train");
        print_next(run, &loss, 1);
    }
    free(state);
}

static void
compute(const RandomModel *r, flux_pool *threads)
{
    Run run;
    run_open(&run, r);
    run.work.pool = threads;
    const flux_model *m = run.m;
    expect_ok(&run, forward(&run, 0, run.big, run.y), "forward");
    for (size_t i = 0; i < m->noutput; i++)
        print_next(&run, run.y[i], run.big * m->output[i].size);
    if (r->mixes)
        expect_ok(&run, forward(&run, 0, 1, run.y), "forward");
    for (size_t i = 0; i < m->noutput; i++)
        print_next(&run, run.y[i], m->output[i].size);
    if (!r->mixes)
        check_parts(&run);
    run_back(&run, FEW);
    run_back(&run, run.big);
    expect_ok(&run, m->update(m, run.params, run.grads, 0.01), "update");
    if (r->trainer != NULL)
        run_train(&run);
    for (size_t i = 0; i < m->nparam; i++)
        printf("%s %s %016llx\n", r->name, m->param[i].name,
               (unsigned long long)hash_of(
                   m->dtype, (char *)run.params + m->param[i].offset,
                   param_count(&m->param[i])));
    run_close(&run);
}

/* ---- what the script wrote ---- */

static void
print_file(const RandomModel *r, const char *folder, const char *kind)
{
    char path[4096];
    flux_error err = {{0}};
    snprintf(path, sizeof path, "%s/%s.%s", folder, r->name, kind);
    FILE *there = fopen(path, "rb");
    if (there == NULL && strcmp(kind, "more") == 0)
        return;
    if (there != NULL)
        fclose(there);
    flux_tensors *file = flux_tensors_open(path, &err);
    if (file == NULL) {
        printf("%s FAIL %s\n", r->name, err.text);
        return;
    }
    for (size_t i = 0; i < flux_tensors_count(file); i++) {
        const flux_tensor *t = flux_tensors_at(file, i);
        size_t count = 1;
        for (size_t k = 0; k < t->rank; k++)
            count *= t->dim[k];
        const char *name = t->name;
        if (strcmp(kind, "results") == 0)
            name += strlen("all");
        printf("%s %s %016llx\n", r->name, name,
               (unsigned long long)hash_of(t->dtype, t->data, count));
    }
    flux_tensors_close(file);
}

/* ---- gradients against differences ---- */

enum { SAMPLES = 3, DIRECTIONS = 4 };

/* Σ dy·y at the parameters and inputs moved by h along the direction. */
static double
objective(const Run *run, const double *p, const double *dp, double *const *x,
          double *const *dx, double h)
{
    const flux_model *m = run->m;
    double sum = 0;
    for (size_t i = 0; i < m->nparam; i++) {
        const flux_param *q = &m->param[i];
        size_t at = q->offset / sizeof(double);
        if (q->grad_offset == FLUX_NO_GRAD || q->dtype != FLUX_F64)
            continue;
        for (size_t k = at; k < at + param_count(q); k++)
            ((double *)run->params)[k] = p[k] + h * dp[k];
    }
    for (size_t i = 0; i < m->ninput; i++)
        for (size_t k = 0; k < SAMPLES * m->input[i].size; k++)
            ((double *)run->x[i])[k] = x[i][k] + h * dx[i][k];
    expect_ok(run, forward(run, 0, SAMPLES, run->y), "forward");
    for (size_t i = 0; i < m->noutput; i++)
        for (size_t k = 0; k < SAMPLES * m->output[i].size; k++)
            sum += element(run, run->dy[i], k) * element(run, run->y[i], k);
    return sum;
}

/* Along one direction: 1 right, 0 not smooth here, -1 wrong. */
static int
direction(Run *run, uint64_t number)
{
    const flux_model *m = run->m;
    double *p = room(m->bytes);
    double *dp = room(m->bytes);
    double *x[PORTS] = {0};
    double *dx[PORTS] = {0};
    double derivative = 0;
    double terms = 0;
    memcpy(p, run->params, m->bytes);
    for (size_t i = 0; i < m->nparam; i++) {
        const flux_param *q = &m->param[i];
        if (q->grad_offset == FLUX_NO_GRAD || number == 1)
            continue;
        const double *g =
            (const double *)((const char *)run->grads + q->grad_offset);
        size_t at = q->offset / sizeof(double);
        for (size_t k = 0; k < param_count(q); k++) {
            dp[at + k] = flux_normal(number, 100 + i, k);
            derivative += dp[at + k] * g[k];
            terms += fabs(dp[at + k] * g[k]);
        }
    }
    for (size_t i = 0; i < m->ninput; i++) {
        size_t count = SAMPLES * m->input[i].size;
        x[i] = room(count * sizeof(double));
        dx[i] = room(count * sizeof(double));
        memcpy(x[i], run->x[i], count * sizeof(double));
        for (size_t k = 0; k < count && number != 2; k++) {
            dx[i][k] = flux_normal(number, i, k);
            derivative += dx[i][k] * ((const double *)run->dx[i])[k];
            terms += fabs(dx[i][k] * ((const double *)run->dx[i])[k]);
        }
    }
    double h = 1e-5;
    double f[5];
    for (int i = -2; i <= 2; i++)
        f[i + 2] = objective(run, p, dp, x, dx, h * i / 2);
    objective(run, p, dp, x, dx, 0);
    double wide = (f[4] - f[0]) / (2 * h);
    double narrow = (f[3] - f[1]) / h;
    double right = (f[4] - f[2]) / h;
    double left = (f[2] - f[0]) / h;
    double scale = terms + fabs(wide) + fabs(f[2]) * 1e-5 + 1e-6;
    int smooth =
        fabs(wide - narrow) < 1e-6 * scale && fabs(right - left) < 1e-3 * scale;
    int right_value = fabs(derivative - narrow) < 1e-4 * scale;
    if (!isfinite(derivative + wide + narrow))
        smooth = 0;
    if (smooth && !right_value)
        printf("%s FAIL gradient %.9g, differences %.9g\n", run->r->name,
               derivative, narrow);
    free(p);
    free(dp);
    for (size_t i = 0; i < m->ninput; i++) {
        free(x[i]);
        free(dx[i]);
    }
    return !smooth ? 0 : right_value ? 1 : -1;
}

/* Away from where functions have kinks: zeros and equal elements. */
static void
move_parameters(const Run *run)
{
    const flux_model *m = run->m;
    for (size_t i = 0; i < m->nparam; i++) {
        const flux_param *p = &m->param[i];
        double *at = (double *)((char *)run->params + p->offset);
        if (p->grad_offset == FLUX_NO_GRAD)
            continue;
        for (size_t k = 0; k < param_count(p); k++)
            at[k] += 0.05 * flux_normal(DATA_SEED, 1000 + i, k);
    }
}

static void
differences(const RandomModel *r)
{
    Run run;
    int smooth = 0;
    run_open(&run, r);
    const flux_model *m = run.m;
    move_parameters(&run);
    expect_ok(&run,
              m->back(m, run.params, (const void *const *)run.dy,
                      (const void *const *)run.x, SAMPLES, run.grads, run.dx,
                      &run.work),
              "back");
    for (uint64_t i = 0; i < DIRECTIONS; i++)
        smooth += direction(&run, i) != 0;
    printf("%s directions %d\n", r->name, smooth);
    run_close(&run);
}

int
main(int argc, char **argv)
{
    for (const RandomModel *r = random_models; r->name != NULL; r++) {
        if (argc > 1 && strcmp(argv[1], "--differences") == 0) {
            differences(r);
        } else if (argc > 1 && strcmp(argv[1], "--threads") != 0) {
            print_file(r, argv[1], "results");
            print_file(r, argv[1], "params");
            print_file(r, argv[1], "more");
        } else {
            compute(r, argc > 1 ? &pool : NULL);
        }
    }
    return 0;
}
