/* The interpreter's leaves and elementwise operations. */
#include "kernels/flux_math.h"
#include "kernels/flux_random.h"
#include "ir/interpret.h"

#include <string.h>

typedef void MapF32(flux_isa isa, int64_t count, const float *x, const float *y,
                    const float *w, float *z);
typedef void MapF64(int64_t count, const double *x, const double *y,
                    const double *w, double *z);

#define MAP_LOOP(type, value)                                                  \
    for (int64_t i = 0; i < count; i++) {                                      \
        const type a = x[i];                                                   \
        const type b = y[i];                                                   \
        const type c = w[i];                                                   \
        (void)b;                                                               \
        (void)c;                                                               \
        z[i] = value;                                                          \
    }

#define MAP_FORMALS                                                            \
    (flux_isa isa, int64_t count, const float *x, const float *y,              \
     const float *w, float *z)
#define FLUX(name) flux_##name##f
#define MAP(name, value)                                                       \
    static void map_f32_##name MAP_FORMALS                                     \
    {                                                                          \
        (void)isa;                                                             \
        MAP_LOOP(float, value)                                                 \
    }
#define FUSED_BODY(name, value)                                                \
    FLUX_BODY void map_f32_##name##_body MAP_FORMALS                           \
    {                                                                          \
        MAP_LOOP(float, value)                                                 \
    }
