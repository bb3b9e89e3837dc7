/* Contractions that are products of matrices, and sums of columns: calls of a
 * kernel. What follows holds for a sum, too, which has no second operand.
 *
 * Every axis of the result and every summed axis becomes a variable; axes that
 * lie at one stride in all operands are joined. What is left over besides one
 * row, one column and one summed variable becomes loops around the call; where
 * the summed variables are several, as in a convolution, the call is one over
 * several axes. Where the last axis is alone in its group it is cut in blocks,
 * so that what uses the result can follow while it is in the cache;
 * schedule_flatten joins the blocks again if nothing did.
 */
#include "pass/fuse/fuse.h"

#include <string.h>

enum { SIDE_row, SIDE_column, SIDE_sum, SIDE_loop };

typedef struct {
    int count;
    int var[2 * IR_RANK];
    int side[2 * IR_RANK];
    Affine at[3]; /* result, operands */
    int buffer[3];
    bool axes; /* the call is one over several axes */
    int frames;
    FrameAxis frame[SCHEDULE_FRAMES]; /* of the first operand */
} Labels;

static int
label_axis(const int8_t *label, int rank, int8_t wanted)
{
    for (int a = 0; a < rank; a++) {
        if (label[a] == wanted)
            return a;
    }
    return -1;
}

/* A variable for an axis, which is the result's axis in_out or, if that is
 * negative, summed; its index.
 */
static Affine
product_axis(Schedule *s, Labels *labels, Dim extent, int in_out, int side)
{
    if (extent == 1)
        return affine_of(0);
    int var = schedule_new_var(s, VAR_plain, extent);
    s->var.item[var].axis = in_out;
    labels->var[labels->count] = var;
    labels->side[labels->count++] = in_out < 0 ? SIDE_sum : side;
    return affine_var(var);
}

/* One variable a label: the result's first, then the summed ones as operand 0
 * has them.
 */
static void
product_labels(Schedule *s, const Node *node, Labels *labels, Point *point)
{
    const Node *a = ir_node(s->graph, node->operand[0]);
    const Node *b = ir_node(s->graph, node->operand[1]);
    for (int i = 0; i < node->rank + a->rank; i++) {
        int8_t label = i < node->rank ? node->as.contract.out[i]
                                      : node->as.contract.a[i - node->rank];
        int in_a = label_axis(node->as.contract.a, a->rank, label);
        int in_b = label_axis(node->as.contract.b, b->rank, label);
        int in_out = label_axis(node->as.contract.out, node->rank, label);
        if (i >= node->rank && in_out >= 0)
            continue;
        Dim extent = in_a >= 0 ? a->dim[in_a] : b->dim[in_b];
        int side = in_a >= 0 && in_b >= 0 ? SIDE_loop
                   : in_a >= 0            ? SIDE_row
                                          : SIDE_column;
        Affine index = product_axis(s, labels, extent, in_out, side);
        if (in_out >= 0)
            point[0].index[in_out] = index;
        if (in_a >= 0)
            point[1].index[in_a] = index;
        if (in_b >= 0)
            point[2].index[in_b] = index;
    }
}

static void
sum_labels(Schedule *s, const Node *node, Labels *labels, Point *point)
{
    const Node *a = ir_node(s->graph, node->operand[0]);
    int out = 0;
    for (int i = 0; i < a->rank; i++) {
        int in_out = (node->as.axes >> i & 1) != 0 ? -1 : out++;
        Affine index = product_axis(s, labels, a->dim[i], in_out, SIDE_row);
        point[1].index[i] = index;
        if (in_out >= 0)
            point[0].index[in_out] = index;
    }
}

