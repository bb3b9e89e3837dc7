/* The interpreter, each operation against a computation in double by the C
 * library or by plain loops; what does not fit; memory. Orders of summation
 * are in test_orders.c.
 */
#include "fixture.h"

#include <float.h>
#include <math.h>

static double
sign_of(double x)
{
    return x > 0 ? 1 : x < 0 ? -1 : x;
}

static double
sigma_of(double x)
{
    return 1 / (1 + exp(-x));
}

static double
softplus_of(double x)
{
    return x > 30 ? x : log1p(exp(x));
}

static double
negative_of(double x)
{
    return -x;
}

static double
same_of(double x)
{
    return x;
}

static const struct {
    Op op;
    double (*function)(double);
} unary[] = {
    {OP_neg, negative_of},
    {OP_abs, fabs},
    {OP_sign, sign_of},
    {OP_floor, floor},
    {OP_ceil, ceil},
    {OP_round, nearbyint},
    {OP_sqrt, sqrt},
    {OP_exp, exp},
    {OP_expm1, expm1},
    {OP_log, log},
    {OP_log1p, log1p},
    {OP_sin, sin},
    {OP_cos, cos},
    {OP_tanh, tanh},
    {OP_sigma, sigma_of},
    {OP_stop, same_of},
    {OP_softplus, softplus_of},
};

static double
div_of(double a, double b)
{
    return a / b;
}

static double
add_of(double a, double b)
{
    return a + b;
}

static double
sub_of(double a, double b)
{
    return a - b;
}

static double
mul_of(double a, double b)
{
    return a * b;
}

static double
max_of(double a, double b)
{
    return a > b ? a : b;
}

static double
min_of(double a, double b)
{
    return a < b ? a : b;
}

static const struct {
    Op op;
    double (*function)(double, double);
} binary[] = {
    {OP_add, add_of}, {OP_sub, sub_of}, {OP_mul, mul_of}, {OP_div, div_of},
    {OP_max, max_of}, {OP_min, min_of}, {OP_pow, pow},
};

static const double values[] = {
    -INF, -1000, -20, -2.5,      -1.5, -1,  -0.75, -1e-3, -0.0, 0,
    1e-3, 0.5,   1,   1.7320508, 2.5,  3.5, 20,    1000,  INF,  QNAN,
};

enum { VALUES = sizeof values / sizeof *values };

static void
expect_near(DType dtype, double given, double expected, const char *op)
{
    double epsilon = dtype == DTYPE_f32 ? (double)FLT_EPSILON : DBL_EPSILON;
    if (dtype == DTYPE_f32)
        expected = (double)(float)expected;
    if ((isnan(given) && isnan(expected)) || given == expected)
        return;
    if (!(fabs(given - expected) <= 4 * epsilon * fabs(expected)))
        fail_msg("%s in %s: %a, not %a", op, dtype_name[dtype], given,
                 expected);
}

static void
check_unary(Fixture *f, DType dtype)
{
    Tensor *x = fixture_tensor(f, dtype, 1, EXTENT(VALUES));
    for (int i = 0; i < VALUES; i++)
        tensor_set(x, i, values[i]);
    Ref a = ir_data(f->g, x);
    for (size_t u = 0; u < sizeof unary / sizeof *unary; u++) {
        Ref y = ir_map(f->g, unary[u].op, a, REF_NONE, REF_NONE);
        Tensor value = fixture_value(f, y, NULL);
        for (int i = 0; i < VALUES; i++)
            expect_near(dtype, tensor_get(&value, i),
                        unary[u].function(tensor_get(x, i)),
                        op_info[unary[u].op].name);
    }
}

