/* test_arguments.c - what callers get wrong: missing arguments, sizes that
 * wrap, memory that overlaps; and the small parts that every file of the
 * runtime uses: messages, JSON strings, the progress bar on a terminal.
 */
#define _POSIX_C_SOURCE 200809L
#define _XOPEN_SOURCE   700

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "runtime/error.h"
#include "runtime/json.h"
#include "runtime/ports.h"
#include "tests/runtime/fake.h"

#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { N = 3, ROOM = 64 };

static float params[ROOM];
static float grads[ROOM];
static float x_data[ROOM];
static float y_data[ROOM];
static float dx_data[ROOM];
static unsigned char arena[4096];
static const flux_work work = {.arena = arena, .bytes = sizeof arena};
static const void *const x[] = {x_data};
static void *const y[] = {y_data};
static const void *const dy[] = {y_data};
static void *const dx[] = {dx_data};
static const void *const none[] = {NULL};
static void *const nowhere[] = {NULL};

static void
refuses_forward(const flux_model *m)
{
    const void *const same[] = {y_data};
    const size_t huge = SIZE_MAX / 2;
    assert_int_equal(m->forward(m, params, NULL, N, y, &work), FLUX_E_NULL);
    assert_int_equal(m->forward(m, params, x, N, NULL, &work), FLUX_E_NULL);
    assert_int_equal(m->forward(m, params, none, N, y, &work), FLUX_E_NULL);
    assert_int_equal(m->forward(m, params, x, N, nowhere, &work), FLUX_E_NULL);
    assert_int_equal(m->forward(m, params, same, N, y, &work), FLUX_E_OVERLAP);
    assert_int_equal(m->forward(m, params, x, huge, y, &work), FLUX_E_SIZE);
    assert_int_equal(m->forward(m, params, none, 0, y, &work), FLUX_OK);
    if (m->bytes > 0)
        assert_int_equal(m->forward(m, NULL, x, N, y, &work), FLUX_E_NULL);
}

static void
refuses_back(const flux_model *m)
{
    void *const over_x[] = {x_data};
    void *const over_dy[] = {y_data};
    const size_t huge = SIZE_MAX / 2;
    assert_int_equal(m->back(m, params, NULL, x, N, grads, dx, &work),
                     FLUX_E_NULL);
    assert_int_equal(m->back(m, params, dy, NULL, N, grads, dx, &work),
                     FLUX_E_NULL);
    assert_int_equal(m->back(m, params, none, x, N, grads, dx, &work),
                     FLUX_E_NULL);
    assert_int_equal(m->back(m, params, dy, none, N, grads, dx, &work),
                     FLUX_E_NULL);
    assert_int_equal(m->back(m, params, dy, x, N, grads, over_x, &work),
                     FLUX_E_OVERLAP);
    assert_int_equal(m->back(m, params, dy, x, N, grads, over_dy, &work),
                     FLUX_E_OVERLAP);
    assert_int_equal(m->back(m, params, dy, x, huge, grads, dx, &work),
                     FLUX_E_SIZE);
    assert_int_equal(m->back(m, params, dy, x, N, grads, NULL, &work), FLUX_OK);
    assert_int_equal(m->back(m, params, dy, x, N, grads, nowhere, &work),
                     FLUX_OK);
    assert_int_equal(m->back(m, params, none, none, 0, grads, nowhere, &work),
                     FLUX_OK);
    if (m->grad_bytes > 0)
        assert_int_equal(m->back(m, params, dy, x, N, NULL, dx, &work),
                         FLUX_E_NULL);
}

