/* The interpreter's reductions and contractions.
 *
 * Both are the same loops: over the elements of the result, and for each over
 * its terms, whose places in the operands are given by strides.
 */
#include "kernels/flux_fma.h"
#include "ir/interpret.h"

#include <string.h>

enum { SUM_WIDTH = 64, SUM_LANES = 16 };

/* Some axes, the first fastest, and the operands' strides along them. */
typedef struct {
    int rank;
    int64_t extent[IR_RANK];
    int64_t a[IR_RANK];
    int64_t b[IR_RANK];
} Axes;

typedef struct {
    const Axes *axes;
    int64_t index[IR_RANK];
    int64_t a; /* the present offsets */
    int64_t b;
} Walk;

typedef struct {
    Order order;
    int64_t row; /* outputs along the result's first axis, or 1 */
    int64_t step_a;
    int64_t step_b;
    int64_t rows; /* outputs along the others */
    Axes outer;
    int64_t terms; /* of each output */
    Axes term;
} SumPlan;

static Walk
walk_begin(const Axes *axes)
{
    Walk walk = {.axes = axes};
    return walk;
}

/* To the next place; behind the last comes the first. */
static void
walk_next(Walk *walk)
{
    const Axes *axes = walk->axes;
    for (int axis = 0; axis < axes->rank; axis++) {
        walk->a += axes->a[axis];
        walk->b += axes->b[axis];
        if (++walk->index[axis] < axes->extent[axis])
            return;
        walk->index[axis] = 0;
        walk->a -= axes->a[axis] * axes->extent[axis];
        walk->b -= axes->b[axis] * axes->extent[axis];
    }
}

static int
sum_lanes(Order order)
{
    return order == ORDER_tree16 ? SUM_LANES : order == ORDER_split4 ? 4 : 1;
}

static int64_t
sum_block(Order order)
{
    return order == ORDER_tree16 ? ORDER_TREE_BLOCK : ORDER_BLOCK;
}

#define SUM_TARGET

#define REAL         float
#define FMA(a, b, c) flux_fmaf(a, b, c)
#define SUM(name)    sum_f32_##name
#include "ir/interpret_sum.h"
#undef REAL
#undef FMA
#undef SUM

#define REAL         double
#define FMA(a, b, c) flux_fma(a, b, c)
#define SUM(name)    sum_f64_##name
#include "ir/interpret_sum.h"
#undef REAL
#undef FMA
#undef SUM

/* Also of i32, whose sums wrap to the same bits. */
#define REAL         uint32_t
#define FMA(a, b, c) ((a) * (b) + (c))
#define SUM(name)    sum_u32_##name
#include "ir/interpret_sum.h"
#undef REAL
#undef FMA
#undef SUM

#undef SUM_TARGET

/* The same with the machine's fma, which is many times faster. */
#if defined(__x86_64__) && defined(__GNUC__)
#define SUM_TARGET __attribute__((target("avx2,fma")))

#define REAL         float
#define FMA(a, b, c) __builtin_fmaf(a, b, c)
#define SUM(name)    sum_f32_fma_##name
#include "ir/interpret_sum.h"
#undef REAL
#undef FMA
#undef SUM

#define REAL         double
#define FMA(a, b, c) __builtin_fma(a, b, c)
#define SUM(name)    sum_f64_fma_##name
#include "ir/interpret_sum.h"
#undef REAL
#undef FMA
#undef SUM

/* Whether the sum was computed so. */
static bool
sum_hardware(const SumPlan *plan, const Tensor *a, const void *b,
             Tensor *result)
{
    if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma") ||
        !dtype_real(result->dtype))
        return false;
    if (result->dtype == DTYPE_f32)
        sum_f32_fma_all(plan, a->data, b, result->data);
    else
        sum_f64_fma_all(plan, a->data, b, result->data);
    return true;
}
#else
static bool
sum_hardware(const SumPlan *plan, const Tensor *a, const void *b,
             Tensor *result)
{
    (void)plan, (void)a, (void)b, (void)result;
    return false;
}
#endif

/* b is NULL for a plain sum; `soft` keeps the machine's fma out of it. */
static void
sum_run(const SumPlan *plan, const Tensor *a, const Tensor *b, bool soft,
        Tensor *result)
{
    const void *second = b ? b->data : NULL;
    if (tensor_count(result) == 0)
        return;
    if (!soft && sum_hardware(plan, a, second, result))
        return;
    if (result->dtype == DTYPE_f32)
        sum_f32_all(plan, a->data, second, result->data);
    else if (result->dtype == DTYPE_f64)
        sum_f64_all(plan, a->data, second, result->data);
    else
        sum_u32_all(plan, a->data, second, result->data);
}

