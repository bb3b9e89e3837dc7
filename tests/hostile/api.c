/* Hostile files through the C API: every truncation and every changed byte of a
 * checkpoint gives a status and leaves the parameters as they were, or loads.
 */
#include "f.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int failures;

static void
expect(int holds, const char *what, size_t at)
{
    if (!holds)
        fprintf(stderr, "%s at %zu\n", what, at);
    failures += !holds;
}

int
main(void)
{
    f m;
    f other;
    flux_error err;
    unsigned char *bytes = NULL;
    size_t size = 0;
    if (f_init(&m, 1) != FLUX_OK || f_init(&other, 2) != FLUX_OK ||
        flux_save_bytes(&f_model, &m, (void **)&bytes, &size, &err) != FLUX_OK)
        return 1;
    f before = other;
    for (size_t i = 0; i < size; i++) {
        flux_status status = flux_load_bytes(&f_model, &other, bytes, i, &err);
        expect(status != FLUX_OK && err.text[0] != '\0', "truncated", i);
        expect(memcmp(&before, &other, sizeof other) == 0, "changed", i);
    }
    for (size_t i = 0; i < size * 8; i++) {
        unsigned char keep = bytes[i / 8];
        bytes[i / 8] = (unsigned char)(keep ^ 1u << i % 8);
        f loaded = before;
        if (flux_load_bytes(&f_model, &loaded, bytes, size, &err) != FLUX_OK)
            expect(memcmp(&before, &loaded, sizeof loaded) == 0, "changed", i);
        bytes[i / 8] = keep;
    }
    expect(flux_load(&f_model, &other, "/", &err) == FLUX_E_IO, "folder", 0);
    expect(flux_load(&f_model, &other, "none", &err) == FLUX_E_IO, "none", 0);
    expect(flux_load(&f_model, &other, NULL, &err) == FLUX_E_NULL, "NULL", 0);
    expect(flux_save(&f_model, &m, "/dev/full", &err) == FLUX_E_IO, "full", 0);
    expect(flux_save(&f_model, &m, "none/x", &err) == FLUX_E_IO, "none/x", 0);
    expect(memcmp(&before, &other, sizeof other) == 0, "changed", 0);
    free(bytes);
    return failures > 0;
}
