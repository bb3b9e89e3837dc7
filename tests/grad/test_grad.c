/* Gradients against central differences in double, first and second, and
 * batched graphs against their samples one at a time.
 */
#include "tests/grad/grad.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { SEED = 1, BATCH = 5, GRAPH_OUTPUTS = 4 };

/* The case's graph; input 0 is an input, the others are params. */
static Graph *
case_graph(Fixture *f, Ref *x, Ref *y)
{
    const Case *test = f->test;
    static const char *const name[GRAD_INPUTS] = {"x", "p", "q"};
    Graph *g = ir_graph(&f->context, &f->dims, "g");
    for (int i = 0; i < test->inputs; i++)
        x[i] = ir_leaf(g, i == 0 ? OP_input : OP_param, name[i], DTYPE_f64,
                       test->shape[i].rank, test->shape[i].dim);
    *y = test->body(g, test, x);
    return g;
}

/* Compares gradient[k] with the central differences of the sum of
 * weight[o] .* output o of g, for every element of every leaf.
 */
static void
check_differences(Fixture *f, const Graph *g, Tensor **value,
                  Tensor *const *weight, const Tensor *gradient)
{
    const double h = 1e-5;
    for (int k = 0; k < f->test->inputs; k++) {
        for (int64_t i = 0; i < tensor_count(value[k]); i++) {
            double x = tensor_get(value[k], i);
            double side[2] = {0};
            for (int s = 0; s < 2; s++) {
                tensor_set(value[k], i, s == 0 ? x - h : x + h);
                Tensor *y = grad_run(f, g, (const Tensor *const *)value);
                for (size_t o = 0; o < g->output.count; o++)
                    side[s] += grad_dot(weight[o], &y[o]);
            }
            tensor_set(value[k], i, x);
            double expected = (side[1] - side[0]) / (2 * h);
            double found = tensor_get(&gradient[k], i);
            if (!(fabs(found - expected) <= 1e-6 * (1 + fabs(expected))))
                fail_msg("%s: input %d, element %d: %.12g, differences %.12g",
                         f->test->name, k, (int)i, found, expected);
        }
    }
}

/* A graph whose outputs are the gradients of the sum of weight[o] .* output o
 * of `from`, by the leaves; 0 where there is none.
 */
static Graph *
gradient_graph(Fixture *f, const Graph *from, Tensor *const *weight)
{
    Ref y[GRAPH_OUTPUTS];
    Ref dy[GRAPH_OUTPUTS];
    Ref gradient[GRAD_INPUTS];
    Graph *g = ir_graph(&f->context, &f->dims, "gradient");
    Ref *map = ARENA_ARRAY(&f->context.arena, Ref, from->node.count);
    for (size_t i = 0; i < from->node.count; i++)
        map[i] = ir_copy(g, from, (Ref)i, map);
    for (size_t o = 0; o < from->output.count; o++) {
        y[o] = map[from->output.item[o].ref];
        dy[o] = ir_data(g, weight[o]);
    }
    int leaves = (int)g->leaf.count;
    bool good = diff_reverse(g, y, dy, (int)from->output.count, g->leaf.item,
                             leaves, gradient);
    assert_true(good);
    for (int k = 0; k < leaves; k++) {
        Ref dx = gradient[k];
        if (dx == REF_NONE)
            dx = ir_fill(g, g->leaf.item[k], 0);
        assert_true(ir_same_shape(g, dx, g->leaf.item[k]));
        ir_output(g, "dx", dx, REF_NONE);
    }
    return g;
}

/* First derivatives of the case, and second ones from the first's graph;
 * `stable`: of its stable form.
 */
