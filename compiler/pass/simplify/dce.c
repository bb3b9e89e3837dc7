/* Dead code: keeps the leaves, which are the graph's signature, and what an
 * output reaches. A loop keeps what its parts need.
 */
#include "pass/pass.h"

/* What stays of a loop: by input and by output of its body. */
typedef struct {
    bool *in;
    bool *out; /* at first the parts that are wanted */
} Kept;

typedef struct {
    const Graph *from;
    Graph *g;
    Ref *map;
    bool *live;
    Kept *kept; /* by node: of loops that are live */
} Dce;

static Kept *
kept_of(Dce *d, Ref scan)
{
    Arena *arena = d->from->arena;
    const Node *n = ir_node(d->from, scan);
    Kept *kept = &d->kept[scan];
    if (kept->out == NULL) {
        kept->in = ARENA_ARRAY(arena, bool, n->operands);
        kept->out = ARENA_ARRAY(arena, bool, n->region->output.count);
    }
    return kept;
}

/* A state that something reads is wanted, too, which may make others so. */
static void
keep_ports(const Node *n, Kept *kept)
{
    const Graph *body = n->region;
    const Scan *scan = n->as.scan;
    bool *live = ARENA_ARRAY(body->arena, bool, body->node.count);
    bool changed = true;
    while (changed) {
        changed = false;
        for (size_t o = 0; o < body->output.count; o++)
            if (kept->out[o])
                live[body->output.item[o].ref] = true;
        for (size_t i = body->node.count; i-- > 0;) {
            const Node *own = &body->node.item[i];
            for (int k = 0; live[i] && k < own->operands; k++)
                live[ir_operand(own, k)] = true;
        }
        for (int k = 0; k < scan->states; k++) {
            bool read = live[body->leaf.item[scan->sequences + k]];
            changed = changed || (read && !kept->out[k]);
            kept->out[k] = kept->out[k] || read;
        }
    }
    for (int i = 0; i < n->operands; i++) {
        int state = i - scan->sequences;
        bool own = state >= 0 && state < scan->states;
        kept->in[i] = own ? kept->out[state] : live[body->leaf.item[i]];
    }
}

/* The body without the inputs and outputs that are not kept. */
static Graph *
keep_body(const Graph *body, const Kept *kept)
{
    Graph *g = ir_graph_like(body);
    Ref *map = ARENA_ARRAY(body->arena, Ref, body->node.count);
    bool *live = ARENA_ARRAY(body->arena, bool, body->node.count);
    for (size_t i = 0; i < body->leaf.count; i++)
        live[body->leaf.item[i]] = kept->in[i];
    for (size_t o = 0; o < body->output.count; o++)
        live[body->output.item[o].ref] |= kept->out[o];
    for (size_t i = body->node.count; i-- > 0;) {
        const Node *n = &body->node.item[i];
        for (int k = 0; live[i] && k < n->operands; k++)
            live[ir_operand(n, k)] = true;
    }
    for (size_t i = 0; i < body->node.count; i++)
        map[i] = live[i] ? ir_copy(g, body, (Ref)i, map) : REF_NONE;
    for (size_t o = 0; o < body->output.count; o++) {
        const Output *out = &body->output.item[o];
        if (kept->out[o])
            ir_output(g, out->name, map[out->ref], REF_NONE);
    }
    return pass_dce(g);
}

/* The loop with what is kept of it. */
static Ref
copy_scan(Dce *d, Ref ref)
{
    Arena *arena = d->from->arena;
    const Node *n = ir_node(d->from, ref);
    const Scan *from = n->as.scan;
    const Kept *kept = &d->kept[ref];
    Scan scan = {.extent = from->extent, .backward = from->backward};
    int ports = n->operands + from->results;
    int8_t *axis = ARENA_ARRAY(arena, int8_t, ports);
    Ref *operand = ARENA_ARRAY(arena, Ref, ports);
    int operands = 0;
    for (int i = 0; i < n->operands; i++) {
        if (!kept->in[i])
            continue;
        if (i < from->sequences)
            axis[scan.sequences++] = from->axis[i];
        else if (i < from->sequences + from->states)
            scan.states++;
        operand[operands++] = d->map[from->operand[i]];
    }
    for (int i = 0; i < from->results; i++)
        if (kept->out[from->states + i])
            axis[scan.sequences + scan.results++] =
                from->axis[from->sequences + i];
    scan.axis = axis;
    scan.operand = operand;
    d->g->span = n->span;
    d->g->frame = n->frame;
    return ir_scan(d->g, &scan, operands, keep_body(n->region, kept));
}

static Ref
copy_node(Dce *d, Ref ref)
{
    const Node *n = ir_node(d->from, ref);
    if (n->region != NULL)
        return copy_scan(d, ref);
    Ref copy = ir_copy(d->g, d->from, ref, d->map);
    if (n->op == OP_part) {
        int part = 0;
        for (int k = 0; k < n->as.part; k++)
            part += d->kept[n->operand[0]].out[k];
        ir_node(d->g, copy)->as.part = part;
    }
    return copy;
}

/* Marks what a live node needs. */
static void
need_operands(Dce *d, Ref ref)
{
    const Node *n = ir_node(d->from, ref);
    if (n->op == OP_part)
        kept_of(d, n->operand[0])->out[n->as.part] = true;
    if (n->region != NULL)
        keep_ports(n, kept_of(d, ref));
    for (int k = 0; k < n->operands; k++)
        if (n->region == NULL || d->kept[ref].in[k])
            d->live[ir_operand(n, k)] = true;
}

/* Whether all nodes are live, and none is a loop, which has ports. */
static bool
is_live(const Dce *d)
{
    bool live = true;
    for (size_t i = 0; i < d->from->node.count && live; i++)
        live = d->live[i] && d->from->node.item[i].region == NULL;
    return live;
}

/* A graph of the same nodes, which may grow by others. */
static Graph *
same_nodes(const Graph *from)
{
    Graph *g = arena_copy(from->arena, from, sizeof *from);
    g->node.capacity = g->node.count;
    g->leaf.capacity = g->leaf.count;
    g->output.capacity = g->output.count;
    return g;
}

Graph *
pass_dce(const Graph *from)
{
    Arena *arena = from->arena;
    Dce d = {.from = from};
    d.map = ARENA_ARRAY(arena, Ref, from->node.count);
    d.live = ARENA_ARRAY(arena, bool, from->node.count);
    d.kept = ARENA_ARRAY(arena, Kept, from->node.count);

    for (size_t i = 0; i < from->leaf.count; i++)
        d.live[from->leaf.item[i]] = true;
    for (size_t i = 0; i < from->output.count; i++)
        d.live[from->output.item[i].ref] = true;
    /* Backwards, so that users come before what they use. */
    for (size_t i = from->node.count; i-- > 0;)
        if (d.live[i])
            need_operands(&d, (Ref)i);
    if (is_live(&d))
        return same_nodes(from);
    d.g = ir_graph_like(from);
    for (size_t i = 0; i < from->node.count; i++)
        d.map[i] = d.live[i] ? copy_node(&d, (Ref)i) : REF_NONE;
    pass_outputs(d.g, from, d.map);
    return d.g;
}
