/* Views: operations that only say where an element comes from.
 *
 * The element of a node at a point is followed down through its views to memory
 * or to a value that needs none. A reshape that cuts axes where no operand axis
 * ends cannot be followed, so its operand then gets memory, which a reshape
 * reads by the number of the element.
 */
#include "pass/pass.h"
#include "pass/fuse/fuse.h"

#include <string.h>

/* How deep concatenations within one another are followed. */
#define VIEW_PARTS 200

static bool
view_is(Op op)
{
    return op == OP_broadcast || op == OP_permute || op == OP_slice ||
           op == OP_pad || op == OP_reverse || op == OP_reshape ||
           op == OP_window || op == OP_batchsum || op == OP_step;
}

static bool
view_is_memory(const Graph *g, const bool *material, Ref ref)
{
    Op op = ir_node(g, ref)->op;
    return material[ref] || op_given(op) || op == OP_data;
}

/* Concatenations within one another are one with many parts. */
static void
view_parts(const Graph *g, const int *users, bool *material)
{
    uint8_t *depth = ARENA_ARRAY(&g->context->scratch, uint8_t, g->node.count);
    for (Ref r = 0; r < (Ref)g->node.count; r++) {
        const Node *node = ir_node(g, r);
        bool live = node->op == OP_concat && users[r] > 0;
        for (int i = 0; i < 2 && live; i++) {
            Ref part = node->operand[i];
            const Node *inner = ir_node(g, part);
            if (inner->op != OP_concat || inner->as.axis != node->as.axis ||
                users[part] != 1 || depth[part] == VIEW_PARTS)
                continue;
            material[part] = false;
            if (depth[r] <= depth[part])
                depth[r] = (uint8_t)(depth[part] + 1);
        }
    }
}

/* A padding that windows are taken of, and what a contraction with windows
 * multiplies them with reversed, have memory: so the contraction is a call.
 */
static void
view_windows(const Graph *g, Ref ref, bool *material)
{
    Ref operand[2];
    bool windows = false;
    for (int i = 0; i < 2; i++) {
        operand[i] = ir_node(g, ref)->operand[i];
        while (view_is(ir_node(g, operand[i])->op) &&
               ir_node(g, operand[i])->op != OP_pad &&
               ir_node(g, operand[i])->op != OP_reverse) {
            windows = windows || ir_node(g, operand[i])->op == OP_window;
            operand[i] = ir_node(g, operand[i])->operand[0];
        }
    }
    for (int i = 0; i < 2; i++)
        if (windows && view_is(ir_node(g, operand[i])->op))
            material[operand[i]] = true;
}

void
schedule_materials(const Graph *g, const int *users, bool *material)
{
    for (Ref r = 0; r < (Ref)g->node.count; r++) {
        const Node *node = ir_node(g, r);
        OpClass class = op_info[node->op].class;
        int first[IR_RANK + 1];
        material[r] = class == CLASS_MAP || class == CLASS_COMPARE ||
                      class == CLASS_REDUCE || class == CLASS_CONTRACT ||
                      node->op == OP_concat || node->op == OP_uniform ||
                      node->op == OP_normal || node->op == OP_draw ||
                      node->op == OP_gather || node->op == OP_carry ||
                      node->op == OP_part;
        if (node->op == OP_gather &&
            !view_is_memory(g, material, node->operand[0]))
            material[node->operand[0]] = true;
        if (node->op == OP_reshape &&
            !view_is_memory(g, material, node->operand[0]) &&
            !pass_axes_joined(g, ir_node(g, node->operand[0]), node, first))
            material[node->operand[0]] = true;
    }
    for (Ref r = 0; r < (Ref)g->node.count; r++)
        if (ir_node(g, r)->op == OP_contract && users[r] > 0)
            view_windows(g, r, material);
    view_parts(g, users, material);
}

int
schedule_value(Schedule *s, const Value *value)
{
    VEC_PUSH(s->arena, &s->value, *value);
    return (int)s->value.count - 1;
}

Affine
schedule_linear(Schedule *s, Ref ref, const Affine *index)
{
    const Node *node = ir_node(s->graph, ref);
    Affine sum = affine_of(0);
    Dim stride = 1;
    for (int a = 0; a < node->rank; a++) {
        Affine part = index[a];
        affine_scale(s, &part, stride);
        affine_add(s, &sum, &part);
        stride = dim_mul(s->dims, stride, node->dim[a]);
    }
    return sum;
}

static void
view_guard(Schedule *s, Point *point, const Affine *index, Dim extent)
{
    Arena *arena = s->arena;
    Guard *all = ARENA_ARRAY(arena, Guard, point->guards + 1);
    if (point->guards > 0)
        memcpy(all, point->guard, (size_t)point->guards * sizeof *all);
    all[point->guards] = (Guard){*index, extent};
    point->guard = all;
    point->guards++;
}

static void
view_pad(Schedule *s, const Node *node, const Node *from, Point *point)
{
    for (int a = 0; a < node->rank; a++) {
        if (node->dim[a] == from->dim[a])
            continue;
        Affine before = affine_of(node->as.slice.start[a]);
        affine_subtract(s, &point->index[a], &before);
        view_guard(s, point, &point->index[a], from->dim[a]);
    }
}

