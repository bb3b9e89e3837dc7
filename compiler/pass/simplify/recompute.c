/* A training step's graph in an order that needs less memory.
 *
 * Its nodes up to `split` compute what the others, the backward part, use. They
 * are cut into segments: what one hands to later ones is kept, the rest is
 * computed again when the backward part first uses it (Chen and others, 2016,
 * "Training deep nets with sublinear memory cost"); of the last segment all is
 * kept. Each next value of a parameter, with what leads to it alone, comes as
 * soon as nothing reads the old one any more. The same operations in the same
 * order of sums: the bits stay.
 */
#include "pass/pass.h"

#include <string.h>

enum { NO_GROUP = -1, SHARED = -2 };

/* A parameter whose next value, and those of its moments, are made together. */
typedef struct {
    const char *name;
    int waits; /* nodes that must stand before it */
    bool done;
} Group;

typedef struct {
    int group;
    int next; /* 1 + the next of the same node; 0: none */
} Wait;

typedef struct {
    const Graph *from;
    Graph *to;
    Ref split;
    int segments;
    int *segment; /* by node: its number; the last: all others too */
    bool *kept;   /* by node: it is not computed again */
    bool *opened; /* by segment: something is computed again */
    Ref *now;     /* by node: what a copy uses */
    Ref *map;     /* by node: in the new graph; REF_NONE: not there yet */
    Ref *again;   /* likewise, computed again */
    int *group;   /* by node: whose next values alone need it */
    int *first;   /* by node, then by copy: 1 + the first wait for it */
    VEC(Group) groups;
    VEC(Wait) wait;
    bool *wall; /* by new node: nothing from it on joins what stands before */
} Again;

static bool
is_leaf(const Node *n)
{
    return op_given(n->op) || n->op == OP_const || n->op == OP_data ||
           n->op == OP_extent || n->op == OP_iota;
}

/* Cuts what stands before `split` into segments of as many elements. */
static void
cut_segments(Again *o, const int64_t *symbol)
{
    const Graph *g = o->from;
    double all = 0;
    double sum = 0;
    for (Ref r = 0; r < o->split; r++)
        if (!is_leaf(ir_node(g, r)))
            all += (double)dim_value(g->dims, ir_count(g, r), symbol);
    for (Ref r = 0; r < (Ref)g->node.count; r++) {
        const Node *n = ir_node(g, r);
        int number = (int)(sum / (all > 0 ? all : 1) * o->segments);
        bool last = r >= o->split || number >= o->segments;
        o->segment[r] = last ? o->segments - 1 : number;
        o->kept[r] = is_leaf(n) || o->segment[r] == o->segments - 1;
        if (r < o->split && !is_leaf(n))
            sum += (double)dim_value(g->dims, ir_count(g, r), symbol);
    }
    for (Ref r = 0; r < o->split; r++) {
        const Node *n = ir_node(g, r);
        for (int k = 0; k < n->operands; k++) {
            Ref x = ir_operand(n, k);
            o->kept[x] = o->kept[x] || o->segment[x] != o->segment[r];
        }
    }
    for (size_t i = 0; i < g->output.count; i++)
        if (g->output.item[i].ref < o->split)
            o->kept[g->output.item[i].ref] = true;
}

/* The group of a leaf, "W" also of "m.W" where W is a parameter. */
static int
group_of(Again *o, const Node *leaf)
{
    const Graph *g = o->from;
    const char *name = leaf->as.leaf.name;
    const char *dot = strchr(name, '.');
    for (size_t i = 0; dot != NULL && i < g->leaf.count; i++) {
        const Node *other = ir_node(g, g->leaf.item[i]);
        if (leaf->op == OP_state && other->op == OP_param &&
            strcmp(other->as.leaf.name, dot + 1) == 0)
            name = dot + 1;
    }
    for (size_t i = 0; i < o->groups.count; i++)
        if (strcmp(o->groups.item[i].name, name) == 0)
            return (int)i;
    Group group = {.name = name};
    VEC_PUSH(&g->context->arena, &o->groups, group);
    return (int)o->groups.count - 1;
}

static void
join_group(int *group, int other)
{
    if (*group != other)
        *group = *group == NO_GROUP ? other : SHARED;
}

