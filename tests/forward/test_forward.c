/* Forward mode against reverse mode, whose transpose it is, against central
 * differences in double, and nested with it in every order.
 */
#include "tests/grad/grad.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { SEED = 3, BATCH = 3 };

/* Random numbers in the shape of a node. */
static Tensor *
random_like(Fixture *f, const Graph *g, Ref ref, double low, double high)
{
    Node n = *ir_node(g, ref);
    return grad_random(f, n.rank, n.dim, low, high);
}

/* The case's graph: inputs x, and y as its output. Node 0 is none of them, so
 * that an operand that is not there is none by chance.
 */
static Graph *
case_graph(Fixture *f, bool batch)
{
    const Case *test = f->test;
    static const char *const name[GRAD_INPUTS] = {"x", "p", "q"};
    Graph *g = ir_graph(&f->context, &f->dims, "g");
    Ref x[GRAD_INPUTS];
    ir_const(g, DTYPE_bool, 1);
    for (int i = 0; i < test->inputs; i++)
        x[i] = ir_leaf(g, i == 0 ? OP_input : OP_param, name[i], DTYPE_f64,
                       test->shape[i].rank, test->shape[i].dim);
    ir_output(g, "y", test->body(g, test, x), REF_NONE);
    if (!batch)
        return g;
    g = batch_graph(g);
    assert_non_null(g);
    return g;
}

/* A function of the leaves with directions: what every check begins with. */
typedef struct {
    Fixture f;
    Graph *g; /* being built; its outputs are replaced */
    int leaves;
    Ref x[GRAD_INPUTS];
    Ref y;
    Tensor *value[2 * GRAD_INPUTS + 1]; /* x, then v, then u */
    Tensor **v;                         /* tangents of the leaves */
    Ref tangent[GRAD_INPUTS];           /* their nodes, or REF_NONE */
    Tensor *u;                          /* weights of the results */
    Ref weight;
} Check;

/* An input in the shape of a node. */
static Ref
input_like(Graph *g, Ref ref, const char *name)
{
    Node n = *ir_node(g, ref);
    return ir_leaf(g, OP_input, name, DTYPE_f64, n.rank, n.dim);
}

/* `only`: the one leaf that has a tangent, or -1. */
static void
check_init(Check *c, const Case *test, bool batch, int only)
{
    grad_init(&c->f, test, SEED, BATCH);
    c->g = case_graph(&c->f, batch);
    c->leaves = (int)c->g->leaf.count;
    c->y = c->g->output.item[0].ref;
    c->g->output.count = 0;
    c->v = &c->value[c->leaves];
    for (int k = 0; k < c->leaves; k++) {
        c->x[k] = c->g->leaf.item[k];
        c->value[k] = random_like(&c->f, c->g, c->x[k], test->low, test->high);
        c->v[k] = random_like(&c->f, c->g, c->x[k], -1, 1);
        c->tangent[k] = input_like(c->g, c->x[k], "v");
        if (only >= 0 && only != k)
            c->tangent[k] = REF_NONE;
    }
    c->u = c->v[c->leaves] = random_like(&c->f, c->g, c->y, -1, 1);
    c->weight = input_like(c->g, c->y, "u");
}

static Tensor *
check_run(Check *c)
{
    return grad_run(&c->f, c->g, (const Tensor *const *)c->value);
}

/* The tangents of y for those of the leaves; zeros for none. */
static Ref
tangent_of(Check *c, Ref y)
{
    Ref dy = REF_NONE;
    assert_true(diff_forward(c->g, c->x, c->tangent, c->leaves, &y, 1, &dy));
    if (dy == REF_NONE)
        dy = ir_fill(c->g, y, 0);
    assert_true(ir_same_shape(c->g, dy, y));
    assert_int_equal(ir_node(c->g, dy)->dtype, ir_node(c->g, y)->dtype);
    return dy;
}

static void
gradient_of(Check *c, Ref y, Ref weight, Ref *gradient)
{
    assert_true(diff_reverse(c->g, &y, &weight, 1, c->x, c->leaves, gradient));
    for (int k = 0; k < c->leaves; k++)
        if (gradient[k] == REF_NONE)
            gradient[k] = ir_fill(c->g, c->x[k], 0);
}

static void
assert_near(const Check *c, const char *what, double a, double b, double scale,
            double tolerance)
{
    if (!(fabs(a - b) <= tolerance * (1 + scale)))
        fail_msg("%s: %s: %.17g and %.17g", c->f.test->name, what, a, b);
}

