/* The functions whose gradients are tested, beside the elementwise ones. */
#include "tests/grad/grad.h"

Ref
grad_map(Graph *g, const Case *test, const Ref *x)
{
    return ir_map(g, test->op, x[0], test->inputs > 1 ? x[1] : REF_NONE,
                  test->inputs > 2 ? x[2] : REF_NONE);
}

/* x[3] to [2,3,4], [3,1] and a scalar's sum to [2,3]. */
static Ref
body_broadcast(Graph *g, const Case *test, const Ref *x)
{
    (void)test;
    Ref wide = ir_broadcast(g, x[0], 3, (Dim[]){2, 3, 4}, (int8_t[]){1});
    Ref one = ir_broadcast(g, x[0], 2, (Dim[]){3, 1}, (int8_t[]){0});
    one = ir_reshape(g, one, 1, (Dim[]){3});
    one = ir_broadcast(g, one, 3, (Dim[]){2, 3, 4}, (int8_t[]){1});
    Ref total = ir_spread(g, ir_reduce(g, OP_sum, x[0], 1), wide);
    Ref product = ir_map(g, OP_mul, wide, one, REF_NONE);
    return ir_map(g, OP_mul, product, total, REF_NONE);
}

static Ref
body_unit_broadcast(Graph *g, const Case *test, const Ref *x)
{
    (void)test;
    Ref y = ir_broadcast(g, x[0], 4, (Dim[]){1, 1, 2, 3}, (int8_t[]){1, 3});
    return ir_map(g, OP_exp, y, REF_NONE, REF_NONE);
}

static Ref
body_reshape(Graph *g, const Case *test, const Ref *x)
{
    (void)test;
    Ref y = ir_reshape(g, x[0], 2, (Dim[]){6, 4});
    y = ir_map(g, OP_sin, y, REF_NONE, REF_NONE);
    return ir_reshape(g, y, 4, (Dim[]){1, 8, 3, 1});
}

static Ref
body_permute(Graph *g, const Case *test, const Ref *x)
{
    (void)test;
    Ref y = ir_permute(g, x[0], (int8_t[]){2, 0, 1});
    Ref z = ir_reshape(g, x[0], 3, (Dim[]){4, 2, 3});
    return ir_map(g, OP_mul, y, z, REF_NONE);
}

static Ref
body_slice(Graph *g, const Case *test, const Ref *x)
{
    (void)test;
    Ref y = ir_slice(g, x[0], (Dim[]){1, 0}, (Dim[]){3, 5}, NULL);
    return ir_map(g, OP_exp, y, REF_NONE, REF_NONE);
}

static Ref
body_slice_step(Graph *g, const Case *test, const Ref *x)
{
    (void)test;
    Ref y = ir_slice(g, x[0], (Dim[]){1, 0}, (Dim[]){3, 2}, (int64_t[]){2, 4});
    Ref z = ir_slice(g, x[0], (Dim[]){6, 3}, (Dim[]){1, 1}, (int64_t[]){5, 2});
    z = ir_spread(g, ir_reshape(g, z, 0, NULL), y);
    return ir_map(g, OP_mul, y, z, REF_NONE);
}

/* Steps where the rank is the greatest. */
static Ref
body_slice_rank(Graph *g, const Case *test, const Ref *x)
{
    (void)test;
    Ref y = ir_slice(g, x[0], (Dim[]){0, 0, 0, 1, 0, 0, 0, 0},
                     (Dim[]){2, 1, 1, 1, 1, 1, 1, 3},
                     (int64_t[]){1, 1, 1, 2, 1, 1, 1, 2});
    return ir_map(g, OP_sin, y, REF_NONE, REF_NONE);
}

static Ref
body_pad(Graph *g, const Case *test, const Ref *x)
{
    (void)test;
    Ref y = ir_pad(g, x[0], (Dim[]){0, 2}, (Dim[]){4, 6});
    return ir_map(g, OP_cos, y, REF_NONE, REF_NONE);
}

static Ref
body_concat(Graph *g, const Case *test, const Ref *x)
{
    (void)test;
    Ref y = ir_concat(g, x[0], x[1], 1);
    y = ir_concat(g, y, y, 0);
    return ir_map(g, OP_exp, y, REF_NONE, REF_NONE);
}

