/* test_train.c - training, early stopping, measuring, the progress bar. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/runtime/line.h"

#include <math.h>
#include <string.h>

static void
training_finds_the_line(void **unused)
{
    (void)unused;
    Fake m = {0.0, 0.0, 0};
    FakeStep s;
    flux_error err;
    flux_train_result result;
    fake_trainer.init(&s, 0);
    fake_trainer.set_eta(&s, 0.3);
    const flux_train_options options = {
        .epochs = 400, .batch = 4, .quiet = 1, .validation = &line};
    assert_int_equal(
        flux_train(&fake_trainer, &s, &m, &line, &options, &result, &err),
        FLUX_OK);
    assert_true(fabs(m.a - 2.0) < 1e-3 && fabs(m.b + 1.0) < 1e-3);
    assert_int_equal(result.epochs, 400);
    assert_int_equal(s.count, 400 * 3);
    assert_true(result.loss < 1e-6 && !result.stopped);
}

static void
every_sample_is_seen_once_an_epoch(void **unused)
{
    (void)unused;
    Fake m = {0.0, 0.0, 0};
    FakeStep s;
    FakeStep again;
    fake_trainer.init(&s, 0);
    fake_trainer.init(&again, 0);
    flux_train_options options = {.epochs = 2, .batch = 1, .seed = 5};
    assert_int_equal(
        flux_train(&fake_trainer, &s, &m, &line, &options, NULL, NULL),
        FLUX_OK);
    assert_int_equal(
        flux_train(&fake_trainer, &again, &m, &line, &options, NULL, NULL),
        FLUX_OK);
    assert_memory_equal(s.first, again.first, sizeof s.first);
    int moved = 0;
    int differ = 0;
    for (int epoch = 0; epoch < 2; epoch++)
        for (int i = 0; i < N; i++) {
            int seen = 0;
            for (int k = 0; k < N; k++)
                seen += s.first[epoch * N + k] == line_x[i];
            assert_int_equal(seen, 1);
            moved += s.first[epoch * N + i] != line_x[i];
            differ += s.first[i] != s.first[N + i];
        }
    assert_true(moved > N && differ > 0);

    /* In order, the smaller last batch included. */
    options = (flux_train_options){.batch = 4, .in_order = 1};
    fake_trainer.init(&s, 0);
    assert_int_equal(
        flux_train(&fake_trainer, &s, &m, &line, &options, NULL, NULL),
        FLUX_OK);
    assert_int_equal(s.calls, 3);
    assert_int_equal(s.n[0], 4);
    assert_int_equal(s.n[2], 2);
    assert_true(s.first[1] == line_x[4] && s.first[2] == line_x[8]);
}

static void
labels_train_and_are_checked(void **unused)
{
    (void)unused;
    Fake m = {0.0, 0.0, 0};
    FakeStep s;
    flux_error err;
    int32_t label[N];
    for (int i = 0; i < N; i++)
        label[i] = i >= 5;
    const flux_data data = {.n = N, .x = line_in, .label = label};
    const flux_train_options options = {.epochs = 200, .batch = 10};
    fake_trainer.init(&s, 0);
    assert_int_equal(
        flux_train(&fake_trainer, &s, &m, &data, &options, NULL, &err),
        FLUX_OK);
    double accuracy = 0.0;
    assert_int_equal(flux_accuracy(&fake_model, &m, &data, 3, &accuracy),
                     FLUX_OK);
    assert_true(accuracy >= 0.9);
    label[3] = 2;
    assert_int_equal(
        flux_train(&fake_trainer, &s, &m, &data, &options, NULL, &err),
        FLUX_E_LABEL);
    assert_string_equal(err.text, flux_status_text(FLUX_E_LABEL));
    assert_int_equal(flux_accuracy(&fake_model, &m, &data, 3, &accuracy),
                     FLUX_E_LABEL);
    /* Where there are classes, which sample is of none. */
    flux_trainer classes = fake_trainer;
    const flux_port three = {
        .name = "y", .dtype = FLUX_F64, .rank = 1, .dim = {3}, .size = 3};
    classes.target = &three;
    label[3] = 3;
    assert_int_equal(flux_train(&classes, &s, &m, &data, &options, NULL, &err),
                     FLUX_E_LABEL);
    assert_string_equal(err.text,
                        "the class of sample 3 is 3; they are 0 to 2");
    label[3] = -1;
    assert_int_equal(flux_accuracy(&fake_model, &m, &data, 0, NULL),
                     FLUX_E_LABEL);
}

