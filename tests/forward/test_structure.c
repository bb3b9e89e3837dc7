/* What differentiation and batching build, where values alone do not tell: no
 * node too many, the places of nodes, the kinds of leaves.
 */
#include "pass/pass.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

typedef struct {
    Context context;
    Dims dims;
    Graph *g;
} Fixture;

/* A graph whose node 0 is of no use. */
static void
fixture_init(Fixture *f)
{
    memset(f, 0, sizeof *f);
    context_init(&f->context);
    dims_init(&f->dims, &f->context.arena);
    f->g = ir_graph(&f->context, &f->dims, "g");
    ir_const(f->g, DTYPE_bool, 1);
}

static Ref
input(Fixture *f, const char *name, int rank, const Dim *dim)
{
    return ir_leaf(f->g, OP_input, name, DTYPE_f64, rank, dim);
}

static Ref
reverse(Fixture *f, Ref y, Ref u, Ref x)
{
    Ref dx = REF_NONE;
    assert_true(diff_reverse(f->g, &y, &u, 1, &x, 1, &dx));
    assert_null(ir_verify(f->g));
    return dx;
}

static Ref
forward(Fixture *f, Ref y, Ref u, Ref x)
{
    Ref dy = REF_NONE;
    assert_true(diff_forward(f->g, &x, &u, 1, &y, 1, &dy));
    assert_null(ir_verify(f->g));
    return dy;
}

/* Scalars a and b, y = op(a, b), and u; the derivative by operand k. */
typedef struct {
    Fixture f;
    Ref a;
    Ref b;
    Ref u;
    Ref y;
    size_t made; /* nodes */
    Ref result;
} Form;

static Form
form(Op op, int k, Ref (*mode)(Fixture *f, Ref y, Ref u, Ref x))
{
    Form m;
    fixture_init(&m.f);
    m.a = input(&m.f, "a", 0, NULL);
    m.b = input(&m.f, "b", 0, NULL);
    m.u = input(&m.f, "u", 0, NULL);
    m.y = ir_map(m.f.g, op, m.a, op_info[op].operands > 1 ? m.b : REF_NONE,
                 REF_NONE);
    size_t before = m.f.g->node.count;
    m.result = mode(&m.f, m.y, m.u, k == 0 ? m.a : m.b);
    m.made = m.f.g->node.count - before;
    return m;
}

/* u / a for u * (1 / a); a mask for a partial derivative of 0 and 1. */
static void
test_forms(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        Ref (*mode)(Fixture *, Ref, Ref, Ref) = i == 0 ? reverse : forward;
        Form m = form(OP_log, 0, mode);
        Node n = *ir_node(m.f.g, m.result);
        assert_int_equal(m.made, 1);
        assert_int_equal(n.op, OP_div);
        assert_int_equal(n.operand[0], m.u);
        assert_int_equal(n.operand[1], m.a);
        context_free(&m.f.context);

        m = form(OP_div, 0, mode);
        n = *ir_node(m.f.g, m.result);
        assert_int_equal(m.made, 1);
        assert_int_equal(n.op, OP_div);
        assert_int_equal(n.operand[0], m.u);
        assert_int_equal(n.operand[1], m.b);
        context_free(&m.f.context);

        /* What the divisor needs stays. */
        m = form(OP_log1p, 0, mode);
        n = *ir_node(m.f.g, m.result);
        assert_int_equal(n.op, OP_div);
        assert_int_equal(n.operand[0], m.u);
        assert_int_equal(ir_node(m.f.g, n.operand[1])->op, OP_add);
        context_free(&m.f.context);

        /* A quotient of another number is no reciprocal. */
        m = form(OP_sqrt, 0, mode);
        n = *ir_node(m.f.g, m.result);
        assert_int_equal(n.op, OP_mul);
        assert_int_equal(n.operand[0], m.u);
        context_free(&m.f.context);

        for (int k = 0; k < 2; k++) {
            m = form(OP_max, k, mode);
            n = *ir_node(m.f.g, m.result);
            assert_int_equal(n.op, OP_select);
            assert_int_equal(n.operand[1 + k], m.u);
            Node mask = *ir_node(m.f.g, n.operand[0]);
            assert_int_equal(mask.op, OP_gt);
            assert_int_equal(mask.operand[0], m.y);
            assert_int_equal(mask.operand[1], m.b);
            assert_int_equal(ir_node(m.f.g, n.operand[2 - k])->op, OP_const);
            context_free(&m.f.context);
        }
        m = form(OP_stop, 0, mode);
        assert_int_equal(m.result, REF_NONE);
        assert_int_equal(m.made, 0);
        context_free(&m.f.context);
    }
}

