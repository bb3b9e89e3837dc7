/* The rules of the graph: what verify.c and verify_shape.c share. */
#ifndef FLUXC_IR_VERIFY_H
#define FLUXC_IR_VERIFY_H

#include "ir/ir.h"

/* "%7 = mul (model.net:4:13): …" */
const char *verify_fault(const Graph *g, Ref ref, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* What is wrong with a node of the class SHAPE; NULL: nothing. */
const char *verify_shape(const Graph *g, Ref ref, const Node *node);

/* Likewise with windows of a whole array, which are its parts. */
const char *verify_windows(const Graph *g, Ref ref, const Node *whole,
                           const Node *parts);

#endif
