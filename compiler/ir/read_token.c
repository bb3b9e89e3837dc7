/* The words of the text form: marks, numbers, names and dimensions. */
#include "ir/read.h"

#include <string.h>

enum { DIM_TEXT_TERMS = 64 }; /* in the text of one dimension */

bool
read_fail(Reader *r, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    uint32_t at = (uint32_t)(r->at - r->begin);
    uint32_t end = *r->at == 0 || *r->at == '\n' ? at : at + 1;
    Span span = {r->source, at, end};
    if (!r->failed)
        diag_vadd(&r->context->diags, DIAG_syntax, span, format, args);
    va_end(args);
    r->failed = true;
    return false;
}

void
read_blanks(Reader *r)
{
    while (*r->at == ' ' || *r->at == '\t' || *r->at == '\r')
        r->at++;
    if (*r->at == ';')
        r->at += strcspn(r->at, "\n");
}

void
read_lines(Reader *r)
{
    read_blanks(r);
    while (*r->at == '\n') {
        r->at++;
        read_blanks(r);
    }
}

bool
read_accept(Reader *r, char c)
{
    read_blanks(r);
    if (*r->at != c)
        return false;
    r->at++;
    return true;
}

bool
read_expect(Reader *r, char c)
{
    return read_accept(r, c) || read_fail(r, "expected `%c`", c);
}

bool
read_accept_word(Reader *r, const char *word)
{
    size_t length = strlen(word);
    read_blanks(r);
    if (strncmp(r->at, word, length) != 0 || text_name_byte(r->at[length]))
        return false;
    r->at += length;
    return true;
}

bool
read_expect_word(Reader *r, const char *word)
{
    return read_accept_word(r, word) || read_fail(r, "expected `%s`", word);
}

bool
read_number(Reader *r, uint64_t most, uint64_t *number)
{
    read_blanks(r);
    if (*r->at < '0' || *r->at > '9')
        return read_fail(r, "expected a number");
    *number = 0;
    while (*r->at >= '0' && *r->at <= '9') {
        uint64_t digit = (uint64_t)(*r->at - '0');
        if (digit > most || *number > (most - digit) / 10)
            return read_fail(r, "the number is too large");
        *number = 10 * *number + digit;
        r->at++;
    }
    return true;
}

bool
read_small(Reader *r, int *number)
{
    uint64_t value;
    if (!read_number(r, IR_RANK, &value))
        return false;
    *number = (int)value;
    return true;
}

static int
hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* A byte of a quoted name; 0 where the text has none. */
static char
read_escaped(Reader *r)
{
    char c = *r->at;
    if (c == 0 || c == '\n')
        return 0;
    r->at++;
    if (c != '\\')
        return c;
    c = *r->at;
    if (c == '"' || c == '\\') {
        r->at++;
        return c;
    }
    if (c != 'x' || hex_digit(r->at[1]) < 0 || hex_digit(r->at[2]) < 0)
        return 0;
    c = (char)(16 * hex_digit(r->at[1]) + hex_digit(r->at[2]));
    r->at += 3;
    return c;
}

bool
read_quoted(Reader *r, const char **name)
{
    VEC(char) text = {0};
    if (!read_expect(r, '"'))
        return false;
    while (*r->at != '"') {
        char c = read_escaped(r);
        if (c == 0)
            return read_fail(r, "a name without an end");
        VEC_PUSH(&r->context->arena, &text, c);
    }
    r->at++;
    *name = intern(&r->context->names, text.count ? text.item : "", text.count);
    return true;
}

bool
read_name(Reader *r, const char **name)
{
    read_blanks(r);
    if (*r->at == '"')
        return read_quoted(r, name);
    const char *begin = r->at;
    while (text_name_byte(*r->at))
        r->at++;
    if (r->at == begin)
        return read_fail(r, "expected a name");
    *name = intern(&r->context->names, begin, (size_t)(r->at - begin));
    return true;
}

/* 3, n or n^2 */
static bool
read_factor(Reader *r, Dim *dim)
{
    uint64_t number;
    Dims *dims = r->g->dims;
    read_blanks(r);
    if (*r->at >= '0' && *r->at <= '9') {
        if (!read_number(r, INT64_MAX, &number))
            return false;
        *dim = (Dim)number;
        return true;
    }
    const char *name;
    if (*r->at == '"' || !read_name(r, &name))
        return read_fail(r, "expected a dimension");
    Dim symbol = dim_symbol(dims, name);
    *dim = symbol;
    number = 1;
    if (read_accept(r, '^') && (!read_number(r, 255, &number) || number == 0))
        return read_fail(r, "expected a power");
    for (uint64_t i = 1; i < number; i++)
        *dim = dim_mul(dims, *dim, symbol);
    return true;
}

bool
read_dim(Reader *r, Dim *dim)
{
    Dims *dims = r->g->dims;
    bool overflow = dims->overflow;
    bool exact = true;
    bool minus = read_accept(r, '-');
    dims->overflow = false;
    *dim = 0;
    for (int terms = 0;; terms++) {
        Dim term = 1;
        do {
            Dim factor = 0;
            if (terms == DIM_TEXT_TERMS || !read_factor(r, &factor))
                return read_fail(r, "the dimension is too long");
            term = dim_mul(dims, term, factor);
        } while (read_accept(r, '*'));
        *dim = minus ? dim_sub(dims, *dim, term, &exact)
                     : dim_add(dims, *dim, term);
        if (!exact || dims->overflow)
            return read_fail(r, "the dimension is below 0 or too large");
        minus = read_accept(r, '-');
        if (!minus && !read_accept(r, '+'))
            break;
    }
    dims->overflow = overflow;
    return true;
}
