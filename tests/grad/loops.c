/* Loops whose gradients are tested. */
#include "tests/grad/grad.h"

static Ref
input_of(Graph *body, const Graph *g, Ref like, const char *name)
{
    Node n = *ir_node(g, like);
    return ir_leaf(body, OP_input, name, n.dtype, n.rank, n.dim);
}

/* A step's slice of a sequence. */
static Ref
slice_of(Graph *body, const Graph *g, Ref all, int axis)
{
    Node n = *ir_node(g, all);
    for (int a = axis; a + 1 < n.rank; a++)
        n.dim[a] = n.dim[a + 1];
    return ir_leaf(body, OP_input, "x", n.dtype, n.rank - 1, n.dim);
}

static Ref
times(Graph *g, Ref w, Ref v)
{
    return ir_contract(g, w, (int8_t[]){0, 1}, v, (int8_t[]){1}, 1,
                       (int8_t[]){0});
}

static Ref
join(Graph *g, Op op, Ref a, Ref b)
{
    return ir_map(g, op, a, b, REF_NONE);
}

/* h = tanh(W * h + x): all results beside the last. */
Ref
body_loop(Graph *g, const Case *test, const Ref *x)
{
    (void)test;
    Graph *body = ir_graph(g->context, g->dims, "body");
    Ref in = slice_of(body, g, x[0], 1);
    Ref h = input_of(body, g, x[2], "h");
    Ref w = input_of(body, g, x[1], "W");
    Ref next = join(body, OP_add, times(body, w, h), in);
    next = ir_map(body, OP_tanh, next, REF_NONE, REF_NONE);
    ir_output(body, "h", next, REF_NONE);
    ir_output(body, "y", join(body, OP_mul, next, in), REF_NONE);
    Scan scan = {.extent = 5,
                 .sequences = 1,
                 .states = 1,
                 .results = 1,
                 .axis = (int8_t[]){1, 1},
                 .operand = (Ref[]){x[0], x[2], x[1]}};
    Ref loop = ir_scan(g, &scan, 3, body);
    Ref all = ir_part(g, loop, 1);
    Ref last = ir_part(g, loop, 0);
    Node n = *ir_node(g, all);
    last = ir_broadcast(g, last, n.rank, n.dim, (int8_t[]){0});
    return join(g, OP_mul, all, last);
}

/* Two states, one the other's last value; a bias; from the last step back; the
 * results along the first axis.
 */
Ref
body_loop_back(Graph *g, const Case *test, const Ref *x)
{
    (void)test;
    Graph *body = ir_graph(g->context, g->dims, "body");
    Ref in = slice_of(body, g, x[0], 0);
    Ref c = input_of(body, g, x[2], "c");
    Ref d = input_of(body, g, x[2], "d");
    Ref p = input_of(body, g, x[1], "p");
    Ref next = join(body, OP_mul, ir_map(body, OP_sin, d, -1, -1), p);
    next = join(body, OP_add, join(body, OP_add, next, in), c);
    ir_output(body, "c", next, REF_NONE);
    ir_output(body, "d", c, REF_NONE);
    ir_output(body, "y", join(body, OP_mul, d, in), REF_NONE);
    Scan scan = {.extent = 4,
                 .backward = true,
                 .sequences = 1,
                 .states = 2,
                 .results = 1,
                 .axis = (int8_t[]){0, 0},
                 .operand = (Ref[]){x[0], x[2], x[2], x[1]}};
    return ir_part(g, ir_scan(g, &scan, 4, body), 2);
}

/* The rows of each step, one after the other. */
Ref
body_loop_nested(Graph *g, const Case *test, const Ref *x)
{
    (void)test;
    Graph *body = ir_graph(g->context, g->dims, "body");
    Ref in = slice_of(body, g, x[0], 2);
    Ref h = input_of(body, g, x[2], "h");
    Ref w = input_of(body, g, x[1], "W");
    Graph *inner = ir_graph(g->context, g->dims, "inner");
    Ref row = slice_of(inner, body, in, 1);
    Ref own = input_of(inner, body, h, "h");
    Ref v = input_of(inner, body, w, "W");
    Ref next = join(inner, OP_add, times(inner, v, own), row);
    ir_output(inner, "h", ir_map(inner, OP_tanh, next, -1, -1), REF_NONE);
    ir_output(inner, "y", join(inner, OP_mul, next, next), REF_NONE);
    Scan scan = {.extent = 4,
                 .sequences = 1,
                 .states = 1,
                 .results = 1,
                 .axis = (int8_t[]){1, 1},
                 .operand = (Ref[]){in, h, w}};
    Ref loop = ir_scan(body, &scan, 3, inner);
    ir_output(body, "h", ir_part(body, loop, 0), REF_NONE);
    ir_output(body, "y", ir_reduce(body, OP_sum, ir_part(body, loop, 1), 2),
              REF_NONE);
    scan = (Scan){.extent = 3,
                  .sequences = 1,
                  .states = 1,
                  .results = 1,
                  .axis = (int8_t[]){2, 1},
                  .operand = (Ref[]){x[0], x[2], x[1]}};
    loop = ir_scan(g, &scan, 3, body);
    return ir_part(g, loop, 1);
}