/* After the first epoch the step climbs: eta is made negative. */
static int
spoil(void *user, const flux_epoch *e)
{
    size_t *epochs = user;
    *epochs = e->epoch;
    fake_trainer.set_eta(e->state, -0.1);
    return 0;
}

static int
stop_at_three(void *user, const flux_epoch *e)
{
    (void)user;
    return e->epoch == 3;
}

static void
patience_keeps_the_best(void **unused)
{
    (void)unused;
    Fake m = {0.0, 0.0, 0};
    FakeStep s;
    size_t epochs = 0;
    flux_train_result result;
    fake_trainer.init(&s, 0);
    flux_train_options options = {.epochs = 50,
                                  .batch = 10,
                                  .validation = &line,
                                  .monitor = FLUX_BY_ERROR,
                                  .patience = 4,
                                  .on_epoch = spoil,
                                  .user = &epochs};
    assert_int_equal(
        flux_train(&fake_trainer, &s, &m, &line, &options, &result, NULL),
        FLUX_OK);
    assert_int_equal(result.best_epoch, 1);
    assert_int_equal(result.epochs, 5);
    assert_int_equal(epochs, 5);
    assert_true(result.stopped);
    flux_scores scores;
    assert_int_equal(flux_evaluate(&fake_model, &m, &line, 0, &scores),
                     FLUX_OK);
    assert_true(scores.error == result.best.error);
    options.on_epoch = stop_at_three;
    options.patience = 0;
    assert_int_equal(
        flux_train(&fake_trainer, &s, &m, &line, &options, &result, NULL),
        FLUX_OK);
    assert_int_equal(result.epochs, 3);
    assert_true(result.stopped);
}