/* Whether `next` goes on where `var` ends, in every access. */
static bool
product_joins(Schedule *s, const Labels *labels, int var, int next)
{
    for (int i = 0; i < labels->frames; i++) {
        const FrameAxis *frame = &labels->frame[i];
        if (frame->row == var || frame->term == var || frame->row == next ||
            frame->term == next)
            return false;
    }
    for (int i = 0; i < 3; i++) {
        Dim factor;
        Dim other;
        if (!affine_factor(s, &labels->at[i], var, &factor) ||
            !affine_factor(s, &labels->at[i], next, &other) ||
            dim_mul(s->dims, factor, s->var.item[var].extent) != other)
            return false;
    }
    return true;
}

/* Joins variable i with `kept`, which it goes on from. */
static void
product_merge(Schedule *s, Labels *labels, int kept, int i)
{
    int var = labels->var[i];
    LoopVar *into = &s->var.item[kept];
    into->extent = dim_mul(s->dims, into->extent, s->var.item[var].extent);
    for (int k = 0; k < 3; k++)
        affine_drop(s, &labels->at[k], var);
    labels->count--;
    for (int k = i; k < labels->count; k++) {
        labels->var[k] = labels->var[k + 1];
        labels->side[k] = labels->side[k + 1];
    }
}

/* Joins variables of one side. Those that are left are further axes of the call
 * where `axes` is set; else all but one of a side become loops, and there may
 * be only one summed variable.
 */
static bool
product_join(Schedule *s, Labels *labels, bool axes)
{
    labels->axes = axes;
    for (int side = SIDE_row; side <= SIDE_sum; side++) {
        int kept = -1;
        int count = 0;
        for (int i = 0; i < labels->count; i++) {
            if (labels->side[i] != side)
                continue;
            if (kept >= 0 && product_joins(s, labels, kept, labels->var[i])) {
                product_merge(s, labels, kept, i--);
                continue;
            }
            count++;
            if (kept < 0 || axes)
                kept = labels->var[i];
            else if (side == SIDE_sum)
                return false;
            else
                labels->side[i] = SIDE_loop;
        }
        if (axes && (count == 0 || count > SCHEDULE_AXES))
            return false;
    }
    return true;
}

/* Follows the operands to memory; false where one is computed, or padded but
 * for frames of the first.
 */
static bool
product_find(Schedule *s, Ref ref, Labels *labels)
{
    const Node *node = ir_node(s->graph, ref);
    Point point[3] = {0};
    *labels = (Labels){.buffer = {-1, -1, -1}};
    if (node->op == OP_sum)
        sum_labels(s, node, labels, point);
    else
        product_labels(s, node, labels, point);
    labels->at[0] = s->into[ref] != 0
                        ? s->value.item[schedule_point(s, ref, point[0])].at
                        : schedule_linear(s, ref, point[0].index);
    for (int i = 0; i < node->operands; i++) {
        int v = schedule_point(s, node->operand[i], point[i + 1]);
        const Value *value = &s->value.item[v];
        labels->at[i + 1] = value->at;
        if (i == 0 && value->kind == VALUE_guard) {
            labels->frames =
                schedule_guarded(s, value, &labels->at[1], labels->frame);
            value = &s->value.item[value->operand[0]];
            if (labels->frames == 0)
                return false;
        }
        if (value->kind != VALUE_load)
            return false;
        labels->buffer[i + 1] = value->buffer;
        for (int k = 0; k < value->at.count; k++) {
            if (value->at.term[k].minus)
                return false;
        }
    }
    return true;
}

/* Whether the variables of a call over several axes can have frames. */
static bool
product_fits(const Schedule *s, const Labels *labels)
{
    int var[3][2 * IR_RANK];
    int count[3] = {0};
    for (int i = 0; i < labels->count; i++) {
        int side = labels->side[i];
        if (side != SIDE_loop)
            var[side][count[side]++] = labels->var[i];
    }
    return schedule_frames_fit(s, labels->frame, labels->frames, var[SIDE_row],
                               count[SIDE_row], var[SIDE_sum], count[SIDE_sum]);
}

