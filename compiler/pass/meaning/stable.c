/* Stable forms: what users write as mathematics, computed so that it neither
 * overflows nor loses digits. This changes bits, so it always runs, on the
 * sample's graph and before differentiation: that of an inner gradient, too.
 *
 *     log(sum(exp(u)))        m + log(sum(exp(u - m))), m = maximum(u)
 *     exp(u) / sum(exp(u))    the same with u - m for u
 *     log(exp(u)/sum(exp(u))) u - log(sum(exp(u)))
 *     log(1 + exp(x))         softplus(x), and log1p(exp(x))
 *     1 / (1 + exp(-x))       sigma(x), and exp(x) / (1 + exp(x))
 *     1 - sigma(x)            sigma(-x)
 *     log(sigma(x))           -softplus(-x)
 *
 * The third is also that of exp(u) * (1 / sum(exp(u))). Moves of data between
 * the parts of a form are looked through.
 */
#include "pass/pass.h"

#include <math.h>

enum { STABLE_MOVES = 8 };

/* Moves of data that lie over a node, the outermost first. */
typedef struct {
    Ref move[STABLE_MOVES];
    int count;
} Moves;

static bool
is_move(Op op)
{
    return op == OP_broadcast || op == OP_reshape || op == OP_permute ||
           op == OP_slice || op == OP_reverse;
}

/* The node below the moves over `ref`, which go below those there are. */
static Ref
look_further(const Graph *g, Ref ref, Moves *moves)
{
    while (is_move(ir_node(g, ref)->op) && moves->count < STABLE_MOVES) {
        moves->move[moves->count++] = ref;
        ref = ir_node(g, ref)->operand[0];
    }
    return ref;
}

/* The node below the moves over `ref`. */
static Ref
look_through(const Graph *g, Ref ref, Moves *moves)
{
    moves->count = 0;
    return look_further(g, ref, moves);
}

/* The same moves over another node of the same shape. */
static Ref
move_again(Graph *g, const Moves *moves, Ref ref)
{
    for (int i = moves->count; i-- > 0;) {
        Node n = *ir_node(g, moves->move[i]);
        n.operand[0] = ref;
        ref = pass_append(g, &n);
    }
    return ref;
}

static Ref
unary(Graph *g, Op op, Ref u)
{
    return ir_map(g, op, u, REF_NONE, REF_NONE);
}

static Ref
binary(Graph *g, Op op, Ref u, Ref v)
{
    return ir_map(g, op, u, v, REF_NONE);
}

static Ref
negate(Graph *g, Ref u)
{
    const Node *n = ir_node(g, u);
    return n->op == OP_neg ? n->operand[0] : unary(g, OP_neg, u);
}

static bool
is_one(const Graph *g, Ref ref)
{
    double value = 0;
    return pass_filled(g, ref, &value) && value == 1;
}

/* The x of 1 + exp(x) or exp(x) + 1, else REF_NONE. */
static Ref
one_plus_exp(const Graph *g, Ref ref)
{
    const Node *n = ir_node(g, ref);
    for (int k = 0; n->op == OP_add && k < 2; k++) {
        const Node *e = ir_node(g, n->operand[k]);
        if (e->op == OP_exp && is_one(g, n->operand[1 - k]))
            return e->operand[0];
    }
    return REF_NONE;
}

/* Whether u is v - (the maximum of v along axes, however spread). */
static bool
is_shifted(const Graph *g, Ref u, uint32_t axes)
{
    Node n = *ir_node(g, u);
    if (n.op != OP_sub)
        return false;
    const Node *m = ir_node(g, n.operand[1]);
    while (is_move(m->op) || m->op == OP_stop || m->op == OP_select)
        m = ir_node(g, m->operand[m->op == OP_select ? 1 : 0]);
    return m->op == OP_maximum && m->as.axes == axes &&
           m->operand[0] == n.operand[0];
}

/* u - m, where *shift = m is the finite maximum of u along axes, else 0: an
 * infinite maximum would turn u - m into NaN.
 */
