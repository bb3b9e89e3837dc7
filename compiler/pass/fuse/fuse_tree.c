/* The loops of one operation: its result's axes, the last outermost, around
 * one scalar computation and a store. Axes of extent 1 have no loop.
 */
#include "pass/fuse/fuse.h"

#include <string.h>

int
schedule_new_var(Schedule *s, VarKind kind, Dim extent)
{
    LoopVar var = {.kind = kind,
                   .extent = extent,
                   .parent = -1,
                   .alias = -1,
                   .axis = -1,
                   .batch = extent == dim_batch(s->dims)};
    VEC_PUSH(s->arena, &s->var, var);
    return (int)s->var.count - 1;
}

int
schedule_new_accumulator(Schedule *s, AccKind kind, DType dtype, int lanes,
                         Ref node)
{
    Accumulator acc = {
        .kind = kind, .dtype = dtype, .lanes = lanes, .node = node};
    VEC_PUSH(s->arena, &s->accumulator, acc);
    return (int)s->accumulator.count - 1;
}

Stmt *
schedule_stmt(Schedule *s, StmtKind kind, Ref node)
{
    Stmt *stmt = ARENA_NEW(s->arena, Stmt);
    stmt->kind = kind;
    stmt->node = node;
    stmt->tag = s->tag;
    stmt->era = s->era;
    return stmt;
}

void
schedule_push(Schedule *s, Block *block, Stmt *stmt)
{
    VEC_PUSH(s->arena, block, stmt);
}

int
schedule_temp(Schedule *s, DType dtype, Ref node, Dim count)
{
    const Buffer buffer = {.kind = BUFFER_temp,
                           .dtype = dtype,
                           .number = -1,
                           .node = node,
                           .count = count,
                           .slot = -1};
    VEC_PUSH(s->arena, &s->buffer, buffer);
    return (int)s->buffer.count - 1;
}

int
schedule_load(Schedule *s, int buffer, DType dtype, Ref node, const Affine *at)
{
    const Value load = {.kind = VALUE_load,
                        .dtype = dtype,
                        .buffer = buffer,
                        .at = *at,
                        .node = node};
    return schedule_value(s, &load);
}

void
schedule_push_store(Schedule *s, Block *block, int buffer, const Affine *at,
                    int value)
{
    Stmt *store = schedule_stmt(s, STMT_store, s->value.item[value].node);
    store->buffer = buffer;
    store->at = *at;
    store->value = value;
    schedule_push(s, block, store);
}

/* Opens the loops over a box of a node's elements in a block; gives the
 * innermost body, and the index of each axis.
 */
static Block *
tree_box(Schedule *s, Ref ref, const Dim *start, const Dim *extent,
         Affine *index, Block *block)
{
    const Node *node = ir_node(s->graph, ref);
    for (int a = node->rank - 1; a >= 0; a--) {
        index[a] = affine_of(start[a]);
        if (extent[a] == 1)
            continue;
        Stmt *loop = schedule_stmt(s, STMT_loop, ref);
        loop->var = schedule_new_var(s, VAR_plain, extent[a]);
        s->var.item[loop->var].axis = a;
        Affine var = affine_var(loop->var);
        affine_add(s, &index[a], &var);
        schedule_push(s, block, loop);
        block = &loop->body;
    }
    return block;
}

Block *
schedule_space(Schedule *s, Ref ref, Affine *index, Block *block)
{
    static const Dim start[IR_RANK] = {0};
    return tree_box(s, ref, start, ir_node(s->graph, ref)->dim, index, block);
}

static void
tree_store(Schedule *s, Ref ref, int buffer, int value, const Affine *at,
           Block *block)
{
    Stmt *store = schedule_stmt(s, STMT_store, ref);
    store->buffer = buffer;
    store->value = value;
    store->at = *at;
    schedule_push(s, block, store);
}

Block
schedule_copy(Schedule *s, Ref ref, int buffer)
{
    Block tree = {0};
    Point point = {0};
    Block *body = schedule_space(s, ref, point.index, &tree);
    int own = s->node_buffer[ref];
    if (own == buffer)
        s->node_buffer[ref] = -1;
    int value = schedule_point(s, ref, point);
    s->node_buffer[ref] = own;
    Affine at = schedule_linear(s, ref, point.index);
    tree_store(s, ref, buffer, value, &at, body);
    return tree;
}