static void
check_derivatives(const Case *test, bool stable)
{
    Fixture f;
    Ref x[GRAD_INPUTS];
    Ref y;
    grad_init(&f, test, SEED, BATCH);
    Graph *g = case_graph(&f, x, &y);
    ir_output(g, "y", y, REF_NONE);
    Tensor *value[GRAD_INPUTS] = {0};
    Tensor *other[GRAD_INPUTS] = {0};
    for (int k = 0; k < test->inputs; k++) {
        value[k] = grad_random(&f, test->shape[k].rank, test->shape[k].dim,
                               test->low, test->high);
        other[k] =
            grad_random(&f, test->shape[k].rank, test->shape[k].dim, 0.5, 1.5);
    }
    Node n = *ir_node(g, y);
    Tensor *weight = grad_random(&f, n.rank, n.dim, -1, 1);

    const Graph *form = stable ? pass_stable(g) : g;
    Graph *first = gradient_graph(&f, form, &weight);
    Tensor *gradient = grad_run(&f, first, (const Tensor *const *)value);
    check_differences(&f, g, value, &weight, gradient);
    Graph *second = gradient_graph(&f, first, other);
    gradient = grad_run(&f, second, (const Tensor *const *)value);
    check_differences(&f, first, value, other, gradient);
    context_free(&f.context);
}

/* stop has no gradient, whatever the differences say. */
static void
check_gradients(const Case *test)
{
    if (test->op != OP_stop)
        check_derivatives(test, false);
}

/* A view of sample i of a batch. */
static Tensor
sample_of(const Tensor *batch, int i)
{
    Tensor t = *batch;
    t.rank--;
    size_t bytes = (size_t)tensor_count(&t) * dtype_size(t.dtype);
    t.data = (char *)batch->data + (size_t)i * bytes;
    return t;
}

static void
assert_equal_bits(const Fixture *f, const Tensor *a, const Tensor *b)
{
    size_t bytes = (size_t)tensor_count(a) * dtype_size(a->dtype);
    if (tensor_count(a) != tensor_count(b) ||
        memcmp(a->data, b->data, bytes) != 0)
        fail_msg("%s: a sample has other bits in a batch", f->test->name);
}

static void
assert_close(const Fixture *f, const Tensor *a, const Tensor *b)
{
    assert_int_equal(tensor_count(a), tensor_count(b));
    for (int64_t i = 0; i < tensor_count(a); i++) {
        double u = tensor_get(a, i);
        double v = tensor_get(b, i);
        if (!(fabs(u - v) <= 1e-12 * (1 + fabs(u))))
            fail_msg("%s: element %d: %.17g and %.17g", f->test->name, (int)i,
                     u, v);
    }
}

/* forward and back! of a batch against those of its samples. */
static void
check_batch(const Case *test)
{
    Fixture f;
    Ref x[GRAD_INPUTS];
    Ref y;
    if (test->shape[0].rank == IR_RANK)
        return;
    grad_init(&f, test, SEED, BATCH);
    Graph *sample = case_graph(&f, x, &y);
    ir_output(sample, "y", y, REF_NONE);
    Graph *batch = batch_graph(sample);
    assert_non_null(batch);
    Graph *sample_back = diff_back(sample);
    Graph *batch_back = diff_back(batch);

    /* Leaves: x and params, dy, a state for each param. */
    const Tensor *value[2 * GRAD_INPUTS + 1] = {0};
    const Graph *b = batch_back;
    for (size_t k = 0; k < b->leaf.count; k++) {
        Node n = *ir_node(b, b->leaf.item[k]);
        bool state = n.op == OP_state;
        value[k] = grad_random(&f, n.rank, n.dim, state ? 0 : test->low,
                               state ? 0 : test->high);
    }
    Tensor *together = grad_run(&f, batch, value);
    Tensor *gradient = grad_run(&f, batch_back, value);

    const Tensor *one[2 * GRAD_INPUTS + 1] = {0};
    memcpy(one, value, sizeof one);
    for (int i = 0; i < BATCH; i++) {
        Tensor xi = sample_of(value[0], i);
        Tensor dyi = sample_of(value[test->inputs], i);
        one[0] = &xi;
        one[test->inputs] = &dyi;
        Tensor *alone = grad_run(&f, sample, one);
        Tensor yi = sample_of(&together[0], i);
        assert_equal_bits(&f, &yi, &alone[0]);
        Tensor *back = grad_run(&f, sample_back, one);
        Tensor dxi = sample_of(&gradient[0], i);
        assert_close(&f, &dxi, &back[0]);
        for (int k = 1; k < test->inputs; k++)
            one[test->inputs + k] = &back[k];
    }
    for (int k = 1; k < test->inputs; k++)
        assert_close(&f, &gradient[k], one[test->inputs + k]);
    context_free(&f.context);
}