static Ref
shift_down(Graph *g, Ref u, uint32_t axes, Ref *shift)
{
    Ref m = ir_reduce(g, OP_maximum, u, axes);
    Ref infinity = ir_fill(g, m, HUGE_VAL);
    Ref finite = binary(g, OP_lt, unary(g, OP_abs, m), infinity);
    m = ir_map(g, OP_select, finite, m, ir_fill(g, m, 0));
    m = unary(g, OP_stop, m);
    Node n = *ir_node(g, u);
    int8_t map[IR_RANK] = {0};
    int kept = 0;
    for (int a = 0; a < n.rank; a++)
        if (!(axes >> a & 1))
            map[kept++] = (int8_t)a;
    *shift = m;
    return binary(g, OP_sub, u, ir_broadcast(g, m, n.rank, n.dim, map));
}

/* Whether a sum is one of exp(u) with u shifted along the sum's axes. */
static bool
is_shifted_sum(const Graph *g, const Node *sum)
{
    const Node *e = ir_node(g, sum->operand[0]);
    return e->op == OP_exp && is_shifted(g, e->operand[0], sum->as.axes);
}

/* log(s) of s = sum(exp(u)), else REF_NONE. */
static Ref
log_sum_exp(Graph *g, Ref s)
{
    Node n = *ir_node(g, s);
    if (n.op != OP_sum || ir_node(g, n.operand[0])->op != OP_exp)
        return REF_NONE;
    Ref u = ir_node(g, n.operand[0])->operand[0];
    if (is_shifted(g, u, n.as.axes))
        return unary(g, OP_log, s);
    Ref m = REF_NONE;
    Ref e = unary(g, OP_exp, shift_down(g, u, n.as.axes, &m));
    Ref sum = ir_reduce(g, OP_sum, e, n.as.axes);
    return binary(g, OP_add, m, unary(g, OP_log, sum));
}

/* The sum of exp(u) / sum(exp(u)) or exp(u) * (1 / sum(exp(u))), and the moves
 * over it; else REF_NONE.
 */
static Ref
softmax_sum(const Graph *g, const Node *n, Moves *moves)
{
    if ((n->op != OP_div && n->op != OP_mul) ||
        ir_node(g, n->operand[0])->op != OP_exp)
        return REF_NONE;
    Ref s = look_through(g, n->operand[1], moves);
    if (n->op == OP_mul) {
        const Node *inverse = ir_node(g, s);
        if (inverse->op != OP_div || !is_one(g, inverse->operand[0]))
            return REF_NONE;
        s = look_further(g, inverse->operand[1], moves);
    }
    const Node *sum = ir_node(g, s);
    bool same = sum->op == OP_sum && sum->operand[0] == n->operand[0];
    return same ? s : REF_NONE;
}

/* log of either, else REF_NONE. */
static Ref
log_softmax(Graph *g, Ref quotient)
{
    Moves moves;
    Node n = *ir_node(g, quotient);
    Ref s = softmax_sum(g, &n, &moves);
    if (s == REF_NONE)
        return REF_NONE;
    Ref u = ir_node(g, n.operand[0])->operand[0];
    return binary(g, OP_sub, u, move_again(g, &moves, log_sum_exp(g, s)));
}

/* A stable form of log(x), else REF_NONE. */
static Ref
stable_log(Graph *g, Ref log)
{
    Moves moves;
    Ref x = look_through(g, ir_node(g, log)->operand[0], &moves);
    Node n = *ir_node(g, x);
    Ref form = REF_NONE;
    if (n.op == OP_sum && !is_shifted_sum(g, &n))
        form = log_sum_exp(g, x);
    else if (n.op == OP_div || n.op == OP_mul)
        form = log_softmax(g, x);
    else if (n.op == OP_sigma)
        form = unary(g, OP_neg, unary(g, OP_softplus, negate(g, n.operand[0])));
    else if (one_plus_exp(g, x) != REF_NONE)
        form = unary(g, OP_softplus, one_plus_exp(g, x));
    return form == REF_NONE ? REF_NONE : move_again(g, &moves, form);
}

/* log1p(exp(x)). */
static Ref
stable_log1p(Graph *g, Ref log)
{
    Moves moves;
    Ref e = look_through(g, ir_node(g, log)->operand[0], &moves);
    Node n = *ir_node(g, e);
    if (n.op != OP_exp)
        return REF_NONE;
    return move_again(g, &moves, unary(g, OP_softplus, n.operand[0]));
}

/* exp(u) / sum(exp(u)) where u is not shifted yet, 1 / (1 + exp(x)) and
 * exp(x) / (1 + exp(x)).
 */