static void
test_models(void **unused)
{
    (void)unused;
    flux_error err;
    flux_model *affine = flux_affine(4, 4);
    flux_model *chain = flux_chain(&err, flux_affine(4, 4), &flux_relu_model,
                                   flux_affine(4, 4));
    const flux_model *const models[] = {affine,
                                        &flux_sigma_model,
                                        &flux_tanh_model,
                                        &flux_relu_model,
                                        &flux_exp_model,
                                        &flux_softmax_model,
                                        chain};
    for (size_t i = 0; i < sizeof models / sizeof models[0]; i++) {
        const flux_model *m = models[i];
        assert_non_null(m);
        assert_true(m->bytes <= sizeof params);
        refuses_forward(m);
        refuses_back(m);
        assert_int_equal(m->update(m, m->bytes > 0 ? NULL : params, grads, 0.1),
                         m->bytes > 0 ? FLUX_E_NULL : FLUX_OK);
        if (m->bytes == 0)
            continue;
        assert_int_equal(m->update(m, params, NULL, 0.1), FLUX_E_NULL);
        assert_int_equal(m->init(m, NULL, 1), FLUX_E_NULL);
    }
    assert_int_equal(affine->update(affine, params, params, 0.1),
                     FLUX_E_OVERLAP);
    /* What needs an arena says where there is none. */
    const flux_work unset = {.arena = NULL, .bytes = sizeof arena};
    const flux_work small = {.arena = arena, .bytes = 4};
    const flux_model *soft = &flux_softmax_model;
    assert_int_equal(soft->back(soft, NULL, dy, x, N, NULL, dx, NULL),
                     FLUX_E_ARENA);
    assert_int_equal(soft->back(soft, NULL, dy, x, N, NULL, dx, &unset),
                     FLUX_E_ARENA);
    assert_int_equal(soft->back(soft, NULL, dy, x, N, NULL, dx, &small),
                     FLUX_E_ARENA);
    assert_int_equal(chain->forward(chain, params, x, N, y, NULL),
                     FLUX_E_ARENA);
    assert_int_equal(chain->forward(chain, params, x, N, y, &unset),
                     FLUX_E_ARENA);
    assert_int_equal(chain->forward(chain, params, x, N, y, &small),
                     FLUX_E_ARENA);
    flux_model_free(affine);
    flux_model_free(chain);
}

static void
test_sessions(void **unused)
{
    (void)unused;
    double in[N] = {1, 2, 3};
    double out[N];
    const void *const ins[] = {in};
    void *const outs[] = {out};
    flux_session *s = flux_open(&fake_model, 2, 2);
    assert_non_null(s);
    assert_int_equal(flux_forward(NULL, in, N, out), FLUX_E_NULL);
    assert_int_equal(flux_forward(s, NULL, N, out), FLUX_E_NULL);
    assert_int_equal(flux_forward(s, in, N, NULL), FLUX_E_NULL);
    assert_int_equal(flux_forward(s, NULL, 0, NULL), FLUX_OK);
    assert_int_equal(flux_back(NULL, out, in, N, NULL), FLUX_E_NULL);
    assert_int_equal(flux_back(s, NULL, in, N, NULL), FLUX_E_NULL);
    assert_int_equal(flux_back(s, out, NULL, N, NULL), FLUX_E_NULL);
    assert_int_equal(flux_forward_all(NULL, ins, N, outs), FLUX_E_NULL);
    assert_int_equal(flux_forward_all(s, NULL, N, outs), FLUX_E_NULL);
    assert_int_equal(flux_forward_all(s, ins, N, NULL), FLUX_E_NULL);
    assert_int_equal(flux_back_all(s, NULL, ins, N, outs), FLUX_E_NULL);
    assert_int_equal(flux_back_all(s, ins, NULL, N, outs), FLUX_E_NULL);
    assert_int_equal(flux_update(NULL, 0.1), FLUX_E_NULL);
    assert_int_equal(flux_forward(s, in, N, out), FLUX_OK);
    assert_true(out[0] == 2 && out[1] == 4 && out[2] == 6);
    assert_int_equal(flux_back(s, in, in, N, NULL), FLUX_OK);
    assert_true(((FakeGrad *)flux_grads(s))->a == 1 + 4 + 9);
    flux_close(s);
    flux_close(NULL);
    /* Models of several inputs or outputs are for the functions of arrays. */
    flux_model two = fake_model;
    const flux_port ports[2] = {fake_model.input[0], fake_model.input[0]};
    two.ninput = 2;
    two.input = ports;
    s = flux_open(&two, 0, 1);
    assert_non_null(s);
    assert_int_equal(flux_forward(s, in, 1, out), FLUX_E_UNSUPPORTED);
    assert_int_equal(flux_back(s, out, in, 1, NULL), FLUX_E_UNSUPPORTED);
    flux_close(s);
    two.ninput = FLUX_MAX_PORTS + 1;
    assert_null(flux_open(&two, 0, 1));
    two = fake_model;
    two.noutput = FLUX_MAX_PORTS + 1;
    assert_null(flux_open(&two, 0, 1));
}

