/* The runner of passes: what it says of a graph that is not sound, and of the
 * time that a pass takes; and what every pass asks.
 */
#define _POSIX_C_SOURCE 200809L
#include "tests/forward/graphs.h"

#include <math.h>
#include <string.h>
#include <time.h>

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

/* Where the axes of one shape are products of another's in turn. */
static void
axes_join(void **state)
{
    Fixture *f = *state;
    static const struct {
        int rank[2];
        Dim dim[2][4];
        bool joined;
        int first[5];
    } test[] = {
        {{2, 3}, {{6, 4}, {2, 3, 4}}, true, {0, 2, 3}},
        {{2, 4}, {{6, 4}, {2, 3, 4, 1}}, true, {0, 2, 3}},
        {{2, 4}, {{6, 4}, {2, 3, 4, 2}}, false, {0}},
        {{2, 3}, {{6, 4}, {2, 2, 6}}, false, {0}},
        {{2, 2}, {{6, 4}, {6, 2}}, false, {0}},
        {{1, 3}, {{1}, {1, 1, 1}}, true, {0, 0}},
        {{1, 2}, {{1}, {1, 0}}, false, {0}},
        {{0, 0}, {{0}, {0}}, true, {0}},
    };
    for (size_t i = 0; i < sizeof test / sizeof *test; i++) {
        Ref whole = ir_leaf(f->g, OP_input, "w", DTYPE_f32, test[i].rank[0],
                            test[i].dim[0]);
        Ref parts = ir_leaf(f->g, OP_input, "p", DTYPE_f32, test[i].rank[1],
                            test[i].dim[1]);
        int first[IR_RANK + 1];
        bool joined = pass_axes_joined(f->g, ir_node(f->g, whole),
                                       ir_node(f->g, parts), first);
        assert_int_equal(joined, test[i].joined);
        for (int a = 0; joined && a <= test[i].rank[0]; a++)
            assert_int_equal(first[a], test[i].first[a]);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(faults_are_told),
        TEST(time_is_told),
        TEST(filled_is_seen),
        TEST(axes_join),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