static Ref
body_reverse(Graph *g, const Case *test, const Ref *x)
{
    (void)test;
    Ref y = ir_reverse(g, x[0], 5);
    return ir_map(g, OP_mul, y, x[0], REF_NONE);
}

/* Two parts that lie side by side, in one order and the other, and two that
 * overlap.
 */
static Ref
body_slices(Graph *g, const Case *test, const Ref *x)
{
    (void)test;
    Ref part[4];
    for (int i = 0; i < 4; i++) {
        Dim start[] = {(Dim[]){2, 0, 4, 5}[i], 0};
        part[i] = ir_slice(g, x[0], start, (Dim[]){2, 3}, NULL);
    }
    Ref y = ir_map(g, OP_exp, part[0], REF_NONE, REF_NONE);
    y = ir_map(g, OP_mul, y, part[1], REF_NONE);
    y = ir_map(g, OP_mul, y, part[2], REF_NONE);
    return ir_map(g, OP_mul, y, part[3], REF_NONE);
}

/* Columns of a table and elements of a vector, some twice, others never, and
 * indices outside, which stand for the first and the last.
 */
static Ref
body_gather(Graph *g, const Case *test, const Ref *x)
{
    (void)test;
    const Dim six[] = {6};
    const Dim places[] = {2, 3};
    Ref index = ir_iota(g, DTYPE_i32, 1, six, 0);
    index = ir_map(g, OP_sub, index, ir_fill(g, index, 1), REF_NONE);
    index = ir_reshape(g, index, 2, places);
    Ref y = ir_gather(g, x[0], index);
    Ref z = ir_gather(g, x[1], index);
    z = ir_map(g, OP_exp, z, REF_NONE, REF_NONE);
    z = ir_broadcast(g, z, 3, (Dim[]){2, 2, 3}, (int8_t[]){1, 2});
    return ir_map(g, OP_mul, ir_map(g, OP_sin, y, REF_NONE, REF_NONE), z,
                  REF_NONE);
}

/* A reduction over some axes, under and over something curved. */
static Ref
reduction(Graph *g, const Case *test, const Ref *x, uint32_t axes)
{
    Ref y = ir_map(g, OP_exp, x[0], REF_NONE, REF_NONE);
    y = ir_reduce(g, test->op, y, axes);
    return ir_map(g, OP_mul, y, y, REF_NONE);
}

static Ref
body_reduce_0(Graph *g, const Case *test, const Ref *x)
{
    return reduction(g, test, x, 1);
}

static Ref
body_reduce_1(Graph *g, const Case *test, const Ref *x)
{
    return reduction(g, test, x, 2);
}

static Ref
body_reduce_02(Graph *g, const Case *test, const Ref *x)
{
    return reduction(g, test, x, 5);
}

static Ref
body_reduce_all(Graph *g, const Case *test, const Ref *x)
{
    uint32_t axes = (1U << test->shape[0].rank) - 1;
    return reduction(g, test, x, axes);
}

static Ref
body_matrix_vector(Graph *g, const Case *test, const Ref *x)
{
    (void)test;
    return ir_contract(g, x[1], (int8_t[]){0, 1}, x[0], (int8_t[]){1}, 1,
                       (int8_t[]){0});
}

static Ref
body_product(Graph *g, const Case *test, const Ref *x)
{
    (void)test;
    return ir_contract(g, x[0], (int8_t[]){1, 0}, x[1], (int8_t[]){1, 2}, 2,
                       (int8_t[]){2, 0});
}

static Ref
body_outer(Graph *g, const Case *test, const Ref *x)
{
    (void)test;
    return ir_contract(g, x[0], (int8_t[]){0}, x[1], (int8_t[]){1}, 2,
                       (int8_t[]){0, 1});
}

/* [i,b,k] times [k,j,b] over k for each b. */
static Ref
body_many_products(Graph *g, const Case *test, const Ref *x)
{
    (void)test;
    return ir_contract(g, x[0], (int8_t[]){0, 1, 2}, x[1], (int8_t[]){2, 3, 1},
                       3, (int8_t[]){3, 1, 0});
}

/* Over two axes at once, an array with itself. */
static Ref
body_square(Graph *g, const Case *test, const Ref *x)
{
    (void)test;
    return ir_contract(g, x[0], (int8_t[]){0, 1, 2}, x[0], (int8_t[]){0, 3, 2},
                       2, (int8_t[]){1, 3});
}

