/* Syntax errors: cases by the token found and what is open. */
#include "grammar/report.h"

#include "grammar/net.tab.h"

#include <stdio.h>
#include <string.h>

/* A token as it is written. */
static const char *
spelling(int token)
{
    switch (token) {
    case TK_FUNCTION:
        return "function";
    case TK_IF:
        return "if";
    case TK_FOR:
        return "for";
    case TK_WHILE:
        return "while";
    case TK_BEGIN_:
        return "begin";
    case TK_LET:
        return "let";
    case TK_DO:
        return "do";
    case TK_STRUCT:
        return "struct";
    case TK_TYPE:
        return "type";
    case TK_DOTCALL:
        return ".(";
    case TK_LBRACKET:
    case TK_INDEX:
        return "[";
    case TK_LBRACE:
        return "{";
    case TK_STR_BEGIN:
    case TK_STR_TRIPLE:
        return "\"";
    case TK_STR_LPAREN:
        return "$(";
    default:
        return "(";
    }
}

/* What was found, and where. */
typedef struct {
    Lexer *lexer;
    int token;
    Span span;
    char found[100];
    const char *const *expected;
    int count;
} Found;

/* The text of the token, cut to whole characters; ends of lines by name. */
static void
set_found(Found *found, const char *name)
{
    const Lexer *lexer = found->lexer;
    bool end = found->token == TK_END_OF_FILE || found->token == TK_NEWLINE;
    int length = (int)(lexer->cursor - lexer->token);
    if (length > 40)
        for (length = 40; length && (lexer->token[length] & 0xC0) == 0x80;)
            length--;
    if (end || !length)
        snprintf(found->found, sizeof found->found, "%s", name);
    else
        snprintf(found->found, sizeof found->found, "`%.*s`", length,
                 lexer->token);
}

static void
report_closer(const Found *found, const Open *top, bool bracket)
{
    Diags *diags = &found->lexer->build->context->diags;
    if (bracket)
        diag_add(diags, DIAG_syntax, found->span,
                 "%s does not close the `%s` of line %lu", found->found,
                 spelling(top->token), (unsigned long)top->line);
    else
        diag_add(diags, DIAG_syntax, found->span, "unexpected %s",
                 found->found);
}

/* `expected a or b, found c`, if there are few; else `unexpected c`. */
static void
report_expected(const Found *found)
{
    Diags *diags = &found->lexer->build->context->diags;
    char text[200] = "";
    if (!found->count || found->count > REPORT_EXPECTED) {
        diag_add(diags, DIAG_syntax, found->span, "unexpected %s",
                 found->found);
        return;
    }
    for (int i = 0; i < found->count; i++) {
        size_t length = strlen(text);
        snprintf(text + length, sizeof text - length, "%s%s", i ? " or " : "",
                 found->expected[i]);
    }
    diag_add(diags, DIAG_syntax, found->span, "expected %s, found %s", text,
             found->found);
}

/* A token that says by itself what is wrong; false if it does not. */
static bool
report_token(const Found *found, const Open *top)
{
    Lexer *lexer = found->lexer;
    Diags *diags = &lexer->build->context->diags;
    const char *hint = NULL;
    const char *message = NULL;
    switch (found->token) {
    case TK_END:
        message = lexer->stray_end
                      ? "`end` without a block to close"
                      : "`end`, but what stands before it is not complete";
        break;
    case TK_COLON:
        message = "unexpected `:`";
        hint = "in `a ? b : c` spaces stand around the `:`";
        break;
    case TK_LPAREN:
        if (lexer->token == lexer->text || lexer->token[-1] != ' ')
            return false;
        message = "unexpected `(`";
        hint = "a call has no space before it, a product needs `*`";
        break;
    case TK_ELSE:
    case TK_ELSEIF:
        diag_add(diags, DIAG_syntax, found->span,
                 "%s without an `if` to go on with", found->found);
        return true;
    case TK_HSEP:
        message = "elements separated by spaces and by commas in one array";
        break;
    case TK_COMMA:
        if (top->token == TK_STR_LPAREN) {
            message = "one expression stands in `$()`";
            hint = "a tuple has parentheses of its own: \"$((1, 2))\"";
        } else if (top->spaces) {
            message = "elements separated by spaces and by commas in one array";
        } else {
            return false;
        }
        break;
    case TK_ROW:
        message = "a new row in an array whose elements commas separate";
        hint = "a comma is missing, or `]`";
        break;
    default:
        return false;
    }
    Diag *diag = diag_add(diags, DIAG_syntax, found->span, "%s", message);
    diag->hint = hint;
    return true;
}

static void
report(const Found *found)
{
    Lexer *lexer = found->lexer;
    Diags *diags = &lexer->build->context->diags;
    const Open *top = lexer_top(lexer);
    if (top->span.begin == found->span.begin && lexer->opens > 1)
        top--; /* the token itself opened it */
    bool bracket = top->kind != OPEN_BLOCK && top->kind != OPEN_STRING;
    if (found->token == TK_END_OF_FILE && lexer->end_said)
        return;
    if (lexer->unclosed.token)
        diag_add(diags, DIAG_unclosed, lexer->unclosed.span,
                 "this `%s` is not closed", spelling(lexer->unclosed.token));
    else if (found->token == TK_RPAREN || found->token == TK_RBRACKET ||
             found->token == TK_RBRACE)
        report_closer(found, top, bracket);
    else if (report_token(found, top))
        return;
    else if (bracket)
        diag_add(diags, DIAG_syntax, found->span,
                 "expected %sthe end of the `%s` of line %lu, found %s",
                 top->token == TK_STR_LPAREN ? "" : "`,` or ",
                 spelling(top->token), (unsigned long)top->line, found->found);
    else
        report_expected(found);
}

void
report_unexpected(Lexer *lexer, int token, const char *name, Span span,
                  const char *const *expected, int count)
{
    Found found = {lexer, token, span, "", expected, count};
    if (token != TK_INVALID && !lexer->build->too_deep) {
        set_found(&found, name);
        report(&found);
    }
    lexer_recover(lexer, token);
}

void
report_parser(Build *build, Span span, const char *text)
{
    bool full = !strcmp(text, "memory exhausted");
    if (!build->too_deep)
        diag_add(&build->context->diags, full ? DIAG_deep : DIAG_syntax, span,
                 "%s", full ? "nested too deeply" : text);
    build->too_deep = true;
}
