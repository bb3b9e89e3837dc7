/* Common subexpressions: of nodes that compute the same, the first stays.
 *
 * Two nodes are the same where all but their places agree. Leaves from outside
 * are each their own; random numbers are the same where stream and shape are.
 */
#include "pass/pass.h"

#include <string.h>

/* What a node computes, its operands by number and no place. */
static bool
same_payload(const Node *a, const Node *b)
{
    switch (a->op) {
    case OP_const:
        /* By bits: -0 is not +0, and a NaN is itself. */
        return memcmp(&a->as.value, &b->as.value, sizeof a->as.value) == 0;
    case OP_data:
        return a->as.data == b->as.data;
    case OP_extent:
        return a->as.extent == b->as.extent;
    case OP_uniform:
    case OP_normal:
    case OP_draw:
        return a->as.random.stream == b->as.random.stream;
    case OP_iota:
    case OP_concat:
        return a->as.axis == b->as.axis;
    case OP_broadcast:
    case OP_permute:
        return memcmp(a->as.map, b->as.map, sizeof a->as.map) == 0;
    case OP_slice:
    case OP_pad:
        return memcmp(&a->as.slice, &b->as.slice, sizeof a->as.slice) == 0;
    case OP_reverse:
    case OP_sum:
    case OP_maximum:
    case OP_argmax:
        return a->as.axes == b->as.axes;
    case OP_window:
    case OP_unwindow:
        return a->as.window.axis == b->as.window.axis &&
               a->as.window.stride == b->as.window.stride &&
               a->as.window.dilation == b->as.window.dilation;
    case OP_contract:
        return memcmp(&a->as.contract, &b->as.contract,
                      sizeof a->as.contract) == 0;
    case OP_part:
        return a->as.part == b->as.part;
    case OP_scan: /* and what stands in its body on the way to a schedule */
    case OP_step:
    case OP_carry:
    case OP_input:
    case OP_param:
    case OP_state:
        return false;
    case OP_reshape:
    case OP_gather:
    case OP_batchsum:
#define CASE_LEAF(op)
#define CASE_SHAPE(op)
#define CASE_REDUCE(op)
#define CASE_CONTRACT(op)
#define CASE_LOOP(op)
#include "ir/op_cases.def"
    case OP_COUNT:
        break;
    }
    return true;
}

static bool
same_node(const Node *a, const Node *b)
{
    return a->op == b->op && a->dtype == b->dtype && a->order == b->order &&
           a->rank == b->rank && a->operands == b->operands &&
           a->region == NULL && b->region == NULL &&
           memcmp(a->dim, b->dim, (size_t)a->rank * sizeof a->dim[0]) == 0 &&
           memcmp(a->operand, b->operand,
                  (size_t)a->operands * sizeof a->operand[0]) == 0 &&
           same_payload(a, b);
}

static uint64_t
mix(uint64_t hash, uint64_t value)
{
    hash = (hash ^ value) * 0x9e3779b97f4a7c15U;
    return hash ^ hash >> 29;
}

/* Of what same_payload compares, as much as tells nodes apart that often have
 * equal operands and shapes.
 */
static uint64_t
hash_payload(uint64_t hash, const Node *n)
{
    uint64_t bits = 0;
    if (n->op == OP_const)
        memcpy(&bits, &n->as.value, sizeof bits);
    else if (n->op == OP_uniform || n->op == OP_normal || n->op == OP_draw)
        bits = n->as.random.stream;
    else if (op_given(n->op))
        bits = (uintptr_t)n->as.leaf.name;
    else if (n->op == OP_data)
        bits = (uintptr_t)n->as.data;
    for (int a = 0; a < n->rank && (n->op == OP_slice || n->op == OP_pad); a++)
        bits = mix(bits, (uint64_t)n->as.slice.start[a]);
    return mix(hash, bits);
}

static uint64_t
hash_node(const Node *n)
{
    uint64_t hash = mix((uint64_t)n->op, (uint64_t)n->dtype);
    for (int a = 0; a < n->rank; a++)
        hash = mix(hash, (uint64_t)n->dim[a]);
    for (int k = 0; k < n->operands; k++)
        hash = mix(hash, (uint64_t)ir_operand(n, k));
    return hash_payload(hash, n);
}

Graph *
pass_cse(const Graph *from)
{
    Arena *arena = from->arena;
    Graph *g = ir_graph_like(from);
    Ref *map = ARENA_ARRAY(arena, Ref, from->node.count);
    size_t slots = 16;
    while (slots < 2 * from->node.count)
        slots *= 2;
    size_t *slot = ARENA_ARRAY(arena, size_t, slots); /* number + 1; 0: free */

    for (size_t i = 0; i < from->node.count; i++) {
        Ref copy = ir_copy(g, from, (Ref)i, map);
        const Node *n = ir_node(g, copy);
        size_t at = hash_node(n) & (slots - 1);
        while (slot[at] != 0 && !same_node(n, &g->node.item[slot[at] - 1]))
            at = (at + 1) & (slots - 1);
        if (slot[at] == 0)
            slot[at] = (size_t)copy + 1;
        else
            g->node.count--;
        map[i] = (Ref)(slot[at] - 1);
    }
    pass_outputs(g, from, map);
    pass_bodies(g, pass_cse);
    return g;
}
