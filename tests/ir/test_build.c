/* The makers: element types, shapes and orders of what they make. */
#include "fixture.h"

static void
expect_node(const Graph *g, Ref ref, DType dtype, Order order, int rank,
            const Dim *dim)
{
    const Node *node = ir_node(g, ref);
    assert_int_equal(node->dtype, dtype);
    assert_int_equal(node->order, order);
    assert_int_equal(node->rank, rank);
    for (int axis = 0; axis < rank; axis++)
        assert_int_equal(node->dim[axis], dim[axis]);
    for (int axis = rank; axis < IR_RANK; axis++)
        assert_int_equal(node->dim[axis], 0);
    const char *message = ir_verify(g);
    if (message)
        fail_msg("%s", message);
}

static Ref
leaf(Fixture *f, DType dtype, int rank, const Dim *dim)
{
    return ir_leaf(f->g, OP_input, "x", dtype, rank, dim);
}

static void
build_leaves(void **state)
{
    Fixture *f = *state;
    Graph *g = f->g;
    Dim n = dim_batch(&f->dims);
    Ref x = leaf(f, DTYPE_f32, 2, DIMS(3, n));
    Ref w = ir_leaf(g, OP_param, "W", DTYPE_f64, 1, DIMS(4));
    expect_node(g, x, DTYPE_f32, ORDER_none, 2, DIMS(3, n));
    assert_int_equal(g->leaf.count, 2);
    assert_int_equal(g->leaf.item[0], x);
    assert_int_equal(g->leaf.item[1], w);
    Ref c = ir_const(g, DTYPE_f32, 0.1);
    assert_true(ir_node(g, c)->as.value == (double)0.1f);
    expect_node(g, c, DTYPE_f32, ORDER_none, 0, NULL);
    assert_true(ir_node(g, ir_const(g, DTYPE_i32, 2.5))->as.value == 2);
    expect_node(g, ir_fill(g, x, 1), DTYPE_f32, ORDER_none, 2, DIMS(3, n));
    assert_int_equal(ir_node(g, ir_fill(g, c, 1))->op, OP_const);
    Tensor *t = fixture_tensor(f, DTYPE_i32, 2, EXTENT(2, 5));
    expect_node(g, ir_data(g, t), DTYPE_i32, ORDER_none, 2, DIMS(2, 5));
    expect_node(g, ir_extent(g, DTYPE_f64, n), DTYPE_f64, ORDER_none, 0, NULL);
    expect_node(g, ir_iota(g, DTYPE_i32, 2, DIMS(2, n), 1), DTYPE_i32,
                ORDER_none, 2, DIMS(2, n));
    Ref r = ir_random(g, OP_normal, DTYPE_f32, 1, DIMS(7), 9);
    expect_node(g, r, DTYPE_f32, ORDER_none, 1, DIMS(7));
    assert_int_equal(ir_node(g, r)->as.random.stream, 9);
    assert_int_equal(ir_count(g, x), dim_mul(&f->dims, 3, n));
    assert_int_equal(ir_count(g, c), 1);
}

static void
build_maps(void **state)
{
    Fixture *f = *state;
    Graph *g = f->g;
    Ref x = leaf(f, DTYPE_f32, 1, DIMS(3));
    Ref y = leaf(f, DTYPE_f32, 1, DIMS(3));
    Ref sum = ir_map(g, OP_add, x, y, REF_NONE);
    expect_node(g, sum, DTYPE_f32, ORDER_none, 1, DIMS(3));
    Ref mask = ir_map(g, OP_lt, x, y, REF_NONE);
    expect_node(g, mask, DTYPE_bool, ORDER_none, 1, DIMS(3));
    Ref picked = ir_map(g, OP_select, mask, x, y);
    expect_node(g, picked, DTYPE_f32, ORDER_none, 1, DIMS(3));
    assert_int_equal(ir_node(g, picked)->operands, 3);
    Ref turned = ir_map(g, OP_exp, x, REF_NONE, REF_NONE);
    assert_int_equal(ir_node(g, turned)->operands, 1);
    expect_node(g, ir_cast(g, x, DTYPE_i32), DTYPE_i32, ORDER_none, 1, DIMS(3));
    assert_int_equal(ir_cast(g, x, DTYPE_f32), x);
    assert_true(ir_same_shape(g, x, sum));
    assert_false(ir_same_shape(g, x, leaf(f, DTYPE_f32, 1, DIMS(4))));
    assert_false(ir_same_shape(g, x, leaf(f, DTYPE_f32, 2, DIMS(3, 1))));
}

