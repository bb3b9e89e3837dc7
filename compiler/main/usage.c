/* What is made of the tables of commands and options: --help, the man page, and
 * the completions of three shells.
 */
#include "main/options.h"

#include <ctype.h>
#include <string.h>

static bool
is_shown(int option, Command command)
{
    return option_info[option].help != NULL &&
           option_info[option].commands & 1 << command;
}

/* Whether the options of all commands are told together. */
static bool
is_general(Command command)
{
    return command == COMMAND_compile;
}

static void
help_options(Command command, FILE *file)
{
    for (int i = 0; i < OPTIONS; i++) {
        const OptionInfo *o = &option_info[i];
        bool shown =
            is_shown(i, command) || (is_general(command) && o->help != NULL);
        if (!shown)
            continue;
        char name[64];
        snprintf(name, sizeof name, "%s%s%s%s", option_dashes(o), o->text,
                 o->argument ? "=" : "", o->argument ? o->argument : "");
        if (o->letter != 0)
            fprintf(file, "  -%c, %-32s %s\n", o->letter, name, o->help);
        else
            fprintf(file, "      %-32s %s\n", name, o->help);
    }
}

void
usage_help(Command command, FILE *file)
{
    if (is_general(command)) {
        fprintf(file, "usage: fluxc [COMMAND] [OPTIONS] FILE…\n\n"
                      "Compiles differentiable models to C.\n\ncommands:\n");
        for (int i = 0; i < COMMANDS; i++)
            fprintf(file, "  %-9s %-*s %s\n", command_info[i].text,
                    strstr(command_info[i].arguments, "…") ? 20 : 18,
                    command_info[i].arguments, command_info[i].help);
    } else {
        fprintf(file, "usage: fluxc %s [OPTIONS] %s\n\n%s\n",
                command_info[command].text, command_info[command].arguments,
                command_info[command].help);
    }
    fprintf(file, "\noptions:\n");
    help_options(command, file);
}

/* ---- the man page ---- */

/* Text for roff: `-` is a minus, `\` is escaped, a `.` or `'` at the beginning
 * of a line is text, and what is beyond ASCII has a name.
 */
static void
roff(const char *text, FILE *file)
{
    if (*text == '.' || *text == '\'')
        fputs("\\&", file);
    for (const char *p = text; *p != '\0'; p++) {
        if (*p == '-')
            fputs("\\-", file);
        else if (*p == '\\')
            fputs("\\e", file);
        else if (strncmp(p, "…", strlen("…")) == 0) {
            fputs("...", file);
            p += strlen("…") - 1;
        } else
            fputc(*p, file);
    }
}

static void
roff_option(const OptionInfo *o, FILE *file)
{
    fputs(".TP\n", file);
    if (o->letter != 0)
        fprintf(file, "\\fB\\-%c\\fR, ", o->letter);
    fputs("\\fB", file);
    roff(option_dashes(o), file);
    roff(o->text, file);
    fputs("\\fR", file);
    if (o->argument != NULL) {
        fputs("=\\fI", file);
        roff(o->argument, file);
        fputs("\\fR", file);
    }
    fputc('\n', file);
    roff(o->help, file);
    const char *join = ". Of: ";
    for (int c = 0; c < COMMANDS && o->commands != ON_all; c++)
        if (o->commands & 1 << c) {
            fprintf(file, "%s%s", join, command_info[c].text);
            join = ", ";
        }
    fputs(".\n", file);
}

void
usage_man(FILE *file)
{
    fputs(".TH FLUXC 1 \"\" \"fluxc " FLUXC_VERSION "\"\n"
          ".SH NAME\nfluxc \\- compiles differentiable models to C\n"
          ".SH SYNOPSIS\n.B fluxc\n"
          "[\\fICOMMAND\\fR] [\\fIOPTIONS\\fR] \\fIFILE\\fR...\n"
          ".SH DESCRIPTION\n"
          "A .net file is a script that builds models. fluxc evaluates it and\n"
          "writes C for each model: forward, backward and training code that\n"
          "gives the same bits on every compiler and at any number of\n"
          "samples.\n"
          ".SH COMMANDS\n",
          file);
    for (int i = 0; i < COMMANDS; i++) {
        fprintf(file, ".TP\n\\fB%s\\fR \\fI", command_info[i].text);
        roff(command_info[i].arguments, file);
        fputs("\\fR\n", file);
        roff(command_info[i].help, file);
        fputs(".\n", file);
    }
    fputs(".SH OPTIONS\n", file);
    for (int i = 0; i < OPTIONS; i++)
        if (option_info[i].help != NULL)
            roff_option(&option_info[i], file);
    fputs(".SH EXIT STATUS\n"
          ".TP\n0\nall went well\n"
          ".TP\n1\nmistakes in the sources, or a file that cannot be read or\n"
          "written\n"
          ".TP\n2\na mistake in the command line\n"
          ".TP\n3\na fault of fluxc itself, or no memory\n",
          file);
}

/* ---- completions ---- */

/* The words of a list such as "auto|native", if the argument is one. */
static bool
is_list(const OptionInfo *o)
{
    return o->argument != NULL && strchr(o->argument, '|') != NULL &&
           !isupper((unsigned char)o->argument[0]);
}

static void
put_words(const char *list, FILE *file)
{
    for (const char *p = list; *p != '\0'; p++)
        fputc(*p == '|' ? ' ' : *p, file);
}

