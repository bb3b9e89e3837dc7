/* Products that are added to something, or taken from it, by their kernel: to a
 * parameter or state, of which the result is the next value; in a loop over
 * steps, to a step's part of what was computed before the loop, as U * h{-1} is
 * to the W * x of all steps. That part then holds the sum.
 */
#include "pass/fuse/fuse.h"

/* The product among the operands of a node that nothing else needs, and that
 * can end in more.
 */
static int
own_product(Schedule *s, const Node *node)
{
    for (int i = 0; i < node->operands; i++) {
        Ref sum = node->operand[i];
        if (s->users[sum] == 1 && schedule_has_end(s, sum, true))
            return i;
    }
    return -1;
}

/* The scalar that a node has at each place, and that a step can be scaled by,
 * or none: for a GPU and between walls it is a leaf.
 */
static Ref
scale_of(const Schedule *s, Ref ref)
{
    Ref scale = schedule_scalar(s, ref);
    bool leaf = scale != REF_NONE && ir_node(s->graph, scale)->op == OP_state;
    return leaf || s->plain ? scale : REF_NONE;
}

/* scale * product. */
static Added
scaled_product(Schedule *s, Ref ref)
{
    const Node *node = ir_node(s->graph, ref);
    Added none = {.product = REF_NONE};
    int i = own_product(s, node);
    if (node->op != OP_mul || s->users[ref] != 1 || i < 0 ||
        !schedule_has_end(s, node->operand[i], false))
        return none;
    Ref scale = scale_of(s, node->operand[1 - i]);
    if (scale == REF_NONE)
        return none;
    const ProductEnd end = {.kind = END_step, .scalars = 1, .scalar = {scale}};
    return (Added){node->operand[i], end, 0};
}

/* Whether only maps read a node, element by element. */
static bool
maps_read(const Schedule *s, Ref ref)
{
    int count = 0;
    const Loop *loop = &s->loop.item[s->loop_of[ref]];
    for (Ref r = ref + 1; r < loop->end; r++) {
        const Node *node = ir_node(s->graph, r);
        OpClass class = op_info[node->op].class;
        if (s->users[r] == 0 || (class != CLASS_MAP && class != CLASS_COMPARE))
            continue;
        for (int i = 0; i < node->operands; i++)
            count += node->operand[i] == ref;
    }
    return count == s->users[ref];
}

/* Whether a node is a step of a sequence that was computed right before the
 * loop, for it alone.
 */
static bool
is_own_step(const Schedule *s, Ref ref, int loop)
{
    const Node *node = ir_node(s->graph, ref);
    if (node->op != OP_step || s->loop_of[ref] != loop || s->users[ref] != 1)
        return false;
    Ref all = node->operand[0];
    int buffer = s->node_buffer[all];
    return s->material[all] && s->users[all] == 1 && buffer >= 0 &&
           s->buffer.item[buffer].kind == BUFFER_temp &&
           !s->buffer.item[buffer].carried &&
           s->loop_of[all] == s->loop.item[loop].outer;
}

/* step + product. Kernels of a GPU have their own ways to go on. */
static Added
product_of_step(Schedule *s, Ref ref)
{
    const Node *node = ir_node(s->graph, ref);
    int loop = s->loop_of[ref];
    Added none = {.product = REF_NONE};
    if (node->op != OP_add || loop < 0 || s->kernels || s->wall != NULL)
        return none;
    int i = own_product(s, node);
    if (i < 0 || !is_own_step(s, node->operand[1 - i], loop) ||
        !maps_read(s, ref))
        return none;
    return (Added){node->operand[i],
                   {.kind = END_add, .node = ref},
                   1 + node->operand[1 - i]};
}

Added
schedule_added(Schedule *s, const int *late, Ref ref)
{
    const Node *node = ir_node(s->graph, ref);
    Added added = product_of_step(s, ref);
    int buffer = s->node_buffer[ref];
    if (added.product != REF_NONE ||
        (node->op != OP_add && node->op != OP_sub) || buffer < 0 ||
        s->buffer.item[buffer].kind != BUFFER_output)
        return added;
    Ref leaf = s->graph->output.item[s->buffer.item[buffer].number].next;
    if (node->op == OP_sub) {
        if (node->operand[0] == leaf && late[leaf] == 1)
            added = scaled_product(s, node->operand[1]);
        if (added.product == REF_NONE)
            added = schedule_optimiser(s, late, ref);
    } else if (node->op == OP_add) {
        int i = own_product(s, node);
        if (i >= 0 && node->operand[1 - i] == leaf && s->users[leaf] == 1)
            added = (Added){node->operand[i], {.kind = END_add}, 0};
    }
    added.end.node = ref;
    return added;
}