#define FUSED(name, ...)                                                       \
    FUSED_BODY(name, flux_##name##f_isa(isa, __VA_ARGS__))                     \
    FLUX_FOR_EACH_ISA(map_f32_##name, MAP_FORMALS, isa, count, x, y, w, z)
#include "ir/map.def"
#undef MAP
#undef FUSED
#undef FLUX

#define FLUX(name) flux_##name
#define MAP(name, value)                                                       \
    static void map_f64_##name(int64_t count, const double *x,                 \
                               const double *y, const double *w, double *z)    \
    {                                                                          \
        MAP_LOOP(double, value)                                                \
    }
#define FUSED(name, ...) MAP(name, flux_##name(__VA_ARGS__))
#include "ir/map.def"
#undef MAP
#undef FUSED
#undef FLUX

static MapF32 *const map_f32[OP_COUNT] = {
#define MAP(name, value) [OP_##name] = map_f32_##name,
#define FUSED(name, ...) [OP_##name] = map_f32_##name##_isa,
#include "ir/map.def"
#undef MAP
#undef FUSED
};

static MapF64 *const map_f64[OP_COUNT] = {
#define MAP(name, value) [OP_##name] = map_f64_##name,
#define FUSED(name, ...) MAP(name, )
#include "ir/map.def"
#undef MAP
#undef FUSED
};

/* Integers of 32 bits: the sums and products wrap when they are stored. */
static uint64_t
map_integer(Op op, int64_t a, int64_t b)
{
    if (op == OP_add)
        return (uint64_t)a + (uint64_t)b;
    if (op == OP_sub)
        return (uint64_t)a - (uint64_t)b;
    if (op == OP_mul)
        return (uint64_t)a * (uint64_t)b;
    if (op == OP_max)
        return (uint64_t)(a > b ? a : b);
    if (op == OP_min)
        return (uint64_t)(a < b ? a : b);
    if (op == OP_neg)
        return (uint64_t)-a;
    if (op == OP_abs)
        return (uint64_t)(a < 0 ? -a : a);
    return (uint64_t)((a > 0) - (a < 0));
}

static bool
map_compare(Op op, double a, double b)
{
    if (op == OP_eq)
        return a == b;
    if (op == OP_ne)
        return a != b;
    if (op == OP_lt)
        return a < b;
    if (op == OP_le)
        return a <= b;
    if (op == OP_gt)
        return a > b;
    return a >= b;
}

static void
run_integers(Op op, const Tensor *a, const Tensor *b, Tensor *result)
{
    int64_t count = tensor_count(result);
    uint32_t *to = result->data;
    const uint32_t *x = a->data;
    const uint32_t *y = b->data;
    bool sign = result->dtype == DTYPE_i32;
    for (int64_t i = 0; i < count; i++) {
        int64_t left = sign ? (int32_t)x[i] : (int64_t)x[i];
        int64_t right = sign ? (int32_t)y[i] : (int64_t)y[i];
        to[i] = (uint32_t)map_integer(op, left, right);
    }
}

static void
run_bools(Op op, const Tensor *a, const Tensor *b, Tensor *result)
{
    int64_t count = tensor_count(result);
    uint8_t *to = result->data;
    const uint8_t *x = a->data;
    const uint8_t *y = b->data;
    for (int64_t i = 0; i < count; i++) {
        bool both = x[i] && y[i];
        bool one = x[i] || y[i];
        to[i] = op == OP_not ? !x[i] : op == OP_and ? both : one;
    }
}

static void
run_select(const Tensor *mask, const Tensor *b, const Tensor *c, Tensor *result)
{
    int64_t count = tensor_count(result);
    size_t size = dtype_size(result->dtype);
    const uint8_t *condition = mask->data;
    for (int64_t i = 0; i < count; i++) {
        const char *from = condition[i] ? b->data : c->data;
        size_t at = (size_t)i * size;
        memcpy((char *)result->data + at, from + at, size);
    }
}

static void
run_compare(Op op, const Tensor *a, const Tensor *b, Tensor *result)
{
    int64_t count = tensor_count(result);
    uint8_t *to = result->data;
    for (int64_t i = 0; i < count; i++)
        to[i] = map_compare(op, tensor_get(a, i), tensor_get(b, i));
}

static void
run_cast(const Tensor *a, Tensor *result)
{
    int64_t count = tensor_count(result);
    for (int64_t i = 0; i < count; i++)
        tensor_set(result, i, tensor_get(a, i));
}

void
run_map(const Run *run, const Node *node, Tensor *result)
{
    Op op = node->op;
    flux_isa isa = run->options->soft_fma ? FLUX_ISA_PLAIN : flux_best_isa();
    const Tensor *a = run_operand(run, node, 0);
    const Tensor *b = node->operands > 1 ? run_operand(run, node, 1) : a;
    const Tensor *c = node->operands > 2 ? run_operand(run, node, 2) : a;
    int64_t count = tensor_count(result);
    if (op == OP_select)
        run_select(a, b, c, result);
    else if (op == OP_stop)
        memcpy(result->data, a->data,
               (size_t)count * dtype_size(result->dtype));
    else if (op == OP_cast)
        run_cast(a, result);
    else if (op_info[op].class == CLASS_COMPARE)
        run_compare(op, a, b, result);
    else if (result->dtype == DTYPE_f32)
        map_f32[op](isa, count, a->data, b->data, c->data, result->data);
    else if (result->dtype == DTYPE_f64)
        map_f64[op](count, a->data, b->data, c->data, result->data);
    else if (result->dtype == DTYPE_bool)
        run_bools(op, a, b, result);
    else
        run_integers(op, a, b, result);
}

/* The number along an axis of element i. */
static int64_t
leaf_index(const Tensor *tensor, int axis, int64_t i)
{
    for (int inner = 0; inner < axis; inner++)
        i /= tensor->dim[inner];
    return i % tensor->dim[axis];
}

static void
run_extent(const Run *run, const Node *node, Tensor *result)
{
    int64_t extent =
        dim_value(run->g->dims, node->as.extent, run->options->symbol);
    if (result->dtype == DTYPE_f32)
        *(float *)result->data = (float)extent;
    else
        tensor_set(result, 0, (double)extent);
}

void
run_leaf(const Run *run, const Node *node, Tensor *result)
{
    int64_t count = tensor_count(result);
    uint64_t seed = run->options->seed;
    uint64_t stream = node->as.random.stream;
    if (node->op == OP_const) {
        tensor_set(result, 0, node->as.value);
    } else if (node->op == OP_extent) {
        run_extent(run, node, result);
    } else if (node->op == OP_iota) {
        for (int64_t i = 0; i < count; i++)
            tensor_set(result, i, (double)leaf_index(result, node->as.axis, i));
    } else if (node->op == OP_uniform) {
        for (int64_t i = 0; i < count; i++)
            tensor_set(result, i, flux_uniform(seed, stream, (uint64_t)i));
    } else if (node->op == OP_draw) {
        int32_t step = *(const int32_t *)run_operand(run, node, 0)->data;
        for (int64_t i = 0; i < count; i++)
            tensor_set(result, i,
                       flux_draw(seed, (uint32_t)stream, step, (uint64_t)i));
    } else {
        for (int64_t i = 0; i < count; i++)
            tensor_set(result, i, flux_normal(seed, stream, (uint64_t)i));
    }
}
