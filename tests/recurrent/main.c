/* Recurrent models in C: step by step, in windows, whole and by a session they
 * give the same bits, which are the script's (its lines come on standard
 * input); and a window's gradients are those that differences show (REAL
 * double).
 */
#include "around.h"
#include "narrow.h"
#include "noisy.h"
#include "pair.h"
#include "single.h"
#include "spelled.h"
#include "wide.h"
#include "windows.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifndef REAL
#define REAL float
#endif

enum { N = 3, STEPS = 6, IN = 3, OUT = 2, STATE = 10 };

static int failed;
static int passed;

static void
check(int good, const char *what)
{
    passed += good;
    failed += !good;
    if (!good)
        printf("FAIL %s\n", what);
}

/* So many bytes of arena, all of them written before. */
static flux_work
room(size_t bytes)
{
    flux_work w = {.arena = malloc(bytes), .bytes = bytes};
    if (w.arena == NULL)
        exit(2);
    memset(w.arena, 0xff, bytes);
    return w;
}

static REAL
number(int i)
{
    return (REAL)sin(0.37 * i);
}

static pair m_pair;
static single m_single;
static windows m_windows;

static REAL x[N][STEPS][IN];
static REAL y[N][STEPS][OUT];

/* Steps `first` to first + count - 1 of every sample. */
static void
cut(REAL *part, int first, int count)
{
    for (int s = 0; s < N; s++)
        memcpy(part + s * count * IN, x[s][first],
               sizeof(REAL) * (size_t)(count * IN));
}

static int
same(const REAL *part, int first, int count)
{
    int good = 1;
    for (int s = 0; s < N; s++)
        good = good && memcmp(part + s * count * OUT, y[s][first],
                              sizeof(REAL) * (size_t)(count * OUT)) == 0;
    return good;
}

static void
run_whole(void)
{
    flux_work w = room(WINDOWS_ARENA(N, STEPS));
    for (int s = 0; s < N; s++)
        for (int t = 0; t < STEPS; t++)
            for (int i = 0; i < IN; i++)
                x[s][t][i] = number(1 + 18 * s + t * IN + i);
    check(WINDOWS_STATE(N) == STATE * N && PAIR_STATE(N) == WINDOWS_STATE(N) &&
              SINGLE_STATE(N) == WINDOWS_STATE(N),
          "the sizes of a state");
    check(windows_forward(&m_windows, NULL, x[0][0], N, STEPS, y[0][0], &w) ==
              FLUX_OK,
          "forward without a state");
    REAL own[WINDOWS_STATE(N)];
    REAL again[N][STEPS][OUT];
    windows_reset(&m_windows, own, N);
    windows_forward(&m_windows, own, x[0][0], N, STEPS, again[0][0], &w);
    check(memcmp(again, y, sizeof y) == 0, "from the initial state");
    free(w.arena);
}

static void
run_pairs(void)
{
    flux_work w = room(PAIR_ARENA(N));
    REAL state[PAIR_STATE(N)];
    int good = pair_reset(&m_pair, state, N) == FLUX_OK;
    for (int t = 0; t < STEPS; t += 2) {
        REAL in[N * 2 * IN];
        REAL out[N * 2 * OUT];
        cut(in, t, 2);
        good = good && pair_forward(&m_pair, state, in, N, out, &w) == FLUX_OK;
        good = good && same(out, t, 2);
    }
    check(good, "windows of two steps");
    free(w.arena);
}

static void
run_windows(void)
{
    flux_work w = room(WINDOWS_ARENA(N, STEPS));
    REAL state[WINDOWS_STATE(N)];
    int good = windows_reset(&m_windows, state, N) == FLUX_OK;
    for (int t = 0, some = 1; t < STEPS; t += some++) {
        REAL in[N * STEPS * IN];
        REAL out[N * STEPS * OUT];
        cut(in, t, some);
        good = good && windows_forward(&m_windows, state, in, N, (size_t)some,
                                       out, &w) == FLUX_OK;
        good = good && same(out, t, some);
    }
    check(good, "windows of one, two and three steps");
    free(w.arena);
}

static void
run_single(void)
{
    flux_work w = room(SINGLE_ARENA(N));
    REAL state[SINGLE_STATE(N)];
    int good = single_reset(&m_single, state, N) == FLUX_OK;
    for (int t = 0; t < STEPS; t++) {
        REAL in[N * IN];
        REAL out[N * OUT];
        cut(in, t, 1);
        good =
            good && single_forward(&m_single, state, in, N, out, &w) == FLUX_OK;
        good = good && same(out, t, 1);
    }
    check(good, "step by step");
    check(single_forward(&m_single, state, x[0][0], N, state + 1, &w) ==
              FLUX_E_OVERLAP,
          "a result in the state");
    check(single_reset(&m_single, NULL, N) == FLUX_E_NULL, "reset of NULL");
    free(w.arena);
}

