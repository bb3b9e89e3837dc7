/* The partial derivatives of elementwise operations: the rows of ops.def as
 * nodes, for reverse and forward mode alike.
 */
#include "pass/pass.h"

/* Partial derivatives that are no nodes. */
#define ZERO      ((Ref)-2)
#define ONE       ((Ref)-3)
#define MINUS_ONE ((Ref)-4)

/* Operands that wait while the other one is made. C leaves open which argument
 * of a call comes first; here it is the right one, whatever the compiler, so
 * that the nodes have the same numbers everywhere.
 */
typedef struct {
    Ref ref[8];
    int count;
} Held;

static void
hold(Held *held, Ref ref)
{
    held->ref[held->count++] = ref;
}

static Ref
join(Graph *g, Held *held, Op op)
{
    held->count -= 2;
    const Ref *ref = &held->ref[held->count];
    return ir_map(g, op, ref[1], ref[0], REF_NONE);
}

static Ref
join3(Graph *g, Held *held, Op op)
{
    held->count -= 3;
    const Ref *ref = &held->ref[held->count];
    return ir_map(g, op, ref[2], ref[1], ref[0]);
}

#define UNARY(op, u)     ir_map(g, op, u, REF_NONE, REF_NONE)
#define BINARY(op, u, v) (hold(&held, v), hold(&held, u), join(g, &held, op))
#define REAL(c)          ir_fill(g, a, c)
#define MUL(u, v)        BINARY(OP_mul, u, v)
#define ADD(u, v)        BINARY(OP_add, u, v)
#define SUB(u, v)        BINARY(OP_sub, u, v)
#define DIV(u, v)        BINARY(OP_div, u, v)
#define POW(u, v)        BINARY(OP_pow, u, v)
#define EQ(u, v)         BINARY(OP_eq, u, v)
#define SELECT(c, u, v)                                                        \
    (hold(&held, v), hold(&held, u), hold(&held, c), join3(g, &held, OP_select))
#define GT(u, v) BINARY(OP_gt, u, v)
#define LT(u, v) BINARY(OP_lt, u, v)
#define NEG(u)   UNARY(OP_neg, u)
#define NOT(u)   UNARY(OP_not, u)
#define EXP(u)   UNARY(OP_exp, u)
#define ERF(u)   UNARY(OP_erf, u)
#define LOG(u)   UNARY(OP_log, u)
#define SIN(u)   UNARY(OP_sin, u)
#define COS(u)   UNARY(OP_cos, u)
#define SIGN(u)  UNARY(OP_sign, u)
#define SIGMA(u) UNARY(OP_sigma, u)

/* The partial derivative of y = op(a, b, c) by its operand k. */
static Ref
partial(Graph *g, Op op, int k, Ref a, Ref b, Ref y)
{
    Held held = {.count = 0};
    switch ((int)op) { /* rows of other classes have none */
#define PARTIAL_MAP(name, da, db)                                              \
    case OP_##name:                                                            \
        return k == 0 ? (da) : k == 1 ? (db) : ONE;
#define PARTIAL_LEAF(name, da, db)
#define PARTIAL_COMPARE(name, da, db)
#define PARTIAL_SHAPE(name, da, db)
#define PARTIAL_REDUCE(name, da, db)
#define PARTIAL_CONTRACT(name, da, db)
#define PARTIAL_LOOP(name, da, db)
#define OP(name, class, operands, text, da, db) PARTIAL_##class(name, da, db)
#include "ir/ops.def"
#undef OP
    }
    return ZERO;
}

/* u times a partial derivative; `mark` is the graph's size before the partial
 * was built.
 */
static Ref
times(Graph *g, Ref by, Ref u, size_t mark)
{
    if (by == ZERO)
        return REF_NONE;
    if (by == ONE)
        return u;
    if (by == MINUS_ONE)
        return NEG(u);
    Node n = *ir_node(g, by);
    if (n.dtype == DTYPE_bool && n.op == OP_not)
        return ir_map(g, OP_select, n.operand[0], ir_fill(g, u, 0), u);
    if (n.dtype == DTYPE_bool)
        return ir_map(g, OP_select, by, u, ir_fill(g, u, 0));
    double numerator = 0;
    if (n.op == OP_div && pass_filled(g, n.operand[0], &numerator) &&
        numerator == 1) {
        /* u / b rounds once less than u * (1 / b). */
        if ((size_t)n.operand[1] < mark)
            g->node.count = mark;
        return ir_map(g, OP_div, u, n.operand[1], REF_NONE);
    }
    return ir_map(g, OP_mul, u, by, REF_NONE);
}

Ref
diff_elementwise(Graph *g, Ref user, int k, Ref u)
{
    Node n = *ir_node(g, user);
    size_t mark = g->node.count;
    Ref by = partial(g, n.op, k, n.operand[0], n.operand[1], user);
    return times(g, by, u, mark);
}
