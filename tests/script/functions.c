/* Prints docs/functions.md: the functions that a script begins with, as their
 * tables have them; tests/script/run compares.
 */
#include "script/eval/eval.h"
#include "script/script.h"

#include <string.h>

static void
text(const char *s)
{
    for (; *s != 0; s++)
        printf(*s == '|' ? "\\|" : "%c", *s);
}

static void
row(const Builtin *f)
{
    printf("| `");
    text(f->name);
    printf("` | %d", f->min);
    if (f->max < 0)
        printf(" or more");
    else if (f->max > f->min)
        printf(" to %d", f->max);
    const char *keys = f->keys != NULL ? f->keys : "";
    for (size_t length; (length = strcspn(keys, " ")) > 0;
         keys += length + strspn(keys + length, " "))
        printf(", `%.*s`", (int)length, keys);
    printf(" | ");
    text(f->summary);
    printf(" |\n");
}

static bool
is_operator(const Builtin *f)
{
    return strcmp(f->summary, "an operator") == 0 ||
           strcmp(f->summary, "a comparison") == 0;
}

/* The functions of builtins.def, or all others; those that are only promised
 * take any keyword.
 */
static void
table(const Scope *scope, bool plain)
{
    printf("| name | arguments, keywords | |\n| --- | --- | --- |\n");
    for (uint32_t i = 0; i < scope->count; i++) {
        const Value *v = &scope->item[i].value;
        if (v->kind != VALUE_builtin)
            continue;
        const Builtin *f = v->as.builtin;
        bool promised = f->keys != NULL && strcmp(f->keys, "*") == 0;
        if (!promised && !is_operator(f) && f->lists == plain)
            row(f);
    }
}

static void
operators(const Scope *scope)
{
    for (uint32_t i = 0; i < scope->count; i++) {
        const Value *v = &scope->item[i].value;
        if (v->kind == VALUE_builtin && is_operator(v->as.builtin))
            printf("`%s`\n", v->as.builtin->name);
    }
}

int
main(void)
{
    Context context;
    context_init(&context);
    Script script = {0};
    ScriptOptions options = {0};
    if (!script_init(&script, &context, &options))
        return 1;
    const Scope *scope = script.globals->parent;
    printf("# Functions\n\n"
           "What a script may call without a definition, as the tables of the "
           "compiler have it. The functions of\n[stdlib](../stdlib), which "
           "are written in `.net`, stand beside them: layers, activations, "
           "losses, optimisers\n([reference](../grammar/README.md)). `f.(x)` "
           "calls a function for each element.\n\n"
           "## Numbers, arrays and models\n\n");
    table(scope, false);
    printf("\n## Values and texts\n\n");
    table(scope, true);
    printf("\n## Operators\n\nAn operator alone is a function, as in "
           "`map(+, a, b)`:\n\n");
    operators(scope);
    script_free(&script);
    context_free(&context);
    return 0;
}