static void
test_files(void **unused)
{
    (void)unused;
    flux_error err;
    Fake m = {.a = 1};
    FakeStep step;
    void *bytes;
    size_t size;
    flux_array array;
    flux_table table;
    assert_int_equal(fake_trainer.init(&step, 0), FLUX_OK);
    assert_int_equal(flux_save(NULL, &m, "x", &err), FLUX_E_NULL);
    assert_int_equal(flux_save(&fake_model, NULL, "x", &err), FLUX_E_NULL);
    assert_int_equal(flux_save(&fake_model, &m, NULL, &err), FLUX_E_NULL);
    assert_int_equal(flux_load(NULL, &m, "x", &err), FLUX_E_NULL);
    assert_int_equal(flux_load(&fake_model, &m, NULL, &err), FLUX_E_NULL);
    assert_int_equal(flux_save_bytes(NULL, &m, &bytes, &size, &err),
                     FLUX_E_NULL);
    assert_int_equal(flux_save_bytes(&fake_model, &m, NULL, &size, &err),
                     FLUX_E_NULL);
    assert_int_equal(flux_save_bytes(&fake_model, &m, &bytes, NULL, &err),
                     FLUX_E_NULL);
    assert_int_equal(flux_load_bytes(NULL, &m, "x", 1, &err), FLUX_E_NULL);
    assert_int_equal(flux_save_training(NULL, &step, &m, NULL, "x", &err),
                     FLUX_E_NULL);
    assert_int_equal(
        flux_save_training(&fake_trainer, &step, &m, NULL, NULL, &err),
        FLUX_E_NULL);
    assert_int_equal(flux_load_training(NULL, &step, &m, NULL, "x", &err),
                     FLUX_E_NULL);
    assert_int_equal(
        flux_load_training(&fake_trainer, &step, &m, NULL, NULL, &err),
        FLUX_E_NULL);
    assert_int_equal(flux_idx_parse(NULL, 4, &array, &err), FLUX_E_NULL);
    assert_int_equal(flux_idx_parse("abcd", 4, NULL, &err), FLUX_E_NULL);
    assert_int_equal(flux_csv_parse(NULL, 1, NULL, &table, &err), FLUX_E_NULL);
    assert_int_equal(flux_csv_parse("1", 1, NULL, NULL, &err), FLUX_E_NULL);
    const char bad[] = {'"', '\n', '\r'};
    for (size_t i = 0; i < sizeof bad; i++) {
        const flux_csv_options options = {.separator = bad[i]};
        assert_int_not_equal(flux_csv_parse("1", 1, &options, &table, &err),
                             FLUX_OK);
    }
    assert_int_not_equal(
        flux_tensors_pack(NULL, 1, NULL, 0, &bytes, &size, &err), FLUX_OK);
    assert_int_not_equal(
        flux_tensors_pack(NULL, 0, NULL, 1, &bytes, &size, &err), FLUX_OK);
    const flux_note notes[] = {
        {"a", NULL}, {NULL, "b"}, {"\xff", "b"}, {"a", "\xff"}};
    for (size_t i = 0; i < sizeof notes / sizeof notes[0]; i++)
        assert_int_not_equal(
            flux_tensors_pack(NULL, 0, &notes[i], 1, &bytes, &size, &err),
            FLUX_OK);
}

