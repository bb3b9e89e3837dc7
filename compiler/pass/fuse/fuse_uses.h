/* Where a schedule's buffers are used: every access, in the program's order.
 */
#ifndef FLUXC_PASS_FUSE_USES_H
#define FLUXC_PASS_FUSE_USES_H

#include "pass/fuse/fuse.h"

/* One access, with the loops around it and its place in the program. */
typedef struct {
    int *buffer;
    Affine *at;
    bool store;
    int place; /* the statement's number, in order */
    size_t depth;
    Stmt *const *path; /* loops, outermost first */
    const Block *body;
    bool call; /* of a kernel, which reads many elements */
    uint32_t tag;
    int next; /* the next use of the same buffer; -1: none */
    int last; /* the last load before it in the same body; -1: none */
} Use;

typedef struct {
    Schedule *s;
    VEC(Use) use;
    int *first; /* by buffer; -1: none */
    int *end;   /* its last use */
    Block loops;
    Use now;  /* of the statement */
    int load; /* the last load of the body */
} Uses;

Uses uses_all(Schedule *s);

/* The uses of a buffer, in order: for (u = first; u != NULL; u = next). */
const Use *uses_first(const Uses *uses, int buffer);
const Use *uses_next(const Uses *uses, const Use *use);

/* How many loops two accesses share. */
size_t uses_common(const Use *a, const Use *b);

/* The innermost loop over steps around an access; NULL: none. */
const Stmt *uses_step_loop(const Schedule *s, const Use *use);

/* Whether a load reads the old value though `store` replaces it in place: it
 * comes first, and turns of shared loops, but for the outermost `outer` of
 * them, keep to their own rows.
 */
bool uses_reads_old(Schedule *s, const Use *load, const Use *store,
                    size_t outer);

/* Whether a later statement of the same turn reads what a store stores in
 * another order, kernels aside. clang 14 takes such reads for reads of the old
 * value, if the store is an update in place and the outer loop becomes vectors.
 */
bool uses_read_across(Schedule *s, const Uses *uses, const Use *store);

#endif
