/* What the tests of both modes of differentiation do with a case. */
#include "tests/grad/grad.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

void
grad_init(Fixture *f, const Case *test, uint64_t seed, int64_t batch)
{
    memset(f, 0, sizeof *f);
    context_init(&f->context);
    dims_init(&f->dims, &f->context.arena);
    f->test = test;
    f->seed = seed;
    f->symbol[0] = batch;
}

static double
next_random(Fixture *f, double low, double high)
{
    f->seed = f->seed * 6364136223846793005U + 1442695040888963407U;
    return low + (high - low) * (double)(f->seed >> 11) * 0x1p-53;
}

Tensor *
grad_random(Fixture *f, int rank, const Dim *dim, double low, double high)
{
    int64_t extent[IR_RANK] = {0};
    for (int a = 0; a < rank; a++)
        extent[a] = dim_value(&f->dims, dim[a], f->symbol);
    Tensor *t = tensor_new(&f->context.arena, DTYPE_f64, rank, extent);
    for (int64_t i = 0; i < tensor_count(t); i++)
        tensor_set(t, i, next_random(f, low, high));
    return t;
}

Tensor *
grad_run(Fixture *f, const Graph *g, const Tensor *const *value)
{
    Tensor *result = ARENA_ARRAY(&f->context.arena, Tensor, g->output.count);
    RunOptions options = {.symbol = f->symbol, .seed = 1};
    const char *fault = ir_verify(g);
    if (fault == NULL)
        fault = ir_interpret(g, value, &options, &f->context.arena, result);
    if (fault != NULL)
        fail_msg("%s: %s", f->test->name, fault);
    return result;
}

double
grad_dot(const Tensor *a, const Tensor *b)
{
    double sum = 0;
    assert_int_equal(tensor_count(a), tensor_count(b));
    for (int64_t i = 0; i < tensor_count(a); i++)
        sum += tensor_get(a, i) * tensor_get(b, i);
    return sum;
}

void
grad_each_map(void (*check)(const Case *test))
{
    static const struct {
        int rank;
        Dim dim[3];
    } shape[] = {{0, {0}}, {1, {1}}, {1, {5}}, {2, {3, 2}}, {3, {2, 1, 3}}};
    for (int op = 0; op < OP_COUNT; op++) {
        const OpInfo *info = &op_info[op];
        bool logical = op == OP_not || op == OP_and || op == OP_or;
        if (info->class != CLASS_MAP || logical || op == OP_cast ||
            op == OP_select)
            continue;
        bool positive = op == OP_log || op == OP_sqrt || op == OP_pow ||
                        op == OP_log1p || op == OP_div;
        for (size_t s = 0; s < sizeof shape / sizeof shape[0]; s++) {
            Case test = {.name = info->name,
                         .body = grad_map,
                         .op = (Op)op,
                         .inputs = info->operands,
                         .low = positive ? 0.4 : -2,
                         .high = 2};
            for (int k = 0; k < info->operands; k++) {
                test.shape[k].rank = shape[s].rank;
                memcpy(test.shape[k].dim, shape[s].dim, sizeof shape[s].dim);
            }
            check(&test);
        }
    }
}
