/* What both modes need of a loop's derivative: the cut between what the loop
 * has computed and what its derivative computes.
 */
#include "pass/meaning/diff_loop.h"

#include <string.h>

Derived
derived_of(Graph *g, Ref scan, bool backward)
{
    Arena *arena = &g->context->arena;
    Derived l = {.g = g, .scan = scan, .node = *ir_node(g, scan)};
    const Graph *body = l.node.region;
    l.backward = backward;
    l.own = body->node.count;
    l.d = ir_graph(g->context, g->dims, body->name);
    Ref *map = ARENA_ARRAY(arena, Ref, l.own + 1);
    for (size_t i = 0; i < l.own; i++)
        map[i] = ir_copy(l.d, body, (Ref)i, map);
    for (size_t o = 0; o < body->output.count; o++)
        ir_output(l.d, body->output.item[o].name, body->output.item[o].ref,
                  REF_NONE);
    l.d->span = l.node.span;
    l.d->frame = l.node.frame;
    return l;
}

Ref
derived_input(Derived *l, Ref like)
{
    Node n = *ir_node(l->d, like);
    const char *name = intern_text(&l->g->context->names, "d");
    return ir_leaf(l->d, OP_input, name, n.dtype, n.rank, n.dim);
}

int8_t
loop_axis(const Node *loop, int rank)
{
    const Scan *scan = loop->as.scan;
    const Graph *body = loop->region;
    int behind = 0;
    if (scan->sequences > 0)
        behind = ir_node(body, body->leaf.item[0])->rank - scan->axis[0];
    else if (scan->results > 0)
        behind = ir_node(body, body->output.item[scan->states].ref)->rank -
                 scan->axis[0];
    return (int8_t)(rank > behind ? rank - behind : 0);
}

bool
derived_own(const Derived *l, Ref ref)
{
    const Node *n = ir_node(l->d, ref);
    return (size_t)ref < l->own ||
           (n->op == OP_part && (size_t)n->operand[0] < l->own);
}

/* All steps of a value need one more axis. */
static void
check_rank(Derived *l, Ref value)
{
    const Node *n = ir_node(l->d, value);
    if (n->rank < IR_RANK || l->failed)
        return;
    Diag *diag = diag_add(&l->g->context->diags, DIAG_derivative, n->span,
                          "an array of rank %d leaves no axis for the steps; "
                          "%d is the most",
                          n->rank, IR_RANK - 1);
    diag->frame = n->frame;
    l->failed = true;
}

int
derived_result(Derived *l, Ref value, int8_t axis)
{
    for (size_t i = 0; i < l->result.count; i++)
        if (l->result.item[i].inner == value && l->result.item[i].axis == axis)
            return (int)i;
    Port port = {.inner = value, .axis = axis};
    VEC_PUSH(&l->g->context->arena, &l->result, port);
    return (int)l->result.count - 1;
}

/* The number of an input of the loop's body; -1: it is none. */
static int
input_number(const Derived *l, Ref ref)
{
    const Graph *body = l->node.region;
    for (size_t i = 0; i < body->leaf.count; i++)
        if (body->leaf.item[i] == ref)
            return (int)i;
    return -1;
}

const Port *
derived_port(const PortList *list, Ref inner)
{
    for (size_t i = 0; i < list->count; i++)
        if (list->item[i].inner == inner)
            return &list->item[i];
    return NULL;
}

/* The axis of the steps for a value that the first loop saves. Behind the loops
 * it lies as their sequences do. What only the new loop reads has its steps
 * last, so that each step's lies in one piece; unless the first loop gives it
 * anyway.
 */
static int8_t
saved_axis(const Derived *l, Ref value, bool behind)
{
    const Scan *scan = ir_node(l->g, l->scan)->as.scan;
    const Graph *body = l->node.region;
    for (int o = l->node.as.scan->states; o < (int)body->output.count; o++)
        if (body->output.item[o].ref == value)
            return scan->axis[scan->sequences + o - scan->states];
    int rank = ir_node(l->d, value)->rank;
    return behind ? loop_axis(&l->node, rank) : (int8_t)rank;
}