static void
find_groups(Again *o)
{
    const Graph *g = o->from;
    for (size_t i = 0; i < g->node.count; i++)
        o->group[i] = NO_GROUP;
    for (size_t i = 0; i < g->output.count; i++) {
        const Output *out = &g->output.item[i];
        join_group(&o->group[out->ref],
                   out->next == REF_NONE ? SHARED
                                         : group_of(o, ir_node(g, out->next)));
    }
    for (Ref r = (Ref)g->node.count - 1; r >= 0; r--) {
        const Node *n = ir_node(g, r);
        for (int k = 0; k < n->operands; k++)
            if (o->group[r] != NO_GROUP)
                join_group(&o->group[ir_operand(n, k)], o->group[r]);
    }
    for (Ref r = 0; r < (Ref)g->node.count; r++)
        if (r < o->split || is_leaf(ir_node(g, r)))
            o->group[r] = SHARED;
}

static void
wait_for(Again *o, int group, Ref node)
{
    Wait wait = {group, o->first[node]};
    VEC_PUSH(&o->from->context->arena, &o->wait, wait);
    o->first[node] = (int)o->wait.count;
    o->groups.item[group].waits++;
}

/* Which nodes need states and constants alone: they can be made at any time. */
static bool *
find_given(const Graph *g)
{
    bool *given = ARENA_ARRAY(&g->context->arena, bool, g->node.count + 1);
    for (Ref r = 0; r < (Ref)g->node.count; r++) {
        const Node *n = ir_node(g, r);
        bool fixed = n->op != OP_input && n->op != OP_param;
        given[r] = is_leaf(n) ? fixed : n->operands > 0;
        for (int k = 0; k < n->operands; k++)
            given[r] = given[r] && given[ir_operand(n, k)];
    }
    return given;
}

/* Which nodes will be computed again. */
static bool *
find_copied(const Again *o)
{
    const Graph *g = o->from;
    bool *copied = ARENA_ARRAY(&g->context->arena, bool, g->node.count + 1);
    for (Ref r = (Ref)g->node.count - 1; r >= 0; r--) {
        const Node *n = ir_node(g, r);
        if (r < o->split && !copied[r])
            continue;
        for (int k = 0; k < n->operands; k++) {
            Ref x = ir_operand(n, k);
            copied[x] = copied[x] || (x < o->split && !o->kept[x]);
        }
    }
    return copied;
}

/* Whether a node shows another's numbers, which are read when it is used. */
static bool
is_view(const Node *n)
{
    return op_info[n->op].class == CLASS_SHAPE && n->operands == 1;
}

/* A group waits for what its nodes use of others, and for the others that read
 * its leaves, also through views, and the second time too.
 */
static void
find_waits(Again *o)
{
    const Graph *g = o->from;
    const bool *given = find_given(g);
    const bool *copied = find_copied(o);
    int *leaf = ARENA_ARRAY(&g->context->arena, int, g->node.count + 1);
    for (size_t i = 0; i < g->node.count; i++)
        leaf[i] = NO_GROUP;
    for (size_t i = 0; i < g->output.count; i++)
        if (g->output.item[i].next != REF_NONE)
            leaf[g->output.item[i].next] =
                group_of(o, ir_node(g, g->output.item[i].next));
    for (Ref r = 0; r < (Ref)g->node.count; r++) {
        const Node *n = ir_node(g, r);
        for (int k = 0; k < n->operands; k++) {
            Ref x = ir_operand(n, k);
            if (o->group[r] >= 0 && o->group[x] != o->group[r] && !given[x] &&
                !is_leaf(ir_node(g, x)))
                wait_for(o, o->group[r], x);
            if (leaf[x] >= 0 && leaf[x] != o->group[r] &&
                o->group[r] != NO_GROUP)
                wait_for(o, leaf[x], r);
            if (leaf[x] >= 0 && copied[r])
                wait_for(o, leaf[x], (Ref)g->node.count + r);
            if (is_view(n))
                leaf[r] = leaf[x];
        }
    }
}

static Ref place(Again *o, Ref r);

static void release(Again *o, Ref r);

