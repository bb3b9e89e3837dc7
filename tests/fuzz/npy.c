/* Fuzzing the reader of NPY files. */
#include "tests/fuzz/fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    flux_error err;
    flux_array array = {0};
    if (flux_npy_parse(data, size, &array, &err) != FLUX_OK)
        return 0;
    fuzz_array(&array);
    return 0;
}
