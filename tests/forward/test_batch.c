/* What cannot be mapped over a batch is told. */
#include "tests/forward/graphs.h"

/* A parameter cannot become each sample's own. */
static void
params_stay_shared(void **state)
{
    Fixture *f = *state;
    Graph *g = f->g;
    Ref x = vector(g, OP_input, "x");
    Ref w = vector(g, OP_param, "w");
    Ref u = vector(g, OP_param, "u");
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
    x = vector(first, OP_input, "x");
    ir_output(first, "w", x, vector(first, OP_param, "w"));
    assert_null(batch_graph(first));
    assert_string_equal(diag->hint, "batchmean and batchsum give one value of "
                                    "all samples");
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

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(params_stay_shared),
        TEST(bodies_have_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