static Ref
body_select(Graph *g, const Case *test, const Ref *x)
{
    (void)test;
    Ref m = ir_map(g, OP_gt, x[0], x[1], REF_NONE);
    Ref b = ir_map(g, OP_mul, x[0], x[1], REF_NONE);
    Ref c = ir_map(g, OP_exp, x[1], REF_NONE, REF_NONE);
    return ir_map(g, OP_select, m, b, c);
}

static Ref
body_softmax(Graph *g, const Case *test, const Ref *x)
{
    (void)test;
    Ref e = ir_map(g, OP_exp, x[0], REF_NONE, REF_NONE);
    Ref s = ir_reduce(g, OP_sum, e, 1);
    Node n = *ir_node(g, e);
    s = ir_broadcast(g, s, n.rank, n.dim, (int8_t[]){1, 2});
    Ref y = ir_map(g, OP_div, e, s, REF_NONE);
    return ir_map(g, OP_mul, y, x[0], REF_NONE);
}

static Ref
body_log_softmax(Graph *g, const Case *test, const Ref *x)
{
    (void)test;
    Ref e = ir_map(g, OP_exp, x[0], REF_NONE, REF_NONE);
    Ref s = ir_reduce(g, OP_sum, e, 1);
    Node n = *ir_node(g, e);
    s = ir_broadcast(g, s, n.rank, n.dim, (int8_t[]){1, 2});
    Ref y = ir_map(g, OP_div, e, s, REF_NONE);
    return ir_map(g, OP_log, y, REF_NONE, REF_NONE);
}

static Ref
body_log_sum_exp(Graph *g, const Case *test, const Ref *x)
{
    (void)test;
    Ref e = ir_map(g, OP_exp, x[0], REF_NONE, REF_NONE);
    Ref s = ir_reduce(g, OP_sum, e, 5);
    return ir_map(g, OP_log, s, REF_NONE, REF_NONE);
}

/* log(1 + exp(x)), and log(1 - 1 / (1 + exp(-x))). */
static Ref
body_logistic(Graph *g, const Case *test, const Ref *x)
{
    (void)test;
    Ref one = ir_fill(g, x[0], 1);
    Ref e = ir_map(g, OP_exp, x[0], REF_NONE, REF_NONE);
    Ref y = ir_map(g, OP_add, one, e, REF_NONE);
    y = ir_map(g, OP_log, y, REF_NONE, REF_NONE);
    Ref z = ir_map(g, OP_neg, x[0], REF_NONE, REF_NONE);
    z = ir_map(g, OP_exp, z, REF_NONE, REF_NONE);
    z = ir_map(g, OP_add, z, one, REF_NONE);
    z = ir_map(g, OP_div, one, z, REF_NONE);
    z = ir_map(g, OP_sub, one, z, REF_NONE);
    z = ir_map(g, OP_log, z, REF_NONE, REF_NONE);
    return ir_map(g, OP_mul, y, z, REF_NONE);
}

static Ref
body_layer(Graph *g, const Case *test, const Ref *x)
{
    Ref y = body_matrix_vector(g, test, x);
    y = ir_map(g, OP_add, y, x[2], REF_NONE);
    y = ir_map(g, OP_tanh, y, REF_NONE, REF_NONE);
    return ir_map(g, OP_mul, y, x[2], REF_NONE);
}

/* Windows along an axis that share elements, squared; and the sum over them. */
static Ref
body_windows(Graph *g, const Case *test, const Ref *x)
{
    (void)test;
    Ref w = ir_window(g, x[0], 1, 3, 3, 2, 1);
    w = ir_map(g, OP_mul, w, w, REF_NONE);
    return ir_window(g, ir_unwindow(g, w, 1, 9, 2, 1), 1, 4, 2, 1, 3);
}

/* A stride and a dilation at once. */
static Ref
body_windows_both(Graph *g, const Case *test, const Ref *x)
{
    (void)test;
    Ref w = ir_window(g, x[0], 0, 2, 3, 3, 2);
    return ir_map(g, OP_exp, w, REF_NONE, REF_NONE);
}

