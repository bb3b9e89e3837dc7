/* Fuzzing .ir text: read, printed and read again; every pass; and where the
 * graph is small, each optimisation leaves all bits as they were.
 */
#define _POSIX_C_SOURCE 200809L
#include "tests/fuzz/fuzz.h"

#include "pass/pass.h"

#include <stdlib.h>
#include <string.h>

/* Work of a run, and elements of a node, beyond which nothing is run. */
enum { FUZZ_NODES = 300, FUZZ_ELEMENTS = 2000 };
static const double fuzz_flops = 1e5;

static const int64_t symbols[DIM_SYMBOLS] = {3, 2, 2, 2, 2, 2, 2, 2};

/* Shows what was reported, and aborts. */
static _Noreturn void
wrong(const Graph *g, const char *what)
{
    ir_print(g, stderr);
    diag_print(&g->context->diags, 0, stderr, false);
    fuzz_wrong(what);
}

static char *
text_of(const Graph *g)
{
    char *text = NULL;
    size_t size = 0;
    FILE *file = open_memstream(&text, &size);
    if (file == NULL)
        fuzz_wrong("no memory");
    ir_print(g, file);
    fclose(file);
    return text;
}

/* Whether every value has known and few elements. */
static bool
small(const Graph *g)
{
    if (g->node.count > FUZZ_NODES)
        return false;
    for (size_t i = 0; i < g->node.count; i++) {
        const Node *n = ir_node(g, (Ref)i);
        Tensor shape = {.dtype = n->dtype, .rank = n->rank};
        for (int a = 0; a < n->rank; a++) {
            shape.dim[a] = dim_value(g->dims, n->dim[a], symbols);
            if (shape.dim[a] < 0)
                return false;
        }
        int64_t count = tensor_count(&shape);
        if (count < 0 || count > FUZZ_ELEMENTS)
            return false;
    }
    return ir_flops(g, symbols) <= fuzz_flops;
}

static const Tensor **
leaves(const Graph *g)
{
    Arena *arena = &g->context->arena;
    const Tensor **value = ARENA_ARRAY(arena, const Tensor *, g->leaf.count);
    uint64_t seed = 1;
    for (size_t i = 0; i < g->leaf.count; i++) {
        const Node *n = ir_node(g, g->leaf.item[i]);
        int64_t dim[IR_RANK] = {0};
        for (int a = 0; a < n->rank; a++)
            dim[a] = dim_value(g->dims, n->dim[a], symbols);
        Tensor *tensor = tensor_new(arena, n->dtype, n->rank, dim);
        for (int64_t j = 0; j < tensor_count(tensor); j++) {
            seed = seed * 6364136223846793005U + 1442695040888963407U;
            tensor_set(tensor, j, (double)(seed >> 40) * 0x1p-22 - 2);
        }
        value[i] = tensor;
    }
    return value;
}

static Tensor *
results(const Graph *g, const Tensor **value)
{
    Arena *arena = &g->context->arena;
    RunOptions options = {.symbol = symbols, .seed = 7};
    Tensor *result = ARENA_ARRAY(arena, Tensor, g->output.count);
    const char *problem = ir_interpret(g, value, &options, arena, result);
    return problem == NULL ? result : NULL;
}

static bool
same_bits(double a, double b)
{
    return (a != a && b != b) || memcmp(&a, &b, sizeof a) == 0;
}

static void
compare(const Graph *g, const Tensor *a, const Tensor *b)
{
    for (size_t i = 0; i < g->output.count; i++)
        for (int64_t j = 0; j < tensor_count(&a[i]); j++)
            if (!same_bits(tensor_get(&a[i], j), tensor_get(&b[i], j)))
                wrong(g, "an optimisation changes a result");
}

static void
run_passes(const Graph *g)
{
    bool runs = small(g);
    const Tensor **value = runs ? leaves(g) : NULL;
    const Tensor *plain = runs ? results(g, value) : NULL;
    for (int pass = 0; pass < PASS_COUNT; pass++) {
        size_t errors = g->context->diags.errors;
        const Graph *once = pass_run(pass, g, NULL);
        bool optimises = pass_info[pass].kind == PASS_optimisation;
        if (once == NULL && (optimises || g->context->diags.errors == errors))
            wrong(g, "a pass fails in silence");
        for (size_t i = errors; i < g->context->diags.count; i++)
            if (g->context->diags.item[i]->code == DIAG_internal)
                wrong(g, "a pass is at fault");
        if (optimises && plain != NULL) {
            const Tensor *other = results(once, value);
            if (other == NULL)
                wrong(g, "an optimisation makes a run fail");
            compare(g, plain, other);
        }
    }
}

static Graph *
read_text(Context *context, Dims *dims, const char *text, size_t size)
{
    uint32_t number = source_add(&context->sources, "fuzz.ir", text, size);
    return ir_read(context, dims, source_get(&context->sources, number));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    Context context;
    context_init(&context);
    Dims dims;
    dims_init(&dims, &context.arena);
    const Graph *g = read_text(&context, &dims, (const char *)data, size);
    if (g != NULL) {
        char *text = text_of(g);
        const Graph *again = read_text(&context, &dims, text, strlen(text));
        if (again == NULL)
            wrong(g, "what is printed cannot be read");
        char *twice = text_of(again);
        if (strcmp(text, twice) != 0)
            wrong(g, "what is printed reads otherwise");
        free(twice);
        free(text);
        run_passes(again);
    } else if (context.diags.errors == 0) {
        fuzz_wrong("a text is refused in silence");
    }
    diag_print(&context.diags, 0, fuzz_sink(), false);
    context_free(&context);
    return 0;
}
