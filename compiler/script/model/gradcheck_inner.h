/* What the files of gradient checking share. */
#ifndef FLUXC_SCRIPT_GRADCHECK_INNER_H
#define FLUXC_SCRIPT_GRADCHECK_INNER_H

#include "script/model/gradcheck.h"

/* Forward against reverse mode: the same derivative, in another order. */
static const double mode_tolerance = 1e-9;

/* A graph that runs again and again on the same tensors. */
typedef struct {
    const Graph *g;
    Tensor **more; /* values of the leaves that c->g has not */
    Tensor *result;
} Runner;

typedef struct {
    Script *s;
    const char *name; /* of the model, for messages */
    double tolerance;
    Span span;
    uint64_t random;
    Graph *g;         /* in double; its outputs are the real results */
    Tensor **value;   /* of its leaves */
    Tensor **tangent; /* of each: what `forward` has more */
    Tensor *weight;   /* of each result */
    Runner primal;    /* results; has more what stopgradient holds: it stays */
    Runner reverse;   /* gradients by the leaves */
    Runner forward;   /* tangents of the results */
    Tensor *base;     /* the results at the point */
    double size;      /* sum of |weight .* base| */
    bool smooth;      /* every gradient is finite at the point */
    int64_t most;     /* elements of a leaf that are checked */
} Check;

/* What was found of one leaf. */
typedef struct {
    int64_t chosen; /* of its elements: those checked and those skipped */
    int64_t checked;
    int64_t kinks;
    double differences; /* the worst relative errors */
    double modes;
    int64_t worst; /* element of the worst difference */
    double found;
    double expected;
} Finding;

/* gradcheck_graph.c */
double check_random(Check *c, double low, double high);
Tensor *check_tensor(Check *c, const Node *n); /* of zeros, in its shape */

/* c->g of a graph, in double with the symbols' values as dimensions; only the
 * real results, or the one called `only`.
 */
void check_graph(Check *c, const Graph *from, const int64_t *symbol,
                 const char *only);

/* Differentiates c->g, chooses the weights. */
void check_build(Check *c);

/* Evaluates at the point c->value; false where a result is not finite. */
bool check_point(Check *c);

/* Checks one leaf at that point. */
Finding check_leaf(Check *c, size_t leaf);

#endif
