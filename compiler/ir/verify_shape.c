/* The rules of operations that move elements and compute none. */
#include "ir/verify.h"

static const char *
verify_broadcast(const Graph *g, Ref ref, const Node *node)
{
    const Node *a = ir_node(g, node->operand[0]);
    int last = -1;
    for (int axis = 0; axis < a->rank; axis++) {
        int to = node->as.map[axis];
        if (to <= last || to >= node->rank)
            return verify_fault(g, ref, "axis %d goes to axis %d", axis, to);
        if (node->dim[to] != a->dim[axis])
            return verify_fault(g, ref, "axis %d changes its extent", axis);
        last = to;
    }
    return NULL;
}

static const char *
verify_permute(const Graph *g, Ref ref, const Node *node)
{
    const Node *a = ir_node(g, node->operand[0]);
    uint32_t seen = 0;
    if (node->rank != a->rank)
        return verify_fault(g, ref, "another rank");
    for (int axis = 0; axis < node->rank; axis++) {
        int from = node->as.map[axis];
        if (from < 0 || from >= a->rank || (seen >> from & 1) != 0)
            return verify_fault(g, ref, "axis %d comes from axis %d", axis,
                                from);
        if (node->dim[axis] != a->dim[from])
            return verify_fault(g, ref, "axis %d changes its extent", axis);
        seen |= (uint32_t)1 << from;
    }
    return NULL;
}

/* Whether `dim` elements, `step` apart, can lie in an operand whose extent only
 * the run knows, or that is so long itself: no extent is more than a number
 * holds.
 */
static bool
steps_fit(Dims *dims, Dim dim, int64_t step)
{
    DimPoly poly = dim_poly(dims, dim);
    int64_t most = INT64_MAX / 2 / step;
    for (size_t i = 0; i < poly.count; i++)
        if (poly.term[i].coefficient > most || poly.term[i].coefficient < -most)
            return false;
    return true;
}

/* Elements of a slice lie in the operand: start + (dim - 1) * step < extent. A
 * start that only the run knows is no less than 0.
 */
static bool
slice_inside(Dims *dims, Dim start, Dim dim, int64_t step, Dim extent)
{
    int64_t last;
    if (dim == 0 || dim == 1)
        step = 1;
    if (!dim_known(dim) || !dim_known(extent))
        return steps_fit(dims, dim, step);
    if (!dim_known(start))
        start = 0;
    if (dim == 0)
        return start <= extent;
    return !__builtin_mul_overflow(dim - 1, step, &last) &&
           !__builtin_add_overflow(last, start, &last) && last < extent;
}

static const char *
verify_slice(const Graph *g, Ref ref, const Node *node)
{
    const Node *a = ir_node(g, node->operand[0]);
    if (node->rank != a->rank)
        return verify_fault(g, ref, "another rank");
    for (int axis = 0; axis < node->rank; axis++) {
        Dim start = node->as.slice.start[axis];
        int64_t step = node->as.slice.step[axis];
        if (start < -(Dim)g->dims->poly.count)
            return verify_fault(g, ref, "axis %d has no such start", axis);
        if (step < 1 || (node->op == OP_pad && step != 1))
            return verify_fault(g, ref, "axis %d has a step of %lld", axis,
                                (long long)step);
        bool inside = node->op == OP_slice
                          ? slice_inside(g->dims, start, node->dim[axis], step,
                                         a->dim[axis])
                          : slice_inside(g->dims, start, a->dim[axis], 1,
                                         node->dim[axis]);
        if (!inside)
            return verify_fault(g, ref, "axis %d reaches outside", axis);
    }
    return NULL;
}

static const char *
verify_concat(const Graph *g, Ref ref, const Node *node)
{
    const Node *a = ir_node(g, node->operand[0]);
    const Node *b = ir_node(g, node->operand[1]);
    if (a->dtype != b->dtype)
        return verify_fault(g, ref, "operands of two element types");
    if (node->rank != a->rank || node->rank != b->rank)
        return verify_fault(g, ref, "another rank");
    if (node->as.axis < 0 || node->as.axis >= node->rank)
        return verify_fault(g, ref, "no axis %d", node->as.axis);
    for (int axis = 0; axis < node->rank; axis++) {
        bool along = axis == node->as.axis;
        Dim sum =
            along ? dim_add(g->dims, a->dim[axis], b->dim[axis]) : a->dim[axis];
        if (node->dim[axis] != sum || (!along && b->dim[axis] != sum))
            return verify_fault(g, ref, "axis %d does not fit", axis);
    }
    return NULL;
}

