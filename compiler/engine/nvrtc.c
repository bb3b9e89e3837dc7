/* NVRTC: where it is, and how a text goes through it.
 *
 * Only kernels are compiled, of a text that comes with its headers: those of
 * the kernels as fluxc carries them, and of C's what they take from it.
 */
#include "engine/nvrtc.h"
#include "engine/library.h"

#include <stdlib.h>
#include <string.h>

typedef struct NvrtcProgram NvrtcProgram;

static struct {
    bool tried;
    void *library;
    int version;
#define NVRTC(type, name, ...) type (*name)(__VA_ARGS__);
#include "engine/nvrtc.def"
#undef NVRTC
} nvrtc;

static const EmbeddedFile c_headers[] = {
    {"float.h", "#define FLT_MIN 0x1p-126f\n"
                "#define DBL_MIN 0x1p-1022\n"},
    {"math.h", "#define INFINITY __int_as_float(0x7f800000)\n"
               "#define NAN __int_as_float(0x7fc00000)\n"
               "#define HUGE_VALF INFINITY\n"
               "#define HUGE_VAL __longlong_as_double(0x7ff0000000000000ll)\n"},
    {"stddef.h", "#define NULL 0\n"
                 "#define offsetof(type, member) "
                 "__builtin_offsetof(type, member)\n"},
    {"stdint.h", "typedef signed char int8_t;\n"
                 "typedef unsigned char uint8_t;\n"
                 "typedef short int16_t;\n"
                 "typedef unsigned short uint16_t;\n"
                 "typedef int int32_t;\n"
                 "typedef unsigned uint32_t;\n"
                 "typedef long long int64_t;\n"
                 "typedef unsigned long long uint64_t;\n"
                 "typedef decltype(sizeof 0) uintptr_t;\n"
                 "#define INT32_MAX 2147483647\n"
                 "#define INT32_MIN (-INT32_MAX - 1)\n"
                 "#define UINT32_MAX 4294967295u\n"
                 "#define SIZE_MAX ((uintptr_t)-1)\n"
                 "#define INT64_C(number) number##ll\n"
                 "#define UINT64_C(number) number##ull\n"},
    {"string.h", ""},
    {NULL, NULL}};

/* Nothing is contracted. Kernels are launched by what is not seen (177), and
 * what headers declare of the host's is none of it here (20044).
 */
static const char *const options[] = {"-fmad=false",
                                      "--diag-suppress=177,20044",
                                      "--device-as-default-execution-space"};
enum { OPTIONS = sizeof options / sizeof *options };

static bool
find_functions(void)
{
#define NVRTC(type, name, ...)                                                 \
    if (!library_function(nvrtc.library, "nvrtc" #name, &nvrtc.name))          \
        return false;
#include "engine/nvrtc.def"
#undef NVRTC
    return true;
}

bool
nvrtc_available(void)
{
    static const char *const names[] = {"libnvrtc.so", "libnvrtc.so.13",
                                        "libnvrtc.so.12", NULL};
    int major = 0;
    int minor = 0;
    if (!nvrtc.tried) {
        nvrtc.tried = true;
        nvrtc.library = library_open(names);
        if (nvrtc.library != NULL && find_functions() &&
            nvrtc.Version(&major, &minor) == 0)
            nvrtc.version = 1000 * major + minor;
    }
    return nvrtc.version > 0;
}

const char *
nvrtc_how(Arena *arena, const char *architecture)
{
    const char *how =
        arena_printf(arena, "nvrtc %d %s", nvrtc.version, architecture);
    for (int i = 0; i < OPTIONS; i++)
        how = arena_printf(arena, "%s %s", how, options[i]);
    return how;
}

/* A table's names and texts behind those that there are. */
static int
add_headers(const EmbeddedFile *file, int count, const char **name,
            const char **text)
{
    for (; file != NULL && file->name != NULL; file++) {
        size_t length = strlen(file->name);
        if (strcmp(file->name + length - 2, ".h") != 0)
            continue;
        name[count] = file->name;
        text[count] = file->text;
        count++;
    }
    return count;
}

static size_t
table_length(const EmbeddedFile *file)
{
    size_t count = 0;
    while (file != NULL && file[count].name != NULL)
        count++;
    return count;
}

static const char *
take_log(Arena *arena, NvrtcProgram *program)
{
    size_t bytes = 0;
    if (nvrtc.GetProgramLogSize(program, &bytes) != 0 || bytes == 0)
        return "";
    char *log = arena_alloc(arena, bytes + 1);
    log[bytes] = 0;
    return nvrtc.GetProgramLog(program, log) == 0 ? log : "";
}

/* What failed, with the first line of the log. */
static const char *
problem_of(Arena *arena, int code, const char *log)
{
    size_t length = strcspn(log, "\n");
    return arena_printf(arena, "NVRTC failed: %s%s%.*s",
                        nvrtc.GetErrorString(code), length > 0 ? ": " : "",
                        (int)length, log);
}

static const char *
compile(Arena *arena, NvrtcProgram *program, const char *architecture,
        NvrtcResult *result)
{
    const char *option[OPTIONS + 1];
    memcpy(option, options, sizeof options);
    option[OPTIONS] =
        arena_printf(arena, "--gpu-architecture=%s", architecture);
    int code = nvrtc.CompileProgram(program, OPTIONS + 1, option);
    result->log = take_log(arena, program);
    if (code == 0)
        code = nvrtc.GetCUBINSize(program, &result->bytes);
    if (code != 0)
        return problem_of(arena, code, result->log);
    char *cubin = arena_alloc(arena, result->bytes + 1);
    result->code = cubin;
    code = nvrtc.GetCUBIN(program, cubin);
    return code == 0 ? NULL : problem_of(arena, code, "");
}

const char *
nvrtc_compile(Arena *arena, const char *text, const EmbeddedFile *more,
              const char *architecture, NvrtcResult *result)
{
    *result = (NvrtcResult){.log = ""};
    if (!nvrtc_available())
        return "NVRTC, the library libnvrtc.so, is not there";
    size_t most =
        table_length(c_headers) + table_length(embedded) + table_length(more);
    const char **name = ARENA_ARRAY(arena, const char *, most + 1);
    const char **header = ARENA_ARRAY(arena, const char *, most + 1);
    int count = add_headers(c_headers, 0, name, header);
    count = add_headers(embedded, count, name, header);
    count = add_headers(more, count, name, header);
    NvrtcProgram *program = NULL;
    int code =
        nvrtc.CreateProgram(&program, text, "model.cu", count, header, name);
    if (code != 0)
        return problem_of(arena, code, "");
    const char *problem = compile(arena, program, architecture, result);
    nvrtc.DestroyProgram(&program);
    return problem;
}
