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
        if (n->op != OP_gather || !is_input(level, n->operand[1], input, &sum))
            continue;
        const Node *table = ir_node(g, n->operand[0]);
        Dim length = table->dim[table->rank - 1];
        if (!dim_known(length))
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
