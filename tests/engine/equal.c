/* equal FILE.ir…: runs graphs by the interpreter and natively, on several
 * batch sizes, and compares all bits. --cuda: on a GPU in the place of
 * natively.
 * --cache: what has been compiled, and lies in the cache, is not again.
 * --print shows the C, --print-cuda the kernels and what launches them. Of
 * NAME.back.ir the gradients are taken first. With a seed other than 0 the
 * inputs hold specials.
 */
#include "emit/emit.h"
#include "engine/engine.h"
#include "kernels/flux_random.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const double specials[] = {0.0,   -0.0, 1e-30, -1e-30, 1e30,
                                  -1e30, 0.5,  1.0,   -1.0,   3.0};

static void
fill(Tensor *t, uint64_t stream, bool special)
{
    int64_t count = tensor_count(t);
    for (int64_t i = 0; i < count; i++) {
        double x = flux_normal(7, stream, (uint64_t)i);
        uint32_t pick = (uint32_t)(flux_uniform(8, stream, (uint64_t)i) * 40);
        if (special && pick < sizeof specials / sizeof *specials)
            x = specials[pick];
        if (special && pick == 39)
            x = (double)INFINITY;
        if (special && pick == 38)
            x = (double)NAN;
        if (t->dtype == DTYPE_bool)
            x = x > 0;
        else if (!dtype_real(t->dtype))
            x = flux_abs(x * 3);
        tensor_set(t, i, x);
    }
}

static bool
same_element(const Tensor *a, const Tensor *b, int64_t i)
{
    double x = tensor_get(a, i);
    double y = tensor_get(b, i);
    if (x != x || y != y)
        return x != x && y != y;
    return memcmp(&x, &y, sizeof x) == 0;
}

/* The number of the first element that differs; -1: none. */
static int64_t
differs(const Tensor *a, const Tensor *b)
{
    int64_t count = tensor_count(a);
    if (count != tensor_count(b) || a->dtype != b->dtype)
        return 0;
    for (int64_t i = 0; i < count; i++) {
        if (!same_element(a, b, i))
            return i;
    }
    return -1;
}

static Tensor *
leaf_tensor(Arena *arena, const Graph *g, size_t leaf, const int64_t *symbol)
{
    const Node *node = ir_node(g, g->leaf.item[leaf]);
    int64_t dim[IR_RANK];
    for (int a = 0; a < node->rank; a++)
        dim[a] = dim_value(g->dims, node->dim[a], symbol);
    return tensor_new(arena, node->dtype, node->rank, dim);
}

static EngineKind kind = ENGINE_native;
static bool no_cache = true;

static int
compare(Context *context, const Graph *g, Executable *native, const char *path,
        int64_t n, bool special)
{
    Arena arena = {0};
    int64_t symbol[DIM_SYMBOLS];
    for (int i = 0; i < DIM_SYMBOLS; i++)
        symbol[i] = i == 0 ? n : 3 + i;
    RunOptions options = {.symbol = symbol, .seed = 42};
    const Tensor **value =
        ARENA_ARRAY(&arena, const Tensor *, g->leaf.count + 1);
    for (size_t i = 0; i < g->leaf.count; i++) {
        Tensor *t = leaf_tensor(&arena, g, i, symbol);
        fill(t, i, special);
        value[i] = t;
    }
    Tensor *first = ARENA_ARRAY(&arena, Tensor, g->output.count + 1);
    Tensor *second = ARENA_ARRAY(&arena, Tensor, g->output.count + 1);
    const char *p = ir_interpret(g, value, &options, &arena, first);
    const char *q = engine_run(native, value, &options, &arena, second);
    /* Of no samples nothing native is asked. */
    EngineKind used = n == 0 && g->dims->symbols > 0 ? ENGINE_interpret : kind;
    int bad = 0;
    if (p != NULL || q != NULL || engine_used(native) != used) {
        printf("%s: n=%" PRId64 ": interpreter %s, engine %s\n", path, n,
               p ? p : "fine", q ? q : "fine");
        diag_print(&context->diags, 0, stdout, false);
        bad = 1;
    }
    for (size_t o = 0; o < g->output.count && bad == 0; o++) {
        int64_t at = differs(&first[o], &second[o]);
        if (at < 0)
            continue;
        printf("%s: n=%" PRId64 ": %s[%" PRId64 "] %.9g, engine %.9g\n", path,
               n, g->output.item[o].name, at, tensor_get(&first[o], at),
               tensor_get(&second[o], at));
        bad = 1;
    }
    arena_free(&arena);
    return bad;
}

static int
check_file(const char *path, const char *show)
{
    static const int64_t sizes[] = {1, 0, 7, 33, 130};
    Context context;
    context_init(&context);
    const char *problem = NULL;
    uint32_t number = source_read(&context.sources, path, &problem);
    Dims dims;
    dims_init(&dims, &context.arena);
    Graph *g = number == 0 ? NULL
                           : ir_read(&context, &dims,
                                     source_get(&context.sources, number));
    int bad = 0;
    if (g != NULL && strstr(path, ".back.") != NULL)
        g = diff_back(g);
    if (g == NULL) {
        diag_print(&context.diags, 0, stdout, false);
        bad = 1;
    } else if (strcmp(show, "--print") == 0) {
        bad = !emit_raw(&context, g, NULL, stdout);
    } else if (strcmp(show, "--print-cuda") == 0) {
        bad = !emit_raw_cuda(&context, g, NULL, stdout, stdout);
    } else {
        EngineOptions options = {.no_cache = no_cache};
        Executable *native = engine_prepare(&context, g, kind, &options);
        for (size_t i = 0; i < sizeof sizes / sizeof *sizes && bad == 0; i++) {
            bad = compare(&context, g, native, path, sizes[i], false);
            if (bad == 0)
                bad = compare(&context, g, native, path, sizes[i], true);
        }
        engine_free(native);
    }
    context_free(&context);
    return bad;
}

int
main(int argc, char **argv)
{
    const char *show = "";
    int bad = 0;
    int files = 0;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--cuda") == 0) {
            kind = ENGINE_cuda;
        } else if (strcmp(argv[i], "--cache") == 0) {
            no_cache = false;
        } else if (strncmp(argv[i], "--", 2) == 0) {
            show = argv[i];
        } else {
            bad += check_file(argv[i], show);
            files++;
        }
    }
    if (*show == 0)
        printf("%d passed, %d failed\n", files - bad, bad);
    return bad != 0;
}
