/* The text form: a fixed point of print and read for every operation, and no
 * crash on what is not a graph.
 */
#define _POSIX_C_SOURCE 200809L
#include "text.h"

#include <math.h>

static Ref
map1(Graph *g, Op op, Ref a)
{
    return ir_map(g, op, a, REF_NONE, REF_NONE);
}

static void
every_leaf(Fixture *f)
{
    Graph *g = f->g;
    Dim n = dim_batch(&f->dims);
    static const double special[] = {INF, -INF, QNAN, -0.0, 0.1, 1e-45, 1e38};
    for (size_t i = 0; i < sizeof special / sizeof *special; i++) {
        ir_const(g, DTYPE_f32, special[i]);
        ir_const(g, DTYPE_f64, special[i] / 3);
    }
    ir_const(g, DTYPE_i32, INT32_MIN);
    ir_const(g, DTYPE_u32, UINT32_MAX);
    ir_const(g, DTYPE_bool, 1);
    Tensor *data = fixture_tensor(f, DTYPE_f32, 2, EXTENT(2, 3));
    fixture_fill(data, 1);
    tensor_set(data, 2, QNAN);
    ir_data(g, data);
    ir_data(g, fixture_tensor(f, DTYPE_bool, 1, EXTENT(0)));
    Dim poly = dim_add(&f->dims, dim_mul(&f->dims, n, n), 7);
    bool exact;
    ir_extent(g, DTYPE_f64, poly);
    ir_extent(g, DTYPE_f64, dim_sub(&f->dims, 7, n, &exact));
    ir_iota(g, DTYPE_u32, 2, DIMS(3, poly), 1);
    ir_random(g, OP_uniform, DTYPE_f32, 1, DIMS(n), UINT64_MAX);
    ir_random(g, OP_normal, DTYPE_f64, 0, NULL, 0);
    ir_draw(g, ir_const(g, DTYPE_i32, 7), DTYPE_f32, 1, DIMS(n), 5);
}

static void
every_map(Fixture *f, Ref x, Ref y)
{
    Graph *g = f->g;
    Ref mask = ir_map(g, OP_lt, x, y, REF_NONE);
    for (int op = 0; op < OP_COUNT; op++) {
        OpClass class = op_info[op].class;
        bool logic = op == OP_not || op == OP_and || op == OP_or;
        if (class != CLASS_MAP && class != CLASS_COMPARE)
            continue;
        if (op == OP_cast)
            ir_cast(g, x, DTYPE_bool);
        else if (op == OP_select)
            ir_map(g, OP_select, mask, x, y);
        else
            ir_map(g, (Op)op, logic ? mask : x, logic ? mask : y, x);
    }
}

static void
every_move(Fixture *f, Ref x, Dim n)
{
    Graph *g = f->g;
    ir_broadcast(g, x, 3, DIMS(4, 2, n), MAP(0, 2));
    ir_spread(g, ir_const(g, DTYPE_f32, 2), x);
    ir_reshape(g, x, 1, DIMS(dim_mul(&f->dims, 4, n)));
    ir_permute(g, x, MAP(1, 0));
    ir_slice(g, x, DIMS(1, n), DIMS(2, 0), STEPS(2, 1));
    ir_pad(g, x, DIMS(1, n), DIMS(6, dim_mul(&f->dims, 2, n)));
    ir_concat(g, x, x, 1);
    ir_gather(g, x, ir_const(g, DTYPE_i32, 1));
    ir_reverse(g, x, 3);
    ir_reverse(g, x, 0);
    ir_batchsum(g, x);
    Ref windows = ir_window(g, x, 0, 2, 2, 2, 1);
    ir_window(g, x, 1, n, 1, 1, 3);
    ir_unwindow(g, windows, 0, 5, 2, 1);
}

/* A loop in a loop. */
static void
every_loop(Fixture *f, Ref x, Ref h)
{
    Graph *g = f->g;
    Dim n = dim_batch(&f->dims);
    Graph *body = ir_graph(&f->context, &f->dims, "body");
    Ref row = ir_leaf(body, OP_input, "row", DTYPE_f32, 1, DIMS(4));
    Ref state = ir_leaf(body, OP_input, "h", DTYPE_f32, 0, NULL);
    Graph *inner = ir_graph(&f->context, &f->dims, "inner");
    Ref last = ir_leaf(inner, OP_input, "h", DTYPE_f32, 0, NULL);
    ir_output(inner, "h", map1(inner, OP_neg, last), REF_NONE);
    Scan scan = {.extent = 3, .states = 1, .operand = &state};
    ir_output(body, "h", ir_part(body, ir_scan(body, &scan, 1, inner), 0),
              REF_NONE);
    ir_output(body, "y", row, REF_NONE);
    scan = (Scan){.extent = n,
                  .backward = true,
                  .sequences = 1,
                  .states = 1,
                  .results = 1,
                  .axis = MAP(1, 0),
                  .operand = (Ref[]){x, h}};
    Ref loop = ir_scan(g, &scan, 2, body);
    ir_part(g, loop, 0);
    ir_part(g, loop, 1);
}

