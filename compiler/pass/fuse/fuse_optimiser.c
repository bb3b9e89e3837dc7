/* A step of an optimiser with the gradient that a product is, which its kernel
 * makes: of Momentum, RMSProp, ADAM and AdamW, by what they have of
 *
 *    g = clipped + l2 p, or clipped
 *    m' = fma(keep_m, |m| < FLUX_SMALL ? 0 : m, x), where x is take_m g, or g
 *    v' = fma(keep_v, v, fma(take_v g, g, FLUX_TINY))
 *    p' = q - scale (m' / (sqrt(v') + epsilon)), or q - scale m'
 *
 * where clipped is the gradient or min(high, max(low, it)), q is p or
 * p - decay p, and m' stands for g if there is no m. m', v' and p' are the next
 * values of m, v and p, the rest scalars. SGD has p' alone, and is one of these
 * where g is more than the gradient.
 */
#include "kernels/flux_sum.h"
#include "pass/fuse/fuse.h"
#include "pass/pass.h"

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

/* x of scalar op x, a value of so many users, or none: op is + or *. */
static Ref
beside_scalar(const Schedule *s, Ref ref, Op op, int users, Ref *scalar)
{
    const Node *node = ir_node(s->graph, ref);
    for (int i = 0; i < 2 && is(s, ref, op, users); i++) {
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

/* x of fma(keep, kept, x), where nothing else needs the value that is kept. */
static Ref
taken_in(const Schedule *s, Ref ref, Ref kept, Ref *keep)
{
    const Node *node = ir_node(s->graph, ref);
    if (!is(s, ref, OP_fma, 2) || s->users[kept] != 1)
        return REF_NONE;
    for (int i = 0; i < 2; i++) {
        *keep = schedule_scalar(s, node->operand[i]);
        if (*keep != REF_NONE && node->operand[1 - i] == kept)
            return node->operand[2];
    }
    return REF_NONE;
}

/* Whether a value is |old| < FLUX_SMALL ? 0 : old, which is all that needs old.
 */
static bool
is_kept(const Schedule *s, Ref ref, Ref old)
{
    const Node *node = ir_node(s->graph, ref);
    if (node->op != OP_select || s->users[old] != 2 ||
        node->operand[2] != old ||
        !pass_is_filled(s->graph, node->operand[1], 0))
        return false;
    Ref small = node->operand[0];
    const Node *below = ir_node(s->graph, small);
    return is(s, small, OP_lt, 1) && is(s, below->operand[0], OP_abs, 1) &&
           ir_node(s->graph, below->operand[0])->operand[0] == old &&
           pass_is_filled(s->graph, below->operand[1], FLUX_SMALL);
}

/* x of m', the next value of old, which one node needs as well. */
static Ref
averaged(const Schedule *s, Optimiser *o, Ref old)
{
    const Node *node = ir_node(s->graph, o->mean);
    for (int i = 0; i < 2 && node->op == OP_fma; i++)
        if (is_kept(s, node->operand[i], old))
            return taken_in(s, o->mean, node->operand[i], &o->scalar[KEEP_m]);
    return REF_NONE;
}

/* Whether g is that of v'; x is that of m', if there is one. Where both take
 * the same part of g, that is one value.
 */
static bool
is_squared(const Schedule *s, Optimiser *o, Ref x)
{
    Ref old = leaf_of(s, o->square);
    if (old == REF_NONE)
        return false;
    Ref power = taken_in(s, o->square, old, &o->scalar[KEEP_v]);
    if (power == REF_NONE || !is(s, power, OP_fma, 1) ||
        !pass_is_filled(s->graph, ir_node(s->graph, power)->operand[2],
                        FLUX_TINY))
        return false;
    for (int i = 0; i < 2; i++) {
        Ref part = ir_node(s->graph, power)->operand[i];
        bool same = part == x;
        if (ir_node(s->graph, power)->operand[1 - i] == o->g &&
            s->users[o->g] == (same ? 2 : 3) &&
            (x == REF_NONE || s->users[x] == (same ? 2 : 1)) &&
            beside_scalar(s, part, OP_mul, same ? 2 : 1, &o->scalar[TAKE_v]) ==
                o->g)
            return true;
    }
    return false;
}

/* Finds the parts of x in q - scale x, a quotient of g or of m'. */
static bool
divided(const Schedule *s, Optimiser *o, Ref ref)
{
    const Node *node = ir_node(s->graph, ref);
    Ref root =
        beside_scalar(s, node->operand[1], OP_add, 1, &o->scalar[EPSILON]);
    if (s->users[ref] != 1 || root == REF_NONE || !is(s, root, OP_sqrt, 1))
        return false;
    Ref x = REF_NONE;
    o->square = ir_node(s->graph, root)->operand[0];
    o->g = node->operand[0];
    if (leaf_of(s, o->g) != REF_NONE) {
        o->mean = o->g;
        x = averaged(s, o, leaf_of(s, o->mean));
        if (x == REF_NONE)
            return false;
        o->g = beside_scalar(s, x, OP_mul, s->users[x], &o->scalar[TAKE_m]);
    }
    return o->g != REF_NONE && is_squared(s, o, x);
}

/* Finds those of scale x: x is such a quotient, m' or g. */
static bool
moved(const Schedule *s, Optimiser *o, Ref step)
{
    Ref ref = beside_scalar(s, step, OP_mul, 1, &o->scalar[SCALE]);
    if (ref == REF_NONE)
        return false;
    if (ir_node(s->graph, ref)->op == OP_div)
        return divided(s, o, ref);
    o->g = ref;
    if (leaf_of(s, ref) != REF_NONE) {
        o->mean = ref;
        o->g = averaged(s, o, leaf_of(s, ref));
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
           beside_scalar(s, node->operand[1], OP_mul, 1, &o->scalar[DECAY]) ==
               leaf;
}

/* x of clipped + l2 p, or none. */
static Ref
penalised(const Schedule *s, Optimiser *o, Ref leaf)
{
    const Node *node = ir_node(s->graph, o->g);
    for (int i = 0; i < 2 && node->op == OP_add; i++)
        if (beside_scalar(s, node->operand[i], OP_mul, 1,
                          &o->scalar[PENALTY]) == leaf)
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
