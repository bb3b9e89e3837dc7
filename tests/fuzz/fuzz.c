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

void
fuzz_array(flux_array *array)
{
    flux_array scaled = {0};
    if (flux_array_f32(array, 1.0 / 255, &scaled) == FLUX_OK) {
        const float *from = scaled.data;
        float sum = 0;
        for (size_t i = 0; i < flux_array_size(&scaled); i++)
            sum += from[i];
        fprintf(fuzz_sink(), "%g", (double)sum);
    }
    flux_array_free(&scaled);
    flux_array_free(array);
}

_Noreturn void
fuzz_wrong(const char *what)
{
    fprintf(stderr, "fuzz: %s\n", what);
    abort();
}
