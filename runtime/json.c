/* json.c - a strict reader of JSON (RFC 8259) without recursion. */
#include "runtime/json.h"

#include <stdint.h>
#include <string.h>

/* Keeps the first error; always 0. */
static int
fail(flux_json *j, const char *what)
{
    if (j->what == NULL)
        j->what = what;
    return 0;
}

static void
json_space(flux_json *j)
{
    while (j->at < j->end && (*j->at == ' ' || *j->at == '\t' ||
                              *j->at == '\n' || *j->at == '\r'))
        j->at++;
}

int
flux_json_next(flux_json *j, char c)
{
    json_space(j);
    if (j->what != NULL || j->at >= j->end || *j->at != c)
        return 0;
    j->at++;
    return 1;
}

int
flux_json_expect(flux_json *j, char c)
{
    if (flux_json_next(j, c))
        return 1;
    switch (c) {
    case '{':
        return fail(j, "'{' expected");
    case '}':
        return fail(j, "',' or '}' expected");
    case '[':
        return fail(j, "'[' expected");
    case ']':
        return fail(j, "',' or ']' expected");
    case ':':
        return fail(j, "':' expected");
    case '"':
        return fail(j, "a string expected");
    default:
        return fail(j, "something else expected");
    }
}

int
flux_json_end(flux_json *j)
{
    json_space(j);
    if (j->what == NULL && j->at == j->end)
        return 1;
    return fail(j, "text after the end");
}

size_t
flux_utf8(const char *text, const char *end)
{
    const unsigned char *s = (const unsigned char *)text;
    size_t room = (size_t)(end - text);
    if (room == 0)
        return 0;
    if (s[0] < 0x80)
        return 1;
    size_t length = s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : 2;
    if (s[0] < 0xc2 || s[0] > 0xf4 || room < length)
        return 0;
    for (size_t i = 1; i < length; i++)
        if ((s[i] & 0xc0) != 0x80)
            return 0;
    if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) ||
        (s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f))
        return 0;
    return length;
}

/* The four digits after \u; a value above 0xffff on an error. */
static uint32_t
json_hex(flux_json *j)
{
    enum { BAD = 0x10000 };
    uint32_t value = 0;
    if (j->end - j->at < 4)
        return BAD;
    for (int i = 0; i < 4; i++) {
        char c = *j->at++;
        uint32_t digit = 16;
        if (c >= '0' && c <= '9')
            digit = (uint32_t)(c - '0');
        else if (c >= 'a' && c <= 'f')
            digit = (uint32_t)(c - 'a') + 10;
        else if (c >= 'A' && c <= 'F')
            digit = (uint32_t)(c - 'A') + 10;
        if (digit == 16)
            return BAD;
        value = value * 16 + digit;
    }
    return value;
}

static void
json_put(flux_json *j, uint32_t c)
{
    if (c < 0x80) {
        *j->pool++ = (char)c;
    } else if (c < 0x800) {
        *j->pool++ = (char)(0xc0 | c >> 6);
        *j->pool++ = (char)(0x80 | (c & 0x3f));
    } else if (c < 0x10000) {
        *j->pool++ = (char)(0xe0 | c >> 12);
        *j->pool++ = (char)(0x80 | (c >> 6 & 0x3f));
        *j->pool++ = (char)(0x80 | (c & 0x3f));
    } else {
        *j->pool++ = (char)(0xf0 | c >> 18);
        *j->pool++ = (char)(0x80 | (c >> 12 & 0x3f));
        *j->pool++ = (char)(0x80 | (c >> 6 & 0x3f));
        *j->pool++ = (char)(0x80 | (c & 0x3f));
    }
}

/* After \u: a character, or the two halves of one beyond U+FFFF. */
static int
json_unicode(flux_json *j)
{
    uint32_t c = json_hex(j);
    if (c > 0xffff || c == 0)
        return fail(j, "a bad \\u escape in a string");
    if (c >= 0xd800 && c <= 0xdfff) {
        if (c > 0xdbff || j->end - j->at < 2 || j->at[0] != '\\' ||
            j->at[1] != 'u')
            return fail(j, "half a surrogate pair in a string");
        j->at += 2;
        uint32_t low = json_hex(j);
        if (low < 0xdc00 || low > 0xdfff)
            return fail(j, "half a surrogate pair in a string");
        c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
    }
    json_put(j, c);
    return 1;
}

/* After a backslash. */
static int
json_escape(flux_json *j)
{
    static const char from[] = "\"\\/bfnrt";
    static const char to[] = "\"\\/\b\f\n\r\t";
    if (j->at >= j->end)
        return fail(j, "a string without an end");
    char c = *j->at++;
    if (c == 'u')
        return json_unicode(j);
    const char *found = c == '\0' ? NULL : strchr(from, c);
    if (found == NULL)
        return fail(j, "an unknown escape in a string");
    *j->pool++ = to[found - from];
    return 1;
}

const char *
flux_json_string(flux_json *j)
{
    if (!flux_json_expect(j, '"'))
        return NULL;
    char *text = j->pool;
    while (j->at < j->end && *j->at != '"') {
        if ((unsigned char)*j->at < 0x20) {
            fail(j, "a control character in a string");
            return NULL;
        }
        if (*j->at == '\\') {
            j->at++;
            if (!json_escape(j))
                return NULL;
            continue;
        }
        size_t length = flux_utf8(j->at, j->end);
        if (length == 0) {
            fail(j, "a string that is not UTF-8");
            return NULL;
        }
        memcpy(j->pool, j->at, length);
        j->pool += length;
        j->at += length;
    }
    if (j->at >= j->end) {
        fail(j, "a string without an end");
        return NULL;
    }
    j->at++;
    *j->pool++ = '\0';
    return text;
}

size_t
flux_json_size(flux_json *j)
{
    json_space(j);
    const char *start = j->at;
    size_t value = 0;
    while (j->what == NULL && j->at < j->end && *j->at >= '0' &&
           *j->at <= '9') {
        size_t digit = (size_t)(*j->at - '0');
        if (value > (SIZE_MAX - digit) / 10) {
            fail(j, "a number that is too large");
            return 0;
        }
        value = value * 10 + digit;
        j->at++;
    }
    if (j->at == start || (*start == '0' && j->at - start > 1)) {
        fail(j, "a whole number without sign expected");
        return 0;
    }
    return value;
}
