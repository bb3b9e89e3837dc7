/* The rules of the graph: what every pass may rely on and must keep.
 *
 * Each rule is one `if` that gives a message. Slices and pads are checked
 * where their numbers are known; where they hang on named dimensions the
 * interpreter checks them when it runs.
 */
#include "ir/verify.h"

const char *
verify_fault(const Graph *g, Ref ref, const char *format, ...)
{
    Arena *arena = g->arena;
    const Node *node = ir_node(g, ref);
    va_list args;
    va_start(args, format);
    const char *message = arena_vprintf(arena, format, args);
    va_end(args);
    const char *op =
        (unsigned)node->op < OP_COUNT ? op_info[node->op].name : "?";
    const Source *source = NULL;
    if (span_known(node->span))
        source = source_get(&g->context->sources, node->span.source);
    if (!source)
        return arena_printf(arena, "%%%d = %s: %s", (int)ref, op, message);
    Place place = source_place(source, node->span.begin);
    return arena_printf(arena, "%%%d = %s (%s:%u:%u): %s", (int)ref, op,
                        source->path, place.line, place.column, message);
}

static bool
dtype_number(DType dtype)
{
    return dtype_real(dtype) || dtype == DTYPE_i32 || dtype == DTYPE_u32;
}

/* What every node obeys, so that the other rules can read it. */
static const char *
verify_frame(const Graph *g, Ref ref, const Node *node)
{
    if ((unsigned)node->op >= OP_COUNT)
        return verify_fault(g, ref, "no such operation");
    if ((unsigned)node->dtype >= DTYPES || node->dtype == DTYPE_i64)
        return verify_fault(g, ref, "an element type that graphs do not have");
    if (node->rank < 0 || node->rank > IR_RANK)
        return verify_fault(g, ref, "rank %d", node->rank);
    for (int axis = 0; axis < node->rank; axis++) {
        if (node->dim[axis] < -(Dim)g->dims->poly.count)
            return verify_fault(g, ref, "axis %d has no such dimension", axis);
    }
    if (node->op != OP_scan && node->operands != op_info[node->op].operands)
        return verify_fault(g, ref, "%d operands, not %d", node->operands,
                            op_info[node->op].operands);
    if ((node->region != NULL) != (node->op == OP_scan))
        return verify_fault(g, ref, "%s",
                            node->region != NULL ? "a body" : "no body");
    for (int i = 0; i < node->operands; i++) {
        if (ir_operand(node, i) < 0 || ir_operand(node, i) >= ref)
            return verify_fault(g, ref, "operand %d is no earlier node", i);
    }
    return NULL;
}

static const char *
verify_order(const Graph *g, Ref ref, const Node *node)
{
    OpClass class = op_info[node->op].class;
    if (class != CLASS_REDUCE && class != CLASS_CONTRACT) {
        if (node->order != ORDER_none)
            return verify_fault(g, ref, "an order of summation without a sum");
        return NULL;
    }
    if (node->order <= ORDER_none || node->order > ORDER_tree16)
        return verify_fault(g, ref, "no order of summation");
    bool sums = node->op == OP_sum || node->op == OP_contract;
    if (node->order != ORDER_seq && !(sums && dtype_real(node->dtype)))
        return verify_fault(g, ref, "an order that only sums of reals have");
    return NULL;
}

static const char *
verify_const(const Graph *g, Ref ref, const Node *node)
{
    uint64_t room = 0;
    Tensor scalar = {.dtype = node->dtype, .data = &room};
    double value = node->as.value;
    if (node->rank != 0)
        return verify_fault(g, ref, "a constant that is no scalar");
    tensor_set(&scalar, 0, value);
    double held = tensor_get(&scalar, 0);
    if (held != value && !(held != held && value != value))
        return verify_fault(g, ref, "a value that its type does not hold");
    return NULL;
}

static const char *
verify_data(const Graph *g, Ref ref, const Node *node)
{
    const Tensor *data = node->as.data;
    if (!data || !data->data)
        return verify_fault(g, ref, "no data");
    if (data->dtype != node->dtype)
        return verify_fault(g, ref, "the data has another element type");
    if (data->rank != node->rank)
        return verify_fault(g, ref, "the data has another rank");
    for (int axis = 0; axis < node->rank; axis++) {
        if (data->dim[axis] != node->dim[axis])
            return verify_fault(g, ref, "the data has another shape");
    }
    return NULL;
}

