#define _POSIX_C_SOURCE 200809L
#include "main/options.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const OptionInfo option_info[OPTIONS] = {
#define OPTION(name, text, letter, argument, commands, help)                   \
    {text, letter, argument, commands, help},
#include "main/options.def"
#undef OPTION
};

const CommandInfo command_info[COMMANDS] = {
#define COMMAND(text, name, arguments, help) {text, arguments, help},
#include "main/commands.def"
#undef COMMAND
};

static bool
usage(const char *text, const char *value)
{
    fprintf(stderr, "fluxc: %s%s%s\nfluxc: `fluxc --help` lists the options\n",
            text, value ? " " : "", value ? value : "");
    return false;
}

void
usage_unknown(const char *text, const char *value, const Near *near)
{
    if (near->best == NULL)
        fprintf(stderr, "fluxc: %s %s\n", text, value);
    else
        fprintf(stderr, "fluxc: %s %s; did you mean %s?\n", text, value,
                near->best);
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
unknown_pass(const char *value)
{
    Near near = near_to(value);
    for (int i = 0; i < PASS_COUNT; i++)
        near_try(&near, pass_info[i].name, pass_info[i].name);
    usage_unknown("there is no pass", value, &near);
    return false;
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
        return unknown_pass(value);
    if (table == o->pass.off && pass_info[pass].kind == PASS_meaning)
        return usage("this pass gives the program its meaning:", value);
    table[pass] = true;
    return true;
}

static bool
add_pass(Options *o, Arena *arena, const char *value)
{
    if (pass_find(value) < 0)
        return unknown_pass(value);
    const char **all = ARENA_ARRAY(arena, const char *, o->run_passes + 1);
    for (int i = 0; i < o->run_passes; i++)
        all[i] = o->run_pass[i];
    all[o->run_passes++] = value;
    o->run_pass = all;
    return true;
}

/* A number from 1 to `most`; 0 after a mistake. */
static int64_t
read_number(const OptionInfo *o, int64_t most, const char *value)
{
    char *end = NULL;
    errno = 0;
    long long n = strtoll(value, &end, 10);
    if (errno == 0 && *end == '\0' && n >= 1 && n <= most)
        return n;
    fprintf(stderr, "fluxc: --%s is a number from 1 to %lld, not %s\n", o->text,
            (long long)most, value);
    return 0;
}

/* All names in the generated C begin with a prefix. */
static bool
is_name(const char *text)
{
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_0123456789";
    return (*text < '0' || *text > '9') && text[strspn(text, letters)] == '\0';
}

/* "sm_90", "sm_100a". */
static bool
is_architecture(const char *text)
{
    size_t digits =
        strncmp(text, "sm_", 3) == 0 ? strspn(text + 3, "0123456789") : 0;
    size_t letters = strspn(text + 3 * (digits > 0) + digits, "af");
    return digits > 0 && letters < 2 && text[3 + digits + letters] == '\0';
}

/* A value that is not in the option's list. */
static void
unknown_choice(Arena *arena, const OptionInfo *o, const char *value)
{
    Near near = near_to(value);
    for (const char *p = o->argument; *p != '\0'; p += *p == '|') {
        size_t length = strcspn(p, "|");
        const char *one = arena_string(arena, p, length);
        near_try(&near, one, one);
        p += length;
    }
    usage_unknown(arena_printf(arena, "%s%s is one of %s, not", usage_dashes(o),
                               o->text, o->argument),
                  value, &near);
}

/* Whether an option can have this value, and its place in the option's list,
 * or 0 where there is none.
 */
static bool
check_value(Arena *arena, Option option, const char *value, int *which)
{
    const OptionInfo *o = &option_info[option];
    *which = 0;
    if (o->argument == NULL)
        return true;
    if (*value == '\0')
        return usage("a value is missing after",
                     arena_printf(arena, "--%s", o->text));
    if (strchr(o->argument, '|') == NULL || option == OPTION_dump_ir)
        return true;
    *which = choice(o->argument, value);
    if (*which < 0)
        unknown_choice(arena, o, value);
    return *which >= 0;
}

static bool
set_option(Options *o, Arena *arena, Option option, const char *value)
{
    static const Stage stages[] = {STAGE_ast, STAGE_ir,   STAGE_kernels,
                                   STAGE_c,   STAGE_cuda, STAGE_h};
    static const EngineKind engines[] = {ENGINE_auto, ENGINE_interpret,
                                         ENGINE_native, ENGINE_cuda};
    static const EmitMath maths[] = {MATH_exact, MATH_tf32, MATH_bf16};
    const OptionInfo *info = &option_info[option];
    int which;
    o->given[option] = true;
    if (!check_value(arena, option, value, &which))
        return false;
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
        return is_name(value) || usage("--prefix is a name in C, not", value);
    case OPTION_weights:
        o->emit.weights = which == 0 ? WEIGHTS_struct : WEIGHTS_const;
        return true;
    case OPTION_lines:
        o->emit.debug_lines = true;
        return true;
    case OPTION_fast:
        o->emit.fast = true;
        return true;
    case OPTION_debug_nan:
        o->emit.debug_nan = o->script.debug_nan = true;
        return true;
    case OPTION_all:
        o->script.check_all = true;
        return true;
    case OPTION_emit:
        o->stage = stages[which];
        return true;
    case OPTION_target:
        o->emit.target = which == 0 ? TARGET_c : TARGET_cuda;
        return true;
    case OPTION_no_graph:
        o->emit.no_graph = true;
        return true;
    case OPTION_persistent:
        o->emit.persistent = true;
        return true;
    case OPTION_arch:
        o->arch = value;
        return is_architecture(value) ||
               usage("--arch is a name such as sm_90, not", value);
    case OPTION_math:
        o->emit.math = maths[which];
        return true;
    case OPTION_gemm:
        o->emit.cublaslt = which == 1;
        return true;
    case OPTION_no_pass:
        return set_pass(o, o->pass.off, value, false);
    case OPTION_run_pass:
        return add_pass(o, arena, value);
    case OPTION_dump_ir:
        return set_pass(o, o->pass.dump, value, true);
    case OPTION_time_passes:
        o->pass.time = true;
        return true;
    case OPTION_samples:
        o->samples = read_number(info, 1000000000, value);
        return o->samples > 0;
    case OPTION_ram:
        o->emit.ram = read_number(info, INT64_C(1) << 50, value);
        return o->emit.ram > 0;
    case OPTION_batch:
        o->emit.samples = read_number(info, 1000000000, value);
        return o->emit.samples > 0;
    case OPTION_gflops:
        o->gflops = read_number(info, 1000000000, value);
        return o->gflops > 0;
    case OPTION_gigabytes:
        o->gigabytes = read_number(info, 1000000000, value);
        return o->gigabytes > 0;
    case OPTION_max_depth:
        o->script.max_depth = (int)read_number(info, 1000000, value);
        return o->script.max_depth > 0;
    case OPTION_max_steps:
        o->script.max_steps = read_number(info, INT64_MAX, value);
        return o->script.max_steps > 0;
    case OPTION_max_memory:
        o->script.max_memory =
            (size_t)read_number(info, INT64_C(1) << 32, value) << 20;
        return o->script.max_memory > 0;
    case OPTION_colour:
        o->colour = which == 0 ? isatty(2) : which == 1;
        return true;
    case OPTION_completions:
        o->shell = (Shell)which;
        return true;
    case OPTION_depend:
    case OPTION_check:
    case OPTION_json:
    case OPTION_help:
    case OPTION_version:
    case OPTION_man:
        return true;
    case OPTIONS:
        break;
    }
    return false;
}

