/* Fuzzing the parser: any bytes give a tree or diagnostics, and both print. */
#include "tests/fuzz/fuzz.h"

#include "grammar/grammar.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    FILE *sink = fuzz_sink();
    Context context;
    context_init(&context);
    uint32_t number =
        source_add(&context.sources, "fuzz.net", (const char *)data, size);
    const Source *source = source_get(&context.sources, number);
    ast_print(grammar_parse(&context, source), sink);
    diag_print(&context.diags, 0, sink, true);
    (void)grammar_unfinished(source);
    context_free(&context);
    return 0;
}