/* The windows of `whole`, which are the axes axis and axis + 1 of `parts`: all
 * lie inside, as far as the numbers are known, and the other axes are the same.
 */
const char *
verify_windows(const Graph *g, Ref ref, const Node *whole, const Node *parts)
{
    const Node *node = ir_node(g, ref);
    int axis = node->as.window.axis;
    int64_t stride = node->as.window.stride;
    int64_t dilation = node->as.window.dilation;
    if (parts->rank != whole->rank + 1)
        return verify_fault(g, ref, "another rank");
    if (axis < 0 || axis >= whole->rank)
        return verify_fault(g, ref, "no axis %d", axis);
    if (stride < 1 || dilation < 1)
        return verify_fault(g, ref, "a stride of %lld and a dilation of %lld",
                            (long long)stride, (long long)dilation);
    for (int a = 0; a < whole->rank; a++) {
        if (a != axis && whole->dim[a] != parts->dim[a < axis ? a : a + 1])
            return verify_fault(g, ref, "axis %d changes its extent", a);
    }
    Dim count = parts->dim[axis];
    Dim size = parts->dim[axis + 1];
    int64_t reach;
    if (!dim_known(size) || size == 0)
        return verify_fault(g, ref, "windows of no known size");
    if (__builtin_mul_overflow(size - 1, dilation, &reach) ||
        !slice_inside(g->dims, reach, count, stride, whole->dim[axis]))
        return verify_fault(g, ref, "axis %d reaches outside", axis);
    return NULL;
}

static const char *
verify_gather(const Graph *g, Ref ref, const Node *node)
{
    const Node *a = ir_node(g, node->operand[0]);
    const Node *b = ir_node(g, node->operand[1]);
    if (b->dtype != DTYPE_i32)
        return verify_fault(g, ref, "an index that is not i32");
    if (a->rank == 0 || a->dim[a->rank - 1] == 0)
        return verify_fault(g, ref, "a table of nothing");
    if (node->rank != a->rank - 1 + b->rank)
        return verify_fault(g, ref, "another rank");
    for (int axis = 0; axis < node->rank; axis++) {
        bool first = axis < a->rank - 1;
        if (node->dim[axis] !=
            (first ? a->dim[axis] : b->dim[axis - a->rank + 1]))
            return verify_fault(g, ref, "axis %d does not fit", axis);
    }
    return NULL;
}

/* The product of a shape; false where it overflows, which is no mistake of the
 * graph that made the dimensions.
 */
static bool
shape_count(const Graph *g, const Node *node, Dim *count)
{
    bool before = g->dims->overflow;
    g->dims->overflow = false;
    *count = 1;
    for (int axis = 0; axis < node->rank; axis++)
        *count = dim_mul(g->dims, *count, node->dim[axis]);
    bool fits = !g->dims->overflow;
    g->dims->overflow = before;
    return fits;
}

const char *
verify_shape(const Graph *g, Ref ref, const Node *node)
{
    const Node *a = ir_node(g, node->operand[0]);
    if (node->dtype != a->dtype)
        return verify_fault(g, ref, "another element type than its operand");
    if (node->op == OP_broadcast)
        return verify_broadcast(g, ref, node);
    if (node->op == OP_permute)
        return verify_permute(g, ref, node);
    if (node->op == OP_slice || node->op == OP_pad)
        return verify_slice(g, ref, node);
    if (node->op == OP_concat)
        return verify_concat(g, ref, node);
    if (node->op == OP_window)
        return verify_windows(g, ref, a, node);
    if (node->op == OP_gather)
        return verify_gather(g, ref, node);
    if (node->op == OP_reshape) {
        Dim count;
        Dim given;
        if (!shape_count(g, node, &count) || !shape_count(g, a, &given) ||
            count != given)
            return verify_fault(g, ref, "another number of elements");
        return NULL;
    }
    if (!ir_same_shape(g, ref, node->operand[0]))
        return verify_fault(g, ref, "another shape than its operand");
    if (node->op == OP_reverse && node->as.axes >> node->rank != 0)
        return verify_fault(g, ref, "axes that there are not");
    return NULL;
}
