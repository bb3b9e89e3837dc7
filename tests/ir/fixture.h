/* What the tests of the graph share: a context, dimensions and a graph. */
#ifndef TESTS_IR_FIXTURE_H
#define TESTS_IR_FIXTURE_H

#include <setjmp.h>
#include <math.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ir/ir.h"

typedef struct {
    Context context;
    Dims dims;
    Graph *g;
} Fixture;

#define INF         ((double)INFINITY)
#define QNAN        ((double)NAN)
#define DIMS(...)   ((const Dim[]){__VA_ARGS__})
#define MAP(...)    ((const int8_t[]){__VA_ARGS__})
#define STEPS(...)  ((const int64_t[]){__VA_ARGS__})
#define EXTENT(...) ((const int64_t[]){__VA_ARGS__})

static inline int
fixture_begin(void **state)
{
    Fixture *f = malloc(sizeof *f);
    if (!f)
        return -1;
    context_init(&f->context);
    dims_init(&f->dims, &f->context.arena);
    f->g = ir_graph(&f->context, &f->dims, "test");
    *state = f;
    return 0;
}

static inline int
fixture_end(void **state)
{
    Fixture *f = *state;
    context_free(&f->context);
    free(f);
    return 0;
}

#define TEST(name)                                                             \
    cmocka_unit_test_setup_teardown(name, fixture_begin, fixture_end)

/* A tensor of the fixture's arena. */
static inline Tensor *
fixture_tensor(Fixture *f, DType dtype, int rank, const int64_t *dim)
{
    Tensor *tensor = tensor_new(&f->context.arena, dtype, rank, dim);
    assert_non_null(tensor);
    return tensor;
}

/* A node with a tensor's value. */
static inline Ref
fixture_data(Fixture *f, const Tensor *tensor)
{
    return ir_data(f->g, tensor);
}

/* The value of a node, in a graph without leaves; n and T as given. */
static inline Tensor
fixture_value(Fixture *f, Ref ref, const RunOptions *options)
{
    static const int64_t symbol[DIM_SYMBOLS] = {3, 2};
    RunOptions run = {.symbol = symbol, .seed = 42};
    Tensor result = {.data = NULL};
    f->g->output.count = 0;
    ir_output(f->g, "y", ref, REF_NONE);
    const char *message = ir_verify(f->g);
    if (message)
        fail_msg("%s", message);
    message = ir_interpret(f->g, NULL, options ? options : &run,
                           &f->context.arena, &result);
    if (message)
        fail_msg("%s", message);
    return result;
}

/* A reproducible number in [-1, 1), of full precision. */
static inline double
fixture_noise(uint64_t i)
{
    uint64_t x = (i + 1) * 0x9e3779b97f4a7c15u;
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
    x = (x ^ x >> 27) * 0x94d049bb133111ebu;
    x ^= x >> 31;
    return (double)(x >> 11) * 0x1p-52 - 1;
}

static inline void
fixture_fill(Tensor *tensor, uint64_t seed)
{
    int64_t count = tensor_count(tensor);
    for (int64_t i = 0; i < count; i++)
        tensor_set(tensor, i, fixture_noise(seed * 1000003 + (uint64_t)i));
}

#endif