static void
check_binary(Fixture *f, DType dtype)
{
    Tensor *x = fixture_tensor(f, dtype, 2, EXTENT(VALUES, VALUES));
    Tensor *y = fixture_tensor(f, dtype, 2, EXTENT(VALUES, VALUES));
    for (int i = 0; i < VALUES * VALUES; i++) {
        tensor_set(x, i, values[i % VALUES]);
        tensor_set(y, i, values[i / VALUES]);
    }
    Ref a = ir_data(f->g, x);
    Ref b = ir_data(f->g, y);
    for (size_t o = 0; o < sizeof binary / sizeof *binary; o++) {
        Ref c = ir_map(f->g, binary[o].op, a, b, REF_NONE);
        Tensor value = fixture_value(f, c, NULL);
        for (int i = 0; i < VALUES * VALUES; i++)
            expect_near(dtype, tensor_get(&value, i),
                        binary[o].function(tensor_get(x, i), tensor_get(y, i)),
                        op_info[binary[o].op].name);
    }
}

static void
interpret_maps(void **state)
{
    check_unary(*state, DTYPE_f32);
    check_unary(*state, DTYPE_f64);
    check_binary(*state, DTYPE_f32);
    check_binary(*state, DTYPE_f64);
}

/* A vector of the given doubles. */
static Ref
vector(Fixture *f, DType dtype, int64_t count, const double *value)
{
    Tensor *x = fixture_tensor(f, dtype, 1, EXTENT(count));
    for (int64_t i = 0; i < count; i++)
        tensor_set(x, i, value[i]);
    return ir_data(f->g, x);
}

#define VECTOR(f, dtype, ...)                                                  \
    vector(f, dtype, sizeof((double[]){__VA_ARGS__}) / sizeof(double),         \
           (double[]){__VA_ARGS__})

/* The node has these elements; NaN equals NaN, -0 is not +0. */
static void
expect_elements(Fixture *f, Ref ref, int64_t count, const double *expected)
{
    Tensor value = fixture_value(f, ref, NULL);
    assert_int_equal(tensor_count(&value), count);
    for (int64_t i = 0; i < count; i++) {
        double x = tensor_get(&value, i);
        double y = expected[i];
        if (!(isnan(x) && isnan(y)) && (x != y || !signbit(x) != !signbit(y)))
            fail_msg("%s, element %lld: %g, not %g",
                     op_info[ir_node(f->g, ref)->op].name, (long long)i, x, y);
    }
}

#define EXPECT(f, ref, ...)                                                    \
    expect_elements(f, ref, sizeof((double[]){__VA_ARGS__}) / sizeof(double),  \
                    (double[]){__VA_ARGS__})

static void
interpret_integers(void **state)
{
    Fixture *f = *state;
    Graph *g = f->g;
    Ref a = VECTOR(f, DTYPE_i32, INT32_MAX, INT32_MIN, -3, 7);
    Ref b = VECTOR(f, DTYPE_i32, 1, -1, 5, 7);
    Ref u = VECTOR(f, DTYPE_u32, UINT32_MAX, 0, 5, 65536);
    Ref v = VECTOR(f, DTYPE_u32, 1, 1, 7, 65537);
    EXPECT(f, ir_map(g, OP_add, a, b, REF_NONE), INT32_MIN, INT32_MAX, 2, 14);
    EXPECT(f, ir_map(g, OP_sub, a, b, REF_NONE), 2147483646, -2147483647, -8,
           0);
    EXPECT(f, ir_map(g, OP_mul, a, b, REF_NONE), INT32_MAX, INT32_MIN, -15, 49);
    EXPECT(f, ir_map(g, OP_max, a, b, REF_NONE), INT32_MAX, -1, 5, 7);
    EXPECT(f, ir_map(g, OP_min, a, b, REF_NONE), 1, INT32_MIN, -3, 7);
    EXPECT(f, ir_map(g, OP_neg, a, b, REF_NONE), -2147483647, INT32_MIN, 3, -7);
    EXPECT(f, ir_map(g, OP_abs, a, b, REF_NONE), INT32_MAX, INT32_MIN, 3, 7);
    EXPECT(f, ir_map(g, OP_sign, a, b, REF_NONE), 1, -1, -1, 1);
    EXPECT(f, ir_map(g, OP_add, u, v, REF_NONE), 0, 1, 12, 131073);
    EXPECT(f, ir_map(g, OP_sub, u, v, REF_NONE), 4294967294.0, UINT32_MAX,
           4294967294.0, UINT32_MAX);
    EXPECT(f, ir_map(g, OP_mul, u, v, REF_NONE), UINT32_MAX, 0, 35, 65536);
    EXPECT(f, ir_map(g, OP_max, u, v, REF_NONE), UINT32_MAX, 1, 7, 65537);
}

