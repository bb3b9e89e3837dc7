/* Which layer the nodes of a graph belong to: for comments, and for names of
 * arrays.
 */
#include "emit/c/c_layers.h"

#include "base/hash.h"
#include "emit/c/c_emit.h"

#include <stdint.h>
#include <string.h>

enum { ARRAY_NAME = 16 }; /* longer names of layers name no arrays */

/* Whether a graph is that of a model's back: its results are the gradients of
 * its inputs.
 */
static bool
is_back(const Graph *g)
{
    for (size_t o = 0; o < g->output.count; o++) {
        const Output *output = &g->output.item[o];
        bool found = output->next != REF_NONE;
        for (size_t i = 0; i < g->leaf.count && !found; i++) {
            const Node *leaf = ir_node(g, g->leaf.item[i]);
            found = leaf->op == OP_input && output->name[0] == 'd' &&
                    strcmp(leaf->as.leaf.name, output->name + 1) == 0;
        }
        if (!found)
            return false;
    }
    return true;
}

/* The path before the last dot: "layer1" of "layer1.W"; NULL without a dot. */
const char *
layer_path(Arena *arena, const char *name)
{
    const char *dot = strrchr(name, '.');
    return dot == NULL ? NULL : arena_string(arena, name, (size_t)(dot - name));
}

/* The layer of the parameter that a node takes, directly or spread out. */
static const char *
layer_of(Arena *arena, const Graph *g, Ref ref)
{
    const Node *n = ir_node(g, ref);
    for (int i = 0; i < n->operands; i++) {
        const Node *from = ir_node(g, n->operand[i]);
        while (from->op == OP_broadcast || from->op == OP_reshape ||
               from->op == OP_permute)
            from = ir_node(g, from->operand[0]);
        if (from->op == OP_param)
            return layer_path(arena, from->as.leaf.name);
    }
    return NULL;
}

/* Whether a node is part of a derivative: it stands behind the gradients that
 * came in, which are the last inputs, or, in a step, between the loss and the
 * optimiser, whose first leaf is the learning rate.
 */
bool
layers_derivative(const Layers *c, Ref ref)
{
    if (c->loss != REF_NONE && ref > c->loss && c->eta != REF_NONE)
        return ref < c->eta;
    if (c->back)
        return ref > c->gradient;
    return c->loss != REF_NONE && ref > c->loss;
}

static void
find_leaves(const Graph *g, Layers *c)
{
    for (size_t o = 0; o < g->output.count; o++) {
        const Output *output = &g->output.item[o];
        if (output->next == REF_NONE && strcmp(output->name, "loss") == 0)
            c->loss = output->ref;
    }
    for (size_t i = 0; i < g->leaf.count; i++) {
        Ref ref = g->leaf.item[i];
        const Node *leaf = ir_node(g, ref);
        const char *name = leaf->as.leaf.name;
        if (leaf->op == OP_param)
            map_put(&c->param, name, (int)i);
        if (leaf->op == OP_state && strcmp(name, "eta") == 0 &&
            c->eta == REF_NONE)
            c->eta = ref;
        if (leaf->op == OP_input)
            c->gradient = ref;
    }
    c->back = is_back(g);
}

/* The layer found so far for a place in the source, as it is traced. */
typedef struct {
    const Node *node; /* NULL: free */
    const char *layer;
    bool several;
    const char *near; /* the same of the nearest layers */
    bool nears;
} PlaceLayer;

static PlaceLayer *
place_layer(PlaceLayer *table, size_t size, const Node *n)
{
    uint64_t h = (uint64_t)(uintptr_t)n->frame * 0x9e3779b97f4a7c15u;
    h = hash_word(h, n->span.begin);
    h = hash_word(h, n->span.end ^ (uint64_t)n->span.source << 40);
    size_t at = hash_slot(h, size);
    while (table[at].node != NULL &&
           (table[at].node->frame != n->frame ||
            table[at].node->span.begin != n->span.begin ||
            table[at].node->span.end != n->span.end ||
            table[at].node->span.source != n->span.source))
        at = (at + 1) & (size - 1);
    table[at].node = n;
    return &table[at];
}

/* The layer of what a node is computed from: the last that has one; of a
 * derivative, whose way leads to the first layer, that which comes first.
 */
static const char *
near_of(Arena *arena, const Graph *g, const Layers *c, Ref ref)
{
    const Node *n = ir_node(g, ref);
    const bool derivative = layers_derivative(c, ref);
    const char *near = NULL;
    int best = 0;
    if (n->op == OP_param)
        return layer_path(arena, n->as.leaf.name);
    if (c->loss != REF_NONE && ref == c->gradient)
        c->target[ref] = true;
    for (int i = 0; i < n->operands; i++)
        if (c->target[n->operand[i]] && !derivative)
            c->target[ref] = true;
    if (c->target[ref])
        return NULL;
    for (int i = 0; i < n->operands; i++) {
        const char *other = c->near[n->operand[i]];
        if (other == NULL)
            continue;
        int rank = derivative ? -map_get(&c->first, other) : n->operand[i];
        if (near == NULL || rank > best) {
            near = other;
            best = rank;
        }
    }
    return near;
}

