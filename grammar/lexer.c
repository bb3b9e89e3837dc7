/* The lexer's state: what is open, white space, the synthetic tokens, and how
 * the text goes on behind a mistake.
 */
#include "grammar/lexer.h"

#include "grammar/net.tab.h"

#include <string.h>

int net_lex(NET_STYPE *value, Span *span, Lexer *lexer);

#define P(T) [TK_##T]
/* The token ends an operand: what follows is infix, postfix or an end. */
static const bool ends_operand[TK_INVALID + 1] = {
    P(IDENT) = 1,     P(NUMBER) = 1,    P(SYMBOL) = 1,   P(COLON_ALL) = 1,
    P(END_INDEX) = 1, P(STR_END) = 1,   P(RPAREN) = 1,   P(RBRACKET) = 1,
    P(RBRACE) = 1,    P(TRANSPOSE) = 1, P(ELLIPSIS) = 1, P(END) = 1,
    P(BREAK) = 1,     P(CONTINUE) = 1,  P(INVALID) = 1};

/* The token begins an operand. */
static const bool starts_operand[TK_INVALID + 1] = {
    P(IDENT) = 1,     P(NUMBER) = 1,   P(SYMBOL) = 1,      P(END_INDEX) = 1,
    P(STR_BEGIN) = 1, P(LPAREN) = 1,   P(STR_TRIPLE) = 1,  P(LBRACKET) = 1,
    P(UNARY) = 1,     P(MACRO) = 1,    P(PREFIX_DECL) = 1, P(FUNCTION) = 1,
    P(IF) = 1,        P(FOR) = 1,      P(WHILE) = 1,       P(BEGIN_) = 1,
    P(LET) = 1,       P(STRUCT) = 1,   P(TYPE) = 1,        P(RETURN) = 1,
    P(BREAK) = 1,     P(CONTINUE) = 1, P(CONST) = 1,       P(COLON_ALL) = 1};

/* A newline behind the token does not end the statement. */
static const bool continues[TK_INVALID + 1] = {
    P(COMMA) = 1,  P(ASSIGN) = 1,      P(OPASSIGN) = 1, P(PAIR) = 1,
    P(OROR) = 1,   P(ANDAND) = 1,      P(CMP) = 1,      P(IN) = 1,
    P(PIPE) = 1,   P(PLUS) = 1,        P(MUL) = 1,      P(POW) = 1,
    P(UNARY) = 1,  P(QUESTION) = 1,    P(TCOLON) = 1,   P(COLON) = 1,
    P(DECL) = 1,   P(PREFIX_DECL) = 1, P(ARROW) = 1,    P(DOT) = 1,
    P(LPAREN) = 1, P(CALL) = 1,        P(DOTCALL) = 1,  P(LBRACKET) = 1,
    P(INDEX) = 1,  P(LBRACE) = 1,      P(NEWLINE) = 1,  P(SEMI) = 1,
    P(ROW) = 1,    P(HSEP) = 1,        P(JUXT) = 1,     P(MSEP) = 1};
#undef P

Open *
lexer_top(Lexer *lexer)
{
    return &lexer->open[lexer->opens - 1];
}

Span
lexer_span(const Lexer *lexer, const char *begin, const char *end)
{
    Span span = {lexer->source, (uint32_t)(begin - lexer->text),
                 (uint32_t)(end - lexer->text)};
    return span;
}

void
lexer_report(Lexer *lexer, DiagCode code, const char *hint, const char *format,
             ...)
{
    va_list args;
    va_start(args, format);
    Diag *diag =
        diag_vadd(&lexer->build->context->diags, code,
                  lexer_span(lexer, lexer->token, lexer->cursor), format, args);
    va_end(args);
    diag->hint = hint;
}

void
lexer_push(Lexer *lexer, OpenKind kind, int token)
{
    if (lexer->opens == LEXER_OPEN) {
        if (!lexer->build->too_deep)
            lexer_report(lexer, DIAG_deep, NULL, "nested deeper than %d levels",
                         LEXER_OPEN);
        lexer->build->too_deep = true; /* the text ends here */
        return;
    }
    Open *open = &lexer->open[lexer->opens++];
    bool inherits = lexer->opens > 1 && kind != OPEN_BLOCK && open[-1].in_index;
    *open = (Open){
        .kind = kind,
        .token = token,
        .span = lexer_span(lexer, lexer->token, lexer->cursor),
        .line = lexer->line,
        .indent = lexer->indent,
        .in_index = kind == OPEN_INDEX || inherits,
        .spaces = kind == OPEN_ARRAY || kind == OPEN_INDEX,
    };
    lexer->blocks += kind == OPEN_BLOCK;
}