/* A product with a reciprocal that is there already is none the less. */
static void
test_reciprocal(void **state)
{
    (void)state;
    Fixture f;
    fixture_init(&f);
    Ref a = input(&f, "a", 0, NULL);
    Ref c = input(&f, "c", 0, NULL);
    Ref u = input(&f, "u", 0, NULL);
    Ref one = ir_const(f.g, DTYPE_f64, 1);
    Ref r = ir_map(f.g, OP_div, one, c, REF_NONE);
    Ref y = ir_map(f.g, OP_mul, a, r, REF_NONE);
    size_t before = f.g->node.count;
    Node n = *ir_node(f.g, reverse(&f, y, u, a));
    assert_int_equal(f.g->node.count, before + 1);
    assert_int_equal(n.op, OP_div);
    assert_int_equal(n.operand[0], u);
    assert_int_equal(n.operand[1], c);
    context_free(&f.context);
}

/* A cast's gradient has the operand's type, which is not that of node 0. */
static void
test_cast(void **state)
{
    (void)state;
    Fixture f;
    fixture_init(&f);
    Ref x = ir_leaf(f.g, OP_input, "x", DTYPE_f32, 0, NULL);
    Ref y = ir_cast(f.g, x, DTYPE_f64);
    Ref u = input(&f, "u", 0, NULL);
    assert_int_equal(ir_node(f.g, reverse(&f, y, u, x))->dtype, DTYPE_f32);
    Ref v = ir_leaf(f.g, OP_input, "v", DTYPE_f32, 0, NULL);
    assert_int_equal(ir_node(f.g, forward(&f, y, v, x))->dtype, DTYPE_f64);
    context_free(&f.context);
}

/* A select whose one side alone has a tangent: the other's is 0. */
static void
test_select(void **state)
{
    (void)state;
    for (int k = 1; k <= 2; k++) {
        Fixture f;
        fixture_init(&f);
        Ref m = ir_leaf(f.g, OP_input, "m", DTYPE_bool, 0, NULL);
        Ref x = input(&f, "x", 0, NULL);
        Ref z = input(&f, "z", 0, NULL);
        Ref u = input(&f, "u", 0, NULL);
        Ref y = ir_map(f.g, OP_select, m, k == 1 ? x : z, k == 1 ? z : x);
        Node n = *ir_node(f.g, forward(&f, y, u, x));
        double zero = 1;
        assert_int_equal(n.op, OP_select);
        assert_int_equal(n.operand[0], m);
        assert_int_equal(n.operand[k], u);
        assert_true(pass_filled(f.g, n.operand[3 - k], &zero));
        assert_true(zero == 0);
        context_free(&f.context);
    }
}

static int
count_ops(const Graph *g, size_t from, Op op)
{
    int count = 0;
    for (size_t i = from; i < g->node.count; i++)
        count += g->node.item[i].op == op;
    return count;
}

/* Axes of extent 1 are dropped, not summed; a select fills with zeros. */
static void
test_shapes(void **state)
{
    (void)state;
    Fixture f;
    fixture_init(&f);
    Ref x = input(&f, "x", 1, (Dim[]){3});
    Ref y = ir_broadcast(f.g, x, 3, (Dim[]){1, 3, 1}, (int8_t[]){1});
    Ref u = input(&f, "u", 3, (Dim[]){1, 3, 1});
    size_t before = f.g->node.count;
    assert_int_equal(ir_node(f.g, reverse(&f, y, u, x))->op, OP_reshape);
    assert_int_equal(f.g->node.count, before + 1);

    /* Without steps a slice's gradient is one pad of x's shape. */
    y = ir_slice(f.g, x, (Dim[]){1}, (Dim[]){2}, NULL);
    u = input(&f, "u", 1, (Dim[]){2});
    before = f.g->node.count;
    Node n = *ir_node(f.g, reverse(&f, y, u, x));
    assert_int_equal(f.g->node.count, before + 1);
    assert_int_equal(n.op, OP_pad);
    assert_int_equal(n.dim[0], 3);

    /* With a step there is room for the last one, and no more. */
    Ref z = input(&f, "z", 2, (Dim[]){2, 7});
    y = ir_slice(f.g, z, (Dim[]){0, 1}, (Dim[]){2, 2}, (int64_t[]){1, 4});
    u = input(&f, "u", 2, (Dim[]){2, 2});
    before = f.g->node.count;
    n = *ir_node(f.g, reverse(&f, y, u, z));
    assert_int_equal(n.op, OP_slice);
    Node pad = *ir_node(f.g, n.operand[0]);
    assert_int_equal(pad.op, OP_pad);
    assert_int_equal(pad.dim[0], 2);
    assert_int_equal(pad.dim[1], 7 + 3);
    assert_int_equal(count_ops(f.g, before, OP_pad), 2);

    /* batchsum: each sample gets the sum's gradient as it is. */
    y = ir_batchsum(f.g, x);
    u = input(&f, "u", 1, (Dim[]){3});
    assert_int_equal(reverse(&f, y, u, x), u);
    context_free(&f.context);
}

