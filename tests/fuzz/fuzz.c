/* What the fuzz targets share. */
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>

FILE *
fuzz_sink(void)
{
    static FILE *sink;
    if (sink == NULL)
        sink = fopen("/dev/null", "w");
    if (sink == NULL)
        abort();
    return sink;
}

_Noreturn void
fuzz_wrong(const char *what)
{
    fprintf(stderr, "fuzz: %s\n", what);
    abort();
}