/* <J v, u> = <v, J' u>. */
static void
check_transpose(const Case *test, bool batch, int only)
{
    Check c;
    Ref gradient[GRAD_INPUTS];
    check_init(&c, test, batch, only);
    ir_output(c.g, "dy", tangent_of(&c, c.y), REF_NONE);
    gradient_of(&c, c.y, c.weight, gradient);
    for (int k = 0; k < c.leaves; k++)
        ir_output(c.g, "dx", gradient[k], REF_NONE);
    Tensor *result = check_run(&c);
    double forward = grad_dot(&result[0], c.u);
    double reverse = 0;
    double scale = 0;
    for (int k = 0; k < c.leaves; k++)
        if (only < 0 || only == k) {
            double part = grad_dot(&result[k + 1], c.v[k]);
            reverse += part;
            scale += fabs(part);
        }
    assert_near(&c, "forward and reverse", forward, reverse, scale, 1e-12);
    context_free(&c.f.context);
}

/* J v against (f(x + h v) - f(x - h v)) / 2h, element by element. */
static void
check_differences(const Case *test)
{
    const double h = 1e-5;
    Check c;
    check_init(&c, test, false, -1);
    ir_output(c.g, "dy", tangent_of(&c, c.y), REF_NONE);
    ir_output(c.g, "y", c.y, REF_NONE);
    Tensor *tangent = check_run(&c);
    Tensor side[2];
    for (int s = 0; s < 2; s++) {
        Tensor *at[2 * GRAD_INPUTS + 1];
        memcpy(at, c.value, sizeof at);
        for (int k = 0; k < c.leaves; k++) {
            at[k] = random_like(&c.f, c.g, c.x[k], 0, 0);
            for (int64_t i = 0; i < tensor_count(at[k]); i++)
                tensor_set(at[k], i,
                           tensor_get(c.value[k], i) +
                               (s == 0 ? -h : h) * tensor_get(c.v[k], i));
        }
        side[s] = grad_run(&c.f, c.g, (const Tensor *const *)at)[1];
    }
    for (int64_t i = 0; i < tensor_count(tangent); i++) {
        double expected =
            (tensor_get(&side[1], i) - tensor_get(&side[0], i)) / (2 * h);
        assert_near(&c, "differences", tensor_get(tangent, i), expected,
                    fabs(expected), 1e-6);
    }
    context_free(&c.f.context);
}

/* v' H v of the weighted sum, by both modes over both modes, and H v by
 * forward over reverse against reverse over reverse and over forward.
 */
static void
check_second(const Case *test)
{
    Check c;
    Ref gradient[GRAD_INPUTS];
    Ref again[GRAD_INPUTS];
    Ref crossed[GRAD_INPUTS];
    check_init(&c, test, false, -1);
    gradient_of(&c, c.y, c.weight, gradient);
    Ref tangent = tangent_of(&c, c.y);
    Ref inner = REF_NONE; /* <gradient, v> */
    for (int k = 0; k < c.leaves; k++) {
        Ref part = ir_map(c.g, OP_mul, gradient[k], c.tangent[k], REF_NONE);
        uint32_t all = (1U << ir_node(c.g, part)->rank) - 1;
        part = all != 0 ? ir_reduce(c.g, OP_sum, part, all) : part;
        inner = k == 0 ? part : ir_map(c.g, OP_add, inner, part, REF_NONE);
    }
    gradient_of(&c, inner, ir_const(c.g, DTYPE_f64, 1), again);
    gradient_of(&c, tangent, c.weight, crossed);
    for (int k = 0; k < c.leaves; k++) {
        ir_output(c.g, "f", tangent_of(&c, gradient[k]), REF_NONE);
        ir_output(c.g, "r", again[k], REF_NONE);
        ir_output(c.g, "x", crossed[k], REF_NONE);
    }
    ir_output(c.g, "ff", tangent_of(&c, tangent), REF_NONE);
    Tensor *result = check_run(&c);
    double curvature = 0;
    double scale = 0;
    for (int k = 0; k < c.leaves; k++) {
        const Tensor *hv = &result[3 * k];
        for (int64_t i = 0; i < tensor_count(hv); i++) {
            double found = tensor_get(&hv[0], i);
            double other = tensor_get(&hv[1], i);
            double third = tensor_get(&hv[2], i);
            scale = fmax(scale, fabs(found));
            assert_near(&c, "second, reverse", found, other, scale, 1e-11);
            assert_near(&c, "second, crossed", found, third, scale, 1e-11);
        }
        curvature += grad_dot(hv, c.v[k]);
    }
    assert_near(&c, "second, forward", grad_dot(&result[3 * c.leaves], c.u),
                curvature, fmax(scale, fabs(curvature)), 1e-10);
    context_free(&c.f.context);
}

