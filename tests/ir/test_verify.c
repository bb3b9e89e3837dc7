/* The verifier: a sound graph is left alone, and each rule, broken at one node
 * (rules.def), is noticed.
 */
#include "fixture.h"

enum {
    X,
    P,
    DOUBLE,
    CONST,
    DATA,
    EXTENT_,
    IOTA,
    RANDOM,
    ADD,
    EXP,
    MASK,
    NOT,
    SELECT,
    BROADCAST,
    PERMUTE,
    SLICE,
    PAD,
    CONCAT,
    RESHAPE,
    REVERSE,
    SUM,
    ARGMAX,
    WHOLE,
    CONTRACT,
    WINDOW,
    UNWINDOW,
    INDEX,
    GATHER,
    H,
    SCAN,
    LAST,
    ROWS,
    NODES
};

/* A loop over the columns of x, which adds them to h and gives each. */
static void
sound_loop(Fixture *f)
{
    Graph *g = f->g;
    Graph *body = ir_graph(&f->context, &f->dims, "body");
    Ref row = ir_leaf(body, OP_input, "row", DTYPE_f32, 1, DIMS(4));
    Ref h = ir_leaf(body, OP_input, "h", DTYPE_f32, 1, DIMS(4));
    ir_output(body, "h", ir_map(body, OP_add, row, h, REF_NONE), REF_NONE);
    ir_output(body, "y", row, REF_NONE);
    Scan scan = {.extent = dim_batch(&f->dims),
                 .sequences = 1,
                 .states = 1,
                 .results = 1,
                 .axis = MAP(1, 1),
                 .operand = (Ref[]){X, H}};
    ir_part(g, ir_scan(g, &scan, 2, body), 0);
    ir_part(g, SCAN, 1);
}

/* One node of each kind, in the order of their names above. */
static void
sound_graph(Fixture *f)
{
    Graph *g = f->g;
    Dim n = dim_batch(&f->dims);
    ir_leaf(g, OP_input, "x", DTYPE_f32, 2, DIMS(4, n));
    ir_leaf(g, OP_param, "p", DTYPE_f32, 2, DIMS(4, n));
    ir_random(g, OP_normal, DTYPE_f64, 2, DIMS(4, n), 0);
    ir_const(g, DTYPE_f32, 0.5);
    ir_data(g, fixture_tensor(f, DTYPE_f32, 2, EXTENT(2, 3)));
    ir_extent(g, DTYPE_f32, n);
    ir_iota(g, DTYPE_u32, 2, DIMS(4, n), 1);
    ir_random(g, OP_uniform, DTYPE_f32, 2, DIMS(4, n), 1);
    ir_map(g, OP_add, X, P, REF_NONE);
    ir_map(g, OP_exp, X, REF_NONE, REF_NONE);
    ir_map(g, OP_lt, X, P, REF_NONE);
    ir_map(g, OP_not, MASK, REF_NONE, REF_NONE);
    ir_map(g, OP_select, MASK, X, P);
    ir_broadcast(g, X, 3, DIMS(4, 2, n), MAP(0, 2));
    ir_permute(g, X, MAP(1, 0));
    ir_slice(g, X, DIMS(1, 0), DIMS(2, n), STEPS(2, 1));
    ir_pad(g, X, DIMS(1, 0), DIMS(6, n));
    ir_concat(g, X, P, 0);
    ir_reshape(g, X, 2, DIMS(2, dim_mul(&f->dims, 2, n)));
    ir_reverse(g, X, 1);
    ir_reduce(g, OP_sum, X, 1);
    ir_reduce(g, OP_argmax, X, 1);
    ir_reduce(g, OP_sum, IOTA, 2);
    ir_contract(g, X, MAP(0, 1), P, MAP(2, 1), 2, MAP(0, 2));
    ir_window(g, X, 0, 2, 2, 2, 1);
    ir_unwindow(g, WINDOW, 0, 5, 2, 1);
    ir_leaf(g, OP_input, "i", DTYPE_i32, 0, NULL);
    ir_gather(g, X, INDEX);
    ir_leaf(g, OP_param, "h", DTYPE_f32, 1, DIMS(4));
    sound_loop(f);
    ir_output(g, "y", CONTRACT, REF_NONE);
    ir_output(g, "p", ADD, P);
    assert_int_equal(g->node.count, NODES);
}

static void
verify_sound(void **state)
{
    Fixture *f = *state;
    assert_null(ir_verify(f->g));
    sound_graph(f);
    const char *message = ir_verify(f->g);
    if (message)
        fail_msg("%s", message);
}

static void
verify_place(void **state)
{
    Fixture *f = *state;
    Sources *sources = &f->context.sources;
    f->g->span = (Span){source_add(sources, "model.net", "a\n b", 4), 3, 4};
    sound_graph(f);
    ir_node(f->g, ADD)->dtype = DTYPE_f64;
    assert_string_equal(ir_verify(f->g),
                        "%8 = add (model.net:2:2): a result in f64");
}

/* Breaks rule number `rule`, gives the message it should have. */
static const char *
break_rule(Graph *g, int rule)
{
    int number = 0;
    Scan *scan = (Scan *)ir_node(g, SCAN)->as.scan;
    int8_t *axis = (int8_t *)scan->axis;
    Ref *operand = (Ref *)scan->operand;
    Graph *body = ir_node(g, SCAN)->region;
#define RULE(message, ref, change)                                             \
    if (rule == number++) {                                                    \
        Node *node = ir_node(g, ref);                                          \
        (void)node;                                                            \
        change return message;                                                 \
    }
#include "rules.def"
#undef RULE
    return NULL;
}

static void
verify_rules(void **state)
{
    (void)state;
    for (int rule = 0;; rule++) {
        void *fresh = NULL;
        assert_int_equal(fixture_begin(&fresh), 0);
        Fixture *f = fresh;
        sound_graph(f);
        const char *expected = break_rule(f->g, rule);
        const char *message = ir_verify(f->g);
        if (expected && (!message || !strstr(message, expected)))
            fail_msg("rule %d, \"%s\", gives \"%s\"", rule, expected,
                     message ? message : "nothing");
        fixture_end(&fresh);
        if (!expected)
            break;
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(verify_sound),
        TEST(verify_place),
        cmocka_unit_test(verify_rules),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