/* Nodes of back! stand at the places of what they belong to. */
static void
test_back_places(void **state)
{
    (void)state;
    Fixture f;
    fixture_init(&f);
    Frame inner = {.model = "inner"};
    Frame outer = {.model = "outer"};
    f.g->span = (Span){1, 10, 11};
    f.g->frame = &inner;
    Ref x = input(&f, "x", 0, NULL);
    Ref p = ir_leaf(f.g, OP_param, "p", DTYPE_f64, 0, NULL);
    Ref unused = input(&f, "unused", 0, NULL);
    f.g->span = (Span){1, 20, 21};
    f.g->frame = &outer;
    Ref y = ir_map(f.g, OP_mul, x, p, REF_NONE);
    ir_output(f.g, "y", y, REF_NONE);
    f.g->span = (Span){1, 30, 31};
    (void)unused;
    Graph *back = diff_back(f.g);
    assert_non_null(back);
    assert_int_equal(back->span.begin, 30);
    assert_ptr_equal(back->frame, &outer);
    const Node *dy = ir_node(back, back->leaf.item[3]);
    assert_string_equal(dy->as.leaf.name, "dy");
    assert_int_equal(dy->span.begin, 20);
    assert_ptr_equal(dy->frame, &outer);
    const Node *sum = ir_node(back, back->leaf.item[4]);
    assert_string_equal(sum->as.leaf.name, "p");
    assert_int_equal(sum->span.begin, 10);
    assert_ptr_equal(sum->frame, &inner);
    /* The zero gradient of what nothing depends on. */
    const Node *zero = ir_node(back, back->output.item[2].ref);
    assert_int_equal(zero->op, OP_const);
    assert_int_equal(zero->span.begin, 10);
    assert_ptr_equal(zero->frame, &inner);
    context_free(&f.context);
}

/* What has no derivative is told with the models it stands in. */
static void
test_refused(void **state)
{
    (void)state;
    Fixture f;
    fixture_init(&f);
    Frame frame = {.model = "m"};
    Ref x = input(&f, "x", 0, NULL);
    f.g->span = (Span){1, 2, 3};
    f.g->frame = &frame;
    Graph *body = ir_graph_like(f.g);
    Ref in = ir_leaf(body, OP_input, "x", DTYPE_f64, 0, NULL);
    Ref wide = ir_reshape(body, in, 8, (Dim[]){1, 1, 1, 1, 1, 1, 1, 1});
    body->span = f.g->span;
    body->frame = f.g->frame;
    wide = ir_map(body, OP_sin, wide, REF_NONE, REF_NONE);
    wide = ir_map(body, OP_mul, wide, wide, REF_NONE);
    ir_output(body, "x", ir_reshape(body, wide, 0, NULL), REF_NONE);
    Scan scan = {.extent = 2, .states = 1, .operand = &x};
    Ref y = ir_part(f.g, ir_scan(f.g, &scan, 1, body), 0);
    f.g->span = (Span){1, 5, 6};
    f.g->frame = NULL;
    Ref one = ir_const(f.g, DTYPE_f64, 1);
    Ref dx = REF_NONE;
    assert_false(diff_reverse(f.g, &y, &one, 1, &x, 1, &dx));
    assert_int_equal(f.context.diags.count, 1);
    assert_ptr_equal(f.context.diags.item[0]->frame, &frame);
    assert_int_equal(f.context.diags.item[0]->span.begin, 2);
    assert_int_equal(f.g->span.begin, 5);
    assert_null(f.g->frame);
    context_free(&f.context);
}

