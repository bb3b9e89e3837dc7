/* test_resume.c - a training that is saved and goes on: what its file holds,
 * and that it ends as one that was never interrupted.
 */
#define _POSIX_C_SOURCE 200809L
#define _XOPEN_SOURCE   700

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/runtime/line.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char folder[] = "/tmp/flux-resume-XXXXXX";
static char path[64];

static int
folder_make(void **unused)
{
    if (mkdtemp(folder) == NULL)
        return 1;
    snprintf(path, sizeof path, "%s/resume", folder);
    return line_make(unused);
}

static int
folder_remove(void **unused)
{
    (void)unused;
    return rmdir(folder);
}

static void
training_state_goes_along(void **unused)
{
    (void)unused;
    flux_error err = {""};
    const Fake m = {1.0, 2.0, 3};
    const FakeStep s = {.eta = 0.25, .moment = {4.0, 5.0}, .count = 6};
    Fake m2 = {0};
    FakeStep s2 = {0};
    assert_int_equal(
        flux_save_training(&fake_trainer, &s, &m, NULL, path, &err), FLUX_OK);
    assert_int_equal(
        flux_load_training(&fake_trainer, &s2, &m2, NULL, path, &err), FLUX_OK);
    assert_true(m2.b == 2.0 && s2.eta == 0.25 && s2.moment[1] == 5.0);
    assert_int_equal(s2.count, 6);
    Fake alone = {0};
    assert_int_equal(flux_load(&fake_model, &alone, path, &err), FLUX_OK);
    assert_true(alone.b == 2.0);
    assert_int_equal(flux_save(&fake_model, &m, path, &err), FLUX_OK);
    assert_int_equal(
        flux_load_training(&fake_trainer, &s2, &m2, NULL, path, &err),
        FLUX_E_MISMATCH);
    assert_non_null(strstr(err.text, "resume: tensor trainer.eta is not in"));
    unlink(path);
}

/* Its parameters are no others of the model's, which a load of the model alone
 * does not mind.
 */
static void
the_best_epoch_goes_along(void **unused)
{
    (void)unused;
    flux_error err = {""};
    const Fake m = {1.0, 2.0, 3};
    const FakeStep s = {.eta = 0.25};
    Fake of_best = {4.0, 5.0, 6};
    flux_best best = {.epoch = 7, .scores = {0.1, 0.3}, .m = &of_best};
    assert_int_equal(
        flux_save_training(&fake_trainer, &s, &m, &best, path, &err), FLUX_OK);
    Fake m2 = {0};
    Fake of_best2 = {0};
    FakeStep s2 = {0};
    flux_best best2 = {.m = &of_best2};
    assert_int_equal(
        flux_load_training(&fake_trainer, &s2, &m2, &best2, path, &err),
        FLUX_OK);
    assert_true(best2.epoch == 7 && best2.scores.accuracy == 0.1 &&
                best2.scores.error == 0.3);
    assert_true(of_best2.a == 4.0 && of_best2.b == 5.0 && of_best2.steps == 6);
    assert_true(m2.a == 1.0 && m2.b == 2.0 && s2.eta == 0.25);
    assert_int_equal(
        flux_load_training(&fake_trainer, &s2, &m2, NULL, path, &err), FLUX_OK);
    Fake alone = {0};
    assert_int_equal(flux_load(&fake_model, &alone, path, &err), FLUX_OK);
    assert_true(alone.a == 1.0);

    /* All or none: there is no memory for its parameters. */
    best2 = (flux_best){0};
    m2.a = 9.0;
    assert_int_equal(
        flux_load_training(&fake_trainer, &s2, &m2, &best2, path, &err),
        FLUX_E_NULL);
    assert_true(m2.a == 9.0 && best2.epoch == 0);

    /* A file without, as of a training that validated nothing. */
    best.epoch = 0;
    assert_int_equal(
        flux_save_training(&fake_trainer, &s, &m, &best, path, &err), FLUX_OK);
    best2 = (flux_best){.epoch = 7, .scores = {0.1, 0.3}, .m = &of_best2};
    assert_int_equal(
        flux_load_training(&fake_trainer, &s2, &m2, &best2, path, &err),
        FLUX_OK);
    assert_true(best2.epoch == 0 && best2.scores.error == 0.0 && m2.a == 1.0);
    unlink(path);
}

/* Files with numbers of epochs that are none. */
static void
a_best_epoch_is_a_number(void **unused)
{
    (void)unused;
    const double first[] = {0.0, -1.0, 1.5, NAN, 1e300};
    for (size_t i = 0; i < sizeof first / sizeof *first; i++) {
        flux_error err = {""};
        const double best[3] = {first[i], 0.0, 0.0};
        const flux_tensor t = {"trainer.best", FLUX_F64, 1, {3}, best};
        assert_int_equal(flux_tensors_write(path, &t, 1, NULL, 0, &err),
                         FLUX_OK);
        Fake m = {0};
        Fake of_best = {0};
        FakeStep s = {0};
        flux_best b = {.m = &of_best};
        assert_int_equal(
            flux_load_training(&fake_trainer, &s, &m, &b, path, &err),
            FLUX_E_MISMATCH);
        assert_non_null(strstr(err.text, "has no epoch's number"));
    }
    unlink(path);
}

