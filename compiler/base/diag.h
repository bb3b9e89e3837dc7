/* Diagnostics: collected while compiling, printed in the order of their making.
 *
 *     model.net:5:11: error[F0201]: shapes do not fit: (15,21) * (20,)
 *       5 |   softmax(second(l1))
 *         |           ^^^^^^^^^^
 *       in Affine      stdlib/layers.net:10   W * x          W (15,21), x (20,)
 *       in TLP         model.net:5            second(l1)
 *     hint: what to write, where that is known
 */
#ifndef FLUXC_BASE_DIAG_H
#define FLUXC_BASE_DIAG_H

#include "base/intern.h"
#include "base/source.h"

#include <stdio.h>

/* The codes, DIAG_syntax and so on, one a row of diag.def. */
typedef enum {
#define DIAG(name, code, severity, title, text) DIAG_##name,
#include "base/diag.def"
#undef DIAG
    DIAG_COUNT
} DiagCode;

typedef enum { SEVERITY_note, SEVERITY_warning, SEVERITY_error } Severity;

typedef struct {
    const char *code;  /* "F0201": stable */
    Severity severity; /* by default */
    const char *title; /* a line, for lists */
    const char *text;  /* what `fluxc explain F0201` prints */
} DiagInfo;

extern const DiagInfo diag_info[DIAG_COUNT];

/* One level of the stack of models: the model's name, the place of the call or
 * operation in it, and what is known of the shapes there.
 */
typedef struct Frame Frame;
struct Frame {
    const Frame *caller; /* the model that called this one; NULL: the script */
    const char *model;
    Span span;
    Span made;          /* where the instance that was called was, or nowhere */
    const char *shapes; /* "W (15,21), x (20,)" or NULL */
};

typedef struct Diag Diag;
struct Diag {
    DiagCode code;
    Span span;
    const char *message;
    const Frame *frame; /* innermost first, or NULL */
    const char *hint;   /* or NULL */
};

typedef struct {
    Arena *arena;
    const Sources *sources;
    Diag **item;
    size_t count;
    size_t capacity;
    size_t errors;
    size_t limit; /* errors after which no more are kept; 0: 20 */
} Diags;

/* Notes a diagnostic; gives it, so that a frame or hint can be added. Equal
 * ones at one place are kept once.
 */
Diag *diag_add(Diags *diags, DiagCode code, Span span, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
Diag *diag_vadd(Diags *diags, DiagCode code, Span span, const char *format,
                va_list args) __attribute__((format(printf, 4, 0)));
void diag_hint(Diags *diags, Diag *diag, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Prints those from number `first` on; colour is ANSI. */
void diag_print(const Diags *diags, size_t first, FILE *file, bool colour);

/* diag_json.c: prints all of them as JSON, one object a line. */
void diag_json(const Diags *diags, FILE *file);

/* The row with a code such as "F0201"; DIAG_COUNT if there is none. */
DiagCode diag_find(const char *code);

#endif
