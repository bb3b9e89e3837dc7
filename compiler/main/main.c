/* fluxc: the commands, each a straight line through the layers. */
#define _POSIX_C_SOURCE 200809L
#include "grammar/grammar.h"
#include "main/options.h"
#include "script/entry.h"
#include "script/model.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Prints what was reported; the exit code that follows from it. */
static int
report(const Options *o, const Context *context)
{
    diag_print(&context->diags, 0, stderr, o->colour);
    for (size_t i = 0; i < context->diags.count; i++)
        if (context->diags.item[i]->code == DIAG_internal)
            return EXIT_fault;
    return context->diags.errors > 0 ? EXIT_source : EXIT_fine;
}

/* Writes a file whole or not at all; NULL, or the system's message. */
static const char *
write_whole(Arena *arena, const char *path, const char *text, size_t size)
{
    char *temporary = arena_printf(arena, "%s.tmp%ld", path, (long)getpid());
    FILE *file = fopen(temporary, "wb");
    if (file == NULL)
        return strerror(errno);
    bool written = fwrite(text, 1, size, file) == size;
    written = fflush(file) == 0 && written;
    int error = errno;
    if (fclose(file) != 0 || !written) {
        unlink(temporary);
        return strerror(error);
    }
    if (rename(temporary, path) != 0) {
        error = errno;
        unlink(temporary);
        return strerror(error);
    }
    return NULL;
}

/* The text of a model's header and source. */
typedef struct {
    char *header;
    size_t header_size;
    char *source;
    size_t source_size;
} Files;

static bool
emit_files(const Options *o, Context *context, const EmitModel *m, Files *f)
{
    FILE *header = open_memstream(&f->header, &f->header_size);
    FILE *source = open_memstream(&f->source, &f->source_size);
    if (header == NULL || source == NULL)
        base_out_of_memory();
    bool done = emit_c(context, m, &o->emit, header, source);
    if (fclose(header) != 0 || fclose(source) != 0)
        base_out_of_memory();
    return done;
}

static bool
is_c_file(const char *path)
{
    size_t n = path != NULL ? strlen(path) : 0;
    return n > 2 && strcmp(path + n - 2, ".c") == 0;
}

static void
write_files(const Options *o, Context *context, const EmitModel *m)
{
    Arena *arena = &context->arena;
    Files f = {0};
    if (emit_files(o, context, m, &f)) {
        const char *stem = m->base;
        if (is_c_file(o->output))
            stem = arena_string(arena, o->output, strlen(o->output) - 2);
        else if (o->output != NULL)
            stem = arena_printf(arena, "%s/%s", o->output, m->base);
        const char *h = arena_printf(arena, "%s.h", stem);
        const char *c = arena_printf(arena, "%s.c", stem);
        const char *path = h;
        const char *problem = write_whole(arena, h, f.header, f.header_size);
        if (problem == NULL) {
            path = c;
            problem = write_whole(arena, c, f.source, f.source_size);
            if (problem != NULL)
                unlink(h);
        }
        if (problem != NULL)
            diag_add(&context->diags, DIAG_file, (Span){0},
                     "cannot write %s: %s", path, problem);
    }
    free(f.header);
    free(f.source);
}

static void
print_stage(const Options *o, Context *context, const EmitModel *m)
{
    if (o->stage == STAGE_ir) {
        ir_print(m->forward, stdout);
        ir_print(m->back, stdout);
        for (int i = 0; i < m->trainers; i++)
            ir_print(m->trainer[i].step, stdout);
        return;
    }
    if (o->stage == STAGE_kernels) {
        emit_kernels(context, m->forward, &o->pass, stdout);
        emit_kernels(context, m->back, &o->pass, stdout);
        for (int i = 0; i < m->trainers; i++)
            emit_kernels(context, m->trainer[i].step, &o->pass, stdout);
        return;
    }
    Files f = {0};
    if (emit_files(o, context, m, &f)) {
        bool header = o->stage == STAGE_h;
        fwrite(header ? f.header : f.source, 1,
               header ? f.header_size : f.source_size, stdout);
    }
    free(f.header);
    free(f.source);
}

/* ---- commands ---- */

/* Evaluates the definitions of one file, and emits its models. */
static void
compile_file(const Options *o, Context *context, const char *path)
{
    Script script;
    if (!script_init(&script, context, &o->script))
        return;
    uint32_t next = context->sources.count;
    bool fine = script_run_file(&script, path);
    if (fine) {
        ExportOptions options = {.prefix = o->prefix, .command = o->line};
        options.source = source_get(&context->sources, next);
        EmitModel **model = NULL;
        size_t count = model_export_all(&script, &options, &model);
        bool one = is_c_file(o->output) || o->prefix != NULL;
        if (one && count > 1)
            diag_add(&context->diags, DIAG_export, (Span){0},
                     "%s has %zu models; -o FILE.c and --prefix are for one",
                     path, count);
        if (count == 0 && context->diags.errors == 0)
            diag_hint(&context->diags,
                      diag_add(&context->diags, DIAG_export, (Span){0},
                               "%s has no model to emit", path),
                      "name a model whose input has a known shape, as in "
                      "@net f(x::[4]) = …, or export one");
        if (is_c_file(o->output) && count == 1) {
            const char *slash = strrchr(o->output, '/');
            const char *file = slash ? slash + 1 : o->output;
            model[0]->base =
                arena_string(&context->arena, file, strlen(file) - 2);
        }
        for (size_t i = 0; i < count && context->diags.errors == 0; i++) {
            if (o->command == COMMAND_check)
                continue;
            if (o->stage == STAGE_files)
                write_files(o, context, model[i]);
            else
                print_stage(o, context, model[i]);
        }
    }
    script_free(&script);
}