static void
view_reshape(Schedule *s, Ref ref, Point *point)
{
    const Node *node = ir_node(s->graph, ref);
    const Node *from = ir_node(s->graph, node->operand[0]);
    int first[IR_RANK + 1];
    Point to = *point;
    pass_axes_joined(s->graph, from, node, first);
    for (int a = 0; a < from->rank; a++) {
        Dim stride = 1;
        to.index[a] = affine_of(0);
        for (int b = first[a]; b < first[a + 1]; b++) {
            Affine part = point->index[b];
            affine_scale(s, &part, stride);
            affine_add(s, &to.index[a], &part);
            stride = dim_mul(s->dims, stride, node->dim[b]);
        }
    }
    *point = to;
}

/* Element k of window w is w * stride + k * dilation. */
static void
view_window(Schedule *s, const Node *node, const Node *from, Point *point)
{
    int axis = node->as.window.axis;
    affine_scale(s, &point->index[axis], node->as.window.stride);
    affine_scale(s, &point->index[axis + 1], node->as.window.dilation);
    affine_add(s, &point->index[axis], &point->index[axis + 1]);
    for (int a = axis + 1; a < from->rank; a++)
        point->index[a] = point->index[a + 1];
}

/* Turns a point of a view into the point of its operand. */
static void
view_step(Schedule *s, Ref ref, Point *point)
{
    const Node *node = ir_node(s->graph, ref);
    const Node *from = ir_node(s->graph, node->operand[0]);
    Point to = *point;
    if (node->op == OP_broadcast) {
        for (int a = 0; a < from->rank; a++)
            to.index[a] = point->index[node->as.map[a]];
    } else if (node->op == OP_permute) {
        for (int a = 0; a < node->rank; a++)
            to.index[node->as.map[a]] = point->index[a];
    } else if (node->op == OP_slice) {
        for (int a = 0; a < node->rank; a++) {
            to.index[a] = affine_of(node->as.slice.start[a]);
            affine_scale(s, &point->index[a], node->as.slice.step[a]);
            affine_add(s, &to.index[a], &point->index[a]);
        }
    } else if (node->op == OP_reverse) {
        for (int a = 0; a < node->rank; a++) {
            if ((node->as.axes >> a & 1) == 0)
                continue;
            Affine one = affine_of(1);
            to.index[a] = affine_of(node->dim[a]);
            affine_subtract(s, &to.index[a], &one);
            affine_subtract(s, &to.index[a], &point->index[a]);
        }
    } else if (node->op == OP_window) {
        view_window(s, node, from, &to);
    } else if (node->op == OP_step) {
        const Loop *loop = &s->loop.item[s->loop_of[ref]];
        for (int a = from->rank - 1; a > node->as.axis; a--)
            to.index[a] = point->index[a - 1];
        to.index[node->as.axis] = affine_var(loop->var);
    } else if (node->op == OP_pad) {
        view_pad(s, node, from, &to);
    } else if (node->op == OP_reshape) {
        view_reshape(s, ref, &to);
    }
    *point = to;
}

static Value
view_leaf(Schedule *s, Ref ref, const Point *point)
{
    const Node *node = ir_node(s->graph, ref);
    Value value = {.dtype = node->dtype, .node = ref, .buffer = -1};
    if (s->node_buffer[ref] >= 0) {
        value.kind = VALUE_load;
        value.buffer = s->node_buffer[ref];
        value.at = schedule_linear(s, ref, point->index);
    } else if (node->op == OP_const) {
        value.kind = VALUE_const;
        value.number = node->as.value;
    } else if (node->op == OP_extent) {
        value.kind = VALUE_extent;
        value.extent = node->as.extent;
    } else {
        value.kind = VALUE_index;
        value.at = point->index[node->as.axis];
    }
    return value;
}

int
schedule_point(Schedule *s, Ref ref, Point point)
{
    if (s->into[ref] != 0)
        ref = s->into[ref] - 1;
    const Node *node = ir_node(s->graph, ref);
    Value value = {.kind = VALUE_const};
    bool found = false;
    while (!found && s->node_buffer[ref] < 0 && view_is(node->op)) {
        Ref from = node->operand[0];
        if (node->op == OP_reshape && s->node_buffer[from] >= 0) {
            value = (Value){.kind = VALUE_load,
                            .dtype = node->dtype,
                            .node = from,
                            .buffer = s->node_buffer[from],
                            .at = schedule_linear(s, ref, point.index)};
            found = true;
        } else {
            view_step(s, ref, &point);
            ref = from;
            node = ir_node(s->graph, ref);
        }
    }
    if (!found)
        value = view_leaf(s, ref, &point);
    int v = schedule_value(s, &value);
    if (point.guards == 0)
        return v;
    Value guard = {.kind = VALUE_guard,
                   .dtype = value.dtype,
                   .operand = {v},
                   .operands = 1,
                   .node = REF_NONE,
                   .guard = point.guard,
                   .guards = point.guards};
    return schedule_value(s, &guard);
}
