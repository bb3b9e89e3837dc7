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

static bool
has_node(const Graph *g, Op op)
{
    for (size_t i = 0; i < g->node.count; i++) {
        if (g->node.item[i].op == op)
            return true;
    }
    return false;
}

static Ref
unary(Graph *g, Op op, Ref u)
{
    return ir_map(g, op, u, REF_NONE, REF_NONE);
}

/* What depends on x has stable forms, and what reads them is made again. */
static void
stable_forms_follow(void **state)
{
    Fixture *f = *state;
    Graph *g = f->g;
    const Dim three[] = {3};
    Ref x = ir_leaf(g, OP_input, "x", DTYPE_f32, 1, three);
    Ref z = ir_leaf(g, OP_input, "z", DTYPE_f32, 1, three);
    Ref plain = unary(g, OP_tanh, x);
    Ref other = unary(g, OP_log, unary(g, OP_sigma, z));
    Ref y = unary(g, OP_log, unary(g, OP_sigma, x));
    Ref both = ir_map(g, OP_add, unary(g, OP_sin, other), y, REF_NONE);

    size_t count = g->node.count;
    assert_int_equal(stable_node(g, plain, &x, 1), plain);
    assert_int_equal(stable_node(g, other, &x, 1), other);
    assert_int_equal(g->node.count, count);
    assert_false(has_node(g, OP_softplus));

    Node made = *ir_node(g, stable_node(g, both, &x, 1));
    assert_int_equal(made.op, OP_add);
    assert_int_equal(ir_node(g, made.operand[0])->op, OP_sin);
    assert_int_equal(ir_node(g, made.operand[0])->operand[0], other);
    Node form = *ir_node(g, made.operand[1]);
    assert_int_equal(form.op, OP_neg);
    assert_int_equal(ir_node(g, form.operand[0])->op, OP_softplus);

    made = *ir_node(g, stable_node(g, both, (Ref[]){z, x}, 2));
    Ref sine = ir_node(g, made.operand[0])->operand[0];
    assert_int_equal(ir_node(g, sine)->op, OP_neg);
    assert_int_equal(ir_node(g, made.operand[1])->op, OP_neg);
}

/* A form does not see through what is differentiated by. */
static void
stable_forms_end_at_wrt(void **state)
{
    Fixture *f = *state;
    Graph *g = f->g;
    Ref x = ir_leaf(g, OP_input, "x", DTYPE_f32, 1, (Dim[]){3});
    Ref a = unary(g, OP_sigma, x);
    Ref y = unary(g, OP_log, a);
    const Ref wrt[] = {a, x, a};
    assert_int_equal(stable_node(g, y, wrt, 1), y);
    assert_int_equal(stable_node(g, y, wrt, 3), y);
    assert_int_equal(ir_node(g, a)->op, OP_sigma);
    assert_int_equal(ir_node(g, a)->operands, 1);
    assert_int_equal(ir_node(g, x)->op, OP_input);
    assert_int_equal(stable_node(g, x, wrt, 3), x);
    const Frame frame = {.model = "m"};
    g->span = (Span){1, 3, 5};
    g->frame = &frame;
    assert_int_not_equal(stable_node(g, y, &x, 1), y);
    assert_int_equal(g->span.begin, 3);
    assert_ptr_equal(g->frame, &frame);

    /* Nor is it made anew where what it is computed from is. */
    Ref b = unary(g, OP_tanh, y);
    Ref z = unary(g, OP_neg, b);
    assert_int_equal(stable_node(g, z, (Ref[]){b, x}, 2), z);
    assert_int_equal(ir_node(g, b)->op, OP_tanh);
}

/* A parameter cannot become each sample's own. */
static void
params_stay_shared(void **state)
{
    Fixture *f = *state;
    Graph *g = f->g;
    const Dim three[] = {3};
    Ref x = ir_leaf(g, OP_input, "x", DTYPE_f32, 1, three);
    Ref w = ir_leaf(g, OP_param, "w", DTYPE_f32, 1, three);
    Ref u = ir_leaf(g, OP_param, "u", DTYPE_f32, 1, three);
    const Frame frame = {.model = "m"};
    ir_output(g, "u", unary(g, OP_neg, u), u);
    assert_non_null(batch_graph(g));
    ir_output(g, "y", x, REF_NONE);
    g->span = (Span){1, 3, 5};
    g->frame = &frame;
    Ref sum = ir_map(g, OP_add, w, x, REF_NONE);
    ir_output(g, "w", sum, w);
    assert_null(batch_graph(g));
    assert_int_equal(f->context.diags.count, 1);
    const Diag *diag = f->context.diags.item[0];
    assert_string_equal(diag->message, "w would become each sample's own");
    assert_int_equal(diag->span.begin, 3);
    assert_ptr_equal(diag->frame, &frame);
    Graph *first = ir_graph(&f->context, &f->dims, "first");
    x = ir_leaf(first, OP_input, "x", DTYPE_f32, 1, three);
    ir_output(first, "w", x,
              ir_leaf(first, OP_param, "w", DTYPE_f32, 1, three));
    assert_null(batch_graph(first));
    assert_string_equal(diag->hint, "batchmean and batchsum give one value of "
                                    "all samples");
}

/* A loop of two steps with a state: h + x, and log(sigma(h)), which has a
 * stable form.
 */