/* Products that are rounded before they are added to would give 0, 0. */
static void
interpret_fma(void **state)
{
    Fixture *f = *state;
    Graph *g = f->g;
    double e = 0x1p-23;
    Ref a = VECTOR(f, DTYPE_f32, 1 + e, 1 - e, 0x1p-100, QNAN, -0.0);
    Ref b = VECTOR(f, DTYPE_f32, 1 - e, 1 + e, 0x1p-100, 1, 1);
    Ref c = VECTOR(f, DTYPE_f32, -1, -1, 0x1p-149, 1, -0.0);
    EXPECT(f, ir_map(g, OP_fma, a, b, c), -e * e, -e * e, 0x1p-149, QNAN, -0.0);
    double d = 0x1p-52;
    a = VECTOR(f, DTYPE_f64, 1 + d, 0x1p-600, -0.0);
    b = VECTOR(f, DTYPE_f64, 1 - d, 0x1p-600, 1);
    c = VECTOR(f, DTYPE_f64, -1, 1, 0);
    EXPECT(f, ir_map(g, OP_fma, a, b, c), -d * d, 1, 0);
}

static void
interpret_logic(void **state)
{
    Fixture *f = *state;
    Graph *g = f->g;
    Ref a = VECTOR(f, DTYPE_f32, 1, 2, QNAN, -0.0);
    Ref b = VECTOR(f, DTYPE_f32, 2, 2, 1, 0);
    Ref p = VECTOR(f, DTYPE_bool, 0, 0, 1, 1);
    Ref q = VECTOR(f, DTYPE_bool, 0, 1, 0, 1);
    EXPECT(f, ir_map(g, OP_eq, a, b, REF_NONE), 0, 1, 0, 1);
    EXPECT(f, ir_map(g, OP_ne, a, b, REF_NONE), 1, 0, 1, 0);
    EXPECT(f, ir_map(g, OP_lt, a, b, REF_NONE), 1, 0, 0, 0);
    EXPECT(f, ir_map(g, OP_le, a, b, REF_NONE), 1, 1, 0, 1);
    EXPECT(f, ir_map(g, OP_gt, a, b, REF_NONE), 0, 0, 0, 0);
    EXPECT(f, ir_map(g, OP_ge, a, b, REF_NONE), 0, 1, 0, 1);
    EXPECT(f, ir_map(g, OP_not, p, REF_NONE, REF_NONE), 1, 1, 0, 0);
    EXPECT(f, ir_map(g, OP_and, p, q, REF_NONE), 0, 0, 0, 1);
    EXPECT(f, ir_map(g, OP_or, p, q, REF_NONE), 0, 1, 1, 1);
    EXPECT(f, ir_map(g, OP_select, p, a, b), 2, 2, QNAN, -0.0);
    Ref x = VECTOR(f, DTYPE_f64, 0.1, -2.9, 1e30, QNAN, -0.0);
    EXPECT(f, ir_cast(g, x, DTYPE_f32), (double)0.1f, (double)-2.9f,
           (double)1e30f, QNAN, -0.0);
    EXPECT(f, ir_cast(g, x, DTYPE_i32), 0, -2, INT32_MAX, 0, 0);
    EXPECT(f, ir_cast(g, x, DTYPE_u32), 0, 0, UINT32_MAX, 0, 0);
    EXPECT(f, ir_cast(g, x, DTYPE_bool), 1, 1, 1, 1, 0);
    EXPECT(f, ir_cast(g, p, DTYPE_f32), 0, 0, 1, 1);
}

