/* What the files of pass simplify share. Nodes are made in graph g, whose
 * nodes so far are in their simplest form.
 */
#ifndef FLUXC_PASS_SIMPLIFY_H
#define FLUXC_PASS_SIMPLIFY_H

#include "pass/pass.h"

/* A node, or one that gives the same bits. */
Ref simplify_make(Graph *g, const Node *node);

/* The same for a node that was just made by a builder. */
Ref simplify_again(Graph *g, Ref ref);

/* A constant of the type and shape of `like`. */
Ref simplify_fill(Graph *g, const Node *like, double value);

/* simplify_shape.c: another way to a move of data, or REF_NONE. */
Ref simplify_shape(Graph *g, const Node *n);

/* simplify_contract.c */
Ref simplify_contract(Graph *g, const Node *contract);

#endif
