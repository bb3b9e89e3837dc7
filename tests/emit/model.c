/* model FILE.ir OUT [--standalone|-g]: writes OUT.h and OUT.c for a batched
 * graph, with initialisers, gradients and a trainer of its own: squared error,
 * momentum.
 */
#include "emit/emit.h"

#include <stdio.h>
#include <string.h>

/* The parameters, in the order of the leaves. */
static int
params_of(Context *context, const Graph *g, EmitParam **param)
{
    *param = ARENA_ARRAY(&context->arena, EmitParam, g->leaf.count + 1);
    int count = 0;
    for (size_t i = 0; i < g->leaf.count; i++) {
        const Node *leaf = ir_node(g, g->leaf.item[i]);
        if (leaf->op != OP_param)
            continue;
        EmitParam *p = &(*param)[count++];
        p->path = leaf->as.leaf.name;
        p->frozen = leaf->as.leaf.frozen;
        p->rank = leaf->rank;
        memcpy(p->dim, leaf->dim, sizeof p->dim);
        p->span = leaf->span;
    }
    return count;
}

/* Every parameter is a tenth of normal numbers, computed in double. */
static Graph *
init_of(Context *context, const Graph *g, const EmitParam *param, int params)
{
    Graph *init = ir_graph(context, g->dims, "init");
    for (int i = 0; i < params; i++) {
        Ref x = ir_random(init, OP_normal, DTYPE_f64, param[i].rank,
                          param[i].dim, (uint64_t)i);
        Ref tenth = ir_fill(init, x, 0.1);
        ir_output(init, param[i].path, ir_map(init, OP_mul, x, tenth, REF_NONE),
                  REF_NONE);
    }
    return init;
}

static Ref
binary(Graph *g, Op op, Ref a, Ref b)
{
    return ir_map(g, op, a, b, REF_NONE);
}

/* The mean over the batch of the squared distance to the target. */
static Ref
loss_of(Graph *g, Ref y, DType dtype)
{
    Node node = *ir_node(g, y);
    Ref target = ir_leaf(g, OP_input, "target", dtype, node.rank, node.dim);
    Ref d = binary(g, OP_sub, y, target);
    Ref all =
        ir_reduce(g, OP_sum, binary(g, OP_mul, d, d), (1u << node.rank) - 1);
    return binary(g, OP_div, all, ir_extent(g, dtype, dim_batch(g->dims)));
}

static Graph *
step_of(Context *context, const Graph *forward, DType dtype)
{
    Graph *g = ir_graph(context, forward->dims, "step");
    Ref *map = ARENA_ARRAY(&context->arena, Ref, forward->node.count + 1);
    for (Ref r = 0; r < (Ref)forward->node.count; r++)
        map[r] = ir_copy(g, forward, r, map);
    size_t leaves = g->leaf.count;
    Ref loss = loss_of(g, map[forward->output.item[0].ref], dtype);
    Ref eta = ir_leaf(g, OP_state, "eta", dtype, 0, NULL);
    Ref step = ir_leaf(g, OP_state, "step", DTYPE_i32, 0, NULL);
    Ref one = ir_const(g, dtype, 1);
    ir_output(g, "loss", loss, REF_NONE);
    for (size_t i = 0; i < leaves; i++) {
        Ref p = g->leaf.item[i];
        Node leaf = *ir_node(g, p);
        Ref dp;
        if (leaf.op != OP_param || leaf.as.leaf.frozen)
            continue;
        if (!diff_reverse(g, &loss, &one, 1, &p, 1, &dp) || dp == REF_NONE)
            continue;
        const char *name =
            arena_printf(&context->arena, "m.%s", leaf.as.leaf.name);
        Ref m = ir_leaf(g, OP_state, name, dtype, leaf.rank, leaf.dim);
        Ref small = binary(g, OP_lt, ir_map(g, OP_abs, m, REF_NONE, REF_NONE),
                           ir_fill(g, m, 0x1p-95));
        Ref kept = ir_map(g, OP_select, small, ir_fill(g, m, 0), m);
        Ref next = ir_map(g, OP_fma, ir_fill(g, m, 0.9), kept, dp);
        Ref scaled = binary(g, OP_mul, ir_spread(g, eta, p), next);
        ir_output(g, name, next, m);
        ir_output(g, leaf.as.leaf.name, binary(g, OP_sub, p, scaled), p);
    }
    ir_output(g, "step", binary(g, OP_add, step, ir_const(g, DTYPE_i32, 1)),
              step);
    return g;
}

/* As if line `%r = …` of the text were the source of node r. */
static void
place_nodes(Graph *g, const Source *source, uint32_t number)
{
    for (Ref r = 0; r < (Ref)g->node.count; r++) {
        char name[24];
        snprintf(name, sizeof name, "%%%d = ", (int)r);
        const char *at = strstr(source->text, name);
        if (at == NULL)
            continue;
        size_t begin = (size_t)(at - source->text) + strlen(name);
        size_t end = begin + strcspn(source->text + begin, ":\n");
        ir_node(g, r)->span = (Span){number, (uint32_t)begin, (uint32_t)end};
    }
}

static bool
write_model(Context *context, const Graph *g, const char *out,
            const EmitOptions *options, const Source *source)
{
    EmitParam *param;
    int params = params_of(context, g, &param);
    const char *slash = strrchr(out, '/');
    const char *base = slash != NULL ? slash + 1 : out;
    DType dtype = ir_node(g, g->output.item[0].ref)->dtype;
    EmitTrainer trainer = {.name = "step",
                           .step = step_of(context, g, dtype),
                           .eta = 0.125,
                           .classes = 3};
    EmitModel model = {.name = g->name,
                       .prefix = base,
                       .base = base,
                       .command = "fluxc model.net",
                       .dtype = dtype,
                       .source = source,
                       .seed = 42,
                       .param = param,
                       .params = params,
                       .forward = g,
                       .back = diff_back(g),
                       .init = init_of(context, g, param, params),
                       .trainer = &trainer,
                       .trainers = 1};
    FILE *header = fopen(arena_printf(&context->arena, "%s.h", out), "w");
    FILE *code = fopen(arena_printf(&context->arena, "%s.c", out), "w");
    bool fine = header != NULL && code != NULL &&
                emit_c(context, &model, options, header, code);
    if (header != NULL)
        fine = fclose(header) == 0 && fine;
    if (code != NULL)
        fine = fclose(code) == 0 && fine;
    return fine;
}

int
main(int argc, char **argv)
{
    Context context;
    context_init(&context);
    const char *problem = NULL;
    uint32_t number =
        argc < 3 ? 0 : source_read(&context.sources, argv[1], &problem);
    EmitOptions options = {0};
    for (int i = 3; i < argc; i++) {
        options.standalone |= strcmp(argv[i], "--standalone") == 0;
        options.debug_lines |= strcmp(argv[i], "-g") == 0;
    }
    Dims dims;
    dims_init(&dims, &context.arena);
    const Source *source = source_get(&context.sources, number);
    Graph *g = number == 0 ? NULL : ir_read(&context, &dims, source);
    if (g != NULL)
        place_nodes(g, source, number);
    bool fine =
        g != NULL && write_model(&context, g, argv[2], &options, source);
    diag_print(&context.diags, 0, stderr, false);
    context_free(&context);
    return fine ? 0 : 1;
}