/* An epoch's number that no file can hold, and memory that is there once. */
static void
a_best_epoch_that_no_file_holds(void **unused)
{
    (void)unused;
    flux_error err = {""};
    Fake m = {1.0, 2.0, 3};
    FakeStep s = {.eta = 0.25};
    Fake of_best = {4.0, 5.0, 6};
    flux_best best = {.epoch = (size_t)1 << 31, .m = &of_best};
    assert_int_equal(
        flux_save_training(&fake_trainer, &s, &m, &best, path, &err),
        FLUX_E_SIZE);
    assert_non_null(strstr(err.text, "epoch 2147483648 is past"));
    best.epoch--;
    assert_int_equal(
        flux_save_training(&fake_trainer, &s, &m, &best, path, &err), FLUX_OK);
    assert_int_equal(
        flux_load_training(&fake_trainer, &s, &m, &best, path, &err), FLUX_OK);
    assert_int_equal(best.epoch, ((size_t)1 << 31) - 1);
    best.m = &m;
    assert_int_equal(
        flux_load_training(&fake_trainer, &s, &m, &best, path, &err),
        FLUX_E_OVERLAP);
    assert_true(m.a == 1.0);
    unlink(path);
}

/* A checkpoint with one more tensor, which is no part of what is loaded. */
static flux_status
load_with(const char *stranger, flux_best *best, flux_error *err)
{
    static const double number[2] = {1.0, 2.0};
    static const int32_t count = 3;
    const flux_tensor t[] = {{"a", FLUX_F64, 0, {0}, number},
                             {"b", FLUX_F64, 0, {0}, number},
                             {"fixed.steps", FLUX_I32, 0, {0}, &count},
                             {"trainer.eta", FLUX_F64, 0, {0}, number},
                             {"trainer.moment", FLUX_F64, 1, {2}, number},
                             {"trainer.count", FLUX_I32, 0, {0}, &count},
                             {stranger, FLUX_F64, 1, {2}, number}};
    assert_int_equal(flux_tensors_write(path, t, 7, NULL, 0, NULL), FLUX_OK);
    Fake m = {9.0, 9.0, 9};
    FakeStep s = {.eta = 9.0};
    flux_status status =
        flux_load_training(&fake_trainer, &s, &m, best, path, err);
    assert_true(m.a == (status == FLUX_OK ? 1.0 : 9.0) && s.eta == m.a);
    Fake alone = {0};
    assert_int_equal(flux_load(&fake_model, &alone, path, NULL), FLUX_OK);
    unlink(path);
    return status;
}

/* As the state of another optimiser, or a best epoch whose number is gone. */
static void
strangers_are_refused(void **unused)
{
    (void)unused;
    flux_error err = {""};
    Fake of_best = {0};
    flux_best best = {.epoch = 7, .m = &of_best};
    assert_int_equal(load_with("trainer.second", NULL, &err), FLUX_E_MISMATCH);
    assert_non_null(
        strstr(err.text, "trainer has no state for tensor trainer.second"));
    const char *const name[] = {"trainer.second", "trainer.bast",
                                "trainer.best/a"};
    for (size_t i = 0; i < sizeof name / sizeof *name; i++) {
        assert_int_equal(load_with(name[i], &best, &err), FLUX_E_MISMATCH);
        assert_non_null(strstr(err.text, name[i]));
        assert_int_equal(best.epoch, 7);
    }
    assert_int_equal(load_with("trainer.best/a", NULL, &err), FLUX_OK);
}

/* The step approaches the line up to that epoch, and leaves it then. */
enum { BEST_EPOCH = 3, PATIENCE = 4 };

typedef struct Run {
    Fake m;
    FakeStep s;
    Fake of_best;
    flux_best best;
    size_t last; /* the epoch after which it is interrupted; 0: none */
} Run;

static int
turn(void *user, const flux_epoch *e)
{
    const Run *run = user;
    if (e->epoch == BEST_EPOCH)
        fake_trainer.set_eta(e->state, -0.1);
    if (e->epoch != run->last)
        return 0;
    assert_int_equal(flux_save_training(&fake_trainer, e->state, e->m,
                                        &run->best, path, NULL),
                     FLUX_OK);
    return 1;
}

