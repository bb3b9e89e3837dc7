/* Where the pieces of a line go.
 *
 * What is in brackets is aligned with the first of it, or one indentation
 * deeper than what they belong to where they end the line; operands are
 * aligned, too. Where lines end shows how the line is nested: an operand that
 * goes on behind its operator is not broken, and where something is broken,
 * what stands beside it begins a line.
 */
#include "emit/text/line_state.h"

enum {
    INDENT = 4,
    COST_FIRST = 15,       /* of the first line that ends in brackets */
    COST_EXCESS = 1000000, /* of each column too many behind a piece */
};

static int
larger(int a, int b)
{
    return a > b ? a : b;
}

static Level *
top_of(State *state)
{
    return &state->level[state->depth - 1];
}

/* Where the line begins that the next piece begins. */
static int
line_column(const Layout *layout, const State *state)
{
    const Piece *piece = &layout->piece.item[state->next];
    const Piece *before = piece - 1;
    const Level *top = &state->level[state->depth - 1];
    int deeper = larger(top->last, top->indent) + INDENT;
    if (piece->kind == PIECE_member)
        return top->member != 0 ? top->member : deeper;
    if (piece->kind == PIECE_colon && top->question != 0)
        return top->question;
    if (*piece->text == '[')
        return top->subscript != 0 ? top->subscript : deeper;
    if (piece->name && *piece[1].text == '(') /* a function */
        return deeper - INDENT;
    if (piece->kind == PIECE_pointer || piece->name || piece_is(before, "=") ||
        (*before->text == ')' && piece->level == LEVEL_none))
        return deeper;
    return top->indent + (top->indent == layout->indent ? INDENT : 0);
}

bool
line_can_break(const Layout *layout, const State *state)
{
    const Piece *piece = &layout->piece.item[state->next];
    unsigned flags = state->level[state->depth - 1].flags;
    if (!piece->may_break || (flags & (FLAG_whole | FLAG_operand)) != 0)
        return false;
    if (piece[-1].kind == PIECE_open)
        return state->lowest >= state->line || state->lowest >= piece->nesting;
    return piece->kind != PIECE_member || (flags & FLAG_chain) == 0;
}

/* Whether a line has to begin with the next piece, a . or -> that would stand
 * at `column` there: the member does not fit, or others began lines.
 */
static bool
must_break_member(const Layout *layout, const State *state, int column)
{
    const Piece *piece = &layout->piece.item[state->next];
    const Level *top = &state->level[state->depth - 1];
    int end = state->column;
    for (int i = state->next + 1; i <= piece->next; i++)
        end += layout->piece.item[i].space + layout->piece.item[i].width;
    if (end > layout->columns &&
        (state->column > column || piece->nesting < state->line))
        return true;
    return piece[-1].kind == PIECE_close &&
           (top->member != 0 || (top->flags & FLAG_spread) != 0);
}

bool
line_must_break(const Layout *layout, const State *state)
{
    const Piece *piece = &layout->piece.item[state->next];
    const Piece *before = piece - 1;
    int column = line_column(layout, state);
    if (piece->kind == PIECE_member)
        return must_break_member(layout, state, column);
    if ((state->level[state->depth - 1].flags & FLAG_spread) == 0)
        return false;
    if (before->kind == PIECE_comma || before->kind == PIECE_semicolon ||
        piece->level == LEVEL_choice)
        return true;
    if (before->kind != PIECE_operator || before->level == LEVEL_assign ||
        state->column <= column)
        return false;
    bool compares = before->level == LEVEL_equal || before->level == LEVEL_less;
    return !compares || before[-1].ends;
}

/* Whether an operand behind `before` is not to be broken. */
static bool
keeps_operand(const Piece *before, const Level *top)
{
    if (before->kind == PIECE_colon)
        return (top->flags & FLAG_wrapped) == 0;
    if (before->kind == PIECE_operator)
        return before->more && before->level != LEVEL_assign &&
               before->level != LEVEL_less;
    return before->kind == PIECE_comma && before->more;
}

/* Whether a part of the topmost brackets begins with a piece. */
static bool
begins_part(const Layout *layout, const State *state, const Piece *piece)
{
    const Piece *before = piece - 1;
    if (before->kind == PIECE_operator)
        return before->level != LEVEL_assign || piece->starts;
    if (before->kind != PIECE_open)
        return before->kind == PIECE_comma || before->level == LEVEL_choice;
    if (before > layout->piece.item &&
        (piece_is(before - 1, "if") || piece_is(before - 1, "for")))
        return true;
    return layout->piece.item[before->other + 1].kind == PIECE_member &&
           state->depth > 1 && state->level[state->depth - 2].member == 0;
}

/* The next piece goes on the line. */
static void
go_on(const Layout *layout, State *state)
{
    const Piece *piece = &layout->piece.item[state->next];
    Level *top = top_of(state);
    if (piece[-1].kind == PIECE_open)
        top->indent = state->column + piece->space;
    if (piece->kind == PIECE_member && piece[-1].kind == PIECE_close &&
        state->column > line_column(layout, state))
        top->flags |= FLAG_chain;
    if (keeps_operand(piece - 1, top))
        top->flags |= FLAG_operand;
    state->column += piece->space;
    if (begins_part(layout, state, piece))
        top->last = state->column;
}

