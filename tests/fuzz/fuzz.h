/* What the fuzz targets share. */
#ifndef FLUXC_TESTS_FUZZ_FUZZ_H
#define FLUXC_TESTS_FUZZ_FUZZ_H

#include "runtime/flux.h"

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* One input of libFuzzer; gives 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A file that forgets what is written. */
FILE *fuzz_sink(void);

/* Reads every element of an array that was parsed, and frees it. */
void fuzz_array(flux_array *array);

/* Says what does not hold, and aborts, which is a find. */
_Noreturn void fuzz_wrong(const char *what);

#endif
