/* Reads the text form of a graph: a line is a node or an output. Every node is
 * verified as soon as it is read, so no text makes a graph that is none.
 */
#include "ir/read.h"

#include <stdlib.h>
#include <string.h>

enum { READ_DEPTH = 16 }; /* bodies within bodies */

typedef VEC(Ref) Ports;
typedef VEC(int8_t) Axes;

static bool
read_type(Reader *r, Node *node)
{
    int dtype = 0;
    if (!read_expect(r, ':'))
        return false;
    while (dtype < DTYPES && !read_accept_word(r, dtype_name[dtype]))
        dtype++;
    if (dtype == DTYPES)
        return read_fail(r, "expected an element type");
    node->dtype = (DType)dtype;
    if (!read_accept(r, '['))
        return true;
    do {
        if (node->rank == IR_RANK)
            return read_fail(r, "the rank is above %d", IR_RANK);
        if (!read_dim(r, &node->dim[node->rank]))
            return false;
        node->rank++;
    } while (read_accept(r, ','));
    return read_expect(r, ']');
}

/* The node %7, which comes before the one being read. */
static bool
read_ref(Reader *r, Ref *ref)
{
    uint64_t number;
    if (!read_expect(r, '%') || !read_number(r, INT32_MAX, &number))
        return false;
    if (number >= r->g->node.count)
        return read_fail(r, "no earlier node has this number");
    *ref = (Ref)number;
    return true;
}

/* WORD(item,item,…) of exactly `count` items, each read by `item`. */
static bool
read_list(Reader *r, const char *word, int count, Node *node,
          bool (*item)(Reader *r, Node *node, int axis))
{
    if (!read_expect_word(r, word) || !read_expect(r, '('))
        return false;
    for (int axis = 0; axis < count; axis++) {
        if ((axis > 0 && !read_expect(r, ',')) || !item(r, node, axis))
            return false;
    }
    return read_expect(r, ')');
}

static bool
item_map(Reader *r, Node *node, int axis)
{
    int number;
    if (!read_small(r, &number))
        return false;
    node->as.map[axis] = (int8_t)number;
    return true;
}

static bool
item_start(Reader *r, Node *node, int axis)
{
    node->as.slice.step[axis] = 1;
    return read_dim(r, &node->as.slice.start[axis]);
}

static bool
item_step(Reader *r, Node *node, int axis)
{
    uint64_t number;
    if (!read_number(r, INT64_MAX, &number))
        return false;
    node->as.slice.step[axis] = (int64_t)number;
    return true;
}

static bool
item_axis(Reader *r, Node *node, int axis)
{
    (void)axis;
    return read_small(r, &node->as.axis);
}

static bool
item_stream(Reader *r, Node *node, int axis)
{
    (void)axis;
    return read_number(r, UINT64_MAX, &node->as.random.stream);
}

static bool
item_window_axis(Reader *r, Node *node, int axis)
{
    (void)axis;
    return read_small(r, &node->as.window.axis);
}

/* A stride or dilation. */
static bool
read_stride(Reader *r, const char *word, int64_t *stride)
{
    uint64_t number;
    if (!read_expect_word(r, word) || !read_expect(r, '(') ||
        !read_number(r, INT64_MAX, &number))
        return false;
    *stride = (int64_t)number;
    return read_expect(r, ')');
}

static bool
read_window(Reader *r, Node *node)
{
    return read_list(r, "axis", 1, node, item_window_axis) &&
           read_stride(r, "stride", &node->as.window.stride) &&
           read_stride(r, "dilation", &node->as.window.dilation);
}

static bool
read_axes(Reader *r, Node *node)
{
    int axis;
    if (!read_expect_word(r, "axes") || !read_expect(r, '('))
        return false;
    if (read_accept(r, ')'))
        return true;
    do {
        if (!read_small(r, &axis))
            return false;
        node->as.axes |= (uint32_t)1 << axis;
    } while (read_accept(r, ','));
    return read_expect(r, ')');
}