static const char *
verify_leaf(const Graph *g, Ref ref, const Node *node)
{
    if (op_given(node->op) && !node->as.leaf.name)
        return verify_fault(g, ref, "no name");
    if (node->op == OP_const)
        return verify_const(g, ref, node);
    if (node->op == OP_data)
        return verify_data(g, ref, node);
    if (node->op == OP_extent) {
        if (node->rank != 0 || !dtype_number(node->dtype))
            return verify_fault(g, ref, "an extent is one number");
        if (node->as.extent < -(Dim)g->dims->poly.count)
            return verify_fault(g, ref, "no such dimension");
    }
    if (node->op == OP_iota) {
        if (!dtype_number(node->dtype))
            return verify_fault(g, ref, "counts in %s",
                                dtype_name[node->dtype]);
        if (node->as.axis < 0 || node->as.axis >= node->rank)
            return verify_fault(g, ref, "no axis %d", node->as.axis);
    }
    bool draw = node->op == OP_draw;
    if ((node->op == OP_uniform || node->op == OP_normal || draw) &&
        !dtype_real(node->dtype))
        return verify_fault(g, ref, "random numbers in %s",
                            dtype_name[node->dtype]);
    if (draw && (ir_node(g, node->operand[0])->rank != 0 ||
                 ir_node(g, node->operand[0])->dtype != DTYPE_i32))
        return verify_fault(g, ref, "a step that is not one i32");
    if (draw && node->as.random.stream >> 31 != 0)
        return verify_fault(g, ref, "a site that is too large");
    return NULL;
}

/* Whether an elementwise operation is defined for operands of a type; those
 * not in the table are functions of real numbers.
 */
static bool
map_takes(Op op, DType dtype)
{
    enum { REAL, NUMBER, BOOL, ANY };
    static const uint8_t domain[OP_COUNT] = {
        [OP_add] = NUMBER, [OP_sub] = NUMBER,  [OP_mul] = NUMBER,
        [OP_max] = NUMBER, [OP_min] = NUMBER,  [OP_neg] = NUMBER,
        [OP_abs] = NUMBER, [OP_sign] = NUMBER, [OP_lt] = NUMBER,
        [OP_le] = NUMBER,  [OP_gt] = NUMBER,   [OP_ge] = NUMBER,
        [OP_stop] = ANY,   [OP_cast] = ANY,    [OP_select] = ANY,
        [OP_eq] = ANY,     [OP_ne] = ANY,      [OP_not] = BOOL,
        [OP_and] = BOOL,   [OP_or] = BOOL,
    };
    return domain[op] == ANY || (domain[op] == BOOL && dtype == DTYPE_bool) ||
           (domain[op] == NUMBER && dtype_number(dtype)) ||
           (domain[op] == REAL && dtype_real(dtype));
}

static const char *
verify_map(const Graph *g, Ref ref, const Node *node)
{
    int first = node->op == OP_select ? 1 : 0;
    DType dtype = ir_node(g, node->operand[first])->dtype;
    if (first == 1 && ir_node(g, node->operand[0])->dtype != DTYPE_bool)
        return verify_fault(g, ref, "a condition that is not bool");
    for (int i = 0; i < node->operands; i++) {
        if (!ir_same_shape(g, ref, node->operand[i]))
            return verify_fault(g, ref, "operand %d has another shape", i);
        if (i >= first && ir_node(g, node->operand[i])->dtype != dtype)
            return verify_fault(g, ref, "operand %d has another element type",
                                i);
    }
    if (!map_takes(node->op, dtype))
        return verify_fault(g, ref, "not defined for %s", dtype_name[dtype]);
    if (node->op == OP_cast)
        return NULL;
    bool compares = op_info[node->op].class == CLASS_COMPARE;
    if (node->dtype != (compares ? DTYPE_bool : dtype))
        return verify_fault(g, ref, "a result in %s", dtype_name[node->dtype]);
    return NULL;
}

static const char *
verify_reduce(const Graph *g, Ref ref, const Node *node)
{
    const Node *a = ir_node(g, node->operand[0]);
    if (!dtype_number(a->dtype))
        return verify_fault(g, ref, "not defined for %s", dtype_name[a->dtype]);
    if (node->dtype != (node->op == OP_argmax ? DTYPE_i32 : a->dtype))
        return verify_fault(g, ref, "a result in %s", dtype_name[node->dtype]);
    if (node->op == OP_unwindow) {
        if (node->as.window.stride > 1 && node->as.window.dilation > 1)
            return verify_fault(g, ref, "both a stride and a dilation");
        return verify_windows(g, ref, node, a);
    }
    if (node->as.axes >> a->rank != 0)
        return verify_fault(g, ref, "axes that there are not");
    int rank = 0;
    for (int axis = 0; axis < a->rank; axis++) {
        if ((node->as.axes >> axis & 1) != 0)
            continue;
        if (rank >= node->rank || node->dim[rank] != a->dim[axis])
            return verify_fault(g, ref, "axis %d does not stay as it is", axis);
        rank++;
    }
    return rank == node->rank ? NULL : verify_fault(g, ref, "another rank");
}

/* The labels of one tensor as a set, their extents noted; a message where a
 * label is out of range, stands twice or has two extents.
 */
