/* diff_tangent: what a self-test compares gradients with. A graph with each
 * kind of leaf, with what stops, and with a loop, becomes the one below; its
 * tangents are those that differences in double give.
 */
#define _POSIX_C_SOURCE 200809L
#include "pass/pass.h"
#include "tests/ir/text.h"

static const char expected[] =
    "graph g\n"
    "  %0 = input \"x\" : f64[3,2]\n"
    "  %1 = input \"k\" : i32\n"
    "  %2 = param \"w\" : f64[3]\n"
    "  %3 = param \"fixed\" frozen : f64[3]\n"
    "  %4 = state \"s\" : f64[3]\n"
    "  %5 = param \"n\" : i32\n"
    "  %6 = input \"held\" : f64[3,2]\n"
    "  %7 = input \"held\" : f64[3]\n"
    "  %8 = input \"held\" : f64\n"
    "  %9 = const 0.5 : f64\n"
    "  %10 = scan 2 sequences(%0@1,%6@1) states(%2) captured() "
    "results(@1,@1) {\n"
    "    %0 = input \"x\" : f64[3]\n"
    "    %1 = input \"held\" : f64[3]\n"
    "    %2 = input \"h\" : f64[3]\n"
    "    %3 = mul %0 %2 : f64[3]\n"
    "    %4 = data (0, 1, 2) : f32[3]\n"
    "    %5 = cast %4 : f64[3]\n"
    "    %6 = add %3 %5 : f64[3]\n"
    "    %7 = add %6 %1 : f64[3]\n"
    "    out \"h\" = %7\n"
    "    out \"stop\" = %2\n"
    "    out \"saved\" = %2\n"
    "  }\n"
    "  %11 = part %10 1 : f64[3,2]\n"
    "  %12 = part %10 0 : f64[3]\n"
    "  %13 = mul %2 %2 : f64[3]\n"
    "  %14 = stop %1 : i32\n"
    "  %15 = mul %12 %7 : f64[3]\n"
    "  %16 = mul %3 %4 : f64[3]\n"
    "  %17 = add %15 %16 : f64[3]\n"
    "  %18 = data (0, 1, 2) : f32[3]\n"
    "  %19 = cast %18 : f64[3]\n"
    "  %20 = add %17 %19 : f64[3]\n"
    "  %21 = add %14 %5 : i32\n"
    "  %22 = input \"dx\" : f64[3,2]\n"
    "  %23 = input \"dw\" : f64[3]\n"
    "  %24 = part %10 2 : f64[3,2]\n"
    "  %25 = scan 2 sequences(%22@1,%24@1,%0@1) states(%23) captured() "
    "results(@1) {\n"
    "    %0 = input \"d\" : f64[3]\n"
    "    %1 = input \"h\" : f64[3]\n"
    "    %2 = input \"x\" : f64[3]\n"
    "    %3 = input \"d\" : f64[3]\n"
    "    %4 = mul %0 %1 : f64[3]\n"
    "    %5 = mul %3 %2 : f64[3]\n"
    "    %6 = add %4 %5 : f64[3]\n"
    "    out \"next\" = %6\n"
    "    out \"d\" = %3\n"
    "  }\n"
    "  %26 = part %25 0 : f64[3]\n"
    "  %27 = part %25 1 : f64[3,2]\n"
    "  %28 = mul %26 %7 : f64[3]\n"
    "  %29 = const 0 : f64\n"
    "  out \"y\" = %20\n"
    "  out \"z\" = %8\n"
    "  out \"dy\" = %28\n"
    "  out \"dz\" = %29\n"
    "  out \"stop\" = %11\n"
    "  out \"stop\" = %13\n"
    "  out \"stop\" = %9\n";

typedef struct {
    Context context;
    Dims dims;
    Graph *g;
    Frame frame;
} Made;

/* A loop over the columns of x: h = h * x .+ data, with a stop in it. */
static Ref
make_loop(Made *made, Ref x, Ref h, Tensor *data)
{
    Graph *body = ir_graph(&made->context, &made->dims, "body");
    Ref row = ir_leaf(body, OP_input, "x", DTYPE_f32, 1, (Dim[]){3});
    Ref last = ir_leaf(body, OP_input, "h", DTYPE_f32, 1, (Dim[]){3});
    Ref held = ir_map(body, OP_stop, last, REF_NONE, REF_NONE);
    Ref next = ir_map(body, OP_mul, row, last, REF_NONE);
    next = ir_map(body, OP_add, next, ir_data(body, data), REF_NONE);
    next = ir_map(body, OP_add, next, held, REF_NONE);
    ir_output(body, "h", next, REF_NONE);
    Scan scan = {.extent = 2,
                 .sequences = 1,
                 .states = 1,
                 .axis = (int8_t[]){1},
                 .operand = (Ref[]){x, h}};
    return ir_part(made->g, ir_scan(made->g, &scan, 2, body), 0);
}

