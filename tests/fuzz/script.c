/* Fuzzing the evaluator: a script runs, within limits, without files, on the
 * interpreter. What it does wrong must be told as a diagnostic that is not a
 * fault of fluxc.
 */
#include "tests/fuzz/fuzz.h"

#include "script/entry.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>

enum { FUZZ_DEPTH = 60, FUZZ_STEPS = 3000, FUZZ_MEMORY = 48 << 20 };

/* Set while a script runs: then no file can be opened. */
static bool inside;

/* The linker's --wrap sends what opens files through these. */
FILE *__wrap_fopen(const char *path, const char *mode);
FILE *__real_fopen(const char *path, const char *mode);
int __wrap_open(const char *path, int flags, ...);
int __real_open(const char *path, int flags, ...);

FILE *
__wrap_fopen(const char *path, const char *mode)
{
    if (!inside)
        return __real_fopen(path, mode);
    errno = EACCES;
    return NULL;
}

int
__wrap_open(const char *path, int flags, ...)
{
    va_list more;
    va_start(more, flags);
    int mode = va_arg(more, int);
    va_end(more);
    if (!inside)
        return __real_open(path, flags, mode);
    errno = EACCES;
    return -1;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ScriptOptions options = {.echo = true,
                             .dtype = DTYPE_f32,
                             .engine = ENGINE_interpret,
                             .out = fuzz_sink(),
                             .max_depth = FUZZ_DEPTH,
                             .max_steps = FUZZ_STEPS,
                             .max_memory = FUZZ_MEMORY};
    Context context;
    context_init(&context);
    Script script;
    inside = true;
    if (script_init(&script, &context, &options)) {
        uint32_t number =
            source_add(&context.sources, "fuzz.net", (const char *)data, size);
        bool fine = script_run_source(&script, number, true);
        if (!fine && context.diags.errors == 0)
            fuzz_wrong("a script fails in silence");
    }
    script_free(&script);
    inside = false;
    diag_print(&context.diags, 0, fuzz_sink(), false);
    for (size_t i = 0; i < context.diags.count; i++)
        if (context.diags.item[i]->code == DIAG_internal) {
            diag_print(&context.diags, i, stderr, false);
            fuzz_wrong("a fault of fluxc");
        }
    context_free(&context);
    return 0;
}
