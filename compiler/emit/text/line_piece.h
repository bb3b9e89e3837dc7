/* The pieces of a line of C, for those who break it. */
#ifndef FLUXC_EMIT_LINE_PIECE_H
#define FLUXC_EMIT_LINE_PIECE_H

#include "base/arena.h"

#include <stdint.h>

enum { LINE_NESTING = 50 }; /* brackets around a piece, at most */

typedef enum {
    PIECE_word, /* a name, a number, a string, a brace */
    PIECE_comment,
    PIECE_open,  /* ( and [ */
    PIECE_close, /* ) and ] */
    PIECE_comma,
    PIECE_semicolon,
    PIECE_operator, /* with two operands; assignments, too */
    PIECE_question,
    PIECE_colon,
    PIECE_unary,
    PIECE_pointer, /* the * of a type */
    PIECE_member,  /* . and -> */
} PieceKind;

/* How tightly operators bind; also what it costs to break after one. */
enum {
    LEVEL_none = -1,
    LEVEL_semicolon = 0,
    LEVEL_comma = 1,
    LEVEL_assign = 2,
    LEVEL_choice = 3,
    LEVEL_or = 4,
    LEVEL_and = 5,
    LEVEL_bit_or = 6,
    LEVEL_bit_xor = 7,
    LEVEL_bit_and = 8,
    LEVEL_equal = 9,
    LEVEL_less = 10,
    LEVEL_shift = 12,
    LEVEL_add = 13,
    LEVEL_mul = 14,
    LEVEL_unary = 16,
    LEVEL_member = 17,
};

typedef struct {
    const char *text;
    size_t length;
    PieceKind kind;
    int width;      /* columns */
    int space;      /* columns before it */
    int level;      /* of an operator */
    int nesting;    /* brackets around it */
    int other;      /* of a bracket: its partner */
    int next;       /* the next operator of the same group; 0: none */
    bool more;      /* an operator of a group with others */
    bool cast;      /* the ) of a cast */
    bool name;      /* what a declaration declares */
    bool may_break; /* a line may begin with it, which costs: */
    int penalty;
    uint32_t groups; /* bit L: an expression of operators of level L begins */
    int closes;      /* so many of those end with it */
    bool starts;     /* one with two operands begins or ends */
    bool ends;
    int column; /* where it begins a line; -1: it does not */
} Piece;

typedef struct {
    Piece *item;
    int count;
    int depth; /* brackets and groups around a piece, at most */
} Pieces;

/* The pieces of a line; none where its brackets do not pair or nest too deep.
 */
Pieces line_pieces(Arena *arena, const char *line);

/* Their expressions, and what it costs to break before each. */
void line_group(Pieces *pieces, bool declaration);

bool piece_is(const Piece *piece, const char *text);

/* A name of something, also of a type; one that C itself has only if `basic`.
 */
bool piece_is_name(const Piece *piece, bool basic);

#endif