/* x[9,7,2] by kernels w[3,2,2,4], with strides and a dilation: [4,5,4]. */
static Ref
body_convolution(Graph *g, const Case *test, const Ref *x)
{
    (void)test;
    Ref w = ir_window(g, x[0], 1, 5, 2, 1, 2);
    w = ir_window(g, w, 0, 4, 3, 2, 1);
    Ref y = ir_contract(g, w, (int8_t[]){0, 1, 2, 3, 4}, x[1],
                        (int8_t[]){1, 3, 4, 5}, 3, (int8_t[]){0, 2, 5});
    return ir_map(g, OP_mul, y, y, REF_NONE);
}

/* The same with the windows in the other order, seen through a permute. */
static Ref
body_convolution_turned(Graph *g, const Case *test, const Ref *x)
{
    (void)test;
    Ref w = ir_window(g, x[0], 0, 4, 3, 2, 1);
    w = ir_window(g, w, 2, 5, 2, 1, 2);
    w = ir_permute(g, w, (int8_t[]){2, 0, 4, 3, 1});
    Ref y = ir_contract(g, w, (int8_t[]){2, 0, 4, 3, 1}, x[1],
                        (int8_t[]){1, 3, 4, 5}, 3, (int8_t[]){5, 0, 2});
    return ir_map(g, OP_mul, y, y, REF_NONE);
}

/* One window of x[2,8], in which a dilation leaves elements out. */
static Ref
body_one_window(Graph *g, const Case *test, const Ref *x)
{
    (void)test;
    Ref w = ir_window(g, x[0], 1, 1, 4, 5, 2);
    Ref y = ir_contract(g, w, (int8_t[]){0, 1, 2}, x[1], (int8_t[]){2}, 2,
                        (int8_t[]){0, 1});
    return ir_map(g, OP_mul, y, y, REF_NONE);
}

/* Windows of x[6] times windows of p[7], over the places of the first. */
static Ref
body_windows_of_both(Graph *g, const Case *test, const Ref *x)
{
    (void)test;
    Ref v = ir_window(g, x[0], 0, 4, 3, 1, 1);
    Ref w = ir_window(g, x[1], 0, 3, 2, 2, 2);
    Ref y = ir_contract(g, v, (int8_t[]){0, 1}, w, (int8_t[]){1, 2}, 2,
                        (int8_t[]){0, 2});
    return ir_map(g, OP_mul, y, y, REF_NONE);
}

/* Windows of x[6] whose derivatives are no contractions over other axes: each
 * place and each window has a weight, q[3] before the windows.
 */
static Ref
body_window_weights(Graph *g, const Case *test, const Ref *x)
{
    (void)test;
    const int8_t places[] = {1};
    const int8_t both[] = {0, 1};
    Ref w = ir_window(g, x[0], 0, 4, 3, 1, 1);
    Ref y = ir_contract(g, w, both, x[2], places, 2, both);
    y = ir_contract(g, y, both, x[1], both, 1, both);
    Ref z = ir_contract(g, x[2], places, w, both, 1, both);
    return ir_map(g, OP_mul, y, z, REF_NONE);
}

