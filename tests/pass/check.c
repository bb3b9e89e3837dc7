/* Checks of passes: idempotence, equal bits, equal values. */
#define _POSIX_C_SOURCE 200809L
#include "tests/pass/check.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { BATCH = 3, ROUNDS = 6 };

void
check_fail(Test *test, const char *what, const char *detail)
{
    fprintf(stderr, "%s: %s%s%s\n", test->path, what, *detail ? ": " : "",
            detail);
    test->failures++;
}

char *
check_text(Test *test, const Graph *g)
{
    char *text = NULL;
    size_t size = 0;
    FILE *file = open_memstream(&text, &size);
    if (file == NULL)
        base_out_of_memory();
    ir_print(g, file);
    fclose(file);
    char *copy = arena_string(&test->context.arena, text, size);
    free(text);
    return copy;
}

/* A number from 0 to 1, the next of a sequence. */
double
check_random(uint64_t *seed)
{
    *seed = *seed * 6364136223846793005U + 1442695040888963407U;
    return (double)(*seed >> 11) * 0x1p-53;
}

/* Numbers of size `scale`; where special, many zeros, infinities, NaN, tiny. */
static double
random_value(uint64_t *seed, double scale, bool special)
{
    static const double values[] = {
        0.0, -0.0, HUGE_VAL, -HUGE_VAL, 1e-42, -1e-42, 1, -1, 2,
    };
    size_t count = sizeof values / sizeof values[0];
    double value = scale * (2 * check_random(seed) - 1);
    size_t pick = (size_t)(check_random(seed) * (double)(2 * count + 2));
    if (!special || pick > count)
        return value;
    return pick == count ? (double)nanf("") : values[pick];
}

/* Random values for the leaves of a graph, n being BATCH. */
static const Tensor **
random_leaves(Test *test, const Graph *g, uint64_t seed, double scale,
              bool special)
{
    Arena *arena = &test->context.arena;
    const Tensor **value = ARENA_ARRAY(arena, const Tensor *, g->leaf.count);
    int64_t symbol[DIM_SYMBOLS] = {BATCH, 2, 2, 2, 2, 2, 2, 2};
    for (size_t i = 0; i < g->leaf.count; i++) {
        const Node *n = ir_node(g, g->leaf.item[i]);
        int64_t dim[IR_RANK] = {0};
        for (int a = 0; a < n->rank; a++)
            dim[a] = dim_value(g->dims, n->dim[a], symbol);
        Tensor *tensor = tensor_new(arena, n->dtype, n->rank, dim);
        for (int64_t j = 0; j < tensor_count(tensor); j++)
            tensor_set(tensor, j, random_value(&seed, scale, special));
        value[i] = tensor;
    }
    return value;
}

static Tensor *
run_graph(Test *test, const Graph *g, const Tensor **value)
{
    Arena *arena = &test->context.arena;
    int64_t symbol[DIM_SYMBOLS] = {BATCH, 2, 2, 2, 2, 2, 2, 2};
    RunOptions options = {.symbol = symbol, .seed = 7};
    Tensor *result = ARENA_ARRAY(arena, Tensor, g->output.count);
    const char *fault = ir_interpret(g, value, &options, arena, result);
    if (fault == NULL)
        return result;
    check_fail(test, "the interpreter failed", fault);
    return NULL;
}

static bool
same_bits(double a, double b)
{
    return isnan(a) ? isnan(b) : a == b && !signbit(a) == !signbit(b);
}

static bool
is_close(double a, double b)
{
    return same_bits(a, b) || fabs(a - b) <= 2e-5 * (fabs(a) + fabs(b) + 1);
}

static bool
is_finite(double a, double b)
{
    (void)a;
    return isfinite(b);
}

/* Whether two graphs agree on random leaves. */
static void
compare(Test *test, const Graph *a, const Graph *b, const char *what,
        double scale, bool special, bool (*agree)(double, double))
{
    for (uint64_t round = 0; round < ROUNDS; round++) {
        const Tensor **value =
            random_leaves(test, a, round + 1, scale, special);
        const Tensor *x = run_graph(test, a, value);
        const Tensor *y = run_graph(test, b, value);
        for (size_t i = 0; x != NULL && y != NULL && i < a->output.count; i++)
            for (int64_t j = 0; j < tensor_count(&x[i]); j++) {
                double u = tensor_get(&x[i], j);
                double v = tensor_get(&y[i], j);
                if (agree(u, v))
                    continue;
                char detail[200];
                snprintf(detail, sizeof detail,
                         "output %zu, element %lld: %a and %a", i, (long long)j,
                         u, v);
                check_fail(test, what, detail);
                return;
            }
    }
}

void
check_pass(Test *test, int pass, const Graph *g)
{
    char what[64];
    Graph *once = pass_run(pass, g, NULL);
    Graph *twice = once != NULL ? pass_run(pass, once, NULL) : NULL;
    const char *name = pass_info[pass].name;
    if (twice == NULL) {
        check_fail(test, "the pass failed", name);
        return;
    }
    if (strcmp(check_text(test, once), check_text(test, twice)) != 0) {
        check_fail(test, "not idempotent", name);
        fprintf(stderr, "%s%s", check_text(test, once),
                check_text(test, twice));
    }
    snprintf(what, sizeof what, "pass %s changes the result", name);
    if (pass_info[pass].kind == PASS_optimisation) {
        compare(test, g, once, what, 2, true, same_bits);
        compare(test, g, once, what, 2, false, same_bits);
    } else {
        compare(test, g, once, what, 2, false, is_close);
    }
}

void
check_finite(Test *test, const Graph *a, const Graph *b)
{
    compare(test, a, b, "not finite", 500, false, is_finite);
}

/* A view of sample i of a batch. */
static Tensor
sample_of(const Tensor *batch, int i)
{
    Tensor t = *batch;
    t.rank--;
    size_t bytes = (size_t)tensor_count(&t) * dtype_size(t.dtype);
    t.data = (char *)batch->data + (size_t)i * bytes;
    return t;
}

void
check_batch(Test *test, const Graph *sample, const Graph *batch)
{
    Arena *arena = &test->context.arena;
    size_t leaves = batch->leaf.count;
    const Tensor **value = random_leaves(test, batch, 1, 2, true);
    const Tensor *together = run_graph(test, batch, value);
    const Tensor **own = ARENA_ARRAY(arena, const Tensor *, leaves);
    Tensor *part = ARENA_ARRAY(arena, Tensor, leaves);
    for (int i = 0; together != NULL && i < BATCH; i++) {
        for (size_t k = 0; k < leaves; k++) {
            bool input = ir_node(batch, batch->leaf.item[k])->op == OP_input;
            part[k] = input ? sample_of(value[k], i) : *value[k];
            own[k] = &part[k];
        }
        const Tensor *alone = run_graph(test, sample, own);
        for (size_t o = 0; alone != NULL && o < sample->output.count; o++) {
            Tensor y = sample_of(&together[o], i);
            for (int64_t j = 0; j < tensor_count(&y); j++)
                if (!same_bits(tensor_get(&y, j), tensor_get(&alone[o], j))) {
                    check_fail(test, "a sample has other bits in a batch", "");
                    return;
                }
        }
    }
}
