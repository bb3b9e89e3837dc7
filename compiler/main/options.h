/* The command line: see options.def and commands.def. */
#ifndef FLUXC_MAIN_OPTIONS_H
#define FLUXC_MAIN_OPTIONS_H

#include "base/near.h"
#include "emit/emit.h"
#include "script/script.h"

#define FLUXC_VERSION "0.1"

enum { EXIT_fine = 0, EXIT_source = 1, EXIT_usage = 2, EXIT_fault = 3 };

typedef enum {
#define COMMAND(text, name, arguments, help) COMMAND_##name,
#include "main/commands.def"
#undef COMMAND
    COMMANDS
} Command;

typedef enum {
#define OPTION(name, text, letter, argument, commands, sets, help)             \
    OPTION_##name,
#include "main/options.def"
#undef OPTION
    OPTIONS
} Option;

/* Sets of commands. */
enum {
#define COMMAND(text, name, arguments, help) ON_##name = 1 << COMMAND_##name,
#include "main/commands.def"
#undef COMMAND
    ON_all = (1 << COMMANDS) - 1,
    ON_scripts = ON_compile | ON_run | ON_repl | ON_test | ON_check | ON_graph |
                 ON_gradcheck | ON_explain
};

typedef struct {
    const char *text;     /* without dashes */
    char letter;          /* or 0 */
    const char *argument; /* or NULL */
    int commands;         /* a set, ON_… */
    const char *help;     /* NULL: hidden */
} OptionInfo;
extern const OptionInfo option_info[OPTIONS];

/* The dashes before an option's text: "--", or "-" for -MMD. */
const char *option_dashes(const OptionInfo *option);

typedef struct {
    const char *text;
    const char *arguments;
    const char *help;
} CommandInfo;
extern const CommandInfo command_info[COMMANDS];

typedef enum {
    STAGE_files,
    STAGE_ast,
    STAGE_ir,
    STAGE_kernels,
    STAGE_c,
    STAGE_cuda,
    STAGE_h
} Stage;

typedef enum { SHELL_bash, SHELL_zsh, SHELL_fish } Shell;

typedef struct {
    Command command;
    bool given[OPTIONS];
    const char **argument; /* files, codes, the script's own arguments */
    int arguments;
    const char *output;
    const char *prefix;
    const char *arch; /* "sm_90"; NULL: none */
    Stage stage;
    const char **run_pass; /* in order */
    int run_passes;
    ScriptOptions script;
    EmitOptions emit;
    PassOptions pass;
    int64_t samples; /* of explain */
    int64_t gflops;
    int64_t gigabytes;
    bool colour;
    Shell shell;      /* of --completions */
    const char *line; /* the command line for the first comment */
} Options;

/* options.c: reads the arguments, and refuses what makes no sense together; on
 * a mistake says so and gives false.
 */
bool options_read(Options *options, Arena *arena, int argc, char **argv);

/* report.c: a mistake in one word of the command line; no more is said where it
 * is clear what was meant.
 */
void usage_unknown(const char *text, const char *value, const Near *near);

/* usage.c: what can be made of the tables. */
void usage_help(Command command, FILE *file);
void usage_man(FILE *file); /* fluxc.1, in roff's man macros */
void usage_completions(Shell shell, FILE *file);

#endif
