/* Random graphs through every pass: random [FIRST [COUNT]] takes the seeds from
 * FIRST on. A seed that fails is printed with its graph.
 */
#include "tests/pass/check.h"

#include <stdlib.h>
#include <string.h>

enum { LENGTH = 24, OUTPUTS = 3 };

typedef struct {
    Graph *g;
    uint64_t seed;
} Maker;

/* A number from 0 to count - 1. */
static int
pick(Maker *m, int count)
{
    return (int)(check_random(&m->seed) * count);
}

/* A node of a type; the last are likelier. */
static Ref
pick_node(Maker *m, DType dtype)
{
    int count = (int)m->g->node.count;
    for (int tries = 0; tries < 100; tries++) {
        int back = pick(m, pick(m, 2) == 0 ? 6 : count);
        Ref ref = (Ref)(count - 1 - back % count);
        if (ir_node(m->g, ref)->dtype == dtype)
            return ref;
    }
    return 0; /* the first input, an f32 */
}

/* A node of the type and shape of `like`, or a constant of them. */
static Ref
pick_like(Maker *m, Ref like)
{
    static const double values[] = {0.0, -0.0, 1, -1, 2, 0.5};
    DType dtype = ir_node(m->g, like)->dtype;
    for (int tries = 0; pick(m, 3) != 0 && tries < 20; tries++) {
        Ref ref = pick_node(m, dtype);
        if (ir_node(m->g, ref)->dtype == dtype &&
            ir_same_shape(m->g, ref, like))
            return ref;
    }
    if (dtype == DTYPE_bool)
        return ir_fill(m->g, like, pick(m, 2));
    return ir_fill(m->g, like, values[pick(m, 6)]);
}

static void
make_map(Maker *m)
{
    static const Op ops[] = {
        OP_add,   OP_sub, OP_mul,  OP_div, OP_max,      OP_min,  OP_neg,
        OP_neg,   OP_abs, OP_sign, OP_exp, OP_log,      OP_sin,  OP_sqrt,
        OP_sigma, OP_mul, OP_add,  OP_sub, OP_softplus, OP_tanh,
    };
    Op op = ops[pick(m, sizeof ops / sizeof ops[0])];
    Ref a = pick_node(m, DTYPE_f32);
    Ref b = op_info[op].operands > 1 ? pick_like(m, a) : REF_NONE;
    if (op_info[op].operands > 1 && pick(m, 2) == 0)
        ir_map(m->g, op, b, a, REF_NONE);
    else
        ir_map(m->g, op, a, b, REF_NONE);
}

static void
make_choice(Maker *m)
{
    static const Op ops[] = {OP_eq, OP_ne, OP_lt, OP_le, OP_gt, OP_ge};
    Ref a = pick_node(m, DTYPE_f32);
    Ref b = pick_like(m, a);
    Ref mask = ir_map(m->g, ops[pick(m, 6)], a, b, REF_NONE);
    Ref other = pick_like(m, mask);
    if (pick(m, 2) == 0)
        mask = ir_map(m->g, OP_not, mask, REF_NONE, REF_NONE);
    if (pick(m, 2) == 0)
        mask = ir_map(m->g, pick(m, 2) == 0 ? OP_and : OP_or, mask, other,
                      REF_NONE);
    ir_map(m->g, OP_select, mask, pick_like(m, a), a);
}

/* The axes of a node but for one bit set each, at random. */
static uint32_t
pick_axes(Maker *m, const Node *n)
{
    return (uint32_t)pick(m, 1 << n->rank);
}

static void
make_broadcast(Maker *m, Ref a, const Node *n)
{
    Dim dim[IR_RANK];
    int8_t map[IR_RANK];
    int rank = 0;
    for (int axis = 0; axis < n->rank; axis++) {
        if (rank + n->rank - axis < 4 && pick(m, 2) == 0)
            dim[rank++] = 1 + pick(m, 3);
        map[axis] = (int8_t)rank;
        dim[rank++] = n->dim[axis];
    }
    if (rank < 4)
        dim[rank++] = 1 + pick(m, 3);
    ir_broadcast(m->g, a, rank, dim, map);
}

