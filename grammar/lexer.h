/* The lexer of .net: what its parts and the parser share.
 *
 * The lexer decides everything that hangs on white space, newlines and
 * brackets, from the token before and a stack of what is open. It never asks
 * the parser anything. A character that can stand before an operand and behind
 * one is two tokens, such as LPAREN and CALL; where two operands stand side by
 * side it puts in a synthetic token: JUXT, HSEP, ROW, NEWLINE or MSEP.
 */
#ifndef FLUXC_GRAMMAR_LEXER_H
#define FLUXC_GRAMMAR_LEXER_H

#include "syntax/build.h"

typedef enum {
    OPEN_BLOCK,
    OPEN_PAREN,
    OPEN_ARRAY,
    OPEN_INDEX,
    OPEN_BRACE,
    OPEN_STRING
} OpenKind;

/* Something that is open. */
typedef struct {
    OpenKind kind;
    int token;       /* that opened it; 0: the file */
    Span span;       /* of that */
    uint32_t line;   /* its line */
    uint32_t indent; /* of that line */
    int ternary;     /* `?` that wait for their ` : ` */
    bool in_index;   /* `end` means the last index here */
    bool header;     /* `if c`, `function f(x)`: before its end */
    bool macro;      /* in the arguments of `@name a b` */
    bool spaces;     /* white space separates (arrays) */
    bool triple;     /* a """ string */
    bool try;        /* a `try`, which is not part of the language */
} Open;

#define LEXER_OPEN 1000 /* levels of brackets and blocks */

typedef struct {
    Build *build;
    uint32_t source;
    const char *text;
    const char *end; /* 16 zero bytes stand there */
    const char *cursor;
    const char *marker; /* re2c's */
    const char *token;  /* the beginning of the current one */
    const char *line_start;
    const char *odd_start; /* of the last line with a character of no meaning */
    uint32_t line;
    uint32_t indent;   /* of the current line */
    uint32_t prev_end; /* the place behind the token delivered last */
    int prev;          /* that token */
    Open *open;        /* LEXER_OPEN of them */
    int opens;
    int blocks;           /* how many of them are blocks */
    Open unclosed;        /* the bracket that the last NEWLINE gave up */
    uint32_t odd_end;     /* line of an `end` indented unlike its opener */
    uint32_t odd_line;    /* and that opener's line; 0: there was none */
    int recover_blocks;   /* blocks open at the last syntax error */
    bool recover;         /* between an error and its statement's end */
    bool stray_end;       /* the last `end` had no block to close */
    bool end_said;        /* an `end` is missing, and that is reported */
    bool text_unfinished; /* the text stopped in something open */
} Lexer;

/* lexer.c */
void lexer_start(Lexer *lexer, Build *build, uint32_t source, const char *text,
                 uint32_t size);
Open *lexer_top(Lexer *lexer);
void lexer_push(Lexer *lexer, OpenKind kind, int token);
void lexer_pop(Lexer *lexer);
void lexer_pop_brackets(Lexer *lexer);
int lexer_close(Lexer *lexer, OpenKind kind, OpenKind other, int token);

/* After a syntax error at a token: what ends a statement counts again only in
 * the block where the error was.
 */
void lexer_recover(Lexer *lexer, int unexpected);

/* A diagnostic at the current token; the hint may be NULL. */
void lexer_report(Lexer *lexer, DiagCode code, const char *hint,
                  const char *format, ...)
    __attribute__((format(printf, 4, 5)));
Span lexer_span(const Lexer *lexer, const char *begin, const char *end);

/* net.re: one token, its text between token and cursor. Scanning may push,
 * and set macro and ternary of the top, but has no other effect, since what it
 * read is read again behind a synthetic token.
 */
int lexer_scan(Lexer *lexer, bool prefix, bool space);
int lexer_scan_string(Lexer *lexer);

/* words.c: characters and words */
bool lexer_is_space(char c);
bool lexer_is_word(char c); /* begins a word */
bool lexer_word_at(const char *text, const char *word);

/* Whether a name follows on the same line, as in `type T`. */
bool lexer_name_follows(const char *text);

/* A word of Julia's that is not part of the language: says so and gives the
 * token to go on with, 0 to skip the word, or -1 if the word is a name.
 */
int lexer_foreign(Lexer *lexer, bool prefix);
void lexer_odd_character(Lexer *lexer);
void lexer_odd_name(Lexer *lexer);

/* literal.c: values of tokens */
AstNumber lexer_number(Lexer *lexer);
AstText lexer_text(Lexer *lexer);
const char *lexer_name(Lexer *lexer, const char *begin);
const char *lexer_operator(Lexer *lexer);

/* A """ string's parts without the indentation that all its lines share. */
AstList *lexer_dedent(Build *build, AstList *parts);

#endif