static void
test_map_gradients(void **state)
{
    (void)state;
    grad_each_map(check_gradients);
}

static void
test_map_batches(void **state)
{
    (void)state;
    grad_each_map(check_batch);
}

static void
test_gradients(void **state)
{
    (void)state;
    for (size_t i = 0; i < grad_cases; i++)
        check_gradients(&grad_case[i]);
}

static void
test_stable_gradients(void **state)
{
    (void)state;
    for (size_t i = 0; i < grad_cases; i++)
        check_derivatives(&grad_case[i], true);
}

static void
test_batches(void **state)
{
    (void)state;
    for (size_t i = 0; i < grad_cases; i++)
        check_batch(&grad_case[i]);
}

/* What does not depend has no gradient: no node, not even zeros. */
static void
test_independent(void **state)
{
    (void)state;
    Fixture f;
    grad_init(&f, NULL, SEED, BATCH);
    Graph *g = ir_graph(&f.context, &f.dims, "g");
    Ref x = ir_leaf(g, OP_input, "x", DTYPE_f64, 1, (Dim[]){3});
    Ref k = ir_leaf(g, OP_input, "k", DTYPE_i32, 1, (Dim[]){3});
    Ref p = ir_leaf(g, OP_param, "p", DTYPE_f64, 1, (Dim[]){3});
    Ref y = ir_map(g, OP_stop, p, REF_NONE, REF_NONE);
    y = ir_map(g, OP_add, y, ir_cast(g, k, DTYPE_f64), REF_NONE);
    Ref rounded = ir_map(g, OP_floor, x, REF_NONE, REF_NONE);
    y = ir_map(g, OP_mul, y, rounded, REF_NONE);
    Ref dy = ir_fill(g, y, 1);
    Ref wrt[3] = {x, k, p};
    Ref gradient[3];
    size_t nodes = g->node.count;
    assert_true(diff_reverse(g, &y, &dy, 1, wrt, 3, gradient));
    for (int i = 0; i < 3; i++)
        assert_int_equal(gradient[i], REF_NONE);
    /* The product's way to floor(x) ends there. */
    assert_true(g->node.count <= nodes + 1);
    context_free(&f.context);
}

/* The gradient has the operand's type, and the place of what it came from. */
static void
test_cast_and_place(void **state)
{
    (void)state;
    Fixture f;
    grad_init(&f, NULL, SEED, BATCH);
    Graph *g = ir_graph(&f.context, &f.dims, "g");
    Frame frame = {.model = "m"};
    Ref x = ir_leaf(g, OP_input, "x", DTYPE_f32, 1, (Dim[]){3});
    g->span = (Span){1, 2, 3};
    g->frame = &frame;
    Ref y = ir_cast(g, x, DTYPE_f64);
    g->span = (Span){1, 5, 6};
    g->frame = NULL;
    Ref dy = ir_fill(g, y, 1);
    Ref dx = REF_NONE;
    assert_true(diff_reverse(g, &y, &dy, 1, &x, 1, &dx));
    assert_int_equal(ir_node(g, dx)->dtype, DTYPE_f32);
    assert_int_equal(ir_node(g, dx)->span.begin, 2);
    assert_ptr_equal(ir_node(g, dx)->frame, &frame);
    assert_int_equal(g->span.begin, 5);
    assert_null(g->frame);
    context_free(&f.context);
}

