/* The tokens of .net, a rule each. What hangs on the surroundings is decided by
 * the token before (prefix: no operand has ended), by white space, and by what
 * is open.
 */
#include "grammar/lexer.h"

#include "grammar/net.tab.h"

#include <string.h>

/*!include:re2c "unicode_categories.re" */

/* Whether a name holds letters only. The large tables stand here, once. */
static bool
is_name(const unsigned char *cursor, const unsigned char *end)
{
    const unsigned char *marker;
/*!re2c
re2c:define:YYCTYPE = "unsigned char";
re2c:define:YYCURSOR = "cursor";
re2c:define:YYMARKER = "marker";
re2c:yyfill:enable = 0;
re2c:encoding:utf8 = 1;
first = L | Nl | Sc | So | [_\u2202\u2207\u221e\u2205\u2032-\u2037\u2057] ;
first (first | Nd | No | M | Pc)* { return cursor == end; }
* { return false; }
*/
}

/*!re2c
re2c:define:YYCURSOR = "lexer->cursor";
re2c:define:YYMARKER = "lexer->marker";
re2c:yyfill:enable = 0;
re2c:encoding:utf8 = 1;

/* Beyond ASCII a name is lexed by all that is no operator, and checked then. */
wide = [\u00a1-\U0010ffff] \ [\u00b1\u00b7\u00d7\u00f7\u2212\u221a\u2208\u2209]
     \ [\u220b\u220c\u2218\u2229\u222a\u2248\u2249\u2260\u2261\u2262\u2264]
     \ [\u2265\u2282\u2286\u2295\u2296\u2297\u2299\u22bb\u22c5] ;
start = [A-Za-z_] | wide ;
inner = [A-Za-z0-9_] | wide ;
ident = start inner* ;
dec   = [0-9] ("_"? [0-9])* ;
exp   = [eEf] [+-]? [0-9]+ ;
eq    = "==" | "!=" | "===" | "!==" | "<" | "<=" | ">" | ">=" ;
*/

/* The block that a word opens. */
static int
opens(Lexer *lexer, int token)
{
    lexer_push(lexer, OPEN_BLOCK, token);
    lexer_top(lexer)->header = true;
    return token;
}

/* `if` and `for` behind an operand in a bracket belong to a generator. */
static bool
is_clause(Lexer *lexer, bool prefix)
{
    return !prefix && lexer_top(lexer)->kind != OPEN_BLOCK;
}

static bool
at_start(const Lexer *lexer)
{
    return lexer->prev == TK_NEWLINE || lexer->prev == TK_SEMI ||
           lexer->prev == TK_MACRO;
}

/* An infix operator, or a name where nothing stands on either side: map(+, x).
 */
static int
infix(Lexer *lexer, int token, bool prefix)
{
    const char *p = lexer->cursor;
    while (*p == ' ')
        p++;
    return prefix && (*p == ',' || *p == ')') ? TK_IDENT : token;
}

/* A sign is a prefix where no operand precedes it, and in `[a -1]`. */
static int
sign(Lexer *lexer, bool prefix, bool space)
{
    const Open *top = lexer_top(lexer);
    char next = *lexer->cursor;
    bool glued = space && !lexer_is_space(next) && next != '=';
    bool body = top->header && top->token == TK_FUNCTION;
    if (prefix)
        return infix(lexer, TK_UNARY, true);
    return glued && (top->spaces || body) ? TK_UNARY : TK_PLUS;
}

/* `1.` before an operator or a name can be read in two ways. */
static int
point(Lexer *lexer)
{
    char next = *lexer->cursor;
    if (next == '.')
        lexer->cursor--; /* 1... and 1.. : the number is 1 */
    else if ((next && strchr("+-*/\\^%=<>!&|'(", next)) || lexer_is_word(next))
        lexer_report(lexer, DIAG_syntax,
                     "put a 0 behind the point, or a space before it",
                     "the point behind this number can be read in two ways");
    return TK_NUMBER;
}

