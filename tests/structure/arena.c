/* Runs models and trainers in poisoned memory.
 *
 * The arena is all zeros, then all NaN; guards stand behind its last byte and,
 * as flux.h of this test has FLUX_ALIGN call `zone`, behind each buffer that
 * grows. What is computed must be the same, bit for bit, and the guards be as
 * they were: under OVERLAID, where buffers of known size may lie over others,
 * only the last. The script lists what is in the generated headers in LIST.
 */
#include "flux.h"

#include LIST

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { GUARD = 256, ZONES = 512, ROOM = 1 << 16 };

static unsigned char *zone_at; /* where the next buffer begins */
static unsigned char zone_fill;
static unsigned char *zone_first[ZONES];
static size_t zone_bytes[ZONES];
static size_t zones;
static int failed;

size_t
zone(size_t bytes)
{
    size_t whole = (bytes + 63) / 64 * 64 + 64;
    if (zones < ZONES) {
        zone_first[zones] = zone_at + bytes;
        zone_bytes[zones] = whole - bytes;
        memset(zone_first[zones], zone_fill, zone_bytes[zones]);
        zones++;
    }
    zone_at += whole;
    return whole;
}

static void
fail(const char *name, const char *what, size_t n)
{
    printf("FAILED: %s: %s, %zu samples\n", name, what, n);
    failed++;
}

static size_t
size_of(flux_dtype dtype)
{
    return dtype == FLUX_F64 ? 8 : dtype == FLUX_BOOL ? 1 : 4;
}

/* Numbers between 0 and 1; ones where they are whole, which are indices as
 * well; else zeros.
 */
static void *
array(flux_dtype dtype, size_t count)
{
    unsigned char *data = calloc(count + 1, size_of(dtype));
    unsigned random = 1;
    if (data == NULL)
        exit(2);
    for (size_t i = 0; i < count; i++) {
        random = random * 1664525u + 1013904223u;
        double x = (random >> 8) / 16777216.0;
        float narrow = (float)x;
        if (dtype == FLUX_F64)
            memcpy(data + 8 * i, &x, 8);
        else if (dtype == FLUX_F32)
            memcpy(data + 4 * i, &narrow, 4);
        else if (dtype == FLUX_I32)
            memcpy(data + 4 * i, &(int32_t){1}, 4);
    }
    return data;
}

/* An arena that begins at no whole line, with a guard behind. */
static flux_work
poisoned(size_t bytes, unsigned char fill)
{
    unsigned char *memory = malloc(bytes + ROOM + GUARD + 128);
    if (memory == NULL)
        exit(2);
    memset(memory, fill, bytes + ROOM + GUARD + 128);
    flux_work w = {.arena = memory + 4, .bytes = bytes + ROOM, .seed = 7};
    zone_at = flux_arena_base(&w);
    zone_fill = fill;
    zones = 0;
    return w;
}

/* All that the plan says is behind its last byte, and behind each buffer. */
static void
check_guards(const flux_work *w, size_t bytes, const char *name, size_t n)
{
    const unsigned char *end = (unsigned char *)w->arena + bytes + 64 * zones;
    for (size_t i = 0; i < GUARD; i++)
        if (end[i] != zone_fill) {
            fail(name, "a write behind the arena", n);
            break;
        }
    for (size_t z = 0; z < zones && !OVERLAID; z++)
        for (size_t i = 0; i < zone_bytes[z]; i++)
            if (zone_first[z][i] != zone_fill) {
                fail(name, "a write behind a buffer", n);
                break;
            }
    free((unsigned char *)w->arena - 4);
}

/* ---- models ---- */

static void *
ports(const flux_port *port, size_t count, size_t n, void **each)
{
    size_t all = 0;
    for (size_t i = 0; i < count; i++) {
        each[i] = array(port[i].dtype, port[i].size * n);
        all += port[i].size * n * size_of(port[i].dtype);
    }
    return calloc(1, all + 1);
}

/* Appends what arrays hold to a record. */
static unsigned char *
record(unsigned char *to, const flux_port *port, size_t count, size_t n,
       void *const *each)
{
    for (size_t i = 0; i < count; i++) {
        size_t bytes = port[i].size * n * size_of(port[i].dtype);
        memcpy(to, each[i], bytes);
        to += bytes;
    }
    return to;
}

static int
sized(const flux_model *m)
{
    int all = m->ninput < 16 && m->noutput < 16;
    for (size_t i = 0; i < m->ninput; i++)
        all = all && m->input[i].size > 0;
    for (size_t i = 0; i < m->noutput; i++)
        all = all && m->output[i].size > 0;
    return all;
}

