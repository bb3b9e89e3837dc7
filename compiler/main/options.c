/* The words of the command line. */
#define _POSIX_C_SOURCE 200809L
#include "main/options_inner.h"

#include <string.h>
#include <unistd.h>

static bool
unknown_option(Arena *arena, const char *given)
{
    const char *name = given + strspn(given, "-");
    Near near = near_to(arena_string(arena, name, strcspn(name, "=")));
    for (int i = 0; i < OPTIONS; i++) {
        const OptionInfo *o = &option_info[i];
        near_try(&near, o->text,
                 arena_printf(arena, "%s%s", option_dashes(o), o->text));
    }
    if (near.best == NULL)
        return usage("there is no option", given);
    usage_unknown("there is no option", given, &near);
    return false;
}

/* The first word that is no option is a command or a file; false where it is no
 * file, and nearly a command.
 */
static bool
read_word(Options *o, const char *given)
{
    Near near = near_to(given);
    for (int i = 0; i < COMMANDS; i++) {
        near_try(&near, command_info[i].text, command_info[i].text);
        if (strcmp(given, command_info[i].text) == 0) {
            o->command = (Command)i;
            return true;
        }
    }
    o->argument[o->arguments++] = given;
    if (near.best == NULL || access(given, F_OK) == 0)
        return true;
    usage_unknown("there is no command", given, &near);
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
            strncmp(option_info[i].text, text, length) != 0 ||
            strlen(option_dashes(&option_info[i])) != 2)
            continue;
        bool wants = option_info[i].argument != NULL;
        if (!wants && value != NULL)
            return usage("this option takes no value:", argv[0]);
        bool next = wants && value == NULL;
        if (next && left < 2)
            return usage("a value is missing after", argv[0]);
        if (!options_set(o, arena, (Option)i, next ? argv[1] : value))
            return 0;
        return next ? 2 : 1;
    }
    return unknown_option(arena, argv[0]);
}

static int
read_short(Options *o, Arena *arena, int left, char **argv)
{
    for (int i = 0; i < OPTIONS; i++) {
        if (strlen(option_dashes(&option_info[i])) == 1 &&
            strcmp(argv[0] + 1, option_info[i].text) == 0)
            return options_set(o, arena, (Option)i, NULL);
        if (option_info[i].letter == 0 || option_info[i].letter != argv[0][1])
            continue;
        bool wants = option_info[i].argument != NULL;
        bool glued = argv[0][2] != '\0';
        if (!wants && glued)
            return unknown_option(arena, argv[0]);
        if (wants && !glued && left < 2)
            return usage("a value is missing after", argv[0]);
        const char *value = !wants ? NULL : glued ? argv[0] + 2 : argv[1];
        if (!options_set(o, arena, (Option)i, value))
            return 0;
        return wants && !glued ? 2 : 1;
    }
    return unknown_option(arena, argv[0]);
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

static void
set_defaults(Options *o)
{
    o->emit.pass = &o->pass;
    if (o->emit.samples == 0)
        o->emit.samples = 64;
    if (o->stage == STAGE_cuda)
        o->emit.target = TARGET_cuda;
    bool gpu = o->emit.target == TARGET_cuda;
    if (o->gflops == 0)
        o->gflops = gpu ? 60000 : 100;
    if (o->gigabytes == 0)
        o->gigabytes = gpu ? 3000 : 20;
    o->script.compiling =
        o->command == COMMAND_compile || o->command == COMMAND_check ||
        o->command == COMMAND_graph || o->command == COMMAND_gradcheck ||
        o->command == COMMAND_explain;
    o->script.testing = o->command == COMMAND_test;
    o->script.echo = o->command == COMMAND_run;
}

bool
options_read(Options *o, Arena *arena, int argc, char **argv)
{
    *o = (Options){.colour = isatty(2), .samples = 64};
    o->script.dtype = DTYPE_f32;
    o->script.out = stdout;
    o->pass.dump_file = stderr;
    o->argument = ARENA_ARRAY(arena, const char *, argc + 1);
    o->line = command_line(arena, argc, argv);
    bool word = false;  /* the first word was there */
    bool plain = false; /* after --, or a script's own arguments */
    for (int i = 1; i < argc;) {
        const char *text = argv[i];
        int used = 1;
        if (plain || text[0] != '-' || text[1] == '\0') {
            if (word || plain)
                o->argument[o->arguments++] = text;
            else if (!read_word(o, text))
                return false;
            word = true;
            plain = plain || (o->command == COMMAND_run && o->arguments > 0);
        } else if (strcmp(text, "--") == 0) {
            plain = true;
        } else {
            used = text[1] == '-' ? read_long(o, arena, argc - i, argv + i)
                                  : read_short(o, arena, argc - i, argv + i);
            if (used == 0)
                return false;
        }
        i += used;
    }
    set_defaults(o);
    return options_check(o);
}
