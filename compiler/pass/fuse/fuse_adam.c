/* A step of ADAM with the gradient that a product is, which its kernel makes:
 *
 *    m' = keep_m m + take_m g
 *    v' = keep_v v + take_v (g g)
 *    p' = p - scale (m' / (sqrt(v') + epsilon))
 *
 * m', v' and p' are the next values of m, v and p, the rest but g scalars.
 */
#include "pass/schedule.h"

/* The leaf whose next value a node is, or none. */
static Ref
leaf_of(const Schedule *s, Ref ref)
{
    int buffer = s->node_buffer[ref];
    if (buffer < 0 || s->buffer.item[buffer].kind != BUFFER_output)
        return REF_NONE;
    return s->graph->output.item[s->buffer.item[buffer].number].next;
}

static bool
is(const Schedule *s, Ref ref, Op op, int users)
{
    return ir_node(s->graph, ref)->op == op && s->users[ref] == users;
}

/* The scalar that a node has at each place, or none. */
static Ref
scalar_of(const Schedule *s, Ref ref)
{
    while (ir_node(s->graph, ref)->op == OP_broadcast)
        ref = ir_node(s->graph, ref)->operand[0];
    return ir_node(s->graph, ref)->rank == 0 ? ref : REF_NONE;
}

/* x of scalar op x, which nothing else needs, or none: op is + or *. */
static Ref
beside_scalar(const Schedule *s, Ref ref, Op op, Ref *scalar)
{
    const Node *node = ir_node(s->graph, ref);
    for (int i = 0; i < 2 && is(s, ref, op, 1); i++) {
        *scalar = scalar_of(s, node->operand[i]);
        if (*scalar != REF_NONE)
            return node->operand[1 - i];
    }
    return REF_NONE;
}

/* x of keep * old + take * x, the next value of old, which one node needs as
 * well; and both scalars.
 */
static Ref
taken_in(const Schedule *s, Ref ref, Ref *scalar)
{
    const Node *node = ir_node(s->graph, ref);
    Ref old = leaf_of(s, ref);
    for (int i = 0; i < 2 && old != REF_NONE && is(s, ref, OP_add, 2); i++)
        if (s->users[old] == 1 &&
            beside_scalar(s, node->operand[i], OP_mul, &scalar[0]) == old)
            return beside_scalar(s, node->operand[1 - i], OP_mul, &scalar[1]);
    return REF_NONE;
}

/* m' of p' = p - scale (m' / (sqrt(v') + epsilon)), v' and both scalars. */
static Ref
step_of(const Schedule *s, Ref ref, Ref *square, Ref *scalar)
{
    Ref step = ir_node(s->graph, ref)->operand[1];
    Ref quotient = beside_scalar(s, step, OP_mul, &scalar[0]);
    if (quotient == REF_NONE || !is(s, quotient, OP_div, 1))
        return REF_NONE;
    const Node *node = ir_node(s->graph, quotient);
    Ref root = beside_scalar(s, node->operand[1], OP_add, &scalar[1]);
    if (root == REF_NONE || !is(s, root, OP_sqrt, 1))
        return REF_NONE;
    *square = ir_node(s->graph, root)->operand[0];
    return node->operand[0];
}

Added
schedule_adam(Schedule *s, const int *late, Ref ref)
{
    const Added none = {.product = REF_NONE};
    const Node *node = ir_node(s->graph, ref);
    Ref leaf = node->op == OP_sub ? leaf_of(s, ref) : REF_NONE;
    if (s->kernels || s->wall != NULL || leaf == REF_NONE || late[leaf] != 1 ||
        node->operand[0] != leaf)
        return none;
    ProductEnd end = {.kind = END_adam, .node = ref, .scalars = 6};
    Ref square = REF_NONE;
    Ref mean = step_of(s, ref, &square, &end.scalar[4]);
    if (mean == REF_NONE)
        return none;
    Ref g = taken_in(s, mean, &end.scalar[0]);
    Ref g2 = taken_in(s, square, &end.scalar[2]);
    if (g == REF_NONE || g2 == REF_NONE || !is(s, g2, OP_mul, 1) ||
        ir_node(s->graph, g2)->operand[0] != g ||
        ir_node(s->graph, g2)->operand[1] != g || s->users[g] != 3 ||
        !schedule_has_end(s, g, false))
        return none;
    end.moment[0] = mean;
    end.moment[1] = square;
    end.moments = 2;
    return (Added){.product = g, .end = end};
}
