#define _POSIX_C_SOURCE 200809L
#include "main/options.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef enum {
#define OPTION(name, text, letter, argument, help) OPTION_##name,
#include "main/options.def"
#undef OPTION
    OPTIONS
} Option;

static const struct {
    const char *text;
    char letter;
    const char *argument;
    const char *help;
} option_info[OPTIONS] = {
#define OPTION(name, text, letter, argument, help)                             \
    {text, letter, argument, help},
#include "main/options.def"
#undef OPTION
};

static const struct {
    const char *text;
    const char *arguments;
    const char *help;
} command_info[COMMANDS] = {
#define COMMAND(text, name, arguments, help) {text, arguments, help},
#include "main/commands.def"
#undef COMMAND
};

void
options_help(const Options *options, FILE *file)
{
    if (options->command == COMMAND_compile) {
        fprintf(file, "usage: fluxc [COMMAND] [OPTIONS] FILE…\n\n"
                      "Compiles differentiable models to C.\n\ncommands:\n");
        for (int i = 0; i < COMMANDS; i++)
            fprintf(file, "  %-8s %-18s %s\n", command_info[i].text,
                    command_info[i].arguments, command_info[i].help);
    } else {
        fprintf(file, "usage: fluxc %s [OPTIONS] %s\n\n%s\n",
                command_info[options->command].text,
                command_info[options->command].arguments,
                command_info[options->command].help);
    }
    fprintf(file, "\noptions:\n");
    for (int i = 0; i < OPTIONS; i++) {
        char name[64];
        snprintf(name, sizeof name, "--%s%s%s", option_info[i].text,
                 option_info[i].argument ? "=" : "",
                 option_info[i].argument ? option_info[i].argument : "");
        if (option_info[i].letter != 0)
            fprintf(file, "  -%c, %-32s %s\n", option_info[i].letter, name,
                    option_info[i].help);
        else
            fprintf(file, "      %-32s %s\n", name, option_info[i].help);
    }
}

static bool
usage(const char *text, const char *value)
{
    fprintf(stderr, "fluxc: %s%s%s\nfluxc: `fluxc --help` lists the options\n",
            text, value ? " " : "", value ? value : "");
    return false;
}

/* The place of value in a list such as "auto|interpret|native"; -1: not in it.
 */
static int
choice(const char *list, const char *value)
{
    size_t length = strlen(value);
    for (int i = 0; *list != '\0'; i++) {
        size_t n = strcspn(list, "|");
        if (n == length && strncmp(list, value, n) == 0)
            return i;
        list += n + (list[n] == '|');
    }
    return -1;
}

static bool
set_pass(Options *o, bool *table, const char *value, bool all)
{
    int pass = pass_find(value);
    if (all && strcmp(value, "all") == 0) {
        for (int i = 0; i < PASS_COUNT; i++)
            table[i] = true;
        return true;
    }
    if (pass < 0)
        return usage("there is no pass", value);
    if (table == o->pass.off && pass_info[pass].kind == PASS_meaning)
        return usage("this pass gives the program its meaning:", value);
    table[pass] = true;
    return true;
}

static bool
set_number(int *to, const char *value)
{
    char *end = NULL;
    long n = strtol(value, &end, 10);
    if (*end != '\0' || n < 1 || n > 1000000)
        return usage("a number from 1 to 1000000 is wanted, not", value);
    *to = (int)n;
    return true;
}

static bool
set_option(Options *o, Arena *arena, Option option, const char *value)
{
    static const Stage stages[] = {STAGE_ast, STAGE_ir, STAGE_kernels, STAGE_c,
                                   STAGE_h};
    static const EngineKind engines[] = {ENGINE_auto, ENGINE_interpret,
                                         ENGINE_native};
    const char *list = option_info[option].argument;
    int which = 0;
    if (list != NULL && strchr(list, '|') != NULL && option != OPTION_dump_ir) {
        which = choice(list, value);
        if (which < 0) {
            fprintf(stderr, "fluxc: --%s is one of %s, not %s\n",
                    option_info[option].text, list, value);
            return false;
        }
    }
    switch (option) {
    case OPTION_output:
        o->output = value;
        return true;
    case OPTION_dtype:
        o->script.dtype = which == 0 ? DTYPE_f32 : DTYPE_f64;
        return true;
    case OPTION_engine:
        o->script.engine = engines[which];
        return true;
    case OPTION_standalone:
        o->emit.standalone = true;
        return true;
    case OPTION_prefix:
        o->prefix = value;
        return true;
    case OPTION_weights:
        o->emit.weights = which == 0 ? WEIGHTS_struct : WEIGHTS_const;
        return true;
    case OPTION_lines:
        o->emit.debug_lines = true;
        return true;
    case OPTION_emit:
        o->stage = stages[which];
        return true;
    case OPTION_target:
        return strcmp(value, "c") == 0 ||
               usage("this version emits C only, not", value);
    case OPTION_no_pass:
        return set_pass(o, o->pass.off, value, false);
    case OPTION_run_pass: {
        if (pass_find(value) < 0)
            return usage("there is no pass", value);
        const char **all = ARENA_ARRAY(arena, const char *, o->run_passes + 1);
        for (int i = 0; i < o->run_passes; i++)
            all[i] = o->run_pass[i];
        all[o->run_passes++] = value;
        o->run_pass = all;
        return true;
    }
    case OPTION_dump_ir:
        return set_pass(o, o->pass.dump, value, true);
    case OPTION_time_passes:
        o->pass.time = true;
        return true;
    case OPTION_max_depth:
        return set_number(&o->script.max_depth, value);
    case OPTION_colour:
        o->colour = which == 0 ? isatty(2) : which == 1;
        return true;
    case OPTION_help:
        o->help = true;
        return true;
    case OPTION_version:
        o->version = true;
        return true;
    case OPTIONS:
        break;
    }
    return false;
}

