/* Common subexpressions, over every kind of node: what agrees in all that it
 * computes becomes one, what differs in anything stays.
 */
#include "pass/pass.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

typedef struct {
    Graph *g;
    Ref x; /* f64[2,2] */
    Ref z; /* f64[2,2] */
    const Tensor *data[2];
} World;

static const Dim square[] = {2, 2};

static Ref
make_const(const World *w, int kind)
{
    return ir_const(w->g, DTYPE_f64, kind);
}

static Ref
make_zero(const World *w, int kind)
{
    return ir_const(w->g, DTYPE_f64, kind == 0 ? 0.0 : -0.0);
}

static Ref
make_type(const World *w, int kind)
{
    return ir_const(w->g, kind == 0 ? DTYPE_f64 : DTYPE_f32, 1);
}

static Ref
make_data(const World *w, int kind)
{
    return ir_data(w->g, w->data[kind]);
}

static Ref
make_extent(const World *w, int kind)
{
    return ir_extent(w->g, DTYPE_f64, kind + 3);
}

static Ref
make_uniform(const World *w, int kind)
{
    return ir_random(w->g, OP_uniform, DTYPE_f64, 2, square,
                     4 + (unsigned)kind);
}

static Ref
make_normal(const World *w, int kind)
{
    return ir_random(w->g, OP_normal, DTYPE_f64, 2, square, 4 + (unsigned)kind);
}

static Ref
make_iota(const World *w, int kind)
{
    return ir_iota(w->g, DTYPE_i32, 2, square, kind);
}

static Ref
make_concat(const World *w, int kind)
{
    Ref a = ir_slice(w->g, w->x, (Dim[]){0, 0}, (Dim[]){0, 2}, NULL);
    Ref b = ir_slice(w->g, w->x, (Dim[]){0, 0}, (Dim[]){2, 0}, NULL);
    /* [0,2] beside [2,2] and [2,2] beside [2,0] have one shape. */
    return kind == 0 ? ir_concat(w->g, a, w->x, 0)
                     : ir_concat(w->g, w->x, b, 1);
}

static Ref
make_concat_axis(const World *w, int kind)
{
    Ref none = ir_slice(w->g, w->x, (Dim[]){0, 0}, (Dim[]){0, 0}, NULL);
    return ir_concat(w->g, none, none, kind);
}

static Ref
make_broadcast(const World *w, int kind)
{
    Ref row = ir_reduce(w->g, OP_sum, w->x, 1);
    return ir_broadcast(w->g, row, 2, square, (int8_t[]){(int8_t)kind});
}

static Ref
make_permute(const World *w, int kind)
{
    int8_t map[] = {(int8_t)kind, (int8_t)(1 - kind)};
    return ir_permute(w->g, w->x, map);
}

static Ref
make_slice(const World *w, int kind)
{
    return ir_slice(w->g, w->x, (Dim[]){0, kind}, (Dim[]){2, 1}, NULL);
}

static Ref
make_step(const World *w, int kind)
{
    return ir_slice(w->g, w->x, (Dim[]){0, 0}, (Dim[]){1, 1},
                    (int64_t[]){1, kind + 1});
}

static Ref
make_pad(const World *w, int kind)
{
    return ir_pad(w->g, w->x, (Dim[]){0, kind}, (Dim[]){2, 3});
}

static Ref
make_reverse(const World *w, int kind)
{
    return ir_reverse(w->g, w->x, 1U << kind);
}

static Ref
make_sum(const World *w, int kind)
{
    Ref y = ir_reduce(w->g, OP_sum, w->x, 1U << kind);
    ir_node(w->g, y)->order = ORDER_seq;
    return y;
}

static Ref
make_order(const World *w, int kind)
{
    Ref y = ir_reduce(w->g, OP_sum, w->x, 1);
    ir_node(w->g, y)->order = kind == 0 ? ORDER_seq : ORDER_split4;
    return y;
}

static Ref
make_maximum(const World *w, int kind)
{
    Ref y = ir_reduce(w->g, OP_maximum, w->x, 1U << kind);
    ir_node(w->g, y)->order = ORDER_seq;
    return y;
}

static Ref
make_argmax(const World *w, int kind)
{
    Ref y = ir_reduce(w->g, OP_argmax, w->x, 1U << kind);
    ir_node(w->g, y)->order = ORDER_seq;
    return y;
}

static Ref
make_contract(const World *w, int kind)
{
    int8_t b[] = {kind == 0 ? 1 : 2, kind == 0 ? 2 : 1};
    return ir_contract(w->g, w->x, (int8_t[]){0, 1}, w->z, b, 2,
                       (int8_t[]){0, 2});
}

static Ref
make_map(const World *w, int kind)
{
    return ir_map(w->g, OP_mul, w->x, kind == 0 ? w->z : w->x, REF_NONE);
}

static Ref
make_op(const World *w, int kind)
{
    Op op = kind == 0 ? OP_exp : OP_sin;
    return ir_map(w->g, op, w->x, REF_NONE, REF_NONE);
}

static Ref
make_compare(const World *w, int kind)
{
    Op op = kind == 0 ? OP_lt : OP_gt;
    return ir_map(w->g, op, w->x, w->z, REF_NONE);
}

static Ref
make_cast(const World *w, int kind)
{
    return ir_cast(w->g, w->x, kind == 0 ? DTYPE_f32 : DTYPE_i32);
}

static Ref
make_reshape(const World *w, int kind)
{
    Dim dim[] = {kind == 0 ? 4 : 1, kind == 0 ? 1 : 4};
    return ir_reshape(w->g, w->x, 2, dim);
}

static Ref
make_rank(const World *w, int kind)
{
    return ir_reshape(w->g, w->x, 1 + kind, (Dim[]){4, 1});
}

