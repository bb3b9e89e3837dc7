/* fluxc run and fluxc test: scripts that are evaluated now. */
#include "main/commands.h"

#include "script/model/model.h"
#include "script/script.h"

int
command_run(const Options *o)
{
    Context context;
    context_init(&context);
    Script script;
    if (script_init(&script, &context, &o->script) &&
        script_run_file(&script, o->argument[0]) &&
        model_check_exports(&script))
        script_call_main(&script, o->argument + 1, o->arguments - 1);
    script_free(&script);
    fflush(stdout);
    int code = report(o, &context);
    context_free(&context);
    return code;
}

int
command_test(const Options *o)
{
    int code = EXIT_fine;
    int passed = 0;
    int failed = 0;
    for (int i = 0; i < o->arguments; i++) {
        Context context;
        context_init(&context);
        Script script;
        if (script_init(&script, &context, &o->script) &&
            script_run_file(&script, o->argument[i]))
            model_check_exports(&script);
        passed += script.tests_passed;
        failed += script.tests_failed;
        script_free(&script);
        fflush(stdout);
        int one = report(o, &context);
        code = one > code ? one : code;
        context_free(&context);
    }
    printf("%d passed, %d failed\n", passed, failed);
    return failed > 0 && code == EXIT_fine ? EXIT_source : code;
}