static void
interpret_leaves(void **state)
{
    Fixture *f = *state;
    Graph *g = f->g;
    Dim n = dim_batch(&f->dims); /* 3 */
    EXPECT(f, ir_const(g, DTYPE_f32, 0.1), (double)0.1f);
    EXPECT(f, ir_const(g, DTYPE_bool, 1), 1);
    EXPECT(f, ir_extent(g, DTYPE_f32, dim_add(&f->dims, n, 4)), 7);
    EXPECT(f, ir_extent(g, DTYPE_i32, n), 3);
    EXPECT(f, ir_iota(g, DTYPE_f32, 2, DIMS(2, n), 1), 0, 0, 1, 1, 2, 2);
    EXPECT(f, ir_iota(g, DTYPE_i32, 2, DIMS(2, n), 0), 0, 1, 0, 1, 0, 1);
    RunOptions options = {.seed = 1};
    Ref u = ir_random(g, OP_uniform, DTYPE_f64, 2, DIMS(50, 40), 3);
    Ref v = ir_random(g, OP_normal, DTYPE_f64, 1, DIMS(2000), 3);
    Ref w = ir_random(g, OP_normal, DTYPE_f32, 1, DIMS(2000), 3);
    Tensor uniform = fixture_value(f, u, &options);
    Tensor normal = fixture_value(f, v, &options);
    Tensor single = fixture_value(f, w, &options);
    double mean = 0;
    double square = 0;
    for (int64_t i = 0; i < 2000; i++) {
        double x = tensor_get(&uniform, i);
        double z = tensor_get(&normal, i);
        assert_true(x >= 0 && x < 1);
        assert_true(tensor_get(&single, i) == (double)(float)z);
        mean += x / 2000;
        square += z * z / 2000;
    }
    assert_true(fabs(mean - 0.5) < 0.03);
    assert_true(fabs(square - 1) < 0.15);
    Ref steps[2] = {ir_const(g, DTYPE_i32, 0), ir_const(g, DTYPE_i32, 1)};
    double drawn[4] = {0};
    for (int k = 0; k < 4; k++) { /* by step and site */
        Ref d = ir_draw(g, steps[k % 2], DTYPE_f64, 1, DIMS(2000),
                        (uint64_t)(k / 2));
        Tensor draw = fixture_value(f, d, &options);
        drawn[k] = tensor_get(&draw, 0);
        mean = 0;
        for (int64_t i = 0; i < 2000; i++)
            mean += tensor_get(&draw, i) / 2000;
        assert_true(fabs(mean - 0.5) < 0.03);
        for (int j = 0; j < k; j++)
            assert_true(drawn[j] != drawn[k]);
    }
    options.seed = 2;
    Tensor other = fixture_value(f, u, &options);
    assert_true(tensor_get(&other, 0) != tensor_get(&uniform, 0));
}

static void
interpret_moves(void **state)
{
    Fixture *f = *state;
    Graph *g = f->g;
    Dim n = dim_batch(&f->dims); /* 3 */
    Ref v = VECTOR(f, DTYPE_f64, 1, 2, 3, 4, 5, 6);
    Ref x = ir_reshape(g, v, 2, DIMS(2, 3));
    Ref y = ir_reshape(g, VECTOR(f, DTYPE_f64, 7, 8), 2, DIMS(2, 1));
    EXPECT(f, x, 1, 2, 3, 4, 5, 6);
    EXPECT(f, ir_permute(g, x, MAP(1, 0)), 1, 3, 5, 2, 4, 6);
    EXPECT(f, ir_broadcast(g, x, 3, DIMS(2, 2, 3), MAP(0, 2)), 1, 2, 1, 2, 3, 4,
           3, 4, 5, 6, 5, 6);
    EXPECT(f, ir_broadcast(g, ir_const(g, DTYPE_i32, 9), 1, DIMS(n), NULL), 9,
           9, 9);
    EXPECT(f, ir_slice(g, x, DIMS(1, 0), DIMS(1, 2), STEPS(1, 2)), 2, 6);
    EXPECT(f, ir_slice(g, v, DIMS(n), DIMS(2), STEPS(2)), 4, 6);
    EXPECT(f, ir_pad(g, y, DIMS(1, n), DIMS(4, 4)), 0, 0, 0, 0, 0, 0, 0, 0, 0,
           0, 0, 0, 0, 7, 8, 0);
    EXPECT(f, ir_concat(g, x, y, 1), 1, 2, 3, 4, 5, 6, 7, 8);
    EXPECT(f, ir_concat(g, y, y, 0), 7, 8, 7, 8);
    EXPECT(f, ir_reverse(g, x, 1), 2, 1, 4, 3, 6, 5);
    EXPECT(f, ir_reverse(g, x, 3), 6, 5, 4, 3, 2, 1);
    EXPECT(f, ir_batchsum(g, y), 7, 8);
    Ref mask = ir_cast(g, y, DTYPE_bool);
    EXPECT(f, ir_pad(g, mask, DIMS(1, 0), DIMS(4, 1)), 0, 1, 1, 0);
}

