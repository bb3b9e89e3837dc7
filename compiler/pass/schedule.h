/* The schedule: a graph as loops over scalars, what every printer reads.
 *
 * Each operation that computes becomes a small tree of loops which stores into
 * a buffer of its own; views (broadcast, reshape, permute, slice, pad, reverse)
 * become indices of loads. fuse.c merges trees and lets values go from store to
 * load without memory; plan.c gives the buffers that are left their places. No
 * step changes an operation or an order of summation, so the bits stay.
 */
#ifndef FLUXC_PASS_SCHEDULE_H
#define FLUXC_PASS_SCHEDULE_H

#include "ir/ir.h"

enum {
    SCHEDULE_BLOCK = 64,    /* samples that a product and its epilogue share */
    SCHEDULE_THREADS = 8,   /* that have parts of such a block, at most */
    SCHEDULE_TERMS = 20,    /* variables in one index */
    SCHEDULE_WAITS = 64,    /* operations that wait for their use in a row */
    SCHEDULE_STACK = 256,   /* elements of a buffer that is a local array */
    SCHEDULE_LOCAL = 65536, /* bytes of all that a statement has of them */
    SCHEDULE_PRODUCT = 128, /* multiplications that are worth a call */
    SCHEDULE_MANY = 8,      /* samples that a batch has, at the least */
    SCHEDULE_AXES = 4,      /* of a call: of rows, of columns, of terms */
    SCHEDULE_SUMS = 4,      /* sums side by side that are */
    SCHEDULE_FRAMES = 2,    /* of an operand of a call */
    SCHEDULE_FRAMED = 8192  /* elements of its samples, frames among them, as
                             * FLUX_FRAMED of kernels/flux_windows.h */
};

/* A loop's variable. A block variable runs in steps; one `within` it runs from
 * it to the block's end, or over the rows of these samples; a derived one is
 * (parent / div) % mod. The turns of a step variable's loop follow one another:
 * each reads what earlier ones stored.
 */
typedef enum {
    VAR_plain,
    VAR_block,
    VAR_within,
    VAR_derived,
    VAR_step
} VarKind;

typedef struct {
    VarKind kind;
    Dim extent; /* of the whole axis, also for block and within */
    int step;   /* block */
    int parent; /* within, derived: the other variable */
    Dim row;    /* within: elements of each of the block's turns, which follow
                 * one another; 0: it runs over the turns */
    Dim div;    /* derived */
    Dim mod;
    int alias;     /* the variable that took over, or -1 */
    int axis;      /* of the result; -1: a reduction's */
    bool batch;    /* runs over the batch */
    bool backward; /* step: from the last to the first */
    bool cut;      /* several loops have it: pieces of one */
} LoopVar;

/* start - minus + sum of ±factor * variable */
typedef struct {
    int var;
    bool minus;
    Dim factor;
} Term;

typedef struct {
    Dim start;
    Dim minus;
    int count;
    Term term[SCHEDULE_TERMS];
} Affine;

typedef enum {
    BUFFER_leaf,   /* a leaf's memory */
    BUFFER_output, /* an output's */
    BUFFER_data,   /* a table of constants */
    BUFFER_temp,   /* ours: in the arena or on the stack */
    BUFFER_gone    /* only in registers */
} BufferKind;

/* What there is one of a buffer for: the call, each sample of a block, each
 * thread that shares a loop. A batch has so many of them at the most.
 */
typedef enum { EACH_call, EACH_sample, EACH_thread, EACHES } Each;

/* Bytes, where more than the call's are those of one. */
typedef struct {
    Dim bytes[EACHES];
} Size;

typedef struct {
    BufferKind kind;
    DType dtype;
    int number;   /* of the leaf or output */
    Ref node;     /* whose value it holds */
    Dim count;    /* elements */
    bool carried; /* a loop's state: stored anew by each turn */
    bool across; /* a turn's local array, with a block's samples side by side */
    /* Set by plan.c for buffers of kind temp. */
    bool local; /* a local array, at the head of its home */
    int slot;   /* in the arena; -1: none */
    Dim offset; /* in the slot, in bytes, among those of its `each` */
    Each each;
    int room;           /* 1 + the buffer that it is a part of; 0: none */
    struct Stmt *first; /* of its home's statements; NULL: not used */
    struct Stmt *last;
    int next; /* 1 + the next buffer of a list of plan.c's; 0: none */
} Buffer;

/* A padded load holds only where each index is less than its extent, in
 * unsigned arithmetic.
 */
typedef struct {
    Affine index;
    Dim extent;
} Guard;

