/* Prints a schedule's loops as C. */
#ifndef FLUXC_EMIT_C_PRINT_H
#define FLUXC_EMIT_C_PRINT_H

#include "emit/c/c_scope.h"
#include "emit/emit.h"
#include "emit/text/writer.h"
#include "pass/schedule.h"

/* How C reaches a buffer's memory. */
typedef struct {
    const char *text; /* "x", "m->layer1.W"; NULL: not named yet */
    bool scalar;      /* the object itself, not an array */
} Memory;

/* Behind the code that a line of the source has made, under -g. */
#define LINES_END "#line 0\n"

typedef struct Printer Printer;
struct Printer {
    Schedule *s;
    Writer *writer;
    Arena *arena;
    Memory *memory;                    /* by buffer */
    size_t *use;                       /* by buffer: c_nest_params.c's */
    const char *dim_text[DIM_SYMBOLS]; /* the named dimensions in C */
    const char *seed;                  /* of random nodes, in C */
    CScope scope;
    const char **var;   /* by variable: its name, or NULL */
    const char **value; /* by value: its name, or NULL */
    const char **accumulator;
    const char **best; /* argmax: the greatest so far; of a maximum that 16
                        * threads find, where that was: NULL for others */
    int *uses;         /* by value */
    bool *bound;       /* by value: has a name, for its line was too long */
    bool again;        /* a line was too long: print once more */
    const char *isa;   /* the instruction set, in C; NULL: the best, in place */
    const char *pool;  /* what products share threads of, in C; NULL: none */
    const char *rights;   /* the list of the products of one call, in C */
    const char *function; /* its name, for its parts */
    Writer *parts;        /* their definitions; NULL: none */
    int part;             /* how many of a grid's kernels there are */
    struct Nests *nests;  /* what nests are functions already; NULL: none are */
    int shares;           /* how many loops threads share */
    const Stmt *flat;     /* a loop whose number of turns is `count`, or NULL */
    const char *count;
    bool nested;        /* nests of the body are functions */
    bool calls;         /* and nothing is left in what is printed that is worth
                         * vectors */
    const char *block;  /* of such a loop while it is printed: the samples of
                         * a block; NULL: none */
    const char *begin;  /* and those of a thread */
    const char *thread; /* its number, and how many there are */
    const char *threads;
    const char *end;
    const Stmt *around;  /* the loop that is being printed, or NULL */
    bool written_out;    /* its turns are written out */
    const Affine *store; /* where the statement stores; NULL: nowhere */
    /* What stands above a loop nest; may be NULL. */
    /* What stands above a statement; true where it is a mark as well, which
     * LINES_END ends.
     */
    bool (*comment)(Printer *printer, const Stmt *stmt);
    /* Opens and closes what is only for optional outputs; may be NULL. */
    const char *(*condition)(Printer *printer, uint32_t tag);
    /* Looks at a value that has just got a name, or at memory that is read;
     * may be NULL.
     */
    void (*check)(Printer *printer, const char *text, Ref node);
    const char *work;      /* the function's flux_work, for check */
    bool device;           /* CUDA, which is C++: pointers are cast */
    EmitMath math;         /* of its products */
    const char *tile;      /* of the product that is printed */
    const char *shared;    /* and the memory that it is made in */
    const char *gemm;      /* who makes large ones, in C; NULL: kernels */
    const char *arrived;   /* the word that blocks meet at */
    struct CudaGrid *grid; /* cuda_grid.c's, of a kernel that is being
                            * printed for all; NULL: each has its own */
    bool phase;            /* what is headed now is one's */
    const char *blocks;    /* the lines that say how many blocks it has
                            * work for, or NULL */
    bool by_name;          /* kernels are launched by their names, with
                              pointers to their arguments */
    const Stmt *lanes;     /* whose body 16 threads share, or NULL */
    const char *turn;      /* the variable of a loop in it */
    bool *share;           /* by buffer: a local array in it, of which each
                            * thread has every 16th element */
    struct Layers *layers; /* c_layers.c's, once they are asked for */
    bool alike;            /* nests of one text are one: names of arrays
                            * say nothing of what is around */
    void *user;
};

/* Turns of a loop that are written out, at most. */
enum { FEW_TURNS = 4 };

/* An expression and how tight it binds. */
typedef enum {
    PREC_ternary = 1,
    PREC_or,
    PREC_and,
    PREC_equal,
    PREC_compare,
    PREC_add,
    PREC_multiply,
    PREC_unary,
    PREC_primary
} Prec;

typedef struct {
    const char *text;
    Prec prec;
} Expr;

void printer_init(Printer *printer, Schedule *s, Writer *writer);

/* A name that is not in scope: the wished one, or with a number behind. */
const char *printer_name(Printer *printer, const char *wish);

/* Prints all statements; declares local arrays. */
void printer_body(Printer *printer);

/* Prints until no line is too long. */
void printer_repeat(Printer *printer, void (*print)(Printer *printer));

/* The body of a loop; of NULL, the whole program. */
void printer_block(Printer *printer, const Stmt *loop);

/* The head of a loop, with its brace where it is not `single`. */
void printer_loop(Printer *printer, const Stmt *stmt, bool single);

/* A name for a variable. */
const char *printer_var(Printer *printer, const LoopVar *var);

/* The same with the type of what it names, for parts: "float *". */
const char *printer_typed(Printer *printer, const char *wish, const char *type);

/* c_statement.c: statements that hold no others. */
void c_let(Printer *printer, int value);
void c_store(Printer *printer, const Stmt *stmt);
void c_init(Printer *printer, const Stmt *stmt);
void c_step(Printer *printer, const Stmt *stmt);

