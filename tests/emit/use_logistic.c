/* Uses the generated logistic model: codes, red zones, an arena of NaN, and a
 * loss that falls. Exit status 0: all is well; else the number of the check.
 */
#include "logistic.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHECK(condition)                                                       \
    do {                                                                       \
        if (!(condition)) {                                                    \
            printf("line %d: %s\n", __LINE__, #condition);                     \
            return 1;                                                          \
        }                                                                      \
    } while (0)

enum { SAMPLES = 33, ZONE = 64 };

static logistic m;
static logistic_grad g;
static logistic_step step;
static float x[LOGISTIC_IN * SAMPLES];
static float target[LOGISTIC_OUT * SAMPLES];
static int32_t label[SAMPLES];
static float dy[LOGISTIC_OUT * SAMPLES];
static float dx[LOGISTIC_IN * SAMPLES];
static unsigned char memory[1 << 16];

/* An arena of exactly `bytes` bytes of NaN, between zones of 0xa5. */
static flux_work
poisoned(size_t bytes)
{
    flux_work w = {0};
    memset(memory, 0xa5, sizeof memory);
    w.arena = memory + ZONE + 1;
    w.bytes = bytes;
    memset(w.arena, 0xff, bytes);
    return w;
}

static int
zones_intact(const flux_work *w)
{
    const unsigned char *end = (unsigned char *)w->arena + w->bytes;
    for (size_t i = 0; i < ZONE + 1; i++) {
        if (memory[i] != 0xa5 || end[i] != 0xa5)
            return 0;
    }
    return 1;
}

static int
check_forward(void)
{
    float y[LOGISTIC_OUT * SAMPLES];
    float one[LOGISTIC_OUT];
    CHECK(logistic_forward(&m, x, SAMPLES, y, NULL) == FLUX_OK);
    for (size_t s = 0; s < SAMPLES; s++) {
        CHECK(logistic_forward(&m, x + LOGISTIC_IN * s, 1, one, NULL) ==
              FLUX_OK);
        CHECK(memcmp(one, y + LOGISTIC_OUT * s, sizeof one) == 0);
    }
    CHECK(logistic_forward(&m, x, 0, y, NULL) == FLUX_OK);
    CHECK(logistic_forward(&m, NULL, 1, y, NULL) == FLUX_E_NULL);
    CHECK(logistic_forward(NULL, x, 1, y, NULL) == FLUX_E_NULL);
    CHECK(logistic_forward(&m, x, SAMPLES, x + 1, NULL) == FLUX_E_OVERLAP);
    CHECK(logistic_forward(&m, x, SIZE_MAX / 8, y, NULL) == FLUX_E_SIZE);
    return 0;
}

static int
check_back(void)
{
    flux_work w = poisoned(LOGISTIC_BACK_ARENA(SAMPLES));
    logistic_grad first;
    memset(&g, 0, sizeof g);
    CHECK(logistic_back(&m, dy, x, SAMPLES, &g, dx, &w) == FLUX_OK);
    CHECK(zones_intact(&w));
    for (size_t i = 0; i < 15; i++)
        CHECK(isfinite(g.W[i]));
    for (size_t i = 0; i < LOGISTIC_IN * SAMPLES; i++)
        CHECK(isfinite(dx[i]));
    first = g;
    CHECK(logistic_back(&m, dy, x, SAMPLES, &g, NULL, &w) == FLUX_OK);
    for (size_t i = 0; i < 15; i++)
        CHECK(g.W[i] == first.W[i] + first.W[i]);
    w.bytes--;
    first = g;
    CHECK(logistic_back(&m, dy, x, SAMPLES, &g, dx, &w) == FLUX_E_ARENA);
    CHECK(logistic_back(&m, dy, x, SAMPLES, &g, dx, NULL) == FLUX_E_ARENA);
    w.bytes++;
    CHECK(logistic_back(&m, dy, x, SAMPLES, &g, g.W, &w) == FLUX_E_OVERLAP);
    CHECK(logistic_back(&m, dy, x, SAMPLES, &g, w.arena, &w) == FLUX_E_OVERLAP);
    CHECK(memcmp(&first, &g, sizeof g) == 0);
    return 0;
}

/* The gradient of one weight against a central difference. */
static int
check_gradient(void)
{
    flux_work w = poisoned(LOGISTIC_BACK_ARENA(SAMPLES));
    float y[LOGISTIC_OUT * SAMPLES];
    double change = 0;
    memset(&g, 0, sizeof g);
    CHECK(logistic_back(&m, dy, x, SAMPLES, &g, dx, &w) == FLUX_OK);
    for (int side = -1; side <= 1; side += 2) {
        float kept = m.W[4];
        m.W[4] += (float)side * 0.01f;
        CHECK(logistic_forward(&m, x, SAMPLES, y, NULL) == FLUX_OK);
        m.W[4] = kept;
        for (size_t i = 0; i < LOGISTIC_OUT * SAMPLES; i++)
            change += (double)side * (double)y[i] * (double)dy[i];
    }
    CHECK(fabs(change / 0.02 - (double)g.W[4]) < 2e-3);
    return 0;
}

static int
check_training(void)
{
    flux_work w = poisoned(LOGISTIC_STEP_ARENA(SAMPLES));
    float first = 0;
    float loss = 0;
    CHECK(logistic_step_init(&step, 7) == FLUX_OK);
    for (int i = 0; i < 100; i++) {
        CHECK(logistic_step_train(&step, &m, x, target, SAMPLES, &loss, &w) ==
              FLUX_OK);
        first = i == 0 ? loss : first;
    }
    CHECK(zones_intact(&w));
    for (size_t i = 0; i < SAMPLES; i++)
        label[i] = x[i * 5] > 0 ? 1 : 0;
    logistic before = m;
    label[7] = 3;
    CHECK(logistic_step_train_labels(&step, &m, x, label, SAMPLES, &loss, &w) ==
          FLUX_E_LABEL);
    CHECK(memcmp(&before, &m, sizeof m) == 0);
    label[7] = 1;
    CHECK(logistic_step_train_labels(&step, &m, x, label, SAMPLES, &loss, &w) ==
          FLUX_OK);
    CHECK(zones_intact(&w));
    CHECK(step.step == 101);
    CHECK(loss < first / 2);
    CHECK(logistic_update(&m, &g, 0.1f) == FLUX_OK);
    CHECK(g.W[0] == 0.0f && g.b[2] == 0.0f);
    return 0;
}

int
main(void)
{
    logistic again;
    for (size_t i = 0; i < sizeof x / sizeof *x; i++)
        x[i] = (float)(i * 37 % 101) / 50.0f - 1.0f;
    for (size_t i = 0; i < sizeof dy / sizeof *dy; i++) {
        dy[i] = (float)(i * 53 % 89) / 40.0f - 1.0f;
        target[i] = i % 3 == (x[i / 3 * 5] > 0 ? 1 : 0) ? 1.0f : 0.0f;
    }
    if (logistic_init(&m, LOGISTIC_SEED) != FLUX_OK ||
        logistic_init(&again, LOGISTIC_SEED) != FLUX_OK ||
        memcmp(&m, &again, sizeof m) != 0)
        return 2;
    return check_forward() || check_back() || check_gradient() ||
           check_training();
}