/* Of equal maxima the first takes the gradient. */
static void
test_maximum_ties(void **state)
{
    (void)state;
    static const Case ties = {.name = "ties"};
    Fixture f;
    grad_init(&f, &ties, SEED, BATCH);
    Graph *g = ir_graph(&f.context, &f.dims, "g");
    Ref x = ir_leaf(g, OP_input, "x", DTYPE_f64, 2, (Dim[]){2, 3});
    ir_output(g, "y", ir_reduce(g, OP_maximum, x, 3), REF_NONE);
    Tensor *value = grad_random(&f, 2, (Dim[]){2, 3}, 7, 7);
    Tensor *weight = grad_random(&f, 0, NULL, 2, 2);
    Graph *gradient = gradient_graph(&f, g, &weight);
    Tensor *dx = grad_run(&f, gradient, (const Tensor *[]){value});
    for (int64_t i = 0; i < 6; i++)
        assert_true(tensor_get(dx, i) == (i == 0 ? 2 : 0));
    context_free(&f.context);
}

/* Where x is 0, x^y does not change with y. */
static void
test_power_of_zero(void **state)
{
    (void)state;
    static const Case power = {.name = "power"};
    Fixture f;
    grad_init(&f, &power, SEED, BATCH);
    Graph *g = ir_graph(&f.context, &f.dims, "g");
    Ref x = ir_leaf(g, OP_input, "x", DTYPE_f64, 1, (Dim[]){3});
    Ref y = ir_leaf(g, OP_input, "y", DTYPE_f64, 1, (Dim[]){3});
    Ref z = ir_map(g, OP_pow, x, y, REF_NONE);
    Ref dz = ir_fill(g, z, 1);
    Ref wrt[2] = {x, y};
    Ref gradient[2];
    assert_true(diff_reverse(g, &z, &dz, 1, wrt, 2, gradient));
    ir_output(g, "dy", gradient[1], REF_NONE);
    Tensor *base = grad_random(&f, 1, (Dim[]){3}, 2, 2);
    Tensor *exponent = grad_random(&f, 1, (Dim[]){3}, 3, 3);
    tensor_set(base, 0, 0);
    tensor_set(base, 2, 0);
    tensor_set(exponent, 2, 0);
    Tensor *dy = grad_run(&f, g, (const Tensor *[]){base, exponent});
    assert_true(tensor_get(dy, 0) == 0);
    assert_true(fabs(tensor_get(dy, 1) - 8 * log(2)) < 1e-12);
    assert_true(tensor_get(dy, 2) == 0);
    context_free(&f.context);
}

/* Inputs may be called as the gradients of results are. */
static void
test_back_names(void **state)
{
    (void)state;
    Fixture f;
    grad_init(&f, NULL, SEED, BATCH);
    Graph *g = ir_graph(&f.context, &f.dims, "g");
    Ref x = ir_leaf(g, OP_input, "dy", DTYPE_f32, 1, (Dim[]){3});
    ir_leaf(g, OP_input, "dy_", DTYPE_f32, 1, (Dim[]){3});
    ir_output(g, "y", ir_map(g, OP_neg, x, REF_NONE, REF_NONE), REF_NONE);
    Graph *back = diff_back(g);
    assert_null(ir_verify(back));
    assert_string_equal(ir_node(back, back->leaf.item[2])->as.leaf.name,
                        "dy__");
    context_free(&f.context);
}