static flux_train_result
run_from(Run *run, size_t epoch)
{
    flux_error err = {""};
    flux_train_result result;
    const flux_train_options options = {.epochs = 50,
                                        .batch = 4,
                                        .validation = &line,
                                        .monitor = FLUX_BY_ERROR,
                                        .patience = PATIENCE,
                                        .best = &run->best,
                                        .on_epoch = turn,
                                        .from = {.epoch = epoch},
                                        .user = run};
    assert_int_equal(flux_train(&fake_trainer, &run->s, &run->m, &line,
                                &options, &result, &err),
                     FLUX_OK);
    return result;
}

/* Whenever it is interrupted, also after the epoch that was its last. */
static void
the_best_epoch_before_counts(void **unused)
{
    (void)unused;
    Run whole = {.best.m = &whole.of_best};
    fake_trainer.init(&whole.s, 0);
    flux_train_result all = run_from(&whole, 0);
    assert_int_equal(all.best_epoch, BEST_EPOCH);
    assert_int_equal(all.epochs, BEST_EPOCH + PATIENCE);
    assert_true(all.stopped);
    assert_memory_equal(&whole.m, &whole.of_best, sizeof whole.m);
    for (size_t last = 1; last <= BEST_EPOCH + PATIENCE; last++) {
        Run first = {.best.m = &first.of_best, .last = last};
        fake_trainer.init(&first.s, 0);
        run_from(&first, 0);
        Run second = {.best.m = &second.of_best};
        assert_int_equal(flux_load_training(&fake_trainer, &second.s, &second.m,
                                            &second.best, path, NULL),
                         FLUX_OK);
        flux_train_result result = run_from(&second, last + 1);
        assert_int_equal(result.epochs, all.epochs);
        assert_int_equal(result.best_epoch, all.best_epoch);
        assert_true(result.best.error == all.best.error && result.stopped);
        assert_memory_equal(&second.m, &whole.m, sizeof whole.m);
    }
    unlink(path);
}

/* It is kept without patience, too, and m goes on as it is. */
static void
the_best_epoch_is_kept_without_patience(void **unused)
{
    (void)unused;
    Run run = {.best.m = &run.of_best};
    fake_trainer.init(&run.s, 0);
    const flux_train_options options = {.epochs = 6,
                                        .batch = 4,
                                        .validation = &line,
                                        .monitor = FLUX_BY_ERROR,
                                        .best = &run.best,
                                        .on_epoch = turn,
                                        .user = &run};
    assert_int_equal(
        flux_train(&fake_trainer, &run.s, &run.m, &line, &options, NULL, NULL),
        FLUX_OK);
    assert_int_equal(run.best.epoch, BEST_EPOCH);
    assert_true(run.m.a != run.of_best.a);
    flux_scores scores;
    assert_int_equal(
        flux_evaluate(&fake_model, &run.of_best, &line, 0, &scores), FLUX_OK);
    assert_true(scores.error == run.best.scores.error);
}

static void
a_best_epoch_that_cannot_be(void **unused)
{
    (void)unused;
    Fake m = {0};
    Fake of_best = {0};
    FakeStep s;
    fake_trainer.init(&s, 0);
    const struct {
        flux_best best;
        size_t from;
        const flux_data *validation;
        flux_status status;
        const char *why;
    } cases[] = {
        {{.m = &of_best}, 0, NULL, FLUX_E_NULL, "needs validation data"},
        {{0}, 0, &line, FLUX_E_NULL, "no memory for the best epoch's"},
        {{.m = &m}, 0, &line, FLUX_E_OVERLAP, "are the model's"},
        {{.epoch = 1, .m = &of_best},
         0,
         &line,
         FLUX_E_SIZE,
         "begins with epoch 1, but its best one so far is 1"},
        {{.epoch = 4, .m = &of_best},
         4,
         &line,
         FLUX_E_SIZE,
         "begins with epoch 4, but its best one so far is 4"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        flux_error err = {""};
        flux_best best = cases[i].best;
        const flux_train_options options = {.epochs = 5,
                                            .validation = cases[i].validation,
                                            .best = &best,
                                            .from.epoch = cases[i].from};
        assert_int_equal(
            flux_train(&fake_trainer, &s, &m, &line, &options, NULL, &err),
            cases[i].status);
        assert_non_null(strstr(err.text, cases[i].why));
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(training_state_goes_along),
        cmocka_unit_test(the_best_epoch_goes_along),
        cmocka_unit_test(a_best_epoch_is_a_number),
        cmocka_unit_test(a_best_epoch_that_no_file_holds),
        cmocka_unit_test(strangers_are_refused),
        cmocka_unit_test(the_best_epoch_before_counts),
        cmocka_unit_test(the_best_epoch_is_kept_without_patience),
        cmocka_unit_test(a_best_epoch_that_cannot_be),
    };
    return cmocka_run_group_tests(tests, folder_make, folder_remove);
}
