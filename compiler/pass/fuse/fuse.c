/* From a graph to its schedule.
 *
 * Nodes are taken in the graph's order, but those which only lead, element by
 * element, to next values come last: by then all that reads the old values is
 * there, and most next values can be stored in place.
 */
#include "pass/fuse/fuse.h"

typedef struct {
    const Graph *g;
    uint32_t *needed; /* outputs that need a node; bit 31: those from 31 on */
    bool *other;      /* needed by more than elementwise ways to next values */
    int *users;
    int *late;   /* users that may be taken after what computes next values */
    bool *ready; /* waits, and its operands are as it needs them */
} Facts;

static void
facts_need(Facts *facts, Ref ref, uint32_t outputs, bool other)
{
    facts->needed[ref] |= outputs;
    facts->other[ref] = facts->other[ref] || other;
}

/* At the last node of loops: what is needed of them needs their states. */
static void
facts_states(const Schedule *s, Facts *facts, Ref last)
{
    for (int l = s->loop_of[last]; l >= 0; l = s->loop.item[l].outer) {
        const Loop *loop = &s->loop.item[l];
        if (loop->end != last + 1)
            return;
        for (int k = 0; k < loop->states && loop->needed != 0; k++) {
            facts_need(facts, loop->value[k], loop->needed, true);
            facts->users[loop->value[k]]++;
            facts_need(facts, loop->carry[k], loop->needed, true);
        }
        facts->needed[loop->first] |= loop->needed;
    }
}

static bool
is_training(const Graph *g)
{
    for (size_t o = 0; o < g->output.count; o++) {
        Ref next = g->output.item[o].next;
        if (next != REF_NONE && ir_node(g, next)->op == OP_param)
            return true;
    }
    return false;
}

static Facts
facts_of(Schedule *s)
{
    const Graph *g = s->graph;
    Arena *arena = &g->context->scratch;
    Facts facts = {.g = g,
                   .needed = ARENA_ARRAY(arena, uint32_t, g->node.count + 1),
                   .other = ARENA_ARRAY(arena, bool, g->node.count + 1),
                   .users = ARENA_ARRAY(arena, int, g->node.count + 1),
                   .late = ARENA_ARRAY(arena, int, g->node.count + 1),
                   .ready = ARENA_ARRAY(arena, bool, g->node.count + 1)};
    for (size_t o = 0; o < g->output.count; o++) {
        const Output *output = &g->output.item[o];
        facts_need(&facts, output->ref, 1u << (o < 31 ? o : 31),
                   output->next == REF_NONE);
        facts.users[output->ref]++;
    }
    for (Ref r = (Ref)g->node.count - 1; r >= 0; r--) {
        const Node *node = ir_node(g, r);
        bool through = op_info[node->op].class == CLASS_REDUCE ||
                       op_info[node->op].class == CLASS_CONTRACT ||
                       op_info[node->op].class == CLASS_LOOP ||
                       s->loop_of[r] >= 0 || node->op == OP_gather;
        facts_states(s, &facts, r);
        if (facts.needed[r] == 0)
            continue;
        if (s->part_of[r] >= 0)
            s->loop.item[s->part_of[r]].needed |= facts.needed[r];
        for (int i = 0; i < node->operands; i++) {
            facts_need(&facts, node->operand[i], facts.needed[r],
                       facts.other[r] || through);
            facts.users[node->operand[i]]++;
        }
    }
    return facts;
}

/* The tag of the statements for a node. */
static uint32_t
tag_of(const Schedule *s, const Facts *facts, Ref ref)
{
    uint32_t needed = facts->needed[ref];
    for (int l = s->loop_of[ref]; l >= 0; l = s->loop.item[l].outer)
        needed = s->loop.item[l].needed;
    return (needed & ~s->optional) != 0 ? 0 : needed;
}

/* Whether a node may be taken long after what stands before it in the graph;
 * where there are loops over steps, only a map may.
 */
static bool
may_wait(const Schedule *s, Ref ref)
{
    return (schedule_is_map(s, ref) &&
            ir_node(s->graph, ref)->op != OP_gather) ||
           (s->loop.count == 0 &&
            op_info[ir_node(s->graph, ref)->op].class == CLASS_REDUCE);
}

