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
    if (n->op == OP_extent && dim_known(n->as.extent)) {
        *value = n->as.extent;
        return true;
    }
    if (n->op != OP_const ||
        !(n->as.value >= -INT32_MAX && n->as.value <= INT32_MAX))
        return false;
    *value = (int64_t)n->as.value;
    return true;
}

/* A graph, and the loop in another one whose body it is. */
typedef struct Level Level;
struct Level {
    const Graph *graph;
    const Node *loop; /* or NULL */
    const Level *outer;
};

/* The node outside that an input of a loop's body takes its elements from, all
 * of them in the end; REF_NONE: it is a state.
 */
static Ref
node_outside(const Level *level, Ref leaf)
{
    const Scan *scan = level->loop->as.scan;
    int i = 0;
    while (level->graph->leaf.item[i] != leaf)
        i++;
    bool state = i >= scan->sequences && i < scan->sequences + scan->states;
    return state ? REF_NONE : scan->operand[i];
}

/* Whether node `ref` is the input, its elements moved, plus *sum. */
static bool
is_input(const Level *level, Ref ref, Ref input, int64_t *sum)
{
    *sum = 0;
    while (level->outer != NULL || ref != input) {
        const Graph *g = level->graph;
        const Node *n = ir_node(g, ref);
        int64_t value = 0;
        switch ((int)n->op) {
        case OP_broadcast:
        case OP_reshape:
        case OP_permute:
        case OP_reverse:
        case OP_cast:
        case OP_step: /* of a loop that is lowered */
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
        case OP_input:
            ref = level->outer != NULL ? node_outside(level, ref) : REF_NONE;
            if (ref == REF_NONE)
                return false;
            level = level->outer;
            continue;
        default:
            return false;
        }
        ref = n->operand[0];
    }
    return true;
}

/* What a gather reads by. A table that is each sample's own lies in one for all
 * (batch.c): the index in it is then the sample's times its length, plus that
 * in the sample's, which is held between 0 and length - 1.
 */
static Ref
index_of(const Graph *g, const Node *gather, Dim *length)
{
    const Node *table = ir_node(g, gather->operand[0]);
    Ref index = gather->operand[1];
    *length = table->dim[table->rank - 1];
    const Node *add = ir_node(g, index);
    if (add->op != OP_add)
        return index;
    const Node *start = ir_node(g, add->operand[0]);
    const Node *inside = ir_node(g, add->operand[1]);
    if (start->op != OP_mul || ir_node(g, start->operand[0])->op != OP_iota ||
        inside->op != OP_max || ir_node(g, inside->operand[0])->op != OP_min ||
        !constant(g, start->operand[1], length))
        return index;
    return ir_node(g, inside->operand[0])->operand[0];
}

/* Narrows the range by the tables that a graph reads at this input's numbers,
 * its loops too; gives whether there is one.
 */
static bool
narrow(const Level *level, Ref input, int64_t *least, int64_t *most)
{
    const Graph *g = level->graph;
    bool found = false;
    for (size_t i = 0; i < g->node.count; i++) {
        const Node *n = &g->node.item[i];
        int64_t sum = 0;
        if (n->region != NULL) {
            const Level body = {n->region, n, level};
            found = narrow(&body, input, least, most) || found;
        }
        Dim length;
        if (n->op != OP_gather ||
            !is_input(level, index_of(g, n, &length), input, &sum) ||
            !dim_known(length))
            continue;
        if (-sum > *least)
            *least = -sum;
        if (length - 1 - sum < *most)
            *most = length - 1 - sum;
        found = true;
    }
    return found;
}

bool
ir_index_range(const Graph *g, Ref input, int64_t *least, int64_t *most)
{
    const Level whole = {.graph = g};
    *least = INT64_MIN;
    *most = INT64_MAX;
    return narrow(&whole, input, least, most);
}
