/* The interpreter's moves of data: each is one or two copies between arrays
 * with strides.
 */
#include "kernels/flux_math.h"
#include "ir/interpret.h"

#include <string.h>

/* A copy of extent[0] × extent[1] × … elements; strides in elements. */
typedef struct {
    int rank;
    int64_t extent[IR_RANK];
    int64_t to[IR_RANK];
    int64_t from[IR_RANK];
} Move;

/* All 0 where there are no elements. */
static void
tensor_strides(const Tensor *tensor, int64_t *stride)
{
    int64_t product = tensor_count(tensor) > 0 ? 1 : 0;
    for (int axis = 0; axis < tensor->rank; axis++) {
        stride[axis] = product;
        product *= product > 0 ? tensor->dim[axis] : 1;
    }
}

/* The innermost row of a move. */
static void
move_row(const Move *move, size_t size, char *to, const char *from)
{
    int64_t count = move->rank > 0 ? move->extent[0] : 1;
    int64_t to_step = move->rank > 0 ? move->to[0] * (int64_t)size : 0;
    int64_t from_step = move->rank > 0 ? move->from[0] * (int64_t)size : 0;
    if (to_step == (int64_t)size && from_step == (int64_t)size) {
        memcpy(to, from, (size_t)count * size);
        return;
    }
    for (int64_t i = 0; i < count; i++)
        memcpy(to + i * to_step, from + i * from_step, size);
}

/* Moves elements of `size` bytes from from[from_start] on to to[to_start] on.
 */
static void
move_run(const Move *move, Tensor *to, int64_t to_start, const Tensor *from,
         int64_t from_start)
{
    size_t size = dtype_size(to->dtype);
    int64_t index[IR_RANK] = {0};
    for (int axis = 0; axis < move->rank; axis++) {
        if (move->extent[axis] == 0)
            return;
    }
    int axis = 1;
    do {
        move_row(move, size, (char *)to->data + to_start * (int64_t)size,
                 (const char *)from->data + from_start * (int64_t)size);
        for (axis = 1; axis < move->rank; axis++) {
            to_start += move->to[axis];
            from_start += move->from[axis];
            if (++index[axis] < move->extent[axis])
                break;
            index[axis] = 0;
            to_start -= move->to[axis] * move->extent[axis];
            from_start -= move->from[axis] * move->extent[axis];
        }
    } while (axis < move->rank);
}

/* A move into every element of the result; the source's strides stay 0. */
static Move
move_into(const Tensor *result)
{
    Move move = {.rank = result->rank};
    memcpy(move.extent, result->dim, sizeof move.extent);
    tensor_strides(result, move.to);
    return move;
}

/* A move from every element of an operand to the same place of a result. */
static Move
move_whole(const Tensor *from, const Tensor *result)
{
    Move move = move_into(result);
    memcpy(move.extent, from->dim, sizeof move.extent);
    tensor_strides(from, move.from);
    return move;
}

static void
run_broadcast(const Node *node, const Tensor *a, Tensor *result)
{
    Move move = move_into(result);
    int64_t stride[IR_RANK];
    tensor_strides(a, stride);
    for (int axis = 0; axis < a->rank; axis++)
        move.from[node->as.map[axis]] = stride[axis];
    move_run(&move, result, 0, a, 0);
}

static void
run_permute(const Node *node, const Tensor *a, Tensor *result)
{
    Move move = move_into(result);
    int64_t stride[IR_RANK];
    tensor_strides(a, stride);
    for (int axis = 0; axis < a->rank; axis++)
        move.from[axis] = stride[node->as.map[axis]];
    move_run(&move, result, 0, a, 0);
}

/* The start of a slice or pad along an axis; -1 where `count` elements from
 * there with a step do not lie in `extent`.
 */
static int64_t
slice_start(const Run *run, const Node *node, int axis, int64_t count,
            int64_t extent)
{
    int64_t last;
    int64_t step = node->as.slice.step[axis];
    int64_t start = dim_value(run->g->dims, node->as.slice.start[axis],
                              run->options->symbol);
    if (start < 0 || (count == 0 && start > extent))
        return -1;
    if (count > 0 &&
        (__builtin_mul_overflow(count - 1, step, &last) ||
         __builtin_add_overflow(last, start, &last) || last >= extent))
        return -1;
    return start;
}