static void
test_arrays(void **unused)
{
    (void)unused;
    const float f32[] = {1.5f, -2};
    const double f64[] = {1.5, -2};
    const int32_t i32[] = {3, -2};
    const uint32_t u32[] = {3, 4000000000u};
    const unsigned char bools[] = {1, 0};
    const struct {
        flux_dtype dtype;
        const void *data;
        float want[2];
        const char *name;
        size_t size;
    } row[] = {{FLUX_F32, f32, {3, -4}, "f32", 4},
               {FLUX_F64, f64, {3, -4}, "f64", 8},
               {FLUX_I32, i32, {6, -4}, "i32", 4},
               {FLUX_U32, u32, {6, 8e9f}, "u32", 4},
               {FLUX_BOOL, bools, {2, 0}, "bool", 1}};
    flux_array to;
    for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
        flux_array from = {.dtype = row[i].dtype,
                           .rank = 1,
                           .dim = {2},
                           .data = (void *)(uintptr_t)row[i].data};
        assert_int_equal(flux_array_f32(&from, 2, &to), FLUX_OK);
        assert_int_equal(to.dtype, FLUX_F32);
        assert_memory_equal(to.data, row[i].want, sizeof row[i].want);
        flux_array_free(&to);
        assert_string_equal(flux_dtype_name(row[i].dtype), row[i].name);
        assert_int_equal(flux_dtype_size(row[i].dtype), row[i].size);
    }
    flux_array from = {.dtype = FLUX_F32, .rank = FLUX_MAX_RANK + 1};
    assert_int_equal(flux_array_f32(NULL, 1, &to), FLUX_E_NULL);
    assert_int_equal(flux_array_f32(&from, 1, &to), FLUX_E_NULL);
    from.data = &to;
    assert_int_equal(flux_array_f32(&from, 1, NULL), FLUX_E_NULL);
    assert_int_equal(flux_array_f32(&from, 1, &to), FLUX_E_SIZE);
    from.rank = 2;
    from.dim[0] = from.dim[1] = SIZE_MAX / 4;
    assert_int_equal(flux_array_f32(&from, 1, &to), FLUX_E_SIZE);
    from.dim[0] = 0;
    assert_int_equal(flux_array_f32(&from, 1, &to), FLUX_OK);
    flux_array_free(&to);
    flux_array_free(NULL);
}

/* A message that the room cuts ends at a whole character. */
static void
test_messages(void **unused)
{
    (void)unused;
    static const char *const letter[] = {"e", "é", "€", "𝄞"};
    flux_error err;
    for (size_t i = 0; i < 4; i++) {
        size_t width = i + 1;
        for (size_t shift = 0; shift < 4; shift++) {
            char text[400] = "";
            for (size_t k = 0; k < shift; k++)
                strcat(text, "-");
            while (strlen(text) < 300)
                strcat(text, letter[i]);
            flux_error_set(&err, FLUX_OK, "%s", text);
            size_t room = sizeof err.text - 1 - shift;
            assert_int_equal(strlen(err.text), shift + room / width * width);
            assert_memory_equal(err.text, text, strlen(err.text));
        }
    }
    assert_int_equal(flux_error_set(&err, FLUX_E_SIZE, "a\tb\x7f%d", 3),
                     FLUX_E_SIZE);
    assert_string_equal(err.text, "a?b?3");
    flux_error_prefix(&err, "file");
    assert_string_equal(err.text, "file: a?b?3");
    assert_int_equal(flux_error_set(NULL, FLUX_E_NULL, "x"), FLUX_E_NULL);
    flux_error_prefix(NULL, "x");
    flux_error_set(&err, FLUX_OK, "\x80\x80");
    const size_t dim[] = {3, 40, 500};
    char text[32];
    flux_shape_text(1, dim, text, sizeof text);
    assert_string_equal(text, "(3,)");
    flux_shape_text(3, dim, text, sizeof text);
    assert_string_equal(text, "(3, 40, 500)");
    flux_shape_text(0, dim, text, sizeof text);
    assert_string_equal(text, "()");
    flux_shape_text(3, dim, text, 5);
    assert_string_equal(text, "(3, ");
    flux_shape_text(2, dim, text, 7);
    assert_string_equal(text, "(3, 40");
}

static const char *
string_of(const char *json, const char **what)
{
    static char pool[128];
    flux_json j = {
        .start = json, .at = json, .end = json + strlen(json), .pool = pool};
    const char *text = flux_json_string(&j);
    *what = j.what;
    return text;
}