/* [i,k]; gives the number of labels. */
static bool
read_labels(Reader *r, int8_t *label, int *count)
{
    *count = 0;
    if (!read_expect(r, '['))
        return false;
    if (read_accept(r, ']'))
        return true;
    do {
        read_blanks(r);
        const char *letter = *r->at ? strchr(label_letter, *r->at) : NULL;
        if (!letter)
            return read_fail(r, "expected a label, one small letter");
        if (*count == IR_RANK)
            return read_fail(r, "more than %d labels", IR_RANK);
        label[(*count)++] = (int8_t)(letter - label_letter);
        r->at++;
    } while (read_accept(r, ','));
    return read_expect(r, ']');
}

static bool
read_contract(Reader *r, Node *node, int *rank)
{
    int8_t *label[2] = {node->as.contract.a, node->as.contract.b};
    for (int i = 0; i < 2; i++) {
        int count;
        if (!read_ref(r, &node->operand[i]) ||
            !read_labels(r, label[i], &count))
            return false;
        if (count != ir_node(r->g, node->operand[i])->rank)
            return read_fail(r, "as many labels as the operand has axes");
    }
    return read_expect(r, '-') && read_expect(r, '>') &&
           read_labels(r, node->as.contract.out, rank);
}

/* A number of a const or data, as its type rounds it. */
static bool
read_value(Reader *r, DType dtype, double *value)
{
    char *end;
    read_blanks(r);
    if (*r->at == '\n')
        return read_fail(r, "expected a number");
    if (dtype == DTYPE_f32)
        *value = (double)strtof(r->at, &end);
    else
        *value = strtod(r->at, &end);
    if (end == r->at)
        return read_fail(r, "expected a number");
    r->at = end;
    return true;
}

/* Steps over a value or a list of them: its type, which comes behind, must be
 * known to read it.
 */
static void
skip_payload(Reader *r)
{
    read_blanks(r);
    r->at += strcspn(r->at, *r->at == '(' ? ")\n" : ": \n");
    if (*r->at == ')')
        r->at++;
}

static bool
read_data(Reader *r, Node *node)
{
    int64_t dim[IR_RANK] = {0};
    for (int axis = 0; axis < node->rank; axis++) {
        if (!dim_known(node->dim[axis]))
            return read_fail(r, "data in a shape that is not known");
        dim[axis] = node->dim[axis];
    }
    Tensor shape = {.dtype = node->dtype, .rank = node->rank};
    memcpy(shape.dim, dim, sizeof dim);
    int64_t count = tensor_count(&shape);
    const char *begin = r->at;
    int64_t given = 0;
    double value;
    if (!read_expect(r, '('))
        return false;
    while (!read_accept(r, ')')) {
        if ((given > 0 && !read_expect(r, ',')) ||
            !read_value(r, node->dtype, &value))
            return false;
        given++;
    }
    if (given != count)
        return read_fail(r, "%lld values for %lld elements", (long long)given,
                         (long long)count);
    Tensor *data = tensor_new(&r->context->arena, node->dtype, node->rank, dim);
    if (!data)
        return read_fail(r, "the data is too large");
    r->at = begin;
    read_expect(r, '(');
    for (int64_t i = 0; i < count; i++) {
        if (i > 0)
            read_expect(r, ',');
        read_value(r, node->dtype, &value);
        tensor_set(data, i, value);
    }
    node->as.data = data;
    return read_expect(r, ')');
}

/* The type of a const or data first, then its value, which stands before it. */
static bool
read_payload(Reader *r, Node *node)
{
    const char *begin = r->at;
    skip_payload(r);
    if (!read_type(r, node))
        return false;
    const char *end = r->at;
    r->at = begin;
    if (node->op == OP_data ? !read_data(r, node)
                            : !read_value(r, node->dtype, &node->as.value))
        return false;
    read_blanks(r);
    if (*r->at != ':')
        return read_fail(r, "expected `:`");
    r->at = end;
    return true;
}

