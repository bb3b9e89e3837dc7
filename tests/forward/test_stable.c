/* Stable forms of a node that is differentiated. */
#include "tests/forward/graphs.h"

/* What depends on x has stable forms, and what reads them is made again. */
static void
stable_forms_follow(void **state)
{
    Fixture *f = *state;
    Graph *g = f->g;
    Ref x = vector(g, OP_input, "x");
    Ref z = vector(g, OP_input, "z");
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
    Ref x = vector(g, OP_input, "x");
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

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(stable_forms_follow),
        TEST(stable_forms_end_at_wrt),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
