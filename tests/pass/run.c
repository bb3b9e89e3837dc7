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
#include "tests/pass/check.h"

#include <stdlib.h>
#include <string.h>

/* Without places, which would make the printed text longer. */
static void
forget_places(Graph *g)
{
    for (size_t i = 0; i < g->node.count; i++) {
        g->node.item[i].span = (Span){0};
        if (g->node.item[i].region != NULL)
            forget_places(g->node.item[i].region);
    }
}

/* The nodes of an operation, those in bodies, too. */
static int
count_nodes(const Graph *g, const char *op)
{
    int found = 0;
    for (size_t i = 0; i < g->node.count; i++) {
        const Node *n = &g->node.item[i];
        found += strcmp(op_info[n->op].name, op) == 0;
        found += n->region != NULL ? count_nodes(n->region, op) : 0;
    }
    return found;
}

static bool
check_expectation(const Graph *g, const char *count, const char *op)
{
    return count_nodes(g, op) == (strcmp(count, "no") == 0 ? 0 : atoi(count));
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
            check_fail(test, "cannot write", path);
        return;
    }
    const char *problem = NULL;
    uint32_t source = source_read(&test->context.sources, path, &problem);
    if (source == 0)
        check_fail(test, "no golden file", path);
    else if (strcmp(source_get(&test->context.sources, source)->text, text))
        check_fail(test, "another result", text);
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
            check_fail(test, "no such pass", name);
            return;
        }
        stable = pass == PASS_stable ||
                 (stable && pass != PASS_batch && pass != PASS_back);
        g = pass_run(pass, g, NULL);
    }
    if (g == NULL) {
        diag_print(&test->context.diags, 0, stderr, false);
        check_fail(test, "a pass failed", "");
        return;
    }
    if (stable)
        check_finite(test, test->graph, g);
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
            check_fail(test, "not as expected", text);
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
        check_fail(&test, "cannot be read", problem);
    } else {
        forget_places(test.graph);
        const Graph *g = test.graph;
        check_header(&test);
        check_golden(&test, check_text(&test, test.graph));
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
    printf("%d passed, %d failed\n", argc - 1 - failed, failed);
    return failed > 0 || argc == 1;
}