/* The signature of back!: names, what trains, several results. */
static void
test_back_signature(void **state)
{
    (void)state;
    Fixture f;
    int key = 0;
    grad_init(&f, NULL, SEED, BATCH);
    Graph *g = ir_graph(&f.context, &f.dims, "g");
    Ref x = ir_leaf(g, OP_input, "x", DTYPE_f32, 1, (Dim[]){3});
    Ref k = ir_leaf(g, OP_input, "k", DTYPE_i32, 1, (Dim[]){3});
    Ref p = ir_leaf(g, OP_param, "p", DTYPE_f32, 1, (Dim[]){3});
    Ref q = ir_leaf(g, OP_param, "q", DTYPE_f32, 1, (Dim[]){3});
    ir_node(g, p)->as.leaf.key = &key;
    ir_node(g, q)->as.leaf.frozen = true;
    Ref a = ir_map(g, OP_mul, x, p, REF_NONE);
    Ref b = ir_map(g, OP_mul, a, q, REF_NONE);
    ir_output(g, "a", a, REF_NONE);
    ir_output(g, "k", k, REF_NONE);
    ir_output(g, "b", b, REF_NONE);
    Graph *back = diff_back(g);
    assert_null(ir_verify(back));
    assert_int_equal(back->leaf.count, 7);
    static const char *const name[] = {"x", "k", "p", "q", "da", "db", "p"};
    for (size_t i = 0; i < 7; i++)
        assert_string_equal(ir_node(back, back->leaf.item[i])->as.leaf.name,
                            name[i]);
    Ref sum = back->leaf.item[6];
    assert_int_equal(ir_node(back, sum)->op, OP_state);
    assert_ptr_equal(ir_node(back, sum)->as.leaf.key, &key);
    assert_int_equal(back->output.count, 2);
    assert_string_equal(back->output.item[0].name, "dx");
    assert_int_equal(back->output.item[0].next, REF_NONE);
    assert_int_equal(back->output.item[1].next, sum);
    context_free(&f.context);
}

/* A batch's random numbers are each sample's own; its states too where their
 * next values are; batchsum leaves the batch; shared inputs stay.
 */
static void
test_batch_kinds(void **state)
{
    (void)state;
    Fixture f;
    grad_init(&f, NULL, SEED, BATCH);
    Graph *g = ir_graph(&f.context, &f.dims, "g");
    Dim dim[] = {3};
    Ref x = ir_leaf(g, OP_input, "x", DTYPE_f32, 1, dim);
    Ref s = ir_leaf(g, OP_input, "s", DTYPE_f32, 1, dim);
    Ref own = ir_leaf(g, OP_state, "own", DTYPE_f32, 1, dim);
    Ref late = ir_leaf(g, OP_state, "late", DTYPE_f32, 1, dim);
    Ref mean = ir_leaf(g, OP_state, "mean", DTYPE_f32, 1, dim);
    Ref noise = ir_random(g, OP_uniform, DTYPE_f32, 1, dim, 4);
    ir_output(g, "noise", noise, REF_NONE);
    ir_output(g, "shared", s, REF_NONE);
    ir_output(g, "own", ir_map(g, OP_add, x, own, REF_NONE), own);
    ir_output(g, "late", ir_map(g, OP_add, own, late, REF_NONE), late);
    Ref total = ir_batchsum(g, ir_map(g, OP_add, x, own, REF_NONE));
    ir_output(g, "mean", ir_map(g, OP_add, total, mean, REF_NONE), mean);
    Graph *batch = batch_graph_shared(g, (const char *[]){"s", NULL});
    assert_null(ir_verify(batch));
    static const int leaf_rank[] = {2, 1, 2, 2, 1};
    static const int output_rank[] = {2, 2, 2, 2, 1};
    for (int i = 0; i < 5; i++) {
        Ref leaf = batch->leaf.item[i];
        Ref out = batch->output.item[i].ref;
        assert_int_equal(ir_node(batch, leaf)->rank, leaf_rank[i]);
        assert_int_equal(ir_node(batch, out)->rank, output_rank[i]);
    }
    context_free(&f.context);
}

