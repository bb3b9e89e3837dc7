/* From the lexer's tokens to the formatter's. */
#include "main/tokens.h"

#include "grammar/lexer.h"
#include "grammar/net.tab.h"

/* The kinds of tokens that are written; strings are joined before. */
#define P(T) [TK_##T]
static const FmtKind kind_of[TK_INVALID + 1] = {
    P(END_OF_FILE) = FMT_FILE_END,
    P(IDENT) = FMT_OPERAND,
    P(SYMBOL) = FMT_OPERAND,
    P(NUMBER) = FMT_OPERAND,
    P(COLON_ALL) = FMT_OPERAND,
    P(END_INDEX) = FMT_OPERAND,
    P(STR_BEGIN) = FMT_OPERAND,
    P(STR_TRIPLE) = FMT_OPERAND,
    P(MACRO) = FMT_WORD,
    P(SEMI) = FMT_SEMI,
    P(ROW) = FMT_SEMI,
    P(COMMA) = FMT_COMMA,
    P(LPAREN) = FMT_OPEN,
    P(LBRACKET) = FMT_OPEN,
    P(CALL) = FMT_CALL,
    P(DOTCALL) = FMT_CALL,
    P(INDEX) = FMT_CALL,
    P(LBRACE) = FMT_CALL,
    P(RPAREN) = FMT_CLOSE,
    P(RBRACKET) = FMT_CLOSE,
    P(RBRACE) = FMT_CLOSE,
    P(ASSIGN) = FMT_ASSIGN,
    P(OPASSIGN) = FMT_BINARY,
    P(PAIR) = FMT_BINARY,
    P(OROR) = FMT_BINARY,
    P(ANDAND) = FMT_BINARY,
    P(CMP) = FMT_BINARY,
    P(IN) = FMT_BINARY,
    P(PIPE) = FMT_BINARY,
    P(QUESTION) = FMT_BINARY,
    P(TCOLON) = FMT_BINARY,
    P(ARROW) = FMT_BINARY,
    P(PLUS) = FMT_TERM,
    P(MUL) = FMT_TERM,
    P(POW) = FMT_POWER,
    P(UNARY) = FMT_UNARY,
    P(PREFIX_DECL) = FMT_UNARY,
    P(TRANSPOSE) = FMT_POSTFIX,
    P(ELLIPSIS) = FMT_POSTFIX,
    P(COLON) = FMT_RANGE,
    P(DECL) = FMT_JOIN,
    P(DOT) = FMT_JOIN,
    P(FUNCTION) = FMT_BLOCK,
    P(IF) = FMT_BLOCK,
    P(FOR) = FMT_BLOCK,
    P(WHILE) = FMT_BLOCK,
    P(BEGIN_) = FMT_BLOCK,
    P(LET) = FMT_BLOCK,
    P(DO) = FMT_BLOCK,
    P(STRUCT) = FMT_BLOCK,
    P(TYPE) = FMT_BLOCK,
    P(ELSEIF) = FMT_MIDDLE,
    P(ELSE) = FMT_MIDDLE,
    P(END) = FMT_END,
    P(RETURN) = FMT_WORD,
    P(BREAK) = FMT_OPERAND,
    P(CONTINUE) = FMT_OPERAND,
    P(CONST) = FMT_WORD,
    P(EXPORT) = FMT_WORD,
    P(USING) = FMT_USE,
    P(IMPORT) = FMT_USE,
    P(GEN_FOR) = FMT_WORD,
    P(GEN_IF) = FMT_WORD,
};
#undef P

/* Reads on to the end of a string; gives the offset behind it. */
static uint32_t
string_end(Lexer *lexer)
{
    NET_STYPE value;
    Span span;
    int depth = 1;
    int token;
    do {
        token = net_lex(&value, &span, lexer);
        depth += token == TK_STR_BEGIN || token == TK_STR_TRIPLE;
        depth -= token == TK_STR_END;
    } while (depth > 0 && token != TK_END_OF_FILE);
    return span.end;
}

Tokens
tokens_read(Arena *arena, const char *text, size_t size)
{
    Context scratch;
    context_init(&scratch);
    Build build = {.context = &scratch};
    uint32_t source = source_add(&scratch.sources, "", text, size);
    Lexer lexer;
    lexer_start(&lexer, &build, source,
                source_get(&scratch.sources, source)->text, (uint32_t)size);
    Tokens tokens = {0};
    FmtToken next = {.starts = true};
    int token;
    do {
        NET_STYPE value;
        Span span;
        token = net_lex(&value, &span, &lexer);
        bool row = token == TK_ROW && span.begin == span.end;
        if (token == TK_NEWLINE || row) {
            next.starts = true;
        } else if (token == TK_JUXT) {
            next.glued = true;
        } else if (token == TK_MSEP) {
            next.argument = true;
        } else if (token != TK_HSEP) {
            next.kind = kind_of[token];
            next.begin = span.begin;
            next.end = span.end;
            if (token == TK_STR_BEGIN || token == TK_STR_TRIPLE)
                next.end = string_end(&lexer);
            if (token == TK_END_OF_FILE)
                next.begin = next.end = (uint32_t)size;
            VEC_PUSH(arena, &tokens, next);
            next = (FmtToken){.starts = token == TK_SEMI || token == TK_ROW};
        }
    } while (token != TK_END_OF_FILE);
    context_free(&scratch);
    return tokens;
}