static void
every_op(Fixture *f)
{
    Graph *g = f->g;
    Dim n = dim_batch(&f->dims);
    Ref x = ir_leaf(g, OP_input, "x \"\\\n\x01σ", DTYPE_f32, 2, DIMS(4, n));
    Ref y = ir_leaf(g, OP_param, "layer1.W", DTYPE_f32, 2, DIMS(4, n));
    Ref s = ir_leaf(g, OP_state, "h", DTYPE_f32, 0, NULL);
    ir_node(g, y)->as.leaf.frozen = true;
    every_leaf(f);
    every_map(f, x, y);
    every_move(f, x, n);
    every_loop(f, x, s);
    Ref sum = ir_reduce(g, OP_sum, x, 3);
    ir_reduce(g, OP_maximum, x, 1);
    ir_reduce(g, OP_argmax, x, 2);
    ir_reduce(g, OP_sum, s, 0);
    ir_contract(g, x, MAP(1, 0), y, MAP(1, 2), 2, MAP(2, 0));
    ir_contract(g, s, MAP(0), y, MAP(25, 3), 2, MAP(3, 25));
    ir_output(g, "y", sum, REF_NONE);
    ir_output(g, "h", sum, s);
    ir_output(g, "other name", map1(g, OP_neg, y), y);
}

static void
text_fixed_point(void **state)
{
    Fixture *f = *state;
    every_op(f);
    bool seen[OP_COUNT] = {false};
    for (size_t i = 0; i < f->g->node.count; i++)
        seen[f->g->node.item[i].op] = true;
    for (int op = 0; op < OP_COUNT; op++) {
        bool lowered = op == OP_step || op == OP_carry;
        if (!seen[op] && !lowered)
            fail_msg("no %s in the graph", op_info[op].name);
    }
    assert_null(ir_verify(f->g));
    const char *text = text_of(&f->context.arena, f->g);
    Graph *back = graph_of(f, text, strlen(text));
    if (!back) {
        diag_print(&f->context.diags, 0, stderr, false);
        fail();
    }
    assert_string_equal(text_of(&f->context.arena, back), text);
    assert_int_equal(back->leaf.count, 3);
    assert_true(ir_node(back, 1)->as.leaf.frozen);
    assert_string_equal(back->output.item[2].name, "other name");
    for (size_t i = 0; i < back->node.count; i++) {
        const Node *a = &f->g->node.item[i];
        const Node *b = &back->node.item[i];
        if (a->op == OP_const && a->as.value == a->as.value)
            assert_memory_equal(&a->as.value, &b->as.value, sizeof(double));
    }
}

static void
text_form(void **state)
{
    Fixture *f = *state;
    Graph *g = f->g;
    Sources *sources = &f->context.sources;
    g->span = (Span){source_add(sources, "model.net", "x\n  y", 5), 4, 5};
    Dim n = dim_batch(&f->dims);
    Ref x = ir_leaf(g, OP_input, "x", DTYPE_f32, 2, DIMS(784, n));
    Ref w = ir_leaf(g, OP_param, "layer1.W", DTYPE_f32, 2, DIMS(128, 784));
    Ref y = ir_contract(g, w, MAP(0, 1), x, MAP(1, 2), 2, MAP(0, 2));
    ir_output(g, "y", ir_reduce(g, OP_sum, y, 1), REF_NONE);
    ir_output(g, "layer1.W", w, w);
    assert_string_equal(
        text_of(&f->context.arena, g),
        "graph test\n"
        "  %0 = input \"x\" : f32[784,n]  ; model.net:2:3\n"
        "  %1 = param \"layer1.W\" : f32[128,784]  ; model.net:2:3\n"
        "  %2 = contract %1[i,k] %0[k,j] -> [i,j] seq : f32[128,n]  ; "
        "model.net:2:3\n"
        "  %3 = sum %2 axes(0) tree16 : f32[n]  ; model.net:2:3\n"
        "  out \"y\" = %3\n"
        "  next %1 = %1\n");
}