Block
schedule_stack(Schedule *s, Ref part, int buffer)
{
    Block tree = {0};
    Point point = {0};
    const Node *node = ir_node(s->graph, part);
    const Loop *loop = &s->loop.item[s->part_of[part]];
    Ref from = node->operand[0];
    int axis = loop->axis[loop->sequences + node->as.part - loop->states];
    Block *body = schedule_space(s, from, point.index, &tree);
    int value = schedule_point(s, from, point);
    for (int a = node->rank - 1; a > axis; a--)
        point.index[a] = point.index[a - 1];
    point.index[axis] = affine_var(loop->var);
    Affine at = schedule_linear(s, part, point.index);
    tree_store(s, part, buffer, value, &at, body);
    return tree;
}

/* `from` becomes the part of a concatenation that begins at `start`. */
static void
tree_part(Schedule *s, Ref ref, int buffer, Ref from, const Affine *start)
{
    Block tree = {0};
    Point point = {0};
    Block *body = schedule_space(s, from, point.index, &tree);
    int value = schedule_point(s, from, point);
    affine_add(s, &point.index[ir_node(s->graph, ref)->as.axis], start);
    Affine at = schedule_linear(s, ref, point.index);
    tree_store(s, ref, buffer, value, &at, body);
    schedule_merge(s, &tree);
}

static void
tree_parts(Schedule *s, Ref ref, int buffer, Ref from, Affine *start)
{
    const Node *node = ir_node(s->graph, from);
    if (from == ref || (node->op == OP_concat && !s->material[from])) {
        tree_parts(s, ref, buffer, node->operand[0], start);
        tree_parts(s, ref, buffer, node->operand[1], start);
        return;
    }
    tree_part(s, ref, buffer, from, start);
    Affine length = affine_of(node->dim[ir_node(s->graph, ref)->as.axis]);
    affine_add(s, start, &length);
}

void
schedule_parts(Schedule *s, Ref ref, int buffer)
{
    Affine start = affine_of(0);
    tree_parts(s, ref, buffer, ref, &start);
}

bool
schedule_is_frame(const Schedule *s, Ref ref)
{
    const Node *node = ir_node(s->graph, ref);
    const Node *from = ir_node(s->graph, node->operand[0]);
    if (node->op != OP_pad || s->kernels)
        return false;
    for (int a = 0; a < node->rank; a++) {
        bool known = dim_known(node->dim[a]) && dim_known(from->dim[a]) &&
                     dim_known(node->as.slice.start[a]);
        if (node->dim[a] != from->dim[a] && !known)
            return false;
    }
    return true;
}

/* A box of zeros. */
static void
tree_zeros(Schedule *s, Ref ref, int buffer, const Dim *start,
           const Dim *extent)
{
    Block tree = {0};
    Affine index[IR_RANK];
    const Node *node = ir_node(s->graph, ref);
    Value zero = {.kind = VALUE_const, .dtype = node->dtype, .node = ref};
    for (int a = 0; a < node->rank; a++)
        if (extent[a] == 0)
            return;
    Block *body = tree_box(s, ref, start, extent, index, &tree);
    Affine at = schedule_linear(s, ref, index);
    tree_store(s, ref, buffer, schedule_value(s, &zero), &at, body);
    schedule_merge(s, &tree);
}

void
schedule_frame(Schedule *s, Ref ref, int buffer)
{
    Block tree = {0};
    Point point = {0};
    const Node *node = ir_node(s->graph, ref);
    const Node *from = ir_node(s->graph, node->operand[0]);
    Dim start[IR_RANK] = {0};
    Dim extent[IR_RANK];
    memcpy(extent, node->dim, sizeof extent);
    for (int a = node->rank - 1; a >= 0; a--) {
        Dim before = node->as.slice.start[a];
        Dim end = before + from->dim[a];
        if (node->dim[a] == from->dim[a])
            continue;
        extent[a] = before;
        tree_zeros(s, ref, buffer, start, extent);
        start[a] = end;
        extent[a] = node->dim[a] - end;
        tree_zeros(s, ref, buffer, start, extent);
        start[a] = before;
        extent[a] = from->dim[a];
    }
    Block *body = schedule_space(s, node->operand[0], point.index, &tree);
    int value = schedule_point(s, node->operand[0], point);
    for (int a = 0; a < node->rank; a++) {
        Affine first = affine_of(start[a]);
        affine_add(s, &point.index[a], &first);
    }
    Affine at = schedule_linear(s, ref, point.index);
    tree_store(s, ref, buffer, value, &at, body);
    schedule_merge(s, &tree);
}

