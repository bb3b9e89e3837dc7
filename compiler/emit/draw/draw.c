/* What pictures show of a graph: a box for each node that matters, the calls of
 * models they were traced in, and a box for each output.
 */
#include "emit/draw/draw.h"

#include <stdlib.h>
#include <string.h>

enum { DRAW_DEPTH = 32 }; /* models in one another that are told apart */

/* The shortest number that reads back as this one of its type. */
static const char *
number_text(Arena *arena, DType dtype, double value)
{
    char text[40] = "nan";
    for (int digits = 1; value == value && digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, value);
        double back = dtype == DTYPE_f32 ? (double)strtof(text, NULL)
                                         : strtod(text, NULL);
        if (!(back < value) && !(back > value))
            break;
    }
    return arena_string(arena, text, strlen(text));
}

static const char *
title_of(const Graph *g, const Node *node)
{
    Arena *arena = &g->context->arena;
    const char *name = op_info[node->op].name;
    if (node->op == OP_const)
        return number_text(arena, node->dtype, node->as.value);
    if (op_given(node->op))
        return arena_printf(arena, "%s %s", name, node->as.leaf.name);
    if (node->op == OP_extent)
        return dim_text(g->dims, node->as.extent);
    return name;
}

static const char *
shape_of(const Graph *g, const Node *node)
{
    Arena *arena = &g->context->arena;
    const char *text = dtype_name[node->dtype];
    for (int axis = 0; axis < node->rank; axis++)
        text = arena_printf(arena, "%s%c%s", text, axis == 0 ? '[' : ',',
                            dim_text(g->dims, node->dim[axis]));
    return node->rank > 0 ? arena_printf(arena, "%s]", text) : text;
}

static const char *
place_of(const Graph *g, Span span)
{
    const Source *source = source_get(&g->context->sources, span.source);
    if (source == NULL)
        return "";
    return arena_printf(&g->context->arena, "%s:%lu", source->path,
                        (unsigned long)source_place(source, span.begin).line);
}

/* The group of a frame, made if it is new, after those of its callers. */
static int
group_of(const Graph *g, Drawing *d, const Frame *frame)
{
    const Frame *chain[DRAW_DEPTH];
    int depth = 0;
    size_t length = 0;
    for (const Frame *f = frame; f != NULL; f = f->caller)
        length++;
    for (const Frame *f = frame; f != NULL; f = f->caller)
        if (length-- <= DRAW_DEPTH)
            chain[depth++] = f;
    int parent = -1;
    while (depth-- > 0) {
        const Frame *f = chain[depth];
        int group = (int)d->group.count - 1;
        while (group >= 0 && d->group.item[group].frame != f)
            group--;
        if (group < 0) {
            DrawGroup new = {f->model, f, parent};
            VEC_PUSH(&g->context->arena, &d->group, new);
            group = (int)d->group.count - 1;
        }
        parent = group;
    }
    return parent;
}

static DrawKind
kind_of(Op op)
{
    if (op == OP_input)
        return DRAW_input;
    return op == OP_param || op == OP_state ? DRAW_param : DRAW_value;
}

/* Marks what the outputs depend on; operands come before their users. */
static bool *
mark_used(const Graph *g)
{
    bool *used = ARENA_ARRAY(&g->context->arena, bool, g->node.count + 1);
    for (size_t i = 0; i < g->output.count; i++)
        used[g->output.item[i].ref] = true;
    for (size_t i = g->node.count; i-- > 0;)
        for (int k = 0; used[i] && k < g->node.item[i].operands; k++)
            used[ir_operand(&g->node.item[i], k)] = true;
    return used;
}

Drawing
draw_graph(const Graph *g)
{
    Arena *arena = &g->context->arena;
    Drawing d = {0};
    const bool *used = mark_used(g);
    int *box_of = ARENA_ARRAY(arena, int, g->node.count + 1);
    for (size_t i = 0; i < g->node.count; i++) {
        const Node *node = &g->node.item[i];
        if (!used[i])
            continue;
        DrawBox box = {.kind = kind_of(node->op),
                       .title = title_of(g, node),
                       .shape = shape_of(g, node),
                       .place = place_of(g, node->span),
                       .group = group_of(g, &d, node->frame),
                       .operands = node->operands};
        box.from = ARENA_ARRAY(arena, int, (size_t)node->operands + 1);
        for (int k = 0; k < node->operands; k++)
            box.from[k] = box_of[ir_operand(node, k)];
        box_of[i] = (int)d.box.count;
        VEC_PUSH(arena, &d.box, box);
    }
    for (size_t i = 0; i < g->output.count; i++) {
        const Output *o = &g->output.item[i];
        const char *word = o->next == REF_NONE ? "out" : "next";
        const char *name =
            o->name ? o->name : ir_node(g, o->next)->as.leaf.name;
        DrawBox box = {.kind = DRAW_output,
                       .title = arena_printf(arena, "%s %s", word, name),
                       .shape = shape_of(g, ir_node(g, o->ref)),
                       .place = "",
                       .group = -1,
                       .from = &box_of[o->ref],
                       .operands = 1};
        VEC_PUSH(arena, &d.box, box);
    }
    return d;
}
