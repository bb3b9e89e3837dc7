/* The runner of passes: what it says of a graph that is not sound, and of the
 * time that a pass takes; and what every pass asks.
 */
#define _POSIX_C_SOURCE 200809L
#include "pass/pass.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

typedef struct {
    Context context;
    Dims dims;
    Graph *g;
} Fixture;

static int
begin(void **state)
{
    Fixture *f = calloc(1, sizeof *f);
    assert_non_null(f);
    context_init(&f->context);
    dims_init(&f->dims, &f->context.arena);
    f->g = ir_graph(&f->context, &f->dims, "g");
    *state = f;
    return 0;
}

static int
end(void **state)
{
    Fixture *f = *state;
    context_free(&f->context);
    free(f);
    return 0;
}

static void
faults_are_told(void **state)
{
    Fixture *f = *state;
    Ref x = ir_leaf(f->g, OP_input, "x", DTYPE_f32, 1, (Dim[]){3});
    ir_output(f->g, "y", x, REF_NONE);
    assert_ptr_not_equal(pass_optimise(f->g, NULL), NULL);
    ir_node(f->g, x)->rank = 9;
    assert_null(pass_optimise(f->g, NULL));
    assert_int_equal(f->context.diags.count, 1);
    assert_int_equal(f->context.diags.item[0]->code, DIAG_internal);
    assert_string_equal(f->context.diags.item[0]->message,
                        "before any pass: %0 = input: rank 9");
}

static double
milliseconds(void)
{
    struct timespec t;
    assert_int_equal(timespec_get(&t, TIME_UTC), TIME_UTC);
    return 1e3 * (double)t.tv_sec + 1e-6 * (double)t.tv_nsec;
}

/* What it says a pass has taken is no more than the call has, and where nothing
 * came between, most of that.
 */
static void
time_is_told(void **state)
{
    Fixture *f = *state;
    Ref x = ir_leaf(f->g, OP_input, "x", DTYPE_f32, 1, (Dim[]){3});
    for (int i = 0; i < 3000; i++)
        x = ir_map(f->g, OP_neg, x, REF_NONE, REF_NONE);
    ir_output(f->g, "y", x, REF_NONE);
    double best = 0;
    for (int turn = 0; turn < 5; turn++) {
        char *text = NULL;
        size_t size = 0;
        PassOptions options = {.time = true,
                               .dump_file = open_memstream(&text, &size)};
        assert_non_null(options.dump_file);
        double start = milliseconds();
        assert_non_null(pass_run(PASS_simplify, f->g, &options));
        double all = milliseconds() - start;
        fclose(options.dump_file);
        double told = -1;
        int before = 0;
        int after = 0;
        assert_int_equal(sscanf(text, "; simplify: %lf ms, %d to %d nodes",
                                &told, &before, &after),
                         3);
        assert_int_equal(before, 3001);
        assert_int_equal(after, 1);
        assert_true(told >= 0 && told <= all + 0.001);
        best = fmax(best, told / all);
        free(text);
    }
    assert_true(best > 0.6);
}

/* One value everywhere, whatever spreads, shapes and turns it. */
static void
filled_is_seen(void **state)
{
    Fixture *f = *state;
    Graph *g = f->g;
    double value = 0;
    Ref c = ir_const(g, DTYPE_f32, 3);
    Ref spread = ir_broadcast(g, c, 2, (Dim[]){2, 3}, NULL);
    Ref shaped = ir_reshape(g, spread, 2, (Dim[]){3, 2});
    Ref turned = ir_permute(g, shaped, (int8_t[]){1, 0});
    Ref x = ir_leaf(g, OP_input, "x", DTYPE_f32, 2, (Dim[]){2, 3});
    const Ref filled[] = {c, spread, shaped, turned};
    for (size_t i = 0; i < sizeof filled / sizeof *filled; i++) {
        value = 0;
        assert_true(pass_filled(g, filled[i], &value));
        assert_true(value == 3);
    }
    value = 7;
    assert_false(pass_filled(g, x, &value));
    assert_false(pass_filled(g, ir_reverse(g, turned, 1), &value));
    assert_true(value == 7);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(faults_are_told, begin, end),
        cmocka_unit_test_setup_teardown(time_is_told, begin, end),
        cmocka_unit_test_setup_teardown(filled_is_seen, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