/* Whether a value is there before the loops begin: a leaf's, or a scalar that
 * stands by itself.
 */
static bool
is_given(const Schedule *s, Ref ref)
{
    return !s->material[ref] ||
           (s->loop.count == 0 && ir_node(s->graph, ref)->rank == 0);
}

/* Counts the late users: what leads to next values alone, what waits for its
 * first use, and copies to outputs; a view is read when its users are taken.
 */
static void
count_late(const Schedule *s, Facts *facts)
{
    const Graph *g = facts->g;
    bool *waits = ARENA_ARRAY(s->arena, bool, g->node.count + 1);
    for (Ref r = 0; r < (Ref)g->node.count; r++) {
        const Node *node = ir_node(g, r);
        waits[r] = may_wait(s, r);
        for (int i = 0; i < node->operands; i++) {
            Ref from = schedule_seen(s, node->operand[i]);
            waits[r] = waits[r] && (is_given(s, from) || waits[from]);
        }
    }
    for (size_t o = 0; o < g->output.count; o++)
        facts->late[g->output.item[o].ref]++;
    for (Ref r = (Ref)g->node.count - 1; r >= 0; r--) {
        const Node *node = ir_node(g, r);
        bool late =
            s->material[r] ? waits[r] || !facts->other[r] : facts->late[r] > 0;
        for (int i = 0; i < node->operands && facts->needed[r] != 0; i++)
            facts->late[node->operand[i]] += late;
    }
}

/* How many operations in a row wait up to this one, if it is a map or a fold of
 * leaves and of such; 0: it cannot wait. What it waits for is the loop of its
 * first use: it has no place of its own.
 */
static int
waits_of(Schedule *s, Ref ref)
{
    int longest = 0;
    int buffer = s->node_buffer[ref];
    const Node *node = ir_node(s->graph, ref);
    if (s->wall != NULL || !may_wait(s, ref) || node->rank == 0 || buffer < 0 ||
        s->buffer.item[buffer].kind != BUFFER_temp)
        return 0;
    for (int i = 0; i < node->operands; i++) {
        Ref from = schedule_seen(s, node->operand[i]);
        if (!is_given(s, from) && s->waits[from] == 0)
            return 0;
        if (s->waits[from] > longest)
            longest = s->waits[from];
    }
    if (longest >= SCHEDULE_WAITS || schedule_is_product(s, ref) ||
        schedule_is_maxima(s, ref) || schedule_is_scatter(s, ref))
        return 0;
    return longest + 1;
}

static void take_now(Schedule *s, const Facts *facts, Ref ref);

/* Takes a node that waited for a user: near what else the user reads. */
static void
take_near(Schedule *s, const Facts *facts, Ref ref, const Node *user)
{
    size_t near = s->near.count;
    for (int i = 0; i < user->operands; i++) {
        Ref other = schedule_seen(s, user->operand[i]);
        if (s->material[other] && s->waits[other] == 0)
            VEC_PUSH(s->arena, &s->near, s->node_buffer[other]);
    }
    take_now(s, facts, ref);
    s->near.count = near;
}

/* Before a tree is made: what it reads otherwise than element by element stops
 * waiting.
 */
static void
take_operands(Schedule *s, const Facts *facts, Ref ref)
{
    const Node *node = ir_node(s->graph, ref);
    for (int i = 0; i < node->operands; i++) {
        Ref from = schedule_seen(s, node->operand[i]);
        if (!s->material[from])
            take_operands(s, facts, from);
        if (s->masks[from])
            take_operands(s, facts, from);
        if (s->waits[from] == 0)
            continue;
        if (from != node->operand[i] || !schedule_is_map(s, ref) ||
            node->op == OP_gather || !schedule_is_map(s, from) ||
            tag_of(s, facts, from) != tag_of(s, facts, ref)) {
            take_near(s, facts, from, node);
        } else if (!facts->ready[from]) {
            facts->ready[from] = true;
            take_operands(s, facts, from);
        }
    }
}

