/* Pictures of a graph: what is drawn, as text (DOT) or with a layout (SVG). */
#ifndef FLUXC_EMIT_DRAW_H
#define FLUXC_EMIT_DRAW_H

#include "ir/ir.h"

/* dot.c: Graphviz's language; clusters are the models a node was traced in. */
void draw_dot(const Graph *g, FILE *file);

/* svg.c: the picture itself; a box's colour and last line name its model. */
void draw_svg(const Graph *g, FILE *file);

/* draw.c: what both show of a node. */
typedef enum { DRAW_input, DRAW_param, DRAW_value, DRAW_output } DrawKind;

typedef struct {
    DrawKind kind;
    const char *title; /* "mul", "param layer1.W", "out y" */
    const char *shape; /* "f32[10,n]" */
    const char *place; /* "model.net:3", or "" */
    int group;         /* its model, -1: none */
    int *from;         /* boxes of the operands */
    int operands;
} DrawBox;

/* A call of a model. */
typedef struct {
    const char *name;
    const Frame *frame;
    int parent; /* the model that called it, a smaller number; or -1 */
} DrawGroup;

typedef struct {
    VEC(DrawBox) box; /* operands first; the outputs last */
    VEC(DrawGroup) group;
} Drawing;

/* The boxes of the nodes that an output depends on, and of the outputs. */
Drawing draw_graph(const Graph *g);

#endif
