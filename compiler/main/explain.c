/* fluxc explain: what a diagnostic means; what the functions of a model do. */
#define _POSIX_C_SOURCE 200809L
#include "emit/explain/explain.h"

#include "main/commands.h"

#include <string.h>
#include <unistd.h>

static int
explain_code(const char *code, bool first)
{
    DiagCode row = diag_find(code);
    if (row == DIAG_COUNT) {
        Near near = near_to(code);
        for (int k = 0; k < DIAG_COUNT; k++)
            near_try(&near, diag_info[k].code, diag_info[k].code);
        usage_unknown("there is no diagnostic", code, &near);
        return EXIT_usage;
    }
    printf("%s%s: %s\n\n%s\n", first ? "" : "\n", diag_info[row].code,
           diag_info[row].title, diag_info[row].text);
    return EXIT_fine;
}

static int
explain_file(const Options *o, const char *path)
{
    ExplainOptions options = {.target = o->emit.target,
                              .math = o->emit.math,
                              .samples = o->samples,
                              .ram = o->emit.ram,
                              .gflops = (double)o->gflops,
                              .gigabytes = (double)o->gigabytes,
                              .pass = &o->pass};
    Context context;
    context_init(&context);
    Script script = {0};
    Models models;
    bool fine = models_of_file(o, &context, &script, path, &models);
    for (size_t i = 0; fine && i < models.count; i++)
        fine = emit_explain(&context, models.item[i], &options, stdout);
    script_free(&script);
    fflush(stdout);
    int code = report(o, &context);
    context_free(&context);
    return code;
}

/* A code is a word that is no file. */
static bool
is_code(const char *text)
{
    return strpbrk(text, "./") == NULL && access(text, F_OK) != 0;
}

int
command_explain(const Options *o)
{
    int code = EXIT_fine;
    for (int i = 0; i < o->arguments; i++) {
        const char *what = o->argument[i];
        int one =
            is_code(what) ? explain_code(what, i == 0) : explain_file(o, what);
        code = one > code ? one : code;
    }
    return code;
}