static const char *
verify_labels(const Graph *g, Ref ref, const Node *node, const int8_t *label,
              uint32_t *set, uint32_t *known, Dim *extent)
{
    *set = 0;
    for (int axis = 0; axis < node->rank; axis++) {
        int l = label[axis];
        if (l < 0 || l >= IR_LABELS)
            return verify_fault(g, ref, "label %d", l);
        uint32_t bit = (uint32_t)1 << l;
        if ((*set & bit) != 0)
            return verify_fault(g, ref, "label %d stands twice", l);
        if ((*known & bit) != 0 && extent[l] != node->dim[axis])
            return verify_fault(g, ref, "label %d has two extents", l);
        extent[l] = node->dim[axis];
        *set |= bit;
        *known |= bit;
    }
    return NULL;
}

static const char *
verify_contract(const Graph *g, Ref ref, const Node *node)
{
    const Node *a = ir_node(g, node->operand[0]);
    const Node *b = ir_node(g, node->operand[1]);
    if (a->dtype != b->dtype || node->dtype != a->dtype)
        return verify_fault(g, ref,
                            "operands and result of several element types");
    if (!dtype_number(a->dtype))
        return verify_fault(g, ref, "not defined for %s", dtype_name[a->dtype]);
    Dim extent[IR_LABELS];
    uint32_t known = 0;
    uint32_t in_a;
    uint32_t in_b;
    uint32_t out;
    const char *message =
        verify_labels(g, ref, a, node->as.contract.a, &in_a, &known, extent);
    if (!message)
        message = verify_labels(g, ref, b, node->as.contract.b, &in_b, &known,
                                extent);
    if (!message)
        message = verify_labels(g, ref, node, node->as.contract.out, &out,
                                &known, extent);
    if (message)
        return message;
    if ((out & ~(in_a | in_b)) != 0)
        return verify_fault(g, ref, "a label that no operand has");
    if (((in_a ^ in_b) & ~out) != 0)
        return verify_fault(g, ref, "a label that only one operand has");
    return NULL;
}

static const char *
verify_loop(const Graph *g, Ref ref)
{
    const char *message = ir_verify_scan(g, ref);
    return message != NULL ? verify_fault(g, ref, "%s", message) : NULL;
}

const char *
ir_verify_node(const Graph *g, Ref ref)
{
    const Node *node = ir_node(g, ref);
    const char *message = verify_frame(g, ref, node);
    if (!message)
        message = verify_order(g, ref, node);
    if (message)
        return message;
    switch (op_info[node->op].class) {
    case CLASS_LEAF:
        return verify_leaf(g, ref, node);
    case CLASS_MAP:
    case CLASS_COMPARE:
        return verify_map(g, ref, node);
    case CLASS_SHAPE:
        return verify_shape(g, ref, node);
    case CLASS_REDUCE:
        return verify_reduce(g, ref, node);
    case CLASS_CONTRACT:
        return verify_contract(g, ref, node);
    case CLASS_LOOP:
        return verify_loop(g, ref);
    }
    return NULL;
}

/* The list of leaves holds every input, param and state once, in order. */
static const char *
verify_leaves(const Graph *g)
{
    size_t leaf = 0;
    for (size_t i = 0; i < g->node.count; i++) {
        if (!op_given(g->node.item[i].op))
            continue;
        if (leaf == g->leaf.count || g->leaf.item[leaf] != (Ref)i)
            return verify_fault(g, (Ref)i, "not in its place among the leaves");
        leaf++;
    }
    if (leaf != g->leaf.count)
        return arena_printf(g->arena, "leaf %zu is no input, param or state",
                            leaf);
    return NULL;
}

/* `set` marks the leaves that earlier outputs give a next value. */
static const char *
verify_output(const Graph *g, size_t index, bool *set)
{
    Arena *arena = g->arena;
    Output output = g->output.item[index];
    Ref count = (Ref)g->node.count;
    if (output.ref < 0 || output.ref >= count)
        return arena_printf(arena, "output %zu is no node", index);
    if (output.next == REF_NONE)
        return output.name
                   ? NULL
                   : verify_fault(g, output.ref, "an output without a name");
    if (output.next < 0 || output.next >= count)
        return arena_printf(arena, "output %zu sets no node", index);
    const Node *leaf = ir_node(g, output.next);
    if (leaf->op != OP_param && leaf->op != OP_state)
        return verify_fault(g, output.next,
                            "a next value, but no param or state");
    if (leaf->dtype != ir_node(g, output.ref)->dtype ||
        !ir_same_shape(g, output.ref, output.next))
        return verify_fault(g, output.ref,
                            "does not fit the leaf it sets, %%%d",
                            (int)output.next);
    if (set[output.next])
        return verify_fault(g, output.next, "two next values");
    set[output.next] = true;
    return NULL;
}

const char *
ir_verify(const Graph *g)
{
    for (size_t i = 0; i < g->node.count; i++) {
        const char *message = ir_verify_node(g, (Ref)i);
        if (message)
            return message;
    }
    const char *message = verify_leaves(g);
    bool *set = ARENA_ARRAY(g->arena, bool, g->node.count);
    for (size_t i = 0; !message && i < g->output.count; i++)
        message = verify_output(g, i, set);
    return message;
}
