/* Characters and words: what begins a name, what is Julia's only. */
#include "grammar/lexer.h"

#include "grammar/net.tab.h"

#include <string.h>

bool
lexer_is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '#';
}

bool
lexer_is_word(char c)
{
    return c == '_' || (c & 0x80) || (c >= 'a' && c <= 'z') ||
           (c >= 'A' && c <= 'Z');
}

bool
lexer_word_at(const char *text, const char *word)
{
    if (*text != *word) /* as most do: this runs for every name */
        return false;
    size_t length = strlen(word);
    if (strncmp(text, word, length) != 0)
        return false;
    char next = text[length];
    return !lexer_is_word(next) && !(next >= '0' && next <= '9') && next != '!';
}

bool
lexer_name_follows(const char *text)
{
    if (*text != ' ' && *text != '\t')
        return false;
    while (*text == ' ' || *text == '\t')
        text++;
    return lexer_is_word(*text) && !lexer_word_at(text, "in");
}

/* How a foreign word goes on. */
typedef enum {
    FOREIGN_INFIX, /* gives up the statement */
    FOREIGN_SKIP,  /* the word is dropped, if a name follows */
    FOREIGN_BLOCK, /* opens a block */
    FOREIGN_NAMED  /* opens a block, if a name follows on its line */
} ForeignKind;

typedef struct {
    const char *word;
    ForeignKind kind;
    const char *hint;
} Foreign;

static const Foreign foreign[] = {
    {"where", FOREIGN_INFIX, "leave it out, or write the type behind `::`"},
    {"isa", FOREIGN_INFIX, "write a method for each type: f(x::Int) = …"},
    {"local", FOREIGN_SKIP, "assign to the name, or use `let`"},
    {"global", FOREIGN_SKIP,
     "leave it out: a `for` at the top assigns to the "
     "script's variables"},
    {"mutable", FOREIGN_SKIP, "write `struct`"},
    {"abstract", FOREIGN_SKIP, "leave the declaration out"},
    {"primitive", FOREIGN_SKIP, "leave the declaration out"},
    {"try", FOREIGN_BLOCK, "test the condition with `if`"},
    {"quote", FOREIGN_BLOCK, "write a function"},
    {"module", FOREIGN_NAMED, "a file is a unit: include(\"other.net\")"},
    {"baremodule", FOREIGN_NAMED, "a file is a unit: include(\"other.net\")"},
    {"macro", FOREIGN_NAMED, "write a function"},
};

/* Skips a name, and the parentheses behind it, on this line. */
static void
skip_header(Lexer *lexer)
{
    const char *p = lexer->cursor;
    while (*p == ' ' || *p == '\t')
        p++;
    while (lexer_is_word(*p) || (*p >= '0' && *p <= '9') || *p == '!')
        p++;
    for (int depth = 0; p < lexer->end && *p != '\n'; p++) {
        depth += (*p == '(') - (*p == ')');
        if (depth == 0 && *p != ')')
            break;
    }
    lexer->cursor = p;
}

/* `catch` and `finally` go on a block that `try` opened. */
static bool
continues_try(Lexer *lexer)
{
    bool catch = lexer_word_at(lexer->token, "catch");
    if ((!catch && !lexer_word_at(lexer->token, "finally")) ||
        !lexer_top(lexer)->try)
        return false;
    if (catch && lexer_name_follows(lexer->cursor) &&
        !lexer_word_at(lexer->cursor + 1, "end"))
        skip_header(lexer);
    return true;
}

static bool
is_foreign(const Lexer *lexer, const Foreign *word, bool prefix)
{
    bool start = lexer->prev == TK_NEWLINE || lexer->prev == TK_SEMI;
    if (!lexer_word_at(lexer->token, word->word))
        return false;
    switch (word->kind) {
    case FOREIGN_INFIX:
        return !prefix;
    case FOREIGN_BLOCK:
        return prefix && lexer->prev != TK_COMMA && lexer->prev != TK_CALL &&
               lexer_is_space(*lexer->cursor) &&
               (lexer_name_follows(lexer->cursor) || *lexer->cursor == '\n' ||
                *lexer->cursor == '\r' || lexer->cursor[1] == '"' ||
                (lexer->cursor[1] >= '0' && lexer->cursor[1] <= '9'));
    case FOREIGN_SKIP:
    case FOREIGN_NAMED:
        return start && lexer_name_follows(lexer->cursor);
    }
    return false;
}

int
lexer_foreign(Lexer *lexer, bool prefix)
{
    if (continues_try(lexer))
        return TK_SEMI;
    for (size_t i = 0; i < sizeof foreign / sizeof *foreign; i++) {
        const Foreign *word = &foreign[i];
        if (!is_foreign(lexer, word, prefix))
            continue;
        lexer_report(lexer, DIAG_not_net, word->hint,
                     "`%s` is not part of the language", word->word);
        switch (word->kind) {
        case FOREIGN_INFIX:
            return TK_INVALID;
        case FOREIGN_SKIP:
            while (*lexer->cursor == ' ' || *lexer->cursor == '\t')
                lexer->cursor++;
            return 0;
        case FOREIGN_NAMED:
            skip_header(lexer);
            break;
        case FOREIGN_BLOCK:
            break;
        }
        lexer_push(lexer, OPEN_BLOCK, TK_BEGIN_);
        lexer_top(lexer)->try = true;
        return TK_BEGIN_;
    }
    return -1;
}

/* What to write for a character that only looks right; NULL: nothing known. */
static const char *
twin(const char *text, const char *end)
{
    static const char *const twins[][2] = {
        {"\u00a0", "this is a no-break space: write a plain one"},
        {"\u201c", "write plain quotes, \"…\""},
        {"\u201d", "write plain quotes, \"…\""},
        {"\u2018", "a transpose is a plain `'`"},
        {"\u2019", "a transpose is a plain `'`"},
        {"\u200b", "there is an invisible character here"},
        {"\ufeff", "there is an invisible character here"},
        {"\u2026", "write three dots, `...`"},
        {"\u2192", "write `->`"},
        {"\u2013", "write a plain `-`"},
        {"\u2014", "write a plain `-`"},
        {"\u2217", "write `*`"},
        {"`", "strings are written \"…\""},
        {"$", "`$` stands only in strings"},
    };
    for (; text < end; text++)
        for (size_t i = 0; i < sizeof twins / sizeof *twins; i++)
            if (!strncmp(text, twins[i][0], strlen(twins[i][0])))
                return twins[i][1];
    return NULL;
}

void
lexer_odd_character(Lexer *lexer)
{
    const char *p = lexer->token;
    int length = (int)(lexer->cursor - p);
    const char *hint = twin(p, lexer->cursor);
    if (lexer->odd_start == lexer->line_start)
        return; /* the line's first speaks for the others */
    lexer->odd_start = lexer->line_start;
    if ((unsigned char)*p < 0x20 || *p == 0x7F)
        lexer_report(lexer, DIAG_syntax, hint,
                     "the control character U+%04X means nothing here",
                     (unsigned)*p);
    else
        lexer_report(lexer, DIAG_syntax, hint,
                     "the character `%.*s` means nothing here", length, p);
}

void
lexer_odd_name(Lexer *lexer)
{
    lexer_report(lexer, DIAG_syntax, twin(lexer->token, lexer->cursor),
                 "a name holds letters, digits and `_`: here is another "
                 "character");
}