static bool
read_part(Reader *r, Node *node)
{
    uint64_t number;
    if (!read_number(r, INT32_MAX, &number))
        return false;
    node->as.part = (int)number;
    return true;
}

static bool
read_attributes(Reader *r, Node *node)
{
    Op op = node->op;
    int rank = node->operands > 0 ? ir_node(r->g, node->operand[0])->rank : 0;
    if (op_given(op)) {
        if (!read_quoted(r, &node->as.leaf.name))
            return false;
        node->as.leaf.frozen = read_accept_word(r, "frozen");
        return true;
    }
    if (op == OP_extent)
        return read_dim(r, &node->as.extent);
    if (op == OP_uniform || op == OP_normal || op == OP_draw)
        return read_list(r, "stream", 1, node, item_stream);
    if (op == OP_iota || op == OP_concat)
        return read_list(r, "axis", 1, node, item_axis);
    if (op == OP_broadcast || op == OP_permute)
        return read_list(r, "map", rank, node, item_map);
    if (op == OP_slice)
        return read_list(r, "start", rank, node, item_start) &&
               read_list(r, "step", rank, node, item_step);
    if (op == OP_pad)
        return read_list(r, "before", rank, node, item_start);
    if (op == OP_window || op == OP_unwindow)
        return read_window(r, node);
    if (op == OP_reverse || op_info[op].class == CLASS_REDUCE)
        return read_axes(r, node);
    if (op == OP_part)
        return read_part(r, node);
    return true;
}

static bool
read_op(Reader *r, Node *node)
{
    int op = 0;
    while (op < OP_COUNT && !read_accept_word(r, op_info[op].name))
        op++;
    if (op == OP_COUNT)
        return read_fail(r, "no such operation");
    node->op = (Op)op;
    node->operands = op_info[op].operands;
    return true;
}

/* What stands between the operation and the end of the line. */
static bool
read_body(Reader *r, Node *node)
{
    int rank = -1;
    if (node->op == OP_const || node->op == OP_data)
        return read_payload(r, node);
    if (node->op == OP_contract) {
        if (!read_contract(r, node, &rank))
            return false;
    } else {
        for (int i = 0; i < node->operands; i++) {
            if (!read_ref(r, &node->operand[i]))
                return false;
        }
        if (!read_attributes(r, node))
            return false;
    }
    int order = ORDER_tree16;
    while (order > ORDER_none && !read_accept_word(r, order_name[order]))
        order--;
    node->order = (Order)order;
    if (!read_type(r, node))
        return false;
    if (rank >= 0 && rank != node->rank)
        return read_fail(r, "as many labels as the result has axes");
    return true;
}

static bool read_line(Reader *r);

/* WORD(%1@0,…): operands and axes, as far as they are wanted; gives how many.
 */
static bool
read_ports(Reader *r, const char *word, Ports *ref, Axes *axis, int *count)
{
    *count = 0;
    if (!read_expect_word(r, word) || !read_expect(r, '('))
        return false;
    if (read_accept(r, ')'))
        return true;
    do {
        Ref port;
        int number;
        if (ref != NULL) {
            if (!read_ref(r, &port))
                return false;
            VEC_PUSH(&r->context->arena, ref, port);
        }
        if (axis != NULL) {
            if (!read_expect(r, '@') || !read_small(r, &number))
                return false;
            VEC_PUSH(&r->context->arena, axis, (int8_t)number);
        }
        ++*count;
    } while (read_accept(r, ','));
    return read_expect(r, ')');
}

