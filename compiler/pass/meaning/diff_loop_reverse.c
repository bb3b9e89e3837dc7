/* Reverse mode of loops: back-propagation through time.
 *
 * The adjoint of a loop is a loop from its last step to its first (or the other
 * way round), whose states are the adjoints of its states. Of what it captures
 * the gradient is a sum over the steps. Where a step's share is a product, a
 * sum or a table's gradient of what all steps can give side by side, the sum
 * over the steps is part of one of these behind the loop; else it is a state
 * that adds up, in the order in which the adjoint's steps run.
 */
#include "pass/meaning/diff_loop.h"

#include <string.h>

typedef struct {
    Derived l;
    const Ref *dpart;   /* by part; REF_NONE: 0 */
    const bool *wanted; /* by operand */
    Ref *dx;            /* by operand */
    int *state;         /* by state: the adjoint's number, or -1 */
    int *result;        /* by operand: of its gradient a step; -1: behind */
    Ref *gradient;      /* by operand: a step's, in the body */
    int *sum;           /* by operand: the state that adds up, or -1 */
} Reverse;

/* Which states have an adjoint that can be other than 0: what is differentiated
 * hangs on them.
 */
static bool *
useful_states(const Node *scan, const Ref *dpart)
{
    const Graph *body = scan->region;
    const Scan *loop = scan->as.scan;
    Arena *arena = &body->context->arena;
    bool *useful = ARENA_ARRAY(arena, bool, (size_t)loop->states + 1);
    bool *live = ARENA_ARRAY(arena, bool, body->node.count + 1);
    bool changed = true;
    for (int k = 0; k < loop->states; k++)
        useful[k] = dpart[k] != REF_NONE;
    while (changed) {
        changed = false;
        for (size_t o = 0; o < body->output.count; o++)
            if ((int)o < loop->states ? useful[o] : dpart[o] != REF_NONE)
                live[body->output.item[o].ref] = true;
        for (size_t i = body->node.count; i-- > 0;) {
            const Node *n = &body->node.item[i];
            for (int k = 0; live[i] && k < n->operands; k++)
                live[ir_operand(n, k)] = true;
        }
        for (int k = 0; k < loop->states; k++) {
            bool read = live[body->leaf.item[loop->sequences + k]];
            changed = changed || (read && !useful[k]);
            useful[k] = useful[k] || read;
        }
    }
    return useful;
}

/* What is made now is of the step's node. */
static void
made_for(Graph *g, const Node *n)
{
    g->span = n->span;
    g->frame = n->frame;
}

/* Of what the step reads of state k, as h{-1}. */
static void
made_for_state(const Derived *l, int k)
{
    const Graph *body = l->node.region;
    int leaf = l->node.as.scan->sequences + k;
    made_for(l->g, ir_node(body, body->leaf.item[leaf]));
}

/* Zeros like a node of the graph around. */
static Ref
zeros(Graph *g, Ref like)
{
    return ir_fill(g, like, 0);
}

/* Differentiates the body; what a step gives for each operand is in gradient.
 */
static bool
differentiate(Reverse *r)
{
    Derived *l = &r->l;
    Arena *arena = &l->g->context->arena;
    const Node *n = &l->node;
    const Scan *scan = n->as.scan;
    const Graph *body = n->region;
    size_t outs = body->output.count + 1;
    Ref *y = ARENA_ARRAY(arena, Ref, outs);
    Ref *dy = ARENA_ARRAY(arena, Ref, outs);
    Ref *wrt = ARENA_ARRAY(arena, Ref, (size_t)n->operands + 1);
    Ref *found = ARENA_ARRAY(arena, Ref, (size_t)n->operands + 1);
    bool *from = ARENA_ARRAY(arena, bool, (size_t)n->operands + 1);
    memcpy(from, r->wanted, (size_t)n->operands * sizeof *from);
    bool *depends = derived_depends(n, from);
    bool *useful = useful_states(n, r->dpart);
    int outputs = 0;
    int count = 0;
    for (int o = 0; o < (int)body->output.count; o++) {
        int k = o < scan->states ? o : -1;
        Ref ref = body->output.item[o].ref;
        bool has = k < 0 ? r->dpart[o] != REF_NONE && depends[ref]
                         : useful[k] && from[scan->sequences + k];
        if (k >= 0)
            r->state[k] = -1;
        if (!has || !dtype_real(ir_node(body, ref)->dtype))
            continue;
        Port port = {.inner = derived_input(l, ref)};
        y[outputs] = ref;
        dy[outputs++] = port.inner;
        if (k < 0) {
            port.outer = r->dpart[o];
            port.axis = scan->axis[scan->sequences + o - scan->states];
            VEC_PUSH(arena, &l->sequence, port);
            continue;
        }
        made_for_state(l, k);
        port.outer = r->dpart[k] != REF_NONE
                         ? r->dpart[k]
                         : zeros(l->g, scan->operand[scan->sequences + k]);
        r->state[k] = (int)l->state.count;
        VEC_PUSH(arena, &l->state, port);
    }
    for (int i = 0; i < n->operands; i++) {
        int k = i - scan->sequences;
        bool state = k >= 0 && k < scan->states;
        r->gradient[i] = REF_NONE;
        if (state ? r->state[k] >= 0 : r->wanted[i])
            wrt[count++] = body->leaf.item[i];
    }
    if (!diff_reverse(l->d, y, dy, outputs, wrt, count, found))
        return false;
    for (int i = 0, at = 0; i < n->operands && at < count; i++)
        if (body->leaf.item[i] == wrt[at])
            r->gradient[i] = found[at++];
    return true;
}

