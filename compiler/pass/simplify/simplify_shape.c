/* Identities of moves of data: none changes an element, so all hold. */
#include "pass/simplify/simplify.h"

#include <math.h>
#include <string.h>

static const int64_t unit_steps[IR_RANK] = {1, 1, 1, 1, 1, 1, 1, 1};

static bool
same_dims(const Node *a, const Node *b)
{
    return a->rank == b->rank &&
           memcmp(a->dim, b->dim, (size_t)a->rank * sizeof a->dim[0]) == 0;
}

Ref
simplify_fill(Graph *g, const Node *like, double value)
{
    Ref c = ir_const(g, like->dtype, value);
    if (like->rank == 0)
        return c;
    return ir_broadcast(g, c, like->rank, like->dim, NULL);
}

/* The extents that are not 1, in order; gives their number. */
static int
real_extents(const Node *n, Dim *extent)
{
    int count = 0;
    for (int a = 0; a < n->rank; a++)
        if (n->dim[a] != 1)
            extent[count++] = n->dim[a];
    return count;
}

/* Whether two shapes differ only in axes of extent 1. */
static bool
same_but_units(const Node *a, const Node *b)
{
    Dim x[IR_RANK];
    Dim y[IR_RANK];
    int count = real_extents(a, x);
    return real_extents(b, y) == count &&
           memcmp(x, y, (size_t)count * sizeof x[0]) == 0;
}

static Ref
make_reshape(Graph *g, Ref u, int rank, const Dim *dim)
{
    return simplify_again(g, ir_reshape(g, u, rank, dim));
}

/* A reshape of a broadcast that only adds or drops axes of extent 1 is a
 * broadcast; its operand has no such axes (rule_broadcast).
 */
static Ref
reshape_broadcast(Graph *g, const Node *n, const Node *b)
{
    int8_t at[IR_RANK] = {0};  /* the result's axis of each real extent */
    int8_t map[IR_RANK] = {0}; /* … of each axis of the broadcast's operand */
    int rank = ir_node(g, b->operand[0])->rank;
    int count = 0;
    for (int a = 0; a < n->rank; a++)
        if (n->dim[a] != 1)
            at[count++] = (int8_t)a;
    for (int k = 0; k < rank; k++) {
        int before = 0;
        for (int a = 0; a < b->as.map[k]; a++)
            before += b->dim[a] != 1;
        map[k] = at[before];
    }
    Ref u = ir_broadcast(g, b->operand[0], n->rank, n->dim, map);
    return simplify_again(g, u);
}

static Ref
rule_reshape(Graph *g, const Node *n)
{
    Ref a = n->operand[0];
    Node u = *ir_node(g, a);
    if (same_dims(n, &u))
        return a;
    if (u.op == OP_reshape)
        return make_reshape(g, u.operand[0], n->rank, n->dim);
    if (u.op == OP_broadcast && same_but_units(n, &u))
        return reshape_broadcast(g, n, &u);
    return REF_NONE;
}

static Ref
rule_broadcast(Graph *g, const Node *n)
{
    Ref a = n->operand[0];
    Node u = *ir_node(g, a);
    if (same_dims(n, &u))
        return a;
    if (same_but_units(n, &u))
        return make_reshape(g, a, n->rank, n->dim);
    int8_t map[IR_RANK] = {0};
    if (u.op == OP_broadcast) {
        int rank = ir_node(g, u.operand[0])->rank;
        for (int k = 0; k < rank; k++)
            map[k] = n->as.map[u.as.map[k]];
        a = ir_broadcast(g, u.operand[0], n->rank, n->dim, map);
        return simplify_again(g, a);
    }
    Dim extent[IR_RANK];
    int rank = real_extents(&u, extent);
    if (rank == u.rank)
        return REF_NONE;
    int count = 0;
    for (int k = 0; k < u.rank; k++)
        if (u.dim[k] != 1)
            map[count++] = n->as.map[k];
    a = make_reshape(g, a, rank, extent);
    return simplify_again(g, ir_broadcast(g, a, n->rank, n->dim, map));
}

/* A permutation of joined axes of a permutation: the axes move before they are
 * joined, so that two permutations, which take a copy each, become one.
 */