static Ref
make_loop(Graph *g, Ref x, Ref h)
{
    Graph *body = ir_graph(g->context, g->dims, "body");
    const Dim three[] = {3};
    Ref in = ir_leaf(body, OP_input, "x", DTYPE_f32, 1, three);
    Ref own = ir_leaf(body, OP_input, "h", DTYPE_f32, 1, three);
    ir_output(body, "h", ir_map(body, OP_add, own, in, REF_NONE), REF_NONE);
    ir_output(body, "y", unary(body, OP_log, unary(body, OP_sigma, own)),
              REF_NONE);
    const Ref operand[] = {x, h};
    Scan scan = {.extent = 2,
                 .sequences = 1,
                 .states = 1,
                 .results = 1,
                 .axis = (int8_t[]){1, 1},
                 .operand = operand};
    return ir_part(g, ir_scan(g, &scan, 2, body), 1);
}

static void
loops_stand_at(const Graph *g, Span span, const Frame *frame)
{
    int found = 0;
    for (size_t i = 0; i < g->node.count; i++) {
        const Node *n = &g->node.item[i];
        if (n->op != OP_scan)
            continue;
        found++;
        assert_memory_equal(&n->span, &span, sizeof span);
        assert_ptr_equal(n->frame, frame);
    }
    assert_true(found > 0);
}

/* Loops keep their places and their stack of models; the bodies are changed,
 * too.
 */
static void
loops_keep_places(void **state)
{
    Fixture *f = *state;
    Graph *g = f->g;
    const Frame frame = {.model = "m"};
    const Span span = {1, 3, 5};
    Ref x = ir_leaf(g, OP_input, "x", DTYPE_f32, 2, (Dim[]){3, 2});
    Ref h = ir_leaf(g, OP_param, "h", DTYPE_f32, 1, (Dim[]){3});
    g->span = span;
    g->frame = &frame;
    Ref y = make_loop(g, x, h);
    g->span = (Span){0};
    g->frame = NULL;
    ir_output(g, "y", y, REF_NONE);
    loops_stand_at(pass_dce(g), span, &frame);
    loops_stand_at(batch_graph(g), span, &frame);
    const Graph *stable = pass_stable(g);
    loops_stand_at(stable, span, &frame);
    for (size_t i = 0; i < stable->node.count; i++) {
        if (stable->node.item[i].region != NULL)
            assert_true(has_node(stable->node.item[i].region, OP_softplus));
    }
    Ref dy = REF_NONE;
    Ref one = ir_fill(g, x, 1);
    assert_true(diff_forward(g, &x, &one, 1, &y, 1, &dy));
    assert_int_not_equal(dy, REF_NONE);
    loops_stand_at(g, span, &frame);
}

/* What a tangent does not reach stays as it is: a loop of h alone. */
static void
loops_untouched(void **state)
{
    Fixture *f = *state;
    Graph *g = f->g;
    const Dim shape[] = {3, 2};
    Ref x = ir_leaf(g, OP_input, "x", DTYPE_f32, 2, shape);
    Ref h = ir_leaf(g, OP_param, "h", DTYPE_f32, 1, shape);
    Ref own = make_loop(g, ir_broadcast(g, h, 2, shape, (int8_t[]){0}), h);
    Ref y = ir_map(g, OP_mul, own, x, REF_NONE);
    Ref one = ir_fill(g, x, 1);
    Ref dy = REF_NONE;
    assert_true(diff_forward(g, &x, &one, 1, &y, 1, &dy));
    assert_int_not_equal(dy, REF_NONE);
    int loops = 0;
    for (size_t i = 0; i < g->node.count; i++)
        loops += g->node.item[i].op == OP_scan;
    assert_int_equal(loops, 1);
}

/* A body's arrays need room for the batch, too. */
static void
bodies_have_room(void **state)
{
    Fixture *f = *state;
    Graph *body = ir_graph(&f->context, &f->dims, "body");
    const Dim one[IR_RANK] = {1, 1, 1, 1, 1, 1, 1, 1};
    Ref in = ir_leaf(body, OP_input, "x", DTYPE_f32, 0, NULL);
    Ref all = ir_broadcast(body, in, IR_RANK, one, NULL);
    ir_output(body, "y", ir_reduce(body, OP_sum, all, (1U << IR_RANK) - 1),
              REF_NONE);
    Ref x = ir_leaf(f->g, OP_input, "x", DTYPE_f32, 1, (Dim[]){2});
    Scan scan = {.extent = 2,
                 .sequences = 1,
                 .results = 1,
                 .axis = (int8_t[]){0, 0},
                 .operand = &x};
    Ref y = ir_part(f->g, ir_scan(f->g, &scan, 1, body), 0);
    ir_output(f->g, "y", y, REF_NONE);
    assert_null(batch_graph(f->g));
    assert_int_equal(f->context.diags.count, 1);
    assert_int_equal(f->context.diags.item[0]->code, DIAG_rank);
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
        cmocka_unit_test_setup_teardown(faults_are_told, begin, end),
        cmocka_unit_test_setup_teardown(time_is_told, begin, end),
        cmocka_unit_test_setup_teardown(filled_is_seen, begin, end),
        cmocka_unit_test_setup_teardown(stable_forms_follow, begin, end),
        cmocka_unit_test_setup_teardown(stable_forms_end_at_wrt, begin, end),
        cmocka_unit_test_setup_teardown(params_stay_shared, begin, end),
        cmocka_unit_test_setup_teardown(loops_keep_places, begin, end),
        cmocka_unit_test_setup_teardown(loops_untouched, begin, end),
        cmocka_unit_test_setup_teardown(bodies_have_room, begin, end),
        cmocka_unit_test_setup_teardown(axes_join, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
