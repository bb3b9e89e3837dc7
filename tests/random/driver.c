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
 * at all, gradients with and without those of inputs, labels and their one-hot
 * columns. With threads, arrays of the caller begin at an odd element.
 */
#include "tests/random/driver.h"

#include "kernels/flux_random.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PORTS = 8, DATA_SEED = 777, FEW = 7, PLACES = 9, GUARD = 4096 };

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
    void *memory; /* for the largest arena, and a guard behind it */
    flux_work work;
    int number;
    size_t skip; /* bytes in front of the caller's arrays */
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
    void *p = calloc(bytes > 0 ? bytes : 1, 1);
    if (p == NULL)
        exit(2);
    return p;
}

/* Memory that nobody may read before it is written. */
static void *
junk(size_t bytes)
{
    void *p = room(bytes);
    memset(p, 0xff, bytes);
    return p;
}

static size_t
port_bytes(const flux_port *port)
{
    return port->size * flux_dtype_size(port->dtype);
}

/* An array of the caller's, at any multiple of an element's size. */
static void *
array(const Run *run, size_t bytes)
{
    return (char *)junk(run->skip + bytes) + run->skip;
}

static void
array_free(const Run *run, void *array)
{
    if (array != NULL)
        free((char *)array - run->skip);
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

/* Places in a table, as check_NAME has them. */
static void
fill_places(int32_t *to, size_t count)
{
    for (size_t i = 0; i < count; i++)
        to[i] = (int32_t)(1 + (5 * i + i / 7) % PLACES);
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
run_open(Run *run, const RandomModel *r, flux_pool *threads)
{
    const flux_model *m = r->model;
    *run = (Run){.r = r, .m = m, .big = r->big};
    run->size = flux_dtype_size(m->dtype);
    run->skip = threads != NULL ? run->size : 0;
    uint64_t stream = 0;
    for (size_t i = 0; i < m->ninput; i++) {
        size_t count = m->input[i].size * run->big;
        run->x[i] = array(run, port_bytes(&m->input[i]) * run->big);
        if (m->input[i].dtype == FLUX_I32) {
            fill_places(run->x[i], count);
            continue;
        }
        run->dx[i] = array(run, count * run->size);
        fill_normal(run, run->x[i], count, &stream);
    }
    for (size_t i = 0; i < m->noutput; i++) {
        size_t count = m->output[i].size * run->big;
        run->y[i] = array(run, count * run->size);
        run->dy[i] = array(run, count * run->size);
        fill_normal(run, run->dy[i], count, &stream);
    }
    if (r->trainer != NULL) {
        size_t count = m->output[0].size * run->big;
        run->target = array(run, count * run->size);
        fill_normal(run, run->target, count, &stream);
    }
    run->params = junk(m->bytes);
    run->grads = room(m->grad_bytes);
    run->work.bytes = m->arena(m, run->big);
    if (m->back_arena(m, run->big) > run->work.bytes)
        run->work.bytes = m->back_arena(m, run->big);
    const flux_trainer *const trainers[] = {r->trainer, r->also};
    for (int i = 0; i < 2; i++)
        if (trainers[i] != NULL &&
            trainers[i]->arena(run->big) > run->work.bytes)
            run->work.bytes = trainers[i]->arena(run->big);
    run->memory = junk(run->work.bytes + GUARD);
    run->work.arena = run->memory;
    run->work.pool = threads;
    run->work.seed = DATA_SEED;
    expect_ok(run, m->init(m, run->params, m->seed), "init");
}

static void
run_close(Run *run)
{
    for (size_t i = 0; i < PORTS; i++) {
        array_free(run, run->x[i]);
        array_free(run, run->dx[i]);
        array_free(run, run->y[i]);
        array_free(run, run->dy[i]);
    }
    array_free(run, run->target);
    free(run->params);
    free(run->grads);
    const unsigned char *guard = run->memory;
    for (size_t i = 0; i < GUARD; i++) {
        if (guard[run->work.bytes + i] == 0xff)
            continue;
        fail(run, "behind the arena", (int)i);
        break;
    }
    free(run->memory);
}

/* What a call that needs so many bytes gets: no more, in front of the guard. */
static flux_work
work_of(const Run *run, size_t bytes)
{
    flux_work work = run->work;
    work.arena = (char *)run->memory + (run->work.bytes - bytes);
    work.bytes = bytes;
    return work;
}

/* y = m(x) for samples from..from + n - 1, into `to`. */
static flux_status
forward(const Run *run, size_t from, size_t n, void *const *to)
{
    const flux_model *m = run->m;
    const void *x[PORTS];
    for (size_t i = 0; i < m->ninput; i++)
        x[i] = (const char *)run->x[i] + from * port_bytes(&m->input[i]);
    const flux_work work = work_of(run, m->arena(m, n));
    return m->forward(m, run->params, x, n, to, &work);
}

/* Samples alone, a batch in parts of 7, and no samples. */
static void
check_parts(const Run *run)
{
    const flux_model *m = run->m;
    void *to[PORTS] = {0};
    for (size_t i = 0; i < m->noutput; i++)
        to[i] = junk(m->output[i].size * run->size * FEW);
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

/* The gradients of inputs. */
static void
print_inputs(Run *run, size_t n)
{
    for (size_t i = 0; i < run->m->ninput; i++)
        if (run->dx[i] != NULL)
            print_next(run, run->dx[i], n * run->m->input[i].size);
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

/* Gradients of samples from..from + n - 1 into g, and dx at their places. */
static flux_status
back(const Run *run, size_t from, size_t n, void *g, void *const *dx)
{
    const flux_model *m = run->m;
    const void *x[PORTS] = {0};
    const void *dy[PORTS] = {0};
    for (size_t i = 0; i < m->ninput; i++)
        x[i] = (const char *)run->x[i] + from * port_bytes(&m->input[i]);
    for (size_t i = 0; i < m->noutput; i++)
        dy[i] = (const char *)run->dy[i] + from * m->output[i].size * run->size;
    const flux_work work = work_of(run, m->back_arena(m, n));
    return m->back(m, run->params, dy, x, n, g, dx, &work);
}

/* Gradients are the same where the caller wants those of one input alone, or of
 * none; `old` is what they are added to.
 */
static void
check_some(const Run *run, size_t n, const void *old)
{
    const flux_model *m = run->m;
    for (size_t k = m->ninput == 1; k <= m->ninput; k++) {
        void *dx[PORTS] = {0};
        void *g = room(m->grad_bytes);
        memcpy(g, old, m->grad_bytes);
        if (k < m->ninput && run->dx[k] != NULL)
            dx[k] = junk(port_bytes(&m->input[k]) * n);
        expect_ok(run, back(run, 0, n, g, dx), "back without dx");
        if (dx[k] != NULL &&
            !same(run, run->dx[k], dx[k], n * m->input[k].size))
            fail(run, "dx without others", (int)k);
        for (size_t i = 0; i < m->nparam; i++) {
            size_t at = m->param[i].grad_offset;
            if (at != FLUX_NO_GRAD &&
                !same(run, (char *)g + at, (char *)run->grads + at,
                      param_count(&m->param[i])))
                fail(run, "gradients without dx", (int)i);
        }
        free(dx[k]);
        free(g);
    }
}

/* Those of a sample's inputs are the same whatever the batch; of no samples
 * there are none.
 */
static void
check_back(const Run *run)
{
    const flux_model *m = run->m;
    void *none[PORTS] = {0};
    void *dx[PORTS] = {0};
    void *g = room(m->grad_bytes);
    expect_ok(run, back(run, 0, 0, g, none), "back of no samples");
    for (size_t i = 0; i < m->grad_bytes && !run->r->mixes; i++)
        if (((unsigned char *)g)[i] != 0)
            fail(run, "gradients of no samples", (int)i);
    for (size_t i = 0; i < m->ninput; i++)
        dx[i] = run->dx[i] == NULL ? NULL : junk(port_bytes(&m->input[i]));
    for (size_t from = 0; from < FEW && !run->r->mixes; from += 3) {
        expect_ok(run, back(run, from, 1, g, dx), "back of a sample");
        for (size_t i = 0; i < m->ninput; i++) {
            size_t count = m->input[i].size;
            const char *all = run->dx[i];
            if (all != NULL &&
                !same(run, all + from * count * run->size, dx[i], count))
                fail(run, "dx of a sample alone", (int)from);
        }
    }
    for (size_t i = 0; i < m->ninput; i++)
        free(dx[i]);
    free(g);
}

static void
run_back(Run *run, size_t n)
{
    const flux_model *m = run->m;
    void *old = room(m->grad_bytes);
    memcpy(old, run->grads, m->grad_bytes);
    expect_ok(run, back(run, 0, n, run->grads, run->dx), "back");
    check_some(run, n, old);
    free(old);
    if (n == FEW)
        check_back(run);
    print_inputs(run, n);
    print_grads(run);
}

/* Labels give what their one-hot columns give, for as many samples. */
static void
check_labels(const Run *run, const flux_trainer *t, const void *state, size_t n)
{
    const flux_model *m = run->m;
    size_t classes = m->output[0].size;
    int32_t *label = room(n * sizeof *label);
    void *hot = room(classes * n * run->size);
    void *s[2] = {junk(t->bytes), junk(t->bytes)};
    void *p[2] = {junk(m->bytes), junk(m->bytes)};
    double loss[2] = {0, 0};
    for (size_t i = 0; i < n; i++) {
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
    const flux_work work = work_of(run, t->arena(n));
    expect_ok(run,
              t->train(s[0], p[0], (const void *const *)run->x, hot, n,
                       &loss[0], &work),
              "train");
    expect_ok(run,
              t->train_labels(s[1], p[1], (const void *const *)run->x, label, n,
                              &loss[1], &work),
              "train_labels");
    int fine = same(run, &loss[0], &loss[1], 1);
    for (size_t i = 0; i < m->nparam; i++) {
        size_t at = m->param[i].offset;
        fine = fine && same(run, (char *)p[0] + at, (char *)p[1] + at,
                            param_count(&m->param[i]));
    }
    if (!fine)
        fail(run, "labels", (int)n);
    for (int i = 0; i < 2; i++) {
        free(s[i]);
        free(p[i]);
    }
    free(label);
    free(hot);
}

/* Three steps of so many samples. */
static void
train(Run *run, const flux_trainer *t, const size_t *n)
{
    void *state = junk(t->bytes);
    expect_ok(run, t->init(state, run->m->seed), "init of the trainer");
    if (t->takes_labels && run->m->output[0].size > 0 && !run->r->keeps)
        for (int i = 0; i < 3; i += 2)
            check_labels(run, t, state, n[i]);
    for (int i = 0; i < 3; i++) {
        double loss = 0;
        const flux_work work = work_of(run, t->arena(n[i]));
        expect_ok(run,
                  t->train(state, run->params, (const void *const *)run->x,
                           run->target, n[i], &loss, &work),
                  "train");
        print_next(run, &loss, 1);
    }
    free(state);
}

static void
print_results(Run *run, size_t n)
{
    for (size_t i = 0; i < run->m->noutput; i++)
        print_next(run, run->y[i], n * run->m->output[i].size);
}

static void
run_calls(Run *run)
{
    const flux_model *m = run->m;
    expect_ok(run, forward(run, 0, run->big, run->y), "forward");
    print_results(run, run->big);
    if (run->r->mixes)
        expect_ok(run, forward(run, 0, 1, run->y), "forward");
    print_results(run, 1);
    if (!run->r->mixes)
        check_parts(run);
    run_back(run, FEW);
    run_back(run, run->big);
    expect_ok(run, m->update(m, run->params, run->grads, 0.01), "update");
    const size_t n[3] = {FEW, FEW, run->big};
    if (run->r->trainer != NULL)
        train(run, run->r->trainer, n);
    if (run->r->also != NULL)
        train(run, run->r->also, n);
}

/* A model of unroll1: each call is a step, from the state that the last left.
 */
static void
run_steps(Run *run)
{
    const flux_model *m = run->m;
    const flux_trainer *t = run->r->trainer;
    size_t n = run->big;
    void *state = run->work.state = array(run, n * m->state * run->size);
    if (m->reset != NULL)
        expect_ok(run, m->reset(m, run->params, state, n), "reset");
    for (int i = 0; i < 3; i++) {
        expect_ok(run, forward(run, 0, n, run->y), "forward");
        print_results(run, n);
    }
    expect_ok(run, back(run, 0, n, run->grads, run->dx), "back");
    print_inputs(run, n);
    expect_ok(run, forward(run, 0, n, run->y), "forward");
    print_results(run, n);
    expect_ok(run, m->update(m, run->params, run->grads, 0.01), "update");
    if (m->reset != NULL)
        expect_ok(run, m->reset(m, run->params, state, n), "reset");
    if (t != NULL) {
        const size_t each[3] = {n, n, n};
        train(run, t, each);
    }
    expect_ok(run, forward(run, 0, n, run->y), "forward");
    print_results(run, n);
    array_free(run, state);
}

static void
compute(const RandomModel *r, flux_pool *threads)
{
    Run run;
    run_open(&run, r, threads);
    const flux_model *m = run.m;
    if (r->keeps)
        run_steps(&run);
    else
        run_calls(&run);
    for (size_t i = 0; i < m->nparam; i++)
        printf("%s %s %016llx\n", r->name, m->param[i].name,
               (unsigned long long)hash_of(
                   m->dtype, (char *)run.params + m->param[i].offset,
                   param_count(&m->param[i])));
    run_close(&run);
}

#include "tests/random/differences.h"

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

int
main(int argc, char **argv)
{
    for (const RandomModel *r = random_models; r->name != NULL; r++) {
        pool.threads = 2 + (size_t)(r - random_models) % 4;
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