typedef enum {
    VALUE_const,
    VALUE_extent,
    VALUE_index, /* an index as a number: iota */
    VALUE_load,
    VALUE_guard,  /* guards hold ? operand 0 : 0 */
    VALUE_random, /* element `at` of the stream; draw: in step operand 0 */
    VALUE_map,    /* op of the operands; its statement is STMT_let */
    VALUE_gather, /* element `at`, where the variable `sum_var` stands for the
                   * index, operand 0 */
    VALUE_join,   /* what an accumulator has come to */
    VALUE_sum     /* of a buffer's elements, over the variable `sum_var`; or, of
                   * op maximum, the greatest of them */
} ValueKind;

typedef struct {
    ValueKind kind;
    Op op; /* map, random */
    DType dtype;
    int operand[3];
    int operands;
    double number;
    Dim extent;
    int buffer;
    int accumulator; /* join */
    int sum_var;     /* sum, gather */
    Order order;
    Affine at; /* load, index, random, sum */
    Guard *guard;
    int guards;
    uint64_t stream;
    Ref node; /* what it computes a point of; REF_NONE for helpers */
} Value;

typedef enum { ACC_sum, ACC_product, ACC_maximum, ACC_argmax } AccKind;

typedef struct {
    AccKind kind;
    DType dtype; /* of the terms */
    int lanes;   /* 1, 4, 16 */
    bool total;  /* adds the sums of blocks */
    Ref node;
} Accumulator;

typedef enum {
    STMT_loop,
    STMT_derive, /* a derived variable, at the head of its parent's loop */
    STMT_let,
    STMT_store,
    STMT_init, /* of an accumulator */
    STMT_step, /* it takes in one term */
    STMT_call  /* a product of matrices, sums of columns, maxima of windows */
} StmtKind;

typedef struct Stmt Stmt;
typedef VEC(Stmt *) Block;

/* What becomes of a product's sums: c = sum, c += sum, c -= scale * sum, or an
 * optimiser's step, of SGD where the sums are adjusted before; or an epilogue
 * (fuse_epilogue.c), of the sums and a bias, or of them and an activation's
 * value. What computes that, where it is more than the sums. Or there are none:
 * c is a, in panels, for products of so many columns; or turned, c[i, j] = a[i,
 * j], where i are side by side in a and j in c.
 */
typedef enum {
    END_set,
    END_add,
    END_step,
    END_sgd,
    END_momentum,
    END_rmsprop,
    END_adam,
    END_adamw,
    END_bias,
    END_relu,
    END_sigma,
    END_tanh,
    END_drelu,
    END_dsigma,
    END_dtanh,
    END_panels,
    END_turned
} EndKind;

enum { END_SCALARS = 10, END_MOMENTS = 2 };

typedef struct {
    EndKind kind;
    Ref node;
    int scalars; /* step: scale; with moments: as in fuse_optimiser.c */
    Ref scalar[END_SCALARS];
    int moments; /* m, v, which lie as c does */
    Ref moment[END_MOMENTS];
    int givens; /* whether an epilogue reads what is given */
    bool clips; /* the sums, before the step */
    bool penalises;
} ProductEnd;

/* An axis of a product's first operand that is read past its ends, where there
 * are zeros without memory: by a row and a term together. `length` elements lie
 * `step` apart, behind `before` zeros.
 */
typedef struct {
    int row; /* variables */
    int term;
    Dim length;
    Dim step;
    Dim before;
    Dim whole; /* places that are read */
} FrameAxis;

/* c[i, j] and the sum over k of a[i, k] * b[k, j], or of a[i, k] alone: three
 * accesses, each affine in the call's own variables and those of the loops
 * around it. Where it is over windows, i, j and k have further variables, all
 * slower; the first rows and terms may be framed. Of maxima, i are the windows
 * of a line, j the lines, k the elements of a window: c[i, j] is the greatest
 * a[i, j, k], and b its number, if it is there. Of a scatter, c[i, j] is the
 * sum over those k alone for which b[k], an integer, is j: of a[i, k].
 */
typedef struct {
    Order order;
    DType dtype;
    bool windows;
    bool maxima; /* with windows */
    bool scatter;
    int var[3];  /* i, j, k; -1: of extent 1 */
    int axes[3]; /* windows: how many more each has */
    int more[3][SCHEDULE_AXES];
    int frames; /* windows */
    FrameAxis frame[SCHEDULE_FRAMES];
    int buffer[3]; /* that of b is -1 for a sum, and for maxima alone */
    Affine at[3];  /* c, a, b */
    ProductEnd end;
    int scalar[END_SCALARS]; /* values */
    int moment[END_MOMENTS]; /* buffers */
    int given;               /* a buffer: a bias, or an activation's value */
    Affine given_at;
    int panels; /* 1 + the buffer of a's; 0: none */
    int right;  /* its number among products of one call, from 1;
                 * 0: alone */
    bool last;  /* of those */
} Product;

