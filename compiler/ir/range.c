/* Which numbers an input may hold that is used as an index. The way from the
 * input to an index leads through moves of data, casts, and sums with
 * constants; what is computed otherwise has no range, for ir_gather takes any
 * index.
 */
#include "ir/ir.h"

/* The constant that fills a node; far beyond all indices there is none. */
static bool
constant(const Graph *g, Ref ref, int64_t *value)
{
    const Node *n = ir_node(g, ref);
    while (n->op == OP_broadcast || n->op == OP_reshape)
        n = ir_node(g, n->operand[0]);
    if (n->op != OP_const ||
        !(n->as.value >= -INT32_MAX && n->as.value <= INT32_MAX))
        return false;
    *value = (int64_t)n->as.value;
    return true;
}

/* Whether node `ref` is the input, its elements moved, plus *sum. */
static bool
is_input(const Graph *g, Ref ref, Ref input, int64_t *sum)
{
    *sum = 0;
    while (ref != input) {
        const Node *n = ir_node(g, ref);
        int64_t value = 0;
        switch ((int)n->op) {
        case OP_broadcast:
        case OP_reshape:
        case OP_permute:
        case OP_reverse:
        case OP_cast:
            break;
        case OP_add:
            if (!constant(g, n->operand[1], &value))
                return false;
            *sum += value;
            break;
        case OP_sub:
            if (!constant(g, n->operand[1], &value))
                return false;
            *sum -= value;
            break;
        default:
            return false;
        }
        ref = n->operand[0];
    }
    return true;
}

bool
ir_index_range(const Graph *g, Ref input, int64_t *least, int64_t *most)
{
    bool found = false;
    for (size_t i = 0; i < g->node.count; i++) {
        const Node *n = &g->node.item[i];
        int64_t sum = 0;
        if (n->op != OP_gather || !is_input(g, n->operand[1], input, &sum))
            continue;
        const Node *table = ir_node(g, n->operand[0]);
        Dim length = table->dim[table->rank - 1];
        if (!dim_known(length))
            continue;
        if (!found || -sum > *least)
            *least = -sum;
        if (!found || length - 1 - sum < *most)
            *most = length - 1 - sum;
        found = true;
    }
    return found;
}
