/* What passes keep of loops: their places, and those that they do not concern.
 */
#include "tests/forward/graphs.h"

/* A loop of two steps with a state: h + x, and log(sigma(h)), which has a
 * stable form.
 */
static Ref
make_loop(Graph *g, Ref x, Ref h)
{
    Graph *body = ir_graph(g->context, g->dims, "body");
    Ref in = vector(body, OP_input, "x");
    Ref own = vector(body, OP_input, "h");
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
    Ref h = vector(g, OP_param, "h");
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

/* A loop of one port that gives what its derivative needs goes along the axis
 * that it went along.
 */
static void
saved_values_keep_axes(void **state)
{
    Fixture *f = *state;
    Graph *g = f->g;
    Ref x = ir_leaf(g, OP_input, "x", DTYPE_f32, 2, (Dim[]){3, 2});
    Ref h = vector(g, OP_param, "h");
    Graph *body = ir_graph(g->context, g->dims, "body");
    Ref in = vector(body, OP_input, "x");
    Ref own = vector(body, OP_input, "h");
    ir_output(body, "h", ir_map(body, OP_mul, own, in, REF_NONE), REF_NONE);
    Scan scan = {.extent = 2,
                 .sequences = 1,
                 .states = 1,
                 .axis = (int8_t[]){1},
                 .operand = (Ref[]){x, h}};
    Ref loop = ir_scan(g, &scan, 2, body);
    Ref y = ir_part(g, loop, 0);
    Ref one = ir_fill(g, x, 1);
    Ref dy = REF_NONE;
    assert_true(diff_forward(g, &x, &one, 1, &y, 1, &dy));
    assert_int_equal(ir_node(g, loop)->as.scan->results, 1);
    for (int i = 0; i < 2; i++)
        assert_int_equal(ir_node(g, loop)->as.scan->axis[i], 1);
}

/* A product that has left a loop, and what stands for it there, are where it
 * was.
 */
static void
products_keep_places(void **state)
{
    Fixture *f = *state;
    Graph *g = f->g;
    const Frame frame = {.model = "m"};
    const Dim shape[] = {16, 2};
    Ref x = ir_leaf(g, OP_input, "x", DTYPE_f32, 2, shape);
    Ref w = ir_leaf(g, OP_param, "w", DTYPE_f32, 1, shape);
    Graph *body = ir_graph(g->context, g->dims, "body");
    Ref slice = ir_leaf(body, OP_input, "x", DTYPE_f32, 1, shape);
    Ref same = ir_leaf(body, OP_input, "w", DTYPE_f32, 1, shape);
    body->span = (Span){1, 3, 5};
    body->frame = &frame;
    Ref product =
        ir_contract(body, slice, (int8_t[]){0}, same, (int8_t[]){0}, 0, NULL);
    body->span = (Span){0};
    body->frame = NULL;
    ir_output(body, "y", product, REF_NONE);
    const Ref operand[] = {x, w};
    Scan scan = {.extent = 2,
                 .sequences = 1,
                 .results = 1,
                 .axis = (int8_t[]){1, 0},
                 .operand = operand};
    Ref y = ir_part(g, ir_scan(g, &scan, 2, body), 0);
    ir_output(g, "y", y, REF_NONE);
    const Graph *hoisted = pass_hoist(g);
    int found = 0;
    for (size_t i = 0; i < hoisted->node.count; i++) {
        const Node *n = &hoisted->node.item[i];
        if (n->op == OP_scan)
            n = ir_node(n->region, n->region->leaf.item[0]);
        else if (n->op != OP_contract)
            continue;
        found++;
        assert_int_equal(n->span.begin, 3);
        assert_ptr_equal(n->frame, &frame);
    }
    assert_int_equal(found, 2);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(loops_keep_places),
        TEST(loops_untouched),
        TEST(saved_values_keep_axes),
        TEST(products_keep_places),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