/* The variables of a call: of a product, else of one over several axes. */
static bool
product_call(Schedule *s, Ref ref, Labels *labels)
{
    const Node *node = ir_node(s->graph, ref);
    if (!product_find(s, ref, labels))
        return false;
    Labels before = *labels;
    size_t vars = s->var.count;
    Dim extent[2 * IR_RANK];
    for (int i = 0; i < before.count; i++)
        extent[i] = s->var.item[before.var[i]].extent;
    bool call = node->op != OP_sum && node->order != ORDER_tree16;
    if (labels->frames > 0)
        return call && product_join(s, labels, true) && product_fits(s, labels);
    if (product_join(s, labels, false))
        return true;
    if (!call)
        return false;
    s->var.count = vars;
    *labels = before;
    for (int i = 0; i < before.count; i++)
        s->var.item[before.var[i]].extent = extent[i];
    return product_join(s, labels, true);
}

/* Whether a sum's terms are whole columns: the rows lie side by side. In a
 * kernel the threads of a block bring the terms of any number of them.
 */
static bool
sum_pays(const Schedule *s, const Node *node, const Labels *labels)
{
    bool together = s->kernels && node->order == ORDER_seq;
    bool side = false;
    bool summed = false;
    for (int i = 0; i < labels->count; i++) {
        Dim extent = s->var.item[labels->var[i]].extent;
        Dim from;
        Dim to;
        affine_factor(s, &labels->at[1], labels->var[i], &from);
        affine_factor(s, &labels->at[0], labels->var[i], &to);
        summed = summed || labels->side[i] == SIDE_sum;
        side = side || (labels->side[i] == SIDE_row && from == 1 && to == 1 &&
                        (extent >= SCHEDULE_SUMS || (together && extent > 0)));
    }
    return side && summed;
}

/* Whether a product is worth a call, or needs one. Of one sample, too, a call
 * is the faster: it has vectors along the rows. A kernel's threads bring the
 * terms of a long one together.
 */
static bool
product_pays(const Schedule *s, const Node *node, const Labels *labels)
{
    int64_t work = 1;
    bool summed = false;
    bool together = false;
    bool empty = false;
    for (int i = 0; i < labels->count; i++) {
        Dim extent = s->var.item[labels->var[i]].extent;
        int side = labels->side[i];
        empty = empty || extent == 0;
        summed = summed || side == SIDE_sum;
        together =
            together || (s->kernels && side == SIDE_sum && !dim_known(extent));
        if (side == SIDE_loop)
            continue;
        if (!dim_known(extent))
            extent = s->kernels ? 1 : SCHEDULE_MANY;
        work *= extent < SCHEDULE_PRODUCT ? extent : (Dim)SCHEDULE_PRODUCT;
        if (work >= SCHEDULE_PRODUCT)
            work = SCHEDULE_PRODUCT;
    }
    return summed && (work >= SCHEDULE_PRODUCT || (together && !empty) ||
                      node->order == ORDER_tree16);
}

/* Finds a product's variables; what was made to look is not kept. */
static bool
product_look(Schedule *s, Ref ref, Labels *labels)
{
    const Node *node = ir_node(s->graph, ref);
    size_t values = s->value.count;
    size_t vars = s->var.count;
    bool is = false;
    if (dtype_real(node->dtype) &&
        (node->op == OP_contract || node->op == OP_sum) &&
        product_call(s, ref, labels))
        is = node->op == OP_sum ? sum_pays(s, node, labels)
                                : product_pays(s, node, labels);
    s->value.count = values;
    s->var.count = vars;
    return is;
}

bool
schedule_is_product(Schedule *s, Ref ref)
{
    Labels labels;
    return product_look(s, ref, &labels);
}

bool
schedule_is_framed(Schedule *s, Ref ref)
{
    Labels labels;
    return product_look(s, ref, &labels) && labels.frames > 0;
}

