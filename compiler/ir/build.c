/* Makers of nodes: each infers the element type, the shape and the order of
 * summation of what it makes. They check nothing; ir_verify does.
 */
#include "ir/ir.h"

#include <string.h>

Graph *
ir_graph(Context *context, Dims *dims, const char *name)
{
    Graph *g = ARENA_NEW(&context->arena, Graph);
    g->context = context;
    g->arena = &context->arena;
    g->dims = dims;
    g->name = name;
    return g;
}

Graph *
ir_graph_like(const Graph *from)
{
    Graph *g = ARENA_NEW(from->arena, Graph);
    g->context = from->context;
    g->arena = from->arena;
    g->dims = from->dims;
    g->name = from->name;
    VEC_RESERVE(g->arena, &g->node, from->node.count + 1);
    return g;
}

const Graph *
ir_graph_in(Arena *arena, const Graph *g)
{
    Graph *same = arena_copy(arena, g, sizeof *g);
    same->arena = arena;
    return same;
}

/* Appends a node at the graph's present place. */
static Ref
build_push(Graph *g, Node *node)
{
    node->span = g->span;
    node->frame = g->frame;
    VEC_PUSH(g->arena, &g->node, *node);
    return (Ref)(g->node.count - 1);
}

static void
build_shape(Node *node, int rank, const Dim *dim)
{
    node->rank = rank < IR_RANK ? rank : IR_RANK;
    memset(node->dim, 0, sizeof node->dim);
    for (int axis = 0; axis < node->rank; axis++)
        node->dim[axis] = dim[axis];
}

/* A node of one operand, with its type and shape. */
static Node
build_unary(const Graph *g, Op op, Ref a)
{
    const Node *from = ir_node(g, a);
    Node node = {.op = op, .dtype = from->dtype, .operands = 1};
    node.operand[0] = a;
    build_shape(&node, from->rank, from->dim);
    return node;
}

Ref
ir_leaf(Graph *g, Op op, const char *name, DType dtype, int rank,
        const Dim *dim)
{
    Node node = {.op = op, .dtype = dtype};
    build_shape(&node, rank, dim);
    node.as.leaf.name = name;
    Ref ref = build_push(g, &node);
    VEC_PUSH(g->arena, &g->leaf, ref);
    return ref;
}

const char *
ir_input_name(const Graph *g, const char *name)
{
    for (size_t i = 0; i < g->leaf.count; i++) {
        const Node *n = ir_node(g, g->leaf.item[i]);
        if (n->op != OP_input || strcmp(n->as.leaf.name, name) != 0)
            continue;
        name = intern_text(&g->context->names,
                           arena_printf(&g->context->arena, "%s_", name));
        i = (size_t)-1;
    }
    return name;
}

Ref
ir_const(Graph *g, DType dtype, double value)
{
    uint64_t room = 0;
    Tensor scalar = {.dtype = dtype, .data = &room};
    tensor_set(&scalar, 0, value);
    Node node = {.op = OP_const, .dtype = dtype};
    node.as.value = tensor_get(&scalar, 0);
    return build_push(g, &node);
}

Ref
ir_fill(Graph *g, Ref like, double value)
{
    return ir_spread(g, ir_const(g, ir_node(g, like)->dtype, value), like);
}

Ref
ir_data(Graph *g, const Tensor *data)
{
    Node node = {.op = OP_data, .dtype = data->dtype};
    build_shape(&node, data->rank, data->dim);
    node.as.data = data;
    return build_push(g, &node);
}

Ref
ir_extent(Graph *g, DType dtype, Dim extent)
{
    Node node = {.op = OP_extent, .dtype = dtype};
    node.as.extent = extent;
    return build_push(g, &node);
}

Ref
ir_iota(Graph *g, DType dtype, int rank, const Dim *dim, int axis)
{
    Node node = {.op = OP_iota, .dtype = dtype};
    build_shape(&node, rank, dim);
    node.as.axis = axis;
    return build_push(g, &node);
}

