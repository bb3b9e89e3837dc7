/* fluxc model.net and fluxc check: from a file to its models' C. */
#define _POSIX_C_SOURCE 200809L
#include "grammar/grammar.h"
#include "main/commands.h"

#include <stdlib.h>
#include <string.h>

/* A model's files. */
enum { FILE_header, FILE_source, FILE_rule, FILES };

typedef struct {
    const char *stem; /* of the paths */
    const char *source;
} WrittenFiles;

/* What this run has written. */
typedef struct {
    Arena arena;
    VEC(WrittenFiles) files;
} Written;

/* Whether no other source's files are there: they are not written over. */
static bool
note_written(Written *written, Context *context, const char *stem,
             const char *source)
{
    Arena *arena = &written->arena;
    for (size_t i = 0; i < written->files.count; i++)
        if (strcmp(written->files.item[i].stem, stem) == 0) {
            diag_add(&context->diags, DIAG_export, (Span){0},
                     "%s has a model whose files are those of %s: %s", source,
                     written->files.item[i].source, stem);
            return false;
        }
    VEC_PUSH(arena, &written->files,
             ((WrittenFiles){arena_printf(arena, "%s", stem),
                             arena_printf(arena, "%s", source)}));
    return true;
}

static bool
emit_files(const Options *o, Context *context, const EmitModel *m,
           FileText *text)
{
    FileText *h = &text[FILE_header];
    FileText *c = &text[FILE_source];
    FILE *header = open_memstream(&h->text, &h->size);
    FILE *source = open_memstream(&c->text, &c->size);
    if (header == NULL || source == NULL)
        base_out_of_memory();
    bool done = emit_c(context, m, &o->emit, header, source);
    base_close_memory(header, &h->text);
    base_close_memory(source, &c->text);
    if (!done && context->diags.errors == 0) /* a stream found no memory */
        base_out_of_memory();
    return done;
}

static void
free_files(FileText *text)
{
    for (int i = 0; i < FILES; i++)
        free(text[i].text);
}

static bool
has_suffix(const char *path, const char *suffix)
{
    size_t n = path != NULL ? strlen(path) : 0;
    size_t m = strlen(suffix);
    return n > m && strcmp(path + n - m, suffix) == 0;
}

/* Whether -o is a source, FILE.c or FILE.cu; the length before its suffix. */
static bool
names_file(const Options *o)
{
    return has_suffix(o->output, o->emit.target == TARGET_cuda ? ".cu" : ".c");
}

static size_t
stem_length(const char *path)
{
    return (size_t)(strrchr(path, '.') - path);
}

/* A path as a make rule has it. */
static void
print_path(const char *path, FILE *file)
{
    for (const char *p = path; *p != '\0'; p++) {
        if (*p == ' ' || *p == '#')
            fputc('\\', file);
        else if (*p == '$')
            fputc('$', file);
        fputc(*p, file);
    }
}

/* The names of what the script read, each once: its sources, then its data. */
static void
print_names(const Context *context, uint32_t first_source, FILE *file)
{
    size_t sources = context->sources.count - first_source;
    size_t count = sources + context->data.count;
    const char **path = calloc(count + 1, sizeof *path);
    if (path == NULL)
        base_out_of_memory();
    for (size_t i = 0; i < count; i++) {
        path[i] = i < sources ? source_get(&context->sources,
                                           first_source + (uint32_t)i)
                                    ->path
                              : context->data.item[i - sources];
        bool known = false;
        for (size_t k = 0; k < i; k++)
            known = known || strcmp(path[k], path[i]) == 0;
        if (known)
            continue;
        fputs(" \\\n  ", file);
        print_path(path[i], file);
    }
    free(path);
}

/* The rule for make: the files depend on all that the script read. */
static void
emit_rule(Context *context, FileText *text, uint32_t first_source)
{
    FileText *rule = &text[FILE_rule];
    FILE *file = open_memstream(&rule->text, &rule->size);
    if (file == NULL)
        base_out_of_memory();
    print_path(text[FILE_source].path, file);
    fputc(' ', file);
    print_path(text[FILE_header].path, file);
    fputc(':', file);
    print_names(context, first_source, file);
    fputc('\n', file);
    base_close_memory(file, &rule->text);
}

static void
write_model(const Options *o, Context *context, const EmitModel *m,
            uint32_t first_source, Written *written)
{
    Arena *arena = &context->arena;
    const char *end[FILES] = {"h", "c", "d"};
    if (o->emit.target == TARGET_cuda)
        end[FILE_source] = "cu";
    FileText text[FILES] = {0};
    if (emit_files(o, context, m, text)) {
        const char *stem = m->base;
        if (names_file(o))
            stem = arena_string(arena, o->output, stem_length(o->output));
        else if (o->output != NULL)
            stem = arena_printf(arena, "%s/%s", o->output, m->base);
        for (int i = 0; i < FILES; i++)
            text[i].path = arena_printf(arena, "%s.%s", stem, end[i]);
        if (o->given[OPTION_depend])
            emit_rule(context, text, first_source);
        int files = o->given[OPTION_depend] ? FILES : FILE_rule;
        bool fine = o->arch == NULL ||
                    check_kernels(context, o->arch, &text[FILE_header],
                                  &text[FILE_source]);
        if (fine &&
            note_written(written, context, stem,
                         source_get(&context->sources, first_source)->path))
            write_files(context, text, files);
    }
    free_files(text);
}

