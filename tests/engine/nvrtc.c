/* Compiles the kernels of .cu files with NVRTC; a warning is a failure. For one
 * architecture: nvcc, whose code generator is the same, compiles for others.
 *
 * nvrtc FILE.cu…   the header of FILE.cu is FILE.h beside it
 */
#include "engine/nvrtc.h"

#include <stdio.h>
#include <string.h>

static const char architecture[] = "sm_90";

static char *
read_text(Arena *arena, const char *path)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        return NULL;
    fseek(file, 0, SEEK_END);
    size_t size = (size_t)ftell(file);
    rewind(file);
    char *text = arena_alloc(arena, size + 1);
    text[fread(text, 1, size, file)] = 0;
    fclose(file);
    return text;
}

/* Whether there is a cubin, and nothing was said. */
static int
compile(Arena *arena, const char *path)
{
    size_t stem = strlen(path) - strlen(".cu");
    const char *header = arena_printf(arena, "%.*s.h", (int)stem, path);
    const char *slash = strrchr(header, '/');
    const EmbeddedFile more[] = {
        {slash != NULL ? slash + 1 : header, read_text(arena, header)},
        {NULL, NULL}};
    const char *text = read_text(arena, path);
    if (text == NULL || more[0].text == NULL) {
        printf("FAILED: %s cannot be read\n", path);
        return 0;
    }
    NvrtcResult result;
    const char *problem =
        nvrtc_compile(arena, text, more, architecture, &result);
    if (problem != NULL || *result.log != 0 || result.bytes < 4 ||
        memcmp(result.code, "\177ELF", 4) != 0) {
        printf("FAILED: %s for %s: %s\n%s\n", path, architecture,
               problem != NULL ? problem : "it warns", result.log);
        return 0;
    }
    return 1;
}

int
main(int argc, char **argv)
{
    int passed = 0;
    Arena arena = {0};
    if (!nvrtc_available()) {
        printf("skipped: no NVRTC: %d files\n", argc - 1);
        printf("0 passed, 0 failed, %d skipped\n", argc - 1);
        return 0;
    }
    for (int i = 1; i < argc; i++) {
        passed += compile(&arena, argv[i]);
        arena_free(&arena);
    }
    printf("%d passed, %d failed, 0 skipped\n", passed, argc - 1 - passed);
    return passed == argc - 1 ? 0 : 1;
}