/* A part of a table: the point's first axes are the table's, the others those
 * of the index.
 */
static void
gather_at(Schedule *s, const Node *node, const Point *point, Value *value)
{
    const Node *table = ir_node(s->graph, node->operand[0]);
    int first = table->rank - 1;
    Point index = {0};
    for (int a = first; a < node->rank; a++)
        index.index[a - first] = point->index[a];
    Point at = *point;
    value->kind = VALUE_gather;
    value->operands = 1;
    value->operand[0] = schedule_point(s, node->operand[1], index);
    value->buffer = s->node_buffer[node->operand[0]];
    value->sum_var = schedule_new_var(s, VAR_plain, table->dim[first]);
    at.index[first] = affine_var(value->sum_var);
    value->at = schedule_linear(s, node->operand[0], at.index);
}

/* One operation at a point, behind what waits to be computed where it is used.
 */
static void
map_at(Schedule *s, Ref ref, int buffer, const Point *point, Block *body)
{
    const Node *node = ir_node(s->graph, ref);
    Affine at = schedule_linear(s, ref, point->index);
    Value value = {.kind = VALUE_map,
                   .op = node->op,
                   .dtype = node->dtype,
                   .operands = node->operands,
                   .node = ref};
    s->waits[ref] = 0;
    if (op_info[node->op].class == CLASS_LEAF) {
        value.kind = VALUE_random;
        value.stream = node->as.random.stream;
        value.at = at;
    }
    if (node->op == OP_gather)
        gather_at(s, node, point, &value);
    for (int i = 0; i < node->operands && node->op != OP_gather; i++) {
        Ref operand = node->operand[i];
        if (s->waits[operand] != 0)
            map_at(s, operand, s->node_buffer[operand], point, body);
        value.operand[i] = schedule_point(s, operand, *point);
    }
    Stmt *let = schedule_stmt(s, STMT_let, ref);
    let->value = schedule_value(s, &value);
    schedule_push(s, body, let);
    tree_store(s, ref, buffer, let->value, &at, body);
}

static Block
tree_map(Schedule *s, Ref ref, int buffer)
{
    Block tree = {0};
    Point point = {0};
    Block *body = schedule_space(s, ref, point.index, &tree);
    map_at(s, ref, buffer, &point, body);
    return tree;
}

bool
schedule_is_map(const Schedule *s, Ref ref)
{
    const Node *node = ir_node(s->graph, ref);
    OpClass class = op_info[node->op].class;
    return class == CLASS_MAP || class == CLASS_COMPARE
               ? node->operands > 0
               : node->op == OP_uniform || node->op == OP_normal ||
                     node->op == OP_draw || node->op == OP_gather;
}

Block
schedule_node(Schedule *s, Ref ref, int buffer)
{
    const Node *node = ir_node(s->graph, ref);
    if (schedule_is_map(s, ref))
        return tree_map(s, ref, buffer);
    switch (op_info[node->op].class) {
    case CLASS_MAP:
    case CLASS_COMPARE:
    case CLASS_LEAF:
    case CLASS_SHAPE:
    case CLASS_LOOP:
        return schedule_copy(s, ref, buffer);
    case CLASS_REDUCE:
    case CLASS_CONTRACT:
        break;
    }
    if (node->op == OP_unwindow)
        return schedule_unwindow(s, ref, buffer);
    if (schedule_is_scatter(s, ref))
        return schedule_scatter(s, ref, buffer, (ProductEnd){.kind = END_set});
    if (schedule_is_product(s, ref))
        return schedule_product(s, ref, buffer, (ProductEnd){.kind = END_set});
    if (schedule_is_maxima(s, ref))
        return schedule_maxima(s, ref, buffer);
    return schedule_reduce(s, ref, buffer);
}
