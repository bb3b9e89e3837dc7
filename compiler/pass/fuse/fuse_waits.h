/* Scalars between the pieces that loops were cut into: what one piece computes
 * and another uses waits in memory.
 */
#ifndef FLUXC_PASS_FUSE_WAITS_H
#define FLUXC_PASS_FUSE_WAITS_H

#include "pass/fuse/fuse.h"

/* What one piece leaves to others: a value, or what an accumulator comes to. */
typedef struct {
    int piece;  /* that makes it; 0: none */
    int buffer; /* where it waits; -1: nowhere */
    Affine at;
    int value;
    int next; /* 1 + the next one of its piece that waits; 0: none */
} Home;

typedef struct {
    Schedule *s;
    int piece;             /* the one that is looked at, from 1 */
    int depth;             /* of the cut loops around it */
    int loop[2 * IR_RANK]; /* their variables */
    size_t values;         /* that there were at first */
    Home *home;            /* by value, then by accumulator */
    VEC(int) first;        /* by piece: as Home.next */
    VEC(int) depth_of;     /* by piece */
} Waits;

/* Of a program whose loops have been cut, before its first piece. */
Waits waits_new(Schedule *s);

/* Begins with the next piece, which stands in the loops that `loop` and `depth`
 * say; the cut loops around the piece that makes a value are also around those
 * that need it. Its statements take what they need from where it waits.
 */
void waits_begin(Waits *waits);
void waits_take(Waits *waits, Stmt *stmt);

/* When all pieces have taken theirs: stores what of one waits for others. */
void waits_store(const Waits *waits, int piece, Block *to);

#endif