/* Not graphs; the diagnostic's message begins so. */
static void
text_mistakes(void **state)
{
    static const struct {
        const char *text;
        const char *message;
    } mistake[] = {
        {"", "expected `graph`"},
        {"graph", "expected a name"},
        {"graph g %0", "expected `="},
        {"graph g\n%1 = const 1 : f32", "expected node %0"},
        {"graph g\n%0 = nosuch : f32", "no such operation"},
        {"graph g\n%0 = const 1 : f31", "expected an element type"},
        {"graph g\n%0 = const 1 : i64", "%0 = const: an element type"},
        {"graph g\n%0 = const x : f32", "expected a number"},
        {"graph g\n%0 = const 1.5 : i32", "%0 = const: a value"},
        {"graph g\n%0 = neg %0 : f32", "no earlier node"},
        {"graph g\n%0 = const 1 : f32 z", "expected the end"},
        {"graph g\n%0 = input x : f32", "expected `\"`"},
        {"graph g\n%0 = input \"x : f32", "a name without an end"},
        {"graph g\n%0 = input \"x\" : f32[1,1,1,1,1,1,1,1,1]", "the rank"},
        {"graph g\n%0 = input \"x\" : f32[2-3]", "the dimension is below"},
        {"graph g\n%0 = input \"x\" : f32[99999999999999999999]",
         "the number is too large"},
        {"graph g\n%0 = const 1 : f32\n%1 = reverse %0 axes(9)",
         "the number is too large"},
        {"graph g\n%0 = const 1 : f32\n%1 = reverse %0 axes(49)",
         "the number is too large"},
        {"graph g\n%0 = input \"x\" : f32[9999999999999*9999999999999]",
         "the dimension is below"},
        {"graph g\n%0 = data (1, 2) : f32[3]", "2 values for 3"},
        {"graph g\n%0 = data (1) : f32[99999999999]", "1 values for"},
        {"graph g\n%0 = data (1 : f32[1]", "expected `:`"},
        {"graph g\n%0 = const 1 : f32\n%1 = contract %0[i] %0[] -> [] seq",
         "as many labels"},
        {"graph g\n%0 = input \"x\" : f32[3]\n%1 = window %0 axis(0)",
         "expected `stride`"},
        {"graph g\n%0 = input \"x\" : f32[3]\n%1 = window %0 axis(0) "
         "stride(1) dilation(2) : f32[2,2]",
         "%1 = window: axis 0 reaches outside"},
        {"graph g\n%0 = const 1 : f32\nnext %0 = %0", "only a param"},
        {"graph g\n%0 = param \"p\" : f32\nnext %0 = %0\nnext %0 = %0",
         "%0 = param: two next values"},
    };
    Fixture *f = *state;
    for (size_t i = 0; i < sizeof mistake / sizeof *mistake; i++) {
        Diags *diags = &f->context.diags;
        size_t before = diags->count;
        const char *text = mistake[i].text;
        Graph *g = graph_of(f, text, strlen(text));
        assert_null(g);
        assert_int_equal(diags->count, before + 1);
        assert_int_equal(diags->item[before]->code, DIAG_syntax);
        const char *message = diags->item[before]->message;
        if (strncmp(message, mistake[i].message, strlen(mistake[i].message)))
            fail_msg("\"%s\" gives \"%s\"", text, message);
        diags->errors = 0;
    }
}

/* Every beginning of a text, and every text with one byte changed, is a valid
 * graph or a mistake.
 */
static void
text_hostile(void **state)
{
    static const char noise[] = "\0 %(9-\"";
    Fixture *f = *state;
    every_op(f);
    const char *text = text_of(&f->context.arena, f->g);
    size_t size = strlen(text);
    char *copy = malloc(size);
    assert_non_null(copy);
    for (size_t i = 0; i < size; i++) {
        Fixture other;
        context_init(&other.context);
        dims_init(&other.dims, &other.context.arena);
        memcpy(copy, text, size);
        copy[i] = noise[i % (sizeof noise - 1)];
        Graph *g = graph_of(&other, copy, size);
        assert_true(g ? !ir_verify(g) : other.context.diags.count > 0);
        g = graph_of(&other, text, i);
        assert_true(g ? !ir_verify(g) : other.context.diags.count > 0);
        context_free(&other.context);
    }
    free(copy);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(text_fixed_point),
        TEST(text_form),
        TEST(text_mistakes),
        TEST(text_hostile),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
