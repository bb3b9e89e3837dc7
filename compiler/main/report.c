/* What is told on stderr: diagnostics, mistakes in the command line. */
#include "main/commands.h"
#include "main/options_inner.h"

int
report(const Options *o, const Context *context)
{
    if (o->given[OPTION_json])
        diag_json(&context->diags, stderr);
    else
        diag_print(&context->diags, 0, stderr, o->colour);
    for (size_t i = 0; i < context->diags.count; i++)
        if (context->diags.item[i]->code == DIAG_internal)
            return EXIT_fault;
    return context->diags.errors > 0 ? EXIT_source : EXIT_fine;
}

bool
usage(const char *text, const char *value)
{
    fprintf(stderr, "fluxc: %s%s%s\nfluxc: `fluxc --help` lists the options\n",
            text, value ? " " : "", value ? value : "");
    return false;
}

void
usage_unknown(const char *text, const char *value, const Near *near)
{
    if (near->best == NULL)
        fprintf(stderr, "fluxc: %s %s\n", text, value);
    else
        fprintf(stderr, "fluxc: %s %s; did you mean %s?\n", text, value,
                near->best);
}