static void
take_now(Schedule *s, const Facts *facts, Ref ref)
{
    Added added = schedule_added(s, facts->late, ref);
    s->waits[ref] = 0;
    take_operands(s, facts, added.product != REF_NONE ? added.product : ref);
    s->tag = tag_of(s, facts, ref);
    if (added.product != REF_NONE) {
        int buffer = s->node_buffer[ref];
        Block tree =
            schedule_is_scatter(s, added.product)
                ? schedule_scatter(s, added.product, buffer, added.end)
                : schedule_product(s, added.product, buffer, added.end);
        schedule_merge(s, &tree);
        return;
    }
    if (ir_node(s->graph, ref)->op == OP_concat) {
        schedule_parts(s, ref, s->node_buffer[ref]);
        return;
    }
    if (schedule_is_frame(s, ref)) {
        schedule_frame(s, ref, s->node_buffer[ref]);
        return;
    }
    Block tree = schedule_node(s, ref, s->node_buffer[ref]);
    schedule_merge(s, &tree);
}

static void take_loop(Schedule *s, const Facts *facts, int number,
                      const bool *done);

static void
take_node(Schedule *s, const Facts *facts, Ref ref, const bool *done)
{
    int loop = s->loop_of[ref];
    if (loop != s->within) {
        if (loop >= 0 && s->loop.item[loop].first == ref &&
            s->loop.item[loop].outer == s->within)
            take_loop(s, facts, loop, done);
        return;
    }
    OpClass class = op_info[ir_node(s->graph, ref)->op].class;
    if (class == CLASS_LOOP && s->node_buffer[ref] >= 0 &&
        ir_node(s->graph, ref)->op != OP_step)
        return; /* its loop fills it */
    if (done[ref] || !s->material[ref] || facts->needed[ref] == 0)
        return;
    s->waits[ref] = (uint8_t)waits_of(s, ref);
    if (s->waits[ref] == 0)
        take_now(s, facts, ref);
}

/* What stands around a loop and is used in it stops waiting. */
static void
take_captured(Schedule *s, const Facts *facts, Ref ref)
{
    Ref from = schedule_seen(s, ref);
    if (!s->material[from])
        take_operands(s, facts, from);
    if (s->waits[from] != 0 && s->loop_of[from] == s->within)
        take_now(s, facts, from);
}

static void
take_outside(Schedule *s, const Facts *facts, const Loop *loop)
{
    for (Ref r = loop->first; r < loop->end; r++) {
        const Node *node = ir_node(s->graph, r);
        for (int i = 0; i < node->operands && facts->needed[r] != 0; i++)
            if (node->operand[i] < loop->first)
                take_captured(s, facts, node->operand[i]);
    }
    for (int k = 0; k < loop->values; k++)
        if (loop->value[k] < loop->first)
            take_captured(s, facts, loop->value[k]);
}

/* Every state takes its next value, all of which are complete; what shows
 * another state waits until that has been read.
 */
static void
take_states(Schedule *s, const Facts *facts, const Loop *loop)
{
    for (int k = 0; k < loop->states; k++) {
        take_captured(s, facts, loop->value[k]);
        if (loop->waiting[k] < 0)
            continue;
        Block tree = schedule_copy(s, loop->value[k], loop->waiting[k]);
        schedule_append(s, &tree);
    }
    for (int k = 0; k < loop->states; k++) {
        Ref carry = loop->carry[k];
        Ref from = loop->waiting[k] < 0 ? loop->value[k] : carry;
        int own = s->node_buffer[carry];
        if (loop->value[k] == carry)
            continue;
        if (from == carry)
            s->node_buffer[carry] = loop->waiting[k];
        Block tree = schedule_copy(s, from, own);
        s->node_buffer[carry] = own;
        schedule_append(s, &tree);
    }
}