static void
interpret_greatest(void **state)
{
    Fixture *f = *state;
    Graph *g = f->g;
    Ref x = VECTOR(f, DTYPE_f32, 1, QNAN, 3, 3, -INF, -5);
    Ref zeros = VECTOR(f, DTYPE_f32, -0.0, 0.0, -0.0);
    Ref none = VECTOR(f, DTYPE_f32, QNAN, -INF);
    EXPECT(f, ir_reduce(g, OP_maximum, x, 1), 3);
    EXPECT(f, ir_reduce(g, OP_argmax, x, 1), 2);
    EXPECT(f, ir_reduce(g, OP_maximum, zeros, 1), -0.0);
    EXPECT(f, ir_reduce(g, OP_argmax, zeros, 1), 0);
    EXPECT(f, ir_reduce(g, OP_maximum, none, 1), -INF);
    EXPECT(f, ir_reduce(g, OP_argmax, none, 1), 0);
    Ref table = ir_reshape(g, VECTOR(f, DTYPE_i32, 1, 9, 3, 9, -5, INT32_MIN),
                           2, DIMS(2, 3));
    EXPECT(f, ir_reduce(g, OP_maximum, table, 1), 9, 9, -5);
    EXPECT(f, ir_reduce(g, OP_argmax, table, 2), 1, 0);
    EXPECT(f, ir_reduce(g, OP_argmax, table, 3), 1);
    EXPECT(f, ir_reduce(g, OP_maximum, x, 0), 1, -INF, 3, 3, -INF, -5);
}

/* Windows are (0, 1, 2), (2, 3, 4); elements that two hold are added in their
 * order, those that none holds are 0.
 */
static void
interpret_windows(void **state)
{
    Fixture *f = *state;
    Graph *g = f->g;
    Ref x = VECTOR(f, DTYPE_f32, 0, 1, 2, 3, 4, 5);
    Ref w = ir_window(g, x, 0, 2, 3, 2, 1);
    EXPECT(f, w, 0, 2, 1, 3, 2, 4);
    EXPECT(f, ir_window(g, x, 0, 3, 2, 1, 3), 0, 1, 2, 3, 4, 5);
    EXPECT(f, ir_unwindow(g, w, 0, 6, 2, 1), 0, 1, 4, 3, 4, 0);
    Ref k = ir_reshape(g, VECTOR(f, DTYPE_i32, 1, 2, 3, 4, 5, INT32_MAX), 2,
                       DIMS(3, 2));
    EXPECT(f, ir_unwindow(g, k, 0, 5, 1, 2), 1, 2, 7, 5, INT32_MAX);
    Ref large = ir_reshape(g, VECTOR(f, DTYPE_f32, 1, 0x1p24, -0x1p24, 1, 1, 1),
                           2, DIMS(2, 3));
    EXPECT(f, ir_unwindow(g, large, 0, 4, 1, 1), 1, 0, 2, 1);
    Ref rows = ir_reshape(g, x, 2, DIMS(2, 3));
    EXPECT(f, ir_window(g, rows, 1, 2, 2, 1, 1), 0, 1, 2, 3, 2, 3, 4, 5);
}