Ref
ir_random(Graph *g, Op op, DType dtype, int rank, const Dim *dim,
          uint64_t stream)
{
    Node node = {.op = op, .dtype = dtype};
    build_shape(&node, rank, dim);
    node.as.random.stream = stream;
    return build_push(g, &node);
}

Ref
ir_map(Graph *g, Op op, Ref a, Ref b, Ref c)
{
    const OpInfo *info = &op_info[op];
    Node node = build_unary(g, op, op == OP_select ? b : a);
    node.operands = info->operands;
    node.operand[0] = a;
    if (info->operands > 1)
        node.operand[1] = b;
    if (info->operands > 2)
        node.operand[2] = c;
    if (info->class == CLASS_COMPARE)
        node.dtype = DTYPE_bool;
    return build_push(g, &node);
}

Ref
ir_cast(Graph *g, Ref a, DType dtype)
{
    if (ir_node(g, a)->dtype == dtype)
        return a;
    Node node = build_unary(g, OP_cast, a);
    node.dtype = dtype;
    return build_push(g, &node);
}

Ref
ir_draw(Graph *g, Ref step, DType dtype, int rank, const Dim *dim,
        uint64_t site)
{
    Node node = {.op = OP_draw, .dtype = dtype, .operands = 1};
    node.operand[0] = step;
    build_shape(&node, rank, dim);
    node.as.random.stream = site;
    return build_push(g, &node);
}

Ref
ir_broadcast(Graph *g, Ref a, int rank, const Dim *dim, const int8_t *map)
{
    Node node = build_unary(g, OP_broadcast, a);
    for (int axis = 0; axis < node.rank; axis++)
        node.as.map[axis] = map[axis];
    build_shape(&node, rank, dim);
    return build_push(g, &node);
}

Ref
ir_spread(Graph *g, Ref a, Ref like)
{
    Node shape = *ir_node(g, like);
    if (shape.rank == 0)
        return a;
    return ir_broadcast(g, a, shape.rank, shape.dim, NULL);
}

Ref
ir_reshape(Graph *g, Ref a, int rank, const Dim *dim)
{
    Node node = build_unary(g, OP_reshape, a);
    build_shape(&node, rank, dim);
    return build_push(g, &node);
}

Ref
ir_permute(Graph *g, Ref a, const int8_t *map)
{
    Node node = build_unary(g, OP_permute, a);
    const Node *from = ir_node(g, a);
    for (int axis = 0; axis < node.rank; axis++) {
        node.as.map[axis] = map[axis];
        if (map[axis] >= 0 && map[axis] < from->rank)
            node.dim[axis] = from->dim[map[axis]];
    }
    return build_push(g, &node);
}

Ref
ir_slice(Graph *g, Ref a, const Dim *start, const Dim *dim, const int64_t *step)
{
    Node node = build_unary(g, OP_slice, a);
    for (int axis = 0; axis < node.rank; axis++) {
        node.dim[axis] = dim[axis];
        node.as.slice.start[axis] = start[axis];
        node.as.slice.step[axis] = step ? step[axis] : 1;
    }
    return build_push(g, &node);
}

Ref
ir_pad(Graph *g, Ref a, const Dim *before, const Dim *dim)
{
    Node node = build_unary(g, OP_pad, a);
    for (int axis = 0; axis < node.rank; axis++) {
        node.dim[axis] = dim[axis];
        node.as.slice.start[axis] = before[axis];
        node.as.slice.step[axis] = 1;
    }
    return build_push(g, &node);
}

Ref
ir_concat(Graph *g, Ref a, Ref b, int axis)
{
    Node node = build_unary(g, OP_concat, a);
    const Node *other = ir_node(g, b);
    node.operands = 2;
    node.operand[1] = b;
    node.as.axis = axis;
    if (axis >= 0 && axis < node.rank && axis < other->rank)
        node.dim[axis] = dim_add(g->dims, node.dim[axis], other->dim[axis]);
    return build_push(g, &node);
}

