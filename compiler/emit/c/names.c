/* C names for the source's: Greek letters are spelt, primes are _p, subscripts
 * and superscripts are digits, ! goes; any other letter is its code point.
 */
#include "emit/emit.h"

#include <string.h>

static const char *const greek[] = {
    "alpha",   "beta", "gamma", "delta",  "epsilon", "zeta", "eta",
    "theta",   "iota", "kappa", "lambda", "mu",      "nu",   "xi",
    "omicron", "pi",   "rho",   "sigma",  "sigma",   "tau",  "upsilon",
    "phi",     "chi",  "psi",   "omega"};

static const char *const keywords[] = {
    "alignas",  "alignof", "and",       "asm",       "auto",     "bool",
    "break",    "case",    "catch",     "char",      "class",    "const",
    "continue", "default", "delete",    "do",        "double",   "else",
    "enum",     "export",  "extern",    "false",     "float",    "for",
    "friend",   "goto",    "if",        "inline",    "int",      "long",
    "main",     "mutable", "namespace", "new",       "not",      "nullptr",
    "operator", "or",      "private",   "protected", "public",   "register",
    "restrict", "return",  "short",     "signed",    "sizeof",   "static",
    "struct",   "switch",  "template",  "this",      "throw",    "true",
    "try",      "typedef", "typename",  "union",     "unsigned", "using",
    "virtual",  "void",    "volatile",  "while",     "xor",      "linux",
    "unix",     "errno",   "NULL",      "INFINITY",  "NAN",      "HUGE_VAL",
    "stdin",    "stdout",  "stderr",    "offsetof",  "size_t",   "signbit",
    "isnan",    "isinf",   "SIZE_MAX"};

static bool
is_keyword(const char *name)
{
    for (size_t i = 0; i < sizeof keywords / sizeof *keywords; i++) {
        if (strcmp(name, keywords[i]) == 0)
            return true;
    }
    return false;
}

/* The code point at *text, which moves behind it; bytes that are no UTF-8 are
 * themselves.
 */
static uint32_t
next_point(const char **text)
{
    const unsigned char *p = (const unsigned char *)*text;
    int more = p[0] >= 0xf0 ? 3 : p[0] >= 0xe0 ? 2 : p[0] >= 0xc0 ? 1 : 0;
    uint32_t point = more == 0 ? p[0] : p[0] & (0x3fu >> more);
    for (int i = 1; i <= more; i++) {
        if ((p[i] & 0xc0) != 0x80) {
            *text += 1;
            return p[0];
        }
        point = point << 6 | (p[i] & 0x3fu);
    }
    *text += more + 1;
    return point;
}

/* The text for one code point that no name in C has. */
static const char *
point_text(Arena *arena, uint32_t point)
{
    if (point >= 0x3b1 && point <= 0x3c9)
        return greek[point - 0x3b1];
    if (point >= 0x391 && point <= 0x3a9) {
        char *text = arena_printf(arena, "%s", greek[point - 0x391]);
        text[0] = (char)(text[0] - 'a' + 'A');
        return text;
    }
    if (point == 0x2032 || point == 0x2033 || point == 0x2034)
        return "_p";
    if (point >= 0x2080 && point <= 0x2089)
        return arena_printf(arena, "%u", (unsigned)(point - 0x2080));
    if (point == 0xb9 || point == 0xb2 || point == 0xb3)
        return point == 0xb9 ? "1" : point == 0xb2 ? "2" : "3";
    if (point >= 0x2070 && point <= 0x2079)
        return arena_printf(arena, "%u", (unsigned)(point - 0x2070));
    if (point == 0x177)
        return "yhat";
    if (point == 0x302)
        return "hat";
    if (point == 0x2207)
        return "nabla";
    if (point == '!')
        return "";
    if (point == '.')
        return "_";
    return arena_printf(arena, "u%x", (unsigned)point);
}

const char *
emit_c_name(Arena *arena, const char *name)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyz"
                                "ABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789";
    const char *text = "";
    while (*name != 0) {
        const size_t length = strspn(name, plain);
        if (length == 0) {
            const char *other = point_text(arena, next_point(&name));
            text = arena_printf(arena, "%s%s", text, other);
            continue;
        }
        if (*name >= '0' && *name <= '9' && *text == 0)
            text = "_";
        text = arena_printf(arena, "%s%.*s", text, (int)length, name);
        name += length;
    }
    if (*text == 0)
        text = "x";
    if (text[0] == '_' || is_keyword(text))
        text = text[0] == '_' ? arena_printf(arena, "x%s", text)
                              : arena_printf(arena, "%s_", text);
    return text;
}
