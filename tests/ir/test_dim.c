/* Dimensions' arithmetic; tensors' sizes and elements. */
#include "fixture.h"

#include <float.h>
#include <math.h>

static void
dim_numbers(void **state)
{
    Fixture *f = *state;
    bool exact;
    assert_int_equal(dim_add(&f->dims, 2, 3), 5);
    assert_int_equal(dim_mul(&f->dims, 4, 3), 12);
    assert_int_equal(dim_div(&f->dims, 12, 3, &exact), 4);
    assert_true(exact);
    assert_int_equal(dim_div(&f->dims, 0, 3, &exact), 0);
    assert_true(exact);
    assert_int_equal(dim_div(&f->dims, 13, 3, &exact), -1);
    assert_false(exact);
    dim_div(&f->dims, 13, 0, &exact);
    assert_false(exact);
    assert_int_equal(dim_sub(&f->dims, 7, 3, &exact), 4);
    assert_true(exact);
    assert_int_equal(dim_sub(&f->dims, 3, 7, &exact), -1);
    assert_false(exact);
    assert_false(f->dims.overflow);
}

static void
dim_polynomials(void **state)
{
    Fixture *f = *state;
    Dims *d = &f->dims;
    bool exact;
    Dim n = dim_batch(d);
    Dim t = dim_symbol(d, "T");
    assert_false(dim_known(n));
    assert_int_equal(dim_symbol(d, "n"), n);
    Dim a = dim_add(d, dim_mul(d, 2, n), 1);
    Dim b = dim_add(d, t, n);
    assert_int_equal(dim_add(d, n, t), b);
    Dim c = dim_mul(d, a, b);
    assert_int_equal(dim_mul(d, b, a), c);
    assert_string_equal(dim_text(d, n), "n");
    assert_string_equal(dim_text(d, a), "2*n+1");
    assert_string_equal(dim_text(d, c), "2*n^2+2*n*T+n+T");
    assert_string_equal(dim_text(d, 17), "17");
    assert_int_equal(dim_div(d, c, b, &exact), a);
    assert_true(exact);
    assert_int_equal(dim_div(d, c, c, &exact), 1);
    assert_int_equal(dim_div(d, a, b, &exact), -1);
    assert_false(exact);
    assert_int_equal(dim_div(d, a, 2, &exact), -1);
    assert_int_equal(dim_sub(d, a, 1, &exact), dim_mul(d, 2, n));
    assert_int_equal(dim_sub(d, a, a, &exact), 0);
    assert_int_equal(dim_mul(d, n, 0), 0);
    DimPoly poly = dim_poly(d, a);
    assert_int_equal(poly.count, 2);
    assert_int_equal(poly.term[0].coefficient, 2);
    assert_int_equal(poly.term[0].power[0], 1);
    assert_int_equal(dim_poly(d, 5).term[0].coefficient, 5);
    assert_int_equal(dim_poly(d, 0).count, 0);
    /* (n^3 + 1) / (n + 1): a quotient with a negative coefficient */
    Dim cube = dim_add(d, dim_mul(d, n, dim_mul(d, n, n)), 1);
    Dim quotient = dim_div(d, cube, dim_add(d, n, 1), &exact);
    assert_true(exact);
    assert_string_equal(dim_text(d, quotient), "n^2-1*n+1");
    assert_int_equal(dim_mul(d, quotient, dim_add(d, n, 1)), cube);
    assert_false(d->overflow);
}

static void
dim_values(void **state)
{
    Fixture *f = *state;
    Dims *d = &f->dims;
    int64_t symbol[DIM_SYMBOLS] = {3, 5};
    Dim n = dim_batch(d);
    Dim t = dim_symbol(d, "T");
    Dim c = dim_add(d, dim_mul(d, dim_mul(d, n, n), t), 4);
    assert_int_equal(dim_value(d, c, symbol), 49);
    assert_int_equal(dim_value(d, 8, NULL), 8);
    assert_int_equal(dim_value(d, c, NULL), -1);
    symbol[0] = INT64_MAX / 2;
    assert_int_equal(dim_value(d, c, symbol), -1);
    symbol[0] = 0;
    assert_int_equal(dim_value(d, c, symbol), 4);
}

