/* Numbers on the command line. */
#ifndef ARGUMENTS_H
#define ARGUMENTS_H

#include <stddef.h>
#include <stdlib.h>

/* Argument i as a number from 1 on; `absent` where there is none, 0 where it is
 * no such number.
 */
static inline size_t
count_of(int argc, char **argv, int i, size_t absent)
{
    char *end = NULL;
    if (i >= argc)
        return absent;
    unsigned long n = strtoul(argv[i], &end, 10);
    return argv[i][0] >= '0' && argv[i][0] <= '9' && *end == '\0' ? n : 0;
}

#endif