static void
axes_add(Axes *axes, int64_t extent, int64_t a, int64_t b)
{
    axes->extent[axes->rank] = extent;
    axes->a[axes->rank] = a;
    axes->b[axes->rank] = b;
    axes->rank++;
}

/* The number of places; -1 where that does not fit. */
static int64_t
axes_count(const Axes *axes)
{
    Tensor shape = {.rank = axes->rank};
    memcpy(shape.dim, axes->extent, sizeof axes->extent);
    return tensor_count(&shape);
}

/* Adds an axis of the result: the first is the row. */
static void
plan_output(SumPlan *plan, int axis, int64_t extent, int64_t a, int64_t b)
{
    if (axis > 0) {
        axes_add(&plan->outer, extent, a, b);
        return;
    }
    plan->row = extent;
    plan->step_a = a;
    plan->step_b = b;
}

static const char *
plan_finish(SumPlan *plan)
{
    plan->rows = axes_count(&plan->outer);
    plan->terms = axes_count(&plan->term);
    return plan->rows < 0 || plan->terms < 0 ? "the sum is too long" : NULL;
}

/* The greatest term, or its number: compared as doubles, which hold the values
 * of all element types.
 */
static void
run_greatest(const Node *node, const SumPlan *plan, const Tensor *a,
             Tensor *result)
{
    double lowest = -HUGE_VAL;
    int64_t count = tensor_count(result);
    Walk outer = walk_begin(&plan->outer);
    for (int64_t o = 0; o < count; o++) {
        Walk term = walk_begin(&plan->term);
        double best = lowest;
        int64_t number = 0;
        for (int64_t t = 0; t < plan->terms; t++) {
            double x = tensor_get(a, outer.a + term.a);
            if (x > best) {
                best = x;
                number = t;
            }
            walk_next(&term);
        }
        tensor_set(result, o, node->op == OP_argmax ? (double)number : best);
        walk_next(&outer);
    }
}

const char *
run_reduce(const Run *run, const Node *node, Tensor *result)
{
    const Tensor *a = run_operand(run, node, 0);
    bool sum = node->op == OP_sum;
    if (node->op == OP_unwindow)
        return run_unwindow(run, node, result);
    SumPlan plan = {.order = node->order, .row = 1};
    int64_t stride = 1;
    int out = sum ? 0 : 1;
    for (int axis = 0; axis < a->rank; axis++) {
        if ((node->as.axes >> axis & 1) != 0)
            axes_add(&plan.term, a->dim[axis], stride, 0);
        else
            plan_output(&plan, out++, a->dim[axis], stride, 0);
        stride *= tensor_count(a) > 0 ? a->dim[axis] : 0;
    }
    const char *problem = plan_finish(&plan);
    if (problem)
        return problem;
    if (sum)
        sum_run(&plan, a, NULL, run->options->soft_fma, result);
    else if (node->op == OP_argmax && plan.terms > INT32_MAX)
        return "too many elements to number";
    else
        run_greatest(node, &plan, a, result);
    return NULL;
}

/* The stride and extent of a label in an operand; 0 where it has none. */
static int64_t
label_stride(const Tensor *tensor, const int8_t *label, int8_t wanted)
{
    int64_t stride = tensor_count(tensor) > 0 ? 1 : 0;
    for (int axis = 0; axis < tensor->rank; axis++) {
        if (label[axis] == wanted)
            return stride;
        stride *= stride > 0 ? tensor->dim[axis] : 0;
    }
    return 0;
}

static bool
label_among(const int8_t *label, int count, int8_t wanted)
{
    for (int i = 0; i < count; i++) {
        if (label[i] == wanted)
            return true;
    }
    return false;
}

const char *
run_contract(const Run *run, const Node *node, Tensor *result)
{
    const Tensor *a = run_operand(run, node, 0);
    const Tensor *b = run_operand(run, node, 1);
    const int8_t *label_a = node->as.contract.a;
    const int8_t *label_b = node->as.contract.b;
    const int8_t *label_out = node->as.contract.out;
    SumPlan plan = {.order = node->order, .row = 1};
    for (int axis = 0; axis < result->rank; axis++)
        plan_output(&plan, axis, result->dim[axis],
                    label_stride(a, label_a, label_out[axis]),
                    label_stride(b, label_b, label_out[axis]));
    for (int axis = 0; axis < a->rank; axis++) {
        int8_t label = label_a[axis];
        if (!label_among(label_out, result->rank, label))
            axes_add(&plan.term, a->dim[axis], label_stride(a, label_a, label),
                     label_stride(b, label_b, label));
    }
    const char *problem = plan_finish(&plan);
    if (!problem)
        sum_run(&plan, a, b, run->options->soft_fma, result);
    return problem;
}