static void
test_json(void **unused)
{
    (void)unused;
    static const char *const good[][2] = {
        {" \t\r\n\"a\"", "a"},
        {"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\/\b\f\n\r\t"},
        {"\"\\u0041\\u00e9\\u20AC\"", "Aé€"},
        {"\"\\ud834\\udd1e\\uD834\\uDD1E\"", "𝄞𝄞"},
        {"\"é€𝄞\xed\x9f\xbf\xf4\x8f\xbf\xbf\"",
         "é€𝄞\xed\x9f\xbf\xf4\x8f\xbf\xbf"}};
    static const char *const bad[] = {"\"",
                                      "\"\\",
                                      "\"\\u12",
                                      "\"\\u12g4\"",
                                      "\"\\u0000\"",
                                      "\"\\x\"",
                                      "\"\\ud834\"",
                                      "\"\\ud834\\",
                                      "\"\\ud834x",
                                      "\"\\ud834\\n\"",
                                      "\"\\ud834\\u0041\"",
                                      "\"\\udd1e\"",
                                      "\"\x01\"",
                                      "\"\xc0\x80\"",
                                      "\"\xe0\x9f\xbf\"",
                                      "\"\xed\xa0\x80\"",
                                      "\"\xf0\x8f\xbf\xbf\"",
                                      "\"\xf4\x90\x80\x80\"",
                                      "\"\xf5\x80\x80\x80\"",
                                      "\"\xe2\x82\"",
                                      "\"\x80\"",
                                      "\"\xc3x\"",
                                      "a"};
    const char *what;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        const char *text = string_of(good[i][0], &what);
        assert_non_null(text);
        assert_string_equal(text, good[i][1]);
        assert_null(what);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_null(string_of(bad[i], &what));
        assert_non_null(what);
    }
    assert_int_equal(flux_utf8("", ""), 0);
}

/* What a terminal gets while `done` runs from 0 to 4. */
static size_t
on_terminal(const char *term, char *got, size_t room)
{
    int master = posix_openpt(O_RDWR | O_NOCTTY);
    if (master < 0 || grantpt(master) != 0 || unlockpt(master) != 0)
        return 0;
    int slave = open(ptsname(master), O_RDWR | O_NOCTTY);
    int stderr_before = dup(2);
    assert_true(slave >= 0 && stderr_before >= 0);
    if (term != NULL)
        setenv("TERM", term, 1);
    else
        unsetenv("TERM");
    dup2(slave, 2);
    flux_progress p;
    flux_progress_start(&p, "epoch", 4);
    for (size_t i = 0; i <= 4; i++)
        flux_progress_step(&p, i, i == 4 ? "the end" : NULL);
    flux_progress_end(&p);
    dup2(stderr_before, 2);
    close(stderr_before);
    size_t used = 0;
    struct pollfd wait = {.fd = master, .events = POLLIN};
    while (used < room - 1 && poll(&wait, 1, 200) == 1 &&
           (wait.revents & POLLIN)) {
        ssize_t some = read(master, got + used, room - 1 - used);
        if (some <= 0)
            break;
        used += (size_t)some;
    }
    got[used] = '\0';
    close(slave);
    close(master);
    return used;
}

static void
test_progress(void **unused)
{
    (void)unused;
    char got[1024];
    if (on_terminal("xterm", got, sizeof got) == 0)
        skip();
    assert_non_null(strstr(got, "\repoch [####"));
    assert_non_null(strstr(got, "100% 0:00 left  the end\033[K"));
    assert_string_equal(got + strlen(got) - 4, "\r\033[K");
    assert_int_equal(on_terminal("dumb", got, sizeof got), 0);
    assert_int_equal(on_terminal(NULL, got, sizeof got), 0);
    flux_progress p = {.label = "é", .total = 10, .done = 0};
    flux_progress_text(&p, 5, NULL, 60, got, sizeof got);
    assert_non_null(strstr(got, "  0% -:-- left"));
    p.done = 5;
    flux_progress_text(&p, 7200, NULL, 60, got, sizeof got);
    assert_non_null(strstr(got, " 50% 2:00:00 left"));
    flux_progress_text(&p, (double)NAN, NULL, 60, got, sizeof got);
    assert_non_null(strstr(got, "-:-- left"));
    flux_progress_text(&p, 1e9, NULL, 3, got, sizeof got);
    assert_string_equal(got, "é [");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_models),   cmocka_unit_test(test_sessions),
        cmocka_unit_test(test_files),    cmocka_unit_test(test_arrays),
        cmocka_unit_test(test_messages), cmocka_unit_test(test_json),
        cmocka_unit_test(test_progress),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