void
lexer_pop(Lexer *lexer)
{
    if (lexer->opens > 1) {
        lexer->blocks -= lexer_top(lexer)->kind == OPEN_BLOCK;
        lexer->opens--;
    }
}

void
lexer_pop_brackets(Lexer *lexer)
{
    while (lexer->opens > 1 && lexer_top(lexer)->kind != OPEN_BLOCK)
        lexer_pop(lexer);
}

/* A closing bracket pops its opener; one that fits nothing pops nothing. */
int
lexer_close(Lexer *lexer, OpenKind kind, OpenKind other, int token)
{
    int i = lexer->opens - 1;
    while (i > 0 && lexer->open[i].kind != OPEN_BLOCK &&
           lexer->open[i].kind != kind && lexer->open[i].kind != other)
        i--;
    if (i > 0 && lexer->open[i].kind != OPEN_BLOCK)
        while (lexer->opens > i)
            lexer_pop(lexer);
    return token;
}

static bool
opens_block(int token)
{
    return token == TK_FUNCTION || token == TK_IF || token == TK_FOR ||
           token == TK_WHILE || token == TK_BEGIN_ || token == TK_LET ||
           token == TK_DO || token == TK_STRUCT || token == TK_TYPE;
}

void
lexer_recover(Lexer *lexer, int unexpected)
{
    if (unexpected == TK_NEWLINE || unexpected == TK_SEMI ||
        unexpected == TK_END)
        return; /* the parser stands at the place already */
    lexer->recover = true;
    lexer->recover_blocks = lexer->blocks - opens_block(unexpected);
}

/* Goes to the next line. */
static void
new_line(Lexer *lexer)
{
    const char *p = ++lexer->cursor;
    lexer->line++;
    lexer->line_start = p;
    while (*p == ' ' || *p == '\t')
        p++;
    lexer->indent = (uint32_t)(p - lexer->line_start);
}

/* Skips a comment `#= … =#`, which may hold others. */
static void
skip_comment(Lexer *lexer)
{
    const char *p = lexer->cursor + 2;
    lexer->token = lexer->cursor;
    int depth = 1;
    for (; depth && p < lexer->end; p++) {
        if (p[0] == '#' && p[1] == '=') {
            depth++;
            p++;
        } else if (p[0] == '=' && p[1] == '#') {
            depth--;
            p++;
        } else if (*p == '\n') {
            lexer->line++;
            lexer->line_start = p + 1;
        }
    }
    if (depth) {
        lexer->cursor += 2;
        lexer->text_unfinished = true;
        lexer_report(lexer, DIAG_unclosed, NULL,
                     "this comment `#=` is never closed by `=#`");
    }
    lexer->cursor = p < lexer->end ? p : lexer->end;
}

/* Skips white space and comments; says whether there were any, and a newline.
 */
static void
skip(Lexer *lexer, bool *space, bool *newline)
{
    for (;; *space = true) {
        const char *p = lexer->cursor;
        if (*p == ' ' || *p == '\t' || *p == '\r') {
            lexer->cursor++;
        } else if (*p == '\n') {
            *newline = true;
            new_line(lexer);
        } else if (*p == '#' && p[1] == '=') {
            skip_comment(lexer);
        } else if (*p == '#') {
            while (p < lexer->end && *p != '\n')
                p++;
            lexer->cursor = p;
        } else {
            return;
        }
    }
}

/* The line goes back to where the bracket's line began: two operands side by
 * side there, or an error before, mean that it was never closed.
 */
static bool
gives_up(const Lexer *lexer, const Open *top)
{
    const char *p = lexer->cursor;
    bool keyword = lexer_word_at(p, "end") || lexer_word_at(p, "else") ||
                   lexer_word_at(p, "function") || lexer_word_at(p, "struct") ||
                   *p == '@' || p >= lexer->end;
    bool operand = lexer_is_word(*p) || *p == '@';
    return lexer->recover || (operand && ends_operand[lexer->prev] &&
                              (keyword || top->kind != OPEN_ARRAY));
}

