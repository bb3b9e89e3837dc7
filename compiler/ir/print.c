/* Prints a graph as text that ir_read takes back exactly. */
#include "ir/text.h"

#include <stdlib.h>
#include <string.h>

const char *const order_name[ORDER_tree16 + 1] = {"none", "seq", "split4",
                                                  "tree16"};
const char label_letter[IR_LABELS + 1] = "ikjlmnopqrstuvwxyzabcdefgh";

static void
print_quoted(const char *name, FILE *file)
{
    fputc('"', file);
    for (const char *c = name; *c != 0; c++) {
        if (*c == '"' || *c == '\\')
            fprintf(file, "\\%c", *c);
        else if ((unsigned char)*c < ' ' || *c == 0x7f)
            fprintf(file, "\\x%02x", (unsigned)(unsigned char)*c);
        else
            fputc(*c, file);
    }
    fputc('"', file);
}

static void
print_name(const char *name, FILE *file)
{
    const char *c = name;
    while (text_name_byte(*c))
        c++;
    if (*name != 0 && *c == 0)
        fputs(name, file);
    else
        print_quoted(name, file);
}

static bool
same_value(double a, double b)
{
    return a == b || (a != a && b != b);
}

/* The shortest decimal that reads back. */
static void
print_value(DType dtype, double value, FILE *file)
{
    char text[40] = "nan";
    bool exact = value != value;
    for (int digits = 1; !exact && digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, value);
        double back = dtype == DTYPE_f32 ? (double)strtof(text, NULL)
                                         : strtod(text, NULL);
        exact = same_value(back, value);
    }
    fputs(text, file);
}

static void
print_type(const Graph *g, const Node *node, FILE *file)
{
    fprintf(file, " : %s", dtype_name[node->dtype]);
    for (int axis = 0; axis < node->rank; axis++)
        fprintf(file, "%c%s", axis == 0 ? '[' : ',',
                dim_text(g->dims, node->dim[axis]));
    if (node->rank > 0)
        fputc(']', file);
}

static void
print_axes(const char *word, uint32_t axes, FILE *file)
{
    const char *before = "";
    fprintf(file, " %s(", word);
    for (int axis = 0; axis < IR_RANK; axis++) {
        if ((axes >> axis & 1) == 0)
            continue;
        fprintf(file, "%s%d", before, axis);
        before = ",";
    }
    fputc(')', file);
}

static void
print_map(const int8_t *map, int count, FILE *file)
{
    fputs(" map(", file);
    for (int axis = 0; axis < count; axis++)
        fprintf(file, "%s%d", axis > 0 ? "," : "", map[axis]);
    fputc(')', file);
}

static void
print_starts(const Graph *g, const Node *node, const char *word, FILE *file)
{
    fprintf(file, " %s(", word);
    for (int axis = 0; axis < node->rank; axis++)
        fprintf(file, "%s%s", axis > 0 ? "," : "",
                dim_text(g->dims, node->as.slice.start[axis]));
    fputc(')', file);
}

static void
print_steps(const Node *node, FILE *file)
{
    fputs(" step(", file);
    for (int axis = 0; axis < node->rank; axis++)
        fprintf(file, "%s%lld", axis > 0 ? "," : "",
                (long long)node->as.slice.step[axis]);
    fputc(')', file);
}

static void
print_window(const Node *node, FILE *file)
{
    fprintf(file, " axis(%d) stride(%lld) dilation(%lld)", node->as.window.axis,
            (long long)node->as.window.stride,
            (long long)node->as.window.dilation);
}

static void
print_data(const Tensor *data, FILE *file)
{
    int64_t count = tensor_count(data);
    fputs(" (", file);
    for (int64_t i = 0; i < count; i++) {
        fputs(i > 0 ? ", " : "", file);
        print_value(data->dtype, tensor_get(data, i), file);
    }
    fputc(')', file);
}

static void
print_labels(const int8_t *label, int rank, FILE *file)
{
    fputc('[', file);
    for (int axis = 0; axis < rank; axis++)
        fprintf(file, "%s%c", axis > 0 ? "," : "", label_letter[label[axis]]);
    fputc(']', file);
}

static void
print_contract(const Graph *g, const Node *node, FILE *file)
{
    fprintf(file, " %%%d", (int)node->operand[0]);
    print_labels(node->as.contract.a, ir_node(g, node->operand[0])->rank, file);
    fprintf(file, " %%%d", (int)node->operand[1]);
    print_labels(node->as.contract.b, ir_node(g, node->operand[1])->rank, file);
    fputs(" -> ", file);
    print_labels(node->as.contract.out, node->rank, file);
}

static void
print_leaf(const Graph *g, const Node *node, FILE *file)
{
    Op op = node->op;
    if (op == OP_const) {
        fputc(' ', file);
        print_value(node->dtype, node->as.value, file);
    } else if (op == OP_data) {
        print_data(node->as.data, file);
    } else if (op == OP_extent) {
        fprintf(file, " %s", dim_text(g->dims, node->as.extent));
    } else if (op == OP_iota) {
        fprintf(file, " axis(%d)", node->as.axis);
    } else if (op == OP_uniform || op == OP_normal || op == OP_draw) {
        fprintf(file, " stream(%llu)",
                (unsigned long long)node->as.random.stream);
    } else {
        fputc(' ', file);
        print_quoted(node->as.leaf.name, file);
        fputs(node->as.leaf.frozen ? " frozen" : "", file);
    }
}

