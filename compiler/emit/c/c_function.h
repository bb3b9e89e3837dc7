/* A function of the generated API. */
#ifndef FLUXC_EMIT_C_FUNCTION_H
#define FLUXC_EMIT_C_FUNCTION_H

#include "emit/c/c_model.h"

typedef struct {
    const char *type; /* "const float"; a pointer's without the star */
    const char *name;
    bool pointer;
    bool single;       /* points to one value */
    bool required;     /* NULL is an error */
    bool output;       /* written: may not overlap anything */
    const char *bytes; /* of what it points to, in C; NULL: no memory */
    Dim size;          /* the same, where it depends on dimensions */
    int buffer;        /* of the schedule; -1: none, or members of it */
    bool ranged;       /* its elements are checked: */
    int64_t least;
    int64_t most;
    DType dtype; /* of its elements */
    Dim count;
} Argument;

/* A state that the caller keeps: the elements before it in its array. */
typedef struct {
    const char *name; /* of the leaf, "layer1.h{-1}" */
    Dim before;
} State;

typedef struct {
    const char *name;
    Printer printer;
    VEC(Argument) argument;
    const char *work;  /* the name of the flux_work */
    const char *pool;  /* which function finds the threads that pay */
    bool trains;       /* it is a step, by the mean of its samples */
    const char *arena; /* the bytes it needs, in C; NULL: none */
    const char *seed;  /* in C; NULL: not needed */
    bool seeded_by_work;
    const char *state; /* the argument with the caller's states; NULL: none */
    const char *state_type; /* of its elements, in C */
    bool state_stays;       /* it is only read */
    Dim state_bytes;
    const char *fresh; /* whether it is NULL, in C; NULL: nothing asks */
    const char *reset; /* the call that gives it its initial values */
    VEC(State) kept;   /* the states in it that the schedule has */
    VEC(int) kept_buffer;
    const char *launches; /* CUDA: lines before those of the schedule; NULL */
    const char *queue;    /* CUDA: a function that does the same on a stream of
                             its caller; NULL: there is none */
    Dim more;             /* bytes of arena besides the schedule's */
    bool shared;          /* another function calls its computation: */
    const char *base;     /* a name for where its arena begins; NULL: none */
    const char *begin;    /* that place, in C; NULL: of the flux_work's */
    const char *call;     /* its computation, as lines or as a call */
    bool returns;         /* they end in a return */
    bool seldom;          /* it is not called so often that its time counts */
} Function;

void function_add(Function *f, Argument argument);

/* Its arguments with their types. */
const char *function_arguments(const Function *f);

void function_prototype(const Function *f, Writer *header);
void function_define(Function *f);

/* Its parts: the head, the checks of its arguments, its computation or the call
 * of it, and the end, before which names are marked as unused that the text
 * behind `from` does not have.
 */
void function_open(const Function *f);
void function_checks(Function *f);
void function_compute(const Function *f);
void function_close(const Function *f, size_t from);

/* Puts `(void)name;` before the text from `from` on, for each name that it does
 * not have.
 */
void c_mark_unused(Writer *writer, size_t from, const char *const *name,
                   size_t count);

/* The condition under which an element of a ranged argument is none that may be
 * there.
 */
const char *c_out_of_range(Arena *arena, const Argument *a, const char *index);

/* The condition under which a number of bytes overflows; NULL: never. */
const char *c_too_large(Printer *printer, Dim bytes);

/* c_lengths.c: a condition under which a length is less than what is made of it
 * needs, or NULL.
 */
const char *c_too_short(Printer *printer);

#endif