/* A node of the first part for the backward one: kept, or computed again. */
static Ref
compute_again(Again *o, Ref r)
{
    const Node *n = ir_node(o->from, r);
    if (o->kept[r])
        return place(o, r);
    if (o->again[r] != REF_NONE)
        return o->again[r];
    for (int k = 0; k < n->operands; k++)
        compute_again(o, ir_operand(n, k));
    for (int k = 0; k < n->operands; k++) {
        Ref x = ir_operand(n, k);
        o->now[x] = compute_again(o, x);
    }
    size_t at = o->to->node.count;
    if (!o->opened[o->segment[r]])
        o->wall[at] = true;
    o->opened[o->segment[r]] = true;
    o->again[r] = ir_copy(o->to, o->from, r, o->now);
    release(o, (Ref)o->from->node.count + r);
    return o->again[r];
}

/* An operand of a node of either part. */
static Ref
operand_of(Again *o, Ref user, Ref x)
{
    bool across = user >= o->split && x < o->split;
    return across ? compute_again(o, x) : place(o, x);
}

/* Puts a node, and what it uses, into the new graph. */
static Ref
place(Again *o, Ref r)
{
    const Graph *g = o->from;
    const Node *n = ir_node(g, r);
    if (o->map[r] != REF_NONE)
        return o->map[r];
    for (int k = 0; k < n->operands; k++)
        operand_of(o, r, ir_operand(n, k));
    for (int k = 0; k < n->operands; k++)
        o->now[ir_operand(n, k)] = operand_of(o, r, ir_operand(n, k));
    o->map[r] = ir_copy(o->to, g, r, o->now);
    release(o, r);
    return o->map[r];
}

/* Places the nodes of a group, which waits for nothing more. What follows must
 * not be taken before it, or all that groups use would live at a time.
 */
static void
place_group(Again *o, int group)
{
    if (o->groups.item[group].done)
        return;
    o->groups.item[group].done = true;
    for (Ref r = o->split; r < (Ref)o->from->node.count; r++)
        if (o->group[r] == group)
            place(o, r);
    o->wall[o->to->node.count] = true;
}

/* A node is there: groups may have waited for it. */
static void
release(Again *o, Ref r)
{
    for (int i = o->first[r]; i != 0; i = o->wait.item[i - 1].next) {
        int group = o->wait.item[i - 1].group;
        if (--o->groups.item[group].waits == 0)
            place_group(o, group);
    }
}

static void
order_init(Again *o, const Graph *g)
{
    Arena *arena = &g->context->arena;
    size_t count = g->node.count + 1;
    o->to = ir_graph(g->context, g->dims, g->name);
    o->segment = ARENA_ARRAY(arena, int, count);
    o->kept = ARENA_ARRAY(arena, bool, count);
    o->opened = ARENA_ARRAY(arena, bool, o->segments + 1);
    o->now = ARENA_ARRAY(arena, Ref, count);
    o->map = ARENA_ARRAY(arena, Ref, count);
    o->again = ARENA_ARRAY(arena, Ref, count);
    o->group = ARENA_ARRAY(arena, int, count);
    o->first = ARENA_ARRAY(arena, int, 2 * count);
    o->wall = ARENA_ARRAY(arena, bool, 2 * count);
    for (size_t i = 0; i < count; i++)
        o->map[i] = o->again[i] = REF_NONE;
}

Graph *
pass_recompute(const Graph *g, Ref split, int segments, const int64_t *symbol,
               const bool **wall)
{
    Again o = {.from = g, .split = split, .segments = segments};
    order_init(&o, g);
    cut_segments(&o, symbol);
    find_groups(&o);
    find_waits(&o);
    for (size_t i = 0; i < g->leaf.count; i++) /* the signature stays */
        place(&o, g->leaf.item[i]);
    for (Ref r = 0; r < (Ref)g->node.count; r++)
        if (o.group[r] < 0)
            place(&o, r);
    for (Ref r = 0; r < (Ref)g->node.count; r++)
        place(&o, r);
    for (size_t i = 0; i < g->output.count; i++) {
        const Output *out = &g->output.item[i];
        ir_output(o.to, out->name, o.map[out->ref],
                  out->next == REF_NONE ? REF_NONE : o.map[out->next]);
    }
    o.to->span = g->span;
    o.to->frame = g->frame;
    *wall = o.wall;
    return o.to;
}