Ref
ir_gather(Graph *g, Ref table, Ref index)
{
    Node node = build_unary(g, OP_gather, table);
    const Node *by = ir_node(g, index);
    Dim dim[2 * IR_RANK];
    int rank = 0;
    for (int axis = 0; axis + 1 < node.rank; axis++)
        dim[rank++] = node.dim[axis];
    for (int axis = 0; axis < by->rank; axis++)
        dim[rank++] = by->dim[axis];
    build_shape(&node, rank, dim);
    node.operands = 2;
    node.operand[1] = index;
    return build_push(g, &node);
}

Ref
ir_reverse(Graph *g, Ref a, uint32_t axes)
{
    Node node = build_unary(g, OP_reverse, a);
    node.as.axes = axes;
    return build_push(g, &node);
}

Ref
ir_batchsum(Graph *g, Ref a)
{
    Node node = build_unary(g, OP_batchsum, a);
    return build_push(g, &node);
}

Ref
ir_window(Graph *g, Ref a, int axis, Dim count, Dim size, int64_t stride,
          int64_t dilation)
{
    Node node = build_unary(g, OP_window, a);
    for (int i = node.rank; i > axis + 1 && i < IR_RANK; i--)
        node.dim[i] = node.dim[i - 1];
    if (axis >= 0 && axis + 1 < IR_RANK) {
        node.dim[axis] = count;
        node.dim[axis + 1] = size;
    }
    node.rank++;
    node.as.window.axis = axis;
    node.as.window.stride = stride;
    node.as.window.dilation = dilation;
    return build_push(g, &node);
}

Ref
ir_unwindow(Graph *g, Ref a, int axis, Dim extent, int64_t stride,
            int64_t dilation)
{
    Node node = build_unary(g, OP_unwindow, a);
    for (int i = axis + 1; i >= 0 && i + 1 < node.rank; i++)
        node.dim[i] = node.dim[i + 1];
    if (axis >= 0 && axis < IR_RANK)
        node.dim[axis] = extent;
    node.rank--;
    if (node.rank >= 0)
        node.dim[node.rank] = 0;
    node.order = ORDER_seq;
    node.as.window.axis = axis;
    node.as.window.stride = stride;
    node.as.window.dilation = dilation;
    return build_push(g, &node);
}

Ref
ir_reduce(Graph *g, Op op, Ref a, uint32_t axes)
{
    Node node = build_unary(g, op, a);
    int rank = 0;
    for (int axis = 0; axis < node.rank; axis++) {
        if ((axes >> axis & 1) == 0)
            node.dim[rank++] = node.dim[axis];
    }
    for (int axis = rank; axis < node.rank; axis++)
        node.dim[axis] = 0;
    node.rank = rank;
    node.as.axes = axes;
    node.order = dtype_real(node.dtype) ? ir_sum_order(op, axes, 0) : ORDER_seq;
    if (op == OP_argmax)
        node.dtype = DTYPE_i32;
    return build_push(g, &node);
}

/* The extent of a label, looked for in both operands; 0 if it is in neither. */
static Dim
build_label(const Node *a, const int8_t *label_a, const Node *b,
            const int8_t *label_b, int8_t label)
{
    for (int axis = 0; axis < a->rank; axis++) {
        if (label_a[axis] == label)
            return a->dim[axis];
    }
    for (int axis = 0; axis < b->rank; axis++) {
        if (label_b[axis] == label)
            return b->dim[axis];
    }
    return 0;
}

/* The product of the known extents: the elements for one sample. */
static int64_t
build_outputs(const Node *node)
{
    int64_t outputs = 1;
    for (int axis = 0; axis < node->rank; axis++) {
        Dim dim = node->dim[axis];
        if (dim_known(dim) && __builtin_mul_overflow(outputs, dim, &outputs))
            return INT64_MAX;
    }
    return outputs;
}

Ref
ir_contract(Graph *g, Ref a, const int8_t *label_a, Ref b,
            const int8_t *label_b, int rank, const int8_t *label_out)
{
    Node node = build_unary(g, OP_contract, a);
    const Node *left = ir_node(g, a);
    const Node *right = ir_node(g, b);
    node.operands = 2;
    node.operand[1] = b;
    for (int axis = 0; axis < left->rank; axis++)
        node.as.contract.a[axis] = label_a[axis];
    for (int axis = 0; axis < right->rank; axis++)
        node.as.contract.b[axis] = label_b[axis];
    Dim dim[IR_RANK] = {0};
    for (int axis = 0; axis < rank && axis < IR_RANK; axis++) {
        node.as.contract.out[axis] = label_out[axis];
        dim[axis] = build_label(left, label_a, right, label_b, label_out[axis]);
    }
    build_shape(&node, rank, dim);
    node.order = dtype_real(node.dtype)
                     ? ir_sum_order(OP_contract, 0, build_outputs(&node))
                     : ORDER_seq;
    return build_push(g, &node);
}