/* A sum keeps the sample's order, even one that was not ir_sum_order's. */
static void
test_batch_order(void **state)
{
    (void)state;
    Fixture f;
    grad_init(&f, NULL, SEED, BATCH);
    Graph *g = ir_graph(&f.context, &f.dims, "g");
    Ref x = ir_leaf(g, OP_input, "x", DTYPE_f32, 1, (Dim[]){40});
    Ref y = ir_reduce(g, OP_sum, x, 1);
    ir_node(g, y)->order = ORDER_split4;
    Ref z = ir_contract(g, x, (int8_t[]){0}, x, (int8_t[]){0}, 0, NULL);
    ir_node(g, z)->order = ORDER_seq;
    ir_output(g, "y", y, REF_NONE);
    ir_output(g, "z", z, REF_NONE);
    Graph *batch = batch_graph(g);
    assert_int_equal(ir_node(batch, batch->output.item[0].ref)->order,
                     ORDER_split4);
    assert_int_equal(ir_node(batch, batch->output.item[1].ref)->order,
                     ORDER_seq);
    context_free(&f.context);
}

static void
test_batch_rank(void **state)
{
    (void)state;
    Fixture f;
    grad_init(&f, NULL, SEED, BATCH);
    Graph *g = ir_graph(&f.context, &f.dims, "g");
    Dim dim[IR_RANK] = {1, 1, 1, 1, 1, 1, 1, 2};
    Ref x = ir_leaf(g, OP_input, "x", DTYPE_f32, IR_RANK, dim);
    ir_output(g, "y", x, REF_NONE);
    assert_null(batch_graph(g));
    assert_int_equal(f.context.diags.item[0]->code, DIAG_rank);
    context_free(&f.context);
}

/* The runner leaves out what it is told, and dumps what it is asked for. */
static void
test_optimise(void **state)
{
    (void)state;
    Fixture f;
    grad_init(&f, NULL, SEED, BATCH);
    Graph *g = ir_graph(&f.context, &f.dims, "g");
    Ref x = ir_leaf(g, OP_input, "x", DTYPE_f32, 1, (Dim[]){3});
    Ref y = ir_map(g, OP_mul, x, ir_fill(g, x, 1), REF_NONE);
    ir_output(g, "y", y, REF_NONE);
    PassOptions options = {.time = true};
    options.dump[PASS_cse] = true;
    options.dump_file = tmpfile();
    assert_non_null(options.dump_file);
    assert_int_equal(pass_optimise(g, &options)->node.count, 1);
    char text[4096] = "";
    rewind(options.dump_file);
    size_t length = fread(text, 1, sizeof text - 1, options.dump_file);
    text[length] = 0;
    assert_non_null(strstr(text, "; after cse\ngraph g\n"));
    assert_null(strstr(text, "; after dce"));
    assert_non_null(strstr(text, "; simplify: "));
    fclose(options.dump_file);
    options = (PassOptions){.off[PASS_simplify] = true};
    assert_int_equal(pass_optimise(g, &options)->node.count, 4);
    assert_int_equal(pass_find("simplify"), PASS_simplify);
    assert_int_equal(pass_find("none"), -1);

    /* A graph that is none is a fault of the compiler's own. */
    ir_node(g, y)->rank = 0;
    assert_null(pass_optimise(g, NULL));
    assert_int_equal(f.context.diags.item[0]->code, DIAG_internal);
    context_free(&f.context);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_map_gradients),
        cmocka_unit_test(test_gradients),
        cmocka_unit_test(test_stable_gradients),
        cmocka_unit_test(test_map_batches),
        cmocka_unit_test(test_batches),
        cmocka_unit_test(test_independent),
        cmocka_unit_test(test_cast_and_place),
        cmocka_unit_test(test_maximum_ties),
        cmocka_unit_test(test_power_of_zero),
        cmocka_unit_test(test_back_names),
        cmocka_unit_test(test_back_signature),
        cmocka_unit_test(test_batch_kinds),
        cmocka_unit_test(test_batch_order),
        cmocka_unit_test(test_batch_rank),
        cmocka_unit_test(test_optimise),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
