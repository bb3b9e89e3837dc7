/* Identities that hold in floating point, to the bit.
 *
 * Every node is made through the rules, which look at its operands only; as
 * those are in their simplest form already, one sweep leaves nothing to do. Any
 * NaN counts as equal to any other. What does not hold has no rule: x + 0
 * (-0 + 0 is 0), 0 * x, x - x, -(x - y).
 */
#include "pass/simplify/simplify.h"

#include <math.h>
#include <string.h>

static bool
is_op(const Graph *g, Ref ref, Op op)
{
    return ir_node(g, ref)->op == op;
}

static Ref
below(const Graph *g, Ref ref)
{
    return ir_node(g, ref)->operand[0];
}

Ref
simplify_again(Graph *g, Ref ref)
{
    if ((size_t)ref + 1 != g->node.count)
        return ref;
    Node n = *ir_node(g, ref);
    g->node.count--;
    return simplify_make(g, &n);
}

static Ref
make_map(Graph *g, Op op, Ref a, Ref b, Ref c)
{
    return simplify_again(g, ir_map(g, op, a, b, c));
}

static Ref
make_neg(Graph *g, Ref a)
{
    return make_map(g, OP_neg, a, REF_NONE, REF_NONE);
}

static Ref
rule_add(Graph *g, const Node *n)
{
    Ref a = n->operand[0];
    Ref b = n->operand[1];
    double zero = dtype_real(n->dtype) ? -0.0 : 0.0;
    if (pass_is_filled(g, b, zero))
        return a;
    if (pass_is_filled(g, a, zero))
        return b;
    if (!dtype_real(n->dtype))
        return REF_NONE;
    if (is_op(g, b, OP_neg))
        return make_map(g, OP_sub, a, below(g, b), REF_NONE);
    if (is_op(g, a, OP_neg))
        return make_map(g, OP_sub, b, below(g, a), REF_NONE);
    return REF_NONE;
}

/* x of (x + c) - c, which whole numbers that wrap give back: an index from 1 is
 * one from 0.
 */
static Ref
without_added(const Graph *g, Ref a, Ref b)
{
    double c;
    Node sum = *ir_node(g, a);
    if (dtype_real(sum.dtype) || sum.op != OP_add || !pass_filled(g, b, &c))
        return REF_NONE;
    if (pass_is_filled(g, sum.operand[1], c))
        return sum.operand[0];
    return pass_is_filled(g, sum.operand[0], c) ? sum.operand[1] : REF_NONE;
}

static Ref
rule_sub(Graph *g, const Node *n)
{
    Ref a = n->operand[0];
    Ref b = n->operand[1];
    Ref without = without_added(g, a, b);
    if (without != REF_NONE)
        return without;
    if (pass_is_filled(g, b, 0.0))
        return a;
    if (dtype_real(n->dtype) && is_op(g, b, OP_neg))
        return make_map(g, OP_add, a, below(g, b), REF_NONE);
    return REF_NONE;
}

/* Products and quotients: 1, -1, and signs drawn out. */
static Ref
rule_mul_div(Graph *g, const Node *n)
{
    Ref a = n->operand[0];
    Ref b = n->operand[1];
    bool mul = n->op == OP_mul;
    if (pass_is_filled(g, b, 1))
        return a;
    if (mul && pass_is_filled(g, a, 1))
        return b;
    if (!dtype_real(n->dtype))
        return REF_NONE;
    if (pass_is_filled(g, b, -1))
        return make_neg(g, a);
    if (mul && pass_is_filled(g, a, -1))
        return make_neg(g, b);
    if (is_op(g, a, OP_neg))
        return make_neg(g, make_map(g, n->op, below(g, a), b, REF_NONE));
    if (is_op(g, b, OP_neg))
        return make_neg(g, make_map(g, n->op, a, below(g, b), REF_NONE));
    return REF_NONE;
}

static Ref
rule_unary(Graph *g, const Node *n)
{
    Ref a = n->operand[0];
    Op under = ir_node(g, a)->op;
    if (n->op == OP_stop)
        return a;
    if (n->op == OP_not && under == OP_not)
        return below(g, a);
    if (n->op == OP_not && (under == OP_eq || under == OP_ne)) {
        Node c = *ir_node(g, a);
        return make_map(g, under == OP_eq ? OP_ne : OP_eq, c.operand[0],
                        c.operand[1], REF_NONE);
    }
    if (!dtype_real(n->dtype))
        return REF_NONE;
    if (n->op == OP_neg && under == OP_neg)
        return below(g, a);
    if (n->op == OP_abs && under == OP_abs)
        return a;
    if (n->op == OP_abs && under == OP_neg)
        return make_map(g, OP_abs, below(g, a), REF_NONE, REF_NONE);
    return REF_NONE;
}