static void
take_loop(Schedule *s, const Facts *facts, int number, const bool *done)
{
    Loop *loop = &s->loop.item[number];
    const Graph *g = s->graph;
    if (loop->needed == 0)
        return;
    take_outside(s, facts, loop);
    s->tag = tag_of(s, facts, loop->first);
    for (int k = 0; k < loop->states; k++) {
        Ref carry = loop->carry[k];
        take_captured(s, facts, ir_node(g, carry)->operand[0]);
        Block tree = schedule_copy(s, ir_node(g, carry)->operand[0],
                                   s->node_buffer[carry]);
        schedule_merge(s, &tree);
    }
    loop->stmt = schedule_stmt(s, STMT_loop, loop->first);
    loop->stmt->var = loop->var;
    Block tree = {0};
    schedule_push(s, &tree, loop->stmt);
    schedule_append(s, &tree);
    s->within = number;
    for (Ref r = loop->first + 1; r < loop->end; r++)
        take_node(s, facts, r, done);
    for (Ref r = loop->end; r < (Ref)g->node.count; r++) {
        if (s->part_of[r] != number || facts->needed[r] == 0 ||
            ir_node(g, r)->as.part < loop->states)
            continue;
        take_captured(s, facts, ir_node(g, r)->operand[0]);
        s->tag = loop->stmt->tag;
        tree = schedule_stack(s, r, s->node_buffer[r]);
        schedule_merge(s, &tree);
    }
    take_states(s, facts, loop);
    s->within = loop->outer;
}

/* Each loop has its variable before its statements are made. */
static void
make_turns(Schedule *s)
{
    for (size_t l = 0; l < s->loop.count; l++) {
        Loop *loop = &s->loop.item[l];
        loop->var = schedule_new_var(s, VAR_step, loop->extent);
        s->var.item[loop->var].backward = loop->backward;
    }
}

/* What an element of a node is computed from, but for leaves and scalars. */
static void
skip_maps(const Schedule *s, Ref ref, bool *done)
{
    const Node *node = ir_node(s->graph, ref);
    for (int i = 0; i < node->operands; i++) {
        Ref from = node->operand[i];
        if (done[from] || !schedule_is_map(s, from))
            continue;
        done[from] = true;
        skip_maps(s, from, done);
    }
}

/* A contraction that its only user, an addition, lets the kernel add. A sum of
 * a step has the memory of what is given.
 */
static void
skip_added(Schedule *s, const Facts *facts, bool *done)
{
    for (Ref r = 0; r < (Ref)s->graph->node.count; r++) {
        if (!s->material[r] || facts->needed[r] == 0)
            continue;
        Added added = schedule_added(s, facts->late, r);
        if (added.product == REF_NONE)
            continue;
        done[added.product] = true;
        s->into[added.product] = s->into[r] = added.into;
        if (added.into != 0)
            s->node_buffer[r] =
                s->node_buffer[ir_node(s->graph, added.into - 1)->operand[0]];
        if (added.end.scalars > 0)
            skip_maps(s, r, done);
    }
}

/* An argmax of what a maximum before it is of, which one call finds with that.
 */
static void
skip_places(Schedule *s, const Facts *facts, bool *done)
{
    const Graph *g = s->graph;
    for (Ref r = 0; r < (Ref)g->node.count; r++) {
        const Node *node = ir_node(g, r);
        for (Ref m = 0; node->op == OP_argmax && m < r; m++) {
            const Node *other = ir_node(g, m);
            if (other->op != OP_maximum ||
                other->operand[0] != node->operand[0] ||
                other->as.axes != node->as.axes || !s->material[r] ||
                !s->material[m] || facts->needed[r] == 0 ||
                facts->needed[m] == 0 || !facts->other[m] ||
                s->loop_of[m] != s->loop_of[r] ||
                tag_of(s, facts, m) != tag_of(s, facts, r) ||
                !schedule_is_maxima(s, m))
                continue;
            s->places[m] = r + 1;
            done[r] = true;
        }
    }
}

/* All nodes as they stand. */
static void
take_in_order(Schedule *s, const Facts *facts, const bool *done)
{
    for (Ref r = 0; r < (Ref)s->graph->node.count; r++) {
        s->era += s->wall[r];
        take_node(s, facts, r, done);
    }
}

static void
take_nodes(Schedule *s, const Facts *facts)
{
    const Graph *g = s->graph;
    bool *done = ARENA_ARRAY(s->arena, bool, g->node.count + 1);
    make_turns(s);
    schedule_masks(s, facts->needed, done);
    skip_added(s, facts, done);
    skip_places(s, facts, done);
    if (s->wall != NULL) {
        take_in_order(s, facts, done);
        return;
    }
    for (int last = 0; last < 2; last++) {
        for (Ref r = 0; r < (Ref)g->node.count; r++) {
            bool early = facts->other[r] || s->loop_of[r] >= 0;
            if (early != (last == 1))
                take_node(s, facts, r, done);
        }
    }
}

