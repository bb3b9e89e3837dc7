/* What the files of explain share. */
#ifndef FLUXC_EMIT_EXPLAIN_INNER_H
#define FLUXC_EMIT_EXPLAIN_INNER_H

#include "base/vec.h"
#include "emit/c/c_print.h"
#include "pass/schedule.h"

typedef struct {
    double operations;
    double functions;
    double read; /* bytes */
    double written;
} Cost;

/* The kernel that made a buffer's elements; number 0: none of this function. */
typedef struct {
    Stmt *stmt;
    int number;
} Maker;

/* Elements of a buffer: `runs` times `run` neighbours, from `start` on. */
typedef struct {
    double start;
    double run;
    double runs;
} Runs;

typedef VEC(Runs) AllRuns; /* in the order of their starts */

typedef struct {
    Printer *printer;
    Schedule *s;
    const ExplainOptions *options;
    Sizes arena;
    FILE *file;
    int64_t symbol[DIM_SYMBOLS];
    AllRuns *loads; /* by buffer, of the kernel now looked at */
    AllRuns *stores;
    double *read; /* their elements */
    double *written;
    double *gathered; /* by variable that stands for an index out of memory: the
                       * values that it has; 0: others */
    Maker *maker;     /* by buffer */
    const int *own;   /* of narrow layers in one kernel, as cuda_group.h has it;
                       * NULL: of others */
    int kernels;      /* so far */
    double launches;  /* of a GPU's */
    Cost cost;        /* of the kernel */
    Cost total;
    double memory; /* bytes of the caller's that must be moved */
} Explain;

/* explain_count.c: the value of a length; the turns of a loop; what one of a
 * product's sides has; the cost of statements that are one kernel and run so
 * many times, and what it reads and writes.
 */
double explain_number(const Explain *e, Dim dim);
double explain_turns(const Explain *e, int var);
double explain_side(const Explain *e, const Product *product, int side);
void explain_count(Explain *e, Stmt *const *stmt, size_t count, double times);

/* What a statement outside of all kernels does. */
void explain_count_beside(Explain *e, const Stmt *stmt, double times);

/* explain_bytes.c: notes an access; how many elements all of them touch, of a
 * buffer with so many.
 */
void explain_touch(Explain *e, AllRuns *all, const Affine *at);
double explain_elements(const AllRuns *all, double most);

/* explain.c: the rows of a kernel, which runs so often: what it is, its costs,
 * its lines of the source, and reasons; of a GPU's also its blocks, which are
 * NULL for others.
 */
void explain_kernel(Explain *e, Stmt *const *stmt, size_t count,
                    const char *blocks, double times);

/* explain_cuda.c: the kernels of a GPU. */
void explain_cuda(Explain *e);

/* explain_why.c: why a kernel that reads a buffer is not one with the kernel
 * that made it.
 */
const char *explain_why(Schedule *s, Stmt *maker, Stmt *user, int buffer);

#endif
