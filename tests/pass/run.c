/* Golden tests of passes: run FILE.ir …
 *
 * A file's first comments say what is run and what must be left:
 *
 *     ; pass: simplify dce
 *     ; expect: no mul
 *     ; expect: 1 exp
 *
 * The result is compared with FILE.out, which UPDATE=1 in the environment
 * rewrites. Over every file it is also checked that each pass that can run
 * twice changes nothing the second time, that no optimisation changes a bit,
 * and that stable forms agree on small numbers and are finite on large ones.
 */
#define _POSIX_C_SOURCE 200809L
#include "pass/pass.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { BATCH = 3, ROUNDS = 6 };

typedef struct {
    Context context;
    Dims dims;
    const char *path;
    const Source *source;
    Graph *graph;
    int failures;
} Test;

static void
fail(Test *test, const char *what, const char *detail)
{
    fprintf(stderr, "%s: %s%s%s\n", test->path, what, *detail ? ": " : "",
            detail);
    test->failures++;
}

static char *
print_text(Test *test, const Graph *g)
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

/* Without places, which would make the printed text longer. */
static void
forget_places(Graph *g)
{
    for (size_t i = 0; i < g->node.count; i++)
        g->node.item[i].span = (Span){0};
}

/* A number from 0 to 1, the next of a sequence. */
static double
next_random(uint64_t *seed)
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
    double value = scale * (2 * next_random(seed) - 1);
    size_t pick = (size_t)(next_random(seed) * (double)(2 * count + 2));
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
    fail(test, "the interpreter failed", fault);
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
                fail(test, what, detail);
                return;
            }
    }
}

static void
check_pass(Test *test, int pass, const Graph *g)
{
    char what[64];
    Graph *once = pass_run(pass, g, NULL);
    Graph *twice = once != NULL ? pass_run(pass, once, NULL) : NULL;
    const char *name = pass_info[pass].name;
    if (twice == NULL) {
        fail(test, "the pass failed", name);
        return;
    }
    if (strcmp(print_text(test, once), print_text(test, twice)) != 0) {
        fail(test, "not idempotent", name);
        fprintf(stderr, "%s%s", print_text(test, once),
                print_text(test, twice));
    }
    snprintf(what, sizeof what, "pass %s changes the result", name);
    if (pass_info[pass].kind == PASS_optimisation) {
        compare(test, g, once, what, 2, true, same_bits);
        compare(test, g, once, what, 2, false, same_bits);
    } else {
        compare(test, g, once, what, 2, false, is_close);
    }
}

static bool
check_expectation(const Graph *g, const char *count, const char *op)
{
    int found = 0;
    for (size_t i = 0; i < g->node.count; i++)
        found += strcmp(op_info[g->node.item[i].op].name, op) == 0;
    return found == (strcmp(count, "no") == 0 ? 0 : atoi(count));
}

/* Compares a text with a file's, or writes it there. */
static void
check_golden(Test *test, const char *text)
{
    char *path = arena_printf(&test->context.arena, "%.*s.out",
                              (int)(strlen(test->path) - 3), test->path);
    if (getenv("UPDATE") != NULL) {
        FILE *file = fopen(path, "w");
        if (file == NULL || fputs(text, file) < 0 || fclose(file) != 0)
            fail(test, "cannot write", path);
        return;
    }
    const char *problem = NULL;
    uint32_t source = source_read(&test->context.sources, path, &problem);
    if (source == 0)
        fail(test, "no golden file", path);
    else if (strcmp(source_get(&test->context.sources, source)->text, text))
        fail(test, "another result", text);
}

/* Runs the passes of a "; pass:" line. */
static void
run_passes(Test *test, char *names)
{
    Graph *g = test->graph;
    char *save = NULL;
    bool stable = false;
    for (char *name = strtok_r(names, " ", &save); name != NULL && g != NULL;
         name = strtok_r(NULL, " ", &save)) {
        int pass = pass_find(name);
        if (pass < 0) {
            fail(test, "no such pass", name);
            return;
        }
        stable = stable || pass == PASS_stable;
        g = pass_run(pass, g, NULL);
    }
    if (g == NULL) {
        diag_print(&test->context.diags, 0, stderr, false);
        fail(test, "a pass failed", "");
        return;
    }
    if (stable)
        compare(test, test->graph, g, "not finite", 500, false, is_finite);
    test->graph = g;
}

static void
check_header(Test *test)
{
    size_t length = 0;
    for (uint32_t number = 1; number <= test->source->lines; number++) {
        const char *line = source_line(test->source, number, &length);
        char *text = arena_string(&test->context.arena, line, length);
        char count[16];
        char op[16];
        if (strncmp(text, "; pass: ", 8) == 0)
            run_passes(test, text + 8);
        else if (sscanf(text, "; expect: %15s %15s", count, op) == 2 &&
                 !check_expectation(test->graph, count, op))
            fail(test, "not as expected", text);
    }
}

static int
run_file(const char *path)
{
    Test test = {.path = path};
    const char *problem = "";
    context_init(&test.context);
    dims_init(&test.dims, &test.context.arena);
    uint32_t number = source_read(&test.context.sources, path, &problem);
    test.source =
        number != 0 ? source_get(&test.context.sources, number) : NULL;
    if (test.source != NULL)
        test.graph = ir_read(&test.context, &test.dims, test.source);
    if (test.graph == NULL) {
        diag_print(&test.context.diags, 0, stderr, false);
        fail(&test, "cannot be read", problem);
    } else {
        forget_places(test.graph);
        const Graph *g = test.graph;
        check_header(&test);
        check_golden(&test, print_text(&test, test.graph));
        for (int pass = 0; pass < PASS_COUNT; pass++) {
            if (pass == PASS_batch || pass == PASS_back)
                continue;
            check_pass(&test, pass, g);
            check_pass(&test, pass, test.graph);
        }
        diag_print(&test.context.diags, 0, stderr, false);
        test.failures += (int)test.context.diags.errors;
    }
    int failures = test.failures;
    context_free(&test.context);
    return failures;
}

int
main(int argc, char **argv)
{
    int failed = 0;
    for (int i = 1; i < argc; i++)
        failed += run_file(argv[i]) > 0;
    printf("%d graphs, %d failed\n", argc - 1, failed);
    return failed > 0 || argc == 1;
}