static Tensor *
evaluate(Fixture *f, const Graph *g, const Tensor *const *value)
{
    Tensor *result = ARENA_ARRAY(&f->context.arena, Tensor, g->output.count);
    int64_t symbol[DIM_SYMBOLS] = {3};
    RunOptions options = {.symbol = symbol, .seed = 1};
    assert_null(ir_verify(g));
    assert_null(ir_interpret(g, value, &options, &f->context.arena, result));
    return result;
}

/* Every sample has random numbers of its own, of both kinds. */
static void
test_batch_random(void **state)
{
    (void)state;
    Fixture f;
    fixture_init(&f);
    ir_output(f.g, "u", ir_random(f.g, OP_uniform, DTYPE_f64, 0, NULL, 1),
              REF_NONE);
    ir_output(f.g, "n", ir_random(f.g, OP_normal, DTYPE_f64, 0, NULL, 2),
              REF_NONE);
    Tensor *result = evaluate(&f, batch_graph(f.g), NULL);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(tensor_count(&result[i]), 3);
        assert_true(tensor_get(&result[i], 0) != tensor_get(&result[i], 1));
        assert_true(tensor_get(&result[i], 1) != tensor_get(&result[i], 2));
    }
    context_free(&f.context);
}

/* Several shared inputs; a state that is the only result; places stay. */
static void
test_batch_leaves(void **state)
{
    (void)state;
    Fixture f;
    fixture_init(&f);
    Frame frame = {.model = "m"};
    Ref x = input(&f, "x", 0, NULL);
    Ref s = input(&f, "s", 0, NULL);
    Ref t = input(&f, "t", 0, NULL);
    Ref own = ir_leaf(f.g, OP_state, "own", DTYPE_f64, 0, NULL);
    f.g->span = (Span){1, 2, 3};
    f.g->frame = &frame;
    Ref sum = ir_map(f.g, OP_add, x, own, REF_NONE);
    ir_output(f.g, "own", sum, own);
    f.g->span = (Span){1, 7, 8};
    f.g->frame = NULL;
    Ref both = ir_map(f.g, OP_add, s, t, REF_NONE);
    Graph *batch = batch_graph_shared(f.g, (const char *[]){"s", "t", NULL});
    assert_null(ir_verify(batch));
    static const int rank[] = {1, 0, 0, 1};
    for (int i = 0; i < 4; i++)
        assert_int_equal(ir_node(batch, batch->leaf.item[i])->rank, rank[i]);
    assert_int_equal(ir_node(batch, batch->output.item[0].ref)->span.begin, 2);
    assert_ptr_equal(ir_node(batch, batch->output.item[0].ref)->frame, &frame);
    assert_int_equal(batch->span.begin, 7);
    assert_null(batch->frame);

    /* A result that no sample changes is spread where it was made. */
    ir_output(f.g, "both", both, REF_NONE);
    f.g->span = (Span){1, 9, 10};
    f.g->frame = &frame;
    ir_map(f.g, OP_neg, x, REF_NONE, REF_NONE);
    batch = batch_graph_shared(f.g, (const char *[]){"s", "t", NULL});
    const Node *spread = ir_node(batch, batch->output.item[1].ref);
    assert_int_equal(spread->op, OP_broadcast);
    assert_int_equal(spread->span.begin, 7);
    assert_null(spread->frame);
    assert_ptr_equal(batch->frame, &frame);
    context_free(&f.context);
}

/* The rank that leaves no room is told with the models it stands in. */
static void
test_batch_refused(void **state)
{
    (void)state;
    Fixture f;
    fixture_init(&f);
    Frame frame = {.model = "m"};
    Dim dim[IR_RANK] = {1, 1, 1, 1, 1, 1, 1, 2};
    f.g->span = (Span){1, 2, 3};
    f.g->frame = &frame;
    Ref x = input(&f, "x", IR_RANK, dim);
    f.g->frame = NULL;
    ir_output(f.g, "y", x, REF_NONE);
    assert_null(batch_graph(f.g));
    assert_int_equal(f.context.diags.item[0]->span.begin, 2);
    assert_non_null(strstr(f.context.diags.item[0]->message, "7 is the most"));
    assert_ptr_equal(f.context.diags.item[0]->frame, &frame);
    context_free(&f.context);
}