/* One term of a captured value's gradient, behind the loop: REF_NONE where it
 * has no such form. Results that it needs are noted in a first round, in which
 * `make` is false.
 */
static Ref term_all(Reverse *r, Ref term, bool make, bool *fits);

/* The gradient of a sequence behind the loop, where a step's is a product, or
 * products added up; a step's products are then one, and no work where nobody
 * wants them. REF_NONE as for term_all.
 */
static Ref slices_all(Reverse *r, Ref ref, int axis, bool make, bool *fits);

/* All steps of a value, and where they are; in the first round only noted. */
static Ref
value_all(Reverse *r, Ref value, bool make, int8_t *axis)
{
    Derived *l = &r->l;
    const Port *port = derived_port(&l->sequence, value);
    if (port != NULL) {
        *axis = port->axis;
        return port->outer;
    }
    if (derived_own(l, value))
        return derived_all(l, value, axis);
    *axis = loop_axis(&l->node, ir_node(l->d, value)->rank);
    int number = derived_result(l, value, *axis);
    return make ? derived_part(l, number) : REF_NONE;
}

/* Labels with one for the steps at their axis. */
static void
put_label(int8_t *to, const int8_t *label, int rank, int axis, int8_t steps)
{
    for (int a = 0; a <= rank; a++)
        to[a] = a < axis ? label[a] : a == axis ? steps : label[a - 1];
}

/* The product over all steps; summed over them, or, where the result has an
 * axis for them, at each. One operand is an adjoint, which differs in each
 * step.
 */
static Ref
product_all(Reverse *r, const Node *n, int at, bool make, bool *fits)
{
    Graph *g = r->l.g;
    Ref operand[2];
    int8_t label[3][IR_RANK + 1];
    int8_t steps = 0;
    for (int i = 0; i < 2; i++) {
        int rank = ir_node(r->l.d, n->operand[i])->rank;
        const int8_t *own = i == 0 ? n->as.contract.a : n->as.contract.b;
        for (int a = 0; a < rank; a++)
            if (own[a] >= steps)
                steps = (int8_t)(own[a] + 1);
        *fits = *fits && rank < IR_RANK;
    }
    *fits = *fits && steps < IR_LABELS;
    for (int i = 0; i < 2 && *fits; i++) {
        int8_t axis;
        int rank = ir_node(r->l.d, n->operand[i])->rank;
        const int8_t *own = i == 0 ? n->as.contract.a : n->as.contract.b;
        operand[i] = value_all(r, n->operand[i], make, &axis);
        *fits = axis >= 0 || at >= 0;
        put_label(label[i], own, rank, axis >= 0 ? axis : rank, steps);
    }
    if (!*fits || !make)
        return REF_NONE;
    put_label(label[2], n->as.contract.out, n->rank, at >= 0 ? at : n->rank,
              steps);
    made_for(g, n);
    return ir_contract(g, operand[0], label[0], operand[1], label[1],
                       n->rank + (at >= 0), label[2]);
}

static Ref
sum_all(Reverse *r, const Node *n, bool make, bool *fits)
{
    int8_t axis;
    uint32_t axes = n->as.axes;
    *fits = ir_node(r->l.d, n->operand[0])->rank < IR_RANK;
    if (!*fits)
        return REF_NONE;
    Ref all = value_all(r, n->operand[0], make, &axis);
    *fits = axis >= 0;
    if (!*fits || !make)
        return REF_NONE;
    uint32_t low = ((uint32_t)1 << axis) - 1;
    axes = (axes & low) | (axes & ~low) << 1 | (uint32_t)1 << axis;
    made_for(r->l.g, n);
    return ir_reduce(r->l.g, OP_sum, all, axes);
}

/* Goes from a node to its first operand, as often as the operations are those
 * that are named; REF_NONE where one is not.
 */
