/* fluxc graph: a picture of the model that is traced and optimised. */
#define _POSIX_C_SOURCE 200809L
#include "emit/draw/draw.h"
#include "grammar/grammar.h"
#include "main/commands.h"

#include <stdlib.h>
#include <string.h>

static bool
is_svg(const char *path)
{
    size_t n = path != NULL ? strlen(path) : 0;
    return n > 4 && strcmp(path + n - 4, ".svg") == 0;
}

static void
write_picture(const Options *o, Context *context, const Graph *g)
{
    if (o->output == NULL) {
        draw_dot(g, stdout);
        return;
    }
    FileText picture = {.path = o->output};
    FILE *file = open_memstream(&picture.text, &picture.size);
    if (file == NULL)
        base_out_of_memory();
    if (is_svg(o->output))
        draw_svg(g, file);
    else
        draw_dot(g, file);
    base_close_memory(file, &picture.text);
    write_files(context, &picture, 1);
    free(picture.text);
}

int
command_graph(const Options *o)
{
    Context context;
    context_init(&context);
    Script script = {0};
    Models models;
    if (models_of_file(o, &context, &script, o->argument[0], &models)) {
        const Graph *g = pass_optimise(models.item[0]->forward, &o->pass);
        if (models.count > 1)
            diag_hint(&context.diags,
                      diag_add(&context.diags, DIAG_export, (Span){0},
                               "%s has %zu models; graph draws one",
                               o->argument[0], models.count),
                      "write `export %s` for the first", models.item[0]->name);
        else if (g != NULL)
            write_picture(o, &context, g);
    }
    script_free(&script);
    int code = report(o, &context);
    context_free(&context);
    return code;
}