bool
schedule_has_end(Schedule *s, Ref ref, bool loops)
{
    Labels labels;
    if (schedule_is_scatter(s, ref))
        return true;
    bool has = product_look(s, ref, &labels) && !labels.axes;
    for (int i = 0; has && !loops && i < labels.count; i++)
        has = labels.side[i] != SIDE_loop;
    return has;
}

/* The loops of the variables on side `loop`, slowest outermost. */
static Block *
product_loops(Schedule *s, Ref ref, const Labels *labels, Block *body)
{
    for (int i = labels->count - 1; i >= 0; i--) {
        if (labels->side[i] != SIDE_loop)
            continue;
        Stmt *loop = schedule_stmt(s, STMT_loop, ref);
        loop->var = labels->var[i];
        schedule_push(s, body, loop);
        body = &loop->body;
    }
    return body;
}

/* Cuts the last axis of the result in blocks, if it is a row or column of its
 * own and long.
 */
static Block *
product_block(Schedule *s, Ref ref, const Labels *labels, Block *body)
{
    const Node *node = ir_node(s->graph, ref);
    int axis = node->rank - 1;
    int longer = 0;
    for (int a = 0; a < node->rank; a++)
        longer += node->dim[a] != 1;
    while (axis >= 0 && node->dim[axis] == 1)
        axis--;
    for (int i = 0; i < labels->count; i++) {
        LoopVar *var = &s->var.item[labels->var[i]];
        bool alone =
            (labels->side[i] == SIDE_row || labels->side[i] == SIDE_column) &&
            axis >= 0 && var->axis == axis && var->extent == node->dim[axis];
        if (!alone || (dim_known(var->extent) &&
                       (var->extent <= SCHEDULE_BLOCK || longer < 2)))
            continue;
        Stmt *loop = schedule_stmt(s, STMT_loop, ref);
        loop->var = schedule_new_var(s, VAR_block, node->dim[axis]);
        s->var.item[loop->var].step = SCHEDULE_BLOCK;
        var = &s->var.item[labels->var[i]];
        var->kind = VAR_within;
        var->parent = loop->var;
        schedule_push(s, body, loop);
        return &loop->body;
    }
    return body;
}

void
schedule_end(Schedule *s, Product *product, ProductEnd end)
{
    product->end = end;
    for (int i = 0; i < end.scalars; i++)
        product->scalar[i] = schedule_point(s, end.scalar[i], (Point){0});
    for (int i = 0; i < end.moments; i++)
        product->moment[i] = s->node_buffer[end.moment[i]];
}

Block
schedule_product(Schedule *s, Ref ref, int buffer, ProductEnd end)
{
    const Node *node = ir_node(s->graph, ref);
    Labels labels;
    Block tree = {0};
    product_call(s, ref, &labels);
    Block *body = product_loops(s, ref, &labels, &tree);
    if (end.kind == END_set || s->into[ref] != 0)
        body = product_block(s, ref, &labels, body);
    Product *product = ARENA_NEW(s->arena, Product);
    *product =
        (Product){.order = node->order,
                  .dtype = node->dtype,
                  .var = {-1, -1, -1},
                  .buffer = {buffer, labels.buffer[1], labels.buffer[2]}};
    schedule_end(s, product, end);
    for (int i = 0; i < 3; i++)
        product->at[i] = labels.at[i];
    for (int i = 0; i < labels.count; i++) {
        int side = labels.side[i];
        if (side == SIDE_loop)
            continue;
        if (product->var[side] < 0)
            product->var[side] = labels.var[i];
        else
            product->more[side][product->axes[side]++] = labels.var[i];
    }
    product->windows = labels.axes;
    product->frames = labels.frames;
    memcpy(product->frame, labels.frame, sizeof product->frame);
    Stmt *call = schedule_stmt(s, STMT_call, ref);
    call->product = product;
    schedule_push(s, body, call);
    return tree;
}