static Ref
follow(const Graph *g, Ref ref, const Op *op, int count)
{
    for (int i = 0; i < count; i++) {
        if (ir_node(g, ref)->op != op[i])
            return REF_NONE;
        ref = ir_node(g, ref)->operand[0];
    }
    return ref;
}

/* What diff_gather has made of: `sum` is below its last reshape. */
static bool
find_gather(const Graph *d, Ref sum, Ref *index, Ref *dy)
{
    static const Op way[] = {OP_eq, OP_broadcast, OP_max, OP_min, OP_reshape};
    static const Op from[] = {OP_broadcast, OP_reshape};
    static const Op top[] = {OP_sum, OP_select};
    Ref mask = follow(d, sum, top, 2);
    if (mask == REF_NONE || ir_node(d, sum)->as.axes != 2)
        return false;
    const Node *kept = ir_node(d, ir_node(d, sum)->operand[0]);
    const Node *column = ir_node(d, ir_node(d, mask)->operand[1]);
    *index = follow(d, mask, way, 5);
    *dy = follow(d, kept->operand[1], from, 2);
    return kept->rank == 3 && column->op == OP_iota && column->as.axis == 2 &&
           *index != REF_NONE && *dy != REF_NONE;
}

/* All steps of a step's gradient, with the steps at an axis. */
static Ref
adjoint_all(Reverse *r, Ref dy, int at, bool make, bool *fits)
{
    Derived *l = &r->l;
    int8_t axis;
    Ref all = slices_all(r, dy, at, make, fits);
    if (*fits)
        return all;
    if (derived_port(&l->sequence, dy) != NULL || derived_own(l, dy)) {
        all = value_all(r, dy, make, &axis);
        *fits = axis == at;
        return all;
    }
    *fits = true;
    int number = derived_result(l, dy, (int8_t)at);
    return make ? derived_part(l, number) : REF_NONE;
}

/* The gradient of a table that each step reads by indices of its own: that of
 * one which reads it by all of them.
 */
static Ref
gather_all(Reverse *r, const Node *n, bool make, bool *fits)
{
    Derived *l = &r->l;
    Ref index;
    Ref dy;
    int8_t axis;
    *fits = find_gather(l->d, n->operand[0], &index, &dy) &&
            derived_own(l, index) && ir_node(l->d, dy)->rank < IR_RANK;
    if (!*fits)
        return REF_NONE;
    Ref all = value_all(r, index, make, &axis);
    *fits = axis >= 0;
    if (!*fits)
        return REF_NONE;
    Ref dys = adjoint_all(r, dy, n->rank - 1 + axis, make, fits);
    if (!*fits || !make)
        return REF_NONE;
    made_for(l->g, n);
    return diff_gather(l->g, n->rank, n->dim, all, dys);
}

static Ref
term_all(Reverse *r, Ref term, bool make, bool *fits)
{
    Derived *l = &r->l;
    Node n = *ir_node(l->d, term);
    Ref u;
    *fits = !derived_own(l, term);
    if (!*fits)
        return REF_NONE;
    switch ((int)n.op) {
    case OP_contract:
        return product_all(r, &n, -1, make, fits);
    case OP_sum:
        return sum_all(r, &n, make, fits);
    case OP_reshape:
        u = gather_all(r, &n, make, fits);
        if (*fits)
            return u;
        u = term_all(r, n.operand[0], make, fits);
        return make && *fits ? ir_reshape(l->g, u, n.rank, n.dim) : REF_NONE;
    case OP_permute:
        u = term_all(r, n.operand[0], make, fits);
        return make && *fits ? ir_permute(l->g, u, n.as.map) : REF_NONE;
    case OP_neg:
        u = term_all(r, n.operand[0], make, fits);
        return make && *fits ? ir_map(l->g, OP_neg, u, REF_NONE, REF_NONE)
                             : REF_NONE;
    }
    *fits = false;
    return REF_NONE;
}

/* The terms of a sum; those that fit are left out of `rest`, a value of the
 * body, and given in `all`.
 */
static void
split_terms(Reverse *r, Ref sum, bool make, Ref *rest, Ref *all)
{
    Derived *l = &r->l;
    bool fits;
    Node n = *ir_node(l->d, sum);
    if (n.op == OP_add && !derived_own(l, sum)) {
        split_terms(r, n.operand[0], make, rest, all);
        split_terms(r, n.operand[1], make, rest, all);
        return;
    }
    Ref term = term_all(r, sum, make, &fits);
    if (!fits && !make)
        *rest = *rest == REF_NONE ? sum
                                  : ir_map(l->d, OP_add, *rest, sum, REF_NONE);
    if (fits && make)
        *all = *all == REF_NONE ? term
                                : ir_map(l->g, OP_add, *all, term, REF_NONE);
}