static void
check_all(const Case *test)
{
    for (int only = -1; only < test->inputs; only++)
        check_transpose(test, false, only);
    if (test->shape[0].rank < IR_RANK)
        for (int only = -1; only < test->inputs; only++)
            check_transpose(test, true, only);
    check_second(test);
    /* stop has no tangent, whatever the differences say. */
    if (test->op != OP_stop)
        check_differences(test);
}

static void
test_maps(void **state)
{
    (void)state;
    grad_each_map(check_all);
}

static void
test_cases(void **state)
{
    (void)state;
    for (size_t i = 0; i < grad_cases; i++)
        check_all(&grad_case[i]);
}

/* A tangent that is 0 makes no nodes at all. */
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
    y = ir_map(g, OP_mul, y, ir_map(g, OP_floor, x, REF_NONE, REF_NONE),
               REF_NONE);
    Ref best = ir_reduce(g, OP_argmax, x, 1);
    Ref other = ir_map(g, OP_exp, x, REF_NONE, REF_NONE);
    Ref tangents[3] = {ir_fill(g, x, 1), ir_fill(g, k, 1), ir_fill(g, p, 1)};
    Ref xs[3] = {x, k, p};
    Ref ys[3] = {y, best, k};
    Ref dy[3];
    size_t nodes = g->node.count;
    assert_true(diff_forward(g, xs, tangents, 3, ys, 3, dy));
    for (int i = 0; i < 3; i++)
        assert_int_equal(dy[i], REF_NONE);
    assert_int_equal(g->node.count, nodes);

    /* Nor does a zero tangent, whatever its leaf reaches. */
    tangents[0] = REF_NONE;
    assert_true(diff_forward(g, xs, tangents, 3, &other, 1, dy));
    assert_int_equal(dy[0], REF_NONE);
    assert_int_equal(g->node.count, nodes);
    context_free(&f.context);
}

/* Nothing is multiplied by 0: an operand without tangent may be infinite where
 * the other has one.
 */
static void
test_infinity(void **state)
{
    (void)state;
    static const Case test = {.name = "infinity"};
    Fixture f;
    grad_init(&f, &test, SEED, BATCH);
    Graph *g = ir_graph(&f.context, &f.dims, "g");
    Ref x = ir_leaf(g, OP_input, "x", DTYPE_f64, 1, (Dim[]){2});
    Ref far = ir_fill(g, x, HUGE_VAL);
    Ref mask = ir_map(g, OP_gt, x, ir_fill(g, x, 0), REF_NONE);
    Ref product = ir_map(g, OP_mul, x, far, REF_NONE);
    Ref y = ir_map(g, OP_select, mask, x, product);
    Ref z = ir_map(g, OP_max, x, product, REF_NONE);
    Ref ys[2] = {y, z};
    Ref one = ir_fill(g, x, 1);
    Ref dy[2];
    assert_true(diff_forward(g, &x, &one, 1, ys, 2, dy));
    ir_output(g, "dy", dy[0], REF_NONE);
    ir_output(g, "dz", dy[1], REF_NONE);
    double number[2] = {3, -3};
    Tensor value = {.dtype = DTYPE_f64, .rank = 1, .dim = {2}, .data = number};
    Tensor *result = grad_run(&f, g, (const Tensor *[]){&value});
    assert_true(tensor_get(&result[0], 0) == 1);
    assert_true(tensor_get(&result[0], 1) == HUGE_VAL);
    assert_true(tensor_get(&result[1], 0) == HUGE_VAL);
    assert_true(tensor_get(&result[1], 1) == 1);
    context_free(&f.context);
}