static void
make_reshape(Maker *m, Ref a, const Node *n)
{
    Dim dim[IR_RANK];
    int rank = 0;
    for (int axis = 0; axis < n->rank; axis++) {
        if (rank > 0 && pick(m, 2) == 0)
            dim[rank - 1] *= n->dim[axis];
        else
            dim[rank++] = n->dim[axis];
    }
    if (rank < 4 && pick(m, 2) == 0)
        dim[rank++] = 1;
    ir_reshape(m->g, a, rank, dim);
}

static void
make_permute(Maker *m, Ref a, const Node *n)
{
    int8_t map[IR_RANK];
    for (int axis = 0; axis < n->rank; axis++)
        map[axis] = (int8_t)axis;
    for (int axis = n->rank - 1; axis > 0; axis--) {
        int other = pick(m, axis + 1);
        int8_t kept = map[axis];
        map[axis] = map[other];
        map[other] = kept;
    }
    ir_permute(m->g, a, map);
}

static void
make_slice(Maker *m, Ref a, const Node *n)
{
    Dim start[IR_RANK];
    Dim dim[IR_RANK];
    int64_t step[IR_RANK];
    for (int axis = 0; axis < n->rank; axis++) {
        start[axis] = pick(m, (int)n->dim[axis]);
        step[axis] = 1 + pick(m, 2);
        Dim most = (n->dim[axis] - 1 - start[axis]) / step[axis] + 1;
        dim[axis] = 1 + pick(m, (int)most);
    }
    ir_slice(m->g, a, start, dim, step);
}

static void
make_pad(Maker *m, Ref a, const Node *n)
{
    Dim before[IR_RANK];
    Dim dim[IR_RANK];
    for (int axis = 0; axis < n->rank; axis++) {
        before[axis] = pick(m, 2);
        dim[axis] = n->dim[axis] + before[axis] + pick(m, 2);
    }
    ir_pad(m->g, a, before, dim);
}

/* Windows along an axis, and sometimes the sum over them. */
static void
make_window(Maker *m, Ref a, const Node *n)
{
    int axis = pick(m, n->rank);
    int64_t stride = 1 + pick(m, 3);
    int64_t dilation = stride > 1 ? 1 : 1 + pick(m, 2);
    Dim size = 1 + pick(m, (int)((n->dim[axis] - 1) / dilation) + 1);
    Dim most = (n->dim[axis] - 1 - (size - 1) * dilation) / stride + 1;
    Dim count = 1 + pick(m, (int)most);
    a = ir_window(m->g, a, axis, count, size, stride, dilation);
    if (pick(m, 2) == 0)
        return;
    Ref b = pick(m, 2) == 0 ? a : ir_map(m->g, OP_mul, a, a, REF_NONE);
    ir_unwindow(m->g, b, axis, n->dim[axis] + pick(m, 2), stride, dilation);
}

static void
make_shape(Maker *m)
{
    Ref a = pick_node(m, DTYPE_f32);
    Node n = *ir_node(m->g, a);
    int kind = pick(m, 8);
    if (kind == 0)
        make_broadcast(m, a, &n);
    else if (kind == 1)
        make_reshape(m, a, &n);
    else if (kind == 2)
        make_permute(m, a, &n);
    else if (kind == 3)
        make_slice(m, a, &n);
    else if (kind == 4)
        make_pad(m, a, &n);
    else if (kind == 5)
        ir_reverse(m->g, a, pick_axes(m, &n));
    else if (kind == 6 && n.rank > 0 && n.rank < 4)
        make_window(m, a, &n);
    else if (n.rank > 0)
        ir_concat(m->g, a, pick_like(m, a), pick(m, n.rank));
}