static Ref
stable_div(Graph *g, Ref quotient)
{
    Moves moves;
    Node n = *ir_node(g, quotient);
    Ref x = one_plus_exp(g, n.operand[1]);
    if (x != REF_NONE && is_one(g, n.operand[0]))
        return unary(g, OP_sigma, negate(g, x));
    Node over = *ir_node(g, n.operand[0]);
    if (x != REF_NONE && over.op == OP_exp && over.operand[0] == x)
        return unary(g, OP_sigma, x);

    Ref s = softmax_sum(g, &n, &moves);
    if (s == REF_NONE || is_shifted_sum(g, ir_node(g, s)))
        return REF_NONE;
    Ref m = REF_NONE;
    uint32_t axes = ir_node(g, s)->as.axes;
    Ref e = unary(g, OP_exp, shift_down(g, over.operand[0], axes, &m));
    Ref sum = ir_reduce(g, OP_sum, e, axes);
    return binary(g, OP_div, e, move_again(g, &moves, sum));
}

/* 1 - sigma(x). */
static Ref
stable_sub(Graph *g, Ref difference)
{
    Moves moves;
    Node n = *ir_node(g, difference);
    Ref s = look_through(g, n.operand[1], &moves);
    if (!is_one(g, n.operand[0]) || ir_node(g, s)->op != OP_sigma)
        return REF_NONE;
    Ref x = ir_node(g, s)->operand[0];
    return move_again(g, &moves, unary(g, OP_sigma, negate(g, x)));
}

/* The stable form of a node, behind it; REF_NONE where it has none. */
static Ref
stable_form(Graph *g, Ref ref)
{
    Span span = g->span;
    const Frame *frame = g->frame;
    Ref form = REF_NONE;
    g->span = ir_node(g, ref)->span;
    g->frame = ir_node(g, ref)->frame;
    if (ir_node(g, ref)->op == OP_log)
        form = stable_log(g, ref);
    else if (ir_node(g, ref)->op == OP_log1p)
        form = stable_log1p(g, ref);
    else if (ir_node(g, ref)->op == OP_div)
        form = stable_div(g, ref);
    else if (ir_node(g, ref)->op == OP_sub)
        form = stable_sub(g, ref);
    g->span = span;
    g->frame = frame;
    return form;
}

/* Node r, computed from what map has for its operands, in its stable form. */
static Ref
stable_again(Graph *g, Ref r, const Ref *map)
{
    const Node *n = ir_node(g, r);
    bool changed = false;
    for (int i = 0; i < n->operands; i++)
        changed = changed || map[ir_operand(n, i)] != ir_operand(n, i);
    Ref copy = changed ? ir_copy(g, g, r, map) : r;
    Ref form = stable_form(g, copy);
    return form == REF_NONE ? copy : form;
}

Ref
stable_node(Graph *g, Ref ref, const Ref *wrt, int count)
{
    Arena *arena = &g->context->arena;
    Ref *map = ARENA_ARRAY(arena, Ref, ref + 1);
    bool *depends = ARENA_ARRAY(arena, bool, ref + 1);
    Node *hidden = ARENA_ARRAY(arena, Node, count);
    /* A form that saw what wrt is computed from would pass it by. */
    for (int i = 0; i < count; i++) {
        hidden[i] = *ir_node(g, wrt[i]);
        ir_node(g, wrt[i])->op = OP_input;
        ir_node(g, wrt[i])->operands = 0;
    }
    for (Ref r = 0; r <= ref; r++) {
        const Node *n = ir_node(g, r);
        map[r] = r;
        for (int i = 0; i < n->operands; i++)
            depends[r] = depends[r] || depends[ir_operand(n, i)];
        if (depends[r])
            map[r] = stable_again(g, r, map);
        for (int i = 0; i < count; i++)
            depends[r] = depends[r] || wrt[i] == r;
    }
    for (int i = count; i-- > 0;)
        *ir_node(g, wrt[i]) = hidden[i];
    return map[ref];
}

Graph *
pass_stable(const Graph *from)
{
    Graph *g = ir_graph_like(from);
    Ref *map = ARENA_ARRAY(&from->context->arena, Ref, from->node.count);
    for (size_t i = 0; i < from->node.count; i++) {
        Ref copy = ir_copy(g, from, (Ref)i, map);
        Ref form = stable_form(g, copy);
        map[i] = form == REF_NONE ? copy : form;
    }
    pass_outputs(g, from, map);
    pass_bodies(g, pass_stable);
    return pass_dce(g);
}