/* c_call.c: a call. The extent of one of its variables, as far as the call sees
 * it; the factor of such a variable in one of its accesses, from which the
 * variable goes to the start of what the call does.
 */
void c_call(Printer *printer, const Stmt *stmt);
const char *c_call_count(Printer *printer, int var);
Dim c_call_stride(Printer *printer, Affine *at, int var);
/* Of a product: where its three accesses begin, and their factors of the rows,
 * columns and terms.
 */
void c_call_strides(Printer *printer, const Product *product, Affine *at,
                    Dim (*stride)[3]);

/* c_part.c: a body, its parameters with and without their types. */
typedef struct {
    const char *name;
    const char *formal;
    const char *actual;
    const char *given;   /* what a nest's call has in their places */
    const char *body;    /* lines */
    const char *comment; /* above it; NULL: none */
    const char *lines;   /* the same as lines; NULL: none */
    bool uses_isa;
    bool calls;  /* it does no more than call others */
    bool narrow; /* and for vectors of 512 bits there is none of its own */
} PartText;

/* What a body names and has a type becomes its parameters. */
void part_names(const Printer *printer, PartText *part);

/* Whether a text names something, outside of comments. */
bool c_mentions(const char *text, const char *name);

/* `text`, which declares pointers, without those that neither its other lines
 * nor the text behind it name.
 */
const char *part_pointers(const Printer *printer, const char *text,
                          const char *behind);

/* Writes a function for each instruction set (flux_isa.h); NAME_isa calls it.
 * Of calls it is one for all of them, NAME_calls. */
void part_for_each_isa(Writer *to, const PartText *part, const char *isa);

/* Writes a function of a body, for each instruction set where the printer names
 * one; its call, on the instruction set `isa`.
 */
const char *part_function(const Printer *printer, Writer *to, const char *name,
                          const char *body, const char *isa);

/* The same of a body that ends in the return of a flux_status, which its call
 * returns as well.
 */
const char *part_status(const Printer *printer, Writer *to, const char *name,
                        const char *body);

/* How many loops and calls a block has, not counting those in loops. */
size_t part_nests(const Block *block);

/* c_nest.c: the functions that nests of a file are, whose names begin with a
 * prefix; how many there are, and without those from there on.
 */
typedef struct Nests Nests;
Nests *nests_new(Arena *arena, const char *prefix);
size_t nests_mark(const Nests *nests);
void nests_leave(Nests *nests, size_t mark);

/* Whether those of a body are; prints a nest as a call of such a function,
 * false where it is none.
 */
bool nests_needed(const Printer *printer, const Block *block);

/* Whether a loop over blocks has nests, which are functions, and calls alone.
 */
bool nests_alone(const Printer *printer, const Stmt *loop);
bool nest_print(Printer *printer, const Stmt *stmt);

/* The same for what a function prints of a loop: its name, parameters, body and
 * call, by the wished name; whether such a function has still to be written.
 */
typedef void NestPrint(Printer *printer, const Stmt *stmt);
bool nest_define(Printer *printer, const Stmt *stmt, NestPrint *print,
                 const char *wish, PartText *part);

/* c_comment.c: what it does, as the end of a name. */
const char *c_nest_wish(Printer *printer, const Stmt *stmt);

/* The lines of its comment. */
const char *c_comment_lines(Printer *printer, const Stmt *stmt);

/* c_share.c: prints a loop that threads share, as such a function; false where
 * it is none.
 */
bool share_print(Printer *printer, const Stmt *loop);

/* One statement of the schedule; and with what stands above it. */
void printer_stmt(Printer *printer, const Stmt *stmt);
void printer_headed(Printer *printer, const Stmt *stmt);

/* c_expr.c */
const char *c_type(DType dtype);
const char *c_suffix(DType dtype); /* of kernels: "f32" */
const char *c_order(Order order);  /* FLUX_SEQ */
const char *c_number(Arena *arena, DType dtype, double value);
Expr c_value(Printer *printer, int value);
Expr c_compute(Printer *printer, int value); /* not by its name */
const char *c_at_least(Printer *printer, Expr expr, Prec prec);

/* c_index.c: and whether two buffers may be the same memory. */
Expr c_dim(Printer *printer, Dim dim);
Expr c_affine(Printer *printer, const Affine *at);
const char *c_load(Printer *printer, int buffer, const Affine *at);
const char *c_pointer(Printer *printer, int buffer, const Affine *at);
bool c_same_memory(const Schedule *s, int a, int b);

/* c_narrow.c: whether vectors of 512 bits would do a nest no sooner than those
 * of 256.
 */
bool c_narrow(const Schedule *s, const Stmt *nest);

/* c_apart.c: whether no turn of a loop touches what another stores, which a C
 * compiler would not find out by itself; whether two buffers that may be the
 * same memory begin at one place and have elements of one size.
 */
bool c_apart(Schedule *s, const Stmt *loop);
bool c_begin_together(const Schedule *s, int a, int b);

/* cuda_lanes.c: whether what is printed stands in the body itself that 16
 * threads share: each does all of it, but of its loops and sums every 16th
 * turn. A sum; whether a loop finds a maximum; what gives all of them those
 * that it has found.
 */
bool cuda_shares(const Printer *printer);
bool cuda_lanes_find(const Printer *printer, int accumulator);
const char *cuda_lanes_sum(Printer *printer, const Value *value);
void cuda_lanes_join(Printer *printer, const Stmt *loop);

/* c_choice.c: c ? a : b; a padded load. */
Expr c_select(Printer *printer, const Value *value);
Expr c_guard(Printer *printer, const Value *value);

/* c_nan.c: a look at reads of what had no name when it was made. */
void c_check_reads(Printer *printer, int value);

#endif
