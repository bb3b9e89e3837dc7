/* fluxc gradcheck: the gradients of each model and of its trainers' losses. */
#include "script/model/gradcheck.h"
#include "main/commands.h"

static int
check_file(const Options *o, const char *path)
{
    Context context;
    context_init(&context);
    Script script = {0};
    Models models;
    if (models_of_file(o, &context, &script, path, &models))
        for (size_t i = 0; i < models.count; i++)
            gradcheck_model(&script, models.item[i]);
    script_free(&script);
    fflush(stdout);
    int code = report(o, &context);
    context_free(&context);
    return code;
}

int
command_gradcheck(const Options *o)
{
    int code = EXIT_fine;
    for (int i = 0; i < o->arguments; i++) {
        int one = check_file(o, o->argument[i]);
        code = one > code ? one : code;
    }
    return code;
}