static int
colon(Lexer *lexer, bool prefix, bool space)
{
    Open *top = lexer_top(lexer);
    char next = *lexer->cursor;
    if (lexer_is_word(next) &&
        (prefix || (top->spaces && space && !top->ternary)))
        return TK_SYMBOL;
    if (top->ternary && space && lexer_is_space(next)) {
        top->ternary--;
        return TK_TCOLON;
    }
    if (prefix && next == '(') {
        lexer_report(lexer, DIAG_not_net, "write a function instead",
                     "quoted code `:(…)` is not part of the language");
        return TK_INVALID;
    }
    return prefix ? TK_COLON_ALL : TK_COLON;
}

static int
quote(Lexer *lexer, bool prefix, bool space)
{
    if (!prefix && !space)
        return TK_TRANSPOSE;
    if (prefix)
        lexer_report(lexer, DIAG_not_net, "write a string, \"a\"",
                     "there are no character literals");
    else
        lexer_report(lexer, DIAG_syntax, NULL,
                     "a transpose `'` stands directly behind its operand");
    return TK_INVALID;
}

static int
semicolon(Lexer *lexer)
{
    OpenKind kind = lexer_top(lexer)->kind;
    if (kind != OPEN_ARRAY && kind != OPEN_INDEX)
        return TK_SEMI;
    if (*lexer->cursor == ';') {
        while (*lexer->cursor == ';')
            lexer->cursor++;
        lexer_report(lexer, DIAG_not_net, "write cat(a, b; dims = 3)",
                     "array literals have at most two dimensions");
    }
    return TK_ROW;
}

/* `(`: a call's behind an operand, else a group's. */
static int
paren(Lexer *lexer, bool prefix, bool space)
{
    bool operand = !prefix && lexer->prev != TK_NUMBER;
    bool call = (lexer->prev == TK_MACRO || operand) && !space;
    lexer_push(lexer, OPEN_PAREN, call ? TK_CALL : TK_LPAREN);
    return call ? TK_CALL : TK_LPAREN;
}

static int
bracket(Lexer *lexer, bool prefix, bool space)
{
    bool index = !prefix && !space;
    lexer_push(lexer, index ? OPEN_INDEX : OPEN_ARRAY,
               index ? TK_INDEX : TK_LBRACKET);
    return index ? TK_INDEX : TK_LBRACKET;
}

static int
macro(Lexer *lexer)
{
    if (*lexer->cursor != '(')
        lexer_top(lexer)->macro = true;
    return TK_MACRO;
}

/* A name has been read: is it one? */
static int
name(Lexer *lexer)
{
    const unsigned char *begin = (const unsigned char *)lexer->token;
    const unsigned char *end = (const unsigned char *)lexer->cursor;
    for (const unsigned char *p = begin; p < end; p++)
        if (*p >= 0x80) {
            if (!is_name(begin, end)) {
                lexer_odd_name(lexer);
                return TK_INVALID;
            }
            break;
        }
    return TK_IDENT;
}

/* A field: any word, `x.end`. */
static int
scan_field(Lexer *lexer)
{
/*!re2c
    ident "!"* { lexer->cursor -= lexer->cursor[-1] == '!' &&
                                  *lexer->cursor == '=';
                 return lexer->cursor[-1] == '!' ? TK_IDENT : name(lexer); }
    *          { return TK_INVALID; }
*/
}

/* Behind the colon of a symbol. */
static int
scan_symbol(Lexer *lexer)
{
/*!re2c
    ident "!"? { return TK_SYMBOL; }
    *          { return TK_INVALID; }
*/
}