static void
build_shapes(void **state)
{
    Fixture *f = *state;
    Graph *g = f->g;
    Dim n = dim_batch(&f->dims);
    Dim n2 = dim_mul(&f->dims, 2, n);
    Ref x = leaf(f, DTYPE_f32, 2, DIMS(4, n));
    expect_node(g, ir_broadcast(g, x, 3, DIMS(4, 5, n), MAP(0, 2)), DTYPE_f32,
                ORDER_none, 3, DIMS(4, 5, n));
    Ref one = ir_const(g, DTYPE_f32, 1);
    expect_node(g, ir_spread(g, one, x), DTYPE_f32, ORDER_none, 2, DIMS(4, n));
    expect_node(g, ir_reshape(g, x, 2, DIMS(2, n2)), DTYPE_f32, ORDER_none, 2,
                DIMS(2, n2));
    expect_node(g, ir_permute(g, x, MAP(1, 0)), DTYPE_f32, ORDER_none, 2,
                DIMS(n, 4));
    expect_node(g, ir_slice(g, x, DIMS(1, 0), DIMS(2, n), STEPS(2, 1)),
                DTYPE_f32, ORDER_none, 2, DIMS(2, n));
    Ref part = ir_slice(g, x, DIMS(1, 0), DIMS(2, n), NULL);
    assert_int_equal(ir_node(g, part)->as.slice.step[1], 1);
    expect_node(g, ir_pad(g, x, DIMS(1, 0), DIMS(6, n)), DTYPE_f32, ORDER_none,
                2, DIMS(6, n));
    expect_node(g, ir_concat(g, x, x, 1), DTYPE_f32, ORDER_none, 2,
                DIMS(4, n2));
    expect_node(g, ir_reverse(g, x, 2), DTYPE_f32, ORDER_none, 2, DIMS(4, n));
    expect_node(g, ir_batchsum(g, x), DTYPE_f32, ORDER_none, 2, DIMS(4, n));
    Ref w = ir_window(g, x, 0, 2, 3, 1, 1);
    expect_node(g, w, DTYPE_f32, ORDER_none, 3, DIMS(2, 3, n));
    expect_node(g, ir_unwindow(g, w, 0, 4, 1, 1), DTYPE_f32, ORDER_seq, 2,
                DIMS(4, n));
    expect_node(g, ir_window(g, x, 1, n, 1, 1, 1), DTYPE_f32, ORDER_none, 3,
                DIMS(4, n, 1));
}

static void
build_reductions(void **state)
{
    Fixture *f = *state;
    Graph *g = f->g;
    Ref x = leaf(f, DTYPE_f32, 3, DIMS(4, 5, 6));
    Ref k = leaf(f, DTYPE_i32, 1, DIMS(4));
    expect_node(g, ir_reduce(g, OP_sum, x, 1), DTYPE_f32, ORDER_tree16, 2,
                DIMS(5, 6));
    expect_node(g, ir_reduce(g, OP_sum, x, 5), DTYPE_f32, ORDER_tree16, 1,
                DIMS(5));
    expect_node(g, ir_reduce(g, OP_sum, x, 6), DTYPE_f32, ORDER_seq, 1,
                DIMS(4));
    expect_node(g, ir_reduce(g, OP_maximum, x, 1), DTYPE_f32, ORDER_seq, 2,
                DIMS(5, 6));
    expect_node(g, ir_reduce(g, OP_argmax, x, 7), DTYPE_i32, ORDER_seq, 0,
                NULL);
    expect_node(g, ir_reduce(g, OP_sum, k, 1), DTYPE_i32, ORDER_seq, 0, NULL);
}

/* The order of a product whose result is a vector. */
static Order
matvec_order(Fixture *f, DType dtype, Dim rows, bool batch)
{
    Graph *g = f->g;
    Dim n = dim_batch(&f->dims);
    Ref w = leaf(f, dtype, 2, DIMS(rows, 9));
    Ref x = leaf(f, dtype, 2, DIMS(9, batch ? n : 1));
    Ref y = ir_contract(g, w, MAP(0, 1), x, MAP(1, 2), 2, MAP(0, 2));
    Order order = ir_node(g, y)->order;
    expect_node(g, y, dtype, order, 2, DIMS(rows, batch ? n : 1));
    return order;
}

static void
build_contractions(void **state)
{
    Fixture *f = *state;
    assert_int_equal(matvec_order(f, DTYPE_f32, 1, false), ORDER_tree16);
    assert_int_equal(matvec_order(f, DTYPE_f32, 2, true), ORDER_split4);
    assert_int_equal(matvec_order(f, DTYPE_f64, 15, true), ORDER_split4);
    assert_int_equal(matvec_order(f, DTYPE_f64, 16, true), ORDER_seq);
    assert_int_equal(matvec_order(f, DTYPE_f32, 1, true), ORDER_tree16);
    assert_int_equal(matvec_order(f, DTYPE_i32, 1, true), ORDER_seq);
}

static void
build_copies(void **state)
{
    Fixture *f = *state;
    f->g->span = (Span){1, 2, 3};
    Ref x = ir_leaf(f->g, OP_param, "W", DTYPE_f32, 1, DIMS(3));
    Ref y = ir_map(f->g, OP_exp, x, REF_NONE, REF_NONE);
    Graph *to = ir_graph(&f->context, &f->dims, "copy");
    Ref map[2] = {REF_NONE, REF_NONE};
    ir_const(to, DTYPE_f32, 0);
    map[x] = ir_copy(to, f->g, x, map);
    map[y] = ir_copy(to, f->g, y, map);
    assert_int_equal(to->leaf.count, 1);
    assert_int_equal(to->leaf.item[0], 1);
    assert_int_equal(ir_node(to, map[y])->operand[0], 1);
    assert_int_equal(ir_node(to, map[y])->span.begin, 2);
    ir_output(to, "W", map[y], map[x]);
    assert_null(ir_verify(to));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(build_leaves),     TEST(build_maps),         TEST(build_shapes),
        TEST(build_reductions), TEST(build_contractions), TEST(build_copies),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