static void
training_refuses(void **unused)
{
    (void)unused;
    Fake m = {0.0, 0.0, 0};
    FakeStep s;
    flux_error err;
    fake_trainer.init(&s, 0);
    const struct {
        flux_data data;
        flux_status status;
        const char *why;
    } cases[] = {
        {{.n = N, .y = line_y}, FLUX_E_NULL, "no trainer"},
        {{.n = 0, .x = line_in, .y = line_y}, FLUX_E_SIZE, "no samples"},
        {{.n = N, .x = line_in}, FLUX_E_NULL, "neither labels nor targets"},
        {{.n = N, .x = (const void *[]){NULL}, .y = line_y},
         FLUX_E_NULL,
         "input 1 has no data"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(
            flux_train(&fake_trainer, &s, &m, &cases[i].data, NULL, NULL, &err),
            cases[i].status);
        assert_non_null(strstr(err.text, cases[i].why));
    }
    assert_int_equal(flux_train(NULL, &s, &m, &line, NULL, NULL, &err),
                     FLUX_E_NULL);
    flux_trainer other = fake_trainer;
    other.abi = FLUX_ABI + 1;
    assert_int_equal(flux_train(&other, &s, &m, &line, NULL, NULL, &err),
                     FLUX_E_ABI);
    other = fake_trainer;
    other.takes_labels = 0;
    const int32_t label[N] = {0};
    flux_data data = {.n = N, .x = line_in, .label = label};
    assert_int_equal(flux_train(&other, &s, &m, &data, NULL, NULL, &err),
                     FLUX_E_NULL);
    assert_non_null(strstr(err.text, "takes targets"));
    other.model = &flux_relu_model;
    assert_int_equal(flux_train(&other, &s, &m, &line, NULL, NULL, &err),
                     FLUX_E_UNSUPPORTED);
    const flux_train_options patient = {.patience = 1};
    assert_int_equal(
        flux_train(&fake_trainer, &s, &m, &line, &patient, NULL, &err),
        FLUX_E_NULL);
    const flux_data bad = {.n = 0, .x = line_in, .y = line_y};
    const flux_train_options check = {.validation = &bad};
    assert_int_equal(
        flux_train(&fake_trainer, &s, &m, &line, &check, NULL, &err),
        FLUX_E_SIZE);
    assert_non_null(strstr(err.text, "validation"));
}

static void
evaluation_counts(void **unused)
{
    (void)unused;
    flux_model *model = flux_chain(NULL, flux_affine(3, 3));
    float m[32] = {1.0f, 0.0f, 0.0f, 0.0f, 1.0f, 0.0f, 0.0f, 0.0f, 1.0f};
    const float x[12] = {1.0f, 0.0f, 0.0f, 0.0f, 1.0f, 0.0f,
                         0.0f, 0.0f, 1.0f, 0.0f, 0.0f, NAN};
    const void *in[] = {x};
    const int32_t label[4] = {0, 1, 1, 0};
    flux_data data = {.n = 3, .x = in, .label = label};
    flux_scores scores;
    assert_int_equal(flux_evaluate(model, m, &data, 2, &scores), FLUX_OK);
    assert_true(scores.accuracy == 2.0 / 3.0 && scores.error == 2.0 / 3.0);
    data.label = NULL;
    data.y = x;
    assert_int_equal(flux_evaluate(model, m, &data, 0, &scores), FLUX_OK);
    assert_true(scores.accuracy == 1.0 && scores.error == 0.0);
    /* An output that is no number is never right. */
    data = (flux_data){.n = 4, .x = in, .label = label};
    assert_int_equal(flux_evaluate(model, m, &data, 0, &scores), FLUX_OK);
    assert_true(scores.accuracy == 0.5 && scores.error != scores.error);
    flux_model_free(model);

    assert_int_equal(flux_evaluate(NULL, m, &data, 0, &scores), FLUX_E_NULL);
    data.label = NULL;
    assert_int_equal(flux_evaluate(&fake_model, m, &data, 0, &scores),
                     FLUX_E_NULL);
    data.label = label;
    assert_int_equal(flux_evaluate(&flux_relu_model, m, &data, 0, &scores),
                     FLUX_E_UNSUPPORTED);
    flux_model other = fake_model;
    other.abi = 7;
    assert_int_equal(flux_evaluate(&other, m, &data, 0, &scores), FLUX_E_ABI);
    const flux_port port = {"y", FLUX_I32, 1, {1}, 1};
    other = fake_model;
    other.output = &port;
    assert_int_equal(flux_evaluate(&other, m, &data, 0, &scores),
                     FLUX_E_UNSUPPORTED);
    data.n = 0;
    assert_int_equal(flux_evaluate(&fake_model, m, &data, 0, &scores),
                     FLUX_E_SIZE);
}

static void
progress_text(void **unused)
{
    (void)unused;
    flux_progress p = {.label = "epoch 1/2", .total = 100, .done = 25};
    char text[128];
    flux_progress_text(&p, 4.0, "loss 0.5", 79, text, sizeof text);
    assert_string_equal(
        text, "epoch 1/2 [#####...............]  25% 0:12 left  loss 0.5");
    p.done = 0;
    flux_progress_text(&p, 4.0, NULL, 79, text, sizeof text);
    assert_string_equal(text,
                        "epoch 1/2 [....................]   0% -:-- left");
    p.done = 1;
    flux_progress_text(&p, 100.0, NULL, 79, text, sizeof text);
    assert_string_equal(text,
                        "epoch 1/2 [#...................]   1% 2:45:00 left");
    p.label = "σσσ";
    flux_progress_text(&p, 1.0, NULL, 2, text, sizeof text);
    assert_string_equal(text, "σσ");
    flux_progress_text(&p, 1.0, NULL, 79, text, 4);
    assert_int_equal(strlen(text), 3);
    p.total = 0;
    flux_progress_text(&p, 1.0, NULL, 79, text, sizeof text);
    assert_non_null(strstr(text, "100% 0:00 left"));
    flux_progress_start(&p, "work", 10);
    p.on = 0;
    flux_progress_step(&p, 7, NULL);
    assert_int_equal(p.done, 7);
    flux_progress_end(&p);
    assert_int_equal(p.on, 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(training_finds_the_line),
        cmocka_unit_test(every_sample_is_seen_once_an_epoch),
        cmocka_unit_test(labels_train_and_are_checked),
        cmocka_unit_test(patience_keeps_the_best),
        cmocka_unit_test(training_refuses),
        cmocka_unit_test(evaluation_counts),
        cmocka_unit_test(progress_text),
    };
    return cmocka_run_group_tests(tests, line_make, NULL);
}