static Ref
permute_joined(Graph *g, const Node *n, const Node *reshape)
{
    Node from = *ir_node(g, reshape->operand[0]);
    int first[IR_RANK + 1];
    int8_t map[IR_RANK];
    int count = 0;
    if (from.op != OP_permute || !pass_axes_joined(g, reshape, &from, first) ||
        first[reshape->rank] != from.rank)
        return REF_NONE;
    for (int k = 0; k < n->rank; k++) {
        int a = n->as.map[k];
        for (int b = first[a]; b < first[a + 1]; b++)
            map[count++] = (int8_t)b;
    }
    Ref moved = ir_permute(g, reshape->operand[0], map);
    return make_reshape(g, simplify_again(g, moved), n->rank, n->dim);
}

static Ref
rule_permute(Graph *g, const Node *n)
{
    Ref a = n->operand[0];
    Node u = *ir_node(g, a);
    bool moves = false; /* an axis of extent other than 1 passes another */
    int last = -1;
    for (int k = 0; k < n->rank; k++) {
        if (n->dim[k] == 1)
            continue;
        moves = moves || n->as.map[k] < last;
        last = n->as.map[k];
    }
    if (!moves)
        return make_reshape(g, a, n->rank, n->dim);
    if (u.op == OP_reshape)
        return permute_joined(g, n, &u);
    if (u.op != OP_permute)
        return REF_NONE;
    int8_t map[IR_RANK] = {0};
    for (int k = 0; k < n->rank; k++)
        map[k] = u.as.map[n->as.map[k]];
    return simplify_again(g, ir_permute(g, u.operand[0], map));
}

/* A slice of a slice starts at s + t * step and goes by both steps. Where only
 * the run knows how long the inner one may be, it stays and is looked at then.
 */
static bool
slice_slice(Graph *g, Node *n, const Node *u)
{
    Node c = *n;
    const Node *whole = ir_node(g, u->operand[0]);
    for (int a = 0; a < n->rank; a++) {
        int64_t step = u->as.slice.step[a];
        bool all = step == 1 && u->dim[a] == whole->dim[a];
        if (!all && !dim_known(u->dim[a]))
            return false;
        /* What is empty may start behind the last element. */
        Dim start = n->dim[a] == 0 ? 0 : n->as.slice.start[a];
        Dim skip = dim_mul(g->dims, start, step);
        c.as.slice.start[a] = dim_add(g->dims, u->as.slice.start[a], skip);
        if (__builtin_mul_overflow(step, n->as.slice.step[a],
                                   &c.as.slice.step[a]))
            return false;
    }
    c.operand[0] = u->operand[0];
    *n = c;
    return true;
}

/* A slice that lies in one part of a concatenation is one of that part. */
static bool
slice_concat(const Graph *g, Node *n, const Node *u)
{
    int axis = u->as.axis;
    Dim start = n->as.slice.start[axis];
    Dim dim = n->dim[axis];
    Dim left = ir_node(g, u->operand[0])->dim[axis];
    Dim right = ir_node(g, u->operand[1])->dim[axis];
    int64_t step = n->as.slice.step[axis];
    bool known = dim_known(start) && dim_known(dim) && dim_known(left);
    if ((start == 0 && dim == left && step == 1) ||
        (known && dim > 0 && start < left &&
         (left - 1 - start) / step >= dim - 1)) {
        n->operand[0] = u->operand[0];
        return true;
    }
    if ((start == left && dim == right && step == 1) ||
        (known && start >= left)) {
        n->operand[0] = u->operand[1];
        n->as.slice.start[axis] = known ? start - left : 0;
        return true;
    }
    return false;
}

/* A slice of a pad that takes just what was padded is that. */
static bool
slice_pad(const Graph *g, const Node *n, const Node *u)
{
    return same_dims(n, ir_node(g, u->operand[0])) &&
           memcmp(n->as.slice.start, u->as.slice.start,
                  (size_t)n->rank * sizeof(Dim)) == 0;
}