/* Passes keep the places of what they carry over or put in its stead, and the
 * graph's own.
 */
static void
test_pass_places(void **state)
{
    (void)state;
    static const int pass[] = {PASS_stable, PASS_batch, PASS_simplify, PASS_cse,
                               PASS_dce};
    for (size_t i = 0; i < sizeof pass / sizeof pass[0]; i++) {
        Fixture f;
        fixture_init(&f);
        Frame inner = {.model = "inner"};
        Frame outer = {.model = "outer"};
        Ref x = input(&f, "x", 1, (Dim[]){3});
        f.g->span = (Span){1, 20, 21};
        f.g->frame = &inner;
        Ref one = ir_fill(f.g, x, 1);
        Ref y = ir_map(f.g, OP_exp, x, REF_NONE, REF_NONE);
        y = ir_map(f.g, OP_add, y, one, REF_NONE);
        y = ir_map(f.g, OP_log, y, REF_NONE, REF_NONE);
        f.g->span = (Span){1, 22, 23};
        f.g->frame = &outer;
        Ref twice = ir_map(f.g, OP_neg, x, REF_NONE, REF_NONE);
        Ref z = ir_map(f.g, OP_mul, y, twice, REF_NONE);
        f.g->span = (Span){1, 30, 31};
        ir_output(f.g, "y", y, REF_NONE);
        ir_output(f.g, "z", z, REF_NONE);
        Graph *g = pass_run(pass[i], f.g, NULL);
        assert_non_null(g);
        const Node *n = ir_node(g, g->output.item[0].ref);
        assert_int_equal(n->span.begin, 20);
        assert_ptr_equal(n->frame, &inner);
        n = ir_node(g, g->output.item[1].ref);
        assert_int_equal(n->span.begin, 22);
        assert_ptr_equal(n->frame, &outer);
        assert_int_equal(g->span.begin, 30);
        assert_ptr_equal(g->frame, &outer);
        context_free(&f.context);
    }
}

/* Leaves are the signature: no pass joins or drops them, of any kind. */
static void
test_pass_leaves(void **state)
{
    (void)state;
    static const int pass[] = {PASS_stable, PASS_simplify, PASS_cse, PASS_dce};
    static const Op op[] = {OP_input, OP_param, OP_state};
    for (size_t i = 0; i < sizeof pass / sizeof pass[0]; i++) {
        Fixture f;
        fixture_init(&f);
        for (int k = 0; k < 6; k++)
            ir_leaf(f.g, op[k % 3], "same", DTYPE_f64, 1, (Dim[]){3});
        Graph *g = pass_run(pass[i], f.g, NULL);
        assert_int_equal(g->leaf.count, 6);
        for (int k = 0; k < 6; k++)
            assert_int_equal(ir_node(g, g->leaf.item[k])->op, op[k % 3]);
        context_free(&f.context);
    }
}

/* Parameters keep what the maker knows of them in a batch. */
static void
test_batch_keys(void **state)
{
    (void)state;
    Fixture f;
    fixture_init(&f);
    int key = 0;
    Ref s = ir_leaf(f.g, OP_state, "s", DTYPE_f64, 0, NULL);
    ir_node(f.g, s)->as.leaf.key = &key;
    Ref x = input(&f, "x", 0, NULL);
    ir_output(f.g, "s", ir_map(f.g, OP_add, s, x, REF_NONE), s);
    Graph *batch = batch_graph(f.g);
    assert_ptr_equal(ir_node(batch, batch->leaf.item[0])->as.leaf.key, &key);
    assert_int_equal(ir_node(batch, batch->leaf.item[0])->rank, 1);
    context_free(&f.context);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_forms),
        cmocka_unit_test(test_reciprocal),
        cmocka_unit_test(test_cast),
        cmocka_unit_test(test_select),
        cmocka_unit_test(test_shapes),
        cmocka_unit_test(test_back_places),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_batch_random),
        cmocka_unit_test(test_batch_leaves),
        cmocka_unit_test(test_batch_refused),
        cmocka_unit_test(test_batch_keys),
        cmocka_unit_test(test_pass_places),
        cmocka_unit_test(test_pass_leaves),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
