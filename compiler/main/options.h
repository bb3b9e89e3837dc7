/* The command line: see options.def and commands.def. */
#ifndef FLUXC_MAIN_OPTIONS_H
#define FLUXC_MAIN_OPTIONS_H

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
    STAGE_files,
    STAGE_ast,
    STAGE_ir,
    STAGE_kernels,
    STAGE_c,
    STAGE_h
} Stage;

typedef struct {
    Command command;
    const char **argument; /* files, codes, the script's own arguments */
    int arguments;
    const char *output;
    const char *prefix;
    Stage stage;
    const char **run_pass; /* in order */
    int run_passes;
    ScriptOptions script;
    EmitOptions emit;
    PassOptions pass;
    bool colour;
    bool help;
    bool version;
    const char *line; /* the command line for the first comment */
} Options;

/* Reads the arguments; on a mistake prints it and gives false. */
bool options_read(Options *options, Arena *arena, int argc, char **argv);

void options_help(const Options *options, FILE *file);

#endif