/* A state of two steps back, and one that is a number. */
static void
run_lags(void)
{
    wide m;
    narrow one;
    REAL in[4][IN];
    REAL all[2][2][4];
    REAL mean[2][2];
    REAL state[WIDE_STATE(1)];
    REAL own[NARROW_STATE(1)];
    flux_work w = room(WIDE_ARENA(1) + NARROW_ARENA(1));
    wide_init(&m, WIDE_SEED);
    narrow_init(&one, NARROW_SEED);
    wide_reset(&m, state, 1);
    narrow_reset(&one, own, 1);
    check(WIDE_STATE(1) == 9 && NARROW_STATE(1) == 8, "states of two lags");
    int good = 1;
    for (int t = 0; t < 4; t++)
        for (int i = 0; i < IN; i++)
            in[t][i] = number(t * IN + i);
    for (int t = 0; t < 2; t++)
        wide_forward(&m, state, in[2 * t], 1, all[t][0], mean[t], &w);
    for (int t = 0; t < 4; t++) {
        REAL out[4];
        narrow_forward(&one, own, in[t], 1, out, &w);
        good = good && memcmp(out, all[t / 2][t % 2], sizeof out) == 0;
    }
    check(good, "a state of two steps back");
    check(memcmp(&state[8], &mean[1][1], sizeof(REAL)) == 0,
          "a state that is a number");
    free(w.arena);
}

/* What goes backwards in time begins anew in each window. */
static void
run_around(void)
{
    check(AROUND_STATE(N) == 8 * N, "no state of what goes backwards");
}

static void
run_session(void)
{
    flux_session *s = flux_open(&single_model, SINGLE_SEED, N);
    flux_session *p = flux_open(&pair_model, PAIR_SEED, N);
    check(s != NULL && p != NULL, "sessions");
    check(single_model.state == STATE && single_model.stepped &&
              pair_model.state == STATE && !pair_model.stepped,
          "what the tables say");
    for (int turn = 0; turn < 2; turn++) {
        int good = 1;
        for (int t = 0; t < STEPS; t++) {
            REAL in[N * IN];
            REAL out[N * OUT];
            cut(in, t, 1);
            good = good && flux_forward(s, in, N, out) == FLUX_OK;
            good = good && same(out, t, 1);
            good = good && flux_forward(s, in, N - 1, out) == FLUX_E_SIZE;
        }
        flux_reset(s);
        check(good, "steps in a session");
    }
    for (int keeps = 0; keeps < 2; keeps++) {
        REAL in[N * 2 * IN];
        REAL out[N * 2 * OUT];
        flux_session_keep(p, keeps);
        cut(in, 0, 2);
        flux_forward(p, in, N, out);
        check(same(out, 0, 2), "the first window of a session");
        cut(in, 2, 2);
        flux_forward(p, in, N, out);
        check(same(out, 2, 2) == keeps, "the second window of a session");
    }
    flux_close(s);
    flux_close(p);
}

/* Two of them in a chain that is made at run time: the states lie one behind
 * the other.
 */
static void
run_chain(void)
{
    flux_error err;
    flux_model *c = flux_chain(&err, flux_affine(IN, IN), &single_model,
                               flux_affine(OUT, IN), &single_model);
    check((c != NULL) == (sizeof(REAL) == sizeof(float)), "a chain");
    if (c == NULL)
        return;
    check(c->state == 2 * STATE && c->stepped, "its state");
    flux_session *s = flux_open(c, 1, N);
    flux_session *again = flux_open(c, 1, N);
    REAL in[N * IN];
    REAL out[2][N * OUT];
    REAL dx[N * IN];
    cut(in, 0, 1);
    flux_forward(s, in, N, out[0]);
    flux_forward(s, in, N, out[1]);
    check(memcmp(out[0], out[1], sizeof out[0]) != 0, "it has one");
    flux_forward(again, in, N, out[0]);
    flux_back(again, out[0], in, N, dx);
    flux_forward(again, in, N, out[0]);
    check(memcmp(out[0], out[1], sizeof out[0]) == 0, "which back leaves");
    flux_close(s);
    flux_close(again);
    flux_model_free(c);
}