/* The next piece begins a line. */
static void
begin_line(const Layout *layout, State *state)
{
    const Piece *piece = &layout->piece.item[state->next];
    const Piece *before = piece - 1;
    Level *top = top_of(state);
    bool first = (top->flags & FLAG_broken) == 0;
    state->cost += piece->penalty + (first ? COST_FIRST : 0);
    state->column = line_column(layout, state);
    state->begun = state->next;
    state->begun_at = state->column;
    state->line = piece->nesting;
    state->lowest = piece->nesting;
    top->last = state->column;
    top->flags |= FLAG_broken;
    if (piece->kind == PIECE_member && top->member == 0)
        top->member = state->column;
    if (before->kind == PIECE_comma || before->kind == PIECE_semicolon ||
        before->kind == PIECE_operator)
        top->flags &= ~(unsigned)FLAG_spread;
    else if (before->kind != PIECE_open)
        top->flags |= FLAG_spread;
    for (Level *level = state->level; level < top; level++)
        level->flags |= FLAG_spread;
}

/* The expressions that begin with the next piece, the outermost first. */
static void
enter_groups(const Layout *layout, State *state)
{
    const Piece *piece = &layout->piece.item[state->next];
    const Piece *before = state->next > 0 ? piece - 1 : NULL;
    bool opened = before != NULL && before->kind == PIECE_open;
    bool returns = before != NULL && piece_is(before, "return");
    bool flush = opened || returns ||
                 (before != NULL && (before->kind == PIECE_semicolon ||
                                     before->level == LEVEL_assign));
    for (int group = 0; group <= LEVEL_member; group++) {
        if ((piece->groups & 1u << group) == 0)
            continue;
        bool two = group > LEVEL_semicolon && group < LEVEL_unary;
        const Level *out = top_of(state);
        Level in = *out;
        in.flags &= FLAG_spread | FLAG_whole | FLAG_operand | FLAG_chain;
        in.flags |= FLAG_wrapped;
        if ((out->flags & FLAG_operand) != 0)
            in.flags |= FLAG_whole;
        if (group != LEVEL_comma || (before != NULL && !opened))
            in.flags &= ~(unsigned)FLAG_spread;
        if (!returns || two)
            in.indent = larger(larger(state->column, in.indent), out->last);
        if (group == LEVEL_choice || (!flush && two && group > LEVEL_assign))
            in.indent += INDENT;
        if (two)
            in.last = larger(in.last, state->column);
        if (group != LEVEL_choice && piece->kind != PIECE_unary)
            in.call = state->column;
        state->level[state->depth++] = in;
        flush = false;
    }
}

/* Brackets that the next piece ends or begins, and expressions it ends. */
static void
pass_brackets(const Layout *layout, State *state)
{
    const Piece *piece = &layout->piece.item[state->next];
    if (piece->kind == PIECE_close) {
        state->depth--;
        if (*piece->text == ']' && *piece[1].text != '[')
            top_of(state)->subscript = 0;
    } else if (piece->kind == PIECE_open) {
        const Level *out = top_of(state);
        bool whole = (out->flags & (FLAG_whole | FLAG_operand)) != 0;
        state->level[state->depth++] = (Level){
            .indent = larger(out->last, out->call) + INDENT,
            .last = out->last,
            .flags = FLAG_wrapped | (whole ? (unsigned)FLAG_whole : 0u)};
    }
    for (int i = 0; i < piece->closes && state->depth > 1; i++)
        state->depth--;
}

/* Moves past the next piece, which stands at state->column. */
static void
pass(const Layout *layout, State *state, bool newline)
{
    const Piece *piece = &layout->piece.item[state->next];
    Level *top = top_of(state);
    if (piece->kind == PIECE_comma || piece->kind == PIECE_operator)
        top->flags &= ~(unsigned)FLAG_operand;
    if (piece->kind == PIECE_operator || piece->level == LEVEL_choice) {
        top->flags &= ~(unsigned)FLAG_wrapped;
        top->flags |= newline ? (unsigned)FLAG_wrapped : 0u;
    }
    if (*piece->text == '[' && top->subscript == 0)
        top->subscript = state->column;
    if (piece->kind == PIECE_question)
        top->question = state->column;
    if (piece->kind == PIECE_member)
        top->call = piece->next == 0 ? 0 : state->column;
    if (piece->kind != PIECE_open && piece->kind != PIECE_close &&
        piece->kind != PIECE_pointer && piece->nesting < state->lowest)
        state->lowest = piece->nesting;
    enter_groups(layout, state);
    pass_brackets(layout, state);
    state->column += piece->width;
    state->next++;
    int excess = state->column - layout->columns;
    if (excess > 0)
        state->cost += (int64_t)COST_EXCESS * excess;
}

static void
pass_followers(const Layout *layout, State *state)
{
    while (state->next < layout->piece.count &&
           !layout->piece.item[state->next].may_break) {
        go_on(layout, state);
        pass(layout, state, false);
    }
}

void
line_start(const Layout *layout, State *state)
{
    state->column = layout->indent;
    state->depth = 1;
    state->level[0] = (Level){.indent = layout->indent,
                              .last = layout->indent,
                              .flags = FLAG_wrapped};
    pass(layout, state, false);
    pass_followers(layout, state);
}

void
line_lay(const Layout *layout, State *state, bool newline)
{
    if (newline)
        begin_line(layout, state);
    else
        go_on(layout, state);
    pass(layout, state, newline);
    pass_followers(layout, state);
}
