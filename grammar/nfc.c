/* Normalisation form C (Unicode Standard Annex 15): decompose, order the marks
 * by their combining class, compose. The tables are nfc.py's.
 */
#include "grammar/nfc.h"

#include "base/source.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

typedef struct {
    uint32_t from;
    uint32_t to;
} NfcSingle;

typedef struct {
    uint32_t from; /* in nfc_class: first, last, class */
    uint32_t first;
    uint32_t second;
} NfcPair;

#include "grammar/nfc_table.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define GROWTH       4 /* no character decomposes to more */

/* Hangul syllables are computed: L, V and T are the three kinds of Jamo. */
enum {
    SYLLABLE = 0xAC00,
    L_BASE = 0x1100,
    V_BASE = 0x1161,
    T_BASE = 0x11A7,
    L_COUNT = 19,
    V_COUNT = 21,
    T_COUNT = 28,
    SYLLABLES = L_COUNT * V_COUNT * T_COUNT
};

typedef struct {
    uint32_t item[GROWTH * NFC_MAX];
    unsigned char class[GROWTH * NFC_MAX]; /* of combination; 0: a letter */
    size_t count;
} Points;

static const NfcPair *
find_pair(const NfcPair *table, size_t count, uint32_t c)
{
    size_t low = 0;
    while (count) {
        size_t half = count / 2;
        if (table[low + half].from == c)
            return &table[low + half];
        if (table[low + half].from < c) {
            low += half + 1;
            count -= half + 1;
        } else {
            count = half;
        }
    }
    return NULL;
}

static uint32_t
single(uint32_t c)
{
    for (size_t i = 0; i < COUNT(nfc_single); i++)
        if (nfc_single[i].from == c)
            return nfc_single[i].to;
    return c;
}

static unsigned char
combining_class(uint32_t c)
{
    for (size_t i = 0; i < COUNT(nfc_class); i++)
        if (nfc_class[i].from <= c && c <= nfc_class[i].first)
            return (unsigned char)nfc_class[i].second;
    return 0;
}

/* Appends a character's parts; each step goes to smaller tables, and the
 * deepest has GROWTH of them.
 */
static void
decompose(uint32_t c, Points *points)
{
    if (c >= SYLLABLE && c < SYLLABLE + SYLLABLES) {
        uint32_t index = c - SYLLABLE;
        uint32_t t = index % T_COUNT;
        index /= T_COUNT;
        points->item[points->count++] = L_BASE + index / V_COUNT;
        points->item[points->count++] = V_BASE + index % V_COUNT;
        if (t)
            points->item[points->count++] = T_BASE + t;
        return;
    }
    const NfcPair *pair = find_pair(nfc_pair, COUNT(nfc_pair), c);
    if (!pair)
        pair = find_pair(nfc_excluded, COUNT(nfc_excluded), c);
    if (pair) {
        decompose(pair->first, points);
        decompose(pair->second, points);
        return;
    }
    uint32_t other = single(c);
    if (other != c)
        decompose(other, points);
    else
        points->item[points->count++] = c;
}

/* Orders the marks behind each letter by class; equal ones keep their order. */
static void
order(Points *points)
{
    for (size_t i = 0; i < points->count; i++) {
        uint32_t c = points->item[i];
        unsigned char class = combining_class(c);
        size_t k = i;
        for (; class && k && points->class[k - 1] > class; k--) {
            points->item[k] = points->item[k - 1];
            points->class[k] = points->class[k - 1];
        }
        points->item[k] = c;
        points->class[k] = class;
    }
}

/* The character that two compose to, or 0. */
static uint32_t
compose_two(uint32_t a, uint32_t b)
{
    if (a >= L_BASE && a < L_BASE + L_COUNT && b >= V_BASE &&
        b < V_BASE + V_COUNT)
        return SYLLABLE + ((a - L_BASE) * V_COUNT + (b - V_BASE)) * T_COUNT;
    if (a >= SYLLABLE && a < SYLLABLE + SYLLABLES &&
        (a - SYLLABLE) % T_COUNT == 0 && b > T_BASE && b < T_BASE + T_COUNT)
        return a + (b - T_BASE);
    for (size_t i = 0; i < COUNT(nfc_pair); i++)
        if (nfc_pair[i].second == b && nfc_pair[i].first == a)
            return nfc_pair[i].from;
    return 0;
}

/* Joins each mark with the letter before it, unless another mark of the same
 * or a higher class that stayed stands between.
 */
static void
compose(Points *points)
{
    size_t count = 0;
    size_t starter = SIZE_MAX;
    unsigned char last =
        0; /* class of the last that stayed behind the starter */
    for (size_t i = 0; i < points->count; i++) {
        uint32_t c = points->item[i];
        unsigned char class = points->class[i];
        bool blocked = count && starter != count - 1 && last >= class;
        uint32_t joined = 0;
        if (starter != SIZE_MAX && !blocked)
            joined = compose_two(points->item[starter], c);
        if (joined) {
            points->item[starter] = joined;
            continue;
        }
        if (!class)
            starter = count;
        last = class;
        points->item[count++] = c;
    }
    points->count = count;
}

static uint32_t
decode(const unsigned char *p, size_t *length)
{
    *length = *p < 0x80 ? 1 : *p < 0xE0 ? 2 : *p < 0xF0 ? 3 : 4;
    uint32_t c = *length == 1 ? *p : *p & (0x7Fu >> *length);
    for (size_t i = 1; i < *length; i++)
        c = c << 6 | (p[i] & 0x3Fu);
    return c;
}

/* Julia reads these as their Greek twins; form C does not. */
static uint32_t
greek(uint32_t c)
{
    switch (c) {
    case 0x00B5: /* micro sign */
        return 0x03BC;
    case 0x025B: /* open e */
        return 0x03B5;
    default:
        return c;
    }
}

/* Whether form C is the text itself: no mark, no letter that changes. */
static bool
plain(const unsigned char *text, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (text[i] >= 0xCC || (text[i] == 0xB5 && text[i - 1] == 0xC2) ||
            (text[i] == 0x9B && text[i - 1] == 0xC9))
            return false;
    return true;
}

size_t
nfc(const char *text, size_t length, char *to)
{
    const unsigned char *bytes = (const unsigned char *)text;
    if (plain(bytes, length)) {
        memcpy(to, text, length);
        return length;
    }
    Points points;
    points.count = 0;
    for (size_t i = 0; i < length;) {
        size_t n;
        decompose(greek(decode(bytes + i, &n)), &points);
        i += n;
    }
    order(&points);
    compose(&points);
    size_t end = 0;
    for (size_t i = 0; i < points.count; i++)
        end += source_encode(points.item[i], to + end);
    return end;
}
