/* What fuse_across.c knows of a loop across samples, and asks
 * fuse_across_turn.c.
 */
#ifndef FLUXC_PASS_FUSE_ACROSS_H
#define FLUXC_PASS_FUSE_ACROSS_H

#include "pass/fuse/fuse_uses.h"

enum { ACROSS_ROW = 15 /* elements of a row, at most */ };

typedef struct {
    Schedule *s;
    const Stmt *block; /* the loop over blocks of samples */
    Stmt *loop;        /* over the samples of one */
    int key;           /* the block's variable */
    size_t buffers;    /* that there were at first */
    bool *turned;      /* by buffer */
    bool *met;         /* by buffer: it is among its own */
    Block turns;       /* the block's calls that turn rows */
    VEC(int) own;      /* buffers that the loop touches */
    Dim beside;        /* bytes of those that only calls beside loops touch */
    Dim bytes;         /* that its arrays take, at most */
    size_t waiting;    /* and before what one piece leaves to others */
    Block piece;       /* that the loop is cut into */
    Block inner;       /* by piece: its loop over samples */
} Across;

/* Begins with a block whose loops are looked at, as it is now. */
void across_begin(Across *across, const Uses *uses);

/* Whether turns of the loop touch nothing that another one stores, and most of
 * what its rows are in can be turned, which is noted, as are the bytes for all
 * that will be a local array.
 */
bool across_can_turn(Across *across, const Uses *uses);

/* Turns what can be. What others touch is turned by calls: `before` the pieces,
 * or `behind` them.
 */
void across_turn(Across *across, const Uses *uses, Block *before,
                 Block *behind);

/* Whether a statement turns rows into themselves: those of a loop that another
 * one turned later.
 */
bool across_is_idle(const Stmt *stmt);

/* An index of the loop's row becomes that of the sample, `row` far behind the
 * block's first.
 */
Affine across_index(const Across *across, const Affine *row, int sample);

/* The store that a value has in the body, if it is the only one in that
 * buffer; NULL: it has none.
 */
const Stmt *across_only_store(const Block *body, int value);

#endif
