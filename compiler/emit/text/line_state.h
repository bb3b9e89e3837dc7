/* A line laid out up to a piece, and what comes next of it. */
#ifndef FLUXC_EMIT_LINE_STATE_H
#define FLUXC_EMIT_LINE_STATE_H

#include "emit/text/line_piece.h"

/* What holds in brackets or in an expression of operators. */
enum {
    FLAG_broken = 1,   /* a line has ended in it */
    FLAG_spread = 2,   /* one has ended deeper in it: parts begin lines */
    FLAG_whole = 4,    /* no line may end in it, */
    FLAG_operand = 8,  /* nor in the operand at hand */
    FLAG_wrapped = 16, /* the operator at hand began a line */
    FLAG_chain = 32,   /* goes on behind brackets, x[i].y: no line before . */
};

/* Columns that matter in brackets or an expression; 0 where there is none. */
typedef struct {
    int indent; /* of lines in it */
    int last;   /* of its part that was begun last */
    int call;   /* of what calls a function */
    int member; /* of the first . or -> that began a line */
    int subscript;
    int question;
    unsigned flags;
} Level;

typedef struct State State;
struct State {
    const State *from;
    State *alike; /* of those taken: the next in the same list */
    int64_t cost;
    int made; /* how many states were made before */
    int next; /* the piece that comes next */
    int column;
    int line;     /* the nesting at which the line began, */
    int lowest;   /* and the lowest since */
    int begun;    /* the piece that began a line since `from`, or 0, */
    int begun_at; /* and its column */
    int depth;
    uint32_t hash;
    Level level[]; /* outer ones first */
};

/* The line that is broken. */
typedef struct {
    Pieces piece;
    int indent;
    int columns;
} Layout;

/* Whether the next piece may begin a line, and whether it must. */
bool line_can_break(const Layout *layout, const State *state);
bool line_must_break(const Layout *layout, const State *state);

/* A state that is zero, behind the first piece and those that have to follow. A
 * state has room for piece.depth + 1 levels.
 */
void line_start(const Layout *layout, State *state);

/* Lays the next piece, on a new line or not, and those that have to follow. */
void line_lay(const Layout *layout, State *state, bool newline);

#endif
