/* Orders of summation: the interpreter's sums and contractions bit for bit
 * against loops that are written from their definition, for every order, type
 * and length around the blocks, with the machine's fma and without.
 */
#include "fixture.h"

#include <math.h>

static const int64_t lengths[] = {0,   1,   2,    3,    4,    5,    15,  16,
                                  17,  31,  33,   511,  512,  513,  514, 515,
                                  528, 784, 1025, 4095, 4096, 4097, 8200};

enum { LENGTHS = sizeof lengths / sizeof *lengths, ROWS = 3 };

static double
round_to(bool single, double x)
{
    return single ? (double)(float)x : x;
}

static double
take_in(bool single, double sum, double a, const double *b)
{
    if (!b)
        return round_to(single, sum + a);
    if (single)
        return (double)fmaf((float)a, (float)*b, (float)sum);
    return fma(a, *b, sum);
}

static double
expected_block(Order order, bool single, int64_t count, const double *a,
               const double *b)
{
    double lane[16] = {0};
    int lanes = order == ORDER_tree16 ? 16 : order == ORDER_split4 ? 4 : 1;
    for (int64_t i = 0; i < count; i++) {
        double *sum = &lane[i % lanes];
        *sum = take_in(single, *sum, a[i], b ? &b[i] : NULL);
    }
    if (order == ORDER_split4) {
        double low = round_to(single, lane[0] + lane[1]);
        double high = round_to(single, lane[2] + lane[3]);
        return round_to(single, low + high);
    }
    if (order == ORDER_tree16) {
        for (int l = 0; l < 8; l++)
            lane[l] = round_to(single, lane[l] + lane[l + 8]);
        for (int l = 0; l < 4; l++)
            lane[l] = round_to(single, lane[l] + lane[l + 4]);
        for (int l = 0; l < 2; l++)
            lane[l] = round_to(single, lane[l] + lane[l + 2]);
        lane[0] = round_to(single, lane[0] + lane[1]);
    }
    return lane[0];
}

/* The sum of the terms a[i], or a[i] * b[i] where b is given, as ir.h defines
 * it for an order; `single` rounds to float after every operation.
 */
static double
expected_sum(Order order, bool single, int64_t count, const double *a,
             const double *b)
{
    int64_t block = order == ORDER_tree16 ? 4096 : 512;
    double sum = 0;
    for (int64_t i = 0; i < count; i += block) {
        int64_t some = count - i < block ? count - i : block;
        sum = round_to(single, sum + expected_block(order, single, some, a + i,
                                                    b ? b + i : NULL));
    }
    return sum;
}

static void
expect_bits(double given, double expected, const char *what, Order order,
            int64_t length)
{
    if (memcmp(&given, &expected, sizeof given) != 0)
        fail_msg("%s, order %d, length %lld: %a, not %a", what, (int)order,
                 (long long)length, given, expected);
}

/* Row `row` of a [ROWS,count] tensor, or column of a [count,ROWS] one. */
static void
line_of(const Tensor *tensor, int axis, int64_t row, double *line)
{
    int64_t count = tensor->dim[axis];
    int64_t stride = axis == 0 ? 1 : tensor->dim[0];
    int64_t first = axis == 0 ? row * tensor->dim[0] : row;
    for (int64_t i = 0; i < count; i++)
        line[i] = tensor_get(tensor, first + i * stride);
}

/* Sums and products along an axis, in every order and both fmas. */
static void
check_length(Fixture *f, DType dtype, int64_t count, int axis, bool soft)
{
    Graph *g = f->g;
    RunOptions options = {.soft_fma = soft};
    int64_t rows = axis == 0 ? count : ROWS;
    int64_t columns = axis == 0 ? ROWS : count;
    Tensor *a = fixture_tensor(f, dtype, 2, EXTENT(rows, columns));
    Tensor *b = fixture_tensor(f, dtype, 1, EXTENT(count));
    fixture_fill(a, (uint64_t)count);
    fixture_fill(b, (uint64_t)count + 77);
    Ref x = ir_data(g, a);
    Ref y = ir_data(g, b);
    Ref sum = ir_reduce(g, OP_sum, x, (uint32_t)1 << axis);
    Ref product = ir_contract(
        g, x, MAP((int8_t)(axis == 0 ? 0 : 1), (int8_t)(axis == 0 ? 1 : 0)), y,
        MAP(0), 1, MAP(1));
    double *line = ARENA_ARRAY(&f->context.arena, double, count + 1);
    double *other = ARENA_ARRAY(&f->context.arena, double, count + 1);
    line_of(b, 0, 0, other);
    for (int order = ORDER_seq; order <= ORDER_tree16; order++) {
        ir_node(g, sum)->order = (Order)order;
        ir_node(g, product)->order = (Order)order;
        Tensor sums = fixture_value(f, sum, &options);
        Tensor products = fixture_value(f, product, &options);
        for (int64_t row = 0; row < ROWS; row++) {
            bool single = dtype == DTYPE_f32;
            line_of(a, axis, row, line);
            expect_bits(tensor_get(&sums, row),
                        expected_sum((Order)order, single, count, line, NULL),
                        "sum", (Order)order, count);
            expect_bits(tensor_get(&products, row),
                        expected_sum((Order)order, single, count, line, other),
                        "contract", (Order)order, count);
        }
    }
}