int
lexer_scan(Lexer *lexer, bool prefix, bool space)
{
    int token;
again:
    lexer->token = lexer->cursor;
    if (lexer->prev == TK_DOT && lexer_is_word(*lexer->cursor))
        return scan_field(lexer);
/*!re2c
    "\x00"     { goto nul; }
    "function" { return opens(lexer, TK_FUNCTION); }
    "if"       { return is_clause(lexer, prefix) ? TK_GEN_IF
                                                 : opens(lexer, TK_IF); }
    "for"      { goto loop; }
    "while"    { return opens(lexer, TK_WHILE); }
    "let"      { return opens(lexer, TK_LET); }
    "do"       { return opens(lexer, TK_DO); }
    "struct"   { return opens(lexer, TK_STRUCT); }
    "begin"    { goto begin; }
    "type"     { return at_start(lexer) && lexer_name_follows(lexer->cursor)
                            ? opens(lexer, TK_TYPE) : TK_IDENT; }
    "elseif"   { lexer_pop_brackets(lexer);
                 lexer_top(lexer)->header = true; return TK_ELSEIF; }
    "else"     { lexer_pop_brackets(lexer);
                 lexer_top(lexer)->header = false; return TK_ELSE; }
    "end"      { if (lexer_top(lexer)->in_index) return TK_END_INDEX;
                 lexer_pop_brackets(lexer); return TK_END; }
    "in"       { return prefix ? TK_IDENT : TK_IN; }
    "return"   { return TK_RETURN; }
    "break"    { return TK_BREAK; }
    "continue" { return TK_CONTINUE; }
    "const"    { return TK_CONST; }
    "export"   { return TK_EXPORT; }
    "using"    { return TK_USING; }
    "import"   { return TK_IMPORT; }
    ident      { goto word; }
    ident "!"+ { lexer->cursor -= *lexer->cursor == '='; /* x!=y */
                 return TK_IDENT; }
    "@" ident "!"?     { return macro(lexer); }
    dec exp?           { return TK_NUMBER; }
    dec "." dec exp?   { return TK_NUMBER; }
    "." dec exp?       { return TK_NUMBER; }
    dec "." exp        { return TK_NUMBER; }
    dec "."            { return point(lexer); }
    "0x" [0-9a-fA-F_]+ { return TK_NUMBER; }
    "0b" [01_]+        { return TK_NUMBER; }
    ":"        { token = colon(lexer, prefix, space);
                 return token == TK_SYMBOL ? scan_symbol(lexer) : token; }
    "?"        { lexer_top(lexer)->ternary++; return TK_QUESTION; }
    "::"       { return prefix ? TK_PREFIX_DECL : TK_DECL; }
    "..."      { return TK_ELLIPSIS; }
    "->"       { return TK_ARROW; }
    "=>"       { return TK_PAIR; }
    "=" | ".=" { return TK_ASSIGN; }
    "."? ("+" | "-" | "−" | "*" | "/" | "\\" | "^" | "%" | "÷" | "|" | "&") "="
               { return TK_OPASSIGN; }
    "||=" | "&&="  { return TK_OPASSIGN; }
    "||" | ".||"   { return TK_OROR; }
    "&&" | ".&&"   { return TK_ANDAND; }
    "."? (eq | [≈≉≠≤≥≡≢∉∋⊆⊂]) { return infix(lexer, TK_CMP, prefix); }
    "<:" | ">:"    { return infix(lexer, TK_CMP, prefix); }
    "."? "∈"       { return infix(lexer, TK_IN, prefix); }
    "."? "|>"      { return infix(lexer, TK_PIPE, prefix); }
    "+" | "-" | "−"         { return sign(lexer, prefix, space); }
    ".+" | ".-" | ".−"      { token = prefix ? TK_UNARY : TK_PLUS;
                              return infix(lexer, token, prefix); }
    ".|" | "|" | [±⊕⊖∪⊻]    { return infix(lexer, TK_PLUS, prefix); }
    "."? ("*" | "/" | "\\" | "%" | "&" | "//" | [÷×⋅·∘⊗⊙∩])
                            { return infix(lexer, TK_MUL, prefix); }
    "."? "^"       { return infix(lexer, TK_POW, prefix); }
    "!" | "~" | "√" | ".!"  { return infix(lexer, TK_UNARY, prefix); }
    ".("       { lexer_push(lexer, OPEN_PAREN, TK_DOTCALL);
                 return TK_DOTCALL; }
    "."        { return TK_DOT; }
    "'"        { return quote(lexer, prefix, space); }
    ["]        { lexer_push(lexer, OPEN_STRING, TK_STR_BEGIN);
                 return TK_STR_BEGIN; }
    ["]["]["]  { lexer_push(lexer, OPEN_STRING, TK_STR_BEGIN);
                 lexer_top(lexer)->triple = true; return TK_STR_TRIPLE; }
    "("        { return paren(lexer, prefix, space); }
    "["        { return bracket(lexer, prefix, space); }
    "{"        { lexer_push(lexer, OPEN_BRACE, TK_LBRACE); return TK_LBRACE; }
    ")"        { return lexer_close(lexer, OPEN_PAREN, OPEN_PAREN, TK_RPAREN); }
    "]"        { return lexer_close(lexer, OPEN_ARRAY, OPEN_INDEX,
                                    TK_RBRACKET); }
    "}"        { return lexer_close(lexer, OPEN_BRACE, OPEN_BRACE, TK_RBRACE); }
    ","        { return TK_COMMA; }
    ";"        { return semicolon(lexer); }
    [^]        { lexer_odd_character(lexer); return TK_INVALID; }
    *          { lexer_odd_character(lexer); return TK_INVALID; }
