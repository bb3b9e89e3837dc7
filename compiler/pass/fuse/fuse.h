/* What the files of fuse/ ask of each other: how a graph becomes loops, and
 * what merges and moves them, in the order of fuse.c.
 */
#ifndef FLUXC_PASS_FUSE_H
#define FLUXC_PASS_FUSE_H

#include "pass/schedule.h"

/* lower.c: sets the graph, its loops opened, and what is known of them. */
void schedule_lower(Schedule *s, const Graph *g);

/* fuse_buffers.c: the buffers of all nodes that some output needs; and what a
 * node shows through its views: itself, where it is none.
 */
void schedule_buffers(Schedule *s, const uint32_t *needed);
Ref schedule_seen(const Schedule *s, Ref ref);

/* fuse_tree.c: the loops of one node, which store into a buffer. Those of a
 * concatenation, one for each part, take their places in the schedule; so do
 * those of a padding whose lengths are known, of the zeros on each side and of
 * what they are put around.
 */
Block schedule_node(Schedule *s, Ref ref, int buffer);
void schedule_parts(Schedule *s, Ref ref, int buffer);
bool schedule_is_frame(const Schedule *s, Ref ref);
void schedule_frame(Schedule *s, Ref ref, int buffer);
Block schedule_copy(Schedule *s, Ref ref, int buffer);

/* Stores a step's value in its place among those of all steps. */
Block schedule_stack(Schedule *s, Ref part, int buffer);

/* Whether an operation computes each element from those at its place. */
bool schedule_is_map(const Schedule *s, Ref ref);

/* view.c: nodes that move data without computing. material[r] is set for nodes
 * that need memory or loops of their own: of concatenations, those that are not
 * just a part of another.
 */
typedef struct {
    Affine index[IR_RANK];
    Guard *guard;
    int guards;
} Point;
void schedule_materials(const Graph *g, const int *users, bool *material);
int schedule_value(Schedule *s, const Value *value);
int schedule_point(Schedule *s, Ref ref, Point point);
Affine schedule_linear(Schedule *s, Ref ref, const Affine *index);

/* fuse_reduce.c, fuse_product.c: likewise for sums and contractions. */
Block schedule_reduce(Schedule *s, Ref ref, int buffer);
Block schedule_unwindow(Schedule *s, Ref ref, int buffer); /* fuse_window.c */
bool schedule_is_maxima(Schedule *s, Ref ref);             /* fuse_maxima.c */
Block schedule_maxima(Schedule *s, Ref ref, int buffer);
bool schedule_is_squares(Schedule *s, Ref ref); /* fuse_reduce.c: a sum is */
/* fuse_scatter.c: sums into the columns of a table; what says which of them a
 * term goes into has no loops, nor have squares that a call sums: it is done.
 */
void schedule_masks(Schedule *s, const uint32_t *needed, bool *done);
bool schedule_is_scatter(Schedule *s, Ref ref);
Block schedule_scatter(Schedule *s, Ref ref, int buffer, ProductEnd end);
bool schedule_is_product(Schedule *s, Ref ref);
bool schedule_is_framed(Schedule *s, Ref ref);
/* Whether its kernel ends in more than the sums; in a call alone or in loops of
 * them, too.
 */
bool schedule_has_end(Schedule *s, Ref ref, bool loops);
Block schedule_product(Schedule *s, Ref ref, int buffer, ProductEnd end);

/* What a call that ends in this has besides its operands. */
void schedule_end(Schedule *s, Product *product, ProductEnd end);

/* fuse_frame.c: takes paddings' memory away where products over windows can do
 * without. The frames of what is read where guards hold, and how many; `at`
 * then says where it is read from its first element on. 0: they are none.
 */
void schedule_frames(Schedule *s);
int schedule_guarded(Schedule *s, const Value *guarded, Affine *at,
                     FrameAxis *frame);
/* Whether these are a call's frames, whose rows and terms are those variables.
 */
bool schedule_frames_fit(const Schedule *s, const FrameAxis *frame, int frames,
                         const int *row, int rows, const int *term, int terms);

/* fuse_added.c: the product that a node adds to something, or takes from it,
 * where its kernel does that; 1 + the step of a sequence that it is added to, 0
 * where that is a leaf. `late` is by node, its late users.
 */
typedef struct {
    Ref product; /* REF_NONE: there is none */
    ProductEnd end;
    Ref into;
} Added;
Added schedule_added(Schedule *s, const int *late, Ref ref);

/* fuse_optimiser.c: likewise where the node is what a step with moments makes
 * of it.
 */
Added schedule_optimiser(Schedule *s, const int *late, Ref ref);

/* The scalar that a node has at each place, or none. */
Ref schedule_scalar(const Schedule *s, Ref ref);

/* Makers of variables, memory and statements: a buffer of so many elements; a
 * load of one; a store of a value at the end of a block.
 */
int schedule_temp(Schedule *s, DType dtype, Ref node, Dim count);
int schedule_load(Schedule *s, int buffer, DType dtype, Ref node,
                  const Affine *at);
void schedule_push_store(Schedule *s, Block *block, int buffer,
                         const Affine *at, int value);
int schedule_new_var(Schedule *s, VarKind kind, Dim extent);
int schedule_new_accumulator(Schedule *s, AccKind kind, DType dtype, int lanes,
                             Ref node);
Stmt *schedule_stmt(Schedule *s, StmtKind kind, Ref node);
void schedule_push(Schedule *s, Block *block, Stmt *stmt);
Block *schedule_space(Schedule *s, Ref ref, Affine *index, Block *block);

/* fuse_merge.c: puts a tree of loops into the schedule. */
void schedule_merge(Schedule *s, const Block *tree);

/* Puts it behind all else, as it is. */
void schedule_append(Schedule *s, const Block *tree);

/* fuse_clean.c: values instead of memory, fewer loops. */
void schedule_forward(Schedule *s);
/* Whether statements of one tag come before those of another in their body. */
bool schedule_tag_before(uint32_t a, uint32_t b);
void schedule_flatten(Schedule *s);

/* fuse_again.c: what is computed where it is used. */
void schedule_again(Schedule *s);

/* fuse_order.c: loops come right behind what they use up. */
void schedule_order(Schedule *s);

/* fuse_kernels.c: statements as kernels; whether there is more than one, or a
 * loop of them.
 */
void schedule_kernels(Schedule *s);
bool schedule_has_kernels(const Schedule *s);

/* fuse_lodge.c: what steps keep, in the memory of what they were given. */
void schedule_lodge(Schedule *s);

/* fuse_across.c: loops over samples whose rows are short. */
void schedule_across(Schedule *s);

/* fuse_reuse.c: local arrays across samples take the memory of those that are
 * no longer used. In a block: the bytes of those that are left.
 */
void schedule_reuse(Schedule *s);
Dim schedule_reuse_block(Schedule *s, const Block *block);

/* fuse_epilogue.c: what is behind products, in their calls. */
void schedule_epilogues(Schedule *s);

/* fuse_rows.c: rows of samples that are one loop. */
void schedule_rows(Schedule *s);

/* fuse_states.c: states of loops over steps, stored where they are. */
void schedule_states(Schedule *s);

/* fuse_memory.c */
void schedule_next(Schedule *s);
void schedule_share(Schedule *s);
void schedule_shrink(Schedule *s);

/* fuse_panels.c: operands of products, laid out before a loop over steps. */
void schedule_panels(Schedule *s);

/* fuse_beside.c: products of one large operand, in one call. */
void schedule_beside(Schedule *s);

#endif
