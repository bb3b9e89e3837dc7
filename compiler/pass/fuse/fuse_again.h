/* What fuse_again.c knows of a schedule, and asks fuse_again_move.c. */
#ifndef FLUXC_PASS_FUSE_AGAIN_H
#define FLUXC_PASS_FUSE_AGAIN_H

#include "pass/fuse/fuse.h"

enum {
    AGAIN_LOADS = 2,  /* that take the place of one */
    AGAIN_CHEAP = 2,  /* operations that are worth doing twice */
    AGAIN_DEEP = 8,   /* operations of one computation */
    AGAIN_PLACES = 4, /* where one is done */
    AGAIN_VARS = 2 * IR_RANK
};

typedef struct {
    Stmt *user;
    int operand; /* that is a load; of a step 1 is the factor */
} Load;

typedef struct {
    Stmt *store; /* the only one, or NULL */
    int stores;
    bool fixed; /* read by a kernel, or behind a guard */
    int last;   /* the place of its last use */
    VEC(Load) load;
} Kept;

typedef struct {
    Schedule *s;
    Kept *kept;  /* by buffer */
    Stmt **let;  /* by value, as far as there were any at the start */
    int *uses;   /* likewise */
    int *stored; /* likewise: the buffer it is stored in; -1: none */
    size_t values;
    Stmt **init; /* by accumulator */
    int places;
} Again;

/* One computation at the place of one load. */
typedef struct {
    Again *again;
    int buffer; /* whose loads go */
    Stmt *user; /* that has the load */
    int vars;   /* loops' variables at the store, and at the load */
    int from[AGAIN_VARS];
    int to[AGAIN_VARS];
    bool once; /* it is the only place */
    bool dead; /* and the only use of the value */
    int holds; /* buffers that are kept longer for it */
    int held[AGAIN_LOADS];
    int loads; /* what it takes */
    int cheap;
    int deep;
} Move;

/* How often a value is used. */
int again_uses(const Again *again, int v);

/* Pairs the variables of a store's index with those of a load's; false where
 * they are no pairs.
 */
bool again_pair(Move *move, const Affine *store, const Affine *load);

/* Whether a value can be computed at the load; `dead`: it is used nowhere else.
 */
bool again_can_move(Move *move, int v, bool dead);

/* Computes it there, by statements before the load's. */
int again_move(Move *move, int v);

#endif