/* Whether the newline before the cursor counts: gives NEWLINE, ROW or 0. */
static int
newline_token(Lexer *lexer)
{
    const Open *top = lexer_top(lexer);
    const char *p = lexer->cursor;
    bool closes = *p == ')' || *p == ']' || *p == '}' || p >= lexer->end;
    if (top->kind == OPEN_BLOCK) {
        if (top->ternary && *p == ':' && lexer_is_space(p[1]))
            return 0;
        return continues[lexer->prev] ? 0 : TK_NEWLINE;
    }
    if (!closes && (size_t)(p - lexer->line_start) <= top->indent &&
        gives_up(lexer, top)) {
        lexer->unclosed = *top;
        lexer_pop_brackets(lexer);
        return TK_NEWLINE;
    }
    if (top->kind != OPEN_ARRAY && top->kind != OPEN_INDEX)
        return 0;
    bool goes_on = continues[lexer->prev] || closes || *p == ',' || *p == ';' ||
                   lexer_word_at(p, "for") || lexer_word_at(p, "if");
    return goes_on ? 0 : TK_ROW;
}

/* The synthetic token between two operands side by side, or 0. */
static int
glue(const Lexer *lexer, const Open *top, int token, bool space)
{
    if (top->spaces && space)
        return TK_HSEP;
    if (top->header && space)
        return TK_NEWLINE;
    if (top->macro && space &&
        (token == TK_IDENT || token == TK_NUMBER || token == TK_SYMBOL ||
         token == TK_STR_BEGIN || token == TK_STR_TRIPLE))
        return TK_MSEP;
    if (lexer->prev == TK_NUMBER && !space &&
        (token == TK_IDENT || token == TK_LPAREN))
        return TK_JUXT;
    return 0;
}

static int
next(Lexer *lexer)
{
    bool space = false;
    bool newline = false;
    if (lexer->build->too_deep)
        return TK_END_OF_FILE;
    if (lexer_top(lexer)->kind == OPEN_STRING)
        return lexer_scan_string(lexer);
    skip(lexer, &space, &newline);
    lexer->token = lexer->cursor;
    int token = newline ? newline_token(lexer) : 0;
    if (token)
        return token;

    const char *start = lexer->cursor;
    Open before = *lexer_top(lexer);
    int opens = lexer->opens;
    bool prefix = !ends_operand[lexer->prev];
    token = lexer_scan(lexer, prefix, space);
    if (lexer->build->too_deep)
        return TK_END_OF_FILE;
    int between = 0;
    if (!prefix && starts_operand[token])
        between = glue(lexer, &before, token, space);
    else if (!prefix && before.header && before.kind == OPEN_BLOCK &&
             (token == TK_END || token == TK_ELSE || token == TK_ELSEIF))
        between = TK_NEWLINE; /* nothing in it: `for i in x end` */
    if (between) {            /* the token itself is scanned again */
        while (lexer->opens > opens)
            lexer_pop(lexer);
        *lexer_top(lexer) = before;
        lexer->cursor = lexer->token = start;
        return between;
    }
    return token;
}

/* At the end of the file: what is still open is not closed. */
static void
end_of_file(Lexer *lexer)
{
    const Open *top = lexer_top(lexer);
    if (top->kind != OPEN_BLOCK)
        lexer->unclosed = *top;
    lexer->text_unfinished |=
        top->kind != OPEN_BLOCK || lexer->blocks > 1 ||
        (continues[lexer->prev] && lexer->prev != TK_NEWLINE &&
         lexer->prev != TK_SEMI);
    lexer_pop_brackets(lexer);
    if (lexer->blocks <= 1 || lexer->end_said || lexer->build->too_deep)
        return;
    lexer->end_said = true;
    Diag *diag = diag_add(&lexer->build->context->diags, DIAG_unclosed,
                          lexer_top(lexer)->span, "this has no `end`");
    if (lexer->odd_end)
        diag_hint(&lexer->build->context->diags, diag,
                  "the `end` of line %lu closes line %lu, though it is "
                  "indented less",
                  (unsigned long)lexer->odd_end,
                  (unsigned long)lexer->odd_line);
}

