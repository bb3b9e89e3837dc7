/* The expressions of a line, and what it costs to break before each piece.
 *
 * An expression is of operators of one level, such as + and -; its operands are
 * expressions of higher levels. All costs are clang-format's.
 */
#include "emit/text/line_piece.h"

enum {
    COST_BRACKET = 20, /* of each bracket around, */
    SUBSCRIPT = 10,    /* of which [ is as many */
};

/* The expressions around operators of one level, outer ones first. */
typedef struct {
    Piece *item;
    int count;
    int at;
} Parser;

static void
put_group(Parser *p, int start, int level)
{
    bool two = level > LEVEL_semicolon && level < LEVEL_unary;
    p->item[start].groups |= 1u << level;
    p->item[start].starts |= two;
    if (p->at < p->count) {
        p->item[p->at - 1].closes++;
        p->item[p->at - 1].ends |= two;
    }
}

static void parse(Parser *p, int level);

static void
parse_choice(Parser *p)
{
    int start = p->at;
    parse(p, LEVEL_or);
    for (int i = 0; i < 2; i++) {
        PieceKind kind = i == 0 ? PIECE_question : PIECE_colon;
        if (p->at >= p->count || p->item[p->at].kind != kind)
            return;
        p->at++;
        parse(p, LEVEL_assign);
    }
    put_group(p, start, LEVEL_choice);
}

static void
parse_unary(Parser *p)
{
    int start = p->at;
    while (p->at < p->count && p->item[p->at].kind == PIECE_unary)
        p->at++;
    int first = p->at;
    parse(p, LEVEL_member);
    while (first-- > start)
        put_group(p, first, LEVEL_unary);
}

static void
parse_brackets(Parser *p)
{
    int close = p->item[p->at].other;
    while (p->at < close) {
        p->at++;
        parse(p, LEVEL_semicolon);
    }
    p->at++;
}

/* An expression of operators that bind as `level` or more tightly. */
static void
parse(Parser *p, int level)
{
    while (p->at < p->count && piece_is(&p->item[p->at], "return"))
        p->at++;
    if (p->at >= p->count || level > LEVEL_member)
        return;
    if (level == LEVEL_choice) {
        parse_choice(p);
        return;
    }
    if (level == LEVEL_unary) {
        parse_unary(p);
        return;
    }
    int start = p->at;
    int latest = 0;
    for (;;) {
        parse(p, level + 1);
        if (p->at >= p->count)
            break;
        Piece *piece = &p->item[p->at];
        if (piece->kind == PIECE_close ||
            (piece->level != LEVEL_none && piece->level < level) ||
            (piece->kind == PIECE_colon && level == LEVEL_assign))
            break;
        if (piece->kind == PIECE_open) {
            parse_brackets(p);
            continue;
        }
        if (piece->level == level) {
            piece->more = latest > 0;
            if (latest > 0) {
                p->item[latest].more = true;
                p->item[latest].next = p->at;
            }
            latest = p->at;
        }
        p->at++;
    }
    if (latest > 0 && (p->at < p->count || level > LEVEL_semicolon))
        put_group(p, start, level);
}

/* Whether a line may begin with a piece. */
static bool
may_break(const Piece *item, int i)
{
    const Piece *right = &item[i];
    const Piece *left = &item[i - 1];
    if (right->kind == PIECE_pointer || right->name)
        return true;
    if (left->kind == PIECE_pointer || left->kind == PIECE_unary ||
        right->kind == PIECE_comment || right->kind == PIECE_close)
        return false;
    if (right->level == LEVEL_choice || left->level == LEVEL_choice)
        return right->level == LEVEL_choice;
    if (*left->text == '(')
        return i < 2 ||
               (item[i - 2].kind != PIECE_operator && !item[i - 2].cast);
    return left->kind == PIECE_operator || left->kind == PIECE_comma ||
           left->kind == PIECE_semicolon || right->kind == PIECE_member ||
           *right->text == '[' ||
           (left->kind == PIECE_close && *left->text == ')' &&
            (piece_is_name(right, true) || piece_is(right, "const")));
}

/* What it costs, were it not in brackets. */
static int
cost(const Piece *item, int i, bool declaration)
{
    const Piece *right = &item[i];
    const Piece *left = &item[i - 1];
    if (left->kind == PIECE_semicolon)
        return 0;
    if (*right->text == '[')
        return *left->text == ']' ? 200 : 500;
    if (right->name)
        return declaration && right->nesting == 0 && *right[1].text == '('
                   ? 60
                   : 200;
    if (right->kind == PIECE_pointer)
        return 190;
    if (left->cast)
        return 100;
    if (right->kind == PIECE_member)
        return right->next == 0 || item[right->next - 1].kind != PIECE_close
                   ? 150
                   : 35;
    bool loop = piece_is(&item[0], "for");
    if (piece_is(left, "="))
        return loop ? 4 : declaration ? 110 : LEVEL_assign;
    if (left->kind == PIECE_open) {
        bool head = i > 1 && (piece_is(&item[i - 2], "for") ||
                              piece_is(&item[i - 2], "if"));
        return declaration ? 100 : head ? 1000 : 19;
    }
    return left->level != LEVEL_none    ? left->level
           : right->level != LEVEL_none ? right->level
                                        : 3;
}

/* How deep and how dear each piece is. */
static void
weigh(Pieces *p, bool declaration)
{
    int weight[LINE_NESTING + 1] = {1};
    int depth = 0;
    for (int i = 0; i < p->count; i++) {
        Piece *piece = &p->item[i];
        if (i > 0) {
            const Piece *before = piece - 1;
            while (before > p->item && piece_is(before, "const"))
                before--;
            piece->name =
                piece_is_name(piece, false) &&
                (piece_is_name(before, true) || before->kind == PIECE_pointer);
            piece->may_break = may_break(p->item, i);
            piece->penalty = cost(p->item, i, declaration) +
                             COST_BRACKET * weight[piece->nesting];
        }
        if (piece->kind == PIECE_open)
            weight[piece->nesting + 1] =
                weight[piece->nesting] + (*piece->text == '[' ? SUBSCRIPT : 1);
        for (uint32_t group = piece->groups; group != 0; group &= group - 1)
            depth++;
        depth += piece->kind == PIECE_open;
        p->depth = depth > p->depth ? depth : p->depth;
        depth -= piece->closes + (piece->kind == PIECE_close);
    }
}

void
line_group(Pieces *pieces, bool declaration)
{
    Parser parser = {.item = pieces->item, .count = pieces->count};
    parse(&parser, LEVEL_semicolon);
    weigh(pieces, declaration);
}