static Ref
rule_cast(Graph *g, const Node *n)
{
    Ref a = n->operand[0];
    Node u = *ir_node(g, a);
    if (u.dtype == n->dtype)
        return a;
    /* An f64 holds every f32, i32 and u32. */
    if (u.op == OP_cast && u.dtype == DTYPE_f64 && n->dtype != DTYPE_bool &&
        ir_node(g, u.operand[0])->dtype == n->dtype)
        return u.operand[0];
    return REF_NONE;
}

static Ref
rule_bool(Graph *g, const Node *n)
{
    Ref a = n->operand[0];
    Ref b = n->operand[1];
    double neutral = n->op == OP_and;
    if (a == b || pass_is_filled(g, b, neutral) ||
        pass_is_filled(g, a, 1 - neutral))
        return a;
    if (pass_is_filled(g, a, neutral) || pass_is_filled(g, b, 1 - neutral))
        return b;
    return REF_NONE;
}

/* Whether a node is a spread number from 0 on. */
static bool
is_count(const Graph *g, Ref ref)
{
    while (is_op(g, ref, OP_broadcast) || is_op(g, ref, OP_reshape) ||
           is_op(g, ref, OP_permute))
        ref = below(g, ref);
    return is_op(g, ref, OP_iota);
}

static Ref
spread_like(Graph *g, Ref ref, const Node *to, const Node *spread)
{
    return simplify_again(
        g, ir_broadcast(g, ref, to->rank, to->dim, spread->as.map));
}

/* What goes to one place, where c holds, as behind relu(maximum(x)): with a
 * place of -1, which is none, where c does not hold, the way back needs the
 * places alone.
 */
static Ref
rule_place(Graph *g, const Node *n)
{
    Node m = *ir_node(g, n->operand[0]);
    Node d = *ir_node(g, n->operand[1]);
    if (m.op != OP_eq || d.op != OP_broadcast ||
        !pass_is_filled(g, n->operand[2], 0.0) || !is_count(g, m.operand[0]))
        return REF_NONE;
    Node place = *ir_node(g, m.operand[1]);
    Node given = *ir_node(g, d.operand[0]);
    if (place.op != OP_broadcast || given.op != OP_select ||
        place.dtype != DTYPE_i32 ||
        !ir_same_shape(g, place.operand[0], d.operand[0]) ||
        memcmp(place.as.map, d.as.map, sizeof d.as.map) != 0 ||
        !pass_is_filled(g, given.operand[2], 0.0))
        return REF_NONE;
    Node like = *ir_node(g, place.operand[0]);
    Ref some = make_map(g, OP_select, given.operand[0], place.operand[0],
                        simplify_fill(g, &like, -1));
    some = spread_like(g, some, n, &d);
    Ref is = make_map(g, OP_eq, m.operand[0], some, REF_NONE);
    return make_map(g, OP_select, is, spread_like(g, given.operand[1], n, &d),
                    n->operand[2]);
}

static Ref
rule_select(Graph *g, const Node *n)
{
    Ref m = n->operand[0];
    Ref b = n->operand[1];
    Ref c = n->operand[2];
    if (b == c || pass_is_filled(g, m, 1))
        return b;
    if (pass_is_filled(g, m, 0))
        return c;
    if (is_op(g, m, OP_not))
        return make_map(g, OP_select, below(g, m), c, b);
    if (is_op(g, b, OP_select) && below(g, b) == m)
        return make_map(g, OP_select, m, ir_node(g, b)->operand[1], c);
    if (is_op(g, c, OP_select) && below(g, c) == m)
        return make_map(g, OP_select, m, b, ir_node(g, c)->operand[2]);
    return rule_place(g, n);
}

/* An elementwise operation on constants, by the interpreter: the value is what
 * a run would give.
 */