/* The tangent has the result's type, and the place of what it came from. */
static void
test_cast_and_place(void **state)
{
    (void)state;
    Fixture f;
    grad_init(&f, NULL, SEED, BATCH);
    Graph *g = ir_graph(&f.context, &f.dims, "g");
    Frame frame = {.model = "m"};
    Ref x = ir_leaf(g, OP_input, "x", DTYPE_f32, 1, (Dim[]){3});
    Ref dx = ir_fill(g, x, 1);
    g->span = (Span){1, 2, 3};
    g->frame = &frame;
    Ref y = ir_cast(g, x, DTYPE_f64);
    Ref z = ir_reduce(g, OP_sum, y, 1);
    Ref rounded = ir_cast(g, x, DTYPE_i32);
    g->span = (Span){1, 5, 6};
    g->frame = NULL;
    Ref ys[3] = {y, z, rounded};
    Ref dy[3];
    assert_true(diff_forward(g, &x, &dx, 1, ys, 3, dy));
    for (int i = 0; i < 2; i++) {
        assert_int_equal(ir_node(g, dy[i])->dtype, DTYPE_f64);
        assert_int_equal(ir_node(g, dy[i])->span.begin, 2);
        assert_ptr_equal(ir_node(g, dy[i])->frame, &frame);
    }
    assert_int_equal(dy[2], REF_NONE);
    assert_int_equal(g->span.begin, 5);
    assert_null(g->frame);
    context_free(&f.context);
}

/* Sums keep the order of the node they are tangents of. */
static void
test_orders(void **state)
{
    (void)state;
    Fixture f;
    grad_init(&f, NULL, SEED, BATCH);
    Graph *g = ir_graph(&f.context, &f.dims, "g");
    Ref x = ir_leaf(g, OP_input, "x", DTYPE_f64, 1, (Dim[]){40});
    Ref dx = ir_fill(g, x, 1);
    Ref y = ir_reduce(g, OP_sum, x, 1);
    ir_node(g, y)->order = ORDER_split4;
    Ref c = ir_data(g, random_like(&f, g, x, 0, 1));
    Ref z = ir_contract(g, c, (int8_t[]){0}, x, (int8_t[]){0}, 0, NULL);
    ir_node(g, z)->order = ORDER_seq;
    Ref ys[2] = {y, z};
    Ref dy[2];
    assert_true(diff_forward(g, &x, &dx, 1, ys, 2, dy));
    assert_int_equal(ir_node(g, dy[0])->order, ORDER_split4);
    assert_int_equal(ir_node(g, dy[1])->order, ORDER_seq);
    context_free(&f.context);
}

/* Of equal maxima the first gives the tangent, along some axes and all. */
static void
test_maximum_ties(void **state)
{
    (void)state;
    static const Case ties = {.name = "ties"};
    Fixture f;
    grad_init(&f, &ties, SEED, BATCH);
    Graph *g = ir_graph(&f.context, &f.dims, "g");
    Ref x = ir_leaf(g, OP_input, "x", DTYPE_f64, 2, (Dim[]){2, 3});
    Ref dx = ir_leaf(g, OP_input, "dx", DTYPE_f64, 2, (Dim[]){2, 3});
    Ref ys[2] = {ir_reduce(g, OP_maximum, x, 3),
                 ir_reduce(g, OP_maximum, x, 2)};
    Ref dy[2];
    assert_true(diff_forward(g, &x, &dx, 1, ys, 2, dy));
    ir_output(g, "all", dy[0], REF_NONE);
    ir_output(g, "rows", dy[1], REF_NONE);
    double number[2][6] = {{7, 7, 7, 7, 7, 7}, {10, 20, 30, 40, 50, 60}};
    Tensor value[2];
    for (int i = 0; i < 2; i++)
        value[i] = (Tensor){
            .dtype = DTYPE_f64, .rank = 2, .dim = {2, 3}, .data = number[i]};
    Tensor *result = grad_run(&f, g, (const Tensor *[]){&value[0], &value[1]});
    assert_true(tensor_get(&result[0], 0) == 10);
    assert_true(tensor_get(&result[1], 0) == 10);
    assert_true(tensor_get(&result[1], 1) == 20);
    context_free(&f.context);
}

/* Leaves that stand in for inner values add to what flows there; the same
 * leaf may be given twice; a result may be a leaf.
 */
static void
test_inner_tangents(void **state)
{
    (void)state;
    static const Case test = {.name = "inner"};
    Fixture f;
    grad_init(&f, &test, SEED, BATCH);
    Graph *g = ir_graph(&f.context, &f.dims, "g");
    Ref x = ir_leaf(g, OP_input, "x", DTYPE_f64, 0, NULL);
    Ref m = ir_map(g, OP_mul, x, x, REF_NONE);
    Ref y = ir_map(g, OP_mul, m, x, REF_NONE);
    Ref xs[3] = {x, m, x};
    Ref tangents[3] = {ir_const(g, DTYPE_f64, 1), ir_const(g, DTYPE_f64, 10),
                       ir_const(g, DTYPE_f64, 2)};
    Ref ys[2] = {y, x};
    Ref dy[2];
    assert_true(diff_forward(g, xs, tangents, 3, ys, 2, dy));
    ir_output(g, "dy", dy[0], REF_NONE);
    ir_output(g, "dx", dy[1], REF_NONE);
    double number = 5;
    Tensor value = {.dtype = DTYPE_f64, .data = &number};
    Tensor *result = grad_run(&f, g, (const Tensor *[]){&value});
    /* dx = 3, dm = 2 * 5 * 3 + 10, dy = dm * 5 + 25 * 3 */
    assert_true(tensor_get(&result[0], 0) == 275);
    assert_true(tensor_get(&result[1], 0) == 3);
    context_free(&f.context);
}

