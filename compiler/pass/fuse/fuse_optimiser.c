/* A step of an optimiser with the gradient that a product is, which its kernel
 * makes: of Momentum, RMSProp, ADAM and AdamW, by what they have of
 *
 *    g = clipped + l2 p, or clipped
 *    m' = keep_m m + take_m g, or keep_m m + g
 *    v' = keep_v v + take_v (g g)
 *    p' = q - scale (m' / (sqrt(v') + epsilon)), or q - scale m'
 *
 * where clipped is the gradient or min(high, max(low, it)), q is p or
 * p - decay p, and m' stands for g if there is no m. m', v' and p' are the next
 * values of m, v and p, the rest scalars. SGD has p' alone, and is one of these
 * where g is more than the gradient.
 */
#include "pass/fuse/fuse.h"

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
enum {
    KEEP_m,
    TAKE_m,
    KEEP_v,
    TAKE_v,
    SCALE,
    EPSILON,
    DECAY,
    LOW,
    HIGH,
    PENALTY
};

typedef struct {
    Ref mean;   /* m' */
    Ref square; /* v' */
    Ref g;
    Ref product;
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

/* Finds those of scale x: x is such a quotient, m' or g. */
static bool
moved(const Schedule *s, Optimiser *o, Ref step)
{
    Ref ref = beside_scalar(s, step, OP_mul, &o->scalar[SCALE]);
    if (ref == REF_NONE)
        return false;
    if (ir_node(s->graph, ref)->op == OP_div)
        return divided(s, o, ref);
    o->g = ref;
    if (leaf_of(s, ref) != REF_NONE) {
        o->mean = ref;
        o->g = taken_in(s, ref, &o->scalar[KEEP_m], NULL);
    }
    return o->g != REF_NONE && s->users[o->g] == 1;
}

/* Whether q is p, or p - decay p. */
static bool
begins(const Schedule *s, Optimiser *o, Ref q, Ref leaf)
{
    if (q == leaf)
        return true;
    const Node *node = ir_node(s->graph, q);
    return is(s, q, OP_sub, 1) && node->operand[0] == leaf &&
           beside_scalar(s, node->operand[1], OP_mul, &o->scalar[DECAY]) ==
               leaf;
}

/* x of clipped + l2 p, or none. */
static Ref
penalised(const Schedule *s, Optimiser *o, Ref leaf)
{
    const Node *node = ir_node(s->graph, o->g);
    for (int i = 0; i < 2 && node->op == OP_add; i++)
        if (beside_scalar(s, node->operand[i], OP_mul, &o->scalar[PENALTY]) ==
            leaf)
            return node->operand[1 - i];
    o->scalar[PENALTY] = REF_NONE;
    return REF_NONE;
}

/* x of min(high, max(low, x)), or none. */
static Ref
clipped(const Schedule *s, Optimiser *o, Ref ref)
{
    const Node *min = ir_node(s->graph, ref);
    if (min->op != OP_min || !is(s, min->operand[1], OP_max, 1))
        return REF_NONE;
    const Node *max = ir_node(s->graph, min->operand[1]);
    Ref low = schedule_scalar(s, max->operand[0]);
    Ref high = schedule_scalar(s, min->operand[0]);
    if (low == REF_NONE || high == REF_NONE)
        return REF_NONE;
    o->scalar[LOW] = low;
    o->scalar[HIGH] = high;
    return max->operand[1];
}

/* Finds the product of which g is made, and that nothing else needs. */
static bool
adjusts(const Schedule *s, Optimiser *o, Ref leaf)
{
    o->product = o->g;
    Ref inner = penalised(s, o, leaf);
    if (inner != REF_NONE)
        o->product = inner;
    if (inner != REF_NONE && s->users[inner] != 1)
        return false;
    inner = clipped(s, o, o->product);
    if (inner != REF_NONE)
        o->product = inner;
    return inner == REF_NONE || s->users[inner] == 1;
}

/* How often a step reads p, which nothing needs behind that. */
static int
reads(const Optimiser *o)
{
    return 1 + (o->scalar[DECAY] != REF_NONE) +
           (o->scalar[PENALTY] != REF_NONE);
}

/* The optimiser that has these parts; END_set: none. */
static EndKind
kind_of(const Optimiser *o)
{
    bool decays = o->scalar[DECAY] != REF_NONE;
    bool adjusted = o->g != o->product;
    if (o->mean != REF_NONE && o->square != REF_NONE)
        return decays ? END_adamw : END_adam;
    if (decays)
        return END_set;
    if (o->mean == REF_NONE && o->square == REF_NONE)
        return adjusted ? END_sgd : END_set;
    return o->mean != REF_NONE ? END_momentum : END_rmsprop;
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
        !begins(s, &o, node->operand[0], leaf) ||
        !moved(s, &o, node->operand[1]) || !adjusts(s, &o, leaf) ||
        late[leaf] != reads(&o) || !schedule_has_end(s, o.product, false))
        return none;
    ProductEnd end = {.kind = kind_of(&o),
                      .node = ref,
                      .clips = o.scalar[LOW] != REF_NONE,
                      .penalises = o.scalar[PENALTY] != REF_NONE};
    if (end.kind == END_set)
        return none;
    if (o.mean != REF_NONE)
        end.moment[end.moments++] = o.mean;
    if (o.square != REF_NONE)
        end.moment[end.moments++] = o.square;
    for (int i = 0; i < END_SCALARS; i++)
        if (o.scalar[i] != REF_NONE)
            end.scalar[end.scalars++] = o.scalar[i];
    return (Added){.product = o.product, .end = end};
}
