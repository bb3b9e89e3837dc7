/* The memory that nodes have when a schedule begins: that of leaves, tables and
 * outputs, of the states of loops, and some for each other node that computes.
 * Fusion finds later that little of it is needed.
 */
#include "pass/fuse/fuse.h"

Ref
schedule_seen(const Schedule *s, Ref ref)
{
    while (!s->material[ref] && ir_node(s->graph, ref)->operands == 1)
        ref = ir_node(s->graph, ref)->operand[0];
    return ref;
}

static int
new_buffer(Schedule *s, BufferKind kind, int number, Ref ref)
{
    const Node *node = ir_node(s->graph, ref);
    Buffer buffer = {.kind = kind,
                     .dtype = node->dtype,
                     .number = number,
                     .node = ref,
                     .count = ir_count(s->graph, ref),
                     .slot = -1};
    VEC_PUSH(s->arena, &s->buffer, buffer);
    return (int)s->buffer.count - 1;
}

/* A loop's state has memory, in which its last value stays. */
static void
make_states(Schedule *s)
{
    const Graph *g = s->graph;
    for (size_t l = 0; l < s->loop.count; l++) {
        Loop *loop = &s->loop.item[l];
        loop->waiting = ARENA_ARRAY(s->arena, int, (size_t)loop->states + 1);
        for (int k = 0; k < loop->states; k++) {
            Ref carry = loop->carry[k];
            int buffer = new_buffer(s, BUFFER_temp, -1, carry);
            s->buffer.item[buffer].carried = true;
            s->node_buffer[carry] = buffer;
            const Node *from = ir_node(g, schedule_seen(s, loop->value[k]));
            bool waits = from->op == OP_carry && loop->value[k] != carry;
            loop->waiting[k] =
                waits ? new_buffer(s, BUFFER_temp, -1, carry) : -1;
        }
    }
    for (Ref r = 0; r < (Ref)g->node.count; r++) {
        const Node *node = ir_node(g, r);
        if (s->part_of[r] < 0)
            continue;
        const Loop *loop = &s->loop.item[s->part_of[r]];
        if (node->as.part < loop->states)
            s->node_buffer[r] = s->node_buffer[loop->carry[node->as.part]];
    }
}

static void
make_buffers(Schedule *s)
{
    const Graph *g = s->graph;
    for (size_t i = 0; i < g->node.count; i++)
        s->node_buffer[i] = -1;
    for (size_t i = 0; i < g->leaf.count; i++) {
        Ref leaf = g->leaf.item[i];
        s->leaf_buffer[i] = new_buffer(s, BUFFER_leaf, (int)i, leaf);
        s->node_buffer[leaf] = s->leaf_buffer[i];
    }
    for (Ref r = 0; r < (Ref)g->node.count; r++) {
        if (ir_node(g, r)->op == OP_data)
            s->node_buffer[r] = new_buffer(s, BUFFER_data, r, r);
    }
    for (size_t o = 0; o < g->output.count; o++)
        s->output_buffer[o] = -1;
    make_states(s);
}

/* The node whose computation an output's buffer receives directly: itself, or
 * what it is a reshape of; REF_NONE where it must be copied.
 */
static Ref
output_source(const Schedule *s, Ref ref)
{
    while (!s->material[ref] && ir_node(s->graph, ref)->op == OP_reshape)
        ref = ir_node(s->graph, ref)->operand[0];
    return s->material[ref] && s->node_buffer[ref] < 0 ? ref : REF_NONE;
}

static void
make_outputs(Schedule *s)
{
    const Graph *g = s->graph;
    for (size_t o = 0; o < g->output.count; o++) {
        const Output *output = &g->output.item[o];
        if (output->next == output->ref)
            continue;
        int buffer = new_buffer(s, BUFFER_output, (int)o, output->ref);
        s->output_buffer[o] = buffer;
        bool late = o < 32 && (s->optional >> o & 1) != 0;
        Ref source = late ? REF_NONE : output_source(s, output->ref);
        if (source != REF_NONE)
            s->node_buffer[source] = buffer;
    }
    /* A result that may be absent holds only what nothing else reads, and what
     * no loop over steps stores.
     */
    for (size_t o = 0; o < g->output.count && o < 32; o++) {
        const Output *output = &g->output.item[o];
        if ((s->optional >> o & 1) == 0 || s->output_buffer[o] < 0)
            continue;
        Ref source = output_source(s, output->ref);
        if (source != REF_NONE && s->users[source] == 1 &&
            source == output->ref && s->part_of[source] < 0)
            s->node_buffer[source] = s->output_buffer[o];
    }
}

static void
make_temps(Schedule *s, const uint32_t *needed)
{
    for (Ref r = 0; r < (Ref)s->graph->node.count; r++) {
        if (s->material[r] && needed[r] != 0 && s->node_buffer[r] < 0)
            s->node_buffer[r] = new_buffer(s, BUFFER_temp, -1, r);
    }
}

void
schedule_buffers(Schedule *s, const uint32_t *needed)
{
    make_buffers(s);
    make_outputs(s);
    make_temps(s, needed);
}

int
schedule_memory(const Schedule *s, int buffer)
{
    const Buffer *b = &s->buffer.item[buffer];
    if (b->kind != BUFFER_output)
        return buffer;
    Ref leaf = s->graph->output.item[b->number].next;
    return leaf == REF_NONE ? buffer : s->node_buffer[leaf];
}
