/* The rules of loops: what a scan's body takes and gives, and its parts. */
#include "ir/ir.h"

/* Whether `all` is a step's value with the steps along an axis. */
static bool
stacks(const Node *all, const Node *one, int axis, Dim extent)
{
    if (all->rank != one->rank + 1 || axis < 0 || axis >= all->rank ||
        all->dtype != one->dtype || all->dim[axis] != extent)
        return false;
    for (int a = 0; a < one->rank; a++) {
        if (one->dim[a] != all->dim[a < axis ? a : a + 1])
            return false;
    }
    return true;
}

static bool
same_type(const Node *a, const Node *b)
{
    if (a->dtype != b->dtype || a->rank != b->rank)
        return false;
    for (int axis = 0; axis < a->rank; axis++) {
        if (a->dim[axis] != b->dim[axis])
            return false;
    }
    return true;
}

static const char *
verify_inputs(const Graph *g, const Node *node, const Scan *scan,
              const Graph *body)
{
    if (body->leaf.count != (size_t)node->operands)
        return arena_printf(&g->context->arena,
                            "%d operands for %zu inputs of the body",
                            node->operands, body->leaf.count);
    for (int i = 0; i < node->operands; i++) {
        const Node *in = ir_node(body, body->leaf.item[i]);
        const Node *from = ir_node(g, scan->operand[i]);
        bool fits = i < scan->sequences
                        ? stacks(from, in, scan->axis[i], scan->extent)
                        : same_type(from, in);
        if (in->op != OP_input)
            return arena_printf(&g->context->arena, "a %s in the body",
                                op_info[in->op].name);
        if (!fits)
            return arena_printf(&g->context->arena,
                                "operand %d does not fit the body", i);
    }
    return NULL;
}

/* The body's leaves are inputs, so that no output sets one. */
static const char *
verify_results(const Graph *g, const Scan *scan, const Graph *body)
{
    if (body->output.count != (size_t)(scan->states + scan->results))
        return arena_printf(&g->context->arena,
                            "%d states and %d results for %zu outputs",
                            scan->states, scan->results, body->output.count);
    for (size_t o = 0; o < body->output.count; o++) {
        const Node *value = ir_node(body, body->output.item[o].ref);
        int state = (int)o;
        if (state < scan->states) {
            Ref in = body->leaf.item[scan->sequences + state];
            if (!same_type(value, ir_node(body, in)))
                return arena_printf(&g->context->arena,
                                    "state %d changes its type", state);
            continue;
        }
        int axis = scan->axis[scan->sequences + state - scan->states];
        if (axis < 0 || axis > value->rank || value->rank == IR_RANK)
            return arena_printf(&g->context->arena, "no axis for result %d",
                                state - scan->states);
    }
    return NULL;
}

static const char *
verify_part(const Graph *g, const Node *node)
{
    const Node *from = ir_node(g, node->operand[0]);
    if (from->op != OP_scan)
        return "a part of what is no scan";
    const Scan *scan = from->as.scan;
    const Graph *body = from->region;
    if (node->as.part < 0 || node->as.part >= scan->states + scan->results)
        return arena_printf(&g->context->arena, "no part %d", node->as.part);
    const Node *value = ir_node(body, body->output.item[node->as.part].ref);
    int result = node->as.part - scan->states;
    bool fits = result < 0
                    ? same_type(node, value)
                    : stacks(node, value, scan->axis[scan->sequences + result],
                             scan->extent);
    return fits ? NULL : "another type than the scan gives";
}

const char *
ir_verify_scan(const Graph *g, Ref ref)
{
    const Node *node = ir_node(g, ref);
    if (node->op == OP_part)
        return verify_part(g, node);
    if (node->op != OP_scan)
        return "stands in schedules only";
    const Scan *scan = node->as.scan;
    if (node->dtype != DTYPE_bool || node->rank != 1 || node->dim[0] != 0)
        return "a value of its own";
    if (scan->sequences < 0 || scan->states < 0 || scan->results < 0 ||
        scan->sequences + scan->states > node->operands)
        return "fewer operands than sequences and states";
    if (scan->extent < -(Dim)g->dims->poly.count)
        return "no such dimension";
    const char *message = ir_verify(node->region);
    if (message == NULL)
        message = verify_inputs(g, node, scan, node->region);
    return message != NULL ? message : verify_results(g, scan, node->region);
}