/* .ir text: reads a graph, runs the passes that are named, prints it. */
static void
ir_file(const Options *o, Context *context, uint32_t source)
{
    Dims dims;
    dims_init(&dims, &context->arena);
    const Graph *g =
        ir_read(context, &dims, source_get(&context->sources, source));
    for (int i = 0; i < o->run_passes && g != NULL; i++)
        g = pass_run(pass_find(o->run_pass[i]), g, &o->pass);
    if (g == NULL)
        return;
    if (o->stage == STAGE_kernels)
        emit_kernels(context, g, &o->pass, stdout);
    else if (o->stage == STAGE_c)
        emit_raw(context, g, &o->pass, stdout);
    else
        ir_print(g, stdout);
}

/* Stages that need no evaluation: --emit ast, .ir files. True if done. */
static bool
stage_file(const Options *o, Context *context, const char *path)
{
    size_t n = strlen(path);
    bool ir = n > 3 && strcmp(path + n - 3, ".ir") == 0;
    if (!ir && o->stage != STAGE_ast)
        return false;
    const char *problem = NULL;
    uint32_t source = source_read(&context->sources, path, &problem);
    if (source == 0) {
        diag_add(&context->diags, DIAG_file, (Span){0}, "cannot read %s: %s",
                 path, problem);
    } else if (ir) {
        ir_file(o, context, source);
    } else {
        ast_print(grammar_parse(context, source_get(&context->sources, source)),
                  stdout);
    }
    return true;
}

static int
each_file(const Options *o,
          void (*run)(const Options *, Context *, const char *))
{
    int code = EXIT_fine;
    for (int i = 0; i < o->arguments; i++) {
        Context context;
        context_init(&context);
        if (!stage_file(o, &context, o->argument[i]))
            run(o, &context, o->argument[i]);
        int one = report(o, &context);
        code = one > code ? one : code;
        context_free(&context);
    }
    return code;
}

static int
command_compile(const Options *o)
{
    return each_file(o, compile_file);
}

static int
command_check(const Options *o)
{
    return each_file(o, compile_file);
}

static int
command_run(const Options *o)
{
    Context context;
    context_init(&context);
    Script script;
    if (script_init(&script, &context, &o->script) &&
        script_run_file(&script, o->argument[0]))
        script_call_main(&script, o->argument + 1, o->arguments - 1);
    script_free(&script);
    fflush(stdout);
    int code = report(o, &context);
    context_free(&context);
    return code;
}

static int
command_test(const Options *o)
{
    int code = EXIT_fine;
    int passed = 0;
    int failed = 0;
    for (int i = 0; i < o->arguments; i++) {
        Context context;
        context_init(&context);
        Script script;
        if (script_init(&script, &context, &o->script))
            script_run_file(&script, o->argument[i]);
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

static int
command_explain(const Options *o)
{
    int code = EXIT_fine;
    for (int i = 0; i < o->arguments; i++) {
        DiagCode row = diag_find(o->argument[i]);
        if (row == DIAG_COUNT) {
            fprintf(stderr, "fluxc: there is no diagnostic %s\n",
                    o->argument[i]);
            code = EXIT_usage;
            continue;
        }
        printf("%s: %s\n\n%s\n", diag_info[row].code, diag_info[row].title,
               diag_info[row].text);
    }
    return code;
}

static int (*const commands[COMMANDS])(const Options *) = {
#define COMMAND(text, name, arguments, help) command_##name,
#include "main/commands.def"
#undef COMMAND
};

int
main(int argc, char **argv)
{
    Arena arena = {0};
    Options options;
    int code = EXIT_usage;
    if (!options_read(&options, &arena, argc, argv)) {
        code = EXIT_usage;
    } else if (options.help) {
        options_help(&options, stdout);
        code = EXIT_fine;
    } else if (options.version) {
        printf("fluxc %s\n", FLUXC_VERSION);
        code = EXIT_fine;
    } else if (options.arguments == 0) {
        options_help(&options, stderr);
    } else {
        code = commands[options.command](&options);
    }
    arena_free(&arena);
    if (fflush(stdout) != 0 && code == EXIT_fine) {
        perror("fluxc: stdout");
        code = EXIT_source;
    }
    return code;
}