static Ref
rule_fold(Graph *g, const Node *n)
{
    Ref c[3] = {REF_NONE, REF_NONE, REF_NONE};
    double value[3] = {0};
    for (int k = 0; k < n->operands; k++)
        if (!pass_filled(g, n->operand[k], &value[k]))
            return REF_NONE;
    Graph *scalar = ir_graph(g->context, g->dims, g->name);
    for (int k = 0; k < n->operands; k++)
        c[k] = ir_const(scalar, ir_node(g, n->operand[k])->dtype, value[k]);
    Ref y = n->op == OP_cast ? ir_cast(scalar, c[0], n->dtype)
                             : ir_map(scalar, n->op, c[0], c[1], c[2]);
    ir_output(scalar, "y", y, REF_NONE);

    Arena arena = {0};
    int64_t symbol[DIM_SYMBOLS] = {0};
    RunOptions options = {.symbol = symbol};
    Tensor result = {0};
    const char *fault = ir_interpret(scalar, NULL, &options, &arena, &result);
    if (fault != NULL)
        base_out_of_memory(); /* a scalar has no other */
    double folded = tensor_get(&result, 0);
    arena_free(&arena);
    return isfinite(folded) ? simplify_fill(g, n, folded) : REF_NONE;
}

/* op(spread of x, …) = spread of op(x, …): fewer elements to compute. All
 * operands are spread alike or constant.
 */
static Ref
rule_spread(Graph *g, const Node *n)
{
    Node spread = {.op = OP_const};
    double value[3] = {0};
    bool filled[3] = {false};
    for (int k = 0; k < n->operands; k++) {
        Node u = *ir_node(g, n->operand[k]);
        filled[k] = pass_filled(g, n->operand[k], &value[k]);
        if (filled[k])
            continue;
        if (u.op != OP_broadcast)
            return REF_NONE;
        if (spread.op == OP_broadcast &&
            (!ir_same_shape(g, u.operand[0], spread.operand[0]) ||
             memcmp(u.as.map, spread.as.map, sizeof u.as.map) != 0))
            return REF_NONE;
        spread = u;
    }
    if (spread.op != OP_broadcast)
        return REF_NONE;
    Node small = *n;
    Node like = *ir_node(g, spread.operand[0]);
    for (int k = 0; k < n->operands; k++) {
        Node u = *ir_node(g, n->operand[k]);
        like.dtype = u.dtype;
        small.operand[k] =
            filled[k] ? simplify_fill(g, &like, value[k]) : u.operand[0];
    }
    small.rank = like.rank;
    memcpy(small.dim, like.dim, sizeof small.dim);
    return spread_like(g, simplify_make(g, &small), n, &spread);
}

static Ref
rule_map(Graph *g, const Node *n)
{
    Ref ref = REF_NONE;
    if (n->op == OP_add)
        ref = rule_add(g, n);
    else if (n->op == OP_sub)
        ref = rule_sub(g, n);
    else if (n->op == OP_mul || n->op == OP_div)
        ref = rule_mul_div(g, n);
    else if (n->op == OP_cast)
        ref = rule_cast(g, n);
    else if (n->op == OP_and || n->op == OP_or)
        ref = rule_bool(g, n);
    else if (n->op == OP_select)
        ref = rule_select(g, n);
    else if ((n->op == OP_max || n->op == OP_min) &&
             n->operand[0] == n->operand[1])
        ref = n->operand[0];
    else if (n->operands == 1)
        ref = rule_unary(g, n);
    if (ref == REF_NONE)
        ref = rule_fold(g, n);
    return ref != REF_NONE ? ref : rule_spread(g, n);
}

Ref
simplify_make(Graph *g, const Node *node)
{
    Node n = *node;
    Ref ref = REF_NONE;
    switch (op_info[n.op].class) {
    case CLASS_MAP:
    case CLASS_COMPARE:
        ref = rule_map(g, &n);
        break;
    case CLASS_SHAPE:
        ref = simplify_shape(g, &n);
        break;
    case CLASS_CONTRACT:
        ref = simplify_contract(g, &n);
        break;
    case CLASS_LEAF:
        if (n.op == OP_extent && dim_known(n.as.extent))
            ref = ir_const(g, n.dtype, (double)n.as.extent);
        break;
    case CLASS_REDUCE:
    case CLASS_LOOP:
        break;
    }
    return ref != REF_NONE ? ref : pass_append(g, &n);
}

Graph *
pass_simplify(const Graph *from)
{
    Graph *g = ir_graph_like(from);
    Ref *map = ARENA_ARRAY(from->arena, Ref, from->node.count);
    for (size_t i = 0; i < from->node.count; i++) {
        Ref copy = ir_copy(g, from, (Ref)i, map);
        Node n = *ir_node(g, copy);
        g->span = n.span;
        g->frame = n.frame;
        map[i] = op_given(n.op) ? copy : simplify_again(g, copy);
    }
    pass_outputs(g, from, map);
    pass_bodies(g, pass_simplify);
    return pass_dce(g);
}