/* Behind an error: whether the parser should see the token. */
static bool
passes(Lexer *lexer, int token)
{
    if (!lexer->recover)
        return true;
    bool deeper = lexer->blocks > lexer->recover_blocks;
    bool stop = token == TK_NEWLINE || token == TK_SEMI;
    if (stop && lexer_top(lexer)->kind == OPEN_BLOCK && !deeper) {
        lexer->recover = false;
    } else if (token == TK_END && deeper) {
        lexer_pop(lexer);
        lexer->prev = TK_END;
        return false;
    } else if (stop || ((token == TK_ELSE || token == TK_ELSEIF) && deeper)) {
        lexer->prev = TK_NEWLINE;
        return false;
    } else if (token == TK_END || token == TK_END_OF_FILE) {
        lexer->recover = false;
    }
    return true;
}

/* What a token that the parser gets changes in what is open. */
static void
deliver(Lexer *lexer, int token)
{
    Open *top = lexer_top(lexer);
    if (token == TK_END) {
        lexer->stray_end = lexer->blocks == 1;
        bool first =
            (uint32_t)(lexer->token - lexer->line_start) == lexer->indent;
        if (!lexer->odd_end && lexer->blocks > 1 && first &&
            lexer->indent < top->indent) {
            lexer->odd_end = lexer->line;
            lexer->odd_line = top->line;
        }
        lexer_pop(lexer);
    }
    if (token == TK_NEWLINE || token == TK_SEMI || token == TK_COMMA ||
        token == TK_ROW) {
        top = lexer_top(lexer);
        top->macro = false;
        top->ternary = 0;
        if (token != TK_COMMA && top->kind == OPEN_BLOCK)
            top->header = false;
    }
}

/* The value of the token between token and cursor. */
static void
set_value(Lexer *lexer, NET_STYPE *value, int token)
{
    switch (token) {
    case TK_IDENT:
    case TK_MACRO:
        value->name = lexer_is_word(*lexer->token) || *lexer->token == '@'
                          ? lexer_name(lexer, lexer->token)
                          : lexer_operator(lexer);
        break;
    case TK_SYMBOL:
    case TK_STR_IDENT:
        value->name = lexer_name(lexer, lexer->token + 1);
        break;
    case TK_NUMBER:
        value->number = lexer_number(lexer);
        break;
    case TK_STR_PART:
        value->text = lexer_text(lexer);
        break;
    default:
        value->op.name = lexer_operator(lexer);
        value->op.span = lexer_span(lexer, lexer->token, lexer->cursor);
    }
}

/* The parser's next token. The end of a line or of the file has its place
 * directly behind the token before.
 */
int
net_lex(NET_STYPE *value, Span *span, Lexer *lexer)
{
    int token;
    do {
        lexer->unclosed.token = 0;
        token = next(lexer);
        if (token == TK_END_OF_FILE)
            end_of_file(lexer);
    } while (!passes(lexer, token));
    deliver(lexer, token);
    *span = lexer_span(lexer, lexer->token, lexer->cursor);
    if (token == TK_NEWLINE || token == TK_END_OF_FILE) {
        span->begin = span->end = lexer->prev_end;
    } else {
        lexer->prev_end = span->end;
        set_value(lexer, value, token);
    }
    lexer->prev = token;
    return token;
}

void
lexer_start(Lexer *lexer, Build *build, uint32_t source, const char *text,
            uint32_t size)
{
    *lexer = (Lexer){0};
    lexer->build = build;
    lexer->source = source;
    lexer->text = text;
    lexer->end = text + size;
    bool mark = size >= 3 && !memcmp(text, "\xEF\xBB\xBF", 3);
    lexer->cursor = lexer->token = lexer->line_start = text + (mark ? 3 : 0);
    lexer->line = 1;
    lexer->prev = TK_NEWLINE;
    lexer->prev_end = mark ? 3 : 0;
    lexer->open = ARENA_ARRAY(&build->context->arena, Open, LEXER_OPEN);
    lexer_push(lexer, OPEN_BLOCK, 0);
    const char *p = lexer->cursor;
    while (*p == ' ' || *p == '\t')
        p++;
    lexer->indent = (uint32_t)(p - lexer->cursor);
}
