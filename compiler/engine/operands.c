/* Arrays that a compiled graph reads and writes. */
#include "engine/operands.h"

#include <string.h>

/* The memory that an output is computed in: the caller's, or new. */
static const char *
prepare_result(const Graph *g, size_t o, const RunOptions *options,
               Arena *arena, Tensor *result)
{
    const Node *node = ir_node(g, g->output.item[o].ref);
    void *data = result->data;
    result->dtype = node->dtype;
    result->rank = node->rank;
    for (int a = 0; a < node->rank; a++) {
        result->dim[a] = dim_value(g->dims, node->dim[a], options->symbol);
        if (result->dim[a] < 0)
            return "a size overflows";
    }
    if (data != NULL)
        return NULL;
    Tensor *fresh = tensor_new(arena, node->dtype, result->rank, result->dim);
    if (fresh == NULL)
        return "a size overflows";
    result->data = fresh->data;
    return NULL;
}

/* Next values are computed where the old ones stand, so those go there first.
 */
static const void **
prepare_leaves(const Graph *g, const Tensor *const *value, Arena *arena,
               const Tensor *result)
{
    const void **leaf = ARENA_ARRAY(arena, const void *, g->leaf.count + 1);
    for (size_t i = 0; i < g->leaf.count; i++)
        leaf[i] = value[i]->data;
    for (size_t o = 0; o < g->output.count; o++) {
        for (size_t i = 0; i < g->leaf.count; i++) {
            if (g->output.item[o].next != g->leaf.item[i])
                continue;
            int64_t count = tensor_count(&result[o]);
            size_t bytes = (size_t)count * dtype_size(result[o].dtype);
            if (result[o].data != leaf[i] && bytes > 0)
                memcpy(result[o].data, leaf[i], bytes);
            leaf[i] = result[o].data;
        }
    }
    return leaf;
}

/* Whether every size of the graph fits into memory for these symbols. */
static bool
sizes_fit(const Graph *g, const int64_t *symbol)
{
    for (Ref r = 0; r < (Ref)g->node.count; r++) {
        const Node *node = ir_node(g, r);
        Tensor shape = {.dtype = node->dtype, .rank = node->rank};
        for (int a = 0; a < node->rank; a++) {
            shape.dim[a] = dim_value(g->dims, node->dim[a], symbol);
            if (shape.dim[a] < 0)
                return false;
        }
        int64_t count = tensor_count(&shape);
        if (count < 0 || count > INT64_C(1) << 40)
            return false;
    }
    return true;
}

const char *
operands_prepare(const Graph *g, const Tensor *const *value,
                 const RunOptions *options, Arena *arena, Tensor *result,
                 Operands *operands)
{
    *operands = (Operands){.out = NULL};
    for (int i = 0; i < g->dims->symbols; i++)
        operands->dims[i] = (size_t)options->symbol[i];
    if (!sizes_fit(g, options->symbol))
        return "a size overflows";
    operands->out = ARENA_ARRAY(arena, void *, g->output.count + 1);
    for (size_t o = 0; o < g->output.count; o++) {
        const char *problem = prepare_result(g, o, options, arena, &result[o]);
        if (problem != NULL)
            return problem;
        operands->out[o] = result[o].data;
    }
    operands->leaf = prepare_leaves(g, value, arena, result);
    return NULL;
}