/* The first loop gives one more result, a value of its body. It gets that body
 * anew, as derivatives of loops in it may have added results to those.
 */
static Port
save_value(Derived *l, Ref value, bool behind)
{
    Arena *arena = &l->g->context->arena;
    Node *node = ir_node(l->g, l->scan);
    const Scan *old = node->as.scan;
    size_t ports = (size_t)(old->sequences + old->results);
    Scan *scan = arena_copy(arena, old, sizeof *old);
    int8_t *axis = ARENA_ARRAY(arena, int8_t, ports + 1);
    if (ports > 0)
        memcpy(axis, old->axis, ports);
    axis[ports] = saved_axis(l, value, behind);
    scan->axis = axis;
    scan->results++;
    node->as.scan = scan;
    ir_output(l->d, "saved", value, REF_NONE);
    Graph *body = ir_graph_like(l->d);
    Ref *map = ARENA_ARRAY(arena, Ref, l->d->node.count + 1);
    for (Ref r = 0; r < (Ref)l->d->node.count; r++)
        if (derived_own(l, r))
            map[r] = ir_copy(body, l->d, r, map);
    for (size_t o = 0; o < l->d->output.count; o++)
        ir_output(body, l->d->output.item[o].name,
                  map[l->d->output.item[o].ref], REF_NONE);
    node->region = body;
    int part = scan->states + scan->results - 1;
    return (Port){.outer = ir_part(l->g, l->scan, part),
                  .inner = value,
                  .axis = axis[ports]};
}

/* A value of the body's own as a sequence or captured value of the new loop;
 * whether all steps of it are needed behind that, too.
 */
static void
take_value(Derived *l, Ref value, bool behind)
{
    Arena *arena = &l->g->context->arena;
    const Scan *scan = l->node.as.scan;
    int input = input_number(l, value);
    if (derived_port(&l->sequence, value) || derived_port(&l->captured, value))
        return;
    if (input >= scan->sequences + scan->states) {
        Port port = {.outer = scan->operand[input], .inner = value};
        VEC_PUSH(arena, &l->captured, port);
        return;
    }
    Port port = {.inner = value};
    if (input >= 0 && input < scan->sequences) {
        port.outer = scan->operand[input];
        port.axis = scan->axis[input];
    } else {
        check_rank(l, value);
        if (!l->failed)
            port = save_value(l, value, behind);
    }
    VEC_PUSH(arena, &l->sequence, port);
}

Ref
derived_all(Derived *l, Ref value, int8_t *axis)
{
    if (derived_own(l, value))
        take_value(l, value, true);
    const Port *port = derived_port(&l->sequence, value);
    *axis = port != NULL ? port->axis : -1;
    if (port == NULL)
        port = derived_port(&l->captured, value);
    return port != NULL ? port->outer : REF_NONE;
}

/* Whether a value is made again where it is needed: it costs nothing. */
static bool
made_again(const Node *n)
{
    OpClass class = op_info[n->op].class;
    return class == CLASS_SHAPE || (class == CLASS_LEAF && n->op != OP_input);
}

/* Marks what the new loop computes; the rest of what it needs it takes. */
static bool *
find_needed(Derived *l)
{
    Graph *d = l->d;
    bool *needed = ARENA_ARRAY(&d->context->arena, bool, d->node.count + 1);
    for (size_t i = 0; i < l->result.count; i++)
        needed[l->result.item[i].inner] = true;
    for (size_t i = 0; i < l->state.count; i++)
        needed[l->state.item[i].next] = true;
    for (Ref r = (Ref)d->node.count - 1; r >= 0; r--) {
        const Node *n = ir_node(d, r);
        if (!needed[r])
            continue;
        if (derived_port(&l->sequence, r) || derived_port(&l->captured, r) ||
            derived_port(&l->state, r)) {
            needed[r] = false;
        } else if (derived_own(l, r) && !made_again(n)) {
            needed[r] = false;
            take_value(l, r, false);
        } else {
            for (int k = 0; k < n->operands; k++)
                needed[ir_operand(n, k)] = true;
        }
    }
    return needed;
}