static void
make_sum(Maker *m)
{
    Ref a = pick_node(m, DTYPE_f32);
    Ref b = pick_like(m, a);
    Node n = *ir_node(m->g, a);
    if (pick(m, 2) == 0) {
        Op op = pick(m, 3) == 0 ? OP_maximum : OP_sum;
        ir_reduce(m->g, op, a, pick_axes(m, &n));
        return;
    }
    /* Both operands have all labels; some are summed. */
    int8_t label[IR_RANK] = {0, 1, 2, 3};
    int8_t out[IR_RANK];
    int rank = 0;
    for (int8_t axis = 0; axis < n.rank; axis++)
        if (pick(m, 2) == 0)
            out[rank++] = axis;
    if (n.rank == 2 && pick(m, 2) == 0) {
        b = ir_permute(m->g, b, (int8_t[]){1, 0});
        ir_contract(m->g, a, label, b, (int8_t[]){1, 0}, rank, out);
        return;
    }
    ir_contract(m->g, a, label, b, label, rank, out);
}

/* Whether everything is small, so that a test stays short. */
static bool
is_small(const Graph *g)
{
    const Node *n = &g->node.item[g->node.count - 1];
    return n->rank <= 4 && ir_count(g, (Ref)(g->node.count - 1)) <= 200;
}

static Graph *
make_graph(Test *test, uint64_t seed)
{
    Maker m = {.seed = seed * 0x9e3779b97f4a7c15U};
    m.g = ir_graph(&test->context, &test->dims, "random");
    ir_leaf(m.g, OP_input, "x", DTYPE_f32, 2, (Dim[]){3, 4});
    ir_leaf(m.g, OP_param, "p", DTYPE_f32, 2, (Dim[]){3, 4});
    ir_leaf(m.g, OP_param, "q", DTYPE_f32, 1, (Dim[]){3});
    for (int i = 0; i < LENGTH; i++) {
        size_t mark = m.g->node.count;
        int kind = pick(&m, 8);
        if (kind < 3)
            make_map(&m);
        else if (kind == 3)
            make_choice(&m);
        else if (kind < 7)
            make_shape(&m);
        else
            make_sum(&m);
        if (!is_small(m.g))
            m.g->node.count = mark;
    }
    for (int i = 0; i < OUTPUTS; i++)
        ir_output(m.g,
                  i == 0   ? "a"
                  : i == 1 ? "b"
                           : "c",
                  pick_node(&m, DTYPE_f32), REF_NONE);
    return m.g;
}

/* The graph, batched, and the back! of both, through the optimisations. */
static int
run_seed(uint64_t seed)
{
    Test test = {.path = "random"};
    context_init(&test.context);
    dims_init(&test.dims, &test.context.arena);
    test.graph = make_graph(&test, seed);
    const Graph *batch = pass_run(PASS_batch, test.graph, NULL);
    if (batch != NULL)
        check_batch(&test, test.graph, batch);
    const Graph *graphs[] = {
        test.graph,
        batch,
        pass_run(PASS_back, test.graph, NULL),
        batch != NULL ? pass_run(PASS_back, batch, NULL) : NULL,
    };
    for (size_t i = 0; i < sizeof graphs / sizeof graphs[0]; i++) {
        if (graphs[i] == NULL) {
            check_fail(&test, "a meaning pass failed", "");
            continue;
        }
        check_pass(&test, PASS_sink, graphs[i]);
        check_pass(&test, PASS_simplify, graphs[i]);
        check_pass(&test, PASS_cse, graphs[i]);
        check_pass(&test, PASS_dce, graphs[i]);
        const Graph *best = pass_optimise(graphs[i], NULL);
        if (best == NULL)
            check_fail(&test, "optimisation failed", "");
        else
            check_pass(&test, PASS_simplify, best);
    }
    int failures = test.failures + (int)test.context.diags.errors;
    diag_print(&test.context.diags, 0, stderr, false);
    if (failures > 0)
        fprintf(stderr, "seed %llu\n%s", (unsigned long long)seed,
                check_text(&test, test.graph));
    context_free(&test.context);
    return failures;
}

int
main(int argc, char **argv)
{
    uint64_t first = argc > 1 ? strtoull(argv[1], NULL, 10) : 1;
    uint64_t count = argc > 2 ? strtoull(argv[2], NULL, 10) : 200;
    int failed = 0;
    for (uint64_t i = 0; i < count; i++)
        failed += run_seed(first + i) > 0;
    printf("%llu passed, %d failed\n",
           (unsigned long long)count - (unsigned long long)failed, failed);
    return failed > 0;
}