static void
make(Made *made)
{
    *made = (Made){.frame = {.model = "m"}};
    context_init(&made->context);
    dims_init(&made->dims, &made->context.arena);
    Graph *g = made->g = ir_graph(&made->context, &made->dims, "g");
    Tensor *data =
        tensor_new(&made->context.arena, DTYPE_f32, 1, (int64_t[]){3});
    for (int64_t i = 0; i < 3; i++)
        tensor_set(data, i, (double)i);
    Dim three[] = {3};
    Ref half = ir_const(g, DTYPE_f32, 0.5);
    g->span = (Span){1, 2, 3};
    g->frame = &made->frame;
    Ref x = ir_leaf(g, OP_input, "x", DTYPE_f32, 2, (Dim[]){3, 2});
    g->span = (Span){1, 4, 5};
    g->frame = NULL;
    Ref k = ir_leaf(g, OP_input, "k", DTYPE_i32, 0, NULL);
    Ref w = ir_leaf(g, OP_param, "w", DTYPE_f32, 1, three);
    Ref fixed = ir_leaf(g, OP_param, "fixed", DTYPE_f32, 1, three);
    ir_node(g, fixed)->as.leaf.frozen = true;
    Ref s = ir_leaf(g, OP_state, "s", DTYPE_f32, 1, three);
    Ref n = ir_leaf(g, OP_param, "n", DTYPE_i32, 0, NULL);
    Ref y = make_loop(made, x, w, data);
    g->span = (Span){1, 6, 7};
    g->frame = &made->frame;
    Ref squares = ir_map(g, OP_mul, w, w, REF_NONE);
    g->span = (Span){1, 8, 9};
    g->frame = NULL;
    Ref stop = ir_map(g, OP_stop, squares, REF_NONE, REF_NONE);
    Ref whole = ir_map(g, OP_stop, k, REF_NONE, REF_NONE);
    y = ir_map(g, OP_mul, y, stop, REF_NONE);
    y = ir_map(g, OP_add, y, ir_map(g, OP_mul, fixed, s, REF_NONE), REF_NONE);
    y = ir_map(g, OP_add, y, ir_data(g, data), REF_NONE);
    ir_output(g, "s", squares, s);
    ir_output(g, "y", y, REF_NONE);
    ir_output(g, "whole", ir_map(g, OP_add, whole, n, REF_NONE), REF_NONE);
    ir_output(g, "z", ir_map(g, OP_stop, half, REF_NONE, REF_NONE), REF_NONE);
    g->span = (Span){1, 10, 11};
    g->frame = &made->frame;
}

static void
graph_is_as_written(void **state)
{
    (void)state;
    Made made;
    make(&made);
    Graph *t = diff_tangent(made.g);
    assert_non_null(t);
    assert_null(ir_verify(t));
    assert_string_equal(text_of(&made.context.arena, t), expected);
    context_free(&made.context);
}

/* An input in the place of another node stands where that does. */
static void
places_are_kept(void **state)
{
    (void)state;
    Made made;
    make(&made);
    const Graph *t = diff_tangent(made.g);
    assert_non_null(t);
    static const struct {
        Ref ref;
        uint32_t begin;
        bool framed;
    } cases[] = {{0, 2, true},   {1, 4, false}, {7, 8, false}, {13, 6, true},
                 {15, 8, false}, {22, 2, true}, {23, 4, false}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const Node *n = ir_node(t, cases[i].ref);
        assert_int_equal(n->span.begin, cases[i].begin);
        assert_ptr_equal(n->frame, cases[i].framed ? &made.frame : NULL);
    }
    assert_int_equal(t->span.begin, 10);
    assert_ptr_equal(t->frame, &made.frame);
    context_free(&made.context);
}

/* A loop that has no derivative, because a step's values have all axes. */
static void
none_is_none(void **state)
{
    (void)state;
    Made made;
    make(&made);
    Graph *g = ir_graph(&made.context, &made.dims, "g");
    Graph *body = ir_graph(&made.context, &made.dims, "body");
    Ref x = ir_leaf(g, OP_input, "x", DTYPE_f64, 0, NULL);
    Ref in = ir_leaf(body, OP_input, "x", DTYPE_f64, 0, NULL);
    Ref wide = ir_reshape(body, in, 8, (Dim[]){1, 1, 1, 1, 1, 1, 1, 1});
    wide = ir_map(body, OP_sin, wide, REF_NONE, REF_NONE);
    wide = ir_map(body, OP_mul, wide, wide, REF_NONE);
    ir_output(body, "x", ir_reshape(body, wide, 0, NULL), REF_NONE);
    Scan scan = {.extent = 2, .states = 1, .operand = &x};
    ir_output(g, "y", ir_part(g, ir_scan(g, &scan, 1, body), 0), REF_NONE);
    assert_null(diff_tangent(g));
    assert_int_equal(made.context.diags.count, 1);
    assert_string_equal(made.context.diags.item[0]->message,
                        "an array of rank 8 leaves no axis for the steps; 7 is "
                        "the most");
    context_free(&made.context);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(graph_is_as_written),
        cmocka_unit_test(places_are_kept),
        cmocka_unit_test(none_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