/* Inputs of the new body for a list of operands. */
static void
make_inputs(const Derived *l, Graph *body, const PortList *list, Ref *map,
            Ref *operand, int *operands)
{
    for (size_t i = 0; i < list->count; i++) {
        const Port *port = &list->item[i];
        Node n = *ir_node(l->d, port->inner);
        const char *name = n.op == OP_input
                               ? n.as.leaf.name
                               : intern_text(&l->g->context->names, "saved");
        map[port->inner] =
            ir_leaf(body, OP_input, name, n.dtype, n.rank, n.dim);
        operand[(*operands)++] = port->outer;
    }
}

bool
derived_make(Derived *l)
{
    Arena *arena = &l->g->context->arena;
    bool *needed = find_needed(l);
    if (l->failed)
        return false;
    size_t ports = l->sequence.count + l->state.count + l->captured.count;
    Ref *operand = ARENA_ARRAY(arena, Ref, ports + 1);
    int8_t *axis =
        ARENA_ARRAY(arena, int8_t, l->sequence.count + l->result.count + 1);
    Ref *map = ARENA_ARRAY(arena, Ref, l->d->node.count + 1);
    Graph *body = ir_graph_like(l->d);
    Scan scan = {.extent = l->node.as.scan->extent,
                 .backward = l->backward,
                 .sequences = (int)l->sequence.count,
                 .states = (int)l->state.count,
                 .results = (int)l->result.count,
                 .axis = axis,
                 .operand = operand};
    int operands = 0;
    for (size_t i = 0; i < l->sequence.count; i++)
        *axis++ = l->sequence.item[i].axis;
    for (size_t i = 0; i < l->result.count; i++)
        *axis++ = l->result.item[i].axis;
    body->span = l->node.span;
    body->frame = l->node.frame;
    make_inputs(l, body, &l->sequence, map, operand, &operands);
    make_inputs(l, body, &l->state, map, operand, &operands);
    make_inputs(l, body, &l->captured, map, operand, &operands);
    for (Ref r = 0; r < (Ref)l->d->node.count; r++)
        if (needed[r])
            map[r] = ir_copy(body, l->d, r, map);
    for (size_t i = 0; i < l->state.count; i++)
        ir_output(body, "next", map[l->state.item[i].next], REF_NONE);
    for (size_t i = 0; i < l->result.count; i++)
        ir_output(body, "d", map[l->result.item[i].inner], REF_NONE);
    l->made = ir_scan(l->g, &scan, operands, body);
    return true;
}

Ref
derived_state(const Derived *l, int k)
{
    return ir_part(l->g, l->made, k);
}

Ref
derived_part(const Derived *l, int k)
{
    return ir_part(l->g, l->made, (int)l->state.count + k);
}

bool *
derived_depends(const Node *scan, bool *from)
{
    const Graph *body = scan->region;
    const Scan *loop = scan->as.scan;
    Arena *arena = &body->context->arena;
    bool *depends = ARENA_ARRAY(arena, bool, body->node.count + 1);
    bool changed = true;
    while (changed) {
        changed = false;
        for (int i = 0; i < scan->operands; i++)
            depends[body->leaf.item[i]] = from[i];
        for (size_t i = 0; i < body->node.count; i++) {
            const Node *n = &body->node.item[i];
            bool real = dtype_real(n->dtype) || n->region != NULL;
            for (int k = 0; real && n->op != OP_stop && k < n->operands; k++)
                depends[i] = depends[i] || depends[ir_operand(n, k)];
        }
        for (int k = 0; k < loop->states; k++) {
            bool *state = &from[loop->sequences + k];
            bool next = depends[body->output.item[k].ref];
            changed = changed || (next && !*state);
            *state = *state || next;
        }
    }
    return depends;
}