static void
copy_outputs(Schedule *s, const Facts *facts)
{
    const Graph *g = s->graph;
    for (size_t o = 0; o < g->output.count; o++) {
        int buffer = s->output_buffer[o];
        Ref ref = g->output.item[o].ref;
        Ref source = ref;
        while (!s->material[source] && ir_node(g, source)->op == OP_reshape)
            source = ir_node(g, source)->operand[0];
        if (buffer < 0 || s->node_buffer[source] == buffer)
            continue;
        source = schedule_seen(s, ref);
        if (s->waits[source] != 0)
            take_now(s, facts, source);
        uint32_t bit = o < 32 ? 1u << o : 0;
        s->tag = (s->optional & bit) != 0 ? bit : 0;
        Block tree = schedule_copy(s, ref, buffer);
        schedule_merge(s, &tree);
    }
}

/* What is known of each node, leaf and output: nothing yet. */
static void
make_room(Schedule *s, const Graph *g)
{
    Arena *arena = s->arena;
    size_t nodes = g->node.count;
    s->material = ARENA_ARRAY(arena, bool, nodes + 1);
    s->node_buffer = ARENA_ARRAY(arena, int, nodes + 1);
    s->into = ARENA_ARRAY(arena, Ref, nodes + 1);
    s->places = ARENA_ARRAY(arena, Ref, nodes + 1);
    s->masks = ARENA_ARRAY(arena, bool, nodes + 1);
    s->waits = ARENA_ARRAY(arena, uint8_t, nodes + 1);
    s->leaf_buffer = ARENA_ARRAY(arena, int, g->leaf.count + 1);
    s->output_buffer = ARENA_ARRAY(arena, int, g->output.count + 1);
    VEC_RESERVE(arena, &s->value, 2 * nodes + 1);
    VEC_RESERVE(arena, &s->var, 2 * nodes + 1);
}

Schedule *
schedule_graph(const Graph *graph, const ScheduleOptions *options)
{
    Arena *arena = &graph->context->scratch;
    Schedule *s = ARENA_NEW(arena, Schedule);
    s->arena = arena;
    s->dims = graph->dims;
    s->within = -1;
    s->wall = options != NULL ? options->wall : NULL;
    schedule_lower(s, graph);
    const Graph *g = s->graph;
    s->optional = options == NULL ? 0 : options->optional;
    s->trains = is_training(g);
    s->kernels = options != NULL && options->kernels;
    s->plain = !s->kernels && s->wall == NULL;
    make_room(s, g);
    Facts facts = facts_of(s);
    s->users = facts.users;
    schedule_materials(g, facts.users, s->material);
    count_late(s, &facts);
    schedule_buffers(s, facts.needed);
    if (s->plain)
        schedule_frames(s);
    s->touches = ARENA_ARRAY(arena, Touches, s->buffer.count + 1);
    take_nodes(s, &facts);
    copy_outputs(s, &facts);
    schedule_forward(s);
    if (s->loop.count == 0) { /* the turns of others read what is before */
        schedule_again(s);
        schedule_order(s);
    }
    if (s->kernels)
        schedule_kernels(s);
    schedule_next(s);
    schedule_lodge(s);
    if (s->plain)
        schedule_across(s);
    schedule_states(s);
    schedule_share(s);
    schedule_reuse(s);
    if (!s->kernels)
        schedule_apart(s);
    if (s->plain && (options == NULL || !options->checks))
        schedule_epilogues(s);
    schedule_shrink(s);
    if (s->plain)
        schedule_rows(s);
    schedule_flatten(s);
    if (s->plain) {
        schedule_panels(s);
        schedule_beside(s);
    }
    s->meets = options != NULL && options->meets && schedule_has_kernels(s);
    const char *fault = schedule_plan(s);
    if (s->full)
        fault = "an index has more variables than there is room for";
    if (fault != NULL)
        diag_add(&g->context->diags, DIAG_internal, g->span, "in the loops: %s",
                 fault);
    return fault == NULL ? s : NULL;
}