struct Stmt {
    StmtKind kind;
    int mark;     /* fuse_merge.c's own */
    Stmt *parent; /* the loop around it; NULL: none */
    int place;    /* its number in the finished schedule, outer ones first */
    int end;      /* the last number in it */
    int locals;   /* loop: 1 + the first buffer whose home it is; 0: none */
    bool shared;  /* loop: threads can each do some of its samples */
    int room[EACHES]; /* shared: 1 + the buffer that holds those of its turns,
                       * a part for each thread; 0: none */
    int era;          /* how many walls stood before it */
    uint32_t tag;     /* the optional outputs it is for; 0: always needed */
    Ref node;         /* the operation it was made for */
    int var;          /* loop, derive */
    Block body;       /* loop */
    int value;        /* let, store, step */
    int factor;       /* step of a product: the other operand */
    int accumulator;
    int buffer; /* store */
    Affine at;  /* store; step: the term's number */
    Product *product;
};

/* Memory of the arena: of buffers that grow, one behind the other; or of those
 * whose size is a number, behind as many of the former. What lies behind those
 * is not used while they are. Such slots may lie over one another, if no two
 * are used at once.
 */
typedef struct {
    Size size;   /* for all values of the dimensions the most of its buffers */
    int behind;  /* how many growing slots; -1: it is one of them */
    int buffers; /* 1 + the first of them, in Buffer.next's order; 0: none */
} Slot;

/* The largest of some sizes, none of which is the largest for all dimensions.
 */
enum { SCHEDULE_SIZES = 8 };
typedef struct {
    int count;
    Size item[SCHEDULE_SIZES];
} Sizes;

/* What touches a buffer, in the schedule as far as it is made: stores with
 * their index, and loads whose index has a variable.
 */
typedef struct {
    Stmt *stmt;
    const Affine *at; /* NULL: a load */
} Touch;
typedef VEC(Touch) Touches;

/* A loop over steps, whose nodes stand in the graph: its head, the steps and
 * states that it reads, its operations.
 */
typedef struct {
    int outer; /* the loop around it, or -1 */
    Dim extent;
    bool backward;
    int states;
    Ref first;  /* the head */
    Ref end;    /* past the last node */
    Ref *carry; /* by state */
    Ref *value; /* by part: what a step makes */
    int values;
    int sequences;
    const int8_t *axis; /* as of the scan */
    int *waiting;       /* by state: where its next value waits, or -1 */
    uint32_t needed;    /* outputs that need it */
    int var;            /* of its turns */
    Stmt *stmt;         /* NULL: not made yet */
} Loop;

typedef struct {
    Arena *arena; /* the context's scratch */
    Dims *dims;
    const Graph *graph;
    VEC(LoopVar) var;
    VEC(Buffer) buffer;
    VEC(Value) value;
    VEC(Accumulator) accumulator;
    Block body;
    VEC(Loop) loop;
    const int *loop_of; /* by node: the innermost loop around it, or -1 */
    const int *part_of; /* by node: the loop that a part is of, or -1 */
    int within;         /* the loop that statements now go into, or -1 */
    Touches *touches;   /* by buffer */
    int mark;           /* the last that a statement was marked with */
    VEC(int) near;      /* buffers whose loops a tree had best join */
    bool *material;     /* by node */
    int *node_buffer;   /* by node; -1: none */
    Ref *into;          /* by node: 1 + the step of a sequence whose memory it
                         * takes; 0: none */
    Ref *places;        /* by node: 1 + the argmax that goes with a maximum in
                         * one call; 0: none */
    bool *masks;        /* by node: the call of a scatter, or of a sum of
                         * squares, does what it does */
    int *users;         /* by node */
    uint8_t *waits;     /* by node: not 0 where it is computed from leaves, and
                         * waits for its first use; how many do in a row */
    int *leaf_buffer;   /* by leaf */
    uint32_t tag;       /* of the statements now made */
    uint32_t optional;  /* outputs that may be absent */
    int *output_buffer; /* by output; -1: its leaf's memory already holds it */
    VEC(Slot) slot;     /* of the arena: those that grow, in order; others */
    int locals;         /* as of a loop */
    const bool *wall;   /* by node, or NULL */
    int era;            /* walls so far */
    bool trains;        /* an output is a parameter's next value */
    bool plain;         /* for a processor, and without walls */
    bool kernels;       /* as of ScheduleOptions */
    bool meets;         /* as of those, and there are several kernels */
    bool full;          /* an index has had no room for a term */
} Schedule;

