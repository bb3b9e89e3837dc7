/* A line of C as pieces.
 *
 * The text is laid out already, so its spaces tell what an operator is: one
 * with a space on both sides has two operands.
 */
#include "emit/text/line_piece.h"

#include <ctype.h>
#include <string.h>

bool
piece_is(const Piece *piece, const char *text)
{
    return strlen(text) == piece->length &&
           memcmp(piece->text, text, piece->length) == 0;
}

static bool
is_letter(char c)
{
    return isalpha((unsigned char)c) || c == '_' || (unsigned char)c >= 0x80;
}

bool
piece_is_name(const Piece *piece, bool basic)
{
    static const char *const types[] = {"char",   "double",   "float",
                                        "int",    "long",     "short",
                                        "signed", "unsigned", "void"};
    static const char *const words[] = {"const",  "else",    "extern", "for",
                                        "if",     "return",  "sizeof", "static",
                                        "struct", "typedef", "while"};
    if (piece->kind != PIECE_word || !is_letter(*piece->text))
        return false;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (piece_is(piece, words[i]))
            return false;
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (piece_is(piece, types[i]))
            return basic;
    return true;
}

static const struct {
    const char *text;
    int level;
} operators[] = {
    {"<<=", LEVEL_assign}, {">>=", LEVEL_assign}, {"||", LEVEL_or},
    {"&&", LEVEL_and},     {"==", LEVEL_equal},   {"!=", LEVEL_equal},
    {"<=", LEVEL_less},    {">=", LEVEL_less},    {"<<", LEVEL_shift},
    {">>", LEVEL_shift},   {"+=", LEVEL_assign},  {"-=", LEVEL_assign},
    {"*=", LEVEL_assign},  {"/=", LEVEL_assign},  {"%=", LEVEL_assign},
    {"&=", LEVEL_assign},  {"|=", LEVEL_assign},  {"^=", LEVEL_assign},
    {"->", LEVEL_member},  {"++", LEVEL_none},    {"--", LEVEL_none},
    {"=", LEVEL_assign},   {"|", LEVEL_bit_or},   {"^", LEVEL_bit_xor},
    {"&", LEVEL_bit_and},  {"<", LEVEL_less},     {">", LEVEL_less},
    {"+", LEVEL_add},      {"-", LEVEL_add},      {"*", LEVEL_mul},
    {"/", LEVEL_mul},      {"%", LEVEL_mul},
};

/* How many bytes of a string, a comment, a name or a number begin there. */
static size_t
word_length(const char *at)
{
    size_t n = 0;
    if (*at == '"' || *at == '\'') {
        for (n = 1; at[n] != 0 && at[n] != *at; n++)
            n += at[n] == '\\' && at[n + 1] != 0;
        return n + (at[n] != 0);
    }
    if (strncmp(at, "/*", 2) == 0) {
        const char *end = strstr(at + 2, "*/");
        return end != NULL ? (size_t)(end - at) + 2 : strlen(at);
    }
    bool number = isdigit((unsigned char)at[*at == '.']);
    while (is_letter(at[n]) || isdigit((unsigned char)at[n]) ||
           (number && at[n] == '.') ||
           (number && n > 0 && at[n] != 0 && strchr("+-", at[n]) != NULL &&
            strchr("eEpP", at[n - 1]) != NULL))
        n++;
    return n;
}

/* A `*`, `&` or `-` before what it belongs to: of a type, or of a value. */
static PieceKind
prefix_kind(const Piece *piece, const Piece *before)
{
    bool type = *piece->text == '*' && before != NULL &&
                (piece_is_name(before, true) || piece_is(before, "const") ||
                 before->kind == PIECE_pointer);
    return type ? PIECE_pointer : PIECE_unary;
}

