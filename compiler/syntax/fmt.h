/* The canonical layout of .net text, from its tokens.
 *
 * Lines stay where the author broke them, and numbers, strings and comments as
 * they were written; indentation, the space between tokens, blank lines and the
 * columns of comments are the formatter's. Formatting twice changes nothing
 * more, and the syntax tree stays the same.
 */
#ifndef FLUXC_SYNTAX_FMT_H
#define FLUXC_SYNTAX_FMT_H

#include "base/arena.h"

#include <stdbool.h>
#include <stdint.h>

typedef enum {
    FMT_OPERAND, /* a name, number, symbol, or a whole string */
    FMT_WORD,    /* return, const, export, for of a generator … */
    FMT_USE,     /* using, import: their `:` is no range */
    FMT_BLOCK,   /* opens a block: function, if, … */
    FMT_MIDDLE,  /* else, elseif */
    FMT_END,
    FMT_OPEN, /* a bracket that begins an operand */
    FMT_CALL, /* a bracket behind an operand */
    FMT_CLOSE,
    FMT_COMMA,
    FMT_SEMI,
    FMT_UNARY,   /* glued to what follows */
    FMT_POSTFIX, /* glued to what precedes */
    FMT_JOIN,    /* glued on both sides: `.`, `::` */
    FMT_POWER,
    FMT_TERM, /* + - * / and their like */
    FMT_RANGE,
    FMT_ASSIGN,
    FMT_BINARY,  /* all looser operators */
    FMT_FILE_END /* the last token, empty */
} FmtKind;

typedef struct {
    FmtKind kind;
    uint32_t begin; /* bytes of the text */
    uint32_t end;
    bool starts;   /* begins a statement or a row */
    bool glued;    /* behind a number that it is multiplied by: 2x */
    bool argument; /* of a macro, but not the first: @test a ≈ b atol=1 */
} FmtToken;

/* The text in its layout, ended by 0. The text has no mistakes; `count` tokens,
 * the last of which is FMT_FILE_END.
 */
char *fmt_text(Arena *arena, const char *text, const FmtToken *token,
               size_t count, size_t *length);

/* fmt_space.c: for each token, whether it is glued to the one before. */
bool *fmt_glue(Arena *arena, const char *text, const FmtToken *token,
               size_t count);

#endif