/* Sums of infinities and NaN; nothing at all. */
static void
interpret_special(void **state)
{
    Fixture *f = *state;
    Graph *g = f->g;
    EXPECT(f, ir_reduce(g, OP_sum, VECTOR(f, DTYPE_f32, 1, INF), 1), INF);
    EXPECT(f, ir_reduce(g, OP_sum, VECTOR(f, DTYPE_f32, -INF, INF), 1), QNAN);
    EXPECT(f, ir_reduce(g, OP_sum, VECTOR(f, DTYPE_f64, -0.0, -0.0), 1), 0.0);
    Ref empty = ir_data(g, fixture_tensor(f, DTYPE_f32, 2, EXTENT(0, 2)));
    Ref turned = ir_permute(g, empty, MAP(1, 0));
    Ref w = ir_data(g, fixture_tensor(f, DTYPE_f32, 2, EXTENT(2, 0)));
    EXPECT(f, ir_reduce(g, OP_sum, empty, 1), 0.0, 0.0);
    EXPECT(f, ir_reduce(g, OP_maximum, empty, 1), -INF, -INF);
    EXPECT(f, ir_reduce(g, OP_argmax, empty, 1), 0, 0);
    EXPECT(f, ir_contract(g, w, MAP(0, 1), empty, MAP(1, 2), 2, MAP(0, 2)), 0,
           0, 0, 0);
    EXPECT(f, ir_pad(g, turned, DIMS(0, 1), DIMS(2, 1)), 0, 0);
    Ref nothing[] = {
        ir_map(g, OP_exp, empty, REF_NONE, REF_NONE),
        ir_reduce(g, OP_sum, empty, 2),
        ir_reverse(g, empty, 3),
        ir_concat(g, empty, empty, 0),
        ir_slice(g, empty, DIMS(0, 1), DIMS(0, 1), NULL),
        ir_broadcast(g, empty, 3, DIMS(0, 2, 5), MAP(0, 1)),
        ir_contract(g, empty, MAP(0, 1), w, MAP(1, 2), 2, MAP(0, 2)),
        ir_random(g, OP_normal, DTYPE_f32, 1, DIMS(0), 0),
    };
    for (size_t i = 0; i < sizeof nothing / sizeof *nothing; i++) {
        Tensor value = fixture_value(f, nothing[i], NULL);
        assert_int_equal(tensor_count(&value), 0);
    }
}

static const char *reason; /* why the last run has failed */

/* A run with n = symbol; the message, or NULL. */
static const char *
problem(Fixture *f, Ref ref, int64_t n)
{
    int64_t symbol[DIM_SYMBOLS] = {n};
    RunOptions options = {.symbol = symbol, .reason = &reason};
    Tensor result = {.data = NULL};
    f->g->output.count = 0;
    ir_output(f->g, "y", ref, REF_NONE);
    assert_null(ir_verify(f->g));
    return ir_interpret(f->g, NULL, &options, &f->context.arena, &result);
}

static void
interpret_problems(void **state)
{
    Fixture *f = *state;
    Graph *g = f->g;
    Dim n = dim_batch(&f->dims);
    bool exact;
    Ref one = ir_const(g, DTYPE_f32, 1);
    Ref square = ir_broadcast(g, one, 2, DIMS(n, n), NULL);
    assert_null(problem(f, square, 5));
    assert_null(reason);
    assert_non_null(strstr(problem(f, square, (int64_t)1 << 40), "too large"));
    assert_string_equal(reason, "the tensor is too large");
    Dim cube = dim_mul(&f->dims, n, dim_mul(&f->dims, n, n));
    Ref big = ir_broadcast(g, one, 1, DIMS(cube), NULL);
    assert_non_null(strstr(problem(f, big, (int64_t)1 << 40), "overflows"));
    Ref few = ir_iota(g, DTYPE_f32, 1, DIMS(6), 0);
    Ref slice = ir_slice(g, few, DIMS(n), DIMS(2), NULL);
    assert_null(problem(f, slice, 4));
    assert_non_null(strstr(problem(f, slice, 5), "outside"));
    Ref pad = ir_pad(g, few, DIMS(2), DIMS(n));
    assert_null(problem(f, pad, 8));
    assert_non_null(strstr(problem(f, pad, 7), "outside"));
    Dim less = dim_sub(&f->dims, n, 3, &exact);
    assert_non_null(
        strstr(problem(f, ir_iota(g, DTYPE_f32, 1, DIMS(less), 0), 2), "%"));
}

