/* Fuzzing the reader of NPY files. */
#include "tests/fuzz/fuzz.h"

#include "runtime/flux.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    flux_error err;
    flux_array array = {0};
    if (flux_npy_parse(data, size, &array, &err) != FLUX_OK)
        return 0;
    flux_array scaled = {0};
    if (flux_array_f32(&array, 1.0 / 255, &scaled) == FLUX_OK) {
        const float *from = scaled.data;
        float sum = 0;
        for (size_t i = 0; i < flux_array_size(&scaled); i++)
            sum += from[i];
        fprintf(fuzz_sink(), "%g", (double)sum);
    }
    flux_array_free(&scaled);
    flux_array_free(&array);
    return 0;
}