static Ref
make_batchsum(const World *w, int kind)
{
    return ir_batchsum(w->g, kind == 0 ? w->x : w->z);
}

/* A part of a loop that gives its input twice. */
static Ref
make_part(const World *w, int kind)
{
    static Ref loop; /* one for all kinds */
    if (kind == 0 && ir_node(w->g, (Ref)w->g->node.count - 1)->op != OP_part) {
        Graph *body = ir_graph(w->g->context, w->g->dims, "body");
        Node n = *ir_node(w->g, w->x);
        Ref in = ir_leaf(body, OP_input, "x", n.dtype, n.rank, n.dim);
        for (int i = 0; i < 2; i++)
            ir_output(body, "y", in, REF_NONE);
        Scan scan = {.extent = 2,
                     .results = 2,
                     .axis = (int8_t[]){0, 0},
                     .operand = &w->x};
        loop = ir_scan(w->g, &scan, 1, body);
    }
    return ir_part(w->g, loop, kind);
}

/* By kind: another axis, stride or dilation. */
static Ref
window(const World *w, int axis, int stride, int dilation)
{
    return ir_window(w->g, w->x, axis, 1, 1, stride, dilation);
}

static Ref
make_window(const World *w, int kind)
{
    return window(w, kind, 1, 1);
}

static Ref
make_stride(const World *w, int kind)
{
    return window(w, 0, 1 + kind, 1);
}

static Ref
make_dilation(const World *w, int kind)
{
    return window(w, 0, 1, 1 + kind);
}

static Ref
make_unwindow(const World *w, int kind)
{
    Ref parts = ir_reshape(w->g, w->x, 3, (Dim[]){2, 1, 2});
    return ir_unwindow(w->g, parts, 0, 3, 1 + kind, 1);
}

/* At one number of a run, of one stream or another. */
static Ref
make_draw(const World *w, int kind)
{
    Ref at = ir_const(w->g, DTYPE_i32, 7);
    return ir_draw(w->g, at, DTYPE_f64, 2, square, 4 + (unsigned)kind);
}

static Ref
make_gather(const World *w, int kind)
{
    Ref index = ir_iota(w->g, DTYPE_i32, 2, square, kind);
    return ir_gather(w->g, w->x, index);
}

/* Two of one kind and, between them, one of the other. */
static void
test_pairs(void **state)
{
    (void)state;
    static Ref (*const make[])(const World *, int) = {
        make_const,    make_zero,    make_type,        make_data,
        make_extent,   make_uniform, make_normal,      make_iota,
        make_concat,   make_pad,     make_concat_axis, make_broadcast,
        make_permute,  make_slice,   make_step,        make_reverse,
        make_sum,      make_order,   make_maximum,     make_argmax,
        make_contract, make_map,     make_op,          make_compare,
        make_cast,     make_reshape, make_rank,        make_batchsum,
        make_part,     make_draw,    make_gather,      make_unwindow,
        make_window,   make_stride,  make_dilation,
    };
    for (size_t i = 0; i < sizeof make / sizeof make[0]; i++) {
        Context context;
        Dims dims;
        context_init(&context);
        dims_init(&dims, &context.arena);
        World w = {.g = ir_graph(&context, &dims, "g")};
        w.x = ir_leaf(w.g, OP_input, "x", DTYPE_f64, 2, square);
        w.z = ir_leaf(w.g, OP_input, "z", DTYPE_f64, 2, square);
        for (int k = 0; k < 2; k++)
            w.data[k] = tensor_new(&context.arena, DTYPE_f64, 2, square);
        for (int k = 0; k < 3; k++)
            ir_output(w.g, "y", make[i](&w, k == 1), REF_NONE);
        const Graph *g = pass_cse(w.g);
        if (g->output.item[0].ref != g->output.item[2].ref)
            fail_msg("pair %zu: two that are the same stay two", i);
        if (g->output.item[0].ref == g->output.item[1].ref)
            fail_msg("pair %zu: two that differ become one", i);
        context_free(&context);
    }
}

/* Leaves from outside are each their own, whatever their names. */
static void
test_leaves(void **state)
{
    (void)state;
    static const Op op[] = {OP_input, OP_param, OP_state};
    for (int i = 0; i < 3; i++) {
        Context context;
        Dims dims;
        context_init(&context);
        dims_init(&dims, &context.arena);
        Graph *g = ir_graph(&context, &dims, "g");
        for (int k = 0; k < 2; k++)
            ir_output(g, "y", ir_leaf(g, op[i], "x", DTYPE_f64, 0, NULL),
                      REF_NONE);
        g = pass_cse(g);
        assert_int_equal(g->node.count, 2);
        assert_true(g->output.item[0].ref != g->output.item[1].ref);
        context_free(&context);
    }
}

/* A long graph in which everything is there twice: the table has room. */
static void
test_many(void **state)
{
    (void)state;
    enum { LENGTH = 500 };
    Context context;
    Dims dims;
    context_init(&context);
    dims_init(&dims, &context.arena);
    Graph *g = ir_graph(&context, &dims, "g");
    Ref x = ir_leaf(g, OP_input, "x", DTYPE_f64, 0, NULL);
    for (int copy = 0; copy < 2; copy++) {
        Ref y = x;
        for (int i = 0; i < LENGTH; i++)
            y = ir_map(g, OP_exp, y, REF_NONE, REF_NONE);
        ir_output(g, "y", y, REF_NONE);
    }
    g = pass_cse(g);
    assert_int_equal(g->node.count, LENGTH + 1);
    assert_int_equal(g->output.item[0].ref, g->output.item[1].ref);
    context_free(&context);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pairs),
        cmocka_unit_test(test_leaves),
        cmocka_unit_test(test_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