static void
bash_command(Command command, FILE *file)
{
    fprintf(file, "    %s) options=\"", command_info[command].text);
    for (int i = 0; i < OPTIONS; i++)
        if (is_shown(i, command)) {
            const OptionInfo *o = &option_info[i];
            fprintf(file, "%s%s%s ", option_dashes(o), o->text,
                    o->argument ? "=" : "");
            if (o->letter != 0)
                fprintf(file, "-%c ", o->letter);
        }
    fputs("\" ;;\n", file);
}

static void
complete_bash(FILE *file)
{
    fputs("_fluxc()\n{\n"
          "    local word=${COMP_WORDS[COMP_CWORD]} options= command= one\n"
          "    local before=${COMP_WORDS[COMP_CWORD - 1]}\n"
          "    [ \"$word\" = = ] && word=\n"
          "    [ \"$before\" = = ] && before=${COMP_WORDS[COMP_CWORD - 2]}\n"
          "    COMPREPLY=()\n"
          "    case $before in\n",
          file);
    for (int i = 0; i < OPTIONS; i++) {
        const OptionInfo *o = &option_info[i];
        if (!is_list(o) || o->help == NULL)
            continue;
        fprintf(file, "    --%s)\n        COMPREPLY=($(compgen -W \"", o->text);
        put_words(o->argument, file);
        fputs("\" -- \"$word\"))\n        return ;;\n", file);
    }
    fputs("    esac\n"
          "    for one in \"${COMP_WORDS[@]:1:COMP_CWORD - 1}\"; do\n"
          "        case $one in\n        ",
          file);
    for (int i = 0; i < COMMANDS; i++)
        fprintf(file, "%s%s", i ? " | " : "", command_info[i].text);
    fputs(") command=$one; break ;;\n        esac\n    done\n"
          "    case ${command:-compile} in\n",
          file);
    for (int i = 0; i < COMMANDS; i++)
        bash_command((Command)i, file);
    fputs("    esac\n    [ -z \"$command\" ] && options=\"$options", file);
    for (int i = 0; i < COMMANDS; i++)
        fprintf(file, " %s", command_info[i].text);
    fputs("\"\n"
          "    COMPREPLY=($(compgen -W \"$options\" -- \"$word\")\n"
          "        $(compgen -f -X '!*.net' -- \"$word\")\n"
          "        $(compgen -f -X '!*.ir' -- \"$word\")\n"
          "        $(compgen -d -- \"$word\"))\n"
          "    case ${COMPREPLY[0]} in\n"
          "    *=) compopt -o nospace ;;\n    esac\n}\n"
          "complete -o filenames -F _fluxc fluxc\n",
          file);
}

/* Text between single quotes: none may hold one. zsh also reads : and [ ]. */
static void
put_quoted(const char *text, FILE *file)
{
    for (const char *p = text; *p != '\0'; p++) {
        if (*p == '\'')
            fputs("'\\''", file);
        else if (strchr("[]:", *p) != NULL)
            fprintf(file, "\\%c", *p);
        else
            fputc(*p, file);
    }
}

static void
complete_zsh(FILE *file)
{
    fputs("#compdef fluxc\n\nlocal -a commands\ncommands=(\n", file);
    for (int i = 0; i < COMMANDS; i++) {
        fprintf(file, "    '%s:", command_info[i].text);
        put_quoted(command_info[i].help, file);
        fputs("'\n", file);
    }
    fputs(")\n_arguments -S \\\n", file);
    for (int i = 0; i < OPTIONS; i++) {
        const OptionInfo *o = &option_info[i];
        if (o->help == NULL)
            continue;
        fprintf(file, "    '%s%s%s[", option_dashes(o), o->text,
                o->argument ? "=" : "");
        put_quoted(o->help, file);
        fputc(']', file);
        if (is_list(o)) {
            fprintf(file, ":%s:(", o->text);
            put_words(o->argument, file);
            fputc(')', file);
        } else if (o->argument != NULL) {
            fprintf(file, ":%s:_files", o->text);
        }
        fputs("' \\\n", file);
    }
    fputs(
        "    '1: :{_describe command commands; _files -g \"*.(net|ir)\"}' \\\n"
        "    '*: :_files -g \"*.(net|ir)\"'\n",
        file);
}

/* fish: within '…' only \ and ' are escaped. */
static void
put_fish(const char *text, FILE *file)
{
    for (const char *p = text; *p != '\0'; p++) {
        if (*p == '\'' || *p == '\\')
            fputc('\\', file);
        fputc(*p, file);
    }
}

static void
complete_fish(FILE *file)
{
    for (int i = 0; i < COMMANDS; i++) {
        fprintf(file, "complete -c fluxc -n __fish_use_subcommand -a %s -d '",
                command_info[i].text);
        put_fish(command_info[i].help, file);
        fputs("'\n", file);
    }
    for (int i = 0; i < OPTIONS; i++) {
        const OptionInfo *o = &option_info[i];
        if (o->help == NULL)
            continue;
        bool one_dash = strlen(option_dashes(o)) == 1;
        fprintf(file, "complete -c fluxc -%c %s", one_dash ? 'o' : 'l',
                o->text);
        if (o->letter != 0)
            fprintf(file, " -s %c", o->letter);
        if (is_list(o)) {
            fputs(" -x -a '", file);
            put_words(o->argument, file);
            fputc('\'', file);
        } else if (o->argument != NULL) {
            fputs(" -r", file);
        }
        fputs(" -d '", file);
        put_fish(o->help, file);
        fputs("'\n", file);
    }
}

void
usage_completions(Shell shell, FILE *file)
{
    switch (shell) {
    case SHELL_bash:
        complete_bash(file);
        break;
    case SHELL_zsh:
        complete_zsh(file);
        break;
    case SHELL_fish:
        complete_fish(file);
        break;
    }
}
