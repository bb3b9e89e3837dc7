/* Contractions: of permuted operands, and of what is only multiplied. */
#include "pass/simplify/simplify.h"

#include <string.h>

/* The labels that are summed, in the order of the first operand's axes, which
 * numbers the terms; gives their number.
 */
static int
summed_labels(const Node *n, const Node *a, const int8_t *label, int8_t *summed)
{
    int count = 0;
    for (int k = 0; k < a->rank; k++)
        if (memchr(n->as.contract.out, label[k], (size_t)n->rank) == NULL)
            summed[count++] = label[k];
    return count;
}

/* The labels of what lies under a permute. */
static void
unpermute(const Node *permute, const int8_t *label, int8_t *under)
{
    for (int k = 0; k < permute->rank; k++)
        under[permute->as.map[k]] = label[k];
}

/* Numbers the labels in the order in which they are met. */
static void
renumber(Node *n, int rank_a, int rank_b)
{
    int8_t number[INT8_MAX + 1];
    int8_t next = 0;
    memset(number, -1, sizeof number);
    for (int k = 0; k < rank_a; k++)
        number[n->as.contract.a[k]] = next++;
    for (int k = 0; k < rank_b; k++)
        if (number[n->as.contract.b[k]] < 0)
            number[n->as.contract.b[k]] = next++;
    for (int k = 0; k < rank_a; k++)
        n->as.contract.a[k] = number[n->as.contract.a[k]];
    for (int k = 0; k < rank_b; k++)
        n->as.contract.b[k] = number[n->as.contract.b[k]];
    for (int k = 0; k < n->rank; k++)
        n->as.contract.out[k] = number[n->as.contract.out[k]];
}

static void
read_permuted(const Graph *g, Node *n)
{
    Node a = *ir_node(g, n->operand[0]);
    Node b = *ir_node(g, n->operand[1]);
    if (a.op == OP_permute) {
        int8_t under[IR_RANK] = {0};
        int8_t before[IR_RANK];
        int8_t after[IR_RANK];
        unpermute(&a, n->as.contract.a, under);
        int count = summed_labels(n, &a, n->as.contract.a, before);
        summed_labels(n, &a, under, after);
        if (memcmp(before, after, (size_t)count) == 0) {
            memcpy(n->as.contract.a, under, sizeof under);
            n->operand[0] = a.operand[0];
        }
    }
    if (b.op == OP_permute) {
        int8_t under[IR_RANK] = {0};
        unpermute(&b, n->as.contract.b, under);
        memcpy(n->as.contract.b, under, sizeof under);
        n->operand[1] = b.operand[0];
    }
    renumber(n, a.rank, b.rank);
}

/* An operand of a contraction as wide as the result. */
static Ref
spread_operand(Graph *g, const Node *n, Ref ref, const int8_t *label)
{
    size_t rank = (size_t)ir_node(g, ref)->rank;
    int8_t axes[IR_RANK] = {0};
    int8_t map[IR_RANK] = {0};
    int count = 0;
    for (int k = 0; k < n->rank; k++) {
        const int8_t *at = memchr(label, n->as.contract.out[k], rank);
        if (at != NULL) {
            axes[count] = (int8_t)(at - label);
            map[count++] = (int8_t)k;
        }
    }
    Ref turned = simplify_again(g, ir_permute(g, ref, axes));
    return simplify_again(g, ir_broadcast(g, turned, n->rank, n->dim, map));
}

/* Reads permuted operands as they stand; what sums nothing is a product of
 * elements.
 */
Ref
simplify_contract(Graph *g, const Node *contract)
{
    Node n = *contract;
    int8_t summed[IR_RANK];
    read_permuted(g, &n);
    const Node *a = ir_node(g, n.operand[0]);
    if (summed_labels(&n, a, n.as.contract.a, summed) > 0)
        return pass_append(g, &n);
    Ref x = spread_operand(g, &n, n.operand[0], n.as.contract.a);
    Ref y = spread_operand(g, &n, n.operand[1], n.as.contract.b);
    return simplify_again(g, ir_map(g, OP_mul, x, y, REF_NONE));
}
