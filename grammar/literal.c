/* The values of tokens: numbers, names, operators, the text of strings. */
#include "grammar/lexer.h"
#include "grammar/nfc.h"

#include "base/vec.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* What a line break in a string is; known by its address. */
static const char line_break[] = "\n";

/* A number's digits without `_`, the `f` of 2f0 as an `e`. */
static char *
digits_of(Lexer *lexer, bool hex, bool *is_float, bool *is_float32)
{
    size_t length = (size_t)(lexer->cursor - lexer->token);
    char *text = arena_alloc(&lexer->build->context->arena, length + 1);
    size_t count = 0;
    for (size_t i = 0; i < length; i++) {
        char c = lexer->token[i];
        if (c == '_')
            continue;
        bool single = c == 'f' && !hex;
        *is_float32 |= single;
        *is_float |= single || c == '.' || c == 'e' || c == 'E';
        text[count++] = single ? 'e' : c;
    }
    return text;
}

static AstNumber
out_of_range(Lexer *lexer, AstNumber number, const char *what)
{
    lexer_report(lexer, DIAG_number,
                 number.kind == AST_INT ? "write a point, as in 1e20 or 5.0"
                                        : NULL,
                 "this number is %s", what);
    return number;
}

/* An integer in base 2, 10 or 16, without `_`. */
static AstNumber
integer(Lexer *lexer, const char *digits, int base)
{
    AstNumber number = {AST_INT, 0, 0};
    if (!*digits) {
        lexer_report(lexer, DIAG_syntax, NULL, "a number without digits");
        return number;
    }
    errno = 0;
    unsigned long long value = strtoull(digits, NULL, base);
    if (errno || value > INT64_MAX)
        return out_of_range(lexer, number, "larger than 2^63 - 1");
    number.integer = (int64_t)value;
    return number;
}

/* The program keeps to the C locale, in which strtod rounds correctly. */
AstNumber
lexer_number(Lexer *lexer)
{
    bool is_float = false;
    bool is_float32 = false;
    const char *token = lexer->token;
    bool hex = token[0] == '0' && token[1] == 'x';
    bool binary = token[0] == '0' && token[1] == 'b';
    char *digits = digits_of(lexer, hex, &is_float, &is_float32);
    bool none = lexer->cursor - token < 2; /* the token of `0x;` is `0` */
    if (hex || binary)
        return integer(lexer, none ? "" : digits + 2, hex ? 16 : 2);
    if (!is_float)
        return integer(lexer, digits, 10);
    AstNumber number = {is_float32 ? AST_FLOAT32 : AST_FLOAT, 0, 0};
    number.number =
        is_float32 ? (double)strtof(digits, NULL) : strtod(digits, NULL);
    if (isinf(number.number))
        return out_of_range(lexer, number, "too large");
    return number;
}

const char *
lexer_name(Lexer *lexer, const char *begin)
{
    char buffer[4 * NFC_MAX];
    size_t length = (size_t)(lexer->cursor - begin);
    if (length > NFC_MAX) {
        lexer_report(lexer, DIAG_syntax, NULL, "a name longer than %d bytes",
                     NFC_MAX);
        length = 0;
    }
    length = nfc(begin, length, buffer);
    return intern(&lexer->build->context->names, buffer, length);
}

/* The middle dot is the dot operator, the minus sign is `-`. */
const char *
lexer_operator(Lexer *lexer)
{
    static const char *const same[][2] = {{"\u00b7", "\u22c5"},
                                          {"\u2212", "-"}};
    Names *names = &lexer->build->context->names;
    size_t length = (size_t)(lexer->cursor - lexer->token);
    for (size_t i = 0; i < 2; i++) {
        size_t dot = lexer->token[0] == '.';
        size_t old = strlen(same[i][0]);
        if (length < dot + old ||
            strncmp(lexer->token + dot, same[i][0], old) != 0)
            continue;
        char text[16];
        int count =
            snprintf(text, sizeof text, "%s%s%.*s", dot ? "." : "", same[i][1],
                     (int)(length - dot - old), lexer->token + dot + old);
        return intern(names, text, (size_t)count);
    }
    return intern(names, lexer->token, length);
}

