/* Passes: a graph in, a new graph out; no globals, no printing. */
#ifndef FLUXC_PASS_PASS_H
#define FLUXC_PASS_PASS_H

#include "ir/ir.h"

typedef enum { PASS_meaning, PASS_optimisation } PassKind;

typedef struct {
    const char *name;
    PassKind kind;
    Graph *(*run)(const Graph *g);
    const char *summary;
} PassInfo;

enum {
#define PASS(name, kind, summary) PASS_##name,
#include "pass/passes.def"
#undef PASS
    PASS_COUNT
};
extern const PassInfo pass_info[PASS_COUNT];

/* Which passes run, and what is shown of them. */
typedef struct {
    bool off[PASS_COUNT];  /* --no-pass; meaning passes always run */
    bool dump[PASS_COUNT]; /* --dump-ir */
    FILE *dump_file;
    bool time; /* --time-passes, to dump_file */
} PassOptions;

/* Runs the optimisation passes in the order of passes.def, verifying the graph
 * after each; a fault is reported as DIAG_internal and gives NULL.
 */
const Graph *pass_optimise(const Graph *g, const PassOptions *options);

/* Runs one pass by its number, and verifies. */
Graph *pass_run(int pass, const Graph *g, const PassOptions *options);

/* What is done with a sample's graph before it is mapped over a batch or
 * differentiated. NULL: a fault.
 */
Graph *pass_prepare(const Graph *g);

/* The pass with a name; -1 if there is none. */
int pass_find(const char *name);

/* diff.c: builds, in g, the gradient of sum(dy .* y) with respect to each of
 * wrt: gradient[i] gets a node of wrt[i]'s shape, REF_NONE where y does not
 * depend on it. Reverse mode over the nodes between them; the rows of ops.def
 * and diff_rules.c are all it knows. Gives false (reported) where an operation
 * has no derivative.
 */
bool diff_reverse(Graph *g, const Ref *y, const Ref *dy, int outputs,
                  const Ref *wrt, int count, Ref *gradient);

/* The back! form of a forward graph: for every real result y an input "dy" (or
 * "dNAME" where there are several), for every trained param p a state "p"
 * whose next value is p + dp, for every real input x a result "dx" (0 where
 * nothing depends on it). The results themselves and the next values of
 * forward are no longer outputs. Gives NULL where diff_reverse fails.
 */
Graph *diff_back(const Graph *forward);

/* diff_rules.c: the contribution of dy, the adjoint of node `user`, which is
 * not elementwise, to that of its operand k.
 */
Ref diff_structural(Graph *g, Ref user, int k, Ref dy);

/* The gradient of a table of that shape, which was read at each index: dy has
 * the table's axes but the last, and then those of the index.
 */
Ref diff_gather(Graph *g, int rank, const Dim *dim, Ref index, Ref dy);

/* Puts step - 1 zeros behind each element along an axis. */
Ref pass_dilate(Graph *g, Ref u, int axis, int64_t step);

/* windows.c: the sum over windows, the axes axis and axis + 1 of `parts`, where
 * the axis has `extent` elements: of windows that are the product of other
 * things a contraction, which adds in the same order.
 */
Ref pass_unwindow(Graph *g, Ref parts, int axis, Dim extent, int64_t stride,
                  int64_t dilation);

/* forward.c: builds, in g, the tangents of y for the tangents of x: dy[i] gets
 * a node of y[i]'s shape, REF_NONE where it is 0; REF_NONE is a tangent 0 as
 * well. It is the transpose of diff_reverse, and nests with it in any order.
 * Gives false (reported) where an operation has no derivative.
 */
bool diff_forward(Graph *g, const Ref *x, const Ref *tangent, int count,
                  const Ref *y, int outputs, Ref *dy);

/* diff_loop_reverse.c: the adjoints of a loop's operands, as far as they are
 * wanted, for those of its parts; the loop may get more results. False after a
 * report.
 */
bool diff_scan_reverse(Graph *g, Ref scan, const Ref *dpart, const bool *wanted,
                       Ref *dx);

/* diff_loop_forward.c: likewise the tangents of its parts. */
bool diff_scan_forward(Graph *g, Ref scan, const Ref *t, Ref *dpart);

/* diff_loop.c: which of a body's nodes are reals that depend on an input that
 * `from` marks, by number; states that come to do so are marked.
 */
bool *derived_depends(const Node *scan, bool *from);