static Ref
slices_all(Reverse *r, Ref ref, int axis, bool make, bool *fits)
{
    Derived *l = &r->l;
    Node n = *ir_node(l->d, ref);
    *fits = !derived_own(l, ref) && (n.op == OP_contract || n.op == OP_add);
    if (!*fits)
        return REF_NONE;
    if (n.op == OP_contract)
        return product_all(r, &n, axis, make, fits);
    Ref u = slices_all(r, n.operand[0], axis, make, fits);
    bool first = *fits;
    Ref v = slices_all(r, n.operand[1], axis, make, fits);
    *fits = *fits && first;
    return make && *fits ? ir_map(l->g, OP_add, u, v, REF_NONE) : REF_NONE;
}

/* What the new loop gives for operand i, besides its states. */
static void
note_operand(Reverse *r, int i)
{
    Derived *l = &r->l;
    Arena *arena = &l->g->context->arena;
    const Scan *scan = l->node.as.scan;
    Ref rest = REF_NONE;
    Ref all = REF_NONE;
    if (i < scan->sequences) {
        bool fits;
        slices_all(r, r->gradient[i], scan->axis[i], false, &fits);
        r->result[i] =
            fits ? -1 : derived_result(l, r->gradient[i], scan->axis[i]);
        return;
    }
    split_terms(r, r->gradient[i], false, &rest, &all);
    if (rest == REF_NONE)
        return;
    made_for(l->g, ir_node(l->d, rest));
    Port port = {.outer = zeros(l->g, scan->operand[i]),
                 .inner = derived_input(l, rest)};
    port.next = ir_map(l->d, OP_add, port.inner, rest, REF_NONE);
    r->sum[i] = (int)l->state.count;
    VEC_PUSH(arena, &l->state, port);
}

static void
give_operand(Reverse *r, int i)
{
    Derived *l = &r->l;
    const Scan *scan = l->node.as.scan;
    Ref rest = REF_NONE;
    Ref all = REF_NONE;
    if (i < scan->sequences) {
        bool fits;
        made_for(l->g, ir_node(l->d, r->gradient[i]));
        r->dx[i] = r->result[i] >= 0 ? derived_part(l, r->result[i])
                                     : slices_all(r, r->gradient[i],
                                                  scan->axis[i], true, &fits);
        return;
    }
    split_terms(r, r->gradient[i], true, &rest, &all);
    if (r->sum[i] >= 0) {
        made_for(l->g, ir_node(l->d, r->gradient[i]));
        Ref sum = derived_state(l, r->sum[i]);
        all = all == REF_NONE ? sum : ir_map(l->g, OP_add, all, sum, REF_NONE);
    }
    r->dx[i] = all;
}

/* Every state's adjoint before a step; where nothing gives one, it is 0. */
static void
close_states(Reverse *r)
{
    Derived *l = &r->l;
    const Scan *scan = l->node.as.scan;
    for (int k = 0; k < scan->states; k++) {
        if (r->state[k] < 0)
            continue;
        Port *port = &l->state.item[r->state[k]];
        port->next = r->gradient[scan->sequences + k];
        if (port->next == REF_NONE)
            port->next = ir_fill(l->d, port->inner, 0);
    }
}

bool
diff_scan_reverse(Graph *g, Ref scan, const Ref *dpart, const bool *wanted,
                  Ref *dx)
{
    Arena *arena = &g->context->arena;
    Node n = *ir_node(g, scan);
    const Scan *loop = n.as.scan;
    size_t operands = (size_t)n.operands + 1;
    Reverse r = {.l = derived_of(g, scan, !loop->backward),
                 .dpart = dpart,
                 .wanted = wanted,
                 .dx = dx,
                 .state = ARENA_ARRAY(arena, int, (size_t)loop->states + 1),
                 .result = ARENA_ARRAY(arena, int, operands),
                 .gradient = ARENA_ARRAY(arena, Ref, operands),
                 .sum = ARENA_ARRAY(arena, int, operands)};
    if (!differentiate(&r))
        return false;
    close_states(&r);
    for (int i = 0; i < n.operands; i++) {
        bool state = i >= loop->sequences && i < loop->sequences + loop->states;
        r.sum[i] = -1;
        dx[i] = REF_NONE;
        if (!state && r.gradient[i] != REF_NONE)
            note_operand(&r, i);
    }
    made_for(g, &n);
    if (!derived_make(&r.l))
        return false;
    for (int i = 0; i < n.operands; i++) {
        int k = i - loop->sequences;
        bool state = k >= 0 && k < loop->states;
        if (state && r.state[k] >= 0 && wanted[i]) {
            made_for_state(&r.l, k);
            dx[i] = derived_state(&r.l, r.state[k]);
        } else if (!state && r.gradient[i] != REF_NONE) {
            give_operand(&r, i);
        }
    }
    made_for(g, &n);
    return true;
}
