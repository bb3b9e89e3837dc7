/* Which options go together, with which command, and with which files. */
#include "main/options_inner.h"

#include <string.h>

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
                option_dashes(&option_info[i]), option_info[i].text,
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
            option_dashes(&option_info[a]), option_info[a].text,
            option_dashes(&option_info[b]), option_info[b].text);
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

/* Whether nothing but a text is asked for. */
static bool
is_question(const Options *o)
{
    return o->given[OPTION_help] || o->given[OPTION_version] ||
           o->given[OPTION_man] || o->given[OPTION_completions];
}

bool
options_check(const Options *o)
{
    return check_command(o) && (is_question(o) || check_arguments(o));
}