/* hold.c: the graph with an input "held" behind its leaves for every stop that
 * is real, in loops for those of all steps; behind its outputs, what each shall
 * hold.
 */
Graph *diff_hold(const Graph *g);

/* tangent.c: a forward graph in double with its derivative in a direction.
 * Leaves are those of forward, those that diff_hold adds, and an input "dNAME"
 * for every real input and trained param; outputs are the real results, their
 * derivatives, and what is held. Gives NULL where
 * diff_forward fails.
 */
Graph *diff_tangent(const Graph *forward);

/* forward_rules.c: the tangent of a node that is not elementwise, t[k] being
 * that of its operand k, at least one not REF_NONE.
 */
Ref diff_structural_forward(Graph *g, Ref ref, const Ref *t);

/* forward_rules.c: true at the first element of x that is the greatest along
 * axes, in x's shape.
 */
Ref diff_argmax_mask(Graph *g, Ref x, uint32_t axes);

/* partial.c: u times the partial derivative of an elementwise node by its
 * operand k, as ops.def has it: u is the node's adjoint or the operand's
 * tangent. REF_NONE is 0. A cast gives u as it is; a select's third operand is
 * the caller's.
 */
Ref diff_elementwise(Graph *g, Ref user, int k, Ref u);

/* Maps a sample's graph over a batch: inputs get a last axis n, and so does
 * all that depends on them, random numbers, and states whose next value does.
 * batchsum sums over it. Inputs in `shared` (leaf names, the last NULL) stay
 * as they are. Gives NULL (reported) where a rank has no room.
 */
Graph *batch_graph(const Graph *sample);
Graph *batch_graph_shared(const Graph *sample, const char *const *shared);

/* carried.c: the graph without the states that no result needs; whether a leaf
 * is a state of a model's steps that its caller keeps; the graph where they
 * begin as fresh ones do, without those leaves, or as what was kept; a graph
 * that gives them their initial values.
 */
Graph *carried_read(const Graph *g);
bool carried_is(const Graph *g, Ref leaf);
Graph *carried_fixed(const Graph *g, bool fresh);
Graph *carried_initial(const Graph *g);

/* recompute.c: a training step's graph in an order that needs less memory, what
 * its nodes up to `split` compute in that many segments, weighed by the sizes
 * that the symbols give; where none of the nodes behind one may join what
 * stands before, wall is true. With one segment nothing is computed again.
 */
Graph *pass_recompute(const Graph *g, Ref split, int segments,
                      const int64_t *symbol, const bool **wall);

/* stable.c: a node that computes the same as `ref` from wrt, in stable forms,
 * to be differentiated by them; `ref` itself where there are none. No form sees
 * what wrt is computed from.
 */
Ref stable_node(Graph *g, Ref ref, const Ref *wrt, int count);

/* The other passes, one file each. */
Graph *pass_stable(const Graph *g);
Graph *pass_sink(const Graph *g);
Graph *pass_simplify(const Graph *g);
Graph *pass_cse(const Graph *g);
Graph *pass_hoist(const Graph *g);
Graph *pass_dce(const Graph *g);

/* Appends a node as it stands, its operands being of g. */
Ref pass_append(Graph *g, const Node *node);

/* Runs a pass on the bodies of a new graph's loops. */
void pass_bodies(Graph *g, Graph *(*run)(const Graph *body));

/* Gives g the outputs and the place of `from`, its nodes through map. */
void pass_outputs(Graph *g, const Graph *from, const Ref *map);

/* What a loop has more: sequences behind its own, and results, of which each
 * lies along the axis of the sequence of its number.
 */
typedef struct {
    const Ref *sequence;
    const int8_t *axis;
    int sequences;
    int results;
} LoopPorts;

/* A loop like one of another graph, whose operands are these in g, with more
 * ports, which `body` has.
 */
Ref pass_loop(Graph *g, const Node *loop, const Ref *operand,
              const LoopPorts *more, Graph *body);

/* Whether each axis of one shape is made of whole axes of another, as a reshape
 * of either to the other shows: axis a of those from first[a] up to first[a +
 * 1]. What follows the last of them has extent 1.
 */
bool pass_axes_joined(const Graph *g, const Node *whole, const Node *parts,
                      int *first);

/* Whether every element of a node is one constant, and which. */
bool pass_filled(const Graph *g, Ref ref, double *value);

/* Whether it is this one, of the same sign and rounded to the node's type. */
bool pass_is_filled(const Graph *g, Ref ref, double value);

#endif
