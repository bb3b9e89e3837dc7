/* Fuzzing the reader of CSV files: the first two bytes choose the options. */
#include "tests/fuzz/fuzz.h"

#include "runtime/flux.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    flux_csv_options options = {.separator = (char)data[1],
                                .header = (flux_csv_header)(data[0] % 4)};
    flux_error err;
    flux_table table = {0};
    if (flux_csv_parse((const char *)data + 2, size - 2,
                       data[0] & 4 ? NULL : &options, &table, &err) != FLUX_OK)
        return 0;
    double sum = 0;
    for (size_t i = 0; i < table.rows * table.cols; i++)
        sum += table.data[i];
    for (size_t i = 0; table.name != NULL && i < table.cols; i++)
        fprintf(fuzz_sink(), "%s", table.name[i]);
    fprintf(fuzz_sink(), "%g", sum);
    flux_table_free(&table);
    return 0;
}
