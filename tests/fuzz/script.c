/* Fuzzing the evaluator: a script runs, within limits, without files, on the
 * interpreter. What it does wrong must be told as a diagnostic that is not a
 * fault of fluxc.
 *
 * The standard library is evaluated once. All that a script knows lies in the
 * arena, so that what the next one begins with is put back byte for byte.
 */
#include "tests/fuzz/fuzz.h"

#include "script/eval/eval.h"
#include "script/script.h"

#include <errno.h>
#include <sanitizer/asan_interface.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

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

/* A chunk of the arena as it was when the library had been evaluated. */
typedef struct {
    ArenaChunk *chunk;
    ArenaChunk *older;
    size_t used;
    void *memory;
} Kept;

enum { KEPT_CHUNKS = 64 };
static Kept kept[KEPT_CHUNKS];
static size_t kept_count;
static Context context;
static Context kept_context;
static Script script;
static Script kept_script;

static void
begin(void)
{
    ScriptOptions options = {.echo = true,
                             .dtype = DTYPE_f32,
                             .engine = ENGINE_interpret,
                             .out = fuzz_sink(),
                             .max_depth = FUZZ_DEPTH,
                             .max_steps = FUZZ_STEPS,
                             .max_memory = FUZZ_MEMORY};
    context_init(&context);
    if (!script_init(&script, &context, &options))
        fuzz_wrong("the library fails");
    for (ArenaChunk *c = context.arena.chunk; c != NULL; c = c->older) {
        void *memory = malloc(c->used + 1);
        if (memory == NULL || kept_count == KEPT_CHUNKS)
            fuzz_wrong("no memory");
        ASAN_UNPOISON_MEMORY_REGION(c->memory, c->used);
        memcpy(memory, c->memory, c->used);
        kept[kept_count++] = (Kept){c, c->older, c->used, memory};
    }
    kept_context = context;
    kept_script = script;
}

static bool
is_kept(const ArenaChunk *chunk)
{
    for (size_t i = 0; i < kept_count; i++)
        if (kept[i].chunk == chunk)
            return true;
    return false;
}

static void
put_back(void)
{
    script_free(&script);
    for (ArenaChunk *c = context.arena.chunk; c != NULL;) {
        ArenaChunk *older = c->older;
        if (!is_kept(c))
            free(c);
        c = older;
    }
    for (size_t i = 0; i < kept_count; i++) {
        ArenaChunk *c = kept[i].chunk;
        size_t used = kept[i].used;
        char *rest = (char *)c->memory + used;
        memcpy(c->memory, kept[i].memory, used);
        ASAN_UNPOISON_MEMORY_REGION(rest, c->used - used);
        memset(rest, 0, c->used - used);
        ASAN_POISON_MEMORY_REGION(rest, c->size - used);
        c->older = kept[i].older;
        c->used = used;
    }
    context = kept_context;
    script = kept_script;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (kept_count == 0)
        begin();
    inside = true;
    uint32_t number =
        source_add(&context.sources, "fuzz.net", (const char *)data, size);
    bool fine = script_run_source(&script, number, true);
    if (!fine && context.diags.errors == 0)
        fuzz_wrong("a script fails in silence");
    inside = false;
    diag_print(&context.diags, 0, fuzz_sink(), false);
    for (size_t i = 0; i < context.diags.count; i++)
        if (context.diags.item[i]->code == DIAG_internal) {
            diag_print(&context.diags, i, stderr, false);
            fuzz_wrong("a fault of fluxc");
        }
    put_back();
    return 0;
}