/* The sum of dy times the results of a window that begins with `state`. */
static double
weighted(const pair *m, const REAL *state, const REAL *in, const REAL *dy,
         const flux_work *w)
{
    REAL own[PAIR_STATE(N)];
    REAL out[N * 2 * OUT];
    double sum = 0;
    if (state != NULL)
        memcpy(own, state, sizeof own);
    pair_forward(m, state != NULL ? own : NULL, in, N, out, w);
    for (int i = 0; i < N * 2 * OUT; i++)
        sum += (double)(dy[i] * out[i]);
    return sum;
}

static double
difference(pair *m, REAL *element, const REAL *state, const REAL *in,
           const REAL *dy, const flux_work *w)
{
    const REAL before = *element;
    const double h = 1e-6;
    *element = (REAL)((double)before + h);
    double high = weighted(m, state, in, dy, w);
    *element = (REAL)((double)before - h);
    double low = weighted(m, state, in, dy, w);
    *element = before;
    return (high - low) / (2 * h);
}

/* Gradients of a window, with a state and without. The struct of gradients is
 * that of the parameters.
 */
static void
run_back(void)
{
    flux_work w = room(PAIR_BACK_ARENA(N) + PAIR_ARENA(N));
    REAL state[PAIR_STATE(N)];
    REAL kept[PAIR_STATE(N)];
    REAL in[N * 2 * IN];
    REAL dy[N * 2 * OUT];
    REAL dx[N * 2 * IN];
    for (int i = 0; i < STATE * N; i++)
        state[i] = kept[i] = number(i) / 2;
    for (int i = 0; i < N * 2 * OUT; i++)
        dy[i] = number(i * i);
    cut(in, 2, 2);
    for (int given = 0; given < 2; given++) {
        const REAL *own = given ? state : NULL;
        pair_grad g = {0};
        REAL *dm = (REAL *)(void *)&g;
        REAL *m = (REAL *)(void *)&m_pair;
        double worst = 0;
        pair_back(&m_pair, own, dy, in, N, &g, dx, &w);
        for (size_t i = 0; i < sizeof g / sizeof *dm; i++)
            worst =
                fmax(worst, fabs((double)dm[i] -
                                 difference(&m_pair, &m[i], own, in, dy, &w)));
        for (size_t i = 0; i < N * 2 * IN; i++)
            worst =
                fmax(worst, fabs((double)dx[i] -
                                 difference(&m_pair, &in[i], own, in, dy, &w)));
        if (sizeof(REAL) == sizeof(double))
            check(worst < 1e-8, "gradients of a window");
        int through = 0;
        for (int i = 0; i < 4; i++)
            through += g.stack.layer1.h[i] != 0;
        check((through == 0) == given, "what a state is given stops gradients");
    }
    check(memcmp(state, kept, sizeof state) == 0, "back leaves the state");
    free(w.arena);
}

/* A line of what the script has printed. */
static REAL
expected(void)
{
    char line[64];
    if (fgets(line, sizeof line, stdin) == NULL)
        return -1;
    return sizeof(REAL) == sizeof(float) ? (REAL)strtof(line, NULL)
                                         : (REAL)strtod(line, NULL);
}

static void
run_script(void)
{
    int good = 1;
    for (int t = 0; t < STEPS; t++)
        for (int i = 0; i < OUT; i++)
            good = good && expected() == y[0][t][i];
    check(good, "the script's results");
    flux_work w = room(PAIR_STEP_ARENA(N));
    pair_step step;
    pair m;
    REAL in[N * 2 * IN];
    REAL target[N * 2 * OUT];
    REAL loss = 0;
    for (int s = 0; s < 2; s++)
        for (int t = 0; t < 2; t++)
            for (int i = 0; i < IN; i++) {
                in[(2 * s + t) * IN + i] = x[0][2 * s + t][i];
                if (i < OUT)
                    target[(2 * s + t) * OUT + i] = x[0][2 * s + t][i];
            }
    pair_init(&m, PAIR_SEED);
    pair_step_init(&step, 0);
    for (int turn = 0; turn < 2; turn++) {
        pair_step_train(&step, &m, NULL, in, target, 2, &loss, &w);
        check(loss == expected(), "the script's loss");
    }
    free(w.arena);
}

/* What dropout within the steps leaves out is what the script leaves out. */
static void
run_noise(void)
{
    flux_work w = room(NOISY_FADE_ARENA(2));
    noisy_fade step;
    noisy m;
    REAL target[2 * NOISY_OUT];
    REAL loss = 0;
    for (int i = 0; i < 2 * NOISY_OUT; i++)
        target[i] = number(i + 1);
    noisy_init(&m, NOISY_SEED);
    noisy_fade_init(&step, NOISY_SEED);
    for (int turn = 0; turn < 3; turn++) {
        noisy_fade_train(&step, &m, NULL, &x[0][0][0], target, 2, &loss, &w);
        check(loss == expected(), "the script's loss with dropout");
    }
    free(w.arena);
}

