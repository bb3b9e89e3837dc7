/* fluxc fmt: lays files out, after a proof that they mean the same. */
#define _POSIX_C_SOURCE 200809L
#include "grammar/grammar.h"
#include "main/commands.h"
#include "main/tokens.h"

#include <stdlib.h>
#include <string.h>

enum { CHUNK = 1 << 16, STDIN_MAX = 64 << 20 };

/* The syntax tree of a source as text, for comparing; freed by the caller. */
static char *
tree_of(Context *context, uint32_t source)
{
    char *text = NULL;
    size_t size = 0;
    FILE *file = open_memstream(&text, &size);
    if (file == NULL)
        base_out_of_memory();
    ast_print(grammar_parse(context, source_get(&context->sources, source)),
              file);
    base_close_memory(file, &text);
    return text;
}

/* The text of a source laid out; NULL where something was reported. */
static const char *
format_source(Context *context, uint32_t source, size_t *length)
{
    const Source *old = source_get(&context->sources, source);
    char *before = tree_of(context, source);
    const char *text = NULL;
    if (context->diags.errors == 0) {
        Tokens tokens = tokens_read(&context->arena, old->text, old->size);
        text = fmt_text(&context->arena, old->text, tokens.item, tokens.count,
                        length);
        char *after = tree_of(
            context, source_add(&context->sources, old->path, text, *length));
        if (strcmp(before, after) != 0) {
            diag_add(&context->diags, DIAG_internal, (Span){0},
                     "the layout of %s would change what it means", old->path);
            text = NULL;
        }
        free(after);
    }
    free(before);
    return text;
}

/* All of stdin as a source; 0 where something was reported. */
static uint32_t
read_stdin(Context *context)
{
    VEC(char) text = {0};
    char *chunk = arena_alloc(&context->arena, CHUNK);
    size_t n;
    while ((n = fread(chunk, 1, CHUNK, stdin)) > 0 && text.count < STDIN_MAX)
        for (size_t i = 0; i < n; i++)
            VEC_PUSH(&context->arena, &text, chunk[i]);
    if (!ferror(stdin) && text.count < STDIN_MAX)
        return source_add(&context->sources, "<stdin>",
                          text.count ? text.item : "", text.count);
    diag_add(&context->diags, DIAG_file, (Span){0}, "cannot read stdin%s",
             ferror(stdin) ? "" : ": more than 64 MiB");
    return 0;
}

/* True if the layout differs. */
static bool
format_file(const Options *o, Context *context, const char *path)
{
    bool stream = strcmp(path, "-") == 0;
    const char *problem = NULL;
    uint32_t source = stream ? read_stdin(context)
                             : source_read(&context->sources, path, &problem);
    if (problem != NULL)
        diag_add(&context->diags, DIAG_file, (Span){0}, "cannot read %s: %s",
                 path, problem);
    if (source == 0)
        return false;
    size_t length = 0;
    const char *text = format_source(context, source, &length);
    if (text == NULL)
        return false;
    const Source *old = source_get(&context->sources, source);
    bool differs = length != old->size || memcmp(text, old->text, length) != 0;
    if (o->given[OPTION_check] && differs)
        puts(old->path);
    else if (!o->given[OPTION_check] && stream)
        fwrite(text, 1, length, stdout);
    else if (differs)
        write_files(context,
                    &(FileText){path,
                                arena_string(&context->arena, text, length),
                                length},
                    1);
    return differs;
}

int
command_fmt(const Options *o)
{
    int code = EXIT_fine;
    for (int i = 0; i < o->arguments; i++) {
        Context context;
        context_init(&context);
        bool differs = format_file(o, &context, o->argument[i]);
        int one = report(o, &context);
        if (differs && o->given[OPTION_check] && one == EXIT_fine)
            one = EXIT_source;
        code = one > code ? one : code;
        context_free(&context);
    }
    return code;
}