/* Values of leaves are looked at; results go into the room that is given, also
 * where that is a leaf's own memory.
 */
static void
interpret_leaves_and_room(void **state)
{
    Fixture *f = *state;
    Graph *g = f->g;
    Dim n = dim_batch(&f->dims);
    int64_t symbol[DIM_SYMBOLS] = {2};
    RunOptions options = {.symbol = symbol};
    Ref p = ir_leaf(g, OP_param, "p", DTYPE_f32, 1, DIMS(n));
    Ref x = ir_leaf(g, OP_input, "x", DTYPE_f32, 1, DIMS(n));
    Ref unused = ir_leaf(g, OP_input, "unused", DTYPE_f32, 1, DIMS(n));
    ir_map(g, OP_exp, unused, REF_NONE, REF_NONE);
    ir_output(g, "p", ir_map(g, OP_add, p, x, REF_NONE), p);
    ir_output(g, "old", p, REF_NONE);
    ir_output(g, "again", p, REF_NONE);
    float a[2] = {1, 2};
    float b[2] = {10, 20};
    float old[2] = {0, 0};
    Tensor first = {.dtype = DTYPE_f32, .rank = 1, .dim = {2}, .data = a};
    Tensor second = {.dtype = DTYPE_f32, .rank = 1, .dim = {2}, .data = b};
    const Tensor *given[3] = {&first, &second, NULL};
    Tensor result[3] = {{.data = a}, {.data = old}, {.data = NULL}};
    Arena *arena = &f->context.arena;
    assert_null(ir_interpret(g, given, &options, arena, result));
    assert_true(a[0] == 11 && a[1] == 22 && old[0] == 1 && old[1] == 2);
    assert_true(tensor_get(&result[2], 1) == 2);
    assert_int_equal(result[0].rank, 1);
    assert_int_equal(result[0].dim[0], 2);
    symbol[0] = 3;
    assert_non_null(strstr(ir_interpret(g, given, &options, arena, result),
                           "%0 = param: a value of another shape"));
    symbol[0] = 2;
    second.dtype = DTYPE_i32;
    assert_non_null(strstr(ir_interpret(g, given, &options, arena, result),
                           "another type"));
    given[1] = NULL;
    assert_non_null(
        strstr(ir_interpret(g, given, &options, arena, result), "no value"));
}

static void
interpret_flops(void **state)
{
    Fixture *f = *state;
    Graph *g = f->g;
    Dim n = dim_batch(&f->dims);
    int64_t symbol[DIM_SYMBOLS] = {10};
    Ref w = ir_leaf(g, OP_param, "W", DTYPE_f32, 2, DIMS(3, 4));
    Ref x = ir_leaf(g, OP_input, "x", DTYPE_f32, 2, DIMS(4, n));
    Ref y = ir_contract(g, w, MAP(0, 1), x, MAP(1, 2), 2, MAP(0, 2));
    assert_true(ir_flops(g, symbol) == 240);
    ir_map(g, OP_exp, y, REF_NONE, REF_NONE);
    ir_reduce(g, OP_sum, x, 1);
    assert_true(ir_flops(g, symbol) == 240 + 30 + 40);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(interpret_maps),     TEST(interpret_integers),
        TEST(interpret_fma),      TEST(interpret_logic),
        TEST(interpret_leaves),   TEST(interpret_moves),
        TEST(interpret_greatest), TEST(interpret_windows),
        TEST(interpret_special),  TEST(interpret_problems),
        TEST(interpret_flops),    TEST(interpret_leaves_and_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