/* --name, --name=value, --name value; the number of arguments used, 0 on a
 * mistake.
 */
static int
read_long(Options *o, Arena *arena, int left, char **argv)
{
    const char *text = argv[0] + 2;
    size_t length = strcspn(text, "=");
    const char *value = text[length] == '=' ? text + length + 1 : NULL;
    for (int i = 0; i < OPTIONS; i++) {
        if (strlen(option_info[i].text) != length ||
            strncmp(option_info[i].text, text, length) != 0)
            continue;
        bool wants = option_info[i].argument != NULL;
        if (!wants && value != NULL)
            return usage("this option takes no value:", argv[0]);
        bool next = wants && value == NULL;
        if (next && left < 2)
            return usage("a value is missing after", argv[0]);
        if (!set_option(o, arena, (Option)i, next ? argv[1] : value))
            return 0;
        return next ? 2 : 1;
    }
    return usage("there is no option", argv[0]);
}

static int
read_short(Options *o, Arena *arena, int left, char **argv)
{
    for (int i = 0; i < OPTIONS; i++) {
        if (option_info[i].letter == 0 || option_info[i].letter != argv[0][1])
            continue;
        bool wants = option_info[i].argument != NULL;
        bool glued = argv[0][2] != '\0';
        if (!wants && glued)
            return usage("there is no option", argv[0]);
        if (wants && !glued && left < 2)
            return usage("a value is missing after", argv[0]);
        const char *value = !wants ? NULL : glued ? argv[0] + 2 : argv[1];
        if (!set_option(o, arena, (Option)i, value))
            return 0;
        return wants && !glued ? 2 : 1;
    }
    return usage("there is no option", argv[0]);
}

/* The command line as the generated files show it: paths without folders. */
static const char *
command_line(Arena *arena, int argc, char **argv)
{
    const char *line = "fluxc";
    for (int i = 1; i < argc; i++) {
        const char *slash = strrchr(argv[i], '/');
        bool output = strcmp(argv[i - 1], "-o") == 0 ||
                      strcmp(argv[i - 1], "--output") == 0 ||
                      strncmp(argv[i], "-o", 2) == 0 ||
                      strncmp(argv[i], "--output", 8) == 0;
        if (!output)
            line =
                arena_printf(arena, "%s %s", line, slash ? slash + 1 : argv[i]);
    }
    return line;
}

bool
options_read(Options *o, Arena *arena, int argc, char **argv)
{
    *o = (Options){.colour = isatty(2)};
    o->script.dtype = DTYPE_f32;
    o->script.out = stdout;
    o->pass.dump_file = stderr;
    o->argument = ARENA_ARRAY(arena, const char *, argc + 1);
    o->line = command_line(arena, argc, argv);
    bool plain = false; /* after --, or a script's own arguments */
    for (int i = 1; i < argc;) {
        const char *text = argv[i];
        bool option = !plain && text[0] == '-' && text[1] != '\0';
        if (option && strcmp(text, "--") == 0) {
            plain = true;
            i++;
            continue;
        }
        if (option) {
            int used = text[1] == '-'
                           ? read_long(o, arena, argc - i, argv + i)
                           : read_short(o, arena, argc - i, argv + i);
            if (used == 0)
                return false;
            i += used;
            continue;
        }
        bool command = false;
        for (int c = 0; i == 1 && c < COMMANDS; c++)
            if (strcmp(text, command_info[c].text) == 0) {
                o->command = (Command)c;
                command = true;
            }
        if (!command)
            o->argument[o->arguments++] = text;
        plain = plain || (o->command == COMMAND_run && !command);
        i++;
    }
    o->emit.pass = &o->pass;
    o->script.compiling =
        o->command == COMMAND_compile || o->command == COMMAND_check;
    o->script.testing = o->command == COMMAND_test;
    o->script.echo = o->command == COMMAND_run;
    return true;
}