/* Which outputs may be absent when the code runs: bit o of `optional` is output
 * o, at most 32 of them. Work for them alone carries their bits as its tag. And
 * whether statements are kernels with a thread for each turn of their loops;
 * whether these are phases of one, whose blocks meet at a word at the arena's
 * start.
 */
typedef struct {
    uint32_t optional;
    const bool *wall; /* by node, or NULL: the nodes are taken just as they
                         stand, and no loop of such a one or a later one joins
                         what stands before */
    bool kernels;
    bool meets;
    bool checks; /* each value is looked at as it is made */
} ScheduleOptions;

/* fuse.c: the schedule of an optimised graph, in the context's scratch memory;
 * NULL, after a diagnostic, where what is computed is not in order: a fault of
 * fluxc.
 */
Schedule *schedule_graph(const Graph *g, const ScheduleOptions *options);

/* fuse_kernels.c: how many statements of a block, from a place on, are one
 * kernel: a call, loops, a loop over steps with kernels inside, or statements
 * that one thread does in turn.
 */
size_t schedule_kernel(const Schedule *s, const Block *block, size_t from);
bool schedule_is_step_loop(const Schedule *s, const Stmt *stmt);
/* Whether a product ends in an epilogue. */
bool schedule_is_epilogue(EndKind kind);
/* Whether a statement is a call or has one. */
bool schedule_calls(const Stmt *stmt);
/* Whether a loop takes steps only of accumulators that begin in it. */
bool schedule_is_closed(const Schedule *s, const Stmt *stmt);
/* Whether a loop's turns need nothing of each other. */
bool schedule_is_parallel(const Schedule *s, const Stmt *stmt);

/* share.c: finds the loops over samples that threads can share. */
void schedule_apart(Schedule *s);

/* fuse_buffers.c: the leaf whose memory a buffer is, as a buffer; or itself. */
int schedule_memory(const Schedule *s, int buffer);

/* plan.c: memory. What is wrong with the schedule, if anything is. */
const char *schedule_plan(Schedule *s);
/* Whether two buffers have bytes of the arena in common. */
bool schedule_overlap(const Schedule *s, int a, int b);
/* The bytes of the arena, but for the start of its first cache line; those of
 * them that stand before its slots.
 */
Sizes schedule_arena(const Schedule *s);
Dim schedule_head(const Schedule *s);
/* How many there are for a batch of so many samples: no more than for a block.
 * And how many of them a buffer's elements are for.
 */
Dim schedule_each(Each each, Dim samples);
Dim schedule_held(Each each);
void sizes_add(Sizes *sizes, Dims *dims, Size size);
/* Adds bytes to each. */
void sizes_grow(Sizes *sizes, Dims *dims, Dim bytes);
/* The largest for numbers of the dimensions. */
int64_t sizes_value(const Sizes *sizes, const Dims *dims,
                    const int64_t *symbol);
/* affine.c: indices. */
int schedule_var(const Schedule *s, int var); /* through aliases */
int schedule_key(const Schedule *s, int var); /* a within's block */
Affine affine_of(Dim start);
Affine affine_var(int var);
void affine_add(Schedule *s, Affine *sum, const Affine *a);
void affine_scale(Schedule *s, Affine *a, Dim factor);
void affine_subtract(Schedule *s, Affine *sum, const Affine *a);
bool affine_same(const Schedule *s, const Affine *a, const Affine *b);
/* The factor of a loop's variable; 0 where it has none; -1: not simple. */
bool affine_factor(const Schedule *s, const Affine *a, int key, Dim *factor);
void affine_drop(const Schedule *s, Affine *a, int key);
/* Whether 0 ≤ a < limit whatever the variables and dimensions are. */
bool affine_below(Schedule *s, const Affine *a, Dim limit);
/* Whether a ≤ b for all dimensions of at least 1. */
bool dim_at_most(Dims *dims, Dim a, Dim b);
/* The same where dimensions other than the batch can be 0: for sizes of memory.
 */
bool dim_fits(Dims *dims, Dim a, Dim b);

/* Calls function for every access of a statement, nested ones too; loads come
 * before the stores of the same statement.
 */
typedef void AccessFunction(void *user, int *buffer, Affine *at, bool store);
void schedule_accesses(Schedule *s, Stmt *stmt, AccessFunction *function,
                       void *user);

#endif