/* A loop, as slices of parts of parts may lie deep. */
static Ref
rule_slice(Graph *g, const Node *slice)
{
    Node n = *slice;
    for (;;) {
        Node u = *ir_node(g, n.operand[0]);
        bool steps = memcmp(n.as.slice.step, unit_steps,
                            (size_t)n.rank * sizeof unit_steps[0]) != 0;
        /* As long as its operand, it takes all. */
        if (!steps && same_dims(&n, &u))
            return n.operand[0];
        if (!steps && u.op == OP_pad && slice_pad(g, &n, &u))
            return u.operand[0];
        bool moved = u.op == OP_slice    ? slice_slice(g, &n, &u)
                     : u.op == OP_concat ? slice_concat(g, &n, &u)
                                         : false;
        if (!moved)
            break;
    }
    if (n.operand[0] == slice->operand[0])
        return REF_NONE;
    double value = 0;
    if (pass_filled(g, n.operand[0], &value))
        return simplify_fill(g, &n, value);
    return pass_append(g, &n);
}

/* A pad of a pad is one, unless only the run knows that both fit: where the
 * length between them is unknown, one of them must leave the axis as it is.
 */
static bool
pad_pad(Graph *g, Node *n, const Node *u)
{
    Node c = *n;
    const Node *inner = ir_node(g, u->operand[0]);
    for (int a = 0; a < n->rank; a++) {
        Dim dim = u->dim[a];
        if (!dim_known(dim) && dim != n->dim[a] && dim != inner->dim[a])
            return false;
        c.as.slice.start[a] =
            dim_add(g->dims, n->as.slice.start[a], u->as.slice.start[a]);
    }
    c.operand[0] = u->operand[0];
    *n = c;
    return true;
}

static Ref
rule_pad(Graph *g, const Node *n)
{
    double value = 0;
    Node u = *ir_node(g, n->operand[0]);
    if (same_dims(n, &u))
        return n->operand[0];
    if (pass_filled(g, n->operand[0], &value) && value == 0 && !signbit(value))
        return simplify_fill(g, n, 0);
    Node c = *n;
    return u.op == OP_pad && pad_pad(g, &c, &u) ? simplify_make(g, &c)
                                                : REF_NONE;
}

static Ref
rule_reverse(Graph *g, const Node *n)
{
    Node u = *ir_node(g, n->operand[0]);
    uint32_t axes = n->as.axes;
    for (int a = 0; a < n->rank; a++)
        if (n->dim[a] == 1)
            axes &= ~(1U << a);
    if (u.op == OP_reverse)
        return simplify_again(g, ir_reverse(g, u.operand[0], axes ^ u.as.axes));
    if (axes == 0)
        return n->operand[0];
    if (axes == n->as.axes)
        return REF_NONE;
    return simplify_again(g, ir_reverse(g, n->operand[0], axes));
}

Ref
simplify_shape(Graph *g, const Node *n)
{
    double value = 0;
    Ref a = n->operand[0];
    switch (n->op) {
    case OP_broadcast:
        /* The one form of a constant in a shape. */
        if (ir_node(g, a)->op == OP_const)
            return n->rank == 0 ? a : REF_NONE;
        return pass_filled(g, a, &value) ? simplify_fill(g, n, value)
                                         : rule_broadcast(g, n);
    case OP_reshape:
        return pass_filled(g, a, &value) ? simplify_fill(g, n, value)
                                         : rule_reshape(g, n);
    case OP_permute:
        return pass_filled(g, a, &value) ? simplify_fill(g, n, value)
                                         : rule_permute(g, n);
    case OP_slice:
        return pass_filled(g, a, &value) ? simplify_fill(g, n, value)
                                         : rule_slice(g, n);
    case OP_reverse:
        return pass_filled(g, a, &value) ? simplify_fill(g, n, value)
                                         : rule_reverse(g, n);
    case OP_window:
        return pass_filled(g, a, &value) ? simplify_fill(g, n, value)
                                         : REF_NONE;
    case OP_pad:
        return rule_pad(g, n);
    case OP_concat:
    case OP_gather:
    case OP_batchsum:
#define CASE_SHAPE(op)
#include "ir/op_cases.def"
    case OP_COUNT:
        break;
    }
    return REF_NONE;
}
