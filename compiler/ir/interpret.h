/* The parts of the interpreter: each evaluates one class of operations into a
 * tensor that is allocated, its shape known.
 */
#ifndef FLUXC_IR_INTERPRET_H
#define FLUXC_IR_INTERPRET_H

#include "ir/ir.h"

typedef struct {
    const Graph *g;
    const RunOptions *options;
    Tensor *value; /* of each node evaluated so far */
} Run;

static inline const Tensor *
run_operand(const Run *run, const Node *node, int operand)
{
    return &run->value[node->operand[operand]];
}

/* interpret_map.c: leaves made from nothing; elementwise operations. */
void run_leaf(const Run *run, const Node *node, Tensor *result);
void run_map(const Run *run, const Node *node, Tensor *result);

/* interpret_move.c: NULL, or what does not fit the numbers of this run. */
const char *run_shape(const Run *run, const Node *node, Tensor *result);

/* interpret_window.c: whether the windows in `parts` lie in `whole`; the sum
 * over them.
 */
bool window_fits(const Node *node, const Tensor *whole, const Tensor *parts);
const char *run_unwindow(const Run *run, const Node *node, Tensor *result);

/* interpret_scan.c: the parts of a scan by number, NULL where not wanted, whose
 * memory is there.
 */
const char *run_scan(const Run *run, const Node *node, Tensor *const *part,
                     Arena *arena);

/* interpret_sum.c: likewise. */
const char *run_reduce(const Run *run, const Node *node, Tensor *result);
const char *run_contract(const Run *run, const Node *node, Tensor *result);

#endif