static void
release(void **each, size_t count)
{
    for (size_t i = 0; i < count; i++)
        free(each[i]);
}

static void
run_model(const flux_model *m, size_t n)
{
    void *x[16];
    void *dx[16];
    void *y[16];
    void *dy[16];
    void *kept[2][3];
    unsigned char *params = calloc(1, m->bytes + 1);
    m->init(m, params, 1);
    free(ports(m->input, m->ninput, n, x));
    free(ports(m->output, m->noutput, n, dy));
    unsigned char *end[2][3];
    for (int turn = 0; turn < 2; turn++) {
        kept[turn][0] = ports(m->output, m->noutput, n, y);
        kept[turn][1] = ports(m->input, m->ninput, n, dx);
        kept[turn][2] = calloc(2, m->grad_bytes + 1);
        flux_work w = poisoned(m->arena(m, n), turn ? 0xFF : 0);
        if (m->forward(m, params, (const void *const *)x, n, y, &w))
            fail(m->name, "forward", n);
        check_guards(&w, m->arena(m, n), m->name, n);
        end[turn][0] = record(kept[turn][0], m->output, m->noutput, n, y);
        for (int part = 0; part < 2; part++) {
            w = poisoned(m->back_arena(m, n), turn ? 0xFF : 0);
            if (m->back(m, params, (const void *const *)dy,
                        (const void *const *)x, n, kept[turn][2],
                        part ? NULL : dx, &w))
                fail(m->name, "back", n);
            check_guards(&w, m->back_arena(m, n), m->name, n);
        }
        end[turn][1] = record(kept[turn][1], m->input, m->ninput, n, dx);
        end[turn][2] = (unsigned char *)kept[turn][2] + m->grad_bytes;
        release(y, m->noutput);
        release(dx, m->ninput);
    }
    for (int k = 0; k < 3; k++) {
        size_t bytes = (size_t)(end[0][k] - (unsigned char *)kept[0][k]);
        if (memcmp(kept[0][k], kept[1][k], bytes) != 0)
            fail(m->name, "reads what is not set", n);
        free(kept[0][k]);
        free(kept[1][k]);
    }
    release(x, m->ninput);
    release(dy, m->noutput);
    free(params);
}

static void
run_trainer(const flux_trainer *t, size_t n)
{
    const flux_model *m = t->model;
    void *x[16];
    void *y = array(t->target->dtype, t->target->size * n);
    int32_t *label = calloc(n + 1, sizeof *label);
    unsigned char *params[2];
    unsigned char *state[2];
    double loss[2][3] = {{0}};
    free(ports(m->input, m->ninput, n, x));
    for (int turn = 0; turn < 2; turn++) {
        params[turn] = calloc(1, m->bytes + 1);
        state[turn] = calloc(1, t->bytes + 1);
        m->init(m, params[turn], 1);
        t->init(state[turn], 3);
        for (int i = 0; i < 3; i++) {
            flux_work w = poisoned(t->arena(n), turn ? 0xFF : 0);
            flux_status status =
                i < 2 || !t->takes_labels
                    ? t->train(state[turn], params[turn],
                               (const void *const *)x, y, n, &loss[turn][i], &w)
                    : t->train_labels(state[turn], params[turn],
                                      (const void *const *)x, label, n,
                                      &loss[turn][i], &w);
            if (status != FLUX_OK)
                fail(t->name, "train", n);
            check_guards(&w, t->arena(n), t->name, n);
        }
    }
    if (memcmp(params[0], params[1], m->bytes) != 0 ||
        memcmp(state[0], state[1], t->bytes) != 0 ||
        memcmp(loss[0], loss[1], sizeof loss[0]) != 0)
        fail(t->name, "reads what is not set", n);
    for (int turn = 0; turn < 2; turn++) {
        free(params[turn]);
        free(state[turn]);
    }
    release(x, m->ninput);
    free(y);
    free(label);
}

int
main(void)
{
    static const size_t samples[] = {1, 3, 67};
    size_t runs = 0;
    for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
        for (size_t k = 0; models[k] != NULL; k++)
            if (sized(models[k])) {
                run_model(models[k], samples[i]);
                runs++;
            }
        for (size_t k = 0; trainers[k] != NULL; k++)
            if (sized(trainers[k]->model) && trainers[k]->target->size > 0) {
                run_trainer(trainers[k], samples[i]);
                runs++;
            }
    }
    printf("%zu runs, %d failed\n", runs, failed);
    return failed > 0;
}