/* clang-format off */
const Case grad_case[] = {
    {"broadcast", body_broadcast, OP_COUNT, 1, {{1, {3}}}, -1, 1},
    {"unit broadcast", body_unit_broadcast, OP_COUNT, 1, {{2, {1, 3}}}, -1, 1},
    {"reshape", body_reshape, OP_COUNT, 1, {{3, {2, 3, 4}}}, -1, 1},
    {"permute", body_permute, OP_COUNT, 1, {{3, {2, 3, 4}}}, -1, 1},
    {"slice", body_slice, OP_COUNT, 1, {{2, {5, 6}}}, -1, 1},
    {"slice step", body_slice_step, OP_COUNT, 1, {{2, {7, 5}}}, -1, 1},
    {"slice rank 8", body_slice_rank, OP_COUNT, 1,
     {{8, {2, 1, 1, 3, 1, 1, 1, 6}}}, -1, 1},
    {"pad", body_pad, OP_COUNT, 1, {{2, {3, 2}}}, -1, 1},
    {"concat", body_concat, OP_COUNT, 2, {{2, {2, 3}}, {2, {2, 1}}}, -1, 1},
    {"slices", body_slices, OP_COUNT, 1, {{2, {7, 3}}}, 0.5, 1},
    {"gather", body_gather, OP_COUNT, 2, {{2, {2, 4}}, {1, {3}}}, -1, 1},
    {"reverse", body_reverse, OP_COUNT, 1, {{3, {2, 3, 4}}}, -1, 1},
    {"sum vector", body_reduce_all, OP_sum, 1, {{1, {40}}}, -1, 1},
    {"sum first", body_reduce_0, OP_sum, 1, {{3, {2, 3, 4}}}, -1, 1},
    {"sum second", body_reduce_1, OP_sum, 1, {{3, {2, 3, 4}}}, -1, 1},
    {"sum two", body_reduce_02, OP_sum, 1, {{3, {2, 3, 4}}}, -1, 1},
    {"sum all", body_reduce_all, OP_sum, 1, {{3, {2, 3, 4}}}, -1, 1},
    {"maximum vector", body_reduce_all, OP_maximum, 1, {{1, {9}}}, -1, 1},
    {"maximum first", body_reduce_0, OP_maximum, 1, {{3, {2, 3, 4}}}, -1, 1},
    {"maximum second", body_reduce_1, OP_maximum, 1, {{3, {2, 3, 4}}}, -1, 1},
    {"maximum two", body_reduce_02, OP_maximum, 1, {{3, {2, 3, 4}}}, -1, 1},
    {"maximum all", body_reduce_all, OP_maximum, 1, {{3, {2, 3, 4}}}, -1, 1},
    {"matrix vector", body_matrix_vector, OP_COUNT, 2,
     {{1, {4}}, {2, {3, 4}}}, -1, 1},
    {"matrix vector 1", body_matrix_vector, OP_COUNT, 2,
     {{1, {1}}, {2, {1, 1}}}, -1, 1},
    {"product", body_product, OP_COUNT, 2, {{2, {4, 3}}, {2, {4, 5}}}, -1, 1},
    {"outer", body_outer, OP_COUNT, 2, {{1, {4}}, {1, {3}}}, -1, 1},
    {"many products", body_many_products, OP_COUNT, 2,
     {{3, {2, 3, 4}}, {3, {4, 5, 3}}}, -1, 1},
    {"square", body_square, OP_COUNT, 1, {{3, {2, 3, 4}}}, -1, 1},
    {"select", body_select, OP_COUNT, 2, {{2, {3, 4}}, {2, {3, 4}}}, -1, 1},
    {"softmax", body_softmax, OP_COUNT, 1, {{3, {4, 2, 3}}}, -2, 2},
    {"log softmax", body_log_softmax, OP_COUNT, 1, {{3, {4, 2, 3}}}, -2, 2},
    {"log sum exp", body_log_sum_exp, OP_COUNT, 1, {{3, {4, 2, 3}}}, -2, 2},
    {"logistic", body_logistic, OP_COUNT, 1, {{2, {4, 2}}}, -2, 2},
    {"windows", body_windows, OP_COUNT, 1, {{2, {2, 8}}}, -1, 1},
    {"windows both", body_windows_both, OP_COUNT, 1, {{1, {8}}}, -1, 1},
    {"convolution", body_convolution, OP_COUNT, 2,
     {{3, {9, 7, 2}}, {4, {3, 2, 2, 4}}}, -1, 1},
    {"convolution turned", body_convolution_turned, OP_COUNT, 2,
     {{3, {9, 7, 2}}, {4, {3, 2, 2, 4}}}, -1, 1},
    {"one window", body_one_window, OP_COUNT, 2,
     {{2, {2, 8}}, {1, {4}}}, -1, 1},
    {"windows of both", body_windows_of_both, OP_COUNT, 2,
     {{1, {6}}, {1, {7}}}, -1, 1},
    {"window weights", body_window_weights, OP_COUNT, 3,
     {{1, {6}}, {2, {4, 3}}, {1, {3}}}, -1, 1},
    {"loop", body_loop, OP_COUNT, 3,
     {{2, {4, 5}}, {2, {4, 4}}, {1, {4}}}, -1, 1},
    {"loop backward", body_loop_back, OP_COUNT, 3,
     {{2, {4, 3}}, {1, {3}}, {1, {3}}}, -1, 1},
    {"loop nested", body_loop_nested, OP_COUNT, 3,
     {{3, {2, 4, 3}}, {2, {2, 2}}, {1, {2}}}, -1, 1},
    {"layer", body_layer, OP_COUNT, 3,
     {{1, {4}}, {2, {3, 4}}, {1, {3}}}, -1, 1},
};
/* clang-format on */
const size_t grad_cases = sizeof grad_case / sizeof grad_case[0];