/* The lines of a body, between braces. */
static bool
read_region(Reader *r, Node *node)
{
    Graph *outer = r->g;
    if (!read_expect(r, '{'))
        return false;
    if (++r->depth > READ_DEPTH)
        return read_fail(r, "bodies more than %d deep", READ_DEPTH);
    r->g = ir_graph(r->context, outer->dims, outer->name);
    read_lines(r);
    while (!read_accept(r, '}')) {
        if (*r->at == 0)
            return read_fail(r, "expected `}`");
        if (!read_line(r))
            return false;
        read_lines(r);
    }
    node->region = r->g;
    r->g = outer;
    r->depth--;
    return true;
}

static bool
read_scan(Reader *r, Node *node)
{
    Scan *scan = ARENA_NEW(&r->context->arena, Scan);
    Ports port = {0};
    Axes axis = {0};
    int captured = 0;
    if (!read_dim(r, &scan->extent))
        return false;
    scan->backward = read_accept_word(r, "backward");
    if (!read_ports(r, "sequences", &port, &axis, &scan->sequences) ||
        !read_ports(r, "states", &port, NULL, &scan->states) ||
        !read_ports(r, "captured", &port, NULL, &captured) ||
        !read_ports(r, "results", NULL, &axis, &scan->results))
        return false;
    scan->operand = port.item;
    scan->axis = axis.item;
    node->as.scan = scan;
    node->operands = scan->sequences + scan->states + captured;
    node->dtype = DTYPE_bool;
    node->rank = 1;
    return read_region(r, node);
}

static bool
read_node(Reader *r)
{
    Graph *g = r->g;
    Node node = {.op = OP_const};
    uint64_t number;
    if (!read_expect(r, '%') || !read_number(r, INT32_MAX, &number))
        return false;
    if (number != g->node.count)
        return read_fail(r, "expected node %%%zu", g->node.count);
    if (!read_expect(r, '=') || !read_op(r, &node) ||
        !(node.op == OP_scan ? read_scan(r, &node) : read_body(r, &node)))
        return false;
    VEC_PUSH(&r->context->arena, &g->node, node);
    if (op_given(node.op))
        VEC_PUSH(&r->context->arena, &g->leaf, (Ref)number);
    const char *message = ir_verify_node(g, (Ref)number);
    return !message || read_fail(r, "%s", message);
}

static bool
read_output(Reader *r, bool next)
{
    Output output = {.next = REF_NONE};
    read_blanks(r);
    if ((!next || *r->at == '"') && !read_quoted(r, &output.name))
        return false;
    if (next) {
        if (!read_ref(r, &output.next))
            return false;
        const Node *leaf = ir_node(r->g, output.next);
        if (leaf->op != OP_param && leaf->op != OP_state)
            return read_fail(r, "only a param or state has a next value");
        if (!output.name)
            output.name = leaf->as.leaf.name;
    }
    if (!read_expect(r, '=') || !read_ref(r, &output.ref))
        return false;
    ir_output(r->g, output.name, output.ref, output.next);
    return true;
}

static bool
read_line(Reader *r)
{
    bool read;
    if (read_accept_word(r, "out"))
        read = read_output(r, false);
    else if (read_accept_word(r, "next"))
        read = read_output(r, true);
    else
        read = read_node(r);
    read_blanks(r);
    if (read && *r->at != '\n' && *r->at != 0)
        return read_fail(r, "expected the end of the line");
    return read;
}

Graph *
ir_read(Context *context, Dims *dims, const Source *source)
{
    Reader r = {.context = context, .begin = source->text, .at = source->text};
    for (uint32_t i = 1; i < context->sources.count; i++) {
        if (context->sources.item[i] == source)
            r.source = i;
    }
    r.g = ir_graph(context, dims, NULL);
    read_lines(&r);
    if (!read_expect_word(&r, "graph") || !read_name(&r, &r.g->name))
        return NULL;
    read_lines(&r);
    while (r.at < r.begin + source->size) {
        if (!read_line(&r))
            return NULL;
        read_lines(&r);
    }
    const char *message = ir_verify(r.g);
    if (message)
        read_fail(&r, "%s", message);
    return message ? NULL : r.g;
}