static void
orders_of(DType dtype)
{
    for (int i = 0; i < LENGTHS; i++) {
        void *fresh = NULL;
        assert_int_equal(fixture_begin(&fresh), 0);
        check_length(fresh, dtype, lengths[i], 0, false);
        check_length(fresh, dtype, lengths[i], 1, false);
        check_length(fresh, dtype, lengths[i], i % 2, true);
        fixture_end(&fresh);
    }
}

static void
orders_f32(void **state)
{
    (void)state;
    orders_of(DTYPE_f32);
}

static void
orders_f64(void **state)
{
    (void)state;
    orders_of(DTYPE_f64);
}

/* Several axes are numbered with the first fastest; a result wider than the
 * interpreter's rows is the same sum for each element.
 */
static void
orders_axes(void **state)
{
    Fixture *f = *state;
    Tensor *a = fixture_tensor(f, DTYPE_f32, 4, EXTENT(70, 30, 3, 20));
    fixture_fill(a, 5);
    Ref sum = ir_reduce(f->g, OP_sum, ir_data(f->g, a), 10);
    Tensor value = fixture_value(f, sum, NULL);
    double line[600];
    for (int64_t i = 0; i < 70; i++) {
        for (int64_t k = 0; k < 3; k++) {
            for (int64_t t = 0; t < 600; t++)
                line[t] =
                    tensor_get(a, i + 70 * (t % 30 + 30 * (k + 3 * (t / 30))));
            expect_bits(tensor_get(&value, i + 70 * k),
                        expected_sum(ORDER_seq, true, 600, line, NULL), "axes",
                        ORDER_seq, 600);
        }
    }
}

/* Terms are numbered by the first operand's axes, not the second's; a batch
 * label runs through both operands and the result.
 */
static void
orders_labels(void **state)
{
    Fixture *f = *state;
    enum { I = 66, K = 40, L = 20, B = 2 };
    Tensor *a = fixture_tensor(f, DTYPE_f32, 4, EXTENT(K, B, L, I));
    Tensor *b = fixture_tensor(f, DTYPE_f32, 3, EXTENT(L, K, B));
    fixture_fill(a, 5);
    fixture_fill(b, 6);
    Ref y = ir_contract(f->g, ir_data(f->g, a), MAP(0, 1, 2, 3),
                        ir_data(f->g, b), MAP(2, 0, 1), 2, MAP(3, 1));
    Tensor value = fixture_value(f, y, NULL);
    double left[K * L];
    double right[K * L];
    for (int64_t i = 0; i < I; i++) {
        for (int64_t batch = 0; batch < B; batch++) {
            for (int64_t t = 0; t < K * L; t++) {
                int64_t k = t % K;
                int64_t l = t / K;
                left[t] = tensor_get(a, k + K * (batch + B * (l + L * i)));
                right[t] = tensor_get(b, l + L * (k + K * batch));
            }
            expect_bits(tensor_get(&value, i + I * batch),
                        expected_sum(ORDER_seq, true, K * L, left, right),
                        "labels", ORDER_seq, K * L);
        }
    }
}

/* Without a summed label it is a plain product: no sum from +0, so that -0
 * stays; with one of extent 1 it is a sum.
 */
static void
orders_products(void **state)
{
    Fixture *f = *state;
    Tensor *a = fixture_tensor(f, DTYPE_f32, 1, EXTENT(1));
    Tensor *b = fixture_tensor(f, DTYPE_f32, 1, EXTENT(1));
    tensor_set(a, 0, -1);
    Ref x = ir_data(f->g, a);
    Ref y = ir_data(f->g, b);
    Ref plain = ir_contract(f->g, x, MAP(0), y, MAP(1), 2, MAP(0, 1));
    Ref summed = ir_contract(f->g, x, MAP(0), y, MAP(0), 0, NULL);
    Tensor value = fixture_value(f, plain, NULL);
    expect_bits(tensor_get(&value, 0), -0.0, "plain", ORDER_none, 1);
    value = fixture_value(f, summed, NULL);
    expect_bits(tensor_get(&value, 0), 0.0, "summed", ORDER_none, 1);
}

static void
orders_integers(void **state)
{
    Fixture *f = *state;
    Tensor *a = fixture_tensor(f, DTYPE_i32, 1, EXTENT(3));
    Tensor *b = fixture_tensor(f, DTYPE_u32, 1, EXTENT(3));
    for (int64_t i = 0; i < 3; i++) {
        tensor_set(a, i, INT32_MAX);
        tensor_set(b, i, UINT32_MAX - (double)i);
    }
    Ref x = ir_data(f->g, a);
    Ref y = ir_data(f->g, b);
    Tensor value = fixture_value(f, ir_reduce(f->g, OP_sum, x, 1), NULL);
    assert_true(tensor_get(&value, 0) == 2147483645.0);
    value = fixture_value(f, ir_reduce(f->g, OP_sum, y, 1), NULL);
    assert_true(tensor_get(&value, 0) == 4294967290.0);
    Ref dot = ir_contract(f->g, y, MAP(0), y, MAP(0), 0, NULL);
    value = fixture_value(f, dot, NULL);
    assert_true(tensor_get(&value, 0) == 14);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(orders_f32),
        cmocka_unit_test(orders_f64),
        TEST(orders_axes),
        TEST(orders_labels),
        TEST(orders_products),
        TEST(orders_integers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