/* An operator, at `text`, of which some have two operands. */
static void
read_operator(Piece *piece, const Piece *before)
{
    size_t i = 0;
    size_t count = sizeof operators / sizeof *operators;
    while (i < count && strncmp(piece->text, operators[i].text,
                                strlen(operators[i].text)) != 0)
        i++;
    piece->length = i < count ? strlen(operators[i].text) : 1;
    int level = i < count ? operators[i].level : LEVEL_none;
    if (level == LEVEL_member) {
        piece->kind = PIECE_member;
        piece->level = level;
    } else if (piece->space > 0 && piece->text[piece->length] == ' ' &&
               level != LEVEL_none) {
        piece->kind = PIECE_operator;
        piece->level = level;
    } else if (level != LEVEL_none || strchr("!~", *piece->text) != NULL) {
        piece->kind = prefix_kind(piece, before);
    }
}

/* The piece that begins at piece->text. */
static void
read_piece(Piece *piece, const Piece *before)
{
    *piece = (Piece){.text = piece->text,
                     .space = piece->space,
                     .level = LEVEL_none,
                     .column = -1};
    piece->length = word_length(piece->text);
    if (piece->length > 0) {
        if (*piece->text == '/')
            piece->kind = PIECE_comment;
        return;
    }
    piece->length = 1;
    switch (*piece->text) {
    case '(':
    case '[':
        piece->kind = PIECE_open;
        break;
    case ')':
    case ']':
        piece->kind = PIECE_close;
        break;
    case ',':
        piece->kind = PIECE_comma;
        piece->level = LEVEL_comma;
        break;
    case ';':
        piece->kind = PIECE_semicolon;
        piece->level = LEVEL_semicolon;
        break;
    case '?':
    case ':':
        piece->kind = *piece->text == '?' ? PIECE_question : PIECE_colon;
        piece->level = LEVEL_choice;
        break;
    case '.':
        if (before != NULL && piece->space == 0) {
            piece->kind = PIECE_member;
            piece->level = LEVEL_member;
        }
        break;
    default:
        read_operator(piece, before);
        break;
    }
}

/* Whether the ) at `end` ends a cast: something stands right behind it, and
 * clang-format sees that by what is in the brackets or by what follows.
 */
static bool
ends_cast(const Piece *item, int end)
{
    const Piece *open = &item[item[end].other];
    const Piece *next = &item[end + 1];
    if (*item[end].text != ')' || next->length == 0 || next->space > 0 ||
        end == item[end].other + 1 ||
        (next->kind != PIECE_word && next->kind != PIECE_unary &&
         next->kind != PIECE_open))
        return false;
    const Piece *last = &item[end - 1];
    if (open > item && (piece_is_name(open - 1, true) || *open[-1].text == ']'))
        return false;
    bool basic = piece_is_name(last, true) && !piece_is_name(last, false);
    return basic || last->kind == PIECE_pointer ||
           (next->kind != PIECE_open && open > item);
}

/* Pairs brackets and says how deep each piece is in them; false if they do not
 * pair, or nest too deep.
 */
static bool
pair_brackets(Pieces *p)
{
    int open[LINE_NESTING];
    int nesting = 0;
    for (int i = 0; i < p->count; i++) {
        Piece *piece = &p->item[i];
        piece->nesting = nesting;
        if (piece->kind == PIECE_open) {
            if (nesting == LINE_NESTING)
                return false;
            open[nesting++] = i;
        } else if (piece->kind == PIECE_close) {
            if (nesting == 0)
                return false;
            piece->other = open[--nesting];
            p->item[piece->other].other = i;
            piece->cast = ends_cast(p->item, i);
        }
    }
    return nesting == 0;
}

Pieces
line_pieces(Arena *arena, const char *line)
{
    Pieces p = {.item = ARENA_ARRAY(arena, Piece, strlen(line) + 1)};
    for (const char *at = line; *at != 0;) {
        Piece *piece = &p.item[p.count];
        piece->space = (int)strspn(at, " ");
        at += piece->space;
        piece->text = at;
        if (*at == 0)
            break;
        read_piece(piece, p.count > 0 ? piece - 1 : NULL);
        for (size_t i = 0; i < piece->length; i++)
            piece->width += ((unsigned char)at[i] & 0xc0) != 0x80;
        at += piece->length;
        p.count++;
    }
    p.item[p.count] = (Piece){.text = ""};
    return pair_brackets(&p) ? p : (Pieces){0};
}