Ref
ir_scan(Graph *g, const Scan *scan, int operands, Graph *body)
{
    Arena *arena = g->arena;
    size_t ports = (size_t)(scan->sequences + scan->results);
    Scan *own = arena_copy(arena, scan, sizeof *scan);
    own->axis = arena_copy(arena, scan->axis, ports * sizeof *scan->axis);
    own->operand = arena_copy(arena, scan->operand,
                              (size_t)operands * sizeof *scan->operand);
    Node node = {.op = OP_scan,
                 .dtype = DTYPE_bool,
                 .rank = 1, /* of extent 0: it has no value of its own */
                 .operands = operands,
                 .as.scan = own,
                 .region = body};
    return build_push(g, &node);
}

Ref
ir_part(Graph *g, Ref scan, int part)
{
    const Node *loop = ir_node(g, scan);
    const Scan *from = loop->as.scan;
    const Graph *body = loop->region;
    Node node = build_unary(g, OP_part, scan);
    const Node *value = ir_node(body, body->output.item[part].ref);
    node.dtype = value->dtype;
    node.as.part = part;
    build_shape(&node, value->rank, value->dim);
    if (part >= from->states && value->rank < IR_RANK) {
        int axis = from->axis[from->sequences + part - from->states];
        for (int a = node.rank++; a > axis; a--)
            node.dim[a] = node.dim[a - 1];
        node.dim[axis] = from->extent;
    }
    return build_push(g, &node);
}

void
ir_output(Graph *g, const char *name, Ref ref, Ref next)
{
    Output output = {.name = name, .ref = ref, .next = next};
    VEC_PUSH(g->arena, &g->output, output);
}

Ref
ir_copy(Graph *g, const Graph *from, Ref ref, const Ref *map)
{
    Node node = *ir_node(from, ref);
    if (node.region != NULL) {
        Scan *scan = arena_copy(g->arena, node.as.scan, sizeof *node.as.scan);
        Ref *operand = ARENA_ARRAY(g->arena, Ref, (size_t)node.operands + 1);
        for (int i = 0; i < node.operands; i++)
            operand[i] = map[scan->operand[i]];
        scan->operand = operand;
        node.as.scan = scan;
    }
    for (int i = 0; node.region == NULL && i < node.operands; i++)
        node.operand[i] = map[node.operand[i]];
    VEC_PUSH(g->arena, &g->node, node);
    Ref copy = (Ref)(g->node.count - 1);
    if (op_given(node.op))
        VEC_PUSH(g->arena, &g->leaf, copy);
    return copy;
}

bool
ir_same_shape(const Graph *g, Ref a, Ref b)
{
    const Node *x = ir_node(g, a);
    const Node *y = ir_node(g, b);
    if (x->rank != y->rank)
        return false;
    for (int axis = 0; axis < x->rank; axis++) {
        if (x->dim[axis] != y->dim[axis])
            return false;
    }
    return true;
}

Dim
ir_count(const Graph *g, Ref ref)
{
    const Node *node = ir_node(g, ref);
    Dim count = 1;
    for (int axis = 0; axis < node->rank; axis++)
        count = dim_mul(g->dims, count, node->dim[axis]);
    return count;
}

Order
ir_sum_order(Op op, uint32_t axes, int64_t outputs)
{
    if (op == OP_sum)
        return (axes & 1) != 0 ? ORDER_tree16 : ORDER_seq;
    if (op != OP_contract)
        return ORDER_seq;
    if (outputs == 1)
        return ORDER_tree16;
    return outputs < 16 ? ORDER_split4 : ORDER_seq;
}