/* A number that no step has a letter for is refused. */
static void
run_letters(void)
{
    flux_work w = room(SPELLED_ARENA(1) + SPELLED_BACK_ARENA(1));
    const int32_t good[4] = {5, 1, 2, 5};
    const int32_t bad[2][4] = {{5, 1, 2, 6}, {0, 1, 2, 3}};
    REAL out[SPELLED_OUT] = {0};
    REAL kept[SPELLED_OUT];
    spelled m;
    spelled_grad g = {0};
    spelled_init(&m, SPELLED_SEED);
    check(spelled_forward(&m, NULL, good, 1, out, &w) == FLUX_OK, "letters");
    memcpy(kept, out, sizeof out);
    for (int i = 0; i < 2; i++)
        check(spelled_forward(&m, NULL, bad[i], 1, out, &w) == FLUX_E_LABEL &&
                  spelled_back(&m, NULL, kept, bad[i], 1, &g, &w) ==
                      FLUX_E_LABEL &&
                  memcmp(kept, out, sizeof out) == 0,
              "what is no letter");
    free(w.arena);
}

/* Training takes the state on as forward does. */
static void
run_training(void)
{
    flux_work w = room(PAIR_STEP_ARENA(N) + PAIR_ARENA(N));
    REAL state[PAIR_STATE(N)];
    REAL own[PAIR_STATE(N)];
    REAL in[N * 2 * IN];
    REAL out[N * 2 * OUT] = {0};
    REAL loss[2] = {0};
    pair_step step;
    pair_step_init(&step, 0);
    pair_reset(&m_pair, state, N);
    for (int t = 0; t < STEPS; t += 2) {
        cut(in, t, 2);
        memcpy(own, state, sizeof own);
        pair_forward(&m_pair, own, in, N, out, &w);
        memset(out, 0, sizeof out);
        pair_step_train(&step, &m_pair, state, in, out, N, &loss[t > 0], &w);
        check(memcmp(own, state, sizeof own) == 0, "the state behind a step");
    }
    single_online online;
    flux_work one = room(SINGLE_ONLINE_ARENA(N));
    REAL before = 0;
    single_online_init(&online, 0);
    single_reset(&m_single, state, N);
    for (int t = 0; t < 200; t++) {
        cut(in, t % STEPS, 1);
        single_online_train(&online, &m_single, state, in, out, N, &loss[1],
                            &one);
        before = t == 0 ? loss[1] : before;
    }
    check(loss[1] < before, "training step by step");
    free(w.arena);
    free(one.arena);
}

/* Class numbers are the columns that they stand for, and the state goes on. */
static void
run_labels(void)
{
    flux_work w = room(SINGLE_ONLINE_ARENA(N));
    const int32_t label[N] = {1, 0, 1};
    const REAL column[N * OUT] = {0, 1, 1, 0, 0, 1};
    REAL state[2][SINGLE_STATE(N)];
    REAL in[N * IN];
    REAL loss[2] = {0};
    single m[2] = {m_single, m_single};
    single_online step[2];
    for (int i = 0; i < 2; i++) {
        single_online_init(&step[i], 0);
        single_reset(&m[i], state[i], N);
    }
    for (int t = 0; t < STEPS; t++) {
        cut(in, t, 1);
        single_online_train(&step[0], &m[0], state[0], in, column, N, &loss[0],
                            &w);
        single_online_train_labels(&step[1], &m[1], state[1], in, label, N,
                                   &loss[1], &w);
    }
    check(loss[0] == loss[1] && memcmp(&m[0], &m[1], sizeof m[0]) == 0 &&
              memcmp(state[0], state[1], sizeof state[0]) == 0,
          "training by labels");
    free(w.arena);
}

int
main(void)
{
    pair_init(&m_pair, PAIR_SEED);
    single_init(&m_single, SINGLE_SEED);
    windows_init(&m_windows, WINDOWS_SEED);
    run_whole();
    run_pairs();
    run_windows();
    run_single();
    run_lags();
    run_around();
    run_session();
    run_chain();
    run_script();
    run_noise();
    run_letters();
    run_back();
    run_training();
    run_labels();
    printf("%d passed, %d failed\n", passed, failed);
    return failed > 0;
}