static void
print_shape(const Graph *g, const Node *node, FILE *file)
{
    Op op = node->op;
    if (op == OP_broadcast || op == OP_permute) {
        print_map(node->as.map, ir_node(g, node->operand[0])->rank, file);
    } else if (op == OP_slice) {
        print_starts(g, node, "start", file);
        print_steps(node, file);
    } else if (op == OP_pad) {
        print_starts(g, node, "before", file);
    } else if (op == OP_concat) {
        fprintf(file, " axis(%d)", node->as.axis);
    } else if (op == OP_reverse) {
        print_axes("axes", node->as.axes, file);
    } else if (op == OP_window) {
        print_window(node, file);
    }
}

static void print_graph(const Graph *g, int depth, FILE *file);

/* "sequences(%0@1,%2@0)": `count` operands from the first on, with the axis of
 * the steps, if any.
 */
static void
print_ports(const char *word, const Ref *ref, const int8_t *axis, int first,
            int count, FILE *file)
{
    fprintf(file, " %s(", word);
    for (int i = first; i < first + count; i++) {
        fputs(i > first ? "," : "", file);
        if (ref != NULL)
            fprintf(file, "%%%d", (int)ref[i]);
        if (axis != NULL)
            fprintf(file, "@%d", axis[i]);
    }
    fputc(')', file);
}

static void
print_scan(const Graph *g, const Node *node, int depth, FILE *file)
{
    const Scan *scan = node->as.scan;
    const Ref *from = scan->operand;
    int sequences = scan->sequences;
    int before = sequences + scan->states;
    fprintf(file, " %s%s", dim_text(g->dims, scan->extent),
            scan->backward ? " backward" : "");
    print_ports("sequences", from, scan->axis, 0, sequences, file);
    print_ports("states", from, NULL, sequences, scan->states, file);
    print_ports("captured", from, NULL, before, node->operands - before, file);
    print_ports("results", NULL, scan->axis, sequences, scan->results, file);
    fputs(" {\n", file);
    print_graph(node->region, depth + 1, file);
    fprintf(file, "%*s}", 2 * depth, "");
}

/* The operands, and what the operation holds besides. */
static void
print_body(const Graph *g, const Node *node, FILE *file)
{
    OpClass class = op_info[node->op].class;
    if (class == CLASS_CONTRACT) {
        print_contract(g, node, file);
        return;
    }
    for (int i = 0; i < node->operands; i++)
        fprintf(file, " %%%d", (int)node->operand[i]);
    if (node->op == OP_part)
        fprintf(file, " %d", node->as.part);
    if (class == CLASS_LEAF)
        print_leaf(g, node, file);
    else if (class == CLASS_SHAPE)
        print_shape(g, node, file);
    else if (node->op == OP_unwindow)
        print_window(node, file);
    else if (class == CLASS_REDUCE)
        print_axes("axes", node->as.axes, file);
}

static void
print_place(const Graph *g, Span span, FILE *file)
{
    const Source *source = NULL;
    if (span_known(span))
        source = source_get(&g->context->sources, span.source);
    if (!source)
        return;
    Place place = source_place(source, span.begin);
    fprintf(file, "  ; %s:%u:%u", source->path, place.line, place.column);
}

static void
print_node(const Graph *g, Ref ref, int depth, FILE *file)
{
    const Node *node = ir_node(g, ref);
    fprintf(file, "%*s%%%d = %s", 2 * depth, "", (int)ref,
            op_info[node->op].name);
    if (node->region != NULL) {
        print_scan(g, node, depth, file);
        print_place(g, node->span, file);
        fputc('\n', file);
        return;
    }
    print_body(g, node, file);
    if (node->order != ORDER_none)
        fprintf(file, " %s", order_name[node->order]);
    print_type(g, node, file);
    print_place(g, node->span, file);
    fputc('\n', file);
}

static void
print_output(const Graph *g, const Output *output, int depth, FILE *file)
{
    fprintf(file, "%*s", 2 * depth, "");
    if (output->next == REF_NONE) {
        fputs("out ", file);
        print_quoted(output->name, file);
    } else {
        const char *leaf = ir_node(g, output->next)->as.leaf.name;
        fputs("next ", file);
        if (output->name && strcmp(output->name, leaf) != 0) {
            print_quoted(output->name, file);
            fputc(' ', file);
        }
        fprintf(file, "%%%d", (int)output->next);
    }
    fprintf(file, " = %%%d\n", (int)output->ref);
}

/* The nodes and outputs, `depth` bodies deep. */
static void
print_graph(const Graph *g, int depth, FILE *file)
{
    for (size_t i = 0; i < g->node.count; i++)
        print_node(g, (Ref)i, depth, file);
    for (size_t i = 0; i < g->output.count; i++)
        print_output(g, &g->output.item[i], depth, file);
}

void
ir_print(const Graph *g, FILE *file)
{
    fputs("graph ", file);
    print_name(g->name, file);
    fputc('\n', file);
    print_graph(g, 1, file);
}