/* A sum over the batch is linear before it is batched, too. */
static void
test_batchsum(void **state)
{
    (void)state;
    static const Case test = {.name = "batchsum"};
    Fixture f;
    grad_init(&f, &test, SEED, BATCH);
    Graph *g = ir_graph(&f.context, &f.dims, "g");
    Ref x = ir_leaf(g, OP_input, "x", DTYPE_f64, 1, (Dim[]){2});
    Ref dx = ir_leaf(g, OP_input, "dx", DTYPE_f64, 1, (Dim[]){2});
    Ref y = ir_batchsum(g, ir_map(g, OP_mul, x, x, REF_NONE));
    Ref dy = REF_NONE;
    assert_true(diff_forward(g, &x, &dx, 1, &y, 1, &dy));
    ir_output(g, "dy", dy, REF_NONE);
    Graph *batch = batch_graph(g);
    double number[2][6] = {{1, 2, 3, 4, 5, 6}, {1, 0, 2, 0, 0, 1}};
    Tensor value[2];
    for (int i = 0; i < 2; i++)
        value[i] = (Tensor){
            .dtype = DTYPE_f64, .rank = 2, .dim = {2, 3}, .data = number[i]};
    Tensor *result =
        grad_run(&f, batch, (const Tensor *[]){&value[0], &value[1]});
    assert_true(tensor_get(&result[0], 0) == 2 * (1 + 3 * 2));
    assert_true(tensor_get(&result[0], 1) == 2 * 6);
    context_free(&f.context);
}

/* An operation with a body of its own has no derivative yet: told with its
 * place.
 */
static void
test_refused(void **state)
{
    (void)state;
    Fixture f;
    grad_init(&f, NULL, SEED, BATCH);
    Graph *g = ir_graph(&f.context, &f.dims, "g");
    Frame frame = {.model = "m"};
    Ref x = ir_leaf(g, OP_input, "x", DTYPE_f64, 0, NULL);
    Ref one = ir_const(g, DTYPE_f64, 1);
    g->span = (Span){1, 2, 3};
    g->frame = &frame;
    Graph *body = ir_graph_like(g);
    Ref in = ir_leaf(body, OP_input, "x", DTYPE_f64, 0, NULL);
    Ref wide = ir_reshape(body, in, 8, (Dim[]){1, 1, 1, 1, 1, 1, 1, 1});
    body->span = g->span;
    body->frame = g->frame;
    wide = ir_map(body, OP_sin, wide, REF_NONE, REF_NONE);
    wide = ir_map(body, OP_mul, wide, wide, REF_NONE);
    ir_output(body, "x", ir_reshape(body, wide, 0, NULL), REF_NONE);
    Scan scan = {.extent = 2, .states = 1, .operand = &x};
    Ref z = ir_part(g, ir_scan(g, &scan, 1, body), 0);
    g->span = (Span){1, 5, 6};
    Ref dz = REF_NONE;
    assert_false(diff_forward(g, &x, &one, 1, &z, 1, &dz));
    assert_int_equal(f.context.diags.count, 1);
    assert_int_equal(f.context.diags.item[0]->code, DIAG_derivative);
    assert_int_equal(f.context.diags.item[0]->span.begin, 2);
    assert_ptr_equal(f.context.diags.item[0]->frame, &frame);
    assert_int_equal(g->span.begin, 5);
    assert_false(diff_reverse(g, &z, &one, 1, &x, 1, &dz));
    context_free(&f.context);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_maps),
        cmocka_unit_test(test_cases),
        cmocka_unit_test(test_independent),
        cmocka_unit_test(test_infinity),
        cmocka_unit_test(test_cast_and_place),
        cmocka_unit_test(test_orders),
        cmocka_unit_test(test_maximum_ties),
        cmocka_unit_test(test_inner_tangents),
        cmocka_unit_test(test_batchsum),
        cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
