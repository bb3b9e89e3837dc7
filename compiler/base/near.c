/* The distance of words: by Wagner and Fischer (1974), The string-to-string
 * correction problem; with neighbours that changed places as in Lowrance and
 * Wagner (1975), of which none is edited again.
 */
#include "base/near.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

enum { LENGTH = 40, SWAP = 1, EDIT = 2, FAR = 2 * EDIT + 1 };

static int
least(int a, int b)
{
    return a < b ? a : b;
}

/* Whether they are one word, whose letters may be large or small. */
static bool
same_letters(const char *a, const char *b)
{
    for (; *a != 0 && *b != 0; a++, b++) {
        bool letter = (*a | 32) >= 'a' && (*a | 32) <= 'z';
        if (*a != *b && !(letter && (*a ^ *b) == 32))
            return false;
    }
    return *a == *b;
}

/* The cost of making a into b; more than two edits are FAR. */
static int
distance(const char *a, const char *b)
{
    size_t n = strlen(a);
    size_t m = strlen(b);
    if (n > LENGTH || m > LENGTH || n > m + 2 || m > n + 2)
        return FAR;
    if (same_letters(a, b))
        return 0;
    int d[LENGTH + 1][LENGTH + 1]; /* of the first i and j bytes */
    for (size_t i = 0; i <= n; i++)
        d[i][0] = (int)i * EDIT;
    for (size_t j = 0; j <= m; j++)
        d[0][j] = (int)j * EDIT;
    for (size_t i = 1; i <= n; i++) {
        for (size_t j = 1; j <= m; j++) {
            int same = a[i - 1] == b[j - 1] ? 0 : EDIT;
            int one = EDIT + least(d[i - 1][j], d[i][j - 1]);
            d[i][j] = least(d[i - 1][j - 1] + same, one);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                d[i][j] = least(d[i][j], d[i - 2][j - 2] + SWAP);
        }
    }
    return least(d[n][m], FAR);
}

Near
near_to(const char *word)
{
    size_t length = strlen(word);
    int far = length < 2 ? 0 : length < 5 ? EDIT + 1 : FAR;
    return (Near){.word = word, .far = far};
}

void
near_try(Near *near, const char *other, const char *shown)
{
    int far = distance(near->word, other);
    if (far < near->far) {
        near->best = shown;
        near->far = far;
    }
}