static const char *
run_slice(const Run *run, const Node *node, const Tensor *a, Tensor *result)
{
    Move move = move_into(result);
    int64_t stride[IR_RANK];
    int64_t from = 0;
    tensor_strides(a, stride);
    for (int axis = 0; axis < a->rank; axis++) {
        int64_t start =
            slice_start(run, node, axis, result->dim[axis], a->dim[axis]);
        if (start < 0)
            return "the slice reaches outside";
        from += start * stride[axis];
        if (result->dim[axis] > 1)
            move.from[axis] = stride[axis] * node->as.slice.step[axis];
    }
    move_run(&move, result, 0, a, from);
    return NULL;
}

static const char *
run_window(const Node *node, const Tensor *a, Tensor *result)
{
    Move move = move_into(result);
    int axis = node->as.window.axis;
    int64_t stride[IR_RANK];
    tensor_strides(a, stride);
    if (!window_fits(node, a, result))
        return "the windows reach outside";
    for (int i = 0; i < a->rank; i++)
        move.from[i < axis ? i : i + 1] = stride[i];
    if (result->dim[axis] > 1)
        move.from[axis] = stride[axis] * node->as.window.stride;
    else
        move.from[axis] = 0;
    if (result->dim[axis + 1] > 1)
        move.from[axis + 1] = stride[axis] * node->as.window.dilation;
    else
        move.from[axis + 1] = 0;
    move_run(&move, result, 0, a, 0);
    return NULL;
}

static const char *
run_pad(const Run *run, const Node *node, const Tensor *a, Tensor *result)
{
    Move move = move_whole(a, result);
    int64_t to = 0;
    for (int axis = 0; axis < a->rank; axis++) {
        int64_t start =
            slice_start(run, node, axis, a->dim[axis], result->dim[axis]);
        if (start < 0)
            return "the operand reaches outside";
        to += start * move.to[axis];
    }
    memset(result->data, 0,
           (size_t)tensor_count(result) * dtype_size(result->dtype));
    move_run(&move, result, to, a, 0);
    return NULL;
}

static void
run_concat(const Node *node, const Tensor *a, const Tensor *b, Tensor *result)
{
    Move first = move_whole(a, result);
    Move second = move_whole(b, result);
    int axis = node->as.axis;
    move_run(&first, result, 0, a, 0);
    move_run(&second, result, a->dim[axis] * first.to[axis], b, 0);
}

static void
run_gather(const Tensor *table, const Tensor *index, Tensor *result)
{
    int64_t columns = table->dim[table->rank - 1];
    size_t bytes = dtype_size(table->dtype);
    for (int axis = 0; axis + 1 < table->rank; axis++)
        bytes *= (size_t)table->dim[axis];
    int64_t count = tensor_count(index);
    for (int64_t i = 0; i < count; i++) {
        size_t column =
            flux_index(((const int32_t *)index->data)[i], (size_t)columns);
        memcpy((char *)result->data + (size_t)i * bytes,
               (const char *)table->data + column * bytes, bytes);
    }
}

static void
run_reverse(const Node *node, const Tensor *a, Tensor *result)
{
    Move move = move_whole(a, result);
    int64_t from = 0;
    for (int axis = 0; axis < a->rank; axis++) {
        if ((node->as.axes >> axis & 1) == 0)
            continue;
        from += (a->dim[axis] - 1) * move.from[axis];
        move.from[axis] = -move.from[axis];
    }
    move_run(&move, result, 0, a, from);
}

const char *
run_shape(const Run *run, const Node *node, Tensor *result)
{
    const Tensor *a = run_operand(run, node, 0);
    if (node->op == OP_slice)
        return run_slice(run, node, a, result);
    if (node->op == OP_pad)
        return run_pad(run, node, a, result);
    if (node->op == OP_window)
        return run_window(node, a, result);
    if (node->op == OP_broadcast)
        run_broadcast(node, a, result);
    else if (node->op == OP_permute)
        run_permute(node, a, result);
    else if (node->op == OP_concat)
        run_concat(node, a, run_operand(run, node, 1), result);
    else if (node->op == OP_gather)
        run_gather(a, run_operand(run, node, 1), result);
    else if (node->op == OP_reverse)
        run_reverse(node, a, result);
    else
        memcpy(result->data, a->data,
               (size_t)tensor_count(result) * dtype_size(result->dtype));
    return NULL;
}