/* \xHH, \uHHHH, \UHHHHHHHH: the cursor goes behind the digits. */
static AstText
code_point(Lexer *lexer, char kind)
{
    size_t most = kind == 'x' ? 2 : kind == 'u' ? 4 : 8;
    uint32_t c = 0;
    size_t count = 0;
    for (; count < most; count++) {
        static const char hex[] = "0123456789abcdef0123456789ABCDEF";
        char digit = *lexer->cursor;
        const char *at = digit ? strchr(hex, digit) : NULL;
        if (!at)
            break;
        c = c << 4 | ((uint32_t)(at - hex) & 15u);
        lexer->cursor++;
    }
    bool valid = count && c <= 0x10FFFF && (c < 0xD800 || c > 0xDFFF) &&
                 (kind != 'x' || c < 0x80);
    if (!valid)
        lexer_report(lexer, DIAG_syntax,
                     kind == 'x' ? "beyond \\x7F write \\u and the code point"
                                 : NULL,
                     "this escape is no character");
    char *text = arena_alloc(&lexer->build->context->arena, 4);
    return (AstText){text, source_encode(valid ? c : '?', text)};
}

AstText
lexer_text(Lexer *lexer)
{
    /* Letter and character in pairs. */
    static const char escapes[] = "n\nt\tr\ra\ab\bf\fv\ve\033\\\\\"\"$$''";
    const char *token = lexer->token;
    if (lexer->cursor[-1] == '\n')
        return (AstText){line_break, 1};
    if (*token != '\\' || lexer->cursor - token < 2)
        return (AstText){token, (size_t)(lexer->cursor - token)};
    for (size_t i = 0; i + 1 < sizeof escapes; i += 2)
        if (escapes[i] == token[1])
            return (AstText){&escapes[i + 1], 1};
    if (token[1] == '0')
        return (AstText){"\0", 1};
    if (token[1] == 'x' || token[1] == 'u' || token[1] == 'U')
        return code_point(lexer, token[1]);
    lexer_report(lexer, DIAG_syntax,
                 "there are \\n \\t \\r \\0 \\\\ \\\" \\$ \\xHH and \\uHHHH; a "
                 "backslash itself is \\\\",
                 "an escape that does not exist");
    return (AstText){token, (size_t)(lexer->cursor - token)};
}

/* A line break of the source, not one written as \n. */
static bool
is_break(const Ast *part)
{
    return part->kind == AST_STRING && !part->paren &&
           part->as.string.text == line_break;
}

static size_t
indent_of(const Ast *part)
{
    size_t indent = 0;
    if (part->kind == AST_STRING && !part->paren)
        while (indent < part->as.string.length &&
               (part->as.string.text[indent] == ' ' ||
                part->as.string.text[indent] == '\t'))
            indent++;
    return indent;
}

/* The indentation that the lines behind line breaks share; lines of white
 * space count only if they are the last, before the closing quotes.
 */
static size_t
shared_indent(const AstList *parts)
{
    size_t shared = SIZE_MAX;
    for (size_t i = 0; i < parts->count; i++) {
        if (!is_break(parts->item[i]))
            continue;
        const Ast *next = i + 1 < parts->count ? parts->item[i + 1] : NULL;
        size_t indent = next ? indent_of(next) : 0;
        bool text = next && next->kind == AST_STRING && !next->paren;
        bool blank = next && is_break(next);
        if (text && indent == next->as.string.length && i + 2 < parts->count)
            blank = is_break(parts->item[i + 2]);
        if (!blank && indent < shared)
            shared = indent;
    }
    return shared == SIZE_MAX ? 0 : shared;
}

AstList *
lexer_dedent(Build *build, AstList *parts)
{
    size_t shared = shared_indent(parts);
    AstList kept = {0};
    for (size_t i = 0; i < parts->count; i++) {
        Ast *part = parts->item[i];
        bool first = !i && is_break(part);
        if (i && is_break(parts->item[i - 1]) && !is_break(part)) {
            size_t indent = indent_of(part);
            size_t cut = indent < shared ? indent : shared;
            if (part->kind == AST_STRING && !part->paren) {
                part->as.string.text += cut;
                part->as.string.length -= cut;
            }
        }
        if (!first)
            VEC_PUSH(&build->context->arena, &kept, part);
    }
    *parts = kept;
    return parts;
}
