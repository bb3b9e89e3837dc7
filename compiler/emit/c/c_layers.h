/* Which layer the nodes of a graph belong to: c_layers.c's. */
#ifndef FLUXC_EMIT_C_LAYERS_H
#define FLUXC_EMIT_C_LAYERS_H

#include "base/map.h"
#include "emit/c/c_print.h"

/* Whose values an array holds; those of a derivative alone. */
typedef struct {
    const char *layer; /* NULL: of none */
    bool derivative;
} ArrayLayer;

typedef struct Layers {
    Ref loss;           /* the output of that name; REF_NONE: none */
    Ref eta;            /* the learning rate; REF_NONE: none */
    bool back;          /* the graph is a back */
    Ref gradient;       /* the last input; REF_NONE: none */
    const char **layer; /* by node: its own, or that of what it derives */
    const char **near;  /* or that of what it is computed from */
    bool *target; /* by node: the targets, or what the loss makes of them */
    Map param;    /* by name */
    Map first;    /* by layer: its first node */
    ArrayLayer *array; /* by buffer, once one is named; or NULL */
} Layers;

/* Of a graph; of that which is printed. */
Layers *layers_new(Arena *arena, const Graph *g);
Layers *layers_of(Printer *printer);

/* Whether a node is part of a derivative. */
bool layers_derivative(const Layers *layers, Ref ref);

/* What memory is called that some buffers share: as the layer whose values
 * these are, "dlayer1" where they are its derivative; "h" where they are not of
 * one.
 */
const char *layers_array(Printer *printer, const int *buffer, size_t count);

/* The path before the last dot: "layer1" of "layer1.W"; NULL without a dot. */
const char *layer_path(Arena *arena, const char *name);

#endif