static void
dim_overflows(void **state)
{
    Fixture *f = *state;
    Dims *d = &f->dims;
    Dim n = dim_batch(d);
    assert_int_equal(dim_add(d, INT64_MAX, 1), 0);
    assert_true(d->overflow);
    d->overflow = false;
    assert_int_equal(dim_mul(d, INT64_MAX, 2), 0);
    assert_true(d->overflow);
    d->overflow = false;
    dim_mul(d, dim_mul(d, n, INT64_MAX), 2);
    assert_true(d->overflow);
    d->overflow = false;
    Dim power = n;
    for (int i = 0; i < 8; i++)
        power = dim_mul(d, power, power);
    assert_true(d->overflow);
    d->overflow = false;
    static const char *const name[] = {"a", "b", "c", "d", "e", "f", "g"};
    for (int i = 0; i < DIM_SYMBOLS - 1; i++)
        assert_false(dim_known(dim_symbol(d, name[i])));
    assert_false(d->overflow);
    assert_int_equal(dim_symbol(d, "h"), 0);
    assert_true(d->overflow);
}

static void
tensor_sizes(void **state)
{
    Fixture *f = *state;
    Arena *arena = &f->context.arena;
    int64_t big = (int64_t)1 << 32;
    Tensor *t = tensor_new(arena, DTYPE_f64, 2, EXTENT(3, 4));
    assert_int_equal(tensor_count(t), 12);
    for (int64_t i = 0; i < 12; i++)
        assert_true(tensor_get(t, i) == 0);
    assert_int_equal(tensor_count(tensor_new(arena, DTYPE_f32, 0, NULL)), 1);
    t = tensor_new(arena, DTYPE_f32, 3, EXTENT(big, big, 0));
    assert_non_null(t);
    assert_int_equal(tensor_count(t), 0);
    assert_null(tensor_new(arena, DTYPE_f32, 2, EXTENT(big, big)));
    assert_null(tensor_new(arena, DTYPE_f32, 2, EXTENT(1 << 20, 1 << 20)));
    assert_null(tensor_new(arena, DTYPE_f32, 1, EXTENT(-1)));
    assert_null(tensor_new(arena, DTYPE_f32, 9, NULL));
    Tensor wide = {.rank = 2, .dim = {big, big}};
    assert_int_equal(tensor_count(&wide), -1);
}

static double
through(Fixture *f, DType dtype, double value)
{
    Tensor *t = tensor_new(&f->context.arena, dtype, 0, NULL);
    tensor_set(t, 0, value);
    return tensor_get(t, 0);
}

static void
tensor_elements(void **state)
{
    Fixture *f = *state;
    assert_true(through(f, DTYPE_f64, 0.1) == 0.1);
    assert_true(through(f, DTYPE_f32, 0.1) == (double)0.1f);
    assert_true(through(f, DTYPE_i32, -2.9) == -2);
    assert_true(through(f, DTYPE_i32, 1e10) == INT32_MAX);
    assert_true(through(f, DTYPE_i32, -1e10) == INT32_MIN);
    assert_true(through(f, DTYPE_i32, QNAN) == 0);
    assert_true(through(f, DTYPE_u32, -1) == 0);
    assert_true(through(f, DTYPE_u32, 4294967295.0) == 4294967295.0);
    assert_true(through(f, DTYPE_u32, INF) == 4294967295.0);
    assert_true(through(f, DTYPE_bool, -3) == 1);
    assert_true(through(f, DTYPE_bool, 0) == 0);
    assert_true(through(f, DTYPE_i64, 0x1p62) == 0x1p62);
    assert_true(through(f, DTYPE_i64, 1e300) == (double)INT64_MAX);
    for (int dtype = 0; dtype < DTYPES; dtype++) {
        size_t size = dtype_size((DType)dtype);
        assert_true(size == 1 || size == 4 || size == 8);
        assert_non_null(dtype_name[dtype]);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(dim_numbers),   TEST(dim_polynomials), TEST(dim_values),
        TEST(dim_overflows), TEST(tensor_sizes),    TEST(tensor_elements),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
