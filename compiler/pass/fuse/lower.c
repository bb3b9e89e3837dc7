/* Loops on their way to a schedule: the bodies' nodes stand in the graph
 * itself.
 *
 * A scan becomes the head of its body, whose nodes follow it: a `step` for each
 * sequence, a `carry` for each state, then the operations. Its parts then have
 * the body's value as their operand: what a state is after a step, or what is
 * stored at the step's place. Everything else is as it was.
 */
#include "pass/pass.h"
#include "pass/fuse/fuse.h"

typedef struct {
    Schedule *s;
    Graph *g;
    VEC(int) loop; /* by node: the innermost loop around it, or -1 */
    VEC(int) part; /* by node: the loop that a part is of, or -1 */
    int now;       /* the loop that nodes are now made in */
    VEC(Ref) wall; /* nodes behind walls */
} Lower;

static Ref
note(Lower *l, Ref ref)
{
    Arena *arena = l->s->arena;
    while (l->loop.count < l->g->node.count) {
        VEC_PUSH(arena, &l->loop, l->now);
        VEC_PUSH(arena, &l->part, -1);
    }
    return ref;
}

static void lower_nodes(Lower *l, const Graph *from, Ref *map);

/* A node of a loop that stands for input `i` of its body. */
static Ref
lower_input(Lower *l, Op op, const Node *in, Ref operand, int axis)
{
    Node n = {.op = op,
              .dtype = in->dtype,
              .rank = in->rank,
              .operands = 1,
              .operand = {operand},
              .as.axis = axis,
              .span = in->span,
              .frame = in->frame};
    for (int a = 0; a < in->rank; a++)
        n.dim[a] = in->dim[a];
    return note(l, pass_append(l->g, &n));
}

static void
lower_body(Lower *l, const Node *n, int number, const Ref *map)
{
    Arena *arena = l->s->arena;
    const Scan *scan = n->as.scan;
    const Graph *body = n->region;
    Ref *own = ARENA_ARRAY(arena, Ref, body->node.count + 1);
    Ref *carry = ARENA_ARRAY(arena, Ref, (size_t)scan->states + 1);
    Ref *value = ARENA_ARRAY(arena, Ref, body->output.count + 1);
    for (int i = 0; i < n->operands; i++) {
        Ref leaf = body->leaf.item[i];
        const Node *in = ir_node(body, leaf);
        Ref from = map[scan->operand[i]];
        int state = i - scan->sequences;
        if (state < 0)
            own[leaf] = lower_input(l, OP_step, in, from, scan->axis[i]);
        else if (state < scan->states)
            own[leaf] = carry[state] = lower_input(l, OP_carry, in, from, 0);
        else
            own[leaf] = from;
    }
    lower_nodes(l, body, own);
    for (size_t o = 0; o < body->output.count; o++)
        value[o] = own[body->output.item[o].ref];
    Loop *loop = &l->s->loop.item[number];
    loop->carry = carry;
    loop->value = value;
    loop->values = (int)body->output.count;
}

static void
lower_scan(Lower *l, const Node *n, Ref *map)
{
    const Scan *scan = n->as.scan;
    Loop loop = {.outer = l->now,
                 .extent = scan->extent,
                 .backward = scan->backward,
                 .states = scan->states,
                 .sequences = scan->sequences,
                 .axis = scan->axis};
    int number = (int)l->s->loop.count;
    Node head = *n;
    head.operands = 0;
    head.region = NULL;
    VEC_PUSH(l->s->arena, &l->s->loop, loop);
    l->now = number;
    l->s->loop.item[number].first = note(l, pass_append(l->g, &head));
    lower_body(l, n, number, map);
    l->s->loop.item[number].end = (Ref)l->g->node.count;
    l->now = loop.outer;
}

static Ref
lower_part(Lower *l, const Node *n, const Ref *map)
{
    int loop = (int)map[n->operand[0]];
    Node part = *n;
    part.operand[0] = l->s->loop.item[loop].value[n->as.part];
    Ref ref = note(l, pass_append(l->g, &part));
    l->part.item[ref] = loop;
    return ref;
}

/* map[r] is the node's new place; for a scan, its loop's number. */
static void
lower_nodes(Lower *l, const Graph *from, Ref *map)
{
    for (Ref r = 0; r < (Ref)from->node.count; r++) {
        const Node *n = ir_node(from, r);
        if (n->op == OP_input && l->now >= 0)
            continue; /* of a body */
        if (l->now < 0 && l->s->wall != NULL && l->s->wall[r])
            VEC_PUSH(l->s->arena, &l->wall, (Ref)l->g->node.count);
        if (n->region != NULL) {
            map[r] = (Ref)l->s->loop.count;
            lower_scan(l, n, map);
        } else if (n->op == OP_part) {
            map[r] = lower_part(l, n, map);
        } else {
            map[r] = note(l, ir_copy(l->g, from, r, map));
        }
    }
}

static void
lower_walls(Lower *l)
{
    bool *wall = ARENA_ARRAY(l->s->arena, bool, l->g->node.count + 1);
    for (size_t i = 0; i < l->wall.count; i++)
        wall[l->wall.item[i]] = true;
    if (l->s->wall != NULL)
        l->s->wall = wall;
}

void
schedule_lower(Schedule *s, const Graph *g)
{
    bool loops = false;
    for (size_t i = 0; i < g->node.count; i++)
        loops = loops || g->node.item[i].region != NULL;
    Lower l = {.s = s, .now = -1};
    s->graph = g;
    if (loops) {
        Ref *map = ARENA_ARRAY(s->arena, Ref, g->node.count + 1);
        l.g = ir_graph_like(g);
        lower_nodes(&l, g, map);
        lower_walls(&l);
        pass_outputs(l.g, g, map);
        s->graph = l.g;
    } else {
        l.g = (Graph *)g;
        note(&l, 0);
    }
    s->loop_of = l.loop.item;
    s->part_of = l.part.item;
}
