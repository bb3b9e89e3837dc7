/* The tables of options and commands. */
#include "main/options.h"

#include <ctype.h>

const OptionInfo option_info[OPTIONS] = {
#define OPTION(name, text, letter, argument, commands, sets, help)             \
    {text, letter, argument, commands, help},
#include "main/options.def"
#undef OPTION
};

const CommandInfo command_info[COMMANDS] = {
#define COMMAND(text, name, arguments, help) {text, arguments, help},
#include "main/commands.def"
#undef COMMAND
};

const char *
option_dashes(const OptionInfo *option)
{
    return isupper((unsigned char)option->text[0]) ? "-" : "--";
}