/* Every graph of a model. */
static void
print_graphs(const Options *o, Context *context, const EmitModel *m)
{
    const Graph *graph[2] = {m->forward, m->back};
    for (int i = 0; i < 2 + m->trainers; i++) {
        const Graph *g = i < 2 ? graph[i] : m->trainer[i - 2].step;
        if (g == NULL)
            continue;
        if (o->stage == STAGE_ir)
            ir_print(g, stdout);
        else
            emit_kernels(context, g, &o->pass, stdout);
    }
}

static void
print_model(const Options *o, Context *context, const EmitModel *m)
{
    if (o->stage == STAGE_ir || o->stage == STAGE_kernels) {
        print_graphs(o, context, m);
        return;
    }
    FileText text[FILES] = {0};
    if (emit_files(o, context, m, text)) {
        const FileText *shown =
            &text[o->stage == STAGE_h ? FILE_header : FILE_source];
        fwrite(shown->text, 1, shown->size, stdout);
    }
    free_files(text);
}

bool
models_of_file(const Options *o, Context *context, Script *script,
               const char *path, Models *models)
{
    *models = (Models){0};
    if (!script_init(script, context, &o->script))
        return false;
    models->first_source = context->sources.count;
    if (!script_run_file(script, path))
        return false;
    script->span = (Span){0}; /* what follows is no statement's */
    ExportOptions options = {.prefix = o->prefix, .command = o->line};
    options.source = source_get(&context->sources, models->first_source);
    models->count = model_export_all(script, &options, &models->item);
    if (models->count == 0 && context->diags.errors == 0)
        diag_hint(&context->diags,
                  diag_add(&context->diags, DIAG_export, (Span){0},
                           "%s has no model to emit", path),
                  "name a model whose input has a known shape, as in "
                  "@net f(x::[4]) = …, or export one; of a model of steps, "
                  "unroll(m)");
    return context->diags.errors == 0;
}

/* The name of the files where -o names one. */
static void
set_base(const Options *o, Context *context, EmitModel *m)
{
    const char *slash = strrchr(o->output, '/');
    const char *file = slash ? slash + 1 : o->output;
    m->base = arena_string(&context->arena, file, stem_length(file));
}

static void
emit_models(const Options *o, Context *context, const Models *models,
            const char *path, Written *written)
{
    bool named = names_file(o);
    if ((named || o->prefix != NULL) && models->count > 1) {
        diag_add(&context->diags, DIAG_export, (Span){0},
                 "%s has %zu models; -o FILE.c and --prefix are for one", path,
                 models->count);
        return;
    }
    if (named)
        set_base(o, context, models->item[0]);
    for (size_t i = 0; i < models->count && context->diags.errors == 0; i++) {
        if (o->stage == STAGE_files)
            write_model(o, context, models->item[i], models->first_source,
                        written);
        else
            print_model(o, context, models->item[i]);
    }
}

static void
compile_file(const Options *o, Context *context, const char *path,
             Written *written)
{
    Script script = {0};
    Models models;
    if (models_of_file(o, context, &script, path, &models) &&
        o->command == COMMAND_compile)
        emit_models(o, context, &models, path, written);
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
    if (g == NULL || o->command == COMMAND_check)
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
    bool ir = has_suffix(path, ".ir");
    if (!ir && o->stage != STAGE_ast)
        return false;
    const char *problem = NULL;
    uint32_t source = source_read(&context->sources, path, &problem);
    if (source == 0)
        diag_add(&context->diags, DIAG_file, (Span){0}, "cannot read %s: %s",
                 path, problem);
    else if (ir)
        ir_file(o, context, source);
    else
        ast_print(grammar_parse(context, source_get(&context->sources, source)),
                  stdout);
    return true;
}

int
command_compile(const Options *o)
{
    int code = EXIT_fine;
    Written written = {0};
    for (int i = 0; i < o->arguments; i++) {
        Context context;
        context_init(&context);
        if (check_architecture(o, &context) &&
            !stage_file(o, &context, o->argument[i]))
            compile_file(o, &context, o->argument[i], &written);
        int one = report(o, &context);
        code = one > code ? one : code;
        context_free(&context);
    }
    arena_free(&written.arena);
    return code;
}

int
command_check(const Options *o)
{
    return command_compile(o);
}