*/
nul:
    if (lexer->token >= lexer->end) {
        lexer->cursor = lexer->token;
        return TK_END_OF_FILE;
    }
    lexer_report(lexer, DIAG_syntax, NULL, "a NUL byte in the text");
    return TK_INVALID;
loop:
    if (!is_clause(lexer, prefix))
        return opens(lexer, TK_FOR);
    lexer_top(lexer)->spaces = false;
    return TK_GEN_FOR;
begin:
    if (lexer_top(lexer)->in_index)
        return TK_IDENT;
    lexer_push(lexer, OPEN_BLOCK, TK_BEGIN_);
    return TK_BEGIN_;
word:
    token = lexer_foreign(lexer, prefix);
    if (!token)
        goto again;
    return token < 0 ? name(lexer) : token;
}

/* In a string: its text, $name, $(expr), and its end. */
int
lexer_scan_string(Lexer *lexer)
{
    bool triple = lexer_top(lexer)->triple;
    lexer->token = lexer->cursor;
    if (triple && !strncmp(lexer->cursor, "\"\"\"", 3)) {
        lexer->cursor += 3;
        lexer_pop(lexer);
        return TK_STR_END;
    }
/*!re2c
    "\x00"         { if (lexer->token < lexer->end) return TK_STR_PART;
                     goto unclosed; }
    ["]            { if (triple) return TK_STR_PART;
                     lexer_pop(lexer); return TK_STR_END; }
    "\r"? "\n"     { if (!triple) goto unclosed;
                     lexer->line++; lexer->line_start = lexer->cursor;
                     return TK_STR_PART; }
    "$("           { lexer_push(lexer, OPEN_PAREN, TK_STR_LPAREN);
                     return TK_STR_LPAREN; }
    "$" ident      { return name(lexer) == TK_IDENT ? TK_STR_IDENT
                                                    : TK_INVALID; }
    "$"            { lexer_report(lexer, DIAG_syntax, "write `\\$`",
                         "`$` in a string wants a name or `(`");
                     return TK_STR_PART; }
    "\\" [^\r\n\x00]        { return TK_STR_PART; }
    [^"$\\\r\n\x00]+        { return TK_STR_PART; }
    *              { return TK_STR_PART; }
*/
unclosed:
    lexer->cursor = lexer->token;
    lexer->text_unfinished |= triple;
    diag_add(&lexer->build->context->diags, DIAG_unclosed,
             lexer_top(lexer)->span, "this string is not closed");
    lexer_pop(lexer);
    return TK_STR_END;
}
