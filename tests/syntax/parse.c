/* parse [-e TEXT | FILE]...: prints the syntax tree of each text, a line a
 * statement, and its diagnostics on stderr. `-u`: says only whether the text is
 * unfinished. Exit code 1 after an error.
 */
#include "base/context.h"
#include "grammar/grammar.h"

#include <stdio.h>
#include <string.h>

static bool
parse(const char *path, const char *text, bool unfinished)
{
    Context context;
    context_init(&context);
    const char *problem = NULL;
    uint32_t number =
        text ? source_add(&context.sources, path, text, strlen(text))
             : source_read(&context.sources, path, &problem);
    const Source *source = source_get(&context.sources, number);
    bool valid = source != NULL;
    if (!valid) {
        fprintf(stderr, "%s: %s\n", path, problem);
    } else if (unfinished) {
        puts(grammar_unfinished(source) ? "unfinished" : "finished");
    } else {
        const Ast *program = grammar_parse(&context, source);
        valid = context.diags.errors == 0;
        if (valid)
            ast_print(program, stdout);
        diag_print(&context.diags, 0, stderr, false);
    }
    context_free(&context);
    return valid;
}

int
main(int argc, char **argv)
{
    bool valid = true;
    bool unfinished = false;
    for (int i = 1; i < argc; i++) {
        if (!strcmp(argv[i], "-u")) {
            unfinished = true;
        } else if (!strcmp(argv[i], "-e") && i + 1 < argc) {
            i++;
            valid = parse("-e", argv[i], unfinished) && valid;
        } else {
            valid = parse(argv[i], NULL, unfinished) && valid;
        }
    }
    return valid ? 0 : 1;
}