static bool
other_layer(const char *a, const char *b)
{
    return a != NULL && b != NULL && strcmp(a, b) != 0;
}

/* A part of a derivative belongs to the layer of the node it is the derivative
 * of, which has its place; to none where several layers have.
 */
static void
find_layer(Arena *arena, const Graph *g, Layers *c, PlaceLayer *place, Ref r)
{
    const char *own = layer_of(arena, g, r);
    const bool derivative = layers_derivative(c, r);
    c->layer[r] = own;
    if (own == NULL && !place->several && derivative)
        c->layer[r] = place->layer;
    c->near[r] = c->layer[r];
    if (c->near[r] == NULL && derivative && !place->nears)
        c->near[r] = place->near;
    if (c->near[r] == NULL)
        c->near[r] = near_of(arena, g, c, r);
    if (c->near[r] != NULL && !derivative) {
        if (map_get(&c->first, c->near[r]) < 0)
            map_put(&c->first, c->near[r], (int)r);
        place->nears = place->nears || other_layer(place->near, c->near[r]);
        place->near = c->near[r];
    }
    if (own != NULL) {
        place->several = place->several || other_layer(place->layer, own);
        place->layer = own;
    }
}

static void
find_layers(Arena *arena, const Graph *g, Layers *c)
{
    size_t size = 16;
    while (size < 2 * g->node.count)
        size *= 2;
    PlaceLayer *table = ARENA_ARRAY(arena, PlaceLayer, size);
    c->layer = ARENA_ARRAY(arena, const char *, g->node.count + 1);
    c->near = ARENA_ARRAY(arena, const char *, g->node.count + 1);
    c->target = ARENA_ARRAY(arena, bool, g->node.count + 1);
    for (Ref r = 0; r < (Ref)g->node.count; r++)
        find_layer(arena, g, c, place_layer(table, size, ir_node(g, r)), r);
}

Layers *
layers_new(Arena *arena, const Graph *g)
{
    Layers *c = ARENA_NEW(arena, Layers);
    *c = (Layers){
        .loss = REF_NONE, .eta = REF_NONE, .gradient = (Ref)g->node.count};
    c->param.arena = arena;
    c->first.arena = arena;
    find_leaves(g, c);
    find_layers(arena, g, c);
    return c;
}

Layers *
layers_of(Printer *printer)
{
    if (printer->layers == NULL)
        printer->layers = layers_new(printer->arena, printer->s->graph);
    return printer->layers;
}

/* Notes that a buffer holds a node's value: of which layer. */
static void
note_value(Printer *printer, Layers *layers, int buffer, Ref node)
{
    if (node == REF_NONE || !dtype_real(printer->s->buffer.item[buffer].dtype))
        return; /* indices are no values of a layer */
    /* Of the optimiser, what is no parameter's is of no layer. */
    bool optimiser = layers->eta != REF_NONE && node >= layers->eta;
    const char *layer = optimiser ? layers->layer[node] : layers->near[node];
    if (layer == NULL)
        return;
    ArrayLayer *of = &layers->array[buffer];
    bool derivative = layers_derivative(layers, node);
    if (of->layer != NULL && !of->derivative && derivative)
        return;
    *of = (ArrayLayer){layer, derivative};
}

/* Notes what a statement stores. */
static void
note_stores(Printer *printer, Layers *layers, const Stmt *stmt)
{
    const Product *product = stmt->product;
    for (size_t i = 0; stmt->kind == STMT_loop && i < stmt->body.count; i++)
        note_stores(printer, layers, stmt->body.item[i]);
    if (stmt->kind == STMT_call)
        note_value(printer, layers, product->buffer[0], stmt->node);
    if (stmt->kind == STMT_call && schedule_is_epilogue(product->end.kind))
        note_value(printer, layers, product->buffer[0], product->end.node);
    if (stmt->kind == STMT_store)
        note_value(printer, layers, stmt->buffer,
                   printer->s->value.item[stmt->value].node);
}

const char *
layers_array(Printer *printer, const int *buffer, size_t count)
{
    const Schedule *s = printer->s;
    Arena *arena = printer->arena;
    const char *layer = NULL;
    bool derivative = true;
    if (printer->comment == NULL || printer->alike)
        return "h";
    Layers *layers = layers_of(printer);
    if (layers->array == NULL) {
        layers->array = ARENA_ARRAY(arena, ArrayLayer, s->buffer.count + 1);
        for (size_t i = 0; i < s->body.count; i++)
            note_stores(printer, layers, s->body.item[i]);
    }
    for (size_t i = 0; i < count; i++) {
        const ArrayLayer *of = &layers->array[buffer[i]];
        if (of->layer == NULL || other_layer(layer, of->layer))
            return "h";
        layer = of->layer;
        derivative = derivative && of->derivative;
    }
    const char *dot = strrchr(layer, '.');
    const char *name = emit_c_name(arena, dot != NULL ? dot + 1 : layer);
    if (strlen(name) > ARRAY_NAME)
        return "h";
    return derivative ? arena_printf(arena, "d%s", name) : name;
}
