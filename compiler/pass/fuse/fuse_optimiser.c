/* A step of an optimiser with the gradient g that a product is, which its
 * kernel makes: of Momentum, RMSProp, ADAM and AdamW, by what they have of
 *
 *    m' = keep_m m + take_m g, or keep_m m + g
 *    v' = keep_v v + take_v (g g)
 *    p' = q - scale (m' / (sqrt(v') + epsilon)), or q - scale m'
 *
 * where q is p or p - decay p, and m' stands for g if there is no m. m', v' and
 * p' are the next values of m, v and p, the rest but g scalars.
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

Ref
schedule_scalar(const Schedule *s, Ref ref)
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
        *scalar = schedule_scalar(s, node->operand[i]);
        if (*scalar != REF_NONE)
            return node->operand[1 - i];
    }
    return REF_NONE;
}

/* The parts of a step, and the scalars in the order of the kernels' arguments.
 */
enum { KEEP_m, TAKE_m, KEEP_v, TAKE_v, SCALE, EPSILON, DECAY };

typedef struct {
    Ref mean;   /* m' */
    Ref square; /* v' */
    Ref g;
    Ref scalar[END_SCALARS]; /* REF_NONE: it has none */
} Optimiser;

/* x of keep * old + take * x, or of keep * old + x if `take` is NULL: the next
 * value of old, which one node needs as well.
 */
static Ref
taken_in(const Schedule *s, Ref ref, Ref *keep, Ref *take)
{
    const Node *node = ir_node(s->graph, ref);
    Ref old = leaf_of(s, ref);
    for (int i = 0; i < 2 && old != REF_NONE && is(s, ref, OP_add, 2); i++) {
        Ref x = node->operand[1 - i];
        if (s->users[old] == 1 &&
            beside_scalar(s, node->operand[i], OP_mul, keep) == old)
            return take == NULL ? x : beside_scalar(s, x, OP_mul, take);
    }
    return REF_NONE;
}

/* Whether a value is g of v' = keep_v v + take_v (g g). */
static bool
is_squared(const Schedule *s, Optimiser *o, Ref g)
{
    Ref g2 = taken_in(s, o->square, &o->scalar[KEEP_v], &o->scalar[TAKE_v]);
    return g2 != REF_NONE && is(s, g2, OP_mul, 1) && s->users[g] == 3 &&
           ir_node(s->graph, g2)->operand[0] == g &&
           ir_node(s->graph, g2)->operand[1] == g;
}

/* Finds the parts of x in q - scale x, a quotient of g or of m'. */
static bool
divided(const Schedule *s, Optimiser *o, Ref ref)
{
    const Node *node = ir_node(s->graph, ref);
    Ref root = beside_scalar(s, node->operand[1], OP_add, &o->scalar[EPSILON]);
    if (s->users[ref] != 1 || root == REF_NONE || !is(s, root, OP_sqrt, 1))
        return false;
    o->square = ir_node(s->graph, root)->operand[0];
    o->g = node->operand[0];
    if (leaf_of(s, o->g) != REF_NONE) {
        o->mean = o->g;
        o->g = taken_in(s, o->mean, &o->scalar[KEEP_m], &o->scalar[TAKE_m]);
    }
    return o->g != REF_NONE && is_squared(s, o, o->g);
}

/* Finds those of scale x: x is such a quotient, or m'. */
static bool
moved(const Schedule *s, Optimiser *o, Ref step)
{
    Ref ref = beside_scalar(s, step, OP_mul, &o->scalar[SCALE]);
    if (ref == REF_NONE)
        return false;
    if (ir_node(s->graph, ref)->op == OP_div)
        return divided(s, o, ref);
    o->mean = ref;
    o->g = taken_in(s, ref, &o->scalar[KEEP_m], NULL);
    return o->g != REF_NONE && s->users[o->g] == 1;
}

/* Whether q is p, or p - decay p; of what needs p, that comes last. */
static bool
begins(const Schedule *s, Optimiser *o, const int *late, Ref q, Ref leaf)
{
    if (q == leaf)
        return late[leaf] == 1;
    const Node *node = ir_node(s->graph, q);
    return is(s, q, OP_sub, 1) && node->operand[0] == leaf && late[leaf] == 2 &&
           beside_scalar(s, node->operand[1], OP_mul, &o->scalar[DECAY]) ==
               leaf;
}

/* The optimiser that has these parts; END_set: none. */
static EndKind
kind_of(const Optimiser *o)
{
    bool decays = o->scalar[DECAY] != REF_NONE;
    if (o->mean != REF_NONE && o->square != REF_NONE)
        return decays ? END_adamw : END_adam;
    return decays ? END_set : o->mean != REF_NONE ? END_momentum : END_rmsprop;
}

Added
schedule_optimiser(Schedule *s, const int *late, Ref ref)
{
    const Added none = {.product = REF_NONE};
    const Node *node = ir_node(s->graph, ref);
    Ref leaf = node->op == OP_sub ? leaf_of(s, ref) : REF_NONE;
    Optimiser o = {.mean = REF_NONE, .square = REF_NONE};
    for (int i = 0; i < END_SCALARS; i++)
        o.scalar[i] = REF_NONE;
    if (!s->plain || leaf == REF_NONE ||
        !begins(s, &o, late, node->operand[0], leaf) ||
        !moved(s, &o, node->operand[1]) || !schedule_has_end(s, o.g, false))
        return none;
    ProductEnd end = {.kind = kind_of(&o), .node = ref};
    if (end.kind == END_set)
        return none;
    if (o.mean != REF_NONE)
        end.moment[end.moments++] = o.mean;
    if (o.square != REF_NONE)
        end.moment[end.moments++] = o.square;
    for (int i = 0; i < END_SCALARS; i++)
        if (o.scalar[i] != REF_NONE)
            end.scalar[end.scalars++] = o.scalar[i];
    return (Added){.product = o.g, .end = end};
}