static bool
unknown_option(Arena *arena, const char *given)
{
    const char *name = given + strspn(given, "-");
    Near near = near_to(arena_string(arena, name, strcspn(name, "=")));
    for (int i = 0; i < OPTIONS; i++) {
        const OptionInfo *o = &option_info[i];
        near_try(&near, o->text,
                 arena_printf(arena, "%s%s", usage_dashes(o), o->text));
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
            strlen(usage_dashes(&option_info[i])) != 2)
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
    return unknown_option(arena, argv[0]);
}

static int
read_short(Options *o, Arena *arena, int left, char **argv)
{
    for (int i = 0; i < OPTIONS; i++) {
        if (strlen(usage_dashes(&option_info[i])) == 1 &&
            strcmp(argv[0] + 1, option_info[i].text) == 0)
            return set_option(o, arena, (Option)i, NULL);
        if (option_info[i].letter == 0 || option_info[i].letter != argv[0][1])
            continue;
        bool wants = option_info[i].argument != NULL;
        bool glued = argv[0][2] != '\0';
        if (!wants && glued)
            return unknown_option(arena, argv[0]);
        if (wants && !glued && left < 2)
            return usage("a value is missing after", argv[0]);
        const char *value = !wants ? NULL : glued ? argv[0] + 2 : argv[1];
        if (!set_option(o, arena, (Option)i, value))
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

/* Whether all options suit the command. */
static bool
check_command(const Options *o)
{
    const CommandInfo *command = &command_info[o->command];
    for (int i = 0; i < OPTIONS; i++) {
        if (!o->given[i] || option_info[i].commands & 1 << o->command)
            continue;
        fprintf(stderr,
                "fluxc: %s%s is no option of `fluxc %s`\n"
                "fluxc: `fluxc %s --help` lists those\n",
                usage_dashes(&option_info[i]), option_info[i].text,
                command->text, command->text);
        return false;
    }
    return true;
}

/* Reports two options that exclude each other, if both are given. */
static bool
exclude(const Options *o, Option a, Option b)
{
    if (!o->given[a] || !o->given[b])
        return true;
    fprintf(stderr, "fluxc: %s%s and %s%s do not go together\n",
            usage_dashes(&option_info[a]), option_info[a].text,
            usage_dashes(&option_info[b]), option_info[b].text);
    return false;
}

static bool
has_suffix(const char *text, const char *suffix)
{
    size_t n = strlen(text);
    size_t m = strlen(suffix);
    return n > m && strcmp(text + n - m, suffix) == 0;
}

/* What is for CUDA alone. */
static bool
check_cuda(const Options *o)
{
    static const Option cuda_only[] = {OPTION_no_graph, OPTION_persistent,
                                       OPTION_arch, OPTION_math, OPTION_gemm};
    for (size_t i = 0; i < sizeof cuda_only / sizeof *cuda_only; i++) {
        if (o->emit.target == TARGET_cuda || !o->given[cuda_only[i]])
            continue;
        fprintf(stderr, "fluxc: --%s is for --target cuda, not for c\n",
                option_info[cuda_only[i]].text);
        return false;
    }
    return true;
}

/* What --emit prints a stage without C names and layout for. */
static bool
check_stage(const Options *o)
{
    static const Option c_only[] = {OPTION_standalone, OPTION_prefix,
                                    OPTION_weights, OPTION_lines, OPTION_fast};
    if (!exclude(o, OPTION_emit, OPTION_output) ||
        !exclude(o, OPTION_emit, OPTION_depend))
        return false;
    if (o->emit.target == TARGET_cuda && o->given[OPTION_debug_nan])
        return usage("--debug-nan looks at C only, not at", "cuda");
    if (o->emit.target == TARGET_cuda && o->emit.fast)
        return usage("--fast is for C only, not for", "cuda");
    if (o->script.dtype == DTYPE_f64 && o->emit.cublaslt)
        return usage("--gemm cublaslt is for float32 only, not for", "f64");
    if (o->emit.persistent && o->emit.cublaslt)
        return usage("--persistent is one kernel, which cannot call",
                     "cublaslt");
    if (o->script.dtype == DTYPE_f64 && o->emit.math != MATH_exact)
        return usage("--math tf32 and bf16 are for float32 only, not for",
                     "f64");
    if (o->script.dtype == DTYPE_f64 && o->emit.fast)
        return usage("--fast is for float32 only, not for", "f64");
    if (!exclude(o, OPTION_emit, OPTION_arch) || !check_cuda(o))
        return false;
    if (o->stage == STAGE_files || o->stage >= STAGE_c)
        return true;
    for (size_t i = 0; i < sizeof c_only / sizeof *c_only; i++)
        if (!exclude(o, OPTION_emit, c_only[i]))
            return false;
    return true;
}

static bool
check_files(const Options *o)
{
    bool one_c = o->output != NULL && has_suffix(o->output, ".c");
    if (o->arguments > 1 && (one_c || o->prefix != NULL))
        return usage("-o FILE.c and --prefix are for one file", NULL);
    for (int i = 0; i < o->arguments; i++) {
        const char *path = o->argument[i];
        bool ir = has_suffix(path, ".ir");
        if (o->run_passes > 0 && !ir)
            return usage("--run-pass is for .ir text, not", path);
        if (ir &&
            (o->stage == STAGE_ast || o->stage == STAGE_h ||
             o->output != NULL || o->prefix != NULL || o->emit.standalone ||
             o->emit.fast || o->given[OPTION_depend]))
            return usage("only --emit ir|kernels|c is made of", path);
    }
    return true;
}

static bool
check_arguments(const Options *o)
{
    bool image = o->output == NULL || has_suffix(o->output, ".dot") ||
                 has_suffix(o->output, ".svg");
    if (o->arguments == 0 && o->command != COMMAND_repl) {
        usage_help(o->command, stderr);
        return false;
    }
    int files = o->command == COMMAND_run ? 1 : o->arguments;
    for (int i = 0; i < files; i++)
        if (*o->argument[i] == '\0')
            return usage("an empty argument names no file", NULL);
    switch (o->command) {
    case COMMAND_compile:
        return check_stage(o) && check_files(o);
    case COMMAND_graph:
        if (o->arguments > 1)
            return usage("graph takes one file, not also", o->argument[1]);
        return image || usage("graph writes .dot or .svg, not", o->output);
    case COMMAND_fmt:
        for (int i = 0; i < o->arguments; i++)
            if (strcmp(o->argument[i], "-") == 0 && o->arguments > 1)
                return usage("- stands alone", NULL);
        return true;
    case COMMAND_run:
    case COMMAND_repl:
    case COMMAND_test:
    case COMMAND_check:
    case COMMAND_explain:
        return check_cuda(o);
    case COMMAND_gradcheck:
    case COMMANDS:
        break;
    }
    return true;
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

/* Whether nothing but a text is asked for. */
static bool
is_question(const Options *o)
{
    return o->given[OPTION_help] || o->given[OPTION_version] ||
           o->given[OPTION_man] || o->given[OPTION_completions];
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
    return check_command(o) && (is_question(o) || check_arguments(o));
}
